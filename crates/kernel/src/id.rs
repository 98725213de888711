//! The registry of id types. Each is a UUIDv7 newtype, so that ids of different things cannot be confused.

use crate::Timestamp;
use uuid::Uuid;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord,
            serde::Serialize, serde::Deserialize, sqlx::Type, utoipa::ToSchema,
        )]
        #[serde(transparent)]
        #[sqlx(transparent)]
        #[schema(value_type = Uuid)]
        pub struct $name(pub Uuid);

        impl $name {
            /// A new id whose leading bits order by `now`.
            pub fn new(now: Timestamp) -> Self {
                Self(new_uuid(now))
            }

            /// The bare UUID, for statement parameters.
            pub fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }

        impl From<$name> for Uuid {
            fn from(id: $name) -> Uuid {
                id.0
            }
        }

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }
    )*};
}

/// The UUID that `text` spells, if spelling it again gives the same text: names made of ids have one spelling.
pub fn canonical_uuid(text: &str) -> Option<Uuid> {
    let uuid = Uuid::try_parse(text).ok()?;
    (uuid.hyphenated().encode_lower(&mut Uuid::encode_buffer()) == text).then_some(uuid)
}

fn new_uuid(now: Timestamp) -> Uuid {
    let seconds = now.timestamp().max(0).cast_unsigned();
    Uuid::new_v7(uuid::Timestamp::from_unix(uuid::NoContext, seconds, now.timestamp_subsec_nanos()))
}

ids! {
    /// The tenant.
    OrganizationId;
    /// What asks somebody into an organization.
    InvitationId;
    /// A person with an account.
    UserId;
    /// A signed-in device.
    SessionId;
    /// A key pair on a person's device that they sign in with.
    PasskeyId;
    /// A bearer key.
    ApiKeyId;
    /// A line of the audit log.
    AuditEntryId;
    /// What a provider knows a person as.
    IdentityId;
    /// A domain of an organization.
    DomainId;
    /// A link that was mailed to somebody.
    EmailTokenId;
    /// A stored file.
    AssetId;
    /// A place assets live in.
    FolderId;
    /// What is stored once, however many assets have it.
    BlobId;
    /// A resumable upload in progress or finished.
    UploadId;
    /// Something derived from an asset.
    RenditionId;
    /// A library item people watch.
    VideoId;
    /// A place videos live in.
    ChannelId;
    /// The text of a video.
    TranscriptId;
    /// A timed line of a transcript.
    SegmentId;
    /// A voice in a transcript.
    SpeakerId;
    /// An indexed passage.
    ChunkId;
    /// A sentence-embedding model.
    EmbeddingModelId;
    /// A background job.
    TaskId;
    /// An address that is told what happens.
    WebhookEndpointId;
    /// What messages to an address are signed with.
    WebhookSecretId;
    /// One message to one address.
    WebhookDeliveryId;
    /// What a person takes along.
    ExportId;
    /// What is taken along of an organization.
    OrganizationExportId;
    /// The removal of a person or an organization.
    ErasureId;
}
