//! `stepwell.toml` as it is written. Unknown keys are refused; nothing is resolved here.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

/// A table whose keys are names that the file's author chose.
pub type Named<T> = BTreeMap<Spanned<String>, T>;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    pub project: ProjectTable,
    #[serde(default)]
    pub host: HostTable,
    #[serde(default)]
    pub workflows: Named<WorkflowTable>,
    #[serde(default)]
    pub routes: Vec<RouteTable>,
    #[serde(default)]
    pub plugins: Named<PluginTable>,
    #[serde(default)]
    pub secrets: Named<SecretTable>,
    /// What distributed Maps read from and write to.
    #[serde(default)]
    pub buckets: Named<DirectoryTable>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProjectTable {
    pub name: Spanned<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HostTable {
    pub listen: Option<Spanned<String>>,
    pub data: Option<Spanned<String>>,
    #[serde(default)]
    pub allocator: AllocatorWord,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AllocatorWord {
    #[default]
    OnDemand,
    Pooling,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorkflowTable {
    pub definition: Spanned<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RouteTable {
    pub method: Spanned<String>,
    pub path: Spanned<String>,
    pub start: Spanned<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PluginTable {
    pub component: Spanned<String>,
    #[serde(default)]
    pub limits: LimitsTable,
    #[serde(default)]
    pub grants: GrantsTable,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LimitsTable {
    pub timeout_seconds_default: Option<Spanned<u64>>,
    pub timeout_seconds_max: Option<Spanned<u64>>,
    pub memory_bytes_max: Option<Spanned<u64>>,
    pub table_elements_max: Option<Spanned<u64>>,
    pub stack_bytes_max: Option<Spanned<u64>>,
    pub output_bytes_max: Option<Spanned<u64>>,
    pub log_bytes_max: Option<Spanned<u64>>,
    pub concurrent_calls_max: Option<Spanned<u64>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GrantsTable {
    #[serde(default)]
    pub http: Vec<Spanned<String>>,
    #[serde(default)]
    pub databases: Named<DatabaseTable>,
    #[serde(default)]
    pub directories: Named<DirectoryTable>,
    #[serde(default)]
    pub config: BTreeMap<String, String>,
    #[serde(default)]
    pub secrets: Vec<Spanned<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatabaseTable {
    pub path: Spanned<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DirectoryTable {
    pub path: Spanned<String>,
    #[serde(default)]
    pub access: AccessWord,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AccessWord {
    #[default]
    ReadOnly,
    ReadWrite,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecretTable {
    pub env: Option<Spanned<String>>,
    pub file: Option<Spanned<String>>,
    pub value_for_development: Option<Spanned<String>>,
}

/// Never shows the value.
impl std::fmt::Debug for SecretTable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SecretTable")
            .field("env", &self.env)
            .field("file", &self.file)
            .field("value_for_development", &self.value_for_development.as_ref().map(|_| "…"))
            .finish()
    }
}
