//! Checks a project file as a whole and resolves what it names.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::ops::Range;
use std::path::{Path, PathBuf};

use toml::Spanned;
use url::Url;

use stepwell_objects_local::Bucket;
use stepwell_tasks_wasm::{Access, Allocator, Directory, Grants, Limits, Secret};

use super::file::{
    AccessWord, AllocatorWord, File, GrantsTable, LimitsTable, Named, PluginTable, RouteTable, SecretTable,
};
use super::{DATA_DEFAULT, LISTEN_DEFAULT, Plugin, Problems, Project, Purpose, Route, Workflow};
use crate::nearest::suggestion;

/// Longest name of a project, workflow, plugin, grant or secret (characters).
const NAME_CHARS_MAX: usize = 64;

/// Shortest and longest name of a bucket (characters).
const BUCKET_CHARS_MIN: usize = 3;
const BUCKET_CHARS_MAX: usize = 63;

/// Longest path of a route (bytes).
const ROUTE_BYTES_MAX: usize = 256;

/// Largest file that a secret is read from (bytes).
const SECRET_BYTES_MAX: usize = 65_536;

/// Seconds that a plugin's limits may name, as the task port caps them.
const TIMEOUT_SECONDS_MAX: u64 = stepwell_tasks::TASK_SECONDS_MAX;

/// The most that each limit of a plugin can be set to: beyond these lies a slip of the pen.
const MEMORY_BYTES_MAX: u64 = 4 << 30;
const TABLE_ELEMENTS_MAX: u64 = 10_000_000;
const STACK_BYTES_MAX: u64 = 64 << 20;
const OUTPUT_BYTES_MAX: u64 = 262_144;
const LOG_BYTES_MAX: u64 = 64 << 20;
const CALLS_MAX: u64 = 10_000;

/// Paths that the host itself answers under.
const RESERVED: [&str; 4] = ["/api", "/livez", "/readyz", "/console"];

/// One check of one file.
pub struct Check<'a> {
    file: &'a Path,
    base: PathBuf,
    purpose: Purpose,
    problems: Problems,
}

impl<'a> Check<'a> {
    pub fn new(file: &'a Path, text: String, purpose: Purpose) -> Self {
        let base = file.parent().map(Path::to_owned).unwrap_or_default();
        Self { file, base, purpose, problems: Problems::new(file, text) }
    }

    pub fn run(mut self, parsed: File) -> Result<Project, Problems> {
        self.name(&parsed.project.name, "project");
        let listen = self.listen(parsed.host.listen.as_ref());
        let data = self.base.join(parsed.host.data.as_ref().map_or(DATA_DEFAULT, |data| data.get_ref().as_str()));
        let routes = self.routes(&parsed);
        let workflows = self.workflows(&parsed);
        for (name, secret) in &parsed.secrets {
            self.name(name, "secret");
            self.secret_sources(name, secret);
        }
        let plugins = self.plugins(&parsed);
        let buckets = self.buckets(&parsed);
        match listen {
            Some(listen) if self.problems.is_empty() => Ok(Project {
                name: parsed.project.name.into_inner(),
                file: self.file.to_owned(),
                text: self.problems.into_text(),
                listen,
                data,
                allocator: match parsed.host.allocator {
                    AllocatorWord::OnDemand => Allocator::OnDemand,
                    AllocatorWord::Pooling => Allocator::Pooling,
                },
                workflows,
                routes,
                plugins,
                buckets,
            }),
            Some(_) | None => Err(self.problems),
        }
    }

    fn problem(&mut self, span: Range<usize>, message: impl Into<String>, help: impl Into<String>) {
        self.problems.add(Some(span), message, Some(help.into()));
    }

    fn name(&mut self, name: &Spanned<String>, kind: &str) {
        let text = name.get_ref();
        let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if text.is_empty() || text.len() > NAME_CHARS_MAX || !text.chars().all(allowed) {
            let help = format!("use 1 to {NAME_CHARS_MAX} of the characters a-z A-Z 0-9 - _");
            self.problem(name.span(), format!("\"{text}\" is no name for a {kind}"), help);
        }
    }

    fn listen(&mut self, listen: Option<&Spanned<String>>) -> Option<SocketAddr> {
        let text = listen.map_or(LISTEN_DEFAULT, |listen| listen.get_ref().as_str());
        let parsed = text.parse().ok();
        if let (None, Some(listen)) = (parsed, listen) {
            let help = format!("write an IP address and a port, such as \"{LISTEN_DEFAULT}\" or \"[::1]:8083\"");
            self.problem(listen.span(), format!("\"{text}\" is no address to listen on"), help);
        }
        parsed
    }

    fn workflows(&mut self, parsed: &File) -> Vec<Workflow> {
        let mut workflows = Vec::new();
        for (name, table) in &parsed.workflows {
            self.name(name, "workflow");
            let definition = self.base.join(table.definition.get_ref());
            if !definition.is_file() {
                let message = format!("the definition {} does not exist", definition.display());
                let help = "correct the path; paths are relative to the project file";
                self.problem(table.definition.span(), message, help);
            }
            workflows.push(Workflow { name: name.get_ref().clone(), definition, span: table.definition.span() });
        }
        workflows
    }

    fn routes(&mut self, parsed: &File) -> Vec<Route> {
        let mut seen = BTreeSet::new();
        let known: Vec<&str> = parsed.workflows.keys().map(|name| name.get_ref().as_str()).collect();
        let mut routes = Vec::new();
        for table in &parsed.routes {
            self.route(table, &known);
            if !seen.insert(table.path.get_ref().as_str()) {
                let message = format!("the route {} is there twice", table.path.get_ref());
                self.problem(table.path.span(), message, "one path starts one workflow; remove one of them");
            }
            routes.push(Route { path: table.path.get_ref().clone(), start: table.start.get_ref().clone() });
        }
        routes
    }

    fn route(&mut self, table: &RouteTable, known: &[&str]) {
        if table.method.get_ref() != "POST" {
            let message = format!("a route cannot have the method \"{}\"", table.method.get_ref());
            self.problem(table.method.span(), message, "a route that starts a workflow has the method \"POST\"");
        }
        let path = table.path.get_ref();
        let allowed = |c: char| c.is_ascii_alphanumeric() || "/-_.~".contains(c);
        let clean = !path.split('/').skip(1).any(|part| part.is_empty() || part == "." || part == "..");
        if !path.starts_with('/') || path.len() > ROUTE_BYTES_MAX || !path.chars().all(allowed) || !clean {
            let help = "write a path such as \"/generate-report\": parts of a-z A-Z 0-9 - _ . ~ after slashes";
            self.problem(table.path.span(), format!("\"{path}\" is no path for a route"), help);
        }
        let below = |reserved: &str| path.strip_prefix(reserved).is_some_and(|r| r.is_empty() || r.starts_with('/'));
        if let Some(reserved) = RESERVED.iter().find(|reserved| below(reserved)) {
            let message = format!("the path {path} belongs to the host");
            self.problem(table.path.span(), message, format!("choose a path that is not below {reserved}"));
        }
        let start = table.start.get_ref();
        if !known.contains(&start.as_str()) {
            let message = format!("the route starts the workflow \"{start}\", which this file does not name");
            self.problem(table.start.span(), message, suggestion(start, known));
        }
    }

    /// Whether components, databases and directories are there, is seen when they are loaded.
    fn plugins(&mut self, parsed: &File) -> Vec<Plugin> {
        let mut plugins = Vec::new();
        for (name, table) in &parsed.plugins {
            self.name(name, "plugin");
            let plugin = self.plugin(name.get_ref(), table, &parsed.secrets);
            plugins.push(Plugin { plugin, span: name.span() });
        }
        plugins
    }

    fn buckets(&mut self, parsed: &File) -> BTreeMap<String, Bucket> {
        let mut buckets = BTreeMap::new();
        for (name, table) in &parsed.buckets {
            self.bucket_name(name);
            let access = match table.access {
                AccessWord::ReadOnly => stepwell_objects_local::Access::ReadOnly,
                AccessWord::ReadWrite => stepwell_objects_local::Access::ReadWrite,
            };
            buckets.insert(name.get_ref().clone(), Bucket { path: self.base.join(table.path.get_ref()), access });
        }
        buckets
    }

    /// As AWS has it, so that a definition can name the same bucket there.
    fn bucket_name(&mut self, name: &Spanned<String>) {
        let text = name.get_ref();
        let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.';
        let ends = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        if !(BUCKET_CHARS_MIN..=BUCKET_CHARS_MAX).contains(&text.len())
            || !text.chars().all(allowed)
            || !text.starts_with(ends)
            || !text.ends_with(ends)
        {
            let help = format!(
                "use {BUCKET_CHARS_MIN} to {BUCKET_CHARS_MAX} of the characters a-z 0-9 - . with a letter or a digit \
                 at both ends"
            );
            self.problem(name.span(), format!("\"{text}\" is no name for a bucket"), help);
        }
    }

    fn plugin(&mut self, name: &str, table: &PluginTable, secrets: &Named<SecretTable>) -> stepwell_tasks_wasm::Plugin {
        stepwell_tasks_wasm::Plugin {
            name: name.to_owned(),
            component: self.base.join(table.component.get_ref()),
            limits: self.limits(&table.limits),
            grants: self.grants(&table.grants, secrets),
            granted_in: self.file.display().to_string(),
        }
    }

    fn limits(&mut self, table: &LimitsTable) -> Limits {
        let unset = Limits::default();
        let seconds_max = self.limit(&table.timeout_seconds_max, unset.timeout_seconds_max, TIMEOUT_SECONDS_MAX);
        let limits = Limits {
            timeout_seconds_default: self.limit(
                &table.timeout_seconds_default,
                unset.timeout_seconds_default.min(seconds_max),
                TIMEOUT_SECONDS_MAX,
            ),
            timeout_seconds_max: seconds_max,
            memory_bytes_max: self.size(&table.memory_bytes_max, unset.memory_bytes_max, MEMORY_BYTES_MAX),
            table_elements_max: self.size(&table.table_elements_max, unset.table_elements_max, TABLE_ELEMENTS_MAX),
            stack_bytes_max: self.size(&table.stack_bytes_max, unset.stack_bytes_max, STACK_BYTES_MAX),
            output_bytes_max: self.size(&table.output_bytes_max, unset.output_bytes_max, OUTPUT_BYTES_MAX),
            log_bytes_max: self.size(&table.log_bytes_max, unset.log_bytes_max, LOG_BYTES_MAX),
            concurrent_calls_max: self.size(&table.concurrent_calls_max, unset.concurrent_calls_max, CALLS_MAX),
        };
        if let Some(default) = &table.timeout_seconds_default
            && *default.get_ref() > limits.timeout_seconds_max
        {
            let message = format!(
                "timeout_seconds_default is {}, more than timeout_seconds_max, which is {}",
                default.get_ref(),
                limits.timeout_seconds_max
            );
            self.problem(default.span(), message, "raise the maximum or lower the default");
        }
        limits
    }

    fn limit(&mut self, value: &Option<Spanned<u64>>, unset: u64, max: u64) -> u64 {
        let Some(value) = value else { return unset };
        if !(1..=max).contains(value.get_ref()) {
            let message = format!("{} is outside of what this limit can be", value.get_ref());
            self.problem(value.span(), message, format!("write a number from 1 to {max}"));
        }
        *value.get_ref()
    }

    fn size(&mut self, value: &Option<Spanned<u64>>, unset: usize, max: u64) -> usize {
        let unset = u64::try_from(unset).unwrap_or(max);
        usize::try_from(self.limit(value, unset, max)).unwrap_or(usize::MAX)
    }

    fn grants(&mut self, table: &GrantsTable, secrets: &Named<SecretTable>) -> Grants {
        let mut grants = Grants { config: table.config.clone(), ..Grants::default() };
        for origin in &table.http {
            self.origin(origin);
            grants.http.push(origin.get_ref().clone());
        }
        for (name, database) in &table.databases {
            self.name(name, "database");
            grants.databases.insert(name.get_ref().clone(), self.base.join(database.path.get_ref()));
        }
        for (name, directory) in &table.directories {
            self.name(name, "directory");
            let access = match directory.access {
                AccessWord::ReadOnly => Access::ReadOnly,
                AccessWord::ReadWrite => Access::ReadWrite,
            };
            let directory = Directory { path: self.base.join(directory.path.get_ref()), access };
            grants.directories.insert(name.get_ref().clone(), directory);
        }
        for name in &table.secrets {
            if let Some(secret) = self.secret(name, secrets) {
                grants.secrets.insert(name.get_ref().clone(), secret);
            }
        }
        grants
    }

    fn origin(&mut self, origin: &Spanned<String>) {
        let text = origin.get_ref();
        let valid = Url::parse(text).ok().is_some_and(|url| {
            matches!(url.scheme(), "http" | "https")
                && url.host_str().is_some_and(|host| !host.is_empty())
                && url.path() == "/"
                && !text.ends_with('/')
                && url.query().is_none()
                && url.fragment().is_none()
                && url.username().is_empty()
                && url.password().is_none()
        });
        if !valid {
            let help = "write scheme, host and port, such as \"https://api.example.com\", \
                        \"https://*.example.com\" or \"http://127.0.0.1:9099\"";
            self.problem(origin.span(), format!("\"{text}\" is no origin"), help);
        }
    }

    fn secret_sources(&mut self, name: &Spanned<String>, table: &SecretTable) {
        let help = "write env = \"VARIABLE\" or file = \"PATH\"; value_for_development may stand beside it for `dev`";
        if table.env.is_some() && table.file.is_some() {
            self.problem(name.span(), format!("the secret \"{name}\" comes from two places"), help);
        }
        if table.env.is_none() && table.file.is_none() && table.value_for_development.is_none() {
            self.problem(name.span(), format!("the secret \"{name}\" comes from nowhere"), help);
        }
    }

    fn secret(&mut self, name: &Spanned<String>, secrets: &Named<SecretTable>) -> Option<Secret> {
        let Some((_, table)) = secrets.iter().find(|(known, _)| known.get_ref() == name.get_ref()) else {
            let known: Vec<&str> = secrets.keys().map(|name| name.get_ref().as_str()).collect();
            let message = format!("the grant names the secret \"{name}\", which this file does not describe");
            self.problem(name.span(), message, suggestion(name.get_ref(), &known));
            return None;
        };
        let development = match self.purpose {
            Purpose::Development => table.value_for_development.as_ref(),
            Purpose::Production => None,
        };
        match (self.secret_from_outside(table), development) {
            (Some(Ok(value)), _) => Some(Secret::new(value)),
            (Some(Err(_)) | None, Some(value)) => Some(Secret::new(value.get_ref().clone())),
            (Some(Err(missing)), None) => {
                let message = format!("the secret \"{name}\" has no value: {}", missing.reason);
                self.problem(missing.span, message, missing.help);
                None
            }
            // That it comes from nowhere is said where it is described.
            (None, None) if table.value_for_development.is_none() => None,
            (None, None) => {
                let message = format!("the secret \"{name}\" has only a value for development");
                self.problem(name.span(), message, "`stepwell serve` needs env = \"VARIABLE\" or file = \"PATH\"");
                None
            }
        }
    }

    /// The value from the environment or a file; why there is none.
    fn secret_from_outside(&self, table: &SecretTable) -> Option<Result<String, Missing>> {
        if let Some(variable) = &table.env {
            let help = format!("export {variable}=…");
            let refuse = |reason: &str| Missing { span: variable.span(), reason: reason.to_owned(), help };
            return Some(match std::env::var(variable.get_ref()) {
                Ok(value) if !value.is_empty() => Ok(value),
                Ok(_) => Err(refuse("its variable is empty")),
                Err(_) => Err(refuse("its variable is not set in the environment")),
            });
        }
        let file = table.file.as_ref()?;
        let path = self.base.join(file.get_ref());
        let help = "write the value into the file".to_owned();
        let refuse = |reason: String| Missing { span: file.span(), reason, help };
        Some(match std::fs::read_to_string(&path) {
            Ok(value) if value.len() > SECRET_BYTES_MAX => {
                Err(refuse(format!("{} is larger than {SECRET_BYTES_MAX} bytes", path.display())))
            }
            Ok(value) if value.trim_end_matches(['\r', '\n']).is_empty() => {
                Err(refuse(format!("{} is empty", path.display())))
            }
            Ok(value) => Ok(value.trim_end_matches(['\r', '\n']).to_owned()),
            Err(error) => Err(refuse(format!("cannot read {}: {error}", path.display()))),
        })
    }
}

/// Why a secret has no value.
struct Missing {
    span: Range<usize>,
    reason: String,
    help: String,
}
