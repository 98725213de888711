//! Event streams end with the right to listen.

use crate::{
    app::TestApp,
    client::{Client, EventStream, PASSWORD, Person},
};
use chrono::TimeDelta;
use serde_json::{Value, json};

/// A stream about an organization that is not one's own.
async fn listen_in(person: &Person, organization_id: &str) -> EventStream {
    EventStream::of(person.request("GET", "/events").header("memoreel-organization", organization_id)).await
}

async fn listen_by_key(client: &Client, key: &Value) -> EventStream {
    EventStream::of(client.request("GET", "/events").bearer_auth(key["secret"].as_str().unwrap())).await
}

/// Whether the stream is told of a new video of `author`, as one that goes on is.
async fn hears_of(stream: &mut EventStream, author: &Person, channel: &str) -> bool {
    let id = author.upload(channel, b"not a recording".to_vec()).await;
    let told = async {
        loop {
            let (name, data) = stream.next().await;
            if name == "video" && data["video_id"] == id.as_str() {
                return;
            }
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(5), told).await.is_ok()
}

#[tokio::test]
async fn whoever_is_removed_or_gets_another_role_hears_nothing_more() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let (bob, eve) = (app.colleague(&ada, "bob", "member").await, app.colleague(&ada, "eve", "viewer").await);
    let path = |person: &Person| format!("/members/{}", person.user_id);
    let mut bobs = listen_in(&bob, &ada.organization_id).await;
    let mut bobs_own = EventStream::open(&bob).await;
    let mut eves = listen_in(&eve, &ada.organization_id).await;
    let mut adas = EventStream::open(&ada).await;
    let key =
        bob.ask(&ada.organization_id, "POST", "/api-keys", json!({ "name": "Script" })).await.is(201).json();
    let mut keys = listen_by_key(&app.visitor(), &key).await;

    ada.patch(&path(&eve), &json!({ "role": "member" })).await.is(200);
    assert!(eves.ends().await, "another role has to be shown anew");
    assert!(hears_of(&mut listen_in(&eve, &ada.organization_id).await, &ada, "first.mp4").await);
    ada.delete(&path(&bob)).await.is(204);
    assert!(bobs.ends().await, "he was removed");
    assert!(keys.ends().await, "so was what he let in");
    // Those it does not concern go on, and so does he where he still belongs.
    assert!(hears_of(&mut adas, &ada, "second.mp4").await);
    assert!(hears_of(&mut bobs_own, &bob, "third.mp4").await);
}

#[tokio::test]
async fn a_session_or_key_that_ends_takes_its_streams_along() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let (phone, tablet, desk) =
        (app.signed_in(&ada).await, app.signed_in(&ada).await, app.signed_in(&ada).await);
    let mut adas = EventStream::open(&ada).await;
    let mut tablets = EventStream::open(&tablet).await;
    let mut desks = EventStream::open(&desk).await;

    let mut phones = EventStream::open(&phone).await;
    phone.delete("/sessions/current").await.is(204);
    assert!(phones.ends().await, "signed out");
    let sessions = tablet.get("/sessions").await.is(200).json();
    let current = sessions["items"].as_array().unwrap().iter().find(|it| it["is_current"] == true).unwrap();
    desk.delete(&format!("/sessions/{}", current["id"].as_str().unwrap())).await.is(204);
    assert!(tablets.ends().await, "revoked");

    let key = ada.post("/api-keys", &json!({ "name": "Script" })).await.is(201).json();
    let soon = (app.now() + TimeDelta::seconds(1)).to_rfc3339();
    let short = json!({ "name": "Soon over", "expires_at": soon });
    let short = ada.post("/api-keys", &short).await.is(201).json();
    let (mut by_key, mut by_short) =
        (listen_by_key(&app.visitor(), &key).await, listen_by_key(&app.visitor(), &short).await);
    assert!(by_short.ends().await, "expired");
    ada.delete(&format!("/api-keys/{}", key["id"].as_str().unwrap())).await.is(204);
    assert!(by_key.ends().await, "deleted");

    // A changed password takes the token of this session, too: somebody may have it.
    assert!(hears_of(&mut adas, &ada, "first.mp4").await);
    let change = json!({ "current_password": PASSWORD, "new_password": "seven otters in the snow" });
    ada.put("/me/password", &change).await.is(204);
    assert!(adas.ends().await, "its token is another one now");
    assert!(desks.ends().await, "every other session ended");
    EventStream::open(&ada).await;

    // Thirty days without a request, and the sweep of expired sessions.
    let mut forgotten = EventStream::open(&ada).await;
    app.clock.advance(TimeDelta::days(31));
    app.sweep().await;
    assert!(forgotten.ends().await, "expired");
}

#[tokio::test]
async fn a_stream_ends_when_the_organization_stops_or_the_account_is_closed() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let bob = app.colleague(&ada, "bob", "member").await;
    let (mut adas, mut bobs) = (EventStream::open(&ada).await, listen_in(&bob, &ada.organization_id).await);
    let slug: String = sqlx::query_scalar("SELECT slug FROM organizations WHERE id = $1::uuid")
        .bind(&ada.organization_id)
        .fetch_one(&mut app.superuser().await)
        .await
        .unwrap();
    memoreel_identity::suspend_organization(app.db(), &slug).await.unwrap();
    assert!(adas.ends().await && bobs.ends().await, "suspended");
    ada.get("/events").await.refuses(403, "organization_suspended");

    let mut bobs_own = EventStream::open(&bob).await;
    bob.post("/me/erasure", &json!({ "email": bob.email, "password": PASSWORD })).await.is(200);
    assert!(bobs_own.ends().await, "closed");
}
