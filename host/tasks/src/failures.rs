//! The names of the failures that the host itself gives to a call. A task's own failures keep
//! the names their authors chose. `Retry` and `Catch` can name any of these; all but
//! [`TIMEOUT`] and [`RESULT_TOO_LARGE`] are also matched by `States.TaskFailed`.

/// The fuel of the budget is used up, or the wall-clock backstop ended the call. The cause
/// says how much went on computing and how much on waiting.
pub const TIMEOUT: &str = "States.Timeout";
/// The result is larger than 262,144 bytes.
pub const RESULT_TOO_LARGE: &str = "States.DataLimitExceeded";
/// The guest trapped; the cause has the trap and the backtrace with function names.
pub const TRAP: &str = "Task.Trap";
/// The guest panicked; the cause has the message and the backtrace with function names.
pub const PANIC: &str = "Task.Panic";
/// The guest asked for more memory than its limit.
pub const MEMORY_LIMIT: &str = "Task.MemoryLimit";
/// The guest asked for more table elements than its limit.
pub const TABLE_LIMIT: &str = "Task.TableLimit";
/// The guest recursed deeper than its stack.
pub const STACK_LIMIT: &str = "Task.StackLimit";
/// The guest wrote more log than its limit.
pub const LOG_LIMIT: &str = "Task.LogLimit";
/// The guest exited by itself instead of returning.
pub const EXIT: &str = "Task.Exit";
/// The result is not a JSON document.
pub const RESULT_INVALID: &str = "Task.ResultInvalid";
/// The component does not export what a task must.
pub const EXPORT_MISSING: &str = "Task.ExportMissing";
/// The component imports something that its plugin is not granted.
pub const IMPORT_UNGRANTED: &str = "Task.ImportUngranted";
/// A grant of the plugin names something that is not there or cannot be granted.
pub const GRANT_INVALID: &str = "Task.GrantInvalid";
/// The file is not a WebAssembly component that this host can run.
pub const COMPONENT_INVALID: &str = "Task.ComponentInvalid";
/// No plugin has this name.
pub const NOT_FOUND: &str = "Task.NotFound";
/// The host was not able to run the call; trying again may help.
pub const HOST_UNAVAILABLE: &str = "Task.HostUnavailable";

/// All of them, for listings and tests.
pub const ALL: [&str; 16] = [
    TIMEOUT,
    RESULT_TOO_LARGE,
    TRAP,
    PANIC,
    MEMORY_LIMIT,
    TABLE_LIMIT,
    STACK_LIMIT,
    LOG_LIMIT,
    EXIT,
    RESULT_INVALID,
    EXPORT_MISSING,
    IMPORT_UNGRANTED,
    GRANT_INVALID,
    COMPONENT_INVALID,
    NOT_FOUND,
    HOST_UNAVAILABLE,
];
