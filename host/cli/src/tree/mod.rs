//! An execution's history folded into a tree of states, and shown as it grows.

mod fold;
mod live;
mod measure;
mod render;

pub use live::Live;
pub use measure::elapsed;
