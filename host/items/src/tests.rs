//! Every format as it should be, and as it should not.

mod formats;
mod hostile;
mod model;

use std::sync::Arc;

use stepwell_expr::Value;
use stepwell_objects::{MemoryObjects, Objects};

use crate::bytes::{READ_BYTES, Reading};
use crate::stream::stream_by;
use crate::{Dataset, Error};

const GET_OBJECT: &str = "arn:aws:states:::s3:getObject";
const LIST_OBJECTS: &str = "arn:aws:states:::s3:listObjectsV2";

fn json(text: &str) -> Value {
    Value::parse(text).unwrap()
}

/// A bucket `b` with these objects.
fn bucket(contents: &[(&str, &[u8])]) -> MemoryObjects {
    let objects = MemoryObjects::new(["b"]);
    for (key, content) in contents {
        objects.put("b", key, *content).unwrap();
    }
    objects
}

/// The object `b/k`, read with a `ReaderConfig`.
fn of_object(config: &str) -> Dataset {
    Dataset::new(GET_OBJECT, &json(r#"{"Bucket": "b", "Key": "k"}"#), &json(config)).unwrap()
}

/// The items of one content, each as JSON text, read so many bytes at a time.
fn items_by(config: &str, content: &[u8], read_bytes: usize) -> Result<Vec<String>, Error> {
    let objects: Arc<dyn Objects> = Arc::new(bucket(&[("k", content)]));
    let stream = stream_by(&of_object(config), Reading { objects, read_bytes }, 0);
    stream.map(|item| item.map(|item| item.input().to_string())).collect()
}

fn items(config: &str, content: impl AsRef<[u8]>) -> Result<Vec<String>, Error> {
    items_by(config, content.as_ref(), READ_BYTES)
}

/// The message that reading this content ends with.
fn trouble(config: &str, content: impl AsRef<[u8]>) -> String {
    items(config, content).unwrap_err().to_string()
}

/// Reading and writing move to threads that may block.
#[test]
fn streams_and_results_can_be_sent() {
    fn sent<T: Send + 'static>() {}
    sent::<crate::ItemStream>();
    sent::<crate::Results>();
    sent::<Dataset>();
    sent::<Error>();
}

fn packed(content: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packer.write_all(content).unwrap();
    packer.finish().unwrap()
}
