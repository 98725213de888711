//! People learn by mail what was changed about how their account is entered.

use crate::{
    accounts::{mails_to, token},
    app::TestApp,
    authenticator::Authenticator,
    client::{PASSWORD, Person, send},
    oidc::{OidcProvider, app_with, begin, sign_in, visit},
    second_factor,
};
use chrono::TimeDelta;
use serde_json::json;

/// Reads a person's mails as they come.
struct Reader<'a> {
    app: &'a TestApp,
    person: &'a Person,
    seen: usize,
}

impl Reader<'_> {
    /// The subjects of what came since the last look, newest first. Then time goes on, so that mails have an order.
    async fn told(&mut self) -> Vec<String> {
        let mails = mails_to(self.app, &self.person.email).await;
        let new = mails.len() - self.seen;
        self.seen = mails.len();
        self.app.clock.advance(TimeDelta::seconds(1));
        mails.into_iter().take(new).map(|mail| mail.subject).collect()
    }
}

#[tokio::test]
async fn whoever_owns_an_account_is_told_what_opens_it_and_what_does_not_any_more() {
    let provider = OidcProvider::start(&["harbour"]).await;
    let app = app_with(vec![provider.configured("harbour")]).await;
    app.work().await;
    let ada = app.person("ada").await;
    let link = token(&app, &ada.email, "confirm-email").await;
    ada.post("/email-confirmations", &json!({ "token": link })).await.is(204);
    let mut reader = Reader { app: &app, person: &ada, seen: 0 };
    assert_eq!(reader.told().await, ["Confirm your e-mail address"]);

    let (_, passkey) = Authenticator::of(&ada).await;
    assert_eq!(reader.told().await, ["A passkey was added to your account"]);
    let mail = mails_to(&app, &ada.email).await.remove(0);
    assert!(mail.text.contains("“Laptop”") && mail.text.contains("/settings/security\n"), "{}", mail.text);
    assert!(!mail.text.contains('#'), "a notice opens nothing: {}", mail.text);
    send(ada.request("DELETE", &format!("/passkeys/{passkey}")).json(&json!({}))).await.is(204);
    assert_eq!(reader.told().await, ["A passkey was removed from your account"]);

    let password = json!({ "password": PASSWORD });
    send(ada.request("DELETE", "/me/totp").json(&password)).await.is(204);
    assert!(reader.told().await.is_empty(), "there was none");
    let (_, codes) = second_factor::enable(&app, &ada).await;
    assert_eq!(reader.told().await, ["Signing in asks for a code now"]);
    ada.post("/me/totp/recovery-codes", &json!({ "password": "wrong" })).await.refuses(422, "password_wrong");
    assert!(reader.told().await.is_empty(), "nothing happened");
    ada.post("/me/totp/recovery-codes", &password).await.is(200);
    assert_eq!(reader.told().await, ["Your recovery codes were replaced"]);
    let mails = mails_to(&app, &ada.email).await;
    assert!(mails.iter().all(|mail| codes.iter().all(|code| !mail.text.contains(code.as_str()))));
    send(ada.request("DELETE", "/me/totp").json(&password)).await.is(204);
    assert_eq!(reader.told().await, ["Signing in asks for no code any more"]);

    let link = json!({ "link": true, "password": PASSWORD });
    for subjects in [&["Another way to sign in to your account"][..], &[]] {
        let url = begin(&ada, "harbour", &link).await;
        ada.get(&visit(&url, "captain#captain@harbour.example").await).await.is(303);
        assert_eq!(reader.told().await, subjects);
    }
    let mail = mails_to(&app, &ada.email).await.remove(0);
    assert!(mail.text.contains("through The harbour."), "{}", mail.text);
    let identities = ada.get("/identities").await.is(200).json();
    ada.delete(&format!("/identities/{}", identities["items"][0]["id"].as_str().unwrap())).await.is(204);
    assert_eq!(reader.told().await, ["A way to sign in to your account is gone"]);
    // Linked by the address alone, since both sides know whose it is.
    sign_in(&app.visitor(), "harbour", &ada.email).await.is(303);
    assert_eq!(reader.told().await, ["Another way to sign in to your account"]);
    sign_in(&app.visitor(), "harbour", &ada.email).await.is(303);
    assert!(reader.told().await.is_empty(), "that is nothing new");

    let change = json!({ "current_password": PASSWORD, "new_password": "seven otters in the snow" });
    ada.put("/me/password", &change).await.is(204);
    assert_eq!(reader.told().await, ["Your password was changed"]);
    app.visitor().post("/password-resets", &json!({ "email": ada.email })).await.is(202);
    let link = token(&app, &ada.email, "reset-password").await;
    assert_eq!(reader.told().await, ["Choose a new password"]);
    let body = json!({ "token": link, "password": "nine blue umbrellas" });
    app.visitor().post("/password-resets/confirm", &body).await.is(204);
    assert_eq!(reader.told().await, ["Your password was changed"]);

    // Whoever only just made the account knows.
    sign_in(&app.visitor(), "harbour", "new@harbour.example").await.is(303);
    assert!(mails_to(&app, "new@harbour.example").await.is_empty());
}

#[tokio::test]
async fn a_mailbox_is_not_filled_with_notices() {
    let app = TestApp::start().await;
    app.work().await;
    let ada = app.person("ada").await;
    for _ in 0..7 {
        Authenticator::of(&ada).await;
    }
    let notices = mails_to(&app, &ada.email).await.len() - 1;
    assert_eq!(notices, 5);
    app.clock.advance(TimeDelta::minutes(61));
    let ada = app.signed_in(&ada).await;
    Authenticator::of(&ada).await;
    assert_eq!(mails_to(&app, &ada.email).await.len(), 7);
}

#[tokio::test]
async fn a_notice_leaves_though_the_address_changes_before_it_does() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    Authenticator::of(&ada).await;
    ada.put("/me/email", &json!({ "email": "ada@new.example", "password": PASSWORD })).await.is(202);
    app.work().await;
    let link = token(&app, "ada@new.example", "change-email").await;
    app.visitor().post("/email-changes/confirm", &json!({ "token": link })).await.is(200);
    let mails = mails_to(&app, &ada.email).await;
    assert!(mails.iter().any(|mail| mail.subject.contains("passkey was added")), "{mails:#?}");
}
