//! IP addresses and CIDR blocks, compared as hexadecimal digits.

/// Why a CIDR block is refused, in AWS's words.
pub(crate) type Refusal = String;

/// A range of addresses: both ends belong to it and have the same number of digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Block {
    spelled: String,
    low: Vec<u8>,
    high: Vec<u8>,
}

impl Block {
    /// The block `address/bits`.
    pub(crate) fn cidr(spelled: &str) -> Result<Self, Refusal> {
        // A trailing slash counts for nothing, as in the engine this agrees with.
        let trimmed = spelled.trim_end_matches('/');
        let (address, bits) = match trimmed.split_once('/') {
            Some((address, bits)) if !bits.contains('/') => (address, bits),
            _ => return Err("Malformed CIDR, one '/' required".to_owned()),
        };
        let bits: i32 = bits.parse().map_err(|_| "Malformed CIDR, mask bits must be an integer".to_owned())?;
        let bits = u32::try_from(bits).map_err(|_| "Malformed CIDR, mask bits must not be negative".to_owned())?;
        let bytes = match Address::read(address) {
            Address::Bytes(bytes) => bytes,
            Address::Invalid => return Err(format!("Invalid IP address: {address}")),
            Address::Other => return Err(format!("Nonstandard IP address: {address}")),
        };
        if bytes.len() == 4 && bits > 31 {
            return Err("IPv4 mask bits must be < 32".to_owned());
        }
        if bits > 127 {
            return Err("IPv6 mask bits must be < 128".to_owned());
        }
        let mut low = Vec::new();
        let mut high = Vec::new();
        let mut left = bits;
        for byte in bytes {
            let kept = left.min(8);
            left = left.saturating_sub(kept);
            let host = 0xff_u8.checked_shr(kept).unwrap_or(0);
            low.push(byte & !host);
            high.push(byte | host);
        }
        Ok(Self { spelled: spelled.to_owned(), low: digits(&low), high: digits(&high) })
    }

    /// The one address that a text is, if it is one.
    pub(crate) fn single(spelled: &str) -> Option<Self> {
        let digits = address_digits(spelled)?;
        Some(Self { spelled: spelled.to_owned(), low: digits.clone(), high: digits })
    }

    /// The block as it was written.
    pub(crate) fn spelled(&self) -> &str {
        &self.spelled
    }

    /// The digits with which all begin that lie in the block.
    pub(crate) fn shared_digits(&self) -> &[u8] {
        let shared = self.low.iter().zip(&self.high).take_while(|(low, high)| low == high).count();
        self.low.get(..shared).unwrap_or(&[])
    }

    /// Whether the digits lie in the block. As many are looked at as are needed to tell:
    /// so a long address, or the digits of a plain number, can lie in a block of short
    /// ones. That is what the engine this agrees with does.
    pub(crate) fn holds(&self, digits: &[u8]) -> bool {
        let mut above_low = false;
        let mut below_high = false;
        let mut given = digits.iter();
        for (low, high) in self.low.iter().zip(&self.high) {
            if above_low && below_high {
                return true;
            }
            let Some(digit) = given.next() else { return false };
            if !matches!(digit, b'0'..=b'9' | b'A'..=b'F')
                || (!above_low && digit < low)
                || (!below_high && digit > high)
            {
                return false;
            }
            above_low |= digit > low;
            below_high |= digit < high;
        }
        true
    }
}

/// The digits of the address that a text is: eight or thirty-two.
pub(crate) fn address_digits(text: &str) -> Option<Vec<u8>> {
    match Address::read(text) {
        Address::Bytes(bytes) => Some(digits(&bytes)),
        Address::Invalid | Address::Other => None,
    }
}

enum Address {
    Bytes(Vec<u8>),
    /// Looks like an address and is none.
    Invalid,
    /// Does not look like one.
    Other,
}

impl Address {
    fn read(text: &str) -> Self {
        let parts: Vec<&str> = text.split('.').collect();
        if parts.len() == 4 && parts.iter().all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit())) {
            // Leading zeros do not make a number octal.
            let bytes: Option<Vec<u8>> = parts.iter().map(|part| part.parse().ok()).collect();
            return bytes.map_or(Self::Invalid, Self::Bytes);
        }
        if text.contains(':') && text.bytes().all(|b| b == b':' || b.is_ascii_hexdigit()) {
            return sixteen(text).map_or(Self::Invalid, Self::Bytes);
        }
        Self::Other
    }
}

/// The bytes of an IPv6 address; four where it only wraps an IPv4 address.
fn sixteen(text: &str) -> Option<Vec<u8>> {
    let groups = |text: &str| -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        if text.is_empty() {
            return Some(bytes);
        }
        for group in text.split(':') {
            let significant = group.trim_start_matches('0');
            if group.is_empty() || significant.len() > 4 {
                return None;
            }
            let value = if significant.is_empty() { 0 } else { u16::from_str_radix(significant, 16).ok()? };
            bytes.extend(value.to_be_bytes());
        }
        Some(bytes)
    };
    let bytes = match text.split_once("::") {
        None => groups(text)?,
        Some((front, back)) => {
            let mut bytes = groups(front)?;
            let back = groups(back)?;
            let missing = 16_usize.checked_sub(bytes.len())?.checked_sub(back.len())?;
            if missing == 0 {
                return None;
            }
            bytes.extend(std::iter::repeat_n(0, missing));
            bytes.extend(back);
            bytes
        }
    };
    if bytes.len() != 16 {
        return None;
    }
    match bytes.split_at_checked(12) {
        Some((wrap, inner)) if *wrap == [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff] => Some(inner.to_vec()),
        _ => Some(bytes),
    }
}

fn digits(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().flat_map(|byte| format!("{byte:02X}").into_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inside(block: &str, address: &str) -> bool {
        Block::cidr(block).unwrap().holds(&address_digits(address).unwrap())
    }

    #[test]
    fn blocks_hold_their_addresses() {
        assert!(inside("10.0.0.0/8", "10.255.255.255"));
        assert!(!inside("10.0.0.0/8", "11.0.0.0"));
        assert!(inside("10.0.0.255/24", "10.0.0.1"));
        assert!(inside("220.160.59.225/31", "220.160.59.224"));
        assert!(inside("2001:DB8::/32", "2001:db8::1"));
        assert!(inside("10.0.0.0/08", "10.0.0.01"));
        assert!(inside("0.0.0.0/0", "2001:db8::"));
        assert!(!inside("10.0.0.0/8", "2001:db8::"));
        assert!(Block::cidr("::/0").unwrap().holds(b"167772161"));
        assert!(!Block::cidr("::/0").unwrap().holds(b"0"));
    }

    #[test]
    fn an_address_has_one_set_of_digits() {
        assert_eq!(address_digits("::1"), address_digits("0:0:0:0:0:0:0:1"));
        assert_eq!(address_digits("::ffff:a00:1"), address_digits("10.0.0.1"));
        for bad in [
            "",
            ":",
            ":::",
            "1:2",
            "1::2::3",
            "10.0.0",
            "300.0.0.0",
            "1:2:3:4:5:6:7:8:9",
            "1:2:3:4:5:6:7::8",
            "::12345",
            ":1::",
            "::1:",
        ] {
            assert_eq!(address_digits(bad), None, "{bad}");
        }
    }

    #[test]
    fn refusals_say_why() {
        for (block, why) in [
            ("10.0.0.0", "Malformed CIDR, one '/' required"),
            ("10.0.0.0/8/8", "Malformed CIDR, one '/' required"),
            ("", "Malformed CIDR, one '/' required"),
            ("bad-/64filter", "Malformed CIDR, mask bits must be an integer"),
            ("10.0.0.0/-1", "Malformed CIDR, mask bits must not be negative"),
            ("10.0.0.1/32", "IPv4 mask bits must be < 32"),
            ("2001:db8::/129", "IPv6 mask bits must be < 128"),
            ("300.0.0.0/8", "Invalid IP address: 300.0.0.0"),
            ("/8", "Nonstandard IP address: "),
            ("xx.11.xx/8", "Nonstandard IP address: xx.11.xx"),
        ] {
            assert_eq!(Block::cidr(block).unwrap_err(), why);
        }
    }
}
