//! Signing in through OpenID Connect providers, real ones, that also send what must not be believed.

use crate::{
    app::{Options, TestApp},
    authenticator::Authenticator,
    client::{Client, PASSWORD, Person, send},
    oidc::{OidcProvider, app_with, begin, sign_in, visit, with},
    second_factor::enable,
};
use chrono::TimeDelta;
use serde_json::{Value, json};

async fn harbour() -> (OidcProvider, TestApp) {
    let provider = OidcProvider::start(&["harbour"]).await;
    let app = app_with(vec![provider.configured("harbour")]).await;
    (provider, app)
}

/// Signs in and is let in; who it is.
async fn enters(client: &Client, provider: &str, account: &str) -> Value {
    let back = sign_in(client, provider, account).await.is(303);
    assert_eq!(back.header("location"), "/library");
    assert_eq!(back.header("cache-control"), "no-store");
    client.get("/me").await.is(200).json()
}

/// Notes that the address of the person is theirs.
async fn confirm(app: &TestApp, person: &Person) {
    sqlx::query("UPDATE users SET email_verified_at = now() WHERE id = $1::uuid")
        .bind(&person.user_id)
        .execute(&mut app.superuser().await)
        .await
        .unwrap();
}

async fn count(app: &TestApp, table: &str) -> i64 {
    let query = format!("SELECT count(*) FROM {table}");
    sqlx::query_scalar(sqlx::AssertSqlSafe(query)).fetch_one(&mut app.superuser().await).await.unwrap()
}

#[tokio::test]
async fn somebody_new_gets_an_account_without_a_password_and_finds_it_again() {
    let (_provider, app) = harbour().await;
    let (first, second) = (app.visitor(), app.visitor());
    let offered = first.get("/auth/providers").await.is(200).json();
    assert_eq!(
        offered,
        json!({ "items": [{ "id": "harbour", "name": "The harbour" }], "is_sign_up_open": true, "sends_mail": false, "documents": [] })
    );
    let me = enters(&first, "harbour", "ada@example.com").await;
    assert_eq!(
        (&me["user"]["email"], &me["user"]["name"], &me["user"]["email_verified"]),
        (&json!("ada@example.com"), &json!("Person ada"), &json!(true))
    );
    assert_eq!(
        (&me["organization"]["is_personal"], &me["organization"]["role"]),
        (&json!(true), &json!("owner"))
    );
    let again = enters(&second, "harbour", "ada@example.com").await;
    assert_eq!(again["user"]["id"], me["user"]["id"]);
    assert_eq!(first.get("/sessions").await.is(200).json()["items"].as_array().unwrap().len(), 2);
    let credentials = json!({ "email": "ada@example.com", "password": PASSWORD });
    app.visitor().post("/sessions", &credentials).await.refuses(401, "credentials_wrong");
    let identities = first.get("/identities").await.is(200).json();
    let identity = &identities["items"][0];
    assert_eq!(
        (&identity["provider"], &identity["provider_name"], &identity["email"]),
        (&json!("harbour"), &json!("The harbour"), &json!("ada@example.com"))
    );
    assert!(identity["last_used_at"].is_string());
    let log = first.get("/audit-log").await.is(200).json();
    let actions: Vec<&str> =
        log["items"].as_array().unwrap().iter().map(|entry| entry["action"].as_str().unwrap()).collect();
    for action in ["identity.created", "session.created", "membership.created"] {
        assert!(actions.contains(&action), "{actions:?}");
    }
    assert_eq!((count(&app, "users").await, count(&app, "provider_sign_ins").await), (1, 0));
}

#[tokio::test]
async fn the_session_cookie_takes_the_place_of_the_one_before_and_that_of_the_trip_goes() {
    let (_provider, app) = harbour().await;
    let ada = app.person("ada").await;
    confirm(&app, &ada).await;
    let started = ada.post("/auth/providers/harbour/start", &json!({})).await.is(200);
    let cookie = started.header("set-cookie").to_owned();
    assert!(cookie.starts_with("memoreel_sign_in="), "{cookie}");
    assert!(cookie.ends_with("; Path=/api/v1/auth; Max-Age=600; HttpOnly; SameSite=Lax"), "{cookie}");
    let url = started.json()["url"].as_str().unwrap().to_owned();
    for part in [
        "response_type=code",
        "code_challenge_method=S256",
        "code_challenge=",
        "state=",
        "nonce=",
        "scope=openid",
    ] {
        assert!(url.contains(part), "{url}");
    }
    let back = ada.get(&visit(&url, &ada.email).await).await.is(303);
    assert_eq!(back.header("location"), "/");
    let set: Vec<&str> =
        back.headers.get_all("set-cookie").iter().map(|value| value.to_str().unwrap()).collect();
    assert!(
        set.iter().any(|cookie| cookie.starts_with("memoreel_session=") && cookie.contains("HttpOnly")),
        "{set:?}"
    );
    assert!(set.iter().any(|cookie| cookie.starts_with("memoreel_sign_in=;")), "{set:?}");
    assert_eq!(ada.get("/sessions").await.json()["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_trip_ends_once_in_its_own_browser_at_its_own_provider_and_in_time() {
    let (harbour, lighthouse) =
        tokio::join!(OidcProvider::start(&["harbour"]), OidcProvider::start(&["lighthouse"]));
    let app = app_with(vec![harbour.configured("harbour"), lighthouse.configured("lighthouse")]).await;
    let (mine, other) = (app.visitor(), app.visitor());

    let callback = visit(&begin(&mine, "harbour", &json!({})).await, "ada@example.com").await;
    // Of nobody, of another browser, of another provider, with another state.
    other.get(&callback).await.refuses(422, "sign_in_unknown");
    begin(&other, "harbour", &json!({})).await;
    other.get(&callback).await.refuses(422, "sign_in_unknown");
    mine.get(&callback.replace("/harbour/", "/lighthouse/")).await.refuses(422, "sign_in_unknown");
    let (before, after) = callback.split_once("state=").unwrap();
    let rest = after.split_once('&').map_or("", |(_, rest)| rest);
    mine.get(&format!("{before}state={}&{rest}", "A".repeat(43))).await.refuses(422, "sign_in_unknown");
    mine.get(&format!("{before}state=&{rest}")).await.refuses(422, "sign_in_unknown");
    // All of that kept nobody from arriving.
    mine.get(&callback).await.is(303);
    mine.get(&callback).await.refuses(422, "sign_in_unknown");

    let late = visit(&begin(&mine, "harbour", &json!({})).await, "ada@example.com").await;
    app.clock.advance(TimeDelta::minutes(10));
    mine.get(&late).await.refuses(422, "sign_in_unknown");

    // One provider's answer in the name of another (RFC 9207).
    let mixed = visit(&begin(&mine, "harbour", &json!({})).await, "ada@example.com").await;
    let issuer = |provider: &OidcProvider| provider.issuer.replace(':', "%3A").replace('/', "%2F");
    let mixed = mixed.replace(&issuer(&harbour), &issuer(&lighthouse));
    mine.get(&mixed).await.refuses(403, "provider_answer_wrong");
    assert_eq!(count(&app, "users").await, 1);

    // Both work beside each other; the address leads to one account.
    let me = enters(&mine, "harbour", "ada@example.com").await;
    let same = enters(&other, "lighthouse", "ada@example.com").await;
    assert_eq!(me["user"]["id"], same["user"]["id"]);
    assert_eq!((count(&app, "users").await, count(&app, "user_identities").await), (1, 2));
}

#[tokio::test]
async fn a_token_that_is_not_what_was_asked_for_opens_nothing() {
    let (_provider, app) = harbour().await;
    let faults = [
        "audience",
        "audiences",
        "nonce",
        "no-nonce",
        "issuer",
        "expired",
        "access-token",
        "signature",
        "key",
        "shared-secret",
        "unsigned",
    ];
    for fault in faults {
        let client = app.visitor();
        let refused = sign_in(&client, "harbour", &format!("fault-{fault}#ada@example.com")).await;
        assert_eq!(refused.status, 403, "{fault}: {}", refused.text());
        refused.refuses(403, "provider_answer_wrong");
        client.get("/me").await.refuses(401, "unauthenticated");
    }
    // Nor does a code that is not the provider's.
    let client = app.visitor();
    let callback = visit(&begin(&client, "harbour", &json!({})).await, "ada@example.com").await;
    let (before, after) = callback.split_once("code=").unwrap();
    let rest = after.split_once('&').map_or("", |(_, rest)| rest);
    client.get(&format!("{before}code=guessed&{rest}")).await.refuses(403, "provider_answer_wrong");
    assert_eq!(count(&app, "users").await, 0);
}

#[tokio::test]
async fn an_account_is_found_by_its_address_only_when_both_sides_know_whose_it_is() {
    let provider = OidcProvider::start(&["harbour", "rumour"]).await;
    let rumour = memoreel_web::Provider { trust_email: false, ..provider.configured("rumour") };
    let app = app_with(vec![provider.configured("harbour"), rumour]).await;
    let ada = app.person("ada").await;
    let (sure, doubtful) = ("ada@example.com", "ada@example.com!");
    let refused = async |provider: &str, account: &str| {
        let visitor = app.visitor();
        let answer = sign_in(&visitor, provider, account).await.refuses(403, "identity_unverified").json();
        assert!(answer["hint"].as_str().unwrap().contains("link"), "{answer}");
        visitor.get("/me").await.is(401);
    };
    refused("harbour", sure).await;
    refused("harbour", doubtful).await;
    confirm(&app, &ada).await;
    refused("harbour", doubtful).await;
    refused("rumour", sure).await;
    assert_eq!(count(&app, "user_identities").await, 0);
    let me = enters(&app.visitor(), "harbour", "ADA@example.com").await;
    assert_eq!(me["user"]["id"], ada.user_id.as_str());
    // The password goes on working.
    app.signed_in(&ada).await;
    // The provider gave the address to somebody else since.
    sign_in(&app.visitor(), "harbour", "successor#ada@example.com").await.refuses(409, "identity_differs");
    assert_eq!(count(&app, "user_identities").await, 1);
    // Somebody new whose address the provider does not know either has to confirm it.
    let new = enters(&app.visitor(), "rumour", "bob@example.com").await;
    assert_eq!(new["user"]["email_verified"], false);
    let mails: i64 = sqlx::query_scalar("SELECT count(*) FROM email_tokens WHERE email = 'bob@example.com'")
        .fetch_one(&mut app.superuser().await)
        .await
        .unwrap();
    assert_eq!(mails, 1);
    sign_in(&app.visitor(), "harbour", "nobody#").await.refuses(403, "identity_email_missing");
}

#[tokio::test]
async fn where_sign_up_is_closed_only_those_who_are_known_get_in() {
    let provider = OidcProvider::start(&["harbour"]).await;
    let open = with(vec![provider.configured("harbour")]);
    let app = TestApp::with(Options { sign_in: open.clone(), ..Options::default() }).await;
    enters(&app.visitor(), "harbour", "ada@example.com").await;
    let closed = memoreel_web::SignInSettings { is_sign_up_closed: true, ..open };
    let app = app.restart_with(|options| options.sign_in = closed).await;
    assert_eq!(app.visitor().get("/auth/providers").await.json()["is_sign_up_open"], false);
    enters(&app.visitor(), "harbour", "ada@example.com").await;
    sign_in(&app.visitor(), "harbour", "bob@example.com").await.refuses(403, "sign_up_closed");
    // Who only claims an address is not told whether there is an account.
    sign_in(&app.visitor(), "harbour", "ada@example.com!").await.refuses(403, "sign_up_closed");
    let account = json!({ "email": "bob@example.com", "name": "Bob", "password": PASSWORD });
    app.visitor().post("/users", &account).await.refuses(403, "sign_up_closed");
    assert_eq!(count(&app, "users").await, 1);
}

#[tokio::test]
async fn a_provider_that_is_down_says_so_and_keeps_nothing_else_from_working() {
    let mut provider = OidcProvider::start(&["harbour"]).await;
    let nowhere =
        memoreel_web::Provider { issuer: "http://127.0.0.1:9".to_owned(), ..provider.configured("nowhere") };
    let app = app_with(vec![provider.configured("harbour"), nowhere]).await;
    let visitor = app.visitor();
    let refused = visitor.post("/auth/providers/nowhere/start", &json!({})).await;
    let problem = refused.refuses(503, "provider_unavailable").json();
    assert_eq!(problem["detail"], "The nowhere cannot be reached at the moment.");
    visitor.post("/auth/providers/neither/start", &json!({})).await.refuses(404, "not_found");
    enters(&app.visitor(), "harbour", "ada@example.com").await;
    // It goes down while somebody is there.
    let callback = visit(&begin(&visitor, "harbour", &json!({})).await, "ada@example.com").await;
    provider.stop().await;
    visitor.get(&callback).await.refuses(503, "provider_unavailable");
    app.person("bob").await;
}

#[tokio::test]
async fn whoever_the_provider_refuses_is_told_so() {
    let (_provider, app) = harbour().await;
    let client = app.visitor();
    let refused = async |query: &str| {
        let url = begin(&client, "harbour", &json!({})).await;
        let state = url::Url::parse(&url).unwrap();
        let state = state.query_pairs().find(|(name, _)| name == "state").unwrap().1.into_owned();
        client.get(&format!("/auth/providers/harbour/callback?state={state}&{query}")).await
    };
    refused("error=access_denied").await.refuses(403, "provider_refused");
    refused("").await.refuses(403, "provider_answer_wrong");
    // A browser is shown a page of ours.
    let request = client.request("GET", "/auth/providers/harbour/callback?error=x%0A&state=<script>");
    let shown = send(request.header("accept", "text/html,*/*")).await.is(303);
    assert_eq!(shown.header("location"), "/sign-in/problem?code=sign_in_unknown&provider=harbour");
}

#[tokio::test]
async fn people_are_led_to_pages_of_this_server_alone() {
    let (_provider, app) = harbour().await;
    let client = app.visitor();
    for address in
        ["//evil.example", "https://evil.example", "/\\evil.example", "library", "/\t/evil.example"]
    {
        let body = json!({ "return_to": address });
        let refused = client.post("/auth/providers/harbour/start", &body).await;
        refused.refuses(422, "return_to_invalid");
    }
    let url = begin(&client, "harbour", &json!({ "return_to": "/search?q=häfen#1" })).await;
    let back = client.get(&visit(&url, "ada@example.com").await).await.is(303);
    assert_eq!(back.header("location"), "/search?q=h%C3%A4fen#1");
}

#[tokio::test]
async fn an_authenticator_is_asked_after_the_provider_too() {
    let (_provider, app) = harbour().await;
    let ada = app.person("ada").await;
    confirm(&app, &ada).await;
    let (authenticator, recovery) = enable(&app, &ada).await;
    let client = app.visitor();
    let back = sign_in(&client, "harbour", &ada.email).await.is(303);
    assert_eq!(back.header("location"), "/sign-in/code");
    client.get("/me").await.refuses(401, "unauthenticated");
    let code = |code: &str| json!({ "code": code });
    client.post("/auth/code", &code("")).await.refuses(401, "code_required");
    client.post("/auth/code", &code("000000")).await.refuses(401, "code_wrong");
    app.visitor().post("/auth/code", &code("000000")).await.refuses(422, "sign_in_unknown");
    app.clock.advance(TimeDelta::seconds(30));
    let now = authenticator.code(app.now());
    let entered = client.post("/auth/code", &code(&now)).await.is(201).json();
    assert_eq!(
        (&entered["return_to"], &entered["me"]["user"]["id"]),
        (&json!("/library"), &json!(ada.user_id))
    );
    client.get("/me").await.is(200);
    client.post("/auth/code", &code(&recovery[0])).await.refuses(422, "sign_in_unknown");
    // Whoever takes too long begins again.
    let slow = app.visitor();
    sign_in(&slow, "harbour", &ada.email).await.is(303);
    app.clock.advance(TimeDelta::minutes(10));
    slow.post("/auth/code", &code(&recovery[0])).await.refuses(422, "sign_in_unknown");
    // Tries count as they do beside a password.
    let guessing = app.visitor();
    sign_in(&guessing, "harbour", &ada.email).await.is(303);
    let mut guesses = 0;
    while guessing.post("/auth/code", &code("000000")).await.status == 401 {
        guesses += 1;
    }
    assert!((5..=12).contains(&guesses), "{guesses}");
    guessing.post("/auth/code", &code("000000")).await.refuses(429, "sign_in_throttled");
}

#[tokio::test]
async fn who_is_signed_in_links_and_unlinks_and_keeps_a_way_in() {
    let (_provider, app) = harbour().await;
    let (ada, bob) = (app.person("ada").await, app.person("bob").await);
    let start = "/auth/providers/harbour/start";
    let link = json!({ "link": true, "return_to": "/settings/security", "password": PASSWORD });
    app.visitor().post(start, &link).await.refuses(401, "unauthenticated");
    ada.post(start, &json!({ "link": true })).await.refuses(422, "password_required");
    let wrong = json!({ "link": true, "password": "not the password" });
    ada.post(start, &wrong).await.refuses(422, "password_wrong");
    let key = ada.post("/api-keys", &json!({ "name": "Script" })).await.is(201).json();
    let by_key =
        app.visitor().request("POST", start).json(&link).bearer_auth(key["secret"].as_str().unwrap());
    send(by_key).await.refuses(403, "session_required");

    // Neither side has to know the address: whoever is signed in says so.
    let account = "ada at the harbour#captain@harbour.example!";
    let back = ada.get(&visit(&begin(&ada, "harbour", &link).await, account).await).await.is(303);
    assert_eq!(back.header("location"), "/settings/security");
    let me = enters(&app.visitor(), "harbour", account).await;
    assert_eq!(me["user"]["id"], ada.user_id.as_str());
    // Once more is no mistake, and it is nobody else's.
    ada.get(&visit(&begin(&ada, "harbour", &link).await, account).await).await.is(303);
    bob.get(&visit(&begin(&bob, "harbour", &link).await, account).await).await.refuses(409, "identity_taken");
    // Who signed in as somebody else meanwhile does not link it to them.
    let callback = visit(&begin(&ada, "harbour", &link).await, "another@harbour.example").await;
    let credentials = json!({ "email": bob.email, "password": PASSWORD });
    ada.post("/sessions", &credentials).await.is(201);
    ada.get(&callback).await.refuses(422, "sign_in_unknown");
    let ada = app.signed_in(&ada).await;

    let identities = ada.get("/identities").await.is(200).json();
    assert_eq!(identities["items"].as_array().unwrap().len(), 1);
    let path = format!("/identities/{}", identities["items"][0]["id"].as_str().unwrap());
    bob.delete(&path).await.refuses(404, "not_found");
    ada.delete(&path).await.is(204);
    ada.delete(&path).await.refuses(404, "not_found");
    assert_eq!(count(&app, "user_identities").await, 0);

    // Without a password, one has to stay; and linking takes none.
    let carol = app.visitor();
    enters(&carol, "harbour", "carol@example.com").await;
    let only = carol.get("/identities").await.json()["items"][0]["id"].as_str().unwrap().to_owned();
    carol.delete(&format!("/identities/{only}")).await.refuses(409, "last_way_in");
    // A passkey is a way in, too.
    let mut device = Authenticator::new();
    let passkey = device.add_to(&carol, "Laptop").await.is(201).json();
    let passkey = format!("/passkeys/{}", passkey["id"].as_str().unwrap());
    send(carol.request("DELETE", &passkey).json(&json!({}))).await.is(204);
    carol.delete(&format!("/identities/{only}")).await.refuses(409, "last_way_in");
    let link = json!({ "link": true });
    carol.get(&visit(&begin(&carol, "harbour", &link).await, "second#c@example.com").await).await.is(303);
    carol.delete(&format!("/identities/{only}")).await.is(204);
}

#[tokio::test]
async fn a_closed_account_stays_closed() {
    let (_provider, app) = harbour().await;
    let me = enters(&app.visitor(), "harbour", "ada@example.com").await;
    sqlx::query("UPDATE users SET is_active = false WHERE id = $1::uuid")
        .bind(me["user"]["id"].as_str().unwrap())
        .execute(&mut app.superuser().await)
        .await
        .unwrap();
    let client = app.visitor();
    sign_in(&client, "harbour", "ada@example.com").await.refuses(403, "account_closed");
    client.get("/me").await.refuses(401, "unauthenticated");
}

#[tokio::test]
async fn a_provider_that_begins_to_sign_with_another_key_is_asked_for_it() {
    let mut first = OidcProvider::start(&["harbour"]).await;
    let app = app_with(vec![first.configured("harbour")]).await;
    enters(&app.visitor(), "harbour", "ada@example.com").await;
    // Another process of the same address has another key of another name.
    let port = first.issuer.rsplit(':').next().unwrap().to_owned();
    first.stop().await;
    let _second = OidcProvider::start_at(port.parse().unwrap(), "second", &["harbour"]).await;
    app.clock.advance(TimeDelta::minutes(2));
    enters(&app.visitor(), "harbour", "ada@example.com").await;
}
