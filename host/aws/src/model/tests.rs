//! The files hold together.
use super::*;

/// Every name that a model uses.
#[test]
fn every_shape_that_is_named_is_there() {
    for service in Service::ALL {
        let model = Model::of(service);
        let mut names: Vec<&str> = Vec::new();
        for operation in model.operations.values() {
            names.extend([operation.input.as_str(), operation.output.as_str()]);
            names.extend(operation.errors.iter().map(String::as_str));
        }
        for shape in model.shapes.values() {
            match &shape.kind {
                Kind::Structure { members, shown: _ } => {
                    names.extend(members.iter().map(|member| member.shape.as_str()))
                }
                Kind::List { member } => names.push(member),
                Kind::Map { key, value } => names.extend([key.as_str(), value.as_str()]),
                Kind::String | Kind::Boolean | Kind::Integer | Kind::Long | Kind::Float | Kind::Timestamp => {}
            }
        }
        for name in names.into_iter().filter(|name| !name.is_empty()) {
            assert!(model.shape(name).is_some(), "{service}: {name}");
        }
    }
}

/// Checking goes no deeper than a model's shapes do, so they must not contain themselves.
#[test]
fn no_shape_contains_itself() {
    fn depth(model: &Model, name: &str, left: usize) {
        assert!(left > 0, "{name} lies too deep");
        match model.shape(name).map(|shape| &shape.kind) {
            Some(Kind::Structure { members, shown: _ }) => {
                members.iter().for_each(|member| depth(model, &member.shape, left - 1));
            }
            Some(Kind::List { member: inner } | Kind::Map { key: _, value: inner }) => depth(model, inner, left - 1),
            Some(Kind::String | Kind::Boolean | Kind::Integer | Kind::Long | Kind::Float | Kind::Timestamp) | None => {}
        }
    }
    for service in Service::ALL {
        for operation in Model::of(service).operations() {
            depth(Model::of(service), &operation.input, 20);
            depth(Model::of(service), &operation.output, 20);
        }
    }
}

#[test]
fn every_pattern_compiles() {
    for service in Service::ALL {
        for (name, shape) in &Model::of(service).shapes {
            let Some(pattern) = &shape.pattern else { continue };
            let count = pattern.all.len() + pattern.any.len();
            assert!(count > 0, "{name}: nothing to match {}", pattern.shown);
            for (list, compiled) in
                [&pattern.all, &pattern.any, &pattern.none].into_iter().map(|list| (list, compile(list)))
            {
                assert_eq!(list.len(), compiled.len(), "{name}: {list:?}");
            }
        }
    }
}

#[test]
fn patterns_that_look_around_match_the_same_texts() {
    let matches =
        |service, shape: &str, text| Model::of(service).shape(shape).unwrap().pattern.as_ref().unwrap().matches(text);
    for (text, is) in [("a", true), ("1a", true), ("123", false), ("a b", false), ("", false), ("1-2", true)] {
        assert_eq!(matches(Service::States, "CharacterRestrictedName", text), is, "{text}");
    }
    for (text, is) in [("x", true), (" x", true), ("  ", false), ("", false)] {
        assert_eq!(matches(Service::Events, "PathParameter", text), is, "{text}");
    }
    let source = |text| matches(Service::Scheduler, "Source", text);
    for (text, is) in [("my.app", true), ("aws.states", false), ("$.a[0].b", true), ("", false), ("!", false)] {
        assert_eq!(source(text), is, "{text}");
    }
}

#[test]
fn the_services_have_their_operations() {
    let count = |service| Model::of(service).operations().filter(|operation| operation.is_modelled()).count();
    let counts = Service::ALL.map(count);
    assert_eq!(counts, [37, 57, 12, 1]);
    let sync = Model::of(Service::States).operation("StartSyncExecution").unwrap();
    assert_eq!(sync.host_prefix(), "sync-");
    let list = Model::of(Service::Events).operation("ListRules").unwrap();
    assert_eq!(list.page(), Some(("NextToken", "Limit")));
}
