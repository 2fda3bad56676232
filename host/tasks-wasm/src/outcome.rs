//! How a call ended, in the words of a workflow.

use serde::de::IgnoredAny;
use stepwell_tasks::{FUEL_PER_SECOND, Failure, LogLine, LogStream, failures};
use wasmtime::{Error, PoolConcurrencyLimitError, Trap, WasmBacktrace};
use wasmtime_wasi::I32Exit;

use crate::log::{LogFull, escape, redact};
use crate::options::{HOST_CALL_BYTES_MAX, HTTP_RESPONSE_BYTES_MAX};
use crate::run::GuestFailure;
use crate::state::Meter;
use crate::{Grants, Limits};

/// Length of a failure's name (bytes).
pub const ERROR_BYTES_MAX: usize = 256;
/// Length of a failure's cause (bytes).
pub const CAUSE_BYTES_MAX: usize = 32_768;
/// Names of a backtrace that a cause shows.
const FRAMES_SHOWN: usize = 16;
/// Repetitions of one function in a backtrace that make it a recursion.
const RECURSION_FRAMES: usize = 8;
/// A guest's own stack lies at the start of its memory and grows down. Used up, it goes
/// below address 0, which is the end of the address space: this far from it (bytes).
const BELOW_ZERO_BYTES: u64 = 64 << 20;

/// How a guest's call came to its end.
pub(crate) enum Ended {
    Returned(Result<String, GuestFailure>),
    Trapped(Error),
    /// The wall-clock backstop.
    Backstop,
    /// A fault of this host, contained.
    HostPanicked,
}

/// Where the fuel went (units).
pub(crate) struct Spent {
    pub(crate) budget: u64,
    pub(crate) computing: u64,
    pub(crate) waiting: u64,
}

/// The outcome of a call.
pub(crate) fn of(
    ended: Ended,
    spent: &Spent,
    meter: &Meter,
    limits: &Limits,
    grants: &Grants,
    log: &mut Vec<LogLine>,
) -> Result<String, Failure> {
    let failure = match ended {
        Ended::Returned(Ok(result)) => return accepted(result, limits),
        Ended::Returned(Err(failure)) => own(failure, log),
        Ended::Trapped(error) => trapped(&error, spent, meter, limits, log),
        Ended::Backstop => {
            timed_out(spent, "; the wall clock ended it: the machine computed too slowly, or a host call did not end")
        }
        Ended::HostPanicked => Failure::new(
            failures::HOST_UNAVAILABLE,
            "a fault of the host ended the call; its log on standard error has the details",
        ),
    };
    Err(Failure::new(
        shortened(&failure.error, ERROR_BYTES_MAX),
        shortened(&redact(&failure.cause, grants), CAUSE_BYTES_MAX),
    ))
}

/// Whether a text is a JSON object.
pub(crate) fn is_json_object(text: &str) -> bool {
    text.trim_start().starts_with('{') && serde_json::from_str::<IgnoredAny>(text).is_ok()
}

fn accepted(result: String, limits: &Limits) -> Result<String, Failure> {
    if result.len() > limits.output_bytes_max {
        return Err(Failure::new(
            failures::RESULT_TOO_LARGE,
            format!("the result has {} bytes; output_bytes_max is {}", result.len(), limits.output_bytes_max),
        ));
    }
    match serde_json::from_str::<IgnoredAny>(&result) {
        Ok(_) => Ok(result),
        Err(error) => {
            Err(Failure::new(failures::RESULT_INVALID, format!("the result is not a JSON document: {error}")))
        }
    }
}

/// A failure the guest chose. The host's prefixes stay legible as such: the name is kept,
/// since catchers may already rely on it, and the log says whose it is.
fn own(failure: GuestFailure, log: &mut Vec<LogLine>) -> Failure {
    if failure.error.starts_with("States.") || failure.error.starts_with("Task.") {
        log.push(LogLine {
            stream: LogStream::Stderr,
            text: format!(
                "stepwell: the task itself returned the failure {}; names beginning with States. and Task. are the host's",
                escape(&failure.error)
            ),
        });
    }
    Failure::new(failure.error, failure.cause)
}

fn trapped(error: &Error, spent: &Spent, meter: &Meter, limits: &Limits, log: &[LogLine]) -> Failure {
    if let Some(I32Exit(code)) = error.downcast_ref() {
        return Failure::new(failures::EXIT, format!("the task exited with status {code} instead of returning"));
    }
    if error.is::<LogFull>() {
        return Failure::new(
            failures::LOG_LIMIT,
            format!("the task wrote more than {} bytes of log (log_bytes_max)", limits.log_bytes_max),
        );
    }
    if error.is::<PoolConcurrencyLimitError>() {
        return Failure::new(failures::HOST_UNAVAILABLE, "all slots for running tasks are taken");
    }
    if let Some(failure) = out_of_fuel(error, spent) {
        return failure;
    }
    let names = names(error);
    if let Some(failure) = out_of_memory(meter, limits, &names) {
        return failure;
    }
    if let Some(failure) = copied_too_much(error) {
        return failure;
    }
    let text = error.root_cause().to_string();
    if is_stack_used_up(error, &names) {
        return Failure::new(
            failures::STACK_LIMIT,
            format!("the task recursed deeper than its stack allows (stack_bytes_max){}", at(&names)),
        );
    }
    match (error.downcast_ref::<Trap>(), panic_message(log)) {
        (Some(Trap::UnreachableCodeReached), Some(message)) => {
            Failure::new(failures::PANIC, format!("{message}{}", at(&names)))
        }
        _ => Failure::new(failures::TRAP, format!("{}{}", text.trim_start_matches("wasm trap: "), at(&names))),
    }
}

fn out_of_fuel(error: &Error, spent: &Spent) -> Option<Failure> {
    match error.downcast_ref::<Trap>()? {
        Trap::OutOfFuel => Some(timed_out(spent, "")),
        Trap::Interrupt => Some(timed_out(spent, "; the engine's clock ended it, since the task never yielded")),
        _ => None,
    }
}

fn timed_out(spent: &Spent, why: &str) -> Failure {
    let seconds = |fuel: u64| format!("{:.3} s", fuel as f64 / FUEL_PER_SECOND as f64);
    let Spent { budget, computing, waiting } = spent;
    Failure::new(
        failures::TIMEOUT,
        format!(
            "the budget of {} ({budget} units of fuel) is used up: {} ({computing} units) went on computing and {} ({waiting} units) on waiting{why}",
            seconds(*budget),
            seconds(*computing),
            seconds(*waiting),
        ),
    )
}

fn out_of_memory(meter: &Meter, limits: &Limits, names: &[String]) -> Option<Failure> {
    if let Some(bytes) = meter.memory_bytes_refused {
        return Some(Failure::new(
            failures::MEMORY_LIMIT,
            format!(
                "the task asked for {bytes} bytes of memory; memory_bytes_max is {}{}",
                limits.memory_bytes_max,
                at(names)
            ),
        ));
    }
    let elements = meter.table_elements_refused?;
    Some(Failure::new(
        failures::TABLE_LIMIT,
        format!(
            "the task asked for {elements} table elements; table_elements_max is {}{}",
            limits.table_elements_max,
            at(names)
        ),
    ))
}

/// The engine's own bound on what one crossing may copy. It has no type to ask for, only a
/// text; a crossing under way inside the guest has a backtrace, the result has none.
fn copied_too_much(error: &Error) -> Option<Failure> {
    if !error.root_cause().to_string().contains("fuel allocated for hostcalls") {
        return None;
    }
    Some(match error.downcast_ref::<WasmBacktrace>() {
        Some(_) => Failure::new(
            failures::TRAP,
            format!("the task handed a host call more than {HOST_CALL_BYTES_MAX} bytes (host_call_bytes_max)"),
        ),
        None => Failure::new(
            failures::RESULT_TOO_LARGE,
            format!("the result has more than {HOST_CALL_BYTES_MAX} bytes (host_call_bytes_max)"),
        ),
    })
}

/// Either the engine's stack ran out, or the one that the guest keeps in its own memory:
/// then the trap is an access below address 0, in the middle of a recursion.
fn is_stack_used_up(error: &Error, names: &[String]) -> bool {
    match error.downcast_ref::<Trap>() {
        Some(Trap::StackOverflow) => true,
        Some(Trap::MemoryOutOfBounds) => {
            let repeats = |name: &String| names.iter().filter(|other| *other == name).count() >= RECURSION_FRAMES;
            fault_address(error).is_some_and(|address| address >= (1 << 32) - BELOW_ZERO_BYTES)
                && names.iter().any(repeats)
        }
        _ => false,
    }
}

/// The address of a memory fault, out of the text that the engine adds to the trap.
fn fault_address(error: &Error) -> Option<u64> {
    let text = format!("{error:#}");
    let (_, after) = text.split_once("memory fault at wasm address 0x")?;
    let digits = after.split(|character: char| !character.is_ascii_hexdigit()).next()?;
    u64::from_str_radix(digits, 16).ok()
}

/// The message of a Rust panic, as its runtime wrote it to standard error before the trap.
fn panic_message(log: &[LogLine]) -> Option<String> {
    let lines: Vec<&str> =
        log.iter().filter(|line| line.stream == LogStream::Stderr).map(|line| line.text.as_str()).collect();
    let start = lines.iter().rposition(|line| line.contains("panicked at "))?;
    let message = lines.get(start..)?.iter().take_while(|line| !line.starts_with("note: ")).copied();
    let message: Vec<&str> = message.filter(|line| !line.is_empty()).collect();
    let message = message.join(": ").replace(":: ", ": ");
    let (_, said) = message.split_once("panicked at ")?;
    Some(format!("panicked at {said}"))
}

/// The guest's functions, innermost first, without what a runtime does on its way to a trap.
fn names(error: &Error) -> Vec<String> {
    let Some(backtrace) = error.downcast_ref::<WasmBacktrace>() else {
        return Vec::new();
    };
    let all: Vec<String> = backtrace
        .frames()
        .iter()
        .map(|frame| match frame.func_name() {
            Some(name) => format!("{:#}", rustc_demangle::demangle(name)),
            None => format!("function {}", frame.func_index()),
        })
        .collect();
    let first = all.iter().position(|name| !is_on_the_way_to_a_trap(name)).unwrap_or(0);
    all.get(first..).unwrap_or(&all).to_vec()
}

fn is_on_the_way_to_a_trap(name: &str) -> bool {
    let prefixes = [
        "std::",
        "core::panicking",
        "core::result::unwrap_failed",
        "core::option::",
        "alloc::",
        "__rust",
        "__rg",
        "rust_",
        "<std::",
        "<alloc::",
    ];
    prefixes.iter().any(|prefix| name.starts_with(prefix))
        || matches!(name, "abort" | "__abort" | "raise" | "dlmalloc" | "malloc" | "realloc" | "sbrk")
}

/// What a toolchain puts between the engine and the author's function.
fn is_glue(name: &str) -> bool {
    name.contains("_export_run_cabi") || name.starts_with("stepwell:task/guest@")
}

/// The names as part of a cause; a recursion is shown once, with its count.
fn at(names: &[String]) -> String {
    let mut shown: Vec<(&str, usize)> = Vec::new();
    for name in names.iter().filter(|name| !is_glue(name)) {
        match shown.last_mut() {
            Some((last, count)) if *last == name.as_str() => *count = count.saturating_add(1),
            _ => shown.push((name, 1)),
        }
    }
    if shown.is_empty() {
        return String::new();
    }
    let more = if shown.len() > FRAMES_SHOWN { " <- …" } else { "" };
    let shown: Vec<String> = shown
        .into_iter()
        .take(FRAMES_SHOWN)
        .map(|(name, count)| if count > 1 { format!("{name} ({count} times)") } else { name.to_owned() })
        .collect();
    format!("; in {}{more}", shown.join(" <- "))
}

fn shortened(text: &str, bytes_max: usize) -> String {
    if text.len() <= bytes_max {
        return text.to_owned();
    }
    let end = (0..=bytes_max.saturating_sub('…'.len_utf8())).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    format!("{}…", text.get(..end).unwrap_or(""))
}

// What a guest returns passes the same bound as what it hands to a host call, so the bound
// must let the largest host call's argument through.
const _: () = assert!(HOST_CALL_BYTES_MAX > HTTP_RESPONSE_BYTES_MAX);
