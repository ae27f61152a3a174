//! OpenTelemetry by hand, by somebody who has measured: the SDK's own tracer kept in a static, no boxes around it, all
//! attributes given to the builder at once.

use std::any::Any;
use std::hint::black_box;
use std::sync::OnceLock;

use opentelemetry::trace::noop::NoopTracerProvider;
use opentelemetry::trace::{FutureExt, Status, TraceContextExt, Tracer, TracerProvider};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::trace::SdkTracer;

use super::{Peer, Shutdown, sdk_provider};
use crate::work::{Error, TITLE, body, give_way};

pub(super) struct HandTuned;

static TRACER: OnceLock<SdkTracer> = OnceLock::new();

fn tracer() -> &'static SdkTracer {
    // Not set up, it is a tracer that records nothing.
    TRACER.get_or_init(|| {
        let _ = NoopTracerProvider::new();
        let off = opentelemetry_sdk::trace::Sampler::AlwaysOff;
        opentelemetry_sdk::trace::SdkTracerProvider::builder().with_sampler(off).build().tracer("bookstore")
    })
}

fn open(id: i64, title: &str) -> Context {
    let tracer = tracer();
    let attributes = [KeyValue::new("book.id", id), KeyValue::new("book.title", title.to_owned())];
    Context::current_with_span(tracer.span_builder("child").with_attributes(attributes).start(tracer))
}

fn note(cx: &Context, result: &Result<i64, Error>) {
    if let Err(error) = result {
        cx.span().record_error(error);
        cx.span().set_status(Status::error(error.to_string()));
    }
}

#[inline(never)]
fn child(id: i64, title: &str) -> Result<i64, Error> {
    let cx = open(id, title);
    let attached = cx.clone().attach();
    let result = body(id, title);
    note(&cx, &result);
    drop(attached);
    result
}

async fn async_child(id: i64, title: &str) -> Result<i64, Error> {
    let cx = open(id, title);
    let result = async {
        give_way().await;
        give_way().await;
        body(id, title)
    }
    .with_context(cx.clone())
    .await;
    note(&cx, &result);
    result
}

impl Peer for HandTuned {
    fn set_up(&self, endpoint: &str, sampled: bool) -> Box<dyn Any> {
        let provider = sdk_provider(endpoint, sampled);
        let _ = TRACER.set(provider.tracer("bookstore"));
        Box::new(Shutdown(provider))
    }

    fn tree(&self, _sampled: bool) {
        let _attached = Context::current_with_span(tracer().start("root")).attach();
        for id in 0..10 {
            let _ = black_box(child(id, TITLE));
        }
    }

    fn async_tree(&self) {
        let cx = Context::current_with_span(tracer().start("root"));
        let work = async {
            for id in 0..10 {
                let _ = black_box(async_child(id, TITLE).await);
            }
        };
        futures_executor::block_on(work.with_context(cx));
    }

    fn children(&self, times: u64, under_unsampled_root: bool) {
        let _attached = under_unsampled_root.then(|| Context::current_with_span(tracer().start("root")).attach());
        for id in 0..times {
            let _ = black_box(child(id as i64, TITLE));
        }
    }
}
