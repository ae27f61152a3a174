//! The semantic conventions as tables, and whether what a session emitted is as they say.
//!
//! The tables are written from version [`VERSION`] of the [conventions](https://opentelemetry.io/docs/specs/semconv/): a file
//! for each, with the page that it is from. Names, stability, units and instruments are checked against the crate
//! `opentelemetry-semantic-conventions`, which is generated from the same version ([`registry`]).

mod bookstore;
mod check;
mod code;
mod database;
mod database_metrics;
mod exceptions;
mod http_client;
mod http_metrics;
mod http_server;
mod pool_metrics;
mod postgresql;
mod redis;
pub mod registry;
mod resource;
mod sdk_metrics;
mod session;
mod sqlite;
mod traced;

use std::collections::{BTreeMap, BTreeSet};

use opentelemetry_proto::tonic::common::v1::any_value::Value;

pub use check::Checked;

/// The version of the conventions that the tables are written from.
pub const VERSION: &str = "1.42.0";

/// The attributes of one convention.
#[derive(Debug)]
pub struct Table {
    /// What it is about.
    pub title: &'static str,
    /// The page that it is written from.
    pub source: &'static str,
    /// The attributes.
    pub attributes: &'static [Attribute],
}

/// An attribute that may be there.
#[derive(Debug)]
pub struct Attribute {
    /// Its name; of a template (`http.request.header.<key>`) what stands before the key.
    pub name: &'static str,
    kind: Kind,
    level: Level,
    stability: Stability,
    /// The values that it may have; empty, if any.
    allowed: &'static [&'static str],
    template: bool,
}

/// The type of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Text.
    String,
    /// A whole number.
    Int,
    /// True or false.
    Bool,
    /// A list of texts.
    Strings,
}

/// Whether an attribute has to be there.
#[derive(Debug, Clone, Copy)]
pub enum Level {
    /// Always.
    Required,
    /// Where the condition holds; otherwise it may be there.
    When(fn(&Item) -> bool),
    /// Where it is known, which a test can't know.
    Recommended,
    /// Where somebody asked for it.
    OptIn,
}

/// How settled a name is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stability {
    /// It stays.
    Stable,
    /// In development: it may change yet.
    Development,
    /// It is of no convention.
    Own,
}

/// A metric that may be there.
#[derive(Debug)]
pub struct Metric {
    /// Its name.
    pub name: &'static str,
    instrument: Instrument,
    unit: &'static str,
    stability: Stability,
    /// The upper limits of a histogram's buckets.
    boundaries: &'static [f64],
    attributes: &'static [Attribute],
}

/// What kind of instrument a metric is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Instrument {
    /// Buckets, a count and a sum.
    Histogram,
    /// A sum that grows.
    Counter,
    /// A sum that grows and shrinks.
    UpDownCounter,
}

/// Something that carries attributes: a span, an event, a log record, a point of a metric.
#[derive(Debug, Clone)]
pub struct Item {
    /// What complaints call it.
    pub what: String,
    /// The name of the span, event or metric.
    pub name: String,
    /// Whether a span's status is Error.
    pub failed: bool,
    /// The attributes.
    pub attributes: BTreeMap<String, Value>,
}

impl Item {
    fn has(&self, key: &str) -> bool {
        self.attributes.contains_key(key)
    }

    fn text(&self, key: &str) -> Option<&str> {
        match self.attributes.get(key)? {
            Value::StringValue(text) => Some(text),
            _ => None,
        }
    }

    fn number(&self, key: &str) -> Option<i64> {
        match self.attributes.get(key)? {
            Value::IntValue(number) => Some(*number),
            _ => None,
        }
    }
}

const fn attribute(name: &'static str, kind: Kind, level: Level) -> Attribute {
    Attribute { name, kind, level, stability: Stability::Stable, allowed: &[], template: false }
}

const fn text(name: &'static str, level: Level) -> Attribute {
    attribute(name, Kind::String, level)
}

const fn int(name: &'static str, level: Level) -> Attribute {
    attribute(name, Kind::Int, level)
}

impl Attribute {
    const fn one_of(mut self, allowed: &'static [&'static str]) -> Self {
        self.allowed = allowed;
        self
    }

    const fn in_development(mut self) -> Self {
        self.stability = Stability::Development;
        self
    }

    const fn own(mut self) -> Self {
        self.stability = Stability::Own;
        self
    }

    const fn template(mut self) -> Self {
        self.template = true;
        self
    }

    fn is(&self, key: &str) -> bool {
        match self.template {
            true => key.strip_prefix(self.name).is_some_and(|rest| rest.len() > 1 && rest.starts_with('.')),
            false => key == self.name,
        }
    }
}

const fn metric(name: &'static str, instrument: Instrument, unit: &'static str) -> Metric {
    Metric { name, instrument, unit, stability: Stability::Stable, boundaries: &[], attributes: &[] }
}

impl Metric {
    const fn buckets(mut self, boundaries: &'static [f64]) -> Self {
        self.boundaries = boundaries;
        self
    }

    const fn by(mut self, attributes: &'static [Attribute]) -> Self {
        self.attributes = attributes;
        self
    }

    const fn in_development(mut self) -> Self {
        self.stability = Stability::Development;
        self
    }

    const fn own(mut self) -> Self {
        self.stability = Stability::Own;
        self
    }
}

/// Every table of attributes that is from the conventions.
fn tables() -> [&'static Table; 9] {
    [
        &http_server::SPAN,
        &http_client::SPAN,
        &database::SPAN,
        &postgresql::SPAN,
        &redis::SPAN,
        &sqlite::SPAN,
        &code::FUNCTION,
        &exceptions::EXCEPTION,
        &resource::RESOURCE,
    ]
}

/// The names in the tables that are in development in the conventions.
pub fn in_development() -> BTreeSet<&'static str> {
    let attributes =
        tables().into_iter().flat_map(|table| table.attributes).chain(metrics().flat_map(|m| m.attributes));
    let attributes = attributes.filter(|one| one.stability == Stability::Development).map(|one| one.name);
    let metrics = metrics().filter(|metric| metric.stability == Stability::Development).map(|metric| metric.name);
    attributes.chain(metrics).collect()
}

/// Every metric that may be emitted.
fn metrics() -> impl Iterator<Item = &'static Metric> {
    let tables =
        [http_metrics::SERVER, database_metrics::CLIENT, pool_metrics::POOL, sdk_metrics::SDK, self::traced::METRICS];
    tables.into_iter().flatten()
}
