//! The tools. Each is a module that says what it takes, what it answers with, and does it through the client.

mod files;
mod search;
mod transcripts;
mod uploads;
mod videos;

use crate::{
    Uploads,
    outcome::{Refusal, answer},
};
use memoreel_client::Client;
use rmcp::{
    RoleServer,
    model::{CallToolResult, JsonObject, ProgressToken, Tool as Described, ToolAnnotations},
    service::Peer,
};
use schemars::JsonSchema;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

/// What a call may use.
pub(crate) struct Context<'a> {
    pub(crate) client: Client,
    pub(crate) uploads: &'a Uploads,
    /// Who wants to know how far it is, and under which name.
    pub(crate) progress: Option<(Peer<RoleServer>, ProgressToken)>,
}

/// Something that an assistant can do.
pub(crate) trait Tool {
    const NAME: &'static str;
    const TITLE: &'static str;
    const DESCRIPTION: &'static str;
    /// Whether it changes nothing.
    const READS: bool = true;
    /// Whether it has to do with more than what is in Memoreel.
    const REACHES_OUT: bool = false;
    type Input: DeserializeOwned + JsonSchema + Send + 'static;
    type Output: Serialize + JsonSchema + 'static;

    /// The answer for programs, and as text.
    fn run(
        context: &Context<'_>,
        input: Self::Input,
    ) -> impl Future<Output = Result<(Self::Output, String), Refusal>> + Send;
}

/// What everybody may use.
pub(crate) fn reading() -> Vec<Described> {
    vec![
        described::<search::Search>(),
        described::<transcripts::GetTranscript>(),
        described::<transcripts::GetMoment>(),
        described::<videos::ListVideos>(),
        described::<videos::GetVideo>(),
        described::<files::GetFile>(),
    ]
}

/// What those may use besides who may add things.
pub(crate) fn writing(uploads: &Uploads) -> Vec<Described> {
    let upload = match uploads {
        Uploads::None => None,
        Uploads::Files(_) => Some(described::<uploads::UploadFile>()),
        Uploads::Addresses => Some(described::<uploads::AnnounceUpload>()),
    };
    upload.into_iter().chain([described::<uploads::ImportLink>()]).collect()
}

/// Calls a tool; none when there is none of that name.
pub(crate) async fn call(name: &str, arguments: JsonObject, context: &Context<'_>) -> Option<CallToolResult> {
    let result = match (name, context.uploads) {
        (search::Search::NAME, _) => run::<search::Search>(arguments, context).await,
        (transcripts::GetTranscript::NAME, _) => run::<transcripts::GetTranscript>(arguments, context).await,
        (transcripts::GetMoment::NAME, _) => run::<transcripts::GetMoment>(arguments, context).await,
        (videos::ListVideos::NAME, _) => run::<videos::ListVideos>(arguments, context).await,
        (videos::GetVideo::NAME, _) => run::<videos::GetVideo>(arguments, context).await,
        (files::GetFile::NAME, _) => run::<files::GetFile>(arguments, context).await,
        (uploads::UploadFile::NAME, Uploads::Files(_)) => {
            run::<uploads::UploadFile>(arguments, context).await
        }
        (uploads::AnnounceUpload::NAME, Uploads::Addresses) => {
            run::<uploads::AnnounceUpload>(arguments, context).await
        }
        (uploads::ImportLink::NAME, _) => run::<uploads::ImportLink>(arguments, context).await,
        _ => return None,
    };
    Some(result)
}

async fn run<T: Tool>(arguments: JsonObject, context: &Context<'_>) -> CallToolResult {
    let outcome = match read::<T::Input>(arguments) {
        Ok(input) => T::run(context, input).await,
        Err(refusal) => Err(refusal),
    };
    match outcome {
        Ok((value, text)) => answer(&value, text),
        Err(refusal) => refusal.into_result(),
    }
}

/// What a tool takes; where it cannot be read, its place is named.
fn read<Input: DeserializeOwned>(arguments: JsonObject) -> Result<Input, Refusal> {
    serde_path_to_error::deserialize(Value::Object(arguments)).map_err(|error| {
        let (place, reason) = (error.path().to_string(), error.inner().to_string());
        // What is missing or unknown is named in the reason, and of the whole there is no place.
        let is_named = place == "." || reason.contains(&format!("`{place}`"));
        Refusal::Arguments(if is_named { reason } else { format!("`{place}`: {reason}") })
    })
}

fn described<T: Tool>() -> Described {
    let annotations = ToolAnnotations::with_title(T::TITLE)
        .read_only(T::READS)
        .destructive(false)
        .idempotent(T::READS)
        .open_world(T::REACHES_OUT);
    Described::new(T::NAME, T::DESCRIPTION, JsonObject::new())
        .with_title(T::TITLE)
        .with_input_schema::<T::Input>()
        .with_output_schema::<T::Output>()
        .with_annotations(annotations)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::UploadFolders;

    #[test]
    fn every_tool_says_what_it_takes_and_what_it_answers_with() {
        let uploads = [Uploads::Files(UploadFolders::default()), Uploads::Addresses];
        let writing = uploads.iter().flat_map(writing);
        for tool in reading().into_iter().chain(writing) {
            let schema = Value::Object((*tool.input_schema).clone());
            assert_eq!(schema["type"], "object", "{}", tool.name);
            assert_eq!(schema["additionalProperties"], false, "{}", tool.name);
            for (name, property) in schema["properties"].as_object().expect("properties") {
                assert!(property["description"].is_string(), "{}: {name} is not described", tool.name);
            }
            assert!(tool.output_schema.is_some_and(|schema| schema["type"] == "object"), "{}", tool.name);
            assert!(tool.annotations.is_some_and(|hints| hints.destructive_hint == Some(false)));
        }
    }
}
