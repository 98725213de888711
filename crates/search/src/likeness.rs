//! From which likeness on a passage says something like the query: a question of the model, whose cosines of unrelated
//! texts lie around 0.05 for some and 0.75 for others.

use crate::vectors::similarities;
use memoreel_ai::{AiError, Embed};

/// Standard deviations above the mean of unrelated pairs.
const DEVIATIONS: f64 = 3.0;

/// Queries and passages that answer them, no two about the same thing.
const PAIRS: [(&str, &str); 16] = [
    (
        "who pays for the new roof",
        "The council decided that the roof of the town hall will be repaired next year and that the costs \
         are shared between the city and the state.",
    ),
    (
        "next train to the coast",
        "Trains to the coast leave every hour from platform four, and on Sundays there is one more in the \
         evening for those who come back late.",
    ),
    (
        "how do we cook lentils",
        "First wash the lentils, then let them boil gently for twenty minutes with an onion and a bay \
         leaf, and add salt only at the end.",
    ),
    (
        "the vote on the budget",
        "All in favour raise your hands. That is nine against three, so the budget is adopted as it was \
         proposed by the committee.",
    ),
    (
        "her knee after the operation",
        "She can bend the knee again without pain, but the physiotherapist says that she should not run \
         before the spring.",
    ),
    (
        "when does the school open",
        "The new school will open its doors in September with four classes and a small library that the \
         parents have collected for.",
    ),
    (
        "bees in the garden",
        "The bees came back in April, and since the lavender is in bloom there are hundreds of them in \
         the garden every morning.",
    ),
    (
        "the printer is broken again",
        "It jams whenever somebody prints on both sides, so please use the one in the basement until the \
         technician has been here.",
    ),
    (
        "a flat with two rooms",
        "The flat has two rooms and a balcony, it is close to the park, and the rent includes heating but \
         not electricity.",
    ),
    (
        "rehearsal for the choir",
        "We rehearse on Thursday at seven in the church, the altos half an hour earlier, and please bring \
         a pencil for the notes.",
    ),
    (
        "price of copper",
        "Copper has become a third more expensive since January because two mines were closed and \
         everybody is building power lines.",
    ),
    (
        "snow in the mountains",
        "Above two thousand metres it snowed all night, the pass is closed, and the avalanche warning \
         stays in place until Friday.",
    ),
    (
        "how the engine starts",
        "Turn the key one notch, wait until the lamp goes out, and only then press the starter while your \
         foot is on the brake.",
    ),
    (
        "a visa for Japan",
        "You apply at the embassy with a photograph and your ticket, and they send the passport back \
         within about ten days.",
    ),
    (
        "lost keys",
        "I think I left them on the counter of the bakery, because I had them in my hand when I paid for \
         the bread.",
    ),
    (
        "the second half of the match",
        "They lost the second half because the midfield was tired, and the coach should have brought on \
         the young player much earlier.",
    ),
];

/// The vectors of the queries.
///
/// # Errors
/// When the model does not answer.
pub(crate) async fn queries(embed: &dyn Embed) -> Result<Vec<Vec<f32>>, AiError> {
    let mut queries = Vec::with_capacity(PAIRS.len());
    for (query, _) in PAIRS {
        queries.push(embed.embed_query(query).await?);
    }
    Ok(queries)
}

/// The least cosine that means something with this model, which made the vectors of the `queries`: each is compared with the passages that
/// answer another.
///
/// # Errors
/// When the model does not answer.
pub(crate) async fn floor(embed: &dyn Embed, queries: &[Vec<f32>]) -> Result<f64, AiError> {
    let passages: Vec<String> = PAIRS.iter().map(|(_, passage)| (*passage).to_owned()).collect();
    let passages = embed.embed_passages(&passages).await?;
    let mut unrelated = Vec::new();
    for (index, query) in queries.iter().enumerate() {
        let others = passages.iter().enumerate().filter(|(other, _)| *other != index);
        unrelated.extend(others.map(|(_, passage)| cosine(query, passage)));
    }
    Ok(above(&unrelated))
}

/// The least cosine with this picture that means something, whose vector is packed as in [`crate::vectors`]: the `queries` are about other
/// things than pictures mostly show, and each picture is compared with them, because some are a little like everything. What is at a right angle to
/// a picture is never like it.
pub(crate) fn floor_of(picture: &[u8], queries: &[Vec<f32>]) -> f64 {
    let unrelated: Vec<f64> = queries
        .iter()
        .filter_map(|query| similarities(picture, query).first().copied())
        .map(f64::from)
        .collect();
    if unrelated.is_empty() { f64::INFINITY } else { above(&unrelated).max(f64::EPSILON) }
}

fn cosine(one: &[f32], other: &[f32]) -> f64 {
    one.iter().zip(other).map(|(one, other)| f64::from(*one) * f64::from(*other)).sum()
}

fn above(values: &[f64]) -> f64 {
    let count = values.len().max(1) as f64;
    let mean = values.iter().sum::<f64>() / count;
    let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / count;
    mean + DEVIATIONS * variance.sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use async_trait::async_trait;
    use memoreel_ai::EmbedModel;

    /// Every text points much the same way, as with models whose cosines are all high.
    struct Narrow;

    #[async_trait]
    impl Embed for Narrow {
        fn model(&self) -> EmbedModel {
            EmbedModel { name: "narrow".to_owned(), dimensions: 2 }
        }

        async fn embed_passages(&self, passages: &[String]) -> Result<Vec<Vec<f32>>, AiError> {
            Ok(passages.iter().map(|text| direction(text)).collect())
        }

        async fn embed_query(&self, query: &str) -> Result<Vec<f32>, AiError> {
            Ok(direction(query))
        }
    }

    fn direction(text: &str) -> Vec<f32> {
        let angle = text.len() as f32 / 1_000.0;
        vec![angle.cos(), angle.sin()]
    }

    #[tokio::test]
    async fn the_floor_rises_with_the_likeness_of_unrelated_texts() {
        let floor = floor(&Narrow, &queries(&Narrow).await.unwrap()).await.unwrap();
        assert!(floor > 0.95, "{floor}");
    }

    #[test]
    fn a_picture_shows_what_it_is_more_like_than_like_other_queries() {
        let mut packed = Vec::new();
        crate::vectors::push_packed(&mut packed, Some(&[0.6, 0.8]), 2);
        let floor = floor_of(&packed, &[vec![0.1, 0.0], vec![0.3, 0.0]]);
        assert!((floor - (0.12 + 3.0 * 0.06)).abs() < 0.01, "{floor}");
        assert_eq!(floor_of(&[], &[vec![1.0, 0.0]]), f64::INFINITY, "nothing is known of it");
    }

    #[test]
    fn the_floor_lies_above_what_is_unrelated() {
        assert_eq!(above(&[0.2, 0.2]), 0.2);
        assert!((above(&[0.0, 0.2]) - 0.4).abs() < 1e-12);
        assert_eq!(above(&[]), 0.0);
    }
}
