//! `kill -9` while LibreOffice lays out a document.

use crate::{
    document_files::{docx, word_paragraph},
    process::{Client, Installation, wait_until},
};
use serde_json::json;
use std::{fs, time::Duration};

const LINE: &str = "The zeppelin lands beside the quay at noon, and whoever waits for it may go aboard.";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_document_has_its_pages_though_the_server_is_killed_while_they_are_laid_out() {
    let installation = Installation::new();
    let mut server = installation.start().await;
    let client = Client::sign_up(installation.url()).await;
    let word = docx(&word_paragraph(LINE, false).repeat(500));
    let plain = format!("{LINE}\n\n").repeat(500).into_bytes();
    for (name, content) in [("Plan.docx", word), ("Plan.txt", plain)] {
        let id = client.upload_document(name, content).await;
        wait_until("LibreOffice runs", async || is_laid_out(&installation)).await;
        server.kill9();
        installation.wait_deserted(Duration::from_secs(10)).await;
        assert_eq!(steps_begun(&installation), 1, "{name}: it was killed before the folder was removed");

        server = installation.start().await;
        let path = format!("/api/v1/assets/{id}");
        let mut document = json!(null);
        wait_until("the document is read", async || {
            document = client.get(&path).await.unwrap_or_default();
            matches!(document["status"].as_str(), Some("ready" | "failed"))
        })
        .await;
        assert_eq!(document["status"], "ready", "{document:#}");
        let listed = client.get(&format!("{path}/pages?limit=100")).await.unwrap();
        let pages = listed["items"].as_array().unwrap();
        assert!(pages.len() > 5, "{name}: {} pages", pages.len());
        assert_eq!(document["document"]["page_count"], json!(pages.len()), "{name}");
        for page in pages {
            assert!(page["text"].as_str().unwrap().contains("zeppelin"), "{page:#}");
            let picture = client.download(page["image_url"].as_str().unwrap()).await;
            assert_eq!(&picture[..4], b"RIFF", "{page:#}");
        }
        let mut stored = installation.files_below("blobs/blobs");
        stored.retain(|path| path.contains(&format!("assets/{id}/pages")));
        assert_eq!(stored.len(), pages.len(), "{name}: {stored:?}");
        wait_until("the folder of the killed one is removed", async || steps_begun(&installation) == 0).await;
        wait_until("no upload is staged", async || installation.files_below("uploads").is_empty()).await;
    }
    assert!(!is_laid_out(&installation));
    let (status, _) = server.stop().await;
    assert_eq!(status.code(), Some(0));
    assert_eq!(installation.processes(), []);
}

/// Whether LibreOffice works in the data folder.
fn is_laid_out(installation: &Installation) -> bool {
    installation.processes().iter().any(|(line, _)| line.contains("soffice"))
}

/// How many folders of steps there are.
fn steps_begun(installation: &Installation) -> usize {
    let entries = fs::read_dir(installation.data().join("scratch")).into_iter().flatten().flatten();
    entries.filter(|entry| entry.file_name().to_string_lossy().starts_with("step-")).count()
}
