//! A definition out of the first half of the bytes, and what happens to its execution out of
//! the second: results, failures, timers, and what is late, doubled or for nobody.

use stepwell_asl::expr::Value;

use crate::driver::drive;
use crate::generate::case;

pub fn run(data: &[u8]) {
    let (choices, happens) = data.split_at(data.len() / 2);
    let case = case(choices);
    let definition = case.definition.text();
    let input = Value::parse(&case.input.to_string()).unwrap();
    if let Err(problems) = stepwell_asl::Machine::parse(&definition) {
        panic!("{problems:?}\n{definition}");
    }
    drive(&definition, &input, happens);
}
