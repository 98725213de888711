//! Where messages do not go: to this machine and its network, however an address or a name leads there.

use super::{add, all_events, delivery_until, happen};
use crate::{
    app::{Options, TestApp},
    client::Person,
    name_server::NameServer,
    receiver::Receiver,
};
use memoreel_kernel::{Event, VideoId};
use memoreel_outbound::{AddressPolicy, OutboundSettings};
use serde_json::json;
use std::net::Ipv4Addr;

const ALLOWED: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 1);
const REFUSED: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);

#[tokio::test]
async fn an_address_of_this_machine_or_its_network_is_refused_when_it_is_entered() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let (id, _) = add(&ada, "https://example.com/hook", &["video.added"]).await;
    for (url, code) in [
        ("http://example.com/hook", "url_refused"),
        ("https://127.0.0.1/hook", "url_refused"),
        ("https://0x7f000001/hook", "url_refused"),
        ("https://169.254.169.254/latest/meta-data", "url_refused"),
        ("https://[::ffff:10.0.0.1]/hook", "url_refused"),
        ("https://localhost:5432/", "url_refused"),
        ("https://ada:secret@example.com/hook", "url_refused"),
        ("ftp://example.com/hook", "url_refused"),
        ("/hook", "url_invalid"),
        ("https://", "url_invalid"),
        ("https://example.com/hook#part", "url_invalid"),
    ] {
        let new = json!({ "url": url, "events": ["video.added"] });
        ada.post("/webhook-endpoints", &new).await.refuses(422, code);
        ada.patch(&format!("/webhook-endpoints/{id}"), &json!({ "url": url })).await.refuses(422, code);
    }
    let long = format!("https://example.com/{}", "x".repeat(2_048));
    let new = json!({ "url": long, "events": ["video.added"] });
    ada.post("/webhook-endpoints", &new).await.refuses(422, "url_invalid");
}

/// A server that may send to one address of this machine, and asks `names`.
async fn app_asking(names: &NameServer) -> TestApp {
    let policy = AddressPolicy { allowed: vec!["127.0.0.1/32".parse().unwrap()], plain_http: true };
    let outbound = OutboundSettings { policy, dns_server: Some(names.address) };
    let app = TestApp::with(Options { outbound, ..Options::default() }).await;
    app.deliver();
    app
}

async fn something_happens(app: &TestApp, person: &Person) {
    let video_id = VideoId(app.insert_video(person, "Sync").await);
    happen(app, person, &Event::VideoChanged { video_id }).await;
}

/// Two receivers on one port: one where messages may go, one where they may not.
async fn pair() -> (Receiver, Receiver) {
    loop {
        let good = Receiver::start().await;
        let port = good.address.port();
        if std::net::TcpListener::bind((REFUSED, port)).is_ok() {
            return (good, Receiver::at(REFUSED.into(), port).await);
        }
    }
}

#[tokio::test]
async fn a_name_that_leads_to_this_machine_is_refused_when_it_is_looked_up() {
    let names = NameServer::start().await;
    let app = app_asking(&names).await;
    let (_, trap) = pair().await;
    names.set_addresses("inside.example", &[&[REFUSED]]);
    let ada = app.person("ada").await;
    let url = format!("http://inside.example:{}/hook", trap.address.port());
    let (id, _) = add(&ada, &url, &all_events()).await;
    something_happens(&app, &ada).await;
    let delivery = delivery_until(&ada, &id, |delivery| delivery["attempts"] == 1).await;
    assert_eq!(delivery["error_code"], "url_refused");
    assert_eq!((&delivery["response_status"], &delivery["response_body"]), (&json!(null), &json!(null)));
    assert_eq!(trap.count(), 0);
}

/// What was checked is what is connected to: a second look-up in between would lead into the trap.
#[tokio::test]
async fn a_name_that_means_something_else_the_next_moment_gains_nothing() {
    let names = NameServer::start().await;
    let app = app_asking(&names).await;
    let (good, trap) = pair().await;
    names.set_addresses("rebinding.example", &[&[ALLOWED], &[REFUSED]]);
    let ada = app.person("ada").await;
    let url = format!("http://rebinding.example:{}/hook", good.address.port());
    // Each message takes a connection of its own.
    good.answers(|_| axum::response::IntoResponse::into_response([("connection", "close")]));
    let (id, _) = add(&ada, &url, &all_events()).await;
    something_happens(&app, &ada).await;
    delivery_until(&ada, &id, |delivery| delivery["status"] == "delivered").await;
    assert_eq!((good.count(), trap.count(), names.asked("rebinding.example")), (1, 0, 1));
    ada.post(&format!("/webhook-endpoints/{id}/test"), &json!({})).await.is(201);
    let refused = loop {
        let tried = super::deliveries(&ada, "status=pending").await;
        if let Some(refused) = tried.into_iter().find(|delivery| delivery["attempts"] == 1) {
            break refused;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    };
    assert_eq!(refused["error_code"], "url_refused");
    assert_eq!((good.count(), trap.count()), (1, 0));
}

#[tokio::test]
async fn of_several_addresses_only_those_that_may_be_are_connected_to() {
    let names = NameServer::start().await;
    let app = app_asking(&names).await;
    let (good, trap) = pair().await;
    names.set_addresses("both.example", &[&[REFUSED, ALLOWED, Ipv4Addr::new(10, 0, 0, 1)]]);
    let ada = app.person("ada").await;
    let url = format!("http://both.example:{}/hook", good.address.port());
    let (id, _) = add(&ada, &url, &all_events()).await;
    something_happens(&app, &ada).await;
    delivery_until(&ada, &id, |delivery| delivery["status"] == "delivered").await;
    assert_eq!((good.count(), trap.count()), (1, 0));
}
