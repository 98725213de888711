//! Extractors whose refusals are problems.

use crate::{Closing, Problem, malformed};
use axum::{
    extract::{FromRequest, FromRequestParts, Path, Query, Request},
    http::{Uri, request::Parts},
    response::{IntoResponse, Response},
};
use memoreel_kernel::{Caller, UserId};
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{DeserializeOwned, MapAccess, Visitor, value::MapAccessDeserializer},
};
use std::{marker::PhantomData, str::FromStr};

/// A person, whatever their role: for what they do with their own account.
#[derive(Debug, Clone, Copy)]
pub struct SignedIn(pub Caller, pub UserId);

impl<S: Send + Sync> FromRequestParts<S> for SignedIn {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let caller = caller(parts)?;
        caller.user_id.map(|user_id| Self(caller, user_id)).ok_or_else(Problem::unauthenticated)
    }
}

/// A person, whether or not their account is closed: for who they are, and for taking the closing back.
#[derive(Debug, Clone, Copy)]
pub struct MaybeClosing(pub Caller, pub UserId);

impl<S: Send + Sync> FromRequestParts<S> for MaybeClosing {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let caller = parts.extensions.get::<Caller>().copied().ok_or_else(Problem::unauthenticated)?;
        caller.user_id.map(|user_id| Self(caller, user_id)).ok_or_else(Problem::unauthenticated)
    }
}

/// Whoever is calling; 401 if nobody is signed in, 403 if the account is closed.
pub(crate) fn caller(parts: &Parts) -> Result<Caller, Problem> {
    let caller = parts.extensions.get::<Caller>().copied().ok_or_else(Problem::unauthenticated)?;
    match parts.extensions.get::<Closing>() {
        Some(closing) => Err(Problem::account_closing(closing.erased_after)),
        None => Ok(caller),
    }
}

/// A JSON body, in and out.
#[derive(Debug)]
pub struct Json<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        match axum::Json::<Object<T>>::from_request(request, state).await {
            Ok(axum::Json(Object(value))) => Ok(Self(value)),
            Err(rejection) => Err(malformed::json(&rejection)),
        }
    }
}

/// A JSON object: serde would take a list too, as the fields in their order.
struct Object<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ObjectVisitor(PhantomData))
    }
}

struct ObjectVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
    type Value = Object<T>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<Object<T>, A::Error> {
        T::deserialize(MapAccessDeserializer::new(fields)).map(Object)
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        axum::Json(self.0).into_response()
    }
}

/// Query parameters.
#[derive(Debug)]
pub struct Params<T>(pub T);

impl<T: DeserializeOwned> Params<T> {
    /// Those of an address, for where what it leads to says whether it has any.
    ///
    /// # Errors
    /// 422 `parameters_invalid`, with the parameter at fault.
    pub fn of(uri: &Uri) -> Result<Self, Problem> {
        // No text in the database has one, and what looks for it breaks.
        if uri.query().is_some_and(|query| query.contains("%00")) {
            return Err(Problem::invalid("parameters_invalid", "Parameters must have no null characters."));
        }
        let read = Query::<T>::try_from_uri(uri);
        read.map(|Query(value)| Self(value)).map_err(|rejection| malformed::parameters(&rejection))
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Self::of(&parts.uri)
    }
}

/// The one id in the path. What is not an id names nothing, so it is a 404 like an unknown one.
#[derive(Debug)]
pub struct ResourceId<T>(pub T);

impl<T: FromStr + Send, S: Send + Sync> FromRequestParts<S> for ResourceId<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Path(text) = Path::<String>::from_request_parts(parts, state)
            .await
            .map_err(|_| Problem::not_found("resource"))?;
        text.parse().map(Self).map_err(|_| Problem::not_found("resource"))
    }
}
