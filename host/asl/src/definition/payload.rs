//! The fields that move data, and the expressions in them.

use stepwell_expr::{Expression, Function, Path, ReferencePath, Template, Value};

use super::Builder;
use super::fields::{Fields, expected, nearest};
use crate::diagnostic;
use crate::machine::{Flow, Payload, QueryLanguage, ResultPath, Seconds, Selection};
use crate::query::{self, Query};

impl Builder {
    /// The data-flow fields that are there; which ones may be is the caller's list of fields.
    pub(super) fn flow(&mut self, fields: &Fields<'_>) -> Flow {
        self.advise(fields);
        if self.speaks == QueryLanguage::Jsonata {
            let (arguments, output) = (self.query(fields, "Arguments"), self.query(fields, "Output"));
            return Flow { arguments, output, ..Flow::default() };
        }
        Flow {
            arguments: None,
            output: None,
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
            Some(_) => self.json_path(fields, name).map_or(Selection::Whole, Selection::Path),
        }
    }

    /// A path, of input, context object or variable.
    fn json_path(&mut self, fields: &Fields<'_>, name: &str) -> Option<Path> {
        let text = fields.text(name, &mut self.problems)?;
        match Path::parse(text) {
            Ok(path) => {
                self.variables.refer(&path);
                Some(path)
            }
            Err(error) => {
                let message = "Value must be a valid JSONPath.";
                self.problems.error(diagnostic::SCHEMA, fields.at(name), message, Some(error.to_string()));
                None
            }
        }
    }

    /// `ItemsPath`. AWS's documentation speaks of a path to one place, but others work here.
    pub(super) fn items_path(&mut self, fields: &Fields<'_>) -> Option<Path> {
        let text = fields.text("ItemsPath", &mut self.problems)?;
        match Path::parse(text) {
            Ok(path) => {
                self.variables.refer(&path);
                Some(path)
            }
            Err(error) => {
                self.no_reference(fields, "ItemsPath", text, error.to_string());
                None
            }
        }
    }

    /// A path to one place, of input, context object or variable.
    pub(super) fn path(&mut self, fields: &Fields<'_>, name: &str) -> Option<Path> {
        let text = fields.text(name, &mut self.problems)?;
        match Path::parse(text) {
            Ok(path) if path.is_definite() => {
                self.variables.refer(&path);
                Some(path)
            }
            Ok(_) => {
                let detail = "a reference path names one place: only names and single indexes, as in $.a['b c'][0]";
                self.no_reference(fields, name, text, detail.to_owned());
                None
            }
            Err(error) => {
                self.no_reference(fields, name, text, error.to_string());
                None
            }
        }
    }

    fn no_reference(&mut self, fields: &Fields<'_>, name: &str, text: &str, detail: String) {
        let message = if text.starts_with('$') {
            "Value is not a Reference Path"
        } else {
            "Value is not a Reference Path: Reference path didn't start with '$'"
        };
        self.problems.error(diagnostic::SCHEMA, fields.at(name), message, Some(detail));
    }

    pub(super) fn result_path(&mut self, fields: &Fields<'_>) -> ResultPath {
        match fields.get("ResultPath") {
            None => ResultPath::Replace,
            Some(Value::Null) => ResultPath::Discard,
            Some(Value::String(text)) if &**text == "$" => ResultPath::Replace,
            Some(Value::String(text)) => match ReferencePath::parse(text) {
                Ok(path) => ResultPath::Insert(path),
                Err(error) => {
                    self.no_reference(fields, "ResultPath", text, error.to_string());
                    ResultPath::Replace
                }
            },
            Some(other) => {
                expected(&mut self.problems, fields.at("ResultPath"), "String", other);
                ResultPath::Replace
            }
        }
    }

    /// A value in the language of the state.
    pub(super) fn payload(&mut self, fields: &Fields<'_>, name: &str) -> Option<Payload> {
        match self.speaks {
            QueryLanguage::JsonPath => self.template(fields, name).map(Payload::Template),
            QueryLanguage::Jsonata => self.query(fields, name).map(Payload::Query),
        }
    }

    /// A value whose texts may be expressions of JSONata. Of a state of the other language there
    /// is none: that the field is there is reported where its fields are.
    pub(super) fn query(&mut self, fields: &Fields<'_>, name: &str) -> Option<Query> {
        let value = fields.get(name).filter(|_| self.speaks == QueryLanguage::Jsonata)?;
        let mut unread = Vec::new();
        let query = Query::compile(value, &fields.at(name), &mut unread);
        for place in unread {
            let message = place.error.message.clone();
            let help = Some(format!("In {{% \u{2026} %}}, {}.", shown_place(&place.error)));
            self.problems.error(diagnostic::INVALID_JSONATA, place.pointer, message, help);
        }
        query.visit(&mut |computed| computed.free.iter().for_each(|name| self.variables.refer_to(name)));
        let sight = self.sight(fields, name);
        query.visit_places(&fields.at(name), &mut |pointer, computed| self.out_of_reach(sight, pointer, computed));
        Some(query)
    }

    /// A field that is an expression of JSONata as a whole.
    pub(super) fn computed(&mut self, fields: &Fields<'_>, name: &str) -> Option<Query> {
        fields.get(name).and_then(Value::as_str).and_then(query::expression)?;
        self.query(fields, name)
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
                    self.problems.error(diagnostic::SCHEMA, pointer, error.message, Some(guessed(error.detail)));
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
                    Some(guessed(error.to_string())),
                );
                None
            }
        }
    }

    /// A path to a number; intrinsic functions are not taken here.
    pub(super) fn number_path(&mut self, fields: &Fields<'_>, name: &str) -> Option<Expression> {
        self.json_path(fields, name).map(Expression::Path)
    }

    /// `NAME` or `NAMEPath`, a number of seconds.
    pub(super) fn seconds(&mut self, fields: &Fields<'_>, name: &str, path: &str) -> Seconds {
        fields.one_of(&[name, path], &mut self.problems);
        if fields.has(path) {
            return self.number_path(fields, path).map_or(Seconds::Absent, Seconds::Path);
        }
        if let Some(query) = self.computed(fields, name) {
            return Seconds::Query(query);
        }
        fields
            .whole(name, 1, crate::limits::DELAY_SECONDS_MAX, &mut self.problems)
            .map_or(Seconds::Absent, Seconds::Fixed)
    }
}

fn shown_place(error: &stepwell_expr::jsonata::ParseError) -> String {
    format!("at byte {} ({})", error.offset, error.code)
}

/// What is wrong with an expression, with the intrinsic function that was probably meant.
fn guessed(mut detail: String) -> String {
    let wrong = detail.split('`').nth(1).filter(|name| name.starts_with("States.")).map(str::to_owned);
    if let Some(wrong) = wrong
        && !Function::names().any(|name| name == wrong)
        && let Some(near) = nearest(&wrong, Function::names())
    {
        detail.push_str(&format!(". Did you mean `{near}`?"));
    }
    detail
}
