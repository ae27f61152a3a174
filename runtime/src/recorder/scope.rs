//! Instrumentation scopes, each known by a number.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use opentelemetry::InstrumentationScope;

use super::wire::{Attributes, kind, put_bytes, tag};

/// The number of a scope, the same for all of the process's life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct ScopeId(pub(crate) u32);

/// A scope and what it looks like on the wire.
#[derive(Debug, Clone)]
pub(crate) struct Scope {
    pub(crate) scope: InstrumentationScope,
    /// `ScopeSpans.scope`, tag included.
    pub(crate) head: Box<[u8]>,
    /// `ScopeSpans.schema_url`, tag included.
    pub(crate) tail: Box<[u8]>,
}

/// Every scope that was ever used. It never shrinks: a program has a handful, which its code spells out.
#[derive(Default)]
struct Known {
    list: Vec<&'static Scope>,
    ids: HashMap<InstrumentationScope, ScopeId>,
}

static KNOWN: RwLock<Option<Known>> = RwLock::new(None);

impl ScopeId {
    /// The number of `scope`.
    pub(crate) fn of(scope: InstrumentationScope) -> Self {
        if let Some(known) = &*KNOWN.read().unwrap_or_else(PoisonError::into_inner)
            && let Some(&id) = known.ids.get(&scope)
        {
            return id;
        }
        let mut known = KNOWN.write().unwrap_or_else(PoisonError::into_inner);
        let Known { list, ids } = known.get_or_insert_default();
        *ids.entry(scope).or_insert_with_key(|scope| {
            list.push(Box::leak(Box::new(Scope::new(scope.clone()))));
            ScopeId(list.len() as u32 - 1)
        })
    }

    /// The scope that has this number.
    pub(crate) fn scope(self) -> Option<&'static Scope> {
        let known = KNOWN.read().unwrap_or_else(PoisonError::into_inner);
        known.as_ref()?.list.get(self.0 as usize).copied()
    }
}

impl Scope {
    /// How many bytes it takes in a request, with the lengths of what it holds.
    pub(crate) fn cost(&self) -> usize {
        self.head.len() + self.tail.len() + 16
    }

    fn new(scope: InstrumentationScope) -> Self {
        let mut message = Vec::new();
        put_text(&mut message, 1, scope.name());
        put_text(&mut message, 2, scope.version().unwrap_or_default());
        let mut attributes = Attributes::new(tag(3, kind::BYTES));
        attributes.key_values(scope.attributes());
        message.extend_from_slice(attributes.finish());
        let mut head = Vec::new();
        put_bytes(&mut head, tag(1, kind::BYTES), &message);
        let mut tail = Vec::new();
        put_text(&mut tail, 3, scope.schema_url().unwrap_or_default());
        Self { head: head.into(), tail: tail.into(), scope }
    }
}

fn put_text(out: &mut Vec<u8>, field: u8, text: &str) {
    if !text.is_empty() {
        put_bytes(out, tag(field, kind::BYTES), text.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_keeps_its_number() {
        let scope = || InstrumentationScope::builder("scope.rs").with_version("1").build();
        let id = ScopeId::of(scope());
        assert_eq!(ScopeId::of(scope()), id);
        assert_ne!(ScopeId::of(InstrumentationScope::builder("scope.rs").build()), id);
        assert_eq!(id.scope().map(|known| known.scope.clone()), Some(scope()));
    }
}
