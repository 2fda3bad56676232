//! Which of SQLite's errors is which of the port's.

use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;
use stepwell_store::Error;

/// Makes the port's errors; knows which file they are about.
#[derive(Debug, Clone)]
pub(crate) struct Trouble {
    store: PathBuf,
}

impl Trouble {
    pub(crate) fn new(store: &Path) -> Self {
        Self { store: store.to_owned() }
    }

    /// While the store is opened, a file that is no database is no store either.
    pub(crate) fn of_opening(&self, error: &rusqlite::Error) -> Error {
        match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) => self.not_a_store("it is not an SQLite file"),
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Error::Locked(format!(
                "{} is locked by another program ({error}); close that program and start again",
                self.store.display()
            )),
            _ => self.of_writing(error),
        }
    }

    /// Everything but COMMIT, where the transaction can still be rolled back.
    pub(crate) fn of_writing(&self, error: &rusqlite::Error) -> Error {
        let store = self.store.display();
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => {
                Error::ReadOnly(format!("{store}: {error}; nothing of this commit was kept; make room on its disk"))
            }
            Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
                Error::ReadOnly(format!("{store}: {error}; let this user write the file and its directory"))
            }
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                Error::ReadOnly(format!("{store}: another program holds its write lock ({error}); close that program"))
            }
            _ => self.of_reading(error),
        }
    }

    /// Here a failure leaves open whether the commit is durable, unless SQLite says that the
    /// log could not take it or that it had not begun.
    pub(crate) fn of_committing(&self, error: &rusqlite::Error) -> Error {
        match self.of_writing(error) {
            error @ Error::ReadOnly(_) => error,
            Error::Broken(_) | Error::Damaged(_) | Error::Incompatible(_) | Error::Locked(_) => self.broken(error),
        }
    }

    pub(crate) fn of_reading(&self, error: &rusqlite::Error) -> Error {
        match error {
            rusqlite::Error::FromSqlConversionFailure(..)
            | rusqlite::Error::IntegralValueOutOfRange(..)
            | rusqlite::Error::InvalidColumnType(..)
            | rusqlite::Error::Utf8Error(..) => return self.damaged(&error.to_string()),
            _ => {}
        }
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => self.damaged(&error.to_string()),
            _ => self.broken(error),
        }
    }

    pub(crate) fn broken(&self, error: &rusqlite::Error) -> Error {
        let extended = error.sqlite_extended_error_code();
        let code = extended.map_or_else(String::new, |code| format!(" (SQLite code {code})"));
        Error::Broken(format!("{}: {error}{code}", self.store.display()))
    }

    pub(crate) fn damaged(&self, what: &str) -> Error {
        Error::Damaged(format!("{}: {what}; restore a backup", self.store.display()))
    }

    pub(crate) fn not_a_store(&self, why: &str) -> Error {
        Error::Incompatible(format!(
            "{} is not a Stepwell store: {why}; move it away or choose another data directory",
            self.store.display()
        ))
    }
}
