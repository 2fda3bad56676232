//! The items that a distributed Map reads from objects, and the results that it writes to them.
//!
//! A [`Dataset`] is an `ItemReader` whose fields were evaluated: a JSON file, JSON Lines, a CSV
//! file, a listing of objects, or a manifest that names objects. [`count`] reads it once and says
//! how many items it has; [`stream`] reads it item by item. Both hold only a small part of it at
//! a time, whatever its size. [`Results`] is a `ResultWriter`: it appends what became of each
//! item to files of results, and ends with a manifest; [`transform`] makes the state's output
//! where the results are not exported.
//!
//! ```
//! use std::sync::Arc;
//! use stepwell_expr::Value;
//! use stepwell_items::{Dataset, count, stream};
//! use stepwell_objects::{MemoryObjects, Objects};
//!
//! let memory = MemoryObjects::new(["shop"]);
//! memory.put("shop", "orders.csv", "id,total\n1,20\n2,35\n")?;
//! let objects: Arc<dyn Objects> = Arc::new(memory);
//!
//! let arguments = Value::parse(r#"{"Bucket": "shop", "Key": "orders.csv"}"#)?;
//! let config = Value::parse(r#"{"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW"}"#)?;
//! let dataset = Dataset::new("arn:aws:states:::s3:getObject", &arguments, &config)?;
//! assert_eq!(count(&dataset, &objects)?.items, 2);
//! let last = stream(&dataset, objects, 1).next().unwrap()?;
//! assert_eq!(last.value.to_string(), r#"{"id":"2","total":"35"}"#);
//! assert_eq!(&*last.source, "S3://shop/orders.csv");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! What is read is taken to be hostile: an item, a header and a manifest have largest sizes, and
//! nothing recurses with the data.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test that cannot go on fails"))]

mod bytes;
mod csv;
mod dataset;
mod error;
mod fields;
mod json;
mod lines;
mod outcome;
mod results;
mod sources;
mod stream;
#[cfg(test)]
mod tests;

pub use dataset::{CSV_HEADER_BYTES_MAX, Dataset, ITEMS_MAX, ITEMS_POINTER_CHARS_MAX};
pub use error::Error;
pub use outcome::{Failure, Outcome, Status, transform};
pub use results::{RESULT_FILE_BYTES_MAX, Results};
pub use stream::{Counted, Item, ItemStream, count, stream};

/// Largest item (bytes of its text): four times the largest payload, because an `ItemSelector`
/// can take a part of it.
pub const ITEM_BYTES_MAX: usize = 1_048_576;
/// Largest object that is read (bytes, also after it was unpacked), as AWS has it.
pub const OBJECT_BYTES_MAX: u64 = 10_737_418_240;
/// Largest manifest of an inventory (bytes).
pub const MANIFEST_BYTES_MAX: usize = 8_388_608;
