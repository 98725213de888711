//! API keys that are made on the server's machine, beside a server that runs.

use crate::{
    client::{Client, PASSWORD, send},
    process::Installation,
};
use chrono::{DateTime, TimeDelta, Utc};
use memoreel_kernel::{Clock, SystemClock};
use serde_json::json;

/// What a key may do: where, as what, and until when.
type Key = (String, Option<String>, Option<DateTime<Utc>>);

/// Runs `memoreel user key` for somebody; what it prints, and whether it made one.
fn make(installation: &Installation, email: &str, arguments: &[&str]) -> Result<String, String> {
    let ran = installation.run(&["user", "key", "--email", email]).args(arguments).output().unwrap();
    let said = [ran.stdout, ran.stderr].concat();
    let said = String::from_utf8(said).unwrap();
    if !ran.status.success() {
        return Err(said);
    }
    let line = said.lines().find_map(|line| line.strip_prefix("API key (shown once): "));
    Ok(line.unwrap().to_owned())
}

async fn key_called(installation: &Installation, name: &str) -> Key {
    sqlx::query_as(
        "SELECT o.slug, k.role, k.expires_at FROM api_keys k JOIN organizations o ON o.id = k.organization_id WHERE k.name = $1",
    )
    .bind(name)
    .fetch_one(&mut installation.database().await)
    .await
    .unwrap()
}

#[tokio::test]
async fn a_key_made_on_the_machine_is_as_narrow_as_was_said_and_no_wider_than_its_owner() {
    let installation = Installation::new();
    let _server = installation.start().await;
    let sign_up = async |name: &str| {
        let client = Client::new(&installation.url());
        let account = json!({ "email": format!("{name}@example.com"), "name": name, "password": PASSWORD });
        client.post("/users", &account).await.is(201);
        client
    };
    let (ada, _bob) = (sign_up("ada").await, sign_up("bob").await);
    let harbour = ada.post("/organizations", &json!({ "name": "Harbour" })).await.is(201).json();
    let (harbour_id, slug) = (harbour["id"].as_str().unwrap(), harbour["slug"].as_str().unwrap());

    let narrow = ["--organization", slug, "--role", "viewer", "--expires-in-days", "30", "--name", "Reads"];
    let reads = make(&installation, "ada@example.com", &narrow).unwrap();
    let (organization, role, ends) = key_called(&installation, "Reads").await;
    assert_eq!((organization.as_str(), role.as_deref()), (slug, Some("viewer")));
    let left = ends.unwrap() - SystemClock.now();
    assert!(left > TimeDelta::days(29) && left <= TimeDelta::days(30), "{left}");
    let with_key = Client::new(&installation.url());
    let ask = async |method: &str, path: &str| {
        send(with_key.request(method, path).bearer_auth(&reads).json(&json!({ "name": "Talks" }))).await
    };
    assert_eq!(ask("GET", "/organization").await.is(200).json()["id"], harbour_id);
    ask("POST", "/channels").await.is(403);

    // What the command line of the machine has is not replaced by a key for somebody else.
    let kept = || std::fs::read_to_string(installation.data().join("cli.json")).unwrap();
    assert!(kept().contains(&reads));

    let by_id = ["--organization", harbour_id, "--expires-at", "2099-03-01T00:00:00Z", "--name", "Works"];
    make(&installation, "ada@example.com", &by_id).unwrap();
    let ends = "2099-03-01T00:00:00Z".parse().unwrap();
    assert_eq!(key_called(&installation, "Works").await, (slug.to_owned(), None, Some(ends)));
    assert!(kept().contains(&reads));
    let everything = make(&installation, "ada@example.com", &["--name", "Everything", "--keep"]).unwrap();
    assert!(kept().contains(&everything));
    let (organization, role, ends) = key_called(&installation, "Everything").await;
    assert!(organization != slug && role.is_none() && ends.is_none());

    // Bob only looks.
    sqlx::query(
        "INSERT INTO memberships (organization_id, user_id, role)
         SELECT $1::uuid, id, 'viewer' FROM users WHERE email = 'bob@example.com'",
    )
    .bind(harbour_id)
    .execute(&mut installation.database().await)
    .await
    .unwrap();
    make(&installation, "bob@example.com", &["--organization", slug, "--role", "viewer"]).unwrap();
    let refused = |email: &str, arguments: &[&str], sentence: &str| {
        let said = make(&installation, email, arguments).unwrap_err();
        assert!(said.contains(sentence) && !said.contains("mrl_"), "{arguments:?}: {said}");
    };
    let too_high = "a key cannot do more than you may do in this organization";
    refused("bob@example.com", &["--organization", slug, "--role", "admin"], too_high);
    let no_member = "no key can be made for ada@example.com in lighthouse";
    refused("ada@example.com", &["--organization", "lighthouse"], no_member);
    refused("ada@example.com", &["--expires-at", "2020-01-01T00:00:00Z"], "a key has to end in the future");
    refused("ada@example.com", &["--expires-at", "tomorrow"], "a time with its zone is needed");
    refused("ada@example.com", &["--expires-in-days", "0"], "0 is not in 1..=36500");
    refused("ada@example.com", &["--role", "captain"], "there are viewer, member, admin, owner");
    let both = ["--expires-in-days", "1", "--expires-at", "2099-01-01T00:00:00Z"];
    refused("ada@example.com", &both, "cannot be used with");
    let personal = sqlx::query_scalar::<_, String>(
        "SELECT slug FROM organizations o JOIN users u ON u.id = o.personal_owner_id WHERE u.email = 'bob@example.com'",
    );
    let personal = personal.fetch_one(&mut installation.database().await).await.unwrap();
    refused("ada@example.com", &["--organization", &personal], "with this user as a member");
    let suspended = installation.run(&["organization", "suspend", slug]).output().unwrap();
    assert!(suspended.status.success());
    refused("ada@example.com", &["--organization", slug], "no key can be made");
}
