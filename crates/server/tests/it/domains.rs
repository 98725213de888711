//! Domains of organizations: whose they are, who joins by them, and who signs in through which provider.

use crate::{
    app::{Options, TestApp},
    authenticator::Authenticator,
    client::{Answer, Client, PASSWORD, Person},
    isolation::rows_of,
    name_server::NameServer,
    oidc::{OidcProvider, app_with, sign_in, with},
    organizations::new_organization,
};
use memoreel_identity::{end_overtaken_sessions, resume_organization, suspend_organization, verify_domain};
use memoreel_web::SignInSettings;
use serde_json::{Value, json};
use std::net::SocketAddr;
use tokio::{net::UdpSocket, sync::Notify};

async fn app_asking(server: SocketAddr) -> TestApp {
    let sign_in = SignInSettings { dns_server: Some(server), ..SignInSettings::default() };
    TestApp::with(Options { sign_in, ..Options::default() }).await
}

pub async fn add(person: &Person, organization_id: &str, domain: &str) -> Value {
    person.ask(organization_id, "POST", "/domains", json!({ "domain": domain })).await.is(201).json()
}

pub async fn check(person: &Person, organization_id: &str, domain: &Value) -> Answer {
    let path = format!("/domains/{}/verify", domain["id"].as_str().unwrap());
    person.ask(organization_id, "POST", &path, json!({})).await
}

/// An organization of ada's whose people have addresses of the domain.
pub async fn organization_of(
    app: &TestApp,
    ada: &Person,
    slug: &str,
    domain: &str,
    changes: Value,
) -> String {
    let id = new_organization(ada, slug).await;
    let added = add(ada, &id, domain).await;
    let path = format!("/domains/{}", added["id"].as_str().unwrap());
    ada.ask(&id, "PATCH", &path, changes).await.is(200);
    verify_domain(app.db(), &*app.app.clock, slug, domain).await.unwrap();
    id
}

/// What the person is in the organization.
async fn role_in(app: &TestApp, organization_id: &str, email: &str) -> Option<String> {
    sqlx::query_scalar(
        "SELECT m.role FROM memberships m JOIN users u ON u.id = m.user_id
         WHERE m.organization_id = $1::uuid AND u.email = $2",
    )
    .bind(organization_id)
    .bind(email)
    .fetch_optional(&mut app.superuser().await)
    .await
    .unwrap()
}

#[tokio::test]
async fn a_domain_is_verified_by_its_record_for_one_organization() {
    let names = NameServer::start().await;
    let app = app_asking(names.address).await;
    let (ada, bob) = (app.person("ada").await, app.person("bob").await);
    let (hers, his) = (new_organization(&ada, "Hers").await, new_organization(&bob, "His").await);
    let domain = add(&ada, &hers, " Harbour.EXAMPLE. ").await;
    assert_eq!(
        (&domain["domain"], &domain["record_name"], &domain["verified_at"], &domain["join_role"]),
        (&json!("harbour.example"), &json!("_memoreel.harbour.example"), &Value::Null, &json!("none"))
    );
    let claimed = add(&bob, &his, "harbour.example").await;
    ada.ask(&hers, "POST", "/domains", json!({ "domain": "harbour.example" }))
        .await
        .refuses(409, "domain_exists");

    check(&ada, &hers, &domain).await.refuses(409, "domain_unproved");
    // The record of another claim is none.
    names.set(&domain, &["v=spf1 -all", claimed["record_value"].as_str().unwrap()]);
    check(&ada, &hers, &domain).await.refuses(409, "domain_unproved");
    names.set(&domain, &["v=spf1 -all", domain["record_value"].as_str().unwrap()]);
    let verified = check(&ada, &hers, &domain).await.is(200).json();
    assert!(verified["verified_at"].is_string(), "{verified}");
    check(&ada, &hers, &domain).await.is(200);
    names.set(&domain, &[claimed["record_value"].as_str().unwrap()]);
    check(&bob, &his, &claimed).await.refuses(409, "domain_taken");
    let refused = verify_domain(app.db(), &*app.app.clock, "his", "harbour.example").await;
    assert!(matches!(refused, Err(memoreel_identity::IdentityError::DomainTaken)), "{refused:?}");

    let log = ada.ask(&hers, "GET", "/audit-log", Value::Null).await.is(200).json();
    let entries = log["items"].as_array().unwrap();
    let entry = entries.iter().find(|entry| entry["action"] == "domain.updated").expect("it is in the log");
    assert_eq!(entry["actor"]["id"], ada.user_id.as_str(), "{entry}");

    let path = format!("/domains/{}", domain["id"].as_str().unwrap());
    ada.ask(&hers, "DELETE", &path, Value::Null).await.is(204);
    check(&bob, &his, &claimed).await.is(200);
}

#[tokio::test]
async fn without_a_name_server_nothing_is_verified() {
    let silent = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let app = app_asking(silent.local_addr().unwrap()).await;
    let ada = app.person("ada").await;
    let domain = add(&ada, &ada.organization_id, "harbour.example").await;
    check(&ada, &ada.organization_id, &domain).await.refuses(503, "dns_unavailable");
}

#[tokio::test]
async fn what_is_no_domain_of_ones_own_is_refused() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    for (domain, code) in [
        ("harbour", "domain_shared"),
        ("co.uk", "domain_shared"),
        ("gmail.com", "domain_shared"),
        ("10.0.0.1", "domain_invalid"),
        ("ada@harbour.example", "domain_invalid"),
        ("har bour.example", "domain_invalid"),
        ("", "domain_invalid"),
    ] {
        ada.post("/domains", &json!({ "domain": domain })).await.refuses(422, code);
    }
    for number in 0..20 {
        add(&ada, &ada.organization_id, &format!("number-{number}.example")).await;
    }
    ada.post("/domains", &json!({ "domain": "one-more.example" })).await.refuses(409, "domains_full");
    let id = ada.get("/domains").await.is(200).json()["items"][0]["id"].as_str().unwrap().to_owned();
    let provider = json!({ "required_provider": "nowhere" });
    ada.patch(&format!("/domains/{id}"), &provider).await.refuses(422, "provider_unknown");
}

#[tokio::test]
async fn the_serving_role_verifies_no_domain() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    add(&ada, &ada.organization_id, "harbour.example").await;
    let caller = memoreel_kernel::Caller {
        organization_id: ada.organization_id.parse().unwrap(),
        user_id: Some(ada.user_id.parse().unwrap()),
        role: Some(memoreel_kernel::Role::Owner),
        actor: memoreel_kernel::Actor::Service,
    };
    let before = rows_of(&mut app.superuser().await, &ada.organization_id).await;
    for statement in [
        "UPDATE organization_domains SET verified_at = now()",
        "UPDATE organization_domains SET domain = 'other.example'",
        "INSERT INTO organization_domains (organization_id, domain, verification_token, verified_at)
         SELECT organization_id, 'other.example', 'x', now() FROM organization_domains",
    ] {
        let mut tx = app.db().tenant(&caller).await.unwrap();
        let refused = sqlx::query(statement).execute(&mut *tx).await.unwrap_err();
        let code = refused.as_database_error().and_then(|error| error.code()).unwrap().into_owned();
        assert_eq!(code, "42501", "{statement}");
    }
    assert_eq!(before, rows_of(&mut app.superuser().await, &ada.organization_id).await);
}

#[tokio::test]
async fn people_join_by_their_domain_once_their_address_is_known_to_be_theirs() {
    let provider = OidcProvider::start(&["harbour"]).await;
    let app = app_with(vec![provider.configured("harbour")]).await;
    app.work().await;
    let ada = app.person("ada").await;
    let id = organization_of(&app, &ada, "crew", "crew.example", json!({ "join_role": "member" })).await;
    let other = new_organization(&ada, "Other").await;
    let pending = add(&ada, &other, "below.crew.example").await;
    let path = format!("/domains/{}", pending["id"].as_str().unwrap());
    ada.ask(&other, "PATCH", &path, json!({ "join_role": "member" })).await.is(200);

    // By a mailed link.
    let sign_up = async |email: &str| {
        let client = app.visitor();
        let account = json!({ "email": email, "name": "Somebody", "password": PASSWORD });
        client.post("/users", &account).await.is(201);
        client
    };
    let bob = sign_up("Bob@CREW.example").await;
    assert_eq!(role_in(&app, &id, "Bob@CREW.example").await, None);
    let token = crate::accounts::token(&app, "Bob@CREW.example", "confirm-email").await;
    bob.post("/email-confirmations", &json!({ "token": token })).await.is(204);
    assert_eq!(role_in(&app, &id, "Bob@CREW.example").await.as_deref(), Some("member"));

    // By a provider that knows the address, and not by one that does not.
    let enter = async |account: &str| drop(sign_in(&app.visitor(), "harbour", account).await.is(303));
    enter("carol@crew.example").await;
    assert_eq!(role_in(&app, &id, "carol@crew.example").await.as_deref(), Some("member"));
    enter("dora@crew.example!").await;
    assert_eq!(role_in(&app, &id, "dora@crew.example").await, None);
    // Nobody of another domain, of one below, or of one that was not verified.
    for address in ["eve@notcrew.example", "eve@crew.example.org", "eve@below.crew.example"] {
        enter(address).await;
        assert_eq!((role_in(&app, &id, address).await, role_in(&app, &other, address).await), (None, None));
    }
    // Whoever has a role there keeps it.
    sqlx::query("UPDATE memberships SET role = 'admin' WHERE organization_id = $1::uuid AND role = 'member'")
        .bind(&id)
        .execute(&mut app.superuser().await)
        .await
        .unwrap();
    enter("carol@crew.example").await;
    assert_eq!(role_in(&app, &id, "carol@crew.example").await.as_deref(), Some("admin"));
    // A suspended organization takes nobody in.
    memoreel_identity::suspend_organization(app.db(), "crew").await.unwrap();
    enter("fay@crew.example").await;
    assert_eq!(role_in(&app, &id, "fay@crew.example").await, None);
}

fn credentials(email: &str, password: &str) -> Value {
    json!({ "email": email, "password": password })
}

/// What was answered, without what differs from request to request.
fn told(answer: &Answer) -> (u16, Value) {
    let mut body = answer.json();
    body.as_object_mut().unwrap().remove("request_id");
    (answer.status, body)
}

async fn with_password(app: &TestApp, email: &str, password: &str) -> Answer {
    app.visitor().post("/sessions", &credentials(email, password)).await
}

#[tokio::test]
async fn where_a_provider_is_required_nothing_else_lets_people_in_or_tells_of_them() {
    let provider = OidcProvider::start(&["harbour", "lighthouse"]).await;
    let providers = vec![provider.configured("harbour"), provider.configured("lighthouse")];
    let app = app_with(providers).await;
    app.work().await;
    let sign_up = async |email: &str| -> Client {
        let client = app.visitor();
        let account = json!({ "email": email, "name": "Somebody", "password": PASSWORD });
        client.post("/users", &account).await.is(201);
        client
    };
    let bob = sign_up("bob@crew.example").await;
    let owner = sign_up("owner@crew.example").await;
    let reset_before = {
        bob.post("/password-resets", &json!({ "email": "bob@crew.example" })).await.is(202);
        crate::accounts::token(&app, "bob@crew.example", "reset-password").await
    };
    let ada = app.person("ada").await;
    let id = organization_of(&app, &ada, "crew", "crew.example", json!({})).await;
    sqlx::query(
        "INSERT INTO memberships (organization_id, user_id, role)
         SELECT $1::uuid, id, CASE email WHEN 'bob@crew.example' THEN 'admin' ELSE 'owner' END
         FROM users WHERE email LIKE '%@crew.example'",
    )
    .bind(&id)
    .execute(&mut app.superuser().await)
    .await
    .unwrap();
    with_password(&app, "bob@crew.example", PASSWORD).await.is(201);
    let domains = ada.ask(&id, "GET", "/domains", Value::Null).await.is(200).json();
    let path = format!("/domains/{}", domains["items"][0]["id"].as_str().unwrap());
    let (bobs_device, _) = Authenticator::of(&bob).await;
    let (owners_device, _) = Authenticator::of(&owner).await;
    let required = json!({ "required_provider": "harbour" });
    ada.ask(&id, "PATCH", &path, required).await.is(200);

    // Somebody, nobody, an owner with a wrong password: all the same.
    let refused = with_password(&app, "bob@crew.example", PASSWORD).await.refuses(403, "provider_required");
    assert!(refused.json()["detail"].as_str().unwrap().contains("The harbour"), "{}", refused.text());
    for (email, password) in
        [("bob@crew.example", "wrong"), ("nobody@crew.example", PASSWORD), ("owner@CREW.example", "wrong")]
    {
        let answer = with_password(&app, email, password).await;
        assert_eq!(told(&answer), told(&refused), "{email}");
    }
    // The owner gets in, and stays in; of the others' sessions none is left that could not be opened now.
    with_password(&app, "owner@crew.example", PASSWORD).await.is(201);
    bob.get("/me").await.refuses(401, "unauthenticated");
    owner.get("/me").await.is(200);

    // A passkey is no way around it.
    let refused_passkey = bobs_device.sign_in(&app.visitor()).await;
    assert_eq!(told(&refused_passkey), told(&refused));
    owners_device.sign_in(&app.visitor()).await.is(201);

    // Nor is a password set, or an account made.
    for email in ["bob@crew.example", "nobody@crew.example", "owner@crew.example"] {
        let answer = app.visitor().post("/password-resets", &json!({ "email": email })).await;
        assert_eq!(told(&answer), told(&refused), "{email}");
    }
    app.idle().await;
    let body = json!({ "token": reset_before, "password": "seven otters in the snow" });
    app.visitor().post("/password-resets/confirm", &body).await.refuses(403, "provider_required");
    let token = crate::accounts::token(&app, "owner@crew.example", "reset-password").await;
    let body = json!({ "token": token, "password": "seven otters in the snow" });
    app.visitor().post("/password-resets/confirm", &body).await.is(204);
    let account = json!({ "email": "new@crew.example", "name": "New", "password": PASSWORD });
    app.visitor().post("/users", &account).await.refuses(403, "provider_required");

    // Other people are none of its business, and another provider is not the one.
    with_password(&app, "ada@example.com", PASSWORD).await.is(201);
    with_password(&app, "ada@example.com", "wrong").await.refuses(401, "credentials_wrong");
    sign_in(&app.visitor(), "lighthouse", "new@crew.example").await.refuses(403, "provider_required");
    for account in ["bob@crew.example!", "nobody@crew.example!"] {
        let answer = sign_in(&app.visitor(), "lighthouse", account).await;
        assert_eq!(told(&answer), told(&refused), "{account}");
    }
    sign_in(&app.visitor(), "harbour", "new@crew.example").await.is(303);
    sign_in(&app.visitor(), "lighthouse", "second#new@crew.example").await.refuses(403, "provider_required");

    // The rule stands while the provider is not configured, and falls with the domain.
    let app = app.restart_with(|options| options.sign_in = with(Vec::new())).await;
    with_password(&app, "bob@crew.example", PASSWORD).await.refuses(403, "provider_required");
    let ada = app.signed_in(&ada).await;
    ada.ask(&id, "DELETE", &path, Value::Null).await.is(204);
    with_password(&app, "bob@crew.example", PASSWORD).await.is(201);
}

#[tokio::test]
async fn a_provider_that_is_required_ends_the_sessions_that_came_another_way() {
    let provider = OidcProvider::start(&["harbour", "lighthouse"]).await;
    let app = app_with(vec![provider.configured("harbour"), provider.configured("lighthouse")]).await;
    let ada = app.person("ada").await;
    let id = organization_of(&app, &ada, "crew", "crëw.example", json!({})).await;
    let domains = ada.ask(&id, "GET", "/domains", Value::Null).await.is(200).json();
    assert_eq!(domains["items"][0]["domain"], "xn--crw-kma.example");
    let path = format!("/domains/{}", domains["items"][0]["id"].as_str().unwrap());
    let through = async |provider: &str, email: &str| {
        let client = app.visitor();
        sign_in(&client, provider, email).await.is(303);
        client
    };
    let by_password = async |email: &str| {
        let client = app.visitor();
        let account = json!({ "email": email, "name": "Somebody", "password": PASSWORD });
        client.post("/users", &account).await.is(201);
        client
    };
    let is_in = async |client: &Client| client.get("/me").await.status == 200;
    // The domain as name servers write it, and as people do.
    let bob = by_password("bob@XN--crw-kma.example").await;
    let eve = by_password("eve@crëw.example").await;
    let fay = through("harbour", "fay@xn--crw-kma.example").await;
    let gus = through("lighthouse", "gus@xn--crw-kma.example").await;
    let admin = by_password("admin@xn--crw-kma.example").await;
    let owner = by_password("owner@xn--crw-kma.example").await;
    let stranger = by_password("stranger@below.xn--crw-kma.example").await;
    sqlx::query(
        "INSERT INTO memberships (organization_id, user_id, role)
         SELECT $1::uuid, id, split_part(email, '@', 1) FROM users WHERE email LIKE 'owner@%' OR email LIKE 'admin@%'",
    )
    .bind(&id)
    .execute(&mut app.superuser().await)
    .await
    .unwrap();

    // Who joins has nothing to do with it.
    ada.ask(&id, "PATCH", &path, json!({ "join_role": "viewer" })).await.is(200);
    assert!(is_in(&bob).await);
    // An owner of that domain who makes the change has signed in with a password, too, and stays.
    let required = json!({ "required_provider": "harbour" });
    let request = owner.request("PATCH", &path).header("memoreel-organization", &id).json(&required);
    let changed = crate::client::send(request).await.is(200).json();
    assert_eq!(changed["required_provider"], "harbour");
    for (name, client) in [("bob", &bob), ("eve", &eve), ("gus", &gus), ("admin", &admin)] {
        assert!(!is_in(client).await, "{name} could not come in like this any more");
    }
    for (name, client) in [("fay", &fay), ("owner", &owner), ("stranger", &stranger)] {
        assert!(is_in(client).await, "{name} could");
    }
    let log =
        ada.ask(&id, "GET", "/audit-log?action=domain.updated&limit=1", Value::Null).await.is(200).json();
    let entry = &log["items"][0];
    assert_eq!(entry["actor"]["name"], "Somebody", "{entry}");
    assert_eq!(entry["new"], json!({ "required_provider": "harbour" }), "{entry}");

    // Another provider ends what came through the first.
    ada.ask(&id, "PATCH", &path, json!({ "required_provider": "lighthouse" })).await.is(200);
    assert!(!is_in(&fay).await);
    let gus = through("lighthouse", "gus@xn--crw-kma.example").await;
    ada.ask(&id, "PATCH", &path, json!({ "required_provider": null })).await.is(200);
    assert!(is_in(&gus).await, "any way will do");
}

#[tokio::test]
async fn a_rule_that_waited_for_its_domain_to_be_verified_ends_sessions_then() {
    let provider = OidcProvider::start(&["harbour"]).await;
    let app = app_with(vec![provider.configured("harbour")]).await;
    let ada = app.person("ada").await;
    let id = new_organization(&ada, "crew").await;
    let domain = add(&ada, &id, "crew.example").await;
    let path = format!("/domains/{}", domain["id"].as_str().unwrap());
    let bob = app.visitor();
    let account = json!({ "email": "bob@crew.example", "name": "Bob", "password": PASSWORD });
    bob.post("/users", &account).await.is(201);
    ada.ask(&id, "PATCH", &path, json!({ "required_provider": "harbour" })).await.is(200);
    bob.get("/me").await.is(200);
    verify_domain(app.db(), &*app.app.clock, "crew", "crew.example").await.unwrap();
    bob.get("/me").await.refuses(401, "unauthenticated");
}

/// Ada's organization, whose domain's people sign in through the harbour, and bob of that domain, who owns it too and has signed in
/// with a password.
async fn crew_with_bob() -> (TestApp, OidcProvider, Person, String, Client) {
    let provider = OidcProvider::start(&["harbour"]).await;
    let app = app_with(vec![provider.configured("harbour")]).await;
    let ada = app.person("ada").await;
    let bob = app.visitor();
    let account = json!({ "email": "bob@crew.example", "name": "Bob", "password": PASSWORD });
    bob.post("/users", &account).await.is(201);
    let id = organization_of(&app, &ada, "crew", "crew.example", json!({})).await;
    sqlx::query(
        "WITH bob AS (UPDATE users SET email_verified_at = now() WHERE email = 'bob@crew.example' RETURNING id)
         INSERT INTO memberships (organization_id, user_id, role) SELECT $1::uuid, id, 'owner' FROM bob",
    )
    .bind(&id)
    .execute(&mut app.superuser().await)
    .await
    .unwrap();
    let domains = ada.ask(&id, "GET", "/domains", Value::Null).await.is(200).json();
    let path = format!("/domains/{}", domains["items"][0]["id"].as_str().unwrap());
    ada.ask(&id, "PATCH", &path, json!({ "required_provider": "harbour" })).await.is(200);
    bob.get("/me").await.is(200);
    (app, provider, ada, id, bob)
}

#[tokio::test]
async fn whoever_owns_the_organization_no_longer_is_out_unless_they_came_as_everybody_must() {
    let (app, _provider, ada, id, bob) = crew_with_bob().await;
    let through = app.visitor();
    sign_in(&through, "harbour", "bob@crew.example").await.is(303);
    let bobs_id = bob.get("/me").await.is(200).json()["user"]["id"].as_str().unwrap().to_owned();
    ada.ask(&id, "PATCH", &format!("/members/{bobs_id}"), json!({ "role": "admin" })).await.is(200);
    bob.get("/me").await.refuses(401, "unauthenticated");
    through.get("/me").await.is(200);

    // An owner again, who then leaves by themselves.
    ada.ask(&id, "PATCH", &format!("/members/{bobs_id}"), json!({ "role": "owner" })).await.is(200);
    let bob = app.visitor();
    let credentials = credentials("bob@crew.example", PASSWORD);
    bob.post("/sessions", &credentials).await.is(201);
    let leave = bob.request("DELETE", &format!("/members/{bobs_id}"));
    crate::client::send(leave.header("memoreel-organization", &id)).await.is(204);
    bob.get("/me").await.refuses(401, "unauthenticated");
}

#[tokio::test]
async fn an_organization_that_is_back_lets_nobody_stay_whom_it_would_not_let_in() {
    let (app, _provider, ada, id, _) = crew_with_bob().await;
    app.visitor()
        .post("/users", &json!({ "email": "eve@crew.example", "name": "Eve", "password": PASSWORD }))
        .await
        .refuses(403, "provider_required");
    let eve = async |app: &TestApp| {
        let eve = app.visitor();
        let account = json!({ "email": "eve@crew.example", "name": "Eve", "password": PASSWORD });
        if eve.post("/users", &account).await.status != 201 {
            eve.post("/sessions", &credentials("eve@crew.example", PASSWORD)).await.is(201);
        }
        eve
    };
    suspend_organization(app.db(), "crew").await.unwrap();
    let eve_meanwhile = eve(&app).await;
    eve_meanwhile.get("/me").await.is(200);
    resume_organization(app.db(), "crew").await.unwrap();
    eve_meanwhile.get("/me").await.refuses(401, "unauthenticated");

    ada.ask(&id, "DELETE", "/organization", json!({ "slug": "crew" })).await.is(204);
    let eve_meanwhile = eve(&app).await;
    eve_meanwhile.get("/me").await.is(200);
    ada.ask(&id, "POST", "/organization/restore", json!({})).await.is(200);
    eve_meanwhile.get("/me").await.refuses(401, "unauthenticated");
}

#[tokio::test]
async fn sessions_that_a_killed_server_left_end_with_the_next_maintenance() {
    let (app, _provider, _ada, id, bob) = crew_with_bob().await;
    // As if the server had ended between the two.
    sqlx::query(
        "UPDATE memberships SET role = 'admin' WHERE organization_id = $1::uuid
         AND user_id = (SELECT id FROM users WHERE email = 'bob@crew.example')",
    )
    .bind(&id)
    .execute(&mut app.superuser().await)
    .await
    .unwrap();
    bob.get("/me").await.is(200);
    end_overtaken_sessions(app.db()).await.unwrap();
    bob.get("/me").await.refuses(401, "unauthenticated");
}

#[tokio::test]
async fn nobody_slips_in_while_a_provider_becomes_required() {
    let (app, _provider, ada, id, _bob) = crew_with_bob().await;
    let domains = ada.ask(&id, "GET", "/domains", Value::Null).await.is(200).json();
    let path = format!("/domains/{}", domains["items"][0]["id"].as_str().unwrap());
    ada.ask(&id, "PATCH", &path, json!({ "required_provider": null })).await.is(200);
    let people: Vec<Value> =
        (0..6).map(|number| credentials(&format!("eve{number}@crew.example"), PASSWORD)).collect();
    for person in &people {
        let account = json!({ "email": person["email"], "name": "Eve", "password": PASSWORD });
        app.visitor().post("/users", &account).await.is(201);
    }
    let mut came_in = 0;
    for _ in 0..3 {
        let visitors: Vec<Client> = people.iter().map(|_| app.visitor()).collect();
        // While the others are on their way.
        let first = Notify::new();
        let sign_ins = visitors.iter().zip(&people).map(async |(visitor, person)| {
            let answer = visitor.post("/sessions", person).await;
            first.notify_one();
            answer
        });
        let require = async {
            first.notified().await;
            ada.ask(&id, "PATCH", &path, json!({ "required_provider": "harbour" })).await
        };
        let (answers, changed) = tokio::join!(futures::future::join_all(sign_ins), require);
        changed.is(200);
        for (visitor, answer) in visitors.iter().zip(answers) {
            assert!([201, 403].contains(&answer.status), "{}", answer.text());
            came_in += usize::from(answer.status == 201);
            visitor.get("/me").await.refuses(401, "unauthenticated");
        }
        ada.ask(&id, "PATCH", &path, json!({ "required_provider": null })).await.is(200);
    }
    println!("{came_in} of 18 came in before, and were out at once");
    assert!(came_in >= 3);
}
