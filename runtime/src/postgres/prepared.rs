//! Prepared statements, and those that a connection keeps.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio_postgres::Statement;

/// What can be sent: the text of a statement, or one that was [`prepare`](super::Client::prepare)d.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no statement that a span can tell of",
    label = "the text of a statement, or one that `traced::postgres::Client::prepare` made, is expected",
    note = "the driver's own `Statement` does not know its text: prepare it with the traced client"
)]
pub trait Sql: sealed::Sealed {}

impl Sql for str {}
impl Sql for String {}
impl Sql for Prepared {}
impl<S: Sql + ?Sized> Sql for &S {}

pub(super) mod sealed {
    use super::Prepared;

    pub trait Sealed: Sync {
        fn text(&self) -> &str;
        fn prepared(&self) -> Option<&Prepared> {
            None
        }
    }

    impl Sealed for str {
        fn text(&self) -> &str {
            self
        }
    }

    impl Sealed for String {
        fn text(&self) -> &str {
            self
        }
    }

    impl Sealed for Prepared {
        fn text(&self) -> &str {
            &self.text
        }
        fn prepared(&self) -> Option<&Prepared> {
            Some(self)
        }
    }

    impl<S: Sealed + ?Sized> Sealed for &S {
        fn text(&self) -> &str {
            (**self).text()
        }
        fn prepared(&self) -> Option<&Prepared> {
            (**self).prepared()
        }
    }
}

/// A statement that was prepared on a connection, and is of use there alone.
///
/// It knows its text, which the driver's own [`Statement`] does not.
#[derive(Debug, Clone)]
pub struct Prepared {
    text: Arc<str>,
    statement: Statement,
}

impl Prepared {
    pub(super) fn new(text: &str, statement: Statement) -> Self {
        Self { text: text.into(), statement }
    }

    /// The text that was prepared.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The driver's statement: its parameters and columns.
    pub fn statement(&self) -> &Statement {
        &self.statement
    }
}

/// The statements that one connection keeps, by their text; the one that was used longest ago goes first.
#[derive(Debug)]
pub(super) struct Cache {
    capacity: usize,
    entries: Mutex<Entries>,
}

#[derive(Debug, Default)]
struct Entries {
    by_text: HashMap<Box<str>, (Statement, u64)>,
    clock: u64,
}

impl Cache {
    pub(super) fn new(capacity: usize) -> Self {
        Self { capacity, entries: Mutex::default() }
    }

    pub(super) fn get(&self, text: &str) -> Option<Statement> {
        let entries = &mut *self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let (statement, used) = entries.by_text.get_mut(text)?;
        entries.clock += 1;
        *used = entries.clock;
        Some(statement.clone())
    }

    pub(super) fn insert(&self, text: &str, statement: Statement) {
        let mut dropped = None;
        {
            let entries = &mut *self.entries.lock().unwrap_or_else(PoisonError::into_inner);
            if self.capacity == 0 {
                return;
            }
            if entries.by_text.len() >= self.capacity && !entries.by_text.contains_key(text) {
                let oldest = entries.by_text.iter().min_by_key(|(_, (_, used))| *used).map(|(text, _)| text.clone());
                dropped = oldest.and_then(|text| entries.by_text.remove(&text));
            }
            entries.clock += 1;
            entries.by_text.insert(text.into(), (statement, entries.clock));
        }
        // Its last handle tells the server to forget it: not under the lock.
        drop(dropped);
    }

    pub(super) fn remove(&self, text: &str) {
        let removed = self.entries.lock().unwrap_or_else(PoisonError::into_inner).by_text.remove(text);
        drop(removed);
    }

    pub(super) fn clear(&self) {
        let removed = std::mem::take(&mut self.entries.lock().unwrap_or_else(PoisonError::into_inner).by_text);
        drop(removed);
    }
}
