//! Tokens to [`Args`]; every mistake is kept, none hides another.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::{Expr, LitStr, Path, Token, parenthesized, token};

use super::clause::{On, Outcome};
use super::{Args, Capture, Link, Links, Metrics, Name, Returns};
use crate::attrs::Attr;
use crate::errors::Errors;
use crate::{list, secrets, words};

/// Every word that an argument can begin with.
const WORDS: &[&str] = &[
    "name", "prefix", "kind", "level", "attrs", "args", "ret", "ok", "err", "some", "none", "parent", "root", "links",
    "scope", "if", "current", "future", "stream", "metrics", "skip", "code", "crate",
];

pub const KINDS: &[&str] = &["internal", "server", "client", "producer", "consumer"];
pub const LEVELS: &[&str] = &["trace", "debug", "info", "warn", "error"];

impl Args {
    pub fn parse(tokens: TokenStream, errors: &mut Errors) -> Self {
        let mut args = Self::default();
        mentioned(tokens.clone(), &mut args.mentioned);
        let mut seen: Vec<(String, Span)> = Vec::new();
        let mut mistakes = Errors::new();
        let parser = |input: ParseStream<'_>| {
            list::parse(input, &mut mistakes, |input, mistakes| args.argument(input, &mut seen, mistakes));
            Ok(())
        };
        let unread = parser.parse2(tokens);
        if mistakes.is_empty() {
            // Tokens left over inside parentheses; after another mistake they are its consequence.
            errors.keep(unread);
        }
        args.validate(&mut mistakes);
        errors.append(mistakes);
        args
    }

    fn argument(
        &mut self,
        input: ParseStream<'_>,
        seen: &mut Vec<(String, Span)>,
        errors: &mut Errors,
    ) -> syn::Result<()> {
        if input.peek(LitStr) {
            let name: LitStr = input.parse()?;
            once("name", name.span(), seen, errors);
            self.name = Some(Name::Literal(name));
            return Ok(());
        }
        let word = input.call(Ident::parse_any).map_err(|e| {
            syn::Error::new(e.span(), format!("expected the span's name or one of {}", words::list(WORDS)))
        })?;
        let text = word.unraw().to_string();
        if !WORDS.contains(&text.as_str()) {
            let unknown_word = words::nearest(&text, WORDS.iter().copied()).is_none();
            let hint = if input.peek(Token![.]) || (unknown_word && input.peek(Token![=])) {
                format!("unknown argument `{text}`; attributes stand inside `attrs(..)`")
            } else {
                words::unknown("argument", &text, WORDS)
            };
            return Err(syn::Error::new(word.span(), hint));
        }
        once(&text, word.span(), seen, errors);
        match text.as_str() {
            "name" => {
                self.name = Some(match value::<Expr>(input, &word, "\"span name\"")? {
                    Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(name), .. }) => Name::Literal(name),
                    expr => {
                        secrets::check(&expr, errors);
                        Name::Expr(expr)
                    }
                });
            }
            "prefix" => self.prefix = Some(value(input, &word, "\"prefix.\"")?),
            "scope" => self.scope = Some(value(input, &word, "\"instrumentation scope\"")?),
            "kind" => self.kind = Some(one_of(input, &word, "kind", KINDS)?),
            "level" => self.level = Some(one_of(input, &word, "level", LEVELS)?),
            "parent" => self.parent = Some(value(input, &word, "context")?),
            "if" => self.condition = Some(value(input, &word, "condition")?),
            "crate" => {
                expect_equals(input, &word, "path::to::traced")?;
                self.krate = Some(input.call(Path::parse_mod_style)?);
            }
            "attrs" => {
                let mut attrs =
                    parenthesised(input, &word, "key = value, ..", |content| Ok(Attr::parse_list(content, errors)))?;
                self.attrs.append(&mut attrs);
            }
            "links" => {
                let links = parenthesised(input, &word, "span_context, ..", |content| {
                    Ok(list::parse(content, errors, |input, _| {
                        let spread = input.parse::<Option<Token![..]>>()?.is_some();
                        Ok(Link { spread, expr: input.parse()? })
                    }))
                })?;
                self.links = Some(Links(links));
            }
            "args" => self.capture = Some(capture(input, &word, errors)?),
            "metrics" => self.metrics = Some(metrics(input, word, errors)?),
            "root" => self.root = Some(word.span()),
            "current" => self.current = Some(word.span()),
            "skip" => self.skip = Some(word.span()),
            "code" => self.code = Some(word.span()),
            "future" | "stream" => {
                if self.returns.is_some() {
                    return Err(syn::Error::new(
                        word.span(),
                        "`future` and `stream` contradict each other: the function returns one of them",
                    ));
                }
                let returns = if text == "future" { Returns::Future } else { Returns::Stream };
                self.returns = Some(returns(word.span()));
            }
            on => {
                let on = On::named(on);
                let outcome = parenthesised(input, &word, "|value| attrs(key = value), ..", |content| {
                    Outcome::parse(on, word.clone(), content, errors)
                })?;
                self.outcomes.push(outcome);
            }
        }
        Ok(())
    }
}

fn mentioned(tokens: TokenStream, found: &mut Vec<Ident>) {
    for token in tokens {
        match token {
            TokenTree::Ident(ident) => found.push(ident),
            TokenTree::Group(group) => mentioned(group.stream(), found),
            TokenTree::Literal(literal) => mentioned_in_format(&literal.to_string(), literal.span(), found),
            TokenTree::Punct(_) => {}
        }
    }
}

/// The variables that a format string shows: `"{id} {title:?}"`.
fn mentioned_in_format(literal: &str, span: Span, found: &mut Vec<Ident>) {
    for after in literal.split('{').skip(1) {
        let name = after.split(['}', ':', '.', '$']).next().unwrap_or_default();
        if let Ok(name) = syn::parse_str::<Ident>(name) {
            found.push(Ident::new(&name.to_string(), span));
        }
    }
}

/// Words that may be given more than once.
const REPEATABLE: &[&str] = &["attrs", "ret", "ok", "err", "some", "none"];

fn once(word: &str, span: Span, seen: &mut Vec<(String, Span)>, errors: &mut Errors) {
    if REPEATABLE.contains(&word) {
        return;
    }
    if seen.iter().any(|(earlier, _)| earlier == word) {
        errors.at(span, format!("`{word}` is given twice"));
    } else {
        seen.push((word.to_owned(), span));
    }
}

pub(super) fn expect_equals(input: ParseStream<'_>, word: &Ident, form: &str) -> syn::Result<()> {
    if input.peek(Token![=]) {
        input.parse::<Token![=]>()?;
        if input.is_empty() || input.peek(Token![,]) {
            return Err(syn::Error::new(word.span(), format!("`{word}` needs a value: `{word} = {form}`")));
        }
        return Ok(());
    }
    Err(syn::Error::new(word.span(), format!("`{word}` needs a value: `{word} = {form}`")))
}

fn value<T: syn::parse::Parse>(input: ParseStream<'_>, word: &Ident, form: &str) -> syn::Result<T> {
    expect_equals(input, word, form)?;
    input.parse()
}

fn one_of(input: ParseStream<'_>, word: &Ident, what: &str, valid: &[&str]) -> syn::Result<Ident> {
    expect_equals(input, word, valid[0])?;
    let given = if input.peek(LitStr) {
        let text: LitStr = input.parse()?;
        return Err(syn::Error::new(
            text.span(),
            format!("a {what} is written without quotes: one of {}", words::list(valid)),
        ));
    } else {
        input.call(Ident::parse_any)?
    };
    let text = given.to_string();
    if valid.contains(&text.as_str()) {
        return Ok(given);
    }
    let lower = text.to_lowercase();
    let message = if valid.contains(&lower.as_str()) {
        format!("unknown {what} `{text}`; did you mean `{lower}`?")
    } else {
        words::unknown(what, &text, valid)
    };
    Err(syn::Error::new(given.span(), message))
}

pub(super) fn parenthesised<T>(
    input: ParseStream<'_>,
    word: &Ident,
    form: &str,
    parse: impl FnOnce(ParseStream<'_>) -> syn::Result<T>,
) -> syn::Result<T> {
    if !input.peek(token::Paren) {
        return Err(syn::Error::new(word.span(), format!("`{word}` needs parentheses: `{word}({form})`")));
    }
    let content;
    parenthesized!(content in input);
    parse(&content)
}

fn metrics(input: ParseStream<'_>, word: Ident, errors: &mut Errors) -> syn::Result<Metrics> {
    let mut metrics = Metrics { word, name: None, attrs: Vec::new() };
    if !input.peek(token::Paren) {
        return Ok(metrics);
    }
    let content;
    parenthesized!(content in input);
    metrics.attrs = list::parse(&content, errors, |input, errors| {
        if !(input.peek(syn::Ident) && input.peek2(Token![=]) && input.fork().parse::<Ident>()? == "name") {
            return Ok(Some(Attr::parse_checked(input, errors)?));
        }
        let word: Ident = input.parse()?;
        input.parse::<Token![=]>()?;
        let name: LitStr = input.parse().map_err(|e| {
            syn::Error::new(e.span(), "the name of metrics is a literal: `metrics(name = \"book.lookups\")`")
        })?;
        if !is_metric_name(&name.value()) {
            errors.on(
                &name,
                "a metric's name begins with a letter and holds letters, digits, `_`, `.`, `-` and `/`, at most 200 of them",
            );
        }
        if metrics.name.replace(name).is_some() {
            errors.at(word.span(), "`name` is given twice");
        }
        Ok(None)
    })
    .into_iter()
    .flatten()
    .collect();
    Ok(metrics)
}

/// OpenTelemetry's rule for the names of instruments; the suffixes need some of its 255 characters.
fn is_metric_name(name: &str) -> bool {
    name.len() <= 200
        && name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "_.-/".contains(c))
}

fn capture(input: ParseStream<'_>, word: &Ident, errors: &mut Errors) -> syn::Result<Capture> {
    if !input.peek(token::Paren) {
        return Ok(Capture::All(word.span()));
    }
    let content;
    parenthesized!(content in input);
    let names = list::parse(&content, errors, |input, errors| {
        let name: Ident = input.call(Ident::parse_any).map_err(|e| {
            syn::Error::new(e.span(), "expected the name of a parameter; other values go into `attrs(key = value)`")
        })?;
        if let Some(message) = secrets::refusal(&name) {
            errors.at(name.span(), message);
        }
        Ok(name)
    });
    Ok(Capture::Some(names))
}
