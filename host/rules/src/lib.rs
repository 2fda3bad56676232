//! Event patterns, input transformers and schedules: what EventBridge decides. Pure.
//!
//! **Invariant:** nothing here reads a clock, draws a random number, performs IO, logs or
//! awaits; whatever text comes in, the answer is a value and never a panic.
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test that cannot go on fails"))]

mod address;
mod condition;
mod cron;
mod error;
mod event;
mod explain;
mod fold;
mod json;
mod matching;
mod number;
mod operators;
mod path;
mod pattern;
mod schedule;
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
pub use transform::{
    INPUT_CHARACTERS_MAX, INPUT_PATHS_MAX, InputError, InputSettings, Occurrence, PREDEFINED_VARIABLES, TargetInput,
    Undeliverable, is_json_object,
};
pub use wildcard::{WILDCARD_PLACE_SETS_MAX, WILDCARD_PLACES_MAX};
