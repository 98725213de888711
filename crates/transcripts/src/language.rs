//! A guess at the language of a text from its most frequent small words, for caption files that do not name theirs.
//! It decides how words are reduced to their stems in search, so a wrong guess must be rarer than none.

/// The languages whose stems search knows, with small words that hardly occur in the others.
const SMALL_WORDS: [(&str, &str); 8] = [
    ("en", "the and of to that is it you was for this with have what they from we are"),
    ("de", "der die das und ist nicht ich wir sie ein eine mit auf für auch wie dass aber"),
    ("fr", "le les et est une que pas vous nous pour dans ce qui je des il sur avec"),
    ("es", "el los y es una que por para con las lo pero como más muy está esto yo"),
    ("it", "il che di è non una per sono con della anche ma questo gli come più si abbiamo"),
    ("pt", "o que não é uma os para com você mas isso por mais como da do em eu"),
    ("nl", "de het een en is dat niet van ik wij zijn voor met ook maar wat naar hebben"),
    ("sv", "och det att är inte jag vi som en på har för med men den till också så"),
];
/// Words that are looked at.
const WORDS_MAX: usize = 5_000;
/// Fewer words than this say nothing.
const WORDS_MIN: usize = 12;
/// The share of small words in ordinary speech is well above this.
const SHARE_MIN: f64 = 0.12;
/// How much more often the best language's words must occur than the next one's.
const LEAD_MIN: f64 = 1.3;

/// ISO 639-1 code of the language, if the text clearly is in one of those known here.
pub(crate) fn guess_language<'a>(texts: impl Iterator<Item = &'a str>) -> Option<&'static str> {
    let mut hits = [0_u32; SMALL_WORDS.len()];
    let mut count = 0_u32;
    for word in texts.flat_map(str::split_whitespace).take(WORDS_MAX) {
        let word = word.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
        if word.is_empty() {
            continue;
        }
        count += 1;
        for (hits, (_, words)) in hits.iter_mut().zip(SMALL_WORDS) {
            *hits += u32::from(words.split(' ').any(|small| small == word));
        }
    }
    let mut ranked: Vec<(u32, &'static str)> =
        hits.into_iter().zip(SMALL_WORDS.map(|(code, _)| code)).collect();
    ranked.sort_by_key(|(hits, _)| std::cmp::Reverse(*hits));
    let [(best, code), (next, _), ..] = ranked.as_slice() else { return None };
    let enough = count as usize >= WORDS_MIN && f64::from(*best) >= SHARE_MIN * f64::from(count);
    (enough && f64::from(*best) >= LEAD_MIN * f64::from(*next)).then_some(*code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_sentences_are_recognised() {
        let samples = [
            (
                "en",
                "So what we have to do is to look at the numbers that they sent and see whether this is what you wanted.",
            ),
            (
                "de",
                "Wir müssen uns die Zahlen ansehen, die sie geschickt haben, und das ist nicht einfach, aber auch nicht schwer.",
            ),
            (
                "fr",
                "Nous devons regarder les chiffres que vous avez envoyés, et ce n'est pas facile pour une équipe qui est petite.",
            ),
            (
                "es",
                "Tenemos que mirar los números y es muy importante para el equipo, pero como siempre lo hacemos con las manos.",
            ),
            (
                "nl",
                "Wij moeten naar de cijfers kijken en dat is niet eenvoudig, maar het is ook een kwestie van tijd.",
            ),
        ];
        for (code, text) in samples {
            assert_eq!(guess_language([text].into_iter()), Some(code), "{text}");
        }
    }

    #[test]
    fn what_is_unclear_stays_unknown() {
        for text in [
            "",
            "Hello the world",
            "lorem ipsum dolor sit amet consectetur adipiscing elit sed eiusmod tempor incididunt ut labore",
        ] {
            assert_eq!(guess_language([text].into_iter()), None, "{text}");
        }
    }
}
