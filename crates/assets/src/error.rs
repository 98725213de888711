//! Why an upload is refused.

use crate::{FileLine, upload_limits::Size};
use axum::http::{HeaderName, StatusCode};
use memoreel_blob::BlobError;
use memoreel_db::{DbError, violated_constraint};
use memoreel_images::{ImageError, OptionsError};
use memoreel_media::SUBTITLES_MAX;
use memoreel_web::{NoPlace, Problem, TooSlow, sentence};

/// An error of the assets slice.
#[derive(Debug, thiserror::Error)]
pub enum AssetsError {
    /// No such upload, or of another organization.
    #[error("there is no such upload")]
    UploadNotFound,
    /// It was finished, terminated or has expired.
    #[error("this upload is {status} and takes no more bytes")]
    UploadClosed {
        /// `uploads.status`.
        status: String,
    },
    /// The client's offset is not ours.
    #[error("the upload continues at byte {expected}, not {given}")]
    OffsetMismatch {
        /// Where it continues.
        expected: u64,
        /// What the client said.
        given: u64,
    },
    /// Larger than one of its kind may be.
    #[error("the file is larger than {}, which is the most for its kind", Size(*size_bytes_max))]
    TooLarge {
        /// The most that is accepted.
        size_bytes_max: u64,
        /// Whether the organization could accept more.
        can_be_raised: bool,
    },
    /// There is nothing in it.
    #[error("the file is empty")]
    Empty,
    /// A header of the protocol is missing or malformed.
    #[error("{header}: {reason}")]
    Header {
        /// Which.
        header: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// The protocol version is not one we speak.
    #[error("Tus-Resumable must be 1.0.0")]
    Version,
    /// PATCH with another content type.
    #[error("the body of an upload must be of type application/offset+octet-stream")]
    ContentType,
    /// What is sent to an address is not as long as was said.
    #[error("the file must have {expected} bytes, as was said when its address was made")]
    LengthMismatch {
        /// As was said.
        expected: u64,
    },
    /// Whoever made an address may not add files any more.
    #[error("whoever made this address may not add files any more")]
    SenderGone,
    /// A form is not one, or not as it must be.
    #[error("{0}")]
    Form(String),
    /// Nothing came of a form any more, and nothing of it is kept.
    #[error("nothing came of the form for too long")]
    FormStalled,
    /// Too little came of a form, and nothing of it is kept.
    #[error("the form came too slowly: {0}")]
    FormTooSlow(TooSlow),
    /// There is no place for the bytes of a file.
    #[error(transparent)]
    NoPlace(#[from] NoPlace),
    /// The connection broke or stalled; what arrived is kept.
    #[error("the upload was interrupted at byte {offset_bytes}")]
    Interrupted {
        /// Where it continues.
        offset_bytes: u64,
    },
    /// Too little came; what arrived is kept.
    #[error("the upload came too slowly ({too_slow}), and ended at byte {offset_bytes}")]
    TooSlow {
        /// Where it continues.
        offset_bytes: u64,
        /// The pace it was to keep.
        too_slow: TooSlow,
    },
    /// No such video, or not for this caller.
    #[error("there is no such video")]
    VideoNotFound,
    /// No such asset, or not for this caller.
    #[error("there is no such asset")]
    AssetNotFound,
    /// The row at which a page ended is there no more.
    #[error("the list changed where the cursor stands")]
    ListChanged,
    /// It must be taken out of the bin first.
    #[error("the asset is in the bin")]
    AssetInBin,
    /// Recordings leave the bin by themselves.
    #[error("a recording is deleted for good after thirty days in the bin")]
    RecordingStays,
    /// There is nothing yet to make a second one of.
    #[error("an asset that is not ready cannot be copied")]
    NotCopied,
    /// It is not known yet what is in it.
    #[error("an asset that is not ready has nothing to make something of")]
    NotReady,
    /// There is nothing to hear.
    #[error("there is no sound in this asset")]
    NoSound,
    /// There is nothing to see.
    #[error("there is no picture in this asset")]
    NoPicture,
    /// Players cannot have all of it yet.
    #[error("what is played of this recording is still being made, or could not be")]
    NotPackaged,
    /// It is an image or a document, or has no video any more.
    #[error("subtitles are of videos and of recordings of sound")]
    NotRecorded,
    /// It is listened to and looked at, and not read.
    #[error("only images and documents are read, and this is a recording")]
    Recorded,
    /// What is sent now would go with the file that is being replaced.
    #[error("the file of this asset is being replaced, and subtitles sent now would go with the old one")]
    FileAwaited,
    /// The file of subtitles cannot be read.
    #[error("line {}: {}", .0.line, .0.reason)]
    SubtitlesInvalid(FileLine),
    /// The file of subtitles is too large.
    #[error("a file of subtitles may have at most 2 MiB, also once it is written as WebVTT")]
    SubtitlesTooLarge,
    /// As many as a recording may have.
    #[error("at most {SUBTITLES_MAX} subtitles are added to a recording, beside those of its file")]
    TooManySubtitles,
    /// Its first file has not been looked at.
    #[error("the file of an asset that is not ready cannot be replaced")]
    NotReplaced,
    /// No such folder, or of another organization.
    #[error("there is no such folder")]
    FolderNotFound,
    /// No such channel, or of another organization.
    #[error("there is no such channel")]
    ChannelNotFound,
    /// Another folder there has the name.
    #[error("a folder of this name is there already")]
    FolderNameTaken,
    /// A folder was to be put into itself, or into one below it.
    #[error("a folder cannot lie in itself")]
    FolderCycle,
    /// Deeper than folders may lie.
    #[error("folders lie at most sixteen deep")]
    FolderTooDeep,
    /// It holds something.
    #[error("the folder is not empty")]
    FolderNotEmpty,
    /// As many folders as an organization may have.
    #[error("an organization has at most {0} folders")]
    TooManyFolders(i64),
    /// A field is too long, empty or malformed.
    #[error("{reason}")]
    Field {
        /// The field.
        field: &'static str,
        /// A stable code.
        code: &'static str,
        /// A sentence.
        reason: String,
    },
    /// No such image, or of another organization.
    #[error("there is no such image")]
    ImageNotFound,
    /// Nothing can be made of it yet, or ever.
    #[error("{}, so that nothing can be made of it", not_ready(status))]
    ImageNotReady {
        /// `assets.status`.
        status: String,
    },
    /// No preset of that name.
    #[error("there is no preset `{0}`")]
    PresetNotFound(String),
    /// As many presets as an organization may have.
    #[error("an organization has at most {0} presets")]
    TooManyPresets(i64),
    /// The options of a transform are not understood.
    #[error(transparent)]
    Options(#[from] OptionsError),
    /// An image cannot be made.
    #[error(transparent)]
    Image(#[from] ImageError),
    /// Files of what was deleted could not be removed for now, which is logged for each organization.
    #[error("files of what was deleted were left in {organizations} organizations")]
    FilesLeft {
        /// In how many.
        organizations: usize,
    },
    /// Staging or the blob store failed.
    #[error(transparent)]
    Blob(#[from] BlobError),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
}

impl From<sqlx::Error> for AssetsError {
    fn from(error: sqlx::Error) -> Self {
        match violated_constraint(&error) {
            Some("folders_name_key") => Self::FolderNameTaken,
            Some("folders_no_cycle") => Self::FolderCycle,
            Some("folders_depth") => Self::FolderTooDeep,
            // What something is to be put into.
            Some("folders_parent" | "assets_folder") => Self::FolderNotFound,
            _ => Self::Db(error.into()),
        }
    }
}

fn not_ready(status: &str) -> &'static str {
    if status == "failed" { "the image has failed" } else { "the image was not looked at yet" }
}

/// What to do about a size that is refused.
pub(crate) fn size_hint(error: &AssetsError) -> &'static str {
    match error {
        AssetsError::TooLarge { can_be_raised: true, .. } => {
            "Make it smaller, or have an admin of the organization raise the limit."
        }
        AssetsError::TooLarge { can_be_raised: false, .. } => {
            "Make it smaller: this server takes no larger ones, whatever an organization says."
        }
        _ => "Send a file that has at least one byte.",
    }
}

/// 460 is what tus 1.0 says for a checksum that does not match.
const CHECKSUM_MISMATCH: u16 = 460;

impl From<AssetsError> for Problem {
    fn from(error: AssetsError) -> Self {
        let detail = sentence(&error);
        match error {
            AssetsError::UploadNotFound => Problem::not_found("upload"),
            AssetsError::UploadClosed { .. } => Problem::new(StatusCode::GONE, "upload_closed", detail)
                .hint("Begin another one, unless the file is there already."),
            AssetsError::OffsetMismatch { .. } => Problem::conflict("upload_offset_mismatch", detail)
                .hint("Ask for the offset with HEAD and continue there."),
            AssetsError::TooLarge { .. } => {
                Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "upload_too_large", detail)
                    .hint(size_hint(&error))
            }
            AssetsError::Empty => Problem::invalid("upload_empty", detail).hint(size_hint(&error)),
            AssetsError::Header { .. } => Problem::bad_request("upload_header_invalid", detail),
            AssetsError::Version => {
                Problem::new(StatusCode::PRECONDITION_FAILED, "tus_version_unsupported", detail).header(
                    HeaderName::from_static("tus-version"),
                    axum::http::HeaderValue::from_static("1.0.0"),
                )
            }
            AssetsError::ContentType => {
                Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "upload_type_unsupported", detail)
            }
            AssetsError::LengthMismatch { .. } => Problem::bad_request("upload_length_mismatch", detail)
                .hint("Send the whole file again, or make another address for it."),
            AssetsError::SenderGone => Problem::new(StatusCode::FORBIDDEN, "sender_gone", detail)
                .hint("Have another address made by somebody who may add files."),
            AssetsError::Form(_) => Problem::bad_request("form_invalid", detail),
            AssetsError::FormStalled | AssetsError::FormTooSlow(_) => {
                Problem::new(StatusCode::REQUEST_TIMEOUT, "body_too_slow", detail)
                    .hint("Send the whole form again, or a large file as a resumable upload.")
            }
            AssetsError::NoPlace(refusal) => refusal.into(),
            AssetsError::Interrupted { .. } => {
                Problem::new(StatusCode::REQUEST_TIMEOUT, "upload_interrupted", detail)
            }
            AssetsError::TooSlow { .. } => {
                Problem::new(StatusCode::REQUEST_TIMEOUT, "body_too_slow", detail).hint(
                    "Ask for the offset with HEAD and go on there; to an upload address, send the whole file again.",
                )
            }
            AssetsError::VideoNotFound => Problem::not_found("video"),
            AssetsError::AssetNotFound => Problem::not_found("asset"),
            AssetsError::ListChanged => {
                Problem::conflict("list_changed", "The list changed where this cursor stands.")
                    .hint("Read it from its beginning.")
            }
            AssetsError::AssetInBin => {
                Problem::conflict("asset_in_bin", detail).hint("Restore the asset first.")
            }
            AssetsError::RecordingStays => Problem::conflict("recording_stays", detail),
            AssetsError::NotCopied | AssetsError::NotReady | AssetsError::NotReplaced => {
                Problem::conflict("asset_not_ready", detail).hint(
                    "Ask for the asset until its status is ready; of one that failed, `error` says why.",
                )
            }
            AssetsError::NoSound => Problem::conflict("asset_has_no_sound", detail),
            AssetsError::NoPicture => Problem::conflict("asset_has_no_picture", detail),
            AssetsError::NotPackaged => Problem::conflict("recording_not_packaged", detail)
                .hint("Ask for its video until the status is completed, and retry what has failed of it."),
            AssetsError::NotRecorded => Problem::conflict("asset_is_no_recording", detail),
            AssetsError::Recorded => Problem::conflict("asset_is_recording", detail)
                .hint("Retry what has failed of its video, or have the video encoded anew."),
            AssetsError::FileAwaited => Problem::conflict("replacement_pending", detail)
                .hint("Send them again when the new file is there."),
            AssetsError::SubtitlesInvalid(FileLine { line, .. }) => {
                Problem::invalid_field(&format!("lines.{line}"), "subtitles_invalid", detail)
                    .hint("Subtitles are read as WebVTT, SubRip (SRT) or Memoreel JSON.")
            }
            AssetsError::SubtitlesTooLarge => {
                Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "subtitles_too_large", detail)
            }
            AssetsError::TooManySubtitles => {
                Problem::conflict("subtitles_too_many", detail).hint("Remove some that were added first.")
            }
            AssetsError::FolderNotFound => Problem::not_found("folder"),
            AssetsError::ChannelNotFound => Problem::not_found("channel"),
            AssetsError::FolderNameTaken => {
                Problem::conflict("folder_name_taken", detail).hint("Choose another name.")
            }
            AssetsError::FolderCycle => Problem::conflict("folder_cycle", detail),
            AssetsError::FolderTooDeep => Problem::conflict("folder_too_deep", detail),
            AssetsError::FolderNotEmpty => {
                Problem::conflict("folder_not_empty", detail).hint("Move or delete what is in it first.")
            }
            AssetsError::TooManyFolders(_) => Problem::conflict("folders_too_many", detail),
            AssetsError::Field { field, code, .. } => Problem::invalid_field(field, code, detail),
            AssetsError::ImageNotFound => Problem::not_found("image"),
            AssetsError::ImageNotReady { .. } => Problem::conflict("image_not_ready", detail)
                .hint("Ask for the asset until its status is ready; of one that failed, `error` says why."),
            AssetsError::PresetNotFound(_) => Problem::invalid_field("options", "preset_unknown", detail),
            AssetsError::TooManyPresets(_) => Problem::conflict("presets_too_many", detail),
            AssetsError::Options(_) => Problem::invalid_field("options", "options_invalid", detail),
            AssetsError::Image(error) => image_problem(&error),
            AssetsError::FilesLeft { .. } => Problem::internal(error),
            AssetsError::Blob(error) => blob_problem(error),
            AssetsError::Db(error) => error.into(),
        }
    }
}

fn blob_problem(error: BlobError) -> Problem {
    match error {
        BlobError::ChecksumMismatch => Problem::new(
            StatusCode::from_u16(CHECKSUM_MISMATCH).unwrap_or(StatusCode::BAD_REQUEST),
            "upload_checksum_mismatch",
            "The bytes do not match their checksum and were discarded. Send them again.",
        ),
        BlobError::ChecksumInvalid => Problem::bad_request("upload_checksum_invalid", sentence(&error)),
        BlobError::Locked => {
            Problem::new(StatusCode::LOCKED, "upload_locked", "Another request is writing to this upload.")
                .hint("Wait a second and try again.")
        }
        BlobError::TooLarge { .. } => Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "upload_too_large",
            "More bytes were sent than were announced in Upload-Length.",
        ),
        BlobError::UploadNotFound | BlobError::OffsetInvalid { .. } => Problem::new(
            StatusCode::GONE,
            "upload_lost",
            "The bytes of this upload are no longer on the server. Start it again.",
        ),
        other => other.into(),
    }
}

fn image_problem(error: &ImageError) -> Problem {
    if let Some(detail) = error.detail() {
        tracing::warn!(detail, code = error.code(), "an image could not be made");
    }
    match error {
        ImageError::Busy => Problem::unavailable(error.code(), error.to_string()),
        ImageError::Unavailable { reason } => {
            tracing::error!(reason, "images cannot be worked on");
            Problem::unavailable(error.code(), "Images cannot be worked on at the moment.")
        }
        _ => Problem::invalid(error.code(), error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_upload_that_stood_still_may_go_on() {
        let problem = Problem::from(AssetsError::Interrupted { offset_bytes: 7 });
        assert_eq!((problem.status(), problem.code()), (StatusCode::REQUEST_TIMEOUT, "upload_interrupted"));
    }
}
