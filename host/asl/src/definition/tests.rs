use super::*;

#[test]
fn a_small_definition_is_a_machine() {
    let machine = Machine::parse(r#"{"StartAt":"A","States":{"A":{"Type":"Pass","End":true}}}"#).unwrap();
    assert_eq!(machine.warnings(), []);
}
