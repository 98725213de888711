//! A page that shows the mails nobody was sent, for people who develop on one machine.

use axum::{
    Router,
    extract::State,
    http::{HeaderMap, HeaderValue, Uri, header},
    response::{Html, IntoResponse, Response},
    routing::get,
};
use memoreel_mail::{MailFolder, WrittenMail};
use memoreel_web::{App, Problem, Result};
use std::{fmt::Write, net::SocketAddr};

/// Whether the page may be served at all: its links open accounts, so nobody but this machine may reach it.
pub fn may_be_shown(public_url: &str, listening: SocketAddr) -> bool {
    let host = public_url.parse::<Uri>().ok().and_then(|url| url.host().map(is_this_machine));
    listening.ip().is_loopback() && host == Some(true)
}

/// `/dev/mails`.
pub fn router(mails: MailFolder) -> Router<App> {
    Router::new().route("/dev/mails", get(show).with_state(mails))
}

async fn show(State(mails): State<MailFolder>, headers: HeaderMap) -> Result<Response> {
    // A name of another site's that leads to this machine is asked for by that site's pages.
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()?.parse::<Uri>().ok());
    if !host.and_then(|host| host.host().map(is_this_machine)).unwrap_or_default() {
        return Err(Problem::not_found("page"));
    }
    let mails = mails.mails().await.map_err(Problem::internal)?;
    let policy =
        HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'");
    let no_store = HeaderValue::from_static("no-store");
    let headers = [(header::CONTENT_SECURITY_POLICY, policy), (header::CACHE_CONTROL, no_store)];
    Ok((headers, Html(page(&mails))).into_response())
}

fn is_this_machine(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || bare.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

const HEAD: &str = "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Mails</title>\
    <style>body{font:1rem/1.5 sans-serif;max-width:48rem;margin:2rem auto;padding:0 1rem}\
    pre{white-space:pre-wrap;overflow-wrap:anywhere}article{border-top:1px solid}</style></head><body>\
    <h1>Mails</h1><p>No mail server is configured. These were kept as files instead, newest first.</p>";

fn page(mails: &[WrittenMail]) -> String {
    let mut page = HEAD.to_owned();
    for mail in mails {
        let [to, subject] = [&mail.to, &mail.subject].map(|text| escape(text));
        // Writing to a String cannot fail.
        let _ = write!(page, "<article><h2>{subject}</h2><p>To {to}</p><pre>");
        for line in mail.text.lines() {
            let line = escape(line);
            let _ = if line.starts_with("http://") || line.starts_with("https://") {
                writeln!(page, "<a href=\"{line}\">{line}</a>")
            } else {
                writeln!(page, "{line}")
            };
        }
        page.push_str("</pre></article>");
    }
    page.push_str("</body></html>");
    page
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_for_this_machine_alone() {
        let here: SocketAddr = "127.0.0.1:8080".parse().expect("an address");
        let everywhere: SocketAddr = "0.0.0.0:8080".parse().expect("an address");
        for url in ["http://127.0.0.1:8080", "http://localhost:5173", "http://[::1]:8080"] {
            assert!(may_be_shown(url, here), "{url}");
            assert!(!may_be_shown(url, everywhere), "{url}");
        }
        for url in
            ["https://memoreel.example", "http://localhost.example", "http://192.0.2.1:8080", "nonsense"]
        {
            assert!(!may_be_shown(url, here), "{url}");
        }
    }

    #[test]
    fn a_mail_cannot_bring_markup_along() {
        let mail = WrittenMail {
            path: "x.eml".into(),
            to: "<b>@example.com".into(),
            subject: "\"&\"".into(),
            text: "<script>\nhttps://example.com/#\"onclick=\n".into(),
        };
        let page = page(&[mail]);
        assert!(page.contains("&lt;b&gt;@example.com") && page.contains("&quot;&amp;&quot;"), "{page}");
        assert!(page.contains("&lt;script&gt;") && !page.contains("<script"), "{page}");
        assert!(page.contains("href=\"https://example.com/#&quot;onclick=\""), "{page}");
    }
}
