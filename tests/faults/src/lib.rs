//! The fault programme on the real binary, and the checker of what it leaves behind.
//!
//! - `case` is what is known of one run: the acknowledgements that clients were given, the
//!   effects that tasks had, the store, and what the host told when it was asked.
//! - `invariants` are what must hold of it, numbered; each says what it looked at, or why there
//!   is nothing to look at yet.
//! - `site`, `shim` and `load` are a project with a real host, what stands between it and its
//!   disk, and the clients.
//! - `power` makes disks that lost power out of the shim's log.
//! - `programme` are the faults, by number.
//!
//! The checker reads journal and store with its own eyes and not with the engine's: what it
//! finds right has been read twice, by two readers.

#![allow(clippy::print_stdout, reason = "a tool that tells what it found")]

pub mod acks;
pub mod case;
pub mod event;
pub mod fold;
pub mod invariants;
pub mod ledger;
pub mod load;
pub mod power;
pub mod programme;
pub mod random;
pub mod report;
pub mod shim;
pub mod site;
pub mod stored;
pub mod workflows;
