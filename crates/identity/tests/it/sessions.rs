//! How sessions begin, last and end.

use crate::harness::{PASSWORD, Server, credentials};
use chrono::TimeDelta;
use memoreel_db::SystemReason;
use memoreel_identity::{Removed, remove_expired};
use memoreel_kernel::Clock;

#[tokio::test]
async fn the_sixth_session_ends_the_oldest() {
    let server = Server::start().await;
    let mut first = server.person("ada@example.com", "Ada").await;
    let mut second = server.signed_in("ada@example.com").await;
    for _ in 0..3 {
        server.signed_in("ada@example.com").await;
    }
    assert_eq!(first.get("/me").await.status, 200);
    let mut sixth = server.signed_in("ada@example.com").await;
    first.get("/me").await.is(401, "unauthenticated");
    assert_eq!(second.get("/me").await.status, 200);
    assert_eq!(sixth.get("/sessions").await.body["items"].as_array().unwrap().len(), 5);
}

#[tokio::test]
async fn concurrent_sign_ins_leave_five_sessions() {
    let server = Server::start().await;
    server.person("ada@example.com", "Ada").await;
    let sign_ins = (0..8).map(|_| {
        let mut browser = server.browser();
        async move { browser.post("/sessions", &credentials("ada@example.com", PASSWORD)).await.status }
    });
    let statuses = futures::future::join_all(sign_ins).await;
    assert!(statuses.iter().all(|status| *status == 201), "{statuses:?}");
    server.advance(TimeDelta::days(31));
    let mut tx = server.app.db.system(SystemReason::Maintain).await.unwrap();
    assert_eq!(remove_expired(&mut tx, server.clock.now()).await.unwrap().sessions, 5);
}

#[tokio::test]
async fn signing_in_again_replaces_the_session_of_the_browser() {
    let server = Server::start().await;
    let mut ada = server.person("ada@example.com", "Ada").await;
    let mut old = ada.clone();
    assert_eq!(ada.post("/sessions", &credentials("ada@example.com", PASSWORD)).await.status, 201);
    old.get("/me").await.is(401, "unauthenticated");
    assert_eq!(ada.get("/sessions").await.body["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn people_see_and_end_their_own_sessions_only() {
    let server = Server::start().await;
    let mut phone = server.person("ada@example.com", "Ada").await;
    let mut laptop = server.signed_in("ada@example.com").await;
    let mut eve = server.person("eve@example.com", "Eve").await;
    let list = laptop.get("/sessions").await.body;
    let items = list["items"].as_array().unwrap();
    assert_eq!(items.len(), 2);
    assert_eq!(
        (items[0]["is_current"].as_bool(), items[1]["is_current"].as_bool()),
        (Some(true), Some(false))
    );
    assert_eq!(
        (items[1]["address"].as_str(), items[1]["user_agent"].as_str()),
        (Some("192.0.2.1"), Some("Test/1.0"))
    );
    assert_eq!(items[1]["expires_at"], "2026-03-31T12:00:00Z");
    assert!(list.to_string().find("token").is_none());
    let path = format!("/sessions/{}", items[1]["id"].as_str().unwrap());
    eve.delete(&path).await.is(404, "not_found");
    eve.delete("/sessions/x").await.is(404, "not_found");
    server.browser().delete(&path).await.is(401, "unauthenticated");
    assert_eq!(phone.get("/me").await.status, 200);
    assert_eq!(laptop.delete(&path).await.status, 204);
    phone.get("/me").await.is(401, "unauthenticated");
    laptop.delete(&path).await.is(404, "not_found");
    server.browser().get("/sessions").await.is(401, "unauthenticated");
}

#[tokio::test]
async fn signing_out_ends_the_session_and_clears_the_cookie() {
    let server = Server::start().await;
    let mut ada = server.person("ada@example.com", "Ada").await;
    let mut thief = ada.clone();
    let answer = ada.delete("/sessions/current").await;
    assert_eq!(answer.status, 204);
    assert!(answer.set_cookie().unwrap().starts_with("memoreel_session=; Path=/; Max-Age=0;"));
    thief.get("/me").await.is(401, "unauthenticated");
    assert_eq!(thief.delete("/sessions/current").await.status, 204);
    ada.delete("/sessions/current").await.is(401, "unauthenticated");
}

#[tokio::test]
async fn a_session_lives_while_it_is_used_and_reading_seldom_writes() {
    let server = Server::start().await;
    let mut ada = server.person("ada@example.com", "Ada").await;
    server.advance(TimeDelta::minutes(59));
    assert_eq!(ada.get("/me").await.set_cookie(), None);
    for _ in 0..3 {
        server.advance(TimeDelta::days(29));
        let answer = ada.get("/me").await;
        assert_eq!(answer.status, 200);
        assert!(answer.set_cookie().unwrap().contains("Max-Age=2592000"));
        assert_eq!(ada.get("/me").await.set_cookie(), None);
    }
    server.advance(TimeDelta::days(30));
    ada.get("/me").await.is(401, "unauthenticated");
}

#[tokio::test]
async fn signing_out_is_not_undone_by_a_renewal() {
    let server = Server::start().await;
    let mut ada = server.person("ada@example.com", "Ada").await;
    server.advance(TimeDelta::days(1));
    let answer = ada.delete("/sessions/current").await;
    assert_eq!(answer.headers.get_all("set-cookie").iter().count(), 1);
    assert_eq!(ada.cookie, None);
}

#[tokio::test]
async fn cleaning_removes_what_has_ended_and_nothing_else() {
    let server = Server::start().await;
    server.person("ada@example.com", "Ada").await;
    server.browser().post("/sessions", &credentials("ada@example.com", "not the password")).await;
    server.advance(TimeDelta::days(29));
    let mut eve = server.person("eve@example.com", "Eve").await;
    server.advance(TimeDelta::days(1));
    let mut tx = server.app.db.system(SystemReason::Maintain).await.unwrap();
    let removed = remove_expired(&mut tx, server.clock.now()).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(
        removed,
        Removed {
            sessions: 1,
            idempotency_keys: 0,
            invitations: 0,
            email_tokens: 1,
            passkey_ceremonies: 0,
            sign_in_attempts: 1,
            provider_sign_ins: 0,
            unconfirmed: 0
        }
    );
    assert_eq!(eve.get("/me").await.status, 200);
}
