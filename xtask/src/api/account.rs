//! A user and an API key, made once and kept in the server's data folder.

use std::fs::{self, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::client::{Client, answer};
use crate::server_process::agent;

const EMAIL: &str = "demo@memoreel.local";

/// How to sign in, in a browser and as a program.
#[derive(Serialize, Deserialize)]
pub struct Account {
    pub email: String,
    pub password: String,
    #[serde(default)]
    pub api_key: String,
}

/// The account of this data folder, created when it is not there yet.
pub fn sign_in(url: &str, data_dir: &Path) -> Result<Account> {
    let file = data_dir.join("demo-account.json");
    let known: Option<Account> = fs::read(&file).ok().and_then(|text| serde_json::from_slice(&text).ok());
    let mut account = match known {
        Some(account) if Client::new(url, &account.api_key).is_signed_in()? => return Ok(account),
        Some(account) => account,
        None => Account { email: EMAIL.to_owned(), password: random_hex(8)?, api_key: String::new() },
    };
    // Kept before the user exists: a command that is killed in between must know the password.
    keep(&file, &account)?;
    let cookie = session_cookie(url, &account)?;
    account.api_key = create_api_key(url, &cookie)?;
    keep(&file, &account)?;
    Ok(account)
}

fn session_cookie(url: &str, account: &Account) -> Result<String> {
    let Account { email, password, .. } = account;
    let sign_up = json!({"email": email, "password": password, "name": "Demo"});
    let created = agent().post(format!("{url}/api/v1/users")).send_json(&sign_up)?;
    let response = if created.status() == 409 {
        agent()
            .post(format!("{url}/api/v1/sessions"))
            .send_json(json!({"email": email, "password": password}))?
    } else {
        created
    };
    let cookies = response.headers().get_all("set-cookie").iter();
    let pairs: Vec<String> =
        cookies.filter_map(|cookie| Some(cookie.to_str().ok()?.split(';').next()?.to_owned())).collect();
    answer(response)?;
    if pairs.is_empty() {
        bail!("the server signed us in and set no cookie");
    }
    Ok(pairs.join("; "))
}

fn create_api_key(url: &str, cookie: &str) -> Result<String> {
    let request = agent()
        .post(format!("{url}/api/v1/api-keys"))
        .header("Cookie", cookie)
        .header("X-Memoreel-Request", "1");
    let key: Value = answer(request.send_json(json!({"name": "Demo"}))?)?;
    Ok(key["secret"].as_str().context("the server gave no API key")?.to_owned())
}

fn keep(file: &Path, account: &Account) -> Result<()> {
    let partial = file.with_extension("partial");
    let mut output = OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(&partial)?;
    output.write_all(&serde_json::to_vec_pretty(account)?)?;
    fs::rename(&partial, file).with_context(|| format!("cannot write {}", file.display()))
}

fn random_hex(bytes: usize) -> Result<String> {
    let mut buffer = vec![0; bytes];
    fs::File::open("/dev/urandom")?.read_exact(&mut buffer)?;
    Ok(buffer.iter().map(|byte| format!("{byte:02x}")).collect())
}
