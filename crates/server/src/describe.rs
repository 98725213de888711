//! What is said of every operation alike, so that no handler has to: how it fails.

use memoreel_web::ProblemBody;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{Content, ContentBuilder, OpenApi, Ref, RefOr, Response, ResponseBuilder, path::Operation},
};

const JSON: &str = "application/json";
const PROBLEM_JSON: &str = "application/problem+json";

/// Gives every refusal the media type it is sent with, and every operation an answer for what may happen anywhere: a request that
/// cannot be read, too many of them, a server that is busy.
pub(crate) fn describe_problems(document: &mut OpenApi) {
    if let Some(components) = &mut document.components {
        components.schemas.insert(ProblemBody::name().into_owned(), ProblemBody::schema());
    }
    for path in document.paths.paths.values_mut() {
        let with_body = [
            &mut path.get,
            &mut path.put,
            &mut path.post,
            &mut path.delete,
            &mut path.options,
            &mut path.patch,
        ];
        for operation in with_body.into_iter().flatten() {
            describe(operation, Some(problem()));
        }
        if let Some(operation) = &mut path.head {
            describe(operation, None);
        }
    }
}

fn describe(operation: &mut Operation, content: Option<Content>) {
    for (status, response) in &mut operation.responses.responses {
        if let RefOr::T(response) = response
            && status.starts_with(['4', '5'])
        {
            name_problem(response);
        }
    }
    let any = ResponseBuilder::new().description("Any other problem; `code` says which");
    let any = match content {
        Some(content) => any.content(PROBLEM_JSON, content),
        None => any,
    };
    operation.responses.responses.entry("default".to_owned()).or_insert_with(|| any.build().into());
}

fn name_problem(response: &mut Response) {
    if let Some(content) = response.content.swap_remove(JSON) {
        response.content.insert(PROBLEM_JSON.to_owned(), content);
    }
}

fn problem() -> Content {
    ContentBuilder::new().schema(Some(Ref::from_schema_name(ProblemBody::name()))).build()
}
