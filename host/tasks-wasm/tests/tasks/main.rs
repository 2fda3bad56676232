//! Guests in their sandbox, as a workflow sees them. One program, since linking the engine
//! takes longer than running the tests.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]

mod calls;
mod fuel;
mod grants_data;
mod grants_files;
mod grants_http;
mod limits;
mod loading;
mod world;
