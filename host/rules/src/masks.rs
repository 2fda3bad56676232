//! Where quotes and brackets stand in a JSON text: one bit for every byte, sixty-four
//! bytes at a time.

use wide::u8x16;

/// So many bytes are looked at together; one bit stands for each.
const BLOCK_BYTES: usize = 64;
const LANE_BYTES: usize = 16;

/// The places of a text at which strings begin and end, and of the brackets outside them.
#[derive(Debug, Default)]
pub(crate) struct Masks {
    blocks: Vec<Block>,
    escapes: bool,
}

#[derive(Debug, Clone, Copy)]
struct Block {
    /// Quotes that no backslash stands before.
    quotes: u64,
    /// `{` and `[`, outside strings.
    opens: u64,
    /// `}` and `]`, outside strings.
    closes: u64,
}

/// What is carried from one block to the next.
#[derive(Debug, Clone, Copy, Default)]
struct Carry {
    /// All ones inside a string.
    inside: u64,
    /// One if the first byte has a backslash before it.
    escaped: u64,
}

/// Which bytes of a block are what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Characters {
    quotes: u64,
    backslashes: u64,
    opens: u64,
    closes: u64,
}

impl Masks {
    /// Reads a text, in place of the one before.
    pub(crate) fn read(&mut self, text: &[u8]) {
        self.blocks.clear();
        self.escapes = false;
        let mut carry = Carry::default();
        let (blocks, rest) = text.as_chunks::<BLOCK_BYTES>();
        for block in blocks {
            self.push(characters(block), &mut carry);
        }
        if !rest.is_empty() {
            let mut block = [b' '; BLOCK_BYTES];
            for (to, from) in block.iter_mut().zip(rest) {
                *to = *from;
            }
            self.push(characters(&block), &mut carry);
        }
    }

    /// Whether there is a backslash anywhere.
    pub(crate) fn has_escapes(&self) -> bool {
        self.escapes
    }

    /// The first quote at this place or behind it.
    pub(crate) fn quote(&self, from: usize) -> Option<usize> {
        let mut number = from / BLOCK_BYTES;
        let mut quotes = self.blocks.get(number)?.quotes & behind(from);
        while quotes == 0 {
            number = number.saturating_add(1);
            quotes = self.blocks.get(number)?.quotes;
        }
        Some(place(number, quotes))
    }

    /// The bracket that closes the one at this place. `None` where more than `levels_max`
    /// are open in between, or nearly as many.
    pub(crate) fn closing(&self, open: usize, levels_max: usize) -> Option<usize> {
        let from = open.saturating_add(1);
        let mut number = from / BLOCK_BYTES;
        let mut mask = behind(from);
        let mut depth = 1_usize;
        loop {
            let block = self.blocks.get(number)?;
            let (opens, closes) = (block.opens & mask, block.closes & mask);
            if depth.saturating_add(ones(opens)) > levels_max {
                return None;
            }
            if ones(closes) >= depth {
                let mut rest = opens | closes;
                while rest != 0 {
                    let first = rest & rest.wrapping_neg();
                    rest ^= first;
                    depth = if opens & first != 0 { depth.saturating_add(1) } else { depth.saturating_sub(1) };
                    if depth == 0 {
                        return Some(place(number, first));
                    }
                }
            } else {
                depth = depth.saturating_add(ones(opens)).saturating_sub(ones(closes));
            }
            number = number.saturating_add(1);
            mask = u64::MAX;
        }
    }

    fn push(&mut self, of: Characters, carry: &mut Carry) {
        let mut quotes = of.quotes;
        if of.backslashes | carry.escaped != 0 {
            self.escapes = true;
            quotes &= !escaped(of.backslashes, carry);
        }
        let strings = up_to_each(quotes) ^ carry.inside;
        carry.inside = if strings >> 63 == 1 { u64::MAX } else { 0 };
        self.blocks.push(Block { quotes, opens: of.opens & !strings, closes: of.closes & !strings });
    }
}

/// The bytes that have a backslash before them which counts.
fn escaped(backslashes: u64, carry: &mut Carry) -> u64 {
    let mut escaped = carry.escaped;
    carry.escaped = 0;
    let mut rest = backslashes;
    while rest != 0 {
        let first = rest & rest.wrapping_neg();
        rest ^= first;
        if escaped & first == 0 {
            escaped |= first << 1;
            carry.escaped = first >> 63;
        }
    }
    escaped
}

/// One in every bit that has an odd number of ones up to it and with it.
fn up_to_each(mut bits: u64) -> u64 {
    for distance in [1, 2, 4, 8, 16, 32] {
        bits ^= bits << distance;
    }
    bits
}

/// All bits of a block from this place on.
fn behind(from: usize) -> u64 {
    u64::MAX << (from % BLOCK_BYTES)
}

fn place(block: usize, bits: u64) -> usize {
    let within = usize::try_from(bits.trailing_zeros()).unwrap_or(0);
    block.saturating_mul(BLOCK_BYTES).saturating_add(within)
}

fn ones(bits: u64) -> usize {
    usize::try_from(bits.count_ones()).unwrap_or(0)
}

fn characters(block: &[u8; BLOCK_BYTES]) -> Characters {
    let (quote, backslash) = (u8x16::splat(b'"'), u8x16::splat(b'\\'));
    // With this bit set, either opening bracket is the brace, and so are the closing ones.
    let (curly, open, close) = (u8x16::splat(0x20), u8x16::splat(b'{'), u8x16::splat(b'}'));
    let bits = |lane: u8x16, byte: u8x16| u64::from(lane.simd_eq(byte).to_bitmask());
    let mut of = Characters { quotes: 0, backslashes: 0, opens: 0, closes: 0 };
    let (lanes, _) = block.as_chunks::<LANE_BYTES>();
    for (number, lane) in lanes.iter().enumerate() {
        let lane = u8x16::from(*lane);
        let bracket = lane | curly;
        let at = number * LANE_BYTES;
        of.quotes |= bits(lane, quote) << at;
        of.backslashes |= bits(lane, backslash) << at;
        of.opens |= bits(bracket, open) << at;
        of.closes |= bits(bracket, close) << at;
    }
    of
}

#[cfg(test)]
mod tests {
    use super::*;

    fn byte_by_byte(block: &[u8; BLOCK_BYTES]) -> Characters {
        let mut of = Characters { quotes: 0, backslashes: 0, opens: 0, closes: 0 };
        for (at, byte) in block.iter().enumerate() {
            of.quotes |= u64::from(*byte == b'"') << at;
            of.backslashes |= u64::from(*byte == b'\\') << at;
            of.opens |= u64::from(matches!(byte, b'{' | b'[')) << at;
            of.closes |= u64::from(matches!(byte, b'}' | b']')) << at;
        }
        of
    }

    /// The same places, found by going through the text.
    fn check(text: &str) {
        let mut masks = Masks::default();
        masks.read(text.as_bytes());
        let (mut inside, mut escaped) = (false, false);
        let mut open = Vec::new();
        for (at, byte) in text.bytes().enumerate() {
            let quote = byte == b'"' && !escaped;
            assert_eq!(masks.quote(at) == Some(at), quote, "{at} in {text}");
            escaped = byte == b'\\' && !escaped;
            inside ^= quote;
            match byte {
                b'{' | b'[' if !inside => open.push(at),
                b'}' | b']' if !inside => {
                    if let Some(from) = open.pop() {
                        assert_eq!(masks.closing(from, 1000), Some(at), "{from} in {text}");
                    }
                }
                _ => {}
            }
        }
        for from in open {
            assert_eq!(masks.closing(from, 1000), None, "{from} in {text}");
        }
        assert_eq!(masks.has_escapes(), text.contains('\\'));
    }

    #[test]
    fn quotes_and_brackets_are_found() {
        for text in [
            r#"{"a":[1,{"b":"}]"}],"c":{}}"#,
            r#"{"a\"b\\":"\\\\\"","c":[[[]]]}"#,
            r#"["\\","\\\"",["\"["]]"#,
            "{\"a\":{",
            "",
        ] {
            for pad in 0..130 {
                check(&format!("{}{text}", " ".repeat(pad)));
                check(&format!("{text}{}{text}", "[\"\\\\x\"]".repeat(pad)));
            }
        }
    }

    #[test]
    fn too_many_levels_are_given_up() {
        let text = "[".repeat(100) + &"]".repeat(100);
        let mut masks = Masks::default();
        masks.read(text.as_bytes());
        assert_eq!((masks.closing(0, 100), masks.closing(0, 50)), (Some(199), None));
    }

    #[test]
    fn blocks_are_read_the_same_everywhere() {
        for first in 0..=u8::MAX {
            let block = std::array::from_fn(|at| first.wrapping_add(u8::try_from(at * 7 % 256).unwrap()));
            assert_eq!(characters(&block), byte_by_byte(&block));
        }
    }
}
