//! The attribute behind `#[stepwell::task]`. The crate `stepwell` exports it and documents
//! how it is used; this one is not meant to be named by itself.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test that cannot go on fails"))]

mod expand;

use proc_macro::TokenStream;

/// Makes a function the task of its component: see `stepwell::task`.
#[proc_macro_attribute]
pub fn task(arguments: TokenStream, item: TokenStream) -> TokenStream {
    expand::task(arguments.into(), item.into()).into()
}
