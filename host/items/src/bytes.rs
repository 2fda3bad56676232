//! The bytes of an object, a part at a time.

use std::io::{self, BufReader, Read};
use std::sync::Arc;

use flate2::bufread::MultiGzDecoder;
use stepwell_objects::Objects;

use crate::{Error, OBJECT_BYTES_MAX};

/// What is asked of the object at a time.
pub(crate) const READ_BYTES: usize = 262_144;

/// Where objects are, and how they are read.
#[derive(Clone)]
pub(crate) struct Reading {
    pub objects: Arc<dyn Objects>,
    /// How many bytes are asked for at a time. What comes out does not depend on it.
    pub read_bytes: usize,
}

/// The text of an object, unpacked where it was packed and without a byte order mark.
pub(crate) struct Bytes {
    object: String,
    reader: Box<dyn Read + Send>,
    buffer: Box<[u8]>,
    /// What of the buffer is there and not consumed.
    from: usize,
    to: usize,
    /// Bytes consumed.
    position: u64,
    bytes_max: u64,
}

/// An object that was opened.
pub(crate) struct Opened {
    pub bytes: Bytes,
    pub etag: String,
}

impl Reading {
    pub(crate) fn open(&self, bucket: &str, key: &str) -> Result<Opened, Error> {
        self.open_within(bucket, key, OBJECT_BYTES_MAX)
    }

    fn open_within(&self, bucket: &str, key: &str, bytes_max: u64) -> Result<Opened, Error> {
        let info = self.objects.head(bucket, key)?;
        let object = location(bucket, key);
        if info.size_bytes > bytes_max {
            return Err(too_large(object, bytes_max));
        }
        let mut raw = ObjectBytes {
            objects: Arc::clone(&self.objects),
            bucket: bucket.to_owned(),
            key: key.to_owned(),
            etag: info.etag.clone(),
            offset: 0,
        };
        let failed = |error| read_failed(error, &object, 0);
        let start = start(&mut raw, 4).map_err(failed)?;
        let packed = start.starts_with(&[0x1F, 0x8B]);
        if start == [0x28, 0xB5, 0x2F, 0xFD] {
            return Err(Error::Content {
                object,
                place: "byte 0".to_owned(),
                problem: "it is packed with zstd, which is not supported by this version; use gzip".to_owned(),
            });
        }
        let raw = io::Cursor::new(start).chain(raw);
        let mut reader: Box<dyn Read + Send> = if packed {
            Box::new(MultiGzDecoder::new(BufReader::with_capacity(self.read_bytes, raw)))
        } else {
            Box::new(raw)
        };
        let mut text = self::start(&mut reader, 3).map_err(failed)?;
        if text == [0xEF, 0xBB, 0xBF] {
            text.clear();
        }
        let reader = Box::new(io::Cursor::new(text).chain(reader));
        let buffer = vec![0; self.read_bytes].into_boxed_slice();
        let bytes = Bytes { object, reader, buffer, from: 0, to: 0, position: 0, bytes_max };
        Ok(Opened { bytes, etag: info.etag })
    }
}

impl Bytes {
    /// What comes next and was not consumed; empty at the end.
    pub(crate) fn fill(&mut self) -> Result<&[u8], Error> {
        if self.from == self.to {
            self.from = 0;
            self.to = loop {
                match self.reader.read(&mut self.buffer) {
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    read => break read.map_err(|error| read_failed(error, &self.object, self.position))?,
                }
            };
            if self.position + self.to as u64 > self.bytes_max {
                return Err(too_large(self.object.clone(), self.bytes_max));
            }
        }
        Ok(self.buffer.get(self.from..self.to).unwrap_or_default())
    }

    /// Passes over what was seen.
    pub(crate) fn consume(&mut self, bytes: usize) {
        let bytes = bytes.min(self.to - self.from);
        self.from += bytes;
        self.position += bytes as u64;
    }

    /// The next byte, which stays.
    pub(crate) fn peek(&mut self) -> Result<Option<u8>, Error> {
        Ok(self.fill()?.first().copied())
    }

    /// How many bytes were consumed.
    pub(crate) fn position(&self) -> u64 {
        self.position
    }

    /// Something is wrong with what it contains.
    pub(crate) fn wrong(&self, place: impl Into<String>, problem: impl Into<String>) -> Error {
        Error::Content { object: self.object.clone(), place: place.into(), problem: problem.into() }
    }
}

/// How messages and `Map.Item.Source` name an object.
pub(crate) fn location(bucket: &str, key: &str) -> String {
    format!("S3://{bucket}/{key}")
}

/// The object as it lies there.
struct ObjectBytes {
    objects: Arc<dyn Objects>,
    bucket: String,
    key: String,
    etag: String,
    offset: u64,
}

impl Read for ObjectBytes {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let other = |error| io::Error::other(Error::Object(error));
        let bytes = self.objects.read(&self.bucket, &self.key, self.offset, buffer.len()).map_err(other)?;
        // Each part is read by the object's name: another object may have come under it.
        if self.objects.head(&self.bucket, &self.key).map_err(other)?.etag != self.etag {
            return Err(io::Error::other(Error::Changed { object: location(&self.bucket, &self.key) }));
        }
        let read = bytes.len().min(buffer.len());
        if let (Some(to), Some(from)) = (buffer.get_mut(..read), bytes.get(..read)) {
            to.copy_from_slice(from);
        }
        self.offset += read as u64;
        Ok(read)
    }
}

/// The first bytes, fewer only when there are no more.
fn start(reader: &mut impl Read, bytes: u64) -> io::Result<Vec<u8>> {
    let mut start = Vec::new();
    reader.take(bytes).read_to_end(&mut start)?;
    Ok(start)
}

fn read_failed(error: io::Error, object: &str, position: u64) -> Error {
    error.downcast::<Error>().unwrap_or_else(|error| Error::Content {
        object: object.to_owned(),
        place: format!("byte {position} of what was unpacked"),
        problem: format!("it begins as gzip and cannot be unpacked: {error}"),
    })
}

fn too_large(object: String, bytes_max: u64) -> Error {
    let problem = format!("it has more than {bytes_max} bytes; divide it into several objects");
    Error::Content { object, place: "unpacked".to_owned(), problem }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use stepwell_objects::MemoryObjects;

    use super::*;

    fn reading(content: &[u8], read_bytes: usize) -> Reading {
        let objects = MemoryObjects::new(["b"]);
        objects.put("b", "k", content).unwrap();
        Reading { objects: Arc::new(objects), read_bytes }
    }

    fn text(reading: &Reading, bytes_max: u64) -> Result<Vec<u8>, Error> {
        let mut bytes = reading.open_within("b", "k", bytes_max)?.bytes;
        let mut text = Vec::new();
        loop {
            let part = bytes.fill()?;
            if part.is_empty() {
                return Ok(text);
            }
            text.extend_from_slice(part);
            let read = part.len();
            bytes.consume(read);
        }
    }

    fn packed(content: &[u8]) -> Vec<u8> {
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        packer.write_all(content).unwrap();
        packer.finish().unwrap()
    }

    #[test]
    fn packed_objects_and_byte_order_marks_are_seen() {
        let twice = [packed(b"hello "), packed(b"world")].concat();
        for (content, expected) in [
            (&b""[..], &b""[..]),
            (b"a", b"a"),
            (b"\x1F", b"\x1F"),
            (b"hello", b"hello"),
            (b"\xEF\xBB\xBFhello", b"hello"),
            (b"\xEF\xBBx", b"\xEF\xBBx"),
            (&packed(b"\xEF\xBB\xBFhello"), b"hello"),
            (&packed(b""), b""),
            (&twice, b"hello world"),
        ] {
            for read_bytes in [1, 2, 3, 4, 5, 64, 10_000] {
                assert_eq!(
                    text(&reading(content, read_bytes), 1_000).unwrap(),
                    expected,
                    "{content:?} by {read_bytes}"
                );
            }
        }
    }

    #[test]
    fn what_cannot_be_unpacked_is_told() {
        let whole = packed(b"hello world, hello world");
        let cut = whole.get(..whole.len() - 3).unwrap();
        for content in [cut, &[whole.as_slice(), b"more"].concat(), b"\x1F\x8B\x08", b"\x1F\x8Bxxxxxxxxxxxx"] {
            let error = text(&reading(content, 7), 1_000).unwrap_err().to_string();
            assert!(error.starts_with("S3://b/k, byte ") && error.contains("gzip"), "{error}");
        }
        let error = text(&reading(b"\x28\xB5\x2F\xFDxxx", 7), 1_000).unwrap_err().to_string();
        assert!(error.contains("zstd") && error.contains("use gzip"), "{error}");
    }

    #[test]
    fn an_object_has_a_size() {
        assert_eq!(text(&reading(&[b' '; 100], 7), 100).unwrap().len(), 100);
        let bomb = packed(&vec![b' '; 1_000_000]);
        assert!(bomb.len() < 10_000);
        for content in [&[b' '; 101][..], &bomb] {
            let error = text(&reading(content, 7), 100).unwrap_err().to_string();
            assert!(error.contains("more than 100 bytes"), "{error}");
        }
        assert!(text(&reading(b"ok", 7), OBJECT_BYTES_MAX).is_ok());
    }

    #[test]
    fn an_object_that_changes_is_not_read_on() {
        let objects = MemoryObjects::new(["b"]);
        objects.put("b", "k", "0123456789").unwrap();
        let reading = Reading { objects: Arc::new(objects.clone()), read_bytes: 4 };
        let mut bytes = reading.open("b", "k").unwrap().bytes;
        assert_eq!(bytes.fill().unwrap(), b"012");
        bytes.consume(3);
        objects.put("b", "k", "abcdefghij").unwrap();
        assert_eq!(bytes.fill().unwrap(), b"3");
        bytes.consume(1);
        let error = bytes.fill().unwrap_err();
        assert!(matches!(error, Error::Changed { .. }), "{error}");
    }
}
