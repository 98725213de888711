//! The HTTP providers against a server that speaks the real protocol.

#![expect(clippy::unwrap_used, reason = "a broken helper of a test is a failed test")]

use std::io::Write as _;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Multipart, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use memoreel_ai::{
    AiError, Embed, Generate, GenerateRequest, HttpEmbed, HttpGenerate, HttpTranscribe, Picture,
    ProviderSettings, Secret, Transcribe, TranscribeRequest, wav,
};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

const KEY: &str = "key-that-nobody-may-see";

type Answers = Arc<Mutex<Vec<Response>>>;

/// A provider that gives prepared answers in order and keeps what it was sent.
#[derive(Clone, Default)]
struct Provider {
    answers: Answers,
    bodies: Arc<Mutex<Vec<Value>>>,
}

impl Provider {
    fn with(answers: impl IntoIterator<Item = Response>) -> Self {
        let provider = Self::default();
        provider.answers.lock().unwrap().extend(answers);
        provider
    }

    fn answer(&self, headers: &HeaderMap, body: Value) -> Response {
        if headers.get("authorization").is_none_or(|value| value != format!("Bearer {KEY}").as_str()) {
            return (StatusCode::UNAUTHORIZED, "no").into_response();
        }
        self.bodies.lock().unwrap().push(body);
        let mut answers = self.answers.lock().unwrap();
        if answers.is_empty() { StatusCode::IM_A_TEAPOT.into_response() } else { answers.remove(0) }
    }

    async fn start(&self) -> ProviderSettings {
        let app = Router::new()
            .route("/v1/embeddings", post(take_json))
            .route("/v1/chat/completions", post(take_json))
            .route("/v1/audio/transcriptions", post(take_form))
            .with_state(self.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        ProviderSettings::new(address.parse().unwrap(), Some(Secret::new(KEY)), "a-model")
    }

    fn bodies(&self) -> Vec<Value> {
        self.bodies.lock().unwrap().clone()
    }
}

async fn take_json(State(provider): State<Provider>, headers: HeaderMap, body: Bytes) -> Response {
    provider.answer(&headers, serde_json::from_slice(&body).unwrap())
}

async fn take_form(State(provider): State<Provider>, headers: HeaderMap, mut form: Multipart) -> Response {
    let mut fields = Vec::new();
    while let Some(field) = form.next_field().await.unwrap() {
        let name = field.name().unwrap().to_owned();
        let bytes = field.bytes().await.unwrap();
        let value = if name == "file" {
            assert_eq!(&bytes[..4], b"RIFF");
            assert_eq!(u32::from_le_bytes(bytes[40..44].try_into().unwrap()) as usize, bytes.len() - 44);
            json!(bytes.len())
        } else {
            json!(String::from_utf8(bytes.to_vec()).unwrap())
        };
        fields.push(json!([name, value]));
    }
    provider.answer(&headers, Value::from(fields))
}

fn ok(body: Value) -> Response {
    axum::Json(body).into_response()
}

fn chat(content: &str) -> Response {
    ok(json!({"choices": [{"message": {"role": "assistant", "content": content}, "finish_reason": "stop"}]}))
}

fn question() -> GenerateRequest {
    GenerateRequest {
        system: "You count.".into(),
        user: "How many?".into(),
        schema: json!({"type": "object", "required": ["count"], "properties": {"count": {"type": "integer"}}}),
        schema_name: "count".into(),
        tokens_max: 50,
    }
}

fn sound(frames: u32) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(&wav::header(1, frames * 2)).unwrap();
    let samples: Vec<u8> = (0..frames).flat_map(|n| ((n % 200) as i16 * 50).to_le_bytes()).collect();
    file.write_all(&samples).unwrap();
    file
}

fn request(file: &tempfile::NamedTempFile) -> TranscribeRequest<'_> {
    TranscribeRequest {
        audio: file.path(),
        language: None,
        identify_speakers: false,
        cancel: CancellationToken::new(),
    }
}

#[tokio::test]
async fn embeddings_come_back_in_the_order_of_the_passages_with_unit_length() {
    let provider = Provider::with([ok(json!({"data": [
        {"index": 1, "embedding": [0.0, 2.0]}, {"index": 0, "embedding": [3.0, 4.0]}
    ]}))]);
    let embed = HttpEmbed::new(provider.start().await, 2).unwrap();
    let vectors = embed.embed_passages(&["one".into(), "two".into()]).await.unwrap();
    assert_eq!(vectors, [[0.6, 0.8], [0.0, 1.0]]);
    assert_eq!(provider.bodies()[0]["input"], json!(["one", "two"]));
    assert_eq!(provider.bodies()[0]["model"], "a-model");
}

#[tokio::test]
async fn vectors_of_another_length_or_number_are_refused() {
    for data in
        [json!([{"index": 0, "embedding": [1.0]}]), json!([]), json!([{"index": 5, "embedding": [1.0, 0.0]}])]
    {
        let provider = Provider::with([ok(json!({"data": data}))]);
        let embed = HttpEmbed::new(provider.start().await, 2).unwrap();
        assert_eq!(embed.embed_query("q").await.unwrap_err().code(), "model_answer_invalid");
    }
}

#[tokio::test]
async fn pictures_are_sent_in_the_form_of_jina_and_texts_beside_them() {
    let pictures: Vec<Picture> =
        (0..9_u8).map(|number| Picture { jpeg: vec![0xff, number].into() }).collect();
    let vectors = |count: usize| {
        let data =
            (0..count).rev().map(|index| json!({"index": index, "embedding": [3.0, 4.0 * index as f32]}));
        ok(json!({ "data": data.collect::<Vec<Value>>() }))
    };
    let provider = Provider::with([vectors(8), vectors(1), vectors(1)]);
    let embed = HttpEmbed::new(provider.start().await, 2).unwrap().with_pictures(true);
    assert!(embed.takes_pictures());
    let made = embed.embed_pictures(&pictures).await.unwrap();
    assert_eq!(
        (made.len(), &made[0], &made[1], &made[8]),
        (9, &vec![1.0, 0.0], &vec![0.6, 0.8], &vec![1.0, 0.0])
    );
    embed.embed_query("q").await.unwrap();
    let bodies = provider.bodies();
    assert_eq!(bodies[0]["input"][0], json!({ "image": "/wA=" }));
    assert_eq!(
        (bodies[0]["input"].as_array().unwrap().len(), &bodies[1]["input"]),
        (8, &json!([{ "image": "/wg=" }]))
    );
    assert_eq!((&bodies[1]["model"], &bodies[1]["dimensions"]), (&json!("a-model"), &json!(2)));
    assert_eq!(bodies[2]["input"], json!([{ "text": "q" }]));
}

#[tokio::test]
async fn pictures_without_a_vector_each_are_refused_and_none_are_sent_where_none_may_be() {
    let picture = || Picture { jpeg: vec![0xff_u8].into() };
    for data in [json!([{"index": 0, "embedding": [1.0, 0.0]}]), json!([{"index": 0, "embedding": [1.0]}])] {
        let provider = Provider::with([ok(json!({"data": data}))]);
        let embed = HttpEmbed::new(provider.start().await, 2).unwrap().with_pictures(true);
        let error = embed.embed_pictures(&[picture(), picture()]).await.unwrap_err();
        assert_eq!(error.code(), "model_answer_invalid");
    }
    let provider = Provider::default();
    let embed = HttpEmbed::new(provider.start().await, 2).unwrap();
    assert!(!embed.takes_pictures());
    let error = embed.embed_pictures(&[picture()]).await.unwrap_err();
    assert_eq!((error.code(), provider.bodies()), ("engine_missing", Vec::new()));
}

#[tokio::test]
async fn a_busy_provider_is_asked_again_when_it_says() {
    let busy = || (StatusCode::TOO_MANY_REQUESTS, [("retry-after", "1")], "slow down").into_response();
    let provider = Provider::with([
        busy(),
        StatusCode::BAD_GATEWAY.into_response(),
        ok(json!({"data": [{"index": 0, "embedding": [1.0, 0.0]}]})),
    ]);
    let embed = HttpEmbed::new(provider.start().await, 2).unwrap();
    let started = Instant::now();
    embed.embed_query("q").await.unwrap();
    assert!(started.elapsed() >= Duration::from_secs(1));
    assert_eq!(provider.bodies().len(), 3);
}

#[tokio::test]
async fn a_provider_that_asks_for_an_hour_is_reported_with_its_wait() {
    let provider =
        Provider::with([(StatusCode::SERVICE_UNAVAILABLE, [("retry-after", "3600")]).into_response()]);
    let embed = HttpEmbed::new(provider.start().await, 2).unwrap();
    let error = embed.embed_query("q").await.unwrap_err();
    assert!(!error.is_permanent());
    assert!(
        matches!(error, AiError::ProviderUnavailable { retry_after: Some(wait), .. } if wait.as_secs() == 3600)
    );
    assert_eq!(provider.bodies().len(), 1);
}

#[tokio::test]
async fn a_refusal_is_final_and_never_shows_the_key() {
    let complaint = json!({"error": {"message": format!("Incorrect key provided: {KEY}.")}});
    let provider = Provider::with([(StatusCode::FORBIDDEN, axum::Json(complaint)).into_response()]);
    let embed = HttpEmbed::new(provider.start().await, 2).unwrap();
    let error = embed.embed_query("q").await.unwrap_err();
    assert!(error.is_permanent());
    assert_eq!(provider.bodies().len(), 1);
    for text in [error.to_string(), format!("{error:?}"), format!("{embed:?}")] {
        assert!(!text.contains(KEY), "{text}");
    }
    assert!(error.to_string().contains("Incorrect key provided: [key]."), "{error}");
}

#[tokio::test]
async fn an_unreachable_provider_may_be_tried_later() {
    let mut settings = Provider::default().start().await;
    settings.base_address = "http://127.0.0.1:9".parse().unwrap();
    let error = HttpEmbed::new(settings, 2).unwrap().embed_query("q").await.unwrap_err();
    assert_eq!((error.code(), error.is_permanent()), ("model_unavailable", false));
}

#[tokio::test]
async fn an_endless_answer_is_cut_off() {
    let endless = futures::stream::repeat_with(|| Ok::<_, std::io::Error>(Bytes::from(vec![b' '; 1 << 20])));
    let provider = Provider::with([axum::body::Body::from_stream(endless).into_response()]);
    let error = HttpEmbed::new(provider.start().await, 2).unwrap().embed_query("q").await.unwrap_err();
    assert_eq!(error.code(), "model_answer_invalid");
}

#[tokio::test]
async fn a_generated_answer_follows_the_schema() {
    let provider = Provider::with([chat("{\"count\": 3}")]);
    let generate = HttpGenerate::new(provider.start().await).unwrap();
    assert_eq!(generate.generate(question()).await.unwrap(), json!({"count": 3}));
    let body = &provider.bodies()[0];
    assert_eq!(body["response_format"]["json_schema"]["schema"], question().schema);
    assert_eq!(body["messages"][1]["content"], "How many?");
    assert_eq!(body["max_tokens"], 50);
}

#[tokio::test]
async fn a_faulty_answer_is_sent_back_once_with_its_fault() {
    let provider = Provider::with([chat("{\"number\": 3}"), chat("```json\n{\"count\": 4}\n```")]);
    let generate = HttpGenerate::new(provider.start().await).unwrap();
    assert_eq!(generate.generate(question()).await.unwrap(), json!({"count": 4}));
    let messages = &provider.bodies()[1]["messages"];
    assert_eq!(messages[2]["content"], "{\"number\": 3}");
    assert!(messages[3]["content"].as_str().unwrap().contains("lacks the required property `count`"));

    let provider = Provider::with([chat("sorry"), chat("no")]);
    let generate = HttpGenerate::new(provider.start().await).unwrap();
    assert_eq!(generate.generate(question()).await.unwrap_err().code(), "model_answer_invalid");
}

#[tokio::test]
async fn a_provider_without_schemas_gets_the_schema_in_the_prompt_from_then_on() {
    let refused = (StatusCode::BAD_REQUEST, "response_format json_schema is not supported").into_response();
    let provider = Provider::with([refused, chat("{\"count\": 1}"), chat("{\"count\": 2}")]);
    let generate = HttpGenerate::new(provider.start().await).unwrap();
    generate.generate(question()).await.unwrap();
    assert_eq!(generate.generate(question()).await.unwrap(), json!({"count": 2}));
    let bodies = provider.bodies();
    assert_eq!(bodies.len(), 3);
    assert_eq!(bodies[2]["response_format"], json!({"type": "json_object"}));
    assert!(bodies[2]["messages"][0]["content"].as_str().unwrap().contains("\"required\":[\"count\"]"));
}

#[tokio::test]
async fn an_answer_cut_at_the_token_limit_is_no_answer() {
    let cut = json!({"choices": [{"message": {"content": "{\"count\": 1"}, "finish_reason": "length"}]});
    let generate = HttpGenerate::new(Provider::with([ok(cut)]).start().await).unwrap();
    assert_eq!(generate.generate(question()).await.unwrap_err().code(), "model_answer_invalid");
}

#[tokio::test]
async fn a_transcription_has_lines_and_their_words() {
    let provider = Provider::with([ok(json!({
        "language": "english", "duration": 3.0, "text": "Hello there. Bye. you",
        "segments": [
            {"start": 0.0, "end": 1.5, "text": " Hello there.", "avg_logprob": -0.1, "no_speech_prob": 0.01},
            {"start": 1.5, "end": 2.5, "text": " Bye.", "avg_logprob": -0.5, "no_speech_prob": 0.01},
            {"start": 2.5, "end": 3.0, "text": " you", "avg_logprob": -1.5, "no_speech_prob": 0.9}
        ],
        "words": [
            {"word": "Hello", "start": 0.1, "end": 0.6}, {"word": "there", "start": 0.7, "end": 1.2}
        ]
    }))]);
    let transcribe = HttpTranscribe::new(provider.start().await).unwrap();
    let file = sound(48_000);
    let told = Mutex::new(Vec::new());
    let heard =
        transcribe.transcribe(request(&file), &|share| told.lock().unwrap().push(share)).await.unwrap();
    assert_eq!(heard.language.as_deref(), Some("en"));
    let lines: Vec<_> =
        heard.segments.iter().map(|line| (line.start_ms, line.end_ms, line.text.as_str())).collect();
    assert_eq!(lines, [(0, 1_500, "Hello there."), (1_500, 2_500, "Bye.")]);
    let word = &heard.segments[0].words[1];
    assert_eq!(
        (word.text.as_str(), word.start_ms, word.end_ms, word.interpolated),
        ("there", 700, 1_200, false)
    );
    assert!(heard.segments[1].words[0].interpolated);
    assert!((heard.segments[0].confidence.unwrap() - 0.905).abs() < 0.001);
    assert_eq!(*told.lock().unwrap(), [0.0, 1.0]);
    let body = &provider.bodies()[0];
    for field in [json!(["file", 96_044]), json!(["timestamp_granularities[]", "word"])] {
        assert!(body.as_array().unwrap().contains(&field), "{body}");
    }
}

#[tokio::test]
async fn a_long_file_goes_in_pieces_whose_times_are_put_together() {
    let line = |text: &str| ok(json!({"text": text, "segments": [{"start": 1.0, "end": 2.0, "text": text}]}));
    let provider = Provider::with([line("one"), line("two")]);
    let transcribe = HttpTranscribe::new(provider.start().await).unwrap().with_piece_bytes_max(1 << 20);
    let file = sound(16_000 * 40);
    let heard = transcribe.transcribe(request(&file), &|_| {}).await.unwrap();
    let bodies = provider.bodies();
    let sizes: Vec<u64> = bodies
        .iter()
        .flat_map(|body| body.as_array().unwrap())
        .filter(|field| field[0] == "file")
        .map(|field| field[1].as_u64().unwrap() - 44)
        .collect();
    assert_eq!(sizes.iter().sum::<u64>(), 16_000 * 40 * 2);
    assert!(sizes.iter().all(|size| *size <= 1 << 20));
    assert_eq!(heard.segments[0].start_ms, 1_000);
    assert_eq!(heard.segments[1].start_ms, sizes[0] / 32 + 1_000);
}

#[tokio::test]
async fn cancelling_stops_the_wait_for_an_answer() {
    let busy = (StatusCode::SERVICE_UNAVAILABLE, [("retry-after", "20")]).into_response();
    let transcribe = HttpTranscribe::new(Provider::with([busy]).start().await).unwrap();
    let file = sound(16_000);
    let request = request(&file);
    let cancel = request.cancel.clone();
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(200)).await;
        cancel.cancel();
    });
    let error = transcribe.transcribe(request, &|_| {}).await.unwrap_err();
    assert_eq!(error.code(), "cancelled");
}
