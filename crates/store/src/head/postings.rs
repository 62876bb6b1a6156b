//! Which series carry a pair: a number, a short list or a bitmap, because most pairs are on few series.

use roaring::RoaringBitmap;

/// Length from which a bitmap is smaller than a list.
const MANY: usize = 64;

/// Rising numbers of series.
#[derive(Debug, Default, Clone)]
pub(crate) enum Posting {
    #[default]
    None,
    One(u32),
    Few(Vec<u32>),
    Many(Box<RoaringBitmap>),
}

/// Appends a number that is higher than all before, without looking for its place.
fn append(bitmap: &mut RoaringBitmap, series: u32) {
    if bitmap.try_push(series).is_err() {
        bitmap.insert(series);
    }
}

impl Posting {
    /// Appends a series, which is higher than all before.
    pub(crate) fn push(&mut self, series: u32) {
        match self {
            Self::None => *self = Self::One(series),
            Self::One(first) => *self = Self::Few(vec![*first, series]),
            Self::Few(list) if list.len() < MANY => list.push(series),
            Self::Few(list) => {
                let mut bitmap: RoaringBitmap = list.iter().copied().collect();
                append(&mut bitmap, series);
                *self = Self::Many(Box::new(bitmap));
            }
            Self::Many(bitmap) => append(bitmap, series),
        }
    }

    /// Number of series.
    pub(crate) fn len(&self) -> u64 {
        match self {
            Self::None => 0,
            Self::One(_) => 1,
            Self::Few(list) => list.len() as u64,
            Self::Many(bitmap) => bitmap.len(),
        }
    }

    /// Its series.
    pub(crate) fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        let (list, bitmap): (&[u32], Option<&RoaringBitmap>) = match self {
            Self::None => (&[], None),
            Self::One(series) => (std::slice::from_ref(series), None),
            Self::Few(list) => (list, None),
            Self::Many(bitmap) => (&[], Some(bitmap)),
        };
        list.iter().copied().chain(bitmap.into_iter().flatten())
    }

    /// Adds its series to a set.
    pub(crate) fn add_to(&self, set: &mut RoaringBitmap) {
        match self {
            Self::None => {}
            Self::One(series) => {
                set.insert(*series);
            }
            Self::Few(list) => set.extend(list.iter().copied()),
            Self::Many(bitmap) => *set |= bitmap.as_ref(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_size_holds_what_was_pushed() {
        let mut posting = Posting::default();
        for i in 0..200u32 {
            let mut set = RoaringBitmap::new();
            posting.add_to(&mut set);
            assert_eq!((posting.len(), set.len()), (u64::from(i), u64::from(i)));
            assert!(set.iter().eq((0..i).map(|i| i * 3)));
            posting.push(i * 3);
        }
    }
}
