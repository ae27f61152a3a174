//! The parameters of a function, seen from inside its span.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::visit::{self, Visit};
use syn::visit_mut::{self, VisitMut};
use syn::{Attribute, FnArg, LitStr, Pat, PatIdent, PatStruct, ReceiverKind, Signature, Type};

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
    /// `let _ = &a;` for each binding that is recorded: it is used, even if the body does not use it, too.
    pub uses: TokenStream,
    /// Each parameter that is one name.
    pub names: Vec<Ident>,
    /// The same, each with the conditions under which it is there. Two of one name may be there in turn.
    pub named: Vec<(Ident, Vec<Attribute>)>,
    /// Each that stays where it is, and can be looked at while the body has it, too; see [`stays`].
    pub still: Vec<Ident>,
    /// What parameters with `#[attr]` set.
    pub attrs: Vec<Attr>,
}

impl Params {
    /// Takes `#[attr]` off the parameters, and `mut` over to the rebinding: the signature that remains is what the
    /// caller sees, which is the same.
    pub fn take(sig: &mut Signature, args: &Args, errors: &mut Errors) -> Self {
        let mut params = Self {
            rebind: TokenStream::new(),
            uses: TokenStream::new(),
            names: Vec::new(),
            named: Vec::new(),
            still: Vec::new(),
            attrs: Vec::new(),
        };
        let mut used = TokenStream::new();
        for (position, input) in sig.inputs.iter_mut().enumerate() {
            match input {
                FnArg::Receiver(receiver) => {
                    let span = Span::mixed_site();
                    let this = &receiver.self_token;
                    if let ReceiverKind::Reference(_, _, mutability) = &receiver.kind {
                        if mutability.is_none() {
                            params.still.push(Ident::new("self", this.span));
                        }
                        continue;
                    }
                    params.rebind.extend(quote_spanned!(span=> let _ = &#this;));
                }
                FnArg::Typed(param) => {
                    let conditions: Vec<Attribute> =
                        param.attrs.iter().filter(|a| a.path().is_ident("cfg")).cloned().collect();
                    let recorded = params.attr(&mut param.attrs, &param.pat, &conditions, errors)
                        || matches!(args.capture, Some(Capture::All(_)));
                    let stays = stays(&param.pat, &param.ty);
                    // Whether it is there, and what lints say of it, holds for the rebinding, too.
                    let mut cfgs: Vec<Attribute> = param.attrs.iter().filter(|a| is_carried(a)).cloned().collect();
                    // What is expected happens in one place: to the rebinding if there is one, since the parameter itself is
                    // used then, and needs no `mut`.
                    let expecting = if stays { &mut cfgs } else { &mut param.attrs };
                    expecting.retain(|attribute| !attribute.path().is_ident("expect"));
                    if let Pat::Ident(PatIdent { ident, .. }) = &*param.pat {
                        params.names.push(ident.clone());
                        params.named.push((ident.clone(), conditions));
                    }
                    let mentioned = &args.mentioned;
                    if !recorded && leaves_unbound(&param.pat) && !binds_any(&param.pat, mentioned) {
                        let span = Span::mixed_site();
                        let whole = Ident::new(&format!("_{position}"), span);
                        let pattern = whole_as(&mut param.pat, &whole);
                        let underscore = underscore(&whole);
                        params.rebind.extend(quote_spanned!(span=> #(#cfgs)* #underscore let #whole = #whole;));
                        if let Some(pattern) = pattern {
                            params.rebind.extend(quote_spanned!(span=> #(#cfgs)* #underscore let #pattern = #whole;));
                        }
                        continue;
                    }
                    if let (true, Pat::Ident(PatIdent { ident, .. })) = (stays, &*param.pat) {
                        params.still.push(ident.clone());
                    }
                    let mut bindings = Bindings {
                        stays,
                        cfgs: &cfgs,
                        recorded,
                        mentioned,
                        rebind: &mut params.rebind,
                        used: &mut used,
                        uses: &mut params.uses,
                    };
                    bindings.visit_pat_mut(&mut param.pat);
                }
            }
        }
        params.rebind.extend(used);
        params
    }

    /// Whether there was an `#[attr]`.
    fn attr(
        &mut self,
        attributes: &mut Vec<Attribute>,
        pattern: &Pat,
        conditions: &[Attribute],
        errors: &mut Errors,
    ) -> bool {
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
        self.attrs.push(Attr::variable(ident.clone(), key).under(conditions.to_vec()));
        true
    }
}

/// Whether a part of the argument is bound to no name: it would drop with the function's own argument, behind the span.
fn leaves_unbound(pattern: &Pat) -> bool {
    struct Unbound(bool);
    impl<'p> Visit<'p> for Unbound {
        fn visit_pat(&mut self, pattern: &'p Pat) {
            let rest = matches!(pattern, Pat::Struct(PatStruct { rest: Some(_), .. }));
            self.0 |= rest || matches!(pattern, Pat::Wild(_) | Pat::Rest(_));
            visit::visit_pat(self, pattern);
        }
    }
    let mut unbound = Unbound(false);
    unbound.visit_pat(pattern);
    unbound.0
}

/// Whether `pattern` binds one of `names`, which the span's own arguments see.
fn binds_any(pattern: &Pat, names: &[Ident]) -> bool {
    struct Binds<'a>(&'a [Ident], bool);
    impl<'p> Visit<'p> for Binds<'_> {
        fn visit_pat_ident(&mut self, pattern: &'p PatIdent) {
            self.1 |= self.0.contains(&pattern.ident);
            visit::visit_pat_ident(self, pattern);
        }
    }
    let mut binds = Binds(names, false);
    binds.visit_pat(pattern);
    binds.1
}

/// Puts the name `whole` in the place of `pattern`, which is given back unless it is a plain `_`.
fn whole_as(pattern: &mut Pat, whole: &Ident) -> Option<Pat> {
    let name = PatIdent { attrs: Vec::new(), by_ref: None, mutability: None, ident: whole.clone(), subpat: None };
    match std::mem::replace(pattern, Pat::Ident(name)) {
        Pat::Wild(_) => None,
        pattern => Some(pattern),
    }
}

fn is_carried(attribute: &Attribute) -> bool {
    ["cfg", "cfg_attr", "allow", "expect", "warn", "deny", "forbid"].iter().any(|name| attribute.path().is_ident(name))
}

/// What clippy says of using `_name` is meant for the user, who does not.
fn underscore(ident: &Ident) -> Option<TokenStream> {
    let hidden = ident.to_string().starts_with('_');
    hidden.then(|| quote!(#[allow(clippy::used_underscore_binding, clippy::no_effect_underscore_binding)]))
}

/// Whether an argument can stay where it is: it does nothing when it drops, so nobody sees when that is.
fn stays(pattern: &Pat, ty: &Type) -> bool {
    const PLAIN: &[&str] = &[
        "bool", "char", "i8", "i16", "i32", "i64", "i128", "isize", "u8", "u16", "u32", "u64", "u128", "usize", "f32",
        "f64",
    ];
    if !matches!(pattern, Pat::Ident(PatIdent { by_ref: None, mutability: None, subpat: None, .. })) {
        return false;
    }
    match ty {
        Type::Reference(reference) => reference.mutability.is_none(),
        Type::Path(path) => path.path.get_ident().is_some_and(|ident| PLAIN.iter().any(|plain| ident == plain)),
        Type::Paren(ty) => stays(pattern, &ty.elem),
        Type::Group(ty) => stays(pattern, &ty.elem),
        _ => false,
    }
}

struct Bindings<'a> {
    /// See [`stays`].
    stays: bool,
    cfgs: &'a [Attribute],
    /// Recorded without being mentioned.
    recorded: bool,
    mentioned: &'a [Ident],
    rebind: &'a mut TokenStream,
    /// Uses of what was rebound.
    used: &'a mut TokenStream,
    uses: &'a mut TokenStream,
}

impl VisitMut for Bindings<'_> {
    fn visit_pat_ident_mut(&mut self, pattern: &mut PatIdent) {
        let ident = &pattern.ident;
        let cfgs = self.cfgs;
        let span = Span::mixed_site();
        // A `ref mut` binding is a reference that needs no `mut` of its own.
        let mutability = if pattern.by_ref.is_none() { pattern.mutability.take() } else { None };
        let underscore = underscore(ident);
        if !self.stays {
            self.rebind.extend(quote_spanned!(span=> #(#cfgs)* #underscore let #mutability #ident = #ident;));
        }
        if self.recorded || self.mentioned.contains(ident) {
            let used = quote_spanned!(span=> #(#cfgs)* #underscore let _ = &#ident;);
            if !self.stays {
                self.used.extend(used.clone());
            }
            self.uses.extend(used);
        }
        visit_mut::visit_pat_ident_mut(self, pattern);
    }

    /// Types and expressions in a pattern bind nothing.
    fn visit_expr_mut(&mut self, _: &mut syn::Expr) {}
}
