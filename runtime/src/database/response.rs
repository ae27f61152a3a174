//! What a database answered, as far as a span tells it.

use std::borrow::Cow;

use crate::metrics::Operation;
use crate::outcome::Outcome;
use crate::value::key;

/// What a database answered, as far as a span tells it: see [`Statement::noting`](super::Statement::noting).
#[derive(Debug, Default, Clone)]
pub struct Response {
    rows: Option<usize>,
    code: Option<Cow<'static, str>>,
    error: Option<Cow<'static, str>>,
    description: Option<Cow<'static, str>>,
}

impl Response {
    /// How many rows came back: `db.response.returned_rows` (in development in the conventions).
    pub fn returned_rows(&mut self, rows: usize) {
        self.rows = Some(rows);
    }

    /// The code with which the database answered: `db.response.status_code`.
    pub fn status_code(&mut self, code: impl Into<Cow<'static, str>>) {
        self.code = Some(code.into());
    }

    /// The call failed: the span's status, and `error.type`, a low-cardinality identifier.
    pub fn failed(&mut self, error_type: impl Into<Cow<'static, str>>) {
        self.error = Some(error_type.into());
    }

    /// What the status says of the failure. It must hold no values.
    pub fn description(&mut self, description: impl Into<Cow<'static, str>>) {
        self.description = Some(description.into());
    }

    /// Tells `operation`, if it is measured, how it ended.
    pub(crate) fn measure(&self, operation: &mut Option<Operation>) {
        if let Some(operation) = operation {
            operation.answered(self.rows, self.code.clone(), self.error.clone());
        }
    }

    #[cfg(feature = "postgres")]
    pub(crate) fn write_to(self, span: &crate::recorder::OpenSpan) {
        let mut response = Some(self);
        Outcome::note(span, &(), |outcome, _| {
            if let Some(response) = response.take() {
                response.write(outcome);
            }
        });
    }

    pub(crate) fn write(self, outcome: &mut Outcome<'_, '_>) {
        let Self { rows, code, error, description } = self;
        if rows.is_some() || code.is_some() || error.is_some() {
            outcome.attributes(&mut |fields| {
                fields.put(key!("db.response.returned_rows"), &rows);
                fields.put(key!("db.response.status_code"), &code);
                fields.put(key!("error.type"), &error);
            });
        }
        if error.is_some() {
            outcome.status_error(description.unwrap_or_default());
        }
    }
}
