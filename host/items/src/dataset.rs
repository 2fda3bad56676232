//! What an `ItemReader` asks for.

use std::collections::HashSet;
use std::sync::Arc;

use stepwell_expr::Value;

use crate::Error;
use crate::fields::{Fields, shortened};

/// Most items of a dataset, as AWS has it; what follows is not read.
pub const ITEMS_MAX: u64 = 100_000_000;
/// Largest header of a CSV file (bytes), as AWS has it.
pub const CSV_HEADER_BYTES_MAX: usize = 10_240;
/// Longest `ItemsPointer` (characters), as AWS has it.
pub const ITEMS_POINTER_CHARS_MAX: usize = 2_000;

/// A dataset whose place and format are known; nothing of it has been read yet.
#[derive(Debug, Clone)]
pub struct Dataset {
    pub(crate) origin: Origin,
    pub(crate) items_max: u64,
}

/// Where the items come from.
#[derive(Debug, Clone)]
pub(crate) enum Origin {
    Object {
        bucket: String,
        key: String,
        format: Format,
    },
    /// The objects of a listing: what is known of them (no format), or what they contain.
    Listing {
        bucket: String,
        prefix: String,
        after: Option<String>,
        format: Option<Format>,
    },
    /// An S3 inventory: a manifest that names CSV files.
    Inventory {
        bucket: String,
        key: String,
    },
    /// What Athena wrote: a manifest that names objects.
    Athena {
        bucket: String,
        key: String,
        format: Format,
    },
}

/// How an object contains items.
#[derive(Debug, Clone)]
pub(crate) enum Format {
    /// An array or an object, found by the names of a JSON pointer.
    Json {
        pointer: Arc<[String]>,
    },
    JsonLines,
    Csv(CsvFormat),
}

#[derive(Debug, Clone)]
pub(crate) struct CsvFormat {
    pub delimiter: u8,
    /// `None` when they are the first row.
    pub headers: Option<Headers>,
}

/// Names of columns, no two alike.
pub(crate) type Headers = Arc<[Arc<str>]>;

#[derive(Clone, Copy)]
enum Action {
    GetObject,
    ListObjects,
}

#[derive(Clone, Copy, PartialEq)]
enum InputType {
    Csv,
    Json,
    JsonLines,
    Parquet,
    Manifest,
}

#[derive(Clone, Copy, PartialEq)]
enum ManifestType {
    Inventory,
    Athena,
}

#[derive(Clone, Copy, PartialEq)]
enum Transformation {
    None,
    LoadAndFlatten,
}

#[derive(Clone, Copy)]
enum HeaderLocation {
    FirstRow,
    Given,
}

impl Dataset {
    /// `resource` is the reader's `Resource`, `arguments` its evaluated `Arguments` or
    /// `Parameters`, and `config` its evaluated `ReaderConfig`, null when it has none.
    ///
    /// `ExpectedBucketOwner` is taken and means nothing: a granted bucket is the host's own.
    ///
    /// # Errors
    /// The first field that cannot be used, and why.
    pub fn new(resource: &str, arguments: &Value, config: &Value) -> Result<Self, Error> {
        let config = Config::new(config)?;
        let origin = match action(resource)? {
            Action::GetObject => object(arguments, &config)?,
            Action::ListObjects => listing(arguments, &config)?,
        };
        Ok(Self { origin, items_max: config.items_max()? })
    }
}

fn action(resource: &str) -> Result<Action, Error> {
    let named = resource.strip_prefix("arn:").and_then(|rest| rest.split_once(':'));
    match named.map(|(_partition, service)| service) {
        Some("states:::s3:getObject") => Ok(Action::GetObject),
        Some("states:::s3:listObjectsV2") => Ok(Action::ListObjects),
        _ => Err(Error::config(
            "Resource",
            format!(
                "{:?} reads no items; arn:aws:states:::s3:getObject and arn:aws:states:::s3:listObjectsV2 do",
                shortened(resource)
            ),
        )),
    }
}

fn object(arguments: &Value, config: &Config<'_>) -> Result<Origin, Error> {
    let arguments = Fields::new("Arguments", arguments, &["Bucket", "Key", "VersionId", "ExpectedBucketOwner"])?;
    let (bucket, key) = (arguments.needed("Bucket")?.to_owned(), arguments.needed("Key")?.to_owned());
    if arguments.value("VersionId").is_some() {
        return Err(Error::config("VersionId", "the buckets of this host keep one version; leave it out"));
    }
    if config.transformation()? == Transformation::LoadAndFlatten {
        return Err(Error::config("Transformation", "LOAD_AND_FLATTEN is for s3:listObjectsV2"));
    }
    let input_type = config.input_type()?;
    match config.manifest_type()? {
        Some(ManifestType::Athena) => match input_type {
            Some(InputType::Csv | InputType::JsonLines | InputType::Parquet) => {
                Ok(Origin::Athena { bucket, key, format: config.format(input_type)? })
            }
            Some(InputType::Json | InputType::Manifest) | None => Err(Error::config(
                "InputType",
                "with the ManifestType ATHENA_DATA it must be CSV or JSONL, the format of the objects that the \
                 manifest names",
            )),
        },
        Some(ManifestType::Inventory) => Ok(Origin::Inventory { bucket, key }),
        None if input_type == Some(InputType::Manifest) => Ok(Origin::Inventory { bucket, key }),
        None => Ok(Origin::Object { bucket, key, format: config.format(input_type)? }),
    }
}

fn listing(arguments: &Value, config: &Config<'_>) -> Result<Origin, Error> {
    let known = ["Bucket", "Prefix", "StartAfter", "ExpectedBucketOwner"];
    let arguments = Fields::new("Arguments", arguments, &known)?;
    let format = match config.transformation()? {
        Transformation::None => None,
        Transformation::LoadAndFlatten => {
            let input_type = config.input_type()?;
            if input_type.is_none_or(|input_type| input_type == InputType::Manifest) {
                return Err(Error::config(
                    "InputType",
                    "with the Transformation LOAD_AND_FLATTEN it must be CSV, JSON or JSONL, the format of the objects",
                ));
            }
            Some(config.format(input_type)?)
        }
    };
    Ok(Origin::Listing {
        bucket: arguments.needed("Bucket")?.to_owned(),
        prefix: arguments.text("Prefix")?.unwrap_or_default().to_owned(),
        after: arguments.text("StartAfter")?.map(str::to_owned),
        format,
    })
}

/// The `ReaderConfig`.
struct Config<'a>(Fields<'a>);

impl<'a> Config<'a> {
    fn new(config: &'a Value) -> Result<Self, Error> {
        const KNOWN: [&str; 9] = [
            "InputType",
            "CSVHeaderLocation",
            "CSVHeaders",
            "CSVDelimiter",
            "MaxItems",
            "ItemsPointer",
            "ManifestType",
            "Transformation",
            "ExpectedBucketOwner",
        ];
        Fields::new("ReaderConfig", config, &KNOWN).map(Self)
    }

    fn items_max(&self) -> Result<u64, Error> {
        let Some(value) = self.0.value("MaxItems") else { return Ok(ITEMS_MAX) };
        let wrong = || Error::config("MaxItems", format!("it must be an integer, not of the kind {}", value.kind()));
        match u64::try_from(value.as_i64().ok_or_else(wrong)?) {
            Ok(0) => Ok(ITEMS_MAX),
            Ok(items) => Ok(items.min(ITEMS_MAX)),
            Err(_) => Err(Error::MaxItems),
        }
    }

    fn transformation(&self) -> Result<Transformation, Error> {
        let words = [("NONE", Transformation::None), ("LOAD_AND_FLATTEN", Transformation::LoadAndFlatten)];
        Ok(self.0.word("Transformation", &words)?.unwrap_or(Transformation::None))
    }

    fn manifest_type(&self) -> Result<Option<ManifestType>, Error> {
        self.0.word("ManifestType", &[("S3_INVENTORY", ManifestType::Inventory), ("ATHENA_DATA", ManifestType::Athena)])
    }

    fn input_type(&self) -> Result<Option<InputType>, Error> {
        let words = [
            ("CSV", InputType::Csv),
            ("JSON", InputType::Json),
            ("JSONL", InputType::JsonLines),
            ("PARQUET", InputType::Parquet),
            ("MANIFEST", InputType::Manifest),
        ];
        self.0.word("InputType", &words)
    }

    /// The format of an object; JSON where nothing is said.
    fn format(&self, input_type: Option<InputType>) -> Result<Format, Error> {
        match input_type {
            None | Some(InputType::Json) => Ok(Format::Json { pointer: self.pointer()? }),
            Some(InputType::JsonLines) => Ok(Format::JsonLines),
            Some(InputType::Csv) => {
                Ok(Format::Csv(CsvFormat { delimiter: self.delimiter()?, headers: self.headers()? }))
            }
            Some(InputType::Parquet) => Err(Error::config(
                "InputType",
                "PARQUET is not supported by this version; convert the data to CSV or JSONL",
            )),
            Some(InputType::Manifest) => Err(Error::config("InputType", "MANIFEST is for s3:getObject of a manifest")),
        }
    }

    fn delimiter(&self) -> Result<u8, Error> {
        let words = [("COMMA", b','), ("PIPE", b'|'), ("SEMICOLON", b';'), ("SPACE", b' '), ("TAB", b'\t')];
        Ok(self.0.word("CSVDelimiter", &words)?.unwrap_or(b','))
    }

    fn headers(&self) -> Result<Option<Headers>, Error> {
        let words = [("FIRST_ROW", HeaderLocation::FirstRow), ("GIVEN", HeaderLocation::Given)];
        match self.0.word("CSVHeaderLocation", &words)? {
            Some(HeaderLocation::FirstRow) => Ok(None),
            Some(HeaderLocation::Given) => {
                let given = self.0.value("CSVHeaders").and_then(Value::as_array).unwrap_or_default();
                let names: Option<Vec<Arc<str>>> = given.iter().map(|name| name.as_str().map(Arc::from)).collect();
                match names {
                    Some(names) if !names.is_empty() => headers(names).map(Some),
                    _ => Err(Error::config(
                        "CSVHeaders",
                        "with the CSVHeaderLocation GIVEN it must be an array of strings, the names of the columns",
                    )),
                }
            }
            None => Err(Error::config("CSVHeaderLocation", "a CSV dataset must have it: FIRST_ROW or GIVEN")),
        }
    }

    /// The names of `ItemsPointer`, a JSON pointer (RFC 6901).
    fn pointer(&self) -> Result<Arc<[String]>, Error> {
        let text = self.0.text("ItemsPointer")?.unwrap_or_default();
        if text.chars().count() > ITEMS_POINTER_CHARS_MAX {
            let problem = format!("it is longer than {ITEMS_POINTER_CHARS_MAX} characters");
            return Err(Error::config("ItemsPointer", problem));
        }
        let wrong = |problem: &str| Error::config("ItemsPointer", format!("{:?}: {problem}", shortened(text)));
        let mut names = text.split('/');
        if names.next() != Some("") {
            return Err(wrong("a JSON pointer begins with a slash, such as /orders/items"));
        }
        names
            .map(|name| {
                let escapes = name.matches('~').count();
                if escapes != name.matches("~0").count() + name.matches("~1").count() {
                    return Err(wrong("in a JSON pointer ~ is followed by 0 (for ~) or 1 (for /)"));
                }
                Ok(name.replace("~1", "/").replace("~0", "~"))
            })
            .collect()
    }
}

/// Checks what the rules for headers say, wherever they come from.
pub(crate) fn headers(names: Vec<Arc<str>>) -> Result<Headers, Error> {
    if names.iter().map(|name| name.len() + 1).sum::<usize>() > CSV_HEADER_BYTES_MAX + 1 {
        let problem = format!("the names of the columns are longer than {CSV_HEADER_BYTES_MAX} bytes (10 KiB)");
        return Err(Error::config("CSVHeaders", problem));
    }
    let mut seen = HashSet::new();
    if names.iter().all(|name| seen.insert(Arc::clone(name))) { Ok(names.into()) } else { Err(Error::HeadersRepeated) }
}
