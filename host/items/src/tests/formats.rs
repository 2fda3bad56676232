//! What each format gives, and which fields a reader may have.

use super::*;
use crate::{CSV_HEADER_BYTES_MAX, ITEMS_MAX, ITEMS_POINTER_CHARS_MAX, Item, count, stream};

const CSV: &str = r#"{"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW"}"#;
const JSONL: &str = r#"{"InputType": "JSONL"}"#;

fn collect(dataset: &Dataset, objects: &Arc<dyn Objects>) -> Result<Vec<Item>, Error> {
    let all: Result<Vec<Item>, Error> = stream(dataset, Arc::clone(objects), 0).collect();
    // Whatever is counted is streamed, and skipping passes over as many as it says.
    match (&all, count(dataset, objects)) {
        (Ok(items), Ok(counted)) => {
            assert_eq!(counted.items, items.len() as u64);
            for skip in 0..=items.len() + 1 {
                let mut rest = stream(dataset, Arc::clone(objects), skip as u64);
                let found: Result<Vec<Item>, Error> = rest.by_ref().collect();
                assert_eq!(found.unwrap(), items.get(skip..).unwrap_or_default(), "skip {skip}");
                assert_eq!(rest.fingerprint(), counted.fingerprint);
            }
        }
        (Err(error), Err(counting)) => assert_eq!(error.to_string(), counting.to_string()),
        (streamed, counted) => panic!("streamed {streamed:?}, counted {counted:?}"),
    }
    all
}

fn texts(items: &[Item]) -> Vec<String> {
    items.iter().map(|item| item.value.to_string()).collect()
}

#[test]
fn a_json_array_gives_its_elements() {
    for config in ["null", "{}", r#"{"InputType": "JSON"}"#, r#"{"InputType": "JSON", "ItemsPointer": ""}"#] {
        let found =
            items(config, " [1, \"a]\\\"\", {\"b\": [2, {\"c\": \"}\"}]},[], {},null ,true,-1.5e3\n] \n").unwrap();
        assert_eq!(found, ["1", r#""a]\"""#, r#"{"b":[2,{"c":"}"}]}"#, "[]", "{}", "null", "true", "-1500.0"]);
    }
    assert_eq!(items("{}", "[]").unwrap(), [""; 0]);
    assert_eq!(items("{}", "\u{feff}[ ]").unwrap(), [""; 0]);
    assert_eq!(items("{}", packed(b"[1,2]")).unwrap(), ["1", "2"]);
}

#[test]
fn a_json_object_gives_its_members() {
    let objects: Arc<dyn Objects> = Arc::new(bucket(&[("k", br#"{"a": {"x": 1}, "\u00e9\"": [2]}"#)]));
    let found = collect(&of_object("{}"), &objects).unwrap();
    assert_eq!(texts(&found), [r#"{"x":1}"#, "[2]"]);
    assert_eq!(found.iter().filter_map(|item| item.key.as_deref()).collect::<Vec<_>>(), ["a", "é\""]);
    assert_eq!(items("{}", r#"{"a": {"x": 1}}"#).unwrap(), [r#"{"Key":"a","Value":{"x":1}}"#]);
    assert_eq!(items("{}", "{ }").unwrap(), [""; 0]);
}

#[test]
fn a_pointer_finds_the_items() {
    let content = r#"{"skipped": ["]", {"}": 1}], "a/b": {"~": [0, [1, 2], {"m": {"x": 3}}]}, "z": "not looked at"#;
    let pointed = |pointer: &str| items(&format!(r#"{{"InputType": "JSON", "ItemsPointer": "{pointer}"}}"#), content);
    assert_eq!(pointed("/a~1b/~0/1").unwrap(), ["1", "2"]);
    assert_eq!(pointed("/a~1b/~0").unwrap(), ["0", "[1,2]", r#"{"m":{"x":3}}"#]);
    assert_eq!(pointed("/a~1b/~0/2/m").unwrap(), [r#"{"Key":"x","Value":3}"#]);
    assert_eq!(pointed("/skipped").unwrap().len(), 2);

    let missing = "The provided ReaderConfig.ItemsPointer does not match any valid path in the JSON structure.";
    for pointer in
        ["/a~1b/~0/3", "/a~1b/~0/01", "/a~1b/~0/-", "/a~1b/~0/+1", "/a~1b/x", "/skipped/0/1", "/skipped/1/x/y"]
    {
        assert_eq!(pointed(pointer).unwrap_err().to_string(), missing, "{pointer}");
    }
    assert_eq!(pointed("/a~1b/~0/0").unwrap_err().to_string(), "Attempting to map over non-iterable node.");
    let empty = |content| trouble(r#"{"InputType": "JSON", "ItemsPointer": "/a"}"#, content);
    assert_eq!((empty("{}").as_str(), empty("[]").as_str(), empty("12").as_str()), (missing, missing, missing));
}

#[test]
fn a_value_that_has_no_items_is_told_in_the_words_of_aws() {
    for content in ["1", "\"text\"", "null", "true", " -1.5 "] {
        assert_eq!(trouble("{}", content), "Attempting to map over non-iterable node.", "{content}");
    }
}

#[test]
fn json_lines_give_a_value_each() {
    let found = items(JSONL, "{\"a\":1}\r\n\n  [2] \n\"x\"\n\t\n3").unwrap();
    assert_eq!(found, [r#"{"a":1}"#, "[2]", r#""x""#, "3"]);
    assert_eq!(items(JSONL, "").unwrap(), [""; 0]);
    assert_eq!(items(JSONL, packed(b"1\n2\n")).unwrap(), ["1", "2"]);
    let error = trouble(JSONL, "1\n\n{\"a\":}\n");
    assert!(error.starts_with("S3://b/k, line 3: it is not a JSON value: "), "{error}");
}

#[test]
fn rows_become_objects_by_their_header() {
    let found = items(CSV, "id,name\n1,Ada\n2,\"Bob, \"\"B\"\"\nof two lines\"\r\n3\n4,Eve,more\n\n,\n").unwrap();
    let expected = [
        r#"{"id":"1","name":"Ada"}"#,
        r#"{"id":"2","name":"Bob, \"B\"\nof two lines"}"#,
        r#"{"id":"3","name":""}"#,
        r#"{"id":"4","name":"Eve"}"#,
        r#"{"id":"","name":""}"#,
    ];
    assert_eq!(found, expected);
    assert_eq!(items(CSV, "\u{feff}a\r\n1\r\n\r\n2").unwrap(), [r#"{"a":"1"}"#, r#"{"a":"2"}"#]);
    assert_eq!(items(CSV, "a,b\r1,2\r").unwrap(), [r#"{"a":"1","b":"2"}"#]);
    assert_eq!(items(CSV, "a b, c\n").unwrap(), [""; 0]);
    assert_eq!(items(CSV, "a,b\n\"\",\"x\"y\n\"1\r\n2\",\0").unwrap().len(), 2);
}

/// The example of AWS's documentation, and quotation marks that are not closed or not opened.
#[test]
fn quotation_marks_are_doubled_within_quotes_and_without() {
    let row =
        "abc,\"a double quotation mark (\"\"), and a newline (\n)\",{\"\"MyKey\"\":\"\"MyValue\"\"},\"[1,2,3]\"\n";
    let config = r#"{"InputType": "CSV", "CSVHeaderLocation": "GIVEN", "CSVHeaders": ["a", "b", "c", "d"]}"#;
    let expected = r#"{"a":"abc","b":"a double quotation mark (\"), and a newline (\n)","c":"{\"MyKey\":\"MyValue\"}","d":"[1,2,3]"}"#;
    assert_eq!(items(config, row).unwrap(), [expected]);
    let found = items(config, "5\" nail,x\"\",\"\"y\"\",\"z\"w\na\"").unwrap();
    assert_eq!(found, [r#"{"a":"5\" nail","b":"x\"","c":"y\"","d":"zw"}"#, r#"{"a":"a\"","b":"","c":"","d":""}"#]);
}

#[test]
fn backslashes_make_plain_what_has_a_meaning() {
    let found =
        items(CSV, "path,size\nC:\\\\Program Files\\\\MyApp.exe,6534512\na\\,b,\"\\\"q\\\" \\n\"\n\\\"x\\\",\\y\n")
            .unwrap();
    let expected = [
        r#"{"path":"C:\\Program Files\\MyApp.exe","size":"6534512"}"#,
        r#"{"path":"a,b","size":"\"q\" n"}"#,
        r#"{"path":"\"x\"","size":"y"}"#,
    ];
    assert_eq!(found, expected);
}

#[test]
fn columns_have_any_of_five_delimiters() {
    for (name, delimiter) in [("COMMA", ','), ("PIPE", '|'), ("SEMICOLON", ';'), ("SPACE", ' '), ("TAB", '\t')] {
        let config = format!(
            r#"{{"InputType": "CSV", "CSVHeaderLocation": "GIVEN", "CSVDelimiter": "{name}",
            "CSVHeaders": ["a", "b"]}}"#
        );
        let found = items(&config, format!("1{delimiter}2\n\"x{delimiter}\"{delimiter}\\{delimiter}\n")).unwrap();
        let second = json(&found[1]);
        assert_eq!(found[0], r#"{"a":"1","b":"2"}"#);
        assert_eq!(second.get("a"), Some(&Value::from(format!("x{delimiter}"))));
        assert_eq!(second.get("b"), Some(&Value::from(delimiter.to_string())));
    }
}

#[test]
fn a_header_is_short_and_has_no_name_twice() {
    let twice = "CSV headers cannot contain duplicates.";
    assert_eq!(trouble(CSV, "a,b,a\n1,2,3\n"), twice);
    let given = |headers: &str| {
        let config = format!(r#"{{"InputType": "CSV", "CSVHeaderLocation": "GIVEN", "CSVHeaders": {headers}}}"#);
        Dataset::new(GET_OBJECT, &json(r#"{"Bucket": "b", "Key": "k"}"#), &json(&config)).map(|_| ())
    };
    assert_eq!(given(r#"["a", "b", "a"]"#).unwrap_err().to_string(), twice);
    assert!(trouble(CSV, "").contains("it has no header"));
    assert!(trouble(CSV, "\n\r\n").contains("it has no header"));

    let longest = "n".repeat(CSV_HEADER_BYTES_MAX);
    assert_eq!(items(CSV, format!("{longest}\n1")).unwrap().len(), 1);
    assert!(trouble(CSV, format!("{longest}n\n1")).contains("longer than 10240 bytes"));
    assert!(given(&format!(r#"["{longest}"]"#)).is_ok());
    assert!(given(&format!(r#"["{longest}n"]"#)).unwrap_err().to_string().contains("10240 bytes"));
}

#[test]
fn a_listing_gives_what_is_known_of_objects() {
    let objects: Arc<dyn Objects> = Arc::new(bucket(&[("x/1", b"abc"), ("x/2", b""), ("y", b"")]));
    let listed = |arguments: &str| {
        let dataset = Dataset::new(LIST_OBJECTS, &json(arguments), &Value::Null).unwrap();
        collect(&dataset, &objects).unwrap()
    };
    let found = listed(r#"{"Bucket": "b", "Prefix": "x/"}"#);
    assert_eq!(
        texts(&found)[0],
        r#"{"Etag":"\"00000000000000000000000000000001\"","Key":"x/1","LastModified":0,"Size":3,"StorageClass":"STANDARD"}"#
    );
    assert_eq!((found.len(), &*found[1].source), (2, "S3://b"));
    assert_eq!(listed(r#"{"Bucket": "b"}"#).len(), 3);
    assert_eq!(listed(r#"{"Bucket": "b", "StartAfter": "x/1"}"#).len(), 2);
    assert_eq!(listed(r#"{"Bucket": "b", "Prefix": "none"}"#), []);
}

#[test]
fn a_listing_can_give_what_the_objects_contain() {
    let objects: Arc<dyn Objects> =
        Arc::new(bucket(&[("d/a", b"n\n1\n2\n"), ("d/b", b"n\n"), ("d/c", b"n,m\n3,4\n"), ("e", b"x")]));
    let config = r#"{"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW", "Transformation": "LOAD_AND_FLATTEN"}"#;
    let arguments = json(r#"{"Bucket": "b", "Prefix": "d/"}"#);
    let found = collect(&Dataset::new(LIST_OBJECTS, &arguments, &json(config)).unwrap(), &objects).unwrap();
    assert_eq!(texts(&found), [r#"{"n":"1"}"#, r#"{"n":"2"}"#, r#"{"n":"3","m":"4"}"#]);
    assert_eq!(found.iter().map(|item| &*item.source).collect::<Vec<_>>(), ["S3://b/d/a", "S3://b/d/a", "S3://b/d/c"]);
}

#[test]
fn an_inventory_names_its_files() {
    let manifest = br#"{"sourceBucket": "s", "destinationBucket": "arn:aws:s3:::b", "version": "2016-11-30",
        "fileFormat": "CSV", "fileSchema": "Bucket, Key, Size", "files": [{"key": "1.csv.gz", "size": 1}, {"key": "2.csv"}]}"#;
    let first = packed(b"\"s\",\"a%20b\",\"12\"\n");
    let objects: Arc<dyn Objects> =
        Arc::new(bucket(&[("k", manifest), ("1.csv.gz", &first), ("2.csv", b"s,c,0\ns,d,1\n")]));
    for config in [r#"{"InputType": "MANIFEST"}"#, r#"{"ManifestType": "S3_INVENTORY"}"#] {
        let found = collect(&of_object(config), &objects).unwrap();
        assert_eq!(texts(&found)[0], r#"{"Bucket":"s","Key":"a%20b","Size":"12"}"#);
        assert_eq!((found.len(), &*found[2].source), (3, "S3://b/2.csv"));
    }
    let wrong = |manifest: &str| trouble(r#"{"InputType": "MANIFEST"}"#, manifest);
    for (manifest, expected) in [
        ("", "it is not JSON"),
        ("\u{0}", "it is not JSON"),
        ("{}", "it has no fileFormat"),
        (r#"{"fileFormat": "ORC"}"#, "only CSV is supported"),
        (r#"{"fileFormat": "CSV"}"#, "fileSchema must name the columns"),
        (r#"{"fileFormat": "CSV", "fileSchema": "A, A"}"#, "cannot contain duplicates"),
        (r#"{"fileFormat": "CSV", "fileSchema": "A"}"#, "no array `files`"),
        (r#"{"fileFormat": "CSV", "fileSchema": "A", "files": [{}]}"#, "must have a `key`"),
        (r#"{"fileFormat": "CSV", "fileSchema": "A", "files": [{"key": "gone"}]}"#, "\"gone\" does not exist"),
        (r#"{"fileFormat": "CSV", "fileSchema": "A", "files": [{"key": "../x"}]}"#, "cannot be used"),
        (
            r#"{"fileFormat": "CSV", "fileSchema": "A", "destinationBucket": "c", "files": [{"key": "x"}]}"#,
            "[buckets.c]",
        ),
    ] {
        assert!(wrong(manifest).contains(expected), "{manifest}: {}", wrong(manifest));
    }
}

#[test]
fn an_athena_manifest_names_objects() {
    let objects: Arc<dyn Objects> = Arc::new(bucket(&[
        ("k", b"s3://b/1.jsonl\r\n\n\"S3://b/2.gz\"\n"),
        ("1.jsonl", b"1\n2\n"),
        ("2.gz", &packed(b"3\n")),
    ]));
    let config = r#"{"ManifestType": "ATHENA_DATA", "InputType": "JSONL"}"#;
    let found = collect(&of_object(config), &objects).unwrap();
    assert_eq!(texts(&found), ["1", "2", "3"]);
    assert_eq!(&*found[2].source, "S3://b/2.gz");
    for (manifest, expected) in [
        ("s3://b/k2", "\"k2\" does not exist"),
        ("\nhttp://b/k", "line 2: \"http://b/k\" names no object"),
        ("s3:///k", "names no object"),
        ("s3://b/", "names no object"),
        ("s3://other/k", "[buckets.other]"),
        ("\u{e9}", "names no object"),
    ] {
        let error = trouble(config, manifest);
        assert!(error.contains(expected), "{manifest}: {error}");
    }
}

#[test]
fn no_more_items_are_read_than_asked_for() {
    let objects: Arc<dyn Objects> = Arc::new(bucket(&[("k", b"[1,2,3, this is not read")]));
    for (items_max, expected) in [("1", 1), ("3", 3), ("2.0", 2)] {
        let found = collect(&of_object(&format!(r#"{{"MaxItems": {items_max}}}"#)), &objects).unwrap();
        assert_eq!(found.len(), expected);
    }
    assert!(collect(&of_object(r#"{"MaxItems": 4}"#), &objects).is_err());
    assert_eq!(of_object(r#"{"MaxItems": 0}"#).items_max, ITEMS_MAX);
    assert_eq!(of_object(r#"{"MaxItems": 9000000000000000000}"#).items_max, ITEMS_MAX);
    assert_eq!(of_object("{}").items_max, ITEMS_MAX);
}

#[test]
fn a_fingerprint_tells_that_the_data_changed() {
    let memory = bucket(&[("d/1", b"1\n"), ("d/2", b"2\n")]);
    let objects: Arc<dyn Objects> = Arc::new(memory.clone());
    let arguments = json(r#"{"Bucket": "b", "Prefix": "d/"}"#);
    let config = json(r#"{"InputType": "JSONL", "Transformation": "LOAD_AND_FLATTEN"}"#);
    for config in [&Value::Null, &config] {
        let dataset = Dataset::new(LIST_OBJECTS, &arguments, config).unwrap();
        let fingerprint = || count(&dataset, &objects).unwrap().fingerprint;
        let before = fingerprint();
        assert_eq!(fingerprint(), before);
        memory.put("b", "d/1", "1\n").unwrap();
        assert_ne!(fingerprint(), before);
        let before = fingerprint();
        memory.put("b", "d/3", "3\n").unwrap();
        assert_ne!(fingerprint(), before);
        memory.put("b", "e", "3\n").unwrap();
    }
}

#[test]
fn after_an_error_there_are_no_items() {
    let objects: Arc<dyn Objects> = Arc::new(bucket(&[("k", b"1\nx\n3\n")]));
    let mut stream = stream(&of_object(JSONL), objects, 0);
    assert!(stream.next().unwrap().is_ok());
    assert!(stream.next().unwrap().is_err());
    assert!(stream.next().is_none());
}

#[test]
fn what_is_missing_is_told_with_its_next_step() {
    let objects: Arc<dyn Objects> = Arc::new(bucket(&[]));
    let message = |bucket: &str, key: &str| {
        let arguments = Value::object([("Bucket", Value::from(bucket)), ("Key", Value::from(key))]);
        let dataset = Dataset::new(GET_OBJECT, &arguments, &Value::Null).unwrap();
        count(&dataset, &objects).unwrap_err().to_string()
    };
    assert_eq!(message("b", "gone.json"), "the provided object key \"gone.json\" does not exist in the bucket \"b\"");
    assert!(message("c", "k").contains("add [buckets.c]"));
    assert!(message("b", "../k").contains("cannot be used"));
}

#[test]
fn fields_that_cannot_be_used_are_refused() {
    let pointer = format!(r#"{{"ItemsPointer": "/{}"}}"#, "a".repeat(ITEMS_POINTER_CHARS_MAX));
    let object = r#"{"Bucket": "b", "Key": "k"}"#;
    let list = r#"{"Bucket": "b"}"#;
    for (resource, arguments, config, expected) in [
        ("", object, "{}", "Resource: \"\" reads no items"),
        ("arn:aws:states:::s3:putObject", object, "{}", "reads no items"),
        ("arn:aws:lambda:::s3:getObject", object, "{}", "reads no items"),
        (GET_OBJECT, "null", "{}", "Arguments: it must have Bucket"),
        (GET_OBJECT, "[]", "{}", "Arguments: it must be an object, not of the kind array"),
        (GET_OBJECT, r#"{"Bucket": "b"}"#, "{}", "it must have Key"),
        (GET_OBJECT, r#"{"Bucket": 1, "Key": "k"}"#, "{}", "Bucket: it must be a string, not the number 1"),
        (GET_OBJECT, r#"{"Bucket": "b", "Key": ""}"#, "{}", "it must have Key, a string that is not empty"),
        (GET_OBJECT, r#"{"Bucket": "b", "Key": "k", "VersionId": "1"}"#, "{}", "VersionId: the buckets of this host"),
        (GET_OBJECT, r#"{"Bucket": "b", "Key": "k", "Range": "1"}"#, "{}", "the field \"Range\" is not supported"),
        (GET_OBJECT, object, "1", "ReaderConfig: it must be an object, not the number 1"),
        (GET_OBJECT, object, r#"{"Other": 1}"#, "the field \"Other\" is not supported"),
        (GET_OBJECT, object, r#"{"InputType": "XML"}"#, "InputType: \"XML\" is none of CSV, JSON, JSONL"),
        (GET_OBJECT, object, r#"{"InputType": "PARQUET"}"#, "PARQUET is not supported"),
        (GET_OBJECT, object, r#"{"InputType": "CSV"}"#, "CSVHeaderLocation: a CSV dataset must have it"),
        (GET_OBJECT, object, r#"{"InputType": "CSV", "CSVHeaderLocation": "GIVEN"}"#, "CSVHeaders: with"),
        (GET_OBJECT, object, r#"{"InputType": "CSV", "CSVHeaderLocation": "GIVEN", "CSVHeaders": []}"#, "CSVHeaders"),
        (GET_OBJECT, object, r#"{"InputType": "CSV", "CSVHeaderLocation": "GIVEN", "CSVHeaders": [1]}"#, "CSVHeaders"),
        (
            GET_OBJECT,
            object,
            r#"{"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW", "CSVDelimiter": ","}"#,
            "none of COMMA",
        ),
        (GET_OBJECT, object, r#"{"MaxItems": -1}"#, "field MaxItems must be positive"),
        (GET_OBJECT, object, r#"{"MaxItems": "1"}"#, "MaxItems: it must be an integer"),
        (GET_OBJECT, object, r#"{"MaxItems": 1.5}"#, "MaxItems: it must be an integer"),
        (GET_OBJECT, object, r#"{"ItemsPointer": "a"}"#, "begins with a slash"),
        (GET_OBJECT, object, r#"{"ItemsPointer": "/~2"}"#, "~ is followed by 0"),
        (GET_OBJECT, object, &pointer, "longer than 2000 characters"),
        (GET_OBJECT, object, r#"{"Transformation": "LOAD_AND_FLATTEN"}"#, "is for s3:listObjectsV2"),
        (GET_OBJECT, object, r#"{"ManifestType": "ATHENA_DATA"}"#, "InputType: with the ManifestType ATHENA_DATA"),
        (GET_OBJECT, object, r#"{"ManifestType": "ATHENA_DATA", "InputType": "JSON"}"#, "it must be CSV or JSONL"),
        (GET_OBJECT, object, r#"{"ManifestType": "ATHENA_DATA", "InputType": "PARQUET"}"#, "PARQUET is not supported"),
        (LIST_OBJECTS, object, "{}", "the field \"Key\" is not supported"),
        (LIST_OBJECTS, list, r#"{"Transformation": "LOAD_AND_FLATTEN"}"#, "it must be CSV, JSON or JSONL"),
        (
            LIST_OBJECTS,
            list,
            r#"{"Transformation": "LOAD_AND_FLATTEN", "InputType": "MANIFEST"}"#,
            "it must be CSV, JSON",
        ),
        (LIST_OBJECTS, list, r#"{"Transformation": "ALL"}"#, "none of NONE, LOAD_AND_FLATTEN"),
    ] {
        let error = Dataset::new(resource, &json(arguments), &json(config)).unwrap_err().to_string();
        assert!(error.contains(expected), "{resource} {arguments} {config}: {error}");
    }
    assert!(Dataset::new("arn:aws-cn:states:::s3:getObject", &json(object), &Value::Null).is_ok());
    let owned = r#"{"Bucket": "b", "Key": "k", "ExpectedBucketOwner": "123456789012", "VersionId": null}"#;
    assert!(Dataset::new(GET_OBJECT, &json(owned), &Value::Null).is_ok());
    assert!(Dataset::new(GET_OBJECT, &json(object), &json(r#"{"ExpectedBucketOwner": "123456789012"}"#)).is_ok());
}
