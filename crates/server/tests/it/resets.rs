//! What a reset password takes away from an account that somebody made with another's address.

use crate::{
    accounts::token,
    app::{Options, TestApp},
    authenticator::Authenticator,
    client::{PASSWORD, Person, send},
    oidc::{OidcProvider, app_with, sign_in},
    second_factor,
    smtp::SmtpServer,
};
use memoreel_mail::SmtpSettings;
use serde_json::json;

const CHOSEN: &str = "seven green umbrellas";

async fn reset(app: &TestApp, email: &str) {
    let visitor = app.visitor();
    visitor.post("/password-resets", &json!({ "email": email })).await.is(202);
    let token = token(app, email, "reset-password").await;
    visitor.post("/password-resets/confirm", &json!({ "token": token, "password": CHOSEN })).await.is(204);
}

async fn key_of(person: &Person) -> String {
    let made = person.post("/api-keys", &json!({ "name": "Script" })).await.is(201).json();
    made["secret"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn whoever_proves_an_address_gets_the_account_without_what_another_put_on_it() {
    let provider = OidcProvider::start(&["harbour"]).await;
    let app = app_with(vec![provider.configured("harbour")]).await;
    app.work().await;
    // Not she who has the address: nobody has confirmed it.
    let before = app.person("grace").await;
    let key = key_of(&before).await;
    second_factor::enable(&app, &before).await;
    let (device, _) = Authenticator::of(&before).await;

    reset(&app, &before.email).await;
    before.get("/me").await.refuses(401, "unauthenticated");
    send(app.visitor().request("GET", "/me").bearer_auth(&key)).await.refuses(401, "api_key_wrong");
    device.sign_in(&app.visitor()).await.refuses(401, "passkey_wrong");
    let old = json!({ "email": before.email, "password": PASSWORD });
    app.visitor().post("/sessions", &old).await.refuses(401, "credentials_wrong");

    // No code is asked for, since the app that shows it is another person's.
    let grace = app.visitor();
    grace.post("/sessions", &json!({ "email": before.email, "password": CHOSEN })).await.is(201);
    assert_eq!(grace.get("/me").await.json()["user"]["email_verified"], true);
}

#[tokio::test]
async fn what_a_provider_knows_another_person_as_opens_the_account_no_more() {
    let provider = OidcProvider::start(&["harbour"]).await;
    let app = app_with(vec![provider.configured("harbour")]).await;
    app.work().await;
    // The provider does not know whether the address is theirs.
    let claimed = "mallory#grace@example.com!";
    sign_in(&app.visitor(), "harbour", claimed).await.is(303);
    reset(&app, "grace@example.com").await;
    let mallory = app.visitor();
    sign_in(&mallory, "harbour", claimed).await;
    mallory.get("/me").await.refuses(401, "unauthenticated");
}

#[tokio::test]
async fn whoever_had_confirmed_the_address_keeps_what_opens_the_account() {
    let app = TestApp::start().await;
    app.work().await;
    let ada = app.person("ada").await;
    let link = token(&app, &ada.email, "confirm-email").await;
    ada.post("/email-confirmations", &json!({ "token": link })).await.is(204);
    let key = key_of(&ada).await;
    let (device, _) = Authenticator::of(&ada).await;
    reset(&app, &ada.email).await;
    send(app.visitor().request("GET", "/me").bearer_auth(&key)).await.is(200);
    device.sign_in(&app.visitor()).await.is(201);
}

#[tokio::test]
async fn an_account_that_nobody_could_enter_yet_is_entered_after_a_reset() {
    let smtp = SmtpServer::start().await;
    let settings = SmtpSettings { url: smtp.url.clone(), from: "m@memoreel.example".to_owned() };
    let app = TestApp::with(Options { smtp: Some(settings), ..Options::default() }).await;
    app.work().await;
    let visitor = app.visitor();
    let account = json!({ "email": "grace@example.com", "name": "Grace", "password": PASSWORD });
    visitor.post("/users", &account).await.is(202);
    visitor.post("/password-resets", &json!({ "email": "grace@example.com" })).await.is(202);
    app.idle().await;
    let texts = smtp.received().into_iter().map(|mail| mail.message().body_text(0).unwrap().into_owned());
    let links: Vec<String> =
        texts.filter_map(|text| Some(text.split_once("/reset-password#")?.1.to_owned())).collect();
    let token = links[0].split_whitespace().next().unwrap();
    visitor.post("/password-resets/confirm", &json!({ "token": token, "password": CHOSEN })).await.is(204);
    let earlier = json!({ "email": "grace@example.com", "password": PASSWORD });
    app.visitor().post("/sessions", &earlier).await.refuses(401, "credentials_wrong");
    let chosen = json!({ "email": "grace@example.com", "password": CHOSEN });
    visitor.post("/sessions", &chosen).await.is(201);
    assert_eq!(visitor.get("/me").await.json()["user"]["email_verified"], true);
}
