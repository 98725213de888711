//! Writing what a person takes along: a zip with JSON for programs, pages for people, and the files they uploaded.

use crate::{
    EXPORT_KEPT_FOR, PrivacyError,
    archive::{Archive, archive},
    page::{self, Listed, Overview},
    store::{self, OwnVideo},
};
use async_trait::async_trait;
use futures::TryStreamExt;
use memoreel_blob::{BlobError, BlobKey, clean_file_name};
use memoreel_db::SystemReason;
use memoreel_kernel::{Actor, Caller, ExportId, OrganizationId, Role, UserId};
use memoreel_tasks::{Finished, Handle, TaskFailure, TaskRun};
use memoreel_web::App;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::io;
use uuid::Uuid;

/// The kind of the task.
pub(crate) const EXPORT_PERSON: &str = "export_person";
/// Videos and entries that are read at a time.
const PAGE: i64 = 200;

/// What to write.
#[derive(Debug, Serialize, Deserialize)]
pub struct ExportTask {
    /// The wish.
    pub(crate) export_id: ExportId,
}

/// Writes exports.
#[derive(Debug)]
pub struct WriteExport(App);

impl WriteExport {
    /// With the blobs and the database of `app`.
    pub fn new(app: App) -> Self {
        Self(app)
    }
}

/// Where the zip lies: with the person's own organization, which it goes with.
pub(crate) fn export_key(organization_id: OrganizationId, id: ExportId) -> Result<BlobKey, BlobError> {
    memoreel_assets::blobs_of_organization(organization_id).join(&format!("exports/{id}.zip"))
}

/// Removes the zips whose week is over, and those that were deleted while something kept their files from going.
///
/// # Errors
/// When the database or the blob store refuses; what was not done is done the next time.
pub async fn sweep_exports(app: &App) -> Result<(), PrivacyError> {
    let mut tx = app.db.system(SystemReason::Privacy).await?;
    let over = store::exports_over(&mut tx, app.clock.now()).await?;
    drop(tx);
    for (id, organization_id) in over {
        remove(app, organization_id, id).await?;
    }
    Ok(())
}

/// The zip first: while the row is there, what failed is done again.
pub(crate) async fn remove(
    app: &App,
    organization_id: OrganizationId,
    id: ExportId,
) -> Result<(), PrivacyError> {
    app.blobs.delete(&export_key(organization_id, id)?).await?;
    let mut tx = app.db.system(SystemReason::Privacy).await?;
    store::delete_export_row(&mut tx, id).await?;
    Ok(tx.commit().await?)
}

#[async_trait]
impl Handle for WriteExport {
    const KIND: &'static str = EXPORT_PERSON;
    const CONCURRENCY: usize = 1;
    type Payload = ExportTask;

    async fn run(
        &self,
        run: &TaskRun,
        ExportTask { export_id }: ExportTask,
    ) -> Result<Finished, TaskFailure> {
        let organization_id = run.caller().organization_id;
        let key = export_key(organization_id, export_id).map_err(TaskFailure::internal)?;
        let mut tx = self.0.db.system(SystemReason::Privacy).await?;
        let wanted = store::find_export_task(&mut tx, export_id).await.map_err(failure)?;
        drop(tx);
        let wanted = wanted.filter(|wanted| wanted.is_wanted);
        // A run that was killed after it was done has nothing left to do.
        let is_over = wanted.as_ref().is_some_and(|wanted| wanted.is_over);
        if let Some(wanted) = wanted.filter(|wanted| !wanted.is_over) {
            let size_bytes = tokio::select! {
                written = self.write(run, wanted.user_id, &key) => written.map_err(failure)?,
                () = run.cancelled().cancelled() => {
                    return Err(TaskFailure::transient("export_stopped", "The export was stopped."));
                }
            };
            let now = run.clock().now();
            let mut tx = self.0.db.system(SystemReason::Privacy).await?;
            let size_bytes = i64::try_from(size_bytes).unwrap_or(i64::MAX);
            let kept = store::finish_export(&mut tx, export_id, size_bytes, now, now + EXPORT_KEPT_FOR).await;
            let kept = kept.map_err(failure)?;
            tx.commit().await?;
            if kept {
                return run.finish(run.begin().await?, &[]).await;
            }
        }
        if !is_over {
            // Deleted while it was written, or before.
            self.0.blobs.delete(&key).await.map_err(TaskFailure::internal)?;
        }
        run.finish(run.begin().await?, &[]).await
    }
}

fn failure(error: PrivacyError) -> TaskFailure {
    match error {
        PrivacyError::Database(error) => error.into(),
        PrivacyError::Blob(BlobError::TooLarge { .. }) => TaskFailure::permanent(
            "export_too_large",
            "Everything together is larger than one file can be in the store of this server.",
        ),
        other => TaskFailure::internal(other),
    }
}

impl WriteExport {
    /// Packs and stores at the same time. What ends halfway stores nothing.
    async fn write(&self, run: &TaskRun, user_id: UserId, key: &BlobKey) -> Result<u64, PrivacyError> {
        let (archive, packed) = archive(run.clock().now());
        let stored = async { Ok::<_, PrivacyError>(self.0.blobs.put_stream(key, packed).await?) };
        let fill = async {
            let mut writing = Writing { app: &self.0, run, user_id, archive: &archive, media: (0, 0) };
            writing.everything().await?;
            Ok::<_, PrivacyError>(archive.finish().await?)
        };
        let ((), facts) = tokio::try_join!(fill, stored)?;
        Ok(facts.size_bytes)
    }
}

/// One export being written.
struct Writing<'a> {
    app: &'a App,
    run: &'a TaskRun,
    user_id: UserId,
    archive: &'a Archive,
    /// Bytes of media that are written, and of all.
    media: (u64, u64),
}

/// Where the person is a member, and as what.
struct Membership {
    organization_id: OrganizationId,
    role: Option<Role>,
}

impl Writing<'_> {
    async fn everything(&mut self) -> Result<(), PrivacyError> {
        let mut tx = self.app.db.system(SystemReason::Privacy).await?;
        let places = store::places(&mut tx, self.user_id).await?;
        let facts = store::system_facts(&mut tx, self.user_id).await?;
        drop(tx);
        let memberships = Value::Array(places.iter().map(|place| place.told.clone()).collect());
        let places: Vec<Membership> = places
            .into_iter()
            .map(|place| Membership {
                organization_id: place.organization_id,
                role: Role::parse(&place.role),
            })
            .collect();

        let mut tx = self.app.db.tenant(&self.caller(&places[..1], None)).await?;
        let mut account = store::account(&mut tx, self.user_id).await?;
        if let (Some(account), Value::Object(facts)) = (account.as_object_mut(), facts) {
            account.extend(facts);
        }
        let preferences = store::preferences(&mut tx, self.user_id).await?;
        let consents = store::consents(&mut tx, self.user_id).await?;
        let sessions = store::sessions(&mut tx, self.user_id).await?;
        drop(tx);
        let (mut api_keys, mut uploads) = (Vec::new(), Vec::new());
        for place in &places {
            let mut tx = self.app.db.tenant(&self.caller(std::slice::from_ref(place), None)).await?;
            api_keys.extend(into_items(store::api_keys(&mut tx, self.user_id).await?));
            uploads.extend(into_items(store::uploads(&mut tx, self.user_id).await?));
            self.media.1 += store::media_bytes(&mut tx, self.user_id).await?.max(0).cast_unsigned();
        }
        let (api_keys, uploads) = (Value::Array(api_keys), Value::Array(uploads));
        for (name, value) in [
            ("account.json", &account),
            ("preferences.json", &preferences),
            ("consents.json", &consents),
            ("sessions.json", &sessions),
            ("memberships.json", &memberships),
            ("api-keys.json", &api_keys),
            ("uploads.json", &uploads),
        ] {
            self.json(name, value).await?;
        }
        let audit_entries = self.audit_log(&places).await?;
        let mut listed = Vec::new();
        for place in &places {
            self.videos(place, &mut listed).await?;
            self.images(place).await?;
        }
        let overview = Overview {
            made_at: self.run.clock().now().format("%Y-%m-%d %H:%M UTC").to_string(),
            account: &account,
            memberships: &memberships,
            consents: &consents,
            sessions: &sessions,
            api_keys: &api_keys,
            audit_entries,
            videos: &listed,
        };
        self.archive.text_file("index.html").await?;
        self.archive.write(page::index(&overview)).await?;
        Ok(())
    }

    /// The person, where they are a member; `role` in place of the one they have there.
    fn caller(&self, place: &[Membership], role: Option<Role>) -> Caller {
        let own = self.run.caller().organization_id;
        let (organization_id, there) =
            place.first().map_or((own, None), |one| (one.organization_id, one.role));
        Caller {
            organization_id,
            user_id: Some(self.user_id),
            role: role.or(there).or(Some(Role::Viewer)),
            actor: Actor::Service,
        }
    }

    async fn json(&self, name: &str, value: &Value) -> Result<(), PrivacyError> {
        self.archive.text_file(name).await?;
        Ok(self.archive.write(pretty(value)?).await?)
    }

    /// Only owners read the log; what is read here is what it says of the person.
    async fn audit_log(&self, places: &[Membership]) -> Result<usize, PrivacyError> {
        self.archive.text_file("audit-log.json").await?;
        let mut count = 0;
        for place in places {
            let caller = self.caller(std::slice::from_ref(place), Some(Role::Owner));
            let mut after = None;
            loop {
                let mut tx = self.app.db.tenant(&caller).await?;
                let page = store::audit_entries(&mut tx, self.user_id, after, PAGE).await?;
                drop(tx);
                for entry in &page.entries {
                    self.archive.write(if count == 0 { "[\n" } else { ",\n" }).await?;
                    self.archive.write(pretty(entry)?).await?;
                    count += 1;
                }
                after = page.last;
                if (page.entries.len() as i64) < PAGE {
                    break;
                }
            }
        }
        self.archive.write(if count == 0 { "[]\n" } else { "\n]\n" }).await?;
        Ok(count)
    }

    async fn videos(&mut self, place: &Membership, listed: &mut Vec<Listed>) -> Result<(), PrivacyError> {
        let caller = self.caller(std::slice::from_ref(place), None);
        let mut after = Uuid::nil();
        loop {
            let mut tx = self.app.db.tenant(&caller).await?;
            let videos = store::videos(&mut tx, self.user_id, after, PAGE).await?;
            drop(tx);
            for video in &videos {
                let mut tx = self.app.db.tenant(&caller).await?;
                let spoken = store::spoken(&mut tx, video.id).await?;
                drop(tx);
                listed.push(self.video(video, &spoken).await?);
            }
            match videos.last() {
                Some(last) if videos.len() as i64 == PAGE => after = last.id,
                _ => return Ok(()),
            }
        }
    }

    async fn video(&mut self, video: &OwnVideo, spoken: &Value) -> Result<Listed, PrivacyError> {
        let folder = format!("videos/{}", video.id);
        let name = video.original_filename.as_deref().map(clean_file_name);
        let media = name.filter(|_| video.blob_key.is_some()).map(|name| format!("media/{name}"));
        let mut whole = video.told.clone();
        if let (Some(whole), Value::Object(spoken)) = (whole.as_object_mut(), spoken.clone()) {
            whole.extend(spoken);
        }
        self.json(&format!("{folder}/video.json"), &whole).await?;
        let media = match media.zip(video.blob_key.as_deref()) {
            Some((media, key)) => self.media(&format!("{folder}/{media}"), key).await?.then_some(media),
            None => None,
        };
        self.archive.text_file(format!("{folder}/index.html")).await?;
        self.archive.write(page::video(&video.told, spoken, media.as_deref())).await?;
        let created_at = video.created_at.format("%Y-%m-%d").to_string();
        Ok(Listed { folder, title: video.title.clone(), created_at })
    }

    /// The images the person uploaded; what is known of them is among the uploads.
    async fn images(&mut self, place: &Membership) -> Result<(), PrivacyError> {
        let caller = self.caller(std::slice::from_ref(place), None);
        let mut after = Uuid::nil();
        loop {
            let mut tx = self.app.db.tenant(&caller).await?;
            let page = store::images(&mut tx, self.user_id, after, PAGE).await?;
            drop(tx);
            for image in &page {
                let name = format!("images/{}/media/{}", image.id, clean_file_name(&image.original_filename));
                self.media(&name, &image.blob_key).await?;
                after = image.id;
            }
            if (page.len() as i64) < PAGE {
                return Ok(());
            }
        }
    }

    /// Puts a file in as it was uploaded. False when it is not there.
    async fn media(&mut self, name: &str, key: &str) -> Result<bool, PrivacyError> {
        let mut read = match self.app.blobs.get(&BlobKey::parse(key)?, None).await {
            Err(BlobError::NotFound { .. }) => return Ok(false),
            read => read?,
        };
        self.archive.media_file(name).await?;
        while let Some(piece) = read.bytes.try_next().await? {
            let (written, all) = &mut self.media;
            *written += piece.len() as u64;
            self.run.progress(*written as f32 / (*all).max(1) as f32 * 0.99);
            self.archive.write(piece).await?;
        }
        Ok(true)
    }
}

fn pretty(value: &Value) -> Result<String, PrivacyError> {
    serde_json::to_string_pretty(value).map_err(|error| io::Error::other(error).into())
}

fn into_items(value: Value) -> Vec<Value> {
    match value {
        Value::Array(items) => items,
        _ => Vec::new(),
    }
}
