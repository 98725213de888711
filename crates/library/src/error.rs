//! Why the library refuses.

use memoreel_db::violated_constraint;
use memoreel_web::Problem;

/// An error of the library slice.
#[derive(Debug, thiserror::Error)]
pub enum LibraryError {
    /// No such video, or not for this caller.
    #[error("there is no such video")]
    VideoNotFound,
    /// No such channel, or of another organization.
    #[error("there is no such channel")]
    ChannelNotFound,
    /// Another channel of the organization has the name.
    #[error("a channel of this name exists already")]
    ChannelNameTaken,
    /// Nothing of the video has failed.
    #[error("nothing has failed that could be tried again")]
    NothingToRetry,
    /// The row at which a page ended is there no more.
    #[error("the list changed where the cursor stands")]
    ListChanged,
    /// A field is too long or empty.
    #[error("{field} must have {least} to {most} characters")]
    Length {
        /// The field.
        field: &'static str,
        /// The fewest.
        least: usize,
        /// The most.
        most: usize,
    },
    /// The database failed.
    #[error(transparent)]
    Database(sqlx::Error),
}

impl From<sqlx::Error> for LibraryError {
    fn from(error: sqlx::Error) -> Self {
        match violated_constraint(&error) {
            Some("channels_name_key") => Self::ChannelNameTaken,
            Some("videos_organization_id_channel_id_fkey") => Self::ChannelNotFound,
            _ => Self::Database(error),
        }
    }
}

impl From<LibraryError> for Problem {
    fn from(error: LibraryError) -> Self {
        match error {
            LibraryError::VideoNotFound => Problem::not_found("video"),
            LibraryError::ChannelNotFound => Problem::not_found("channel"),
            LibraryError::ChannelNameTaken => {
                Problem::conflict("channel_name_taken", "A channel of this name exists already.")
                    .hint("Choose another name.")
            }
            LibraryError::NothingToRetry => Problem::conflict(
                "nothing_to_retry",
                "Nothing of this video has failed that could be tried again.",
            ),
            LibraryError::ListChanged => {
                Problem::conflict("list_changed", "The list changed where this cursor stands.")
                    .hint("Read it from its beginning.")
            }
            LibraryError::Length { field, least, most } => Problem::invalid_field(
                field,
                "length_invalid",
                format!("The {field} must have {least} to {most} characters."),
            ),
            LibraryError::Database(error) => error.into(),
        }
    }
}
