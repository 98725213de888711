//! Confirming an address: who may, and what that opens.

use crate::{
    accounts::{confirmed, received, to, token, with_mail_server},
    app::{Options, PUBLIC_URL, TestApp},
    client::{Answer, Client, PASSWORD, Person},
    domains::organization_of,
    oidc::{OidcProvider, app_with, sign_in, with},
    smtp::SmtpServer,
};
use memoreel_mail::SmtpSettings;
use serde_json::{Value, json};

async fn confirm(client: &Client, token: &str, password: Option<&str>) -> Answer {
    client.post("/email-confirmations", &json!({ "token": token, "password": password })).await
}

/// The token of the link in the newest mail to this address.
async fn received_token(app: &TestApp, smtp: &SmtpServer, address: &str) -> String {
    let mails = received(app, smtp, address).await;
    let start = format!("{PUBLIC_URL}/confirm-email#");
    mails.last().unwrap().1.lines().find_map(|line| line.strip_prefix(&start)).unwrap().to_owned()
}

/// Who is signed in.
async fn person_of(client: Client) -> Person {
    let me = client.get("/me").await.is(200).json();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    Person {
        user_id: text(&me["user"]["id"]),
        organization_id: text(&me["organization"]["id"]),
        email: text(&me["user"]["email"]),
        client,
    }
}

#[tokio::test]
async fn a_mailed_link_vouches_for_no_account_that_somebody_else_made() {
    let (app, smtp) = with_mail_server().await;
    // Somebody signs up with grace's address; she, or a program that looks into her mail, opens the link.
    let account = json!({ "email": "grace@example.com", "name": "Grace", "password": PASSWORD });
    app.visitor().post("/users", &account).await.is(202);
    let link = received_token(&app, &smtp, "grace@example.com").await;
    let grace = app.visitor();
    let refused = confirm(&grace, &link, None).await.refuses(422, "password_required");
    assert_eq!(refused.json()["errors"][0]["field"], "password");
    confirm(&grace, &link, Some("not the password")).await.refuses(422, "password_wrong");
    let credentials = json!({ "email": "grace@example.com", "password": PASSWORD });
    app.visitor().post("/sessions", &credentials).await.refuses(401, "credentials_wrong");

    // Whoever signed up knows the password, and is in.
    confirm(&grace, &link, Some(PASSWORD)).await.is(204);
    assert_eq!(grace.get("/me").await.is(200).json()["user"]["email_verified"], true);
    // Programs that look into mail may come later.
    confirm(&app.visitor(), &link, None).await.is(204);
}

#[tokio::test]
async fn whoever_is_signed_in_to_another_account_shows_nothing_by_that() {
    let app = TestApp::start().await;
    app.work().await;
    let (ada, eve) = (app.person("ada").await, app.person("eve").await);
    let link = token(&app, &ada.email, "confirm-email").await;
    confirm(&eve, &link, None).await.refuses(422, "password_required");
    confirm(&app.visitor(), &link, None).await.refuses(422, "password_required");
    assert_eq!(ada.get("/me").await.is(200).json()["user"]["email_verified"], false);
    confirm(&ada, &link, None).await.is(204);
    assert_eq!(ada.get("/me").await.is(200).json()["user"]["email_verified"], true);
}

#[tokio::test]
async fn an_account_without_a_password_is_confirmed_by_whoever_is_signed_in_to_it() {
    let provider = OidcProvider::start(&["harbour"]).await;
    let app = app_with(vec![provider.configured("harbour")]).await;
    app.work().await;
    let ada = app.visitor();
    // The provider does not know whether the address is hers.
    sign_in(&ada, "harbour", "ada@example.com!").await.is(303);
    let link = token(&app, "ada@example.com", "confirm-email").await;
    confirm(&app.visitor(), &link, None).await.refuses(403, "sign_in_first");
    confirm(&app.visitor(), &link, Some(PASSWORD)).await.refuses(422, "password_wrong");
    confirm(&ada, &link, None).await.is(204);
}

#[tokio::test]
async fn a_confirmed_address_opens_nothing_where_a_provider_is_required_by_then() {
    let provider = OidcProvider::start(&["harbour"]).await;
    let smtp = SmtpServer::start().await;
    let settings = SmtpSettings { url: smtp.url.clone(), from: "m@memoreel.example".to_owned() };
    let sign_in_settings = with(vec![provider.configured("harbour")]);
    let app =
        TestApp::with(Options { smtp: Some(settings), sign_in: sign_in_settings, ..Options::default() })
            .await;
    app.work().await;
    let sign_up = async |email: &str| {
        let account = json!({ "email": email, "name": "Somebody", "password": PASSWORD });
        app.visitor().post("/users", &account).await.is(202);
        received_token(&app, &smtp, email).await
    };
    let ada = app.visitor();
    confirm(&ada, &sign_up("ada@example.com").await, Some(PASSWORD)).await.is(204);
    let ada = person_of(ada).await;
    let link = sign_up("bob@crew.example").await;
    organization_of(&app, &ada, "crew", "crew.example", json!({ "required_provider": "harbour" })).await;

    let bob = app.visitor();
    confirm(&bob, &link, Some(PASSWORD)).await.refuses(403, "provider_required");
    bob.get("/me").await.refuses(401, "unauthenticated");
    // It is confirmed all the same, so that the provider opens the account.
    sign_in(&bob, "harbour", "bob@crew.example").await.is(303);
    let me = bob.get("/me").await.is(200).json();
    assert_eq!(me["user"]["name"], "Somebody");
}

#[tokio::test]
async fn an_address_of_a_domain_that_requires_a_provider_ends_the_sessions_of_another_way() {
    let provider = OidcProvider::start(&["harbour"]).await;
    let app = app_with(vec![provider.configured("harbour")]).await;
    app.work().await;
    let (ada, bob) = (app.person("ada").await, confirmed(&app, "bob").await);
    organization_of(&app, &ada, "crew", "crew.example", json!({ "required_provider": "harbour" })).await;
    bob.put("/me/email", &to("bob@crew.example")).await.is(202);
    for address in [&bob.email, "bob@crew.example"] {
        let link = token(&app, address, "change-email").await;
        bob.get("/me").await.is(200);
        app.visitor().post("/email-changes/confirm", &json!({ "token": link })).await.is(200);
    }
    bob.get("/me").await.refuses(401, "unauthenticated");
    ada.get("/me").await.is(200);
    let by_provider = app.visitor();
    sign_in(&by_provider, "harbour", "bob@crew.example").await.is(303);
    let me = by_provider.get("/me").await.is(200).json();
    assert_eq!(me["user"]["id"], bob.user_id);
}
