//! Whether what a session emitted is as the tables say.

use std::collections::BTreeSet;

use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::{self, number_data_point};
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;

use super::session::{Session, item, span};
use super::{Attribute, Instrument, Item, Kind, Level, Metric, Table};
use super::{
    bookstore, code, database, exceptions, http_client, http_server, postgresql, redis, resource, sqlite, traced,
};
use crate::receiver::Received;

/// What was checked, and what is wrong.
#[derive(Debug, Default)]
pub struct Checked {
    complaints: BTreeSet<String>,
    seen: BTreeSet<String>,
}

impl Checked {
    /// Checks all that was `received`; `own` says which names are the program's own.
    pub fn new(received: &[Received], own: &'static [Attribute]) -> Self {
        let session = Session::new(received);
        let mut checked = Self::default();
        for resource in &session.resources {
            checked.item(resource, &[resource::RESOURCE.attributes]);
        }
        for (scope, one) in &session.spans {
            checked.span(scope, one, own);
        }
        for (_, metric) in &session.metrics {
            checked.metric(metric);
        }
        for (scope, record) in &session.records {
            let what = format!("log record of {scope:?}");
            let one = item(what, &record.event_name, record.attributes.clone());
            if record.event_name == "exception" {
                checked.see("record", "exception", &one);
                checked.item(&one, &[exceptions::EXCEPTION.attributes, traced::OWN.attributes]);
                checked.ensure(record.severity_number >= 13, || format!("{}: its severity is too low", one.what));
                checked.ensure(!record.trace_id.is_empty(), || format!("{}: no trace id", one.what));
            }
        }
        checked
    }

    /// The bookstore's session.
    pub fn bookstore(received: &[Received]) -> Self {
        Self::new(received, bookstore::SPAN.attributes)
    }

    /// Fails with everything that is wrong.
    ///
    /// # Panics
    ///
    /// If something is.
    #[track_caller]
    pub fn assert_conforming(&self) {
        let complaints: Vec<&str> = self.complaints.iter().map(String::as_str).collect();
        assert!(complaints.is_empty(), "{} complaints:\n{}", complaints.len(), complaints.join("\n"));
    }

    /// Whether a `kind` of item (`server`, `client`, `event`, `metric`, ...) was there, with that attribute: a session that drives nothing
    /// proves nothing.
    ///
    /// # Panics
    ///
    /// If one was not.
    #[track_caller]
    pub fn assert_seen(&self, wanted: &[&str]) {
        let missing: Vec<&&str> = wanted.iter().filter(|one| !self.seen.contains(**one)).collect();
        assert!(missing.is_empty(), "never emitted: {missing:?} among\n{:#?}", self.seen);
    }

    fn ensure(&mut self, holds: bool, complaint: impl FnOnce() -> String) {
        if !holds {
            self.complaints.insert(complaint());
        }
    }

    fn see(&mut self, kind: &str, name: &str, item: &Item) {
        self.seen.insert(format!("{kind} {name}"));
        self.seen.extend(item.attributes.keys().map(|key| format!("{kind} {name} {key}")));
    }

    fn span(&mut self, scope: &str, one: &Span, own: &'static [Attribute]) {
        let kind = SpanKind::try_from(one.kind).unwrap_or_default();
        let mut seen = span(one);
        let (edge, expected, tables): (&str, SpanKind, Vec<&Table>) = match scope {
            "traced::warp" => ("server", SpanKind::Server, vec![&http_server::SPAN]),
            "traced::http" => ("client", SpanKind::Client, vec![&http_client::SPAN]),
            // Waiting for a connection is a step of the pool's, and no call to a database.
            "traced::database" if one.name == "wait for connection" => {
                ("wait", SpanKind::Internal, vec![&database::SPAN])
            }
            "traced::database" | "traced::postgres" | "traced::redis" => {
                let (system, more) = match seen.text("db.system.name") {
                    Some("postgresql") => ("postgresql", Some(&postgresql::SPAN)),
                    Some("redis") => ("redis", Some(&redis::SPAN)),
                    Some("sqlite") => ("sqlite", Some(&sqlite::SPAN)),
                    _ => ("database", None),
                };
                (system, SpanKind::Client, std::iter::once(&database::SPAN).chain(more).collect())
            }
            _ => ("function", kind, vec![&code::FUNCTION, &exceptions::ERROR]),
        };
        seen.what = format!("{edge} {}", seen.what);
        self.see(edge, "span", &seen);
        self.ensure(kind == expected, || format!("{}: of kind {kind:?}, not {expected:?}", seen.what));
        let mut lists: Vec<&[Attribute]> = tables.iter().map(|table| table.attributes).collect();
        lists.extend([traced::OWN.attributes, own]);
        self.item(&seen, &lists);
        // The conventions have it on what failed alone.
        self.ensure(!seen.has("error.type") || seen.failed, || format!("{}: error.type, yet no error", seen.what));
        self.name(edge, &seen);
        for event in &one.events {
            let mut happened =
                item(format!("event {:?} of {}", event.name, seen.what), &event.name, event.attributes.clone());
            happened.failed = seen.failed;
            if event.name == "exception" {
                self.see("event", "exception", &happened);
                self.item(&happened, &[exceptions::EXCEPTION.attributes]);
            } else {
                self.item(&happened, &[own]);
            }
        }
    }

    /// Whether a span of an edge is named as its conventions say.
    fn name(&mut self, edge: &str, span: &Item) {
        let method = || match span.text("http.request.method") {
            Some("_OTHER") | None => "HTTP".to_owned(),
            Some(method) => method.to_owned(),
        };
        let expected = match edge {
            "server" => match span.text("http.route") {
                Some(route) => format!("{} {route}", method()),
                None => method(),
            },
            "client" => method(),
            "postgresql" | "sqlite" | "database" => match span.text("db.query.summary") {
                Some(summary) => summary.to_owned(),
                None => return,
            },
            "redis" => span.text("db.operation.name").unwrap_or_default().to_owned(),
            _ => return,
        };
        self.ensure(span.name == expected, || format!("{}: its name should be {expected:?}", span.what));
    }

    /// Checks the attributes of `item` against the lists that know them together. Where several know one, each has its say.
    fn item(&mut self, item: &Item, lists: &[&[Attribute]]) {
        let known = || lists.iter().flat_map(|list| list.iter());
        for (key, value) in &item.attributes {
            let mut entries = known().filter(|attribute| attribute.is(key)).peekable();
            self.ensure(entries.peek().is_some(), || format!("{}: {key} is in no table", item.what));
            for attribute in entries {
                let found = kind(value);
                self.ensure(found == Some(attribute.kind), || {
                    format!("{}: {key} is {value:?}, and should be of type {:?}", item.what, attribute.kind)
                });
                let allowed = attribute.allowed.is_empty()
                    || matches!(value, Value::StringValue(text) if attribute.allowed.contains(&text.as_str()));
                self.ensure(allowed, || format!("{}: {key} must not be {value:?}", item.what));
            }
        }
        for attribute in known() {
            let (needed, level) = match attribute.level {
                Level::Required => (true, "required"),
                Level::When(holds) => (holds(item), "required under a condition that holds"),
                Level::Recommended | Level::OptIn => (false, ""),
            };
            let there = item.attributes.keys().any(|key| attribute.is(key));
            self.ensure(there || !needed, || format!("{}: {} is {level}, and missing", item.what, attribute.name));
        }
    }

    fn metric(&mut self, metric: &v1::Metric) {
        let what = format!("metric {}", metric.name);
        self.seen.insert(what.clone());
        let Some(known) = super::metrics().find(|known| known.name == metric.name) else {
            self.complaints.insert(format!("{what} is in no table"));
            return;
        };
        self.ensure(metric.unit == known.unit, || {
            format!("{what}: its unit is {:?}, not {:?}", metric.unit, known.unit)
        });
        self.ensure(!metric.description.is_empty(), || format!("{what}: no description"));
        let (instrument, points) = match &metric.data {
            Some(Data::Histogram(histogram)) => {
                for point in &histogram.data_points {
                    self.boundaries(&what, known, &point.explicit_bounds);
                }
                let points = histogram.data_points.iter().map(|point| point.attributes.clone()).collect();
                (Instrument::Histogram, points)
            }
            Some(Data::Sum(sum)) => {
                let whole =
                    |point: &v1::NumberDataPoint| matches!(point.value, Some(number_data_point::Value::AsInt(_)));
                self.ensure(sum.data_points.iter().all(whole), || format!("{what}: counts are whole numbers"));
                let points = sum.data_points.iter().map(|point| point.attributes.clone()).collect::<Vec<_>>();
                (if sum.is_monotonic { Instrument::Counter } else { Instrument::UpDownCounter }, points)
            }
            other => {
                self.complaints.insert(format!("{what}: {other:?}"));
                return;
            }
        };
        self.ensure(instrument == known.instrument, || format!("{what}: {instrument:?}, not {:?}", known.instrument));
        for attributes in points {
            let point = item(what.clone(), &metric.name, attributes);
            self.seen.extend(point.attributes.keys().map(|key| format!("{what} {key}")));
            self.item(&point, &[known.attributes]);
        }
    }

    fn boundaries(&mut self, what: &str, known: &Metric, found: &[f64]) {
        self.ensure(found == known.boundaries, || format!("{what}: buckets {found:?}, not {:?}", known.boundaries));
    }
}

fn kind(value: &Value) -> Option<Kind> {
    match value {
        Value::StringValue(_) => Some(Kind::String),
        Value::IntValue(_) => Some(Kind::Int),
        Value::BoolValue(_) => Some(Kind::Bool),
        Value::ArrayValue(list) => {
            let text = |value: &Option<Value>| matches!(value, Some(Value::StringValue(_)));
            list.values.iter().all(|one| text(&one.value)).then_some(Kind::Strings)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_unknown_missing_mistyped_or_not_allowed_is_complained_of() {
        let text = |text: &str| Value::StringValue(text.to_owned());
        let attributes = [
            ("http.request.method", text("BREW")),
            ("url.path", text("/")),
            ("http.response.status_code", text("200")),
            ("http.invented", text("x")),
        ];
        let attributes = attributes.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
        let item = Item { what: "span".to_owned(), name: "GET /".to_owned(), failed: true, attributes };
        let mut checked = Checked::default();
        checked.item(&item, &[http_server::SPAN.attributes]);
        let complaints: Vec<&str> = checked.complaints.iter().map(String::as_str).collect();
        let expected = [
            "span: error.type is required under a condition that holds, and missing",
            "span: http.invented is in no table",
            "span: http.request.method must not be StringValue(\"BREW\")",
            "span: http.response.status_code is StringValue(\"200\"), and should be of type Int",
            "span: http.route is required under a condition that holds, and missing",
            "span: url.scheme is required, and missing",
        ];
        assert_eq!(complaints, expected);
    }
}
