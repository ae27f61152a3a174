//! Exceptions as log records: OTEL_SEMCONV_EXCEPTION_SIGNAL_OPT_IN.
//!
//! <https://opentelemetry.io/docs/specs/semconv/exceptions/exceptions-logs/>

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::SystemTime;

use opentelemetry::Value;
use opentelemetry::logs::{AnyValue, LogRecord as _, Logger as _, LoggerProvider as _, Severity};
use opentelemetry_sdk::logs::{SdkLogger, SdkLoggerProvider};

use super::layer::Outlets;
use super::line;
use crate::outcome::Exception;
use crate::recorder::OpenSpan;
use crate::telemetry::Reader;

const VARIABLE: &str = "OTEL_SEMCONV_EXCEPTION_SIGNAL_OPT_IN";

/// What says which records these are, on the terminal and as `event_name`.
const EXCEPTION: &str = "exception";

/// Where exceptions go besides spans, or in their stead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OptIn {
    /// `logs`: log records alone.
    Logs,
    /// `logs/dup`: log records and events of spans.
    Both,
}

impl OptIn {
    /// What the environment asks for. `records_go_somewhere` says whether a log record would be seen by anybody.
    pub(crate) fn read(reader: &mut Reader<'_>, records_go_somewhere: bool) -> Option<Self> {
        let asked = reader.parse(&[VARIABLE], |_, value| {
            let items = crate::telemetry::list(value);
            let known = |item: &String| item == "logs" || item == "logs/dup";
            match items.iter().all(known) {
                // As with the other opt-ins, the wider one wins.
                true if items.iter().any(|item| item == "logs/dup") => Ok(Self::Both),
                true => Ok(Self::Logs),
                false => Err("write logs, or logs/dup for log records and events of spans".to_owned()),
            }
        })?;
        if !records_go_somewhere {
            let remedy = "log records go nowhere here, so exceptions stay events of spans: give `.logs(..)` to the builder, and \
                          where they are only to be exported name an endpoint (OTEL_LOGS_EXPORTER=otlp)";
            let value = reader.get(VARIABLE).unwrap_or_default();
            reader.invalid(VARIABLE, &value, remedy);
            return None;
        }
        Some(asked)
    }
}

/// Where exceptions go while a telemetry is installed that has them as log records.
struct Route {
    opt_in: OptIn,
    logger: Option<SdkLogger>,
    outlets: Arc<Outlets>,
}

static ROUTE: RwLock<Option<Arc<Route>>> = RwLock::new(None);

/// Whether there is one.
static ON: AtomicBool = AtomicBool::new(false);

/// Sends exceptions to `provider` and the terminal of `outlets`.
pub(super) fn install(opt_in: Option<OptIn>, provider: Option<&SdkLoggerProvider>, outlets: &Arc<Outlets>) {
    let route = opt_in.map(|opt_in| Route {
        opt_in,
        logger: provider.map(|provider| provider.logger("traced")),
        outlets: Arc::clone(outlets),
    });
    set(route);
}

/// Exceptions are events of spans again.
pub(super) fn uninstall() {
    set(None);
}

fn set(route: Option<Route>) {
    let mut installed = ROUTE.write().unwrap_or_else(PoisonError::into_inner);
    ON.store(route.is_some(), Ordering::Relaxed);
    *installed = route.map(Arc::new);
}

/// Makes a log record of `exception`, if they are wanted; says whether it is to be an event of `span`, too.
pub(crate) fn record(exception: &Exception<'_>, span: &OpenSpan) -> bool {
    // A capture speaks of a test: it has everything on its spans.
    if !ON.load(Ordering::Relaxed) || span.is_captured() {
        return true;
    }
    let Some(route) = ROUTE.read().unwrap_or_else(PoisonError::into_inner).clone() else { return true };
    if span.is_recording() {
        route.send(exception, span);
    }
    route.opt_in == OptIn::Both
}

impl Route {
    fn send(&self, exception: &Exception<'_>, span: &OpenSpan) {
        // Through the span's own limits and redaction: what is kept off spans is kept off log records.
        let attributes = span.collect(&mut |fields| exception.write(fields));
        let span = span.span_context();
        // The conventions: from 17, ERROR, for what fails an operation, below for what does not.
        let (severity, level) = if exception.fails { (Severity::Error, "ERROR") } else { (Severity::Warn, "WARN") };
        let said = |key: &str| attributes.iter().find(|pair| pair.key.as_str() == key);
        let body = said("exception.message").or_else(|| said("exception.type"));
        let body = body.map(|pair| pair.value.as_str().into_owned()).unwrap_or_default();
        self.outlets.write(|format| {
            let others = attributes.iter().filter(|pair| pair.key.as_str() != "exception.message");
            let others = others.map(|pair| (pair.key.as_str().to_owned(), pair.value.as_str().into_owned())).collect();
            line::said(format, level, EXCEPTION, &body, others, &span)
        });
        let Some(logger) = &self.logger else { return };
        let mut record = logger.create_log_record();
        record.set_event_name(EXCEPTION);
        record.set_timestamp(SystemTime::now());
        record.set_severity_number(severity);
        record.set_severity_text(level);
        record.set_body(AnyValue::from(body));
        record.set_trace_context(span.trace_id(), span.span_id(), Some(span.trace_flags()));
        let text = |value: Value| AnyValue::from(value.as_str().into_owned());
        record.add_attributes(attributes.into_iter().map(|pair| (pair.key, text(pair.value))));
        logger.emit(record);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::tests::environment;

    fn read(value: &'static str, records_go_somewhere: bool) -> (Option<OptIn>, Vec<String>) {
        let environment = environment(&[(VARIABLE, value)]);
        let mut reader = Reader::new(&environment);
        let read = OptIn::read(&mut reader, records_go_somewhere);
        (read, reader.into_invalid().iter().map(ToString::to_string).collect())
    }

    #[test]
    fn the_values_are_logs_and_logs_dup() {
        assert_eq!(read("", true), (None, vec![]));
        assert_eq!(read("logs", true), (Some(OptIn::Logs), vec![]));
        assert_eq!(read("Logs/Dup", true), (Some(OptIn::Both), vec![]));
        assert_eq!(read("logs,logs/dup", true), (Some(OptIn::Both), vec![]));
        let (none, invalid) = read("spans", true);
        assert!(none.is_none() && invalid.len() == 1 && invalid[0].contains("write logs"), "{invalid:?}");
    }

    #[test]
    fn without_anywhere_to_go_to_they_stay_on_spans_and_that_is_said() {
        let (none, invalid) = read("logs", false);
        assert!(none.is_none(), "{none:?}");
        assert!(invalid.len() == 1 && invalid[0].contains("stay events of spans"), "{invalid:?}");
    }
}
