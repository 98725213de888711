//! Links that Amazon's own command line signed: what they lead to is imported, by program, command line and assistant.

use crate::{
    app::{TestApp, sample},
    assistant::{Transport, key_of, session},
    at_once::app_that_reaches_this_machine,
};
use memoreel_client::{Client, NewUpload};
use memoreel_testkit::{S3_ACCESS_KEY, S3_SECRET_KEY, S3Server};
use serde_json::json;
use std::{path::Path, time::Duration};
use tokio::process::Command;

const TALK: &str = "inaugural-address.mp3";
const BUCKET: &str = "talks";

/// What `aws` prints, of a server of this machine.
async fn aws(server: &S3Server, arguments: &[&str]) -> String {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let program = target.join("python/aws/bin/aws");
    assert!(program.is_file(), "`cargo xtask setup` installs what this test needs");
    let ran = Command::new(program)
        .args(["--endpoint-url", &server.endpoint()])
        .args(arguments)
        .env("AWS_ACCESS_KEY_ID", S3_ACCESS_KEY)
        .env("AWS_SECRET_ACCESS_KEY", S3_SECRET_KEY)
        .env("AWS_DEFAULT_REGION", "us-east-1")
        .env("AWS_CONFIG_FILE", "/dev/null")
        .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
        .kill_on_drop(true)
        .output()
        .await
        .unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    String::from_utf8(ran.stdout).unwrap().trim().to_owned()
}

/// A server that has the talk, and a link to it that is good for so long.
async fn signed(seconds: u32) -> (S3Server, String) {
    let server = S3Server::start(&[BUCKET]).await.unwrap();
    let talk = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples").join(TALK);
    let place = format!("s3://{BUCKET}/2026/{TALK}");
    aws(&server, &["s3", "cp", "--quiet", talk.to_str().unwrap(), &place]).await;
    let link = aws(&server, &["s3", "presign", &place, "--expires-in", &seconds.to_string()]).await;
    assert!(link.starts_with(&server.endpoint()) && link.contains("Signature="), "{link}");
    (server, link)
}

async fn is_the_talk(app: &TestApp, person: &crate::client::Person, video_id: &str) {
    let video = app.settled(person, video_id).await;
    assert_eq!(video["status"], "completed", "{video:#}");
    let assets = person.get("/assets").await.is(200).json();
    let asset = assets["items"].as_array().unwrap().iter().find(|asset| asset["video_id"] == video_id);
    assert_eq!(asset.unwrap()["size_bytes"], sample(TALK).len(), "{assets:#}");
}

#[tokio::test]
async fn what_a_signed_link_leads_to_is_imported_however_it_is_asked_for() {
    let app = app_that_reaches_this_machine().await;
    let ada = app.person("ada").await;
    let (_server, link) = signed(300).await;
    let key = key_of(&ada, None).await;

    let client = Client::new(app.base.parse().unwrap(), &key).unwrap();
    let imported = client.import(&link, &NewUpload::default()).await.unwrap();
    let video_id = imported.video_id.unwrap();
    let video = client.wait_until_ready(video_id, Duration::from_secs(60), |_| {}).await.unwrap();
    assert_eq!(video.title, "inaugural-address");
    is_the_talk(&app, &ada, &video_id.to_string()).await;

    let told = session(
        &Transport::http(&app, Some(&key)),
        &[
            ("import_link", json!({ "url": link, "title": "As an assistant has it" })),
            ("import_link", json!({ "url": "http://192.168.0.1/a.mp4" })),
        ],
    )
    .await;
    is_the_talk(&app, &ada, told.answer(0)["video_id"].as_str().unwrap()).await;
    told.refuses(1, "url_refused");

    let ran = Command::new(env!("CARGO_BIN_EXE_memoreel"))
        .args(["upload", &link, "--title", "By command line"])
        .env("MEMOREEL_URL", &app.base)
        .env("MEMOREEL_API_KEY", &key)
        .kill_on_drop(true)
        .output()
        .await
        .unwrap();
    let (said, wrong) = (String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
    assert!(ran.status.success(), "{wrong}");
    // The signature is nobody's business.
    assert!(!said.contains("Signature") && !wrong.contains("Signature"), "{said} {wrong}");
    let video_id = said.trim().rsplit('/').next().unwrap();
    is_the_talk(&app, &ada, video_id).await;
    assert_eq!(ada.get(&format!("/videos/{video_id}")).await.is(200).json()["title"], "By command line");
}

#[tokio::test]
async fn a_signed_link_whose_time_is_over_fails_with_a_sentence() {
    let app = app_that_reaches_this_machine().await;
    let ada = app.person("ada").await;
    let (_server, link) = signed(1).await;
    tokio::time::sleep(Duration::from_millis(2_100)).await;
    let made = ada.post("/imports", &json!({ "url": link })).await.is(202).json();
    let video = app.settled(&ada, made["video_id"].as_str().unwrap()).await;
    assert_eq!(video["status"], "failed");
    assert_eq!(video["error"]["code"], "import_refused");
    let sentence = video["error"]["message"].as_str().unwrap();
    assert!(sentence.len() > 20 && !sentence.contains("Signature"), "{video:#}");
}
