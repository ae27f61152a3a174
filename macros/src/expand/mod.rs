//! Item and arguments to tokens. What is generated calls into `__private`, so that a function costs a call and not a page.

mod body;
mod closure;
mod container;
mod entry;
mod outcome;
mod params;
#[cfg(all(test, feature = "enable"))]
mod snapshots;

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote};
use syn::Attribute;
use syn::spanned::Spanned;

use crate::args::Args;
use crate::errors::Errors;
use crate::item::{Function, Item};

pub use entry::{open, private, site};

/// The expansion of `#[traced(args)] item`. Mistakes come as `compile_error!` beside the item as it was written, so that
/// one mistake gives one message.
pub fn traced(args: TokenStream, item: TokenStream) -> TokenStream {
    let mut errors = Errors::new();
    let args = Args::parse(args, &mut errors);
    let expanded = match Item::parse(item.clone()) {
        Ok(item) => self::item(item, &args, &mut errors),
        Err(error) => {
            errors.add(error);
            let errors = errors.into_tokens();
            return quote!(#errors #item);
        }
    };
    match expanded {
        Some(expanded) if errors.is_empty() => expanded,
        _ => {
            let errors = errors.into_tokens();
            let item = without_param_attrs(item);
            // A parameter that only the mistaken arguments used is no second mistake.
            quote!(#errors #[allow(unused)] #item)
        }
    }
}

fn item(item: Item, args: &Args, errors: &mut Errors) -> Option<TokenStream> {
    if is_twice(item.attributes(), errors) {
        return None;
    }
    match item {
        Item::Function(function) => self::function(*function, args, errors),
        Item::Impl(block) if args.skip.is_some() => Some(block.into_token_stream()),
        Item::Trait(definition) if args.skip.is_some() => Some(definition.into_token_stream()),
        Item::Module(module) if args.skip.is_some() => Some(module.into_token_stream()),
        Item::Impl(block) => Some(container::implementation(block, args, errors)),
        Item::Trait(definition) => Some(container::definition(definition, args, errors)),
        Item::Module(module) => Some(container::module(module, args, errors)),
    }
}

fn function(mut function: Function, args: &Args, errors: &mut Errors) -> Option<TokenStream> {
    if args.skip.is_some() {
        return Some(without_param_attrs(function.to_token_stream()));
    }
    if let Some(constness) = &function.sig.constness {
        errors.on(constness, "a `const fn` can't be traced: it may run while compiling, where nothing can be recorded");
        return None;
    }
    if let Some(variadic) = &function.sig.variadic {
        errors.on(variadic, "a variadic function can't be traced: its arguments can't be passed on");
        return None;
    }
    check_shape(&function, args, errors);
    if !cfg!(feature = "enable") {
        return Some(body::disabled(&mut function, args, errors));
    }
    let expanded = body::function(&mut function, args, errors);
    errors.is_empty().then_some(expanded)
}

/// Whether another `#[traced]` stands among `attributes`, which makes two spans of one call.
fn is_twice(attributes: &[Attribute], errors: &mut Errors) -> bool {
    let second = attributes.iter().find(|attribute| is_traced(attribute));
    if let Some(second) = second {
        errors.on(second, "`#[traced]` stands here twice: write all of its arguments into one");
    }
    second.is_some()
}

/// Whether it is `#[traced]`, by whichever path.
fn is_traced(attribute: &Attribute) -> bool {
    attribute.path().segments.last().is_some_and(|segment| segment.ident == "traced")
}

/// What can be said of a function only when its arguments and its signature are seen together.
fn check_shape(function: &Function, args: &Args, errors: &mut Errors) {
    use crate::args::Returns;
    if let Some(returns) = args.returns {
        let (word, span) = match returns {
            Returns::Future(span) => ("future", span),
            Returns::Stream(span) => ("stream", span),
        };
        if function.sig.asyncness.is_some() {
            errors.at(
                span,
                format!("`{word}` is for a plain function that returns a {word}; an `async fn` needs no word"),
            );
        } else if matches!(function.sig.output, syn::ReturnType::Default) {
            errors.at(span, format!("`{word}` needs a function that returns a {word}"));
        }
    }
}

/// A warning where the function has `#[track_caller]`. The use of a deprecated item is the one warning that a macro can
/// give.
fn lost_track_caller(function: &Function, private: &TokenStream) -> Option<TokenStream> {
    let attribute = function.attrs.iter().find(|attribute| attribute.path().is_ident("track_caller"))?;
    let name = Ident::new("TRACK_CALLER", attribute.path().span());
    let lost = "`#[track_caller]` has no effect under `#[traced]`: the body runs in a closure inside its span";
    Some(quote! {
        #[deprecated(note = #lost)]
        const #name: () = ();
        #private::core::mem::drop(#name);
    })
}

/// The function as it was written, but for the parameter attributes that only `#[traced]` understands.
fn without_param_attrs(item: TokenStream) -> TokenStream {
    let Ok(mut function) = Function::parse_tokens(item.clone()) else { return item };
    for input in &mut function.sig.inputs {
        if let syn::FnArg::Typed(param) = input {
            param.attrs.retain(|attribute| !attribute.path().is_ident("attr"));
        }
    }
    function.into_token_stream()
}
