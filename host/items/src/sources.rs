//! The objects that a dataset consists of, one after the other.

use std::sync::Arc;
use std::vec::IntoIter;

use sha2::{Digest, Sha256};
use stepwell_expr::Value;
use stepwell_objects::ObjectInfo;

use crate::bytes::{Bytes, Reading, location};
use crate::csv::Csv;
use crate::dataset::{CsvFormat, Format, Headers, Origin, headers};
use crate::fields::shortened;
use crate::json::Json;
use crate::lines::{JsonLines, Lines};
use crate::{Error, MANIFEST_BYTES_MAX};

/// How many objects are listed at a time.
const PAGE_OBJECTS: usize = 20_000;

/// What a reader comes to next.
pub(crate) enum Step {
    Item {
        key: Option<Arc<str>>,
        value: Value,
    },
    /// An item that nobody wanted to have.
    Passed,
    End,
}

/// The items of one object, or of a listing.
pub(crate) struct Reader {
    pub source: Arc<str>,
    content: Content,
}

enum Content {
    Json(Json),
    JsonLines(JsonLines),
    Csv(Csv),
    Listing(Pages),
}

impl Reader {
    pub(crate) fn next(&mut self, reading: &Reading, read: &mut Fingerprint, make: bool) -> Result<Step, Error> {
        match &mut self.content {
            Content::Json(json) => json.next(make),
            Content::JsonLines(lines) => lines.next(make),
            Content::Csv(csv) => csv.next(make),
            Content::Listing(pages) => {
                let Some(info) = pages.next(reading)? else { return Ok(Step::End) };
                read.add(&pages.bucket, &info.key, &info.etag);
                Ok(if make { Step::Item { key: None, value: described(&info) } } else { Step::Passed })
            }
        }
    }

    /// Bytes held besides the parts of the object and the page of a listing.
    #[cfg(test)]
    pub(crate) fn held_bytes(&self) -> usize {
        match &self.content {
            Content::Json(json) => json.held_bytes(),
            Content::JsonLines(lines) => lines.0.held_bytes(),
            Content::Csv(csv) => csv.held_bytes(),
            Content::Listing(_) => 0,
        }
    }
}

/// Where the next reader comes from.
pub(crate) enum Sources {
    One { bucket: String, key: String, format: Format },
    Listed { pages: Pages, format: Option<Format> },
    Inventory { bucket: String, key: String },
    Files { bucket: String, keys: IntoIter<String>, format: Format },
    Athena { bucket: String, key: String, format: Format },
    Named { lines: Lines, format: Format },
    None,
}

impl Sources {
    pub(crate) fn new(origin: &Origin) -> Self {
        match origin.clone() {
            Origin::Object { bucket, key, format } => Self::One { bucket, key, format },
            Origin::Listing { bucket, prefix, after, format } => Self::Listed {
                pages: Pages { bucket, prefix, after, page: Vec::new().into_iter(), last: false },
                format,
            },
            Origin::Inventory { bucket, key } => Self::Inventory { bucket, key },
            Origin::Athena { bucket, key, format } => Self::Athena { bucket, key, format },
        }
    }

    /// The next reader; `None` when there is none.
    pub(crate) fn next(&mut self, reading: &Reading, read: &mut Fingerprint) -> Result<Option<Reader>, Error> {
        loop {
            match std::mem::replace(self, Self::None) {
                Self::None => return Ok(None),
                Self::One { bucket, key, format } => return open(reading, read, &bucket, &key, &format).map(Some),
                Self::Listed { pages, format: None } => {
                    let source = format!("S3://{}", pages.bucket).into();
                    return Ok(Some(Reader { source, content: Content::Listing(pages) }));
                }
                Self::Listed { mut pages, format: Some(format) } => {
                    let Some(info) = pages.next(reading)? else { return Ok(None) };
                    let opened = open(reading, read, &pages.bucket, &info.key, &format)?;
                    *self = Self::Listed { pages, format: Some(format) };
                    return Ok(Some(opened));
                }
                Self::Inventory { bucket, key } => *self = inventory(reading, read, &bucket, &key)?,
                Self::Files { bucket, mut keys, format } => {
                    let Some(key) = keys.next() else { return Ok(None) };
                    let opened = open(reading, read, &bucket, &key, &format)?;
                    *self = Self::Files { bucket, keys, format };
                    return Ok(Some(opened));
                }
                Self::Athena { bucket, key, format } => {
                    *self = Self::Named { lines: Lines::new(bytes(reading, read, &bucket, &key)?), format };
                }
                Self::Named { mut lines, format } => {
                    let Some(line) = lines.next()? else { return Ok(None) };
                    let Some((bucket, key)) = named(line) else {
                        let problem = format!("{:?} names no object; expected s3://BUCKET/KEY", shortened(line));
                        return Err(lines.wrong(problem));
                    };
                    let opened = open(reading, read, &bucket, &key, &format)?;
                    *self = Self::Named { lines, format };
                    return Ok(Some(opened));
                }
            }
        }
    }
}

/// Objects as they are listed.
pub(crate) struct Pages {
    bucket: String,
    prefix: String,
    after: Option<String>,
    page: IntoIter<ObjectInfo>,
    /// There is no page behind this one.
    last: bool,
}

impl Pages {
    fn next(&mut self, reading: &Reading) -> Result<Option<ObjectInfo>, Error> {
        if self.page.len() == 0 && !self.last {
            let page = reading.objects.list(&self.bucket, &self.prefix, self.after.as_deref(), PAGE_OBJECTS)?;
            self.last = page.len() < PAGE_OBJECTS;
            self.after = page.last().map(|info| info.key.clone()).or(self.after.take());
            self.page = page.into_iter();
        }
        Ok(self.page.next())
    }
}

/// What was read, in order: another one when any object of it changed, came or went.
#[derive(Default)]
pub(crate) struct Fingerprint(Sha256);

impl Fingerprint {
    fn add(&mut self, bucket: &str, key: &str, etag: &str) {
        for part in [bucket, key, etag] {
            self.0.update((part.len() as u64).to_le_bytes());
            self.0.update(part);
        }
    }

    pub(crate) fn text(&self) -> String {
        format!("sha256:{}", hex::encode(self.0.clone().finalize()))
    }
}

fn bytes(reading: &Reading, read: &mut Fingerprint, bucket: &str, key: &str) -> Result<Bytes, Error> {
    let opened = reading.open(bucket, key)?;
    read.add(bucket, key, &opened.etag);
    Ok(opened.bytes)
}

fn open(reading: &Reading, read: &mut Fingerprint, bucket: &str, key: &str, format: &Format) -> Result<Reader, Error> {
    let bytes = bytes(reading, read, bucket, key)?;
    let content = match format {
        Format::Json { pointer } => Content::Json(Json::new(bytes, Arc::clone(pointer))),
        Format::JsonLines => Content::JsonLines(JsonLines(Lines::new(bytes))),
        Format::Csv(format) => Content::Csv(Csv::new(bytes, format)),
    };
    Ok(Reader { source: location(bucket, key).into(), content })
}

/// An item of a listing, with the names that AWS gives it.
fn described(info: &ObjectInfo) -> Value {
    Value::object([
        ("Etag", Value::from(format!("\"{}\"", info.etag))),
        ("Key", Value::from(info.key.as_str())),
        ("LastModified", Value::from(info.modified_micros.div_euclid(1_000_000))),
        ("Size", Value::from(i64::try_from(info.size_bytes).unwrap_or(i64::MAX))),
        ("StorageClass", Value::from("STANDARD")),
    ])
}

/// Bucket and key of `s3://bucket/key`, which may stand in quotation marks.
fn named(line: &str) -> Option<(String, String)> {
    let line = line.strip_prefix('"').and_then(|line| line.strip_suffix('"')).unwrap_or(line);
    let (scheme, rest) = line.split_at_checked("s3://".len())?;
    let (bucket, key) = rest.split_once('/')?;
    let complete = scheme.eq_ignore_ascii_case("s3://") && !bucket.is_empty() && !key.is_empty();
    complete.then(|| (bucket.to_owned(), key.to_owned()))
}

/// Reads the manifest of an inventory.
fn inventory(reading: &Reading, read: &mut Fingerprint, bucket: &str, key: &str) -> Result<Sources, Error> {
    let mut bytes = bytes(reading, read, bucket, key)?;
    let mut text = Vec::new();
    loop {
        let part = bytes.fill()?;
        let length = part.len();
        if length == 0 {
            break;
        }
        if text.len() + length > MANIFEST_BYTES_MAX {
            return Err(bytes.wrong("the manifest", format!("it is longer than {MANIFEST_BYTES_MAX} bytes")));
        }
        text.extend_from_slice(part);
        bytes.consume(length);
    }
    let wrong = |problem: String| bytes.wrong("the manifest of the inventory", problem);
    let text = std::str::from_utf8(&text).map_err(|error| wrong(error.to_string()))?;
    let manifest = Value::parse(text).map_err(|error| wrong(format!("it is not JSON: {error}")))?;
    match manifest.get("fileFormat").and_then(Value::as_str) {
        Some("CSV") => {}
        Some(format) => return Err(wrong(format!("fileFormat is {:?}; only CSV is supported", shortened(format)))),
        None => return Err(wrong("it has no fileFormat; an inventory's manifest.json has one".to_owned())),
    }
    let schema = manifest.get("fileSchema").and_then(Value::as_str);
    let schema = schema.ok_or_else(|| wrong("fileSchema must name the columns, divided by commas".to_owned()))?;
    let headers: Headers = headers(schema.split(',').map(|name| name.trim().into()).collect())?;
    let files = manifest.get("files").and_then(Value::as_array);
    let files = files.ok_or_else(|| wrong("it has no array `files`".to_owned()))?;
    let keys: Option<Vec<_>> = files.iter().map(|file| file.get("key")?.as_str().map(str::to_owned)).collect();
    let keys = keys.ok_or_else(|| wrong("each of its `files` must have a `key`".to_owned()))?;
    // A bucket may be named by its ARN, which ends with its name.
    let destination = manifest.get("destinationBucket").and_then(Value::as_str).unwrap_or(bucket);
    let bucket = destination.rsplit(':').next().unwrap_or(destination).to_owned();
    let format = Format::Csv(CsvFormat { delimiter: b',', headers: Some(headers) });
    Ok(Sources::Files { bucket, keys: keys.into_iter(), format })
}
