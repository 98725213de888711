//! Receivers that do not take what they are told: later, never, or not any more.

use super::{add, all_events, count, deliveries, delivery_until, endpoint, happen, start};
use crate::{
    app::TestApp,
    client::Person,
    contents::until_waiting,
    receiver::{Message, Receiver},
};
use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use chrono::{DateTime, TimeDelta, Utc};
use memoreel_kernel::{Event, VideoId};
use memoreel_webhooks::DispatchSettings;
use reqwest::StatusCode;
use serde_json::{Value, json};
use sqlx::Connection;
use std::{
    collections::BTreeSet,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::Notify;

async fn something_happens(app: &TestApp, person: &Person) {
    let video_id = VideoId(app.insert_video(person, "Sync").await);
    happen(app, person, &Event::VideoChanged { video_id }).await;
}

fn time(value: &Value) -> DateTime<Utc> {
    value.as_str().unwrap().parse().unwrap()
}

#[tokio::test]
async fn what_is_not_taken_is_sent_again_until_it_is_given_up_and_again_when_asked_to() {
    let app = start().await;
    let (ada, receiver) = (app.person("ada").await, Receiver::start().await);
    let (id, _) = add(&ada, &receiver.url(), &all_events()).await;
    receiver.answers(|_| (StatusCode::INTERNAL_SERVER_ERROR, "out of order").into_response());
    something_happens(&app, &ada).await;
    let mut waits = Vec::new();
    for attempt in 1..=8 {
        receiver.received(attempt).await;
        let delivery = delivery_until(&ada, &id, |delivery| delivery["attempts"] == attempt).await;
        assert_eq!(
            (&delivery["response_status"], &delivery["error_code"]),
            (&json!(500), &json!("http_status"))
        );
        assert_eq!(delivery["response_body"], "out of order");
        if attempt < 8 {
            assert_eq!(delivery["status"], "pending");
            let wait = time(&delivery["next_attempt_at"]) - time(&delivery["last_attempt_at"]);
            waits.push(wait);
            // Not a moment earlier.
            app.clock.advance(wait - TimeDelta::seconds(1));
            tokio::time::sleep(Duration::from_millis(250)).await;
            assert_eq!(receiver.count(), attempt);
            app.clock.advance(TimeDelta::seconds(2));
        } else {
            assert_eq!((&delivery["status"], &delivery["next_attempt_at"]), (&json!("failed"), &Value::Null));
        }
    }
    for (wait, least) in waits.iter().zip([5, 300, 1_800, 7_200, 18_000, 36_000, 36_000]) {
        let least = TimeDelta::seconds(least);
        assert!(*wait >= least && *wait <= least * 6 / 5, "{wait} and {least}");
    }
    // One message, eight times.
    let messages = receiver.messages();
    let ids: BTreeSet<&str> = messages.iter().map(Message::id).collect();
    let bodies: BTreeSet<&[u8]> = messages.iter().map(|message| &message.body[..]).collect();
    assert_eq!((ids.len(), bodies.len()), (1, 1));

    receiver.answers_with(204);
    let delivery = deliveries(&ada, "status=failed").await.remove(0);
    ada.post(&format!("/webhook-deliveries/{}/replay", delivery["id"].as_str().unwrap()), &json!({}))
        .await
        .is(200);
    let delivery = delivery_until(&ada, &id, |delivery| delivery["status"] == "delivered").await;
    assert_eq!((&delivery["attempts"], &delivery["id"]), (&json!(1), &json!(receiver.messages()[8].id())));
    assert_eq!(endpoint(&ada, &id).await["failing_since"], Value::Null);
}

#[tokio::test]
async fn a_receiver_gets_the_time_it_asks_for_within_limits() {
    let app = start().await;
    for (asked_for, seconds) in [("600", 600), ("1", 5), ("31536000", 36_000)] {
        let (person, receiver) = (app.person(&format!("ada{asked_for}")).await, Receiver::start().await);
        let (id, _) = add(&person, &receiver.url(), &all_events()).await;
        receiver
            .answers(move |_| (StatusCode::TOO_MANY_REQUESTS, [("retry-after", asked_for)]).into_response());
        something_happens(&app, &person).await;
        let delivery = delivery_until(&person, &id, |delivery| delivery["attempts"] == 1).await;
        let wait = time(&delivery["next_attempt_at"]) - time(&delivery["last_attempt_at"]);
        assert!((seconds..=seconds + 1).contains(&wait.num_seconds()), "{asked_for}: {wait}");
    }
}

#[tokio::test]
async fn of_an_answer_its_beginning_is_kept_and_a_redirect_is_not_followed() {
    let app = start().await;
    let (ada, receiver, trap) = (app.person("ada").await, Receiver::start().await, Receiver::start().await);
    let (id, _) = add(&ada, &receiver.url(), &all_events()).await;
    let to = trap.url();
    receiver.answers(move |number| match number {
        1 => (StatusCode::TEMPORARY_REDIRECT, [("location", to.clone())]).into_response(),
        // More than anybody wants to read, with what the database does not keep.
        _ => Body::from(format!("\0ü{}", "x".repeat(50 << 20))).into_response(),
    });
    something_happens(&app, &ada).await;
    let delivery = delivery_until(&ada, &id, |delivery| delivery["attempts"] == 1).await;
    assert_eq!((&delivery["status"], &delivery["response_status"]), (&json!("pending"), &json!(307)));
    app.clock.advance(TimeDelta::seconds(10));
    let delivery = delivery_until(&ada, &id, |delivery| delivery["status"] == "delivered").await;
    assert_eq!(delivery["response_body"], format!("ü{}", "x".repeat(999)));
    assert_eq!(trap.count(), 0);
}

/// Ada owns the organization, admin manages it, and member does not.
async fn staffed(app: &TestApp) -> (Person, [String; 3]) {
    let ada = app.person("ada").await;
    let admin = app.colleague(&ada, "admin", "admin").await;
    let member = app.colleague(&ada, "member", "member").await;
    let emails = [ada.email.clone(), admin.email.clone(), member.email.clone()];
    (ada, emails)
}

/// Who was mailed that an endpoint is told nothing any more.
async fn notified(app: &TestApp, emails: &[String; 3]) -> Vec<bool> {
    app.idle().await;
    let mut mails = app.mails().mails().await.unwrap();
    mails.retain(|mail| mail.subject.contains("no longer told what happens"));
    // The rest of the address may be a secret.
    assert!(
        mails.iter().all(|mail| mail.text.contains("127.0.0.1") && !mail.text.contains("/hook")),
        "{mails:#?}"
    );
    emails.iter().map(|email| mails.iter().filter(|mail| mail.to == *email).count() == 1).collect()
}

#[tokio::test]
async fn who_is_gone_is_told_nothing_any_more_and_those_who_manage_it_are() {
    let app = start().await;
    app.work().await;
    let ((ada, emails), receiver) = (staffed(&app).await, Receiver::start().await);
    let (id, _) = add(&ada, &receiver.url(), &all_events()).await;
    receiver.answers_with(410);
    something_happens(&app, &ada).await;
    let delivery = delivery_until(&ada, &id, |delivery| delivery["status"] == "failed").await;
    assert_eq!((&delivery["attempts"], &delivery["response_status"]), (&json!(1), &json!(410)));
    let gone = endpoint(&ada, &id).await;
    assert_eq!((&gone["active"], &gone["disabled_reason"]), (&json!(false), &json!("gone")));
    assert_eq!(notified(&app, &emails).await, [true, true, false]);
    something_happens(&app, &ada).await;
    assert_eq!((count(&app, &ada).await, receiver.count()), (1, 1));
    let test = ada.post(&format!("/webhook-endpoints/{id}/test"), &json!({})).await;
    test.refuses(409, "webhook_endpoint_inactive");
    let log = ada.get(&format!("/audit-log?target_id={id}")).await.is(200).json();
    let entry = &log["items"][0];
    assert_eq!(
        (&entry["action"], &entry["actor"]["kind"]),
        (&json!("webhook_endpoint.updated"), &json!("system"))
    );

    // Once it is there again.
    receiver.answers_with(204);
    let on = ada.patch(&format!("/webhook-endpoints/{id}"), &json!({ "active": true })).await.is(200).json();
    assert_eq!((&on["active"], &on["disabled_at"]), (&json!(true), &Value::Null));
    let range = json!({ "from": "2020-01-01T00:00:00Z" });
    let again = ada.post(&format!("/webhook-endpoints/{id}/replay"), &range).await.is(200).json();
    assert_eq!(again["count"], 1);
    delivery_until(&ada, &id, |delivery| delivery["status"] == "delivered").await;
}

#[tokio::test]
async fn who_takes_nothing_for_five_days_is_told_nothing_any_more() {
    let app = start().await;
    app.work().await;
    let ((ada, emails), receiver) = (staffed(&app).await, Receiver::start().await);
    let (id, _) = add(&ada, &receiver.url(), &all_events()).await;
    receiver.answers_with(503);
    something_happens(&app, &ada).await;
    delivery_until(&ada, &id, |delivery| delivery["attempts"] == 1).await;
    let since = time(&endpoint(&ada, &id).await["failing_since"]);
    app.clock.advance(TimeDelta::days(5) - TimeDelta::minutes(1));
    delivery_until(&ada, &id, |delivery| delivery["attempts"] == 2).await;
    let still = endpoint(&ada, &id).await;
    assert_eq!((&still["active"], time(&still["failing_since"])), (&json!(true), since));
    app.clock.advance(TimeDelta::minutes(10));
    let delivery = delivery_until(&ada, &id, |delivery| delivery["attempts"] == 3).await;
    // What waits is given up with it.
    assert_eq!(delivery["status"], "failed");
    let off = endpoint(&ada, &id).await;
    assert_eq!((&off["active"], &off["disabled_reason"]), (&json!(false), &json!("failing")));
    assert_eq!(notified(&app, &emails).await, [true, true, false]);
}

#[tokio::test]
async fn a_receiver_that_hangs_is_not_waited_for_and_holds_up_no_other() {
    let app = crate::webhooks::start_with(DispatchSettings {
        answer_wait: Duration::from_secs(3),
        poll: Duration::from_millis(100),
        ..DispatchSettings::default()
    })
    .await;
    let (ada, slow, quick) = (app.person("ada").await, Receiver::start().await, Receiver::start().await);
    slow.hang();
    let (hanging, _) = add(&ada, &slow.url(), &["video.changed"]).await;
    add(&ada, &quick.url(), &["video.deleted"]).await;
    let video_id = VideoId(app.insert_video(&ada, "Sync").await);
    // No more than one page of them, so that those that were tried first are on it.
    for _ in 0..50 {
        happen(&app, &ada, &Event::VideoChanged { video_id }).await;
    }
    slow.received(1).await;
    let started = Instant::now();
    for _ in 0..200 {
        happen(&app, &ada, &Event::VideoDeleted { video_id }).await;
    }
    quick.received(200).await;
    assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
    // What hangs holds few places.
    let deadline = Instant::now() + Duration::from_secs(20);
    let failed = loop {
        assert!(Instant::now() < deadline, "nothing was given up");
        let tried = deliveries(&ada, &format!("endpoint_id={hanging}")).await;
        if let Some(failed) = tried.into_iter().find(|delivery| delivery["attempts"] == 1) {
            break failed;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    assert_eq!(failed["error_code"], "timed_out");
    assert!((2_900..6_000).contains(&failed["duration_ms"].as_i64().unwrap()), "{failed:#}");
    assert!(slow.count() <= 12, "{}", slow.count());
}

/// What the receiver is sent is on its way until this is notified, and is answered so then.
fn answers_when_notified(receiver: &Receiver, status: StatusCode) -> Arc<Notify> {
    let ends = Arc::new(Notify::new());
    let end = Arc::clone(&ends);
    receiver.answers(move |_| answer_when_notified(&end, status));
    ends
}

fn answer_when_notified(end: &Arc<Notify>, status: StatusCode) -> Response {
    let end = Arc::clone(end);
    let body = futures::stream::once(async move {
        end.notified().await;
        Ok::<_, std::io::Error>("so it is")
    });
    (status, Body::from_stream(body)).into_response()
}

#[tokio::test]
async fn an_endpoint_goes_while_it_is_written_down_what_became_of_what_it_was_told() {
    let (app, receiver) = (start().await, Receiver::start().await);
    let ada = app.person("ada").await;
    let (id, _) = add(&ada, &receiver.url(), &["video.changed"]).await;
    let refuses = answers_when_notified(&receiver, StatusCode::SERVICE_UNAVAILABLE);
    something_happens(&app, &ada).await;
    receiver.received(1).await;
    let mut holding = app.superuser().await;
    // The deletion is held when the endpoint is gone, and what it was told is there yet.
    sqlx::raw_sql(
        "CREATE FUNCTION hold_the_deletion() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
             PERFORM pg_advisory_xact_lock(42);
             RETURN NULL;
         END $$;
         CREATE TRIGGER \"A_first\" AFTER DELETE ON webhook_endpoints FOR EACH ROW EXECUTE FUNCTION hold_the_deletion();
         SELECT pg_advisory_lock(42);",
    )
    .execute(&mut holding)
    .await
    .unwrap();
    let path = format!("/webhook-endpoints/{id}");
    let ending = async {
        until_waiting(&app, 1).await;
        refuses.notify_one();
        until_waiting(&app, 2).await;
        sqlx::query("SELECT pg_advisory_unlock(42)").execute(&mut holding).await.unwrap();
    };
    let (deleted, ()) = tokio::join!(ada.delete(&path), ending);
    deleted.is(204);
    assert_eq!(ada.get("/webhook-deliveries").await.is(200).json()["items"], json!([]));
}

#[tokio::test]
async fn an_endpoint_that_is_switched_off_while_an_end_waits_to_be_written_down_gets_no_other_try() {
    let (app, receiver) = (start().await, Receiver::start().await);
    let ada = app.person("ada").await;
    let (id, _) = add(&ada, &receiver.url(), &["video.changed"]).await;
    let refuses = answers_when_notified(&receiver, StatusCode::SERVICE_UNAVAILABLE);
    something_happens(&app, &ada).await;
    receiver.received(1).await;
    let mut other = app.superuser().await;
    let mut holding = other.begin().await.unwrap();
    sqlx::query("SELECT FROM webhook_deliveries FOR UPDATE").execute(&mut *holding).await.unwrap();
    refuses.notify_one();
    until_waiting(&app, 1).await;
    ada.patch(&format!("/webhook-endpoints/{id}"), &json!({ "active": false })).await.is(200);
    holding.rollback().await.unwrap();
    let ended = delivery_until(&ada, &id, |delivery| delivery["attempts"] == 1).await;
    assert_eq!((&ended["status"], &ended["response_status"]), (&json!("failed"), &json!(503)), "{ended:#}");
}

/// Asks for the only delivery of the endpoint again, by itself or by a range of what waits.
async fn ask_again(person: &Person, id: &str, by_range: bool) {
    if by_range {
        let range = json!({ "from": "2020-01-01T00:00:00Z", "status": "pending" });
        let again = person.post(&format!("/webhook-endpoints/{id}/replay"), &range).await.is(200).json();
        assert_eq!(again["count"], 1);
        return;
    }
    let delivery = deliveries(person, &format!("endpoint_id={id}")).await.remove(0);
    let path = format!("/webhook-deliveries/{}/replay", delivery["id"].as_str().unwrap());
    let again = person.post(&path, &json!({})).await.is(200).json();
    // It is on its way yet.
    assert_eq!((&again["status"], &again["next_attempt_at"]), (&json!("pending"), &Value::Null), "{again:#}");
}

/// An endpoint with a delivery of which the first try has failed.
async fn first_try_failed(app: &TestApp, person: &Person, receiver: &Receiver) -> String {
    let (id, _) = add(person, &receiver.url(), &["video.changed"]).await;
    receiver.answers_with(500);
    something_happens(app, person).await;
    delivery_until(person, &id, |delivery| delivery["attempts"] == 1).await;
    id
}

/// The try that failed last was the first of its plan.
fn assert_first_of_its_tries(delivery: &Value) {
    let wait = time(&delivery["next_attempt_at"]) - time(&delivery["last_attempt_at"]);
    assert_eq!(delivery["status"], "pending", "{delivery:#}");
    assert!((5..=6).contains(&wait.num_seconds()), "{wait}: {delivery:#}");
}

#[tokio::test]
async fn what_is_asked_for_again_while_it_is_on_its_way_is_sent_again_at_once_where_that_fails() {
    let app = start().await;
    for by_range in [false, true] {
        let person = app.person(&format!("ada{by_range}")).await;
        let receiver = Receiver::start().await;
        let id = first_try_failed(&app, &person, &receiver).await;
        let refuses = answers_when_notified(&receiver, StatusCode::INTERNAL_SERVER_ERROR);
        app.clock.advance(TimeDelta::seconds(7));
        receiver.received(2).await;
        ask_again(&person, &id, by_range).await;
        // The clock stands still: no plan of tries brings the next one.
        refuses.notify_one();
        receiver.received(3).await;
        refuses.notify_one();
        let delivery = delivery_until(&person, &id, |delivery| delivery["attempts"] == 1).await;
        assert_first_of_its_tries(&delivery);
        tokio::time::sleep(Duration::from_millis(500)).await;
        assert_eq!(receiver.count(), 3, "it was asked for once");
    }
}

#[tokio::test]
async fn what_is_asked_for_again_while_it_is_on_its_way_is_done_where_it_is_taken() {
    let (app, receiver) = (start().await, Receiver::start().await);
    let ada = app.person("ada").await;
    let (id, _) = add(&ada, &receiver.url(), &["video.changed"]).await;
    let takes = answers_when_notified(&receiver, StatusCode::OK);
    something_happens(&app, &ada).await;
    receiver.received(1).await;
    ask_again(&ada, &id, false).await;
    takes.notify_one();
    let delivery = delivery_until(&ada, &id, |delivery| delivery["status"] == "delivered").await;
    assert_eq!(delivery["attempts"], 1);
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(receiver.count(), 1, "it was taken");
}

#[tokio::test]
async fn what_is_asked_for_again_in_a_try_that_nobody_ends_has_all_its_tries_in_the_next() {
    let (app, receiver) = (start().await, Receiver::start().await);
    let ada = app.person("ada").await;
    let id = first_try_failed(&app, &ada, &receiver).await;
    let (lost, end) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (first, second) = (Arc::clone(&lost), Arc::clone(&end));
    receiver.answers(move |number| {
        answer_when_notified(if number == 2 { &first } else { &second }, StatusCode::INTERNAL_SERVER_ERROR)
    });
    app.clock.advance(TimeDelta::seconds(7));
    receiver.received(2).await;
    ask_again(&ada, &id, false).await;
    // As when whoever sends it was killed: its lease runs out.
    app.clock.advance(TimeDelta::minutes(2));
    receiver.received(3).await;
    end.notify_one();
    let delivery = delivery_until(&ada, &id, |delivery| delivery["attempts"] == 1).await;
    assert_first_of_its_tries(&delivery);
    // What was asked for is done, and an end that comes too late asks for nothing.
    lost.notify_one();
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(receiver.count(), 3);
    let after = delivery_until(&ada, &id, |_| true).await;
    assert_eq!(after, delivery);
}
