//! Dispatcher and shell: first the journal, then the world.
