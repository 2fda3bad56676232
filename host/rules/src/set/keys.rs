//! What a value that fits a condition has, so that conditions are found by their values.
//!
//! A key only narrows down: whatever is found by it is asked whether the value really fits.

use crate::condition::{Condition, Exception, Range};
use crate::digest::Seed;
use crate::fold::Folded;
use crate::set::ranges::ordered;
use crate::wildcard::Wildcard;

/// A kind of key; the numbers are bits of [`crate::set::fields::Field::kinds`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Kind {
    /// The whole text.
    Text,
    /// The comparable number.
    Number,
    /// The number as it is spelled.
    Spelling,
    /// `true`, `false` or `null`.
    Word,
    /// Any text at all.
    AnyText,
    /// How the text begins.
    Prefix,
    /// How it ends.
    Suffix,
    /// The whole text, folded.
    Folded,
    /// How the folded text begins.
    FoldedPrefix,
    /// How it ends.
    FoldedSuffix,
    /// A few bytes somewhere in the text.
    Piece,
    /// How the digits of an address begin.
    Address,
    /// A range of comparable numbers, whose width is a power of two.
    Width,
    /// Nearly any value.
    Broad,
}

/// A key with what it is about.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Key<'a> {
    Text(&'a str),
    Number(f64),
    Spelling(&'a str),
    Word(Word),
    AnyText,
    Prefix(&'a str),
    Suffix(&'a str),
    Folded(String),
    FoldedPrefix(String),
    FoldedSuffix(String),
    Piece(&'a [u8]),
    Address(&'a [u8]),
    /// The range's number among those that are two to the power of `power` wide.
    Width {
        power: u32,
        number: u64,
    },
    Broad,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Word {
    True,
    False,
    Null,
}

/// Pieces of wildcards have at most so many bytes.
pub(crate) const PIECE_BYTES: usize = 4;
/// So many keys of one wildcard are compared to find the one that the fewest others have.
const ANCHORS: usize = 24;

impl Kind {
    /// Its bit.
    pub(crate) fn bit(self) -> u32 {
        1 << self.number()
    }

    /// Begins the hash of a key of this kind.
    pub(crate) fn start(self, seed: Seed, field: u32) -> crate::digest::Digest {
        seed.start(field, self.number())
    }

    fn number(self) -> u32 {
        u32::from(self as u8)
    }
}

impl Key<'_> {
    pub(crate) fn kind(&self) -> Kind {
        match self {
            Self::Text(_) => Kind::Text,
            Self::Number(_) => Kind::Number,
            Self::Spelling(_) => Kind::Spelling,
            Self::Word(_) => Kind::Word,
            Self::AnyText => Kind::AnyText,
            Self::Prefix(_) => Kind::Prefix,
            Self::Suffix(_) => Kind::Suffix,
            Self::Folded(_) => Kind::Folded,
            Self::FoldedPrefix(_) => Kind::FoldedPrefix,
            Self::FoldedSuffix(_) => Kind::FoldedSuffix,
            Self::Piece(_) => Kind::Piece,
            Self::Address(_) => Kind::Address,
            Self::Width { .. } => Kind::Width,
            Self::Broad => Kind::Broad,
        }
    }

    /// How many bytes of the value it is about.
    pub(crate) fn length(&self) -> usize {
        match self {
            Self::Text(text) | Self::Spelling(text) | Self::Prefix(text) | Self::Suffix(text) => text.len(),
            Self::Folded(text) | Self::FoldedPrefix(text) | Self::FoldedSuffix(text) => text.len(),
            Self::Piece(bytes) | Self::Address(bytes) => bytes.len(),
            Self::Number(_) | Self::Word(_) | Self::AnyText | Self::Width { .. } | Self::Broad => 0,
        }
    }

    pub(crate) fn hash(&self, seed: Seed, field: u32) -> u32 {
        let start = self.kind().start(seed, field);
        short(match self {
            Self::Text(text) | Self::Spelling(text) | Self::Prefix(text) => start.of(text.as_bytes()),
            Self::Folded(text) | Self::FoldedPrefix(text) => start.of(text.as_bytes()),
            Self::Suffix(text) => start.of_end(text.as_bytes()),
            Self::FoldedSuffix(text) => start.of_end(text.as_bytes()),
            Self::Piece(bytes) | Self::Address(bytes) => start.of(bytes),
            Self::Number(double) => start.of_number(ordered(*double)),
            Self::Word(word) => start.of_number(u64::from(*word as u8)),
            Self::AnyText | Self::Broad => start.of_number(0),
            Self::Width { power, number } => width_hash(seed, field, *power, *number),
        })
    }
}

/// The hash of [`Key::Width`].
pub(crate) fn width_hash(seed: Seed, field: u32, power: u32, number: u64) -> u64 {
    seed.start(field, Kind::Width.number() | power << 8).of_number(number)
}

/// As much of a hash as is kept.
pub(crate) fn short(hash: u64) -> u32 {
    let [a, b, c, d, ..] = hash.to_le_bytes();
    u32::from_le_bytes([a, b, c, d])
}

/// The keys by which a condition is found: any one of each list is enough, and a value that
/// fits has one of those chosen. Empty where fitting values have nothing in common.
pub(crate) fn keys_of(condition: &Condition) -> Vec<Vec<Key<'_>>> {
    let key = match condition {
        Condition::Text(text) => Key::Text(text),
        Condition::Address(block) | Condition::Cidr(block) => Key::Address(block.shared_digits()),
        Condition::Number { double: Some(double), .. } => Key::Number(*double),
        Condition::Number { spelled, double: None } => Key::Spelling(spelled),
        Condition::True => Key::Word(Word::True),
        Condition::False => Key::Word(Word::False),
        Condition::Null => Key::Word(Word::Null),
        Condition::Prefix(text) => prefix(text),
        Condition::PrefixFolded(folded) => Key::FoldedPrefix(folded.key()),
        Condition::Suffix(text) => suffix(text),
        Condition::SuffixFolded(folded) => Key::FoldedSuffix(folded.key()),
        Condition::Folded(folded) => Key::Folded(folded.key()),
        Condition::Wildcard(wildcard) => return vec![anchors(wildcard)],
        Condition::Numeric(Range::Equal(bound)) => Key::Number(bound.double),
        Condition::Numeric(Range::Between(bottom, top)) => return widths(bottom.double, top.double),
        Condition::Numeric(Range::Below(_) | Range::Above(_))
        | Condition::Exists
        | Condition::Absent
        | Condition::AnythingBut(_) => return Vec::new(),
    };
    vec![vec![key]]
}

/// The keys by which one member of an exception is found, as [`keys_of`] has them.
pub(crate) fn keys_of_member(exception: &Exception, member: usize) -> Vec<Key<'_>> {
    let key = match exception {
        Exception::Texts(texts) => texts.get(member).map(|text| Key::Text(text)),
        Exception::Numbers(numbers) => numbers.get(member).map(|(_, double)| Key::Number(*double)),
        Exception::Prefixes(texts) => texts.get(member).map(|text| prefix(text)),
        Exception::Suffixes(texts) => texts.get(member).map(|text| suffix(text)),
        Exception::Folded(folded) => folded.get(member).map(Folded::key).map(Key::Folded),
        Exception::Wildcards(wildcards) => return wildcards.get(member).map(anchors).unwrap_or_default(),
    };
    key.into_iter().collect()
}

fn prefix(text: &str) -> Key<'_> {
    if text.is_empty() { Key::AnyText } else { Key::Prefix(text) }
}

fn suffix(text: &str) -> Key<'_> {
    if text.is_empty() { Key::AnyText } else { Key::Suffix(text) }
}

/// The longer ones come first.
fn anchors(wildcard: &Wildcard) -> Vec<Key<'_>> {
    let (first, later) = match wildcard.texts() {
        [] => return vec![Key::AnyText],
        [only] => return vec![Key::Text(only)],
        [first, later @ ..] => (first, later),
    };
    let (last, middle) = later.split_last().map_or((first, later), |(last, middle)| (last, middle));
    let mut anchors: Vec<Key<'_>> = [Key::Prefix(first), Key::Suffix(last)].into();
    anchors.retain(|anchor| anchor.length() > 0);
    // The ends of a text are looked up once, pieces at every place of it.
    if anchors.is_empty() {
        let longest = middle.iter().map(String::len).max().unwrap_or(0).min(PIECE_BYTES);
        let pieces = middle.iter().flat_map(|text| text.as_bytes().windows(longest.max(1)));
        anchors.extend(pieces.take(ANCHORS).map(Key::Piece));
    }
    if anchors.is_empty() { vec![Key::AnyText] } else { anchors }
}

/// A range is covered by two neighbours of those that are as wide as it or wider.
fn widths(bottom: f64, top: f64) -> Vec<Vec<Key<'static>>> {
    let (bottom, top) = (ordered(bottom), ordered(top));
    let power = u64::BITS.saturating_sub(top.saturating_sub(bottom).leading_zeros()).min(63);
    let mut numbers = vec![bottom >> power, top >> power];
    numbers.dedup();
    numbers.into_iter().map(|number| vec![Key::Width { power, number }]).collect()
}
