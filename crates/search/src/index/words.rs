//! The words of passages, ranked by the million.
//!
//! An inverted index: for each word, the passages that have it and how often, as differences in as few bytes as they need. A query
//! goes through the lists of its words and adds up BM25 (Robertson and Zaragoza 2009), passage by passage. Passages lie in the
//! order of their transcripts, so that what is said before and after one lies beside it.
//!
//! Everything that a rank depends on is counted over what the reader may see, so that no rank tells of anything else.

mod list;
#[cfg(test)]
mod properties;
mod vector;

use list::List;
use std::collections::HashMap;
use uuid::Uuid;

/// BM25 as in `search_chunks`: how soon more of a word counts less, and how much the length of a passage counts.
const SATURATION: f64 = 1.2;
const LENGTH_SHARE: f64 = 0.75;
/// What a passage has of the words of those one and two before and after it.
const SHARES: [f64; 3] = [1.0, 0.5, 0.3];
/// About as many bytes a passage takes, before it is known; a spoken one has some 80 words.
const PASSAGE_BYTES: usize = 300;

/// Passages with their words.
#[derive(Debug, Default)]
pub(super) struct Words {
    ids: Vec<Uuid>,
    /// The places of passages in the order of their ids.
    by_id: Vec<u32>,
    /// In words.
    lengths: Vec<u16>,
    /// Which transcript a passage belongs to.
    transcripts: Vec<u32>,
    /// Who alone may see a passage: 0 for everybody, otherwise one more than a place in `owners`.
    readers: Vec<u32>,
    owners: Vec<Option<Uuid>>,
    last_transcript: Uuid,
    /// Of each text search configuration, its words.
    dictionaries: HashMap<String, Dictionary>,
}

#[derive(Debug, Default)]
struct Dictionary {
    /// Where the list of a word is in `lists`.
    places: HashMap<Box<str>, u32>,
    lists: Vec<List>,
}

/// A passage as it is read, in the order of transcripts and of what is said in them.
#[derive(Debug, Default)]
pub(crate) struct Passage {
    pub(crate) id: Uuid,
    pub(crate) transcript_id: Uuid,
    /// In words.
    pub(crate) length: u16,
    /// The text search configuration of its language.
    pub(crate) configuration: String,
    /// Whose it is, if nobody else may see it.
    pub(crate) private_to: Option<Option<Uuid>>,
    /// The words of its text and of its context, as PostgreSQL sends them.
    pub(crate) said: Vec<u8>,
    pub(crate) about: Vec<u8>,
}

/// A word of a query as passages of a configuration have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Term {
    pub(crate) configuration: String,
    pub(crate) lexeme: String,
    /// Its place in the query; different configurations know one word in different forms.
    pub(crate) place: i16,
}

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reader {
    /// A person sees what is theirs alone, too.
    Person(Uuid),
    /// Whoever has nothing of their own.
    Nobody,
    /// The product itself sees all.
    Service,
}

/// The best passages by words, and what those that are written later are measured by.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Ranking {
    /// The best, best first, and then those that were asked about.
    pub(crate) ids: Vec<Uuid>,
    /// BM25 with what lies around a passage; as long as `ids`.
    pub(crate) words: Vec<f64>,
    /// How many of `ids` are the best.
    pub(crate) best: usize,
    /// Whether there are more.
    pub(crate) is_cut: bool,
    /// The places of the query's words, and how much a word at each counts.
    pub(crate) places: Vec<i16>,
    pub(crate) rarities: Vec<f64>,
    /// The mean length of passages that have a word, and of those ranked with what lies around them.
    pub(crate) length: Option<f64>,
    pub(crate) surroundings: Option<f64>,
}

impl Words {
    /// About the memory for so many passages, in bytes.
    pub(super) fn size_bytes(count: usize) -> usize {
        count * PASSAGE_BYTES
    }

    /// The memory they take.
    pub(super) fn held_bytes(&self) -> usize {
        let passage = size_of::<Uuid>() + 3 * size_of::<u32>() + size_of::<u16>();
        let dictionaries: usize = self.dictionaries.values().map(Dictionary::held_bytes).sum();
        self.ids.capacity() * passage + dictionaries
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.ids.len()
    }

    /// Adds the next passage.
    pub(super) fn push(&mut self, passage: &Passage) {
        let Ok(place) = u32::try_from(self.ids.len()) else { return };
        let transcript = match self.transcripts.last() {
            None => 0,
            Some(last) if self.last_transcript == passage.transcript_id => *last,
            Some(last) => last + 1,
        };
        self.last_transcript = passage.transcript_id;
        self.ids.push(passage.id);
        self.lengths.push(passage.length);
        self.transcripts.push(transcript);
        let reader = passage.private_to.map_or(0, |owner| self.owner(owner));
        self.readers.push(reader);
        if !self.dictionaries.contains_key(&passage.configuration) {
            self.dictionaries.insert(passage.configuration.clone(), Dictionary::default());
        }
        let Some(dictionary) = self.dictionaries.get_mut(&passage.configuration) else { return };
        // A word of the context counts as said once more.
        let mut about: Vec<&str> = vector::lexemes(&passage.about).map(|(lexeme, _)| lexeme).collect();
        for (lexeme, count) in vector::lexemes(&passage.said) {
            let before = about.len();
            about.retain(|other| *other != lexeme);
            let count = count + u32::from(about.len() < before);
            dictionary.list(lexeme).push(place, count, passage.length);
        }
        for lexeme in about {
            dictionary.list(lexeme).push(place, 1, passage.length);
        }
    }

    /// Gives back what was held ready for more, once all passages are there.
    pub(super) fn finish(&mut self) {
        let mut by_id: Vec<u32> = (0..).take(self.ids.len()).collect();
        by_id.sort_unstable_by_key(|place| self.ids[*place as usize]);
        self.by_id = by_id;
        self.ids.shrink_to_fit();
        self.lengths.shrink_to_fit();
        self.transcripts.shrink_to_fit();
        self.readers.shrink_to_fit();
        for list in self.dictionaries.values_mut().flat_map(|dictionary| &mut dictionary.lists) {
            list.shrink_to_fit();
        }
    }

    /// The text search configurations of the passages.
    pub(super) fn configurations(&self) -> Vec<String> {
        self.dictionaries.keys().cloned().collect()
    }

    /// How many passages have one of these words, a passage counted for each.
    pub(super) fn occurrences(&self, terms: &[Term]) -> usize {
        terms.iter().filter_map(|term| self.list(term)).map(List::len).sum()
    }

    /// The `count` passages that have the most of these words, and the rank of those of `others` that have any.
    pub(super) fn rank(&self, reader: Reader, terms: &[Term], count: usize, others: &[Uuid]) -> Ranking {
        let visible = self.visible_to(reader);
        let mut query = Query::of(self, terms);
        query.weigh(self, &visible);
        let mut pool = query.best(self, &visible, count + 1);
        let is_cut = pool.len() > count;
        pool.truncate(count);
        let best = pool.len();
        let others =
            others.iter().filter_map(|id| self.place(*id)).filter(|place| visible.holds(self, *place));
        let others: Vec<u32> = others.filter(|place| !pool.contains(place)).collect();
        pool.extend(others);
        let surrounded = query.with_surroundings(self, &pool);
        let mut ranked: Vec<(f64, Uuid)> = surrounded
            .words
            .iter()
            .zip(&pool)
            .map(|(words, place)| (*words, self.ids[*place as usize]))
            .collect();
        ranked[..best].sort_unstable_by(|one, other| other.0.total_cmp(&one.0).then(one.1.cmp(&other.1)));
        let others = ranked.split_off(best);
        ranked.extend(others.into_iter().filter(|(words, _)| *words > 0.0));
        Ranking {
            ids: ranked.iter().map(|(_, id)| *id).collect(),
            words: ranked.iter().map(|(words, _)| *words).collect(),
            best,
            is_cut,
            places: query.places,
            rarities: query.rarities,
            length: (query.mean_length > 0.0).then_some(query.mean_length),
            surroundings: (surrounded.mean_length > 0.0).then_some(surrounded.mean_length),
        }
    }

    fn list(&self, term: &Term) -> Option<&List> {
        let dictionary = self.dictionaries.get(&term.configuration)?;
        let place = dictionary.places.get(term.lexeme.as_str())?;
        dictionary.lists.get(*place as usize)
    }

    fn place(&self, id: Uuid) -> Option<u32> {
        let found = self.by_id.binary_search_by_key(&id, |place| self.ids[*place as usize]).ok()?;
        Some(self.by_id[found])
    }

    /// What stands for this owner in `readers`.
    fn owner(&mut self, owner: Option<Uuid>) -> u32 {
        let known = self.owners.iter().rposition(|known| *known == owner);
        let place = known.unwrap_or_else(|| {
            self.owners.push(owner);
            self.owners.len() - 1
        });
        u32::try_from(place + 1).unwrap_or(u32::MAX)
    }

    fn visible_to(&self, reader: Reader) -> Visible {
        let sees = |owner: &Option<Uuid>| match reader {
            Reader::Person(id) => *owner == Some(id),
            Reader::Nobody => false,
            Reader::Service => true,
        };
        let readers: Vec<bool> = std::iter::once(true).chain(self.owners.iter().map(sees)).collect();
        Visible { all: readers.iter().all(|sees| *sees), readers }
    }

    /// The places from two before to two after this one that belong to the same transcript, with what they lend it.
    fn around(&self, place: u32) -> impl Iterator<Item = (u32, f64)> {
        let end = u32::try_from(self.ids.len()).unwrap_or(u32::MAX);
        let near = place.saturating_sub(2)..end.min(place.saturating_add(3));
        near.filter(move |other| self.transcripts[*other as usize] == self.transcripts[place as usize])
            .map(move |other| (other, SHARES[other.abs_diff(place) as usize]))
    }
}

impl Dictionary {
    fn held_bytes(&self) -> usize {
        let entry = size_of::<(Box<str>, u32)>() + 1;
        let lexemes: usize = self.places.keys().map(|lexeme| lexeme.len()).sum();
        let lists: usize = self.lists.iter().map(List::held_bytes).sum();
        self.places.capacity() * entry + lexemes + self.lists.capacity() * size_of::<List>() + lists
    }

    /// The list of a word, which may be new.
    fn list(&mut self, lexeme: &str) -> &mut List {
        let place = if let Some(place) = self.places.get(lexeme) {
            *place as usize
        } else {
            let place = self.lists.len();
            self.places.insert(lexeme.into(), u32::try_from(place).unwrap_or(u32::MAX));
            self.lists.push(List::default());
            place
        };
        &mut self.lists[place]
    }
}

/// How much a word says that a passage of a relative length has so often.
fn saturated(occurrences: f64, relative_length: f64) -> f64 {
    let length = 1.0 - LENGTH_SHARE + LENGTH_SHARE * relative_length;
    occurrences * (SATURATION + 1.0) / (occurrences + SATURATION * length)
}

/// Which passages a reader may see.
struct Visible {
    all: bool,
    readers: Vec<bool>,
}

impl Visible {
    fn holds(&self, words: &Words, place: u32) -> bool {
        self.all || self.readers[words.readers[place as usize] as usize]
    }
}

/// A query's words and what they count.
struct Query<'a> {
    /// Each with the index of its place in `places`.
    lists: Vec<(usize, &'a List)>,
    places: Vec<i16>,
    rarities: Vec<f64>,
    mean_length: f64,
}

/// Passages with what lies around them.
struct Surrounded {
    words: Vec<f64>,
    mean_length: f64,
}

impl<'a> Query<'a> {
    fn of(words: &'a Words, terms: &[Term]) -> Self {
        let mut places: Vec<i16> = terms.iter().map(|term| term.place).collect();
        places.sort_unstable();
        places.dedup();
        let listed = |term: &Term| Some((places.binary_search(&term.place).ok()?, words.list(term)?));
        let lists = terms.iter().filter_map(listed).collect();
        Self { lists, rarities: vec![0.0; places.len()], places, mean_length: 0.0 }
    }

    /// Counts how many passages have each word and how long they are.
    fn weigh(&mut self, words: &Words, visible: &Visible) {
        let mut holders = vec![0_u64; self.places.len()];
        let mut length_sum = 0;
        for (place, list) in &self.lists {
            if visible.all {
                holders[*place] += list.len() as u64;
                length_sum += list.length_sum();
            } else {
                for (passage, _) in list.iter().filter(|(passage, _)| visible.holds(words, *passage)) {
                    holders[*place] += 1;
                    length_sum += u64::from(words.lengths[passage as usize]);
                }
            }
        }
        let all = words.ids.len() as f64;
        let rarity =
            |holders: &u64| (1.0 + ((all - *holders as f64).max(0.0) + 0.5) / (*holders as f64 + 0.5)).ln();
        self.rarities = holders.iter().map(rarity).collect();
        self.mean_length = length_sum as f64 / holders.iter().sum::<u64>().max(1) as f64;
    }

    /// The places of the best `count`, by their own words alone.
    fn best(&self, words: &Words, visible: &Visible, count: usize) -> Vec<u32> {
        let mut sums = vec![0.0_f32; words.ids.len()];
        let norm = 1.0 / self.mean_length.max(1.0);
        for (place, list) in &self.lists {
            for (passage, occurrences) in list.iter() {
                let relative_length = f64::from(words.lengths[passage as usize]) * norm;
                let said = saturated(f64::from(occurrences), relative_length);
                sums[passage as usize] += (self.rarities[*place] * said) as f32;
            }
        }
        let found = (0..).zip(&sums).filter(|(passage, sum)| **sum > 0.0 && visible.holds(words, *passage));
        let mut best: Vec<(f32, u32)> = found.map(|(passage, sum)| (*sum, passage)).collect();
        let order = |one: &(f32, u32), other: &(f32, u32)| {
            let id = |place: u32| words.ids[place as usize];
            other.0.total_cmp(&one.0).then_with(|| id(one.1).cmp(&id(other.1)))
        };
        if best.len() > count {
            best.select_nth_unstable_by(count, order);
            best.truncate(count);
        }
        best.sort_unstable_by(order);
        best.into_iter().map(|(_, passage)| passage).collect()
    }

    /// BM25 of these passages, to which those around them lend words and length.
    fn with_surroundings(&self, words: &Words, pool: &[u32]) -> Surrounded {
        let lengths: Vec<f64> = pool
            .iter()
            .map(|place| {
                words
                    .around(*place)
                    .map(|(near, share)| share * f64::from(words.lengths[near as usize]))
                    .sum()
            })
            .collect();
        let mean_length = lengths.iter().sum::<f64>() / lengths.len().max(1) as f64;
        let mut wanted: Vec<u32> =
            pool.iter().flat_map(|place| words.around(*place)).map(|(near, _)| near).collect();
        wanted.sort_unstable();
        wanted.dedup();
        // Of each wanted passage, how often it has each word.
        let mut counts = vec![0_u32; wanted.len() * self.places.len()];
        for (place, list) in &self.lists {
            let mut next = 0;
            for (passage, occurrences) in list.iter() {
                while wanted.get(next).is_some_and(|wanted| *wanted < passage) {
                    next += 1;
                }
                match wanted.get(next) {
                    Some(wanted) if *wanted == passage => {
                        counts[next * self.places.len() + place] = occurrences
                    }
                    Some(_) => {}
                    None => break,
                }
            }
        }
        let lent = |passage: u32| {
            let mut lent = vec![0.0; self.places.len()];
            for (near, share) in words.around(passage) {
                let Ok(index) = wanted.binary_search(&near) else { continue };
                let counts = &counts[index * self.places.len()..][..self.places.len()];
                lent.iter_mut().zip(counts).for_each(|(lent, count)| *lent += share * f64::from(*count));
            }
            lent
        };
        let ranked = |(passage, length): (&u32, &f64)| {
            let relative_length = if mean_length > 0.0 { length / mean_length } else { 1.0 };
            let said = lent(*passage).into_iter().zip(&self.rarities);
            said.map(|(occurrences, rarity)| rarity * saturated(occurrences, relative_length)).sum()
        };
        Surrounded { words: pool.iter().zip(&lengths).map(ranked).collect(), mean_length }
    }
}
