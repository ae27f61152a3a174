//! This library.

use std::any::Any;
use std::hint::black_box;
use std::time::Duration;

use opentelemetry_sdk::trace::Sampler;
use traced::{Telemetry, traced};

use super::Peer;
use crate::work::{Error, TITLE, body, give_way};

pub(super) struct Traced;

#[inline(never)]
#[traced(attrs(book.id = id, book.title = title))]
fn child(id: i64, title: &str) -> Result<i64, Error> {
    body(id, title)
}

#[traced("child", attrs(book.id = id, book.title = title))]
async fn async_child(id: i64, title: &str) -> Result<i64, Error> {
    give_way().await;
    give_way().await;
    body(id, title)
}

#[inline(never)]
#[traced]
fn root() {
    for id in 0..10 {
        let _ = black_box(child(id, TITLE));
    }
}

#[traced("root")]
async fn async_root() {
    for id in 0..10 {
        let _ = black_box(async_child(id, TITLE).await);
    }
}

#[inline(never)]
#[traced("root")]
fn many(times: u64) {
    for id in 0..times {
        let _ = black_box(child(id as i64, TITLE));
    }
}

impl Peer for Traced {
    fn set_up(&self, endpoint: &str, sampled: bool) -> Box<dyn Any> {
        let endpoint = endpoint.to_owned();
        let root = if sampled { Sampler::AlwaysOn } else { Sampler::AlwaysOff };
        let telemetry = Telemetry::builder()
            .environment(move |name| (name == "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT").then(|| endpoint.clone()))
            .sampler(Sampler::ParentBased(Box::new(root)))
            .flush_timeout(Duration::from_secs(60))
            .install()
            .expect("the first one");
        Box::new(telemetry)
    }

    fn tree(&self, _sampled: bool) {
        root();
    }

    fn async_tree(&self) {
        futures_executor::block_on(async_root());
    }

    fn children(&self, times: u64, under_unsampled_root: bool) {
        if under_unsampled_root {
            many(times);
        } else {
            for id in 0..times {
                let _ = black_box(child(id as i64, TITLE));
            }
        }
    }
}
