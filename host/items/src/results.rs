//! Writing the results of a Map to objects.

use std::sync::Arc;

use stepwell_expr::Value;
use stepwell_objects::{ObjectWriter, Objects};

use crate::Error;
use crate::fields::Fields;
use crate::outcome::{Outcome, Status, Transformation, WriterConfig};

/// Largest file of results (bytes), as AWS has it; further results are in the next one.
pub const RESULT_FILE_BYTES_MAX: u64 = 5_000_000_000;

/// The files of results of one map run, `PREFIX/UUID/SUCCEEDED_0.json` and so on. What became of
/// the items is appended as it comes, and held by nobody; the files appear as they are finished,
/// the manifest last. Dropped before that, it leaves no file half written and no manifest.
pub struct Results {
    objects: Arc<dyn Objects>,
    bucket: String,
    /// `PREFIX/UUID/`.
    folder: String,
    format: WriterConfig,
    map_run_arn: String,
    file_bytes_max: u64,
    succeeded: Files,
    failed: Files,
    pending: Files,
}

/// The files of one kind.
struct Files {
    kind: &'static str,
    open: Option<File>,
    finished: Vec<Value>,
}

struct File {
    writer: Box<dyn ObjectWriter>,
    key: String,
    size_bytes: u64,
}

impl Results {
    /// `arguments` are the evaluated `Arguments` or `Parameters` of the `ResultWriter`: a
    /// `Bucket`, and a `Prefix` if there is one. `config` is its evaluated `WriterConfig`, null
    /// when it has none; then nothing is transformed. Nothing is written yet.
    ///
    /// # Errors
    /// The first field that cannot be used, and why.
    pub fn new(
        objects: Arc<dyn Objects>,
        arguments: &Value,
        config: &Value,
        map_run_arn: &str,
        run_uuid: &str,
    ) -> Result<Self, Error> {
        let arguments = Fields::new("Arguments", arguments, &["Bucket", "Prefix", "ExpectedBucketOwner"])?;
        let files = |kind| Files { kind, open: None, finished: Vec::new() };
        let prefix = arguments.text("Prefix")?.unwrap_or_default().trim_end_matches('/');
        let slash = if prefix.is_empty() { "" } else { "/" };
        Ok(Self {
            objects,
            bucket: arguments.needed("Bucket")?.to_owned(),
            folder: format!("{prefix}{slash}{run_uuid}/"),
            format: WriterConfig::new(config, Transformation::None)?,
            map_run_arn: map_run_arn.to_owned(),
            file_bytes_max: RESULT_FILE_BYTES_MAX,
            succeeded: files("SUCCEEDED"),
            failed: files("FAILED"),
            pending: files("PENDING"),
        })
    }

    /// Appends the results that an outcome makes to the file of its kind.
    ///
    /// # Errors
    /// When the file cannot be written, or the output is no JSON.
    pub fn push(&mut self, outcome: &Outcome<'_>) -> Result<(), Error> {
        for result in self.format.transformation.results(outcome)? {
            let files = match outcome.status {
                Status::Succeeded { .. } => &mut self.succeeded,
                Status::Failed(_) | Status::TimedOut(_) | Status::Aborted(_) => &mut self.failed,
                Status::Pending => &mut self.pending,
            };
            let text = result.to_string();
            let size_bytes = files.open.as_ref().map_or(0, |file| file.size_bytes);
            // With the comma before it, and a bracket or a line end behind it.
            if size_bytes > 0 && size_bytes + text.len() as u64 + 2 > self.file_bytes_max {
                files.close(self.format.lines)?;
            }
            let file = match &mut files.open {
                Some(file) => file,
                closed => {
                    let extension = if self.format.lines { "jsonl" } else { "json" };
                    let key = format!("{}{}_{}.{extension}", self.folder, files.kind, files.finished.len());
                    let writer = self.objects.write(&self.bucket, &key)?;
                    closed.insert(File { writer, key, size_bytes: 0 })
                }
            };
            let before = match (self.format.lines, file.size_bytes) {
                (true, _) => "",
                (false, 0) => "[",
                (false, _) => ",",
            };
            file.append(before)?;
            file.append(&text)?;
            file.append(if self.format.lines { "\n" } else { "" })?;
        }
        Ok(())
    }

    /// Finishes the files and writes the manifest. Gives what the state's result is then:
    /// `{"MapRunArn": …, "ResultWriterDetails": {"Bucket": …, "Key": "PREFIX/UUID/manifest.json"}}`.
    ///
    /// # Errors
    /// When a file cannot be written. Those that were finished before stay.
    pub fn finish(mut self) -> Result<Value, Error> {
        for files in [&mut self.succeeded, &mut self.failed, &mut self.pending] {
            files.close(self.format.lines)?;
        }
        let listed = |files: Files| (files.kind, Value::array(files.finished));
        let manifest = Value::object([
            ("DestinationBucket", Value::from(self.bucket.as_str())),
            ("MapRunArn", Value::from(self.map_run_arn.as_str())),
            ("ResultFiles", Value::object([listed(self.failed), listed(self.pending), listed(self.succeeded)])),
        ]);
        let key = format!("{}manifest.json", self.folder);
        let mut writer = self.objects.write(&self.bucket, &key)?;
        writer.append(manifest.to_string().as_bytes())?;
        writer.finish()?;
        let details = Value::object([("Bucket", Value::from(self.bucket)), ("Key", Value::from(key))]);
        Ok(Value::object([("MapRunArn", Value::from(self.map_run_arn)), ("ResultWriterDetails", details)]))
    }
}

impl std::fmt::Debug for Results {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Results").field("bucket", &self.bucket).field("folder", &self.folder).finish_non_exhaustive()
    }
}

impl Files {
    /// Finishes the file that is open, if one is.
    fn close(&mut self, lines: bool) -> Result<(), Error> {
        let Some(mut file) = self.open.take() else { return Ok(()) };
        file.append(if lines { "" } else { "]" })?;
        let info = file.writer.finish()?;
        let size = i64::try_from(info.size_bytes).unwrap_or(i64::MAX);
        self.finished.push(Value::object([("Key", Value::from(file.key)), ("Size", Value::from(size))]));
        Ok(())
    }
}

impl File {
    fn append(&mut self, text: &str) -> Result<(), Error> {
        self.writer.append(text.as_bytes())?;
        self.size_bytes += text.len() as u64;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use stepwell_objects::MemoryObjects;

    use super::*;
    use crate::{Failure, transform};

    const UUID: &str = "ad9b5f27-090b-3ac6-9beb-243cd77144a7";
    const RUN: &str = "arn:aws:states:local:000000000000:mapRun:csv/Map:ad9b5f27-090b-3ac6-9beb-243cd77144a7";

    fn json(text: &str) -> Value {
        Value::parse(text).unwrap()
    }

    fn outcome(status: Status<'_>) -> Outcome<'_> {
        Outcome {
            name: "e1",
            execution_arn: "arn:e1",
            machine_arn: "arn:m",
            input: r#"{"n":1}"#,
            status,
            started_micros: 1_738_633_790_099_999,
            stopped_micros: 1_738_633_790_163_000,
            redrive_count: 0,
        }
    }

    fn succeeded(output: &str) -> Outcome<'_> {
        outcome(Status::Succeeded { output })
    }

    fn failed() -> Outcome<'static> {
        outcome(Status::Failed(Failure { error: Some("E"), cause: Some("it failed") }))
    }

    const SUCCEEDED: &str = r#"{"ExecutionArn":"arn:e1","Input":"{\"n\":1}","InputDetails":{"Included":true},"Name":"e1","Output":"[1,{\"a\":2}]","OutputDetails":{"Included":true},"RedriveCount":0,"RedriveStatus":"NOT_REDRIVABLE","RedriveStatusReason":"Execution is SUCCEEDED and cannot be redriven","StartDate":"2025-02-04T01:49:50.099Z","StateMachineArn":"arn:m","Status":"SUCCEEDED","StopDate":"2025-02-04T01:49:50.163Z"}"#;
    const FAILED: &str = r#"{"Cause":"it failed","Error":"E","ExecutionArn":"arn:e1","Input":"{\"n\":1}","InputDetails":{"Included":true},"Name":"e1","OutputDetails":{"Included":true},"RedriveCount":0,"RedriveStatus":"REDRIVABLE_BY_MAP_RUN","StartDate":"2025-02-04T01:49:50.099Z","StateMachineArn":"arn:m","Status":"FAILED","StopDate":"2025-02-04T01:49:50.163Z"}"#;
    const PENDING: &str = r#"{"Input":"{\"n\":1}","InputDetails":{"Included":true},"Status":"PENDING"}"#;

    fn results(objects: &MemoryObjects, arguments: &str, config: &str) -> Results {
        Results::new(Arc::new(objects.clone()), &json(arguments), &json(config), RUN, UUID).unwrap()
    }

    /// The result of the writer, and the files under the prefix by their names.
    fn written(
        config: &str,
        file_bytes_max: u64,
        outcomes: &[Outcome<'_>],
    ) -> Result<(Value, Vec<(String, String)>), Error> {
        let objects = MemoryObjects::new(["out"]);
        let mut results = results(&objects, r#"{"Bucket": "out", "Prefix": "jobs"}"#, config);
        results.file_bytes_max = file_bytes_max;
        for outcome in outcomes {
            results.push(outcome)?;
        }
        let result = results.finish()?;
        let found = objects.list("out", &format!("jobs/{UUID}/"), None, 100).unwrap();
        let read = |key: &str| String::from_utf8(objects.read("out", key, 0, usize::MAX).unwrap()).unwrap();
        let name = |key: &str| key.rsplit('/').next().unwrap().to_owned();
        Ok((result, found.iter().map(|info| (name(&info.key), read(&info.key))).collect()))
    }

    fn file<'a>(files: &'a [(String, String)], name: &str) -> &'a str {
        &files.iter().find(|(found, _)| found == name).unwrap().1
    }

    #[test]
    fn results_are_written_by_their_kind() {
        let outcomes = [
            succeeded("[1,{\"a\":2}]"),
            failed(),
            outcome(Status::TimedOut(Failure::default())),
            outcome(Status::Aborted(Failure::default())),
            outcome(Status::Pending),
            succeeded("[1,{\"a\":2}]"),
        ];
        let (result, files) = written("null", RESULT_FILE_BYTES_MAX, &outcomes).unwrap();
        let expected = format!(
            r#"{{"MapRunArn":"{RUN}","ResultWriterDetails":{{"Bucket":"out","Key":"jobs/{UUID}/manifest.json"}}}}"#
        );
        assert_eq!(result.to_string(), expected);
        assert_eq!(files.len(), 4);
        assert_eq!(file(&files, "SUCCEEDED_0.json"), format!("[{SUCCEEDED},{SUCCEEDED}]"));
        assert_eq!(file(&files, "PENDING_0.json"), format!("[{PENDING}]"));
        let others = json(file(&files, "FAILED_0.json"));
        let statuses: Vec<_> =
            others.as_array().unwrap().iter().map(|one| one.get("Status").unwrap().as_str()).collect();
        assert_eq!(statuses, [Some("FAILED"), Some("TIMED_OUT"), Some("ABORTED")]);
        assert_eq!(others.as_array().unwrap()[0].to_string(), FAILED);

        let entry = |name: &str| format!(r#"[{{"Key":"jobs/{UUID}/{name}","Size":{}}}]"#, file(&files, name).len());
        let manifest = format!(
            r#"{{"DestinationBucket":"out","MapRunArn":"{RUN}","ResultFiles":{{"FAILED":{},"PENDING":{},"SUCCEEDED":{}}}}}"#,
            entry("FAILED_0.json"),
            entry("PENDING_0.json"),
            entry("SUCCEEDED_0.json")
        );
        assert_eq!(file(&files, "manifest.json"), manifest);
    }

    #[test]
    fn no_results_are_a_manifest_alone() {
        let (_, files) = written("null", RESULT_FILE_BYTES_MAX, &[]).unwrap();
        assert_eq!(files.len(), 1);
        let kinds = r#""ResultFiles":{"FAILED":[],"PENDING":[],"SUCCEEDED":[]}"#;
        assert!(file(&files, "manifest.json").contains(kinds), "{files:?}");
        let objects = MemoryObjects::new(["out"]);
        for (arguments, folder) in [
            (r#"{"Bucket": "out"}"#, UUID.to_owned()),
            (r#"{"Bucket": "out", "Prefix": "a/b/"}"#, format!("a/b/{UUID}")),
        ] {
            let result = results(&objects, arguments, "null").finish().unwrap();
            let key = result.get("ResultWriterDetails").and_then(|details| details.get("Key")).cloned();
            assert_eq!(key, Some(Value::from(format!("{folder}/manifest.json"))));
        }
    }

    #[test]
    fn outputs_are_transformed_and_failures_are_not() {
        let outcomes = [succeeded("[1,{\"a\":2}]"), succeeded("[]"), failed(), succeeded(" \"x\\n\" ")];
        for (config, succeeded, state) in [
            (r#"{"Transformation": "NONE"}"#, None, None),
            (
                r#"{"Transformation": "COMPACT"}"#,
                Some(r#"[[1,{"a":2}],[],"x\n"]"#),
                Some(format!(r#"[[1,{{"a":2}}],[],{FAILED},"x\n"]"#)),
            ),
            (
                r#"{"Transformation": "FLATTEN", "OutputType": "JSON"}"#,
                Some(r#"[1,{"a":2},"x\n"]"#),
                Some(format!(r#"[1,{{"a":2}},{FAILED},"x\n"]"#)),
            ),
        ] {
            let (_, files) = written(config, RESULT_FILE_BYTES_MAX, &outcomes).unwrap();
            assert_eq!(file(&files, "FAILED_0.json"), format!("[{FAILED}]"), "{config}");
            let output = transform(&json(config), &outcomes).unwrap();
            match (succeeded, state) {
                (Some(succeeded), Some(state)) => {
                    assert_eq!(file(&files, "SUCCEEDED_0.json"), succeeded);
                    assert_eq!(output.to_string(), state);
                }
                _ => assert_eq!(output.as_array().unwrap()[0].to_string(), SUCCEEDED),
            }
        }
        let unsaid = transform(&Value::Null, &outcomes).unwrap();
        assert_eq!(unsaid, transform(&json(r#"{"Transformation": "COMPACT"}"#), &outcomes).unwrap());
    }

    #[test]
    fn lines_end_with_a_line_feed() {
        let config = r#"{"Transformation": "FLATTEN", "OutputType": "JSONL"}"#;
        let outcomes = [succeeded("[1,\"a\\nb\"]"), succeeded("{\n}"), failed()];
        let (_, files) = written(config, RESULT_FILE_BYTES_MAX, &outcomes).unwrap();
        assert_eq!(file(&files, "SUCCEEDED_0.jsonl"), "1\n\"a\\nb\"\n{}\n");
        assert_eq!(file(&files, "FAILED_0.jsonl"), format!("{FAILED}\n"));
        assert_eq!(transform(&json(config), &outcomes[..2]).unwrap(), Value::from("1\n\"a\\nb\"\n{}\n"));
    }

    #[test]
    fn a_file_of_results_has_a_size() {
        let outcomes = ["10", "20", "30", "40", "5"].map(succeeded);
        let compact = r#"{"Transformation": "COMPACT"}"#;
        let (_, files) = written(compact, 7, &outcomes).unwrap();
        let names: Vec<_> = files.iter().map(|(name, content)| (name.as_str(), content.as_str())).collect();
        assert_eq!(
            names[..3],
            [("SUCCEEDED_0.json", "[10,20]"), ("SUCCEEDED_1.json", "[30,40]"), ("SUCCEEDED_2.json", "[5]"),]
        );
        let manifest = json(file(&files, "manifest.json"));
        let listed = manifest.get("ResultFiles").unwrap().get("SUCCEEDED").unwrap().as_array().unwrap().len();
        assert_eq!(listed, 3);
        let lines = r#"{"Transformation": "COMPACT", "OutputType": "JSONL"}"#;
        let (_, files) = written(lines, 7, &outcomes).unwrap();
        assert!(files.iter().all(|(name, content)| content.len() <= 7 || name == "manifest.json"), "{files:?}");
    }

    #[test]
    fn a_writer_that_is_dropped_leaves_nothing() {
        let objects = MemoryObjects::new(["out"]);
        let mut results = results(&objects, r#"{"Bucket": "out"}"#, "null");
        results.push(&succeeded("1")).unwrap();
        drop(results);
        assert_eq!(objects.list("out", "", None, 10).unwrap(), []);
    }

    #[test]
    fn what_cannot_be_written_is_told() {
        let objects = MemoryObjects::new(["out"]);
        objects.make_read_only("out");
        let error = |arguments: &str| results(&objects, arguments, "null").finish().unwrap_err().to_string();
        assert!(error(r#"{"Bucket": "out"}"#).contains("read-only"));
        assert!(error(r#"{"Bucket": "none"}"#).contains("[buckets.none]"));
        let written = written(r#"{"Transformation": "COMPACT"}"#, RESULT_FILE_BYTES_MAX, &[succeeded("{")]);
        assert!(written.unwrap_err().to_string().starts_with("arn:e1, its output: it is not a JSON value"));

        let new = |arguments: &str, config: &str| {
            let results = Results::new(Arc::new(objects.clone()), &json(arguments), &json(config), RUN, UUID);
            results.unwrap_err().to_string()
        };
        assert!(new("{}", "null").contains("it must have Bucket"));
        assert!(new(r#"{"Bucket": "out", "ACL": "x"}"#, "null").contains("the field \"ACL\" is not supported"));
        assert!(new(r#"{"Bucket": "out"}"#, r#"{"OutputType": "CSV"}"#).contains("none of JSON, JSONL"));
        assert!(new(r#"{"Bucket": "out"}"#, r#"{"Transformation": "ALL"}"#).contains("none of NONE, COMPACT, FLATTEN"));
        let error =
            Results::new(Arc::new(objects), &json(r#"{"Bucket": "out", "Prefix": "../up"}"#), &Value::Null, RUN, UUID);
        assert!(error.unwrap().finish().unwrap_err().to_string().contains("cannot be used"));
    }
}
