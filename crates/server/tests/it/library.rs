//! Videos and channels: lists that stay stable, changes that say what they mean, deletion that can be undone.

use crate::{
    app::TestApp,
    client::{Answer, Client, Person, send},
};
use chrono::TimeDelta;
use serde_json::{Value, json};

fn titles(answer: &Value) -> Vec<&str> {
    answer["items"].as_array().unwrap().iter().map(|video| video["title"].as_str().unwrap()).collect()
}

/// Reads a list to its end, page by page.
pub async fn all_pages(client: &Client, path: &str, limit: u32) -> Vec<Value> {
    let mut items = Vec::new();
    let mut cursor = String::new();
    loop {
        let separator = if path.contains('?') { '&' } else { '?' };
        let page = client.get(&format!("{path}{separator}limit={limit}{cursor}")).await.is(200).json();
        let rows = page["items"].as_array().unwrap();
        assert!(rows.len() <= limit as usize);
        items.extend(rows.iter().cloned());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return items,
        }
    }
}

#[tokio::test]
async fn pages_hold_each_video_once_even_while_new_ones_arrive() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    for number in 0..25 {
        app.insert_video(&ada, &format!("Video {number:02}")).await;
        // Some share a moment: the id decides then.
        if number % 3 == 0 {
            app.clock.advance(TimeDelta::seconds(1));
        }
    }
    let first = ada.get("/videos?limit=10").await.is(200).json();
    assert_eq!(first["items"].as_array().unwrap().len(), 10);
    app.clock.advance(TimeDelta::seconds(1));
    app.insert_video(&ada, "Late").await;
    let cursor = first["next_cursor"].as_str().unwrap();
    let second = ada.get(&format!("/videos?limit=10&cursor={cursor}")).await.is(200).json();
    let third_cursor = second["next_cursor"].as_str().unwrap();
    let third = ada.get(&format!("/videos?limit=10&cursor={third_cursor}")).await.is(200).json();
    assert_eq!(third["next_cursor"], Value::Null);
    let mut seen: Vec<&str> = [&first, &second, &third].into_iter().flat_map(titles).collect();
    assert_eq!(seen.len(), 25);
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), 25);
    assert!(!seen.contains(&"Late"));

    for sort in ["newest", "oldest", "title"] {
        let path = format!("/videos?sort={sort}");
        let whole = all_pages(&ada, &path, 100).await;
        assert_eq!(whole.len(), 26);
        for limit in [1, 7, 26] {
            assert_eq!(all_pages(&ada, &path, limit).await, whole, "{sort} {limit}");
        }
    }
    let default = ada.get("/videos").await.is(200).json();
    assert_eq!(default["items"].as_array().unwrap().len(), 20);
}

#[tokio::test]
async fn lists_are_ordered_and_narrowed_as_asked() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let channel = ada.post("/channels", &json!({ "name": "Talks" })).await.is(201).json();
    for title in ["beta 50%", "Alpha", "gamma_1", "ALPHABET"] {
        app.insert_video(&ada, title).await;
        app.clock.advance(TimeDelta::seconds(1));
    }
    let list = async |query: &str| ada.get(&format!("/videos?{query}")).await.is(200).json();
    assert_eq!(titles(&list("").await), ["ALPHABET", "gamma_1", "Alpha", "beta 50%"]);
    assert_eq!(titles(&list("sort=oldest").await), ["beta 50%", "Alpha", "gamma_1", "ALPHABET"]);
    assert_eq!(titles(&list("sort=title").await), ["Alpha", "ALPHABET", "beta 50%", "gamma_1"]);
    assert_eq!(titles(&list("title=alpha&sort=oldest").await), ["Alpha", "ALPHABET"]);
    // Wildcards of the database mean themselves.
    assert_eq!(titles(&list("title=%25").await), ["beta 50%"]);
    assert_eq!(titles(&list("title=_").await), ["gamma_1"]);
    assert_eq!(titles(&list("title=zzz").await), [""; 0]);
    let all = list("sort=title").await;
    let (alpha, id) = (all["items"][0]["id"].as_str().unwrap(), channel["id"].as_str().unwrap());
    ada.patch(&format!("/videos/{alpha}"), &json!({ "channel_id": id })).await.is(200);
    assert_eq!(titles(&list(&format!("channel_id={id}")).await), ["Alpha"]);
    assert_eq!(list("status=completed").await["items"].as_array().unwrap().len(), 4);
    assert_eq!(titles(&list("status=failed").await), [""; 0]);
    ada.get("/videos?status=odd").await.refuses(422, "status_invalid");
    ada.get("/videos?sort=odd").await.refuses(422, "parameters_invalid");
    let channels = ada.get("/channels").await.is(200).json();
    assert_eq!(channels["items"][0]["video_count"], 1);
}

#[tokio::test]
async fn a_change_leaves_what_it_does_not_name_and_clears_what_is_null() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let channel = ada.post("/channels", &json!({ "name": "Talks" })).await.is(201).json();
    let path = format!("/videos/{}", app.insert_video(&ada, "First").await);
    let full = json!({ "title": "  Second ", "description": "About", "channel_id": channel["id"], "visibility": "public" });
    let video = ada.patch(&path, &full).await.is(200).json();
    assert_eq!(
        (&video["title"], &video["description"], &video["channel_id"], &video["visibility"]),
        (&json!("Second"), &json!("About"), &channel["id"], &json!("public"))
    );
    let video = ada.patch(&path, &json!({})).await.is(200).json();
    assert_eq!(
        (&video["title"], &video["description"], &video["channel_id"]),
        (&json!("Second"), &json!("About"), &channel["id"])
    );
    let video = ada.patch(&path, &json!({ "description": null })).await.is(200).json();
    assert_eq!((&video["description"], &video["channel_id"]), (&Value::Null, &channel["id"]));
    let video = ada.patch(&path, &json!({ "channel_id": null })).await.is(200).json();
    assert_eq!(
        (&video["title"], &video["channel_id"], &video["visibility"]),
        (&json!("Second"), &Value::Null, &json!("public"))
    );
    assert_eq!(ada.get(&path).await.is(200).json(), video);
}

#[tokio::test]
async fn lengths_are_limits_in_characters() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let path = format!("/videos/{}", app.insert_video(&ada, "First").await);
    for (field, most) in [("title", 200), ("description", 5_000)] {
        let video = ada.patch(&path, &json!({ field: "ä".repeat(most) })).await.is(200).json();
        assert_eq!(video[field].as_str().unwrap().chars().count(), most);
        let refused =
            ada.patch(&path, &json!({ field: "ä".repeat(most + 1) })).await.refuses(422, "length_invalid");
        assert_eq!(refused.json()["errors"][0]["field"], field);
    }
    for title in ["", "   ", "\n"] {
        ada.patch(&path, &json!({ "title": title })).await.refuses(422, "length_invalid");
    }
    let long = "x".repeat(100);
    for (name, status) in
        [(&long, 201), (&format!("{long} "), 422), (&format!("{long}x"), 422), (&" ".to_owned(), 422)]
    {
        ada.post("/channels", &json!({ "name": name })).await.is(status);
    }
    ada.post("/channels", &json!({ "name": "Long", "description": "x".repeat(5_001) }))
        .await
        .refuses(422, "length_invalid");
}

#[tokio::test]
async fn a_private_video_is_its_authors_alone() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let (member, viewer) =
        (app.colleague(&ada, "carol", "admin").await, app.colleague(&ada, "vera", "viewer").await);
    let id = app.insert_video(&ada, "Board").await;
    let path = format!("/videos/{id}");
    let of = async |person: &Person, method: &str, path: &str, body: Value| -> Answer {
        let request = person.request(method, path).header("memoreel-organization", &ada.organization_id);
        send(if method == "GET" { request } else { request.json(&body) }).await
    };
    of(&member, "GET", &path, json!({})).await.is(200);
    of(&viewer, "GET", &path, json!({})).await.is(200);
    // Viewers read and do not write.
    of(&viewer, "PATCH", &path, json!({ "title": "Mine" })).await.refuses(403, "forbidden");
    of(&viewer, "DELETE", &path, json!({})).await.refuses(403, "forbidden");
    of(&viewer, "POST", "/channels", json!({ "name": "Mine" })).await.refuses(403, "forbidden");
    of(&member, "PATCH", &path, json!({ "title": "Ours" })).await.is(200);

    ada.patch(&path, &json!({ "visibility": "private" })).await.is(200);
    for person in [&member, &viewer] {
        assert_eq!(titles(&of(person, "GET", "/videos", json!({})).await.is(200).json()), [""; 0]);
        for below in ["", "/transcript", "/summary", "/key-frames", "/captions.vtt"] {
            of(person, "GET", &format!("{path}{below}"), json!({})).await.refuses(404, "not_found");
        }
    }
    of(&member, "PATCH", &path, json!({ "visibility": "organization" })).await.refuses(404, "not_found");
    of(&member, "DELETE", &path, json!({})).await.refuses(404, "not_found");
    of(&member, "POST", &format!("{path}/restore"), json!({})).await.refuses(404, "not_found");
    assert_eq!(ada.get(&path).await.is(200).json()["title"], "Ours");
    ada.patch(&path, &json!({ "visibility": "organization" })).await.is(200);
    of(&member, "GET", &path, json!({})).await.is(200);
}

#[tokio::test]
async fn a_deleted_video_is_nowhere_until_it_is_restored() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let id = app.insert_video(&ada, "Board").await;
    let path = format!("/videos/{id}");
    let vtt = "WEBVTT\n\n00:00.000 --> 00:02.000\n<v Ada>We begin.\n";
    send(ada.request("PUT", &format!("{path}/captions")).body(vtt)).await.is(200);
    let before = ada.get(&format!("{path}/transcript")).await.is(200).json();
    ada.delete(&path).await.is(204);
    for below in ["", "/transcript", "/summary", "/key-frames", "/captions.vtt"] {
        ada.get(&format!("{path}{below}")).await.refuses(404, "not_found");
    }
    ada.patch(&path, &json!({ "title": "Ghost" })).await.refuses(404, "not_found");
    ada.delete(&path).await.refuses(404, "not_found");
    ada.post(&format!("{path}/retry"), &json!({})).await.refuses(404, "not_found");
    send(ada.request("PUT", &format!("{path}/captions")).body(vtt)).await.refuses(404, "not_found");
    assert_eq!(titles(&ada.get("/videos").await.is(200).json()), [""; 0]);
    let days: f64 = sqlx::query_scalar(
        "SELECT (extract(epoch FROM retention_until - deleted_at) / 86400)::float8 FROM videos WHERE id = $1",
    )
    .bind(id)
    .fetch_one(&mut app.superuser().await)
    .await
    .unwrap();
    assert!((days - 30.0).abs() < 1e-9, "{days}");
    assert_eq!(ada.post(&format!("{path}/restore"), &json!({})).await.is(200).json()["title"], "Board");
    assert_eq!(ada.get(&format!("{path}/transcript")).await.is(200).json(), before);
    // Restoring what is there changes nothing.
    ada.post(&format!("{path}/restore"), &json!({})).await.is(200);
}

#[tokio::test]
async fn a_transcript_alone_becomes_a_video_that_is_found_and_summarised() {
    let app = TestApp::start().await;
    app.work().await;
    let ada = app.person("ada").await;
    let channel = ada.post("/channels", &json!({ "name": "Calls" })).await.is(201).json();
    let new =
        json!({ "title": " Harbour call ", "description": "By telephone", "channel_id": channel["id"] });
    let keyed = || ada.request("POST", "/videos").header("idempotency-key", "call-1").json(&new);
    let made = send(keyed()).await.is(201).json();
    assert_eq!(send(keyed()).await.is(201).json()["id"], made["id"]);
    assert_eq!(ada.get("/videos").await.json()["items"].as_array().unwrap().len(), 1);
    assert_eq!((&made["title"], &made["channel_id"]), (&json!("Harbour call"), &channel["id"]));
    assert_eq!(
        json!([
            made["kind"],
            made["source"],
            made["status"],
            made["stage"],
            made["progress"],
            made["duration_ms"]
        ]),
        json!(["text", "import", "pending", "index", 0, null])
    );
    app.idle().await;
    let path = format!("/videos/{}", made["id"].as_str().unwrap());
    assert_eq!(ada.get(&path).await.json()["status"], "pending", "nothing is done before there is a text");

    let vtt = "WEBVTT\n\n00:00.000 --> 00:04.000\n<v Zoe>The crane at the harbour has to be painted in spring.\n\n\
        00:04.000 --> 00:08.500\n<v Ben>We agreed that the harbour committee pays for the paint.\n";
    send(ada.request("PUT", &format!("{path}/captions")).body(vtt)).await.is(200);
    let video = app.settled(&ada, made["id"].as_str().unwrap()).await;
    assert_eq!(
        json!([
            video["status"],
            video["progress"],
            video["duration_ms"],
            video["playable"],
            video["size_bytes"]
        ]),
        json!(["completed", 100, 8_500, false, null])
    );
    assert_eq!(video["stages"].as_array().unwrap().len(), 2);
    assert_eq!(video["speakers"].as_array().unwrap().len(), 2);
    let summary = ada.get(&format!("{path}/summary")).await.is(200).json();
    assert!(!summary["sentences"].as_array().unwrap().is_empty(), "{summary:#}");
    let found = ada.get("/search?q=who+pays+for+the+paint").await.is(200).json();
    assert_eq!(
        (&found["items"][0]["video_id"], &found["items"][0]["start_ms"]),
        (&made["id"], &json!(4_000))
    );

    ada.post("/videos", &json!({ "title": " " })).await.refuses(422, "length_invalid");
    ada.post("/videos", &json!({ "title": "x".repeat(201) })).await.refuses(422, "length_invalid");
    ada.post("/videos", &json!({ "title": "A", "asset_id": made["id"] })).await.refuses(422, "body_invalid");
    ada.post("/videos", &json!({ "title": "A", "channel_id": made["id"] })).await.refuses(404, "not_found");
}

#[tokio::test]
async fn only_what_failed_can_be_retried() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let id = app.insert_video(&ada, "Board").await;
    ada.post(&format!("/videos/{id}/retry"), &json!({})).await.refuses(409, "nothing_to_retry");
    sqlx::raw_sql(
        "UPDATE videos SET status = 'failed', error_code = 'media_empty', error_message = 'The file is empty.';
         INSERT INTO tasks (organization_id, kind, subject_id, status, attempts, error_code, error_message, finished_at)
         SELECT organization_id, 'index', id, 'failed', 1, 'media_empty', 'The file is empty.', now() FROM videos",
    )
    .execute(&mut app.superuser().await)
    .await
    .unwrap();
    let video = ada.get(&format!("/videos/{id}")).await.is(200).json();
    assert_eq!(video["error"], json!({ "code": "media_empty", "message": "The file is empty." }));
    let video = ada.post(&format!("/videos/{id}/retry"), &json!({})).await.is(200).json();
    assert_eq!(
        (&video["status"], &video["error"], &video["stage"]),
        (&json!("processing"), &Value::Null, &json!("index"))
    );
    ada.post(&format!("/videos/{id}/retry"), &json!({})).await.refuses(409, "nothing_to_retry");
}

#[tokio::test]
async fn channels_are_made_changed_listed_and_removed() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.person("ada").await, app.person("bob").await);
    let made =
        ada.post("/channels", &json!({ "name": " Talks ", "description": "All" })).await.is(201).json();
    assert_eq!(
        made,
        json!({ "id": made["id"], "name": "Talks", "description": "All", "video_count": 0, "created_at": "2026-03-01T12:00:00Z" })
    );
    ada.post("/channels", &json!({ "name": "Talks" })).await.refuses(409, "channel_name_taken");
    bob.post("/channels", &json!({ "name": "Talks" })).await.is(201);
    let path = format!("/channels/{}", made["id"].as_str().unwrap());
    ada.post("/channels", &json!({ "name": "Demos" })).await.is(201);
    ada.patch(&path, &json!({ "name": "Demos" })).await.refuses(409, "channel_name_taken");
    let changed = ada.patch(&path, &json!({ "description": null })).await.is(200).json();
    assert_eq!((&changed["name"], &changed["description"]), (&json!("Talks"), &Value::Null));
    bob.patch(&path, &json!({ "name": "Taken over" })).await.refuses(404, "not_found");
    bob.delete(&path).await.refuses(404, "not_found");
    assert_eq!(all_pages(&ada, "/channels", 1).await.len(), 2);

    let id = app.insert_video(&ada, "Kept").await;
    ada.patch(&format!("/videos/{id}"), &json!({ "channel_id": made["id"] })).await.is(200);
    ada.delete(&path).await.is(204);
    ada.delete(&path).await.refuses(404, "not_found");
    assert_eq!(ada.get(&format!("/videos/{id}")).await.is(200).json()["channel_id"], Value::Null);
    for unknown in [made["id"].as_str().unwrap(), "00000000-0000-7000-8000-000000000000"] {
        ada.patch(&format!("/videos/{id}"), &json!({ "channel_id": unknown }))
            .await
            .refuses(404, "not_found");
    }
}

#[tokio::test]
async fn a_list_by_titles_holds_each_video_of_a_channel_where_its_title_has_it_now() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let channel = ada.post("/channels", &json!({ "name": "Talks" })).await.is(201).json();
    let path = format!("/videos?sort=title&channel_id={}", channel["id"].as_str().unwrap());
    let mut ids = Vec::new();
    for title in ["delta", "Bravo", "alpha", "BRAVO", "Foxtrot", "Charlie"] {
        let id = app.insert_video(&ada, title).await;
        if title != "Charlie" {
            ada.patch(&format!("/videos/{id}"), &json!({ "channel_id": channel["id"] })).await.is(200);
        }
        ids.push(id);
        // Ids of one moment are in no order.
        app.clock.advance(TimeDelta::seconds(1));
    }
    let listed = async |path: &str, limit: u32| -> Vec<String> {
        let all = all_pages(&ada, path, limit).await;
        all.iter().map(|video| video["title"].as_str().unwrap().to_owned()).collect()
    };
    for limit in [1, 2, 100] {
        // Titles that are one but for their case are in the order of their ids.
        assert_eq!(listed(&path, limit).await, ["alpha", "Bravo", "BRAVO", "delta", "Foxtrot"], "{limit}");
        assert_eq!(listed(&format!("{path}&title=BRA"), limit).await, ["Bravo", "BRAVO"], "{limit}");
    }
    assert_eq!(listed(&format!("{path}&status=failed"), 1).await, [""; 0]);

    ada.patch(&format!("/videos/{}", ids[2]), &json!({ "title": "Echo" })).await.is(200);
    ada.delete(&format!("/videos/{}", ids[0])).await.is(204);
    assert_eq!(listed(&path, 1).await, ["Bravo", "BRAVO", "Echo", "Foxtrot"]);
    ada.patch(&format!("/videos/{}", ids[3]), &json!({ "channel_id": null })).await.is(200);
    assert_eq!(listed(&path, 1).await, ["Bravo", "Echo", "Foxtrot"]);
    assert_eq!(listed("/videos?sort=title", 2).await, ["Bravo", "BRAVO", "Charlie", "Echo", "Foxtrot"]);
}

#[tokio::test]
async fn a_list_by_titles_does_not_end_where_its_last_row_went() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let channel = ada.post("/channels", &json!({ "name": "Talks" })).await.is(201).json();
    let first = app.insert_video(&ada, "Anchor").await;
    let second = app.insert_video(&ada, "Buoy").await;
    for id in [first, second] {
        ada.patch(&format!("/videos/{id}"), &json!({ "channel_id": channel["id"] })).await.is(200);
    }
    let all = "/videos?sort=title&limit=1";
    let of_channel = format!("{all}&channel_id={}", channel["id"].as_str().unwrap());
    let mut next = Vec::new();
    for path in [all, of_channel.as_str()] {
        let page = ada.get(path).await.is(200).json();
        assert_eq!(page["items"][0]["title"], "Anchor");
        let behind = format!("{path}&cursor={}", page["next_cursor"].as_str().unwrap());
        assert_eq!(ada.get(&behind).await.is(200).json()["items"][0]["title"], "Buoy");
        next.push(behind);
    }
    sqlx::query("DELETE FROM videos WHERE id = $1")
        .bind(first)
        .execute(&mut app.superuser().await)
        .await
        .unwrap();
    for behind in next {
        ada.get(&behind).await.refuses(409, "list_changed");
    }
}
