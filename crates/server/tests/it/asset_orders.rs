//! The orders in which files are listed, page by page.

use crate::{
    app::TestApp,
    assets::folder,
    client::{Client, Person},
    library::all_pages,
};
use serde_json::Value;
use std::cmp::Ordering;

/// Files of which several share a moment, a name but for its case, or a size; every third in the folder, and the last ten in the bin.
async fn add_files(app: &TestApp, person: &Person, folder: &str) {
    sqlx::query(
        "INSERT INTO assets (organization_id, kind, filename, original_filename, byte_size, created_at, folder_id, deleted_at, retention_until)
         SELECT $1::uuid, CASE WHEN number % 5 < 3 THEN 'image' ELSE 'document' END,
             (ARRAY['quay', 'Quay', 'boat', 'Crane'])[number % 4 + 1], 'a', number % 3,
             timestamptz '2026-01-01T00:00:00Z' + number / 5 * interval '1 second', CASE WHEN number % 3 = 0 THEN $2::uuid END,
             CASE WHEN number > 50 THEN now() END, CASE WHEN number > 50 THEN now() + interval '1 day' END
         FROM generate_series(1, 60) AS number",
    )
    .bind(&person.organization_id)
    .bind(folder)
    .execute(&mut app.superuser().await)
    .await
    .unwrap();
}

fn text<'a>(file: &'a Value, field: &str) -> &'a str {
    file[field].as_str().unwrap()
}

fn by_name(one: &Value, other: &Value) -> Ordering {
    let key = |file: &Value| (text(file, "filename").to_lowercase(), text(file, "id").to_owned());
    key(one).cmp(&key(other))
}

fn by_size(one: &Value, other: &Value) -> Ordering {
    let key = |file: &Value| (file["size_bytes"].as_i64().unwrap(), text(file, "id").to_owned());
    key(one).cmp(&key(other))
}

fn by_age(one: &Value, other: &Value) -> Ordering {
    let key = |file: &Value| (text(file, "created_at").to_owned(), text(file, "id").to_owned());
    key(one).cmp(&key(other))
}

/// How two files stand to each other.
type Order = fn(&Value, &Value) -> Ordering;

/// Each by what rises; of the newest and the largest the last of these is the first.
const ORDERS: [(&str, Order); 4] =
    [("newest", by_age), ("oldest", by_age), ("filename", by_name), ("largest", by_size)];

fn ids(files: &[Value]) -> Vec<&str> {
    files.iter().map(|file| text(file, "id")).collect()
}

/// The first file of a list, and the address of what comes behind it.
async fn first_and_next(client: &Client, path: &str) -> (Value, String) {
    let page = client.get(&format!("{path}&limit=1")).await.is(200).json();
    (page["items"][0].clone(), format!("{path}&limit=100&cursor={}", text(&page, "next_cursor")))
}

#[tokio::test]
async fn every_order_holds_each_file_once_however_it_is_paged_and_narrowed() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let press = folder(&ada, "Press", None).await;
    add_files(&app, &ada, &press).await;
    for (narrowed, count) in [
        (String::new(), 50),
        ("&kind=image".to_owned(), 30),
        (format!("&folder_id={press}"), 16),
        (format!("&folder_id={press}&kind=document"), 7),
        ("&folder_id=none".to_owned(), 34),
        ("&q=QUAY".to_owned(), 25),
        ("&is_deleted=true".to_owned(), 10),
    ] {
        let mut expected = all_pages(&ada, &format!("/assets?sort=newest{narrowed}"), 100).await;
        assert_eq!(expected.len(), count, "{narrowed}");
        for (sort, order) in ORDERS {
            expected.sort_by(order);
            if ["newest", "largest"].contains(&sort) {
                expected.reverse();
            }
            let path = format!("/assets?sort={sort}{narrowed}");
            for limit in [4, 100] {
                assert_eq!(ids(&all_pages(&ada, &path, limit).await), ids(&expected), "{path} {limit}");
            }
        }
    }
    ada.get("/assets?sort=odd").await.refuses(422, "parameters_invalid");
}

#[tokio::test]
async fn a_list_goes_on_behind_the_file_that_its_cursor_names_and_does_not_end_where_that_went() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.person("ada").await, app.person("bob").await);
    let press = folder(&ada, "Press", None).await;
    add_files(&app, &ada, &press).await;
    for sort in ["filename", "largest"] {
        let path = format!("/assets?sort={sort}");
        let whole = all_pages(&ada, &path, 100).await;
        let (first, next) = first_and_next(&ada, &path).await;
        assert_eq!(first["id"], whole[0]["id"]);

        // A cursor of another order names a file as well.
        let (newest, behind_newest) = first_and_next(&ada, "/assets?sort=newest").await;
        let place = whole.iter().position(|file| file["id"] == newest["id"]).unwrap();
        let rest = ada.get(&behind_newest.replace("newest", sort)).await.is(200).json();
        assert_eq!(ids(rest["items"].as_array().unwrap()), ids(&whole[place + 1..]), "{sort}");

        // One in the bin still has a place.
        let id = text(&first, "id");
        ada.delete(&format!("/assets/{id}")).await.is(204);
        let rest = ada.get(&next).await.is(200).json();
        assert_eq!(ids(rest["items"].as_array().unwrap()), ids(&whole[1..]), "{sort}");
        ada.delete(&format!("/assets/{id}?permanently=true")).await.is(204);
        ada.get(&next).await.refuses(409, "list_changed");

        // Nor is there one of others.
        let (_, of_ada) = first_and_next(&ada, &path).await;
        bob.get(&of_ada).await.refuses(409, "list_changed");
    }
}
