//! What extraction promises. Embeddings here are plain directions, one for each subject.

use super::words::{is_backchannel, tidied};
use super::*;

fn line(start_ms: i64, end_ms: i64, speaker: usize, text: &str) -> Line {
    Line { text: text.to_owned(), start_ms, end_ms, speaker: Some(speaker) }
}

fn texts(sentences: &[Sentence]) -> Vec<&str> {
    sentences.iter().map(|sentence| sentence.text.as_str()).collect()
}

/// One sentence each ten seconds, leaning towards the direction of its subject.
fn about(subject: usize, index: usize, text: String) -> Sentence {
    let mut embedding = vec![0.1; 8];
    embedding[subject] = 1.0;
    embedding[4 + index % 4] += 0.2;
    let start_ms = i64::try_from(index).expect("small") * 10_000;
    Sentence { text, start_ms, end_ms: start_ms + 9_000, speaker: Some(index % 2), embedding }
}

/// Forty minutes in three subjects of 80 sentences.
fn three_subjects() -> Vec<Sentence> {
    let subjects =
        ["solar panel roof budget", "hiring plan for senior engineers", "database migration schedule risk"];
    (0..240)
        .map(|index| {
            let subject = index / 80;
            about(
                subject,
                index,
                format!("Regarding item {index} we reviewed the {} once more.", subjects[subject]),
            )
        })
        .collect()
}

#[test]
fn sentences_run_across_lines_and_end_within_them() {
    let sentences = split_sentences(&[
        line(0, 2_000, 0, "We met Dr. Smith on"),
        line(2_000, 4_000, 0, "Monday. He said no. And"),
        line(4_000, 5_000, 0, "then left."),
    ]);
    assert_eq!(texts(&sentences), ["We met Dr. Smith on Monday.", "He said no.", "And then left."]);
    assert_eq!((sentences[0].start_ms, sentences[2].end_ms), (0, 5_000));
    assert_eq!(sentences[1].start_ms, 2_000 + 2_000 * 8 / 23);
    assert!(sentences[0].end_ms <= sentences[1].start_ms);
}

#[test]
fn a_listener_does_not_break_a_sentence_but_another_speaker_does() {
    let sentences = split_sentences(&[
        line(0, 2_000, 0, "I think we should"),
        line(1_500, 1_900, 1, "Mm-hmm."),
        line(2_100, 4_000, 0, "take the red one."),
        line(4_000, 5_000, 1, "why not"),
        line(5_000, 6_000, 0, "okay"),
    ]);
    assert_eq!(texts(&sentences), ["I think we should take the red one.", "Mm-hmm.", "why not", "okay"]);
    assert_eq!(sentences[1].speaker, Some(1));
}

#[test]
fn captions_without_punctuation_are_cut_at_pauses_and_length() {
    let lines: Vec<Line> = (0..12)
        .map(|n| {
            let gap = if n >= 6 { 1_000 } else { 0 };
            line(n * 2_000 + gap, n * 2_000 + gap + 2_000, 0, "here are some six plain words")
        })
        .collect();
    let sentences = split_sentences(&lines);
    let sizes: Vec<usize> = sentences.iter().map(|sentence| sentence.text.split(' ').count()).collect();
    assert_eq!(sizes, [18, 18, 18, 18]);
    assert_eq!(sentences[2].start_ms, 13_000);
    let endless = split_sentences(&[line(0, 100_000, 0, &"word ".repeat(400))]);
    assert!(endless.iter().all(|sentence| sentence.text.split(' ').count() <= 60));
    assert_eq!(endless.iter().map(|sentence| sentence.text.split(' ').count()).sum::<usize>(), 400);
}

#[test]
fn languages_without_spaces_have_sentences_too() {
    let sentences = split_sentences(&[line(0, 6_000, 0, "会議を始めます。次は予算です。")]);
    assert_eq!(texts(&sentences), ["会議を始めます。", "次は予算です。"]);
}

#[test]
fn odd_lines_are_survived() {
    assert!(split_sentences(&[]).is_empty());
    assert!(split_sentences(&[line(0, 1, 0, " \n")]).is_empty());
    let backwards =
        split_sentences(&[line(5_000, 1_000, 0, "Odd. Times."), line(i64::MAX, i64::MIN, 0, "Far.")]);
    assert_eq!(texts(&backwards), ["Odd.", "Times.", "Far."]);
    assert!(backwards.iter().all(|sentence| sentence.start_ms <= sentence.end_ms));
}

#[test]
fn listening_noise_is_told_from_speech() {
    for noise in ["Yeah, okay.", "Mm-hmm.", "Uh, right.", "Thank you very much."] {
        assert!(is_backchannel(noise), "{noise}");
    }
    assert!(!is_backchannel("Yeah, the budget is fixed."));
    assert_eq!(tidied("So, um, we we need, uh, the budget."), "We need, the budget.");
    assert_eq!(tidied("okay and the plan stands"), "The plan stands");
    assert_eq!(
        tidied("Th the plan the plan is, s so far, in a sh shared folder."),
        "The plan is, so far, in a shared folder."
    );
    assert_eq!(tidied("We go going to do it and the TV TVs."), "We go going to do it and the TV TVs.");
}

#[test]
fn a_summary_covers_the_subjects_in_order_of_time_and_cites_its_seconds() {
    let sentences = three_subjects();
    let summary = summarise(&sentences, SummaryOptions::default());
    assert!(summary.sentences.len() <= 8 && summary.key_points.len() <= 10);
    let subjects: std::collections::BTreeSet<usize> =
        summary.sentences.iter().chain(&summary.key_points).map(|cited| cited.sentence / 80).collect();
    assert_eq!(subjects.len(), 3);
    let mut seen = std::collections::HashSet::new();
    for list in [&summary.sentences, &summary.key_points] {
        assert!(list.is_sorted_by_key(|cited| cited.start_ms));
        for cited in list {
            assert!(seen.insert(cited.sentence), "sentence {} is cited twice", cited.sentence);
            let source = &sentences[cited.sentence];
            assert_eq!((cited.start_ms, cited.end_ms), (source.start_ms, source.end_ms));
            assert_eq!(cited.text, tidied(&source.text));
        }
    }
}

#[test]
fn a_repeated_sentence_is_cited_once() {
    let mut sentences = three_subjects();
    for sentence in &mut sentences[..60] {
        sentence.text = "The solar panel roof budget was approved by the board.".to_owned();
        sentence.embedding = vec![1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0];
    }
    let summary = summarise(&sentences, SummaryOptions::default());
    let repeated =
        summary.sentences.iter().chain(&summary.key_points).filter(|cited| cited.sentence < 60).count();
    assert_eq!(repeated, 1);
}

#[test]
fn short_recordings_get_short_summaries_and_noise_gets_none() {
    let speech = |count: usize| -> Vec<Sentence> {
        (0..count)
            .map(|n| about(0, n, format!("Speaker{n} explains budget rule number{n} of the house.")))
            .collect()
    };
    let size = |count: usize| summarise(&speech(count), SummaryOptions::default()).sentences.len();
    assert_eq!([size(0), size(1), size(2), size(5), size(6), size(9)], [0, 1, 1, 1, 2, 3]);
    let noise: Vec<Sentence> = (0..9).map(|n| about(0, n, "Yeah, okay.".to_owned())).collect();
    assert_eq!(summarise(&noise, SummaryOptions::default()), Summary::default());
}

#[test]
fn a_summary_needs_no_embeddings_and_survives_damaged_ones() {
    let mut sentences = three_subjects();
    sentences[3].embedding = vec![f32::NAN; 8];
    sentences[4].embedding = vec![1.0; 3];
    sentences[5].embedding.clear();
    assert!(!summarise(&sentences, SummaryOptions::default()).sentences.is_empty());
    for sentence in &mut sentences {
        sentence.embedding.clear();
    }
    let summary = summarise(&sentences, SummaryOptions::default());
    assert!(!summary.sentences.is_empty());
    assert!(summary.sentences.iter().all(|cited| cited.score.is_finite()));
}

#[test]
fn chapters_begin_where_the_subject_changes_and_cover_the_recording() {
    let sentences = three_subjects();
    let duration_ms = 2_405_000;
    let found = chapters(&sentences, duration_ms);
    assert_eq!((found[0].start_ms, found[found.len() - 1].end_ms), (0, duration_ms));
    assert!(found.windows(2).all(|pair| pair[0].end_ms == pair[1].start_ms));
    for change_ms in [800_000_i64, 1_600_000] {
        let nearest = found.iter().map(|chapter| (chapter.start_ms - change_ms).abs()).min();
        assert!(nearest.is_some_and(|off| off <= 60_000), "no chapter near {change_ms}: {found:?}");
    }
    assert!(found[0].title.contains("Solar Panel"), "{}", found[0].title);
    assert!(found[found.len() - 1].title.contains("Database"), "{}", found[found.len() - 1].title);
}

#[test]
fn short_recordings_are_one_chapter_with_a_title() {
    let sentences = [about(0, 0, "So, um, ask not what your country can do for you.".to_owned())];
    let found = chapters(&sentences, 11_000);
    assert_eq!(
        found,
        [Chapter {
            title: "Ask not what your country can do for you".to_owned(),
            start_ms: 0,
            end_ms: 11_000
        }]
    );
    assert_eq!(chapters(&[], 11_000), []);
    let noise = [about(0, 0, "...".to_owned())];
    assert_eq!(chapters(&noise, 5_000)[0].title, "Part 1");
}

#[test]
fn without_embeddings_chapters_are_even() {
    let mut sentences = three_subjects();
    for sentence in &mut sentences {
        sentence.embedding.clear();
    }
    let found = chapters(&sentences, 2_400_000);
    let lengths: Vec<i64> = found.iter().map(|chapter| chapter.end_ms - chapter.start_ms).collect();
    assert!(found.len() > 1);
    let even_ms = 2_400_000 / i64::try_from(found.len()).expect("small");
    assert!(lengths.iter().all(|length| (length - even_ms).abs() < 90_000));
}
