//! The eight kinds of states.

use std::sync::Arc;

use stepwell_expr::{Map, Value};

use super::fields::{Fields, nearest};
use super::maps::selecting_items;
use super::{Builder, Names};
use crate::Timestamp;
use crate::diagnostic;
use crate::limits::{DEFINITION_NESTING_MAX, DELAY_SECONDS_MAX};
use crate::machine::{Kind, QueryLanguage, Seconds, State, StateIx, Task, Text, Wait};

const COMMON: [&str; 3] = ["Type", "Comment", "QueryLanguage"];
pub(super) const LEADING: [&str; 6] = ["Next", "End", "InputPath", "OutputPath", "Assign", "Output"];
pub(super) const RECOVERING: [&str; 5] = ["Parameters", "ResultSelector", "ResultPath", "Retry", "Catch"];

/// The kinds of states, in the order in which AWS lists them.
const TYPES: [&str; 8] = ["Task", "Wait", "Pass", "Succeed", "Fail", "Choice", "Parallel", "Map"];

/// What only states of JSONata have.
pub(super) const JSONATA_FIELDS: [&str; 4] = ["Arguments", "Output", "Items", "Condition"];

/// What only states of JSONPath have.
pub(super) const JSONPATH_FIELDS: [&str; 20] = [
    "InputPath",
    "OutputPath",
    "Parameters",
    "Result",
    "ResultSelector",
    "ResultPath",
    "TimeoutSecondsPath",
    "HeartbeatSecondsPath",
    "SecondsPath",
    "TimestampPath",
    "ItemsPath",
    "MaxConcurrencyPath",
    "ToleratedFailureCountPath",
    "ToleratedFailurePercentagePath",
    "ErrorPath",
    "CausePath",
    "Variable",
    "And",
    "Or",
    "Not",
];

impl Builder {
    pub(super) fn state(
        &mut self,
        name: &Arc<str>,
        at: StateIx,
        fields: &Fields<'_>,
        names: &Names<'_>,
    ) -> Option<State> {
        fields.require(&["Type"], &mut self.problems);
        let kind_name = fields.text("Type", &mut self.problems)?;
        let around = self.variables.begin_state();
        let language = self.language(fields);
        let speaking = std::mem::replace(&mut self.speaks, language);
        // Read so that a comment of another kind is reported.
        fields.text("Comment", &mut self.problems);
        let kind = match &**kind_name {
            "Pass" => self.pass(fields),
            "Task" => self.task(name, at, fields, names),
            "Choice" => self.choice(at, fields, names),
            "Wait" => self.wait(fields),
            "Succeed" => self.succeed(fields),
            "Fail" => self.fail(fields),
            "Parallel" => self.parallel(at, fields, names),
            "Map" => self.map(at, fields, names),
            other => {
                let help = nearest(other, TYPES).map(|near| format!("Did you mean '{near}'?"));
                let message = format!("The field 'Type' should have one of these values: [{}]", TYPES.join(", "));
                self.problems.error(diagnostic::SCHEMA, fields.at("Type"), message, help);
                None
            }
        };
        let flow = self.flow(fields);
        let assign = self.assign(fields);
        self.speaks = speaking;
        let references = self.variables.end_state(around, &fields.pointer);
        // Also of a state that is wrong in another way: where it leads is reachable.
        let next = self.next(kind_name, at, fields, names);
        let mut kind = kind?;
        let flow = selecting_items(&mut kind, flow);
        Some(State {
            name: Arc::clone(name),
            pointer: fields.pointer.clone(),
            language,
            flow,
            assign,
            references,
            uses_context: mentions_context(fields.map, language),
            next,
            kind,
        })
    }

    /// `Next` or `End`, of the kinds of states that have them.
    fn next(&mut self, kind: &str, at: StateIx, fields: &Fields<'_>, names: &Names<'_>) -> Option<StateIx> {
        match kind {
            "Choice" | "Succeed" | "Fail" => return None,
            known if TYPES.contains(&known) => {}
            _ => return self.transition(at, fields, "Next", names),
        }
        let end = fields.flag("End", &mut self.problems);
        match (fields.has("Next"), end) {
            (true, Some(true)) => {
                fields.one_of(&["Next", "End"], &mut self.problems);
                self.transition(at, fields, "Next", names)
            }
            (true, _) => self.transition(at, fields, "Next", names),
            (false, Some(true)) => None,
            // An `End` of another kind was told already.
            (false, None) if fields.has("End") => None,
            (false, Some(false) | None) => {
                self.problems.error(
                    diagnostic::SCHEMA,
                    fields.pointer.clone(),
                    "This object should have only one of the following fields: [Next, End]",
                    Some("Say where to go with 'Next', or stop here with \"End\": true.".to_owned()),
                );
                None
            }
        }
    }

    pub(super) fn only(&mut self, fields: &Fields<'_>, groups: &[&[&str]]) {
        let known: Vec<&str> = COMMON.iter().chain(groups.iter().copied().flatten()).copied().collect();
        fields.known(&known, &mut self.problems);
        self.foreign(fields);
    }

    /// Reports fields that belong to the query language which the state does not speak.
    pub(super) fn foreign(&mut self, fields: &Fields<'_>) {
        let (others, spoken, other): (&[&str], _, _) = match self.speaks {
            // That the state must not speak it was told already, and is all there is to say.
            QueryLanguage::JsonPath if self.jsonata => return,
            QueryLanguage::JsonPath => (&JSONATA_FIELDS, "JSONPath", "JSONata"),
            QueryLanguage::Jsonata => (&JSONPATH_FIELDS, "JSONata", "JSONPath"),
        };
        for name in fields.map.keys().filter(|name| others.contains(&&***name)) {
            let message = format!(
                "The QueryLanguage is set to '{spoken}', but field '{name}' is only supported for the '{other}' QueryLanguage"
            );
            let help = Some("Use the field of that language, or set the 'QueryLanguage' of the state.".to_owned());
            self.problems.member(fields, name, message, help);
        }
    }

    fn pass(&mut self, fields: &Fields<'_>) -> Option<Kind> {
        self.only(fields, &[&LEADING, &["Parameters", "Result", "ResultPath"]]);
        Some(Kind::Pass { result: fields.get("Result").cloned() })
    }

    fn task(&mut self, name: &str, at: StateIx, fields: &Fields<'_>, names: &Names<'_>) -> Option<Kind> {
        let own = [
            "Resource",
            "Credentials",
            "TimeoutSeconds",
            "TimeoutSecondsPath",
            "HeartbeatSeconds",
            "HeartbeatSecondsPath",
            "Arguments",
        ];
        self.only(fields, &[&LEADING, &RECOVERING, &own]);
        fields.require(&["Resource"], &mut self.problems);
        self.credentials(fields);
        let target = self.target_of(name, fields);
        let timeout = self.seconds(fields, "TimeoutSeconds", "TimeoutSecondsPath");
        let heartbeat = self.seconds(fields, "HeartbeatSeconds", "HeartbeatSecondsPath");
        if let (Seconds::Fixed(timeout), Seconds::Fixed(heartbeat)) = (&timeout, &heartbeat)
            && heartbeat >= timeout
        {
            self.problems.schema(
                fields.at("HeartbeatSeconds"),
                "The value of 'HeartbeatSeconds' must be smaller than that of 'TimeoutSeconds'",
            );
        }
        let recovery = self.recovery(at, fields, names);
        Some(Kind::Task(Box::new(Task { target: target?, timeout, heartbeat, recovery })))
    }

    /// `Credentials` are checked, and have no effect: a task runs under its own grants.
    fn credentials(&mut self, fields: &Fields<'_>) {
        let Some(value) = fields.get("Credentials") else { return };
        let Some(credentials) = Fields::of(value, fields.at("Credentials"), &mut self.problems) else { return };
        if !credentials.has("RoleArn") && !credentials.has("RoleArn.$") {
            self.problems.schema(credentials.pointer, "The field 'RoleArn' is required but was missing");
        } else {
            credentials.text("RoleArn", &mut self.problems);
        }
        if fields.get("Resource").and_then(Value::as_str).is_some_and(|resource| resource.contains(":activity:")) {
            let message = "The field 'Credentials' is not supported for activities";
            self.problems.schema(fields.at("Credentials"), message);
        }
        self.payload(fields, "Credentials");
    }

    fn choice(&mut self, at: StateIx, fields: &Fields<'_>, names: &Names<'_>) -> Option<Kind> {
        self.only(fields, &[&["Choices", "Default", "InputPath", "OutputPath", "Assign", "Output"]]);
        fields.require(&["Choices"], &mut self.problems);
        let rules = self.rules(at, fields, names);
        let default = self.transition(at, fields, "Default", names);
        if !fields.has("Default") {
            self.problems.warning(
                diagnostic::NO_DEFAULT,
                fields.pointer.clone(),
                "There is no 'Default': input that no rule matches fails with States.NoChoiceMatched",
                Some("Add 'Default'.".to_owned()),
            );
        }
        Some(Kind::Choice { rules, default })
    }

    fn wait(&mut self, fields: &Fields<'_>) -> Option<Kind> {
        let forms = ["SecondsPath", "Seconds", "TimestampPath", "Timestamp"];
        self.only(fields, &[&LEADING, &forms]);
        if !fields.one_of(&forms, &mut self.problems) {
            let message = format!("This object should have only one of the following fields: [{}]", forms.join(", "));
            self.problems.schema(fields.pointer.clone(), message);
            return None;
        }
        let wait = if let Some(query) = self.computed(fields, "Seconds") {
            Wait::SecondsQuery(query)
        } else if let Some(query) = self.computed(fields, "Timestamp") {
            Wait::UntilQuery(query)
        } else if fields.has("Seconds") {
            Wait::Seconds(fields.whole("Seconds", 0, DELAY_SECONDS_MAX, &mut self.problems)?)
        } else if fields.has("SecondsPath") {
            Wait::SecondsPath(self.number_path(fields, "SecondsPath")?)
        } else if fields.has("TimestampPath") {
            Wait::UntilPath(self.number_path(fields, "TimestampPath")?)
        } else {
            let text = fields.text("Timestamp", &mut self.problems)?;
            let Some(until) = Timestamp::parse(text) else {
                self.problems.schema(fields.at("Timestamp"), "String does not match RFC3339 timestamp");
                return None;
            };
            Wait::Until(until)
        };
        Some(Kind::Wait(wait))
    }

    fn succeed(&mut self, fields: &Fields<'_>) -> Option<Kind> {
        self.only(fields, &[&["InputPath", "OutputPath", "Output"]]);
        Some(Kind::Succeed)
    }

    fn fail(&mut self, fields: &Fields<'_>) -> Option<Kind> {
        self.only(fields, &[&["Error", "ErrorPath", "Cause", "CausePath"]]);
        Some(Kind::Fail {
            error: self.failure_text(fields, "Error", "ErrorPath"),
            cause: self.failure_text(fields, "Cause", "CausePath"),
        })
    }

    fn failure_text(&mut self, fields: &Fields<'_>, fixed: &str, path: &str) -> Text {
        fields.one_of(&[fixed, path], &mut self.problems);
        if fields.has(path) {
            return self.expression(fields, path).map_or(Text::Absent, Text::Path);
        }
        if let Some(query) = self.computed(fields, fixed) {
            return Text::Query(query);
        }
        fields.text(fixed, &mut self.problems).cloned().map_or(Text::Absent, Text::Fixed)
    }

    fn parallel(&mut self, at: StateIx, fields: &Fields<'_>, names: &Names<'_>) -> Option<Kind> {
        self.only(fields, &[&LEADING, &RECOVERING, &["Branches", "Arguments"]]);
        fields.require(&["Branches"], &mut self.problems);
        let recovery = self.recovery(at, fields, names);
        let values = fields.list("Branches", &mut self.problems)?;
        if values.is_empty() {
            self.problems.schema(fields.at("Branches"), "Value cannot be empty");
        }
        let mut branches = Vec::with_capacity(values.len());
        for (index, value) in values.iter().enumerate() {
            let pointer = format!("{}/{index}", fields.at("Branches"));
            let branch = Fields::of(value, pointer, &mut self.problems)?;
            branch.known(&["StartAt", "States", "Comment"], &mut self.problems);
            branches.push(self.nested(&branch));
        }
        Some(Kind::Parallel { branches: branches.into_iter().collect::<Option<_>>()?, recovery })
    }

    /// A branch or an item processor; they nest at most [`DEFINITION_NESTING_MAX`] deep, and
    /// so does the recursion through here.
    pub(super) fn nested(&mut self, fields: &Fields<'_>) -> Option<StateIx> {
        fields.text("Comment", &mut self.problems);
        if self.nesting >= DEFINITION_NESTING_MAX {
            self.problems.error(
                diagnostic::TOO_DEEP,
                fields.pointer.clone(),
                format!("Parallel and Map states nest at most {DEFINITION_NESTING_MAX} deep"),
                None,
            );
            return None;
        }
        self.nesting += 1;
        let start = self.graph(fields);
        self.nesting -= 1;
        start
    }
}

/// Whether some text in the fields of a state, those of states within it excepted, looks at the
/// context object. Literal text counts as well: the context object is then made in vain.
fn mentions_context(fields: &Map, language: QueryLanguage) -> bool {
    let within = ["ItemProcessor", "Iterator", "Branches"];
    let looks = match language {
        QueryLanguage::JsonPath => |text: &str| text.contains("$$"),
        QueryLanguage::Jsonata => query_looks_at_context,
    };
    fields.iter().any(|(name, value)| !within.contains(&&**name) && mentions(value, looks))
}

/// It recurses as deep as JSON text nests.
fn mentions(value: &Value, looks: fn(&str) -> bool) -> bool {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
        Value::String(text) => looks(text),
        Value::Array(items) => items.iter().any(|item| mentions(item, looks)),
        Value::Object(map) => map.iter().any(|(_, member)| mentions(member, looks)),
    }
}

/// `$states` may be used as a whole, or with a name that is not there in so many letters. Only
/// what goes on with one of its other members, right behind it, is known not to look.
fn query_looks_at_context(text: &str) -> bool {
    text.split("$states").skip(1).any(|rest| {
        let others = [".input", ".result", ".errorOutput"];
        let found = others.iter().find_map(|member| rest.strip_prefix(member));
        found.is_none_or(|rest| rest.starts_with(|c: char| c.is_alphanumeric() || c == '_'))
    })
}
