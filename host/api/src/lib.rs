//! HTTP: routes, executions, progress. Wire types and no logic.
