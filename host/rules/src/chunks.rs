//! A long list that is cheap to copy and cheap to change after that.

use std::sync::Arc;

/// So many items lie together; a change copies as many if another copy of the list still
/// has them.
const CHUNK_ITEMS: usize = 256;
/// The number of no item.
pub(crate) const NONE: u32 = u32::MAX;

/// A list whose copies share what has not been changed since. Items have numbers from 0.
#[derive(Debug, Clone)]
pub(crate) struct Chunks<T> {
    chunks: Vec<Arc<[T; CHUNK_ITEMS]>>,
    length: u32,
}

impl<T: Clone + Default> Chunks<T> {
    pub(crate) fn new() -> Self {
        Self { chunks: Vec::new(), length: 0 }
    }

    /// A list of that many equal items.
    pub(crate) fn filled(item: &T, length: u32) -> Self {
        let chunk = Arc::new(std::array::from_fn(|_| item.clone()));
        Self { chunks: vec![chunk; place(length).div_ceil(CHUNK_ITEMS)], length }
    }

    pub(crate) fn len(&self) -> u32 {
        self.length
    }

    pub(crate) fn get(&self, number: u32) -> Option<&T> {
        let number = place(number);
        self.chunks.get(number / CHUNK_ITEMS)?.get(number % CHUNK_ITEMS)
    }

    pub(crate) fn get_mut(&mut self, number: u32) -> Option<&mut T> {
        let number = place(number);
        Arc::make_mut(self.chunks.get_mut(number / CHUNK_ITEMS)?).get_mut(number % CHUNK_ITEMS)
    }

    /// Adds an item and gives its number.
    pub(crate) fn push(&mut self, item: T) -> u32 {
        let number = self.length;
        if place(number).is_multiple_of(CHUNK_ITEMS) {
            self.chunks.push(Arc::new(std::array::from_fn(|_| T::default())));
        }
        self.length = number.saturating_add(1);
        if let Some(there) = self.get_mut(number) {
            *there = item;
        }
        number
    }
}

/// An item's number as a place in memory.
pub(crate) fn place(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// A place in memory as an item's number; [`NONE`] where there are too many.
pub(crate) fn number(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(NONE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_share_what_is_not_changed() {
        let mut list = Chunks::new();
        for item in 0..1000_u32 {
            assert_eq!(list.push(item), item);
        }
        let copy = list.clone();
        *list.get_mut(300).unwrap() = 7;
        list.push(1000);
        assert_eq!((list.get(300), copy.get(300), list.get(999)), (Some(&7), Some(&300), Some(&999)));
        assert_eq!((list.len(), copy.len(), copy.get(1024)), (1001, 1000, None));
        let shared = list.chunks.iter().zip(&copy.chunks).filter(|(one, other)| Arc::ptr_eq(one, other)).count();
        assert_eq!(shared, 2);
        assert_eq!(Chunks::filled(&5_u8, 300).get(299), Some(&5));
    }
}
