//! One statement that is about to be sent.

use std::any::type_name;
use std::borrow::Cow;
use std::error::Error;
use std::sync::{Arc, OnceLock};

use opentelemetry::KeyValue;
use opentelemetry::trace::SpanKind;

use super::{Database, Known, Response, Summary};
use crate::metrics::{AttributeSet, Operation};
use crate::outcome::Outcome;
use crate::span::{self, InSpan, Opened, Site, Start};
use crate::value::key;

static SITE: Site = Site::new("database", "traced::database").with_kind(SpanKind::Client);

/// One statement that is about to be sent to a [`Database`].
///
/// The span has kind client and the name that [`summary`](super::summary) makes of the text, such as `SELECT books`. The
/// text itself is recorded as written when it has parameters (their values never are), and with its literals replaced by
/// `?` when it has none, as the conventions ask. What a parameter looks like is up to `db.system.name`: `$1` for
/// `postgresql`; `?` for `mysql` and `mariadb`; `?`, `?1`, `:name`, `@name` and `$name` for `sqlite`. For other systems
/// literals are always replaced. Where double quotes can stand around a string as well as around a name, what is not seen
/// to be a table or a column of one is taken for a string.
#[derive(Debug)]
#[must_use = "a statement does nothing until it is run"]
pub struct Statement<'a> {
    database: &'a Database,
    sql: &'a str,
    site: &'static Site,
    batch: Option<usize>,
    literals: bool,
    prefix: Option<&'static str>,
    known: OnceLock<Arc<Known>>,
}

impl<'a> Statement<'a> {
    pub(crate) fn new(database: &'a Database, sql: &'a str) -> Self {
        Self { database, sql, site: &SITE, batch: None, literals: true, prefix: None, known: OnceLock::new() }
    }

    /// With another instrumentation scope.
    #[cfg(feature = "postgres")]
    pub(crate) fn at(mut self, site: &'static Site) -> Self {
        self.site = site;
        self
    }

    /// With its literals replaced by `?` even if it has parameters.
    pub fn without_literals(mut self) -> Self {
        self.literals = false;
        self
    }

    /// It is prepared, not run.
    #[cfg(feature = "postgres")]
    pub(crate) fn preparing(mut self) -> Self {
        self.prefix = Some("PREPARE");
        self
    }

    /// How many times the statement is sent at once: `db.operation.batch.size`, when it is not one.
    pub fn batch_size(mut self, size: usize) -> Self {
        self.batch = Some(size);
        self
    }

    /// Runs `call`, which sends the statement and waits for the answer, in a span.
    pub fn run<T, E: Error + 'static>(self, call: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
        let database = self.database;
        self.noting(call, |result, response| note(database, result, response))
    }

    /// Runs `call` in a span, on which `note` tells what came back.
    ///
    /// ```
    /// # use traced::database::Database;
    /// # let books = Database::new("sqlite");
    /// # let (_, spans) = traced::testing::capture(|| {
    /// let titles = books.statement("SELECT title FROM books").noting(
    ///     || Ok::<_, std::fmt::Error>(vec!["Dune"]),
    ///     |result, response| match result {
    ///         Ok(titles) => response.returned_rows(titles.len()),
    ///         Err(_) => response.failed("fmt"),
    ///     },
    /// );
    /// # });
    /// # assert_eq!(spans[0].attribute("db.response.returned_rows"), Some(&1.into()));
    /// ```
    pub fn noting<T>(self, call: impl FnOnce() -> T, note: impl FnOnce(&T, &mut Response)) -> T {
        let mut operation = self.measure();
        if operation.is_none() && !self.site.is_on() {
            return call();
        }
        let answer = OnceLock::new();
        let noted = || {
            let value = call();
            let mut response = Response::default();
            note(&value, &mut response);
            response.measure(&mut operation);
            let _ = answer.set(response);
            value
        };
        span::sync(self.open(), noted, |outcome: &mut Outcome<'_, '_>, _: &T| {
            answer.get().into_iter().for_each(|response| response.clone().write(outcome));
        })
    }

    /// Awaits `future`, which sends the statement and waits for the answer, in a span that starts at its first poll.
    pub async fn in_future<T, E: Error + 'static>(self, future: impl Future<Output = Result<T, E>>) -> Result<T, E> {
        let database = self.database;
        self.noting_future(future, |result, response| note(database, result, response)).await
    }

    /// Awaits `future` in a span, on which `note` tells what came back; see [`noting`](Statement::noting).
    pub async fn noting_future<T>(self, future: impl Future<Output = T>, note: impl FnOnce(&T, &mut Response)) -> T {
        let mut operation = self.measure();
        if operation.is_none() && !self.site.is_on() {
            return future.await;
        }
        let answer = OnceLock::new();
        // Whether a span is recorded or not: metrics count every answer.
        let noted = async {
            let value = future.await;
            let mut response = Response::default();
            note(&value, &mut response);
            response.measure(&mut operation);
            let _ = answer.set(response);
            value
        };
        InSpan::new(self.open(), noted, |outcome: &mut Outcome<'_, '_>, _: &T| {
            answer.get().into_iter().for_each(|response| response.clone().write(outcome));
        })
        .await
    }

    fn known(&self) -> &Known {
        self.known.get_or_init(|| self.database.known(self.sql))
    }

    /// Begins to measure it, if anybody does.
    pub(crate) fn measure(&self) -> Option<Operation> {
        Operation::begin(|| {
            let ready = &self.known().measured[usize::from(self.prefix.is_some())];
            ready.get_or_init(|| self.measured()).clone()
        })
    }

    /// The attributes that its metrics have.
    fn measured(&self) -> AttributeSet {
        let summary = &self.known().summary;
        let mut attributes = self.database.measured();
        match self.prefix {
            None => {
                let operation = summary.operation().map(|name| KeyValue::new("db.operation.name", name.to_owned()));
                attributes.extend(operation);
                let text = summary.summary().map(|text| KeyValue::new("db.query.summary", text.to_owned()));
                attributes.extend(text);
            }
            Some(prefix) => attributes.push(KeyValue::new("db.operation.name", prefix)),
        }
        attributes.extend(summary.collection().map(|name| KeyValue::new("db.collection.name", name.to_owned())));
        AttributeSet::new(attributes)
    }

    /// Opens the span.
    pub(crate) fn open(&self) -> Opened {
        if !self.site.is_on() {
            return span::unopened();
        }
        let known = self.known();
        let summary = &known.summary;
        let mut name = Cow::Borrowed(summary.span_name(&self.database.0.system));
        if let Some(prefix) = self.prefix {
            name = Cow::Owned(format!("{prefix} {name}"));
        }
        span::open(Start::new(self.site, &mut |fields| self.record(known, fields)).name(name))
    }

    fn record(&self, known: &Known, fields: &mut crate::Fields<'_>) {
        match self.prefix {
            None => {
                let ready = &known.recorded[usize::from(self.literals)];
                fields.same(ready, |fields| self.record_text(&known.summary, fields));
            }
            Some(_) => self.record_text(&known.summary, fields),
        }
        // The conventions have it on batches alone, and a batch of one is none.
        fields.put(key!("db.operation.batch.size"), &self.batch.filter(|size| *size != 1));
    }

    /// What the text and its database say.
    fn record_text(&self, summary: &Summary, fields: &mut crate::Fields<'_>) {
        self.database.record(fields);
        match self.prefix {
            None => {
                fields.put(key!("db.query.summary"), &summary.summary());
                fields.put(key!("db.operation.name"), &summary.operation());
            }
            Some(prefix) => {
                match summary.summary() {
                    Some(summary) => fields.place(key!("db.query.summary")).format(format_args!("{prefix} {summary}")),
                    None => fields.place(key!("db.query.summary")).static_str(prefix),
                }
                fields.place(key!("db.operation.name")).static_str(prefix);
            }
        }
        fields.put(key!("db.collection.name"), &summary.collection());
        let text = if self.literals { summary.sanitized() } else { summary.without_literals() };
        fields.put(key!("db.query.text"), text.unwrap_or(self.sql));
    }
}

/// What is told of an answer of which nothing is known but that it is a `Result`.
fn note<T, E: Error + 'static>(database: &Database, result: &Result<T, E>, response: &mut Response) {
    let Err(error) = result else { return };
    match database.code_of(error) {
        Some(code) => {
            response.description(code.clone());
            response.status_code(code.clone());
            response.failed(code);
        }
        None => response.failed(Cow::Borrowed(type_name::<E>())),
    }
}

#[cfg(all(test, feature = "postgres"))]
mod tests {
    use crate::database::Database;
    use crate::testing::capture;

    #[test]
    fn what_has_no_summary_is_prepared_without_a_trailing_blank() {
        let database = Database::new("postgresql");
        let (_, spans) = capture(|| {
            let _ = database.statement("?").preparing().run(|| Ok::<_, std::fmt::Error>(()));
            database.statement("SELECT 1").preparing().run(|| Ok::<_, std::fmt::Error>(()))
        });
        assert_eq!(spans[0].attribute("db.query.summary"), Some(&"PREPARE".into()));
        assert_eq!(spans[1].attribute("db.query.summary"), Some(&"PREPARE SELECT".into()));
    }
}
