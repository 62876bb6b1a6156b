//! Parity of neighbouring records: of a group of them one that is damaged comes back whole.
//!
//! Metrics records build upon each other: a series is named once, a value follows the one before it. Without parity a lost
//! record would take all that builds upon it along.

use std::borrow::Cow;

/// Records of a group. A segment begins with groups of one, so that little is left to chance where there is little.
const GROUP: usize = 16;
const ALONE_BYTES: u64 = 64 << 10;

/// The records since the last group was closed.
#[derive(Debug, Default)]
pub(super) struct Parity {
    first: u64,
    lengths: Vec<u32>,
    sum: Vec<u8>,
}

impl Parity {
    /// Takes in a record, in order.
    pub(super) fn add(&mut self, sequence: u64, payload: &[u8]) {
        if self.lengths.is_empty() {
            self.first = sequence;
        }
        self.lengths.push(payload.len() as u32);
        mix(&mut self.sum, payload);
    }

    /// Whether the group is to be closed, at this length of the segment.
    pub(super) const fn is_full(&self, segment_bytes: u64) -> bool {
        self.lengths.len() >= if segment_bytes < ALONE_BYTES { 1 } else { GROUP }
    }

    /// Begins anew without closing the group.
    pub(super) fn forget(&mut self) {
        self.lengths.clear();
        self.sum.clear();
    }

    /// Closes the group: the sequence of its last record, and the payload of its parity; `None` where there is no record.
    pub(super) fn take(&mut self) -> Option<(u64, Vec<u8>)> {
        let last = (self.first + self.lengths.len() as u64).checked_sub(1).filter(|_| !self.lengths.is_empty())?;
        let mut payload = Vec::with_capacity(12 + 4 * self.lengths.len() + self.sum.len());
        payload.extend_from_slice(&self.first.to_le_bytes());
        payload.extend_from_slice(&(self.lengths.len() as u32).to_le_bytes());
        self.lengths.iter().for_each(|length| payload.extend_from_slice(&length.to_le_bytes()));
        payload.extend_from_slice(&self.sum);
        self.forget();
        Some((last, payload))
    }
}

/// A record of a segment: its sequence, where it was, and its payload.
pub(super) type Found<'a> = (u64, u64, Cow<'a, [u8]>);

/// Brings back the one record of a group that is missing among `found`, which rises; its sequence.
pub(super) fn repair(found: &mut Vec<Found<'_>>, parity: &[u8]) -> Option<u64> {
    let (first, rest) = parity.split_first_chunk::<8>()?;
    let (count, rest) = rest.split_first_chunk::<4>()?;
    let (first, count) = (u64::from_le_bytes(*first), u32::from_le_bytes(*count) as usize);
    let (lengths, sum) = rest.split_at_checked(count.checked_mul(4)?)?;
    let behind = first.checked_add(count as u64)?;
    let from = found.partition_point(|(sequence, ..)| *sequence < first);
    let to = found.partition_point(|(sequence, ..)| *sequence < behind);
    let members = &found[from..to];
    if members.len() + 1 != count {
        return None;
    }
    let at = members.iter().zip(first..).take_while(|((sequence, ..), expected)| sequence == expected).count();
    let length = u32::from_le_bytes(*lengths.get(4 * at..)?.first_chunk()?) as usize;
    let mut payload = sum.to_vec();
    members.iter().for_each(|(.., member)| mix(&mut payload, member));
    // Beyond the record nothing is left of the others.
    (payload.len() >= length && payload[length..].iter().all(|byte| *byte == 0)).then_some(())?;
    payload.truncate(length);
    let offset = found.get((from + at).wrapping_sub(1)).map_or(0, |(_, offset, _)| *offset);
    found.insert(from + at, (first + at as u64, offset, Cow::Owned(payload)));
    Some(first + at as u64)
}

fn mix(sum: &mut Vec<u8>, payload: &[u8]) {
    if sum.len() < payload.len() {
        sum.resize(payload.len(), 0);
    }
    sum.iter_mut().zip(payload).for_each(|(sum, byte)| *sum ^= byte);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_one_of_a_group_comes_back() {
        let records: Vec<Vec<u8>> = (0..6u8).map(|i| vec![i; usize::from(i) * 7]).collect();
        let mut parity = Parity::default();
        records.iter().zip(10..).for_each(|(record, sequence)| parity.add(sequence, record));
        let (last, payload) = parity.take().unwrap();
        assert_eq!((last, parity.take()), (15, None));
        let whole: Vec<Found<'_>> =
            records.iter().zip(10..).map(|(record, sequence)| (sequence, sequence * 100, Cow::from(record))).collect();
        for lost in 0..6 {
            let mut found = whole.clone();
            found.remove(lost);
            assert_eq!(repair(&mut found, &payload), Some(10 + lost as u64));
            assert!(found.iter().zip(&whole).all(|(a, b)| (a.0, &a.2) == (b.0, &b.2)), "record {lost}");
        }
        let mut two = whole.clone();
        two.drain(1..3);
        assert_eq!(repair(&mut two, &payload), None);
        assert_eq!(repair(&mut whole.clone(), &payload), None, "nothing is missing");
        for cut in 0..payload.len() {
            let mut found = whole[1..].to_vec();
            repair(&mut found, &payload[..cut]);
        }
    }
}
