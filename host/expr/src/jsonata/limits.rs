//! The limits of the evaluator, each with its unit. Each has a test that reaches it.

/// Steps one evaluation may take: nodes evaluated, items looked at, characters compared in bulk.
/// The default of [`super::Limits::steps`].
pub const JSONATA_STEPS_MAX: u64 = 5_000_000;

/// Bytes one evaluation may allocate over its whole course; what it frees again counts as well,
/// except for the frames of calls. The default of [`super::Limits::bytes`].
pub const JSONATA_BYTES_MAX: u64 = 25_165_824;

/// Levels of nested evaluation. A level of calls takes three to five. The default of
/// [`super::Limits::depth`], and chosen so that a thread of 2 MiB holds it in a debug build.
pub const JSONATA_DEPTH_MAX: u32 = 500;

/// Levels an expression may nest.
pub const JSONATA_NESTING_MAX: u16 = 200;

/// Levels of the tree of an expression. Nesting makes them, and so does a chain of operators,
/// `a & b & c`: one each.
pub const JSONATA_TREE_DEPTH_MAX: u16 = 450;

/// Bytes of one expression.
pub const JSONATA_SOURCE_BYTES_MAX: usize = 262_144;

/// How often an expression uses `%`, the parent.
pub const JSONATA_PARENTS_MAX: usize = 1_000;

/// Levels of arrays, objects and functions that hold each other, made by an expression.
pub const JSONATA_VALUE_DEPTH_MAX: u32 = 200;

/// Items of a range, `[1..n]`, in the words of the language.
pub const JSONATA_RANGE_ITEMS_MAX: u64 = 10_000_000;

/// Regular expressions in one expression.
pub const JSONATA_PATTERNS_MAX: usize = 64;

/// Groups `( … )` that capture, in one regular expression. What matching keeps in mind grows
/// with their number.
pub const JSONATA_GROUPS_MAX: usize = 40;

/// Bytes of a picture that `$toMillis` reads with.
pub const JSONATA_PICTURE_BYTES_MAX: usize = 512;

/// Bytes a compiled regular expression may take.
pub const JSONATA_REGEX_BYTES_MAX: usize = 262_144;
