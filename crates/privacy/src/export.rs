//! What a person takes along: a zip with JSON for programs, pages for people, and the files they uploaded.

use crate::{
    EXPORT_KEPT_FOR, PrivacyError,
    packing::{Content, PAGE, Packing, carry_out, failure, pretty},
    page::{self, Listed, Overview},
    store,
};
use async_trait::async_trait;
use memoreel_blob::{BlobError, BlobKey};
use memoreel_db::SystemReason;
use memoreel_kernel::{Actor, Caller, ExportId, OrganizationId, Role, UserId};
use memoreel_tasks::{Finished, Handle, TaskFailure, TaskRun};
use memoreel_web::App;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeSet;
use uuid::Uuid;

/// The kind of the task.
pub(crate) const EXPORT_PERSON: &str = "export_person";

/// What to write.
#[derive(Debug, Serialize, Deserialize)]
pub struct ExportTask {
    /// The wish.
    pub(crate) export_id: ExportId,
}

/// Writes exports of people.
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

/// Removes the zips whose week is over, and those that were deleted while something kept their files from going. What cannot be removed
/// now does not keep those of others from going.
pub(crate) async fn sweep_exports(app: &App) -> Result<(), PrivacyError> {
    let mut tx = app.db.system(SystemReason::Privacy).await?;
    let over = store::exports_over(&mut tx, app.clock.now()).await?;
    drop(tx);
    let mut left = BTreeSet::new();
    for (id, organization_id) in over {
        if left.contains(&organization_id) {
            continue;
        }
        if let Err(error) = remove(app, organization_id, id).await {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(%organization_id, %id, error, "an export whose time is over is left for later");
            left.insert(organization_id);
        }
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
        let found = store::find_export_task(&mut tx, export_id).await.map_err(failure)?;
        drop(tx);
        let (user_id, wish) = found.unzip();
        let content = OfPerson {
            app: &self.0,
            export_id,
            organization_id,
            user_id: user_id.unwrap_or(UserId(Uuid::nil())),
        };
        carry_out(&self.0, run, &key, wish, &content).await
    }
}

struct OfPerson<'a> {
    app: &'a App,
    export_id: ExportId,
    /// Their own.
    organization_id: OrganizationId,
    user_id: UserId,
}

/// Where the person is a member, and as what.
struct Membership {
    organization_id: OrganizationId,
    role: Option<Role>,
}

#[async_trait]
impl Content for OfPerson<'_> {
    async fn fill(&self, packing: &mut Packing<'_>) -> Result<(), PrivacyError> {
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
            packing.media_bytes += store::media_bytes(&mut tx, self.user_id).await?.max(0).cast_unsigned();
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
            packing.json(name, value).await?;
        }
        let audit_entries = self.audit_log(packing, &places).await?;
        let mut listed = Vec::new();
        for place in &places {
            self.videos(packing, place, &mut listed).await?;
            packing.images(&self.caller(std::slice::from_ref(place), None), Some(self.user_id)).await?;
        }
        let overview = Overview {
            made_at: packing.made_at(),
            account: &account,
            memberships: &memberships,
            consents: &consents,
            sessions: &sessions,
            api_keys: &api_keys,
            audit_entries,
            videos: &listed,
        };
        packing.page("index.html", page::index(&overview)).await
    }

    async fn keep(&self, run: &TaskRun, size_bytes: i64) -> Result<bool, PrivacyError> {
        let now = run.clock().now();
        let mut tx = self.app.db.system(SystemReason::Privacy).await?;
        let expires_at = now + EXPORT_KEPT_FOR;
        let kept = store::finish_export(&mut tx, self.export_id, size_bytes, now, expires_at).await?;
        tx.commit().await?;
        Ok(kept)
    }
}

impl OfPerson<'_> {
    /// The person, where they are a member; `role` in place of the one they have there.
    fn caller(&self, place: &[Membership], role: Option<Role>) -> Caller {
        let (organization_id, there) =
            place.first().map_or((self.organization_id, None), |one| (one.organization_id, one.role));
        Caller {
            organization_id,
            user_id: Some(self.user_id),
            role: role.or(there).or(Some(Role::Viewer)),
            actor: Actor::Service,
        }
    }

    /// Only owners read the log; what is read here is what it says of the person.
    async fn audit_log(&self, packing: &Packing<'_>, places: &[Membership]) -> Result<usize, PrivacyError> {
        packing.archive.text_file("audit-log.json").await?;
        let mut count = 0;
        for place in places {
            let caller = self.caller(std::slice::from_ref(place), Some(Role::Owner));
            let mut after = None;
            loop {
                let mut tx = self.app.db.tenant(&caller).await?;
                let page = store::audit_entries(&mut tx, self.user_id, after, PAGE).await?;
                drop(tx);
                for entry in &page.entries {
                    packing.archive.write(if count == 0 { "[\n" } else { ",\n" }).await?;
                    packing.archive.write(pretty(entry)?).await?;
                    count += 1;
                }
                after = page.last;
                if (page.entries.len() as i64) < PAGE {
                    break;
                }
            }
        }
        packing.archive.write(if count == 0 { "[]\n" } else { "\n]\n" }).await?;
        Ok(count)
    }

    async fn videos(
        &self,
        packing: &mut Packing<'_>,
        place: &Membership,
        listed: &mut Vec<Listed>,
    ) -> Result<(), PrivacyError> {
        let caller = self.caller(std::slice::from_ref(place), None);
        let mut after = Uuid::nil();
        loop {
            let mut tx = self.app.db.tenant(&caller).await?;
            let videos = store::videos(&mut tx, Some(self.user_id), after, PAGE).await?;
            drop(tx);
            for video in &videos {
                let mut tx = self.app.db.tenant(&caller).await?;
                let spoken = store::spoken(&mut tx, video.id).await?;
                drop(tx);
                listed.push(packing.video(video, &spoken).await?);
            }
            match videos.last() {
                Some(last) if videos.len() as i64 == PAGE => after = last.id,
                _ => return Ok(()),
            }
        }
    }
}

fn into_items(value: Value) -> Vec<Value> {
    match value {
        Value::Array(items) => items,
        _ => Vec::new(),
    }
}
