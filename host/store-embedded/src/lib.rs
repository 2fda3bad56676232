//! The store in one local SQLite file.
