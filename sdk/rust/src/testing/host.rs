//! The SDK's functions over the host that the thread has installed.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use super::{Call, Directory, Host};
use crate::{files, http, sql};

thread_local! {
    static INSTALLED: RefCell<Option<Rc<RefCell<Host>>>> = const { RefCell::new(None) };
}

/// Puts a host in place and returns the one that was there.
pub fn replace(host: Option<Rc<RefCell<Host>>>) -> Option<Rc<RefCell<Host>>> {
    INSTALLED.with_borrow_mut(|installed| std::mem::replace(installed, host))
}

pub fn idempotency_key() -> String {
    with_call(|call| call.idempotency_key.clone())
}

pub fn attempt() -> u32 {
    with_call(|call| call.attempt)
}

pub fn dispatch() -> u32 {
    with_call(|call| call.dispatch)
}

pub fn execution_id() -> String {
    with_call(|call| call.execution_id.clone())
}

pub fn execution_name() -> String {
    with_call(|call| call.execution_name.clone())
}

pub fn workflow_name() -> String {
    with_call(|call| call.workflow_name.clone())
}

pub fn state_name() -> String {
    with_call(|call| call.state_name.clone())
}

pub fn fuel_left() -> u64 {
    with_call(|call| call.fuel_left)
}

pub fn config_get(key: &str) -> Option<String> {
    with(|host| host.config.get(key).cloned())
}

pub fn secret_get(name: &str) -> Option<String> {
    with(|host| host.secrets.get(name).cloned())
}

pub fn http_send(request: http::Request) -> Result<http::Response, http::Error> {
    // The responder is taken out for the call, so that it may itself look at the host.
    let Some(mut responder) = with(|host| host.http.take()) else {
        return Err(http::Error::Denied(format!(
            "no grant covers {}: give the test's host an `http` responder",
            request.url
        )));
    };
    let answer = responder(&request);
    with(|host| {
        host.http = Some(responder);
        host.requests.push(request);
    });
    answer
}

pub fn sql_query(
    database: &str,
    statement: &str,
    parameters: &[sql::Value],
    rows_max: u32,
) -> Result<sql::Rows, sql::Error> {
    let Some(mut responder) = with(|host| host.databases.remove(database)) else {
        return Err(sql::Error::Denied(format!("no database is granted as `{database}`")));
    };
    let mut found = responder(statement, parameters);
    with(|host| host.databases.insert(database.to_owned(), responder));
    if let Ok(rows) = &mut found {
        let kept = usize::try_from(rows_max).unwrap_or(usize::MAX);
        rows.truncated |= rows.rows.len() > kept;
        rows.rows.truncate(kept);
    }
    found
}

pub fn files_read(directory: &str, path: &str) -> Result<Vec<u8>, files::Error> {
    with_directory(directory, path, |granted| {
        granted.files.get(path).cloned().ok_or_else(|| not_found(directory, path))
    })
}

pub fn files_write(directory: &str, path: &str, content: &[u8]) -> Result<(), files::Error> {
    with_writable(directory, path, |granted| {
        granted.files.insert(path.to_owned(), content.to_vec());
        Ok(())
    })
}

pub fn files_create_new(directory: &str, path: &str, content: &[u8]) -> Result<(), files::Error> {
    with_writable(directory, path, |granted| {
        if granted.files.contains_key(path) {
            return Err(files::Error::Exists(format!("`{path}` is taken in `{directory}`")));
        }
        granted.files.insert(path.to_owned(), content.to_vec());
        Ok(())
    })
}

pub fn files_stat(directory: &str, path: &str) -> Result<files::Metadata, files::Error> {
    with_directory(directory, path, |granted| {
        if let Some(content) = granted.files.get(path) {
            return Ok(file_metadata(content));
        }
        let inside = format!("{path}/");
        if granted.files.keys().any(|known| known.starts_with(&inside)) {
            return Ok(files::Metadata { size: 0, is_directory: true });
        }
        Err(not_found(directory, path))
    })
}

pub fn files_list(directory: &str, path: &str) -> Result<Vec<files::Entry>, files::Error> {
    let list = |granted: &mut Directory| {
        let inside = if path.is_empty() { String::new() } else { format!("{path}/") };
        let mut entries: BTreeMap<String, files::Metadata> = BTreeMap::new();
        for (known, content) in &granted.files {
            let Some(rest) = known.strip_prefix(&inside) else { continue };
            match rest.split_once('/') {
                None => entries.insert(rest.to_owned(), file_metadata(content)),
                Some((name, _)) => entries.insert(name.to_owned(), files::Metadata { size: 0, is_directory: true }),
            };
        }
        if entries.is_empty() && !path.is_empty() {
            return Err(not_found(directory, path));
        }
        Ok(entries.into_iter().map(|(name, metadata)| files::Entry { name, metadata }).collect())
    };
    let checked = if path.is_empty() { "." } else { path };
    with_directory(directory, checked, list)
}

pub fn files_remove(directory: &str, path: &str) -> Result<(), files::Error> {
    with_writable(directory, path, |granted| {
        granted.files.remove(path).map(drop).ok_or_else(|| not_found(directory, path))
    })
}

fn file_metadata(content: &[u8]) -> files::Metadata {
    files::Metadata { size: u64::try_from(content.len()).unwrap_or(u64::MAX), is_directory: false }
}

fn not_found(directory: &str, path: &str) -> files::Error {
    files::Error::NotFound(format!("nothing is at `{path}` in `{directory}`"))
}

fn with_writable<T>(
    directory: &str,
    path: &str,
    act: impl FnOnce(&mut Directory) -> Result<T, files::Error>,
) -> Result<T, files::Error> {
    with_directory(directory, path, |granted| {
        if granted.read_only {
            return Err(files::Error::Denied(format!("`{directory}` is granted read-only")));
        }
        act(granted)
    })
}

fn with_directory<T>(
    directory: &str,
    path: &str,
    act: impl FnOnce(&mut Directory) -> Result<T, files::Error>,
) -> Result<T, files::Error> {
    let leads_out = path.starts_with('/') || path.split('/').any(|name| name == "..");
    if leads_out {
        return Err(files::Error::Denied(format!("`{path}` leads out of `{directory}`")));
    }
    if path.is_empty() || path.contains('\0') || path.split('/').any(str::is_empty) {
        return Err(files::Error::Invalid(format!("`{path}` is not a file's path")));
    }
    with(|host| match host.directories.get_mut(directory) {
        None => Err(files::Error::Denied(format!("no directory is granted as `{directory}`"))),
        Some(granted) => act(granted),
    })
}

fn with_call<T>(read: impl FnOnce(&Call) -> T) -> T {
    with(|host| read(&host.call))
}

fn with<T>(act: impl FnOnce(&mut Host) -> T) -> T {
    let installed = INSTALLED.with_borrow(Clone::clone);
    let Some(host) = installed else {
        panic!(
            "no host is installed on this thread: begin the test with `let host = stepwell::testing::Host::new().install();`"
        );
    };
    act(&mut host.borrow_mut())
}
