//! Arguments that are right by themselves and wrong together.

use proc_macro2::Span;
use syn::spanned::Spanned;

use super::{Args, Capture, Clause, Name, Returns};
use crate::errors::Errors;

impl Args {
    pub(super) fn validate(&self, errors: &mut Errors) {
        if let (Some(root), Some(_)) = (self.root, &self.parent) {
            errors.at(root, "`root` and `parent` contradict each other: a root has no parent");
        }
        if self.current.is_some() {
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
            for (word, span) in
                self.outcomes.iter().flat_map(|outcome| outcome.clauses.iter().filter_map(Clause::of_the_error))
            {
                errors.at(
                    span,
                    format!(
                        "`{word}` and `current` contradict each other: `current` records no error on the span of others"
                    ),
                );
            }
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

    /// What can't be said of many functions at once.
    pub fn of_one_function(&self) -> Vec<(String, Span)> {
        const SAID_OF_MANY: &[&str] = &["kind", "scope", "prefix"];
        let given = self.only_for_new_spans().into_iter().filter(|(word, _)| !SAID_OF_MANY.contains(word));
        let mut found: Vec<(String, Span)> = given.map(|(word, span)| (word.to_owned(), span)).collect();
        match &self.capture {
            Some(Capture::All(span)) => found.push(("args".to_owned(), *span)),
            Some(Capture::Some(names)) => {
                found.push(("args".to_owned(), names.first().map_or_else(Span::call_site, |name| name.span())));
            }
            None => {}
        }
        match self.returns {
            Some(Returns::Future(span)) => found.push(("future".to_owned(), span)),
            Some(Returns::Stream(span)) => found.push(("stream".to_owned(), span)),
            None => {}
        }
        found.extend(self.current.map(|span| ("current".to_owned(), span)));
        found.extend(self.outcomes.iter().map(|outcome| (outcome.word.to_string(), outcome.word.span())));
        found
    }

    fn says_more_than_skip(&self) -> bool {
        self.current.is_some()
            || !self.only_for_new_spans().is_empty()
            || !self.attrs.is_empty()
            || !self.outcomes.is_empty()
            || matches!(self.capture, Some(Capture::All(_) | Capture::Some(_)))
            || self.level.is_some()
            || self.condition.is_some()
            || self.returns.is_some()
            || self.code.is_some()
            || self.metrics.is_some()
    }
}
