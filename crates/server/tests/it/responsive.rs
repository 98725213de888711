//! The example of docs/responsive-images.md, as it stands there.

use crate::{
    app::{PUBLIC_URL, TestApp},
    client::send,
};
use serde_json::json;
use std::path::Path;

#[tokio::test]
async fn the_example_of_the_guide_shows_an_image() {
    let app = TestApp::start().await;
    app.work().await;
    let ada = app.person("ada").await;
    let key = ada.post("/api-keys", &json!({ "name": "Site" })).await.is(201).json();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let guide = std::fs::read_to_string(root.join("docs/responsive-images.md")).unwrap();
    let (_, example) = guide.split_once("```js\n").unwrap();
    let (example, _) = example.split_once("```").unwrap();
    let script = app.folder().join("example.mjs");
    std::fs::write(&script, example).unwrap();
    let ran = tokio::process::Command::new("node")
        .arg(&script)
        .env("MEMOREEL_URL", &app.base)
        .env("MEMOREEL_API_KEY", key["secret"].as_str().unwrap())
        .env("PHOTO", root.join("samples/still-photo.heic"))
        .kill_on_drop(true)
        .output()
        .await
        .unwrap();
    let element = String::from_utf8_lossy(&ran.stdout).into_owned();
    assert!(ran.status.success(), "{element}{}", String::from_utf8_lossy(&ran.stderr));
    assert!(element.contains("width=\"800\" height=\"600\""), "{element}");

    let srcset = element.split_once("srcset=\"").unwrap().1.split_once('"').unwrap().0;
    let candidates: Vec<_> = srcset.split(", ").map(|one| one.rsplit_once(' ').unwrap()).collect();
    // The photograph is 1,080 pixels wide, and nothing is enlarged.
    assert_eq!(candidates.iter().map(|(_, width)| *width).collect::<Vec<_>>(), ["400w", "800w", "1080w"]);
    for (url, _) in candidates {
        let path = url.strip_prefix(PUBLIC_URL).unwrap();
        let image = send(app.visitor().request("GET", path).header("accept", "image/webp")).await.is(200);
        assert_eq!(image.header("content-type"), "image/webp");
        assert!(image.body.starts_with(b"RIFF"));
    }
}
