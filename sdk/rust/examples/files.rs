//! A file in a granted directory: `directories.notes = { path = "notes", access = "read-write" }`.

use serde::{Deserialize, Serialize};
use stepwell::{Context, Failure, files};

#[derive(Deserialize)]
struct Note {
    text: String,
}

#[derive(Serialize)]
struct Kept {
    path: String,
    notes: usize,
}

/// Keeps a note; the same call twice keeps it once.
#[stepwell::task(name = "files")]
fn keep(note: Note, cx: &Context) -> Result<Kept, Failure> {
    let notes = files::directory("notes");
    let path = format!("{}.txt", cx.execution_name());
    notes.write(&path, note.text)?;
    Ok(Kept { path, notes: notes.list("")?.len() })
}
