//! Event patterns, input transformers and schedules: what EventBridge decides. Pure.
//!
//! # Many rules at once
//! [`Pattern::matches`] asks every condition about every value; it defines what matches.
//! [`RuleSet`] finds the same rules among very many without asking each of them:
//!
//! 1. **The event is scanned, not parsed.** Quotes and brackets of the text become bit masks.
//!    A tree of the keys that rules name is walked along the text; what no rule names is
//!    skipped from bracket to bracket, and a value that one names is kept as a place in the
//!    text, with the array elements it lies in. Duplicate keys and dots in keys therefore
//!    mean the same here as there.
//! 2. **Values lead to conditions.** A field with its list of conditions is a *requirement*,
//!    kept once however many rules have it. Each condition is filed under a key that every
//!    fitting value has: the text, its first or last bytes, its folded form, four bytes of it,
//!    the first digits of an address, a number, or the range among those of the same width
//!    (a power of two, in the order of doubles) that it lies in. All keys of all fields are
//!    one hash table. Keys narrow down; whether a value fits is asked of the condition itself.
//! 3. **`anything-but` counts what it excepts.** Its members are filed like conditions; it
//!    fits when it covers fewer values than there are. Ranges with one bound are kept in order.
//! 4. **A rule waits at one requirement**, which is the one that the fewest others use, and
//!    broad ones (`exists`, `anything-but`, one bound) only if there is no better. Its other
//!    requirements are looked at when that one holds; what holds is remembered for the event.
//! 5. **Arrays** matter when two fields of an alternative have values in elements of arrays.
//!    In one array they must share an element in which each of them fits. Where arrays lie in
//!    each other or a field may be absent, the search of [`Pattern::matches`] decides, with
//!    its limit [`MATCH_STEPS_MAX`].
//!
//! **Changes.** All lists and tables lie in chunks that copies share. A writer changes its
//! set and publishes a copy; a reader matches against the copy it has, without a lock. A
//! removed rule is skipped until the removed ones are more than the others; then the set is
//! built again.
//!
//! **Work.** An event costs its length, what its values find, and the alternatives that wait
//! at requirements which hold. It is never more than asking every pattern, and for equal
//! values, long values and nested prefixes it does not grow with rules times values;
//! [`Scratch::steps`] counts it. It can grow so for values of one field that all begin with
//! what many exceptions or wildcards begin with.
//!
//! **Invariant:** nothing here reads a clock, draws a random number, performs IO, logs or
//! awaits; whatever text comes in, the answer is a value and never a panic.
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test that cannot go on fails"))]

mod address;
mod chunks;
mod condition;
mod cron;
mod digest;
mod error;
mod event;
mod explain;
mod fold;
mod json;
mod masks;
mod matching;
mod number;
mod operators;
mod path;
mod pattern;
mod schedule;
mod set;
mod transform;
mod wildcard;

pub use cron::CRON_YEARS;
pub use error::{EventError, PatternError, PatternErrorKind};
pub use event::{ENVELOPE_FIELDS, EVENT_BYTES_MAX, Event};
pub use explain::{
    EXPLAINED_ALTERNATIVES_MAX, EXPLAINED_CHARACTERS_MAX, EXPLAINED_VALUES_MAX, Explanation, Hit, Miss, NearMiss, Why,
};
pub use json::{Location, NESTING_LEVELS_MAX, NUMBER_CHARACTERS_MAX};
pub use matching::MATCH_STEPS_MAX;
pub use path::PATH_CHARACTERS_MAX;
pub use pattern::{ALTERNATIVE_FIELDS_MAX, ALTERNATIVES_MAX, OR_LEVELS_MAX, PATTERN_BYTES_MAX, Pattern};
pub use schedule::{SCHEDULE_CHARACTERS_MAX, Schedule, ScheduleError, ScheduleOwner, Zone};
pub use set::{RuleId, RuleSet, Scratch};
pub use transform::{
    INPUT_CHARACTERS_MAX, INPUT_PATHS_MAX, InputError, InputSettings, Occurrence, PREDEFINED_VARIABLES, TargetInput,
    Undeliverable, is_json_object,
};
pub use wildcard::{WILDCARD_PLACE_SETS_MAX, WILDCARD_PLACES_MAX};
