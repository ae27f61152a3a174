//! Metrics of functions that ask for them with the word `metrics`.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::pin::Pin;
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Instant;

use futures_core::Stream;
use opentelemetry::metrics::{Histogram, MeterProvider as _};
use opentelemetry::{InstrumentationScope, KeyValue};
use opentelemetry_sdk::metrics::SdkMeterProvider;
use pin_project_lite::pin_project;

use super::instruments;
use super::remembered::{Collections, Literal, Remembered};
use super::series::Series;
use crate::outcome::Outcome;
use crate::value::Fields;

/// From 100 microseconds: functions are faster than requests.
const DURATIONS: [f64; 15] =
    [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];

/// What measures the functions, made when the first call needs it.
#[derive(Debug)]
pub(super) struct Functions {
    provider: SdkMeterProvider,
    /// By scope, name and code: so a call compares no text.
    remembered: Remembered<[Literal; 3], Calls>,
    known: Mutex<HashMap<(&'static str, &'static str), Instruments>>,
}

/// The instruments that the functions of one scope and name share.
#[derive(Debug)]
struct Instruments {
    duration: Histogram<f64>,
    functions: Arc<Mutex<Vec<Arc<Function>>>>,
}

/// What measures the calls of one function.
#[derive(Debug)]
struct Calls {
    function: Arc<Function>,
    /// Those that have no attributes of their own and did not fail.
    plain: Series<Histogram<f64>>,
}

/// One function.
#[derive(Debug)]
struct Function {
    code: KeyValue,
    duration: Histogram<f64>,
    /// How many of its calls are in flight; read when metrics are collected, which costs a call nothing more.
    active: AtomicI64,
}

impl Functions {
    pub(super) fn new(provider: &SdkMeterProvider, collections: &Collections) -> Self {
        Self { provider: provider.clone(), remembered: collections.remembered(), known: Mutex::default() }
    }

    fn get(&self, scope: &'static str, name: &'static str, code: &'static str) -> Arc<Calls> {
        self.remembered.get(&[scope, name, code].map(Literal), || {
            let function = self.function(scope, name, code);
            let plain = Series::new(&function.duration, &[function.code.clone()].into());
            Calls { function, plain }
        })
    }

    /// The same literal may stand at several addresses.
    #[cold]
    fn function(&self, scope: &'static str, name: &'static str, code: &'static str) -> Arc<Function> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let Instruments { duration, functions } = known.entry((scope, name)).or_insert_with(|| self.make(scope, name));
        let mut functions = functions.lock().unwrap_or_else(PoisonError::into_inner);
        let code = KeyValue::new("code.function.name", code);
        if let Some(function) = functions.iter().find(|function| function.code == code) {
            return Arc::clone(function);
        }
        let function = Arc::new(Function { code, duration: duration.clone(), active: AtomicI64::new(0) });
        functions.push(Arc::clone(&function));
        function
    }

    fn make(&self, scope: &'static str, name: &'static str) -> Instruments {
        let meter = self.provider.meter_with_scope(InstrumentationScope::builder(scope).build());
        let duration = meter
            .f64_histogram(format!("{name}.duration"))
            .with_unit("s")
            .with_description("Duration of calls.")
            .with_boundaries(DURATIONS.to_vec())
            .build();
        let functions = Arc::<Mutex<Vec<Arc<Function>>>>::default();
        let observed = Arc::clone(&functions);
        let _ = meter
            .i64_observable_up_down_counter(format!("{name}.active"))
            .with_unit("{call}")
            .with_description("Number of calls in flight.")
            .with_callback(move |observer| {
                for function in observed.lock().unwrap_or_else(PoisonError::into_inner).iter() {
                    observer.observe(function.active.load(Relaxed), std::slice::from_ref(&function.code));
                }
            })
            .build();
        Instruments { duration, functions }
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
    calls: Arc<Calls>,
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
    let calls = instruments.functions.get(scope, name, code);
    let attributes = Fields::collect(attributes);
    Call(Some(Running { calls, start: None, attributes, error_type: None, polling: None, done: false }))
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
            running.calls.function.active.fetch_add(1, Relaxed);
        }
    }

    /// Does one poll, with the first of which the call begins.
    fn polled<T>(&mut self, poll: impl FnOnce() -> Poll<T>) -> Poll<T> {
        self.begin();
        self.polling(true);
        let polled = poll();
        self.polling(false);
        polled
    }

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

impl Drop for Running {
    /// The call is over: it returned, panicked, or was dropped half-way.
    fn drop(&mut self) {
        let Some(start) = self.start else { return };
        let Calls { function, plain } = &*self.calls;
        let Function { code, duration, active } = &**function;
        active.fetch_sub(1, Relaxed);
        let error_type = match self.error_type.take() {
            Some(error_type) => Some(error_type),
            None if self.done => None,
            None if self.polling.unwrap_or_else(std::thread::panicking) => Some(Cow::Borrowed("panic")),
            None => Some(Cow::Borrowed("cancelled")),
        };
        let time = start.elapsed().as_secs_f64();
        if self.attributes.is_empty() && error_type.is_none() {
            return plain.measure(time);
        }
        let mut attributes = std::mem::take(&mut self.attributes);
        attributes.push(code.clone());
        attributes.extend(error_type.map(|error_type| KeyValue::new("error.type", error_type)));
        duration.record(time, &attributes);
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
        let output = ready!(this.call.polled(|| this.inner.poll(cx)));
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
        let item = ready!(this.call.polled(|| this.inner.poll_next(cx)));
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
