//! The language, told naively: one recursive function per thing, no threads, no history, no
//! effects. Time is a number that grows; a Parallel runs its branches one after the other, each
//! from the same instant.

use std::cell::Cell;
use std::collections::BTreeMap;

use serde_json::json;

use super::model::{
    Amount, Catcher, Definition, Flow, Graph, Json, Kind, Language, Make, MapState, Path, ResultPath, Retrier, State,
};
use super::world::{UNTOLD, World};

#[path = "reference/jsonata.rs"]
mod jsonata;
#[path = "reference/paths.rs"]
mod paths;

/// How an execution ends.
#[derive(Debug, Clone, PartialEq)]
pub enum End {
    Succeeded(Json),
    Failed(Fault),
    TimedOut,
}

#[derive(Debug, Clone, PartialEq, Default)]
pub struct Fault {
    pub error: Option<String>,
    pub cause: Option<String>,
}

#[derive(Debug)]
pub struct Told {
    pub end: End,
    /// The case is outside what the reference can tell: two things at one instant, say.
    pub unsure: bool,
    /// A branch or iteration failed and took its siblings with it, so that it matters which of
    /// them is first.
    pub cut_short: bool,
}

type Variables = BTreeMap<String, Json>;

/// What the state at hand sees.
struct View<'a> {
    state: &'a State,
    raw: &'a Json,
    variables: &'a Variables,
    item: Option<&'a (usize, Json)>,
    retries: u64,
}

/// How a state is left.
struct Left {
    output: Json,
    assigned: Json,
    next: Option<usize>,
}

struct Reference<'a> {
    world: &'a World,
    input: &'a Json,
    states_left: Cell<u32>,
    unsure: Cell<bool>,
    cut_short: Cell<bool>,
}

/// Enough for what the generator makes; far below the limit of the history.
const STATES_MAX: u32 = 800;

pub fn run(definition: &Definition, input: &Json, world: &World) -> Told {
    let reference = Reference {
        world,
        input,
        states_left: Cell::new(STATES_MAX),
        unsure: Cell::new(false),
        cut_short: Cell::new(false),
    };
    let mut now = 0;
    let end = reference.graph(&definition.graph, input.clone(), &Variables::new(), None, &mut now);
    let limit = definition.timeout_seconds.map(seconds);
    if limit == Some(now) {
        reference.unsure.set(true);
    }
    let end = match end {
        _ if limit.is_some_and(|limit| now > limit) => End::TimedOut,
        Ok(output) => End::Succeeded(output),
        Err(fault) => End::Failed(fault),
    };
    Told { end, unsure: reference.unsure.get(), cut_short: reference.cut_short.get() }
}

impl Reference<'_> {
    fn graph(
        &self,
        graph: &Graph,
        input: Json,
        around: &Variables,
        item: Option<&(usize, Json)>,
        now: &mut i64,
    ) -> Result<Json, Fault> {
        let (mut variables, mut data, mut at) = (around.clone(), input, 0);
        loop {
            match self.states_left.get().checked_sub(1) {
                Some(left) => self.states_left.set(left),
                None => {
                    self.unsure.set(true);
                    return Err(Fault::default());
                }
            }
            let left = self.state(&graph.states[at], &data, &variables, item, now)?;
            let Some(next) = left.next else { return Ok(left.output) };
            if let Json::Object(assigned) = left.assigned {
                variables.extend(assigned);
            }
            (data, at) = (left.output, next);
        }
    }

    /// A state with its retries and catchers.
    fn state(
        &self,
        state: &State,
        raw: &Json,
        variables: &Variables,
        item: Option<&(usize, Json)>,
        now: &mut i64,
    ) -> Result<Left, Fault> {
        let mut attempts = vec![0; state.retriers.len()];
        let mut view = View { state, raw, variables, item, retries: 0 };
        loop {
            let fault = match self.attempt(&view, now) {
                Ok(left) => return Ok(left),
                Err(fault) => fault,
            };
            let first = state.retriers.iter().position(|retrier| covers(&retrier.errors, &fault));
            if let Some(first) = first
                && attempts[first] < state.retriers[first].attempts_max
            {
                *now += delay(&state.retriers[first], attempts[first]);
                attempts[first] += 1;
                view.retries += 1;
                continue;
            }
            return match state.catchers.iter().find(|catcher| covers(&catcher.errors, &fault)) {
                Some(catcher) => self.caught(&view, catcher, fault),
                None => Err(fault),
            };
        }
    }

    fn caught(&self, view: &View<'_>, catcher: &Catcher, fault: Fault) -> Result<Left, Fault> {
        let text = |text: Option<String>| text.unwrap_or_default();
        let error = json!({"Error": text(fault.error), "Cause": text(fault.cause)});
        let assigned = self.assigned(view, &catcher.assign, "errorOutput", &error)?;
        let output = match view.state.language {
            Language::JsonPath => placed(&catcher.result_path, view.raw, error)?,
            Language::Jsonata => match &catcher.output {
                Some(output) => self.made(view, output, "errorOutput", &error)?,
                None => error,
            },
        };
        Ok(Left { output, assigned, next: Some(catcher.next) })
    }

    /// The state, once.
    fn attempt(&self, view: &View<'_>, now: &mut i64) -> Result<Left, Fault> {
        let (state, flow) = (view.state, &view.state.flow);
        let path_like = state.language == Language::JsonPath;
        let selected = self.selection(view, flow.input_path.as_ref(), view.raw)?;
        match &state.kind {
            Kind::Fail { error, cause } => {
                let error = self.text(view, error)?;
                Err(Fault { error, cause: self.text(view, cause)? })
            }
            Kind::Succeed => self.left(view, "input", selected),
            Kind::Wait { seconds: amount } => {
                let wait = i64::try_from(self.amount(view, amount, &selected)?).unwrap();
                *now += wait * 1_000_000;
                self.left(view, "input", selected)
            }
            Kind::Choice { rules, default } => {
                let mut chosen = (*default, &state.assign, &flow.output);
                for rule in rules {
                    if self.holds(view, &rule.test, &selected)? {
                        chosen = (Some(rule.next), &rule.assign, &rule.output);
                        break;
                    }
                }
                let (Some(next), assign, output) = chosen else { return Err(trouble("States.NoChoiceMatched")) };
                let assigned = self.assigned(view, assign, "input", &selected)?;
                let output = match output {
                    Some(output) => self.made(view, output, "input", &selected)?,
                    None => self.selection(view, flow.output_path.as_ref(), &selected)?,
                };
                Ok(Left { output, assigned, next: Some(next) })
            }
            Kind::Pass { result } => {
                let input = self.arguments(view, flow, selected)?;
                self.left(view, "input", result.clone().unwrap_or(input))
            }
            Kind::Task { resource, .. } => {
                let input = self.arguments(view, flow, selected)?;
                let attempt = view.retries + 1;
                let ended = self.world.outcome(*resource, &input, attempt);
                *now += self.world.micros(*resource, &input, attempt);
                let result = ended
                    .map_err(|error| Fault { error: Some(error.to_owned()), cause: Some("as scripted".to_owned()) })?;
                self.left(view, "result", result)
            }
            Kind::Parallel { branches } => {
                let input = self.arguments(view, flow, selected)?;
                let result = self.parallel(view, branches, &input, now)?;
                self.left(view, "result", result)
            }
            Kind::Map(map) => {
                let result = self.map(view, map, &selected, path_like, now)?;
                self.left(view, "result", result)
            }
        }
    }

    fn parallel(&self, view: &View<'_>, branches: &[Graph], input: &Json, now: &mut i64) -> Result<Json, Fault> {
        let begun = *now;
        let mut ends = Vec::new();
        for branch in branches {
            let mut at = begun;
            let end = self.graph(branch, input.clone(), view.variables, view.item, &mut at);
            ends.push((at, end));
        }
        if let Some((at, fault)) = self.first_failure(&ends) {
            *now = at;
            return Err(fault);
        }
        *now = ends.iter().map(|(at, _)| *at).max().unwrap_or(begun);
        Ok(ends.into_iter().filter_map(|(_, end)| end.ok()).collect())
    }

    /// The earliest of the failures. Of several at one instant it is open which counts.
    fn first_failure(&self, ends: &[(i64, Result<Json, Fault>)]) -> Option<(i64, Fault)> {
        let failures = || ends.iter().filter_map(|(at, end)| end.as_ref().err().map(|fault| (*at, fault)));
        let (at, fault) = failures().min_by_key(|(at, _)| *at)?;
        self.cut_short.set(true);
        if failures().any(|(other, different)| other == at && different != fault) {
            self.unsure.set(true);
        }
        Some((at, fault.clone()))
    }

    fn map(
        &self,
        view: &View<'_>,
        map: &MapState,
        selected: &Json,
        path_like: bool,
        now: &mut i64,
    ) -> Result<Json, Fault> {
        let items = match &map.items {
            Some(items) => self.made(view, items, "input", selected)?,
            None => selected.clone(),
        };
        let Json::Array(items) = items else {
            return Err(trouble(if path_like { "States.Runtime" } else { "States.QueryEvaluationError" }));
        };
        let amount =
            |amount: &Option<Amount>| amount.as_ref().map(|amount| self.amount(view, amount, selected)).transpose();
        let most = match amount(&map.concurrency)? {
            None | Some(0) => 40,
            Some(most) => usize::try_from(most).unwrap().min(40),
        };
        let (count, percentage) = (amount(&map.tolerated_count)?, map.tolerated_percentage);
        let tolerant = count.is_some() || percentage.is_some();
        let mut results = vec![Json::Null; items.len()];
        let mut running: Vec<(usize, i64, Result<Json, Fault>)> = Vec::new();
        let (mut next, mut failed) = (0, 0_u64);
        loop {
            while running.len() < most && next < items.len() {
                let mut at = *now;
                let item = (next, items[next].clone());
                let input = self.item_input(view, map, selected, &item).inspect_err(|_| {
                    self.cut_short.set(true);
                    self.unsure.set(self.unsure.get() || running.iter().any(|(_, end, _)| *end == at));
                })?;
                let end = self.graph(&map.processor, input, view.variables, Some(&item), &mut at);
                running.push((next, at, end));
                next += 1;
            }
            let Some(first) = (0..running.len()).min_by_key(|place| running[*place].1) else { break };
            let (index, at, end) = running.remove(first);
            *now = at;
            results[index] = match end {
                Ok(output) => output,
                Err(fault) if !tolerant => {
                    let rest = running.iter().map(|(_, at, end)| (*at, end.clone()));
                    let all: Vec<_> = std::iter::once((at, Err(fault.clone()))).chain(rest).collect();
                    self.first_failure(&all);
                    return Err(fault);
                }
                Err(fault) => {
                    failed += 1;
                    let over = percentage.is_some_and(|most| failed * 100 > most * items.len() as u64);
                    if over || count.is_some_and(|most| failed > most) {
                        self.cut_short.set(true);
                        let cause = "The specified tolerated failure threshold was exceeded".to_owned();
                        let error = "States.ExceedToleratedFailureThreshold".to_owned();
                        return Err(Fault { error: Some(error), cause: Some(cause) });
                    }
                    json!({"Error": fault.error.unwrap_or_default(), "Cause": fault.cause.unwrap_or_default()})
                }
            };
        }
        Ok(Json::Array(results))
    }

    fn item_input(
        &self,
        view: &View<'_>,
        map: &MapState,
        selected: &Json,
        item: &(usize, Json),
    ) -> Result<Json, Fault> {
        let Some(selector) = &map.selector else { return Ok(item.1.clone()) };
        let view = View { item: Some(item), ..*view };
        self.made(&view, selector, "input", selected)
    }

    /// `Parameters` or `Arguments`.
    fn arguments(&self, view: &View<'_>, flow: &Flow, selected: Json) -> Result<Json, Fault> {
        match &flow.arguments {
            Some(arguments) => self.made(view, arguments, "input", &selected),
            None => Ok(selected),
        }
    }

    /// A state on its way out, with its result or with its input.
    fn left(&self, view: &View<'_>, subject: &'static str, value: Json) -> Result<Left, Fault> {
        let (state, flow) = (view.state, &view.state.flow);
        let value = match &flow.result_selector {
            Some(selector) => self.made(view, selector, "result", &value)?,
            None => value,
        };
        let assigned = self.assigned(view, &state.assign, subject, &value)?;
        let output = match state.language {
            Language::Jsonata => match &flow.output {
                Some(output) => self.made(view, output, subject, &value)?,
                None => value,
            },
            Language::JsonPath => {
                let combined = placed(&flow.result_path, view.raw, value)?;
                self.selection(view, flow.output_path.as_ref(), &combined)?
            }
        };
        Ok(Left { output, assigned, next: state.next })
    }

    fn assigned(
        &self,
        view: &View<'_>,
        assign: &[(String, Make)],
        subject: &'static str,
        value: &Json,
    ) -> Result<Json, Fault> {
        self.made(view, &Make::Object(assign.to_vec()), subject, value)
    }

    /// A value over `$`, which is `value`; of JSONata over `$states`, where `value` is its `subject`.
    fn made(&self, view: &View<'_>, make: &Make, subject: &'static str, value: &Json) -> Result<Json, Fault> {
        Ok(match make {
            Make::Fixed(fixed) => fixed.clone(),
            Make::Term(term) => self.term(view, term, value)?,
            Make::Expr(expr) => self.query(view, expr, subject, value)?,
            Make::List(items) => {
                items.iter().map(|item| self.made(view, item, subject, value)).collect::<Result<Json, Fault>>()?
            }
            Make::Object(members) => {
                let mut object = serde_json::Map::new();
                let mut fault: Option<Fault> = None;
                for (name, member) in members {
                    match self.made(view, member, subject, value) {
                        Ok(value) => drop(object.insert(name.clone(), value)),
                        // Which member is looked at first is open.
                        Err(other) if fault.as_ref().is_some_and(|fault| *fault != other) => self.unsure.set(true),
                        Err(other) => fault = Some(other),
                    }
                }
                if let Some(fault) = fault {
                    return Err(fault);
                }
                Json::Object(object)
            }
        })
    }

    /// `InputPath` and `OutputPath`.
    fn selection(&self, view: &View<'_>, path: Option<&Option<Path>>, value: &Json) -> Result<Json, Fault> {
        match path {
            None => Ok(value.clone()),
            Some(None) => Ok(json!({})),
            Some(Some(path)) => self.path(view, path, value)?.ok_or_else(|| trouble("States.Runtime")),
        }
    }

    /// `Error` and `Cause`.
    fn text(&self, view: &View<'_>, make: &Make) -> Result<Option<String>, Fault> {
        match self.made(view, make, "input", view.raw)? {
            Json::String(text) => Ok(Some(text)),
            _ if view.state.language == Language::JsonPath => Err(trouble("States.Runtime")),
            _ => Err(trouble("States.QueryEvaluationError")),
        }
    }

    fn amount(&self, view: &View<'_>, amount: &Amount, selected: &Json) -> Result<u64, Fault> {
        let make = match amount {
            Amount::Fixed(n) => return Ok(*n),
            Amount::Made(make) => make,
        };
        let value = self.made(view, make, "input", selected)?;
        if value.is_f64() || value.is_string() {
            self.unsure.set(true);
        }
        let error = match view.state.language {
            Language::JsonPath => "States.Runtime",
            Language::Jsonata => "States.QueryEvaluationError",
        };
        value.as_u64().ok_or_else(|| trouble(error))
    }

    /// `$$`, as far as the generator looks at it.
    fn context(&self, view: &View<'_>) -> Json {
        let mut context =
            json!({"Execution": {"Name": "run", "Input": self.input}, "State": {"Name": view.state.name}});
        if matches!(view.state.kind, Kind::Task { .. } | Kind::Parallel { .. } | Kind::Map(_)) {
            context["State"]["RetryCount"] = json!(view.retries);
        }
        if let Some((index, value)) = view.item {
            context["Map"] = json!({"Item": {"Index": index, "Value": value}});
        }
        context
    }
}

/// A failure that the language itself gives a name, and whose words the reference does not know.
fn trouble(error: &str) -> Fault {
    Fault { error: Some(error.to_owned()), cause: Some(UNTOLD.to_owned()) }
}

/// `ResultPath`.
fn placed(path: &ResultPath, raw: &Json, result: Json) -> Result<Json, Fault> {
    let names = match path {
        ResultPath::Absent => return Ok(result),
        ResultPath::Null => return Ok(raw.clone()),
        ResultPath::Names(names) => names,
    };
    let mut target = raw.clone();
    let mut place = &mut target;
    for name in names {
        let Json::Object(members) = place else { return Err(trouble("States.ResultPathMatchFailure")) };
        place = members.entry(name.clone()).or_insert_with(|| json!({}));
    }
    *place = result;
    Ok(target)
}

fn covers(errors: &[&str], fault: &Fault) -> bool {
    let name = fault.error.as_deref().unwrap_or_default();
    errors.iter().any(|error| match *error {
        "States.ALL" => name != "States.Runtime",
        "States.TaskFailed" => !["States.Timeout", "States.Runtime", "States.DataLimitExceeded"].contains(&name),
        exactly => fault.error.as_deref() == Some(exactly),
    })
}

fn delay(retrier: &Retrier, before: u64) -> i64 {
    let rate = retrier.backoff_halves as f64 / 2.0;
    let grown = retrier.interval_seconds as f64 * rate.powi(i32::try_from(before).unwrap());
    let capped = retrier.delay_seconds_max.map_or(grown, |most| grown.min(most as f64));
    #[expect(clippy::cast_possible_truncation, reason = "some seconds")]
    let micros = (capped * 1e6) as i64;
    micros
}

fn seconds(seconds: u64) -> i64 {
    i64::try_from(seconds).unwrap() * 1_000_000
}
