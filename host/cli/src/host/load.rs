//! Loads what a project names: definitions, plugins, and the engine on its store.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use stepwell_asl::{Machine, Severity};
use stepwell_objects::Objects;
use stepwell_objects_local::LocalObjects;
use stepwell_tasks_wasm::{Allocator, LoadError, Plugin, Progress, RuntimeOptions, Stage, WasmTasks};

use super::logs::Voice;
use crate::definition::Source;
use crate::excerpt::{self, Message};
use crate::exit::{Code, Exit};
use crate::project::Project;
use crate::style::Palette;
use crate::tree;

/// Reads every definition. All problems of all of them come back together, rendered.
pub fn definitions(project: &Project, palette: &Palette) -> Result<Vec<(String, Source)>, Exit> {
    let known: Vec<&str> = project.plugins.iter().map(|plugin| plugin.plugin.name.as_str()).collect();
    let mut sources = Vec::new();
    let mut problems = Vec::new();
    for workflow in &project.workflows {
        let source = match Source::read(&workflow.definition) {
            Ok(source) => source,
            Err(message) => {
                problems.push(project_problem(project, &message, None, workflow.span.clone(), palette));
                continue;
            }
        };
        match Machine::parse(&source.text) {
            Ok(machine) => {
                let unknown = source.unknown_tasks(&machine, &known);
                problems.extend(unknown.iter().map(|unknown| source.render_unknown(unknown, palette)));
                let unknown = source.unknown_buckets(&project.buckets);
                problems.extend(unknown.iter().map(|unknown| source.render_unknown(unknown, palette)));
            }
            Err(diagnostics) => {
                let errors = diagnostics.iter().filter(|diagnostic| diagnostic.severity == Severity::Error);
                problems.extend(errors.map(|diagnostic| source.render(diagnostic, palette)));
            }
        }
        sources.push((workflow.name.clone(), source));
    }
    if problems.is_empty() { Ok(sources) } else { Err(Exit::new(Code::Invalid, problems.join("\n"))) }
}

/// Opens the granted buckets.
pub fn open_buckets(project: &Project) -> Result<Arc<dyn Objects>, Exit> {
    match LocalObjects::new(project.buckets.clone()) {
        Ok(objects) => Ok(Arc::new(objects)),
        Err(error) => Err(Exit::new(Code::Invalid, error.to_string())
            .help("correct the path of the bucket in the project file; a read-write one is made when it is missing")),
    }
}

/// Plugins, and how each came: compiled, or from the cache.
#[derive(Debug)]
pub struct LoadedTasks {
    pub tasks: Arc<WasmTasks>,
    pub origins: BTreeMap<String, String>,
}

/// Loads plugins: takes them from the cache, or compiles them, which takes its time and is told.
pub async fn load_tasks(
    plugins: Vec<Plugin>,
    compiled: PathBuf,
    allocator: Allocator,
    voice: Voice,
) -> Result<LoadedTasks, Exit> {
    let options = RuntimeOptions { cache_directory: Some(compiled), allocator, ..RuntimeOptions::default() };
    let loading = tokio::task::spawn_blocking(move || {
        let origins = Mutex::new(BTreeMap::new());
        let tell = |progress: Progress| {
            let mut origins = origins.lock().unwrap_or_else(PoisonError::into_inner);
            note(progress, &mut origins, voice);
        };
        let tasks = WasmTasks::load(options, plugins, &tell)?;
        let origins = origins.into_inner().unwrap_or_else(PoisonError::into_inner);
        Ok::<_, stepwell_tasks_wasm::Error>(LoadedTasks { tasks: Arc::new(tasks), origins })
    });
    match loading.await {
        Ok(Ok(loaded)) => Ok(loaded),
        Ok(Err(error)) => Err(Exit::new(Code::Failed, error.to_string())),
        Err(error) => Err(Exit::new(Code::Failed, format!("loading the plugins broke off: {error}"))),
    }
}

fn note(progress: Progress, origins: &mut BTreeMap<String, String>, voice: Voice) {
    let Progress { plugin, stage } = progress;
    match stage {
        Stage::Compiling { bytes } => {
            voice.say(&format!("  compiling {plugin} ({} kB) …", bytes.div_ceil(1_000)));
            origins.insert(plugin, "compiled".to_owned());
        }
        Stage::FromCache => {
            origins.insert(plugin, "from cache".to_owned());
        }
        Stage::Ready { elapsed } => {
            let how = origins.get(&plugin).map_or("loaded", String::as_str);
            let line = format!("{how}, {}", tree::elapsed(elapsed));
            origins.insert(plugin, line);
        }
        Stage::Broken => {
            origins.insert(plugin, "broken".to_owned());
        }
    }
}

/// The plugins that could not be loaded, each with its place in the project file.
pub fn render_broken(project: &Project, broken: &[(String, LoadError)], palette: &Palette) -> String {
    let render = |(name, reason): &(String, LoadError)| {
        let plugin = project.plugins.iter().find(|plugin| plugin.plugin.name == *name);
        let message = format!("the plugin \"{name}\" cannot be loaded: {reason}");
        let span = plugin.map_or(0..0, |plugin| plugin.span.clone());
        project_problem(project, &message, Some(reason.failure().error.as_str()), span, palette)
    };
    broken.iter().map(render).collect::<Vec<_>>().join("\n")
}

fn project_problem(
    project: &Project,
    text: &str,
    code: Option<&str>,
    span: std::ops::Range<usize>,
    palette: &Palette,
) -> String {
    let message = Message { level: "error", code, text, help: None, pointer: None };
    excerpt::render(&message, &project.file.display().to_string(), &project.text, Some(span), palette)
}
