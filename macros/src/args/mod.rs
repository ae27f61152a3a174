//! The grammar of `#[traced(...)]`.

mod clause;
mod parse;
mod validate;

use proc_macro2::{Ident, Span};
use syn::{Expr, LitStr, Path};

use crate::attrs::Attr;

pub use clause::{Clause, Exception, On, Outcome, Status, event};

/// What stands between the parentheses of `#[traced(...)]`.
#[derive(Default)]
pub struct Args {
    pub name: Option<Name>,
    pub prefix: Option<LitStr>,
    pub kind: Option<Ident>,
    pub level: Option<Ident>,
    pub attrs: Vec<Attr>,
    pub capture: Option<Capture>,
    pub outcomes: Vec<Outcome>,
    pub parent: Option<Expr>,
    pub root: Option<Span>,
    pub links: Option<Links>,
    pub scope: Option<LitStr>,
    pub condition: Option<Expr>,
    pub current: Option<Span>,
    pub returns: Option<Returns>,
    pub skip: Option<Span>,
    pub code: Option<Span>,
    pub metrics: Option<Metrics>,
    pub krate: Option<Path>,
    /// Every identifier in the arguments: parameters among them are used, even if the body does not.
    pub mentioned: Vec<Ident>,
}

/// What the span is called.
pub enum Name {
    /// `"name"`, `name = "name"`
    Literal(LitStr),
    /// `name = EXPR`, evaluated at entry
    Expr(Expr),
}

/// Which arguments are recorded without being listed under `attrs`.
pub enum Capture {
    /// `args`
    All(Span),
    /// `args(a, b)`
    Some(Vec<Ident>),
}

/// `links( EXPR,* )`; `..EXPR` gives several.
pub struct Links(pub Vec<Link>);

pub struct Link {
    pub spread: bool,
    pub expr: Expr,
}

/// `metrics`, `metrics( name = "lit", ATTR,* )`
#[derive(Clone)]
pub struct Metrics {
    pub word: Ident,
    pub name: Option<LitStr>,
    pub attrs: Vec<Attr>,
}

/// What a plain `fn` was said to return.
#[derive(Clone, Copy)]
pub enum Returns {
    Future(Span),
    Stream(Span),
}

impl Args {
    /// Those of an impl block or module, refined by those of one function in it: what the function says wins, attributes of both are set.
    pub fn refine(outer: &Self, mut own: Self) -> Self {
        own.prefix = own.prefix.or_else(|| outer.prefix.clone());
        own.kind = own.kind.or_else(|| outer.kind.clone());
        own.level = own.level.or_else(|| outer.level.clone());
        own.scope = own.scope.or_else(|| outer.scope.clone());
        own.krate = own.krate.or_else(|| outer.krate.clone());
        own.code = own.code.or(outer.code);
        own.metrics = own.metrics.or_else(|| outer.metrics.clone());
        own.condition = own.condition.or_else(|| outer.condition.clone());
        own.mentioned.extend(outer.mentioned.iter().cloned());
        let mut attrs = outer.attrs.clone();
        attrs.append(&mut own.attrs);
        own.attrs = attrs;
        own
    }
}
