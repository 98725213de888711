//! What is said of every operation alike, so that no handler has to: how it fails, and what free text in a query may not hold.

use memoreel_web::ProblemBody;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        Content, ContentBuilder, OpenApi, Ref, RefOr, Response, ResponseBuilder, Schema, Type,
        path::{Operation, Parameter, ParameterIn},
        schema::SchemaType,
    },
};

const JSON: &str = "application/json";
const PROBLEM_JSON: &str = "application/problem+json";
/// What reads query parameters refuses those that hold a null character.
const WITHOUT_NULL: &str = r"^[^\u0000]*$";

/// Gives every refusal the media type it is sent with, and every operation an answer for what may happen anywhere: a request that
/// cannot be read, too many of them, a server that is busy. Parameters that are free text say what they may not hold.
pub(crate) fn describe_everywhere(document: &mut OpenApi) {
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
    for parameter in operation.parameters.iter_mut().flatten() {
        if let RefOr::T(parameter) = parameter {
            refuse_null(parameter);
        }
    }
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

fn refuse_null(parameter: &mut Parameter) {
    if let (ParameterIn::Query, Some(RefOr::T(Schema::Object(schema)))) =
        (&parameter.parameter_in, &mut parameter.schema)
        && schema.schema_type == SchemaType::Type(Type::String)
        && (&schema.format, &schema.enum_values, &schema.pattern) == (&None, &None, &None)
    {
        schema.pattern = Some(WITHOUT_NULL.to_owned());
    }
}

fn name_problem(response: &mut Response) {
    if let Some(content) = response.content.swap_remove(JSON) {
        response.content.insert(PROBLEM_JSON.to_owned(), content);
    }
}

fn problem() -> Content {
    ContentBuilder::new().schema(Some(Ref::from_schema_name(ProblemBody::name()))).build()
}
