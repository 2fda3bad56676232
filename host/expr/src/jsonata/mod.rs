//! JSONata: the language of queries and transformations that Amazon States Language takes in
//! `{% … %}`.
//!
//! An expression is read once into a [`Program`] and evaluated many times, over values it walks
//! as they are. It may come from anybody: every node evaluated takes a step, every allocation is
//! paid for before it is made, and nesting is bounded, see [`Limits`] and [`limits`]. Evaluation
//! is a function of its arguments: time is given, and what looks random comes from
//! [`Entropy`](crate::Entropy).
//!
//! ```
//! use stepwell_expr::jsonata::{Bindings, Limits, Program};
//! use stepwell_expr::{Entropy, Value};
//!
//! let program = Program::parse("$sum($states.input.items.(price * quantity))")?;
//! let states = Value::parse(r#"{"input": {"items": [{"price": 2, "quantity": 3}, {"price": 5, "quantity": 1}]}}"#)?;
//! let bindings = Bindings::new().with("states", states);
//! let total = program.eval(&bindings, None, &mut Entropy::new(7), 0, Limits::default())?;
//! assert_eq!(total, Some(Value::from(11)));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod ancestry;
mod ast;
mod builtins;
mod call;
mod error;
mod eval;
mod infix;
mod item;
mod lexer;
pub mod limits;
mod machine;
mod numbers;
mod outer;
mod path;
mod patterns;
mod program;
mod reader;
mod signature;
mod text;
mod transform;
mod tuples;

pub use error::{ParseError, QueryError};
pub use program::{Bindings, Dialect, Limits, Program, Spent, VariablePath};
