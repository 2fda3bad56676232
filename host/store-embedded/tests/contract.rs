//! The contract of the port, kept by a store in a file.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::sync::Arc;

use stepwell_store::Store;
use stepwell_store_embedded::EmbeddedStore;

stepwell_store::contract_tests!(|| {
    let place = tempfile::tempdir().unwrap();
    move || Arc::new(EmbeddedStore::open(place.path()).unwrap()) as Arc<dyn Store>
});
