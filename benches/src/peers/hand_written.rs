//! OpenTelemetry by hand, as its documentation shows it: the global tracer, `in_span`, attributes set one by one.

use std::any::Any;
use std::hint::black_box;

use opentelemetry::trace::{FutureExt, Status, TraceContextExt, Tracer};
use opentelemetry::{Context, KeyValue, global};

use super::{Peer, Shutdown, sdk_provider};
use crate::work::{Error, TITLE, body, give_way};

pub(super) struct HandWritten;

fn note(cx: &Context, result: &Result<i64, Error>) {
    if let Err(error) = result {
        cx.span().record_error(error);
        cx.span().set_status(Status::error(error.to_string()));
    }
}

#[inline(never)]
fn child(id: i64, title: &str) -> Result<i64, Error> {
    let tracer = global::tracer("bookstore");
    tracer.in_span("child", |cx| {
        cx.span().set_attribute(KeyValue::new("book.id", id));
        cx.span().set_attribute(KeyValue::new("book.title", title.to_owned()));
        let result = body(id, title);
        note(&cx, &result);
        result
    })
}

async fn async_child(id: i64, title: &str) -> Result<i64, Error> {
    let tracer = global::tracer("bookstore");
    let span = tracer.start("child");
    let cx = Context::current_with_span(span);
    cx.span().set_attribute(KeyValue::new("book.id", id));
    cx.span().set_attribute(KeyValue::new("book.title", title.to_owned()));
    let result = async {
        give_way().await;
        give_way().await;
        body(id, title)
    }
    .with_context(cx.clone())
    .await;
    note(&cx, &result);
    cx.span().end();
    result
}

impl Peer for HandWritten {
    fn set_up(&self, endpoint: &str, sampled: bool) -> Box<dyn Any> {
        let provider = sdk_provider(endpoint, sampled);
        global::set_tracer_provider(provider.clone());
        Box::new(Shutdown(provider))
    }

    fn tree(&self, _sampled: bool) {
        global::tracer("bookstore").in_span("root", |_| {
            for id in 0..10 {
                let _ = black_box(child(id, TITLE));
            }
        });
    }

    fn async_tree(&self) {
        let cx = Context::current_with_span(global::tracer("bookstore").start("root"));
        let work = async {
            for id in 0..10 {
                let _ = black_box(async_child(id, TITLE).await);
            }
        };
        futures_executor::block_on(work.with_context(cx));
    }

    fn children(&self, times: u64, under_unsampled_root: bool) {
        let work = || (0..times).for_each(|id| drop(black_box(child(id as i64, TITLE))));
        if under_unsampled_root {
            global::tracer("bookstore").in_span("root", |_| work());
        } else {
            work();
        }
    }
}
