//! `stepwell:task/context`: which call this is. Needs no grant.

use wasmtime::StoreContextMut;
use wasmtime::component::LinkerInstance;

use crate::state::CallState;

type Store<'a> = StoreContextMut<'a, CallState>;

pub(crate) fn add(linker: &mut LinkerInstance<'_, CallState>) -> wasmtime::Result<()> {
    linker.func_wrap("idempotency-key", |store: Store<'_>, (): ()| {
        Ok((store.data().identity.idempotency_key.to_string(),))
    })?;
    linker.func_wrap("attempt", |store: Store<'_>, (): ()| Ok((store.data().identity.attempt,)))?;
    linker.func_wrap("dispatch", |store: Store<'_>, (): ()| Ok((store.data().identity.dispatch,)))?;
    linker
        .func_wrap("execution-id", |store: Store<'_>, (): ()| Ok((store.data().identity.execution_id.to_string(),)))?;
    linker.func_wrap("execution-name", |store: Store<'_>, (): ()| {
        Ok((store.data().identity.execution_name.to_string(),))
    })?;
    linker.func_wrap("workflow-name", |store: Store<'_>, (): ()| {
        Ok((store.data().identity.workflow_name.to_string(),))
    })?;
    linker.func_wrap("state-name", |store: Store<'_>, (): ()| Ok((store.data().identity.state_name.to_string(),)))?;
    linker.func_wrap("fuel-left", |store: Store<'_>, (): ()| Ok((store.get_fuel()?,)))?;
    Ok(())
}
