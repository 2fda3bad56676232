//! `stepwell run`: one workflow, once, in this process.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use stepwell_api::wire;
use stepwell_asl::Machine;
use stepwell_asl::expr::Value;
use stepwell_engine::{Engine, ExecutionView, Options, StartRequest, Status};
use stepwell_objects::Objects;
use stepwell_store::MemoryStore;
use stepwell_tasks_wasm::Plugin;
use tokio::sync::mpsc::unbounded_channel;

use crate::args::{InputArguments, OutputArguments};
use crate::definition::Source;
use crate::exit::{Code, Exit};
use crate::host::{CompiledArguments, Voice, load_tasks, open_buckets, render_broken};
use crate::output::{document, pretty, printable};
use crate::project::{Project, Purpose};
use crate::style::{ColorChoice, Palette};
use crate::tree::Live;
use crate::{follow, input};

const EXAMPLES: &str = "\
Examples:
  stepwell run host/examples/report/report.asl.json -i '{\"month\": 1}'
  stepwell run report.asl.json -i @input.json --timeout 60 > output.json

Tasks are the plugins of the project file beside the definition, or of the nearest one above it.
Nothing is kept: the states are shown on standard error as they go, then what the tasks wrote to
their log, and standard output is the output. The exit code is 0 when the execution succeeded, 1 when not.";

/// How long tasks that nobody waits for any more may take to end.
const DRAIN_LIMIT: Duration = Duration::from_millis(200);

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// The definition
    #[arg(value_name = "FILE")]
    definition: PathBuf,
    #[command(flatten)]
    input: InputArguments,
    /// The project file whose plugins are called, instead of the nearest one
    #[arg(long, env = "STEPWELL_PROJECT", value_name = "FILE")]
    project: Option<PathBuf>,
    /// Wait at most so long
    #[arg(long, env = "STEPWELL_TIMEOUT", value_name = "SECONDS")]
    timeout: Option<u64>,
    #[command(flatten)]
    compiled: CompiledArguments,
    #[command(flatten)]
    output: OutputArguments,
}

pub async fn run(arguments: Arguments, color: ColorChoice) -> anyhow::Result<Code> {
    let palette = Palette::for_stderr(color);
    let input = input::read(&arguments.input.input)?;
    let source = Source::read(&arguments.definition).map_err(|message| Exit::new(Code::NotFound, message))?;
    let machine = Machine::parse(&source.text).map_err(|diagnostics| {
        let rendered: Vec<String> = diagnostics.iter().map(|one| source.render(one, &palette)).collect();
        Exit::new(Code::Invalid, rendered.join("\n"))
    })?;
    let directory = source.path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let project_file = arguments.project.or_else(|| Project::nearest(directory.unwrap_or(Path::new("."))));
    let project = project_file.map(|file| Project::read(&file, Purpose::Development)).transpose();
    let project = project.map_err(|problems| Exit::new(Code::Invalid, problems.render(&palette)))?;
    let tasks = plugins(&source, &machine, project.as_ref(), &arguments.compiled, &palette).await?;

    let name = workflow_name(&source.path);
    let runtime = tokio::runtime::Handle::current();
    let options = Options { objects: buckets(&source, project.as_ref(), &palette)?, ..Options::default() };
    let engine = Engine::open(options, Arc::new(MemoryStore::new()), tasks, runtime)?;
    engine.put_workflow(&name, &source.text).map_err(|_| Exit::new(Code::Invalid, "the definition is not valid"))?;
    let started = engine.start(StartRequest { workflow: name, name: None, input }).await?;
    let limit = arguments.timeout.map(Duration::from_secs);
    let mut live = Live::new(palette);
    show(&engine, &started.id, &mut live, limit).await?;
    let view = engine.execution(&started.id)?;
    show_logs(&engine, &started.id)?;
    engine.drain(DRAIN_LIMIT).await;
    finish(&view, arguments.output)
}

/// The plugins that the definition calls, and no others: the rest need not be compiled.
async fn plugins(
    source: &Source,
    machine: &Machine,
    project: Option<&Project>,
    compiled: &CompiledArguments,
    palette: &Palette,
) -> anyhow::Result<Arc<dyn stepwell_tasks::Tasks>> {
    let all = project.map(|project| project.plugins.as_slice()).unwrap_or_default();
    let known: Vec<&str> = all.iter().map(|plugin| plugin.plugin.name.as_str()).collect();
    let unknown = source.unknown_tasks(machine, &known);
    if !unknown.is_empty() {
        let rendered: Vec<String> = unknown.iter().map(|one| source.render_unknown(one, palette)).collect();
        let exit = Exit::new(Code::Invalid, rendered.join("\n"));
        return Err(if project.is_some() {
            exit.into()
        } else {
            exit.help("there is no stepwell.toml beside the definition or above it; name one with --project").into()
        });
    }
    let Some(project) = project else {
        return Ok(Arc::new(stepwell_tasks::FakeTasks::new()));
    };
    let called: BTreeSet<Arc<str>> = machine.resources().iter().map(|(_, resource)| resource.task_name()).collect();
    let names_all = machine_calls_by_input(&source.text);
    let wanted: Vec<Plugin> = all
        .iter()
        .map(|plugin| plugin.plugin.clone())
        .filter(|plugin| names_all || called.contains(plugin.name.as_str()))
        .collect();
    let loaded = load_tasks(wanted, compiled.directory(&project.data), project.allocator, Voice::Lines).await?;
    let broken = loaded.tasks.broken();
    if !broken.is_empty() {
        return Err(Exit::new(Code::Invalid, render_broken(project, &broken, palette)).into());
    }
    Ok(loaded.tasks)
}

/// The buckets that the project grants; those that the definition names must be among them.
fn buckets(source: &Source, project: Option<&Project>, palette: &Palette) -> anyhow::Result<Arc<dyn Objects>> {
    let none = BTreeMap::new();
    let unknown = source.unknown_buckets(project.map_or(&none, |project| &project.buckets));
    if !unknown.is_empty() {
        let rendered: Vec<String> = unknown.iter().map(|one| source.render_unknown(one, palette)).collect();
        return Err(Exit::new(Code::Invalid, rendered.join("\n")).into());
    }
    match project {
        Some(project) => Ok(open_buckets(project)?),
        None => Ok(Options::default().objects),
    }
}

/// Whether a function's name may come from the input, so that any plugin may be called.
fn machine_calls_by_input(text: &str) -> bool {
    text.contains("FunctionName.$")
}

/// A file's name without its ends, as a workflow's name.
fn workflow_name(path: &Path) -> String {
    let stem = path.file_name().and_then(|name| name.to_str()).and_then(|name| name.split('.').next()).unwrap_or("");
    let clean: String = stem.chars().filter(|c| c.is_ascii_alphanumeric() || "-_".contains(*c)).take(64).collect();
    if clean.is_empty() { "workflow".to_owned() } else { clean }
}

async fn show(engine: &Engine, id: &str, live: &mut Live, limit: Option<Duration>) -> anyhow::Result<()> {
    let (sender, events) = unbounded_channel();
    let mut watch = engine.watch(id).await?;
    let watching = tokio::spawn(async move {
        while let Some(event) = watch.next().await {
            if sender.send(event.to_json()).is_err() {
                break;
            }
        }
    });
    let shown = follow::show(live, events, limit, async || runs_of(engine, id).await).await;
    watching.abort();
    Ok(shown?)
}

/// The map runs, as a host would tell them.
async fn runs_of(engine: &Engine, id: &str) -> Option<Value> {
    let runs = engine.map_runs(id).await.ok()?;
    let map_runs = runs.iter().map(wire::MapRun::of).collect();
    Value::parse(&serde_json::to_string(&wire::MapRuns { map_runs }).ok()?).ok()
}

/// What the tasks wrote, by the call's number in the history. A host keeps it for `executions
/// logs`; here it is shown, since nothing is kept.
fn show_logs(engine: &Engine, id: &str) -> anyhow::Result<()> {
    for log in engine.call_logs(id)? {
        for line in log.text.lines() {
            eprintln!("  log of call {}: {}", log.call, printable(line));
        }
    }
    Ok(())
}

fn finish(view: &ExecutionView, output: OutputArguments) -> anyhow::Result<Code> {
    match view.status {
        Status::Succeeded => {
            let result: Value = view.output.clone().unwrap_or_default();
            document(output.output, &result, pretty);
            Ok(Code::Ok)
        }
        Status::Running | Status::Failed | Status::TimedOut | Status::Aborted => {
            let failure = view.failure.clone().unwrap_or_default();
            let cause = failure.cause.as_deref().unwrap_or("");
            Err(super::start::failed(view.status.name(), failure.error_name(), cause).into())
        }
    }
}
