//! Requirements with one numeric bound, in the order of their bounds.

use std::sync::Arc;

/// So many bounds lie together before they are cut in two.
const CHUNK_BOUNDS: usize = 256;

/// Bounds and the requirements they belong to, ascending.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ranges {
    chunks: Vec<Arc<Vec<(u64, u32)>>>,
}

impl Ranges {
    /// Adds a bound.
    pub(crate) fn add(&mut self, bound: f64, requirement: u32) {
        let entry = (ordered(bound), requirement);
        let at = self.chunks.partition_point(|chunk| chunk.first().is_some_and(|first| *first <= entry));
        let at = at.saturating_sub(1);
        let Some(chunk) = self.chunks.get_mut(at) else {
            self.chunks.push(Arc::new(vec![entry]));
            return;
        };
        let chunk = Arc::make_mut(chunk);
        let place = chunk.partition_point(|there| *there < entry);
        chunk.insert(place, entry);
        if chunk.len() > CHUNK_BOUNDS {
            let upper = chunk.split_off(CHUNK_BOUNDS / 2);
            self.chunks.insert(at.saturating_add(1), Arc::new(upper));
        }
    }

    /// The requirements whose bound is not above a number, from the lowest.
    pub(crate) fn up_to(&self, number: f64) -> impl Iterator<Item = u32> {
        let number = ordered(number);
        let all = self.chunks.iter().flat_map(|chunk| chunk.iter());
        all.take_while(move |(bound, _)| *bound <= number).map(|(_, requirement)| *requirement)
    }

    /// The requirements whose bound is not below a number, from the highest.
    pub(crate) fn down_to(&self, number: f64) -> impl Iterator<Item = u32> {
        let number = ordered(number);
        let all = self.chunks.iter().rev().flat_map(|chunk| chunk.iter().rev());
        all.take_while(move |(bound, _)| *bound >= number).map(|(_, requirement)| *requirement)
    }
}

/// A whole number that is ordered as the double is. There is one zero.
pub(crate) fn ordered(double: f64) -> u64 {
    let bits = (double + 0.0).to_bits();
    if bits >> 63 == 1 { !bits } else { bits | 1 << 63 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_kept_in_order() {
        let mut ranges = Ranges::default();
        for number in 0..2000_u32 {
            ranges.add(f64::from(number * 7 % 2000) - 1000.0, number * 7 % 2000);
        }
        let copy = ranges.clone();
        ranges.add(0.5, 5000);
        assert_eq!(ranges.up_to(-995.0).collect::<Vec<_>>(), [0, 1, 2, 3, 4, 5]);
        assert_eq!(ranges.down_to(997.5).collect::<Vec<_>>(), [1999, 1998]);
        assert_eq!((ranges.up_to(1e9).count(), copy.up_to(1e9).count(), copy.down_to(1e9).count()), (2001, 2000, 0));
    }

    #[test]
    fn doubles_are_ordered() {
        let numbers = [f64::MIN, -1.5, -1.0, -5e-324, 0.0, 5e-324, 1.0, 1.5, f64::MAX];
        assert!(numbers.map(ordered).is_sorted_by(|one, other| one < other));
        assert_eq!(ordered(-0.0), ordered(0.0));
    }
}
