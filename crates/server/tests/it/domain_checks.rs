//! Verified domains are looked at again.

use crate::{
    accounts::mails_to,
    app::{Options, TestApp},
    client::{PASSWORD, Person},
    domains::{add, check},
    name_server::NameServer,
    oidc::{OidcProvider, with},
    organizations::new_organization,
};
use chrono::TimeDelta;
use memoreel_identity::verify_domain;
use serde_json::{Value, json};

/// Ada's organization with a verified domain that requires a provider.
struct Crew {
    app: TestApp,
    names: NameServer,
    ada: Person,
    id: String,
    domain: Value,
    _provider: OidcProvider,
}

impl Crew {
    async fn new() -> Self {
        let (names, provider) = (NameServer::start().await, OidcProvider::start(&["harbour"]).await);
        let mut sign_in = with(vec![provider.configured("harbour")]);
        sign_in.dns_server = Some(names.address);
        let app = TestApp::with(Options { sign_in, ..Options::default() }).await;
        app.work().await;
        let ada = app.person("ada").await;
        let id = new_organization(&ada, "crew").await;
        let domain = add(&ada, &id, "crew.example").await;
        names.set(&domain, &[domain["record_value"].as_str().unwrap()]);
        check(&ada, &id, &domain).await.is(200);
        let path = format!("/domains/{}", domain["id"].as_str().unwrap());
        ada.ask(&id, "PATCH", &path, json!({ "required_provider": "harbour" })).await.is(200);
        Self { app, names, ada, id, domain, _provider: provider }
    }

    /// A day goes by.
    async fn day(&self) {
        self.app.clock.advance(TimeDelta::days(1));
        self.app.sweep().await;
        // Mails leave before the next day.
        self.app.idle().await;
    }

    async fn domain(&self) -> Value {
        // Whoever is away for weeks signs in again.
        let ada = self.app.signed_in(&self.ada).await;
        ada.ask(&self.id, "GET", "/domains", Value::Null).await.is(200).json()["items"][0].clone()
    }

    /// What the owner was told, newest first.
    async fn told(&self) -> Vec<String> {
        let mails = mails_to(&self.app, &self.ada.email).await;
        let subjects = mails.into_iter().map(|mail| mail.subject);
        subjects.filter(|subject| subject.contains("domain")).collect()
    }

    /// Whether somebody of the domain may sign up with a password.
    async fn is_free(&self, name: &str) -> bool {
        let email = format!("{name}@crew.example");
        let account = json!({ "email": email, "name": name, "password": PASSWORD });
        let answer = self.app.visitor().post("/users", &account).await;
        assert!(matches!(answer.status, 201 | 403), "{}", answer.text());
        answer.status == 201
    }
}

#[tokio::test]
async fn a_domain_whose_record_is_gone_for_a_week_is_verified_no_more() {
    let crew = Crew::new().await;
    for _ in 0..3 {
        crew.day().await;
    }
    assert_eq!(crew.domain().await["failing_since"], Value::Null);
    assert!(crew.told().await.is_empty() && !crew.is_free("bob").await);

    crew.names.forget(&crew.domain);
    // Not yet its turn.
    crew.app.clock.advance(TimeDelta::hours(23));
    crew.app.sweep().await;
    assert!(crew.told().await.is_empty());
    for day in 0..7 {
        crew.day().await;
        let domain = crew.domain().await;
        assert!(domain["failing_since"].is_string() && domain["verified_at"].is_string(), "{day}: {domain}");
        // Once more in an hour is no other look.
        crew.app.sweep().await;
        assert_eq!(crew.told().await, ["The record of a domain is missing"], "{day}");
    }
    assert!(!crew.is_free("bob").await, "the rule still stands");
    crew.day().await;
    let domain = crew.domain().await;
    assert_eq!((&domain["verified_at"], &domain["failing_since"]), (&Value::Null, &Value::Null));
    assert_eq!(crew.told().await, ["A domain is not verified any more", "The record of a domain is missing"]);
    let mail = mails_to(&crew.app, &crew.ada.email).await.remove(0);
    assert!(mail.text.contains("crew.example") && mail.text.contains("/settings/domains\n"), "{}", mail.text);
    assert!(crew.is_free("bob").await, "nobody's rule stands for it");
    let ada = crew.app.signed_in(&crew.ada).await;
    let log = ada.ask(&crew.id, "GET", "/audit-log?action=domain.updated&limit=1", Value::Null).await.json();
    let entry = &log["items"][0];
    assert_eq!(
        (&entry["actor"]["kind"], &entry["new"]["verified_at"]),
        (&json!("system"), &Value::Null),
        "{entry}"
    );
    assert!(entry["old"]["verified_at"].is_string(), "{entry}");

    // Somebody else may show that it is theirs; so may she, again.
    crew.day().await;
    assert_eq!(crew.told().await.len(), 2, "it is looked at no more");
    crew.names.set(&crew.domain, &[crew.domain["record_value"].as_str().unwrap()]);
    let verified = check(&ada, &crew.id, &crew.domain).await.is(200).json();
    assert_eq!(
        (&verified["failing_since"], &verified["required_provider"]),
        (&Value::Null, &json!("harbour"))
    );
    assert!(!crew.is_free("eve").await);
}

#[tokio::test]
async fn a_record_that_comes_back_or_cannot_be_asked_for_changes_nothing() {
    let crew = Crew::new().await;
    let texts = [crew.domain["record_value"].as_str().unwrap()];
    // Six days without it, twice, are not a week.
    for round in 1..=2 {
        crew.names.forget(&crew.domain);
        for _ in 0..6 {
            crew.day().await;
        }
        crew.names.set(&crew.domain, &texts);
        crew.day().await;
        let domain = crew.domain().await;
        assert_eq!((domain["verified_at"].is_string(), &domain["failing_since"]), (true, &Value::Null));
        assert_eq!(crew.told().await.len(), round, "each time it begins to be missing");
    }
    // A server that was off does not make up for days at which nobody looked.
    crew.names.set(&crew.domain, &["v=spf1 -all"]);
    crew.day().await;
    crew.app.clock.advance(TimeDelta::days(20));
    crew.app.sweep().await;
    assert!(crew.domain().await["verified_at"].is_string(), "missed twice, not three times");
    crew.day().await;
    assert_eq!(crew.domain().await["verified_at"], Value::Null);
}

#[tokio::test]
async fn what_the_operator_verified_and_what_no_name_server_says_is_not_taken_away() {
    let crew = Crew::new().await;
    let other = new_organization(&crew.ada, "other").await;
    let kept = add(&crew.ada, &other, "kept.example").await;
    verify_domain(crew.app.db(), &*crew.app.app.clock, "other", "kept.example").await.unwrap();
    // A record is not what it was verified by, and does not become it.
    crew.names.set(&kept, &[kept["record_value"].as_str().unwrap()]);
    check(&crew.ada, &other, &kept).await.is(200);
    crew.names.forget(&kept);
    for _ in 0..9 {
        crew.day().await;
    }
    let ada = crew.app.signed_in(&crew.ada).await;
    let domains = ada.ask(&other, "GET", "/domains", Value::Null).await.is(200).json();
    assert!(domains["items"][0]["verified_at"].is_string(), "{domains}");

    let Crew { app, id, ada, .. } = crew;
    let silent = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = silent.local_addr().unwrap();
    let app = app.restart_with(|options| options.sign_in.dns_server = Some(address)).await;
    app.clock.advance(TimeDelta::days(8));
    app.sweep().await;
    let ada = app.signed_in(&ada).await;
    let domain = ada.ask(&id, "GET", "/domains", Value::Null).await.is(200).json()["items"][0].clone();
    assert!(domain["verified_at"].is_string() && domain["failing_since"].is_null(), "{domain}");
}
