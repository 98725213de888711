//! `kill -9` while the provider of a model looks at pictures, and while what it answered is written.

use super::holds::{attempts, hold, install_holds, release, wait_held};
use crate::{
    client::{Client, PASSWORD, send},
    document_files::pdf,
    engines::DIMENSIONS,
    pictures_found::plain,
    process::{Installation, wait_until},
    provider::{Provider, Trouble},
};
use serde_json::json;

const STEP: &str = "index_pictures";
/// They say nearly nothing, so that they are looked at: all of them in one request.
const PAGES: [&str; 3] = ["Figure 7", "Figure 8", "Figure 9"];
const SEEN: [&str; 3] = ["harbour", "iceberg", "lighthouse"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_picture_has_one_vector_and_is_sent_no_more_than_once_for_each_kill_of_the_server() {
    let provider = Provider::default();
    let installation = Installation::new();
    installation.set("MEMOREEL_EMBED_URL", Some(&provider.serve().await));
    installation.set("MEMOREEL_EMBED_MODEL", Some("sees"));
    installation.set("MEMOREEL_EMBED_DIMENSIONS", Some(&DIMENSIONS.to_string()));
    installation.set("MEMOREEL_EMBED_PICTURES", Some("true"));
    let mut server = installation.start().await;
    let ada = Client::new(&installation.url());
    let account = json!({ "email": "ada@example.com", "name": "Ada", "password": PASSWORD });
    ada.post("/users", &account).await.is(201);
    provider.sees(&["walrus"]);
    provider.sees(&SEEN);
    let image = ada.upload_image("a.png", plain([200, 30, 30], 300, 300)).await;
    wait_until("the image was looked at", async || vectors(&installation, &image).await == [1_i64]).await;

    install_holds(&mut installation.database().await).await;
    provider.fails(&[Trouble::Silent]);
    let document = ada.upload_document("Report.pdf", pdf(&PAGES)).await;
    wait_until("the pages are looked at", async || provider.pictures().len() > 1).await;
    hold(&mut installation.database().await, &document, STEP).await;
    server.kill9();
    assert_eq!(provider.pictures().len(), 1 + PAGES.len());

    // Now it is answered, and what it learnt is written, and not yet committed.
    server = installation.start().await;
    wait_held(&installation, &document, STEP).await;
    assert_eq!(provider.pictures().len(), 1 + 2 * PAGES.len());
    assert_eq!(vectors(&installation, &document).await, Vec::<i64>::new());
    server.kill9();

    server = installation.start().await;
    wait_held(&installation, &document, STEP).await;
    release(&mut installation.database().await, &document).await;
    wait_until("nothing is left to do", async || {
        let open = "SELECT count(*) FROM tasks WHERE status <> 'completed'";
        let open: i64 = sqlx::query_scalar(open).fetch_one(&mut installation.database().await).await.unwrap();
        open == 0
    })
    .await;
    assert_eq!(vectors(&installation, &document).await, vec![1_i64; PAGES.len()]);
    assert_eq!(vectors(&installation, &image).await, [1_i64]);
    assert!(attempts(&installation, &document, STEP).await >= 2, "it was interrupted");
    let sent = provider.pictures();
    assert_eq!(sent.len(), 1 + 3 * PAGES.len(), "that of the image once");
    for (first, again) in sent[1..].iter().zip(&sent[1 + PAGES.len()..]) {
        assert!(first == again, "the same pictures, in the same order");
    }
    for (page_number, seen) in (1..).zip(SEEN) {
        let found = send(ada.request("GET", "/search").query(&[("q", seen)])).await.is(200).json();
        let on = &found["items"][0]["document"];
        assert_eq!(
            (&on["asset_id"], &on["page_number"]),
            (&json!(document), &json!(page_number)),
            "{found:#}"
        );
    }

    // What is done is not done again, whoever comes after.
    server.kill9();
    server = installation.start().await;
    let next = ada.upload_image("b.png", plain([30, 30, 200], 300, 300)).await;
    wait_until("the next is looked at", async || vectors(&installation, &next).await == [1_i64]).await;
    assert_eq!(provider.pictures().len(), sent.len() + 1);
    drop(server);
}

/// How many vectors each picture of an image or document has.
async fn vectors(installation: &Installation, asset_id: &str) -> Vec<i64> {
    sqlx::query_scalar(
        "SELECT count(e.chunk_id) FROM chunks c LEFT JOIN chunk_embeddings e ON e.chunk_id = c.id
         WHERE c.is_picture AND c.asset_id::text = $1 GROUP BY c.id",
    )
    .bind(asset_id)
    .fetch_all(&mut installation.database().await)
    .await
    .unwrap()
}
