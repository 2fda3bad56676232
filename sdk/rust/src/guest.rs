//! The component's side: the SDK's functions over the imports of `wit/task.wit`.

use crate::{Failure, files, http, sql};

/// What `wit-bindgen` writes from `wit/task.wit`.
#[allow(
    unsafe_code,
    missing_docs,
    missing_debug_implementations,
    unused_qualifications,
    clippy::all,
    reason = "generated"
)]
pub mod bindings {
    wit_bindgen::generate!({
        path: "wit",
        world: "task-with-grants",
        runtime_path: "::stepwell::__private::rt",
        default_bindings_module: "::stepwell::__private::bindings",
        export_macro_name: "export_guest",
        pub_export_macro: true,
    });
}

use bindings::stepwell::task as import;

#[doc(hidden)]
#[macro_export]
macro_rules! __export {
    ($task:ident) => {
        impl $crate::__private::bindings::exports::stepwell::task::guest::Guest for $task {
            fn describe() -> ::std::string::String {
                <$task as $crate::__private::Task>::describe()
            }

            fn run(
                input: ::std::string::String,
            ) -> ::core::result::Result<
                ::std::string::String,
                $crate::__private::bindings::stepwell::task::types::Failure,
            > {
                <$task as $crate::__private::Task>::run(&input).map_err(::core::convert::Into::into)
            }
        }

        $crate::__private::bindings::export_guest!($task);
    };
}

pub use __export as export;

impl From<Failure> for import::types::Failure {
    fn from(failure: Failure) -> Self {
        Self { error: failure.error().to_owned(), cause: failure.cause().to_owned() }
    }
}

pub fn idempotency_key() -> String {
    import::context::idempotency_key()
}

pub fn attempt() -> u32 {
    import::context::attempt()
}

pub fn dispatch() -> u32 {
    import::context::dispatch()
}

pub fn execution_id() -> String {
    import::context::execution_id()
}

pub fn execution_name() -> String {
    import::context::execution_name()
}

pub fn workflow_name() -> String {
    import::context::workflow_name()
}

pub fn state_name() -> String {
    import::context::state_name()
}

pub fn fuel_left() -> u64 {
    import::context::fuel_left()
}

pub fn config_get(key: &str) -> Option<String> {
    import::config::get(key)
}

pub fn secret_get(name: &str) -> Option<String> {
    import::secrets::get(name)
}

pub fn http_send(request: http::Request) -> Result<http::Response, http::Error> {
    let http::Request { method, url, headers, body } = request;
    let field = |(name, value)| import::http::Field { name, value };
    let headers = headers.into_iter().map(field).collect();
    let answer = import::http::send(&import::http::Request { method, url, headers, body });
    let import::http::Response { status, headers, body } = answer?;
    let headers = headers.into_iter().map(|field| (field.name, field.value)).collect();
    Ok(http::Response { status, headers, body })
}

impl From<import::http::Error> for http::Error {
    fn from(error: import::http::Error) -> Self {
        match error {
            import::http::Error::Denied(why) => Self::Denied(why),
            import::http::Error::Invalid(why) => Self::Invalid(why),
            import::http::Error::Unreachable(why) => Self::Unreachable(why),
            import::http::Error::TooLarge(why) => Self::TooLarge(why),
        }
    }
}

pub fn sql_query(
    database: &str,
    statement: &str,
    parameters: &[sql::Value],
    rows_max: u32,
) -> Result<sql::Rows, sql::Error> {
    let parameters: Vec<_> = parameters.iter().cloned().map(import::sql::Value::from).collect();
    let found = import::sql::query(database, statement, &parameters, rows_max);
    let import::sql::Rows { columns, rows, truncated } = found?;
    let rows = rows.into_iter().map(|row| row.into_iter().map(sql::Value::from).collect()).collect();
    Ok(sql::Rows { columns, rows, truncated })
}

impl From<sql::Value> for import::sql::Value {
    fn from(value: sql::Value) -> Self {
        match value {
            sql::Value::Null => Self::Null,
            sql::Value::Integer(whole) => Self::Integer(whole),
            sql::Value::Real(real) => Self::Real(real),
            sql::Value::Text(text) => Self::Text(text),
            sql::Value::Blob(bytes) => Self::Blob(bytes),
        }
    }
}

impl From<import::sql::Value> for sql::Value {
    fn from(value: import::sql::Value) -> Self {
        match value {
            import::sql::Value::Null => Self::Null,
            import::sql::Value::Integer(whole) => Self::Integer(whole),
            import::sql::Value::Real(real) => Self::Real(real),
            import::sql::Value::Text(text) => Self::Text(text),
            import::sql::Value::Blob(bytes) => Self::Blob(bytes),
        }
    }
}

impl From<import::sql::Error> for sql::Error {
    fn from(error: import::sql::Error) -> Self {
        match error {
            import::sql::Error::Denied(why) => Self::Denied(why),
            import::sql::Error::Statement(why) => Self::Statement(why),
            import::sql::Error::TooLarge(why) => Self::TooLarge(why),
            import::sql::Error::Unavailable(why) => Self::Unavailable(why),
        }
    }
}

pub fn files_read(directory: &str, path: &str) -> Result<Vec<u8>, files::Error> {
    Ok(import::files::read(directory, path)?)
}

pub fn files_write(directory: &str, path: &str, content: &[u8]) -> Result<(), files::Error> {
    Ok(import::files::write(directory, path, content)?)
}

pub fn files_create_new(directory: &str, path: &str, content: &[u8]) -> Result<(), files::Error> {
    Ok(import::files::create_new(directory, path, content)?)
}

pub fn files_stat(directory: &str, path: &str) -> Result<files::Metadata, files::Error> {
    Ok(import::files::stat(directory, path)?.into())
}

pub fn files_list(directory: &str, path: &str) -> Result<Vec<files::Entry>, files::Error> {
    let entry = |entry: import::files::Entry| files::Entry { name: entry.name, metadata: entry.metadata.into() };
    Ok(import::files::list(directory, path)?.into_iter().map(entry).collect())
}

pub fn files_remove(directory: &str, path: &str) -> Result<(), files::Error> {
    Ok(import::files::remove(directory, path)?)
}

impl From<import::files::Metadata> for files::Metadata {
    fn from(metadata: import::files::Metadata) -> Self {
        Self { size: metadata.size, is_directory: metadata.is_directory }
    }
}

impl From<import::files::Error> for files::Error {
    fn from(error: import::files::Error) -> Self {
        match error {
            import::files::Error::Denied(why) => Self::Denied(why),
            import::files::Error::NotFound(why) => Self::NotFound(why),
            import::files::Error::Exists(why) => Self::Exists(why),
            import::files::Error::TooLarge(why) => Self::TooLarge(why),
            import::files::Error::Invalid(why) => Self::Invalid(why),
            import::files::Error::Unavailable(why) => Self::Unavailable(why),
        }
    }
}
