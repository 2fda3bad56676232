//! Event patterns. Pure.
