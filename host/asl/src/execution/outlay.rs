//! What a step makes and looks at: bounded, so that a definition that never waits can neither
//! fill the memory nor keep the processor.

use stepwell_expr::{Scope, Value};

use super::run::Step;
use crate::Failure;
use crate::limits::{STEP_MEMORY_BYTES_MAX, STEP_VALUES_MAX};

/// What one value that was made may take at most (bytes): an array or object of its own.
const VALUE_BYTES: usize = 64;

impl Step<'_> {
    /// Whether the execution cannot go on; says so in the fold.
    pub(super) fn is_exhausted(&mut self) -> bool {
        self.fold.exhausted = self.fold.exhausted || self.overspent().is_some();
        self.fold.exhausted
    }

    /// Why the step must not go on, if it must not.
    pub(super) fn overspent(&self) -> Option<String> {
        if self.memory_bytes > STEP_MEMORY_BYTES_MAX {
            return Some(format!(
                "The execution made more than {STEP_MEMORY_BYTES_MAX} bytes of new data without waiting for anything."
            ));
        }
        (self.values.get() > STEP_VALUES_MAX).then(|| {
            format!("The execution looked at more than {STEP_VALUES_MAX} values without waiting for anything.")
        })
    }

    /// Evaluates in this scope, and counts what that takes. What comes out shares most of what it
    /// is made of with what went in: it has taken no more than was looked at or made.
    pub(super) fn metered<E>(
        &mut self,
        scope: Scope<'_>,
        evaluate: impl FnOnce(&Scope<'_>, &mut stepwell_expr::Entropy) -> Result<Value, E>,
    ) -> Result<Value, E> {
        let before = self.values.get();
        let made = evaluate(&Scope { meter: Some(&self.values), ..scope }, &mut self.fold.entropy);
        let values = usize::try_from(self.values.get() - before).unwrap_or(usize::MAX);
        if let Ok(value) = &made {
            self.made_of(value, values.saturating_mul(VALUE_BYTES));
        }
        made
    }

    /// Counts the memory of a new value, which has taken so many bytes at most.
    pub(super) fn made_of(&mut self, value: &Value, most: usize) {
        self.memory_bytes = self.memory_bytes.saturating_add(memory_within(value, most));
    }

    /// Counts so many members or items that were copied.
    pub(super) fn copied(&mut self, members: usize) {
        self.memory_bytes = self.memory_bytes.saturating_add(members.saturating_mul(VALUE_BYTES));
    }

    /// Counts what is told of a failure.
    pub(super) fn told(&mut self, failure: &Failure) {
        let bytes = failure.cause.as_deref().map_or(0, str::len);
        self.memory_bytes = self.memory_bytes.saturating_add(bytes);
    }
}

/// About how many bytes a value takes, or `most` when it takes more. It looks at no more than that.
fn memory_within(value: &Value, most: usize) -> usize {
    let mut bytes = 0_usize;
    let mut open = vec![value];
    while let Some(value) = open.pop() {
        if bytes >= most {
            return most;
        }
        match value {
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
            Value::String(text) => bytes += 16 + text.len(),
            Value::Array(items) => {
                bytes += 40 + 24 * items.len();
                if bytes < most {
                    open.extend(items.iter());
                }
            }
            Value::Object(map) => {
                bytes += 64 + VALUE_BYTES * map.len();
                if bytes < most {
                    open.extend(map.values());
                }
            }
        }
    }
    bytes.min(most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_is_looked_at_than_is_asked_for() {
        let text = Value::from("x".repeat(100));
        assert_eq!(memory_within(&text, usize::MAX), 116);
        assert_eq!(memory_within(&text, 10), 10);
        // As text it would have two to the sixtieth bytes.
        let twice = (0..60).fold(text, |value, _| Value::array([value.clone(), value]));
        assert_eq!(memory_within(&twice, 1_000_000), 1_000_000);
        assert_eq!(memory_within(&Value::Null, 0), 0);
    }
}
