//! `stepwell:task/secrets`: values under the names that are granted.

use wasmtime::StoreContextMut;
use wasmtime::component::LinkerInstance;

use crate::state::CallState;

pub(crate) fn add(linker: &mut LinkerInstance<'_, CallState>) -> wasmtime::Result<()> {
    linker.func_wrap("get", |store: StoreContextMut<'_, CallState>, (name,): (String,)| {
        let secret = store.data().granted.grants.secrets.get(&name);
        Ok((secret.map(|secret| secret.value().to_owned()),))
    })
}
