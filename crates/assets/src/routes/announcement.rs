//! What is said of a file that is to come, in whatever way it comes.

use crate::{
    AssetsError,
    model::{Becomes, UPLOAD_LIFETIME, Upload, UploadKind, UploadMetadata},
    store,
    upload_limits::UploadLimits,
};
use memoreel_db::TenantTx;
use memoreel_kernel::{AssetId, Caller, ChannelId, FolderId, Timestamp, UploadId, VideoId};
use serde::Deserialize;

const FILENAME_LENGTH_MAX: usize = 255;
const TITLE_LENGTH_MAX: usize = 200;

/// What is said of a file.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Announcement {
    pub(super) kind: UploadKind,
    /// The asset whose file it replaces.
    replaces: Option<AssetId>,
    filename: String,
    pub(super) metadata: UploadMetadata,
}

impl Announcement {
    /// Of what is said in JSON.
    ///
    /// # Errors
    /// [`AssetsError::Field`] for what is too long, which is cut where it comes in a header or a form, and for a name of which nothing is left,
    /// which is passed over there.
    pub(super) fn of(
        kind: UploadKind,
        filename: Option<&str>,
        title: Option<&str>,
    ) -> Result<Self, AssetsError> {
        let mut said = Self { kind, ..Self::default() };
        for (field, value, length_max) in
            [("filename", filename, FILENAME_LENGTH_MAX), ("title", title, TITLE_LENGTH_MAX)]
        {
            let Some(value) = value else { continue };
            let refuse = |reason| AssetsError::Field { field, code: "field_invalid", reason };
            if value.chars().count() > length_max {
                return Err(refuse(format!("the {field} has at most {length_max} characters")));
            }
            said.say(field, value).map_err(refuse)?;
        }
        if filename.is_some() && said.filename.is_empty() {
            let reason = format!("the filename must have 1 to {FILENAME_LENGTH_MAX} characters");
            return Err(AssetsError::Field { field: "filename", code: "name_invalid", reason });
        }
        Ok(said)
    }

    /// And where it is put, and for how long.
    pub(super) fn placed(
        mut self,
        channel_id: Option<ChannelId>,
        folder_id: Option<FolderId>,
        keep: Option<Keep>,
    ) -> Self {
        self.metadata.channel_id = channel_id;
        self.metadata.folder_id = folder_id;
        self.metadata.is_temporary = matches!(keep, Some(Keep::Temporary));
        self
    }

    /// And the asset whose file it replaces.
    pub(super) fn replacing(mut self, asset_id: Option<AssetId>) -> Self {
        self.replaces = asset_id;
        self
    }

    /// Takes in one thing that is said. Whether it knows it: clients of tus may say what they like beside it.
    ///
    /// # Errors
    /// Why the value is refused.
    pub(super) fn say(&mut self, name: &str, value: &str) -> Result<bool, String> {
        match name {
            "filename" | "name" => self.filename = file_name(value),
            "filetype" | "type" => self.metadata.content_type = Some(truncated(value, 100)),
            "kind" => {
                self.kind = UploadKind::parse(value)
                    .ok_or_else(|| "`kind` must be video, image or document".to_owned())?;
            }
            "title" => {
                self.metadata.title =
                    Some(truncated(value.trim(), TITLE_LENGTH_MAX)).filter(|title| !title.trim().is_empty());
            }
            "channel_id" => {
                let channel =
                    value.parse().map_err(|_| "`channel_id` must be the id of a channel".to_owned())?;
                self.metadata.channel_id = Some(channel);
            }
            "folder_id" => {
                let folder =
                    value.parse().map_err(|_| "`folder_id` must be the id of a folder".to_owned())?;
                self.metadata.folder_id = Some(folder);
            }
            "replaces" => {
                let asset = value.parse().map_err(|_| "`replaces` must be the id of an asset".to_owned())?;
                self.replaces = Some(asset);
            }
            "store" => {
                self.metadata.is_temporary = match value {
                    "temporary" => true,
                    "permanent" => false,
                    _ => return Err("`store` must be temporary or permanent".to_owned()),
                };
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Takes a name that whoever sends it did not give, unless they gave one.
    pub(super) fn or_named(&mut self, path: &str) {
        if self.filename.is_empty() {
            self.filename = file_name(path);
        }
    }

    /// Takes a content type that comes with the bytes, unless one was given.
    pub(super) fn or_typed(&mut self, content_type: Option<&str>) {
        let said = &mut self.metadata.content_type;
        *said = said.take().or_else(|| content_type.map(|content_type| truncated(content_type, 100)));
    }

    /// The name of the file; one for its kind where none was given.
    pub(super) fn filename(&self) -> &str {
        if !self.filename.is_empty() {
            return &self.filename;
        }
        match self.kind {
            UploadKind::Video => "recording",
            UploadKind::Image => "image",
            UploadKind::Document => "document",
        }
    }

    /// Refuses what is empty, or larger than any organization takes of the kind. What this one takes, [`check_admitted`] says.
    pub(super) fn check_size(&self, size_bytes: u64) -> Result<(), AssetsError> {
        let size_bytes_max =
            UploadLimits::CEILINGS.announced(self.kind, self.metadata.content_type.as_deref());
        match size_bytes {
            0 => Err(AssetsError::Empty),
            _ if size_bytes > size_bytes_max => Err(too_large(size_bytes_max, size_bytes_max)),
            _ => Ok(()),
        }
    }

    /// How large the file may be, by what is said by now, if its kind is, and how large any organization could take it; refuses a channel or
    /// a folder that is not there.
    pub(super) async fn size_bytes_max(
        &self,
        tx: &mut TenantTx,
        is_kind_said: bool,
    ) -> Result<(u64, u64), AssetsError> {
        let reception = store::find_reception(tx, &self.metadata).await?;
        if self.replaces.is_none() {
            require_places(&reception)?;
        }
        let most = |limits: &UploadLimits| match is_kind_said {
            true => limits.announced(self.kind, self.metadata.content_type.as_deref()),
            false => limits.largest(),
        };
        Ok((most(&reception.limits), most(&UploadLimits::CEILINGS)))
    }

    /// The upload that brings it.
    pub(super) fn upload(self, caller: &Caller, id: UploadId, size_bytes: u64, now: Timestamp) -> Upload {
        Upload {
            id,
            user_id: caller.user_id,
            becomes: match self.kind {
                UploadKind::Video => Becomes::Video(VideoId::new(now)),
                UploadKind::Image => Becomes::Image(self.replaces.unwrap_or(AssetId(id.uuid()))),
                UploadKind::Document => Becomes::Document(self.replaces.unwrap_or(AssetId(id.uuid()))),
            },
            replaces_id: self.replaces,
            filename: self.filename().to_owned(),
            metadata: self.metadata,
            size_bytes,
            offset_bytes: 0,
            status: "open".to_owned(),
            expires_at: now + UPLOAD_LIFETIME,
        }
    }
}

/// Refuses what is larger than the organization takes, and a channel or a folder that is not there. What replaces a file stays where that was.
pub(super) async fn check_admitted(tx: &mut TenantTx, upload: &Upload) -> Result<(), AssetsError> {
    let reception = store::find_reception(tx, &upload.metadata).await?;
    let content_type = upload.metadata.content_type.as_deref();
    let size_bytes_max = reception.limits.announced(upload.becomes.kind(), content_type);
    if upload.size_bytes > size_bytes_max {
        let ceiling = UploadLimits::CEILINGS.announced(upload.becomes.kind(), content_type);
        return Err(too_large(size_bytes_max, ceiling));
    }
    if upload.replaces_id.is_some() {
        return Ok(());
    }
    require_places(&reception)
}

/// Of a file that is larger than the organization takes, where `ceiling` is the most that any could.
pub(super) fn too_large(size_bytes_max: u64, ceiling: u64) -> AssetsError {
    AssetsError::TooLarge { size_bytes_max, can_be_raised: size_bytes_max < ceiling }
}

fn require_places(reception: &store::Reception) -> Result<(), AssetsError> {
    match (reception.has_channel, reception.has_folder) {
        (true, true) => Ok(()),
        (false, _) => Err(AssetsError::ChannelNotFound),
        (_, false) => Err(AssetsError::FolderNotFound),
    }
}

/// Refuses a file that is to replace what it cannot. One that can replace a recording's becomes nothing but the video that is there.
pub(super) async fn check_replaced(tx: &mut TenantTx, upload: &mut Upload) -> Result<(), AssetsError> {
    let Some(id) = upload.replaces_id else { return Ok(()) };
    let row = store::find_asset(tx, id).await?.ok_or(AssetsError::AssetNotFound)?;
    let kind = match row.kind.as_deref() {
        Some("image") => UploadKind::Image,
        Some("document") => UploadKind::Document,
        _ => UploadKind::Video,
    };
    if kind != upload.becomes.kind() {
        let kind = kind.as_str();
        let reason = format!("the kind must be that of the asset whose file is replaced, which is `{kind}`");
        return Err(AssetsError::Field { field: "kind", code: "replace_kind_mismatch", reason });
    }
    if row.deleted_at.is_some() {
        return Err(AssetsError::AssetInBin);
    }
    if kind == UploadKind::Video {
        upload.becomes = Becomes::Video(row.video_id.ok_or(AssetsError::AssetNotFound)?);
    }
    if row.status == "pending" { Err(AssetsError::NotReplaced) } else { Ok(()) }
}

/// How long what becomes of a file stays.
#[derive(Debug, Clone, Copy, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = AssetStore)]
pub(super) enum Keep {
    /// For a day.
    Temporary,
    /// Until it is deleted.
    Permanent,
}

/// The last part of a path of any system, without control characters.
fn file_name(path: &str) -> String {
    let name = path.rsplit(['/', '\\']).next().unwrap_or_default();
    let clean: String = name.chars().filter(|letter| !letter.is_control()).collect();
    truncated(clean.trim(), FILENAME_LENGTH_MAX)
}

/// Without control characters, and no longer than that.
pub(super) fn truncated(text: &str, characters_max: usize) -> String {
    text.chars().filter(|letter| !letter.is_control()).take(characters_max).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_and_control_characters_never_get_into_a_name() {
        for (given, kept) in [("../../etc/passwd", "passwd"), ("a\nb.mp4", "ab.mp4"), ("/", ""), ("x/", "")] {
            assert_eq!(file_name(given), kept, "{given:?}");
        }
    }

    #[test]
    fn a_name_that_was_given_goes_before_one_that_was_found() {
        let mut said = Announcement::default();
        assert_eq!(said.filename(), "recording");
        said.or_named("/videos/talk.mp4");
        said.or_named("other.mp4");
        assert_eq!(said.filename(), "talk.mp4");
        said.say("filename", "mine.mp4").unwrap();
        assert_eq!(said.filename(), "mine.mp4");
    }
}
