//! Base64 and percent-encoding.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::Arguments;
use crate::jsonata::error::Fault;
use crate::jsonata::item::Item;
use crate::jsonata::machine::Machine;

type Result<T = Item> = std::result::Result<T, Fault>;

/// Never encoded.
const UNRESERVED: &[u8] = b"-_.!~*'()";
/// Not encoded in a whole URL, and left encoded when one is decoded.
const RESERVED: &[u8] = b";/?:@&=+$,#";

pub(super) fn base64_encode(machine: &mut Machine<'_>, arguments: &Arguments<'_>) -> Result {
    let Some(text) = arguments.text(0) else { return Ok(Item::Nothing) };
    machine.charge_text(text.len().saturating_mul(4) / 3 + 4)?;
    Ok(Item::text(STANDARD.encode(text.as_bytes())))
}

pub(super) fn base64_decode(machine: &mut Machine<'_>, arguments: &Arguments<'_>) -> Result {
    let Some(text) = arguments.text(0) else { return Ok(Item::Nothing) };
    machine.charge_text(text.len())?;
    let refused = || Fault::new("D3901").message("$base64decode was not given text in base64");
    let bytes = STANDARD.decode(text.as_bytes()).map_err(|_| refused())?;
    String::from_utf8(bytes).map(Item::text).map_err(|_| refused())
}

pub(super) fn encode_component(machine: &mut Machine<'_>, arguments: &Arguments<'_>) -> Result {
    encoded(machine, arguments, &[UNRESERVED])
}

pub(super) fn encode(machine: &mut Machine<'_>, arguments: &Arguments<'_>) -> Result {
    encoded(machine, arguments, &[UNRESERVED, RESERVED])
}

fn encoded(machine: &mut Machine<'_>, arguments: &Arguments<'_>, plain: &[&[u8]]) -> Result {
    let Some(text) = arguments.text(0) else { return Ok(Item::Nothing) };
    machine.charge_text(text.len().saturating_mul(3))?;
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || plain.iter().any(|set| set.contains(&byte)) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    Ok(Item::text(out))
}

pub(super) fn decode_component(machine: &mut Machine<'_>, arguments: &Arguments<'_>) -> Result {
    decoded(machine, arguments, &[])
}

pub(super) fn decode(machine: &mut Machine<'_>, arguments: &Arguments<'_>) -> Result {
    decoded(machine, arguments, RESERVED)
}

fn decoded(machine: &mut Machine<'_>, arguments: &Arguments<'_>, kept: &[u8]) -> Result {
    let Some(text) = arguments.text(0) else { return Ok(Item::Nothing) };
    machine.charge_text(text.len())?;
    let shown: String = text.chars().take(200).collect();
    let refused = || Fault::new("D3140").value_text(format!("\"{shown}\""));
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let digits = after.get(..2).and_then(|digits| std::str::from_utf8(digits).ok()).ok_or_else(refused)?;
        let byte = u8::from_str_radix(digits, 16).map_err(|_| refused())?;
        if kept.contains(&byte) {
            bytes.push(b'%');
            bytes.extend_from_slice(digits.as_bytes());
        } else {
            bytes.push(byte);
        }
        rest = after.get(2..).unwrap_or_default();
    }
    String::from_utf8(bytes).map(Item::text).map_err(|_| refused())
}
