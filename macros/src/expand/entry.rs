//! The call site of a span, and what is known when it opens.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Expr, LitStr, Path};

use crate::args::{Args, Name};
use crate::attrs::{self, Attr};

/// The path of the facade's hidden module, through which all generated code goes.
pub fn private(krate: Option<&Path>) -> TokenStream {
    match krate {
        Some(path) => quote!(#path::__private),
        None => quote!(::traced::__private),
    }
}

/// `static SITE`, for a span called `name` unless the arguments say otherwise.
pub fn site(args: &Args, default_name: &LitStr, attrs: &[Attr], private: &TokenStream) -> TokenStream {
    let here = default_name.span();
    let name = match &args.name {
        Some(Name::Literal(name)) => name.clone(),
        _ => {
            let prefix = args.prefix.as_ref().map(LitStr::value).unwrap_or_default();
            LitStr::new(&format!("{prefix}{}", default_name.value()), here)
        }
    };
    let module = quote!(#private::core::module_path!());
    let new = match values(args, attrs, private) {
        Some(values) if !values.keys.is_empty() => {
            let length = name.value().len();
            let text = LitStr::new(&format!("{}{}", name.value(), values.keys), name.span());
            quote!(with_keys(#text, #length, #module))
        }
        _ => quote!(new(#name, #module)),
    };
    let kind = args.kind.as_ref().map(|kind| {
        let variant = variant(kind);
        quote!(.with_kind(#private::SpanKind::#variant))
    });
    let level = args.level.as_ref().map(|level| {
        let variant = variant(level);
        quote!(.with_level(#private::Level::#variant))
    });
    let more = more(args, &name, default_name, private);
    quote! {
        static __TRACED: #private::Site = #private::Site::#new #kind #level #more;
    }
}

/// `.with(..)`, if the site says more than most.
fn more(args: &Args, name: &LitStr, default_name: &LitStr, private: &TokenStream) -> Option<TokenStream> {
    let option = quote!(#private::core::option::Option);
    let some = |value: TokenStream| quote!(#option::Some(#value));
    let scope = args.scope.as_ref().map(|scope| some(quote!(#scope)));
    let function = (name.value() != default_name.value()).then(|| some(quote!(#default_name)));
    // The line that `line!` tells is that of its span.
    let here = default_name.span();
    let line = quote_spanned!(here=> #private::core::line!());
    let code = args.code.map(|_| {
        let name = function_name(private);
        some(quote!((#name, #private::core::file!(), #line)))
    });
    if scope.is_none() && function.is_none() && code.is_none() {
        return None;
    }
    let has_items = code.is_some();
    let [scope, function, code] = [scope, function, code].map(|part| part.unwrap_or_else(|| quote!(#option::None)));
    let more = quote!(#private::More { scope: #scope, function: #function, code: #code });
    Some(if has_items { quote!(.with({ static MORE: #private::More = #more; &MORE })) } else { quote!(.with(&#more)) })
}

/// The attributes as values, if nothing else is said of the span's beginning.
fn values(args: &Args, attrs: &[Attr], private: &TokenStream) -> Option<attrs::Values> {
    let alone = args.condition.is_none() && args.current.is_none() && args.returns.is_none() && says_nothing_else(args);
    alone.then(|| attrs::values(attrs, private)).flatten()
}

/// The call of `function`, `measure` or `measure_later`, if metrics are wanted.
pub fn measure(args: &Args, function: &TokenStream, private: &TokenStream) -> Option<TokenStream> {
    let metrics = args.metrics.as_ref()?;
    let word = metrics.word.span().resolved_at(Span::mixed_site());
    let name = metrics.name.clone().unwrap_or_else(|| LitStr::new("traced.function", word));
    let scope = match &args.scope {
        Some(scope) => quote!(#scope),
        None => quote!(#private::core::module_path!()),
    };
    let code = function_name(private);
    let writer = attrs::writer(&metrics.attrs, private);
    Some(quote!(#private::#function(#name, #scope, #private::FunctionName::get(#code), #writer)))
}

/// The name of the function in which this stands, with its type: that of an item inside of it tells.
fn function_name(private: &TokenStream) -> TokenStream {
    let [marker, name] = ["marker", "NAME"].map(|name| Ident::new(name, Span::mixed_site()));
    quote!({
        fn #marker() -> &'static #private::core::primitive::str { #private::path_of(&#marker) }
        static #name: #private::FunctionName = #private::FunctionName::new(#marker);
        &#name
    })
}

/// `client` to `Client`
fn variant(word: &Ident) -> Ident {
    let text = word.to_string();
    let (first, rest) = text.split_at(1);
    format_ident!("{}{rest}", first.to_uppercase(), span = word.span().resolved_at(Span::mixed_site()))
}

/// Whether somebody records here and now.
pub fn gate(args: &Args) -> TokenStream {
    // Under what is current, a parent that is not sampled settles the matter before anything is put together.
    let on = match (&args.parent, &args.root) {
        (None, None) => quote!(__TRACED.is_on_here()),
        _ => quote!(__TRACED.is_on()),
    };
    match &args.condition {
        None => on,
        Some(condition) => {
            let span = condition.span().resolved_at(Span::mixed_site());
            quote_spanned!(span=> #on && (#condition))
        }
    }
}

/// `Start::new(..)` with all that the arguments say.
pub fn start(args: &Args, attrs: &[Attr], private: &TokenStream) -> TokenStream {
    let writer = attrs::writer(attrs, private);
    let name = match &args.name {
        Some(Name::Expr(expr)) => {
            let span = expr.span().resolved_at(Span::mixed_site());
            let private = attrs::located(private, span);
            Some(quote_spanned!(span=> .name(#private::AsText::as_text(&(#expr)))))
        }
        _ => None,
    };
    let parent = args.parent.as_ref().map(|parent| {
        let span = parent.span().resolved_at(Span::mixed_site());
        let private = attrs::located(private, span);
        quote_spanned!(span=> .parent(#private::AsParent::as_parent(&(#parent))))
    });
    let root = args.root.map(|_| quote!(.root()));
    let links = args.links.as_ref().map(|links| {
        let each = links.0.iter().map(|link| {
            let expr = &link.expr;
            let span = expr.span().resolved_at(Span::mixed_site());
            match expr {
                _ if !link.spread => quote_spanned!(span=> .with(&(#expr))),
                // A variable or a field is looked at, and stays where it is.
                Expr::Path(_) | Expr::Field(_) => quote_spanned!(span=> .with_each(&(#expr))),
                _ => quote_spanned!(span=> .with_all(#expr)),
            }
        });
        quote!(.links(#private::Links::new() #(#each)*))
    });
    quote!(#private::Start::new(&__TRACED, #writer) #name #parent #root #links)
}

/// Whether a span begins with its attributes alone, as most do: one call says it all.
fn says_nothing_else(args: &Args) -> bool {
    !matches!(args.name, Some(Name::Expr(_))) && args.parent.is_none() && args.root.is_none() && args.links.is_none()
}

/// The span, open or not.
pub fn open(args: &Args, attrs: &[Attr], private: &TokenStream) -> TokenStream {
    if let Some(attrs::Values { list, .. }) = values(args, attrs, private) {
        return quote!(#private::opened(&__TRACED, #list));
    }
    let gate = gate(args);
    let open = if says_nothing_else(args) {
        let writer = attrs::writer(attrs, private);
        quote!(#private::enter_with(&__TRACED, #writer))
    } else {
        let start = start(args, attrs, private);
        quote!(#private::open(#start))
    };
    quote!(if #gate { #open } else { #private::unopened() })
}

/// The way into a span of which `look` alone sees the return value.
pub enum Enter {
    /// The span opens as the body is called: `look, &SITE, values` are its first arguments.
    AtOnce(TokenStream),
    /// The span opens before, since the body takes what its attributes are made of.
    Before(TokenStream),
}

/// See [`Enter`]; what is `still` can be looked at while the body has it, too.
pub fn enter(args: &Args, attrs: &[Attr], still: &[Ident], look: &TokenStream, private: &TokenStream) -> Enter {
    let Some(attrs::Values { list, variables, .. }) = values(args, attrs, private) else {
        let open = open(args, attrs, private);
        return Enter::Before(quote!(#private::Entry::new(#look, #open)));
    };
    let arguments = quote!(#look, &__TRACED, #list);
    if variables.iter().all(|variable| still.contains(variable)) {
        Enter::AtOnce(arguments)
    } else {
        Enter::Before(quote!(#private::enter(#arguments)))
    }
}
