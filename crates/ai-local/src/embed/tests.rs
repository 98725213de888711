//! The embedder on the real model.

use std::time::Duration;

use memoreel_ai::Embed as _;
use memoreel_parts::Parts;

use super::*;

/// Sentences and the first eight numbers of their vectors, computed from the same weights by a BERT written with
/// NumPy in double precision.
const REFERENCE: [(&str, [f32; 8]); 3] = [
    (
        "The budget was approved on Tuesday.",
        [-0.030_317, 0.029_754, -0.008_428, 0.067_412, 0.057_251, 0.031_364, -0.035_69, 0.008_845],
    ),
    (
        "Ship the release when every test is green!",
        [0.024_975, 0.047_946, 0.033_356, -0.031_914, 0.073_581, -0.022_289, 0.010_819, -0.045_36],
    ),
    (
        "Whales are mammals, not fish.",
        [0.036_899, 0.055_454, 0.048_2, 0.020_231, -0.060_512, -0.052_404, -0.022_416, -0.006_519],
    ),
];

fn paths() -> EmbedderPaths {
    Parts::locate().unwrap().embedder().unwrap().into()
}

fn embedder(precision: Precision) -> LocalEmbed {
    LocalEmbed::with(paths(), precision, IDLE_TIME_MAX)
}

fn dot(one: &[f32], other: &[f32]) -> f32 {
    one.iter().zip(other).map(|(one, other)| one * other).sum()
}

fn texts() -> Vec<String> {
    REFERENCE.iter().map(|(text, _)| (*text).to_owned()).collect()
}

#[tokio::test]
async fn the_full_graph_gives_the_vectors_of_the_model() {
    let vectors = embedder(Precision::Full).embed_passages(&texts()).await.unwrap();
    for (vector, (text, expected)) in vectors.iter().zip(&REFERENCE) {
        assert_eq!(vector.len(), DIMENSIONS);
        for (value, expected) in vector.iter().zip(expected) {
            assert!((value - expected).abs() < 1e-4, "{text}: {:?}", &vector[..8]);
        }
    }
}

#[tokio::test]
async fn eight_bits_keep_the_direction_of_every_vector() {
    let mut texts = texts();
    texts.push("We agreed to move the launch to May, because the security review is late. ".repeat(40));
    texts.push("Who approved the budget?".into());
    texts.push(
        "In the second half of the meeting nobody could say who owns the backup of the archive.".into(),
    );
    let full = embedder(Precision::Full).embed_passages(&texts).await.unwrap();
    let eight = embedder(Precision::Eight).embed_passages(&texts).await.unwrap();
    for ((full, eight), text) in full.iter().zip(&eight).zip(&texts) {
        assert!(dot(full, eight) > 0.99, "{text}: {}", dot(full, eight));
        assert!((dot(eight, eight) - 1.0).abs() < 1e-4);
    }
}

#[tokio::test]
async fn a_paraphrase_is_nearer_than_another_subject() {
    let embed = embedder(Precision::Eight);
    let query = embed.embed_query("When was the budget accepted?").await.unwrap();
    let passages = embed.embed_passages(&texts()).await.unwrap();
    let likeness: Vec<f32> = passages.iter().map(|passage| dot(&query, passage)).collect();
    assert!(likeness[0] > 0.5 && likeness[1] < 0.3 && likeness[2] < 0.3, "{likeness:?}");
}

#[tokio::test]
async fn a_batch_gives_what_its_sentences_give_alone_in_their_order() {
    let embed = embedder(Precision::Full);
    let mut texts: Vec<String> = (1..60).map(|count| "a longer talk ".repeat(60 - count)).collect();
    texts.extend(self::texts());
    let together = embed.embed_passages(&texts).await.unwrap();
    for place in [0, 30, 59, 61] {
        let alone = embed.embed_query(&texts[place]).await.unwrap();
        assert!(dot(&alone, &together[place]) > 0.999_9, "{place}");
    }
}

#[tokio::test]
async fn the_session_is_dropped_when_idle_and_comes_back() {
    let embed = LocalEmbed::with(paths(), Precision::Eight, Duration::from_millis(300));
    embed.embed_query("one").await.unwrap();
    assert!(embed.inner.session.lock().await.is_some());
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    assert!(embed.inner.session.lock().await.is_none());
    embed.embed_query("two").await.unwrap();
    assert!(embed.inner.session.lock().await.is_some());
}

#[tokio::test]
async fn a_session_that_was_used_meanwhile_is_dropped_as_soon_after_its_last_use() {
    let embed = LocalEmbed::with(paths(), Precision::Eight, Duration::from_secs(2));
    embed.embed_query("one").await.unwrap();
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    embed.embed_query("two").await.unwrap();
    tokio::time::sleep(Duration::from_millis(2_350)).await;
    assert!(embed.inner.session.lock().await.is_none());
}

#[test]
fn the_graph_file_is_written_once_and_whole() {
    let dir = tempfile::tempdir().unwrap();
    let weights = paths().safetensors;
    let first = graph::graph_file(&weights, dir.path(), Precision::Eight).unwrap();
    let written = std::fs::metadata(&first).unwrap().modified().unwrap();
    let second = graph::graph_file(&weights, dir.path(), Precision::Eight).unwrap();
    assert_eq!(first, second);
    assert_eq!(std::fs::metadata(&second).unwrap().modified().unwrap(), written);
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
}

#[test]
fn weights_that_are_not_the_model_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let weights = dir.path().join("model.safetensors");
    std::fs::write(&weights, b"not weights").unwrap();
    let fault = graph::graph_file(&weights, dir.path(), Precision::Eight).expect_err("must be refused");
    assert_eq!(AiError::from(fault).code(), "engine_missing");
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
}

#[test]
fn batches_hold_every_place_once_within_their_limits() {
    let sentences: Vec<Vec<i64>> = (0..300).map(|n| vec![1; 1 + (n * 37) % 256]).collect();
    let batches = batches(&sentences);
    let mut places: Vec<usize> = batches.concat();
    places.sort_unstable();
    assert_eq!(places, (0..300).collect::<Vec<_>>());
    for batch in batches {
        let longest = batch.iter().map(|place| sentences[*place].len()).max().unwrap();
        assert!(batch.len() <= BATCH_ROWS_MAX && batch.len() * longest <= BATCH_TOKENS_MAX.max(longest));
    }
}
