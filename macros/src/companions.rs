//! `span!`, `event!` and `attr!`: what a body says between entry and return.

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::parse::{ParseStream, Parser};
use syn::{Expr, LitStr, Token};

use crate::args::{Args, Name, event as event_arguments};
use crate::attrs::{self, Attr};
use crate::errors::Errors;
use crate::expand;
use crate::list;

/// What a `span!` is put around.
enum Around {
    /// Nothing: it is a guard.
    Scope,
    Closure(syn::ExprClosure),
    Future(syn::ExprAsync),
}

enum Element {
    Attr(Attr),
    Around(Around),
}

const ONE_BODY: &str = "a span is put around one closure or async block";

/// `span!("name", key = value, ..)`, optionally with a closure or an async block last.
pub fn span(tokens: TokenStream) -> TokenStream {
    let mut errors = Errors::new();
    let mut args = Args::default();
    let mut around = Around::Scope;
    let parser = |input: ParseStream<'_>| {
        let name: Expr = input
            .parse()
            .map_err(|e| syn::Error::new(e.span(), "a span begins with its name: `span!(\"name\", key = value)`"))?;
        args.name = Some(match name {
            Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(name), .. }) => Name::Literal(name),
            expr => Name::Expr(expr),
        });
        if !input.is_empty() {
            input.parse::<Token![,]>()?;
        }
        for element in list::parse(input, &mut errors, Element::parse) {
            match element {
                Element::Attr(attr) => args.attrs.push(attr),
                Element::Around(what) if matches!(around, Around::Scope) => around = what,
                Element::Around(Around::Closure(closure)) => errors.on(closure, ONE_BODY),
                Element::Around(Around::Future(future)) => errors.on(future, ONE_BODY),
                Element::Around(Around::Scope) => {}
            }
        }
        Ok(())
    };
    let result = parser.parse2(tokens);
    if errors.is_empty() {
        errors.keep(result);
    }
    if !errors.is_empty() {
        let errors = errors.into_tokens();
        return quote!({ #errors });
    }
    let private = expand::private(None);
    if !cfg!(feature = "enable") {
        let name = match &args.name {
            Some(Name::Expr(name)) => Some(quote!(if false { let _ = &(#name); })),
            _ => None,
        };
        let unrecorded = attrs::unrecorded(&args.attrs);
        let unrecorded = quote!(#name #unrecorded);
        return match around {
            Around::Scope => quote!({ #unrecorded #private::SpanGuard::off() }),
            Around::Closure(closure) => quote!({ #unrecorded (#closure)() }),
            Around::Future(future) => quote!({ #unrecorded #future }),
        };
    }
    let site = expand::site(&args, &LitStr::new("span", Span::call_site()), &args.attrs, &private);
    let open = expand::open(&args, &args.attrs, &private);
    let note = quote!(|_, _| ());
    match around {
        Around::Scope => quote!({ #site #private::SpanGuard::new(#open) }),
        Around::Closure(closure) => quote!({ #site #private::sync(#open, #closure, #note) }),
        Around::Future(future) => quote!({ #site #private::InSpan::new(#open, #future, #note) }),
    }
}

impl Element {
    fn parse(input: ParseStream<'_>, errors: &mut Errors) -> syn::Result<Self> {
        if input.peek(Token![|]) || input.peek(Token![||]) || (input.peek(Token![move]) && !input.peek2(Token![=])) {
            return Ok(Self::Around(Around::Closure(input.parse()?)));
        }
        if input.peek(Token![async]) && !input.peek2(Token![=]) && !input.peek2(Token![.]) {
            return Ok(Self::Around(Around::Future(input.parse()?)));
        }
        Attr::parse_checked(input, errors).map(Self::Attr)
    }
}

/// `event!("name", key = value, ..)`
pub fn event(tokens: TokenStream) -> TokenStream {
    let (name, list) = match parsed(tokens, event_arguments) {
        Ok(parsed) => parsed,
        Err(errors) => return errors,
    };
    on_current(&list, |private, writer| quote!(#private::event(#name, #writer)))
}

/// `attr!(key = value, ..)`
pub fn attr(tokens: TokenStream) -> TokenStream {
    let list = match parsed(tokens, |input, errors| Ok(Attr::parse_list(input, errors))) {
        Ok(list) => list,
        Err(errors) => return errors,
    };
    on_current(&list, |private, writer| quote!(#private::attributes(#writer)))
}

/// What `parse` makes of `tokens`, or all its mistakes.
fn parsed<T>(
    tokens: TokenStream,
    parse: impl FnOnce(ParseStream<'_>, &mut Errors) -> syn::Result<T>,
) -> Result<T, TokenStream> {
    let mut errors = Errors::new();
    let result = (|input: ParseStream<'_>| parse(input, &mut errors)).parse2(tokens);
    match result {
        Ok(value) if errors.is_empty() => return Ok(value),
        Err(error) if errors.is_empty() => errors.add(error),
        // What is left over after a mistake is its consequence.
        _ => {}
    }
    Err(errors.into_tokens())
}

/// `call`, which writes `list` on the span that is current.
fn on_current(list: &[Attr], call: impl FnOnce(&TokenStream, TokenStream) -> TokenStream) -> TokenStream {
    if !cfg!(feature = "enable") {
        let unrecorded = attrs::unrecorded(list);
        return quote!({ #unrecorded });
    }
    let private = expand::private(None);
    let writer = attrs::writer(list, &private);
    call(&private, writer)
}
