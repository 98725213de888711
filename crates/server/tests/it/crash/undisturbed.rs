//! What processing leaves behind when nothing goes wrong, for comparison with what it leaves when something does.

use super::STEPS;
use crate::process::{Client, Installation, wait_until};
use serde_json::Value;
use sqlx::PgConnection;
use std::time::Instant;

/// What processing makes of the recording when nothing goes wrong.
pub(super) struct Undisturbed {
    facts: Value,
    blobs: Vec<String>,
}

impl Undisturbed {
    pub(super) async fn video(installation: &Installation, client: &Client) -> Self {
        let upload = client.upload(&installation.recording()).await;
        let began = Instant::now();
        let video = client.settled(&upload.video_id).await;
        assert_eq!(video["status"], "completed", "{video:#}");
        eprintln!("undisturbed: {:.1} s", began.elapsed().as_secs_f32());
        let mut database = installation.database().await;
        let facts = facts(&mut database, &upload.video_id).await;
        assert_eq!(facts["tasks"].as_array().unwrap().len(), STEPS.len(), "{facts:#}");
        assert!(!facts["segments"].as_array().unwrap().is_empty(), "{facts:#}");
        let blobs = blobs(installation, &mut database, &upload.video_id).await;
        Self { facts, blobs }
    }

    /// Waits until the video is done and asserts that it is exactly like the undisturbed one.
    pub(super) async fn assert_like(&self, installation: &Installation, client: &Client, video_id: &str) {
        let video = client.settled(video_id).await;
        assert_eq!(video["status"], "completed", "{video:#}");
        let mut database = installation.database().await;
        let facts = facts(&mut database, video_id).await;
        assert_eq!(facts, self.facts, "{facts:#}\nundisturbed: {:#}", self.facts);
        assert_eq!(blobs(installation, &mut database, video_id).await, self.blobs);
        assert_playable(client, &video).await;
        assert_found_once(client, &video).await;
    }
}

/// Everything that is known of a video, apart from ids and times.
pub(super) async fn facts(database: &mut PgConnection, video_id: &str) -> Value {
    sqlx::query_scalar(
        "SELECT jsonb_build_object(
             'status', v.status,
             'assets', (SELECT jsonb_agg(a.status || ' ' || a.byte_size) FROM assets a WHERE a.id = v.asset_id),
             'uploads', (SELECT jsonb_agg(u.status) FROM uploads u WHERE u.video_id = v.id),
             'renditions', (SELECT jsonb_agg(r.name ORDER BY r.name) FROM renditions r WHERE r.asset_id = v.asset_id),
             'transcripts', (SELECT jsonb_agg(t.engine) FROM transcripts t WHERE t.video_id = v.id),
             'segments', (SELECT jsonb_agg(jsonb_build_array(s.segment_index, s.text) ORDER BY s.segment_index, s.id)
                  FROM transcript_segments s WHERE s.video_id = v.id),
             'speakers', (SELECT jsonb_agg(s.label ORDER BY s.label) FROM speakers s WHERE s.video_id = v.id),
             'key_frames', (SELECT jsonb_agg(jsonb_build_array(k.start_ms, k.shown, k.hash, k.text) ORDER BY k.start_ms)
                  FROM key_frames k WHERE k.asset_id = v.asset_id),
             'chunks', (SELECT jsonb_agg(jsonb_build_array(c.chunk_index, c.text) ORDER BY c.entity_type DESC, c.chunk_index, c.id)
                  FROM chunks c WHERE c.video_id = v.id),
             'vectors', (SELECT count(*) FROM chunk_embeddings e JOIN chunks c ON c.id = e.chunk_id WHERE c.video_id = v.id),
             'summaries', (SELECT jsonb_agg(s.sentences) FROM video_summaries s WHERE s.video_id = v.id),
             'tasks', (SELECT jsonb_agg(t.kind || ' ' || t.status ORDER BY t.kind) FROM tasks t WHERE t.subject_id = v.id),
             'events', (SELECT jsonb_agg(o.kind ORDER BY o.kind) FROM outbox o WHERE o.aggregate_id = v.id))
         FROM videos v WHERE v.id::text = $1",
    )
    .bind(video_id)
    .fetch_one(database)
    .await
    .unwrap()
}

/// The names of the video's files in the blob store; every rendition is among them.
async fn blobs(installation: &Installation, database: &mut PgConnection, video_id: &str) -> Vec<String> {
    let keys: Vec<String> = sqlx::query_scalar(
        "SELECT r.blob_key FROM renditions r JOIN videos v ON v.asset_id = r.asset_id WHERE v.id::text = $1
         UNION ALL SELECT a.blob_key FROM assets a JOIN videos v ON v.asset_id = a.id WHERE v.id::text = $1",
    )
    .bind(video_id)
    .fetch_all(&mut *database)
    .await
    .unwrap();
    let asset: String = sqlx::query_scalar("SELECT asset_id::text FROM videos WHERE id::text = $1")
        .bind(video_id)
        .fetch_one(database)
        .await
        .unwrap();
    let stored = installation.files_below("blobs/blobs");
    assert!(keys.iter().all(|key| stored.contains(key)), "{keys:#?} {stored:#?}");
    let below = |path: &String| Some(path.split_once(&format!("assets/{asset}/"))?.1.to_owned());
    stored.iter().filter_map(below).collect()
}

/// Every playlist and every segment that playlists name can be fetched.
pub(super) async fn assert_playable(client: &Client, video: &Value) {
    let master = video["playback"]["hls_url"].as_str().expect("an address of the master playlist");
    let mut number = 0;
    for variant in named_in(client, master).await {
        for piece in named_in(client, &variant).await {
            assert!(!client.download(&piece).await.is_empty(), "{piece} is empty");
            number += 1;
        }
    }
    assert!(number >= 2, "{number} segments");
}

/// The addresses that a playlist names, on lines of their own or as `URI="…"`.
async fn named_in(client: &Client, playlist: &str) -> Vec<String> {
    let text = String::from_utf8(client.download(playlist).await).unwrap();
    let folder = playlist.rsplit_once('/').unwrap().0;
    let named = text.lines().filter_map(|line| match line.strip_prefix('#') {
        None => Some(line).filter(|line| !line.is_empty()),
        Some(tag) => Some(tag.split_once("URI=\"")?.1.split_once('"')?.0),
    });
    named.map(|name| format!("{folder}/{name}")).collect()
}

async fn assert_found_once(client: &Client, video: &Value) {
    let id = video["id"].as_str().unwrap();
    let transcript = client.get(&format!("/api/v1/videos/{id}/transcript")).await.unwrap();
    let text = transcript["segments"][0]["text"].as_str().unwrap();
    let words = text.split(|letter: char| !letter.is_alphabetic());
    let word = words.max_by_key(|word| word.len()).unwrap();
    let found = client.get(&format!("/api/v1/search?q={word}&mode=keyword&limit=100")).await.unwrap();
    let hits = found["items"].as_array().unwrap().iter().filter(|hit| hit["video_id"] == id);
    assert_eq!(hits.count(), 1, "{word}: {found:#}");
}

/// No task, no file and no number is left over from what was interrupted.
pub(super) async fn assert_nothing_left(installation: &Installation) {
    let (open, videos, assets, received, counted, chunks): (i64, i64, i64, i64, i64, i64) = sqlx::query_as(
        "SELECT (SELECT count(*) FROM tasks WHERE status <> 'completed'), (SELECT count(*) FROM videos),
             (SELECT count(*) FROM assets), (SELECT count(*) FROM uploads),
             (SELECT sum(chunk_count)::bigint FROM organization_chunk_counts), (SELECT count(*) FROM chunks)",
    )
    .fetch_one(&mut installation.database().await)
    .await
    .unwrap();
    assert_eq!(open, 0);
    assert_eq!((videos, videos), (assets, received));
    assert_eq!(counted, chunks);
    // The server that was killed last has its leftovers removed by the next.
    wait_until("no upload is staged", async || installation.files_below("uploads").is_empty()).await;
    wait_until("the scratch folder is empty", async || installation.files_below("scratch").is_empty()).await;
}
