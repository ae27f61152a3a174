//! Metrics of functions that ask for them with the word `metrics`.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};
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

// It writes to instruments, which hold their own locks: seeing it after a panic breaks nothing, so that the function alone
// decides whether it is unwind safe.
impl UnwindSafe for Call {}
impl RefUnwindSafe for Call {}

#[derive(Debug)]
struct Running {
    function: Arc<Function>,
    code: &'static str,
    /// None until it begins.
    start: Option<Instant>,
    attributes: Vec<KeyValue>,
    error_type: Option<Cow<'static, str>>,
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
    Call(Some(Running { function, code, start: None, attributes, error_type: None, done: false }))
}

/// The call has returned `value`; `note` sees it.
pub fn measured<R>(mut call: Call, value: &R, note: impl for<'s, 'r> FnMut(&mut Outcome<'s, 'r>, &'r R)) {
    call.note(value, note);
    call.end();
}

impl Call {
    fn begin(&mut self) {
        if let Some(running) = self.0.as_mut().filter(|running| running.start.is_none()) {
            running.start = Some(Instant::now());
            running.function.active.add(1, &[running.code()]);
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
            None if std::thread::panicking() => Some(Cow::Borrowed("panic")),
            None => Some(Cow::Borrowed("cancelled")),
        };
        attributes.extend(error_type.map(|error_type| KeyValue::new("error.type", error_type)));
        self.function.duration.record(start.elapsed().as_secs_f64(), &attributes);
    }
}

pin_project! {
    /// A future that is measured from its first poll to its end.
    #[must_use = "futures do nothing unless you `.await` or poll them"]
    pub struct MeasuredFuture<F, N> {
        #[pin]
        future: F,
        call: Call,
        note: N,
    }
}

/// `future`, measured as `call`; `note` sees what it returns.
pub fn measured_future<F: Future, N: for<'s, 'r> FnMut(&mut Outcome<'s, 'r>, &'r F::Output)>(
    call: Call,
    future: F,
    note: N,
) -> MeasuredFuture<F, N> {
    MeasuredFuture { future, call, note }
}

impl<F: Future, N: for<'s, 'r> FnMut(&mut Outcome<'s, 'r>, &'r F::Output)> Future for MeasuredFuture<F, N> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        this.call.begin();
        let output = ready!(this.future.poll(cx));
        this.call.note(&output, this.note);
        this.call.end();
        Poll::Ready(output)
    }
}

impl<F: fmt::Debug, N> fmt::Debug for MeasuredFuture<F, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MeasuredFuture").field("future", &self.future).finish_non_exhaustive()
    }
}

pin_project! {
    /// A stream that is measured from its first poll to its end.
    #[must_use = "streams do nothing unless polled"]
    pub struct MeasuredStream<S, N> {
        #[pin]
        stream: S,
        call: Call,
        note: N,
    }
}

/// `stream`, measured as `call`; `note` sees each item, and the first that failed counts.
pub fn measured_stream<S: Stream, N: for<'s, 'r> FnMut(&mut Outcome<'s, 'r>, &'r S::Item)>(
    call: Call,
    stream: S,
    note: N,
) -> MeasuredStream<S, N> {
    MeasuredStream { stream, call, note }
}

impl<S: Stream, N: for<'s, 'r> FnMut(&mut Outcome<'s, 'r>, &'r S::Item)> Stream for MeasuredStream<S, N> {
    type Item = S::Item;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        let this = self.project();
        this.call.begin();
        let item = ready!(this.stream.poll_next(cx));
        match &item {
            Some(item) => this.call.note(item, this.note),
            None => this.call.end(),
        }
        Poll::Ready(item)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.stream.size_hint()
    }
}

impl<S: fmt::Debug, N> fmt::Debug for MeasuredStream<S, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MeasuredStream").field("stream", &self.stream).finish_non_exhaustive()
    }
}
