//! `#[ganger::worker]`: the function of a program that answers lines.

use proc_macro2::TokenStream as Tokens;
use quote::quote;
use syn::spanned::Spanned;
use syn::{Error, FnArg, ItemFn};

/// The registry's entry for the function, in a scope of its own.
pub(crate) fn entry(attribute: &Tokens, function: &ItemFn) -> Result<Tokens, Error> {
    refuse(attribute, function)?;
    let path = &function.sig.ident;
    let cfg = function.attrs.iter().filter(|a| a.path().is_ident("cfg"));
    Ok(quote! {
        #(#cfg)*
        const _: () = {
            use ::ganger::__private as private;

            #[private::linkme::distributed_slice(private::GANGER_WORKERS)]
            #[linkme(crate = private::linkme)]
            static ENTRY: private::LineEntry = private::LineEntry {
                module: ::core::module_path!(),
                name: ::core::stringify!(#path),
                call: |input, out| private::Answer::write(#path(private::FromInput::from_input(input)?), out),
            };
        };
    })
}

fn refuse(attribute: &Tokens, function: &ItemFn) -> Result<(), Error> {
    let refusal = |span, why| Err(Error::new(span, why));
    let signature = &function.sig;
    if !attribute.is_empty() {
        return refusal(attribute.span(), "#[ganger::worker] takes no arguments");
    }
    if let Some(asyncness) = &signature.asyncness {
        return refusal(asyncness.span(), "it cannot be async: it runs alone in a worker; block on it inside");
    }
    if let Some(unsafety) = &signature.unsafety {
        return refusal(unsafety.span(), "it must be safe to call; put the unsafe block inside it");
    }
    if signature.inputs.len() != 1 || signature.inputs.iter().any(|input| matches!(input, FnArg::Receiver(_))) {
        let why =
            "it takes one argument, the input: a &str, a &[u8], a number, or ganger::Input for all there is to know";
        return refusal(signature.inputs.span(), why);
    }
    Ok(())
}
