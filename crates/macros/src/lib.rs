//! The attributes of `ganger`; use them as `#[ganger::task]`, `#[ganger::worker]`, `#[ganger::managed]` and `#[ganger::test]`, where they are documented.

mod managed;

mod test;

mod worker;

use proc_macro::TokenStream;
use proc_macro2::TokenStream as Tokens;
use quote::{format_ident, quote};
use syn::spanned::Spanned;
use syn::{Error, FnArg, Ident, ItemFn, ItemImpl, ReturnType, Signature, Type, parse_macro_input};

/// Registers a function as a task; see `ganger::task`.
#[proc_macro_attribute]
pub fn task(attribute: TokenStream, item: TokenStream) -> TokenStream {
    let function = parse_macro_input!(item as ItemFn);
    match entry(attribute.into(), &function) {
        Ok(entry) => quote!(#function #entry).into(),
        Err(error) => {
            let error = error.to_compile_error();
            quote!(#function #error).into()
        }
    }
}

/// Registers the function of a program that answers lines; see `ganger::worker`.
#[proc_macro_attribute]
pub fn worker(attribute: TokenStream, item: TokenStream) -> TokenStream {
    let function = parse_macro_input!(item as ItemFn);
    let entry = worker::entry(&attribute.into(), &function).unwrap_or_else(|error| error.to_compile_error());
    quote!(#function #entry).into()
}

/// Runs a test in a process of its own; see `ganger::test`.
#[proc_macro_attribute]
pub fn test(attribute: TokenStream, item: TokenStream) -> TokenStream {
    let (options, function) = (parse_macro_input!(attribute as test::Options), parse_macro_input!(item as ItemFn));
    test::expand(&options, &function).unwrap_or_else(|error| error.to_compile_error()).into()
}

/// Lets objects of a type live in a manager; see `ganger::managed`.
#[proc_macro_attribute]
pub fn managed(attribute: TokenStream, item: TokenStream) -> TokenStream {
    let block = parse_macro_input!(item as ItemImpl);
    let expanded = managed::expand(&attribute.into(), &block).unwrap_or_else(|error| error.to_compile_error());
    quote!(#block #expanded).into()
}

/// The registry's entry for a function, in a scope of its own.
fn entry(attribute: Tokens, function: &ItemFn) -> Result<Tokens, Error> {
    refuse(&attribute, &function.sig)?;
    let types = argument_types(&function.sig)?;
    let names: Vec<Ident> = (0..types.len()).map(|n| format_ident!("a{n}")).collect();
    let (pattern, whole) = match (&names[..], &types[..]) {
        ([name], [ty]) => (quote!(#name), quote!(#ty)),
        _ => (quote!((#(#names,)*)), quote!((#(#types,)*))),
    };
    let path = &function.sig.ident;
    let cfg = function.attrs.iter().filter(|a| a.path().is_ident("cfg"));
    let output = match &function.sig.output {
        ReturnType::Default => quote!(()),
        ReturnType::Type(_, ty) => quote!(#ty),
    };
    let signature = quote!(fn(#(#types),*) -> #output).to_string();
    Ok(quote! {
        #(#cfg)*
        const _: () = {
            use ::ganger::__private as private;

            fn call(#pattern: #whole) -> #output {
                #path(#(#names),*)
            }

            #[private::linkme::distributed_slice(private::TASKS)]
            #[linkme(crate = private::linkme)]
            static ENTRY: private::Entry = private::Entry {
                module: ::core::module_path!(),
                name: ::core::stringify!(#path),
                signature: #signature,
                id: || private::type_id(&#path),
                call: |invocation| invocation.call(call, |output| private::error_text!(output)),
                map: |invocation| invocation.map(call, |output| private::error_text!(output)),
            };
        };
    })
}

/// What cannot be called by name from another process.
fn refuse(attribute: &Tokens, signature: &Signature) -> Result<(), Error> {
    let refusal = |span, why| Err(Error::new(span, why));
    if !attribute.is_empty() {
        return refusal(attribute.span(), "#[ganger::task] takes no arguments");
    }
    if let Some(asyncness) = &signature.asyncness {
        return refusal(asyncness.span(), "a task cannot be async: it runs alone in a worker; block on it inside");
    }
    if let Some(unsafety) = &signature.unsafety {
        return refusal(unsafety.span(), "a task must be safe to call; put the unsafe block inside it");
    }
    if !signature.generics.params.is_empty() {
        let span = signature.generics.span();
        return refusal(span, "a task cannot be generic: it is found by name, and a name has one type");
    }
    Ok(())
}

fn argument_types(signature: &Signature) -> Result<Vec<&Type>, Error> {
    signature.inputs.iter().map(argument_type).collect()
}

fn argument_type(argument: &FnArg) -> Result<&Type, Error> {
    let refusal = |span, why| Err(Error::new(span, why));
    match argument {
        FnArg::Receiver(receiver) => {
            refusal(receiver.span(), "a task cannot be a method; pass the value as its first argument")
        }
        FnArg::Typed(typed) => {
            if let Type::Reference(reference) = &*typed.ty {
                let why = "a task must own its arguments, which come from another process: String for &str, Vec<T> for \
                           &[T]";
                return refusal(reference.span(), why);
            }
            if let Type::ImplTrait(it) = &*typed.ty {
                return refusal(it.span(), "a task's arguments need a type with a name");
            }
            Ok(&typed.ty)
        }
    }
}
