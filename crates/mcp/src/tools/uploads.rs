//! Adding files: from this machine, or to an address that whoever has the file sends it to.

use super::{Context, Tool, search::channel};
use crate::{Uploads, outcome::Refusal};
use memoreel_client::{Client, CreatedUpload, NewUpload, Progress, UploadKind};
use rmcp::model::ProgressNotificationParam;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    convert::Infallible,
    path::{Path, PathBuf},
    time::Duration,
};
use tokio::sync::watch;
use uuid::Uuid;

/// How often somebody who waits is told how far it is.
const TOLD_EVERY: Duration = Duration::from_secs(1);

/// What a file becomes.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Kind {
    /// A video, also of a recording without a picture.
    Video,
    /// An image.
    Image,
    /// A document.
    Document,
}

impl Kind {
    fn or_by_name(given: Option<Self>, filename: &str) -> UploadKind {
        match given {
            Some(Self::Video) => UploadKind::Video,
            Some(Self::Image) => UploadKind::Image,
            Some(Self::Document) => UploadKind::Document,
            None => UploadKind::of_name(filename),
        }
    }
}

pub(crate) struct UploadFile;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FileInput {
    /// Where the file lies on this machine, within the folders that may be uploaded from.
    path: PathBuf,
    /// The title of the video; by default the file's name.
    #[serde(default)]
    title: Option<String>,
    /// The id of the channel to put the video in.
    #[serde(default)]
    channel_id: Option<String>,
    /// What it becomes; by its name if not given.
    #[serde(default)]
    kind: Option<Kind>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Added {
    /// The video it became.
    #[serde(skip_serializing_if = "Option::is_none")]
    video_id: Option<Uuid>,
    /// The image or document it became.
    #[serde(skip_serializing_if = "Option::is_none")]
    asset_id: Option<Uuid>,
    /// Opens it.
    link: String,
}

impl Tool for UploadFile {
    const NAME: &'static str = "upload";
    const TITLE: &'static str = "Upload a file";
    const DESCRIPTION: &'static str = "Uploads a recording, image or document from this machine. It is processed afterwards: \
        get_video tells how far a video is, get_file an image or document.";
    const READS: bool = false;
    type Input = FileInput;
    type Output = Added;

    async fn run(context: &Context<'_>, input: FileInput) -> Result<(Added, String), Refusal> {
        let Uploads::Files(folders) = context.uploads else {
            return Err(Refusal::Arguments("nothing can be uploaded here".to_owned()));
        };
        let path = folders.file(&input.path)?;
        let filename = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let new = NewUpload {
            kind: Kind::or_by_name(input.kind, &filename),
            title: input.title,
            channel_id: input.channel_id.as_deref().map(channel).transpose()?,
            ..NewUpload::default()
        };
        let created = upload(context, &path, &new).await?;
        let added = Added {
            video_id: created.video_id,
            asset_id: created.asset_id,
            link: link(&context.client, created.video_id, created.asset_id),
        };
        let text = format!("{filename} was uploaded and is being processed: {}", added.link);
        Ok((added, text))
    }
}

/// Uploads, and tells whoever wants to know how far it is: an assistant that hears nothing for long gives up.
async fn upload(context: &Context<'_>, path: &Path, new: &NewUpload) -> Result<CreatedUpload, Refusal> {
    let (sent, mut told) = watch::channel((0, 0));
    let uploading = context.client.upload_file(path, new, move |progress| {
        if let Progress::Sent { sent_bytes, size_bytes } = progress {
            sent.send_replace((sent_bytes, size_bytes));
        }
    });
    let Some((peer, token)) = &context.progress else { return Ok(uploading.await?) };
    let telling = async {
        while told.changed().await.is_ok() {
            let (sent_bytes, size_bytes) = *told.borrow_and_update();
            let progress = ProgressNotificationParam::new(token.clone(), sent_bytes as f64)
                .with_total(size_bytes as f64);
            // Whoever went away need not be told.
            drop(peer.notify_progress(progress).await);
            tokio::time::sleep(TOLD_EVERY).await;
        }
        std::future::pending::<Infallible>().await
    };
    tokio::select! {
        created = uploading => Ok(created?),
        never = telling => match never {},
    }
}

pub(crate) struct AnnounceUpload;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AnnounceInput {
    /// The name of the file, with its extension.
    filename: String,
    /// How many bytes it has.
    size_bytes: u64,
    /// The title of the video; by default the file's name.
    #[serde(default)]
    title: Option<String>,
    /// The id of the channel to put the video in.
    #[serde(default)]
    channel_id: Option<String>,
    /// What it becomes; by its name if not given.
    #[serde(default)]
    kind: Option<Kind>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Announced {
    /// Where the bytes go, by tus 1.0 or in one PATCH.
    address: String,
    /// The method of a request that brings all bytes at once.
    method: String,
    /// Its headers, beside the API key.
    headers: BTreeMap<String, String>,
    /// The same as a command; FILE stands for where the file lies.
    command: String,
    /// The video it becomes once all bytes have arrived.
    #[serde(skip_serializing_if = "Option::is_none")]
    video_id: Option<Uuid>,
    /// The image or document it becomes once all bytes have arrived.
    #[serde(skip_serializing_if = "Option::is_none")]
    asset_id: Option<Uuid>,
    /// Opens it then.
    link: String,
}

impl Tool for AnnounceUpload {
    const NAME: &'static str = "upload";
    const TITLE: &'static str = "Announce an upload";
    const DESCRIPTION: &'static str = "Makes an address to which a recording, image or document of a known size can be sent, and \
        says how. The bytes are sent by whoever has the file, with the same API key, within a day; what was sent is \
        processed at once: get_video tells how far a video is, get_file an image or document.";
    const READS: bool = false;
    type Input = AnnounceInput;
    type Output = Announced;

    async fn run(context: &Context<'_>, input: AnnounceInput) -> Result<(Announced, String), Refusal> {
        let new = NewUpload {
            kind: Kind::or_by_name(input.kind, &input.filename),
            title: input.title,
            channel_id: input.channel_id.as_deref().map(channel).transpose()?,
            ..NewUpload::default()
        };
        let created = context.client.create_upload(&input.filename, input.size_bytes, &new).await?;
        let address = created.address.to_string();
        let headers = [
            ("Tus-Resumable", "1.0.0"),
            ("Upload-Offset", "0"),
            ("Content-Type", "application/offset+octet-stream"),
        ];
        let mut command = "curl -X PATCH -T FILE -H \"Authorization: Bearer $MEMOREEL_API_KEY\"".to_owned();
        for (name, value) in headers {
            command.push_str(&format!(" -H '{name}: {value}'"));
        }
        command.push_str(&format!(" '{address}'"));
        let announced = Announced {
            address,
            method: "PATCH".to_owned(),
            headers: headers.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
            command,
            video_id: created.video_id,
            asset_id: created.asset_id,
            link: link(&context.client, created.video_id, created.asset_id),
        };
        let text = format!(
            "Send the {} bytes of the file with:\n{}\nThen it will be at {}",
            input.size_bytes, announced.command, announced.link
        );
        Ok((announced, text))
    }
}

pub(crate) struct ImportLink;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LinkInput {
    /// The address of the file itself, with https. A page that shows it is not the file.
    url: String,
    /// The name of the file, with its extension; the last part of the address if not given.
    #[serde(default)]
    filename: Option<String>,
    /// The title of the video; by default the file's name.
    #[serde(default)]
    title: Option<String>,
    /// The id of the channel to put the video in.
    #[serde(default)]
    channel_id: Option<String>,
    /// What it becomes; by its name if not given.
    #[serde(default)]
    kind: Option<Kind>,
}

impl Tool for ImportLink {
    const NAME: &'static str = "import_link";
    const TITLE: &'static str = "Import a file from a link";
    const DESCRIPTION: &'static str = "Has the server fetch a recording, image or document from where a link leads, and process it: \
        get_video tells how far a video is, get_file an image or document, and why if it could not be fetched.";
    const READS: bool = false;
    const REACHES_OUT: bool = true;
    type Input = LinkInput;
    type Output = Added;

    async fn run(context: &Context<'_>, input: LinkInput) -> Result<(Added, String), Refusal> {
        let end_of_path = input.url.split(['?', '#']).next().unwrap_or_default();
        let name = input.filename.as_deref().unwrap_or(end_of_path);
        let new = NewUpload {
            kind: Kind::or_by_name(input.kind, name),
            filename: input.filename,
            title: input.title,
            channel_id: input.channel_id.as_deref().map(channel).transpose()?,
            ..NewUpload::default()
        };
        let imported = context.client.import(&input.url, &new).await?;
        // A video is looked at as one, not as the file it is made of.
        let asset_id = imported.asset_id.filter(|_| imported.video_id.is_none());
        let link = link(&context.client, imported.video_id, asset_id);
        let text = format!("The file is being fetched, and then processed: {link}");
        Ok((Added { video_id: imported.video_id, asset_id, link }, text))
    }
}

fn link(client: &Client, video_id: Option<Uuid>, asset_id: Option<Uuid>) -> String {
    match (video_id, asset_id) {
        (Some(id), _) => client.video_link(id, None).to_string(),
        (None, Some(id)) => client.file_link(id).to_string(),
        (None, None) => String::new(),
    }
}
