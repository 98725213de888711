//! The passages that have a word.

/// Places of passages, in order, with how often each has the word: the difference to the place before, doubled, and one more where
/// the number of occurrences follows because it is not one; both in seven bits a byte, the lowest first (LEB128).
#[derive(Debug, Default)]
pub(super) struct List {
    bytes: Vec<u8>,
    len: u32,
    /// One more than the last place.
    next: u32,
    length_sum: u64,
}

impl List {
    /// Adds a passage that lies behind all others, with its length in words.
    pub(super) fn push(&mut self, place: u32, occurrences: u32, length: u16) {
        let step = u64::from(place.saturating_sub(self.next)) << 1;
        write(&mut self.bytes, step | u64::from(occurrences != 1));
        if occurrences != 1 {
            write(&mut self.bytes, u64::from(occurrences));
        }
        self.len += 1;
        self.next = place + 1;
        self.length_sum += u64::from(length);
    }

    /// Passages with how often they have the word.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, u32)> {
        let (mut rest, mut next) = (self.bytes.iter(), 0_u32);
        std::iter::from_fn(move || {
            let step = read(&mut rest)?;
            let occurrences = if step & 1 == 0 { 1 } else { read(&mut rest)? as u32 };
            let place = next + (step >> 1) as u32;
            next = place + 1;
            Some((place, occurrences))
        })
    }

    /// How many passages there are.
    pub(super) fn len(&self) -> usize {
        self.len as usize
    }

    /// The words of all passages together.
    pub(super) fn length_sum(&self) -> u64 {
        self.length_sum
    }

    pub(super) fn held_bytes(&self) -> usize {
        self.bytes.capacity()
    }

    pub(super) fn shrink_to_fit(&mut self) {
        self.bytes.shrink_to_fit();
    }
}

fn write(bytes: &mut Vec<u8>, mut number: u64) {
    while number > 0x7f {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

fn read(bytes: &mut std::slice::Iter<'_, u8>) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let byte = bytes.next()?;
        number |= u64::from(byte & 0x7f) << shift;
        if *byte < 0x80 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_was_added_is_there_in_order(
            entries in prop::collection::btree_map(0..u32::MAX, (0..70_000_u32, any::<u16>()), 0..200),
        ) {
            let mut list = List::default();
            for (place, (occurrences, length)) in &entries {
                list.push(*place, *occurrences, *length);
            }
            let expected: Vec<(u32, u32)> = entries.iter().map(|(place, (occurrences, _))| (*place, *occurrences)).collect();
            prop_assert_eq!(list.iter().collect::<Vec<_>>(), expected);
            prop_assert_eq!(list.len(), entries.len());
            prop_assert_eq!(list.length_sum(), entries.values().map(|(_, length)| u64::from(*length)).sum::<u64>());
        }
    }
}
