//! Reading from and writing to a [`HeaderMap`].

use http::{HeaderMap, HeaderName, HeaderValue};
use opentelemetry::propagation::{Extractor, Injector};
use opentelemetry::{Context, global};

/// The current context with what `headers` carry: the span to continue, baggage.
pub fn extract(headers: &HeaderMap) -> Context {
    extract_with(&Context::current(), headers)
}

/// The context `base` with what `headers` carry.
pub fn extract_with(base: &Context, headers: &HeaderMap) -> Context {
    // Where no propagator is installed, OpenTelemetry's own answers with the current context instead of the given one.
    let _attached = base.clone().attach();
    global::get_text_map_propagator(|propagator| propagator.extract_with_context(base, &Read(headers)))
}

/// Writes the current span and baggage into `headers`.
pub fn inject(headers: &mut HeaderMap) {
    // Not within `map_current`: a propagator may attach a context of its own.
    inject_context(&Context::current(), headers);
}

/// Writes the span and the baggage of `context` into `headers`.
pub fn inject_context(context: &Context, headers: &mut HeaderMap) {
    global::get_text_map_propagator(|propagator| propagator.inject_context(context, &mut Write(headers)));
}

struct Read<'a>(&'a HeaderMap);

impl Extractor for Read<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key)?.to_str().ok()
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(HeaderName::as_str).collect()
    }

    fn get_all(&self, key: &str) -> Option<Vec<&str>> {
        // What is no text counts all the same: of two `traceparent`s none is valid, whatever they are.
        let values: Vec<&str> = self.0.get_all(key).iter().map(|value| value.to_str().unwrap_or_default()).collect();
        (!values.is_empty()).then_some(values)
    }
}

struct Write<'a>(&'a mut HeaderMap);

impl Injector for Write<'_> {
    /// What is no header is left out: a program must not fail to call another for its telemetry.
    fn set(&mut self, key: &str, value: String) {
        if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(key.as_bytes()), HeaderValue::from_str(&value)) {
            self.0.insert(name, value);
        }
    }
}
