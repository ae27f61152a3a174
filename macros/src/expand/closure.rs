//! Functions that return a closure, `impl Fn(&str) -> usize`.
//!
//! A closure learns its signature from what is expected of it. Inside of another closure, which the body becomes, nothing
//! is expected of a value of type `impl Fn(..)`; so it is said once more, as the bound of a function.

use proc_macro2::{Group, Ident, Span, TokenStream};
use quote::{format_ident, quote};
use syn::parse::Parser;
use syn::visit::{self, Visit};
use syn::visit_mut::{self, VisitMut};
use syn::{
    Block, Expr, ExprClosure, Lifetime, Pat, Path, PathArguments, ReturnType, Stmt, TraitBound, Type, TypeParamBound,
    TypeReference,
};

/// `body`, the closure that a function's body has become, told which closure it returns, if it returns one.
pub fn told(output: &ReturnType, statements: &TokenStream, body: &Group, private: &TokenStream) -> Option<TokenStream> {
    let bound = closure_bound(output)?;
    let closure = last_expression(body)?;
    let complete = closure.inputs.iter().all(|input| matches!(input, Pat::Type(_)));
    if complete && (closure.inputs.is_empty() || matches!(closure.output, ReturnType::Type(..))) {
        return None;
    }
    let mut bound = bound.clone();
    let own = own_lifetimes(&bound);
    let mut generics = Generics { own, parameters: Vec::new(), types: Vec::new(), behind: false, unknown: false };
    let PathArguments::Parenthesized(arguments) = &mut bound.path.segments.last_mut()?.arguments else { return None };
    for input in &mut arguments.inputs {
        generics.behind = false;
        generics.visit_type_mut(&mut input.ty);
    }
    if let ReturnType::Type(_, output) = &mut arguments.output {
        generics.behind = false;
        generics.visit_type_mut(output);
    }
    let Generics { parameters, types, unknown, .. } = generics;
    if unknown {
        return None;
    }
    let span = Span::mixed_site();
    // The body stands beside the function, and items are known by their names alone.
    let [returned, call, returning] = ["Returned", "Call", "__traced_returning"].map(|name| Ident::new(name, span));
    let once = quote!(#private::core::ops::FnOnce() -> #returned);
    // The statements stand in the body's own braces: an arm of a `match` would expect nothing of the closure.
    let stream = body.stream();
    let mut block = Group::new(proc_macro2::Delimiter::Brace, quote!(#statements #stream));
    block.set_span(body.span());
    Some(quote!({
        fn #returning<#(#parameters,)* #returned: #bound, #call: #once>(call: #call) -> #call { call }
        #returning::<#(#types,)* _, _>(move || -> _ #block)
    }))
}

/// The `Fn(A) -> B` of `impl Fn(A) -> B`.
fn closure_bound(output: &ReturnType) -> Option<&TraitBound> {
    let ReturnType::Type(_, ty) = output else { return None };
    let Type::ImplTrait(ty) = &**ty else { return None };
    ty.bounds.iter().find_map(|bound| match bound {
        TypeParamBound::Trait(bound) => {
            let last = bound.path.segments.last()?;
            let known = ["Fn", "FnMut", "FnOnce"].iter().any(|name| last.ident == name);
            (known && matches!(last.arguments, PathArguments::Parenthesized(_))).then_some(bound)
        }
        _ => None,
    })
}

/// The closure that `body` ends in.
fn last_expression(body: &Group) -> Option<ExprClosure> {
    match Block::parse_within.parse2(body.stream()).ok()?.pop()? {
        Stmt::Expr(Expr::Closure(closure), None) => Some(closure),
        _ => None,
    }
}

/// The lifetimes of `for<'a, ..>`.
fn own_lifetimes(bound: &TraitBound) -> Vec<Lifetime> {
    let parameters = bound.lifetimes.iter().flat_map(|lifetimes| &lifetimes.lifetimes);
    parameters
        .filter_map(|parameter| match parameter {
            syn::GenericParam::Lifetime(parameter) => Some(parameter.lifetime.clone()),
            _ => None,
        })
        .collect()
}

/// Makes each type that holds for every call a parameter: the function sees none of those around it.
struct Generics {
    own: Vec<Lifetime>,
    parameters: Vec<TokenStream>,
    types: Vec<Type>,
    /// Behind a reference.
    behind: bool,
    /// What a type asks of its own arguments is not known here.
    unknown: bool,
}

impl VisitMut for Generics {
    fn visit_type_mut(&mut self, ty: &mut Type) {
        let mut varying = Varying { own: &self.own, found: false };
        varying.visit_type(ty);
        if varying.found {
            self.behind = matches!(ty, Type::Reference(_) | Type::Ptr(_));
            return visit_mut::visit_type_mut(self, ty);
        }
        let parameter = format_ident!("Type{}", self.types.len(), span = Span::mixed_site());
        self.types.push(std::mem::replace(ty, syn::parse_quote!(#parameter)));
        let unsized_too = self.behind.then(|| quote!(: ?Sized));
        self.parameters.push(quote!(#parameter #unsized_too));
    }

    fn visit_path_mut(&mut self, path: &mut Path) {
        self.behind = false;
        let asks_nothing =
            path.segments.last().is_some_and(|last| ["Option", "Result", "Vec"].iter().any(|name| last.ident == name));
        let before = self.types.len();
        visit_mut::visit_path_mut(self, path);
        self.unknown |= !asks_nothing && self.types.len() > before;
    }
}

/// Whether a type has a lifetime that differs from call to call.
struct Varying<'o> {
    own: &'o [Lifetime],
    found: bool,
}

impl<'t> Visit<'t> for Varying<'_> {
    fn visit_type_reference(&mut self, ty: &'t TypeReference) {
        self.found |= ty.lifetime.is_none();
        visit::visit_type_reference(self, ty);
    }

    fn visit_lifetime(&mut self, lifetime: &'t Lifetime) {
        self.found |= lifetime.ident == "_" || self.own.contains(lifetime);
    }
}
