//! The files of models, as `host/aws/tools/models.py` writes them.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde::Deserialize;

use super::{Kind, Member, Model, Operation, Pattern, Place, Protocol, Shape};

#[derive(Deserialize)]
struct ModelFile {
    protocol: String,
    json: String,
    target: String,
    xmlns: String,
    operations: BTreeMap<String, OperationFile>,
    shapes: BTreeMap<String, ShapeFile>,
}

#[derive(Deserialize)]
struct OperationFile {
    http: Option<(String, String)>,
    status: Option<u16>,
    input: Option<String>,
    #[serde(default)]
    output: String,
    #[serde(default)]
    wrapper: String,
    #[serde(default)]
    errors: Vec<String>,
    #[serde(default)]
    host_prefix: String,
    page: Option<(String, String)>,
}

#[derive(Deserialize)]
struct ShapeFile {
    #[serde(rename = "type")]
    kind: String,
    min: Option<i64>,
    max: Option<i64>,
    pattern: Option<String>,
    #[serde(default)]
    all: Vec<String>,
    #[serde(default)]
    any: Vec<String>,
    #[serde(default)]
    none: Vec<String>,
    #[serde(default, rename = "enum")]
    values: Vec<String>,
    #[serde(default)]
    sensitive: bool,
    error: Option<u16>,
    code: Option<String>,
    #[serde(default)]
    required: Vec<String>,
    #[serde(default)]
    members: Vec<Vec<String>>,
    #[serde(default)]
    shown: Vec<String>,
    member: Option<String>,
    key: Option<String>,
    value: Option<String>,
}

/// A model out of its file, which is part of the binary: whatever is wrong in it is a mistake of
/// ours, which the tests of this module find.
pub(super) fn read(text: &str) -> Model {
    let file: ModelFile = serde_json::from_str(text).unwrap_or_else(|error| unreachable!("a model's file: {error}"));
    let protocol = match (file.protocol.as_str(), file.json.as_str()) {
        ("json", "1.0") => Protocol::Json10,
        ("json", _) => Protocol::Json11,
        ("rest-json", _) => Protocol::RestJson,
        (_, _) => Protocol::Query,
    };
    Model {
        protocol,
        target_prefix: file.target,
        xml_namespace: file.xmlns,
        operations: file.operations.into_iter().map(|(name, found)| (name.clone(), operation(name, found))).collect(),
        shapes: file.shapes.into_iter().map(|(name, found)| (name, shape(found))).collect(),
    }
}

fn operation(name: String, file: OperationFile) -> Operation {
    Operation {
        name,
        modelled: file.input.is_some(),
        http: file.http,
        status: file.status.unwrap_or(200),
        input: file.input.unwrap_or_default(),
        output: file.output,
        wrapper: file.wrapper,
        errors: file.errors,
        host_prefix: file.host_prefix,
        page: file.page,
    }
}

fn shape(file: ShapeFile) -> Shape {
    let kind = match file.kind.as_str() {
        "structure" => {
            let members = file.members.into_iter().filter_map(|parts| member(parts, &file.required)).collect();
            Kind::Structure { members, shown: file.shown }
        }
        "list" => Kind::List { member: file.member.unwrap_or_default() },
        "map" => Kind::Map { key: file.key.unwrap_or_default(), value: file.value.unwrap_or_default() },
        "boolean" => Kind::Boolean,
        "integer" => Kind::Integer,
        "long" => Kind::Long,
        "float" | "double" => Kind::Float,
        "timestamp" => Kind::Timestamp,
        _ => Kind::String,
    };
    let pattern = file.pattern.map(|shown| {
        let plain = file.all.is_empty() && file.any.is_empty();
        let all = if plain { vec![shown.clone()] } else { file.all };
        Pattern { shown, all, any: file.any, none: file.none, compiled: OnceLock::new() }
    });
    let (min, max) = (file.min, file.max);
    Shape {
        kind,
        min,
        max,
        pattern,
        values: file.values,
        sensitive: file.sensitive,
        error: file.error,
        code: file.code,
    }
}

/// `[name, shape]`, or `[name, shape, location, name there]`.
fn member(parts: Vec<String>, required: &[String]) -> Option<Member> {
    let mut parts = parts.into_iter();
    let (name, shape) = (parts.next()?, parts.next()?);
    let place = match (parts.next().as_deref(), parts.next()) {
        (Some("uri"), Some(there)) => Place::Label(there),
        (Some("querystring"), Some(there)) => Place::Query(there),
        (Some(_) | None, _) => Place::Body,
    };
    Some(Member { required: required.contains(&name), name, shape, place })
}
