//! The macros of [`traced`](https://docs.rs/traced). Use them from there: what they generate calls into that crate.

// A macro crate exports its entry points alone; `pub` means "outside of its file" here.
#![allow(unreachable_pub)]
// Spans that know where they are, which the fuzzer wants, make everything large.
#![allow(clippy::large_enum_variant)]

mod args;
mod attrs;
mod companions;
mod derive;
mod errors;
mod expand;
#[cfg(test)]
mod fuzz;
mod item;
mod list;
mod secrets;
mod shape;
mod words;

use proc_macro::TokenStream;

/// Puts a span around a function.
#[proc_macro_attribute]
pub fn traced(args: TokenStream, item: TokenStream) -> TokenStream {
    expand::traced(args.into(), item.into()).into()
}

/// Opens a span around the rest of a scope, a closure or an async block.
#[proc_macro]
pub fn span(tokens: TokenStream) -> TokenStream {
    companions::span(tokens.into()).into()
}

/// Adds an event to the span that is current.
#[proc_macro]
pub fn event(tokens: TokenStream) -> TokenStream {
    companions::event(tokens.into()).into()
}

/// Sets attributes on the span that is current.
#[proc_macro]
pub fn attr(tokens: TokenStream) -> TokenStream {
    companions::attr(tokens.into()).into()
}

/// Makes a struct several attributes at once, for `..value`.
#[proc_macro_derive(Attributes, attributes(attrs))]
pub fn derive_attributes(item: TokenStream) -> TokenStream {
    derive::attributes(item.into()).into()
}

/// Lets an error say what kind it is.
#[proc_macro_derive(ErrorType, attributes(error_type))]
pub fn derive_error_type(item: TokenStream) -> TokenStream {
    derive::error_type(item.into()).into()
}
