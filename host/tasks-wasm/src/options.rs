//! What a runtime is built with, and every limit it has.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use stepwell_tasks::{TASK_SECONDS_DEFAULT, TASK_SECONDS_MAX};

use crate::Grants;

/// Size of a component file (bytes). A Python component is 18 MB, so 64 MiB leaves room.
pub const COMPONENT_BYTES_MAX: u64 = 64 << 20;
/// Core instances, linear memories and tables that one call may have. A Rust component has
/// 3 core instances, a Python one up to 38.
pub const CORE_INSTANCES_MAX: usize = 64;
/// Handles (streams, pollables, errors) that one call may hold.
pub const HANDLES_MAX: usize = 1_024;
/// Random bytes that a guest may ask for at once.
pub const RANDOM_BYTES_MAX: u64 = 64 << 10;
/// Bytes that one host call, or the result, may copy from the guest. It covers the largest
/// file and request body; the result has its own, smaller `output_bytes_max`.
pub const HOST_CALL_BYTES_MAX: usize = 9 << 20;
/// Fuel that every call from the guest into the host costs (units), whatever it does: so
/// that a loop of host calls, which burns few instructions, ends in good time as well.
pub const HOST_CALL_FUEL: u64 = 500;
/// Fuel that a guest burns before it lets others have the processor (units): one to three
/// milliseconds of computing.
pub const YIELD_FUEL: u64 = 10_000_000;
/// The budget of `describe` (seconds).
pub const DESCRIBE_SECONDS: u64 = 2;
/// Size of what `describe` returns (bytes).
pub const DESCRIPTION_BYTES_MAX: usize = 64 << 10;
/// Size of a request body (bytes).
pub const HTTP_REQUEST_BYTES_MAX: usize = 8 << 20;
/// Size of a response body (bytes).
pub const HTTP_RESPONSE_BYTES_MAX: usize = 8 << 20;
/// Header fields of a request or a response.
pub const HTTP_HEADERS_MAX: usize = 100;
/// Names and values of all header fields together (bytes).
pub const HTTP_HEADER_BYTES_MAX: usize = 16 << 10;
/// Redirects that one request follows.
pub const HTTP_REDIRECTS_MAX: usize = 5;
/// Length of a URL (bytes).
pub const HTTP_URL_BYTES_MAX: usize = 8 << 10;
/// Rows of one answer, whatever `rows-max` says.
pub const SQL_ROWS_MAX: u32 = 10_000;
/// Values of one answer, texts and blobs by their length, others as 8 bytes.
pub const SQL_RESULT_BYTES_MAX: usize = 4 << 20;
/// Length of a statement (bytes).
pub const SQL_STATEMENT_BYTES_MAX: usize = 64 << 10;
/// Parameters of a statement.
pub const SQL_PARAMETERS_MAX: usize = 1_000;
/// Size of a file that is read or written (bytes).
pub const FILE_BYTES_MAX: u64 = 8 << 20;
/// Entries that `list` returns.
pub const DIRECTORY_ENTRIES_MAX: usize = 10_000;
/// Length of a path (bytes), and names in it.
pub const PATH_BYTES_MAX: usize = 1_024;
/// Names in a path.
pub const PATH_NAMES_MAX: usize = 32;

/// How a runtime is built.
#[derive(Debug, Clone, Default)]
pub struct RuntimeOptions {
    /// Where compiled artefacts are kept between runs; made with mode 0700 when it is
    /// missing. Without it every load compiles.
    pub cache_directory: Option<PathBuf>,
    /// Where the guests' memories come from.
    pub allocator: Allocator,
    /// How a call is ended when its fuel does not end it.
    pub walls: Walls,
    /// The largest budget of any call (units), for less than the second that is the least a
    /// state can ask for. Without it, seconds decide.
    pub fuel_max: Option<u64>,
    /// How names become addresses; the system's resolver when there is none.
    pub resolver: Option<Resolver>,
}

/// Where the guests' memories, tables and stacks come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Allocator {
    /// Mapped afresh for every call and unmapped after it. The default: what one call left
    /// behind cannot reach another, and the advisories about reused slots do not apply.
    #[default]
    OnDemand,
    /// Slots that are used again, cleaned by the kernel's `pagemap_scan` (Linux 6.7): a
    /// call costs about half. It reserves address space for all slots at
    /// start, and the cleaning of slots is one more thing that must be right. For hosts
    /// whose plugins trust each other.
    Pooling,
}

/// The walls behind the fuel. Fuel decides; these end a call only where fuel cannot: on a
/// machine so loaded that computing is many times slower than it should be, or when a host
/// call neither ends nor can be charged. A verdict by a wall depends on the machine, so they
/// stand far out.
#[derive(Debug, Clone, Copy)]
pub struct Walls {
    /// Wall-clock time for each second of budget, checked when the guest yields or waits.
    pub backstop_per_second: Duration,
    /// Added to the backstop, so that short budgets survive a loaded machine.
    pub backstop_extra: Duration,
    /// Beyond the backstop, the engine's epoch interrupts code that never yielded.
    pub epoch_extra: Duration,
}

impl Default for Walls {
    fn default() -> Self {
        Self {
            backstop_per_second: Duration::from_secs(30),
            backstop_extra: Duration::from_secs(60),
            epoch_extra: Duration::from_secs(5),
        }
    }
}

/// Turns a host name into addresses; tests put their own here.
#[derive(Clone)]
pub struct Resolver(Arc<Resolve>);

type Resolve = dyn Fn(&str) -> Vec<IpAddr> + Send + Sync;

impl Resolver {
    /// A resolver that answers with what `addresses` returns for the name.
    pub fn new(addresses: impl Fn(&str) -> Vec<IpAddr> + Send + Sync + 'static) -> Self {
        Self(Arc::new(addresses))
    }

    pub(crate) fn addresses(&self, name: &str) -> Vec<SocketAddr> {
        (self.0)(name).into_iter().map(|address| SocketAddr::new(address, 0)).collect()
    }
}

impl std::fmt::Debug for Resolver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Resolver")
    }
}

/// One component and what it may use.
#[derive(Debug, Clone)]
pub struct Plugin {
    /// The name definitions use in `task:NAME`.
    pub name: String,
    /// The component's file.
    pub component: PathBuf,
    pub limits: Limits,
    pub grants: Grants,
    /// The file that grants are written in, for messages; `stepwell.toml`.
    pub granted_in: String,
}

/// What one plugin's calls may use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// The budget when a state has no `TimeoutSeconds` (seconds, 60).
    pub timeout_seconds_default: u64,
    /// The largest budget that a state can ask for (seconds, 900).
    pub timeout_seconds_max: u64,
    /// All linear memories of one call together (bytes, 64 MiB).
    pub memory_bytes_max: usize,
    /// All tables of one call together (elements, 10,000).
    pub table_elements_max: usize,
    /// The guest's call stack (bytes, 512 KiB). Stacks are sized by the engine and there is
    /// one engine, so every plugin gets the largest value that any plugin asks for.
    pub stack_bytes_max: usize,
    /// The result of a call (bytes, 262,144).
    pub output_bytes_max: usize,
    /// What one call may write to standard output and standard error together (bytes, 64 KiB).
    pub log_bytes_max: usize,
    /// Calls of this plugin at the same time (64); more wait for their turn, without charge.
    pub concurrent_calls_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            timeout_seconds_default: TASK_SECONDS_DEFAULT,
            timeout_seconds_max: TASK_SECONDS_MAX,
            memory_bytes_max: 64 << 20,
            table_elements_max: 10_000,
            stack_bytes_max: 512 << 10,
            output_bytes_max: 262_144,
            log_bytes_max: 64 << 10,
            concurrent_calls_max: 64,
        }
    }
}

impl Limits {
    /// The budget of a call whose state asks for `timeout_seconds` (seconds).
    #[must_use]
    pub fn budget_seconds(&self, timeout_seconds: Option<u64>) -> u64 {
        let most = self.timeout_seconds_max.clamp(1, TASK_SECONDS_MAX);
        timeout_seconds.unwrap_or(self.timeout_seconds_default).clamp(1, most)
    }
}
