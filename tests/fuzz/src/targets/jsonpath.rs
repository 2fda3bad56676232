//! A path, an expression or a template on the first line, and a document on the others.

use stepwell_asl::expr::{Entropy, Expression, Path, ReferencePath, Scope, Selection, Template, Value};

pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (path, document) = text.split_once('\n').unwrap_or((text, r#"{"a":[1,{"b":[2,3]}],"c":{"d":null}}"#));
    let Ok(document) = Value::parse(document) else { return };
    let scope = Scope { variables: document.as_object(), ..Scope::new(&document, &document) };
    if let Ok(path) = Path::parse(path) {
        selects(&path, &scope);
    }
    if let Ok(path) = ReferencePath::parse(path) {
        places(&path, &document);
    }
    if let Ok(expression) = Expression::parse(path) {
        let eval = || expression.eval(&scope, &mut Entropy::new(1), "v.$");
        assert!(eval() == eval(), "the same expression gives two things");
    }
    if let Ok(template) = Value::parse(path)
        && let Ok(template) = Template::compile(&template)
    {
        let _ = template.eval(&scope, &mut Entropy::new(1));
    }
}

fn selects(path: &Path, scope: &Scope<'_>) {
    assert_eq!(Path::parse(path.as_str()).as_ref(), Ok(path), "a path is what it says");
    let selected = path.select(scope);
    match (&selected, path.is_definite()) {
        (Selection::One(_) | Selection::None, true) => {}
        (Selection::Many(Value::Array(_)) | Selection::Exhausted, false) => {}
        other => panic!("{path} selects {other:?}"),
    }
    let field = path.eval_path_field(scope);
    assert_eq!(field.ok(), selected.into_value());
}

fn places(path: &ReferencePath, document: &Value) {
    if let Ok(placed) = path.insert(document, Value::from("new")) {
        assert_eq!(path.get(&placed), Some(Value::from("new")), "what was put at {path} is there");
    }
}
