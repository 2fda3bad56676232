//! Misbehaves as it is told to: `{"do": "…"}`. Imports nothing but `context` and WASI.

wit_bindgen::generate!({
    path: "../../../wit/v1",
    world: "probe",
    inline: "
        package stepwell:probe;
        world probe {
            include stepwell:task/task@1.0.0;
            import wasi:cli/stdout@0.2.12;
            import wasi:random/random@0.2.12;
        }
    ",
    generate_all,
});

use std::collections::HashMap;
use std::hint::black_box;

use exports::stepwell::task::guest::{Failure, Guest};
use serde_json::{Value, json};
use stepwell::task::context;
use wasi::cli::stdout;
use wasi::random::random;

struct Probe;

impl Guest for Probe {
    fn describe() -> String {
        r#"{"name":"probe","version":"0.1.0","summary":"Misbehaves as it is told to."}"#.to_owned()
    }

    fn run(input: String) -> Result<String, Failure> {
        let input: Value = serde_json::from_str(&input).map_err(|error| failure("Probe.Input", error))?;
        let number = input["n"].as_u64().unwrap_or(0);
        let text = input["text"].as_str().unwrap_or("");
        match input["do"].as_str().unwrap_or("") {
            "context" => Ok(context()),
            "burn" => Ok(burn(number).to_string()),
            "hash" => Ok(hash(number).to_string()),
            "spin" => loop {
                black_box(());
            },
            "host-calls" => loop {
                black_box(context::attempt());
            },
            "memory" => Ok(memory().to_string()),
            "memory-try" => Ok(memory_try(number).to_string()),
            "recursion" => Ok(recursion(black_box(1)).to_string()),
            "recursion-frames" => Ok(recursion_frames(black_box(1)).to_string()),
            "log" => Ok(log(number, text)),
            "flood" => loop {
                println!("{}", "x".repeat(1000));
            },
            "trap" => trap(),
            "panic" => panic_with(text),
            "wild-pointer" => Ok(wild_pointer().to_string()),
            "output" => Ok(format!("\"{}\"", "x".repeat(usize::try_from(number).unwrap_or(0)))),
            "not-json" => Ok("{\"open\": ".to_owned()),
            "fail" => Err(failure(text, "as it was told to")),
            "fail-at-length" => Err(failure(text, "x".repeat(usize::try_from(number).unwrap_or(0)))),
            "handles" => Ok((0..number).map(|_| stdout::get_stdout()).collect::<Vec<_>>().len().to_string()),
            "random" => Ok(random::get_random_bytes(number).len().to_string()),
            "exit" => std::process::exit(i32::try_from(number).unwrap_or(1)),
            "sleep" => {
                std::thread::sleep(std::time::Duration::from_millis(number));
                Ok("\"slept\"".to_owned())
            }
            "environment" => Ok(environment()),
            other => Err(failure("Probe.Input", format!("nothing is called {other}"))),
        }
    }
}

fn failure(error: &str, cause: impl ToString) -> Failure {
    Failure { error: error.to_owned(), cause: cause.to_string() }
}

fn context() -> String {
    json!({
        "idempotencyKey": context::idempotency_key(),
        "attempt": context::attempt(),
        "dispatch": context::dispatch(),
        "executionId": context::execution_id(),
        "executionName": context::execution_name(),
        "workflowName": context::workflow_name(),
        "stateName": context::state_name(),
        "fuelLeft": context::fuel_left(),
    })
    .to_string()
}

/// Says how far it is every hundred thousand rounds, so that the log of a call that ran dry
/// tells exactly where it stopped.
fn burn(rounds: u64) -> u64 {
    let mut value = 0x9e37_79b9_7f4a_7c15_u64;
    for round in 0..rounds {
        value = black_box(value ^ (value << 13) ^ (value >> 7)).wrapping_add(round);
        if round % 100_000 == 0 {
            eprintln!("round {round}");
        }
    }
    value
}

/// Fuel depends on the seed of the hash map unless the host fixes it.
fn hash(rounds: u64) -> usize {
    let mut map = HashMap::new();
    for round in 0..rounds {
        map.insert(round.wrapping_mul(0x9e37_79b9), round);
    }
    map.len()
}

fn memory() -> usize {
    let mut kept: Vec<Vec<u8>> = Vec::new();
    loop {
        kept.push(vec![1; 1 << 20]);
        black_box(&kept);
    }
}

/// Asks for more than there is and lives with the refusal.
fn memory_try(bytes: u64) -> bool {
    let mut bytes_wanted: Vec<u8> = Vec::new();
    bytes_wanted.try_reserve(usize::try_from(bytes).unwrap_or(usize::MAX)).is_err()
}

#[inline(never)]
fn recursion(depth: u64) -> u64 {
    if depth == 0 {
        return 0;
    }
    black_box(recursion(black_box(depth + 1))) + 1
}

/// The same with large frames, which use up the guest's own stack first.
#[inline(never)]
fn recursion_frames(depth: u64) -> u64 {
    if depth == 0 {
        return 0;
    }
    let mut frame = [depth; 1024];
    black_box(&mut frame);
    black_box(recursion_frames(black_box(depth + 1))) + frame[7]
}

fn log(lines: u64, text: &str) -> String {
    for line in 0..lines {
        println!("{line} {text}");
    }
    eprint!("no line end{text}");
    "null".to_owned()
}

#[inline(never)]
fn trap() -> ! {
    core::arch::wasm32::unreachable()
}

#[inline(never)]
fn panic_with(text: &str) -> ! {
    panic!("{text}")
}

#[inline(never)]
fn wild_pointer() -> u32 {
    // An address that no guest here has memory at.
    let address = black_box(0x7fff_0000_usize) as *const u32;
    // Reading it is what the test is about: it must trap and harm nobody.
    unsafe { address.read_volatile() }
}

fn environment() -> String {
    json!({
        "variables": std::env::vars().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>(),
        "arguments": std::env::args().collect::<Vec<_>>(),
        "root": std::fs::read_dir("/").map(|_| ()).map_err(|error| error.to_string()).err(),
        "passwd": std::fs::read("/etc/passwd").map(|_| ()).map_err(|error| error.to_string()).err(),
        "stdin": std::io::read_to_string(std::io::stdin()).unwrap_or_else(|error| error.to_string()),
    })
    .to_string()
}

export!(Probe);
