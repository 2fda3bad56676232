//! `stepwell:task/config`: settings under the keys that are granted.

use wasmtime::StoreContextMut;
use wasmtime::component::LinkerInstance;

use crate::state::CallState;

pub(crate) fn add(linker: &mut LinkerInstance<'_, CallState>) -> wasmtime::Result<()> {
    linker.func_wrap("get", |store: StoreContextMut<'_, CallState>, (key,): (String,)| {
        Ok((store.data().granted.grants.config.get(&key).cloned(),))
    })
}
