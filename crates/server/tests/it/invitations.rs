//! Invitations: sent to an address, answered with a token.

use crate::{
    accounts::{mails_to, token},
    app::{Options, PUBLIC_URL, TestApp},
    client::{Answer, Person, send},
    organizations::new_organization,
};
use chrono::TimeDelta;
use memoreel_identity::suspend_organization;
use serde_json::{Value, json};

/// An organization and what its invitations are asked with.
struct House {
    app: TestApp,
    id: String,
    owner: Person,
}

impl House {
    async fn new() -> Self {
        let app = TestApp::start().await;
        let owner = app.person("olga").await;
        let id = new_organization(&owner, "Harbour").await;
        Self { app, id, owner }
    }

    async fn invite(&self, by: &Person, email: &str, role: &str) -> Answer {
        by.ask(&self.id, "POST", "/invitations", json!({ "email": email, "role": role })).await
    }

    async fn resend(&self, by: &Person, invitation: &Value) -> Answer {
        let path = format!("/invitations/{}/resend", invitation["id"].as_str().unwrap());
        by.ask(&self.id, "POST", &path, Value::Null).await
    }

    async fn revoke(&self, by: &Person, invitation: &Value) -> Answer {
        let path = format!("/invitations/{}", invitation["id"].as_str().unwrap());
        by.ask(&self.id, "DELETE", &path, Value::Null).await
    }

    async fn listed(&self) -> Vec<(String, String)> {
        let page = self.owner.ask(&self.id, "GET", "/invitations", Value::Null).await.is(200).json();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        page["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| (text(&row["email"]), text(&row["status"])))
            .collect()
    }

    async fn look_up(&self, token: &Value) -> Answer {
        self.app.visitor().post("/invitations/lookup", token).await
    }
}

/// The body with the token of a link.
fn token_of(issued: &Value) -> Value {
    let link = issued["link"].as_str().unwrap();
    let token = link.strip_prefix(&format!("{PUBLIC_URL}/invitation#")).unwrap();
    assert_eq!(token.len(), 43);
    json!({ "token": token })
}

#[tokio::test]
async fn whoever_is_invited_sees_into_what_and_becomes_a_member() {
    let house = House::new().await;
    let grace = house.app.person("grace").await;
    let answer = house.invite(&house.owner, " Grace@Example.com ", "member").await.is(201);
    assert_eq!(answer.header("cache-control"), "no-store");
    let issued = answer.json();
    assert_eq!(
        issued,
        json!({ "id": issued["id"], "email": "Grace@Example.com", "role": "member", "status": "pending",
            "invited_by_name": "olga", "created_at": "2026-03-01T12:00:00Z", "expires_at": "2026-03-08T12:00:00Z",
            "link": issued["link"] })
    );
    let token = token_of(&issued);
    assert_eq!(
        house.look_up(&token).await.is(200).json(),
        json!({ "organization_name": "Harbour", "email": "Grace@Example.com", "role": "member",
            "invited_by_name": "olga", "expires_at": "2026-03-08T12:00:00Z", "status": "pending" })
    );
    let joined = grace.post("/invitations/accept", &token).await.is(200).json();
    assert_eq!(
        joined,
        json!({ "id": house.id, "name": "Harbour", "slug": "harbour", "status": "active", "role": "member",
            "is_personal": false })
    );
    grace.ask(&house.id, "POST", "/channels", json!({ "name": "Board" })).await.is(201);
    grace.ask(&house.id, "GET", "/invitations", Value::Null).await.refuses(403, "forbidden");
    assert_eq!(house.listed().await, [("Grace@Example.com".to_owned(), "accepted".to_owned())]);
    assert_eq!(house.look_up(&token).await.is(200).json()["status"], "accepted");
    grace.post("/invitations/accept", &token).await.refuses(409, "invitation_closed");
    house.app.visitor().post("/invitations/decline", &token).await.refuses(409, "invitation_closed");
}

#[tokio::test]
async fn a_token_that_was_found_by_somebody_else_opens_nothing() {
    let house = House::new().await;
    let (grace, eve) = (house.app.person("grace").await, house.app.person("eve").await);
    let token = token_of(&house.invite(&house.owner, "grace@example.com", "admin").await.is(201).json());
    eve.post("/invitations/accept", &token).await.refuses(403, "invitation_for_another");
    eve.ask(&house.id, "GET", "/videos", Value::Null).await.refuses(404, "not_found");
    house.app.visitor().post("/invitations/accept", &token).await.refuses(401, "unauthenticated");
    for unknown in ["", "x", &"A".repeat(43), &"é".repeat(43), "a\0b"] {
        let unknown = json!({ "token": unknown });
        house.look_up(&unknown).await.refuses(404, "not_found");
        grace.post("/invitations/accept", &unknown).await.refuses(404, "not_found");
        grace.post("/invitations/decline", &unknown).await.refuses(404, "not_found");
    }
    // A choice of organization that has become old keeps nobody from entering another.
    let accept = grace
        .request("POST", "/invitations/accept")
        .header("memoreel-organization", &eve.organization_id)
        .json(&token);
    send(accept).await.is(200);
}

#[tokio::test]
async fn an_invitation_raises_a_role_and_never_lowers_one() {
    let house = House::new().await;
    let grace = house.app.person("grace").await;
    let first = token_of(&house.invite(&house.owner, "grace@example.com", "viewer").await.is(201).json());
    // A member by the time they answer.
    house.app.add_member(&house.id, &grace, "member").await;
    let joined = grace.post("/invitations/accept", &first).await.is(200).json();
    assert_eq!(joined["role"], "member");
    house.invite(&house.owner, "GRACE@example.com", "admin").await.refuses(409, "already_member");

    let path = format!("/members/{}", grace.user_id);
    house.owner.ask(&house.id, "DELETE", &path, Value::Null).await.is(204);
    let second = token_of(&house.invite(&house.owner, "grace@example.com", "admin").await.is(201).json());
    house.app.add_member(&house.id, &grace, "viewer").await;
    assert_eq!(grace.post("/invitations/accept", &second).await.is(200).json()["role"], "admin");
}

#[tokio::test]
async fn an_admin_invites_everybody_but_owners() {
    let house = House::new().await;
    let (adam, mia) = (house.app.person("adam").await, house.app.person("mia").await);
    house.app.add_member(&house.id, &adam, "admin").await;
    house.app.add_member(&house.id, &mia, "member").await;
    let by_adam = house.invite(&adam, "grace@example.com", "admin").await.is(201).json();
    house.invite(&adam, "eve@example.com", "owner").await.refuses(403, "forbidden");
    house.invite(&mia, "eve@example.com", "viewer").await.refuses(403, "forbidden");
    let by_owner = house.invite(&house.owner, "eve@example.com", "owner").await.is(201).json();
    house.resend(&adam, &by_owner).await.refuses(403, "forbidden");
    house.resend(&adam, &by_adam).await.is(200);
    house.revoke(&mia, &by_adam).await.refuses(403, "forbidden");
    house.revoke(&adam, &by_owner).await.is(204);
    for (email, role, code) in
        [("no address", "member", "email_invalid"), ("eve@example.com", "king", "body_invalid")]
    {
        house.invite(&adam, email, role).await.refuses(422, code);
    }
}

#[tokio::test]
async fn one_invitation_waits_for_each_address_and_only_the_newest_link_works() {
    let house = House::new().await;
    let grace = house.app.person("grace").await;
    let first = house.invite(&house.owner, "grace@example.com", "viewer").await.is(201).json();
    house.app.clock.advance(TimeDelta::seconds(1));
    let second = house.invite(&house.owner, "Grace@example.com", "member").await.is(201).json();
    assert_eq!(
        house.listed().await,
        [
            ("Grace@example.com".to_owned(), "pending".to_owned()),
            ("grace@example.com".to_owned(), "revoked".to_owned())
        ]
    );
    grace.post("/invitations/accept", &token_of(&first)).await.refuses(409, "invitation_closed");
    house.app.clock.advance(TimeDelta::seconds(1));
    let renewed = house.resend(&house.owner, &second).await.is(200);
    assert_eq!(renewed.header("cache-control"), "no-store");
    let renewed = renewed.json();
    assert_eq!((&renewed["id"], &renewed["expires_at"]), (&second["id"], &json!("2026-03-08T12:00:02Z")));
    grace.post("/invitations/accept", &token_of(&second)).await.refuses(404, "not_found");
    house.resend(&house.owner, &first).await.refuses(409, "invitation_closed");
    house.revoke(&house.owner, &first).await.refuses(409, "invitation_closed");
    grace.post("/invitations/accept", &token_of(&renewed)).await.is(200);
    house.resend(&house.owner, &renewed).await.refuses(409, "invitation_closed");
}

#[tokio::test]
async fn what_is_declined_or_revoked_stays_so() {
    let house = House::new().await;
    let grace = house.app.person("grace").await;
    let declined = house.invite(&house.owner, "grace@example.com", "viewer").await.is(201).json();
    house.app.visitor().post("/invitations/decline", &token_of(&declined)).await.is(204);
    assert_eq!(house.look_up(&token_of(&declined)).await.is(200).json()["status"], "declined");
    grace.post("/invitations/accept", &token_of(&declined)).await.refuses(409, "invitation_closed");
    house.resend(&house.owner, &declined).await.refuses(409, "invitation_closed");

    let revoked = house.invite(&house.owner, "grace@example.com", "viewer").await.is(201).json();
    house.revoke(&house.owner, &revoked).await.is(204);
    grace.post("/invitations/accept", &token_of(&revoked)).await.refuses(409, "invitation_closed");
    grace.ask(&house.id, "GET", "/videos", Value::Null).await.refuses(404, "not_found");
}

#[tokio::test]
async fn an_invitation_ends_after_seven_days_and_can_be_renewed() {
    let house = House::new().await;
    let grace = house.app.person("grace").await;
    let issued = house.invite(&house.owner, "grace@example.com", "viewer").await.is(201).json();
    house.app.clock.advance(TimeDelta::days(7));
    let expired = [("grace@example.com".to_owned(), "expired".to_owned())];
    assert_eq!(house.listed().await, expired);
    assert_eq!(house.look_up(&token_of(&issued)).await.is(200).json()["status"], "expired");
    grace.post("/invitations/accept", &token_of(&issued)).await.refuses(409, "invitation_closed");

    let kept = async || -> String {
        let mut connection = house.app.superuser().await;
        let status = sqlx::query_scalar("SELECT status FROM organization_invitations");
        status.fetch_one(&mut connection).await.unwrap()
    };
    assert_eq!(kept().await, "pending");
    let mut tx = house.app.db().system(memoreel_db::SystemReason::Maintain).await.unwrap();
    let removed = memoreel_identity::remove_expired(&mut tx, house.app.now()).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!((removed.invitations, kept().await.as_str()), (1, "expired"));
    assert_eq!(house.listed().await, expired);

    // Another one may wait by then; renewing replaces it.
    house.invite(&house.owner, "grace@example.com", "member").await.is(201);
    let renewed = house.resend(&house.owner, &issued).await.is(200).json();
    let statuses: Vec<String> = house.listed().await.into_iter().map(|(_, status)| status).collect();
    assert_eq!(statuses, ["revoked", "pending"]);
    assert_eq!(grace.post("/invitations/accept", &token_of(&renewed)).await.is(200).json()["role"], "viewer");
}

#[tokio::test]
async fn nobody_enters_an_organization_that_is_not_at_work() {
    let house = House::new().await;
    let grace = house.app.person("grace").await;
    let token = token_of(&house.invite(&house.owner, "grace@example.com", "viewer").await.is(201).json());
    suspend_organization(house.app.db(), "harbour").await.unwrap();
    assert_eq!(house.look_up(&token).await.is(200).json()["status"], "revoked");
    grace.post("/invitations/accept", &token).await.refuses(409, "invitation_closed");
    memoreel_identity::resume_organization(house.app.db(), "harbour").await.unwrap();
    grace.post("/invitations/accept", &token).await.is(200);
}

#[tokio::test]
async fn so_many_invitations_may_wait_and_those_that_ended_do_not_count() {
    let house = House::new().await;
    let mut first = Value::Null;
    for number in 0..100 {
        first = house.invite(&house.owner, &format!("p{number}@example.com"), "viewer").await.is(201).json();
    }
    house.invite(&house.owner, "another@example.com", "viewer").await.refuses(409, "invitations_full");
    // Renewing and replacing adds none.
    house.resend(&house.owner, &first).await.is(200);
    house.invite(&house.owner, "p1@example.com", "member").await.is(201);
    house.app.clock.advance(TimeDelta::days(7));
    house.invite(&house.owner, "another@example.com", "viewer").await.is(201);
}

#[tokio::test]
async fn strangers_are_mailed_no_more_often_than_they_can_bear() {
    let house = House::new().await;
    let invite = async |email: &str| house.invite(&house.owner, email, "viewer").await;
    let revoked = async |issued: &Value| house.revoke(&house.owner, issued).await.is(204);
    // Three mails to one address, whatever became of the invitations.
    for _ in 0..2 {
        let issued = invite("grace@example.com").await.is(201).json();
        revoked(&issued).await;
    }
    let third = invite("Grace@example.com").await.is(201).json();
    let refused = invite("grace@example.com").await.refuses(429, "mails_full");
    assert_eq!(refused.header("retry-after"), "3600");
    house.resend(&house.owner, &third).await.refuses(429, "mails_full");
    assert_eq!(house.listed().await.iter().filter(|(_, status)| status == "pending").count(), 1);

    // And so many in all.
    for number in 0..117 {
        let issued = invite(&format!("p{number}@example.com")).await.is(201).json();
        revoked(&issued).await;
    }
    invite("another@example.com").await.refuses(429, "mails_full");
    house.app.clock.advance(TimeDelta::minutes(61));
    invite("another@example.com").await.is(201);
    house.resend(&house.owner, &third).await.is(200);
}

#[tokio::test]
async fn the_same_invitation_accepted_twice_at_once_makes_one_member() {
    let house = House::new().await;
    let grace = house.app.person("grace").await;
    let token = token_of(&house.invite(&house.owner, "grace@example.com", "viewer").await.is(201).json());
    let answers =
        tokio::join!(grace.post("/invitations/accept", &token), grace.post("/invitations/accept", &token));
    let mut statuses = [answers.0.status, answers.1.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409]);
    let organization = house.owner.ask(&house.id, "GET", "/organization", Value::Null).await.json();
    assert_eq!(organization["member_count"], 2);
}

#[tokio::test]
async fn tokens_are_tried_no_faster_than_passwords() {
    let app = TestApp::with(Options { rate_limit_factor: 1, ..Options::default() }).await;
    let visitor = app.visitor();
    let token = json!({ "token": "A".repeat(43) });
    for _ in 0..5 {
        visitor.post("/invitations/lookup", &token).await.refuses(404, "not_found");
        visitor.post("/invitations/decline", &token).await.refuses(404, "not_found");
    }
    visitor.post("/invitations/lookup", &token).await.refuses(429, "rate_limited");
    visitor.post("/invitations/decline", &token).await.refuses(429, "rate_limited");
}

#[tokio::test]
async fn an_invitation_is_mailed_with_the_link_that_is_shown() {
    let house = House::new().await;
    house.app.work().await;
    let issued = house.invite(&house.owner, "grace@example.com", "admin").await.is(201).json();
    assert_eq!(
        json!({ "token": token(&house.app, "grace@example.com", "invitation").await }),
        token_of(&issued)
    );
    let mail = mails_to(&house.app, "grace@example.com").await.remove(0);
    assert_eq!(mail.subject, "olga invites you to Harbour");
    assert!(
        mail.text.contains("olga (olga@example.com) invites you to Harbour on Memoreel, as admin."),
        "{}",
        mail.text
    );

    house.app.clock.advance(TimeDelta::days(1));
    let renewed = house.resend(&house.owner, &issued).await.is(200).json();
    assert_eq!(
        json!({ "token": token(&house.app, "grace@example.com", "invitation").await }),
        token_of(&renewed)
    );
    assert_eq!(mails_to(&house.app, "grace@example.com").await.len(), 2);
}

#[tokio::test]
async fn what_was_taken_back_before_its_mail_left_is_not_mailed() {
    let house = House::new().await;
    let revoked = house.invite(&house.owner, "grace@example.com", "member").await.is(201).json();
    house.revoke(&house.owner, &revoked).await.is(204);
    // The newest of two that follow each other is the one that counts.
    let first = house.invite(&house.owner, "ada@example.com", "viewer").await.is(201).json();
    house.app.clock.advance(TimeDelta::seconds(1));
    let second = house.resend(&house.owner, &first).await.is(200).json();
    house.app.work().await;
    assert!(mails_to(&house.app, "grace@example.com").await.is_empty());
    assert_eq!(mails_to(&house.app, "ada@example.com").await.len(), 1);
    assert_eq!(
        json!({ "token": token(&house.app, "ada@example.com", "invitation").await }),
        token_of(&second)
    );
}

#[tokio::test]
async fn the_task_that_mails_an_invitation_holds_no_link() {
    let house = House::new().await;
    let issued = house.invite(&house.owner, "grace@example.com", "member").await.is(201).json();
    let mut superuser = house.app.superuser().await;
    let payload: String =
        sqlx::query_scalar("SELECT payload::text FROM tasks WHERE kind = 'send_invitation'")
            .fetch_one(&mut superuser)
            .await
            .unwrap();
    assert_eq!(payload, format!("{{\"invitation_id\": {}}}", issued["id"]));
}
