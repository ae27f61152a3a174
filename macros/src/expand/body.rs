//! The new body of a function, by the shape in which it runs.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote};
use syn::visit::{self, Visit};
use syn::visit_mut::{self, VisitMut};
use syn::{FnArg, LitStr, ReturnType, Type};

use super::entry::Enter;
use super::params::Params;
use super::{entry, outcome};
use crate::args::{Args, Capture, Name, Returns};
use crate::attrs::Attr;
use crate::errors::Errors;
use crate::item::Function;
use crate::shape::{self, AsyncTail, Shape, Wrapper};

/// The function with its span around it.
pub fn function(function: &mut Function, args: &Args, errors: &mut Errors) -> TokenStream {
    let shape = Shape::of(function, args);
    let mut params = Params::take(&mut function.sig, args, errors);
    let private = entry::private(args.krate.as_ref());
    let mut attrs = std::mem::take(&mut params.attrs);
    attrs.extend(args.attrs.iter().cloned());
    attrs.extend(captured(args, &params, errors));
    let name = LitStr::new(&syn::ext::IdentExt::unraw(&function.sig.ident).to_string(), function.sig.ident.span());
    // Where the span opens later, its attributes are evaluated apart from it.
    let listed = if matches!(shape, Shape::Sync | Shape::Async) { attrs.as_slice() } else { &[] };
    let mut site = entry::site(args, &name, listed, &private);
    site.extend(super::lost_track_caller(function, &private));
    let parts = Parts { site, body: &function.body, output: &function.sig.output, args, attrs, params, private };
    let is_async = matches!(shape, Shape::Async);
    let body = match shape {
        Shape::Sync => parts.sync(),
        Shape::Async => parts.asynchronous(),
        Shape::AsyncBlock(tail) => parts.async_block(&tail),
        Shape::Future { boxed } => parts.returned(boxed, &quote!(returned_future), &quote!(future_of)),
        Shape::Stream { boxed } => parts.returned(boxed, &quote!(returned_stream), &quote!(stream_of)),
    };
    let function = function.to_tokens_with(body);
    // Spans of generated code keep other lints away from it; this one speaks of the block inside, which is awaited.
    let allow = is_async.then(|| quote!(#[allow(clippy::async_yields_async)]));
    quote!(#allow #function)
}

/// The function without a span, for a build in which nobody records. What the arguments mention stays used: parameters, and
/// what else is evaluated at entry.
pub fn disabled(function: &mut Function, args: &Args, errors: &mut Errors) -> TokenStream {
    let returned = returned_by(function, args);
    let mut sig = function.sig.clone();
    let params = Params::take(&mut sig, args, errors);
    for own in &mut function.sig.inputs {
        if let FnArg::Typed(own) = own {
            own.attrs.retain(|attribute| !attribute.path().is_ident("attr"));
        }
    }
    let uses = &params.uses;
    let name = args.name.iter().filter_map(|name| if let Name::Expr(name) = name { Some(name) } else { None });
    let links = args.links.iter().flat_map(|links| links.0.iter().map(|link| &link.expr));
    let others = name.chain(&args.parent).chain(links).chain(&args.condition).map(crate::attrs::looked_at);
    let attrs = args.attrs.iter().chain(args.metrics.iter().flat_map(|metrics| &metrics.attrs)).map(Attr::unrecorded);
    let private = entry::private(args.krate.as_ref());
    let clauses = returned.map(|returned| outcome::unrecorded(args, &returned, &private));
    let looked_at = quote!(#uses #(#others)* #(#attrs)* #clauses);
    if looked_at.is_empty() {
        return function.to_token_stream();
    }
    let body = &function.body;
    function.to_tokens_with(block(&quote!(if false { #looked_at }), body))
}

/// What the clauses of a function see, if its signature shows that.
fn returned_by(function: &Function, args: &Args) -> Option<Type> {
    struct Shown(bool);
    impl<'t> Visit<'t> for Shown {
        fn visit_type(&mut self, ty: &'t Type) {
            self.0 &= !matches!(ty, Type::ImplTrait(_) | Type::Never(_));
            visit::visit_type(self, ty);
        }
    }
    let returned = match (Shape::of(function, args), &function.sig.output) {
        (Shape::Sync | Shape::Async, ReturnType::Type(_, ty)) => (**ty).clone(),
        (Shape::Sync | Shape::Async, ReturnType::Default) => unit(),
        (_, output) => shape::future_output(output)?,
    };
    let mut shown = Shown(true);
    shown.visit_type(&returned);
    shown.0.then_some(returned)
}

/// Arguments captured by `args`.
fn captured(args: &Args, params: &Params, errors: &mut Errors) -> Vec<Attr> {
    let captured = |(name, conditions): &(Ident, Vec<_>)| Attr::captured(name.clone()).under(conditions.clone());
    match &args.capture {
        None => Vec::new(),
        Some(Capture::All(span)) => {
            for name in &params.names {
                if let Some(message) = crate::secrets::refusal(name) {
                    errors.at(*span, message);
                }
            }
            params.named.iter().map(captured).collect()
        }
        Some(Capture::Some(names)) => {
            for name in names {
                if !params.names.contains(name) {
                    let known: Vec<String> = params.names.iter().map(ToString::to_string).collect();
                    let known: Vec<&str> = known.iter().map(String::as_str).collect();
                    let message = if known.is_empty() {
                        format!("no parameter is called `{name}`")
                    } else {
                        crate::words::unknown("parameter", &name.to_string(), &known)
                    };
                    errors.on(name, message);
                }
            }
            // By the name as it stands in the argument: that is where mistakes are shown.
            let asked = |name: &Ident| {
                let of_this_name = params.named.iter().filter(|(known, _)| known == name);
                of_this_name.map(|(_, conditions)| captured(&(name.clone(), conditions.clone()))).collect::<Vec<_>>()
            };
            names.iter().flat_map(asked).collect()
        }
    }
}

struct Parts<'a> {
    site: TokenStream,
    body: &'a proc_macro2::Group,
    output: &'a ReturnType,
    args: &'a Args,
    attrs: Vec<Attr>,
    params: Params,
    private: TokenStream,
}

impl Parts<'_> {
    fn open(&self) -> TokenStream {
        entry::open(self.args, &self.attrs, &self.private)
    }

    /// The way into the span, if nothing is said of what the function returns.
    fn enter(&self) -> Option<Enter> {
        let look = outcome::look(self.args, self.output, &self.private)?;
        Some(entry::enter(self.args, &self.attrs, &self.params.still, &look, &self.private))
    }

    fn note(&self) -> TokenStream {
        outcome::note(self.args, shape::is_plain(self.output), &self.private)
    }

    fn sync(&self) -> TokenStream {
        let Self { site, body, output, args, params, private, .. } = self;
        let rebind = &params.rebind;
        let returns = erased(output);
        let span = Ident::new("span", Span::mixed_site());
        let call = super::closure::told(output, rebind, body, private).unwrap_or_else(|| {
            let block = block(rebind, body);
            quote!(move || -> #returns #block)
        });
        if args.current.is_some() {
            let enrich = self.enrich();
            let note = self.note();
            return self
                .measured(quote!({ #site let #span = #enrich; #private::enriched(#span, #call, #note) }), output);
        }
        match self.enter() {
            Some(Enter::AtOnce(arguments)) => {
                return self.measured(quote!({ #site #private::within(#arguments, #call) }), output);
            }
            Some(Enter::Before(entry)) => {
                return self.measured(quote!({ #site let #span = #entry; #span.call(#call) }), output);
            }
            None => {}
        }
        let (open, note) = (self.open(), self.note());
        self.measured(quote!({ #site let #span = #open; #private::sync(#span, #call, #note) }), output)
    }

    fn asynchronous(&self) -> TokenStream {
        let Self { site, body, output, args, params, private, .. } = self;
        let rebind = &params.rebind;
        let pinned = match output {
            ReturnType::Type(_, ty) => pinned_output(ty, private),
            ReturnType::Default => pinned_output(&unit(), private),
        };
        let span = Ident::new("span", Span::mixed_site());
        let block = block(&quote!(#pinned #rebind), body);
        let block = quote!(async move #block);
        if args.current.is_some() {
            let (enrich, note) = (self.enrich(), self.note());
            let body = quote!({ #site let #span = #enrich; #private::enriched_future(#span, #block, #note).await });
            return self.measured(body, output);
        }
        match self.enter() {
            // In a statement of its own: what the attributes are borrowed in is gone before the first `.await`.
            Some(Enter::AtOnce(arguments)) => {
                let body = quote!({ #site let #span = #private::around(#arguments, #block); #span.await });
                return self.measured(body, output);
            }
            Some(Enter::Before(entry)) => {
                return self.measured(quote!({ #site let #span = #entry; #span.around(#block).await }), output);
            }
            None => {}
        }
        let (open, note) = (self.open(), self.note());
        self.measured(quote!({ #site let #span = #open; #private::InSpan::new(#span, #block, #note).await }), output)
    }

    /// Attributes are evaluated at the call, where the parameters still are; parent and start are those of the first poll.
    fn async_block(&self, tail: &AsyncTail) -> TokenStream {
        let Self { site, output, args, params, private, .. } = self;
        let rebind = &params.rebind;
        let statements = &tail.statements;
        let block_attrs = &tail.block.attrs;
        let capture = &tail.block.capture;
        let body = &tail.block.block;
        let known = shape::future_output(output);
        let pinned = match &known {
            Some(ty) => Some(pinned_output(ty, private)),
            None => shape::projected_output(output, private).as_ref().map(|ty| pinned_output(ty, private)),
        };
        let plain = known.is_some_and(|ty| shape::is_plain(&ReturnType::Type(Default::default(), Box::new(ty))));
        let note = outcome::note(args, plain, private);
        let pending = Ident::new("pending", Span::mixed_site());
        let block = block(&pinned.unwrap_or_default(), body);
        let (prepare, wrap) = self.prepare(quote!(InSpan::pending));
        let future = quote!(#private::#wrap(#pending, #(#block_attrs)* async #capture #block, #note));
        let (measure, future) = self.measured_later(future, &quote!(measured_future), plain);
        let wrapped = match &tail.wrapper {
            Wrapper::Bare => future,
            Wrapper::Call(constructor) => quote!(#constructor(#future)),
            Wrapper::Method(call) => {
                let method = &call.method;
                quote!(#future.#method())
            }
        };
        quote!({ #site #measure let #pending = #prepare; #rebind #(#statements)* #wrapped })
    }

    /// A future or stream that somebody else made: `wrap` is the runtime's function that puts the span around it, `of`
    /// the one that tells the compiler what it gives.
    fn returned(&self, boxed: bool, wrap: &TokenStream, of: &TokenStream) -> TokenStream {
        let Self { site, body, output, args, params, private, .. } = self;
        let rebind = &params.rebind;
        let returns = erased(output);
        let known = shape::future_output(output);
        let returned = known.as_ref().map_or_else(|| quote!(_), |ty| without_impl_trait(ty).into_token_stream());
        let plain = known.is_some_and(|ty| shape::is_plain(&ReturnType::Type(Default::default(), Box::new(ty))));
        let note = outcome::note(args, plain, private);
        let pending = Ident::new("pending", Span::mixed_site());
        let block = block(rebind, body);
        let (prepare, wrap) = self.prepare(wrap.clone());
        let inside = quote!(#private::#of::<#returned, _>(#private::call(move || -> #returns #block)));
        let wrapped = quote!(#private::#wrap(#pending, #inside, #note));
        let is_stream = matches!(args.returns, Some(Returns::Stream(_)));
        let of = if is_stream { quote!(measured_stream) } else { quote!(measured_future) };
        let (measure, wrapped) = self.measured_later(wrapped, &of, plain);
        let wrapped = if boxed { quote!(#private::boxed(#wrapped)) } else { wrapped };
        quote!({ #site #measure let #pending = #prepare; #wrapped })
    }

    /// What is evaluated at the call, and what puts it around the future: `wrap`, unless no span of its own is wanted.
    fn prepare(&self, wrap: TokenStream) -> (TokenStream, TokenStream) {
        let Self { args, private, .. } = self;
        if args.current.is_some() {
            return (self.enrich(), quote!(enriched_future));
        }
        let gate = entry::gate(args);
        let start = entry::start(args, &self.attrs, private);
        (quote!(if #gate { #private::Pending::new(#start) } else { #private::Pending::off() }), wrap)
    }

    /// `body`, measured if that is wanted.
    fn measured(&self, body: TokenStream, output: &ReturnType) -> TokenStream {
        let Self { args, private, .. } = self;
        let Some(measure) = entry::measure(args, &quote!(measure), private) else { return body };
        let call = Ident::new("call", Span::mixed_site());
        if let ReturnType::Type(_, ty) = output
            && matches!(**ty, Type::Never(_))
        {
            // It ends by a panic alone, or never.
            let call = Ident::new("_call", Span::mixed_site());
            return quote!({ let #call = #measure; #body });
        }
        let note = outcome::error_type(args, shape::is_plain(output), private);
        let value = Ident::new("value", Span::mixed_site());
        quote!({ let #call = #measure; let #value = #body; #private::measured(#call, &#value, #note); #value })
    }

    /// What is evaluated at the call, and `future`, or stream, measured by `of`, if that is wanted.
    fn measured_later(&self, future: TokenStream, of: &TokenStream, plain: bool) -> (TokenStream, TokenStream) {
        let Self { args, private, .. } = self;
        let Some(measure) = entry::measure(args, &quote!(measure_later), private) else {
            return (TokenStream::new(), future);
        };
        let call = Ident::new("call", Span::mixed_site());
        let note = outcome::error_type(args, plain, private);
        (quote!(let #call = #measure;), quote!(#private::#of(#call, #future, #note)))
    }

    fn enrich(&self) -> TokenStream {
        let Self { args, private, .. } = self;
        let gate = entry::gate(args);
        let writer = crate::attrs::writer(&self.attrs, private);
        quote!(if #gate { #private::enrich(#writer) } else { #private::unopened() })
    }
}

/// `statements`, then the body in its own braces as they came, which carry the user's edition.
///
/// As the last expression of a block they would be unused braces to the compiler; as an arm they are not, and what the
/// body's last expression borrows from the arguments is still given back before those drop.
fn block(statements: &TokenStream, body: impl ToTokens) -> TokenStream {
    if statements.is_empty() { body.into_token_stream() } else { quote!({ #statements match () { () => #body } }) }
}

/// `if false { return never::<T>(); }`: tells an async block what it returns, so that a wrong
/// type is an error on the user's expression.
fn pinned_output(ty: &Type, private: &TokenStream) -> TokenStream {
    if matches!(ty, Type::Never(_) | Type::ImplTrait(_)) {
        return TokenStream::new();
    }
    let ty = without_impl_trait(ty);
    quote!(if false { return #private::never::<#ty>(); })
}

fn unit() -> Type {
    syn::parse_quote!(())
}

/// The return type as a closure can state it.
fn erased(output: &ReturnType) -> TokenStream {
    match output {
        ReturnType::Default => quote!(()),
        ReturnType::Type(_, ty) => without_impl_trait(ty).into_token_stream(),
    }
}

/// `impl Trait` becomes `_` at any depth.
fn without_impl_trait(ty: &Type) -> Type {
    struct Erase;
    impl VisitMut for Erase {
        fn visit_type_mut(&mut self, ty: &mut Type) {
            if matches!(ty, Type::ImplTrait(_)) {
                *ty = syn::parse_quote!(_);
            } else {
                visit_mut::visit_type_mut(self, ty);
            }
        }
    }
    let mut ty = ty.clone();
    Erase.visit_type_mut(&mut ty);
    ty
}
