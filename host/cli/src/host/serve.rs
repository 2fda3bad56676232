//! Serves a project until it is told to end.
//!
//! The order matters: what is cheap to refuse is refused first; the data directory is locked
//! and the port taken before anything is compiled; nothing is answered before the engine has
//! recovered; and when a signal comes, nothing new is taken while what runs comes to rest.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use stepwell_api::{ApiOptions, wire};
use stepwell_asl::expr::Value;
use stepwell_engine::{Engine, Options};
use stepwell_store::Store;
use stepwell_store_embedded::EmbeddedStore;
use stepwell_tasks::Tasks;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;

use super::load::{LoadedTasks, definitions, load_tasks, open_buckets, render_broken};
use super::logs::{self, Voice};
use super::{ServeArguments, Setup};
use crate::definition::Source;
use crate::exit::{Code, Exit};
use crate::project::{Project, Purpose};
use crate::style::{ColorChoice, Paint, Palette};

/// How long calls that are out may take to come back when the host goes down.
const DRAIN_LIMIT: Duration = Duration::from_secs(30);

/// How long answers under way may take after that.
const CLOSE_LIMIT: Duration = Duration::from_secs(3);

/// Serves until SIGTERM or SIGINT.
pub async fn serve(setup: Setup, color: ColorChoice) -> Result<Code, Exit> {
    let palette = Palette::for_stderr(color);
    let voice = logs::begin(setup.purpose == Purpose::Development, color)?;
    let mut signals = Signals::new()?;
    let project = read_project(&setup, &palette)?;
    let listen = listen_address(&setup.arguments, &project)?;
    let sources = definitions(&project, &palette)?;
    let data = setup.arguments.data.clone().unwrap_or_else(|| project.data.clone());
    introduce(&project, &data, &palette, voice);
    let store = open_store(&data)?;
    #[cfg(feature = "seeded-bugs")]
    let store = super::seeded::store(store);
    let listener = bind(listen).await?;

    let starting = start_engine(&setup, &project, &sources, &data, store, &palette, voice);
    let (engine, loaded) = tokio::select! {
        outcome = starting => outcome?,
        () = signals.next() => return Ok(Code::Interrupted),
    };
    let options = api_options(&project, &*loaded.tasks, listen);
    let router = stepwell_api::router(engine.clone(), options);
    let (finish, finished) = oneshot::channel::<()>();
    // The sender gone is the sign to finish.
    let server = tokio::spawn(stepwell_api::serve(listener, router, async move {
        drop(finished.await);
    }));
    let local = engine.ready().open_executions;
    if local > 0 {
        voice.say(&format!("  {local} executions of an earlier run go on"));
    }
    let url = palette.paint(Paint::Active, &format!("http://{listen}"));
    voice.say(&format!("listening on {url}"));

    signals.next().await;
    voice.say("going down: waiting for calls that are out; a second signal ends at once");
    let down = async {
        engine.drain(DRAIN_LIMIT).await;
        drop(finish);
        drop(tokio::time::timeout(CLOSE_LIMIT, server).await);
    };
    tokio::select! {
        () = down => Ok(Code::Ok),
        () = signals.next() => Ok(Code::Interrupted),
    }
}

fn read_project(setup: &Setup, palette: &Palette) -> Result<Project, Exit> {
    Project::read(&setup.file, setup.purpose).map_err(|problems| Exit::new(Code::Invalid, problems.render(palette)))
}

fn listen_address(arguments: &ServeArguments, project: &Project) -> Result<SocketAddr, Exit> {
    let listen = arguments.listen.unwrap_or(project.listen);
    if listen.ip().is_loopback() || arguments.insecure_no_auth {
        return Ok(listen);
    }
    let message = format!(
        "the host would listen on {listen}, where others reach it, and does not ask yet who they are; \
         it only listens on loopback"
    );
    Err(Exit::new(Code::Usage, message).help(format!(
        "listen on 127.0.0.1:{}, behind a proxy that asks; or add --insecure-no-auth in a network you trust",
        listen.port()
    )))
}

fn introduce(project: &Project, data: &Path, palette: &Palette, voice: Voice) {
    let name = palette.paint(Paint::Strong, &project.name);
    voice.say(&format!("stepwell {}: project {name} ({})", env!("CARGO_PKG_VERSION"), project.file.display()));
    voice.say(&format!("  data      {}", data.display()));
}

fn open_store(data: &Path) -> Result<Arc<dyn Store>, Exit> {
    std::fs::create_dir_all(data).map_err(|error| {
        Exit::new(Code::Failed, format!("the data directory {} cannot be made: {error}", data.display()))
            .help("name another with --data DIR, or in the project file: [host] data = \"…\"")
    })?;
    let shown = data.display();
    match EmbeddedStore::open(data) {
        Ok(store) => Ok(Arc::new(store)),
        Err(stepwell_store::Error::Locked(reason)) => {
            let message = format!("the data directory {shown} is in use: {reason}");
            Err(Exit::new(Code::Failed, message)
                .help("one host at a time works on a data directory; end the other one, or use --data DIR"))
        }
        Err(error) => Err(Exit::new(Code::Failed, format!("the store in {shown} does not open: {error}"))),
    }
}

async fn bind(listen: SocketAddr) -> Result<TcpListener, Exit> {
    TcpListener::bind(listen).await.map_err(|error| {
        let exit = Exit::new(Code::Failed, format!("cannot listen on {listen}: {error}"));
        match error.kind() {
            ErrorKind::AddrInUse => {
                exit.help("another program has the port; end it, or choose one with --listen IP:PORT")
            }
            ErrorKind::PermissionDenied => {
                exit.help("ports below 1024 need a privilege; choose one with --listen IP:PORT")
            }
            ErrorKind::AddrNotAvailable => {
                exit.help("this machine does not have that address; choose one with --listen IP:PORT")
            }
            _ => exit,
        }
    })
}

async fn start_engine(
    setup: &Setup,
    project: &Project,
    sources: &[(String, Source)],
    data: &Path,
    store: Arc<dyn Store>,
    palette: &Palette,
    voice: Voice,
) -> Result<(Engine, LoadedTasks), Exit> {
    let plugins = project.plugins.iter().map(|plugin| plugin.plugin.clone()).collect();
    let loaded = load_tasks(plugins, setup.arguments.compiled.directory(data), project.allocator, voice).await?;
    tell_plugins(project, &loaded, voice);
    let broken = loaded.tasks.broken();
    if !broken.is_empty() {
        let rendered = render_broken(project, &broken, palette);
        if !setup.keep_going {
            let exit = Exit::new(Code::Invalid, rendered);
            return Err(match setup.purpose {
                Purpose::Development => exit.help("correct this, or add --keep-going: calls to these tasks then fail"),
                Purpose::Production => exit,
            });
        }
        crate::output::say(&rendered);
    }
    let tasks: Arc<dyn Tasks> = loaded.tasks.clone();
    #[cfg(feature = "seeded-bugs")]
    let tasks = super::seeded::tasks(tasks);
    let runtime = tokio::runtime::Handle::current();
    let options = Options { objects: open_buckets(project)?, ..Options::default() };
    let opening = tokio::task::spawn_blocking(move || Engine::open(options, store, tasks, runtime));
    let engine = match opening.await {
        Ok(Ok(engine)) => engine,
        Ok(Err(error)) => return Err(Exit::new(Code::Failed, format!("the engine does not start: {error}"))),
        Err(error) => return Err(Exit::new(Code::Failed, format!("the engine does not start: {error}"))),
    };
    for (name, source) in sources {
        let info = engine.put_workflow(name, &source.text).map_err(|diagnostics| {
            let rendered: Vec<String> = diagnostics.iter().map(|one| source.render(one, palette)).collect();
            Exit::new(Code::Invalid, rendered.join("\n"))
        })?;
        voice.say(&format!("  workflow  {name}  {}  {}", source.path.display(), short(&info.digest)));
    }
    for (name, bucket) in &project.buckets {
        voice.say(&format!("  bucket    {name}  {}", bucket.path.display()));
    }
    for route in &project.routes {
        voice.say(&format!("  route     POST {} starts {}", route.path, route.start));
    }
    Ok((engine, loaded))
}

fn tell_plugins(project: &Project, loaded: &LoadedTasks, voice: Voice) {
    let width = project.plugins.iter().map(|plugin| plugin.plugin.name.len()).max().unwrap_or(0);
    for plugin in &project.plugins {
        let plugin = &plugin.plugin;
        let digest = loaded.tasks.describe(&plugin.name).map(|task| task.component).unwrap_or_default();
        let kilobytes = std::fs::metadata(&plugin.component).map(|meta| meta.len().div_ceil(1_000)).unwrap_or(0);
        let origin = loaded.origins.get(&plugin.name).map_or("", String::as_str);
        voice.say(&format!("  plugin    {:width$}  {}  {kilobytes} kB  {origin}", plugin.name, short(&digest)));
    }
}

/// `sha256:` and the first digits of a digest.
fn short(digest: &str) -> &str {
    digest.get(..19).unwrap_or(digest)
}

fn api_options(project: &Project, tasks: &dyn Tasks, listen: SocketAddr) -> ApiOptions {
    let route = |route: &crate::project::Route| stepwell_api::Route {
        method: "POST".to_owned(),
        path: route.path.clone(),
        start: route.start.clone(),
    };
    let describe = |name: &String| tasks.describe(name);
    let task = |task: stepwell_tasks::Descriptor| wire::Task {
        name: task.task,
        component: task.component,
        description: Value::parse(&task.description).unwrap_or_default(),
        timeout_seconds_default: task.timeout_seconds_default,
        broken: task.broken.map(|failure| wire::Broken { error: failure.error, cause: failure.cause }),
    };
    let mut allowed_hosts = Vec::new();
    if listen.ip().is_loopback() {
        allowed_hosts = ApiOptions::loopback_hosts();
        let own = if listen.is_ipv6() { format!("[{}]", listen.ip()) } else { listen.ip().to_string() };
        if !allowed_hosts.contains(&own) {
            allowed_hosts.push(own);
        }
    }
    ApiOptions {
        routes: project.routes.iter().map(route).collect(),
        tasks: tasks.names().iter().filter_map(describe).map(task).collect(),
        allowed_hosts,
    }
}

/// SIGTERM and SIGINT, both of which mean the same.
#[derive(Debug)]
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn new() -> Result<Self, Exit> {
        let catch =
            |kind| signal(kind).map_err(|error| Exit::new(Code::Failed, format!("signals cannot be caught: {error}")));
        Ok(Self { terminate: catch(SignalKind::terminate())?, interrupt: catch(SignalKind::interrupt())? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
