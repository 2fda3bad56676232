//! What is refused when a plugin is loaded, and the cache of compiled components.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use crate::world::{self, failure, granted_plugin, load, map, plugin, run};
use stepwell_tasks::{Tasks, failures};
use stepwell_tasks_wasm::{
    Access, CORE_INSTANCES_MAX, DESCRIPTION_BYTES_MAX, Directory, Error, Grants, LoadError, Plugin, RuntimeOptions,
    Secret, Stage, WasmTasks, inspect,
};
use stepwell_testing::guest;

/// A task written as text: what it imports besides nothing, the head of its core module,
/// and the body of its `run`, which starts with `(param i32 i32) (result i32)`.
pub fn task(imports: &str, module: &str, body: &str) -> Vec<u8> {
    wat::parse_str(task_text(imports, module, body)).unwrap()
}

fn task_text(imports: &str, module: &str, body: &str) -> String {
    format!(
        r#"(component
  {imports}
  (core module $m
    (memory (export "memory") 1)
    {module}
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 2048))
    (func (export "describe") (result i32)
      (i32.store (i32.const 16) (i32.const 32))
      (i32.store (i32.const 20) (i32.const 2))
      (i32.const 16))
    (func (export "run") (param i32 i32) (result i32) {body})
    (data (i32.const 32) "{{}}"))
  (core instance $i (instantiate $m))
  (type $failure (record (field "error" string) (field "cause" string)))
  (alias core export $i "memory" (core memory $memory))
  (alias core export $i "realloc" (core func $realloc))
  (alias core export $i "describe" (core func $core_describe))
  (alias core export $i "run" (core func $core_run))
  (func $describe (result string)
    (canon lift (core func $core_describe) (memory $memory) (realloc $realloc)))
  (func $run (param "input" string) (result (result string (error $failure)))
    (canon lift (core func $core_run) (memory $memory) (realloc $realloc)))
  (component $shim
    (type $record (record (field "error" string) (field "cause" string)))
    (import "failure" (type $failure (eq $record)))
    (import "describe" (func $describe (result string)))
    (import "run" (func $run (param "input" string) (result (result string (error $failure)))))
    (export $exported "failure" (type $record))
    (export "describe" (func $describe))
    (export "run" (func $run) (func (param "input" string) (result (result string (error $exported))))))
  (instance $guest (instantiate $shim
    (with "failure" (type $failure)) (with "describe" (func $describe)) (with "run" (func $run))))
  (export "stepwell:task/guest@1.0.0" (instance $guest)))"#
    )
}

pub fn file(directory: &Path, bytes: &[u8]) -> PathBuf {
    let path = directory.join(format!("{}.wasm", bytes.len()));
    fs::write(&path, bytes).unwrap();
    path
}

/// Loads a component that is refused, and says how a call to it fails.
async fn refused(plugin: Plugin) -> (LoadError, String) {
    let name = plugin.name.clone();
    let tasks = load(vec![plugin, world::plugin("echo", guest("echo"))]);
    let (broken, reason) = tasks.broken().pop().expect("the plugin is broken");
    assert_eq!(broken, name);
    let (failed, _) = failure(&tasks, &name, "1").await;
    assert_eq!(tasks.describe(&name).unwrap().broken, Some(failed.clone()));
    assert_eq!(failed.cause, reason.to_string());
    assert_eq!(run(&tasks, "echo", "1").await.outcome.unwrap(), "1", "others are served");
    (reason, failed.error)
}

async fn refused_bytes(bytes: &[u8]) -> (String, String) {
    let place = tempfile::tempdir().unwrap();
    let (reason, error) = refused(plugin("bad", file(place.path(), bytes))).await;
    (reason.to_string(), error)
}

#[tokio::test]
async fn files_that_are_no_tasks() {
    let (reason, error) = refused(plugin("bad", PathBuf::from("/nowhere/bad.wasm"))).await;
    assert_eq!(error, failures::COMPONENT_INVALID);
    assert!(reason.to_string().contains("/nowhere/bad.wasm") && reason.to_string().contains("stepwell.toml"));
    let place = tempfile::tempdir().unwrap();
    let large = place.path().join("large.wasm");
    fs::File::create(&large).unwrap().set_len((64 << 20) + 1).unwrap();
    let (reason, _) = refused(plugin("bad", large)).await;
    assert!(reason.to_string().contains("component_bytes_max is 67108864"), "{reason}");
    for (bytes, said) in [
        (b"not wasm".to_vec(), "is not WebAssembly"),
        (wat::parse_str("(module)").unwrap(), "is a core module"),
        (wat::parse_str("(component (component (core module)))").unwrap(), "another component with code of its own"),
        (task("", "(memory $other i64 1)", "(i32.const 0)"), "does not compile"),
        (task("", "(memory $other 1)", "(i32.const 0)"), "does not compile"),
        (task("", "", "(i32.const 0)").split_at(200).0.to_vec(), ""),
    ] {
        let (reason, error) = refused_bytes(&bytes).await;
        assert_eq!(error, failures::COMPONENT_INVALID, "{reason}");
        assert!(reason.contains(said), "{reason}");
    }
}

#[tokio::test]
async fn missing_exports() {
    let (reason, error) = refused_bytes(&wat::parse_str("(component)").unwrap()).await;
    assert_eq!(error, failures::EXPORT_MISSING);
    assert!(reason.contains("does not export stepwell:task/guest@1"), "{reason}");
    let empty = r#"(component (instance $i) (export "stepwell:task/guest@1.0.0" (instance $i)))"#;
    let (reason, error) = refused_bytes(&wat::parse_str(empty).unwrap()).await;
    assert_eq!(error, failures::EXPORT_MISSING);
    assert!(reason.contains("has no function describe"), "{reason}");
    let newer = r#"(component (instance $i) (export "stepwell:task/guest@2.0.0" (instance $i)))"#;
    let (reason, error) = refused_bytes(&wat::parse_str(newer).unwrap()).await;
    assert_eq!(error, failures::EXPORT_MISSING);
    assert!(reason.contains("guest@2.0.0"), "{reason}");
}

#[tokio::test]
async fn imports_that_nothing_opens() {
    for (import, said) in [
        ("wasi:http/outgoing-handler@0.2.12", "interface http of stepwell:task"),
        ("wasi:sockets/tcp@0.2.12", "interface http of stepwell:task"),
        ("stepwell:task/http@2.0.0", "major version 1"),
        ("stepwell:task/mind-reading@1.0.0", "does not know the interface"),
        ("vendor:thing/api", "no such interface"),
    ] {
        let (reason, error) =
            refused_bytes(&task(&format!(r#"(import "{import}" (instance))"#), "", "(i32.const 0)")).await;
        assert_eq!(error, failures::IMPORT_UNGRANTED);
        assert!(reason.contains(import) && reason.contains(said), "{reason}");
    }
}

/// One interface at a time is left without its grant.
#[tokio::test]
async fn imports_without_their_grant_name_the_grant_to_add() {
    let all = granted_plugin(Grants::default());
    type TakeAway = fn(&mut Grants);
    let take_away: [(&str, &str, TakeAway); 5] = [
        ("http", "http = [\"https://host\"]", |grants| grants.http.clear()),
        ("sql", "databases.NAME = { path", |grants| grants.databases.clear()),
        ("files", "directories.NAME = { path", |grants| grants.directories.clear()),
        ("config", "config = {", |grants| grants.config.clear()),
        ("secrets", "secrets = [\"name\"]", |grants| grants.secrets.clear()),
    ];
    for (interface, grant, take_away) in take_away {
        let mut plugin = all.clone();
        take_away(&mut plugin.grants);
        let (reason, error) = refused(plugin).await;
        assert_eq!(error, failures::IMPORT_UNGRANTED);
        let reason = reason.to_string();
        assert!(reason.contains(&format!("stepwell:task/{interface}@1.0.0")), "{reason}");
        assert!(reason.contains(grant) && reason.contains("[plugins.grants.grants] in stepwell.toml"), "{reason}");
    }
}

#[tokio::test]
async fn grants_that_cannot_be_opened() {
    let place = tempfile::tempdir().unwrap();
    let text = file(place.path(), b"not a database, and long enough to be looked at as one");
    let grants = [
        Grants { http: vec!["example.com".to_owned()], ..Grants::default() },
        Grants { databases: map([("d", place.path().join("nothing"))]), ..Grants::default() },
        Grants { databases: map([("d", text)]), ..Grants::default() },
        Grants {
            directories: map([("d", Directory { path: place.path().join("nothing"), access: Access::ReadOnly })]),
            ..Grants::default()
        },
    ];
    for grants in grants {
        let mut plugin = plugin("bad", guest("echo"));
        plugin.grants = grants;
        let (reason, error) = refused(plugin).await;
        assert_eq!(error, failures::GRANT_INVALID);
        assert!(reason.to_string().contains("[plugins.bad.grants]"), "{reason}");
    }
    // A grant that the component does not use is no trouble.
    let mut plugin = plugin("echo", guest("echo"));
    plugin.grants.secrets = map([("unused", Secret::new("x".to_owned()))]);
    assert!(load(vec![plugin]).broken().is_empty());
}

#[tokio::test]
async fn limits_hold_while_a_component_starts() {
    let grow = "(loop $more (br_if $more (i32.ne (table.grow $t (ref.null func) (i32.const 1000)) (i32.const -1)))) unreachable";
    let place = tempfile::tempdir().unwrap();
    let bomb = file(place.path(), &task("", "(table $t 1 funcref)", grow));
    let tasks = load(vec![plugin("bomb", bomb)]);
    assert_eq!(tasks.broken(), []);
    let (failed, _) = failure(&tasks, "bomb", "1").await;
    assert_eq!(failed.error, failures::TABLE_LIMIT);
    assert!(failed.cause.contains("table_elements_max is 10000"), "{}", failed.cause);
    let large = file(place.path(), &task("", "(table $t 20000 funcref)", "(i32.const 0)"));
    let (reason, _) = refused(plugin("large", large)).await;
    assert!(reason.to_string().contains(failures::TABLE_LIMIT), "{reason}");
}

#[tokio::test]
async fn a_description_has_a_size() {
    let described = |bytes: usize| {
        let text = task_text("", "", "(i32.const 0)")
            .replace(r#"(memory (export "memory") 1)"#, r#"(memory (export "memory") 2)"#)
            .replace(
                "(i32.store (i32.const 20) (i32.const 2))",
                &format!("(i32.store (i32.const 20) (i32.const {bytes}))"),
            )
            .replace("\"{}\"", &format!("\"{{}}{}\"", " ".repeat(bytes - 2)));
        wat::parse_str(text).unwrap()
    };
    let place = tempfile::tempdir().unwrap();
    let tasks = load(vec![plugin("fits", file(place.path(), &described(DESCRIPTION_BYTES_MAX)))]);
    assert_eq!(tasks.broken(), []);
    assert_eq!(tasks.describe("fits").unwrap().description.len(), DESCRIPTION_BYTES_MAX);
    let (reason, _) = refused_bytes(&described(DESCRIPTION_BYTES_MAX + 1)).await;
    assert!(reason.contains(failures::RESULT_TOO_LARGE) && reason.contains("65537 bytes"), "{reason}");
}

/// The task has one instance with one memory of its own; each further one has one of each.
#[tokio::test]
async fn core_instances_memories_and_tables_are_counted() {
    let instances = |count: usize| {
        let one = "(core instance (instantiate $other))";
        task(&format!("(core module $other (memory 0)) {}", one.repeat(count - 1)), "", "(i32.const 0)")
    };
    let tables = |count: usize| task("", &"(table 0 funcref)".repeat(count), "(i32.const 0)");
    let place = tempfile::tempdir().unwrap();
    for fits in [instances(CORE_INSTANCES_MAX), tables(CORE_INSTANCES_MAX)] {
        assert_eq!(load(vec![plugin("fits", file(place.path(), &fits))]).broken(), []);
    }
    for (more, what) in [(instances(CORE_INSTANCES_MAX + 1), "instance"), (tables(CORE_INSTANCES_MAX + 1), "table")] {
        let (reason, _) = refused_bytes(&more).await;
        assert!(reason.contains(&format!("{what} count too high at 65")), "{reason}");
    }
}

#[test]
fn two_plugins_of_one_name_are_refused() {
    let twice = vec![plugin("echo", guest("echo")), plugin("echo", guest("echo"))];
    let error = WasmTasks::load(world::options(), twice, &|_| {}).unwrap_err();
    assert!(matches!(error, Error::DuplicateName(name) if name == "echo"));
}

#[test]
fn a_component_is_inspected() {
    let seen = inspect(&guest("grants")).unwrap();
    assert_eq!(seen.world, "stepwell:task/task-with-grants@1.0.0");
    assert!(seen.digest.starts_with("sha256:"));
    assert_eq!(seen.bytes, fs::metadata(guest("grants")).unwrap().len());
    assert!(seen.imports.contains(&"stepwell:task/sql@1.0.0".to_owned()), "{:?}", seen.imports);
    assert_eq!(seen.exports, ["stepwell:task/guest@1.0.0"]);
    assert!(seen.description.unwrap().contains("\"name\":\"grants\""));
    assert_eq!(inspect(&guest("echo")).unwrap().world, "stepwell:task/task@1.0.0");
    let error = inspect(Path::new("/nowhere.wasm")).unwrap_err().to_string();
    assert!(error.contains("/nowhere.wasm"), "{error}");
}

/// Loads `echo` with a cache and tells the stages of it.
fn stages(cache: &Path) -> Vec<&'static str> {
    let stages = Mutex::new(Vec::new());
    let options = RuntimeOptions { cache_directory: Some(cache.to_owned()), ..RuntimeOptions::default() };
    let progress = |progress: stepwell_tasks_wasm::Progress| {
        assert_eq!(progress.plugin, "echo");
        stages.lock().unwrap().push(match progress.stage {
            Stage::Compiling { bytes } => {
                assert!(bytes > 1_000);
                "compiling"
            }
            Stage::FromCache => "from cache",
            Stage::Ready { .. } => "ready",
            Stage::Broken => "broken",
        });
    };
    let tasks = WasmTasks::load(options, vec![plugin("echo", guest("echo"))], &progress).unwrap();
    let ran = tokio::runtime::Runtime::new().unwrap().block_on(run(&tasks, "echo", "1"));
    assert_eq!(ran.outcome.unwrap(), "1");
    stages.into_inner().unwrap()
}

fn artefact(cache: &Path) -> PathBuf {
    let mut artefacts = fs::read_dir(cache).unwrap().map(|entry| entry.unwrap().path());
    artefacts.find(|path| path.extension().is_some_and(|extension| extension == "cwasm")).unwrap()
}

#[test]
fn compiled_components_are_kept_and_only_our_own_are_loaded() {
    let place = tempfile::tempdir().unwrap();
    let cache = place.path().join("compiled");
    assert_eq!(stages(&cache), ["compiling", "ready"]);
    assert_eq!(stages(&cache), ["from cache", "ready"]);
    let artefact = artefact(&cache);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&cache), mode(&artefact), mode(&cache.join("key"))), (0o700, 0o600, 0o600));
    let whole = fs::read(&artefact).unwrap();
    // Each change is one that must be noticed before anything of the file is used.
    let places = [0, 1, 100, whole.len() / 3, whole.len() / 2, whole.len() - 40, whole.len() - 1];
    for place in places {
        let mut changed = whole.clone();
        changed[place] ^= 0x40;
        fs::write(&artefact, &changed).unwrap();
        assert_eq!(stages(&cache), ["compiling", "ready"], "a byte at {place}");
    }
    for shortened in [&whole[..whole.len() - 1], &whole[..20], &[]] {
        fs::write(&artefact, shortened).unwrap();
        assert_eq!(stages(&cache), ["compiling", "ready"], "{} bytes", shortened.len());
    }
    assert_eq!(stages(&cache), ["from cache", "ready"]);
    // A key that others could have read protects nothing.
    fs::set_permissions(cache.join("key"), fs::Permissions::from_mode(0o644)).unwrap();
    assert_eq!(stages(&cache), ["compiling", "ready"]);
    assert_eq!(stages(&cache), ["from cache", "ready"]);
}

#[test]
fn an_artefact_under_another_name_is_not_loaded() {
    let place = tempfile::tempdir().unwrap();
    let cache = place.path().to_owned();
    assert_eq!(stages(&cache), ["compiling", "ready"]);
    let echo = artefact(&cache);
    let kept = fs::read(&echo).unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let options = RuntimeOptions { cache_directory: Some(elsewhere.path().to_owned()), ..RuntimeOptions::default() };
    fs::copy(cache.join("key"), elsewhere.path().join("key")).unwrap();
    drop(WasmTasks::load(options.clone(), vec![plugin("probe", guest("probe"))], &|_| {}).unwrap());
    fs::write(artefact(elsewhere.path()), kept).unwrap();
    let compiled = Mutex::new(false);
    let tasks = WasmTasks::load(options, vec![plugin("probe", guest("probe"))], &|progress| {
        *compiled.lock().unwrap() |= matches!(progress.stage, Stage::Compiling { .. });
    });
    assert!(tasks.is_ok() && compiled.into_inner().unwrap());
}
