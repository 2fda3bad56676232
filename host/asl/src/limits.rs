//! Every limit of the language, with its unit.

/// Largest payload: a state's input, result or output, an execution's input or output (bytes
/// of compact JSON).
pub const PAYLOAD_BYTES_MAX: usize = 262_144;
/// Deepest nesting of objects and arrays in a payload (levels). What is deeper could not be
/// read back from its text.
pub const PAYLOAD_DEPTH_MAX: usize = 120;
/// Most new payloads that one step may make, before the execution waits for an input (bytes).
/// It keeps a definition that never waits from filling the memory with its history.
pub const STEP_BYTES_MAX: usize = 134_217_728;
/// Most memory that what one step makes may take, before the execution waits for an input (bytes,
/// about). What payloads share with each other counts once.
pub const STEP_MEMORY_BYTES_MAX: usize = 33_554_432;
/// Most values that paths and functions may look at or make in one step of an execution, before
/// it waits for an input (values).
pub const STEP_VALUES_MAX: u64 = 50_000_000;
/// Most steps that the expressions of JSONata may take in one step of an execution, before it
/// waits for an input (steps of evaluation).
pub const STEP_QUERY_STEPS_MAX: u64 = 6_000_000;
/// Most events in an execution's history (events).
pub const HISTORY_EVENTS_MAX: u64 = 25_000;
/// Largest definition (bytes of text).
pub const DEFINITION_BYTES_MAX: usize = 1_048_576;
/// Deepest nesting of objects and arrays in a definition's text (levels).
pub const DEFINITION_JSON_LEVELS_MAX: usize = 127;
/// Deepest nesting of Parallel and Map states inside each other (levels).
pub const DEFINITION_NESTING_MAX: usize = 25;
/// Deepest nesting of `And`, `Or` and `Not` in a choice rule (levels).
pub const CHOICE_NESTING_MAX: usize = 64;
/// Longest name of a state (characters).
pub const STATE_NAME_CHARS_MAX: usize = 80;
/// Most iterations of an inline Map at the same time, also with `MaxConcurrency` 0 (iterations).
pub const MAP_CONCURRENCY_MAX: u64 = 40;
/// Longest delay that a definition can give a Wait state, a timeout or a retry (seconds).
pub const DELAY_SECONDS_MAX: u64 = 99_999_999;
/// Longest wait that an input can ask of a Wait state (seconds).
pub const WAIT_SECONDS_MAX: u64 = 0x7fff_ffff;
/// Most `MaxAttempts` of a retrier (attempts).
pub const RETRY_ATTEMPTS_MAX: u64 = 99_999_999;
/// Longest `MaxDelaySeconds` of a retrier (seconds).
pub const RETRY_DELAY_SECONDS_MAX: u64 = 31_622_400;
/// Most problems that one check reports (diagnostics); a last one says that there are more.
pub const DIAGNOSTICS_MAX: usize = 100;
/// Most text that these problems have together (bytes); one problem may have more.
pub const DIAGNOSTICS_BYTES_MAX: usize = 1_048_576;
/// Most text that the pointers to all states have together (bytes). A pointer holds the names of
/// the states around, so that few bytes of a definition could ask for many of memory.
pub const STATE_POINTERS_BYTES_MAX: usize = 16_777_216;

/// Longest part of a call's log that comes with its result (bytes): the last ones, as AWS Lambda gives them.
pub const LOG_TAIL_BYTES_MAX: usize = 4_096;
/// Largest `MaxInputBytesPerBatch` of a distributed Map (bytes).
pub const BATCH_BYTES_MAX: u64 = 262_144;
/// Longest an Express child execution of a distributed Map may take (seconds), as AWS has it.
pub const EXPRESS_SECONDS_MAX: u64 = 300;
/// Longest `Label` of a distributed Map (characters).
pub const LABEL_CHARS_MAX: usize = 40;

/// Longest input, context object, mocked result and the like of the test of a state (characters).
pub const TEST_INPUT_CHARS_MAX: usize = 262_144;
/// Longest name of a mocked error (characters).
pub const TEST_ERROR_CHARS_MAX: usize = 256;
/// Longest cause of a mocked error (characters).
pub const TEST_CAUSE_CHARS_MAX: usize = 32_768;
/// Longest wait of a state that is tested; what waits longer fails with `States.Timeout` (seconds).
pub const TEST_SECONDS_MAX: u64 = 300;

/// Largest object of all variables that one `Assign` sets, and so the largest variable (bytes of
/// compact JSON).
pub const ASSIGN_BYTES_MAX: usize = 262_144;

/// Most that all variables of an execution may have at the same time (bytes of compact JSON,
/// about).
pub const VARIABLES_BYTES_MAX: usize = 10_485_760;
