//! The house rules as tests over the repository's files. `cargo test -p stepwell-tidy` runs
//! them; each failure names the file, the line and what to do about it.
#![cfg(test)]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod architecture;
mod arrows;
mod dependencies;
mod limits;
mod names;
mod pins;
mod plugins;
mod repository;
mod sizes;
mod unsafety;
mod wit;
mod words;
