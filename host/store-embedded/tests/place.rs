//! The data directory as other programs meet it: locked, private, refused when it is not ours,
//! whole after a kill.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use rusqlite::Connection;
use stepwell_store::{Entry, Error, Group, NewExecution, Outcome, Store as _};
use stepwell_store_embedded::EmbeddedStore;

/// Names the data directory to a child of this test binary.
const PLACE: &str = "STEPWELL_STORE_TEST_PLACE";

#[test]
fn a_second_open_in_the_same_process_is_refused() {
    let place = tempfile::tempdir().unwrap();
    let store = EmbeddedStore::open(place.path()).unwrap();
    refused_as_locked(place.path(), std::process::id());
    store.commit(&[created("e1")]).unwrap();
    // Nor does it help to remove the file.
    std::fs::remove_file(place.path().join("lock")).unwrap();
    let error = EmbeddedStore::open(place.path()).unwrap_err();
    assert!(matches!(error, Error::Locked(_)) || cfg!(not(unix)), "{error}");
    drop(store);
    let store = EmbeddedStore::open(place.path()).unwrap();
    assert!(store.execution("e1").unwrap().is_some());
}

#[test]
fn a_second_open_by_another_process_is_refused() {
    let place = tempfile::tempdir().unwrap();
    let (mut child, mut lines) = writing_child(place.path());
    assert!(lines.next().unwrap().unwrap().contains("committed"));
    refused_as_locked(place.path(), child.id());
    child.kill().unwrap();
    child.wait().unwrap();
    // The lock went with its process, whatever the lock file still says.
    EmbeddedStore::open(place.path()).unwrap();
}

#[test]
fn what_was_acknowledged_survives_a_kill() {
    let place = tempfile::tempdir().unwrap();
    let mut next = 0;
    for round in 1..=5 {
        let (mut child, mut lines) = writing_child(place.path());
        let mut acknowledged = 0;
        for _ in 0..round * 7 {
            acknowledged = number(&lines.next().unwrap().unwrap());
        }
        child.kill().unwrap();
        child.wait().unwrap();
        for line in lines.map_while(Result::ok) {
            acknowledged = number(&line);
        }
        let store = EmbeddedStore::open(place.path()).unwrap();
        let held = store.execution("e1").unwrap().unwrap().entries;
        assert!(held > acknowledged, "entry {acknowledged} was acknowledged, {held} are there");
        let journal = store.journal("e1", next, usize::MAX).unwrap();
        assert_eq!(journal.len(), usize::try_from(held - next).unwrap());
        assert!(journal.iter().all(|entry| entry.body == body(entry.number)));
        store.quick_check().unwrap();
        next = held;
    }
}

/// Not a test: what the child of the tests above does.
#[test]
#[ignore = "runs as a child of other tests"]
fn child_that_writes() {
    let Some(place) = std::env::var_os(PLACE).map(PathBuf::from) else {
        return;
    };
    let store = EmbeddedStore::open(&place).unwrap();
    store.commit(&[created("e1")]).unwrap();
    let from = store.execution("e1").unwrap().unwrap().entries;
    let mut out = std::io::stdout();
    for number in from..from + 100_000 {
        let entry = Entry { number, at_micros: 0, body: body(number) };
        let group = Group { expected_entries: number, create: None, entries: vec![entry], ..created("e1") };
        assert_eq!(store.commit(&[group]).unwrap(), [Outcome::Committed]);
        writeln!(out, "committed {number}").unwrap();
    }
}

#[cfg(unix)]
#[test]
fn directory_and_files_are_for_the_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let parent = tempfile::tempdir().unwrap();
    let place = parent.path().join("some").join("data");
    std::fs::create_dir_all(&place).unwrap();
    std::fs::set_permissions(&place, std::fs::Permissions::from_mode(0o755)).unwrap();
    let store = EmbeddedStore::open(&place).unwrap();
    store.commit(&[created("e1")]).unwrap();
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&place), 0o700);
    let mut names = Vec::new();
    for file in std::fs::read_dir(&place).unwrap() {
        let path = file.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
        names.push(path.file_name().unwrap().to_owned());
    }
    names.sort();
    assert_eq!(names, ["lock", "store.db", "store.db-shm", "store.db-wal"]);
}

#[test]
fn a_clean_close_leaves_one_file() {
    let place = tempfile::tempdir().unwrap();
    let store = EmbeddedStore::open(place.path()).unwrap();
    store.commit(&[created("e1")]).unwrap();
    drop(store);
    assert!(!place.path().join("store.db-wal").exists());
    let raw = Connection::open(place.path().join("store.db")).unwrap();
    let executions: i64 = raw.query_row("SELECT count(*) FROM execution", [], |row| row.get(0)).unwrap();
    assert_eq!(executions, 1);
}

#[test]
fn what_is_not_a_store_is_refused_and_left_alone() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("store.db");
    let text = "not a database, but somebody's notes ".repeat(100);
    std::fs::write(&path, &text).unwrap();
    incompatible(place.path(), "is not a Stepwell store: it is not an SQLite file");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);

    std::fs::remove_file(&path).unwrap();
    let raw = Connection::open(&path).unwrap();
    raw.execute_batch("CREATE TABLE theirs (a)").unwrap();
    drop(raw);
    let before = std::fs::read(&path).unwrap();
    incompatible(place.path(), "is not a Stepwell store: another program made this SQLite file");
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[test]
fn a_newer_schema_is_refused_and_left_alone() {
    let place = tempfile::tempdir().unwrap();
    drop(EmbeddedStore::open(place.path()).unwrap());
    let path = place.path().join("store.db");
    Connection::open(&path).unwrap().pragma_update(None, "user_version", 7).unwrap();
    let before = std::fs::read(&path).unwrap();
    incompatible(place.path(), "it has schema 7, this release knows schemas up to 2");
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[test]
fn a_flipped_byte_in_the_file_is_found() {
    let place = tempfile::tempdir().unwrap();
    let store = EmbeddedStore::open(place.path()).unwrap();
    let marker = b"here the byte is flipped";
    let entry = Entry { number: 0, at_micros: 5, body: marker.to_vec() };
    store.commit(&[Group { entries: vec![entry], ..created("e1") }]).unwrap();
    drop(store);

    let path = place.path().join("store.db");
    let mut bytes = std::fs::read(&path).unwrap();
    let at = bytes.windows(marker.len()).position(|window| window == marker).unwrap();
    bytes[at + 3] ^= 1;
    std::fs::write(&path, bytes).unwrap();

    let store = EmbeddedStore::open(place.path()).unwrap();
    let error = store.journal("e1", 0, 10).unwrap_err();
    assert!(matches!(&error, Error::Damaged(text) if text.contains("execution e1, entry 0")), "{error}");
}

/// The real thing beside `max_page_count`: a file system of a few megabytes, which only an
/// administrator can make. `mount -t tmpfs -o size=4m none DIRECTORY`, then name DIRECTORY.
#[test]
#[ignore = "needs a small file system, named by STEPWELL_STORE_TEST_SMALL_DISK"]
fn a_disk_that_is_really_full_refuses_commits_until_there_is_room() {
    let place = PathBuf::from(std::env::var_os("STEPWELL_STORE_TEST_SMALL_DISK").unwrap());
    let ballast = place.join("ballast");
    std::fs::write(&ballast, vec![0; 1 << 20]).unwrap();
    let store = EmbeddedStore::open(&place.join("data")).unwrap();
    store.commit(&[created("e1")]).unwrap();
    let group = |number| {
        let entry = Entry { number, at_micros: 0, body: body(number) };
        let entries = vec![entry];
        Group { expected_entries: number, create: None, entries, ..created("e1") }
    };
    let mut held = 0;
    let error = loop {
        match store.commit(&[group(held)]) {
            Ok(outcomes) => assert_eq!(outcomes, [Outcome::Committed]),
            Err(error) => break error,
        }
        held += 1;
    };
    assert!(matches!(error, Error::ReadOnly(_)), "{error}");
    assert_eq!(store.execution("e1").unwrap().unwrap().entries, held);
    assert!(matches!(store.commit(&[group(held)]), Err(Error::ReadOnly(_))));
    assert_eq!(store.journal("e1", 0, usize::MAX).unwrap().len(), usize::try_from(held).unwrap());

    std::fs::remove_file(ballast).unwrap();
    assert_eq!(store.commit(&[group(held)]).unwrap(), [Outcome::Committed]);
    store.quick_check().unwrap();
    drop(store);
    let store = EmbeddedStore::open(&place.join("data")).unwrap();
    assert_eq!(store.execution("e1").unwrap().unwrap().entries, held + 1);
}

fn writing_child(place: &Path) -> (Child, impl Iterator<Item = std::io::Result<String>>) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "--nocapture", "child_that_writes"])
        .env(PLACE, place)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    // The test harness of the child talks too.
    let ours = |line: &std::io::Result<String>| {
        line.as_ref().is_ok_and(|line| line.starts_with("committed ") && !line.ends_with(' '))
    };
    (child, lines.filter(ours))
}

fn number(line: &str) -> u64 {
    line.rsplit(' ').next().unwrap().parse().unwrap()
}

fn body(number: u64) -> Vec<u8> {
    format!("body {number}").repeat(20).into_bytes()
}

fn refused_as_locked(place: &Path, holder: u32) {
    let error = EmbeddedStore::open(place).unwrap_err();
    let Error::Locked(text) = &error else { panic!("{error}") };
    let directory = place.canonicalize().unwrap();
    assert!(text.contains(directory.to_str().unwrap()), "{text}");
    assert!(text.contains(&format!("the process with id {holder};")), "{text}");
}

fn incompatible(place: &Path, why: &str) {
    let error = EmbeddedStore::open(place).unwrap_err();
    let Error::Incompatible(text) = &error else { panic!("{error}") };
    assert!(text.contains(why) && text.contains("store.db"), "{text}");
}

fn created(id: &str) -> Group {
    let new = NewExecution {
        workflow: "report".to_owned(),
        name: id.to_owned(),
        definition_digest: "d1".to_owned(),
        definition: "{\"StartAt\":\"A\"}".into(),
        input_digest: "i1".to_owned(),
        started_at_micros: 10,
        child: None,
    };
    Group { execution: id.to_owned(), expected_entries: 0, create: Some(new), ..Group::default() }
}
