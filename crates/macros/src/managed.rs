//! `#[ganger::managed]`: what is `pub` in an impl block can be called from elsewhere.

use proc_macro2::TokenStream as Tokens;
use quote::{format_ident, quote};
use syn::spanned::Spanned;
use syn::{Attribute, Error, FnArg, Ident, ImplItem, ImplItemFn, ItemImpl, ReturnType, Type, Visibility};

use crate::argument_type;

/// The proxy of the block's type, and what the server finds it by.
pub(crate) fn expand(attribute: &Tokens, block: &ItemImpl) -> Result<Tokens, Error> {
    let name = name_of(attribute, block)?;
    let public: Vec<Method<'_>> = block.items.iter().filter_map(public).map(Method::of).collect::<Result<_, _>>()?;
    let (makers, methods): (Vec<_>, Vec<_>) = public.into_iter().partition(|method| method.is_maker(name));
    let maker = match &makers[..] {
        [maker] => maker,
        [] => return refusal(block.self_ty.span(), "one pub function makes an object: pub fn new(…) -> Self"),
        [_, second, ..] => return refusal(second.ident.span(), "one pub function alone makes an object"),
    };
    if let Some(free) = methods.iter().find(|method| method.receiver == Receiver::None) {
        return refusal(free.ident.span(), "a pub function without self that makes no object cannot be called there");
    }
    let (proxy, entry) = (proxy(name, maker, &methods), entry(name, maker, &methods));
    Ok(quote!(#proxy #entry))
}

fn refusal<T>(span: proc_macro2::Span, why: &str) -> Result<T, Error> {
    Err(Error::new(span, why))
}

fn name_of<'a>(attribute: &Tokens, block: &'a ItemImpl) -> Result<&'a Ident, Error> {
    if !attribute.is_empty() {
        return refusal(attribute.span(), "#[ganger::managed] takes no arguments");
    }
    if !block.generics.params.is_empty() || block.trait_.is_some() {
        let why = "a managed type is found by its name: neither the type nor the block can be generic or a trait's";
        return refusal(block.span(), why);
    }
    let Type::Path(path) = &*block.self_ty else {
        return refusal(block.self_ty.span(), "a type with a name is wanted");
    };
    path.path.get_ident().ok_or_else(|| Error::new(path.span(), "a type of this module is wanted, without parameters"))
}

fn public(item: &ImplItem) -> Option<&ImplItemFn> {
    if let ImplItem::Fn(function) = item
        && !matches!(function.vis, Visibility::Inherited)
    {
        return Some(function);
    }
    None
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Receiver {
    None,
    Shared,
    Exclusive,
}

/// One function of the block that others can call.
struct Method<'a> {
    ident: &'a Ident,
    vis: &'a Visibility,
    docs: Vec<&'a Attribute>,
    receiver: Receiver,
    types: Vec<&'a Type>,
    output: Tokens,
}

impl<'a> Method<'a> {
    fn of(function: &'a ImplItemFn) -> Result<Self, Error> {
        let signature = &function.sig;
        if signature.asyncness.is_some() || signature.unsafety.is_some() || !signature.generics.params.is_empty() {
            return refusal(signature.span(), "a method for others is neither async nor unsafe nor generic");
        }
        let (receiver, arguments) = split(signature)?;
        let types = arguments.into_iter().map(argument_type).collect::<Result<_, _>>()?;
        let output = match &signature.output {
            ReturnType::Default => quote!(()),
            ReturnType::Type(_, ty) => quote!(#ty),
        };
        let docs = function.attrs.iter().filter(|attribute| attribute.path().is_ident("doc")).collect();
        Ok(Self { ident: &signature.ident, vis: &function.vis, docs, receiver, types, output })
    }

    fn is_maker(&self, name: &Ident) -> bool {
        let output = self.output.to_string();
        self.receiver == Receiver::None && (output == "Self" || name == &output)
    }

    fn names(&self) -> Vec<Ident> {
        (0..self.types.len()).map(|n| format_ident!("a{n}")).collect()
    }

    /// Its arguments as one value: names, and types.
    fn whole(&self) -> (Tokens, Tokens) {
        let (names, types) = (self.names(), &self.types);
        match (&names[..], &types[..]) {
            ([name], [ty]) => (quote!(#name), quote!(#ty)),
            _ => (quote!((#(#names,)*)), quote!((#(#types,)*))),
        }
    }
}

fn split(signature: &syn::Signature) -> Result<(Receiver, Vec<&FnArg>), Error> {
    match signature.inputs.first() {
        Some(FnArg::Receiver(receiver)) if receiver.reference.is_none() => {
            refusal(receiver.span(), "a method for others takes &self or &mut self: the object stays there")
        }
        Some(FnArg::Receiver(receiver)) => {
            let kind = if receiver.mutability.is_some() { Receiver::Exclusive } else { Receiver::Shared };
            Ok((kind, signature.inputs.iter().skip(1).collect()))
        }
        _ => Ok((Receiver::None, signature.inputs.iter().collect())),
    }
}

fn proxy(name: &Ident, maker: &Method<'_>, methods: &[Method<'_>]) -> Tokens {
    let (proxy, vis, make, docs) = (format_ident!("{name}Proxy"), maker.vis, maker.ident, &maker.docs);
    let (names, types, (whole, _)) = (maker.names(), &maker.types, maker.whole());
    let about = format!("A proxy of a [`{name}`] in a manager.");
    let calls = methods.iter().map(calls);
    quote! {
        #[doc = #about]
        #[derive(Clone, Debug, PartialEq, Eq)]
        #vis struct #proxy(::ganger::manager::ManagedProxy<#name>);

        impl #proxy {
            #(#docs)*
            ///
            /// # Errors
            /// Those of every call to a manager.
            #vis fn #make(
                manager: &::ganger::manager::Manager, #(#names: #types),*
            ) -> ::core::result::Result<Self, ::ganger::manager::ManagerError> {
                ::ganger::manager::ManagedProxy::make(manager, &#whole).map(Self)
            }

            #(#calls)*
        }

        impl ::core::convert::From<::ganger::manager::ManagedProxy<#name>> for #proxy {
            fn from(proxy: ::ganger::manager::ManagedProxy<#name>) -> Self {
                Self(proxy)
            }
        }

        /// To call a method by its name, to publish it, or to send it.
        impl ::core::convert::AsRef<::ganger::manager::ManagedProxy<#name>> for #proxy {
            fn as_ref(&self) -> &::ganger::manager::ManagedProxy<#name> {
                &self.0
            }
        }

        impl ::ganger::__private::serde::Serialize for #proxy {
            fn serialize<S: ::ganger::__private::serde::Serializer>(
                &self, serializer: S
            ) -> ::core::result::Result<S::Ok, S::Error> {
                ::ganger::__private::serde::Serialize::serialize(&self.0, serializer)
            }
        }

        impl<'de> ::ganger::__private::serde::Deserialize<'de> for #proxy {
            fn deserialize<D: ::ganger::__private::serde::Deserializer<'de>>(
                deserializer: D
            ) -> ::core::result::Result<Self, D::Error> {
                ::ganger::__private::serde::Deserialize::deserialize(deserializer).map(Self)
            }
        }
    }
}

/// A method of the proxy, and the same for later.
fn calls(method: &Method<'_>) -> Tokens {
    let Method { ident, vis, docs, types, output, .. } = method;
    let (names, (whole, _)) = (method.names(), method.whole());
    let (text, later) = (ident.to_string(), format_ident!("{ident}_later"));
    let about = format!("As [`{ident}`](Self::{ident}), without waiting for the result.");
    quote! {
        #(#docs)*
        ///
        /// # Errors
        /// Those of every call to a manager.
        #vis fn #ident(
            &self, #(#names: #types),*
        ) -> ::core::result::Result<#output, ::ganger::manager::ManagerError> {
            self.0.call(#text, &#whole)
        }

        #[doc = #about]
        ///
        /// # Errors
        /// When the call could not be sent.
        #vis fn #later(
            &self, #(#names: #types),*
        ) -> ::core::result::Result<::ganger::manager::Pending<#output>, ::ganger::manager::ManagerError> {
            self.0.call_later(#text, &#whole)
        }
    }
}

/// What the server needs: how an object is made, and which method a name is.
fn entry(name: &Ident, maker: &Method<'_>, methods: &[Method<'_>]) -> Tokens {
    let (make, names, (pattern, whole)) = (maker.ident, maker.names(), maker.whole());
    let arms = methods.iter().map(|method| arm(name, method));
    quote! {
        const _: () = {
            use ::ganger::__private::{linkme, managed};

            impl ::ganger::manager::Managed for #name {
                fn invoke(
                    this: &::std::sync::RwLock<Self>, method: &str, exchange: &managed::Exchange<'_>
                ) -> ::core::result::Result<managed::Given, managed::Refused> {
                    match method {
                        #(#arms)*
                        _ => ::core::result::Result::Err(exchange.unknown::<Self>(method)),
                    }
                }
            }

            #[linkme::distributed_slice(managed::TYPES)]
            #[linkme(crate = linkme)]
            static ENTRY: managed::Entry = managed::Entry {
                name: || ::core::any::type_name::<#name>(),
                make: |exchange| {
                    let #pattern: #whole = exchange.args()?;
                    ::core::result::Result::Ok(exchange.serve::<#name>(#name::#make(#(#names),*)))
                },
            };
        };
    }
}

fn arm(name: &Ident, method: &Method<'_>) -> Tokens {
    let (ident, text, names, (pattern, whole)) =
        (method.ident, method.ident.to_string(), method.names(), method.whole());
    let access = if method.receiver == Receiver::Exclusive { quote!(write) } else { quote!(read) };
    quote! {
        #text => {
            let #pattern: #whole = exchange.args()?;
            exchange.give(&managed::#access(this, |object| #name::#ident(object, #(#names),*)))
        }
    }
}
