//! JSON values and the languages that look inside them: JSONPath as Amazon States Language
//! uses it, payload templates, the intrinsic functions, and [JSONata](jsonata).
//!
//! **Invariant:** nothing here reads a clock, draws a random number, performs IO or logs. What
//! looks random comes from [`Entropy`], which the caller seeds.
//!
//! Everything that is compiled ([`Path`], [`ReferencePath`], [`Expression`], [`Template`],
//! [`jsonata::Program`]) is `Send + Sync`, is compiled once when a definition is checked, and is evaluated many times.
//! Input is taken to be hostile: every recursion and every product of an expression has a named
//! limit, see [`limits`].
//!
//! ```
//! use stepwell_expr::{Entropy, Scope, Template, Value};
//!
//! let template = Value::parse(r#"{"greeting.$": "States.Format('Hello {}', $.name)", "fixed": [1, 2]}"#)?;
//! let template = Template::compile(&template).expect("the template has no problems");
//! let (input, context) = (Value::parse(r#"{"name": "Ada"}"#)?, Value::Null);
//! let value = template.eval(&Scope::new(&input, &context), &mut Entropy::new(7))?;
//! assert_eq!(value.to_string(), r#"{"greeting":"Hello Ada","fixed":[1,2]}"#);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test that cannot go on fails"))]

mod budget;
mod cursor;
mod entropy;
mod error;
mod expression;
mod intrinsic;
pub mod jsonata;
pub mod limits;
mod path;
mod reference;
mod scope;
mod template;
mod text;
mod value;

pub use entropy::{Entropy, JavaRandom};
pub use error::{EvalError, ParseError};
pub use expression::Expression;
pub use intrinsic::{Call, Function};
pub use path::{Path, Root, Selection};
pub use reference::ReferencePath;
pub use scope::Scope;
pub use template::{Template, TemplateError};
pub use text::{TextError, json_bytes_within};
pub use value::{Map, Number, Value};
