//! Map states: what they go over, how, and what becomes of the results.

use std::sync::Arc;

use stepwell_expr::Value;

use super::fields::{Fields, expected};
use super::states::{LEADING, RECOVERING};
use super::{Builder, Names};
use crate::diagnostic;
use crate::limits::{BATCH_BYTES_MAX, LABEL_CHARS_MAX};
use crate::machine::{
    Amount, Batcher, Concurrency, Distributed, Flow, Kind, MapState, Payload, QueryLanguage, Reader, ReaderConfig,
    StateIx, WorkflowType, Writer,
};
use crate::query::{self, Query};

const MAP_OWN: [&str; 11] = [
    "ItemProcessor",
    "Iterator",
    "ItemsPath",
    "Items",
    "ItemSelector",
    "MaxConcurrency",
    "MaxConcurrencyPath",
    "ItemReader",
    "ItemBatcher",
    "ResultWriter",
    "Label",
];

const TOLERATED: [&str; 4] = [
    "ToleratedFailureCount",
    "ToleratedFailureCountPath",
    "ToleratedFailurePercentage",
    "ToleratedFailurePercentagePath",
];

/// Fields that only distributed Maps have.
const DISTRIBUTED_ONLY: [&str; 4] = ["ItemReader", "ItemBatcher", "ResultWriter", "Label"];

/// What a `Label` must not hold, besides blanks and control characters.
const LABEL_CHARS_REFUSED: &str = r#"?*<>{}[]:;,\|^~$#%&`"/"#;

impl Builder {
    pub(super) fn map(&mut self, at: StateIx, fields: &Fields<'_>, names: &Names<'_>) -> Option<Kind> {
        self.only(fields, &[&LEADING, &RECOVERING, &MAP_OWN, &TOLERATED]);
        fields.one_of(&["ItemSelector", "Parameters"], &mut self.problems);
        fields.one_of(&["MaxConcurrency", "MaxConcurrencyPath"], &mut self.problems);
        let label = self.label(fields);
        let recovery = self.recovery(at, fields, names);
        let items_path = self.items_path(fields);
        let items = self.items(fields);
        let item_selector = self.payload(fields, "ItemSelector");
        let concurrency = self.concurrency(fields)?;
        let (tolerated_count, tolerated_percentage) = self.tolerated(fields);
        if !fields.one_of(&["ItemProcessor", "Iterator"], &mut self.problems) {
            let message = "This object should have only one of the following fields: [ItemProcessor, Iterator]";
            self.problems.schema(fields.pointer.clone(), message);
            return None;
        }
        let name = if fields.has("ItemProcessor") { "ItemProcessor" } else { "Iterator" };
        let inner = Fields::of(fields.get(name)?, fields.at(name), &mut self.problems)?;
        let known = ["StartAt", "States", "Comment", "ProcessorConfig"];
        inner.known(&known, &mut self.problems);
        let distributed = self.processor_config(&inner).map(|child| {
            let reader = self.reader(fields);
            let (batcher, writer) = (self.batcher(fields), self.writer(fields));
            Box::new(Distributed { child, label, pointer: inner.pointer.clone(), reader, batcher, writer })
        });
        if distributed.is_none() {
            for name in DISTRIBUTED_ONLY.iter().filter(|name| fields.has(name)) {
                self.problems.error(
                    diagnostic::SCHEMA,
                    fields.at(name),
                    format!("The field '{name}' is only supported by a Map state in DISTRIBUTED mode"),
                    Some(format!(
                        "Set \"ProcessorConfig\": {{\"Mode\": \"DISTRIBUTED\", …}} in its {}.",
                        inner.pointer
                    )),
                );
            }
        }
        let processor = self.processor(&inner, distributed.is_some())?;
        Some(Kind::Map(Box::new(MapState {
            items_path,
            items,
            item_selector,
            concurrency,
            tolerated_count,
            tolerated_percentage,
            processor,
            recovery,
            distributed,
        })))
    }

    /// The states that an item goes through. Those of a distributed Map are a workflow of its own.
    fn processor(&mut self, inner: &Fields<'_>, distributed: bool) -> Option<StateIx> {
        if !distributed {
            return self.nested(inner);
        }
        let outer = self.variables.leave_all();
        let processor = self.nested(inner);
        self.variables.leave(outer);
        processor
    }

    /// `Items`: an expression, or an array that may hold some.
    fn items(&mut self, fields: &Fields<'_>) -> Option<Query> {
        let value = fields.get("Items").filter(|_| self.speaks == QueryLanguage::Jsonata)?;
        if value.as_array().is_none() && value.as_str().and_then(query::expression).is_none() {
            expected(&mut self.problems, fields.at("Items"), "Array", value);
        }
        self.query(fields, "Items")
    }

    fn concurrency(&mut self, fields: &Fields<'_>) -> Option<Concurrency> {
        if fields.has("MaxConcurrencyPath") {
            return self.number_path(fields, "MaxConcurrencyPath").map(Concurrency::Path);
        }
        if let Some(query) = self.computed(fields, "MaxConcurrency") {
            return Some(Concurrency::Query(query));
        }
        let most = u64::from(u32::MAX);
        Some(Concurrency::Fixed(fields.whole("MaxConcurrency", 0, most, &mut self.problems).unwrap_or(0)))
    }

    /// How many iterations, and which share of them, may fail.
    fn tolerated(&mut self, fields: &Fields<'_>) -> (Option<Amount<u64>>, Option<Amount<f64>>) {
        let [count, count_path, percentage, percentage_path] = TOLERATED;
        fields.one_of(&[percentage, percentage_path], &mut self.problems);
        let counted = self.amount(fields, count, count_path, 0, u64::from(u32::MAX));
        let shared = if fields.has(percentage_path) {
            self.number_path(fields, percentage_path).map(Amount::Path)
        } else if let Some(query) = self.computed(fields, percentage) {
            Some(Amount::Query(query))
        } else {
            fields.get(percentage).and_then(|value| {
                let Some(number) = value.as_number().map(stepwell_expr::Number::as_f64) else {
                    expected(&mut self.problems, fields.at(percentage), "Number", value);
                    return None;
                };
                if number < 0.0 {
                    self.problems.schema(fields.at(percentage), "Minimum value is 0.0");
                } else if number > 100.0 {
                    self.problems.schema(fields.at(percentage), "Maximum value is 100.0");
                }
                Some(Amount::Fixed(number))
            })
        };
        (counted, shared)
    }

    /// `NAME` or `NAMEPath`, a count.
    fn amount(&mut self, fields: &Fields<'_>, name: &str, path: &str, least: u64, most: u64) -> Option<Amount<u64>> {
        fields.one_of(&[name, path], &mut self.problems);
        if fields.has(path) {
            return self.number_path(fields, path).map(Amount::Path);
        }
        match self.computed(fields, name) {
            Some(query) => Some(Amount::Query(query)),
            None => fields.whole(name, least, most, &mut self.problems).map(Amount::Fixed),
        }
    }

    /// `Label` becomes a part of a map run's ARN.
    fn label(&mut self, fields: &Fields<'_>) -> Option<Arc<str>> {
        let label = fields.text("Label", &mut self.problems)?;
        let wrong = label.chars().find(|c| c.is_whitespace() || c.is_control() || LABEL_CHARS_REFUSED.contains(*c));
        let long = label.chars().count() > LABEL_CHARS_MAX;
        let told = [
            label.is_empty().then(|| "Label cannot be empty".to_owned()),
            wrong.map(|wrong| format!("Label contains invalid character: '{wrong}'")),
            long.then(|| format!("Label cannot exceed {LABEL_CHARS_MAX} characters")),
        ];
        for message in told.into_iter().flatten() {
            self.problems.error(diagnostic::INVALID_LABEL, fields.at("Label"), message, None);
        }
        if !self.labels.insert(Arc::clone(label)) {
            let help = Some("Labels are unique in the whole definition. Choose another one.".to_owned());
            let message = format!("Duplicate Label name: {label}");
            self.problems.error(diagnostic::DUPLICATE_LABEL, fields.at("Label"), message, help);
        }
        Some(Arc::clone(label))
    }

    /// The type of the child executions of a distributed Map; `None` for an inline one.
    fn processor_config(&mut self, inner: &Fields<'_>) -> Option<WorkflowType> {
        let value = inner.get("ProcessorConfig")?;
        let config = Fields::of(value, inner.at("ProcessorConfig"), &mut self.problems)?;
        config.known(&["Mode", "ExecutionType"], &mut self.problems);
        let child = match config.text("ExecutionType", &mut self.problems).map(|kind| &**kind) {
            None => None,
            Some("STANDARD") => Some(WorkflowType::Standard),
            Some("EXPRESS") => Some(WorkflowType::Express),
            Some(_) => {
                let message = "The field 'ExecutionType' should have one of these values: [STANDARD, EXPRESS]";
                self.problems.schema(config.at("ExecutionType"), message);
                None
            }
        };
        match config.text("Mode", &mut self.problems).map(|mode| &**mode) {
            None | Some("INLINE") => return None,
            Some("DISTRIBUTED") => {}
            Some(_) => {
                let message = "The field 'Mode' should have one of these values: [INLINE, DISTRIBUTED]";
                self.problems.schema(config.at("Mode"), message);
                return None;
            }
        }
        if self.checks.workflow == WorkflowType::Express {
            let message = "Express state machine does not support Map state in DISTRIBUTED mode";
            self.problems.schema(config.at("Mode"), message);
        }
        if !config.has("ExecutionType") {
            config.require(&["ExecutionType"], &mut self.problems);
        }
        Some(child.unwrap_or_default())
    }

    /// `ItemReader`.
    fn reader(&mut self, fields: &Fields<'_>) -> Option<Reader> {
        let value = fields.get("ItemReader")?;
        let reader = Fields::of(value, fields.at("ItemReader"), &mut self.problems)?;
        reader.known(&["Resource", "Parameters", "Arguments", "ReaderConfig"], &mut self.problems);
        self.foreign(&reader);
        reader.require(&["Resource"], &mut self.problems);
        let resource = reader.text("Resource", &mut self.problems)?;
        if !is_action(resource, "s3:getObject") && !is_action(resource, "s3:listObjectsV2") {
            self.unknown_resource(
                &reader,
                resource,
                "arn:aws:states:::s3:getObject or arn:aws:states:::s3:listObjectsV2",
            );
        }
        let arguments = self.arguments(&reader);
        let config = self.reader_config(&reader);
        Some(Reader { resource: Arc::clone(resource), arguments, config })
    }

    fn reader_config(&mut self, reader: &Fields<'_>) -> ReaderConfig {
        let mut config = ReaderConfig::default();
        let Some(value) = reader.get("ReaderConfig") else { return config };
        let Some(fields) = Fields::of(value, reader.at("ReaderConfig"), &mut self.problems) else { return config };
        let known = [
            "InputType",
            "Transformation",
            "CSVHeaderLocation",
            "CSVHeaders",
            "CSVDelimiter",
            "MaxItems",
            "MaxItemsPath",
            "ManifestType",
            "ItemsPointer",
            "ExpectedBucketOwner",
        ];
        fields.known(&known, &mut self.problems);
        for (name, values) in READER_VALUES {
            self.value_of(&fields, name, values);
        }
        if fields.map.get("CSVHeaderLocation").and_then(Value::as_str) == Some("GIVEN") && !fields.has("CSVHeaders") {
            fields.require(&["CSVHeaders"], &mut self.problems);
        }
        self.csv_headers(&fields);
        config.max_items = self.amount(&fields, "MaxItems", "MaxItemsPath", 1, 100_000_000);
        config.fields = match self.speaks {
            QueryLanguage::JsonPath => Query::Fixed(value.clone()),
            QueryLanguage::Jsonata => self.query(reader, "ReaderConfig").unwrap_or(Query::Fixed(Value::Null)),
        };
        config
    }

    /// `CSVHeaders`: texts, or an expression.
    fn csv_headers(&mut self, fields: &Fields<'_>) {
        if self.computed(fields, "CSVHeaders").is_some() {
            return;
        }
        let headers = fields.list("CSVHeaders", &mut self.problems).unwrap_or_default();
        for (at, header) in headers.iter().enumerate().filter(|(_, header)| header.as_str().is_none()) {
            expected(&mut self.problems, format!("{}/{at}", fields.at("CSVHeaders")), "String", header);
        }
    }

    /// `ItemBatcher`.
    fn batcher(&mut self, fields: &Fields<'_>) -> Option<Batcher> {
        let value = fields.get("ItemBatcher")?;
        let batcher = Fields::of(value, fields.at("ItemBatcher"), &mut self.problems)?;
        let [items, items_path, bytes, bytes_path] =
            ["MaxItemsPerBatch", "MaxItemsPerBatchPath", "MaxInputBytesPerBatch", "MaxInputBytesPerBatchPath"];
        batcher.known(&[items, items_path, bytes, bytes_path, "BatchInput"], &mut self.problems);
        self.foreign(&batcher);
        if ![items, items_path, bytes, bytes_path].iter().any(|name| batcher.has(name)) {
            let message = format!("One of these fields is required: [{items}, {items_path}, {bytes}, {bytes_path}]");
            self.problems.schema(batcher.pointer.clone(), message);
        }
        Some(Batcher {
            items: self.amount(&batcher, items, items_path, 1, u64::from(u32::MAX)),
            bytes: self.amount(&batcher, bytes, bytes_path, 1, BATCH_BYTES_MAX),
            input: self.payload(&batcher, "BatchInput"),
        })
    }

    /// `ResultWriter`.
    fn writer(&mut self, fields: &Fields<'_>) -> Option<Writer> {
        let value = fields.get("ResultWriter")?;
        let writer = Fields::of(value, fields.at("ResultWriter"), &mut self.problems)?;
        writer.known(&["Resource", "Parameters", "Arguments", "WriterConfig"], &mut self.problems);
        self.foreign(&writer);
        if !writer.has("Resource") && !writer.has("WriterConfig") {
            let message = "One of these fields is required: [Resource, WriterConfig]";
            self.problems.schema(writer.pointer.clone(), message);
        }
        let resource = writer.text("Resource", &mut self.problems);
        if let Some(resource) = resource {
            if !is_action(resource, "s3:putObject") {
                self.unknown_resource(&writer, resource, "arn:aws:states:::s3:putObject");
            }
            let arguments = match self.speaks {
                QueryLanguage::JsonPath => "Parameters",
                QueryLanguage::Jsonata => "Arguments",
            };
            writer.require(&[arguments], &mut self.problems);
        }
        let arguments = self.arguments(&writer);
        let mut config = Value::Null;
        if let Some(value) = writer.get("WriterConfig")
            && let Some(fields) = Fields::of(value, writer.at("WriterConfig"), &mut self.problems)
        {
            fields.known(&["Transformation", "OutputType"], &mut self.problems);
            fields.require(&["Transformation", "OutputType"], &mut self.problems);
            self.value_of(&fields, "Transformation", &["NONE", "COMPACT", "FLATTEN"]);
            self.value_of(&fields, "OutputType", &["JSON", "JSONL"]);
            config = value.clone();
        }
        Some(Writer { resource: resource.cloned(), arguments, config })
    }

    /// `Parameters` or `Arguments`.
    fn arguments(&mut self, fields: &Fields<'_>) -> Option<Payload> {
        match self.speaks {
            QueryLanguage::JsonPath => self.payload(fields, "Parameters"),
            QueryLanguage::Jsonata => self.payload(fields, "Arguments"),
        }
    }

    /// A text out of a list, or an expression.
    fn value_of(&mut self, fields: &Fields<'_>, name: &str, values: &[&str]) {
        let Some(text) = fields.text(name, &mut self.problems) else { return };
        let computed = self.speaks == QueryLanguage::Jsonata && query::expression(text).is_some();
        if !computed && !values.contains(&&**text) {
            let message = format!("The field '{name}' should have one of these values: [{}]", values.join(", "));
            self.problems.schema(fields.at(name), message);
        }
    }

    fn unknown_resource(&mut self, fields: &Fields<'_>, resource: &str, known: &str) {
        let message = format!(
            "The resource provided {resource} is not recognized. The value is not a valid resource ARN, or the resource is not available in this region."
        );
        let help = format!("It can be {known}.");
        self.problems.error(diagnostic::SCHEMA, fields.at("Resource"), message, Some(help));
    }
}

/// Fields of `ReaderConfig` that take one of a few texts.
const READER_VALUES: [(&str, &[&str]); 5] = [
    ("InputType", &["CSV", "JSON", "JSONL", "MANIFEST", "PARQUET"]),
    ("Transformation", &["NONE", "LOAD_AND_FLATTEN"]),
    ("CSVHeaderLocation", &["FIRST_ROW", "GIVEN"]),
    ("CSVDelimiter", &["COMMA", "PIPE", "SEMICOLON", "SPACE", "TAB"]),
    ("ManifestType", &["ATHENA_DATA", "S3_INVENTORY"]),
];

/// Whether a resource is `arn:aws…:states:::ACTION`.
fn is_action(resource: &str, action: &str) -> bool {
    super::resource::service(resource) == Some(action)
}

/// The `Parameters` of a Map select its items, one by one.
pub(super) fn selecting_items(kind: &mut Kind, mut flow: Flow) -> Flow {
    if let Kind::Map(map) = kind
        && map.item_selector.is_none()
    {
        map.item_selector = flow.parameters.take().map(Payload::Template);
    }
    flow
}
