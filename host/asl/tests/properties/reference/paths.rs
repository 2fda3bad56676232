//! Paths, functions and comparisons of JSONPath.

use serde_json::json;

use super::{Fault, Json, Reference, View, trouble};
use crate::model::{Arg, Call, Operand, Path, Root, Step, Term, Test};

impl Reference<'_> {
    /// `None` is a place that is not there; only a path that names one place can lead to none.
    pub(super) fn path(&self, view: &View<'_>, path: &Path, value: &Json) -> Result<Option<Json>, Fault> {
        let document = match &path.root {
            Root::Input => Some(value.clone()),
            Root::Context => Some(self.context(view)),
            Root::Variable(name) => view.variables.get(name).cloned(),
        };
        let definite = path.steps.iter().all(|step| matches!(step, Step::Name(_) | Step::Index(_)));
        let mut found: Vec<Json> = document.into_iter().collect();
        for step in &path.steps {
            found = found.into_iter().flat_map(|value| self.step(step, value)).collect();
        }
        Ok(if definite { found.pop() } else { Some(Json::Array(found)) })
    }

    fn step(&self, step: &Step, value: Json) -> Vec<Json> {
        let item = |items: &[Json], at: i64| {
            let at = if at < 0 { at + i64::try_from(items.len()).unwrap() } else { at };
            usize::try_from(at).ok().and_then(|at| items.get(at)).cloned()
        };
        match (step, value) {
            (Step::Name(name), Json::Object(mut members)) => members.remove(name).into_iter().collect(),
            (Step::Index(at), Json::Array(items)) => item(&items, *at).into_iter().collect(),
            (Step::Indices(all), Json::Array(items)) => all.iter().filter_map(|at| item(&items, *at)).collect(),
            (Step::Slice(from, to), Json::Array(items)) => {
                (0_i64..).zip(items).filter(|(at, _)| from <= at && at < to).map(|(_, item)| item).collect()
            }
            (Step::Every, Json::Array(items)) => items,
            (Step::Every, Json::Object(members)) => {
                // The order of members is not the reference's to know.
                self.unsure.set(self.unsure.get() || members.len() > 1);
                members.into_iter().map(|(_, value)| value).collect()
            }
            (Step::Over(name, than), Json::Array(items)) => {
                items.into_iter().filter(|item| over(item, name, *than)).collect()
            }
            (Step::Over(name, than), object @ Json::Object(_)) if over(&object, name, *than) => vec![object],
            _ => Vec::new(),
        }
    }

    pub(super) fn term(&self, view: &View<'_>, term: &Term, value: &Json) -> Result<Json, Fault> {
        match term {
            Term::Path(path) => self.path(view, path, value)?.ok_or_else(|| trouble("States.Runtime")),
            Term::Call(call) => self.call(view, call, value),
        }
    }

    fn call(&self, view: &View<'_>, call: &Call, value: &Json) -> Result<Json, Fault> {
        let refused = || trouble("States.IntrinsicFailure");
        let all = |args: &[&Arg]| args.iter().map(|arg| self.arg(view, arg, value)).collect::<Result<Vec<_>, _>>();
        let whole = |value: &Json| {
            self.unsure.set(self.unsure.get() || value.is_f64());
            value.as_i64().ok_or_else(refused)
        };
        let items = |value: &Json| value.as_array().cloned().ok_or_else(refused);
        Ok(match call {
            Call::Array(args) => Json::Array(all(&args.iter().collect::<Vec<_>>())?),
            Call::ArrayLength(array) => json!(items(&self.arg(view, array, value)?)?.len()),
            Call::ArrayContains(array, wanted) => {
                let args = all(&[array, wanted])?;
                json!(items(&args[0])?.iter().any(|item| super::jsonata::equal(item, &args[1])))
            }
            Call::ArrayGetItem(array, index) => {
                let args = all(&[array, index])?;
                let at = usize::try_from(whole(&args[1])?).map_err(|_| refused())?;
                items(&args[0])?.get(at).cloned().ok_or_else(refused)?
            }
            Call::ArrayRange(from, to, step) => {
                let args = all(&[from, to, step])?;
                let (from, to, step) = (whole(&args[0])?, whole(&args[1])?, whole(&args[2])?);
                let count = if step == 0 { return Err(refused()) } else { (to - from) / step };
                if count >= 1_000 {
                    return Err(refused());
                }
                let right_way = (to - from) * step >= 0;
                (0..=count).filter(|_| right_way).map(|n| json!(from + n * step)).collect()
            }
            Call::ArrayPartition(array, size) => {
                let args = all(&[array, size])?;
                let size = usize::try_from(whole(&args[1])?).ok().filter(|size| *size > 0).ok_or_else(refused)?;
                items(&args[0])?.chunks(size).map(|chunk| json!(chunk)).collect()
            }
            Call::MathAdd(a, b) => {
                let args = all(&[a, b])?;
                json!(whole(&args[0])? + whole(&args[1])?)
            }
            Call::Format(texts, args) => {
                let args = all(&args.iter().collect::<Vec<_>>())?;
                json!(
                    texts.iter().zip(&args).map(|(text, arg)| format!("{text}{}", self.shown(arg))).collect::<String>()
                )
            }
        })
    }

    fn arg(&self, view: &View<'_>, arg: &Arg, value: &Json) -> Result<Json, Fault> {
        match arg {
            Arg::Path(path) => self.path(view, path, value)?.ok_or_else(|| trouble("States.Runtime")),
            Arg::Number(n) => Ok(json!(n)),
            Arg::Text(text) => Ok(json!(text)),
            Arg::Call(call) => self.call(view, call, value),
        }
    }

    /// Of what has parts, the order of members is not the reference's to know.
    fn shown(&self, value: &Json) -> String {
        self.unsure.set(self.unsure.get() || value.is_object() || value.is_array() || value.is_f64());
        value.as_str().map_or_else(|| value.to_string(), str::to_owned)
    }

    pub(super) fn holds(&self, view: &View<'_>, test: &Test, input: &Json) -> Result<bool, Fault> {
        match test {
            Test::And(tests) => {
                for test in tests {
                    if !self.holds(view, test, input)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Test::Or(tests) => {
                for test in tests {
                    if self.holds(view, test, input)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Test::Not(test) => Ok(!self.holds(view, test, input)?),
            Test::Query(expr) => match self.query(view, expr, "input", input)? {
                Json::Bool(flag) => Ok(flag),
                _ => Err(trouble("States.QueryEvaluationError")),
            },
            Test::Compare { variable, operator, operand } => {
                let left = self.path(view, variable, input)?;
                if *operator == "IsPresent" {
                    return Ok(matches!(operand, Operand::Fixed(Json::Bool(wanted)) if *wanted == left.is_some()));
                }
                let left = left.ok_or_else(|| trouble("States.Runtime"))?;
                let right = match operand {
                    Operand::Fixed(value) => value.clone(),
                    Operand::Path(path) => self.path(view, path, input)?.ok_or_else(|| trouble("States.Runtime"))?,
                };
                Ok(compare(&left, operator, &right))
            }
        }
    }
}

fn over(item: &Json, name: &str, than: i64) -> bool {
    item.get(name).and_then(Json::as_f64).is_some_and(|n| n > than as f64)
}

fn compare(left: &Json, operator: &str, right: &Json) -> bool {
    let numbers = left.as_f64().zip(right.as_f64());
    let texts = left.as_str().zip(right.as_str());
    let is = |what: bool| right.as_bool() == Some(what);
    match operator {
        "StringEquals" => texts.is_some_and(|(a, b)| a == b),
        "StringLessThan" => texts.is_some_and(|(a, b)| a < b),
        "NumericEquals" => numbers.is_some_and(|(a, b)| a == b),
        "NumericLessThan" => numbers.is_some_and(|(a, b)| a < b),
        "NumericGreaterThanEquals" => numbers.is_some_and(|(a, b)| a >= b),
        "BooleanEquals" => left.is_boolean() && left == right,
        "IsNull" => is(left.is_null()),
        "IsString" => is(left.is_string()),
        "IsNumeric" => is(left.is_number()),
        "IsBoolean" => is(left.is_boolean()),
        other => unreachable!("the generator makes no {other}"),
    }
}
