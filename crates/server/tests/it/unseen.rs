//! Pictures that a model was given in vain, because their files are gone or cannot be read, are not queued at each `memoreel reindex`.

use crate::{
    app::TestApp,
    pictures_found::{found, plain},
    provider::Provider,
    reindexed::{ALL, QUEUED, counts, pictured, reindex, with_model},
    replaced::{replace, settled},
};
use memoreel_search::ReindexReport;
use std::{fs, path::Path};

/// Removes what is looked at from below this folder: images, pictures of pages, and small ones of key frames. Returns how many.
fn lose_pictures(folder: &Path) -> usize {
    let mut lost = 0;
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        if path.is_dir() {
            lost += lose_pictures(&path);
        } else if name == "original.png" || name == "1.webp" || name.ends_with("-small.jpg") {
            fs::remove_file(path).unwrap();
            lost += 1;
        }
    }
    lost
}

#[tokio::test]
async fn what_was_looked_at_in_vain_is_looked_at_again_only_where_that_is_said_or_its_file_is_another() {
    let provider = Provider::default();
    let app = TestApp::with(provider.options(false).await).await;
    app.work().await;
    let ada = app.person("ada").await;
    let image = pictured(&app, &ada).await;
    let lost = lose_pictures(&app.folder().join("blobs/blobs/organizations").join(&ada.organization_id));
    assert!(lost >= 3, "{lost}");

    let embed = provider.options(true).await.embed.unwrap();
    let (app, ada) = with_model(app, &embed, &ada).await;
    let queued = [("index_document", 1, 0), ("index_key_frames", 1, 0), ("index_pictures", 3, 0)];
    assert_eq!(counts(&reindex(&app, &embed, &ada, QUEUED).await), queued);
    app.work().await;
    app.idle().await;
    assert_eq!(reindex(&app, &embed, &ada, QUEUED).await, ReindexReport::default(), "nothing is missing");
    assert_eq!(counts(&reindex(&app, &embed, &ada, ALL).await), queued);
    app.idle().await;
    assert_eq!(reindex(&app, &embed, &ada, QUEUED).await, ReindexReport::default());
    assert_eq!(provider.pictures().len(), 0);

    // Another file may be seen, and is looked for again where it is not known what it looks like.
    provider.sees(&["lighthouse"]);
    replace(&ada, "image", &image, plain([30, 30, 200], 300, 300)).await;
    assert_eq!(settled(&ada, &image).await["version"], 2);
    app.idle().await;
    assert_eq!(found(&ada, &[("q", "lighthouse")]).await.len(), 1);
    sqlx::query("DELETE FROM chunks WHERE is_picture").execute(&mut app.superuser().await).await.unwrap();
    assert_eq!(counts(&reindex(&app, &embed, &ada, QUEUED).await), [("index_pictures", 1, 0)]);
    app.idle().await;
    assert_eq!(found(&ada, &[("q", "lighthouse")]).await.len(), 1);
}
