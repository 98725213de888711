//! Held against `rouge-score` 0.1.2 (PyPI) with `use_stemmer=True`, and its stemmer, NLTK's.

use super::*;

fn assert_scores(reference: &str, summary: &str, expected: [f64; 3]) {
    let score = rouge(reference, summary);
    for (got, expected) in [score.rouge1, score.rouge2, score.rouge_l].into_iter().zip(expected) {
        assert!((got - expected).abs() < 0.000_001, "{score:?} for {summary}");
    }
}

#[test]
fn scores_are_those_of_rouge_score() {
    assert_scores(
        "The team discussed the designs of remote controls, and decided on buttons made of rubber.",
        "Well, we're discussing the remote control's design today. The buttons will be rubber, we decided.",
        [0.5625, 0.133_333, 0.375],
    );
    assert_scores(
        "A naïve U.S. committee met in 2020; petitions were presented by Mr. Manly.",
        "Committees are meeting. The petition Mr Manly presents was signed in 2020 in the US.",
        [0.466_667, 0.142_857, 0.266_667],
    );
    assert_scores(
        "the cat sat on the mat",
        "the mat the cat sat on the mat",
        [0.857_143, 0.833_333, 0.857_143],
    );
    assert_scores("one", "two", [0.0; 3]);
    assert_scores("", "two", [0.0; 3]);
}

#[test]
fn stems_are_those_of_nltk() {
    let words = "caresses ponies ties cats feed agreed plastered bled motoring sing conflated troubled sized hopping \
        tanned falling hissing fizzed failing filing happy sky skies dying relational conditional rational \
        valenci hesitanci digitizer conformabli radicalli differentli vileli analogousli vietnamization \
        predication operator feudalism decisiveness hopefulness callousness formaliti sensitiviti \
        sensibiliti hopefulli geologi triplicate formative formalize electriciti electrical hopeful goodness \
        revival allowance inference airliner gyroscopic adjustable defensible irritant replacement \
        adjustment dependent adoption homologou communism activate angulariti homologous effective \
        bowdlerize probate rate cease controll roll died spied enjoy say basically analogies news proceed \
        using owed ying yes industrially generically apology biology meetings recognition";
    let stems = "caress poni tie cat feed agre plaster bled motor sing conflat troubl size hop tan fall hiss fizz \
        fail file happi sky sky die relat condit ration valenc hesit digit conform radic differ vile analog \
        vietnam predic oper feudal decis hope callous formal sensit sensibl hope geolog triplic form formal \
        electr electr hope good reviv allow infer airlin gyroscop adjust defens irrit replac adjust depend \
        adopt homolog commun activ angular homolog effect bowdler probat rate ceas control roll die spi \
        enjoy say basic analog news proceed use owe ying ye industri gener apolog biolog meet recognit";
    for (word, stem) in words.split_whitespace().zip(stems.split_whitespace()) {
        assert_eq!(porter::stem(word), stem, "{word}");
    }
}

#[test]
fn the_best_reference_counts_and_means_are_means() {
    let best = best_rouge(["one two", "three four"], "three four");
    assert_eq!((best.rouge1, best.rouge2), (1.0, 1.0));
    assert_eq!(mean_rouge(&[best, Rouge::default()]).rouge1, 0.5);
    assert_eq!(mean_rouge(&[]), Rouge::default());
}
