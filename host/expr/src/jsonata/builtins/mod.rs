//! The functions of the language.

mod arrays;
mod aws;
mod dates;
mod format_number;
mod higher;
mod integers;
mod matching;
mod numeric;
mod objects;
mod picture;
mod picture_read;
mod strings;
mod urls;
mod words;

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

pub(super) use picture_read::Reading;

use super::Dialect;
use super::error::Fault;
use super::item::Item;
use super::machine::Machine;
use super::signature::Signature;

type Run = fn(&mut Machine<'_>, &Arguments<'_>) -> Result<Item, Fault>;

/// A function of the language.
#[derive(Debug)]
pub(super) struct Builtin {
    pub name: &'static str,
    pub signature: Signature,
    /// With how many arguments `$map` and its like call it.
    pub arity: usize,
    pub run: Run,
}

/// What a function was called with, fitted to its signature.
pub(super) struct Arguments<'a> {
    pub items: &'a [Item],
    pub context: &'a Item,
}

impl Arguments<'_> {
    pub(super) fn get(&self, at: usize) -> &Item {
        self.items.get(at).unwrap_or(&Item::Nothing)
    }

    fn text(&self, at: usize) -> Option<Arc<str>> {
        self.get(at).as_text()
    }

    fn number(&self, at: usize) -> Option<f64> {
        self.get(at).as_f64()
    }
}

/// The function of that name in that dialect.
pub(super) fn find(name: &str, dialect: Dialect) -> Option<&'static Builtin> {
    static COMMON: LazyLock<HashMap<&'static str, Builtin>> = LazyLock::new(|| table(&FUNCTIONS));
    static AWS: LazyLock<HashMap<&'static str, Builtin>> = LazyLock::new(|| table(&FUNCTIONS_AWS));
    static SUITE: LazyLock<HashMap<&'static str, Builtin>> = LazyLock::new(|| table(&FUNCTIONS_SUITE));
    let own = match dialect {
        Dialect::Aws206 => &AWS,
        Dialect::Suite => &SUITE,
    };
    own.get(name).or_else(|| COMMON.get(name))
}

/// The names of the functions of that dialect.
pub(super) fn names(dialect: Dialect) -> impl Iterator<Item = &'static str> {
    let own: &[Row] = match dialect {
        Dialect::Aws206 => &FUNCTIONS_AWS,
        Dialect::Suite => &FUNCTIONS_SUITE,
    };
    FUNCTIONS.iter().chain(own).map(|(name, ..)| *name)
}

type Row = (&'static str, &'static str, usize, Run);

fn table(rows: &[Row]) -> HashMap<&'static str, Builtin> {
    let mut table = HashMap::new();
    for (name, signature, arity, run) in rows {
        // The signatures are constants; a test reads every one of them.
        if let Ok(signature) = Signature::parse(signature) {
            table.insert(*name, Builtin { name, signature, arity: *arity, run: *run });
        }
    }
    table
}

const FUNCTIONS: [Row; 62] = [
    ("sum", "<a<n>:n>", 1, numeric::sum),
    ("count", "<a:n>", 1, arrays::count),
    ("max", "<a<n>:n>", 1, numeric::max),
    ("min", "<a<n>:n>", 1, numeric::min),
    ("average", "<a<n>:n>", 1, numeric::average),
    ("string", "<x-b?:s>", 1, strings::string),
    ("substring", "<s-nn?:s>", 3, strings::substring),
    ("substringBefore", "<s-s:s>", 2, strings::substring_before),
    ("substringAfter", "<s-s:s>", 2, strings::substring_after),
    ("lowercase", "<s-:s>", 1, strings::lowercase),
    ("uppercase", "<s-:s>", 1, strings::uppercase),
    ("length", "<s-:n>", 1, strings::length),
    ("trim", "<s-:s>", 1, strings::trim),
    ("pad", "<s-ns?:s>", 3, strings::pad),
    ("match", "<s-f<s:o>n?:a<o>>", 3, matching::find_all),
    ("contains", "<s-(sf):b>", 2, matching::contains),
    ("replace", "<s-(sf)(sf)n?:s>", 4, matching::replace),
    ("split", "<s-(sf)n?:a<s>>", 3, matching::split),
    ("join", "<a<s>s?:s>", 2, strings::join),
    ("formatNumber", "<n-so?:s>", 3, format_number::format_number),
    ("formatBase", "<n-n?:s>", 2, numeric::format_base),
    ("formatInteger", "<n-s:s>", 2, integers::format_integer),
    ("parseInteger", "<s-s:n>", 2, integers::parse_integer),
    ("number", "<(nsb)-:n>", 1, numeric::number),
    ("floor", "<n-:n>", 1, numeric::floor),
    ("ceil", "<n-:n>", 1, numeric::ceil),
    ("round", "<n-n?:n>", 2, numeric::round),
    ("abs", "<n-:n>", 1, numeric::abs),
    ("sqrt", "<n-:n>", 1, numeric::sqrt),
    ("power", "<n-n:n>", 2, numeric::power),
    ("boolean", "<x-:b>", 1, objects::boolean),
    ("not", "<x-:b>", 1, objects::not),
    ("map", "<af>", 2, higher::map),
    ("zip", "<a+>", 0, arrays::zip),
    ("filter", "<af>", 2, higher::filter),
    ("single", "<af?>", 2, higher::single),
    ("reduce", "<afj?:j>", 3, higher::reduce),
    ("sift", "<o-f?:o>", 2, higher::sift),
    ("keys", "<x-:a<s>>", 1, objects::keys),
    ("lookup", "<x-s:x>", 2, objects::lookup),
    ("append", "<xx:a>", 2, arrays::append),
    ("exists", "<x:b>", 1, objects::exists),
    ("spread", "<x-:a<o>>", 1, objects::spread),
    ("merge", "<a<o>:o>", 1, objects::merge),
    ("reverse", "<a:a>", 1, arrays::reverse),
    ("each", "<o-f:a>", 2, higher::each),
    ("error", "<s?:x>", 1, objects::error),
    ("assert", "<bs?:x>", 2, objects::assert),
    ("type", "<x:s>", 1, objects::kind),
    ("sort", "<af?:a>", 2, arrays::sort),
    ("shuffle", "<a:a>", 1, arrays::shuffle),
    ("distinct", "<x:x>", 1, arrays::distinct),
    ("base64encode", "<s-:s>", 1, urls::base64_encode),
    ("base64decode", "<s-:s>", 1, urls::base64_decode),
    ("encodeUrlComponent", "<s-:s>", 1, urls::encode_component),
    ("encodeUrl", "<s-:s>", 1, urls::encode),
    ("decodeUrlComponent", "<s-:s>", 1, urls::decode_component),
    ("decodeUrl", "<s-:s>", 1, urls::decode),
    ("toMillis", "<s-s?:n>", 2, dates::to_millis),
    ("fromMillis", "<n-s?s?:s>", 3, dates::from_millis),
    ("now", "<s?s?:s>", 2, dates::now),
    ("millis", "<:n>", 0, dates::millis),
];

const FUNCTIONS_AWS: [Row; 6] = [
    ("partition", "<an:a>", 2, aws::partition),
    ("range", "<nnn:a>", 3, aws::range),
    ("hash", "<s-s:s>", 2, aws::hash),
    ("random", "<n?:n>", 1, aws::random),
    ("uuid", "<:s>", 0, aws::uuid),
    ("parse", "<s-:x>", 1, aws::parse),
];

const FUNCTIONS_SUITE: [Row; 3] = [
    ("random", "<:n>", 0, numeric::random),
    ("eval", "<sx?:x>", 2, objects::eval),
    ("clone", "<(oa)-:o>", 1, objects::clone),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_signature_can_be_read() {
        for (name, signature, ..) in FUNCTIONS.iter().chain(&FUNCTIONS_AWS).chain(&FUNCTIONS_SUITE) {
            assert!(Signature::parse(signature).is_ok(), "{name}: {signature}");
        }
        assert!(find("sum", Dialect::Aws206).is_some());
        assert!(find("eval", Dialect::Aws206).is_none());
    }
}
