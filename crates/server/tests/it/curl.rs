//! Files are sent and fetched by curl as the documentation says.

use crate::{
    app::{PUBLIC_URL, TestApp},
    assistant::key_of,
    delivery::segment,
    process::sample,
};
use memoreel_kernel::AssetId;
use serde_json::{Value, json};
use tokio::process::Command;

const PHOTO: &str = "still-photo.heic";

/// What curl writes to its output; it fails on answers of 400 and above.
async fn curl(arguments: &[&str]) -> Vec<u8> {
    let mut curl = Command::new("curl");
    curl.args(["-sS", "--fail", "--max-time", "60"]).args(arguments).kill_on_drop(true);
    let ran = curl.output().await.expect("`cargo xtask setup` installs curl");
    assert!(ran.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&ran.stderr));
    ran.stdout
}

#[tokio::test]
async fn curl_fetches_parts_of_a_file_and_goes_on_where_it_stopped() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let path = segment(&app, &ada.organization_id, AssetId::new(app.now())).await;
    let address = format!("{}{path}", app.base);
    assert_eq!(curl(&["-r", "2-4", &address]).await, b"234");
    assert_eq!(curl(&["-r", "-3", &address]).await, b"789");
    assert_eq!(curl(&["-r", "7-", &address]).await, b"789");
    let headers = String::from_utf8(curl(&["-I", &address]).await).unwrap().to_ascii_lowercase();
    assert!(headers.contains("accept-ranges: bytes") && headers.contains("content-length: 10"), "{headers}");
    let folder = tempfile::tempdir().unwrap();
    let (file, tag) = (folder.path().join("segment.m4s"), folder.path().join("etag"));
    tokio::fs::write(&file, "0123").await.unwrap();
    let (file_path, tag) = (file.to_str().unwrap(), tag.to_str().unwrap());
    curl(&["-C", "-", "-o", file_path, &address]).await;
    assert_eq!(tokio::fs::read(&file).await.unwrap(), b"0123456789");
    curl(&["--etag-save", tag, "-o", "/dev/null", &address]).await;
    let again = curl(&["--etag-compare", tag, "-w", "%{http_code} %{size_download}", &address]).await;
    assert_eq!(again, b"304 0");
}

#[tokio::test]
async fn curl_sends_a_file_as_a_form_and_to_a_signed_address() {
    let app = TestApp::start().await;
    app.work().await;
    let ada = app.person("ada").await;
    let photo = sample(PHOTO);
    let photo = photo.to_str().unwrap();
    let size_bytes = std::fs::metadata(photo).unwrap().len();
    let key = format!("Authorization: Bearer {}", key_of(&ada, None).await);
    let form = format!("file=@{photo}");
    let sent =
        curl(&[&format!("{}/api/v1/assets", app.base), "-H", &key, "-F", "kind=image", "-F", &form]).await;
    let sent: Value = serde_json::from_slice(&sent).unwrap();
    let made = ada
        .post(
            "/upload-addresses",
            &json!({ "kind": "image", "filename": "photo.heic", "size_bytes": size_bytes }),
        )
        .await
        .is(201)
        .json();
    let path = made["url"].as_str().unwrap().strip_prefix(PUBLIC_URL).unwrap().to_owned();
    curl(&["-T", photo, &format!("{}{path}", app.base)]).await;
    app.idle().await;
    for asset_id in [&sent["asset_id"], &made["asset_id"]] {
        let asset = ada.get(&format!("/assets/{}", asset_id.as_str().unwrap())).await.is(200).json();
        assert_eq!(
            (&asset["status"], &asset["size_bytes"]),
            (&json!("ready"), &json!(size_bytes)),
            "{asset:#}"
        );
    }
}
