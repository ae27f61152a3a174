//! `fastrace` with `fastrace-opentelemetry` on the same OTLP exporter: by its attribute, and by somebody who has measured,
//! without the attribute's formatting.

use std::any::Any;
use std::borrow::Cow;
use std::hint::black_box;

use fastrace::collector::{Config, SpanContext};
use fastrace::future::FutureExt;
use fastrace::prelude::{LocalSpan, Span, trace};
use fastrace_opentelemetry::OpenTelemetryReporter;
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig};

use super::Peer;
use crate::work::{Error, TITLE, body, give_way};

pub(super) enum Fastrace {
    Documented,
    Tuned,
}

struct Flush;

impl Drop for Flush {
    fn drop(&mut self) {
        fastrace::flush();
    }
}

mod documented {
    use super::*;

    #[inline(never)]
    #[trace(name = "child", properties = { "book.id": "{id}", "book.title": "{title}" })]
    pub(super) fn child(id: i64, title: &str) -> Result<i64, Error> {
        body(id, title).inspect_err(error)
    }

    #[trace(name = "child", properties = { "book.id": "{id}", "book.title": "{title}" })]
    pub(super) async fn async_child(id: i64, title: &str) -> Result<i64, Error> {
        give_way().await;
        give_way().await;
        body(id, title).inspect_err(error)
    }
}

mod tuned {
    use super::*;

    #[inline(never)]
    pub(super) fn child(id: i64, title: &str) -> Result<i64, Error> {
        let _span = LocalSpan::enter_with_local_parent("child").with_properties(|| properties(id, title));
        body(id, title).inspect_err(error)
    }

    pub(super) async fn async_child(id: i64, title: &str) -> Result<i64, Error> {
        let span = Span::enter_with_local_parent("child").with_properties(|| properties(id, title));
        async {
            give_way().await;
            give_way().await;
            body(id, title).inspect_err(error)
        }
        .in_span(span)
        .await
    }

    fn properties(id: i64, title: &str) -> [(&'static str, String); 2] {
        [("book.id", id.to_string()), ("book.title", title.to_owned())]
    }
}

fn error(error: &Error) {
    LocalSpan::add_property(|| ("error", error.to_string()));
}

fn tree(child: impl Fn(i64, &str) -> Result<i64, Error>, sampled: bool) {
    let root = Span::root("root", SpanContext::random().sampled(sampled));
    let _attached = root.set_local_parent();
    for id in 0..10 {
        let _ = black_box(child(id, TITLE));
    }
}

fn async_tree(child: impl AsyncFn(i64, &str) -> Result<i64, Error>) {
    let work = async {
        for id in 0..10 {
            let _ = black_box(child(id, TITLE).await);
        }
    };
    futures_executor::block_on(work.in_span(Span::root("root", SpanContext::random())));
}

fn children(child: impl Fn(i64, &str) -> Result<i64, Error>, times: u64, under_unsampled_root: bool) {
    let root = under_unsampled_root.then(|| Span::root("root", SpanContext::random().sampled(false)));
    let _attached = root.as_ref().map(Span::set_local_parent);
    for id in 0..times {
        let _ = black_box(child(id as i64, TITLE));
    }
}

impl Peer for Fastrace {
    fn set_up(&self, endpoint: &str, _sampled: bool) -> Box<dyn Any> {
        let exporter = SpanExporter::builder()
            .with_http()
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(endpoint)
            .build()
            .expect("an exporter");
        let resource = opentelemetry_sdk::Resource::builder().build();
        let scope = opentelemetry::InstrumentationScope::builder("bookstore").build();
        let reporter = OpenTelemetryReporter::new(exporter, Cow::Owned(resource), scope);
        fastrace::set_reporter(reporter, Config::default());
        Box::new(Flush)
    }

    fn tree(&self, sampled: bool) {
        match self {
            Self::Documented => tree(documented::child, sampled),
            Self::Tuned => tree(tuned::child, sampled),
        }
    }

    fn async_tree(&self) {
        match self {
            Self::Documented => async_tree(documented::async_child),
            Self::Tuned => async_tree(tuned::async_child),
        }
    }

    fn children(&self, times: u64, under_unsampled_root: bool) {
        match self {
            Self::Documented => children(documented::child, times, under_unsampled_root),
            Self::Tuned => children(tuned::child, times, under_unsampled_root),
        }
    }
}
