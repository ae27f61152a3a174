//! Arguments that are right by themselves and wrong together.

use proc_macro2::Span;
use syn::spanned::Spanned;

use super::{Args, Capture, Name, Returns};
use crate::errors::Errors;

impl Args {
    pub(super) fn validate(&self, errors: &mut Errors) {
        if let (Some(root), Some(_)) = (self.root, &self.parent) {
            errors.at(root, "`root` and `parent` contradict each other: a root has no parent");
        }
        if let Some(current) = self.current {
            for (word, span) in self.only_for_new_spans() {
                errors.at(
                    span,
                    format!("`{word}` and `current` contradict each other: `current` opens no span of its own"),
                );
            }
            if let Some(Returns::Stream(span)) = self.returns {
                errors.at(
                    span,
                    "`stream` and `current` contradict each other: a stream outlives the span that is current",
                );
            }
            let _ = current;
        }
        if let Some(skip) = self.skip
            && self.says_more_than_skip()
        {
            errors.at(skip, "`skip` leaves the function out: nothing else can stand beside it");
        }
        if let Some(Name::Literal(name)) = &self.name
            && name.value().is_empty()
        {
            errors.on(name, "a span's name must not be empty");
        }
    }

    fn only_for_new_spans(&self) -> Vec<(&'static str, Span)> {
        let mut found = Vec::new();
        match &self.name {
            Some(Name::Literal(name)) => found.push(("name", name.span())),
            Some(Name::Expr(expr)) => found.push(("name", expr.span())),
            None => {}
        }
        if let Some(kind) = &self.kind {
            found.push(("kind", kind.span()));
        }
        if let Some(parent) = &self.parent {
            found.push(("parent", parent.span()));
        }
        if let Some(root) = self.root {
            found.push(("root", root));
        }
        if let Some(links) = &self.links {
            found.push(("links", links.0.first().map_or_else(Span::call_site, |link| link.expr.span())));
        }
        if let Some(scope) = &self.scope {
            found.push(("scope", scope.span()));
        }
        if let Some(prefix) = &self.prefix {
            found.push(("prefix", prefix.span()));
        }
        found
    }

    fn says_more_than_skip(&self) -> bool {
        self.current.is_some()
            || self.only_for_new_spans().iter().any(|_| true)
            || !self.attrs.is_empty()
            || !self.outcomes.is_empty()
            || matches!(self.capture, Some(Capture::All(_) | Capture::Some(_)))
            || self.level.is_some()
            || self.condition.is_some()
            || self.returns.is_some()
            || self.code.is_some()
    }
}
