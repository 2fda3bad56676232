//! Numbers that look random and come again from the same seed.

use std::fmt::Write as _;

/// A deterministic stream of numbers (SplitMix64). The caller seeds it and records the seed, so
/// that a replay draws the same numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entropy(u64);

impl Entropy {
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Where the stream stands: `Entropy::new(entropy.state())` goes on from here.
    #[must_use]
    pub fn state(&self) -> u64 {
        self.0
    }

    /// The next 64 bits.
    pub fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// The next double in `0.0..1.0`, of 53 random bits.
    pub fn next_f64(&mut self) -> f64 {
        unit_double(self.next_u64() >> 11)
    }

    /// A version 4 UUID in its lower-case text form, 36 characters.
    pub fn uuid_v4(&mut self) -> String {
        let high = (self.next_u64() & 0xFFFF_FFFF_FFFF_0FFF) | 0x4000;
        let low = (self.next_u64() & 0x3FFF_FFFF_FFFF_FFFF) | 0x8000_0000_0000_0000;
        let mut text = String::with_capacity(36);
        let written = write!(
            text,
            "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
            high >> 32,
            (high >> 16) & 0xFFFF,
            high & 0xFFFF,
            low >> 48,
            low & 0xFFFF_FFFF_FFFF
        );
        debug_assert!(written.is_ok(), "writing to a String does not fail");
        text
    }
}

/// The generator of `java.util.Random`, as its documentation gives it. Seeded random numbers of
/// AWS are those of Java, so that a seed gives the same number here and there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JavaRandom(u64);

impl JavaRandom {
    const MULTIPLIER: u64 = 0x5_DEEC_E66D;
    const MASK: u64 = (1 << 48) - 1;

    #[must_use]
    pub fn new(seed: i64) -> Self {
        Self((seed.cast_unsigned() ^ Self::MULTIPLIER) & Self::MASK)
    }

    /// The next double in `0.0..1.0`.
    pub fn next_f64(&mut self) -> f64 {
        let high = self.next_bits(26);
        let low = self.next_bits(27);
        unit_double((high << 27) + low)
    }

    fn next_bits(&mut self, bits: u32) -> u64 {
        self.0 = self.0.wrapping_mul(Self::MULTIPLIER).wrapping_add(0xB) & Self::MASK;
        self.0 >> (48 - bits)
    }
}

/// 53 bits as a double in `0.0..1.0`.
#[expect(clippy::cast_precision_loss, reason = "53 bits fit a double without loss")]
fn unit_double(bits: u64) -> f64 {
    bits as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_stream() {
        let mut one = Entropy::new(7);
        let mut other = Entropy::new(7);
        assert_eq!(one.next_u64(), other.next_u64());
        let mut resumed = Entropy::new(one.state());
        assert_eq!(one.uuid_v4(), resumed.uuid_v4());
        assert_ne!(one.next_u64(), Entropy::new(8).next_u64());
        for _ in 0..1_000 {
            assert!((0.0..1.0).contains(&one.next_f64()));
        }
    }

    #[test]
    fn uuids_have_the_form_of_version_4() {
        let mut entropy = Entropy::new(0);
        for _ in 0..1_000 {
            let uuid = entropy.uuid_v4();
            let bytes = uuid.as_bytes();
            assert_eq!(uuid.len(), 36);
            assert_eq!(bytes[14], b'4', "{uuid}");
            assert!(b"89ab".contains(&bytes[19]), "{uuid}");
            assert!([8, 13, 18, 23].iter().all(|&at| bytes[at] == b'-'), "{uuid}");
        }
    }

    #[test]
    fn java_random_is_javas() {
        assert_eq!(JavaRandom::new(42).next_f64(), 0.727_563_680_032_868_1);
        assert!((0.0..1.0).contains(&JavaRandom::new(i64::MIN).next_f64()));
    }
}
