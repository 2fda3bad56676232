//! Valid definitions, inputs and scripts out of a list of choices. Where the list is at its end
//! the simplest choice is taken, so that a shorter list makes a smaller case.

use serde_json::json;

use super::model::{
    Arg, Call, Catcher, Definition, Expr, Flow, Graph, Json, Kind, Language, Make, MapState, Operand, Path, ResultPath,
    Retrier, Root, Rule, State, Term, Test,
};
use super::world::{Reply, World};

#[path = "generate/expressions.rs"]
mod expressions;

#[derive(Debug)]
pub struct Case {
    pub definition: Definition,
    pub input: Json,
    pub world: World,
}

pub fn case(choices: &[u8]) -> Case {
    let mut choices = Choices { left: choices };
    let world = World { tasks: (0..4).map(|_| choices.reply()).collect(), salt: choices.below(256) };
    let input = choices.document();
    let language = if choices.one_in(3) { Language::Jsonata } else { Language::JsonPath };
    let mut generator = Generator { choices, machine: language, named: 0, states_left: 18, scopes: vec![Vec::new()] };
    let around = Around { document: true, item: false, depth: 0 };
    let graph = generator.graph(around);
    let timeout_seconds = generator.choices.one_in(12).then(|| 1 + generator.choices.below(20));
    Case { definition: Definition { timeout_seconds, language, graph }, input, world }
}

struct Choices<'a> {
    left: &'a [u8],
}

impl Choices<'_> {
    /// From 0 up to, not including, `most`.
    fn below(&mut self, most: u64) -> u64 {
        let Some((first, rest)) = self.left.split_first() else { return 0 };
        self.left = rest;
        u64::from(*first) % most
    }

    /// Never where the choices are at their end.
    fn one_in(&mut self, most: u64) -> bool {
        self.below(most) == most - 1
    }

    fn pick<T: Clone>(&mut self, all: &[T]) -> T {
        all[usize::try_from(self.below(all.len() as u64)).unwrap()].clone()
    }

    fn small(&mut self) -> i64 {
        i64::try_from(self.below(7)).unwrap() - 1
    }

    fn reply(&mut self) -> Reply {
        let error = self.pick(&ERRORS);
        match self.below(10) {
            0 | 1 | 8 => Reply::Echo,
            2 => Reply::Wrap,
            3 => Reply::Give(self.document()),
            4 => Reply::After(1 + self.below(3), error),
            5 => Reply::Sometimes(error),
            6 | 9 => Reply::Give(json!(self.small())),
            _ => Reply::Never(error),
        }
    }

    /// What [`expressions`] knows its way around in.
    fn document(&mut self) -> Json {
        let objects: Json = (0..self.below(4)).map(|_| json!({"n": self.small(), "s": self.word()})).collect();
        let list: Json = (0..self.below(5)).map(|_| json!(self.small())).collect();
        json!({"b": self.one_in(2), "list": list, "n": self.small(), "objs": objects,
            "obj": {"n": self.small(), "list": [1, self.small()], "deep": {"n": self.small()}}, "s": self.word(), "z": null})
    }

    fn word(&mut self) -> &'static str {
        self.pick(&["", "a", "b", "word", "Zwölf", "1"])
    }
}

const ERRORS: [&str; 4] = ["Boom", "Busy", "States.Timeout", "Custom.Error"];

const CAUGHT: [&str; 8] = [
    "States.ALL",
    "States.TaskFailed",
    "Boom",
    "Busy",
    "States.Timeout",
    "States.Runtime",
    "States.QueryEvaluationError",
    "States.ExceedToleratedFailureThreshold",
];

/// Where a state stands.
#[derive(Clone, Copy)]
struct Around {
    /// Whether the payload is like [`Choices::document`], with more members perhaps.
    document: bool,
    /// Whether a Map is around.
    item: bool,
    depth: u32,
}

struct Generator<'a> {
    choices: Choices<'a>,
    machine: Language,
    named: usize,
    states_left: usize,
    /// The variables of this scope and of those around it.
    scopes: Vec<Vec<String>>,
}

impl Generator<'_> {
    fn graph(&mut self, mut around: Around) -> Graph {
        let most = if around.depth == 0 { 6 } else { 3 };
        let count = 1 + usize::try_from(self.choices.below(most)).unwrap().min(self.states_left);
        self.states_left -= count - 1;
        let mut states: Vec<State> = Vec::new();
        // Of a Choice that leads to either, the state after it ends the graph.
        let mut ends = None;
        while states.len() < count {
            let at = states.len();
            let last = at + 1 == count;
            if !last && around.depth < 2 && at + 3 < count && self.choices.one_in(6) {
                self.counting(&mut states);
                continue;
            }
            let ending = ends == Some(at) || (last && self.choices.one_in(4));
            let mut state = self.state(at, count, around, ending);
            if let Kind::Choice { rules, .. } = &mut state.kind
                && at + 2 < count
                && self.choices.one_in(3)
            {
                rules[0].next = at + 2;
                ends = Some(at + 1);
            }
            around.document &= state.keeps_document();
            states.push(state);
        }
        Graph { states }
    }

    /// Three states that go round a few times.
    fn counting(&mut self, states: &mut Vec<State>) {
        let variable = self.variable();
        let rounds = 2 + self.choices.below(3);
        let path = Path { root: Root::Variable(variable.clone()), steps: Vec::new() };
        let expr = Expr::Get(variable.clone(), Vec::new());
        let begin = states.len();
        let mut begun = self.plain(Kind::Pass { result: None }, Some(begin + 1));
        begun.assign = vec![(variable.clone(), Make::Fixed(json!(0)))];
        begun.flow.result_path = ResultPath::Null;
        let mut counted = self.plain(Kind::Pass { result: None }, Some(begin + 2));
        counted.flow.result_path = ResultPath::Null;
        let test = match self.machine {
            Language::JsonPath => {
                let one = Call::MathAdd(Arg::Path(path.clone()), Arg::Number(1));
                counted.assign = vec![(variable, Make::Term(Term::Call(one)))];
                Test::Compare { variable: path, operator: "NumericLessThan", operand: Operand::Fixed(json!(rounds)) }
            }
            Language::Jsonata => {
                (begun.flow, counted.flow) = Default::default();
                let one = Expr::Infix("+", Box::new(expr.clone()), Box::new(Expr::Number(1)));
                counted.assign = vec![(variable, Make::Expr(one))];
                Test::Query(Expr::Infix("<", Box::new(expr), Box::new(Expr::Number(rounds.cast_signed()))))
            }
        };
        let again = Rule { test, assign: Vec::new(), output: None, next: begin + 1 };
        let choice = self.plain(Kind::Choice { rules: vec![again], default: Some(begin + 3) }, None);
        states.extend([begun, counted, choice]);
    }

    fn plain(&mut self, kind: Kind, next: Option<usize>) -> State {
        self.named += 1;
        let name = format!("S{}", self.named);
        let (flow, none) = (Flow::default(), Vec::new);
        State {
            name,
            language: self.machine,
            kind,
            flow,
            assign: none(),
            next,
            retriers: Vec::new(),
            catchers: Vec::new(),
        }
    }

    /// A variable of this scope that is not there yet.
    fn variable(&mut self) -> String {
        self.named += 1;
        let name = format!("v{}", self.named);
        self.scopes.last_mut().unwrap().push(name.clone());
        name
    }

    fn state(&mut self, at: usize, count: usize, around: Around, ends: bool) -> State {
        let language = match self.machine {
            Language::JsonPath if self.choices.one_in(4) => Language::Jsonata,
            same => same,
        };
        let later =
            |generator: &mut Self| at + 1 + usize::try_from(generator.choices.below(3)).unwrap().min(count - at - 2);
        let last = at + 1 == count;
        let mut state = self.plain(Kind::Succeed, (!last && !ends).then_some(at + 1));
        state.language = language;
        state.kind = if ends {
            match self.choices.one_in(2) {
                true => Kind::Fail { error: self.message(language, around), cause: self.message(language, around) },
                false => Kind::Succeed,
            }
        } else {
            let deep = around.depth >= 3 || self.states_left == 0;
            match self.choices.below(if deep { 8 } else { 14 }) {
                0 | 1 => Kind::Pass { result: None },
                2 => Kind::Wait { seconds: self.amount(language, around) },
                3 if !last => {
                    let rules = (0..1 + self.choices.below(2)).map(|_| {
                        let next = later(self);
                        self.rule(language, around, next)
                    });
                    Kind::Choice { rules: rules.collect(), default: Some(at + 1) }
                }
                3..=7 => {
                    let resource = usize::try_from(self.choices.below(4)).unwrap();
                    Kind::Task { resource, function: self.choices.one_in(2) }
                }
                8..=10 => self.parallel(around),
                _ => self.map(language, around),
            }
        };
        self.flow(&mut state, around);
        if matches!(state.kind, Kind::Task { .. } | Kind::Parallel { .. } | Kind::Map(_)) {
            state.retriers = (0..self.choices.below(3)).map(|_| self.retrier()).collect();
            last_takes_all(&mut state.retriers, |retrier| &mut retrier.errors);
            if !last {
                let catchers = (0..self.choices.below(3)).map(|_| {
                    let next = later(self);
                    self.catcher(language, around, next)
                });
                state.catchers = catchers.collect();
                last_takes_all(&mut state.catchers, |catcher| &mut catcher.errors);
            }
        }
        state
    }

    fn flow(&mut self, state: &mut State, around: Around) {
        let language = state.language;
        let has_result = matches!(state.kind, Kind::Task { .. } | Kind::Parallel { .. } | Kind::Map(_));
        let terminal = matches!(state.kind, Kind::Fail { .. });
        if terminal {
            return;
        }
        if !matches!(state.kind, Kind::Succeed) {
            state.assign = self.assign(language, around, if has_result { "result" } else { "input" });
        }
        let is_map = matches!(state.kind, Kind::Map(_));
        let is_pass = matches!(state.kind, Kind::Pass { .. });
        if language == Language::Jsonata {
            if (has_result && !is_map) && self.choices.one_in(2) {
                state.flow.arguments = Some(self.made(language, around, "input"));
            }
            // What comes out is a document again, mostly.
            let wild = self.choices.one_in(8);
            if has_result && around.document && !wild {
                state.flow.output = Some(self.document_output());
            } else if wild || self.choices.one_in(4) {
                state.flow.output = Some(self.made(language, around, if has_result { "result" } else { "input" }));
            }
            return;
        }
        if self.choices.one_in(8) {
            state.flow.input_path = Some(self.selection(around));
        }
        if is_pass || (has_result && !is_map) {
            if is_pass && self.choices.one_in(3) {
                state.kind = Kind::Pass { result: Some(self.choices.document()) };
            } else if self.choices.one_in(2) {
                state.flow.arguments = Some(self.template(around));
            }
        }
        if has_result && self.choices.one_in(4) {
            state.flow.result_selector = Some(self.template(Around { document: false, ..around }));
        }
        if is_pass || has_result {
            state.flow.result_path = self.result_path(around);
        }
        if self.choices.one_in(10) {
            state.flow.output_path = Some(self.selection(around));
        }
    }

    fn result_path(&mut self, around: Around) -> ResultPath {
        match self.choices.below(10) {
            0 => ResultPath::Null,
            1..=4 if !around.document => ResultPath::Absent,
            1..=6 => ResultPath::Names(vec![self.choices.pick(&["r", "q", "list"]).to_owned()]),
            7 if around.document => {
                ResultPath::Names(vec!["obj".to_owned(), self.choices.pick(&["r", "n"]).to_owned()])
            }
            8 if self.choices.one_in(2) => {
                ResultPath::Names(vec![self.choices.pick(&["new", "n"]).to_owned(), "r".to_owned()])
            }
            _ => ResultPath::Absent,
        }
    }

    fn parallel(&mut self, around: Around) -> Kind {
        let branches = (0..1 + self.choices.below(3)).map(|_| {
            self.scopes.push(Vec::new());
            // There may be `Parameters` yet, but mostly the payload goes on as it is.
            let graph = self.graph(Around { depth: around.depth + 1, ..around });
            self.scopes.pop();
            graph
        });
        Kind::Parallel { branches: branches.collect() }
    }

    fn map(&mut self, language: Language, around: Around) -> Kind {
        let items = match (language, self.choices.below(8)) {
            (_, 0) if !around.document => None,
            (Language::JsonPath, 1 | 2) if !around.document => Some(Make::Term(Term::Path(self.given("list")))),
            (Language::Jsonata, 1 | 2) if !around.document => Some(Make::Fixed(json!([1, "b", {"n": 2}]))),
            (Language::JsonPath, 0..=6) => Some(Make::Term(Term::Path(self.list_path(around)))),
            (Language::JsonPath, _) => Some(Make::Term(Term::Path(self.definite(around)))),
            (Language::Jsonata, 0..=5) if around.document => Some(Make::Expr(self.list_expr())),
            (Language::Jsonata, _) => {
                Some(Make::List(vec![Make::Fixed(json!(1)), self.made(language, around, "input")]))
            }
        };
        let inside = Around { item: true, ..around };
        let selector = match self.choices.below(4) {
            0 => None,
            1 => Some(self.members(language, inside, "input")),
            _ => Some(self.document_selector(language)),
        };
        let document = matches!(&selector, Some(Make::Object(members)) if members.len() == 7);
        let concurrency = self.choices.one_in(2).then(|| self.amount(language, around));
        let tolerated_count = self.choices.one_in(5).then(|| self.amount(language, around));
        let tolerated_percentage = self.choices.one_in(6).then(|| self.choices.pick(&[0, 34, 50, 100]));
        self.scopes.push(Vec::new());
        let processor = self.graph(Around { document, item: true, depth: around.depth + 1 });
        self.scopes.pop();
        Kind::Map(Box::new(MapState { items, selector, concurrency, tolerated_count, tolerated_percentage, processor }))
    }

    fn rule(&mut self, language: Language, around: Around, next: usize) -> Rule {
        let assign = self.assign(language, around, "input");
        let output = (language == Language::Jsonata && !around.document && self.choices.one_in(4))
            .then(|| self.made(language, around, "input"));
        let test = match language {
            Language::JsonPath => self.test(around, 2),
            Language::Jsonata => Test::Query(self.condition(around)),
        };
        Rule { test, assign, output, next }
    }

    fn assign(&mut self, language: Language, around: Around, subject: &'static str) -> Vec<(String, Make)> {
        if !self.choices.one_in(4) {
            return Vec::new();
        }
        let mut assign: Vec<(String, Make)> = Vec::new();
        for _ in 0..1 + self.choices.below(2) {
            let own = self.scopes.last().unwrap().clone();
            let again = !own.is_empty() && self.choices.one_in(2);
            let name = if again { self.choices.pick(&own) } else { self.variable() };
            // The `$` of JSONPath is the result here, whose form is not known.
            let known = Around { document: around.document && subject == "input", ..around };
            let made = self.made(language, known, subject);
            if assign.iter().all(|(other, _)| *other != name) {
                assign.push((name, made));
            }
        }
        assign
    }

    fn retrier(&mut self) -> Retrier {
        let interval_seconds = 1 + self.choices.below(3);
        Retrier {
            errors: self.errors(),
            interval_seconds,
            attempts_max: self.choices.below(4),
            backoff_halves: 2 + self.choices.below(3),
            delay_seconds_max: self.choices.one_in(4).then(|| interval_seconds + 1 + self.choices.below(2)),
        }
    }

    fn catcher(&mut self, language: Language, around: Around, next: usize) -> Catcher {
        let assign = self.assign(language, Around { document: false, ..around }, "errorOutput");
        let mut catcher =
            Catcher { errors: self.errors(), result_path: ResultPath::Absent, output: None, assign, next };
        match language {
            // What is caught must not change the form of the payload where it goes on.
            Language::JsonPath => catcher.result_path = ResultPath::Names(vec!["caught".to_owned()]),
            Language::Jsonata if around.document => catcher.output = Some(self.document_output()),
            Language::Jsonata if self.choices.one_in(2) => {
                catcher.output = Some(self.made(language, around, "errorOutput"));
            }
            Language::Jsonata => {}
        }
        catcher
    }

    fn errors(&mut self) -> Vec<&'static str> {
        let first = self.choices.pick(&CAUGHT);
        let second = self.choices.pick(&CAUGHT[1..]);
        if first == "States.ALL" || first == second { vec![first] } else { vec![first, second] }
    }
}

/// `States.ALL` may only come last.
fn last_takes_all<T>(list: &mut [T], errors: impl Fn(&mut T) -> &mut Vec<&'static str>) {
    if let Some((_, rest)) = list.split_last_mut() {
        for errors in rest.iter_mut().map(errors).filter(|errors| errors[0] == "States.ALL") {
            *errors = vec!["States.TaskFailed"];
        }
    }
}

impl State {
    /// Whether a document that comes in goes on as one.
    fn keeps_document(&self) -> bool {
        let flow = &self.flow;
        if flow.output_path.is_some() || matches!(self.kind, Kind::Succeed | Kind::Fail { .. }) {
            return false;
        }
        let passes_on = matches!(self.kind, Kind::Choice { .. } | Kind::Wait { .. } | Kind::Pass { .. });
        match self.language {
            Language::Jsonata => match &flow.output {
                None => passes_on,
                Some(Make::Object(members)) => members.len() == 7,
                Some(_) => false,
            },
            Language::JsonPath => match &flow.result_path {
                ResultPath::Null => true,
                ResultPath::Names(names) => !["list", "n"].contains(&names[names.len() - 1].as_str()),
                ResultPath::Absent => {
                    let result = matches!(self.kind, Kind::Pass { result: Some(_) });
                    result || (passes_on && flow.arguments.is_none() && flow.input_path.is_none())
                }
            },
        }
    }
}
