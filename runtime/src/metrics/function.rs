//! Metrics of functions that ask for them with the word `metrics`.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, PoisonError, RwLock};
use std::task::{Context, Poll, ready};
use std::time::Instant;

use futures_core::Stream;
use opentelemetry::metrics::{Histogram, MeterProvider as _, UpDownCounter};
use opentelemetry::{InstrumentationScope, KeyValue};
use opentelemetry_sdk::metrics::SdkMeterProvider;
use pin_project_lite::pin_project;

use super::instruments;
use crate::outcome::Outcome;
use crate::value::Fields;

/// From 100 microseconds: functions are faster than requests.
const DURATIONS: [f64; 15] =
    [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];

/// The instruments of the functions, made when the first call needs them.
#[derive(Debug)]
pub(super) struct Functions {
    provider: SdkMeterProvider,
    known: RwLock<HashMap<(&'static str, &'static str), Arc<Function>>>,
}

/// The instruments that the functions of one scope and name share.
#[derive(Debug)]
struct Function {
    duration: Histogram<f64>,
    active: UpDownCounter<i64>,
}

impl Functions {
    pub(super) fn new(provider: &SdkMeterProvider) -> Self {
        Self { provider: provider.clone(), known: RwLock::default() }
    }

    fn get(&self, scope: &'static str, name: &'static str) -> Arc<Function> {
        let key = (scope, name);
        if let Some(known) = self.known.read().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return Arc::clone(known);
        }
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(known.entry(key).or_insert_with(|| {
            let meter = self.provider.meter_with_scope(InstrumentationScope::builder(scope).build());
            let duration = meter
                .f64_histogram(format!("{name}.duration"))
                .with_unit("s")
                .with_description("Duration of calls.")
                .with_boundaries(DURATIONS.to_vec())
                .build();
            let active = meter
                .i64_up_down_counter(format!("{name}.active"))
                .with_unit("{call}")
                .with_description("Number of calls in flight.")
                .build();
            Arc::new(Function { duration, active })
        }))
    }
}

/// A call that is being measured, or none because nobody measures.
#[derive(Debug)]
pub struct Call(Option<Running>);

#[derive(Debug)]
struct Running {
    function: Arc<Function>,
    code: &'static str,
    /// None until it begins.
    start: Option<Instant>,
    attributes: Vec<KeyValue>,
    error_type: Option<Cow<'static, str>>,
    /// Of a future or stream: whether it is being polled. If it still is when the call is over, that poll panicked. None
    /// of a function's own body, which a panic leaves by unwinding.
    polling: Option<bool>,
    done: bool,
}

/// A call of the function `code` begins.
pub fn measure(
    name: &'static str,
    scope: &'static str,
    code: &'static str,
    attributes: &mut dyn FnMut(&mut Fields<'_>),
) -> Call {
    let mut call = measure_later(name, scope, code, attributes);
    call.begin();
    call
}

/// A call of the function `code` is made, whose future or stream begins at its first poll.
pub fn measure_later(
    name: &'static str,
    scope: &'static str,
    code: &'static str,
    attributes: &mut dyn FnMut(&mut Fields<'_>),
) -> Call {
    let Some(instruments) = instruments::installed() else { return Call(None) };
    let function = instruments.functions.get(scope, name);
    let attributes = Fields::collect(attributes);
    Call(Some(Running { function, code, start: None, attributes, error_type: None, polling: None, done: false }))
}

/// The call has returned `value`; `note` sees it.
pub fn measured<R>(mut call: Call, value: &R, note: impl for<'s, 'r> FnMut(&mut Outcome<'s, 'r>, &'r R)) {
    call.note(value, note);
    call.end();
}

impl Call {
    fn begin(&mut self) {
        let Some(running) = &mut self.0 else { return };
        if running.start.is_none() {
            running.start = Some(Instant::now());
            running.function.active.add(1, &[running.code()]);
        }
    }

    /// A poll begins, or is over.
    fn polling(&mut self, polling: bool) {
        if let Some(running) = &mut self.0 {
            running.polling = Some(polling);
        }
    }

    fn note<R>(&mut self, value: &R, note: impl for<'s, 'r> FnMut(&mut Outcome<'s, 'r>, &'r R)) {
        if let Some(running) = self.0.as_mut().filter(|running| running.error_type.is_none()) {
            running.error_type = Outcome::error_type_of(value, note);
        }
    }

    fn end(&mut self) {
        if let Some(mut running) = self.0.take() {
            running.done = true;
        }
    }
}

impl Running {
    fn code(&self) -> KeyValue {
        KeyValue::new("code.function.name", self.code)
    }
}

impl Drop for Running {
    /// The call is over: it returned, panicked, or was dropped half-way.
    fn drop(&mut self) {
        let Some(start) = self.start else { return };
        self.function.active.add(-1, &[self.code()]);
        let mut attributes = std::mem::take(&mut self.attributes);
        attributes.push(self.code());
        let error_type = match self.error_type.take() {
            Some(error_type) => Some(error_type),
            None if self.done => None,
            None if self.polling.unwrap_or_else(std::thread::panicking) => Some(Cow::Borrowed("panic")),
            None => Some(Cow::Borrowed("cancelled")),
        };
        attributes.extend(error_type.map(|error_type| KeyValue::new("error.type", error_type)));
        self.function.duration.record(start.elapsed().as_secs_f64(), &attributes);
    }
}

pin_project! {
    /// A future or stream that is measured from its first poll to its end.
    #[must_use = "futures and streams do nothing unless they are polled"]
    pub struct Measured<P, N> {
        #[pin]
        inner: P,
        call: Call,
        note: N,
    }
}

/// `future`, measured as `call`; `note` sees what it returns.
pub fn measured_future<F: Future, N: for<'s, 'r> FnMut(&mut Outcome<'s, 'r>, &'r F::Output)>(
    call: Call,
    future: F,
    note: N,
) -> Measured<F, N> {
    Measured { inner: future, call, note }
}

impl<F: Future, N: for<'s, 'r> FnMut(&mut Outcome<'s, 'r>, &'r F::Output)> Future for Measured<F, N> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        this.call.begin();
        this.call.polling(true);
        let polled = this.inner.poll(cx);
        this.call.polling(false);
        let output = ready!(polled);
        this.call.note(&output, this.note);
        this.call.end();
        Poll::Ready(output)
    }
}

/// `stream`, measured as `call`; `note` sees each item, and the first that failed counts.
pub fn measured_stream<S: Stream, N: for<'s, 'r> FnMut(&mut Outcome<'s, 'r>, &'r S::Item)>(
    call: Call,
    stream: S,
    note: N,
) -> Measured<S, N> {
    Measured { inner: stream, call, note }
}

impl<S: Stream, N: for<'s, 'r> FnMut(&mut Outcome<'s, 'r>, &'r S::Item)> Stream for Measured<S, N> {
    type Item = S::Item;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        let this = self.project();
        this.call.begin();
        this.call.polling(true);
        let polled = this.inner.poll_next(cx);
        this.call.polling(false);
        let item = ready!(polled);
        match &item {
            Some(item) => this.call.note(item, this.note),
            None => this.call.end(),
        }
        Poll::Ready(item)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.inner.size_hint()
    }
}

impl<P: fmt::Debug, N> fmt::Debug for Measured<P, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Measured").field("inner", &self.inner).finish_non_exhaustive()
    }
}
