//! `ret`, `ok`, `err`, `some`, `none`: a closure that looks at the return value.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::ReturnType;
use syn::spanned::Spanned;

use crate::args::{Args, Clause, Exception, On, Outcome, Status};
use crate::attrs;
use crate::shape;

/// The names that the closure uses, which the user's code can't see.
struct Names {
    outcome: Ident,
    value: Ident,
    returned: Ident,
}

impl Names {
    fn new() -> Self {
        let [outcome, value, returned] =
            ["outcome", "value", "returned"].map(|name| Ident::new(name, Span::mixed_site()));
        Self { outcome, value, returned }
    }
}

/// What sees a return value of which no clause speaks; `None` if one does, or if its type is not known.
pub fn look(args: &Args, output: &ReturnType, private: &TokenStream) -> Option<TokenStream> {
    if !args.outcomes.is_empty() {
        return None;
    }
    match output {
        _ if shape::is_plain(output) => Some(quote!(#private::LookAt::NOTHING)),
        ReturnType::Type(_, ty) if !shape::has_impl_trait(ty) => Some(quote!(#private::Ladder::<#ty>::NEW.look())),
        _ => None,
    }
}

/// A closure `|outcome, returned| ..` that says of the return value no more than whether it failed, and how.
pub fn error_type(args: &Args, plain: bool, private: &TokenStream) -> TokenStream {
    if plain {
        return quote!(|_, _| ());
    }
    let classifies = |clause: &Clause| matches!(clause, Clause::Type(_) | Clause::Expected { .. });
    let outcomes = args.outcomes.iter().filter(|outcome| outcome.clauses.iter().any(classifies));
    closure(true, outcomes, &classifies, private)
}

/// A closure `|outcome, returned| ..`.
///
/// `plain`: the return value is seen to be no `Result`.
pub fn note(args: &Args, plain: bool, private: &TokenStream) -> TokenStream {
    let records_failure = !plain && args.current.is_none();
    if !records_failure && args.outcomes.is_empty() {
        return quote!(|_, _| ());
    }
    closure(records_failure, args.outcomes.iter(), &|_| true, private)
}

fn closure<'a>(
    records_failure: bool,
    outcomes: impl Iterator<Item = &'a Outcome> + Clone,
    wanted: &dyn Fn(&Clause) -> bool,
    private: &TokenStream,
) -> TokenStream {
    let names = Names::new();
    let Names { outcome, returned, .. } = &names;
    let failure = records_failure.then(|| failure(&names, private));
    // Each sort once, in this order, however they were written.
    let clauses = [On::Ret, On::Ok, On::Err, On::Some, On::None].into_iter().flat_map(|on| {
        let of_this_sort = outcomes.clone().filter(move |o| o.on == on);
        of_this_sort.map(|o| looked_at(o, wanted, &expand, &names, private)).collect::<Vec<_>>()
    });
    // By move: what is `Copy` among the arguments can still be seen, and a future takes it along.
    quote! {
        move |#outcome, #returned| {
            #failure
            #(#clauses)*
        }
    }
}

fn failure(Names { outcome, returned, .. }: &Names, private: &TokenStream) -> TokenStream {
    quote!(#outcome.failure(#private::ladder(#returned).failure(#returned));)
}

/// What stands in for the clauses where nobody records: what they use stays used, and nothing is evaluated.
///
/// `returned`: what the function, or the future that it returns, gives.
pub fn unrecorded(args: &Args, returned: &syn::Type, private: &TokenStream) -> TokenStream {
    if args.outcomes.is_empty() {
        return TokenStream::new();
    }
    let names = Names::new();
    let outcomes = args.outcomes.iter().map(|o| looked_at(o, &|_| true, &use_clause, &names, private));
    let Names { returned: value, .. } = &names;
    quote!({ let #value = &#private::never::<#returned>(); #(#outcomes)* })
}

fn use_clause(clause: &Clause, Names { value, .. }: &Names, _: &TokenStream) -> TokenStream {
    match clause {
        Clause::Attrs(list) | Clause::Event { attrs: list, .. } => list.iter().map(attrs::Attr::unrecorded).collect(),
        Clause::Status(Status::Error(expr)) | Clause::Type(expr) => attrs::looked_at(expr),
        Clause::Expected { pattern, guard, .. } => {
            let guard = guard.as_ref().map(|guard| quote!(if #guard));
            quote! {
                match (#value, false) {
                    (#pattern, false) #guard => {}
                    _ => {}
                }
            }
        }
        Clause::Status(_) | Clause::Exception { .. } => TokenStream::new(),
    }
}

/// What a clause becomes.
type Expand<'e> = &'e dyn Fn(&Clause, &Names, &TokenStream) -> TokenStream;

fn looked_at(
    o: &Outcome,
    wanted: &dyn Fn(&Clause) -> bool,
    expand: Expand<'_>,
    names: &Names,
    private: &TokenStream,
) -> TokenStream {
    let Names { value, .. } = names;
    // That the function returns something else is an error on the word.
    let word = o.word.span().resolved_at(Span::mixed_site());
    let returned = &Ident::new("returned", word);
    let private = &attrs::located(private, word);
    let core = quote!(#private::core);
    let clauses = o.clauses.iter().filter(|clause| wanted(clause)).map(|clause| expand(clause, names, private));
    let body = match &o.pattern {
        // Beside the pattern stands one that can fail, so that one that can't is no lint.
        Some(pattern) => quote! {
            match (#value, false) {
                (#pattern, false) => { #(#clauses)* }
                _ => {}
            }
        },
        None => quote!(#(#clauses)*),
    };
    match o.on {
        On::Ret => quote!({ let #value = #returned; let _ = #value; #body }),
        On::Ok => quote_spanned! {word=>
            if let #core::result::Result::Ok(#value) = #private::ResultLike::as_result(#returned) { let _ = #value; #body }
        },
        On::Err => quote_spanned! {word=>
            if let #core::result::Result::Err(#value) = #private::ResultLike::as_result(#returned) { let _ = #value; #body }
        },
        On::Some => quote_spanned! {word=>
            if let #core::option::Option::Some(#core::option::Option::Some(#value)) = #private::OptionLike::as_option(#returned) {
                let _ = #value;
                #body
            }
        },
        On::None => quote_spanned! {word=>
            if let #core::option::Option::Some(#core::option::Option::None) = #private::OptionLike::as_option(#returned) { #body }
        },
    }
}

fn expand(clause: &Clause, Names { outcome, value, .. }: &Names, private: &TokenStream) -> TokenStream {
    match clause {
        Clause::Attrs(list) => {
            let writer = attrs::writer(list, private);
            quote!(#outcome.attributes(#writer);)
        }
        Clause::Event { name, attrs: list } => {
            let writer = attrs::writer(list, private);
            quote!(#outcome.event(#name, #writer);)
        }
        Clause::Status(Status::Ok) => quote!(#outcome.status_ok();),
        Clause::Status(Status::Unset) => quote!(#outcome.status_unset();),
        Clause::Status(Status::Error(description)) => {
            let span = description.span().resolved_at(Span::mixed_site());
            quote_spanned!(span=> #outcome.status_error(&(#description));)
        }
        Clause::Type(error_type) => {
            let span = error_type.span().resolved_at(Span::mixed_site());
            let private = attrs::located(private, span);
            quote_spanned!(span=> #outcome.error_type(#private::AsText::as_text(&(#error_type)));)
        }
        Clause::Expected { pattern, guard, .. } => {
            let guard = guard.as_ref().map(|guard| quote!(if #guard));
            quote! {
                match (#value, false) {
                    (#pattern, false) #guard => #outcome.expected(),
                    _ => {}
                }
            }
        }
        Clause::Exception { exception: Exception::Omitted, .. } => quote!(#outcome.no_exception();),
        Clause::Exception { exception: Exception::TypeOnly, .. } => quote!(#outcome.exception_type_only();),
    }
}
