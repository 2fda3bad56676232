//! A first look at a component's bytes, before anything is compiled: what it is, what it
//! imports and exports, and whether the plugin's grants cover it.

use wasmparser::{ComponentExternalKind, Encoding, Parser, Payload};

use crate::options::COMPONENT_BYTES_MAX;
use crate::{Grants, LoadError};

/// The package and major version of the task interface that this host serves.
const PACKAGE: &str = "stepwell:task/";
const MAJOR: &str = "1";
/// The interface every task exports.
const GUEST: &str = "stepwell:task/guest@";

/// What a component says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Outline {
    /// Names of imported interfaces, in the order of the file.
    pub imports: Vec<String>,
    /// Names of exported interfaces and functions.
    pub exports: Vec<String>,
}

impl Outline {
    /// Reads the outline.
    ///
    /// # Errors
    /// [`LoadError::TooLarge`] and [`LoadError::Invalid`].
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, LoadError> {
        let size = bytes.len() as u64;
        if size > COMPONENT_BYTES_MAX {
            return Err(LoadError::TooLarge { bytes: size, limit: COMPONENT_BYTES_MAX });
        }
        let mut outline = Self { imports: Vec::new(), exports: Vec::new() };
        let mut nesting = Nesting::default();
        for payload in Parser::new(0).parse_all(bytes) {
            let payload = payload.map_err(|error| invalid(&format!("is not WebAssembly: {error}")))?;
            nesting.enter(&payload)?;
            if nesting.is_outermost() {
                outline.note(&payload)?;
            }
            nesting.leave(&payload);
        }
        Ok(outline)
    }

    /// The exported `guest` interface, by its full name.
    ///
    /// # Errors
    /// [`LoadError::ExportMissing`].
    pub(crate) fn guest(&self) -> Result<&str, LoadError> {
        let exported = self.exports.iter().find(|name| name.starts_with(GUEST));
        match exported {
            Some(name) if major(name) == Some(MAJOR) => Ok(name),
            Some(name) => Err(LoadError::ExportMissing(format!(
                "the component exports {name}; this host calls {GUEST}{MAJOR}: build it with an SDK of that major version"
            ))),
            None => Err(LoadError::ExportMissing(format!(
                "the component does not export {GUEST}{MAJOR}.0.0, so it is not a task; its exports are: {}",
                list(&self.exports)
            ))),
        }
    }

    /// Whether the grants cover every import.
    ///
    /// # Errors
    /// [`LoadError::ImportUngranted`] names the interface, the grant to add and the file.
    pub(crate) fn check_imports(&self, plugin: &str, grants: &Grants, granted_in: &str) -> Result<(), LoadError> {
        for import in &self.imports {
            match import_of(import) {
                Import::Open => {}
                Import::Granted { interface, key, example } => {
                    if !is_granted(interface, grants) {
                        return Err(LoadError::ImportUngranted(format!(
                            "the component imports {import}, for which plugin {plugin} has no grant; add `{key} = {example}` under [plugins.{plugin}.grants] in {granted_in}, or leave the import out of the component"
                        )));
                    }
                }
                Import::Refused { instead } => {
                    return Err(LoadError::ImportUngranted(format!(
                        "the component imports {import}, which no grant in {granted_in} opens; {instead}"
                    )));
                }
            }
        }
        Ok(())
    }

    /// The contract that the component was built to, for people.
    pub(crate) fn world(&self) -> String {
        let any_grant = self.imports.iter().any(|name| matches!(import_of(name), Import::Granted { .. }));
        match self.guest() {
            Ok(guest) => {
                let version = guest.rsplit_once('@').map_or("", |(_, version)| version);
                let world = if any_grant { "task-with-grants" } else { "task" };
                format!("stepwell:task/{world}@{version}")
            }
            Err(_) if self.exports.iter().any(|name| name.starts_with("wasi:cli/run@")) => {
                "wasi:cli/command".to_owned()
            }
            Err(_) if self.exports.iter().any(|name| name.starts_with("wasi:http/incoming-handler@")) => {
                "wasi:http/proxy".to_owned()
            }
            Err(_) => "unknown".to_owned(),
        }
    }

    fn note(&mut self, payload: &Payload<'_>) -> Result<(), LoadError> {
        let broken = |error: wasmparser::BinaryReaderError| invalid(&format!("is damaged: {error}"));
        match payload {
            Payload::ComponentImportSection(section) => {
                for import in section.clone() {
                    self.imports.push(import.map_err(broken)?.name.name.to_owned());
                }
            }
            Payload::ComponentExportSection(section) => {
                for export in section.clone() {
                    let export = export.map_err(broken)?;
                    if matches!(export.kind, ComponentExternalKind::Instance | ComponentExternalKind::Func) {
                        self.exports.push(export.name.name.to_owned());
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }
}

/// Where in the file the reader is. Components within a component are refused when they
/// hold code: several linked components are where most of the engine's lifting and lowering
/// faults were. The shims that toolchains wrap around exports hold types only.
#[derive(Default)]
struct Nesting {
    around: Vec<Part>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Component,
    Module,
}

impl Nesting {
    fn enter(&mut self, payload: &Payload<'_>) -> Result<(), LoadError> {
        if let Payload::Version { encoding, .. } = payload {
            let part = match encoding {
                Encoding::Component => Part::Component,
                Encoding::Module => Part::Module,
            };
            if self.around.is_empty() && part == Part::Module {
                return Err(invalid("is a core module, not a component; build it for the target wasm32-wasip2"));
            }
            let nested = self.around.iter().filter(|part| **part == Part::Component).count() > 1;
            if nested {
                return Err(invalid("holds another component with code of its own; link them into one module"));
            }
            self.around.push(part);
        }
        Ok(())
    }

    fn leave(&mut self, payload: &Payload<'_>) {
        if let Payload::End(_) = payload {
            self.around.pop();
        }
    }

    fn is_outermost(&self) -> bool {
        self.around.len() == 1
    }
}

enum Import {
    /// Always there: context, types, and the part of WASI that reaches nothing.
    Open,
    /// Opened by a grant.
    Granted { interface: Interface, key: &'static str, example: &'static str },
    /// Opened by nothing.
    Refused { instead: &'static str },
}

#[derive(Clone, Copy)]
enum Interface {
    Config,
    Secrets,
    Http,
    Sql,
    Files,
}

fn import_of(name: &str) -> Import {
    let interface = name.split('@').next().unwrap_or(name);
    if let Some(ours) = interface.strip_prefix(PACKAGE) {
        if major(name) != Some(MAJOR) {
            return Import::Refused { instead: "this host serves major version 1 of stepwell:task" };
        }
        return our_import(ours);
    }
    let open = ["wasi:cli/", "wasi:clocks/", "wasi:random/", "wasi:io/", "wasi:filesystem/"];
    if open.iter().any(|package| interface.starts_with(package)) {
        return Import::Open;
    }
    Import::Refused {
        instead: if interface.starts_with("wasi:http/") || interface.starts_with("wasi:sockets/") {
            "requests go through the interface http of stepwell:task, to the origins under `http` of the plugin's grants"
        } else if interface.starts_with("wasi:keyvalue/") || interface.starts_with("wasi:config/") {
            "settings come through the interface config of stepwell:task, files through files"
        } else {
            "this host has no such interface; a task imports interfaces of stepwell:task and WASI 0.2"
        },
    }
}

fn our_import(interface: &str) -> Import {
    let granted = |interface, key, example| Import::Granted { interface, key, example };
    match interface {
        "types" | "context" => Import::Open,
        "config" => granted(Interface::Config, "config", "{ key = \"value\" }"),
        "secrets" => granted(Interface::Secrets, "secrets", "[\"name\"]"),
        "http" => granted(Interface::Http, "http", "[\"https://host\"]"),
        "sql" => granted(Interface::Sql, "databases.NAME", "{ path = \"file.db\" }"),
        "files" => granted(Interface::Files, "directories.NAME", "{ path = \"directory\" }"),
        _ => Import::Refused { instead: "this version of the host does not know the interface; use a newer one" },
    }
}

fn is_granted(interface: Interface, grants: &Grants) -> bool {
    match interface {
        Interface::Config => !grants.config.is_empty(),
        Interface::Secrets => !grants.secrets.is_empty(),
        Interface::Http => !grants.http.is_empty(),
        Interface::Sql => !grants.databases.is_empty(),
        Interface::Files => !grants.directories.is_empty(),
    }
}

fn major(name: &str) -> Option<&str> {
    name.rsplit_once('@')?.1.split('.').next()
}

fn list(names: &[String]) -> String {
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

fn invalid(what: &str) -> LoadError {
    LoadError::Invalid(format!("the component {what}"))
}
