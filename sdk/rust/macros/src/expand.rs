//! From a function to a component's exports.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Attribute, Error, Expr, ExprLit, FnArg, Ident, ItemFn, Lit, LitStr, Meta, Type};

/// The function as it was, and beside it the exports that call it. A function that cannot be
/// a task stays too, so that its author sees one error instead of many.
pub fn task(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let name = match name_argument(arguments) {
        Ok(name) => name,
        Err(error) => return with_item(&error, &item),
    };
    let function: ItemFn = match syn::parse2(item.clone()) {
        Ok(function) => function,
        Err(_) => {
            let error = Error::new(
                item.span(),
                "#[stepwell::task] goes on a function: `fn charge(order: Order) -> Result<Receipt, Failure>`",
            );
            return with_item(&error, &item);
        }
    };
    match signature(&function) {
        Ok(signature) => exports(&function, &signature, name.as_ref()),
        Err(error) => with_item(&error, &item),
    }
}

struct Signature {
    input: Type,
    context: bool,
}

fn with_item(error: &Error, item: &TokenStream) -> TokenStream {
    let error = error.to_compile_error();
    quote! { #error #item }
}

fn name_argument(arguments: TokenStream) -> Result<Option<LitStr>, Error> {
    const USAGE: &str =
        "the only argument is a name: `#[stepwell::task(name = \"charge\")]`; without it the name is the package's";
    if arguments.is_empty() {
        return Ok(None);
    }
    let span = arguments.span();
    let Ok(Meta::NameValue(pair)) = syn::parse2::<Meta>(arguments) else {
        return Err(Error::new(span, USAGE));
    };
    match (&pair.path, &pair.value) {
        (path, Expr::Lit(ExprLit { lit: Lit::Str(text), .. })) if path.is_ident("name") => Ok(Some(text.clone())),
        _ => Err(Error::new(span, USAGE)),
    }
}

fn signature(function: &ItemFn) -> Result<Signature, Error> {
    let sig = &function.sig;
    if let Some(token) = &sig.asyncness {
        return Err(Error::new(
            token.span(),
            "a task is not `async`: calls into the host wait by themselves, so remove `async` and every `.await`",
        ));
    }
    if let syn::Safety::Unsafe(token) = &sig.safety {
        return Err(Error::new(token.span(), "a task is a safe function: remove `unsafe`"));
    }
    if !sig.generics.params.is_empty() {
        return Err(Error::new(
            sig.generics.span(),
            "a task is not generic: its input and its output are one type each",
        ));
    }
    let mut parameters = sig.inputs.iter();
    let Some(input) = parameters.next() else {
        return Err(Error::new(
            sig.paren_token.span.join(),
            "a task takes its input as its first parameter; `_: serde_json::Value` accepts any",
        ));
    };
    let input = input_type(input)?;
    let context = match parameters.next() {
        None => false,
        Some(second) => context_type(second)?,
    };
    if let Some(third) = parameters.next() {
        return Err(Error::new(
            third.span(),
            "a task takes at most two parameters: its input and `cx: &Context`; put everything else into the input's type",
        ));
    }
    Ok(Signature { input, context })
}

fn input_type(parameter: &FnArg) -> Result<Type, Error> {
    let parameter = match parameter {
        FnArg::Receiver(receiver) => {
            return Err(Error::new(receiver.span(), "a task is a free function: it has no `self`"));
        }
        FnArg::Typed(parameter) => parameter,
    };
    match &*parameter.ty {
        Type::Reference(reference) => {
            let owned = match &*reference.elem {
                Type::Path(path) if path.path.is_ident("str") => "String".to_owned(),
                other => other.to_token_stream().to_string(),
            };
            Err(Error::new(
                reference.span(),
                format!("a task owns its input: take `{owned}` by value, not by reference"),
            ))
        }
        Type::ImplTrait(generic) => {
            Err(Error::new(generic.span(), "a task is not generic: name the input's type instead of `impl …`"))
        }
        other => Ok(other.clone()),
    }
}

fn context_type(parameter: &FnArg) -> Result<bool, Error> {
    let message = "the second parameter of a task is `cx: &Context` (`stepwell::Context`)";
    let FnArg::Typed(parameter) = parameter else {
        return Err(Error::new(parameter.span(), message));
    };
    match &*parameter.ty {
        Type::Reference(reference) if reference.mutability.is_none() => match &*reference.elem {
            Type::Path(path) if path.path.segments.last().is_some_and(|last| last.ident == "Context") => Ok(true),
            _ => Err(Error::new(parameter.ty.span(), message)),
        },
        _ => Err(Error::new(parameter.ty.span(), message)),
    }
}

fn exports(function: &ItemFn, signature: &Signature, name: Option<&LitStr>) -> TokenStream {
    let task: &Ident = &function.sig.ident;
    let input = &signature.input;
    let name = match name {
        Some(name) => quote! { #name },
        None => quote! { ::core::env!("CARGO_PKG_NAME") },
    };
    let summary = summary(&function.attrs);
    let call = if signature.context {
        quote! { #task(input, &::stepwell::__private::context()) }
    } else {
        quote! { #task(input) }
    };
    // What `serde` misses is told where the type stands, not at the attribute.
    let input_span = input.span().resolved_at(Span::call_site());
    let read = quote_spanned! { input_span=> ::stepwell::__private::read::<#input> };
    let output_span = function.sig.output.span().resolved_at(Span::call_site());
    let write = quote_spanned! { output_span=> kind.write(output) };
    quote! {
        #function

        #[doc(hidden)]
        #[allow(dead_code, non_camel_case_types)]
        struct a_component_has_one_task;

        const _: () = {
            impl ::stepwell::__private::Task for a_component_has_one_task {
                fn describe() -> ::std::string::String {
                    ::stepwell::__private::describe(
                        #name,
                        ::core::env!("CARGO_PKG_VERSION"),
                        #summary,
                    )
                }

                fn run(
                    input: &str,
                ) -> ::core::result::Result<::std::string::String, ::stepwell::Failure> {
                    #[allow(unused_imports, reason = "which of the two is used depends on the output")]
                    use ::stepwell::__private::{KindFallible as _, KindPlain as _};
                    let input = #read(input)?;
                    #[allow(clippy::let_unit_value, reason = "a task may return nothing")]
                    let output = #call;
                    let kind = (&::stepwell::__private::Probe::of(&output)).kind();
                    #write
                }
            }

            // Natively nothing else calls the function, and it is not dead code.
            const _: fn(&str) -> ::core::result::Result<::std::string::String, ::stepwell::Failure> =
                <a_component_has_one_task as ::stepwell::__private::Task>::run;

            #[cfg(target_arch = "wasm32")]
            ::stepwell::__private::export!(a_component_has_one_task);
        };
    }
}

/// The doc comment's first paragraph, as one line.
fn summary(attributes: &[Attribute]) -> String {
    let mut words: Vec<String> = Vec::new();
    for attribute in attributes {
        let Meta::NameValue(pair) = &attribute.meta else { continue };
        if !pair.path.is_ident("doc") {
            continue;
        }
        let Expr::Lit(ExprLit { lit: Lit::Str(line), .. }) = &pair.value else { continue };
        let line = line.value();
        if line.trim().is_empty() {
            if words.is_empty() {
                continue;
            }
            break;
        }
        words.push(line.trim().to_owned());
    }
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expanded(arguments: &str, item: &str) -> String {
        task(arguments.parse().unwrap(), item.parse().unwrap()).to_string()
    }

    fn refused(item: &str, message: &str) {
        let text = expanded("", item);
        assert!(text.contains("compile_error"), "{item}\nis accepted");
        assert!(text.contains(message), "{item}\nexpected: {message}\nfound: {text}");
    }

    #[test]
    fn wrong_signatures_are_told_what_is_right() {
        refused("struct Order;", "goes on a function");
        refused("async fn f(x: u8) -> u8 { x }", "is not `async`");
        refused("unsafe fn f(x: u8) -> u8 { x }", "remove `unsafe`");
        refused("fn f() -> u8 { 1 }", "takes its input as its first parameter");
        refused("fn f<T>(x: T) -> u8 { 1 }", "is not generic");
        refused("fn f(x: impl Sized) -> u8 { 1 }", "name the input's type");
        refused("fn f(&self) -> u8 { 1 }", "no `self`");
        refused("fn f(x: &Order) -> u8 { 1 }", "take `Order` by value");
        refused("fn f(x: &str) -> u8 { 1 }", "take `String` by value");
        refused("fn f(x: u8, cx: Context) -> u8 { 1 }", "is `cx: &Context`");
        refused("fn f(x: u8, cx: &mut Context) -> u8 { 1 }", "is `cx: &Context`");
        refused("fn f(x: u8, y: &u8) -> u8 { 1 }", "is `cx: &Context`");
        refused("fn f(x: u8, cx: &Context, z: u8) -> u8 { 1 }", "at most two parameters");
    }

    #[test]
    fn a_refused_function_stays_so_that_there_is_one_error() {
        assert!(expanded("", "async fn f(x: u8) -> u8 { x }").contains("async fn f"));
    }

    #[test]
    fn the_only_argument_is_the_name() {
        let item = "fn f(x: u8) -> u8 { x }";
        assert!(expanded("name = \"double\"", item).contains("\"double\""));
        assert!(expanded("", item).contains("CARGO_PKG_NAME"));
        for wrong in ["title = \"x\"", "name", "name = 3", "name = \"a\", name = \"b\""] {
            assert!(expanded(wrong, item).contains("the only argument is a name"), "{wrong}");
        }
    }

    #[test]
    fn the_summary_is_the_first_paragraph() {
        let function: ItemFn =
            syn::parse_str("/// Charges a card\n/// once.\n///\n/// Not part of it.\n#[inline] fn f(x: u8) {}")
                .unwrap();
        assert_eq!(summary(&function.attrs), "Charges a card once.");
    }

    #[test]
    fn the_context_is_passed_to_who_asks() {
        assert!(!expanded("", "fn f(x: u8) -> u8 { x }").contains("context ()"));
        let with = expanded("", "fn f(x: u8, cx: &stepwell::Context) -> u8 { x }");
        assert!(with.contains("context ()"));
    }
}
