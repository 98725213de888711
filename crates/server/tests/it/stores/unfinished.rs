//! What is left in a bucket of files that somebody began to send.

use super::{
    bucket::{InBucket, PREFIX},
    sweep::{DRY, WET, swept},
};
use bytes::Bytes;
use chrono::TimeDelta;
use memoreel_blob::SingleStore;
use memoreel_stores::{Finding, SweepOptions};
use memoreel_testkit::Fault;
use std::collections::BTreeSet;

/// More than one part.
const SIZE_BYTES: usize = 17 << 20;
const NOBODY: &str = "organizations/0192b3c4-0000-7000-8000-00000000000f/contents/a/b.mp4";

/// What a process leaves that is gone before it completes what it sent: here the service lets it do nothing more.
async fn left_behind(bucket: &InBucket, prefix: &str, key: &str) {
    bucket.proxy.set(|request| {
        let ends = request.target.contains("uploadId=") && ["POST", "DELETE"].contains(&&*request.method);
        if ends { Fault::Status(400) } else { Fault::None }
    });
    let store = SingleStore::s3(bucket.config(prefix)).unwrap();
    let content = futures::stream::iter([Ok(Bytes::from(vec![7; SIZE_BYTES]))]);
    store.put_stream(&key.parse().unwrap(), content).await.unwrap_err();
    bucket.proxy.set(|_| Fault::None);
}

fn unfinished(findings: &[Finding]) -> BTreeSet<String> {
    let unfinished = |finding: &Finding| match finding {
        Finding::Unfinished { upload, .. } => Some(upload.key.to_string()),
        _ => None,
    };
    findings.iter().filter_map(unfinished).collect()
}

#[tokio::test]
async fn what_was_sent_of_a_file_that_nobody_finishes_goes_after_a_day_and_what_is_not_ours_stays() {
    let bucket = InBucket::start().await;
    let app = &bucket.app;
    let ada = app.person("ada").await;
    let folder = format!("organizations/{}", ada.organization_id);
    let ours: Vec<String> = ["contents/a/original.mp4", "contents/b/original.mp4", "assets/c/hls/1.m4s"]
        .iter()
        .map(|rest| format!("{folder}/{rest}"))
        .collect();
    for key in &ours {
        left_behind(&bucket, PREFIX, key).await;
    }
    left_behind(&bucket, PREFIX, NOBODY).await;
    left_behind(&bucket, "p2", &ours[0]).await;
    assert_eq!(bucket.server.open_uploads(), 5);

    // Somebody may be at what is young.
    let (report, _) = swept(app, WET, TimeDelta::hours(23)).await;
    assert_eq!((report.unfinished, report.aborted, report.unchecked), (0, 0, 0));
    let (report, findings) = swept(app, DRY, TimeDelta::days(2)).await;
    let told: BTreeSet<String> = ours.iter().cloned().chain([NOBODY.to_owned()]).collect();
    assert_eq!((unfinished(&findings), report.unfinished, report.aborted), (told.clone(), 4, 0));
    assert_eq!((report.orphans, bucket.server.open_uploads()), (0, 5));
    let (report, findings) = swept(app, WET, TimeDelta::days(2)).await;
    assert_eq!((unfinished(&findings), report.unfinished, report.aborted), (told, 4, 3));
    // The database may be the wrong one.
    assert_eq!(bucket.server.open_uploads(), 2);
    let (report, _) = swept(app, SweepOptions { removes_unknown: true, ..WET }, TimeDelta::days(2)).await;
    assert_eq!((report.unfinished, report.aborted), (1, 1));
    assert_eq!(bucket.server.open_uploads(), 1);
}

#[tokio::test]
async fn a_service_that_does_not_tell_its_uploads_keeps_nothing_else_from_being_swept() {
    let bucket = InBucket::start().await;
    let app = &bucket.app;
    let ada = app.person("ada").await;
    let lost = format!("organizations/{}/contents/a/original.mp4", ada.organization_id).parse().unwrap();
    app.app.blobs.put_bytes(&lost, "lost").await.unwrap();
    for status in [403, 501] {
        bucket.proxy.set(move |request| {
            if request.target.contains("uploads=") { Fault::Status(status) } else { Fault::None }
        });
        let (report, findings) = swept(app, DRY, TimeDelta::days(2)).await;
        assert_eq!((report.orphans, report.unchecked), (1, 1));
        let said = findings.iter().any(|finding| {
            matches!(finding, Finding::Unchecked { place, reason }
                if place.store == "default" && reason.contains(&status.to_string()))
        });
        assert!(said, "{findings:?}");
    }
}
