//! What people are mailed about their accounts, and what they do with it.

use crate::{
    app::{Options, PUBLIC_URL, TestApp},
    client::{Client, PASSWORD, Person, send},
    smtp::SmtpServer,
};
use chrono::TimeDelta;
use memoreel_mail::{SmtpSettings, WrittenMail};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const OTHER_PASSWORD: &str = "seven green umbrellas";

/// Every mail to this address, newest first, once nothing is left to send.
pub async fn mails_to(app: &TestApp, address: &str) -> Vec<WrittenMail> {
    app.idle().await;
    let mut mails = app.mails().mails().await.unwrap();
    mails.retain(|mail| mail.to == address);
    mails
}

/// What stands behind the `#` of the link to this page in the newest mail to this address.
pub async fn token(app: &TestApp, address: &str, page: &str) -> String {
    let mails = mails_to(app, address).await;
    let start = format!("{PUBLIC_URL}/{page}#");
    let newest = mails.iter().find_map(|mail| mail.text.lines().find_map(|line| line.strip_prefix(&start)));
    newest.unwrap_or_else(|| panic!("no link to {page} in {mails:#?}")).to_owned()
}

async fn sign_in(app: &TestApp, email: &str, password: &str) -> crate::client::Answer {
    app.visitor().post("/sessions", &json!({ "email": email, "password": password })).await
}

async fn ask_for_reset(client: &Client, email: &str) {
    client.post("/password-resets", &json!({ "email": email })).await.is(202);
}

fn is_verified(me: &Value) -> bool {
    me["user"]["email_verified"].as_bool().unwrap()
}

#[tokio::test]
async fn signing_up_is_confirmed_by_a_mail_from_a_real_server() {
    let smtp = SmtpServer::start().await;
    let settings = SmtpSettings { url: smtp.url.clone(), from: "Memoreel <m@memoreel.example>".to_owned() };
    let app = TestApp::with(Options { smtp: Some(settings), ..Options::default() }).await;
    app.work().await;
    let visitor = app.visitor();
    let account = json!({ "email": "ada@example.com", "name": "<i>Ada</i>", "password": PASSWORD });
    visitor.post("/users", &account).await.is(202);
    app.idle().await;

    let received = smtp.received();
    assert_eq!(received.len(), 1);
    let (mail, message) = (&received[0], received[0].message());
    assert_eq!((mail.from.as_str(), mail.to.as_str()), ("m@memoreel.example", "ada@example.com"));
    assert_eq!(message.subject(), Some("Confirm your e-mail address"));
    assert!(message.message_id().unwrap().ends_with("@memoreel.example"));
    let (text, html) = (message.body_text(0).unwrap(), message.body_html(0).unwrap());
    assert!(text.starts_with("Hello <i>Ada</i>,"), "{text}");
    assert!(html.contains("Hello &lt;i&gt;Ada&lt;/i&gt;,"), "{html}");
    let link = text.lines().find_map(|line| line.strip_prefix(&format!("{PUBLIC_URL}/confirm-email#")));
    let token = link.unwrap();
    assert!(html.contains(token));

    // No database row holds what is in the mail.
    let rows: String = sqlx::query_scalar(
        "SELECT (SELECT jsonb_agg(t) FROM tasks t)::text || (SELECT jsonb_agg(e) FROM email_tokens e)::text",
    )
    .fetch_one(&mut app.superuser().await)
    .await
    .unwrap();
    assert!(rows.contains("send_mail") && !rows.contains(token), "{rows}");

    // The link opens the session that signing up did not, once: mail programs open links, too.
    let proof = json!({ "token": token, "password": PASSWORD });
    let confirmed = visitor.post("/email-confirmations", &proof).await.is(204);
    assert_eq!(confirmed.header("cache-control"), "no-store");
    assert!(is_verified(&visitor.get("/me").await.is(200).json()));
    let program = app.visitor();
    program.post("/email-confirmations", &json!({ "token": token })).await.is(204);
    program.get("/me").await.refuses(401, "unauthenticated");
}

pub async fn with_mail_server() -> (TestApp, SmtpServer) {
    let smtp = SmtpServer::start().await;
    let settings = SmtpSettings { url: smtp.url.clone(), from: "m@memoreel.example".to_owned() };
    let app = TestApp::with(Options { smtp: Some(settings), ..Options::default() }).await;
    app.work().await;
    (app, smtp)
}

/// Subjects of what was mailed to this address, and the whole texts.
pub async fn received(app: &TestApp, smtp: &SmtpServer, address: &str) -> Vec<(String, String)> {
    app.idle().await;
    let all = smtp.received();
    let mails = all.iter().filter(|mail| mail.to == address).map(|mail| {
        let message = mail.message();
        (message.subject().unwrap().to_owned(), message.body_text(0).unwrap().into_owned())
    });
    mails.collect()
}

#[tokio::test]
async fn where_mails_leave_signing_up_does_not_tell_whether_an_address_is_taken() {
    let (app, smtp) = with_mail_server().await;
    let sign_up = async |email: &str, password: &str| {
        let account = json!({ "email": email, "name": "Ada", "password": password });
        let begun = Instant::now();
        let visitor = app.visitor();
        let answer = visitor.post("/users", &account).await.is(202);
        visitor.get("/me").await.refuses(401, "unauthenticated");
        let mut headers = answer.headers.clone();
        for varying in ["x-request-id", "date", "ratelimit-remaining"] {
            headers.remove(varying);
        }
        (answer.body, format!("{headers:?}"), begun.elapsed())
    };
    let free = sign_up("ada@example.com", PASSWORD).await;
    let taken = sign_up("ADA@example.com", OTHER_PASSWORD).await;
    assert_eq!((&free.0, &free.1), (&taken.0, &taken.1));
    for (_, _, time) in [&free, &taken] {
        assert!(*time >= Duration::from_millis(300), "{time:?}");
    }
    // Nor does signing in, with either password: whoever signed up has the mail to go by.
    for password in [PASSWORD, OTHER_PASSWORD] {
        sign_in(&app, "ada@example.com", password).await.refuses(401, "credentials_wrong");
    }
    let mails = received(&app, &smtp, "ada@example.com").await;
    let subjects: Vec<&str> = mails.iter().map(|(subject, _)| subject.as_str()).collect();
    assert_eq!(subjects, ["Confirm your e-mail address", "You have an account already"]);
    assert!(mails[1].1.lines().any(|line| line == format!("{PUBLIC_URL}/sign-in")), "{}", mails[1].1);
    // The owner is told three times an hour at most.
    for _ in 0..4 {
        sign_up("ada@example.com", OTHER_PASSWORD).await;
    }
    assert_eq!(received(&app, &smtp, "ada@example.com").await.len(), 4);

    let start = format!("{PUBLIC_URL}/confirm-email#");
    let token = mails[0].1.lines().find_map(|line| line.strip_prefix(&start)).unwrap();
    let proof = json!({ "token": token, "password": PASSWORD });
    app.visitor().post("/email-confirmations", &proof).await.is(204);
    sign_in(&app, "ada@example.com", OTHER_PASSWORD).await.refuses(401, "credentials_wrong");
    sign_in(&app, "ada@example.com", PASSWORD).await.is(201);
    // What is wrong with what was typed is told as before.
    let weak = json!({ "email": "eve@example.com", "name": "Eve", "password": "password123" });
    app.visitor().post("/users", &weak).await.refuses(422, "password_weak");
}

#[tokio::test]
async fn who_never_got_the_link_of_signing_up_sets_another_password_by_mail() {
    let (app, smtp) = with_mail_server().await;
    // Somebody else may have signed up with the address: their password opens nothing.
    let account = json!({ "email": "ada@example.com", "name": "Eve", "password": OTHER_PASSWORD });
    app.visitor().post("/users", &account).await.is(202);
    ask_for_reset(&app.visitor(), "ada@example.com").await;
    let mails = received(&app, &smtp, "ada@example.com").await;
    let start = format!("{PUBLIC_URL}/reset-password#");
    let token = mails.iter().find_map(|(_, text)| text.lines().find_map(|line| line.strip_prefix(&start)));
    let reset = json!({ "token": token.unwrap(), "password": PASSWORD });
    app.visitor().post("/password-resets/confirm", &reset).await.is(204);
    sign_in(&app, "ada@example.com", OTHER_PASSWORD).await.refuses(401, "credentials_wrong");
    sign_in(&app, "ada@example.com", PASSWORD).await.is(201);
}

#[tokio::test]
async fn without_a_mail_server_signing_up_opens_the_session_at_once() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    ada.get("/me").await.is(200);
    let account = json!({ "email": "ADA@example.com", "name": "Ada", "password": PASSWORD });
    app.visitor().post("/users", &account).await.refuses(409, "email_taken");
    app.signed_in(&ada).await.get("/me").await.is(200);
}

#[tokio::test]
async fn a_server_that_refuses_for_now_is_tried_again_and_one_that_refuses_for_good_is_not() {
    let smtp = SmtpServer::start().await;
    smtp.refuse("451 come back later");
    smtp.refuse("250 ok");
    smtp.refuse("550 nobody here");
    let settings = SmtpSettings { url: smtp.url.clone(), from: "m@memoreel.example".to_owned() };
    let app = TestApp::with(Options { smtp: Some(settings), ..Options::default() }).await;
    app.work().await;
    let state = async |status: &str| {
        for _ in 0..200 {
            let state: (String, Option<String>, i32) = sqlx::query_as(
                "SELECT status, error_code, attempts FROM tasks ORDER BY created_at DESC, id DESC LIMIT 1",
            )
            .fetch_one(&mut app.superuser().await)
            .await
            .unwrap();
            if state.0 == status && state.2 > 0 {
                return state;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("the task does not become {status}");
    };
    let sign_up = async |name: &str| {
        let email = format!("{name}@example.com");
        let account = json!({ "email": email, "name": name, "password": PASSWORD });
        app.visitor().post("/users", &account).await.is(202);
    };
    sign_up("ada").await;
    assert_eq!(state("pending").await.1.as_deref(), Some("mail_refused"));
    assert_eq!(smtp.received().len(), 0);
    app.clock.advance(TimeDelta::seconds(15));
    assert_eq!(state("completed").await.2, 2);
    assert_eq!(smtp.received().len(), 1);

    app.clock.advance(TimeDelta::seconds(1));
    sign_up("eve").await;
    let (_, code, attempts) = state("failed").await;
    assert_eq!((code.as_deref(), attempts), (Some("mail_refused"), 1));
    assert_eq!(smtp.received().len(), 1);
}

#[tokio::test]
async fn without_a_mail_server_mails_are_shown_on_a_page_of_this_machine() {
    let app = TestApp::start().await;
    app.work().await;
    app.person("ada").await;
    let token = token(&app, "ada@example.com", "confirm-email").await;
    let page = app.visitor().get("/dev/mails").await.is(200);
    assert!(page.text().contains(&format!("href=\"{PUBLIC_URL}/confirm-email#{token}\"")), "{}", page.text());
    assert!(page.header("content-security-policy").contains("default-src 'none'"));
    // Another site's name that leads here shows nothing.
    let other = app.visitor().request("GET", "/dev/mails").header("host", "memoreel.evil.example");
    send(other).await.refuses(404, "not_found");
}

#[tokio::test]
async fn a_link_that_was_changed_or_is_too_old_confirms_nothing() {
    let app = TestApp::start().await;
    app.work().await;
    let ada = app.person("ada").await;
    let token = token(&app, &ada.email, "confirm-email").await;
    let confirm = async |token: &str| ada.post("/email-confirmations", &json!({ "token": token })).await;
    for wrong in ["", "x", &"A".repeat(64), &token[1..], &format!("{token}A")] {
        confirm(wrong).await.refuses(422, "token_wrong");
    }
    // A link is for what it was mailed for.
    let reset = json!({ "token": token, "password": OTHER_PASSWORD });
    app.visitor().post("/password-resets/confirm", &reset).await.refuses(422, "token_wrong");
    app.visitor()
        .post("/email-changes/confirm", &json!({ "token": token }))
        .await
        .refuses(422, "token_wrong");
    app.clock.advance(TimeDelta::days(7));
    confirm(&token).await.refuses(422, "token_wrong");
    assert!(!is_verified(&ada.get("/me").await.json()));

    ada.post("/email-confirmations/resend", &json!({})).await.is(202);
    let fresh = self::token(&app, &ada.email, "confirm-email").await;
    confirm(&fresh).await.is(204);
    ada.post("/email-confirmations/resend", &json!({})).await.refuses(409, "email_verified");
}

#[tokio::test]
async fn confirmations_are_mailed_five_times_an_hour_at_most() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    for _ in 0..4 {
        ada.post("/email-confirmations/resend", &json!({})).await.is(202);
    }
    let refused = ada.post("/email-confirmations/resend", &json!({})).await.refuses(429, "mails_full");
    assert_eq!(refused.header("retry-after"), "3600");
    app.clock.advance(TimeDelta::minutes(61));
    ada.post("/email-confirmations/resend", &json!({})).await.is(202);
    app.visitor().post("/email-confirmations/resend", &json!({})).await.refuses(401, "unauthenticated");
    let key = ada.post("/api-keys", &json!({ "name": "Script" })).await.is(201).json();
    let by_key = app.visitor().request("POST", "/email-confirmations/resend");
    send(by_key.bearer_auth(key["secret"].as_str().unwrap())).await.refuses(403, "session_required");
}

#[tokio::test]
async fn a_forgotten_password_is_set_anew_once_and_every_session_ends() {
    let app = TestApp::start().await;
    app.work().await;
    let ada = app.person("ada").await;
    let phone = app.signed_in(&ada).await;
    ask_for_reset(&app.visitor(), "ADA@example.com").await;
    let first = token(&app, &ada.email, "reset-password").await;
    app.clock.advance(TimeDelta::seconds(1));
    ask_for_reset(&app.visitor(), &ada.email).await;
    let second = token(&app, &ada.email, "reset-password").await;
    assert_ne!(first, second);

    let reset = async |token: &str, password: &str| {
        let body = json!({ "token": token, "password": password });
        app.visitor().post("/password-resets/confirm", &body).await
    };
    // A weak password does not use the link up.
    reset(&second, "password123").await.refuses(422, "password_weak");
    reset(&second, OTHER_PASSWORD).await.is(204);
    for used in [&first, &second] {
        reset(used, "nine blue umbrellas").await.refuses(422, "token_wrong");
    }
    for session in [&ada, &phone] {
        session.get("/me").await.refuses(401, "unauthenticated");
    }
    sign_in(&app, &ada.email, PASSWORD).await.refuses(401, "credentials_wrong");
    let me = sign_in(&app, &ada.email, OTHER_PASSWORD).await.is(201).json();
    assert!(is_verified(&me), "whoever read the mail has the address");
}

#[tokio::test]
async fn a_link_for_a_new_password_is_good_for_an_hour_and_works_once_at_a_time() {
    let app = TestApp::start().await;
    app.work().await;
    let ada = app.person("ada").await;
    ask_for_reset(&app.visitor(), &ada.email).await;
    let late = token(&app, &ada.email, "reset-password").await;
    app.clock.advance(TimeDelta::hours(1));
    let body = |token: &str| json!({ "token": token, "password": OTHER_PASSWORD });
    app.visitor().post("/password-resets/confirm", &body(&late)).await.refuses(422, "token_wrong");

    ask_for_reset(&app.visitor(), &ada.email).await;
    let token = token(&app, &ada.email, "reset-password").await;
    let visitors: Vec<_> = (0..4).map(|_| app.visitor()).collect();
    let body = body(&token);
    let at_once = visitors.iter().map(|visitor| visitor.post("/password-resets/confirm", &body));
    let mut statuses: Vec<u16> =
        futures::future::join_all(at_once).await.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [204, 422, 422, 422]);
}

#[tokio::test]
async fn asking_for_a_new_password_tells_nobody_who_has_an_account() {
    let app = TestApp::start().await;
    app.work().await;
    app.person("ada").await;
    let mut answers = Vec::new();
    for email in ["ada@example.com", "nobody@example.com", "no address", ""] {
        let begun = Instant::now();
        let answer = app.visitor().post("/password-resets", &json!({ "email": email })).await.is(202);
        let took = begun.elapsed();
        assert!(took >= Duration::from_millis(300), "{email}: {took:?}");
        answers.push(answer.body);
    }
    assert!(answers.iter().all(|body| *body == answers[0]));
    app.idle().await;
    let mails = app.mails().mails().await.unwrap();
    assert_eq!(mails.len(), 2, "one at sign-up, one to whoever has an account: {mails:#?}");
    // Nor can anybody's mailbox be filled.
    for _ in 0..6 {
        ask_for_reset(&app.visitor(), "ada@example.com").await;
    }
    assert_eq!(mails_to(&app, "ada@example.com").await.len(), 6);
}

#[tokio::test]
async fn a_changed_password_ends_other_sessions_and_renews_this_one() {
    let app = TestApp::start().await;
    app.work().await;
    let ada = app.person("ada").await;
    let phone = app.signed_in(&ada).await;
    let thief = Client::new(&app.base);
    let cookie = app.visitor();
    let answer = cookie.post("/sessions", &json!({ "email": ada.email, "password": PASSWORD })).await.is(201);
    let stolen = answer.header("set-cookie").split(';').next().unwrap().to_owned();
    ask_for_reset(&app.visitor(), &ada.email).await;
    let reset = token(&app, &ada.email, "reset-password").await;

    let change = |current: &str, new: &str| json!({ "current_password": current, "new_password": new });
    cookie.put("/me/password", &change("wrong", OTHER_PASSWORD)).await.refuses(422, "password_wrong");
    cookie.put("/me/password", &change(PASSWORD, "ada@example.com")).await.refuses(422, "password_weak");
    phone.get("/me").await.is(200);
    let changed = cookie.put("/me/password", &change(PASSWORD, OTHER_PASSWORD)).await.is(204);
    assert!(changed.header("set-cookie").starts_with("memoreel_session="));
    cookie.get("/me").await.is(200);
    for other in [&ada, &phone] {
        other.get("/me").await.refuses(401, "unauthenticated");
    }
    // The token of before the change opens nothing.
    send(thief.request("GET", "/me").header("cookie", stolen)).await.refuses(401, "unauthenticated");
    let body = json!({ "token": reset, "password": "nine blue umbrellas" });
    app.visitor().post("/password-resets/confirm", &body).await.refuses(422, "token_wrong");
    sign_in(&app, &ada.email, PASSWORD).await.refuses(401, "credentials_wrong");
    sign_in(&app, &ada.email, OTHER_PASSWORD).await.is(201);

    app.visitor()
        .put("/me/password", &change(PASSWORD, OTHER_PASSWORD))
        .await
        .refuses(401, "unauthenticated");
    let key = cookie.post("/api-keys", &json!({ "name": "Script" })).await.is(201).json();
    let by_key = app.visitor().request("PUT", "/me/password").json(&change(OTHER_PASSWORD, PASSWORD));
    send(by_key.bearer_auth(key["secret"].as_str().unwrap())).await.refuses(403, "session_required");
}

async fn agree(app: &TestApp, address: &str) -> crate::client::Answer {
    let token = token(app, address, "change-email").await;
    app.visitor().post("/email-changes/confirm", &json!({ "token": token })).await
}

pub async fn confirmed(app: &TestApp, name: &str) -> Person {
    let person = app.person(name).await;
    let token = token(app, &person.email, "confirm-email").await;
    person.post("/email-confirmations", &json!({ "token": token })).await.is(204);
    person
}

pub fn to(email: &str) -> Value {
    json!({ "email": email, "password": PASSWORD })
}

#[tokio::test]
async fn whoever_sets_another_password_takes_back_a_change_of_address() {
    let app = TestApp::start().await;
    app.work().await;
    // Of an address that was never confirmed, the new one alone is asked.
    let ada = app.person("ada").await;
    ada.put("/me/email", &to("thief@elsewhere.example")).await.is(202);
    ask_for_reset(&app.visitor(), &ada.email).await;
    let reset = token(&app, &ada.email, "reset-password").await;
    let set = json!({ "token": reset, "password": OTHER_PASSWORD });
    app.visitor().post("/password-resets/confirm", &set).await.is(204);
    agree(&app, "thief@elsewhere.example").await.refuses(422, "token_wrong");
    sign_in(&app, &ada.email, OTHER_PASSWORD).await.is(201);

    let bob = confirmed(&app, "bob").await;
    bob.put("/me/email", &to("bob@elsewhere.example")).await.is(202);
    let change = json!({ "current_password": PASSWORD, "new_password": OTHER_PASSWORD });
    bob.put("/me/password", &change).await.is(204);
    agree(&app, "bob@elsewhere.example").await.refuses(422, "token_wrong");
}

#[tokio::test]
async fn an_address_changes_when_both_have_agreed_in_any_order() {
    let app = TestApp::start().await;
    app.work().await;
    for (name, new, new_first) in [("ada", "ada@new.example", true), ("bob", "bob@new.example", false)] {
        let person = confirmed(&app, name).await;
        person
            .put("/me/email", &json!({ "email": new, "password": "wrong" }))
            .await
            .refuses(422, "password_wrong");
        person.put("/me/email", &to("nonsense")).await.refuses(422, "email_invalid");
        person.put("/me/email", &to(new)).await.is(202);
        let (first, second) =
            if new_first { (new, person.email.as_str()) } else { (person.email.as_str(), new) };
        assert_eq!(agree(&app, first).await.is(200).json()["status"], "waiting");
        agree(&app, first).await.refuses(422, "token_wrong");
        assert_eq!(person.get("/me").await.json()["user"]["email"], person.email);
        assert_eq!(agree(&app, second).await.is(200).json()["status"], "changed");
        let me = person.get("/me").await.is(200).json();
        assert_eq!((&me["user"]["email"], is_verified(&me)), (&json!(new), true));
        sign_in(&app, &person.email, PASSWORD).await.refuses(401, "credentials_wrong");
        sign_in(&app, new, PASSWORD).await.is(201);
    }
}

#[tokio::test]
async fn both_links_of_a_change_may_be_used_at_once() {
    let app = TestApp::start().await;
    app.work().await;
    let ada = confirmed(&app, "ada").await;
    ada.put("/me/email", &to("ada@new.example")).await.is(202);
    app.idle().await;
    let (old, new) = tokio::join!(agree(&app, &ada.email), agree(&app, "ada@new.example"));
    let mut statuses = [old, new].map(|answer| answer.is(200).json()["status"].as_str().unwrap().to_owned());
    statuses.sort();
    assert_eq!(statuses, ["changed", "waiting"]);
    assert_eq!(ada.get("/me").await.json()["user"]["email"], "ada@new.example");
}

#[tokio::test]
async fn an_address_that_was_never_confirmed_need_not_agree_to_be_left() {
    let app = TestApp::start().await;
    app.work().await;
    let ada = app.person("ada").await;
    ada.put("/me/email", &to("ada@new.example")).await.is(202);
    assert_eq!(agree(&app, "ada@new.example").await.is(200).json()["status"], "changed");
    assert_eq!(mails_to(&app, &ada.email).await.len(), 1, "the one of sign-up");
}

#[tokio::test]
async fn a_taken_address_is_answered_alike_and_gets_no_mail() {
    let app = TestApp::start().await;
    app.work().await;
    let (ada, eve) = (confirmed(&app, "ada").await, confirmed(&app, "eve").await);
    let taken = eve.put("/me/email", &to("ADA@example.com")).await.is(202);
    assert_eq!(agree(&app, &eve.email).await.is(200).json()["status"], "waiting");
    assert_eq!(mails_to(&app, &ada.email).await.len(), 1);
    assert_eq!(eve.get("/me").await.json()["user"]["email"], eve.email);
    // A later request replaces the earlier one.
    app.clock.advance(TimeDelta::seconds(1));
    let free = eve.put("/me/email", &to("eve@new.example")).await.is(202);
    assert_eq!(free.body, taken.body);
    // Somebody may sign up with it before it is confirmed.
    agree(&app, &eve.email).await.is(200);
    let account = json!({ "email": "Eve@new.example", "name": "Other", "password": PASSWORD });
    app.visitor().post("/users", &account).await.is(201);
    agree(&app, "eve@new.example").await.refuses(409, "email_taken");
}

#[tokio::test]
async fn a_change_shows_who_has_agreed_until_it_happens_or_is_withdrawn() {
    let app = TestApp::start().await;
    app.work().await;
    let ada = confirmed(&app, "ada").await;
    let pending = async || ada.get("/me/email-change").await.is(200).json()["pending"].clone();
    assert_eq!(pending().await, Value::Null);
    ada.put("/me/email", &to("ada@new.example")).await.is(202);
    let asked = json!([
        { "email": "ada@example.com", "has_agreed": false },
        { "email": "ada@new.example", "has_agreed": false },
    ]);
    assert_eq!(pending().await["addresses"], asked);
    // No mail is sent of what is withdrawn already.
    let sent = token(&app, "ada@new.example", "change-email").await;
    ada.delete("/me/email-change").await.is(204);
    ada.delete("/me/email-change").await.is(204);
    assert_eq!(pending().await, Value::Null);
    let late = app.visitor().post("/email-changes/confirm", &json!({ "token": sent })).await;
    late.refuses(422, "token_wrong");

    app.clock.advance(TimeDelta::seconds(1));
    ada.put("/me/email", &to("ada@new.example")).await.is(202);
    agree(&app, &ada.email).await.is(200);
    let half = pending().await;
    assert_eq!(
        (&half["new_email"], &half["addresses"][0]["has_agreed"]),
        (&json!("ada@new.example"), &json!(true))
    );
    agree(&app, "ada@new.example").await.is(200);
    assert_eq!(pending().await, Value::Null);
    assert_eq!(ada.get("/me").await.json()["user"]["email"], "ada@new.example");
    let eve = app.person("eve").await;
    assert_eq!(eve.get("/me/email-change").await.is(200).json()["pending"], Value::Null);
}

#[tokio::test]
async fn a_change_that_was_replaced_is_off_and_many_are_refused() {
    let app = TestApp::start().await;
    app.work().await;
    let ada = confirmed(&app, "ada").await;
    ada.put("/me/email", &to("first@new.example")).await.is(202);
    let first = token(&app, "first@new.example", "change-email").await;
    for _ in 0..4 {
        ada.put("/me/email", &to("second@new.example")).await.is(202);
    }
    app.visitor()
        .post("/email-changes/confirm", &json!({ "token": first }))
        .await
        .refuses(422, "token_wrong");
    ada.put("/me/email", &to("third@new.example")).await.refuses(429, "mails_full");
}

#[tokio::test]
async fn a_leaked_password_is_refused_wherever_one_is_chosen() {
    use sha1::{Digest, Sha1};
    let folder = tempfile::tempdir().unwrap();
    let list = folder.path().join("leaked.txt");
    let mut hashes = [OTHER_PASSWORD, "another leaked password"]
        .map(|leaked| format!("{}:3\n", hex::encode_upper(Sha1::digest(leaked))));
    hashes.sort();
    std::fs::write(&list, hashes.concat()).unwrap();
    let app = TestApp::with(Options { breached_passwords: Some(list), ..Options::default() }).await;
    app.work().await;
    let ada = app.person("ada").await;
    let account = json!({ "email": "eve@example.com", "name": "Eve", "password": OTHER_PASSWORD });
    let refused = app.visitor().post("/users", &account).await.refuses(422, "password_weak").json();
    assert!(refused["detail"].as_str().unwrap().contains("leak of another site"), "{refused}");
    let change = json!({ "current_password": PASSWORD, "new_password": OTHER_PASSWORD });
    ada.put("/me/password", &change).await.refuses(422, "password_weak");
    ask_for_reset(&app.visitor(), &ada.email).await;
    let token = token(&app, &ada.email, "reset-password").await;
    let reset = json!({ "token": token, "password": OTHER_PASSWORD });
    app.visitor().post("/password-resets/confirm", &reset).await.refuses(422, "password_weak");
}

#[tokio::test]
async fn hashes_of_bcrypt_are_accepted_and_replaced_at_sign_in() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let mut connection = app.superuser().await;
    sqlx::query("UPDATE users SET password_hash = $1")
        .bind(BCRYPT_OF_PASSWORD)
        .execute(&mut connection)
        .await
        .unwrap();
    sign_in(&app, &ada.email, "zebra crossing at one").await.refuses(401, "credentials_wrong");
    for _ in 0..2 {
        sign_in(&app, &ada.email, PASSWORD).await.is(201);
        let kept: String =
            sqlx::query_scalar("SELECT password_hash FROM users").fetch_one(&mut connection).await.unwrap();
        assert!(kept.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{kept}");
    }
}

/// As libxcrypt keeps it, at the least cost.
const BCRYPT_OF_PASSWORD: &str = "$2b$04$abcdefghijklmnopqrstuuPrjxteEJ0y6vaQqx9tbPRyWLBnggAua";
