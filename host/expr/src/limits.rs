//! The limits of this crate, each with its unit. Each has a test that reaches it.

/// Values the evaluation of one path, one expression or one whole template may look at (by
/// wildcards, `..`, filters and comparisons) or make (by functions).
pub const EVALUATION_VALUES_MAX: usize = 1_000_000;

/// Bytes of text that count as one value of [`EVALUATION_VALUES_MAX`].
pub const TEXT_BYTES_PER_VALUE: usize = 16;

/// Levels of objects and arrays in a document that can be written and read again.
pub const DOCUMENT_DEPTH_MAX: usize = 127;

/// Segments one path may have. A document is never deeper than [`DOCUMENT_DEPTH_MAX`] when it
/// arrives, so a longer path could match nothing.
pub const PATH_SEGMENTS_MAX: usize = 128;

/// Levels of parentheses, `!` and nested filters in a path's filters.
pub const FILTER_DEPTH_MAX: usize = 16;

/// Characters of a variable's name.
pub const VARIABLE_NAME_CHARS_MAX: usize = 80;

/// Levels of intrinsic calls within one field; the outermost call is level one.
pub const INTRINSIC_DEPTH_MAX: usize = 10;

/// Arguments of one intrinsic call.
pub const INTRINSIC_ARGUMENTS_MAX: usize = 1_000;

/// Bytes of text one intrinsic call may produce: four times the largest payload.
pub const INTRINSIC_TEXT_BYTES_MAX: usize = 1_048_576;

/// Characters `States.Base64Encode`, `States.Base64Decode` and `States.Hash` take.
pub const INTRINSIC_DATA_CHARS_MAX: usize = 10_000;

/// Items `States.ArrayRange` makes.
pub const ARRAY_RANGE_ITEMS_MAX: usize = 1_000;

/// Levels of objects and arrays in a payload template.
pub const TEMPLATE_DEPTH_MAX: usize = DOCUMENT_DEPTH_MAX;
/// Most problems that one template reports (problems).
pub const TEMPLATE_ERRORS_MAX: usize = 100;

/// Bytes of a document that an error's cause repeats; the rest is cut off.
pub const CAUSE_INPUT_BYTES_MAX: usize = 32_768;
