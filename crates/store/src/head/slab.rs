//! Blocks of two sizes cut from large pages: a series of few samples takes a small block, and moves once as it grows.
//!
//! More sizes would leave more behind than they save: series of one scrape grow in step, so what they have grown out of is
//! of no use to anyone.

/// Block sizes in bytes.
pub(crate) const SIZES: [usize; 2] = [32, 128];
/// Bytes of a page.
const PAGE: usize = 32 << 10;

/// A block: its class in the two highest bits, its number in the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Block(u32);

impl Block {
    /// No block.
    pub(crate) const NONE: Self = Self(u32::MAX);

    /// The block of a number read back.
    pub(crate) const fn of(raw: u32) -> Self {
        Self(raw)
    }

    /// Its number.
    pub(crate) const fn raw(self) -> u32 {
        self.0
    }

    const fn class(self) -> usize {
        (self.0 >> 30) as usize
    }

    const fn number(self) -> usize {
        (self.0 & 0x3FFF_FFFF) as usize
    }

    /// Bytes it has.
    pub(crate) const fn size(self) -> usize {
        SIZES[self.class()]
    }

    /// Whether there is a larger size.
    pub(crate) const fn can_grow(self) -> bool {
        self.class() + 1 < SIZES.len()
    }
}

/// Pages of each block size.
#[derive(Debug, Default)]
pub(crate) struct Slab {
    classes: [Class; SIZES.len()],
}

#[derive(Debug, Default)]
struct Class {
    pages: Vec<Box<[u8]>>,
    free: Vec<u32>,
    next: u32,
}

impl Slab {
    /// A block of the smallest size for a new series, of the largest for one that has filled a block.
    pub(crate) fn allocate(&mut self, is_first: bool) -> Block {
        self.allocate_of(if is_first { 0 } else { SIZES.len() - 1 })
    }

    fn allocate_of(&mut self, class: usize) -> Block {
        let of = &mut self.classes[class];
        let number = of.free.pop().unwrap_or_else(|| {
            let number = of.next;
            of.next += 1;
            if number as usize * SIZES[class] / PAGE >= of.pages.len() {
                of.pages.push(vec![0; PAGE].into_boxed_slice());
            }
            number
        });
        Block((class as u32) << 30 | number)
    }

    /// A block of the next size with the same beginning; the old one is free.
    pub(crate) fn grow(&mut self, block: Block) -> Block {
        let larger = self.allocate_of(block.class() + 1);
        let mut copy = [0; SIZES[SIZES.len() - 1]];
        let copy = &mut copy[..block.size()];
        copy.copy_from_slice(self.get(block));
        self.get_mut(larger)[..copy.len()].copy_from_slice(copy);
        self.classes[block.class()].free.push(block.number() as u32);
        larger
    }

    /// The bytes of a block.
    #[inline]
    pub(crate) fn get(&self, block: Block) -> &[u8] {
        let (size, at) = (block.size(), block.number() * block.size());
        &self.classes[block.class()].pages[at / PAGE][at % PAGE..at % PAGE + size]
    }

    /// The bytes of a block, to be written.
    #[inline]
    pub(crate) fn get_mut(&mut self, block: Block) -> &mut [u8] {
        let (size, at) = (block.size(), block.number() * block.size());
        &mut self.classes[block.class()].pages[at / PAGE][at % PAGE..at % PAGE + size]
    }

    /// Blocks in use.
    pub(crate) fn blocks(&self) -> usize {
        self.classes.iter().map(|class| class.next as usize - class.free.len()).sum()
    }

    /// Bytes of all pages.
    #[cfg(test)]
    pub(crate) fn bytes(&self) -> usize {
        self.classes.iter().map(|class| class.pages.len() * PAGE + class.free.capacity() * 4).sum()
    }
}
