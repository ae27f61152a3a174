//! The parameters of a function, seen from inside its span.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote_spanned;
use syn::visit_mut::{self, VisitMut};
use syn::{Attribute, FnArg, LitStr, Pat, PatIdent, Signature};

use crate::args::{Args, Capture};
use crate::attrs::Attr;
use crate::errors::Errors;
use crate::secrets;

/// The parameters of a function, seen from inside its span.
pub struct Params {
    /// `let a = a;` for each binding, in order.
    ///
    /// A closure or an async block that captures its arguments as it uses them would drop them in another order than a
    /// function does, and keep what it does not use alive behind the span.
    pub rebind: TokenStream,
    /// Each parameter that is one name.
    pub names: Vec<Ident>,
    /// What parameters with `#[attr]` set.
    pub attrs: Vec<Attr>,
}

impl Params {
    /// Takes `#[attr]` off the parameters, and `mut` over to the rebinding: the signature that remains is what the
    /// caller sees, which is the same.
    pub fn take(sig: &mut Signature, args: &Args, errors: &mut Errors) -> Self {
        let mut params = Self { rebind: TokenStream::new(), names: Vec::new(), attrs: Vec::new() };
        for input in &mut sig.inputs {
            match input {
                FnArg::Receiver(receiver) => {
                    let span = Span::mixed_site();
                    let this = &receiver.self_token;
                    params.rebind.extend(quote_spanned!(span=> let _ = &#this;));
                }
                FnArg::Typed(param) => {
                    let recorded = params.attr(&mut param.attrs, &param.pat, errors)
                        || matches!(args.capture, Some(Capture::All(_)));
                    let cfgs: Vec<Attribute> =
                        param.attrs.iter().filter(|a| a.path().is_ident("cfg")).cloned().collect();
                    if let Pat::Ident(PatIdent { ident, .. }) = &*param.pat {
                        if cfgs.is_empty() {
                            params.names.push(ident.clone());
                        }
                    }
                    let mentioned = &args.mentioned;
                    let mut bindings = Bindings { cfgs: &cfgs, recorded, mentioned, rebind: &mut params.rebind };
                    bindings.visit_pat_mut(&mut param.pat);
                }
            }
        }
        params
    }

    /// Whether there was an `#[attr]`.
    fn attr(&mut self, attributes: &mut Vec<Attribute>, pattern: &Pat, errors: &mut Errors) -> bool {
        let Some(position) = attributes.iter().position(|attribute| attribute.path().is_ident("attr")) else {
            return false;
        };
        let attribute = attributes.remove(position);
        let Pat::Ident(PatIdent { ident, .. }) = pattern else {
            errors.on(pattern, "`#[attr]` needs a parameter that is one name; use `attrs(key = value)` for this one");
            return true;
        };
        if let Some(message) = secrets::refusal(ident) {
            errors.on(ident, message);
        }
        let key = match &attribute.meta {
            syn::Meta::Path(_) => None,
            _ => match attribute.parse_args::<LitStr>() {
                Ok(key) => Some(key),
                Err(error) => {
                    errors.at(error.span(), "expected the attribute's key as a string: `#[attr(\"book.title\")]`");
                    None
                }
            },
        };
        self.attrs.push(Attr::variable(ident.clone(), key));
        true
    }
}

struct Bindings<'a> {
    cfgs: &'a [Attribute],
    /// Recorded without being mentioned.
    recorded: bool,
    mentioned: &'a [Ident],
    rebind: &'a mut TokenStream,
}

impl VisitMut for Bindings<'_> {
    fn visit_pat_ident_mut(&mut self, pattern: &mut PatIdent) {
        let ident = &pattern.ident;
        let cfgs = self.cfgs;
        let span = Span::mixed_site();
        // A `ref mut` binding is a reference that needs no `mut` of its own.
        let mutability = if pattern.by_ref.is_none() { pattern.mutability.take() } else { None };
        self.rebind.extend(quote_spanned!(span=> #(#cfgs)* let #mutability #ident = #ident;));
        if self.recorded || self.mentioned.contains(ident) {
            // A parameter that is recorded is used: the body need not use it, too.
            self.rebind.extend(quote_spanned!(span=> #(#cfgs)* let _ = &#ident;));
        }
        visit_mut::visit_pat_ident_mut(self, pattern);
    }

    /// Types and expressions in a pattern bind nothing.
    fn visit_expr_mut(&mut self, _: &mut syn::Expr) {}
}
