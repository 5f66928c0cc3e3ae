//! `#[ganger::test]`: a test in a process of its own.

use proc_macro2::TokenStream as Tokens;
use quote::quote;
use syn::parse::{Parse, ParseStream};
use syn::spanned::Spanned;
use syn::{Error, Ident, ItemFn, LitStr, Token};

/// A minute, in milliseconds: what a test may take of which nothing is said.
const TIMEOUT: u64 = 60_000;

/// What stands in the attribute's parentheses.
pub(crate) struct Options {
    /// In milliseconds.
    timeout: u64,
}

impl Parse for Options {
    fn parse(input: ParseStream<'_>) -> Result<Self, Error> {
        if input.is_empty() {
            return Ok(Self { timeout: TIMEOUT });
        }
        let name: Ident = input.parse()?;
        if name != "timeout" {
            return Err(Error::new(name.span(), "#[ganger::test] takes timeout = \"30s\", or nothing"));
        }
        input.parse::<Token![=]>()?;
        let text: LitStr = input.parse()?;
        let wrong =
            || Error::new(text.span(), "a time is a number with ms, s or m behind it: \"500ms\", \"30s\", \"2m\"");
        milliseconds(&text.value()).map(|timeout| Self { timeout }).ok_or_else(wrong)
    }
}

fn milliseconds(text: &str) -> Option<u64> {
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit())?);
    let unit = match unit {
        "ms" => 1,
        "s" => 1000,
        "m" => 60_000,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(unit).filter(|time| *time > 0)
}

/// The test that the harness sees, with the function inside.
pub(crate) fn expand(options: &Options, function: &ItemFn) -> Result<Tokens, Error> {
    refuse(function)?;
    let ItemFn { attrs, vis, sig, block } = function;
    let (name, output, timeout) = (&sig.ident, &sig.output, options.timeout);
    let cfg = attrs.iter().filter(|attribute| attribute.path().is_ident("cfg"));
    Ok(quote! {
        #(#attrs)*
        #[::core::prelude::v1::test]
        #vis fn #name() {
            fn test() #output #block

            let timeout = ::core::time::Duration::from_millis(#timeout);
            let path = ::core::concat!(::core::module_path!(), "::", ::core::stringify!(#name));
            ::ganger::__private::run_test(path, timeout, test);
        }

        #[cfg(test)]
        #(#cfg)*
        ::ganger::__private::before_main!(::ganger::init);
    })
}

fn refuse(function: &ItemFn) -> Result<(), Error> {
    let refusal = |span, why| Err(Error::new(span, why));
    let signature = &function.sig;
    if let Some(asyncness) = &signature.asyncness {
        return refusal(asyncness.span(), "a test cannot be async: block on what it waits for");
    }
    if !signature.inputs.is_empty() {
        return refusal(signature.inputs.span(), "a test takes no arguments");
    }
    if !signature.generics.params.is_empty() {
        return refusal(signature.generics.span(), "a test cannot be generic");
    }
    Ok(())
}
