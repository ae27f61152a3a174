//! `tracing` with `tracing-opentelemetry` on the same SDK provider: as it is documented, and by somebody who has measured,
//! without all that can be turned off (code locations, threads, busy and idle times).

use std::any::Any;
use std::hint::black_box;

use opentelemetry::trace::TracerProvider;
use tracing::{Instrument, instrument};
use tracing_subscriber::layer::SubscriberExt;

use super::{Peer, Shutdown, sdk_provider};
use crate::work::{Error, TITLE, body, give_way};

pub(super) enum Tracing {
    Documented,
    Tuned,
}

#[inline(never)]
#[instrument(skip_all, err, fields(book.id = id, book.title = title))]
fn child(id: i64, title: &str) -> Result<i64, Error> {
    body(id, title)
}

#[instrument(name = "child", skip_all, err, fields(book.id = id, book.title = title))]
async fn async_child(id: i64, title: &str) -> Result<i64, Error> {
    give_way().await;
    give_way().await;
    body(id, title)
}

impl Peer for Tracing {
    fn set_up(&self, endpoint: &str, sampled: bool) -> Box<dyn Any> {
        let provider = sdk_provider(endpoint, sampled);
        let mut layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("bookstore"));
        if let Self::Tuned = self {
            layer = layer.with_location(false).with_threads(false).with_tracked_inactivity(false);
        }
        tracing::subscriber::set_global_default(tracing_subscriber::registry().with(layer)).expect("the first one");
        Box::new(Shutdown(provider))
    }

    fn tree(&self, _sampled: bool) {
        let _root = tracing::info_span!("root").entered();
        for id in 0..10 {
            let _ = black_box(child(id, TITLE));
        }
    }

    fn async_tree(&self) {
        let work = async {
            for id in 0..10 {
                let _ = black_box(async_child(id, TITLE).await);
            }
        };
        futures_executor::block_on(work.instrument(tracing::info_span!("root")));
    }

    fn children(&self, times: u64, under_unsampled_root: bool) {
        let _root = under_unsampled_root.then(|| tracing::info_span!("root").entered());
        for id in 0..times {
            let _ = black_box(child(id as i64, TITLE));
        }
    }
}
