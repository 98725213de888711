//! Addresses of images: which are offered, in which sizes and by which presets.

use crate::{
    app::TestApp,
    client::send,
    images::{address, addresses, fetch, path, png_size, uploaded},
};
use serde_json::json;

#[tokio::test]
async fn a_srcset_names_each_size_once_and_never_more_than_there_is() {
    let app = TestApp::start().await;
    app.work().await;
    let ada = app.person("ada").await;
    let id = uploaded(&ada).await;
    let query = [
        ("options", "w=400,h=300,fit=crop"),
        ("widths", "200,800,4000,5000"),
        ("sizes", "(min-width: 600px) 50vw, 100vw"),
    ];
    let told = addresses(&ada, &id, &query).await;
    let listed: Vec<_> = told["candidates"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["descriptor"].as_str().unwrap(), one["height"].as_u64().unwrap()))
        .collect();
    assert_eq!(listed, [("200w", 150), ("800w", 600), ("1080w", 810)]);
    assert_eq!(told["sizes"], "(min-width: 600px) 50vw, 100vw");
    let srcset = told["srcset"].as_str().unwrap();
    let urls: Vec<_> = srcset.split(", ").map(|one| one.rsplit_once(' ').unwrap()).collect();
    assert_eq!(urls.iter().map(|(_, descriptor)| *descriptor).collect::<Vec<_>>(), ["200w", "800w", "1080w"]);
    fetch(&app, &path(&json!(urls[0].0)), "*/*").await.is(200);
    let dense = addresses(&ada, &id, &[("options", "w=100,format=png"), ("dprs", "1,1.5,2")]).await;
    assert!(dense["srcset"].as_str().unwrap().ends_with(" 2x"), "{dense:#}");
    let widest = fetch(&app, &path(&dense["candidates"][2]["url"]), "*/*").await.is(200);
    assert_eq!(png_size(&widest.body).0, 200);
}

#[tokio::test]
async fn a_preset_is_what_it_says_now() {
    let app = TestApp::start().await;
    app.work().await;
    let ada = app.person("ada").await;
    let id = uploaded(&ada).await;
    let put = |options: &str| {
        let body = json!({ "options": options });
        let ada = ada.clone();
        async move { ada.put("/image-presets/card", &body).await }
    };
    let made = put("format=png,w=90,h=90,fit=crop").await.is(200).json();
    assert_eq!((&made["name"], &made["options"]), (&json!("card"), &json!("w=90,h=90,fit=crop,format=png")));
    let told = addresses(&ada, &id, &[("options", "p=card"), ("widths", "45,60")]).await;
    assert_eq!((&told["width"], &told["candidates"][0]["height"]), (&json!(90), &json!(45)));
    let path = path(&told["src"]);
    let image = fetch(&app, &path, "image/webp").await.is(200);
    assert_eq!(png_size(&image.body), (90, 90));
    assert_eq!(image.header("cache-control"), "public, max-age=3600");

    put("w=50,format=png").await.is(200);
    assert_eq!(png_size(&fetch(&app, &path, "*/*").await.is(200).body).0, 50);
    let listed = ada.get("/image-presets").await.is(200).json();
    assert_eq!(listed["items"].as_array().unwrap().len(), 1);
    for (name, options, code) in [
        ("Card", "w=1", "preset_name_invalid"),
        ("a%2Fb", "w=1", "preset_name_invalid"),
        ("card", "p=other", "options_invalid"),
        ("card", "w=", "options_invalid"),
    ] {
        ada.put(&format!("/image-presets/{name}"), &json!({ "options": options })).await.refuses(422, code);
    }
    let viewer = app.colleague(&ada, "vera", "viewer").await;
    let refused =
        viewer.ask(&ada.organization_id, "PUT", "/image-presets/card", json!({ "options": "w=1" })).await;
    refused.refuses(403, "forbidden");
    ada.delete("/image-presets/card").await.is(204);
    ada.delete("/image-presets/card").await.refuses(404, "not_found");
    fetch(&app, &path, "*/*").await.refuses(404, "not_found");
}

#[tokio::test]
async fn no_address_is_offered_of_what_is_never_made() {
    let app = TestApp::start().await;
    app.work().await;
    let ada = app.person("ada").await;
    let id = uploaded(&ada).await;
    let put =
        async |options: &str| ada.put("/image-presets/wide", &json!({ "options": options })).await.is(200);
    put("w=4000,enlarge=yes").await;
    for (query, code) in [
        (&[("options", "p=wide,dpr=4")][..], "options_invalid"),
        (&[("options", "p=wide"), ("dprs", "1,4")], "options_invalid"),
        // It is cut out of 8192 x 14564 pixels.
        (&[("options", "w=8192,h=8192,fit=crop,enlarge=yes")], "image_too_large"),
    ] {
        let request = ada.request("GET", &format!("/assets/{id}/image-addresses")).query(query);
        send(request).await.refuses(422, code);
    }
    // It may become too much after the address was given.
    put("w=40").await;
    let dense = address(&ada, &id, "p=wide,dpr=4").await;
    put("w=4000,enlarge=yes").await;
    fetch(&app, &dense, "*/*").await.refuses(422, "options_invalid");
}
