//! The fields that move data, and the expressions in them.

use stepwell_expr::{Expression, Path, ReferencePath, Template, Value};

use super::Builder;
use super::fields::{Fields, kind};
use crate::diagnostic;
use crate::machine::{Flow, ResultPath, Seconds, Selection};

impl Builder {
    /// The data-flow fields that are there; which ones may be is the caller's list of fields.
    pub(super) fn flow(&mut self, fields: &Fields<'_>) -> Flow {
        Flow {
            input_path: self.selection(fields, "InputPath"),
            parameters: self.template(fields, "Parameters"),
            result_selector: self.template(fields, "ResultSelector"),
            result_path: self.result_path(fields),
            output_path: self.selection(fields, "OutputPath"),
        }
    }

    fn selection(&mut self, fields: &Fields<'_>, name: &str) -> Selection {
        match fields.get(name) {
            None => Selection::Whole,
            Some(Value::Null) => Selection::Nothing,
            Some(Value::String(text)) if &**text == "$" => Selection::Whole,
            Some(_) => self.path(fields, name).map_or(Selection::Whole, Selection::Path),
        }
    }

    /// A path, of input, context object or variable.
    pub(super) fn path(&mut self, fields: &Fields<'_>, name: &str) -> Option<Path> {
        let text = fields.text(name, &mut self.problems)?;
        match Path::parse(text) {
            Ok(path) => {
                self.variables.refer(&path);
                Some(path)
            }
            Err(error) => {
                self.problems.error(
                    diagnostic::SCHEMA,
                    fields.at(name),
                    format!("The value for the field '{name}' must be a valid JSONPath"),
                    Some(error.to_string()),
                );
                None
            }
        }
    }

    pub(super) fn result_path(&mut self, fields: &Fields<'_>) -> ResultPath {
        match fields.get("ResultPath") {
            None => ResultPath::Replace,
            Some(Value::Null) => ResultPath::Discard,
            Some(Value::String(text)) if &**text == "$" => ResultPath::Replace,
            Some(Value::String(text)) => match ReferencePath::parse(text) {
                Ok(path) => ResultPath::Insert(path),
                Err(error) => {
                    self.problems.error(
                        diagnostic::SCHEMA,
                        fields.at("ResultPath"),
                        format!("Value is not a Reference Path: {text}"),
                        Some(error.to_string()),
                    );
                    ResultPath::Replace
                }
            },
            Some(other) => {
                self.problems
                    .schema(fields.at("ResultPath"), format!("Expected value of type String, but was {}", kind(other)));
                ResultPath::Replace
            }
        }
    }

    /// A payload template.
    pub(super) fn template(&mut self, fields: &Fields<'_>, name: &str) -> Option<Template> {
        let value = fields.get(name)?;
        match Template::compile(value) {
            Ok(template) => {
                template.visit_paths(&mut |path| self.variables.refer(path));
                Some(template)
            }
            Err(errors) => {
                for error in errors {
                    let pointer = format!("{}{}", fields.at(name), error.pointer);
                    self.problems.error(diagnostic::SCHEMA, pointer, error.message, Some(error.detail));
                }
                None
            }
        }
    }

    /// A path, a context path or an intrinsic function call.
    pub(super) fn expression(&mut self, fields: &Fields<'_>, name: &str) -> Option<Expression> {
        let text = fields.text(name, &mut self.problems)?;
        match Expression::parse(text) {
            Ok(expression) => {
                expression.visit_paths(&mut |path| self.variables.refer(path));
                Some(expression)
            }
            Err(error) => {
                self.problems.error(
                    diagnostic::SCHEMA,
                    fields.at(name),
                    format!(
                        "The value for the field '{name}' must be a valid JSONPath or a valid intrinsic function call"
                    ),
                    Some(error.to_string()),
                );
                None
            }
        }
    }

    /// `NAME` or `NAMEPath`, a number of seconds.
    pub(super) fn seconds(&mut self, fields: &Fields<'_>, name: &str, path: &str) -> Seconds {
        fields.one_of(&[name, path], &mut self.problems);
        if fields.has(path) {
            return self.expression(fields, path).map_or(Seconds::Absent, Seconds::Path);
        }
        fields
            .whole(name, 1, crate::limits::DELAY_SECONDS_MAX, &mut self.problems)
            .map_or(Seconds::Absent, Seconds::Fixed)
    }
}
