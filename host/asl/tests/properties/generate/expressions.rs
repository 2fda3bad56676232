//! Paths, templates, tests and expressions of JSONata.

use serde_json::json;

use super::{Around, Generator};
use crate::model::{Amount, Arg, Call, Expr, Language, Make, Operand, Path, Root, Step, Term, Test};

impl Generator<'_> {
    /// A value in the language of a state.
    pub(super) fn made(&mut self, language: Language, around: Around, subject: &'static str) -> Make {
        match (language, self.choices.below(6)) {
            (_, 0) => Make::Fixed(self.literal()),
            (_, 1) => self.members(language, around, subject),
            (Language::JsonPath, _) => Make::Term(self.term(around)),
            (Language::Jsonata, 2) => {
                Make::List(vec![Make::Expr(self.expr(around, subject, 1)), Make::Fixed(self.literal())])
            }
            (Language::Jsonata, _) => Make::Expr(self.expr(around, subject, 2)),
        }
    }

    pub(super) fn members(&mut self, language: Language, around: Around, subject: &'static str) -> Make {
        let names = ["k", "n", "list", "s"];
        let count = 1 + self.choices.below(3);
        let member = |(name, _): (&&str, u64)| {
            let made = match language {
                Language::JsonPath => Make::Term(self.term(around)),
                Language::Jsonata => Make::Expr(self.expr(around, subject, 2)),
            };
            ((*name).to_owned(), made)
        };
        Make::Object(names.iter().zip(0..count).map(member).collect())
    }

    /// `Parameters`, `ResultSelector`: an object, mostly.
    pub(super) fn template(&mut self, around: Around) -> Make {
        if self.choices.one_in(8) {
            return Make::Fixed(self.choices.document());
        }
        let mut made = self.members(Language::JsonPath, around, "input");
        if let Make::Object(members) = &mut made
            && self.choices.one_in(4)
        {
            let inner = self.members(Language::JsonPath, around, "input");
            members.push(("inner".to_owned(), Make::List(vec![Make::Fixed(json!("$.n")), inner])));
        }
        made
    }

    fn literal(&mut self) -> serde_json::Value {
        let n = self.choices.small();
        let word = self.choices.word();
        self.choices.pick(&[
            json!(n),
            json!(word),
            json!(true),
            json!(null),
            json!([n, word]),
            json!({"n": n}),
            json!(1.5),
        ])
    }

    /// A Jsonata output that keeps the members of a document.
    pub(super) fn document_output(&mut self) -> Make {
        let keep = |name: &str| {
            let get = Expr::Get("states".to_owned(), vec!["input".to_owned(), name.to_owned()]);
            (name.to_owned(), Make::Expr(get))
        };
        Make::Object(["b", "list", "n", "obj", "objs", "s", "z"].map(keep).to_vec())
    }

    /// Makes each item a document.
    pub(super) fn document_selector(&mut self, language: Language) -> Make {
        let names = |names: [&str; 3]| names.map(str::to_owned).to_vec();
        let item = |name: &str| match language {
            Language::JsonPath => {
                let steps = names(["Map", "Item", name]).into_iter().map(Step::Name).collect();
                Make::Term(Term::Path(Path { root: Root::Context, steps }))
            }
            Language::Jsonata => {
                let mut all = vec!["context".to_owned()];
                all.extend(names(["Map", "Item", name]));
                Make::Expr(Expr::Get("states".to_owned(), all))
            }
        };
        let fixed = self.choices.document();
        let fixed = |name: &str| Make::Fixed(fixed[name].clone());
        let n = if self.choices.one_in(2) { item("Index") } else { fixed("n") };
        let s = if self.choices.one_in(2) { item("Value") } else { fixed("s") };
        let members =
            [("b", fixed("b")), ("list", fixed("list")), ("n", n), ("obj", fixed("obj")), ("objs", fixed("objs"))];
        let members = members.into_iter().chain([("s", s), ("z", fixed("z"))]);
        Make::Object(members.map(|(name, made)| (name.to_owned(), made)).collect())
    }

    pub(super) fn message(&mut self, language: Language, around: Around) -> Make {
        match (language, self.choices.below(6)) {
            (_, 0..=2) => Make::Fixed(json!(self.choices.pick(&["Custom.Error", "Boom"]))),
            (Language::JsonPath, 3) => Make::Term(Term::Path(path(["s"]))),
            (Language::JsonPath, _) => Make::Term(self.term(around)),
            (Language::Jsonata, _) => Make::Expr(self.expr(around, "input", 1)),
        }
    }

    /// A number of seconds, of iterations, of failures.
    pub(super) fn amount(&mut self, language: Language, around: Around) -> Amount {
        match (language, self.choices.below(6)) {
            (_, 0..=4) => Amount::Fixed(self.choices.below(4)),
            (Language::JsonPath, _) => Amount::Made(Make::Term(Term::Path(self.definite(around)))),
            (Language::Jsonata, _) => Amount::Made(Make::Expr(self.expr(around, "input", 1))),
        }
    }

    pub(super) fn selection(&mut self, around: Around) -> Option<Path> {
        (!self.choices.one_in(6)).then(|| self.path(around))
    }

    fn term(&mut self, around: Around) -> Term {
        match self.choices.below(3) {
            0 | 1 => Term::Path(self.path(around)),
            _ => Term::Call(self.call(around, 2)),
        }
    }

    pub(super) fn path(&mut self, around: Around) -> Path {
        if self.choices.one_in(4) { self.list_path(around) } else { self.definite(around) }
    }

    /// A path that names one place.
    pub(super) fn definite(&mut self, around: Around) -> Path {
        let variables: Vec<String> = self.scopes.concat();
        let n = self.choices.below(24);
        match n {
            0..=3 if !variables.is_empty() => {
                Path { root: Root::Variable(self.choices.pick(&variables)), steps: Vec::new() }
            }
            4 => Path { root: Root::Context, steps: steps(["State", "Name"]) },
            5 => self.given("n"),
            6 | 7 if around.item => {
                let last = self.choices.pick(&["Index", "Value"]);
                Path { root: Root::Context, steps: steps(["Map", "Item", last]) }
            }
            8 if self.choices.one_in(3) => Path { root: Root::Context, steps: steps(["State", "RetryCount"]) },
            9 if self.choices.one_in(3) => path(["missing"]),
            _ if !around.document => {
                if n < 20 {
                    path([])
                } else {
                    path(["n"])
                }
            }
            10..=14 => path(["n"]),
            15 => path(["s"]),
            16 => path(["b"]),
            17 => path(["z"]),
            18 => path(["obj", "n"]),
            19 => path(["obj", "deep", "n"]),
            20 => path(["list"]),
            21 => path(["obj"]),
            22 => {
                let mut path = path(["list"]);
                path.steps.push(Step::Index(self.choices.small()));
                path
            }
            _ => path([]),
        }
    }

    /// A member of the execution's input.
    pub(super) fn given(&self, name: &str) -> Path {
        Path { root: Root::Context, steps: steps(["Execution", "Input", name]) }
    }

    /// A path to a list, mostly.
    pub(super) fn list_path(&mut self, around: Around) -> Path {
        if !around.document {
            return path([]);
        }
        let mut path = match self.choices.below(3) {
            0 => path(["list"]),
            1 => path(["obj", "list"]),
            _ => path(["objs"]),
        };
        match self.choices.below(8) {
            0..=2 => {}
            3 => path.steps.push(Step::Every),
            4 => path.steps.push(Step::Slice(0, 1 + self.choices.below(3).cast_signed())),
            5 => path.steps.push(Step::Indices(vec![0, self.choices.small()])),
            6 => path.steps.push(Step::Over("n".to_owned(), self.choices.small())),
            _ => path.steps.extend([Step::Every, Step::Name("n".to_owned())]),
        }
        path
    }

    fn call(&mut self, around: Around, depth: u32) -> Call {
        let list = |generator: &mut Self| Arg::Path(generator.list_path(around));
        match self.choices.below(8) {
            0 => Call::MathAdd(self.number(around, depth), Arg::Number(self.choices.small())),
            1 => Call::Array((0..self.choices.below(4)).map(|_| self.arg(around, depth)).collect()),
            2 => Call::ArrayLength(list(self)),
            3 => Call::ArrayContains(list(self), self.arg(around, depth)),
            4 if self.choices.one_in(3) => Call::ArrayGetItem(list(self), Arg::Number(self.choices.small())),
            5 => {
                let step = self.choices.pick(&[1, 2, -1, 3, 0]);
                Call::ArrayRange(Arg::Number(self.choices.small()), self.number(around, depth), Arg::Number(step))
            }
            6 => Call::ArrayPartition(list(self), Arg::Number(self.choices.small().max(0) + 1)),
            _ => {
                let args: Vec<Arg> = (0..1 + self.choices.below(2)).map(|_| self.arg(around, depth)).collect();
                Call::Format(args.iter().map(|_| self.choices.word().to_owned()).collect(), args)
            }
        }
    }

    /// A number, mostly.
    fn number(&mut self, around: Around, depth: u32) -> Arg {
        match self.choices.below(6) {
            0 => self.arg(around, depth),
            1 | 2 if around.document => Arg::Path(path(["n"])),
            _ => Arg::Number(self.choices.small()),
        }
    }

    fn arg(&mut self, around: Around, depth: u32) -> Arg {
        match self.choices.below(6) {
            0 => Arg::Number(self.choices.small()),
            1 => Arg::Text(self.choices.word().to_owned()),
            2 if depth > 0 => Arg::Call(Box::new(self.call(around, depth - 1))),
            _ => Arg::Path(self.definite(around)),
        }
    }

    pub(super) fn test(&mut self, around: Around, depth: u32) -> Test {
        match self.choices.below(if depth == 0 { 5 } else { 8 }) {
            5 => Test::Not(Box::new(self.test(around, depth - 1))),
            6 => Test::And((0..2).map(|_| self.test(around, depth - 1)).collect()),
            7 => Test::Or((0..2).map(|_| self.test(around, depth - 1)).collect()),
            kind => {
                let variable = self.definite(around);
                let (operator, operand) = match kind {
                    0 => (
                        self.choices.pick(&["NumericEquals", "NumericLessThan", "NumericGreaterThanEquals"]),
                        json!(self.choices.small()),
                    ),
                    1 => (self.choices.pick(&["StringEquals", "StringLessThan"]), json!(self.choices.word())),
                    2 => ("BooleanEquals", json!(self.choices.one_in(2))),
                    _ => (
                        self.choices.pick(&["IsPresent", "IsNull", "IsString", "IsNumeric", "IsBoolean"]),
                        json!(self.choices.one_in(2)),
                    ),
                };
                let operand = match self.choices.one_in(6) && !operator.starts_with("Is") {
                    true => Operand::Path(self.definite(around)),
                    false => Operand::Fixed(operand),
                };
                Test::Compare { variable, operator, operand }
            }
        }
    }

    /// An expression that is a boolean, mostly.
    pub(super) fn condition(&mut self, around: Around) -> Expr {
        let side = |generator: &mut Self| Box::new(generator.expr(around, "input", 1));
        match self.choices.below(8) {
            0..=2 => Expr::Infix("=", side(self), side(self)),
            3 | 4 => Expr::Infix("<", side(self), side(self)),
            5 => Expr::Infix(self.choices.pick(&["and", "or"]), side(self), side(self)),
            6 => Expr::Call("exists", side(self)),
            _ => self.expr(around, "input", 2),
        }
    }

    pub(super) fn list_expr(&mut self) -> Expr {
        let names: &[&str] = self.choices.pick(&[&["input", "list"], &["input", "objs"], &["input", "obj", "list"]]);
        match self.choices.below(4) {
            0..=2 => get("states", names),
            _ => Expr::Array(vec![get("states", names), Expr::Number(self.choices.small())]),
        }
    }

    pub(super) fn expr(&mut self, around: Around, subject: &'static str, depth: u32) -> Expr {
        let variables: Vec<String> = self.scopes.concat();
        let inner = |generator: &mut Self| Box::new(generator.expr(around, subject, depth - 1));
        match self.choices.below(if depth == 0 { 9 } else { 17 }) {
            0 => Expr::Number(self.choices.small()),
            1 => Expr::Text(self.choices.word().to_owned()),
            2 => Expr::Bool(self.choices.one_in(2)),
            3 if !variables.is_empty() => get(&self.choices.pick(&variables), &[]),
            4 if around.item => get("states", &["context", "Map", "Item", self.choices.pick(&["Index", "Value"])]),
            3 | 4 => get("states", &["context", "State", "Name"]),
            5 if subject != "input" => get("states", &[subject]),
            6 => get("states", &["input"]),
            5 | 7 | 8 => {
                let names: &[&str] = self.choices.pick(&[
                    &["input", "n"],
                    &["input", "s"],
                    &["input", "list"],
                    &["input", "objs", "n"],
                    &["input", "obj", "deep", "n"],
                    &["input", "z"],
                    &["input", "missing"],
                    &["input", "objs"],
                ]);
                get("states", names)
            }
            9 => Expr::Infix("+", inner(self), inner(self)),
            10 => {
                let count = Expr::Call("count", inner(self));
                Expr::Infix("+", Box::new(count), Box::new(Expr::Number(self.choices.small())))
            }
            11 => Expr::Infix("&", inner(self), inner(self)),
            12 => Expr::If(inner(self), inner(self), inner(self)),
            13 => Expr::Array((0..self.choices.below(3)).map(|_| *inner(self)).collect()),
            14 => Expr::Object(vec![("n".to_owned(), *inner(self)), ("é s".to_owned(), *inner(self))]),
            15 => Expr::Call(self.choices.pick(&["count", "sum"]), inner(self)),
            _ => Expr::Infix(self.choices.pick(&["=", "<", "and", "or"]), inner(self), inner(self)),
        }
    }
}

fn path<const N: usize>(names: [&str; N]) -> Path {
    Path { root: Root::Input, steps: steps(names) }
}

fn steps<const N: usize>(names: [&str; N]) -> Vec<Step> {
    names.map(|name| Step::Name(name.to_owned())).to_vec()
}

fn get(variable: &str, names: &[&str]) -> Expr {
    Expr::Get(variable.to_owned(), names.iter().map(|name| (*name).to_owned()).collect())
}
