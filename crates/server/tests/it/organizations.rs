//! Organizations: made, changed, deleted for a while and erased, suspended by whoever runs the server.

use crate::{
    app::{TestApp, sample},
    client::{Person, send},
};
use chrono::TimeDelta;
use memoreel_identity::{
    IdentityError, KnownOrganization, list_organizations, resume_organization, suspend_organization,
};
use memoreel_kernel::OrganizationStatus;
use serde_json::{Value, json};
use uuid::Uuid;

/// An organization that `owner` makes; its id.
pub async fn new_organization(owner: &Person, name: &str) -> String {
    let made = owner.post("/organizations", &json!({ "name": name })).await.is(201).json();
    made["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn whoever_makes_an_organization_owns_it_and_can_go_there() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let new = json!({ "name": " Harbour Board ", "description": "About the harbour." });
    let made = ada.post("/organizations", &new).await.is(201).json();
    assert_eq!(
        made,
        json!({
            "id": made["id"], "name": "Harbour Board", "slug": "harbour-board",
            "description": "About the harbour.", "status": "active", "is_personal": false, "role": "owner",
            "member_count": 1, "created_at": "2026-03-01T12:00:00Z", "erased_after": null,
        })
    );
    let id = made["id"].as_str().unwrap();
    assert_eq!(ada.ask(id, "GET", "/organization", Value::Null).await.is(200).json(), made);
    let me = ada.ask(id, "GET", "/me", Value::Null).await.is(200).json();
    assert_eq!((&me["organization"]["id"], &me["organization"]["status"]), (&made["id"], &json!("active")));
    assert!(me["may"].as_array().unwrap().contains(&json!("delete_organization")), "{me}");
    let known: Vec<&str> =
        me["organizations"].as_array().unwrap().iter().map(|known| known["slug"].as_str().unwrap()).collect();
    assert_eq!(known, ["ada", "harbour-board"]);
    let own = ada.get("/organization").await.is(200).json();
    assert_eq!((&own["is_personal"], &own["slug"]), (&json!(true), &json!("ada")));
}

#[tokio::test]
async fn slugs_are_unique_and_have_their_form() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.person("ada").await, app.person("bob").await);
    let make = |slug: &str| json!({ "name": "Harbour", "slug": slug });
    ada.post("/organizations", &make("harbour")).await.is(201);
    bob.post("/organizations", &make("harbour")).await.refuses(409, "slug_taken");
    for slug in ["", "Harbour", "-a", "a--b", "a b", &"a".repeat(51)] {
        bob.post("/organizations", &make(slug)).await.refuses(422, "slug_invalid");
    }
    // Without one it is made of the name, or of a word.
    let made = bob.post("/organizations", &json!({ "name": "Harbour" })).await.is(201).json();
    assert_eq!(made["slug"], "harbour-2");
    let made = bob.post("/organizations", &json!({ "name": "港" })).await.is(201).json();
    assert_eq!(made["slug"], "organization");
    let id = made["id"].as_str().unwrap();
    bob.ask(id, "PATCH", "/organization", json!({ "slug": "harbour" })).await.refuses(409, "slug_taken");
    bob.ask(id, "PATCH", "/organization", json!({ "slug": "no slug" })).await.refuses(422, "slug_invalid");
    let changed = bob.ask(id, "PATCH", "/organization", json!({ "slug": "port" })).await.is(200).json();
    assert_eq!((&changed["slug"], &changed["name"]), (&json!("port"), &json!("港")));
}

#[tokio::test]
async fn organizations_made_at_once_all_get_a_slug_and_their_number_has_a_limit() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    // The personal one counts too.
    let new = json!({ "name": "Harbour" });
    let made = futures::future::join_all((0..25).map(|_| ada.post("/organizations", &new))).await;
    assert_eq!(made.iter().filter(|answer| answer.status == 201).count(), 19);
    for answer in made.into_iter().filter(|answer| answer.status != 201) {
        answer.refuses(409, "organizations_full");
    }
}

#[tokio::test]
async fn a_change_leaves_what_it_does_not_name_and_clears_what_is_null() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let full = json!({ "name": "Harbour", "description": "About" });
    let changed = ada.patch("/organization", &full).await.is(200).json();
    assert_eq!((&changed["name"], &changed["description"]), (&json!("Harbour"), &json!("About")));
    let changed = ada.patch("/organization", &json!({})).await.is(200).json();
    assert_eq!((&changed["name"], &changed["description"]), (&json!("Harbour"), &json!("About")));
    let changed = ada.patch("/organization", &json!({ "description": null })).await.is(200).json();
    assert_eq!((&changed["name"], &changed["description"]), (&json!("Harbour"), &Value::Null));
    ada.patch("/organization", &json!({ "name": " " })).await.refuses(422, "name_invalid");
    let long = "a".repeat(5_001);
    ada.patch("/organization", &json!({ "description": long })).await.refuses(422, "description_invalid");
}

#[tokio::test]
async fn only_a_person_who_is_signed_in_makes_deletes_restores_or_hands_over_an_organization() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let bob = app.colleague(&ada, "bob", "member").await;
    let key = ada.post("/api-keys", &json!({ "name": "Nightly" })).await.is(201).json();
    let program = app.visitor();
    for (method, path, body) in [
        ("POST", "/organizations", json!({ "name": "Made by a key" })),
        ("DELETE", "/organization", json!({ "slug": "ada" })),
        ("POST", "/organization/restore", json!({})),
        ("POST", "/organization/transfer", json!({ "user_id": bob.user_id })),
        ("POST", "/invitations/accept", json!({ "token": "A".repeat(43) })),
    ] {
        let request = program.request(method, path).bearer_auth(key["secret"].as_str().unwrap());
        send(request.json(&body)).await.refuses(403, "session_required");
    }
}

#[tokio::test]
async fn a_deleted_organization_is_closed_until_it_is_restored() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let id = new_organization(&ada, "Harbour").await;
    let bob = app.person("bob").await;
    app.add_member(&id, &bob, "member").await;
    ada.delete("/organization").await.is(415);
    ada.ask(&id, "DELETE", "/organization", json!({ "slug": "ada" }))
        .await
        .refuses(422, "confirmation_wrong");
    bob.ask(&id, "DELETE", "/organization", json!({ "slug": "harbour" })).await.refuses(403, "forbidden");
    ada.ask(&id, "DELETE", "/organization", json!({ "slug": "harbour" })).await.is(204);

    for person in [&ada, &bob] {
        let refused =
            person.ask(&id, "GET", "/videos", Value::Null).await.refuses(403, "organization_deleted");
        assert!(refused.text().contains("2026-03-31 12:00 UTC"), "{}", refused.text());
        let seen = person.ask(&id, "GET", "/organization", Value::Null).await.is(200).json();
        assert_eq!(
            (&seen["status"], &seen["erased_after"]),
            (&json!("deleted"), &json!("2026-03-31T12:00:00Z"))
        );
    }
    let me = ada.ask(&id, "GET", "/me", Value::Null).await.is(200).json();
    assert_eq!(me["may"], json!(["see_organization", "restore_organization"]));
    assert_eq!(me["organizations"][1]["status"], "deleted");
    let me = bob.ask(&id, "GET", "/me", Value::Null).await.is(200).json();
    assert_eq!(me["may"], json!(["see_organization"]));
    // Elsewhere everything goes on.
    ada.get("/videos").await.is(200);

    bob.ask(&id, "POST", "/organization/restore", Value::Null).await.refuses(403, "forbidden");
    let restored = ada.ask(&id, "POST", "/organization/restore", Value::Null).await.is(200).json();
    assert_eq!((&restored["status"], &restored["erased_after"]), (&json!("active"), &Value::Null));
    bob.ask(&id, "GET", "/videos", Value::Null).await.is(200);
    assert_eq!(ada.ask(&id, "POST", "/organization/restore", Value::Null).await.is(200).json(), restored);
}

#[tokio::test]
async fn a_personal_organization_cannot_be_deleted() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    ada.ask(&ada.organization_id, "DELETE", "/organization", json!({ "slug": "ada" }))
        .await
        .refuses(409, "organization_personal");
    ada.get("/videos").await.is(200);
}

#[tokio::test]
async fn after_its_grace_period_an_organization_is_erased_with_its_rows_and_blobs() {
    let app = TestApp::start().await;
    app.work().await;
    let ada = app.person("ada").await;
    let kept_id = ada.upload("Kept.mp3", sample("inaugural-address.mp3")).await;
    app.settled(&ada, &kept_id).await;
    let id = new_organization(&ada, "Harbour").await;
    let key = ada.ask(&id, "POST", "/api-keys", json!({ "name": "Nightly" })).await.is(201).json();
    let program = app.visitor();
    let secret = key["secret"].as_str().unwrap();
    let announced = program
        .tus("POST", "/uploads")
        .bearer_auth(secret)
        .header("upload-length", sample("inaugural-address.mp3").len())
        .header("content-type", "application/offset+octet-stream")
        .body(sample("inaugural-address.mp3"));
    send(announced).await.is(201);
    app.idle().await;
    let blobs = app.folder().join("blobs/blobs/organizations");
    assert!(blobs.join(&id).is_dir());
    ada.ask(&id, "DELETE", "/organization", json!({ "slug": "harbour" })).await.is(204);

    app.clock.advance(TimeDelta::days(30) - TimeDelta::seconds(1));
    app.sweep().await;
    let ada = app.signed_in(&ada).await;
    ada.ask(&id, "GET", "/organization", Value::Null).await.is(200);
    assert!(blobs.join(&id).is_dir());

    app.clock.advance(TimeDelta::seconds(1));
    // Its time is over, whether or not anything was erased yet.
    ada.ask(&id, "POST", "/organization/restore", Value::Null).await.refuses(404, "not_found");
    app.sweep().await;
    ada.ask(&id, "GET", "/organization", Value::Null).await.refuses(404, "not_found");
    assert!(!blobs.join(&id).exists());
    let mut connection = app.superuser().await;
    let tables: Vec<String> = sqlx::query_scalar(
        "SELECT c.relname::text FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
         WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.attname = 'organization_id'",
    )
    .fetch_all(&mut connection)
    .await
    .unwrap();
    for table in tables {
        let query = format!("SELECT count(*) FROM {table} WHERE organization_id = $1");
        let rows: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(query))
            .bind(id.parse::<Uuid>().unwrap())
            .fetch_one(&mut connection)
            .await
            .unwrap();
        assert_eq!(rows, 0, "{table}");
    }
    // What is not deleted stays.
    let kept = ada.get(&format!("/videos/{kept_id}")).await.is(200).json();
    app.visitor().get(kept["playback"]["download_url"].as_str().unwrap()).await.is(200);
}

#[tokio::test]
async fn what_is_not_deleted_cannot_be_erased_by_anybody() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let mut tx = app.db().system(memoreel_db::SystemReason::Privacy).await.unwrap();
    let year = app.now() + TimeDelta::days(365);
    for call in ["SELECT erase_organization($1, $2)", "SELECT erase_person($1, $2)"] {
        for id in [&ada.organization_id, &ada.user_id] {
            let erased: Option<Value> = sqlx::query_scalar(call)
                .bind(id.parse::<Uuid>().unwrap())
                .bind(year)
                .fetch_one(&mut *tx)
                .await
                .unwrap();
            assert_eq!(erased, None, "{call}");
        }
    }
    tx.commit().await.unwrap();
    ada.get("/videos").await.is(200);
    let mut tx = app.db().system(memoreel_db::SystemReason::Privacy).await.unwrap();
    let refused = sqlx::query("DELETE FROM organizations").execute(&mut *tx).await.unwrap_err();
    assert_eq!(refused.into_database_error().unwrap().code().as_deref(), Some("42501"));
}

#[tokio::test]
async fn a_suspended_organization_can_only_be_seen_until_it_is_resumed() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let id = new_organization(&ada, "Harbour").await;
    let key = ada.ask(&id, "POST", "/api-keys", json!({ "name": "Nightly" })).await.is(201).json();
    let program = async |path: &str| {
        send(app.visitor().request("GET", path).bearer_auth(key["secret"].as_str().unwrap())).await
    };
    program("/videos").await.is(200);
    suspend_organization(app.db(), "harbour").await.unwrap();

    ada.ask(&id, "GET", "/videos", Value::Null).await.refuses(403, "organization_suspended");
    ada.ask(&id, "DELETE", "/organization", json!({ "slug": "harbour" }))
        .await
        .refuses(403, "organization_suspended");
    ada.ask(&id, "POST", "/organization/restore", Value::Null).await.refuses(403, "organization_suspended");
    program("/videos").await.refuses(403, "organization_suspended");
    program("/me").await.is(200);
    let me = ada.ask(&id, "GET", "/me", Value::Null).await.is(200).json();
    assert_eq!(
        (&me["organization"]["status"], &me["may"]),
        (&json!("suspended"), &json!(["see_organization"]))
    );
    ada.ask(&id, "GET", "/organization", Value::Null).await.is(200);
    // What is their own goes on, and so does their own organization.
    ada.ask(&id, "PATCH", "/me", json!({ "name": "Ada" })).await.is(200);
    ada.get("/videos").await.is(200);

    let known = list_organizations(app.db()).await.unwrap();
    let harbour = KnownOrganization {
        id: id.parse().unwrap(),
        slug: "harbour".to_owned(),
        name: "Harbour".to_owned(),
        status: OrganizationStatus::Suspended,
        member_count: 1,
    };
    assert_eq!((known.len(), &known[1]), (2, &harbour));
    for slug in ["harbour", "nowhere"] {
        let refused = suspend_organization(app.db(), slug).await;
        assert!(matches!(refused, Err(IdentityError::NotFound(_))), "{slug}");
    }
    resume_organization(app.db(), "harbour").await.unwrap();
    program("/videos").await.is(200);
    let refused = resume_organization(app.db(), "harbour").await;
    assert!(matches!(refused, Err(IdentityError::NotFound(_))));
}
