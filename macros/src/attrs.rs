//! `key = value` lists, shared by `#[traced]`, `event!`, `attr!` and `span!`.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::spanned::Spanned;
use syn::{Attribute, Expr, LitStr, Token, braced, parenthesized, token};

use crate::errors::Errors;
use crate::list;
use crate::secrets;

/// One element of a list.
#[derive(Clone)]
pub enum Attr {
    /// `key = value`, and the shorthands `ident`, `%ident`, `?ident`.
    Pair { key: Key, value: Value },
    /// `..expr`
    Flatten(Expr),
    /// One of a parameter that is there under conditions alone.
    Conditional(Vec<Attribute>, Box<Attr>),
}

/// What an attribute is called.
#[derive(Clone)]
pub enum Key {
    /// `dotted.ident` or `"literal"`
    Text(LitStr),
    /// `{CONST}`
    Const(Expr),
}

/// How its value is shown.
#[derive(Clone)]
pub struct Value {
    form: Form,
    expr: Expr,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Typed,
    Display,
    Debug,
    Redacted,
    Captured,
}

impl Attr {
    /// Parses a comma-separated list to its end; a mistake in one element does not hide those in others.
    pub fn parse_list(input: ParseStream<'_>, errors: &mut Errors) -> Vec<Self> {
        list::parse(input, errors, Self::parse_checked)
    }

    /// Parses one element; what is wrong with an element that parses is added to `errors`.
    pub fn parse_checked(input: ParseStream<'_>, errors: &mut Errors) -> syn::Result<Self> {
        let attr: Self = input.parse()?;
        attr.check(errors);
        Ok(attr)
    }

    /// A parameter under `#[attr]` or `#[attr("key")]`.
    pub fn variable(ident: Ident, key: Option<LitStr>) -> Self {
        let key = key.map_or_else(|| Key::of(&ident), Key::Text);
        Self::Pair { key, value: Value { form: Form::Typed, expr: path(ident) } }
    }

    /// An argument that was asked for by name alone: as an attribute value if it is one, else its `Debug` form.
    pub fn captured(ident: Ident) -> Self {
        Self::Pair { key: Key::of(&ident), value: Value { form: Form::Captured, expr: path(ident) } }
    }

    /// The same under `conditions`, `#[cfg(..)]`s.
    #[must_use]
    pub fn under(self, conditions: Vec<Attribute>) -> Self {
        if conditions.is_empty() { self } else { Self::Conditional(conditions, Box::new(self)) }
    }

    fn check(&self, errors: &mut Errors) {
        let Self::Pair { key, value } = self else { return };
        if let Key::Text(key) = key {
            let text = key.value();
            if text.is_empty() {
                errors.on(key, "an attribute key must not be empty");
            } else if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
                errors.on(key, "an attribute key must hold no white space");
            }
        }
        if value.form != Form::Redacted
            && let Some(name) = secrets::shown_variable(&value.expr)
            && let Some(message) = secrets::refusal(name)
        {
            errors.on(&value.expr, message);
        }
    }

    /// A statement that uses the value without recording it.
    pub fn unrecorded(&self) -> TokenStream {
        match self {
            Self::Flatten(expr) => looked_at(expr),
            Self::Pair { key: Key::Const(key), value } => {
                let (key, value) = (looked_at(key), looked_at(&value.expr));
                quote!(#key #value)
            }
            Self::Pair { value, .. } => looked_at(&value.expr),
            Self::Conditional(conditions, attr) => {
                let statement = attr.unrecorded();
                quote!(#(#conditions)* { #statement })
            }
        }
    }

    /// Statements that set the attribute on `fields`.
    pub fn expand(&self, fields: &Ident, private: &TokenStream) -> TokenStream {
        match self {
            Self::Flatten(expr) => {
                let span = expr.span().resolved_at(Span::mixed_site());
                let private = located(private, span);
                quote_spanned!(span=> #private::Attributes::record(&(#expr), #fields);)
            }
            Self::Pair { key, value } => value.expand(key, fields, private),
            Self::Conditional(conditions, attr) => {
                let statement = attr.expand(fields, private);
                quote!(#(#conditions)* { #statement })
            }
        }
    }
}

impl Value {
    fn expand(&self, key: &Key, fields: &Ident, private: &TokenStream) -> TokenStream {
        let expr = &self.expr;
        // Errors about the value's type belong on the user's expression.
        let span = expr.span().resolved_at(Span::mixed_site());
        let value = quote_spanned!(span=> &(#expr));
        match self.form {
            Form::Typed => quote_spanned!(span=> #fields.set(#key, #value);),
            Form::Display => quote_spanned!(span=> #fields.slot(#key).display(#value);),
            Form::Debug => quote_spanned!(span=> #fields.slot(#key).debug(#value);),
            Form::Redacted => quote_spanned!(span=> {
                use #private::mask::{Maybe as _, Present as _};
                (&&#private::mask::Probe(#value)).mask(#fields.slot(#key));
            }),
            Form::Captured => quote_spanned! {span=>
                #[allow(clippy::used_underscore_binding)]
                {
                    use #private::capture::{Shown as _, Typed as _, Unshown as _};
                    (&&#private::capture::Probe(#value)).record(#fields.slot(#key));
                };
            },
        }
    }
}

impl Value {
    /// `&value,` for a value that is there already.
    fn looked_at(&self, private: &TokenStream) -> Option<TokenStream> {
        let expr = &self.expr;
        let span = expr.span().resolved_at(Span::mixed_site());
        let value = quote_spanned!(span=> &(#expr));
        is_there(expr).then_some(())?;
        Some(match self.form {
            Form::Typed => quote_spanned!(span=> #value,),
            Form::Display => quote_spanned!(span=> &#private::display(#value),),
            Form::Debug => quote_spanned!(span=> &#private::debug(#value),),
            Form::Redacted | Form::Captured => return None,
        })
    }
}

impl ToTokens for Key {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        match self {
            Self::Text(text) => text.to_tokens(tokens),
            Self::Const(expr) => quote!((#expr)).to_tokens(tokens),
        }
    }
}

impl Parse for Attr {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        if input.peek(Token![..]) {
            input.parse::<Token![..]>()?;
            return Ok(Self::Flatten(input.parse()?));
        }
        // The shorthands `%ident` and `?ident` name the attribute after the variable.
        if let Some(form) = Form::parse_sigil(input)? {
            let ident: Ident = input.call(variable)?;
            return Ok(Self::Pair { key: Key::of(&ident), value: Value { form, expr: path(ident) } });
        }
        if input.peek(syn::Ident) && !input.peek2(Token![=]) && !input.peek2(Token![.]) {
            let ident: Ident = input.call(variable)?;
            return Ok(Self::Pair { key: Key::of(&ident), value: Value { form: Form::Typed, expr: path(ident) } });
        }
        let key: Key = input.parse()?;
        if input.is_empty() || input.peek(Token![,]) {
            let key = key.to_token_stream();
            return Err(syn::Error::new_spanned(key, "an attribute needs a value: `key = value`"));
        }
        input.parse::<Token![=]>()?;
        if input.is_empty() || input.peek(Token![,]) {
            return Err(syn::Error::new_spanned(key.to_token_stream(), "an attribute needs a value: `key = value`"));
        }
        Ok(Self::Pair { key, value: input.parse()? })
    }
}

/// A variable that stands for itself.
fn variable(input: ParseStream<'_>) -> syn::Result<Ident> {
    let ident: Ident = input.parse()?;
    if !input.is_empty() && !input.peek(Token![,]) {
        return Err(input.error(format!("expected `,` or `=` after `{ident}`")));
    }
    Ok(ident)
}

fn path(ident: Ident) -> Expr {
    Expr::Path(syn::ExprPath { attrs: Vec::new(), qself: None, path: ident.into() })
}

impl Key {
    fn of(ident: &Ident) -> Self {
        Self::Text(LitStr::new(&ident.unraw().to_string(), ident.span()))
    }
}

impl Parse for Key {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        if input.peek(LitStr) {
            return Ok(Self::Text(input.parse()?));
        }
        if input.peek(token::Brace) {
            let content;
            braced!(content in input);
            let expr = content.parse()?;
            if !content.is_empty() {
                return Err(content.error("expected one constant in the braces: `{KEY} = value`"));
            }
            return Ok(Self::Const(expr));
        }
        // Keywords are allowed: `error.type`.
        let first = input.call(Ident::parse_any).map_err(|e| {
            syn::Error::new(e.span(), "expected an attribute key: `dotted.name`, `\"literal\"` or `{CONST}`")
        })?;
        let mut text = first.unraw().to_string();
        let mut span = first.span();
        while input.peek(Token![.]) && !input.peek(Token![..]) {
            input.parse::<Token![.]>()?;
            let part = input.call(Ident::parse_any)?;
            text.push('.');
            text.push_str(&part.unraw().to_string());
            span = span.join(part.span()).unwrap_or(span);
        }
        Ok(Self::Text(LitStr::new(&text, span)))
    }
}

impl Form {
    fn parse_sigil(input: ParseStream<'_>) -> syn::Result<Option<Self>> {
        if input.peek(Token![%]) {
            input.parse::<Token![%]>()?;
            return Ok(Some(Self::Display));
        }
        if input.peek(Token![?]) {
            input.parse::<Token![?]>()?;
            return Ok(Some(Self::Debug));
        }
        Ok(None)
    }
}

syn::custom_keyword!(redact);

impl Parse for Value {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        if let Some(form) = Form::parse_sigil(input)? {
            return Ok(Self { form, expr: input.parse()? });
        }
        if input.peek(redact) && input.peek2(token::Paren) {
            input.parse::<redact>()?;
            let content;
            parenthesized!(content in input);
            let expr = content.parse()?;
            if !content.is_empty() {
                return Err(content.error("expected one value: `redact(value)`"));
            }
            return Ok(Self { form: Form::Redacted, expr });
        }
        Ok(Self { form: Form::Typed, expr: input.parse()? })
    }
}

/// `tokens`, standing at `span`: an error about what they do is then there alone.
pub fn located(tokens: &TokenStream, span: Span) -> TokenStream {
    let at = |mut token: proc_macro2::TokenTree| {
        token.set_span(token.span().located_at(span));
        token
    };
    tokens.clone().into_iter().map(at).collect()
}

/// Attributes that are handed over as values, since looking at them does and costs nothing.
pub struct Values {
    /// The keys, each behind a byte that tells its length.
    pub keys: String,
    /// `&[&a, &b]`
    pub list: TokenStream,
    /// The variables that they are, or are a part of.
    pub variables: Vec<Ident>,
}

/// `attrs` as values; `None` if one of them has to be evaluated, which is done only for somebody who records.
pub fn values(attrs: &[Attr], private: &TokenStream) -> Option<Values> {
    let mut keys = String::new();
    let mut list = TokenStream::new();
    let mut variables = Vec::new();
    for attr in attrs {
        let Attr::Pair { key: Key::Text(key), value } = attr else { return None };
        let key = key.value();
        // Beyond that, the length would be two bytes.
        let length = u8::try_from(key.len()).ok().filter(u8::is_ascii)?;
        keys.push(char::from(length));
        keys.push_str(&key);
        list.extend(value.looked_at(private)?);
        variables.extend(variable_of(&value.expr).cloned());
    }
    Some(Values { keys, list: quote!(&[#list]), variables })
}

/// The variable that such an expression is, or is a part of.
fn variable_of(expr: &Expr) -> Option<&Ident> {
    match expr {
        Expr::Path(path) => path.path.get_ident(),
        Expr::Field(field) => variable_of(&field.base),
        Expr::Reference(reference) => variable_of(&reference.expr),
        Expr::Paren(paren) => variable_of(&paren.expr),
        Expr::Group(group) => variable_of(&group.expr),
        _ => None,
    }
}

/// Whether an expression names something that is there already.
fn is_there(expr: &Expr) -> bool {
    match expr {
        Expr::Path(_) | Expr::Lit(_) => true,
        Expr::Field(field) => is_there(&field.base),
        Expr::Reference(reference) => reference.mutability.is_none() && is_there(&reference.expr),
        Expr::Paren(paren) => is_there(&paren.expr),
        Expr::Group(group) => is_there(&group.expr),
        _ => false,
    }
}

/// A closure `|fields| ..` that sets all of `attrs`.
pub fn writer(attrs: &[Attr], private: &TokenStream) -> TokenStream {
    let fields = Ident::new("fields", Span::mixed_site());
    let statements = attrs.iter().map(|attr| attr.expand(&fields, private));
    // Under conditions that do not hold, nothing else uses them.
    let used = attrs.iter().any(|attr| matches!(attr, Attr::Conditional(..))).then(|| quote!(let _ = &#fields;));
    let pattern = if attrs.is_empty() { quote!(_) } else { fields.to_token_stream() };
    quote!(&mut |#pattern: &mut #private::Fields<'_>| { #used #(#statements)* })
}

/// A statement that uses `expr` and does nothing.
pub fn looked_at(expr: &Expr) -> TokenStream {
    let span = expr.span().resolved_at(Span::mixed_site());
    quote_spanned!(span=> let _ = &(#expr);)
}

/// What stands in for a list where nobody records: its values are checked and never evaluated.
pub fn unrecorded(attrs: &[Attr]) -> TokenStream {
    let statements = attrs.iter().map(Attr::unrecorded);
    if attrs.is_empty() { TokenStream::new() } else { quote!(if false { #(#statements)* }) }
}
