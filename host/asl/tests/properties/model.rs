//! Definitions as trees: what the generator makes, the reference interprets, and [`Definition::text`]
//! writes down for the interpreter under test.

use serde_json::{Map, json};

pub type Json = serde_json::Value;

#[derive(Debug, Clone)]
pub struct Definition {
    pub timeout_seconds: Option<u64>,
    pub language: Language,
    pub graph: Graph,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    JsonPath,
    Jsonata,
}

/// States that lead to each other; the first one starts.
#[derive(Debug, Clone, Default)]
pub struct Graph {
    pub states: Vec<State>,
}

#[derive(Debug, Clone)]
pub struct State {
    pub name: String,
    pub language: Language,
    pub kind: Kind,
    pub flow: Flow,
    pub assign: Vec<(String, Make)>,
    /// `None` is the end of the graph.
    pub next: Option<usize>,
    pub retriers: Vec<Retrier>,
    pub catchers: Vec<Catcher>,
}

#[derive(Debug, Clone)]
pub enum Kind {
    Pass { result: Option<Json> },
    Task { resource: usize, function: bool },
    Choice { rules: Vec<Rule>, default: Option<usize> },
    Wait { seconds: Amount },
    Succeed,
    Fail { error: Make, cause: Make },
    Parallel { branches: Vec<Graph> },
    Map(Box<MapState>),
}

#[derive(Debug, Clone)]
pub struct MapState {
    pub items: Option<Make>,
    pub selector: Option<Make>,
    pub concurrency: Option<Amount>,
    pub tolerated_count: Option<Amount>,
    pub tolerated_percentage: Option<u64>,
    pub processor: Graph,
}

/// The fields that move data; those of the other language stay empty.
#[derive(Debug, Clone, Default)]
pub struct Flow {
    /// `Some(None)` is null.
    pub input_path: Option<Option<Path>>,
    /// `Parameters`, or `Arguments`.
    pub arguments: Option<Make>,
    pub result_selector: Option<Make>,
    pub result_path: ResultPath,
    pub output_path: Option<Option<Path>>,
    /// Of JSONata.
    pub output: Option<Make>,
}

#[derive(Debug, Clone, Default)]
pub enum ResultPath {
    #[default]
    Absent,
    Null,
    Names(Vec<String>),
}

#[derive(Debug, Clone)]
pub enum Amount {
    Fixed(u64),
    Made(Make),
}

#[derive(Debug, Clone)]
pub struct Rule {
    pub test: Test,
    pub assign: Vec<(String, Make)>,
    pub output: Option<Make>,
    pub next: usize,
}

#[derive(Debug, Clone)]
pub enum Test {
    Compare { variable: Path, operator: &'static str, operand: Operand },
    And(Vec<Self>),
    Or(Vec<Self>),
    Not(Box<Self>),
    Query(Expr),
}

#[derive(Debug, Clone)]
pub enum Operand {
    Fixed(Json),
    Path(Path),
}

#[derive(Debug, Clone)]
pub struct Retrier {
    pub errors: Vec<&'static str>,
    pub interval_seconds: u64,
    pub attempts_max: u64,
    /// Halves: 3 is a rate of 1.5.
    pub backoff_halves: u64,
    pub delay_seconds_max: Option<u64>,
}

#[derive(Debug, Clone)]
pub struct Catcher {
    pub errors: Vec<&'static str>,
    pub result_path: ResultPath,
    pub output: Option<Make>,
    pub assign: Vec<(String, Make)>,
    pub next: usize,
}

/// A value that a state makes.
#[derive(Debug, Clone)]
pub enum Make {
    Fixed(Json),
    /// A member with `.$`, or a field that takes a path.
    Term(Term),
    Expr(Expr),
    Object(Vec<(String, Self)>),
    List(Vec<Self>),
}

#[derive(Debug, Clone)]
pub enum Term {
    Path(Path),
    Call(Call),
}

#[derive(Debug, Clone)]
pub struct Path {
    pub root: Root,
    pub steps: Vec<Step>,
}

#[derive(Debug, Clone)]
pub enum Root {
    Input,
    Context,
    Variable(String),
}

#[derive(Debug, Clone)]
pub enum Step {
    Name(String),
    Index(i64),
    Every,
    Indices(Vec<i64>),
    Slice(i64, i64),
    /// `[?(@.NAME > THAN)]`
    Over(String, i64),
}

#[derive(Debug, Clone)]
pub enum Call {
    Array(Vec<Arg>),
    ArrayLength(Arg),
    ArrayContains(Arg, Arg),
    ArrayGetItem(Arg, Arg),
    ArrayRange(Arg, Arg, Arg),
    ArrayPartition(Arg, Arg),
    MathAdd(Arg, Arg),
    /// As many places as arguments, each after a text.
    Format(Vec<String>, Vec<Arg>),
}

#[derive(Debug, Clone)]
pub enum Arg {
    Path(Path),
    Number(i64),
    Text(String),
    Call(Box<Call>),
}

/// JSONata.
#[derive(Debug, Clone)]
pub enum Expr {
    Number(i64),
    Text(String),
    Bool(bool),
    /// `$states.input.a.b`, `$name.a`: a variable and names.
    Get(String, Vec<String>),
    Infix(&'static str, Box<Self>, Box<Self>),
    If(Box<Self>, Box<Self>, Box<Self>),
    Array(Vec<Self>),
    Object(Vec<(String, Self)>),
    /// `$count`, `$sum`, `$exists`.
    Call(&'static str, Box<Self>),
}

impl Definition {
    pub fn text(&self) -> String {
        let mut definition = self.graph.json(self.language);
        if let Some(seconds) = self.timeout_seconds {
            definition["TimeoutSeconds"] = json!(seconds);
        }
        if self.language == Language::Jsonata {
            definition["QueryLanguage"] = json!("JSONata");
        }
        definition.to_string()
    }
}

impl Graph {
    fn json(&self, around: Language) -> Json {
        let states: Map<_, _> =
            self.states.iter().map(|state| (state.name.clone(), state.json(around, &self.states))).collect();
        json!({"StartAt": self.states[0].name, "States": states})
    }
}

impl State {
    fn json(&self, around: Language, states: &[Self]) -> Json {
        let mut out = Map::new();
        let name = |at: usize| json!(states[at].name);
        if self.language != around {
            out.insert("QueryLanguage".into(), json!("JSONata"));
        }
        self.kind.write(&mut out, around, self.language, &name);
        let leads = !matches!(self.kind, Kind::Choice { .. } | Kind::Succeed | Kind::Fail { .. });
        match self.next {
            Some(next) if leads => drop(out.insert("Next".into(), name(next))),
            None if leads => drop(out.insert("End".into(), json!(true))),
            _ => {}
        }
        self.flow.write(&mut out, self.language);
        write_assign(&mut out, &self.assign);
        let list = |items: Vec<Json>| (!items.is_empty()).then_some(items);
        if let Some(retriers) = list(self.retriers.iter().map(Retrier::json).collect()) {
            out.insert("Retry".into(), json!(retriers));
        }
        if let Some(catchers) = list(self.catchers.iter().map(|catcher| catcher.json(&name)).collect()) {
            out.insert("Catch".into(), json!(catchers));
        }
        Json::Object(out)
    }
}

impl Kind {
    fn write(&self, out: &mut Map<String, Json>, around: Language, own: Language, name: &dyn Fn(usize) -> Json) {
        let kind = match self {
            Self::Pass { result } => {
                out.extend(result.clone().map(|result| ("Result".to_owned(), result)));
                "Pass"
            }
            Self::Task { resource, function } => {
                let resource = match function {
                    true => format!("arn:aws:lambda:eu-west-1:123456789012:function:t{resource}"),
                    false => format!("task:t{resource}"),
                };
                out.insert("Resource".into(), json!(resource));
                "Task"
            }
            Self::Choice { rules, default } => {
                out.insert("Choices".into(), rules.iter().map(|rule| rule.json(name)).collect());
                out.extend(default.map(|default| ("Default".to_owned(), name(default))));
                "Choice"
            }
            Self::Wait { seconds } => {
                seconds.write(out, "Seconds", own);
                "Wait"
            }
            Self::Succeed => "Succeed",
            Self::Fail { error, cause } => {
                write_made(out, "Error", error, own);
                write_made(out, "Cause", cause, own);
                "Fail"
            }
            Self::Parallel { branches } => {
                out.insert("Branches".into(), branches.iter().map(|branch| branch.json(around)).collect());
                "Parallel"
            }
            Self::Map(map) => {
                map.write(out, around, own);
                "Map"
            }
        };
        out.insert("Type".into(), json!(kind));
    }
}

impl MapState {
    fn write(&self, out: &mut Map<String, Json>, around: Language, own: Language) {
        if let Some(items) = &self.items {
            let field = if own == Language::Jsonata { "Items" } else { "ItemsPath" };
            out.insert(field.into(), items.json());
        }
        out.extend(self.selector.as_ref().map(|selector| ("ItemSelector".to_owned(), selector.json())));
        for (amount, field) in [(&self.concurrency, "MaxConcurrency"), (&self.tolerated_count, "ToleratedFailureCount")]
        {
            if let Some(amount) = amount {
                amount.write(out, field, own);
            }
        }
        out.extend(self.tolerated_percentage.map(|n| ("ToleratedFailurePercentage".to_owned(), json!(n))));
        out.insert("ItemProcessor".into(), self.processor.json(around));
    }
}

impl Amount {
    fn write(&self, out: &mut Map<String, Json>, field: &str, own: Language) {
        match self {
            Self::Fixed(n) => drop(out.insert(field.to_owned(), json!(n))),
            Self::Made(made) => write_made(out, field, made, own),
        }
    }
}

impl Flow {
    fn write(&self, out: &mut Map<String, Json>, own: Language) {
        let selection = |path: &Option<Path>| path.as_ref().map_or(Json::Null, |path| json!(path.text()));
        out.extend(self.input_path.as_ref().map(|path| ("InputPath".to_owned(), selection(path))));
        out.extend(self.output_path.as_ref().map(|path| ("OutputPath".to_owned(), selection(path))));
        let arguments = if own == Language::Jsonata { "Arguments" } else { "Parameters" };
        out.extend(self.arguments.as_ref().map(|made| (arguments.to_owned(), made.json())));
        out.extend(self.result_selector.as_ref().map(|made| ("ResultSelector".to_owned(), made.json())));
        out.extend(self.output.as_ref().map(|made| ("Output".to_owned(), made.json())));
        self.result_path.write(out);
    }
}

impl ResultPath {
    fn write(&self, out: &mut Map<String, Json>) {
        match self {
            Self::Absent => {}
            Self::Null => drop(out.insert("ResultPath".into(), Json::Null)),
            Self::Names(names) => drop(out.insert("ResultPath".into(), json!(format!("$.{}", names.join("."))))),
        }
    }
}

impl Rule {
    fn json(&self, name: &dyn Fn(usize) -> Json) -> Json {
        let mut out = self.test.json();
        write_assign(&mut out, &self.assign);
        out.extend(self.output.as_ref().map(|made| ("Output".to_owned(), made.json())));
        out.insert("Next".into(), name(self.next));
        Json::Object(out)
    }
}

impl Test {
    fn json(&self) -> Map<String, Json> {
        let mut out = Map::new();
        let all = |tests: &[Self]| tests.iter().map(|test| Json::Object(test.json())).collect::<Json>();
        match self {
            Self::Compare { variable, operator, operand } => {
                out.insert("Variable".into(), json!(variable.text()));
                match operand {
                    Operand::Fixed(value) => out.insert((*operator).to_owned(), value.clone()),
                    Operand::Path(path) => out.insert(format!("{operator}Path"), json!(path.text())),
                };
            }
            Self::And(tests) => drop(out.insert("And".into(), all(tests))),
            Self::Or(tests) => drop(out.insert("Or".into(), all(tests))),
            Self::Not(test) => drop(out.insert("Not".into(), Json::Object(test.json()))),
            Self::Query(expr) => drop(out.insert("Condition".into(), braces(expr))),
        }
        out
    }
}

impl Retrier {
    fn json(&self) -> Json {
        let mut out = json!({"ErrorEquals": self.errors, "IntervalSeconds": self.interval_seconds,
            "MaxAttempts": self.attempts_max, "BackoffRate": self.backoff_halves as f64 / 2.0});
        if let Some(most) = self.delay_seconds_max {
            out["MaxDelaySeconds"] = json!(most);
        }
        out
    }
}

impl Catcher {
    fn json(&self, name: &dyn Fn(usize) -> Json) -> Json {
        let mut out = Map::new();
        out.insert("ErrorEquals".into(), json!(self.errors));
        self.result_path.write(&mut out);
        out.extend(self.output.as_ref().map(|made| ("Output".to_owned(), made.json())));
        write_assign(&mut out, &self.assign);
        out.insert("Next".into(), name(self.next));
        Json::Object(out)
    }
}

fn write_assign(out: &mut Map<String, Json>, assign: &[(String, Make)]) {
    if !assign.is_empty() {
        out.insert("Assign".into(), Make::Object(assign.to_vec()).json());
    }
}

/// A field that has a `…Path` beside it.
fn write_made(out: &mut Map<String, Json>, field: &str, made: &Make, own: Language) {
    match made {
        Make::Term(_) if own == Language::JsonPath => drop(out.insert(format!("{field}Path"), made.json())),
        _ => drop(out.insert(field.to_owned(), made.json())),
    }
}

fn braces(expr: &Expr) -> Json {
    json!(format!("{{% {} %}}", expr.text()))
}

impl Make {
    fn json(&self) -> Json {
        match self {
            Self::Fixed(value) => value.clone(),
            Self::Term(term) => json!(term.text()),
            Self::Expr(expr) => braces(expr),
            Self::List(items) => items.iter().map(Self::json).collect(),
            Self::Object(members) => {
                let member = |(name, made): &(String, Self)| match made {
                    Self::Term(_) => (format!("{name}.$"), made.json()),
                    _ => (name.clone(), made.json()),
                };
                Json::Object(members.iter().map(member).collect())
            }
        }
    }
}

impl Term {
    fn text(&self) -> String {
        match self {
            Self::Path(path) => path.text(),
            Self::Call(call) => call.text(),
        }
    }
}

impl Path {
    pub fn text(&self) -> String {
        let mut text = match &self.root {
            Root::Input => "$".to_owned(),
            Root::Context => "$$".to_owned(),
            Root::Variable(name) => format!("${name}"),
        };
        for step in &self.steps {
            text += &match step {
                Step::Name(name) => format!(".{name}"),
                Step::Index(at) => format!("[{at}]"),
                Step::Every => "[*]".to_owned(),
                Step::Indices(all) => format!("[{}]", all.iter().map(i64::to_string).collect::<Vec<_>>().join(",")),
                Step::Slice(from, to) => format!("[{from}:{to}]"),
                Step::Over(name, than) => format!("[?(@.{name} > {than})]"),
            };
        }
        text
    }
}

impl Call {
    fn text(&self) -> String {
        let list = |args: &[&Arg]| args.iter().map(|arg| arg.text()).collect::<Vec<_>>().join(", ");
        match self {
            Self::Array(args) => format!("States.Array({})", list(&args.iter().collect::<Vec<_>>())),
            Self::ArrayLength(array) => format!("States.ArrayLength({})", array.text()),
            Self::ArrayContains(array, value) => format!("States.ArrayContains({})", list(&[array, value])),
            Self::ArrayGetItem(array, index) => format!("States.ArrayGetItem({})", list(&[array, index])),
            Self::ArrayRange(from, to, step) => format!("States.ArrayRange({})", list(&[from, to, step])),
            Self::ArrayPartition(array, size) => format!("States.ArrayPartition({})", list(&[array, size])),
            Self::MathAdd(a, b) => format!("States.MathAdd({})", list(&[a, b])),
            Self::Format(texts, args) => {
                let places: String = texts.iter().map(|text| format!("{text}{{}}")).collect();
                let args: String = args.iter().map(|arg| format!(", {}", arg.text())).collect();
                format!("States.Format('{places}'{args})")
            }
        }
    }
}

impl Arg {
    fn text(&self) -> String {
        match self {
            Self::Path(path) => path.text(),
            Self::Number(n) => n.to_string(),
            Self::Text(text) => format!("'{text}'"),
            Self::Call(call) => call.text(),
        }
    }
}

impl Expr {
    pub fn text(&self) -> String {
        let list = |items: &[Self]| items.iter().map(Self::text).collect::<Vec<_>>().join(", ");
        match self {
            Self::Number(n) => n.to_string(),
            Self::Text(text) => format!("'{text}'"),
            Self::Bool(flag) => flag.to_string(),
            Self::Get(variable, names) => {
                format!("${variable}{}", names.iter().map(|name| format!(".{name}")).collect::<String>())
            }
            Self::Infix(operator, a, b) => format!("({} {operator} {})", a.text(), b.text()),
            Self::If(test, a, b) => format!("({} ? {} : {})", test.text(), a.text(), b.text()),
            Self::Array(items) => format!("[{}]", list(items)),
            Self::Object(members) => {
                let members: Vec<_> =
                    members.iter().map(|(name, value)| format!("'{name}': {}", value.text())).collect();
                format!("{{{}}}", members.join(", "))
            }
            Self::Call(function, argument) => format!("${function}({})", argument.text()),
        }
    }
}
