//! Word lists and small judgements about spoken English: what is a filler, what carries content, what an abbreviation is.
//!
//! In other languages the lists simply match nothing, and the callers fall back on length and embeddings.

/// Function words, and the words that fill speech without naming anything.
const STOP_WORDS: &str = "a about above after again against all also am an and any anybody anyone anything are aren as at \
be because been before being below between both but by can cannot could couldn did didn do does doesn doing don done down \
during each either else ever every everybody everyone everything few for from further get gets getting give go goes going \
gonna gone got gotta had has hasn have haven having he her here hers herself him himself his how however i if in into is isn \
it its itself just kind know less let like ll lot lots m make makes making many may maybe me mean might mine more most much \
must my myself need never no nobody nor not nothing now of off okay on once one ones only onto or other others our ours \
ourselves out over own perhaps please probably put quite rather re really s said same say saying says see seem seems she \
should shouldn since so some somebody somehow someone something sometimes somewhat sort still stuff such sure t take than \
that the their theirs them themselves then there these they thing things think thought this those though through thus to \
together too try trying two under until up upon us use ve very wanna want wants was wasn way we well went were weren what \
whatever when where whether which while who whole whom whose why will with within without won would wouldn yes yet you your \
yours yourself yourselves able actually already although always anyway around away back basically bit come course d de even \
far first good great guess guys hey hi hello important little look looking obviously part people point pretty question \
right second talk talking tell thank thanks today whereas yeah yep mr mrs ms dr i'm i've i'll i'd we're we've we'll you're \
you've they're that's it's there's don't can't let's he's she's what's doesn't didn't isn't wasn't won't couldn't wouldn't";

/// Sounds and words that only show that somebody listens or thinks.
const FILLERS: &str = "yeah yes yep yup no nope okay ok kay mm mmm hm hmm mhm mm-hmm mm-hm uh-huh uh-hum um uh er erm ah aha \
oh ooh eh huh right sure well so and but or like alright cool great good fine nice exactly absolutely definitely thanks \
thank you bye hi hello hey yeah-yeah please sorry wow now then indeed true correct gotcha really i see know mean got it \
that's that is all of course very much perfect excellent";

/// Hesitations that are dropped from a quoted sentence wherever they stand.
const HESITATIONS: &str = "um uh er erm uhm hmm hm mm mmm mm-hmm uh-huh mhm";

/// Words that open a spoken sentence without adding to it.
const OPENERS: &str = "so and but or well okay ok yeah yes right alright now then like anyway oh";

const ABBREVIATIONS: &str = "mr mrs ms dr prof st sr jr vs e.g i.e eg ie cf approx hon gen col sgt capt lt rev gov sen rep \
u.s u.k u.n ph.d";

/// The longest phrase that is looked for as begun twice, in words.
const PHRASE_WORDS_MAX: usize = 4;

/// Abbreviations that a number follows; before anything else they are words.
const NUMBERED: &str = "no nos fig vol ch p pp jan feb mar apr jun jul aug sep sept oct nov dec";

/// Whether a list, words with spaces between them, has a normalised word.
pub fn in_list(list: &str, word: &str) -> bool {
    list.split_ascii_whitespace().any(|entry| entry == word)
}

/// A word as it is compared: lower case, without the punctuation around it.
pub fn normalised(word: &str) -> String {
    word.trim_matches(|c: char| !c.is_alphanumeric()).replace('\u{2019}', "'").to_lowercase()
}

/// Whether a normalised word names something.
pub fn is_content(word: &str) -> bool {
    word.chars().nth(1).is_some() && !in_list(STOP_WORDS, word) && !in_list(HESITATIONS, word)
}

/// The normalised content words of a text, in order. A text without spaces between words counts by pairs of characters.
pub fn content_words(text: &str) -> Vec<String> {
    text.split_whitespace()
        .flat_map(|word| {
            let word = normalised(word);
            if word.chars().any(is_unspaced) { pairs(&word) } else { vec![word] }
        })
        .filter(|word| is_content(word))
        .collect()
}

/// How many words a text has; text written without spaces counts one word for two characters.
pub fn count_words(text: &str) -> usize {
    text.split_whitespace()
        .map(|word| {
            let unspaced = word.chars().filter(|c| is_unspaced(*c)).count();
            if unspaced > 0 {
                unspaced.div_ceil(2)
            } else {
                usize::from(word.chars().any(char::is_alphanumeric))
            }
        })
        .sum()
}

/// Whether a text is only listening and thinking noise ("Yeah, okay.", "Mm-hmm").
pub fn is_backchannel(text: &str) -> bool {
    text.split_whitespace().map(normalised).filter(|word| !word.is_empty()).all(|word| {
        in_list(FILLERS, &word)
            || in_list(HESITATIONS, &word)
            || word.split('-').all(|part| in_list(FILLERS, part))
    })
}

/// Whether a full stop after this word (given without it) usually does not end a sentence before the next word.
pub fn is_abbreviation(word: &str, next: &str) -> bool {
    let word = word.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
    let single_letter = word.chars().count() == 1 && word.chars().all(char::is_alphabetic) && word != "i";
    let numbered = next.starts_with(|c: char| c.is_ascii_digit()) && in_list(NUMBERED, &word);
    single_letter || numbered || in_list(ABBREVIATIONS, &word)
}

/// A spoken sentence as it reads best in writing: hesitations, stutters and empty openings removed, first letter upper case.
/// Words are only ever left out, never added or exchanged.
pub fn tidied(text: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    for word in text.split_whitespace() {
        let plain = normalised(word);
        let opening = kept.is_empty() && (plain.is_empty() || in_list(OPENERS, &plain));
        let stutter = kept.last().is_some_and(|last| {
            !plain.is_empty() && plain.chars().all(char::is_alphabetic) && normalised(last) == plain
        });
        if opening || in_list(HESITATIONS, &plain) {
            continue;
        }
        if stutter {
            kept.pop();
        }
        kept.push(word);
    }
    let mut tidy = without_false_starts(kept).join(" ");
    if tidy.is_empty() {
        tidy = text.trim().to_owned();
    }
    if !tidy.ends_with(['.', '!', '?', '…', '。']) {
        tidy.truncate(tidy.trim_end_matches([',', ';', ':', '-', '—', ' ']).len());
        if text.trim_end().ends_with(['.', '!', '?']) {
            tidy.push(text.trim_end().chars().next_back().unwrap_or('.'));
        }
    }
    upper_first(&tidy)
}

/// The words without those begun and not finished (`th the`) and without phrases begun twice (`the plan the plan is`).
fn without_false_starts(words: Vec<&str>) -> Vec<&str> {
    let plain: Vec<String> = words.iter().map(|word| normalised(word)).collect();
    let is_spoken =
        |at: usize| !plain[at].is_empty() && plain[at].chars().all(|c| c.is_alphabetic() || c == '\'');
    let is_unfinished = |at: usize| {
        let word = plain[at].as_str();
        let has_vowel = word.contains(['a', 'e', 'i', 'o', 'u', 'y']);
        let is_no_word = !has_vowel || (word.len() <= 2 && !in_list(STOP_WORDS, word));
        let begins_next =
            plain.get(at + 1).is_some_and(|next| next.len() > word.len() && next.starts_with(word));
        // In capitals it is an abbreviation; the first word has one for its place.
        let opening = usize::from(at == 0 && word.len() > 1);
        let is_lower = words[at].chars().skip(opening).all(|c| c.is_ascii_lowercase());
        is_no_word && begins_next && is_lower && !word.is_empty()
    };
    let is_begun_again = |at: usize, length: usize| {
        let second = at + length..at + 2 * length;
        second.end <= words.len()
            && plain[at..second.start] == plain[second]
            && (at..at + length).all(is_spoken)
    };
    let mut kept = Vec::with_capacity(words.len());
    let mut at = 0;
    while at < words.len() {
        if let Some(length) = (2..=PHRASE_WORDS_MAX).rev().find(|length| is_begun_again(at, *length)) {
            at += length;
        } else {
            kept.extend((!is_unfinished(at)).then_some(words[at]));
            at += 1;
        }
    }
    kept
}

/// The text with its first letter in upper case.
pub fn upper_first(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

fn pairs(word: &str) -> Vec<String> {
    let chars: Vec<char> = word.chars().collect();
    chars.windows(2).map(|pair| pair.iter().collect()).collect()
}

/// Scripts that write words without spaces between them (Han, kana, Thai).
fn is_unspaced(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{0e00}'..='\u{0e7f}' | '\u{f900}'..='\u{faff}')
}
