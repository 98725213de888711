//! What is told: the names of events, what each means, and the messages.

use chrono::{DateTime, Utc};
use memoreel_kernel::{AssetId, ChannelId, FolderId, OrganizationId, VideoId, WebhookEndpointId};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        ContentBuilder, HttpMethod, ObjectBuilder, OpenApi, PathItem, Paths, Ref, RefOr, ResponseBuilder,
        Schema, Type,
        path::{OperationBuilder, Parameter, ParameterBuilder, ParameterIn},
        request_body::RequestBodyBuilder,
    },
};

/// The event that the test button sends, which nobody subscribes to.
pub(crate) const TEST: &str = "webhook.test";

/// What an endpoint may be told. Which of our own events each is, says `webhook_event_of` in the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
pub enum WebhookEvent {
    /// A video was added, and its processing begins.
    #[serde(rename = "video.added")]
    Added,
    /// A video can be played. It is told up to three times of one recording: when browsers can play its file, while `hls_url` of the video is still
    /// null, when HLS is there, and when its other sizes are.
    #[serde(rename = "video.playable")]
    Playable,
    /// A video's transcript was written or replaced.
    #[serde(rename = "video.transcribed")]
    Transcribed,
    /// A video can be found by what is said in it.
    #[serde(rename = "video.indexed")]
    Indexed,
    /// A video's summary was written.
    #[serde(rename = "video.summarised")]
    Summarised,
    /// Everything that was to be done to a video is done.
    #[serde(rename = "video.completed")]
    Completed,
    /// The processing of a video was given up.
    #[serde(rename = "video.failed")]
    Failed,
    /// Title, description, channel, visibility or speakers of a video changed.
    #[serde(rename = "video.changed")]
    Changed,
    /// A video went to the bin, or is gone because its file was temporary.
    #[serde(rename = "video.deleted")]
    Deleted,
    /// A video came back from the bin.
    #[serde(rename = "video.restored")]
    Restored,
    /// An image or a document is stored, and what it is is known.
    #[serde(rename = "asset.ready")]
    AssetReady,
    /// An image or a document cannot be kept.
    #[serde(rename = "asset.failed")]
    AssetFailed,
    /// An image or a document went to the bin, or was deleted for good outside of it, as temporary ones are after a day.
    #[serde(rename = "asset.deleted")]
    AssetDeleted,
    /// An image or a document came back from the bin.
    #[serde(rename = "asset.restored")]
    AssetRestored,
}

impl WebhookEvent {
    /// All of them, in the order in which they usually happen.
    pub const ALL: [WebhookEvent; 14] = [
        WebhookEvent::Added,
        WebhookEvent::Playable,
        WebhookEvent::Transcribed,
        WebhookEvent::Indexed,
        WebhookEvent::Summarised,
        WebhookEvent::Completed,
        WebhookEvent::Failed,
        WebhookEvent::Changed,
        WebhookEvent::Deleted,
        WebhookEvent::Restored,
        WebhookEvent::AssetReady,
        WebhookEvent::AssetFailed,
        WebhookEvent::AssetDeleted,
        WebhookEvent::AssetRestored,
    ];

    /// Its name in messages.
    pub fn as_str(self) -> &'static str {
        match self {
            WebhookEvent::Added => "video.added",
            WebhookEvent::Playable => "video.playable",
            WebhookEvent::Transcribed => "video.transcribed",
            WebhookEvent::Indexed => "video.indexed",
            WebhookEvent::Summarised => "video.summarised",
            WebhookEvent::Completed => "video.completed",
            WebhookEvent::Failed => "video.failed",
            WebhookEvent::Changed => "video.changed",
            WebhookEvent::Deleted => "video.deleted",
            WebhookEvent::Restored => "video.restored",
            WebhookEvent::AssetReady => "asset.ready",
            WebhookEvent::AssetFailed => "asset.failed",
            WebhookEvent::AssetDeleted => "asset.deleted",
            WebhookEvent::AssetRestored => "asset.restored",
        }
    }

    /// The inverse of [`WebhookEvent::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        WebhookEvent::ALL.into_iter().find(|event| event.as_str() == text)
    }

    /// When it is told.
    pub fn description(self) -> &'static str {
        match self {
            WebhookEvent::Added => "A video was added, and its processing begins.",
            WebhookEvent::Playable => {
                "A video can be played; told up to three times: when browsers can play its file, while hls_url is still null, when HLS is there, \
                 and when its other sizes are."
            }
            WebhookEvent::Transcribed => "A video's transcript was written or replaced.",
            WebhookEvent::Indexed => "A video can be found by what is said in it.",
            WebhookEvent::Summarised => "A video's summary was written.",
            WebhookEvent::Completed => "Everything that was to be done to a video is done.",
            WebhookEvent::Failed => {
                "The processing of a video was given up; error_code and error_message say why."
            }
            WebhookEvent::Changed => {
                "Title, description, channel, visibility or speakers of a video changed."
            }
            WebhookEvent::Deleted => "A video went to the bin, or is gone because its file was temporary.",
            WebhookEvent::Restored => "A video came back from the bin.",
            WebhookEvent::AssetReady => "An image or a document is stored, and what it is is known.",
            WebhookEvent::AssetFailed => {
                "An image or a document cannot be kept; error_code and error_message say why."
            }
            WebhookEvent::AssetDeleted => {
                "An image or a document went to the bin, or was deleted for good outside of it, as temporary ones are after a day."
            }
            WebhookEvent::AssetRestored => "An image or a document came back from the bin.",
        }
    }

    /// Whether it is about an asset that is no recording, instead of a video.
    pub fn is_of_asset(self) -> bool {
        self.as_str().starts_with("asset.")
    }

    /// A message, as somebody who writes a receiver would want to see one.
    pub fn example(self) -> Value {
        let (about, thing) = if self.is_of_asset() {
            ("asset", self.example_asset())
        } else {
            ("video", self.example_video())
        };
        json!({
            "type": self.as_str(),
            "timestamp": "2026-03-01T12:00:00.000000Z",
            "data": { "organization_id": "0195512e-ad00-7000-8000-000000000001", about: thing }
        })
    }

    fn example_video(self) -> Value {
        let failed = self == WebhookEvent::Failed;
        json!({
            "id": "0195512e-ad00-7000-8000-000000000002",
            "title": "Weekly sync",
            "status": match self {
                WebhookEvent::Added => "pending",
                WebhookEvent::Failed => "failed",
                WebhookEvent::Playable | WebhookEvent::Transcribed | WebhookEvent::Indexed | WebhookEvent::Summarised => "processing",
                _ => "completed",
            },
            "visibility": "organization",
            "channel_id": null,
            "error_code": failed.then_some("media_empty"),
            "error_message": failed.then_some("The file holds neither pictures nor sound."),
            "created_at": "2026-03-01T11:58:30.000000Z"
        })
    }

    fn example_asset(self) -> Value {
        let failed = self == WebhookEvent::AssetFailed;
        json!({
            "id": "0195512e-ad00-7000-8000-000000000003",
            "kind": "image",
            "filename": "Harbour.jpg",
            "status": if failed { "failed" } else { "ready" },
            "folder_id": null,
            "error_code": failed.then_some("image_malformed"),
            "error_message": failed.then_some("The image is damaged."),
            "created_at": "2026-03-01T11:58:30.000000Z"
        })
    }
}

/// A message about a video. Receivers ignore fields they do not know: more may come.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = VideoWebhookMessage)]
#[serde(deny_unknown_fields)]
pub struct VideoMessage {
    /// What happened.
    #[serde(rename = "type")]
    pub event: WebhookEvent,
    /// When it happened.
    pub timestamp: DateTime<Utc>,
    /// To what.
    pub data: VideoMessageData,
}

/// What a message about a video carries.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = VideoWebhookData)]
#[serde(deny_unknown_fields)]
pub struct VideoMessageData {
    /// The organization it belongs to.
    pub organization_id: OrganizationId,
    /// The video as it was when it happened.
    pub video: MessageVideo,
}

/// A video in a message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = WebhookVideo)]
#[serde(deny_unknown_fields)]
pub struct MessageVideo {
    /// Its id; `GET /api/v1/videos/{id}` has the rest.
    pub id: VideoId,
    /// Its title.
    pub title: String,
    /// `pending`, `processing`, `completed` or `failed`.
    pub status: String,
    /// `organization` or `public`; nothing is told of private videos.
    pub visibility: String,
    /// The channel it is in.
    pub channel_id: Option<ChannelId>,
    /// Why its processing failed, for programs.
    pub error_code: Option<String>,
    /// Why its processing failed, in a sentence.
    pub error_message: Option<String>,
    /// When it was added.
    pub created_at: DateTime<Utc>,
}

/// A message about an image or a document. Receivers ignore fields they do not know: more may come.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = AssetWebhookMessage)]
#[serde(deny_unknown_fields)]
pub struct AssetMessage {
    /// What happened.
    #[serde(rename = "type")]
    pub event: WebhookEvent,
    /// When it happened.
    pub timestamp: DateTime<Utc>,
    /// To what.
    pub data: AssetMessageData,
}

/// What a message about an image or a document carries.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = AssetWebhookData)]
#[serde(deny_unknown_fields)]
pub struct AssetMessageData {
    /// The organization it belongs to.
    pub organization_id: OrganizationId,
    /// The asset as it was when it happened.
    pub asset: MessageAsset,
}

/// An image or a document in a message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = WebhookAsset)]
#[serde(deny_unknown_fields)]
pub struct MessageAsset {
    /// Its id; `GET /api/v1/assets/{id}` has the rest.
    pub id: AssetId,
    /// `image` or `document`.
    pub kind: String,
    /// Its name.
    pub filename: String,
    /// `ready` or `failed`.
    pub status: String,
    /// The folder it is in.
    pub folder_id: Option<FolderId>,
    /// Why it cannot be kept, for programs.
    pub error_code: Option<String>,
    /// Why it cannot be kept, in a sentence.
    pub error_message: Option<String>,
    /// When it was uploaded.
    pub created_at: DateTime<Utc>,
}

/// The message that the test button sends, which is about nothing. Receivers ignore fields they do not know: more may come.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = TestWebhookMessage)]
#[serde(deny_unknown_fields)]
pub struct TestMessage {
    /// That it is a test.
    #[serde(rename = "type")]
    pub event: WebhookTestEvent,
    /// When the button was pressed.
    pub timestamp: DateTime<Utc>,
    /// For whom.
    pub data: TestMessageData,
}

/// What the test button tells, which nobody subscribes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum WebhookTestEvent {
    /// Somebody pressed the test button of an endpoint.
    #[serde(rename = "webhook.test")]
    Test,
}

/// What the message of the test button carries.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = TestWebhookData)]
#[serde(deny_unknown_fields)]
pub struct TestMessageData {
    /// The organization whose endpoint it is.
    pub organization_id: OrganizationId,
    /// The endpoint that is tested.
    pub endpoint_id: WebhookEndpointId,
}

fn example_test() -> Value {
    json!({
        "type": TEST,
        "timestamp": "2026-03-01T12:00:00.000000Z",
        "data": {
            "organization_id": "0195512e-ad00-7000-8000-000000000001",
            "endpoint_id": "0195512e-ad00-7000-8000-000000000004"
        }
    })
}

/// Adds the messages to the description of the API, one for each event and that of the test button.
pub fn describe(document: &mut OpenApi) {
    if let Some(components) = &mut document.components {
        let mut nested: Vec<(String, RefOr<Schema>)> = Vec::new();
        VideoMessage::schemas(&mut nested);
        AssetMessage::schemas(&mut nested);
        TestMessage::schemas(&mut nested);
        nested.push((VideoMessage::name().into_owned(), VideoMessage::schema()));
        nested.push((AssetMessage::name().into_owned(), AssetMessage::schema()));
        nested.push((TestMessage::name().into_owned(), TestMessage::schema()));
        components.schemas.extend(nested.into_iter().map(|(name, schema)| (name, open(schema))));
    }
    let mut webhooks = Paths::new();
    for event in WebhookEvent::ALL {
        let form = if event.is_of_asset() { AssetMessage::name() } else { VideoMessage::name() };
        let message = message(event.as_str(), event.description(), &form, event.example());
        webhooks.paths.insert(event.as_str().to_owned(), message);
    }
    let description =
        "Somebody pressed the test button of an endpoint; it goes to that one alone, whatever it asks for.";
    let test = message(TEST, description, &TestMessage::name(), example_test());
    webhooks.paths.insert(TEST.to_owned(), test);
    document.webhooks = Some(webhooks);
}

/// More fields may come. That our own types take no others is for the tests, which read with them what is sent.
fn open(mut schema: RefOr<Schema>) -> RefOr<Schema> {
    if let RefOr::T(Schema::Object(object)) = &mut schema {
        object.additional_properties = None;
    }
    schema
}

fn message(event: &str, description: &str, form: &str, example: Value) -> PathItem {
    let content =
        ContentBuilder::new().schema(Some(Ref::from_schema_name(form))).example(Some(example)).build();
    let body = RequestBodyBuilder::new()
        .description(Some("The message, signed as it is, byte by byte"))
        .content("application/json", content)
        .required(Some(utoipa::openapi::Required::True))
        .build();
    let mut operation = OperationBuilder::new()
        .operation_id(Some(event.replace('.', "_")))
        .tag("Webhooks")
        .summary(Some(description.to_owned()))
        .request_body(Some(body))
        .response("2XX", ResponseBuilder::new().description("Taken; it is not sent again").build())
        .response(
            "410",
            ResponseBuilder::new().description("Gone; nothing is sent to this address any more").build(),
        )
        .response(
            "default",
            ResponseBuilder::new()
                .description("Not taken; it is sent again later, after Retry-After if that is longer")
                .build(),
        );
    for (name, what) in HEADERS {
        operation = operation.parameter(header(name, what));
    }
    PathItem::new(HttpMethod::Post, operation.build())
}

const HEADERS: [(&str, &str); 3] = [
    ("webhook-id", "Names the message for good: one that is sent again has the same"),
    ("webhook-timestamp", "When it is sent, in seconds since 1970"),
    (
        "webhook-signature",
        "`v1,` and the HMAC-SHA-256 of `id.timestamp.body` in base 64; several while a secret is being replaced",
    ),
];

fn header(name: &str, what: &str) -> Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Header)
        .required(utoipa::openapi::Required::True)
        .description(Some(what))
        .schema(Some(ObjectBuilder::new().schema_type(Type::String)))
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_has_one_name_and_an_example_of_its_own_form() {
        for event in WebhookEvent::ALL {
            assert_eq!(WebhookEvent::parse(event.as_str()), Some(event));
            assert_eq!(serde_json::to_value(event).expect("JSON"), event.as_str());
            let told = if event.is_of_asset() {
                serde_json::from_value::<AssetMessage>(event.example()).expect("a message").event
            } else {
                serde_json::from_value::<VideoMessage>(event.example()).expect("a message").event
            };
            assert_eq!(told, event);
        }
        assert_eq!(WebhookEvent::parse(TEST), None);
        assert!(serde_json::from_value::<TestMessage>(example_test()).is_ok());
    }
}
