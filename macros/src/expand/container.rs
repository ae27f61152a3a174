//! Impl blocks, traits and inline modules: each function inside is traced, refined by its own `#[traced(..)]`.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::parse::{ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::{Attribute, ImplItem, Item, ItemImpl, ItemMod, ItemTrait, Meta, Token, TraitItem};

use crate::args::Args;
use crate::errors::Errors;
use crate::item::Function;

pub fn implementation(mut block: ItemImpl, args: &Args, errors: &mut Errors) -> TokenStream {
    check(args, "an impl block", errors);
    for item in &mut block.items {
        if let ImplItem::Fn(method) = item
            && let Some(tokens) = inner(method.to_token_stream(), args, errors)
        {
            *item = ImplItem::Verbatim(tokens);
        }
    }
    block.into_token_stream()
}

pub fn definition(mut definition: ItemTrait, args: &Args, errors: &mut Errors) -> TokenStream {
    check(args, "a trait", errors);
    for item in &mut definition.items {
        if let TraitItem::Fn(method) = item
            && method.default.is_some()
            && let Some(tokens) = inner(method.to_token_stream(), args, errors)
        {
            *item = TraitItem::Verbatim(tokens);
        }
    }
    definition.into_token_stream()
}

pub fn module(mut module: ItemMod, args: &Args, errors: &mut Errors) -> TokenStream {
    check(args, "a module", errors);
    if let Some((_, items)) = &mut module.content {
        for item in items {
            if let Some(tokens) = in_module(item.to_token_stream(), args, errors) {
                *item = Item::Verbatim(tokens);
            }
        }
    }
    module.into_token_stream()
}

/// The expansion of an item in a module; `None` where it is left as it is.
fn in_module(tokens: TokenStream, args: &Args, errors: &mut Errors) -> Option<TokenStream> {
    let mut item: Item = syn::parse2(tokens.clone()).ok()?;
    if is_cfg_test(&item) {
        return None;
    }
    if let (false, Some(conditional)) = (matches!(item, Item::Fn(_)), Conditional::split(&tokens)) {
        return Some(conditional.each(|tokens| in_module(tokens.clone(), args, errors).unwrap_or(tokens)));
    }
    let expanded = match &mut item {
        Item::Fn(_) => return inner(tokens, args, errors),
        Item::Impl(block) => {
            nested(&mut block.attrs, args, errors).map(|args| implementation(block.clone(), &args, errors))
        }
        Item::Trait(definition) => {
            nested(&mut definition.attrs, args, errors).map(|args| self::definition(definition.clone(), &args, errors))
        }
        Item::Mod(inner) if inner.content.is_some() => {
            nested(&mut inner.attrs, args, errors).map(|args| self::module(inner.clone(), &args, errors))
        }
        _ => return None,
    };
    // What says `skip` is left as it is, but for the word.
    Some(expanded.unwrap_or_else(|| item.into_token_stream()))
}

/// The expansion of one function inside; `None` where it is left as it is.
fn inner(tokens: TokenStream, outer: &Args, errors: &mut Errors) -> Option<TokenStream> {
    match Conditional::split(&tokens) {
        Some(conditional) => Some(conditional.each(|tokens| inner(tokens.clone(), outer, errors).unwrap_or(tokens))),
        None => inner_unconditional(tokens, outer, errors),
    }
}

/// An item under `#[cfg_attr(condition, traced(..))]`, which nobody evaluates before this: one that is there under the
/// condition, and one that is there without it.
struct Conditional {
    condition: TokenStream,
    /// With what the attribute stands for in its place.
    with: TokenStream,
    without: TokenStream,
}

impl Conditional {
    fn split(item: &TokenStream) -> Option<Self> {
        let parser = |input: ParseStream<'_>| Ok((input.call(Attribute::parse_outer)?, input.parse::<TokenStream>()?));
        let (mut attrs, rest) = parser.parse2(item.clone()).ok()?;
        let (position, condition, given) = attrs.iter().enumerate().find_map(|(position, attribute)| {
            let Meta::List(list) = &attribute.meta else { return None };
            let mut all = list.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated).ok()?.into_iter();
            let condition = all.next().filter(|_| attribute.path().is_ident("cfg_attr"))?;
            let given: Vec<Meta> = all.collect();
            let is_traced = |meta: &Meta| meta.path().segments.last().is_some_and(|segment| segment.ident == "traced");
            given.iter().any(is_traced).then(|| (position, condition.into_token_stream(), given))
        })?;
        attrs.remove(position);
        let (before, after) = attrs.split_at(position);
        Some(Self {
            with: quote!(#(#before)* #(#[#given])* #(#after)* #rest),
            without: quote!(#(#before)* #(#after)* #rest),
            condition,
        })
    }

    /// What `expand` makes of both.
    fn each(self, mut expand: impl FnMut(TokenStream) -> TokenStream) -> TokenStream {
        let Self { condition, with, without } = self;
        let (with, without) = (expand(with), expand(without));
        quote!(#[cfg(#condition)] #with #[cfg(not(#condition))] #without)
    }
}

fn inner_unconditional(tokens: TokenStream, outer: &Args, errors: &mut Errors) -> Option<TokenStream> {
    let mut function = match Function::parse_tokens(tokens) {
        Ok(function) => function,
        Err(error) => {
            errors.add(error);
            return None;
        }
    };
    if function.attrs.iter().any(is_test) {
        return None;
    }
    let said = take_traced(&mut function.attrs);
    if super::is_twice(&function.attrs, errors) {
        return None;
    }
    if said.is_none() && (function.sig.constness.is_some() || function.sig.variadic.is_some()) {
        return None;
    }
    let own = said.map(|tokens| Args::parse(tokens, errors)).unwrap_or_default();
    let args = Args::refine(outer, own);
    Some(super::function(function, &args, errors).unwrap_or_default())
}

/// The arguments for a container inside a module; `None` where it says `skip`.
fn nested(attrs: &mut Vec<Attribute>, outer: &Args, errors: &mut Errors) -> Option<Args> {
    let own = take_traced(attrs).map(|tokens| Args::parse(tokens, errors)).unwrap_or_default();
    if own.skip.is_some() { None } else { Some(Args::refine(outer, own)) }
}

/// Takes `#[traced]` or `#[traced(..)]` off and gives what it says.
fn take_traced(attrs: &mut Vec<Attribute>) -> Option<TokenStream> {
    let position = attrs.iter().position(super::is_traced)?;
    match attrs.remove(position).meta {
        Meta::Path(_) => Some(TokenStream::new()),
        Meta::List(list) => Some(list.tokens),
        Meta::NameValue(meta) => Some(meta.value.to_token_stream()),
    }
}

/// `#[test]` and its likes (`#[tokio::test]`): they are run by name, not called.
fn is_test(attribute: &Attribute) -> bool {
    attribute.path().segments.last().is_some_and(|segment| segment.ident == "test")
}

/// Under `#[cfg(test)]` or `#[cfg(all(test, ..))]`.
fn is_cfg_test(item: &Item) -> bool {
    let attrs = match item {
        Item::Mod(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        _ => return false,
    };
    fn asks_for_test(meta: &Meta) -> bool {
        match meta {
            Meta::Path(path) => path.is_ident("test"),
            Meta::List(list) if list.path.is_ident("all") => list
                .parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated)
                .is_ok_and(|all| all.iter().any(asks_for_test)),
            _ => false,
        }
    }
    attrs.iter().any(|a| a.path().is_ident("cfg") && a.parse_args().is_ok_and(|meta| asks_for_test(&meta)))
}

/// What speaks of one function can't be said of many.
fn check(args: &Args, what: &str, errors: &mut Errors) {
    for (word, span) in args.of_one_function() {
        let message = match word.as_str() {
            "name" => format!("{what} has many spans: give it a `prefix`, and names to its functions"),
            _ => format!("`{word}` is said of one function, not of {what}"),
        };
        errors.at(span, message);
    }
}
