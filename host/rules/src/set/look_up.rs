//! Finds the conditions that the values of a field fit.

use super::find::Matching;
use super::memo::Holds;
use super::{ExceptionPlace, Hint};
use crate::chunks::NONE;
use crate::condition::{Condition, Range};
use crate::event::Seen;
use crate::fold::fold_into;
use crate::set::fields::Field;
use crate::set::keys::{Key, Kind, Word, short, width_hash};
use crate::set::ranges::ordered;

/// With more values of a field than this, equal ones are looked up once, and what all holds
/// already is not looked at again.
const FEW_VALUES: u32 = 32;

/// One value that is being looked up.
#[derive(Debug, Clone, Copy)]
struct Lookup<'a> {
    number: u32,
    field: u32,
    seen: Seen<'a>,
    /// One of many, and which.
    crowded: Option<u32>,
}

impl Matching<'_> {
    /// Finds all conditions on a field that its values fit, and counts for its exceptions
    /// how many values they cover.
    pub(super) fn look_up(&mut self, number: u32, field: &Field) {
        let crowded = self.flat.present(number).is_some_and(|present| present.count > FEW_VALUES);
        let (mut count, mut numbers) = (0_u32, None);
        let mut each = |matching: &mut Self, value: u32, crowded: bool| {
            let seen = matching.flat.seen(value, matching.text);
            count = count.saturating_add(1);
            if let Some(double) = seen.number() {
                let (least, greatest) = numbers.unwrap_or((double, double));
                numbers = Some((double.min(least), double.max(greatest)));
            }
            let crowded = crowded.then_some(count);
            matching.look_up_value(field, Lookup { number: value, field: number, seen, crowded });
        };
        if crowded {
            for value in self.different_values(number) {
                each(self, value, true);
            }
        } else {
            for value in self.flat.values(number) {
                each(self, value, false);
            }
        }
        self.memo.set_looked_up(number, count, numbers);
    }

    /// Finds the requirements that lead to rules and that most values fit.
    pub(super) fn find_broadly_leading(&mut self, number: u32, field: &Field) {
        if field.kinds & Kind::Broad.bit() != 0 {
            let hash = Key::Broad.hash(self.set.seed, number);
            let mut next = self.set.hints.first(hash);
            while let Some(hint) = self.set.hints.get(next) {
                next = hint.next;
                if hint.hash == hash {
                    self.try_broadly(number, hint.target);
                }
            }
        }
        if let Some((least, greatest)) = self.memo.looked_up(number).and_then(|there| there.numbers) {
            for requirement in field.above.up_to(greatest).chain(field.below.down_to(least)) {
                self.try_broadly(number, requirement);
            }
        }
    }

    fn try_broadly(&mut self, field: u32, number: u32) {
        self.memo.step();
        if self.memo.holds(number).is_some() {
            return;
        }
        if let Some(requirement) = self.set.requirements.get(number).filter(|there| there.field == field)
            && self.fits_broadly(requirement)
        {
            self.found(number, requirement.leads);
        }
    }

    /// The values of a field, of equal ones the first.
    fn different_values(&mut self, field: u32) -> Vec<u32> {
        let mut values: Vec<u32> = self.flat.values(field).collect();
        values.sort_by(|one, other| self.rank(*one).cmp(&self.rank(*other)));
        self.memo.set_sorted(field, values.clone());
        values.dedup_by(|one, other| self.rank(*one) == self.rank(*other));
        self.memo.numbers.clear();
        let numbers = values.iter().filter_map(|value| self.flat.seen(*value, self.text).number());
        self.memo.numbers.extend(numbers);
        self.memo.numbers.sort_by(f64::total_cmp);
        self.memo.numbers.dedup();
        values
    }

    /// What the values of a field are sorted by.
    pub(super) fn rank(&self, value: u32) -> (u8, &str) {
        match self.flat.seen(value, self.text) {
            Seen::Text { text, .. } => (0, text),
            Seen::Number { spelled, .. } => (1, spelled),
            Seen::True => (2, ""),
            Seen::False => (3, ""),
            Seen::Null => (4, ""),
        }
    }

    fn look_up_value(&mut self, field: &Field, value: Lookup<'_>) {
        match value.seen {
            Seen::Text { text, address } => {
                self.look_up_text(field, value, text);
                if let Some(digits) = address {
                    self.look_up_beginnings(Kind::Address, &field.address_digits, digits, value);
                }
            }
            Seen::Number { spelled, double } => {
                if field.kinds & Kind::Spelling.bit() != 0 {
                    self.visit(Key::Spelling(spelled).hash(self.set.seed, value.field), value);
                }
                self.look_up_beginnings(Kind::Address, &field.address_digits, spelled.as_bytes(), value);
                if let Some(double) = double {
                    self.look_up_number(field, value, double);
                }
            }
            Seen::True => self.visit(Key::Word(Word::True).hash(self.set.seed, value.field), value),
            Seen::False => self.visit(Key::Word(Word::False).hash(self.set.seed, value.field), value),
            Seen::Null => self.visit(Key::Word(Word::Null).hash(self.set.seed, value.field), value),
        }
    }

    fn look_up_number(&mut self, field: &Field, value: Lookup<'_>, double: f64) {
        if field.kinds & Kind::Number.bit() != 0 {
            self.visit(Key::Number(double).hash(self.set.seed, value.field), value);
        }
        let mut widths = field.widths;
        while widths != 0 {
            let power = widths.trailing_zeros();
            widths &= widths.wrapping_sub(1);
            let number = ordered(double) >> power;
            self.visit(short(width_hash(self.set.seed, value.field, power, number)), value);
        }
    }

    fn look_up_text(&mut self, field: &Field, value: Lookup<'_>, text: &str) {
        let seed = self.set.seed;
        if field.kinds & Kind::Text.bit() != 0 {
            self.visit(Key::Text(text).hash(seed, value.field), value);
        }
        if field.kinds & Kind::AnyText.bit() != 0 {
            self.visit(Key::AnyText.hash(seed, value.field), value);
        }
        self.look_up_beginnings(Kind::Prefix, &field.prefixes, text.as_bytes(), value);
        self.look_up_ends(Kind::Suffix, &field.suffixes, text.as_bytes(), value);
        for length in &field.pieces {
            self.look_up_pieces(crate::chunks::place(*length), text.as_bytes(), value);
        }
        let folding = Kind::Folded.bit() | Kind::FoldedPrefix.bit() | Kind::FoldedSuffix.bit();
        if field.kinds & folding != 0 {
            let mut folded = std::mem::take(&mut self.memo.folded);
            folded.clear();
            fold_into(text, &mut folded);
            let bytes = folded.as_bytes();
            if field.kinds & Kind::Folded.bit() != 0 {
                self.visit(short(Kind::Folded.start(seed, value.field).of(bytes)), value);
            }
            self.look_up_beginnings(Kind::FoldedPrefix, &field.folded_prefixes, bytes, value);
            self.look_up_ends(Kind::FoldedSuffix, &field.folded_suffixes, bytes, value);
            self.memo.folded = folded;
        }
    }

    fn look_up_beginnings(&mut self, kind: Kind, lengths: &[u32], bytes: &[u8], value: Lookup<'_>) {
        if !lengths.is_empty() {
            let start = kind.start(self.set.seed, value.field);
            start.beginnings(bytes, lengths, |hash| self.visit(short(hash), value));
        }
    }

    fn look_up_ends(&mut self, kind: Kind, lengths: &[u32], bytes: &[u8], value: Lookup<'_>) {
        if !lengths.is_empty() {
            let start = kind.start(self.set.seed, value.field);
            start.ends(bytes, lengths, |hash| self.visit(short(hash), value));
        }
    }

    /// Looks up every piece of a text once, however often it is there.
    fn look_up_pieces(&mut self, length: usize, bytes: &[u8], value: Lookup<'_>) {
        let start = Kind::Piece.start(self.set.seed, value.field);
        let mut pieces = std::mem::take(&mut self.memo.pieces);
        pieces.clear();
        for piece in bytes.windows(length.max(1)) {
            self.memo.step();
            let hash = short(start.of(piece));
            if self.set.hints.first(hash) != NONE {
                pieces.push(hash);
            }
        }
        pieces.sort_unstable();
        pieces.dedup();
        for hash in &pieces {
            self.visit(*hash, value);
        }
        self.memo.pieces = pieces;
    }

    /// Asks all that have this key whether the value fits.
    fn visit(&mut self, hash: u32, value: Lookup<'_>) {
        let hints = &self.set.hints;
        if value.crowded.is_some() && self.memo.is_done(hints.slot(hash), hash) {
            return;
        }
        let mut done = true;
        let mut next = hints.first(hash);
        while let Some(hint) = hints.get(next) {
            next = hint.next;
            self.memo.step();
            if hint.hash == hash {
                done &= if hint.excepts { self.meet_exception(hint, value) } else { self.meet(hint, value) };
            }
        }
        if value.crowded.is_some() && done {
            self.memo.set_done(hints.slot(hash), hash, hints.slots());
        }
    }

    /// Asks a condition whether the value fits; tells whether further values with the same
    /// key would change nothing.
    fn meet(&mut self, hint: &Hint, value: Lookup<'_>) -> bool {
        if self.memo.holds(hint.target).is_some() {
            return true;
        }
        let Some(requirement) = self.set.requirements.get(hint.target) else { return true };
        let condition = requirement.conditions.get(usize::from(hint.part));
        let Some(condition) = condition.filter(|_| requirement.field == value.field) else { return true };
        let (fits, decided) = match condition {
            Condition::Numeric(range @ Range::Between(bottom, _)) if value.crowded.is_some() => {
                let from = self.memo.numbers.partition_point(|number| *number < bottom.double);
                let two = self.memo.numbers.iter().skip(from).take(2);
                (two.copied().any(|number| range.holds(number)), true)
            }
            _ => (condition.fits(value.seen), false),
        };
        if fits {
            self.found(hint.target, requirement.leads);
        }
        fits || decided
    }

    /// The same for an exception. Once it has missed a value, no other changes anything.
    fn meet_exception(&mut self, hint: &Hint, value: Lookup<'_>) -> bool {
        let Some(ExceptionPlace { requirement, condition }) = self.set.exceptions.get(hint.target) else { return true };
        let Some(requirement) = self.set.requirements.get(*requirement) else { return true };
        if !self.memo.is_covered(hint.target, value.number)
            && requirement.field == value.field
            && let Some(Condition::AnythingBut(exception)) = requirement.conditions.get(usize::from(*condition))
            && exception.member_covers(usize::from(hint.part), value.seen)
        {
            self.memo.set_covered(hint.target, value.number);
        }
        value.crowded.is_some_and(|values| self.memo.covered(hint.target) < values)
    }

    /// A requirement holds.
    fn found(&mut self, requirement: u32, leads: u32) {
        self.memo.set_holds(requirement, Holds::Yes);
        if leads != NONE {
            self.memo.leading.push(requirement);
        }
    }
}
