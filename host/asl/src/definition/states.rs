//! The eight kinds of states.

use std::sync::Arc;

use super::fields::{Fields, kind};
use super::{Builder, Names};
use crate::Timestamp;
use crate::diagnostic;
use crate::limits::{DEFINITION_NESTING_MAX, DELAY_SECONDS_MAX, LABEL_CHARS_MAX};
use crate::machine::{
    Amount, Concurrency, Flow, Kind, MapState, Payload, QueryLanguage, Seconds, State, StateIx, Task, Text, Wait,
};
use crate::query::{self, Query};

const COMMON: [&str; 3] = ["Type", "Comment", "QueryLanguage"];
const LEADING: [&str; 6] = ["Next", "End", "InputPath", "OutputPath", "Assign", "Output"];
const RECOVERING: [&str; 5] = ["Parameters", "ResultSelector", "ResultPath", "Retry", "Catch"];

const MAP_OWN: [&str; 7] =
    ["ItemProcessor", "Iterator", "ItemsPath", "Items", "ItemSelector", "MaxConcurrency", "MaxConcurrencyPath"];

const TOLERATED: [&str; 4] = [
    "ToleratedFailureCount",
    "ToleratedFailureCountPath",
    "ToleratedFailurePercentage",
    "ToleratedFailurePercentagePath",
];

/// Fields of the language that come later, with the reason.
const LATER: [(&str, &str); 4] = [
    ("ItemReader", "distributed maps come later"),
    ("ItemBatcher", "distributed maps come later"),
    ("ResultWriter", "distributed maps come later"),
    ("Label", "distributed maps come later"),
];

/// What only states of JSONata have.
const JSONATA_FIELDS: [&str; 4] = ["Arguments", "Output", "Items", "Condition"];

/// What only states of JSONPath have.
const JSONPATH_FIELDS: [&str; 20] = [
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

/// What a `Label` must not hold, besides blanks and control characters.
const LABEL_CHARS_REFUSED: &str = r#"?*<>{}[]:;,\|^~$#%&`"/"#;

impl Builder {
    pub(super) fn state(
        &mut self,
        name: &Arc<str>,
        at: StateIx,
        fields: &Fields<'_>,
        names: &Names<'_>,
    ) -> Option<State> {
        fields.require(&["Type"], &mut self.problems);
        let kind = fields.text("Type", &mut self.problems)?;
        let around = self.variables.begin_state();
        let language = self.language(fields);
        let speaking = std::mem::replace(&mut self.speaks, language);
        // Read so that a comment of another kind is reported.
        fields.text("Comment", &mut self.problems);
        let kind = match &**kind {
            "Pass" => self.pass(fields),
            "Task" => self.task(name, at, fields, names),
            "Choice" => self.choice(at, fields, names),
            "Wait" => self.wait(fields),
            "Succeed" => self.succeed(fields),
            "Fail" => self.fail(fields),
            "Parallel" => self.parallel(at, fields, names),
            "Map" => self.map(at, fields, names),
            _ => {
                self.problems.schema(
                    fields.at("Type"),
                    "The field 'Type' should have one of these values: [Task, Wait, Pass, Succeed, Fail, Choice, Parallel, Map]",
                );
                None
            }
        };
        let flow = self.flow(fields);
        let assign = self.assign(fields);
        self.speaks = speaking;
        let references = self.variables.end_state(around, &fields.pointer);
        let leads = kind.as_ref().is_some_and(leads_on);
        let next = if leads { self.next(at, fields, names) } else { None };
        let mut kind = kind?;
        let flow = selecting_items(&mut kind, flow);
        Some(State {
            name: Arc::clone(name),
            pointer: fields.pointer.clone(),
            language,
            flow,
            assign,
            references,
            // Literal text with `$$` counts as well: the context object is then made in vain.
            uses_context: language == QueryLanguage::Jsonata || format!("{:?}", fields.map).contains("$$"),
            next,
            kind,
        })
    }

    /// `Next` or `End`.
    fn next(&mut self, at: StateIx, fields: &Fields<'_>, names: &Names<'_>) -> Option<StateIx> {
        let end = fields.flag("End", &mut self.problems);
        match (fields.has("Next"), end) {
            (true, Some(true)) => {
                self.problems.schema(fields.pointer.clone(), "Only one of these fields is allowed: [Next, End]");
                None
            }
            (true, _) => self.transition(at, fields, "Next", names),
            (false, Some(true)) => None,
            (false, _) => {
                self.problems.error(
                    diagnostic::SCHEMA,
                    fields.pointer.clone(),
                    "These fields are required: [Next] or [End]",
                    Some("Say where to go with 'Next', or stop here with \"End\": true.".to_owned()),
                );
                None
            }
        }
    }

    fn only(&mut self, fields: &Fields<'_>, groups: &[&[&str]]) {
        let known: Vec<&str> = COMMON.iter().chain(groups.iter().copied().flatten()).copied().collect();
        fields.known(&known, &LATER, &mut self.problems);
        self.foreign(fields);
    }

    /// Reports fields that belong to the query language which the state does not speak.
    pub(super) fn foreign(&mut self, fields: &Fields<'_>) {
        let (others, spoken): (&[&str], _) = match self.speaks {
            QueryLanguage::JsonPath => (&JSONATA_FIELDS, "JSONPath"),
            QueryLanguage::Jsonata => (&JSONPATH_FIELDS, "JSONata"),
        };
        for name in fields.map.keys().filter(|name| others.contains(&&***name)) {
            self.problems.error(
                diagnostic::SCHEMA,
                fields.at(name),
                format!("The field '{name}' is not supported where the query language is '{spoken}'"),
                Some("Use the field of that language, or set the 'QueryLanguage' of the state.".to_owned()),
            );
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
        let forms = ["Seconds", "SecondsPath", "Timestamp", "TimestampPath"];
        self.only(fields, &[&LEADING, &forms]);
        if !fields.one_of(&forms, &mut self.problems) {
            self.problems.schema(
                fields.pointer.clone(),
                "One of these fields is required: [Seconds, SecondsPath, Timestamp, TimestampPath]",
            );
            return None;
        }
        let wait = if let Some(query) = self.computed(fields, "Seconds") {
            Wait::SecondsQuery(query)
        } else if let Some(query) = self.computed(fields, "Timestamp") {
            Wait::UntilQuery(query)
        } else if fields.has("Seconds") {
            Wait::Seconds(fields.whole("Seconds", 0, DELAY_SECONDS_MAX, &mut self.problems)?)
        } else if fields.has("SecondsPath") {
            Wait::SecondsPath(self.expression(fields, "SecondsPath")?)
        } else if fields.has("TimestampPath") {
            Wait::UntilPath(self.expression(fields, "TimestampPath")?)
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
            self.problems.schema(fields.at("Branches"), "Array must have at least one item");
        }
        let mut branches = Vec::with_capacity(values.len());
        for (index, value) in values.iter().enumerate() {
            let pointer = format!("{}/{index}", fields.at("Branches"));
            let branch = Fields::of(value, pointer, &mut self.problems)?;
            branch.known(&["StartAt", "States", "Comment", "QueryLanguage"], &[], &mut self.problems);
            branches.push(self.nested(&branch));
        }
        Some(Kind::Parallel { branches: branches.into_iter().collect::<Option<_>>()?, recovery })
    }

    fn map(&mut self, at: StateIx, fields: &Fields<'_>, names: &Names<'_>) -> Option<Kind> {
        self.only(fields, &[&LEADING, &RECOVERING, &MAP_OWN, &TOLERATED]);
        fields.one_of(&["ItemSelector", "Parameters"], &mut self.problems);
        fields.one_of(&["MaxConcurrency", "MaxConcurrencyPath"], &mut self.problems);
        self.label(fields);
        let recovery = self.recovery(at, fields, names);
        let items_path = if fields.has("ItemsPath") { self.path(fields, "ItemsPath") } else { None };
        let items = self.items(fields);
        let item_selector = self.payload(fields, "ItemSelector");
        let concurrency = self.concurrency(fields)?;
        let (tolerated_count, tolerated_percentage) = self.tolerated(fields);
        if !fields.one_of(&["ItemProcessor", "Iterator"], &mut self.problems) {
            self.problems.schema(fields.pointer.clone(), "These fields are required: [ItemProcessor]");
            return None;
        }
        let name = if fields.has("ItemProcessor") { "ItemProcessor" } else { "Iterator" };
        let inner = Fields::of(fields.get(name)?, fields.at(name), &mut self.problems)?;
        let known = ["StartAt", "States", "Comment", "QueryLanguage", "ProcessorConfig"];
        inner.known(&known, &[], &mut self.problems);
        self.processor_config(&inner);
        let processor = self.nested(&inner)?;
        Some(Kind::Map(Box::new(MapState {
            items_path,
            items,
            item_selector,
            concurrency,
            tolerated_count,
            tolerated_percentage,
            processor,
            recovery,
        })))
    }

    /// `Items`: an expression, or an array that may hold some.
    fn items(&mut self, fields: &Fields<'_>) -> Option<Query> {
        let value = fields.get("Items").filter(|_| self.speaks == QueryLanguage::Jsonata)?;
        if value.as_array().is_none() && value.as_str().and_then(query::expression).is_none() {
            let message = format!("Expected an expression or an Array, but was {}", kind(value));
            self.problems.schema(fields.at("Items"), message);
        }
        self.query(fields, "Items")
    }

    fn concurrency(&mut self, fields: &Fields<'_>) -> Option<Concurrency> {
        if fields.has("MaxConcurrencyPath") {
            return self.expression(fields, "MaxConcurrencyPath").map(Concurrency::Path);
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
        fields.one_of(&[count, count_path], &mut self.problems);
        fields.one_of(&[percentage, percentage_path], &mut self.problems);
        let counted = if fields.has(count_path) {
            self.expression(fields, count_path).map(Amount::Path)
        } else if let Some(query) = self.computed(fields, count) {
            Some(Amount::Query(query))
        } else {
            fields.whole(count, 0, u64::from(u32::MAX), &mut self.problems).map(Amount::Fixed)
        };
        let shared = if fields.has(percentage_path) {
            self.expression(fields, percentage_path).map(Amount::Path)
        } else if let Some(query) = self.computed(fields, percentage) {
            Some(Amount::Query(query))
        } else {
            fields.get(percentage).and_then(|value| {
                let number = value.as_number().map(stepwell_expr::Number::as_f64);
                let number = number.filter(|number| (0.0..=100.0).contains(number));
                if number.is_none() {
                    self.problems.schema(fields.at(percentage), "Expected a number from 0 to 100");
                }
                number.map(Amount::Fixed)
            })
        };
        (counted, shared)
    }

    /// `Label` becomes a part of a map run's ARN.
    fn label(&mut self, fields: &Fields<'_>) {
        let Some(label) = fields.text("Label", &mut self.problems) else { return };
        if label.is_empty() {
            self.problems.schema(fields.at("Label"), "Label cannot be empty");
        }
        let wrong = label.chars().find(|c| c.is_whitespace() || c.is_control() || LABEL_CHARS_REFUSED.contains(*c));
        if let Some(wrong) = wrong {
            self.problems.schema(fields.at("Label"), format!("Label contains invalid character: '{wrong}'"));
        }
        if label.chars().count() > LABEL_CHARS_MAX {
            self.problems.schema(fields.at("Label"), format!("Label cannot exceed {LABEL_CHARS_MAX} characters"));
        }
    }

    fn processor_config(&mut self, inner: &Fields<'_>) {
        let Some(value) = inner.get("ProcessorConfig") else { return };
        let Some(config) = Fields::of(value, inner.at("ProcessorConfig"), &mut self.problems) else { return };
        config.known(&["Mode", "ExecutionType"], &[], &mut self.problems);
        match config.text("Mode", &mut self.problems).map(|mode| &**mode) {
            None | Some("INLINE") => {}
            Some("DISTRIBUTED") => self.problems.error(
                diagnostic::UNSUPPORTED,
                config.at("Mode"),
                "Distributed maps are not supported by this version of Stepwell",
                Some("Use \"Mode\": \"INLINE\".".to_owned()),
            ),
            Some(_) => self
                .problems
                .schema(config.at("Mode"), "The field 'Mode' should have one of these values: [INLINE, DISTRIBUTED]"),
        }
    }

    /// A branch or an item processor; they nest at most [`DEFINITION_NESTING_MAX`] deep, and
    /// so does the recursion through here.
    fn nested(&mut self, fields: &Fields<'_>) -> Option<StateIx> {
        self.language(fields);
        if self.nesting >= DEFINITION_NESTING_MAX {
            self.problems.error(
                diagnostic::LIMIT,
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

fn leads_on(kind: &Kind) -> bool {
    match kind {
        Kind::Pass { .. } | Kind::Task(_) | Kind::Wait(_) | Kind::Parallel { .. } | Kind::Map(_) => true,
        Kind::Choice { .. } | Kind::Succeed | Kind::Fail { .. } => false,
    }
}

/// The `Parameters` of a Map select its items, one by one.
fn selecting_items(kind: &mut Kind, mut flow: Flow) -> Flow {
    if let Kind::Map(map) = kind
        && map.item_selector.is_none()
    {
        map.item_selector = flow.parameters.take().map(Payload::Template);
    }
    flow
}
