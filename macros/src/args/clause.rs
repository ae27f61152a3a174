//! `ret`, `ok`, `err`, `some` and `none`: what a span says of the return value.

use proc_macro2::{Ident, Span};
use syn::ext::IdentExt;
use syn::parse::ParseStream;
use syn::spanned::Spanned;
use syn::{Expr, LitBool, LitStr, Pat, Token};

use super::parse::{expect_equals, parenthesised};
use crate::attrs::Attr;
use crate::errors::Errors;
use crate::{list, secrets, words};

/// Which return values an outcome speaks of.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum On {
    Ret,
    Ok,
    Err,
    Some,
    None,
}

impl On {
    /// `word` is one of the five.
    pub fn named(word: &str) -> Self {
        match word {
            "ok" => Self::Ok,
            "err" => Self::Err,
            "some" => Self::Some,
            "none" => Self::None,
            _ => Self::Ret,
        }
    }
}

/// `ok(|PAT| CLAUSE,*)`
pub struct Outcome {
    pub on: On,
    /// The word itself, for errors about the return type.
    pub word: Ident,
    pub pattern: Option<Pat>,
    pub clauses: Vec<Clause>,
}

pub enum Clause {
    Attrs(Vec<Attr>),
    Event { name: LitStr, attrs: Vec<Attr> },
    Status(Status),
    Type(Expr),
    Expected { word: Ident, pattern: Box<Pat>, guard: Option<Expr> },
    Exception { word: Ident, exception: Exception },
}

pub enum Status {
    Ok,
    Unset,
    Error(Expr),
}

#[derive(Clone, Copy)]
pub enum Exception {
    /// `exception = false`
    Omitted,
    /// `exception = type`
    TypeOnly,
}

const CLAUSES: &[&str] = &["attrs", "event", "status"];
const ERR_CLAUSES: &[&str] = &["attrs", "event", "status", "type", "expected", "exception"];
const STATUSES: &[&str] = &["ok", "unset", "error"];

impl Outcome {
    pub fn parse(on: On, word: Ident, input: ParseStream<'_>, errors: &mut Errors) -> syn::Result<Self> {
        let pattern = if input.peek(Token![||]) {
            input.parse::<Token![||]>()?;
            None
        } else if input.peek(Token![|]) {
            let bar: Token![|] = input.parse()?;
            // One pattern without leading `|`: alternatives need parentheses, as in a closure.
            let pattern = Pat::parse_single(input)?;
            input.parse::<Token![|]>()?;
            if on == On::None {
                errors.on(bar, "`none(..)` has no value to bind: leave `|..|` out");
            }
            Some(pattern)
        } else {
            None
        };
        let _ = input.parse::<Option<Token![,]>>();
        let before = errors.count();
        let clauses = list::parse(input, errors, |input, errors| Clause::parse(on, input, errors));
        if clauses.is_empty() && errors.count() == before {
            errors.on(&word, format!("`{word}(..)` says nothing: give it `attrs(..)`, `event(..)` or `status = ..`"));
        }
        Ok(Self { on, word, pattern, clauses })
    }
}

impl Clause {
    /// The word of a clause that speaks of the error which is recorded.
    pub fn of_the_error(&self) -> Option<(String, Span)> {
        match self {
            Self::Type(expr) => Some(("type".to_owned(), expr.span())),
            Self::Expected { word, .. } | Self::Exception { word, .. } => Some((word.to_string(), word.span())),
            _ => None,
        }
    }

    fn parse(on: On, input: ParseStream<'_>, errors: &mut Errors) -> syn::Result<Self> {
        let word = input.call(Ident::parse_any)?;
        let text = word.unraw().to_string();
        let valid = if on == On::Err { ERR_CLAUSES } else { CLAUSES };
        if !valid.contains(&text.as_str()) {
            let message = if ERR_CLAUSES.contains(&text.as_str()) {
                format!("`{text}` belongs in `err(..)`")
            } else {
                words::unknown("clause", &text, valid)
            };
            return Err(syn::Error::new(word.span(), message));
        }
        match text.as_str() {
            "attrs" => parenthesised(input, &word, "key = value, ..", |content| {
                Ok(Self::Attrs(Attr::parse_list(content, errors)))
            }),
            "event" => parenthesised(input, &word, "\"event name\", key = value, ..", |content| {
                let (name, attrs) = event(content, errors)?;
                Ok(Self::Event { name, attrs })
            }),
            "status" => {
                expect_equals(input, &word, "ok")?;
                Ok(Self::Status(Status::parse(input, errors)?))
            }
            "type" => {
                expect_equals(input, &word, "\"error_type\"")?;
                let error_type = input.parse()?;
                secrets::check(&error_type, errors);
                Ok(Self::Type(error_type))
            }
            "expected" => parenthesised(input, &word, "PATTERN", |content| {
                let pattern = Pat::parse_multi_with_leading_vert(content)?;
                let guard = if content.peek(Token![if]) {
                    content.parse::<Token![if]>()?;
                    Some(content.parse()?)
                } else {
                    None
                };
                Ok(Self::Expected { word: word.clone(), pattern: Box::new(pattern), guard })
            }),
            _ => {
                expect_equals(input, &word, "false")?;
                Ok(Self::Exception { exception: Exception::parse(input)?, word })
            }
        }
    }
}

/// `"name", key = value, ..`
pub fn event(input: ParseStream<'_>, errors: &mut Errors) -> syn::Result<(LitStr, Vec<Attr>)> {
    let name: LitStr = input.parse().map_err(|e| {
        syn::Error::new(
            e.span(),
            "an event begins with its name, a string literal; what varies goes into its attributes",
        )
    })?;
    if !input.is_empty() {
        input.parse::<Token![,]>()?;
    }
    Ok((name, Attr::parse_list(input, errors)))
}

impl Status {
    fn parse(input: ParseStream<'_>, errors: &mut Errors) -> syn::Result<Self> {
        let word = input
            .call(Ident::parse_any)
            .map_err(|e| syn::Error::new(e.span(), "expected `ok`, `unset` or `error(description)`"))?;
        match word.to_string().as_str() {
            "ok" => Ok(Self::Ok),
            "unset" => Ok(Self::Unset),
            "error" => parenthesised(input, &word, "description", |content| {
                let description = content.parse()?;
                secrets::check(&description, errors);
                Ok(Self::Error(description))
            }),
            other => Err(syn::Error::new(word.span(), words::unknown("status", other, STATUSES))),
        }
    }
}

impl Exception {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        if input.peek(LitBool) {
            let value: LitBool = input.parse()?;
            return if value.value {
                Err(syn::Error::new(
                    value.span(),
                    "an exception is recorded without being asked: leave this out, or say `false` or `type`",
                ))
            } else {
                Ok(Self::Omitted)
            };
        }
        let word = input.call(Ident::parse_any)?;
        if word == "type" {
            return Ok(Self::TypeOnly);
        }
        Err(syn::Error::new(word.span(), words::unknown("exception", &word.to_string(), &["false", "type"])))
    }
}
