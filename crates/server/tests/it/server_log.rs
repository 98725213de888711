//! What a server writes down about the requests it answers.

use crate::process::{Installation, wait_until};
use std::time::Duration;

/// In place of what opens something.
const SECRET: &str = "opens-what-it-names";
const REQUEST: &str = "seen-in-the-log";

#[tokio::test]
async fn an_address_that_is_itself_the_permission_is_not_logged() {
    let installation = Installation::new();
    // Pages that were given out are told of at debug.
    installation.set("MEMOREEL_LOG", Some("info,memoreel_web=debug"));
    let server = installation.start().await;
    let http = reqwest::Client::builder().timeout(Duration::from_secs(60)).build().unwrap();
    let ask = async |path: &str| {
        let request = http.get(format!("{}{path}", installation.url()));
        request.header("x-request-id", REQUEST).send().await.unwrap();
    };
    for path in ["/media/SECRET/master.m3u8", "/i/SECRET/w=1/x.jpg?s=SECRET", "/invitations/SECRET"] {
        ask(&path.replace("SECRET", SECRET)).await;
    }
    ask("/api/v1/videos/not-an-id?cursor=opens-what-it-names").await;
    let lines = || server.logged().lines().filter(|line| line.contains(REQUEST)).count();
    wait_until("all are logged", async || lines() >= 4).await;
    let logged = server.logged();
    assert!(!logged.contains(SECRET), "{logged}");
    assert!(logged.contains("\"path\":\"/api/v1/videos/not-an-id\""), "{logged}");
    assert!(logged.contains("\"route\":\"/media/{token}/{*path}\""), "{logged}");
    server.stop().await;
}
