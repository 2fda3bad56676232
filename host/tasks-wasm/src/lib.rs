//! Tasks as sandboxed WebAssembly components on wasmtime.
