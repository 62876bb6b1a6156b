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
    Many(Box<Many>),
}

/// A bitmap, and what will go into it at once with others: to find the end of a bitmap for each number alone costs more than
/// all else that a new series does.
#[derive(Debug, Default, Clone)]
pub(crate) struct Many {
    bitmap: RoaringBitmap,
    tail: Vec<u32>,
}

impl Many {
    fn push(&mut self, series: u32) {
        self.tail.push(series);
        if self.tail.len() == MANY {
            // What is higher than all before is appended without looking for its place.
            if self.bitmap.append(self.tail.iter().copied()).is_err() {
                self.bitmap.extend(self.tail.iter().copied());
            }
            self.tail.clear();
        }
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
                let mut many = Many { bitmap: list.iter().copied().collect(), tail: Vec::with_capacity(MANY) };
                many.push(series);
                *self = Self::Many(Box::new(many));
            }
            Self::Many(many) => many.push(series),
        }
    }

    /// Number of series.
    pub(crate) fn len(&self) -> u64 {
        match self {
            Self::None => 0,
            Self::One(_) => 1,
            Self::Few(list) => list.len() as u64,
            Self::Many(many) => many.bitmap.len() + many.tail.len() as u64,
        }
    }

    /// Its series.
    pub(crate) fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        let (bitmap, list): (Option<&RoaringBitmap>, &[u32]) = match self {
            Self::None => (None, &[]),
            Self::One(series) => (None, std::slice::from_ref(series)),
            Self::Few(list) => (None, list),
            Self::Many(many) => (Some(&many.bitmap), &many.tail),
        };
        bitmap.into_iter().flatten().chain(list.iter().copied())
    }

    /// Adds its series to a set.
    pub(crate) fn add_to(&self, set: &mut RoaringBitmap) {
        match self {
            Self::None => {}
            Self::One(series) => {
                set.insert(*series);
            }
            Self::Few(list) => set.extend(list.iter().copied()),
            Self::Many(many) => {
                *set |= &many.bitmap;
                set.extend(many.tail.iter().copied());
            }
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
            assert!(posting.iter().eq(set.iter()));
            posting.push(i * 3);
        }
    }
}
