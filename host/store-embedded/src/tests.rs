//! What can only be shown with a hand on the store's own connections.

use std::path::Path;

use rusqlite::{Connection, ffi};
use stepwell_store::{
    Entry, Error, ExecutionChange, Group, ListQuery, MapRunRow, NewExecution, Outcome, Status, Store as _,
};

use crate::place::Place;
use crate::{EmbeddedStore, check_library, read, schema};

#[test]
fn an_older_sqlite_library_is_refused() {
    check_library(crate::SQLITE_VERSION_MIN).unwrap();
    let error = check_library(crate::SQLITE_VERSION_MIN - 1).unwrap_err();
    assert!(matches!(&error, Error::Incompatible(text) if text.contains("3051002")), "{error}");
}

#[test]
fn commits_wait_for_the_disk() {
    let place = tempfile::tempdir().unwrap();
    let store = EmbeddedStore::open(place.path()).unwrap();
    let writer = store.writer();
    let value = |pragma| -> i64 { writer.connection.pragma_query_value(None, pragma, |row| row.get(0)).unwrap() };
    assert_eq!(value("synchronous"), 2);
    assert_eq!(value("wal_autocheckpoint"), i64::from(crate::WAL_CHECKPOINT_PAGES));
    assert_eq!(value("busy_timeout"), i64::try_from(crate::BUSY_TIMEOUT.as_millis()).unwrap());
    let mode: String = writer.connection.pragma_query_value(None, "journal_mode", |row| row.get(0)).unwrap();
    assert_eq!(mode, "wal");
}

#[test]
fn a_full_disk_refuses_commits_until_there_is_room() {
    let place = tempfile::tempdir().unwrap();
    let store = EmbeddedStore::open(place.path()).unwrap();
    store.commit(&[created("e1")]).unwrap();
    limit_pages(&store, pages(&store) + 8);

    // The small group fits, the large one does not: neither may be there afterwards.
    let error = store.commit(&[created("e2"), appended("e1", 0, 256 * 1024)]).unwrap_err();
    assert!(matches!(&error, Error::ReadOnly(text) if text.contains("store.db")), "{error}");
    assert_eq!(store.execution("e2").unwrap(), None);
    assert_eq!(store.execution("e1").unwrap().unwrap().entries, 0);
    assert_eq!(store.journal("e1", 0, 10).unwrap(), []);
    let again = store.commit(&[appended("e1", 0, 256 * 1024)]).unwrap_err();
    assert!(matches!(again, Error::ReadOnly(_)), "{again}");
    // What fits is still taken.
    assert_eq!(store.commit(&[created("e3")]).unwrap(), [Outcome::Committed]);

    limit_pages(&store, 1 << 30);
    let batch = [created("e2"), appended("e1", 0, 256 * 1024)];
    assert_eq!(store.commit(&batch).unwrap(), [Outcome::Committed, Outcome::Committed]);
    assert_eq!(store.journal("e1", 0, 10).unwrap().len(), 1);
    store.quick_check().unwrap();
}

#[test]
fn after_a_failed_commit_nothing_is_written_until_the_store_is_opened_again() {
    let place = tempfile::tempdir().unwrap();
    let store = EmbeddedStore::open(place.path()).unwrap();
    store.commit(&[created("e1")]).unwrap();
    store.writer().connection.commit_hook(Some(|| true)).unwrap();
    let error = store.commit(&[created("e2")]).unwrap_err();
    assert!(matches!(error, Error::Broken(_)), "{error}");

    // The disk answers again, but what it forgot is not known.
    store.writer().connection.commit_hook(None::<fn() -> bool>).unwrap();
    let error = store.commit(&[created("e3")]).unwrap_err();
    assert!(matches!(error, Error::Broken(_)), "{error}");
    assert!(matches!(store.checkpoint(), Err(Error::Broken(_))));
    assert!(store.execution("e1").unwrap().is_some(), "what is there can be read");
    drop(store);
    // Closing made no checkpoint either: the log is still there to recover from.
    assert!(place.path().join("store.db-wal").metadata().unwrap().len() > 0);

    let store = EmbeddedStore::open(place.path()).unwrap();
    assert!(store.execution("e1").unwrap().is_some());
    assert_eq!(store.execution("e2").unwrap(), None);
    assert_eq!(store.commit(&[created("e3")]).unwrap(), [Outcome::Committed]);
}

#[test]
fn another_programs_write_lock_refuses_commits_until_it_goes() {
    let place = tempfile::tempdir().unwrap();
    let store = EmbeddedStore::open(place.path()).unwrap();
    store.writer().connection.busy_timeout(std::time::Duration::ZERO).unwrap();
    let shell = Connection::open(store.place.store()).unwrap();
    shell.execute_batch("BEGIN IMMEDIATE").unwrap();
    let error = store.commit(&[created("e1")]).unwrap_err();
    assert!(matches!(&error, Error::ReadOnly(text) if text.contains("another program")), "{error}");
    assert_eq!(store.execution("e1").unwrap(), None);
    shell.execute_batch("ROLLBACK").unwrap();
    assert_eq!(store.commit(&[created("e1")]).unwrap(), [Outcome::Committed]);
}

#[test]
fn the_log_is_moved_into_the_file_as_it_grows() {
    const PAGE_BYTES: u64 = 4096;
    const BODY_BYTES: usize = 256 * 1024;
    let place = tempfile::tempdir().unwrap();
    let store = EmbeddedStore::open(place.path()).unwrap();
    let log = place.path().join("store.db-wal");
    store.commit(&[created("e1")]).unwrap();
    let limit = u64::from(crate::WAL_CHECKPOINT_PAGES) * PAGE_BYTES;
    for commit in 0..32 {
        let groups: Vec<_> = (commit * 4..commit * 4 + 4).map(|number| appended("e1", number, BODY_BYTES)).collect();
        store.commit(&groups).unwrap();
        // The commit that reaches the limit is still written whole; then the log begins anew.
        assert!(log.metadata().unwrap().len() < limit + limit / 4);
    }
    assert!(place.path().join("store.db").metadata().unwrap().len() > limit);
    store.checkpoint().unwrap();
    assert_eq!(log.metadata().unwrap().len(), 0);
    assert_eq!(store.journal("e1", 0, usize::MAX).unwrap().len(), 128);
}

#[test]
fn errors_are_told_apart_by_what_to_do_next() {
    let place = tempfile::tempdir().unwrap();
    let trouble = Place::take(place.path()).unwrap().trouble();
    let error = |code| rusqlite::Error::SqliteFailure(ffi::Error::new(code), None);
    for code in [ffi::SQLITE_IOERR_FSYNC, ffi::SQLITE_IOERR_WRITE, ffi::SQLITE_NOMEM] {
        assert!(matches!(trouble.of_writing(&error(code)), Error::Broken(_)));
        assert!(matches!(trouble.of_committing(&error(code)), Error::Broken(_)));
    }
    for code in [ffi::SQLITE_FULL, ffi::SQLITE_READONLY, ffi::SQLITE_BUSY, ffi::SQLITE_CANTOPEN] {
        assert!(matches!(trouble.of_writing(&error(code)), Error::ReadOnly(_)));
        assert!(matches!(trouble.of_committing(&error(code)), Error::ReadOnly(_)));
    }
    assert!(matches!(trouble.of_reading(&error(ffi::SQLITE_CORRUPT)), Error::Damaged(_)));
    assert!(matches!(trouble.of_reading(&error(ffi::SQLITE_IOERR_READ)), Error::Broken(_)));
    // Whether a commit that met damage is durable is not known.
    assert!(matches!(trouble.of_committing(&error(ffi::SQLITE_CORRUPT)), Error::Broken(_)));
}

/// Each read goes straight to its rows and takes them in the order of an index.
#[test]
fn no_query_reads_more_than_it_answers() {
    let plans = [
        (read::BY_ID, "SEARCH execution USING INDEX sqlite_autoindex_execution_1 (id=?)"),
        (read::BY_NAME, "SEARCH execution USING INDEX sqlite_autoindex_execution_2 (workflow=? AND name=?)"),
        (read::OPEN, "SCAN execution USING INDEX execution_open"),
        (read::OPEN_AFTER, "SEARCH execution USING INDEX execution_open (id>?)"),
        (read::LIST, "SEARCH execution USING INDEX execution_status (status=?)"),
        (
            read::LIST_AFTER,
            "SEARCH execution USING INDEX execution_status \
             (status=? AND (started_at_micros,id)<(?,?))",
        ),
        (read::LIST_WORKFLOW, "SEARCH execution USING INDEX execution_workflow_status (workflow=? AND status=?)"),
        (
            read::LIST_WORKFLOW_AFTER,
            "SEARCH execution USING INDEX execution_workflow_status \
             (workflow=? AND status=? AND (started_at_micros,id)<(?,?))",
        ),
        (read::CHILDREN, "SEARCH execution USING INDEX execution_map_run (map_run=? AND status=? AND item>?)"),
        (
            read::CHILD_INDICES,
            "SEARCH execution USING COVERING INDEX execution_map_run (map_run=? AND status=? AND item>?)",
        ),
        (read::MAP_RUN, "SEARCH map_run USING INDEX sqlite_autoindex_map_run_1 (id=?)"),
        (read::MAP_RUNS, "SEARCH map_run USING INDEX map_run_execution (execution=?)"),
        (read::UNSETTLED, "SCAN map_run USING INDEX map_run_unsettled"),
        (read::UNSETTLED_AFTER, "SEARCH map_run USING INDEX map_run_unsettled (id>?)"),
        (read::OUTCOME, "SEARCH outcome USING INTEGER PRIMARY KEY (rowid=?)"),
        (read::COUNT, "SEARCH execution USING COVERING INDEX execution_status (status=?)"),
        (
            read::COUNT_WORKFLOW,
            "SEARCH execution USING COVERING INDEX execution_workflow_status \
             (workflow=? AND status=?)",
        ),
        (read::JOURNAL, "SEARCH journal USING INDEX journal_entry (execution=? AND number>?)"),
        (read::CALL_LOGS, "SEARCH call_log USING INDEX call_log_call (execution=?)"),
        // What a timer wheel will ask.
        (
            "SELECT id FROM execution INDEXED BY execution_wake
             WHERE status = 0 AND wake_at_micros <= ?1
             ORDER BY wake_at_micros LIMIT 10",
            "SEARCH execution USING INDEX execution_wake (wake_at_micros<?)",
        ),
    ];
    let place = tempfile::tempdir().unwrap();
    let store = EmbeddedStore::open(place.path()).unwrap();
    for (sql, first) in plans {
        let plan = plan(&store, sql);
        assert_eq!(plan.first().unwrap(), first, "{sql}");
        for line in &plan {
            assert!(!line.contains("TEMP B-TREE"), "{sql} is sorted: {plan:?}");
            assert!(line == first || !line.starts_with("SCAN"), "{sql} scans: {plan:?}");
        }
    }
}

#[test]
fn a_changed_byte_of_a_body_is_found() {
    let place = tempfile::tempdir().unwrap();
    let store = EmbeddedStore::open(place.path()).unwrap();
    store.commit(&[created("e1"), appended("e1", 0, 100), appended("e1", 1, 5_000)]).unwrap();
    let body: Vec<u8> = {
        let sql = "SELECT body FROM journal WHERE number = 1";
        store.writer().connection.query_row(sql, [], |row| row.get(0)).unwrap()
    };
    for place_of_byte in [0, 1, 2_500, 4_999] {
        let mut damaged = body.clone();
        damaged[place_of_byte] ^= 0x10;
        change_raw(&store, "UPDATE journal SET body = ?1 WHERE number = 1", &damaged);
        assert_eq!(store.journal("e1", 0, 1).unwrap().len(), 1, "the entry before is whole");
        damaged_at(&store, "execution e1, entry 1");
    }
    change_raw(&store, "UPDATE journal SET body = ?1 WHERE number = 1", &body);
    assert_eq!(store.journal("e1", 0, 10).unwrap().len(), 2);

    for damage in [
        "UPDATE journal SET at_micros = at_micros + 1 WHERE number = ?1",
        "UPDATE journal SET checksum = checksum + 1 WHERE number = ?1",
    ] {
        change_raw(&store, damage, &1);
        damaged_at(&store, "execution e1, entry 1");
    }
}

#[test]
fn an_entry_that_is_gone_or_elsewhere_is_found() {
    let place = tempfile::tempdir().unwrap();
    let store = EmbeddedStore::open(place.path()).unwrap();
    store.commit(&[created("e1"), created("e2"), appended("e2", 0, 10)]).unwrap();
    for number in 0..3 {
        store.commit(&[appended("e1", number, 10)]).unwrap();
    }
    change_raw(&store, "UPDATE journal SET number = 7 WHERE execution = ?1 AND number = 2", &1);
    damaged_at(&store, "execution e1, entry 7");
    change_raw(&store, "DELETE FROM journal WHERE execution = ?1 AND number = 1", &1);
    change_raw(&store, "UPDATE journal SET number = 2 WHERE execution = ?1 AND number = 7", &1);
    damaged_at(&store, "execution e1: entry 1 is missing");
    // An entry of another execution does not pass for one of this.
    change_raw(&store, "UPDATE journal SET execution = ?1, number = 1 WHERE execution = 2", &1);
    damaged_at(&store, "execution e1, entry 1");
}

#[test]
fn a_changed_definition_and_an_unknown_status_are_found() {
    let place = tempfile::tempdir().unwrap();
    let store = EmbeddedStore::open(place.path()).unwrap();
    store.commit(&[created("e1")]).unwrap();
    change_raw(&store, "UPDATE definition SET text = ?1", &"{\"StartAt\":\"B\"}");
    let error = store.definition("d1").unwrap_err();
    assert!(matches!(&error, Error::Damaged(text) if text.contains("definition d1")), "{error}");
    change_raw(&store, "UPDATE execution SET status = ?1", &9);
    let error = store.execution("e1").unwrap_err();
    assert!(matches!(&error, Error::Damaged(text) if text.contains("status 9")), "{error}");
    change_raw(&store, "UPDATE execution SET status = 0, definition = ?1", &99);
    assert!(matches!(store.execution("e1"), Err(Error::Damaged(_))));
}

#[test]
fn a_step_without_news_leaves_the_row_alone() {
    let place = tempfile::tempdir().unwrap();
    let store = EmbeddedStore::open(place.path()).unwrap();
    store.commit(&[created("e1")]).unwrap();
    let written = |group: Group| {
        // The hook sees every row that is written, with its table.
        let tables = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
        let seen = std::sync::Arc::clone(&tables);
        let note = move |_, _: &str, table: &str, _| seen.lock().unwrap().push(table.to_owned());
        store.writer().connection.update_hook(Some(note)).unwrap();
        store.commit(&[group]).unwrap();
        std::mem::take(&mut *tables.lock().unwrap())
    };
    let waking = |number, wake_at_micros| {
        let change = ExecutionChange { status: Status::Running, closed_at_micros: None, wake_at_micros };
        Group { change: Some(change), ..appended("e1", number, 10) }
    };
    assert_eq!(written(appended("e1", 0, 10)), ["journal"]);
    assert_eq!(written(waking(1, None)), ["journal"]);
    assert_eq!(written(waking(2, Some(5))), ["execution", "journal"]);
    assert_eq!(written(waking(3, Some(5))), ["journal"]);
}

#[test]
fn an_older_schema_is_copied_and_brought_forward() {
    let directory = tempfile::tempdir().unwrap();
    let first = EmbeddedStore::open(directory.path()).unwrap();
    first.commit(&[created("e1"), appended("e1", 0, 10)]).unwrap();
    drop(first);

    let steps = [schema::STEPS, &["ALTER TABLE execution ADD COLUMN note TEXT;"]].concat();
    let place = Place::take(directory.path()).unwrap();
    let mut connection = Connection::open(place.store()).unwrap();
    schema::admit(&connection, &place, &steps).unwrap();
    schema::bring_forward(&mut connection, &place, &steps).unwrap();
    // A second time there is nothing to do, and nothing to copy.
    schema::bring_forward(&mut connection, &place, &steps).unwrap();
    assert_eq!(count(&connection, "SELECT count(*) FROM execution WHERE note IS NULL"), 1);
    assert_eq!(count(&connection, "PRAGMA user_version"), 3);
    drop((connection, place));

    assert!(!directory.path().join("store.schema-2-2.db").exists());
    let copy = directory.path().join("store.schema-2.db");
    assert_owner_only(&copy);
    let copied = Connection::open(&copy).unwrap();
    assert_eq!(count(&copied, "PRAGMA user_version"), 2);
    assert_eq!(count(&copied, "SELECT count(*) FROM journal"), 1);

    // Today's release does not know schema 3.
    let error = EmbeddedStore::open(directory.path()).unwrap_err();
    let Error::Incompatible(text) = &error else { panic!("{error}") };
    assert!(text.contains("has schema 3") && text.contains("up to 2"), "{text}");
}

/// A store that the first release wrote: its executions are no children, and listed as before.
#[test]
fn a_store_from_before_map_runs_is_brought_forward() {
    let directory = tempfile::tempdir().unwrap();
    let place = Place::take(directory.path()).unwrap();
    let mut connection = Connection::open(place.store()).unwrap();
    schema::bring_forward(&mut connection, &place, &schema::STEPS[..1]).unwrap();
    let rows = "INSERT INTO workflow (key, name) VALUES (1, 'report');
        INSERT INTO definition (key, digest, checksum, text) VALUES (1, 'd1', 0, '');
        INSERT INTO execution (id, workflow, name, definition, input_digest, status, started_at_micros)
            VALUES ('e1', 1, 'n1', 1, 'i1', 0, 10), ('e2', 1, 'n2', 1, 'i1', 0, 20);";
    connection.execute_batch(rows).unwrap();
    drop((connection, place));
    let store = EmbeddedStore::open(directory.path()).unwrap();
    let listed = store.list(&ListQuery { limit: 5, ..ListQuery::default() }).unwrap();
    assert_eq!(
        listed.iter().map(|row| (row.id.as_str(), &row.child)).collect::<Vec<_>>(),
        [("e2", &None), ("e1", &None)]
    );
    assert_eq!(store.count(Some("report")).unwrap().running, 2);
    assert_eq!(store.map_runs("e1").unwrap(), []);
}

#[test]
fn a_changed_outcome_or_map_run_is_found() {
    let place = tempfile::tempdir().unwrap();
    let store = EmbeddedStore::open(place.path()).unwrap();
    let run = MapRunRow {
        id: "r1".to_owned(),
        execution: "e1".to_owned(),
        number: 3,
        is_settled: false,
        body: b"run".to_vec(),
    };
    let outcome = Some(b"outcome".to_vec());
    store.commit(&[Group { map_runs: vec![run], outcome, ..created("e1") }]).unwrap();
    change_raw(&store, "UPDATE outcome SET body = ?1", &b"Outcome".as_slice());
    assert!(matches!(store.outcome("e1"), Err(Error::Damaged(text)) if text.contains("execution e1")));
    change_raw(&store, "UPDATE map_run SET body = ?1", &b"Run".as_slice());
    assert!(matches!(store.map_run("r1"), Err(Error::Damaged(text)) if text.contains("map run r1")));
}

#[test]
fn a_step_that_fails_changes_nothing() {
    let directory = tempfile::tempdir().unwrap();
    drop(EmbeddedStore::open(directory.path()).unwrap());
    let broken = ["CREATE TABLE extra (key INTEGER PRIMARY KEY) STRICT;", "no such statement;"];
    let steps = [schema::STEPS, &broken].concat();
    let place = Place::take(directory.path()).unwrap();
    let mut connection = Connection::open(place.store()).unwrap();
    schema::bring_forward(&mut connection, &place, &steps).unwrap_err();
    assert_eq!(count(&connection, "PRAGMA user_version"), 2);
    let extra = "SELECT count(*) FROM sqlite_schema WHERE name = 'extra'";
    assert_eq!(count(&connection, extra), 0);
    drop((connection, place));
    EmbeddedStore::open(directory.path()).unwrap();
}

#[test]
fn copies_of_one_schema_have_an_end() {
    let directory = tempfile::tempdir().unwrap();
    let place = Place::take(directory.path()).unwrap();
    for _ in 0..crate::place::COPIES_MAX {
        place.new_copy(1).unwrap();
    }
    let error = place.new_copy(1).unwrap_err();
    assert!(matches!(&error, Error::ReadOnly(text) if text.contains("100 copies")), "{error}");
}

#[test]
fn readers_wait_for_their_turn() {
    let place = tempfile::tempdir().unwrap();
    let store = EmbeddedStore::open(place.path()).unwrap();
    store.commit(&[created("e1")]).unwrap();
    let at_once = std::sync::atomic::AtomicUsize::new(0);
    let most = std::sync::atomic::AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..3 * crate::READERS_MAX {
            scope.spawn(|| {
                let relaxed = std::sync::atomic::Ordering::SeqCst;
                let row = store.readers.read(|connection| {
                    most.fetch_max(at_once.fetch_add(1, relaxed) + 1, relaxed);
                    std::thread::yield_now();
                    let row = read::execution(connection, "e1");
                    at_once.fetch_sub(1, relaxed);
                    row
                });
                assert!(row.unwrap().is_some());
            });
        }
    });
    assert!(most.into_inner() <= crate::READERS_MAX);
    assert_eq!(store.list(&ListQuery { limit: 5, ..ListQuery::default() }).unwrap().len(), 1);
}

fn damaged_at(store: &EmbeddedStore, where_it_is: &str) {
    let error = store.journal("e1", 0, 10).unwrap_err();
    assert!(matches!(&error, Error::Damaged(text) if text.contains(where_it_is)), "{error}");
}

fn change_raw(store: &EmbeddedStore, sql: &str, value: &dyn rusqlite::ToSql) {
    assert_eq!(store.writer().connection.execute(sql, [value]).unwrap(), 1);
}

fn limit_pages(store: &EmbeddedStore, pages: i64) {
    crate::set(&store.writer().connection, "max_page_count", pages).unwrap();
}

fn pages(store: &EmbeddedStore) -> i64 {
    count(&store.writer().connection, "PRAGMA page_count")
}

fn count(connection: &Connection, sql: &str) -> i64 {
    connection.query_row(sql, [], |row| row.get(0)).unwrap()
}

fn plan(store: &EmbeddedStore, sql: &str) -> Vec<String> {
    let writer = store.writer();
    let mut explain = writer.connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
    // A plan does not depend on what the parameters are bound to.
    let nothing = std::iter::repeat_n(rusqlite::types::Null, explain.parameter_count());
    let lines = explain.query_map(rusqlite::params_from_iter(nothing), |row| row.get::<_, String>("detail"));
    lines.unwrap().map(Result::unwrap).collect()
}

#[cfg(unix)]
fn assert_owner_only(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o600, "{}", path.display());
}

#[cfg(not(unix))]
fn assert_owner_only(_: &Path) {}

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

fn appended(id: &str, number: u64, body_bytes: usize) -> Group {
    let entry = Entry { number, at_micros: 1_000, body: vec![b'x'; body_bytes] };
    Group { execution: id.to_owned(), expected_entries: number, entries: vec![entry], ..Group::default() }
}
