//! The form of every mail: a greeting, a few sentences, one link; as plain text and as HTML that needs no styles.

/// What a mail says. Texts are plain; they are escaped for HTML here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter<'a> {
    /// The person's name.
    pub name: &'a str,
    /// What happened, and what to do.
    pub lead: &'a str,
    /// What the link does, in two or three words.
    pub action: &'a str,
    /// Where it leads.
    pub link: &'a str,
    /// How long it lasts, and what to do if this was unexpected.
    pub note: &'a str,
}

impl Letter<'_> {
    /// The plain text.
    pub fn text(&self) -> String {
        let Self { name, lead, action, link, note } = self;
        format!("Hello {name},\n\n{lead}\n\n{action}:\n{link}\n\n{note}\n\nMemoreel\n")
    }

    /// The same as HTML.
    pub fn html(&self) -> String {
        let [name, lead, action, link, note] =
            [self.name, self.lead, self.action, self.link, self.note].map(escape);
        format!(
            "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"></head>\
             <body style=\"font-family:sans-serif;line-height:1.5\">\
             <p>Hello {name},</p><p>{lead}</p><p><a href=\"{link}\">{action}</a></p><p>{note}</p><p>Memoreel</p></body></html>"
        )
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;

    const LETTER: Letter<'_> = Letter {
        name: "<b>Ada</b> & \"Co\"",
        lead: "Welcome.",
        action: "Confirm your address",
        link: "https://memoreel.example/confirm-email#a&b",
        note: "It's good for a day.",
    };

    #[test]
    fn a_name_cannot_bring_markup_along() {
        let html = LETTER.html();
        assert!(html.contains("Hello &lt;b&gt;Ada&lt;/b&gt; &amp; &quot;Co&quot;,"), "{html}");
        assert!(html.contains("href=\"https://memoreel.example/confirm-email#a&amp;b\""), "{html}");
        assert!(html.contains("It&#39;s good"), "{html}");
    }

    #[test]
    fn the_plain_text_says_the_same() {
        let text = LETTER.text();
        assert!(text.starts_with("Hello <b>Ada</b> & \"Co\",\n\nWelcome.\n\n"), "{text}");
        assert!(
            text.contains("Confirm your address:\nhttps://memoreel.example/confirm-email#a&b\n"),
            "{text}"
        );
    }
}
