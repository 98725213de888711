//! Pictures among what is found: where their hits stand among those of texts.
//!
//! A query is less like the picture that shows it than like any text about it, so that the two must not be ranked by one number. What is like
//! the query among pictures and among texts is fused by its places in both lists (reciprocal rank fusion: Cormack, Clarke and Büttcher, SIGIR
//! 2009).

use crate::excerpt::matched_by;
use crate::likeness;
use crate::model::{Found, FoundIn};

/// The constant of reciprocal rank fusion, as its authors chose it: the larger, the less the first places stand out.
const PLACES_BEFORE: f64 = 60.0;

/// Notes of each picture from which likeness on it shows what is asked for; see [`likeness::floor_of`].
pub(crate) fn measure(pictures: &mut [Found], unrelated: &[Vec<f32>]) {
    for picture in pictures {
        let packed = picture.span_vectors.as_deref().unwrap_or_default();
        picture.likeness_floor = Some(likeness::floor_of(packed, unrelated));
    }
}

/// The best of both, at most `limit`. Texts stay in their order; what is like the query among the pictures has its place among them, and before
/// those that are merely the nearest. A picture of something that was found by a text for a reason makes that hit better. Pictures that are
/// merely the nearest come last.
pub(crate) fn fused(
    texts: Vec<Found>,
    pictures: Vec<Found>,
    likeness_floor: f64,
    limit: usize,
) -> Vec<Found> {
    if pictures.is_empty() {
        return texts;
    }
    let has_reason = |found: &Found| {
        let (words, meaning) = matched_by(found, likeness_floor);
        words || meaning
    };
    let reasoned = texts.iter().rposition(has_reason).map_or(0, |place| place + 1);
    let (alike, others): (Vec<Found>, Vec<Found>) = pictures.into_iter().partition(has_reason);
    let last = reasoned + alike.len();
    let nearest = last + texts.len();
    let mut fused = texts;
    for (place, found) in fused.iter_mut().enumerate() {
        found.score = share(if place < reasoned { place } else { last + place });
    }
    for (place, mut picture) in alike.into_iter().enumerate() {
        picture.score = share(place);
        // A passage that was found for a reason, rather than another of the same that is merely near.
        let same = fused
            .iter()
            .position(|found| is_of_same(found, &picture) && has_reason(found))
            .or_else(|| fused.iter().position(|found| is_of_same(found, &picture)));
        match same.and_then(|same| fused.get_mut(same)) {
            // Only the best of its pictures counts: many that are alike say no more than one.
            Some(found) if found.likeness_floor.is_some() => {}
            Some(found) if has_reason(found) => {
                found.score += picture.score;
                (found.similarity, found.likeness_floor) = (picture.similarity, picture.likeness_floor);
            }
            // What its text says has nothing to do with it.
            Some(found) => *found = picture,
            None => fused.push(picture),
        }
    }
    // Of equals a text comes first: it says why it was found.
    fused.sort_by(|one, other| other.score.total_cmp(&one.score));
    for (place, mut picture) in others.into_iter().enumerate() {
        if !fused.iter().any(|found| is_of_same(found, &picture)) {
            picture.score = share(nearest + place);
            fused.push(picture);
        }
    }
    fused.truncate(limit);
    fused
}

/// What a place in a list, from 0, adds to a hit.
fn share(place: usize) -> f64 {
    1.0 / (PLACES_BEFORE + place as f64 + 1.0)
}

/// Whether words were found in, or in the description of, the very image or page that this is; or on screen in the video while this was shown.
fn is_of_same(found: &Found, picture: &Found) -> bool {
    if found.is_picture {
        return false;
    }
    match (&found.of, &picture.of) {
        (FoundIn::Image { id: one, .. }, FoundIn::Image { id: other, .. }) => one == other,
        (
            FoundIn::Document { id: one, page_number: on, .. },
            FoundIn::Document { id: other, page_number: at, .. },
        ) => one == other && on == at,
        (FoundIn::Video { id: one, is_seen: true, .. }, FoundIn::Video { id: other, .. }) => {
            let shown = found.start_seconds.zip(found.end_seconds).zip(picture.start_seconds);
            one == other && shown.is_some_and(|((from, to), at)| from <= at && at < to)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use memoreel_kernel::Timestamp;
    use std::collections::HashMap;
    use uuid::Uuid;

    fn found(number: u128, of: FoundIn, seconds: Option<(f64, f64)>) -> Found {
        Found {
            chunk_id: Uuid::from_u128(number).into(),
            of,
            created_at: Timestamp::UNIX_EPOCH,
            text: String::new(),
            is_picture: false,
            configuration: String::new(),
            lexemes: Vec::new(),
            matches: Vec::new(),
            start_seconds: seconds.map(|(from, _)| from),
            end_seconds: seconds.map(|(_, to)| to),
            spans: Vec::new(),
            speaker_names: HashMap::new(),
            span_vectors: None,
            words_rank: None,
            meaning_rank: None,
            similarity: Some(0.5),
            likeness_floor: None,
            score: 0.5,
        }
    }

    fn image(number: u128, of: u128) -> Found {
        let of = FoundIn::Image {
            id: Uuid::from_u128(of).into(),
            description: None,
            is_described: false,
            version: 1,
            width: None,
            height: None,
            blob_key: String::new(),
            filename: String::new(),
        };
        found(number, of, None)
    }

    fn moment(number: u128, from: f64, to: f64) -> Found {
        let of = FoundIn::Video {
            id: Uuid::from_u128(9).into(),
            title: String::new(),
            channel_id: None,
            recording: None,
            is_pictured: false,
            is_seen: true,
            is_described: false,
        };
        found(number, of, Some((from, to)))
    }

    fn picture(of: Found, similarity: f64) -> Found {
        Found { is_picture: true, similarity: Some(similarity), likeness_floor: Some(0.2), ..of }
    }

    fn order(found: &[Found]) -> Vec<u128> {
        found.iter().map(|found| found.chunk_id.uuid().as_u128()).collect()
    }

    #[test]
    fn what_is_alike_stands_between_texts_and_what_is_not_behind_them() {
        let texts = vec![image(1, 1), moment(2, 0.0, 5.0), image(3, 3)];
        let pictures = vec![picture(image(4, 4), 0.3), picture(image(5, 5), 0.1)];
        let all = fused(texts.clone(), pictures.clone(), 0.4, 10);
        assert_eq!(order(&all), [1, 4, 2, 3, 5], "{all:#?}");
        assert!(all.windows(2).all(|pair| pair[0].score >= pair[1].score), "{all:#?}");
        assert_eq!(order(&fused(texts.clone(), pictures, 0.4, 2)), [1, 4]);
        assert_eq!(fused(texts.clone(), Vec::new(), 0.4, 10), texts, "nothing changes without pictures");
    }

    #[test]
    fn texts_that_are_merely_the_nearest_stand_behind_what_is_alike_in_their_order() {
        let worded = |of: Found| Found { words_rank: Some(1), ..of };
        let texts = vec![image(1, 1), worded(image(2, 2)), image(3, 3), image(4, 4)];
        let pictures = vec![picture(image(5, 5), 0.3), picture(image(6, 4), 0.3), picture(image(7, 7), 0.1)];
        let all = fused(texts, pictures, 0.9, 10);
        assert_eq!(order(&all), [1, 5, 2, 6, 3, 7], "{all:#?}");
        assert!(all.windows(2).all(|pair| pair[0].score >= pair[1].score), "{all:#?}");
    }

    #[test]
    fn of_many_alike_pictures_of_one_passage_only_the_best_counts() {
        let texts = vec![image(1, 1), moment(2, 0.0, 9.0)];
        let pictures: Vec<Found> = (0..6_u8)
            .map(|second| {
                let from = f64::from(second);
                picture(moment(10 + u128::from(second), from, from + 1.0), 0.39 - from / 100.0)
            })
            .collect();
        let all = fused(texts.clone(), pictures.clone(), 0.4, 10);
        assert_eq!(order(&all), [2, 1], "{all:#?}");
        assert_eq!((all[0].similarity, all[0].score), (Some(0.39), share(1) + share(0)));
        assert_eq!(fused(texts, pictures[..1].to_vec(), 0.4, 10), all, "one says as much");
    }

    #[test]
    fn a_picture_is_one_hit_with_the_passage_that_has_a_reason() {
        let near = Found { similarity: Some(0.1), ..image(1, 1) };
        let worded = Found { words_rank: Some(1), ..image(2, 1) };
        let all = fused(vec![near, worded], vec![picture(image(3, 1), 0.3)], 0.4, 10);
        assert_eq!(order(&all), [2, 1], "{all:#?}");
        assert_eq!((all[0].likeness_floor, all[1].likeness_floor), (Some(0.2), None));
    }

    #[test]
    fn words_and_looks_of_the_same_are_one_hit_that_is_better() {
        let texts = vec![image(1, 1), image(2, 2), moment(3, 0.0, 5.0)];
        let pictures = vec![
            picture(moment(4, 2.0, 3.0), 0.3),
            picture(moment(5, 5.0, 6.0), 0.3),
            picture(image(6, 2), 0.3),
            picture(image(7, 1), 0.1),
        ];
        let all = fused(texts, pictures, 0.4, 10);
        assert_eq!(order(&all), [3, 2, 1, 5], "{all:#?}");
        assert_eq!(all[0].likeness_floor, Some(0.2));
        assert_eq!(all[2].likeness_floor, None, "what is not alike adds nothing");
    }
}
