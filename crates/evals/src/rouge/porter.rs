//! Porter's stemmer (1980) with the departures of NLTK, which `rouge-score` uses.

/// Words that the rules would spoil, with their stems.
const IRREGULAR: [(&str, &str); 16] = [
    ("sky", "sky"),
    ("skies", "sky"),
    ("dying", "die"),
    ("lying", "lie"),
    ("tying", "tie"),
    ("news", "news"),
    ("innings", "inning"),
    ("inning", "inning"),
    ("outings", "outing"),
    ("outing", "outing"),
    ("cannings", "canning"),
    ("canning", "canning"),
    ("howe", "howe"),
    ("proceed", "proceed"),
    ("exceed", "exceed"),
    ("succeed", "succeed"),
];

const STEP_2: [(&str, &str); 22] = [
    ("ational", "ate"),
    ("tional", "tion"),
    ("enci", "ence"),
    ("anci", "ance"),
    ("izer", "ize"),
    ("bli", "ble"),
    ("alli", "al"),
    ("entli", "ent"),
    ("eli", "e"),
    ("ousli", "ous"),
    ("ization", "ize"),
    ("ation", "ate"),
    ("ator", "ate"),
    ("alism", "al"),
    ("iveness", "ive"),
    ("fulness", "ful"),
    ("ousness", "ous"),
    ("aliti", "al"),
    ("iviti", "ive"),
    ("biliti", "ble"),
    ("fulli", "ful"),
    ("logi", "log"),
];
const STEP_3: [(&str, &str); 7] = [
    ("icate", "ic"),
    ("ative", ""),
    ("alize", "al"),
    ("iciti", "ic"),
    ("ical", "ic"),
    ("ful", ""),
    ("ness", ""),
];
const STEP_4: [&str; 19] = [
    "al", "ance", "ence", "er", "ic", "able", "ible", "ant", "ement", "ment", "ent", "ion", "ou", "ism",
    "ate", "iti", "ous", "ive", "ize",
];

/// The stem of a word of lower-case ASCII letters and digits.
pub fn stem(word: &str) -> String {
    if let Some((_, stem)) = IRREGULAR.iter().find(|(irregular, _)| *irregular == word) {
        return (*stem).to_owned();
    }
    if word.len() <= 2 {
        return word.to_owned();
    }
    step_5(step_4(step_3(step_2(step_1c(step_1b(step_1a(word)))))))
}

fn step_1a(word: &str) -> String {
    if let Some(stem) = word.strip_suffix("ies") {
        return format!("{stem}{}", if word.len() == 4 { "ie" } else { "i" });
    }
    if let Some(stem) = word.strip_suffix("sses") {
        return format!("{stem}ss");
    }
    let plural = word.strip_suffix('s').filter(|stem| !stem.ends_with('s'));
    plural.unwrap_or(word).to_owned()
}

fn step_1b(word: String) -> String {
    if let Some(stem) = word.strip_suffix("ied") {
        return format!("{stem}{}", if word.len() == 4 { "ie" } else { "i" });
    }
    if let Some(stem) = word.strip_suffix("eed") {
        return if measure(stem) > 0 { format!("{stem}ee") } else { word };
    }
    let ends = |suffix: &str| word.strip_suffix(suffix).filter(|stem| has_vowel(stem));
    let Some(stem) = ends("ed").or_else(|| ends("ing")) else { return word };
    if ["at", "bl", "iz"].iter().any(|ending| stem.ends_with(ending)) {
        return format!("{stem}e");
    }
    if ends_in_double_consonant(stem) {
        let is_kept = stem.ends_with(['l', 's', 'z']);
        return if is_kept { stem.to_owned() } else { stem[..stem.len() - 1].to_owned() };
    }
    if measure(stem) == 1 && ends_short(stem) { format!("{stem}e") } else { stem.to_owned() }
}

fn step_1c(word: String) -> String {
    match word.strip_suffix('y') {
        Some(stem) if stem.len() > 1 && is_consonant(stem.as_bytes(), stem.len() - 1) => format!("{stem}i"),
        _ => word,
    }
}

fn step_2(word: String) -> String {
    if let Some(stem) = word.strip_suffix("alli").filter(|stem| measure(stem) > 0) {
        return step_2(format!("{stem}al"));
    }
    let rule = STEP_2.iter().find_map(|(suffix, new)| Some((word.strip_suffix(suffix)?, suffix, new)));
    match rule {
        // The l before "ogi" counts.
        Some((_, &"logi", new)) if measure(&word[..word.len() - 3]) > 0 => {
            format!("{}{new}", &word[..word.len() - 4])
        }
        Some((stem, suffix, new)) if *suffix != "logi" && measure(stem) > 0 => format!("{stem}{new}"),
        _ => word,
    }
}

fn step_3(word: String) -> String {
    let rule = STEP_3.iter().find_map(|(suffix, new)| Some((word.strip_suffix(suffix)?, new)));
    match rule {
        Some((stem, new)) if measure(stem) > 0 => format!("{stem}{new}"),
        _ => word,
    }
}

fn step_4(word: String) -> String {
    let rule = STEP_4.iter().find_map(|suffix| Some((word.strip_suffix(suffix)?, suffix)));
    match rule {
        Some((stem, suffix)) if measure(stem) > 1 && (*suffix != "ion" || stem.ends_with(['s', 't'])) => {
            stem.to_owned()
        }
        _ => word,
    }
}

fn step_5(word: String) -> String {
    let word = match word.strip_suffix('e') {
        Some(stem) if measure(stem) > 1 || (measure(stem) == 1 && !ends_short(stem)) => stem.to_owned(),
        _ => word,
    };
    if word.ends_with("ll") && measure(&word[..word.len() - 1]) > 1 {
        return word[..word.len() - 1].to_owned();
    }
    word
}

fn is_consonant(word: &[u8], at: usize) -> bool {
    match word[at] {
        b'a' | b'e' | b'i' | b'o' | b'u' => false,
        b'y' => at == 0 || !is_consonant(word, at - 1),
        _ => true,
    }
}

/// How many times vowels are followed by consonants.
fn measure(stem: &str) -> usize {
    let word = stem.as_bytes();
    (1..word.len()).filter(|at| is_consonant(word, *at) && !is_consonant(word, at - 1)).count()
}

fn has_vowel(stem: &str) -> bool {
    (0..stem.len()).any(|at| !is_consonant(stem.as_bytes(), at))
}

fn ends_in_double_consonant(word: &str) -> bool {
    let word = word.as_bytes();
    matches!(word, [.., a, b] if a == b) && is_consonant(word, word.len() - 1)
}

/// Consonant, vowel, consonant other than w, x and y; or a word of vowel and consonant.
fn ends_short(word: &str) -> bool {
    let bytes = word.as_bytes();
    let count = bytes.len();
    if count == 2 {
        return !is_consonant(bytes, 0) && is_consonant(bytes, 1);
    }
    count > 2
        && is_consonant(bytes, count - 3)
        && !is_consonant(bytes, count - 2)
        && is_consonant(bytes, count - 1)
        && !matches!(bytes[count - 1], b'w' | b'x' | b'y')
}
