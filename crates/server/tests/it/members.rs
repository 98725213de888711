//! Members: who may change whom, and that an organization always has an owner.

use crate::{
    app::TestApp,
    client::{Person, send},
    organizations::new_organization,
};
use chrono::TimeDelta;
use serde_json::{Value, json};

/// An organization with one person in each role.
struct Team {
    app: TestApp,
    id: String,
    owner: Person,
    admin: Person,
    member: Person,
    viewer: Person,
}

async fn team() -> Team {
    let app = TestApp::start().await;
    let owner = app.person("olga").await;
    let id = new_organization(&owner, "Harbour").await;
    let mut others = Vec::new();
    for (name, role) in [("adam", "admin"), ("mia", "member"), ("vera", "viewer")] {
        app.clock.advance(TimeDelta::seconds(1));
        let person = app.person(name).await;
        app.add_member(&id, &person, role).await;
        others.push(person);
    }
    let [admin, member, viewer] = <[Person; 3]>::try_from(others).unwrap();
    Team { app, id, owner, admin, member, viewer }
}

impl Team {
    async fn set_role(&self, by: &Person, of: &Person, role: &str) -> crate::client::Answer {
        by.ask(&self.id, "PATCH", &format!("/members/{}", of.user_id), json!({ "role": role })).await
    }

    async fn remove(&self, by: &Person, who: &Person) -> crate::client::Answer {
        by.ask(&self.id, "DELETE", &format!("/members/{}", who.user_id), Value::Null).await
    }

    async fn roles(&self) -> Vec<(String, String)> {
        let members = self.owner.ask(&self.id, "GET", "/members", Value::Null).await.is(200).json();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        members["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| (text(&row["name"]), text(&row["role"])))
            .collect()
    }
}

#[tokio::test]
async fn every_role_sees_the_members_page_by_page_oldest_first() {
    let team = team().await;
    for person in [&team.owner, &team.admin, &team.member, &team.viewer] {
        let first = person.ask(&team.id, "GET", "/members?limit=3", Value::Null).await.is(200).json();
        let path = format!("/members?limit=3&cursor={}", first["next_cursor"].as_str().unwrap());
        let second = person.ask(&team.id, "GET", &path, Value::Null).await.is(200).json();
        assert_eq!(second["next_cursor"], Value::Null);
        let members: Vec<&Value> =
            [&first, &second].iter().flat_map(|page| page["items"].as_array().unwrap()).collect();
        let names: Vec<&str> = members.iter().map(|member| member["name"].as_str().unwrap()).collect();
        assert_eq!(names, ["olga", "adam", "mia", "vera"]);
        for member in members {
            assert_eq!(member["is_me"], json!(member["user_id"] == person.user_id.as_str()));
        }
    }
    let members = team.owner.ask(&team.id, "GET", "/members", Value::Null).await.json();
    assert_eq!(
        members["items"][1],
        json!({ "user_id": team.admin.user_id, "name": "adam", "email": "adam@example.com", "role": "admin",
            "joined_at": "2026-03-01T12:00:01Z", "is_me": false })
    );
}

#[tokio::test]
async fn an_admin_changes_everybody_but_owners() {
    let team = team().await;
    let changed = team.set_role(&team.admin, &team.member, "admin").await.is(200).json();
    assert_eq!((&changed["role"], &changed["user_id"]), (&json!("admin"), &json!(team.member.user_id)));
    team.set_role(&team.admin, &team.member, "viewer").await.is(200);
    team.set_role(&team.admin, &team.member, "owner").await.refuses(403, "forbidden");
    team.set_role(&team.admin, &team.owner, "admin").await.refuses(403, "forbidden");
    team.set_role(&team.admin, &team.owner, "owner").await.refuses(403, "forbidden");
    team.remove(&team.admin, &team.owner).await.refuses(403, "forbidden");
    team.set_role(&team.admin, &team.viewer, "king").await.refuses(422, "body_invalid");
    // What holds is the role they have now, whatever they had.
    for other in [&team.member, &team.viewer] {
        team.set_role(other, &team.viewer, "admin").await.refuses(403, "forbidden");
        team.remove(other, &team.admin).await.refuses(403, "forbidden");
    }
    team.set_role(&team.owner, &team.member, "owner").await.is(200);
    team.set_role(&team.member, &team.owner, "member").await.is(200);
    let roles = team.roles().await;
    let roles: Vec<(&str, &str)> = roles.iter().map(|(name, role)| (name.as_str(), role.as_str())).collect();
    assert_eq!(roles, [("olga", "member"), ("adam", "admin"), ("mia", "owner"), ("vera", "viewer")]);
}

#[tokio::test]
async fn whoever_is_removed_or_leaves_is_out_with_their_keys_and_what_they_made_stays() {
    let team = team().await;
    let key =
        team.member.ask(&team.id, "POST", "/api-keys", json!({ "name": "Nightly" })).await.is(201).json();
    let program = async |path: &str| {
        send(team.app.visitor().request("GET", path).bearer_auth(key["secret"].as_str().unwrap())).await
    };
    program("/videos").await.is(200);
    let made =
        team.member.ask(&team.id, "POST", "/videos", json!({ "title": "Made by mia" })).await.is(201).json();
    team.remove(&team.admin, &team.member).await.is(204);
    program("/videos").await.refuses(401, "api_key_wrong");
    team.member.ask(&team.id, "GET", "/videos", Value::Null).await.refuses(404, "not_found");
    let path = format!("/videos/{}", made["id"].as_str().unwrap());
    let kept = team.owner.ask(&team.id, "GET", &path, Value::Null).await.is(200).json();
    assert_eq!(kept["title"], "Made by mia");
    team.remove(&team.admin, &team.member).await.refuses(404, "not_found");
    // Everybody may leave.
    team.remove(&team.viewer, &team.viewer).await.is(204);
    team.remove(&team.admin, &team.admin).await.is(204);
    assert_eq!(team.roles().await.len(), 1);
    // Their keys are gone, not only useless: who comes back starts without any.
    team.app.add_member(&team.id, &team.member, "member").await;
    program("/videos").await.refuses(401, "api_key_wrong");
    let keys = team.member.ask(&team.id, "GET", "/api-keys", Value::Null).await.is(200).json();
    assert_eq!(keys["items"], json!([]));
}

#[tokio::test]
async fn the_last_owner_stays() {
    let team = team().await;
    team.remove(&team.owner, &team.owner).await.refuses(409, "last_owner");
    team.set_role(&team.owner, &team.owner, "admin").await.refuses(409, "last_owner");
    team.set_role(&team.owner, &team.owner, "owner").await.is(200);
    team.set_role(&team.owner, &team.admin, "owner").await.is(200);
    team.remove(&team.owner, &team.owner).await.is(204);
    team.remove(&team.admin, &team.admin).await.refuses(409, "last_owner");
}

#[tokio::test]
async fn an_owner_whose_account_is_closed_does_not_count() {
    let team = team().await;
    team.set_role(&team.owner, &team.admin, "owner").await.is(200);
    sqlx::query("UPDATE users SET is_active = false WHERE email = 'adam@example.com'")
        .execute(&mut team.app.superuser().await)
        .await
        .unwrap();
    team.remove(&team.owner, &team.owner).await.refuses(409, "last_owner");
}

#[tokio::test]
async fn nobody_whose_account_is_closed_is_handed_an_organization() {
    let team = team().await;
    let wish = json!({ "email": team.admin.email, "password": crate::client::PASSWORD });
    team.admin.post("/me/erasure", &wish).await.is(200);
    let to = json!({ "user_id": team.admin.user_id });
    team.owner.ask(&team.id, "POST", "/organization/transfer", to).await.refuses(409, "last_owner");
    let organization = team.owner.ask(&team.id, "GET", "/organization", Value::Null).await.is(200).json();
    assert_eq!(organization["role"], "owner");
}

#[tokio::test]
async fn of_two_owners_who_go_at_once_one_stays() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.person("ada").await, app.person("bob").await);
    for round in 0..16 {
        let id = new_organization(&ada, &format!("Harbour {round}")).await;
        app.add_member(&id, &bob, "owner").await;
        let [hers, his] = [&ada, &bob].map(|person| format!("/members/{}", person.user_id));
        let (viewer, member) = (json!({ "role": "viewer" }), json!({ "role": "member" }));
        let answers = match round % 3 {
            // Both leave, both demote each other, one leaves while the other demotes themselves.
            0 => tokio::join!(
                ada.ask(&id, "DELETE", &hers, Value::Null),
                bob.ask(&id, "DELETE", &his, Value::Null)
            ),
            1 => tokio::join!(
                ada.ask(&id, "PATCH", &his, viewer.clone()),
                bob.ask(&id, "PATCH", &hers, viewer)
            ),
            _ => {
                tokio::join!(ada.ask(&id, "DELETE", &hers, Value::Null), bob.ask(&id, "PATCH", &his, member))
            }
        };
        let statuses = [answers.0.status, answers.1.status];
        assert_eq!(statuses.iter().filter(|status| **status < 300).count(), 1, "{round}: {statuses:?}");
        for answer in [answers.0, answers.1].into_iter().filter(|answer| answer.status >= 300) {
            // Whoever was demoted meanwhile may not demote any more.
            if round % 3 == 1 {
                answer.refuses(403, "forbidden")
            } else {
                answer.refuses(409, "last_owner")
            };
        }
        let owners: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM memberships WHERE organization_id = $1::uuid AND role = 'owner'",
        )
        .bind(id.parse::<uuid::Uuid>().unwrap())
        .fetch_one(&mut app.superuser().await)
        .await
        .unwrap();
        assert_eq!(owners, 1);
    }
}

#[tokio::test]
async fn the_person_of_a_personal_organization_stays_its_owner() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let bob = app.colleague(&ada, "bob", "owner").await;
    let hers = format!("/members/{}", ada.user_id);
    for person in [&ada, &bob] {
        person
            .ask(&ada.organization_id, "DELETE", &hers, Value::Null)
            .await
            .refuses(409, "organization_personal");
        person
            .ask(&ada.organization_id, "PATCH", &hers, json!({ "role": "admin" }))
            .await
            .refuses(409, "organization_personal");
    }
    let to_bob = json!({ "user_id": bob.user_id });
    ada.post("/organization/transfer", &to_bob).await.refuses(409, "organization_personal");
    // Others come and go as anywhere.
    ada.delete(&format!("/members/{}", bob.user_id)).await.is(204);
}

#[tokio::test]
async fn ownership_is_handed_over_in_one_step() {
    let team = team().await;
    let path = "/organization/transfer";
    let to = |person: &Person| json!({ "user_id": person.user_id });
    team.admin.ask(&team.id, "POST", path, to(&team.admin)).await.refuses(403, "forbidden");
    let stranger = team.app.person("stranger").await;
    team.owner.ask(&team.id, "POST", path, to(&stranger)).await.refuses(404, "not_found");
    let same = team.owner.ask(&team.id, "POST", path, to(&team.owner)).await.is(200).json();
    assert_eq!(same["role"], "owner");
    let seen = team.owner.ask(&team.id, "POST", path, to(&team.viewer)).await.is(200).json();
    assert_eq!((&seen["role"], &seen["member_count"]), (&json!("admin"), &json!(4)));
    let roles = team.roles().await;
    assert_eq!(roles[0], ("olga".to_owned(), "admin".to_owned()));
    assert_eq!(roles[3], ("vera".to_owned(), "owner".to_owned()));
    team.owner.ask(&team.id, "POST", path, to(&team.owner)).await.refuses(403, "forbidden");
}
