//! The pages of an export, for people: plain HTML without scripts, and nothing that is fetched.

use serde_json::Value;
use std::fmt::Write;

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem;color:#1c1c1c;background:#fff}\
    h1,h2{line-height:1.2}h2{margin-top:2.5rem}table{border-collapse:collapse;width:100%}td,th{text-align:left;vertical-align:top;\
    padding:.3rem .8rem .3rem 0;border-bottom:1px solid #ddd;overflow-wrap:anywhere}th{font-weight:600}time{color:#666}\
    video,audio{width:100%}@media(prefers-color-scheme:dark){body{color:#eee;background:#161616}td,th{border-color:#444}a{color:#8ab4ff}time{color:#aaa}}";

/// What the first page says of a video.
#[derive(Debug)]
pub(crate) struct Listed {
    pub(crate) folder: String,
    pub(crate) title: String,
    pub(crate) created_at: String,
}

/// What the first page is made of.
#[derive(Debug)]
pub(crate) struct Overview<'a> {
    pub(crate) made_at: String,
    pub(crate) account: &'a Value,
    pub(crate) memberships: &'a Value,
    pub(crate) consents: &'a Value,
    pub(crate) sessions: &'a Value,
    pub(crate) api_keys: &'a Value,
    pub(crate) audit_entries: usize,
    pub(crate) videos: &'a [Listed],
}

/// What the first page of an organization's export is made of.
#[derive(Debug)]
pub(crate) struct OrganizationOverview<'a> {
    pub(crate) made_at: String,
    pub(crate) organization: &'a Value,
    pub(crate) members: &'a Value,
    pub(crate) invitations: &'a Value,
    pub(crate) domains: &'a Value,
    pub(crate) channels: &'a Value,
    pub(crate) videos: &'a [Listed],
}

/// The first page of a person's export.
pub(crate) fn index(overview: &Overview<'_>) -> String {
    let mut page = head("Your data in Memoreel");
    let account = overview.account;
    let say = |page: &mut String, text: &str| page.push_str(text);
    say(
        &mut page,
        &format!(
            "<p>Made on {}. Beside this page lie files for programs (JSON) and your recordings.</p>",
            escape(&overview.made_at)
        ),
    );
    say(&mut page, "<h2>Account</h2><table>");
    for (name, key) in [
        ("Name", "name"),
        ("E-mail", "email"),
        ("Address confirmed", "email_verified_at"),
        ("Signed up", "created_at"),
        ("Last sign-in", "last_login_at"),
    ] {
        row(&mut page, &[name, &text(&account[key])]);
    }
    say(
        &mut page,
        "</table><p><a href=\"account.json\">account.json</a> · <a href=\"preferences.json\">preferences.json</a></p>",
    );
    list(
        &mut page,
        "Organizations",
        "memberships.json",
        overview.memberships,
        &[("Name", "name"), ("Role", "role"), ("Since", "joined_at")],
    );
    list(
        &mut page,
        "What you agreed to",
        "consents.json",
        overview.consents,
        &[("Document", "document"), ("Version", "version"), ("Given", "is_given"), ("When", "recorded_at")],
    );
    list(
        &mut page,
        "Where you are signed in",
        "sessions.json",
        overview.sessions,
        &[("With", "user_agent"), ("From", "address"), ("Last seen", "last_seen_at")],
    );
    list(
        &mut page,
        "API keys",
        "api-keys.json",
        overview.api_keys,
        &[("Name", "name"), ("Begins with", "prefix"), ("Made", "created_at")],
    );
    say(
        &mut page,
        &format!(
            "<h2>Audit log</h2><p>{} entries about you in <a href=\"audit-log.json\">audit-log.json</a>.</p>",
            overview.audit_entries
        ),
    );
    say(&mut page, "<h2>Searches</h2><p>Memoreel keeps no searches.</p>");
    videos(&mut page, overview.videos);
    say(&mut page, "</main></body></html>\n");
    page
}

/// The first page of an organization's export.
pub(crate) fn organization(overview: &OrganizationOverview<'_>) -> String {
    let organization = overview.organization;
    let mut page = head(&format!("{} in Memoreel", text(&organization["name"])));
    let _ = write!(
        page,
        "<p>Made on {}. Beside this page lie files for programs (JSON) and the recordings, as they were uploaded.</p>\
         <p>It holds what any owner may see. Private videos are their authors’ alone, and so are API keys and accounts: \
         they are in each person’s own export and not in here. What Memoreel makes of recordings by itself, such as \
         other sizes of them and the index of the search, is left out.</p>",
        escape(&overview.made_at)
    );
    page.push_str("<h2>Organization</h2><table>");
    for (name, key) in
        [("Name", "name"), ("In addresses", "slug"), ("Description", "description"), ("Made", "created_at")]
    {
        row(&mut page, &[name, &text(&organization[key])]);
    }
    page.push_str("</table><p><a href=\"organization.json\">organization.json</a></p>");
    list(
        &mut page,
        "Members",
        "members.json",
        overview.members,
        &[("Name", "name"), ("E-mail", "email"), ("Role", "role"), ("Since", "joined_at")],
    );
    list(
        &mut page,
        "Invitations",
        "invitations.json",
        overview.invitations,
        &[
            ("E-mail", "email"),
            ("Role", "role"),
            ("State", "status"),
            ("By", "invited_by"),
            ("When", "created_at"),
        ],
    );
    list(
        &mut page,
        "Domains",
        "domains.json",
        overview.domains,
        &[("Domain", "domain"), ("Verified", "verified_at"), ("Who joins by it", "join_role")],
    );
    list(
        &mut page,
        "Channels",
        "channels.json",
        overview.channels,
        &[("Name", "name"), ("Description", "description")],
    );
    page.push_str("<h2>Audit log</h2><p>Who changed what: <a href=\"audit-log.jsonl\">audit-log.jsonl</a>, an entry on each line.</p>");
    videos(&mut page, overview.videos);
    page.push_str("</main></body></html>\n");
    page
}

fn videos(page: &mut String, videos: &[Listed]) {
    page.push_str("<h2>Videos</h2>");
    if videos.is_empty() {
        page.push_str("<p>None.</p>");
        return;
    }
    page.push_str("<ul>");
    for video in videos {
        let _ = write!(
            page,
            "<li><a href=\"{}/index.html\">{}</a> <time>{}</time></li>",
            escape(&video.folder),
            escape(&video.title),
            escape(&video.created_at)
        );
    }
    page.push_str("</ul>");
}

/// The page of one video; `media` is the path of its file from there.
pub(crate) fn video(told: &Value, spoken: &Value, media: Option<&str>) -> String {
    let title = text(&told["title"]);
    let mut page = head(&title);
    page.push_str(
        "<p><a href=\"../../index.html\">Everything</a> · <a href=\"video.json\">video.json</a></p>",
    );
    if let Some(media) = media {
        let media = escape(&encoded(media));
        let _ = write!(
            page,
            "<video controls preload=\"none\" src=\"{media}\"></video><p><a href=\"{media}\">The file</a></p>"
        );
    }
    if let Some(description) = told["description"].as_str() {
        let _ = write!(page, "<p>{}</p>", escape(description));
    }
    page.push_str("<table>");
    for (name, key) in [
        ("Channel", "channel"),
        ("Added by", "author"),
        ("Seen by", "visibility"),
        ("Added", "created_at"),
        ("In the bin since", "deleted_at"),
    ] {
        if !told[key].is_null() {
            row(&mut page, &[name, &text(&told[key])]);
        }
    }
    page.push_str("</table>");
    let sentences = spoken["summary"]["sentences"].as_array().map(Vec::as_slice).unwrap_or_default();
    if !sentences.is_empty() {
        page.push_str("<h2>Summary</h2><p>");
        for sentence in sentences {
            let said = sentence["text"].as_str().or_else(|| sentence.as_str()).unwrap_or_default();
            let _ = write!(page, "{} ", escape(said));
        }
        page.push_str("</p>");
    }
    let segments = spoken["transcript"]["segments"].as_array().map(Vec::as_slice).unwrap_or_default();
    if !segments.is_empty() {
        page.push_str("<h2>Transcript</h2>");
        for segment in segments {
            let seconds = segment["start_ms"].as_i64().unwrap_or_default() / 1000;
            let _ = write!(
                page,
                "<p><time>{}:{:02}</time> {}{}</p>",
                seconds / 60,
                seconds % 60,
                segment["speaker"]
                    .as_str()
                    .map(|name| format!("<b>{}</b> ", escape(name)))
                    .unwrap_or_default(),
                escape(segment["text"].as_str().unwrap_or_default()),
            );
        }
    }
    page.push_str("</main></body></html>\n");
    page
}

fn head(title: &str) -> String {
    let title = escape(title);
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; media-src 'self' file:\">\
         <title>{title}</title><style>{STYLE}</style></head><body><main><h1>{title}</h1>"
    )
}

fn list(page: &mut String, title: &str, file: &str, items: &Value, columns: &[(&str, &str)]) {
    let _ = write!(page, "<h2>{}</h2>", escape(title));
    let items = items.as_array().map(Vec::as_slice).unwrap_or_default();
    if items.is_empty() {
        page.push_str("<p>None.</p>");
        return;
    }
    page.push_str("<table><tr>");
    for (name, _) in columns {
        let _ = write!(page, "<th>{}</th>", escape(name));
    }
    page.push_str("</tr>");
    for item in items {
        let cells: Vec<String> = columns.iter().map(|(_, key)| text(&item[*key])).collect();
        let cells: Vec<&str> = cells.iter().map(String::as_str).collect();
        row(page, &cells);
    }
    let _ = write!(page, "</table><p><a href=\"{file}\">{file}</a></p>");
}

fn row(page: &mut String, cells: &[&str]) {
    page.push_str("<tr>");
    for cell in cells {
        let _ = write!(page, "<td>{}</td>", escape(cell));
    }
    page.push_str("</tr>");
}

/// A value as people write it.
fn text(value: &Value) -> String {
    match value {
        Value::Null => "–".to_owned(),
        Value::String(text) => text.clone(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        other => other.to_string(),
    }
}

/// Text that stays text in HTML, also within quotes.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// A path within an address: what means something there is encoded.
fn encoded(path: &str) -> String {
    let mut address = String::new();
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"/._-".contains(&byte) {
            address.push(char::from(byte));
        } else {
            let _ = write!(address, "%{byte:02X}");
        }
    }
    address
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_people_wrote_stays_text() {
        let told = json!({ "title": "<script>alert(1)</script>", "description": "\"'&" });
        let spoken = json!({ "transcript": { "segments": [{ "start_ms": 61_000, "text": "<b>hm</b>", "speaker": "A<" }] } });
        let page = video(&told, &spoken, Some("media/a b\"?.mp4"));
        assert!(!page.contains("<script") && !page.contains("<b>hm"), "{page}");
        assert!(
            page.contains("1:01") && page.contains("<b>A&lt;</b>") && page.contains("&quot;&#39;&amp;"),
            "{page}"
        );
        assert!(page.contains("src=\"media/a%20b%22%3F.mp4\""), "{page}");
    }
}
