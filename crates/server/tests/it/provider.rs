//! Somebody else's server of a model that looks at pictures.

use crate::{
    app::Options,
    engines::{DIMENSIONS, vector},
};
use axum::{
    Json, Router,
    extract::{DefaultBodyLimit, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::post,
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use memoreel_ai::{HttpEmbed, ProviderSettings};
use serde_json::{Value, json};
use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex},
};

/// It speaks the form of the protocol that Jina and SGLang do.
#[derive(Clone, Default)]
pub struct Provider(Arc<Mutex<Seen>>);

#[derive(Default)]
struct Seen {
    /// What the model sees in the next pictures that it is sent for the first time.
    next: VecDeque<&'static str>,
    /// What it saw in those that it has been sent.
    known: HashMap<Vec<u8>, &'static str>,
    /// What goes wrong at the next requests with pictures.
    troubles: VecDeque<Trouble>,
    /// Every input of every request.
    inputs: Vec<Value>,
}

/// What it sees in a picture that it cannot read: it refuses whatever is sent together with it.
pub const UNREADABLE: &str = "unreadable";

#[derive(Clone, Copy)]
pub enum Trouble {
    /// No answer, for as long as somebody waits for one.
    Silent,
    /// Too many requests: another try in a second.
    Busy,
    /// One vector too few.
    Short,
    /// Vectors of another length.
    Narrow,
}

impl Provider {
    /// Over which the server is started that this is the provider of; whether it is sent pictures is a setting.
    pub async fn options(&self, takes_pictures: bool) -> Options {
        let settings = ProviderSettings::new(self.serve().await.parse().unwrap(), None, "sees");
        let embed = HttpEmbed::new(settings, DIMENSIONS).unwrap().with_pictures(takes_pictures);
        Options { embed: Some(Arc::new(embed)), ..Options::default() }
    }

    /// Answers from now on at the returned address.
    pub async fn serve(&self) -> String {
        let routes = Router::new()
            .route("/v1/embeddings", post(embed))
            .layer(DefaultBodyLimit::max(16 << 20))
            .with_state(self.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        address
    }

    pub fn sees(&self, next: &[&'static str]) {
        self.0.lock().unwrap().next.extend(next);
    }

    pub fn fails(&self, troubles: &[Trouble]) {
        self.0.lock().unwrap().troubles.extend(troubles);
    }

    /// The pictures it was sent, one after the other.
    pub fn pictures(&self) -> Vec<Vec<u8>> {
        let seen = self.0.lock().unwrap();
        let pictures = seen.inputs.iter().filter_map(|input| input["image"].as_str());
        pictures.map(|image| BASE64_STANDARD.decode(image).unwrap()).collect()
    }

    /// How many inputs of which kind it was sent: texts, and anything else.
    pub fn counts(&self) -> (usize, usize) {
        let seen = self.0.lock().unwrap();
        let texts = seen.inputs.iter().filter(|input| input.is_string()).count();
        (texts, seen.inputs.len() - texts)
    }
}

async fn embed(State(Provider(seen)): State<Provider>, Json(body): Json<Value>) -> Response {
    let answer = seen.lock().unwrap().answer(&body);
    match answer {
        Some(answer) => answer,
        None => std::future::pending().await,
    }
}

impl Seen {
    /// What a request is answered, if it is.
    fn answer(&mut self, body: &Value) -> Option<Response> {
        assert_eq!((&body["model"], &body["dimensions"]), (&json!("sees"), &json!(DIMENSIONS)));
        let inputs = body["input"].as_array().unwrap().clone();
        self.inputs.extend(inputs.iter().cloned());
        let has_pictures = inputs.iter().any(|input| input["image"].is_string());
        let trouble = if has_pictures { self.troubles.pop_front() } else { None };
        match trouble {
            Some(Trouble::Silent) => return None,
            Some(Trouble::Busy) => {
                let headers = [("retry-after", "1")];
                return Some((StatusCode::TOO_MANY_REQUESTS, headers, "slow down").into_response());
            }
            Some(Trouble::Short | Trouble::Narrow) | None => {}
        }
        let mut data: Vec<Value> = inputs
            .iter()
            .enumerate()
            .map(|(index, input)| json!({ "index": index, "embedding": self.vector_of(input) }))
            .collect();
        if self.is_any_unreadable(&inputs) {
            return Some((StatusCode::BAD_REQUEST, "cannot identify image file").into_response());
        }
        match trouble {
            Some(Trouble::Short) => drop(data.pop()),
            Some(Trouble::Narrow) => {
                data.iter_mut().for_each(|item| item["embedding"] = json!([1.0, 0.0]));
            }
            Some(Trouble::Silent | Trouble::Busy) | None => {}
        }
        Some(Json(json!({ "object": "list", "model": "sees", "data": data })).into_response())
    }

    fn is_any_unreadable(&self, inputs: &[Value]) -> bool {
        let pictures = inputs.iter().filter_map(|input| input["image"].as_str());
        pictures
            .map(|image| BASE64_STANDARD.decode(image).unwrap())
            .any(|it| self.known.get(&it) == Some(&UNREADABLE))
    }

    fn vector_of(&mut self, input: &Value) -> Vec<f32> {
        if let Some(text) = input.as_str().or(input["text"].as_str()) {
            return vector(text);
        }
        assert_eq!(input.as_object().unwrap().keys().collect::<Vec<_>>(), ["image"]);
        let picture = BASE64_STANDARD.decode(input["image"].as_str().unwrap()).unwrap();
        let Self { next, known, .. } = self;
        let seen = known.entry(picture).or_insert_with(|| next.pop_front().unwrap_or("nothing"));
        vector(seen)
    }
}
