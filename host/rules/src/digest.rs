//! A fast keyed hash, of whole texts and of their beginnings and ends.

/// What makes the hashes of a rule set its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seed(pub u64);

/// A hash that is being computed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Digest(u64);

/// Odd numbers with as many ones as zeroes and no pattern.
const MULTIPLIERS: [u64; 3] = [0x9e37_79b9_7f4a_7c15, 0xd1b5_4a32_d192_ed03, 0x8cb9_2ba7_2f3d_8dd7];
const BLOCK_BYTES: usize = 8;

impl Seed {
    /// Begins a hash that has nothing in common with those of another owner or kind.
    pub(crate) fn start(self, owner: u32, kind: u32) -> Digest {
        let [first, second, third] = MULTIPLIERS;
        let what = u64::from(owner) << 32 | u64::from(kind);
        // Zero would absorb what follows; it takes a guess of the seed to get there.
        Digest(folded(self.0 ^ third, first) ^ folded(what ^ first, second))
    }
}

impl Digest {
    /// The hash of a text.
    pub(crate) fn of(self, bytes: &[u8]) -> u64 {
        let (blocks, rest) = bytes.as_chunks::<BLOCK_BYTES>();
        let mut digest = self;
        for block in blocks {
            digest = digest.block(*block);
        }
        digest.end(rest, bytes.len())
    }

    /// Takes a text before whatever else comes.
    pub(crate) fn followed_by(self, bytes: &[u8]) -> Self {
        Self(self.of(bytes))
    }

    /// The hash of a number.
    pub(crate) fn of_number(self, number: u64) -> u64 {
        self.block(number.to_le_bytes()).0
    }

    /// The hash of a text, taken from its end: see [`Digest::ends`].
    pub(crate) fn of_end(self, bytes: &[u8]) -> u64 {
        let (rest, blocks) = bytes.as_rchunks::<BLOCK_BYTES>();
        let mut digest = self;
        for block in blocks.iter().rev() {
            digest = digest.block(*block);
        }
        digest.end(rest, bytes.len())
    }

    /// The hashes of those beginnings of a text that have the given lengths, which ascend:
    /// each as [`Digest::of`] has it, but the text is gone through once.
    pub(crate) fn beginnings(self, bytes: &[u8], lengths: &[u32], mut each: impl FnMut(u64)) {
        let (blocks, _) = bytes.as_chunks::<BLOCK_BYTES>();
        let mut blocks = blocks.iter();
        let (mut digest, mut done) = (self, 0_usize);
        for length in lengths {
            let Some(beginning) = bytes.get(..crate::chunks::place(*length)) else { break };
            while done.saturating_add(BLOCK_BYTES) <= beginning.len()
                && let Some(block) = blocks.next()
            {
                digest = digest.block(*block);
                done = done.saturating_add(BLOCK_BYTES);
            }
            each(digest.end(beginning.get(done..).unwrap_or(&[]), beginning.len()));
        }
    }

    /// The same for the ends of a text, as [`Digest::of_end`] has them.
    pub(crate) fn ends(self, bytes: &[u8], lengths: &[u32], mut each: impl FnMut(u64)) {
        let (_, blocks) = bytes.as_rchunks::<BLOCK_BYTES>();
        let mut blocks = blocks.iter().rev();
        let (mut digest, mut done) = (self, 0_usize);
        for length in lengths {
            let length = crate::chunks::place(*length);
            let Some(end) = bytes.len().checked_sub(length).and_then(|from| bytes.get(from..)) else { break };
            while done.saturating_add(BLOCK_BYTES) <= end.len()
                && let Some(block) = blocks.next()
            {
                digest = digest.block(*block);
                done = done.saturating_add(BLOCK_BYTES);
            }
            let rest = end.len().checked_sub(done).and_then(|rest| end.get(..rest)).unwrap_or(&[]);
            each(digest.end(rest, end.len()));
        }
    }

    fn block(self, block: [u8; BLOCK_BYTES]) -> Self {
        let [_, second, _] = MULTIPLIERS;
        Self(folded(self.0 ^ u64::from_le_bytes(block), second))
    }

    /// Takes the last bytes, fewer than a block, and the length of all.
    fn end(self, rest: &[u8], length: usize) -> u64 {
        let [.., third] = MULTIPLIERS;
        let length = u64::try_from(length).unwrap_or(u64::MAX);
        folded(self.0 ^ last(rest), third ^ length)
    }
}

/// Up to seven bytes as one number.
fn last(rest: &[u8]) -> u64 {
    if let (Some(first), Some(last)) = (rest.first_chunk::<4>(), rest.last_chunk::<4>()) {
        return u64::from(u32::from_le_bytes(*first)) | u64::from(u32::from_le_bytes(*last)) << 32;
    }
    match rest {
        [one] => u64::from(*one),
        [one, two] => u64::from(u16::from_le_bytes([*one, *two])),
        [one, two, three] => u64::from(u32::from_le_bytes([*one, *two, *three, 0])),
        _ => 0,
    }
}

/// Both halves of the product, laid over each other.
fn folded(left: u64, right: u64) -> u64 {
    let (low, high) = left.carrying_mul(right, 0);
    low ^ high
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_have_the_hashes_of_whole_texts() {
        let text: Vec<u8> = (1..=40).collect();
        let start = Seed(3).start(1, 2);
        let lengths: Vec<u32> = (0..=41).collect();
        let (mut beginnings, mut ends) = (Vec::new(), Vec::new());
        start.beginnings(&text, &lengths, |hash| beginnings.push(hash));
        start.ends(&text, &lengths, |hash| ends.push(hash));
        let wanted: Vec<u64> = (0..=40).map(|length| start.of(&text[..length])).collect();
        assert_eq!(beginnings, wanted);
        let wanted: Vec<u64> = (0..=40).map(|length| start.of_end(&text[40 - length..])).collect();
        assert_eq!(ends, wanted);
    }

    #[test]
    fn different_things_have_different_hashes() {
        let mut seen = std::collections::BTreeSet::new();
        for owner in 0..10 {
            for kind in 0..10 {
                for text in ["", "\0", "\0\0", "a", "b", "ab", "abcd", "abcdefgh", "abcdefgh\0", "abcdefghi"] {
                    assert!(seen.insert(Seed(0).start(owner, kind).of(text.as_bytes())));
                }
            }
        }
        assert_ne!(Seed(0).start(0, 0).of(b"a"), Seed(2).start(0, 0).of(b"a"));
    }
}
