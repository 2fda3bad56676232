//! Disks that lost power, made of what the shim wrote down.

mod disk;
mod images;
mod log;

pub use disk::{Disk, Tearing};
pub use images::{Images, Tally, check_images};
pub use log::{Change, Record, read};
