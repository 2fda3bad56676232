//! The part of JSONata that the generator uses.

use serde_json::{Map, json};

use super::{Fault, Json, Reference, View, trouble};
use crate::model::Expr;

impl Reference<'_> {
    /// The value of a field.
    pub(super) fn query(&self, view: &View<'_>, expr: &Expr, subject: &str, value: &Json) -> Result<Json, Fault> {
        let mut states = json!({"input": view.raw, "context": self.context(view)});
        if subject != "input" {
            states[subject] = value.clone();
        }
        self.expr(view, expr, &states)?.ok_or_else(failed)
    }

    /// `None` is undefined.
    fn expr(&self, view: &View<'_>, expr: &Expr, states: &Json) -> Result<Option<Json>, Fault> {
        let eval = |expr: &Expr| self.expr(view, expr, states);
        Ok(match expr {
            Expr::Number(n) => Some(json!(n)),
            Expr::Text(text) => Some(json!(text)),
            Expr::Bool(flag) => Some(json!(flag)),
            Expr::Get(variable, names) => {
                let value = if variable == "states" { Some(states) } else { view.variables.get(variable) };
                value.and_then(|value| self.walk(value.clone(), names))
            }
            Expr::Infix(operator @ ("and" | "or"), a, b) => {
                let (a, b) = (truthy(eval(a)?.as_ref()), eval(b));
                // Whether the right side is looked at when the left one decides is open.
                self.unsure.set(self.unsure.get() || b.is_err());
                let b = truthy(b?.as_ref());
                Some(json!(if *operator == "and" { a && b } else { a || b }))
            }
            Expr::Infix(operator, a, b) => self.infix(operator, eval(a)?, eval(b)?)?,
            Expr::If(test, a, b) => eval(if truthy(eval(test)?.as_ref()) { a } else { b })?,
            Expr::Array(items) => {
                let mut array = Vec::new();
                for item in items {
                    match (item, eval(item)?) {
                        (_, None) => {}
                        (Expr::Array(_), Some(inner)) => array.push(inner),
                        (_, Some(Json::Array(more))) => array.extend(more),
                        (_, Some(value)) => array.push(value),
                    }
                }
                Some(Json::Array(array))
            }
            Expr::Object(members) => {
                let mut object = Map::new();
                for (name, member) in members {
                    object.extend(eval(member)?.map(|value| (name.clone(), value)));
                }
                Some(Json::Object(object))
            }
            Expr::Call("exists", argument) => Some(json!(eval(argument)?.is_some())),
            Expr::Call("count", argument) => Some(match eval(argument)? {
                None => json!(0),
                Some(Json::Array(items)) => json!(items.len()),
                Some(_) => json!(1),
            }),
            Expr::Call("sum", argument) => match eval(argument)? {
                None => None,
                Some(Json::Array(items)) => Some(sum(&items)?),
                Some(one) => Some(sum(&[one])?),
            },
            Expr::Call(other, _) => unreachable!("the generator makes no ${other}"),
        })
    }

    /// Names after a variable: arrays on the way are looked into, and one value alone is no array.
    fn walk(&self, value: Json, names: &[String]) -> Option<Json> {
        let Some((last, rest)) = names.split_last() else { return Some(value) };
        let mut current = spread(vec![value]);
        for name in rest {
            current = spread(self.members(current, name));
        }
        let mut found = self.members(current, last);
        if found.len() == 1 && found[0].is_array() {
            return found.pop();
        }
        let mut found = spread(found);
        if found.len() > 1 { Some(Json::Array(found)) } else { found.pop() }
    }

    fn members(&self, values: Vec<Json>, name: &str) -> Vec<Json> {
        // Arrays right within arrays follow rules of their own, which the reference leaves alone.
        self.unsure.set(self.unsure.get() || values.iter().any(Json::is_array));
        values.into_iter().filter_map(|mut value| value.as_object_mut()?.remove(name)).collect()
    }

    fn infix(&self, operator: &str, a: Option<Json>, b: Option<Json>) -> Result<Option<Json>, Fault> {
        if operator == "&" {
            return Ok(Some(json!(format!("{}{}", self.joined(a), self.joined(b)))));
        }
        if operator == "=" {
            return Ok(Some(json!(a.zip(b).is_some_and(|(a, b)| equal(&a, &b)))));
        }
        let wrong = |value: &Option<Json>| {
            let wrong_number = operator == "+" && value.as_ref().is_some_and(|value| !value.is_number());
            wrong_number || value.as_ref().is_some_and(|value| !value.is_number() && !value.is_string())
        };
        if wrong(&a) || wrong(&b) {
            return Err(failed());
        }
        let (Some(a), Some(b)) = (a, b) else { return Ok(None) };
        match (a.as_i64().zip(b.as_i64()), a.as_f64().zip(b.as_f64()), a.as_str().zip(b.as_str())) {
            (Some((a, b)), _, _) if operator == "+" => Ok(Some(json!(a + b))),
            (_, Some((a, b)), _) if operator == "+" => Ok(Some(json!(a + b))),
            (_, Some((a, b)), _) => Ok(Some(json!(a < b))),
            (_, _, Some((a, b))) => Ok(Some(json!(a < b))),
            _ => Err(failed()),
        }
    }

    /// Of objects, the order of members is not the reference's to know.
    fn joined(&self, value: Option<Json>) -> String {
        let Some(value) = value else { return String::new() };
        let simple = |value: &Json| !value.is_f64() && !value.is_object() && !value.is_array();
        let known = match &value {
            Json::Array(items) => items.iter().all(simple),
            other => simple(other),
        };
        self.unsure.set(self.unsure.get() || !known);
        value.as_str().map_or_else(|| value.to_string(), str::to_owned)
    }
}

/// Numbers are equal by value.
pub(super) fn equal(a: &Json, b: &Json) -> bool {
    match (a, b) {
        (Json::Number(a), Json::Number(b)) => a.as_f64() == b.as_f64(),
        (Json::Array(a), Json::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(a, b)),
        (Json::Object(a), Json::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(name, a)| b.get(name).is_some_and(|b| equal(a, b)))
        }
        (a, b) => a == b,
    }
}

fn sum(items: &[Json]) -> Result<Json, Fault> {
    let mut total = 0.0;
    for item in items {
        total += item.as_f64().ok_or_else(failed)?;
    }
    Ok(crate::world::plain(json!(total)))
}

fn spread(values: Vec<Json>) -> Vec<Json> {
    let items = |value| if let Json::Array(items) = value { items } else { vec![value] };
    values.into_iter().flat_map(items).collect()
}

fn truthy(value: Option<&Json>) -> bool {
    match value {
        None | Some(Json::Null) => false,
        Some(Json::Bool(flag)) => *flag,
        Some(Json::Number(n)) => n.as_f64() != Some(0.0),
        Some(Json::String(text)) => !text.is_empty(),
        Some(Json::Array(items)) => items.iter().any(|item| truthy(Some(item))),
        Some(Json::Object(members)) => !members.is_empty(),
    }
}

fn failed() -> Fault {
    trouble("States.QueryEvaluationError")
}
