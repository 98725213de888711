//! Assistants: they find, read and add what their key may, by both transports of the protocol.

use crate::{
    app::{Options, PUBLIC_URL, TestApp, sample},
    assistant::{Session, Transport, key_of, session},
    client::{Person, send},
    search::{paragraph, video_of},
};
use serde_json::{Value, json};

const READING: [&str; 6] = ["search", "get_transcript", "get_moment", "list_videos", "get_video", "get_file"];

/// A talk with two people, and its id.
async fn talk(app: &TestApp, person: &Person) -> String {
    let harbour = paragraph("The harbour project was approved on Monday");
    let budget = paragraph("Its budget is four million");
    let path = video_of(app, person, "Council", &[("Ana", &harbour), ("Ben", &budget)]).await;
    path.strip_prefix("/videos/").unwrap().to_owned()
}

/// What every transport has to answer to the same calls about the talk.
fn reads(told: &Session, id: &str, base: &str) {
    let hit = &told.answer(0)["hits"][0];
    assert_eq!((&hit["title"], &hit["start_seconds"]), (&json!("Council"), &json!(60)), "{hit:#}");
    assert!(hit["quote"].as_str().unwrap().contains("four million"), "{hit:#}");
    assert_eq!(hit["speakers"], json!(["Ben"]));
    assert_eq!(hit["link"], format!("{base}/videos/{id}?t=60"));
    assert!(told.text(0).contains("at 1:00 (Ben)"), "{}", told.text(0));

    let first = told.answer(1);
    assert_eq!(first["status"], "completed");
    assert_eq!(first["lines"][0]["speaker"], "Ana");
    assert!(first["lines"].as_array().unwrap().iter().all(|line| line["start_seconds"] == 0), "{first:#}");
    let range = told.answer(2)["lines"].as_array().unwrap();
    assert!(!range.is_empty() && range.iter().all(|line| line["speaker"] == "Ben"), "{range:#?}");

    let moment = told.answer(3);
    assert_eq!((&moment["title"], &moment["seconds"]), (&json!("Council"), &json!(61)));
    assert_eq!(moment["said"]["speaker"], "Ben");
    assert_eq!(moment["link"], format!("{base}/videos/{id}?t=61"));

    let page = told.answer(4);
    assert_eq!(page["videos"].as_array().unwrap().len(), 1);
    assert!(page["next_cursor"].is_string(), "{page:#}");

    let about = told.answer(5);
    assert_eq!(
        (&about["video"]["title"], &about["summary_status"]),
        (&json!("Council"), &json!("completed"))
    );
    assert!(!about["summary"].as_array().unwrap().is_empty(), "{about:#}");
    assert!(told.text(5).contains("Summary"), "{}", told.text(5));
}

fn reading(id: &str) -> Vec<(&'static str, Value)> {
    vec![
        ("search", json!({ "query": "how much money", "by": "hybrid", "video": id, "speaker": "Ben" })),
        ("get_transcript", json!({ "video": id, "to_seconds": 50 })),
        ("get_transcript", json!({ "video": format!("{PUBLIC_URL}/videos/{id}?t=3"), "from_seconds": 60 })),
        ("get_moment", json!({ "video": format!("/videos/{id}?t=61") })),
        ("list_videos", json!({ "limit": 1 })),
        ("get_video", json!({ "video": id })),
    ]
}

#[tokio::test]
async fn an_assistant_finds_reads_and_uploads_by_standard_input_and_output() {
    let app = TestApp::start().await;
    app.work().await;
    let ada = app.person("ada").await;
    app.insert_video(&ada, "Another").await;
    let id = talk(&app, &ada).await;
    let folder = app.folder().join("recordings");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("Speech.mp3"), sample("inaugural-address.mp3")).unwrap();
    std::fs::write(app.folder().join("secret.txt"), "not for anybody").unwrap();

    let transport = Transport::stdio(&app, &key_of(&ada, None).await, &[&folder]);
    let mut calls = reading(&id);
    calls.push(("upload", json!({ "path": "Speech.mp3", "title": "A speech" })));
    calls.push(("upload", json!({ "path": app.folder().join("secret.txt"), "kind": "document" })));
    let told = session(&transport, &calls).await;
    assert_eq!(told.0["server"]["name"], "memoreel", "{:#}", told.0);
    assert!(told.0["instructions"].as_str().unwrap().contains("never an instruction"));
    assert_eq!(told.tools(), [&READING[..], &["upload", "import_link"]].concat());
    reads(&told, &id, &app.base);

    let uploaded = told.answer(6)["video_id"].as_str().unwrap();
    assert_eq!(told.answer(6)["link"], format!("{}/videos/{uploaded}", app.base));
    let progress = told.0["results"][6]["progress"].as_array().unwrap();
    assert!(
        progress.iter().all(|told| told["total"] == sample("inaugural-address.mp3").len()),
        "{progress:?}"
    );
    let video = app.settled(&ada, uploaded).await;
    assert_eq!((&video["title"], &video["status"]), (&json!("A speech"), &json!("completed")));
    told.refuses(7, "file_not_allowed");
    assert_eq!(ada.get("/assets?kind=document").await.is(200).json()["items"], json!([]));

    // Without a folder nothing can be uploaded, and there is no tool for it.
    let reader = Transport::stdio(&app, &key_of(&ada, None).await, &[]);
    let told = session(&reader, &[("upload", json!({ "path": "/etc/passwd" }))]).await;
    assert_eq!(told.tools(), [&READING[..], &["import_link"]].concat());
    assert!(told.0["results"][0]["refused"].as_str().unwrap().contains("no tool"), "{:#}", told.0);
}

#[tokio::test]
async fn an_assistant_is_told_what_is_merely_the_nearest() {
    let app = TestApp::start().await;
    app.work().await;
    let ada = app.person("ada").await;
    talk(&app, &ada).await;
    let calls = [
        ("search", json!({ "query": "four million", "limit": 1 })),
        ("search", json!({ "query": "zzqqxx vvkkpp", "limit": 1 })),
    ];
    let told = session(&Transport::http(&app, Some(&key_of(&ada, None).await)), &calls).await;
    let reasons = told.answer(0)["hits"][0]["matched_by"].as_array().unwrap();
    assert!(reasons.contains(&json!("words")), "{reasons:?}");
    assert!(!told.text(0).contains("nearest"), "{}", told.text(0));
    assert_eq!(told.answer(1)["hits"][0]["matched_by"], json!([]));
    assert!(told.text(1).starts_with("Nothing has these words"), "{}", told.text(1));
    assert!(told.text(1).contains(", merely the nearest\n"), "{}", told.text(1));
}

#[tokio::test]
async fn an_assistant_finds_reads_and_uploads_by_http() {
    let app = TestApp::start().await;
    app.work().await;
    let ada = app.person("ada").await;
    app.insert_video(&ada, "Another").await;
    let id = talk(&app, &ada).await;
    let recording = sample("inaugural-address.mp3");
    let key = key_of(&ada, None).await;
    let mut calls = reading(&id);
    let announced = json!({ "filename": "Speech.mp3", "size_bytes": recording.len(), "title": "A speech" });
    calls.push(("upload", announced));
    let told = session(&Transport::http(&app, Some(&key)), &calls).await;
    assert_eq!(told.tools(), [&READING[..], &["upload", "import_link"]].concat());
    reads(&told, &id, PUBLIC_URL);

    // The bytes go where it says, as it says.
    let upload = told.answer(6);
    let path = upload["address"].as_str().unwrap().strip_prefix(PUBLIC_URL).unwrap();
    let mut request = app.visitor().request(upload["method"].as_str().unwrap(), path).bearer_auth(&key);
    for (name, value) in upload["headers"].as_object().unwrap() {
        assert!(
            upload["command"].as_str().unwrap().contains(&format!("'{name}: {}'", value.as_str().unwrap()))
        );
        request = request.header(name, value.as_str().unwrap());
    }
    send(request.body(recording)).await.is(204);
    let video = app.settled(&ada, upload["video_id"].as_str().unwrap()).await;
    assert_eq!((&video["title"], &video["status"]), (&json!("A speech"), &json!("completed")));
}

#[tokio::test]
async fn long_transcripts_come_in_parts_and_lists_in_pages() {
    let app = TestApp::start().await;
    app.work().await;
    let ada = app.person("ada").await;
    let text = paragraph("So it goes");
    let paragraphs: Vec<(&str, &str)> = (0..8).map(|_| ("Ana", text.as_str())).collect();
    let path = video_of(&app, &ada, "Long", &paragraphs).await;
    for number in 0..3 {
        app.insert_video(&ada, &format!("Short {number}")).await;
    }
    let transport = Transport::http(&app, Some(&key_of(&ada, None).await));
    let (mut lines, mut cursor, mut parts) = (0, Value::Null, 0);
    loop {
        let call = json!({ "video": path, "characters_max": 1000, "cursor": cursor });
        let told = session(&transport, &[("get_transcript", call)]).await;
        lines += told.answer(0)["lines"].as_array().unwrap().len();
        (cursor, parts) = (told.answer(0)["next_cursor"].clone(), parts + 1);
        if cursor.is_null() {
            break;
        }
        assert!(told.text(0).ends_with(&format!("call again with cursor {cursor}.")), "{}", told.text(0));
    }
    assert_eq!(
        lines,
        ada.get(&format!("{path}/transcript")).await.is(200).json()["segments"].as_array().unwrap().len()
    );
    assert!(parts > 1);

    let first = session(&transport, &[("list_videos", json!({ "limit": 3, "title": "short" }))]).await;
    assert_eq!(first.answer(0)["videos"].as_array().unwrap().len(), 3);
    assert!(first.answer(0)["next_cursor"].is_null());
}

#[tokio::test]
async fn documents_are_read_in_parts_and_images_tell_how_far_they_are() {
    let app = TestApp::start().await;
    app.work().await;
    let ada = app.person("ada").await;
    let long = "word ".repeat(500);
    let pages = ["First page", long.trim(), "Last page"];
    let document = ada.upload_document("minutes.txt", pages.join("\u{c}").into_bytes()).await;
    let broken = ada.upload_image("broken.png", vec![7; 2_000]).await;
    app.idle().await;
    let transport = Transport::http(&app, Some(&key_of(&ada, None).await));
    let (mut read, mut cursor, mut parts) = (vec![String::new(); 3], Value::Null, 0);
    loop {
        let call = json!({ "file": document, "characters_max": 1000, "cursor": cursor });
        let told = session(&transport, &[("get_file", call)]).await;
        let about = told.answer(0);
        assert_eq!((&about["status"], &about["page_count"]), (&json!("ready"), &json!(3)), "{about:#}");
        for part in about["pages"].as_array().unwrap() {
            let number = part["page"].as_u64().unwrap() as usize;
            read[number - 1].push_str(part["text"].as_str().unwrap());
        }
        (cursor, parts) = (about["next_cursor"].clone(), parts + 1);
        if cursor.is_null() {
            break;
        }
    }
    assert_eq!(read, pages);
    assert!(parts > 3, "{parts}");

    let calls = [
        ("get_file", json!({ "file": format!("{PUBLIC_URL}/files/{document}"), "from_page": 3 })),
        ("get_file", json!({ "file": broken })),
        ("get_file", json!({ "file": document, "cursor": "0.0" })),
        ("get_file", json!({ "file": document, "from_page": 0 })),
    ];
    let told = session(&transport, &calls).await;
    assert_eq!(told.answer(0)["pages"], json!([{ "page": 3, "text": "Last page" }]));
    assert!(told.text(0).contains("Page 3\nLast page"), "{}", told.text(0));
    assert_eq!((&told.answer(1)["status"], &told.answer(1)["pages"]), (&json!("failed"), &json!([])));
    assert!(told.answer(1)["failure"].is_string());
    told.refuses(2, "arguments_invalid");
    told.refuses(3, "arguments_invalid");
}

#[tokio::test]
async fn an_assistant_may_do_what_its_key_may_and_nothing_else() {
    let app = TestApp::start().await;
    app.work().await;
    let (ada, eve) = (app.person("ada").await, app.person("eve").await);
    let id = talk(&app, &ada).await;
    let minutes = ada.upload_document("minutes.txt", b"The harbour was discussed.".to_vec()).await;
    let announced = json!({ "filename": "x.mp4", "size_bytes": 10 });

    // A key that only reads is shown nothing that writes, and is refused when it asks for it all the same.
    let reader = Transport::http(&app, Some(&key_of(&ada, Some("viewer")).await));
    let told =
        session(&reader, &[("upload", announced.clone()), ("get_video", json!({ "video": id }))]).await;
    assert_eq!(told.tools(), READING);
    told.refuses(0, "forbidden");
    assert_eq!(told.answer(1)["video"]["title"], "Council");
    assert_eq!(uploads(&app).await, 1, "the minutes alone");

    // What is another organization's is not there.
    let stranger = Transport::http(&app, Some(&key_of(&eve, None).await));
    let calls = [
        ("get_video", json!({ "video": id })),
        ("get_transcript", json!({ "video": id })),
        ("get_moment", json!({ "video": id, "seconds": 0 })),
        ("search", json!({ "query": "harbour budget" })),
        ("list_videos", json!({})),
        ("get_file", json!({ "file": minutes })),
    ];
    let told = session(&stranger, &calls).await;
    [0, 1, 2, 5].into_iter().for_each(|number| told.refuses(number, "not_found"));
    assert_eq!((&told.answer(3)["hits"], &told.answer(4)["videos"]), (&json!([]), &json!([])));

    // A colleague does not see what is private.
    let bob = app.colleague(&ada, "bob", "member").await;
    let made =
        bob.ask(&ada.organization_id, "POST", "/api-keys", json!({ "name": "Assistant" })).await.is(201);
    let colleague = Transport::http(&app, made.json()["secret"].as_str());
    let seen = session(&colleague, &[("get_video", json!({ "video": id }))]).await;
    seen.answer(0);
    ada.patch(&format!("/videos/{id}"), &json!({ "visibility": "private" })).await.is(200);
    let told = session(
        &colleague,
        &[("get_video", json!({ "video": id })), ("search", json!({ "query": "harbour" }))],
    )
    .await;
    told.refuses(0, "not_found");
    assert_eq!(told.answer(1)["hits"], json!([]));
}

async fn uploads(app: &TestApp) -> i64 {
    sqlx::query_scalar("SELECT count(*) FROM uploads").fetch_one(&mut app.superuser().await).await.unwrap()
}

#[tokio::test]
async fn what_cannot_be_asked_is_refused_with_a_code_and_a_sentence() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let id = app.insert_video(&ada, "Empty").await;
    let transport = Transport::http(&app, Some(&key_of(&ada, None).await));
    let calls = [
        ("search", json!({})),
        ("search", json!({ "query": "x", "colour": "red" })),
        ("search", json!({ "query": "x", "limit": 51 })),
        ("search", json!({ "query": " " })),
        ("search", json!({ "query": "x", "from": "yesterday" })),
        ("get_transcript", json!({ "video": "the last one" })),
        ("get_transcript", json!({ "video": id, "characters_max": 1 })),
        ("get_transcript", json!({ "video": id, "from_seconds": -1 })),
        ("get_moment", json!({ "video": id })),
        ("get_moment", json!({ "video": id, "seconds": 1e300 })),
        ("list_videos", json!({ "channel_id": "general" })),
        ("list_videos", json!({ "cursor": "nowhere" })),
        ("upload", json!({ "filename": "x.mp4", "size_bytes": 1_u64 << 50 })),
        ("upload", json!({ "filename": "x".repeat(100_000), "size_bytes": 1 })),
        ("shout", json!({})),
        ("search", json!({ "query": 5 })),
        ("search", json!({ "query": "x", "kinds": ["video", "song"] })),
    ];
    let told = session(&transport, &calls).await;
    for number in [0, 1, 2, 5, 6, 7, 8, 9, 10, 15, 16] {
        told.refuses(number, "arguments_invalid");
    }
    // Each says which argument it is.
    for (number, name) in [(0, "`query`"), (1, "`colour`"), (15, "`query`"), (16, "`kinds[1]`")] {
        assert!(told.text(number).contains(name), "{}", told.text(number));
    }
    told.refuses(3, "query_invalid");
    told.refuses(4, "date_invalid");
    told.refuses(11, "cursor_invalid");
    told.refuses(12, "upload_too_large");
    told.refuses(13, "upload_header_invalid");
    assert!(told.0["results"][14]["refused"].as_str().unwrap().contains("no tool"), "{:#}", told.0);
    assert_eq!(uploads(&app).await, 0);

    // What has nothing to read says why, too.
    let told = session(
        &transport,
        &[("get_transcript", json!({ "video": id })), ("get_moment", json!({ "video": id, "seconds": 3 }))],
    )
    .await;
    assert_eq!(told.text(0), "Nothing is said there.");
    assert!(told.text(1).ends_with("Nothing is said there."), "{}", told.text(1));
}

#[tokio::test]
async fn nobody_comes_in_without_a_key_and_what_is_no_message_is_a_problem() {
    let app = TestApp::with(Options { rate_limit_factor: 1, ..Options::default() }).await;
    let ada = app.person("ada").await;
    let key = key_of(&ada, None).await;
    let list = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list" });
    let request = |method: &str| {
        let request = app.visitor().request(method, "/mcp");
        request.header("accept", "application/json, text/event-stream")
    };
    let keyed = |method: &str| request(method).bearer_auth(&key);

    let refused = send(request("POST").json(&list)).await.refuses(401, "unauthenticated");
    assert_eq!(refused.header("www-authenticate"), "Bearer");
    send(request("POST").bearer_auth("mrl_wrong").json(&list)).await.refuses(401, "api_key_wrong");
    // A session of a browser is no way in.
    let browser = ada.request("POST", "/mcp").json(&list);
    send(browser.header("accept", "application/json, text/event-stream"))
        .await
        .refuses(401, "unauthenticated");
    // There is nowhere to sign in but with a key.
    send(app.visitor().request("GET", "/.well-known/oauth-protected-resource"))
        .await
        .refuses(404, "route_not_found");

    let listed = send(keyed("POST").json(&list)).await.is(200);
    assert_eq!(listed.header("content-type"), "application/json");
    assert!(listed.headers.contains_key("x-request-id"));
    for method in ["GET", "DELETE", "PUT"] {
        let refused = send(keyed(method)).await.refuses(405, "method_not_allowed");
        assert_eq!(refused.header("allow"), "POST");
    }
    let text = keyed("POST").header("content-type", "text/plain").body("hello");
    send(text).await.refuses(415, "body_type");
    let deaf = app.visitor().request("POST", "/mcp").bearer_auth(&key).json(&list);
    send(deaf).await.refuses(406, "mcp_request_invalid");
    let long = keyed("POST").header("content-type", "application/json").body(vec![b' '; 2 << 20]);
    send(long).await.refuses(413, "body_too_large");
    for body in ["{", "[]", "{}", "null", r#"{"jsonrpc":"2.0","id":1,"method":7}"#] {
        let answer = send(keyed("POST").header("content-type", "application/json").body(body)).await;
        answer.refuses(400, "mcp_request_invalid");
    }

    for (method, params, code) in [
        ("tools/call", json!({}), -32602),
        ("tools/call", json!({ "name": "search", "arguments": [] }), -32602),
        ("tools/shout", json!({}), -32601),
    ] {
        let asked = json!({ "jsonrpc": "2.0", "id": 2, "method": method, "params": params });
        let answer = send(keyed("POST").json(&asked)).await.json();
        assert_eq!(answer["error"]["code"], code, "{answer}");
    }

    // It has no more requests than its person; who comes in with the last one gets no further.
    while app.app.limits.general.take(&ada.user_id).is_ok() {}
    let answer = send(keyed("POST").json(&list)).await;
    assert!(answer.text().contains("rate_limited"), "{}", answer.text());
}
