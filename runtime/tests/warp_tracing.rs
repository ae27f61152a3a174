//! A program's own `tracing` beneath a traced warp service: its levels hold, and nothing is logged that it did not log. The
//! subscriber is the process's, so this test has one to itself.

use std::sync::{Arc, Mutex};

use tracing_subscriber::Layer;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::{Context, SubscriberExt as _};
use warp::Filter;

#[derive(Clone, Default)]
struct Seen(Arc<Mutex<Vec<String>>>);

impl<S: tracing::Subscriber> Layer<S> for Seen {
    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        let metadata = event.metadata();
        self.0.lock().unwrap().push(format!("{} {}", metadata.level(), metadata.target()));
    }

    fn on_new_span(&self, span: &tracing::span::Attributes<'_>, _: &tracing::Id, _: Context<'_, S>) {
        self.0.lock().unwrap().push(format!("span {}", span.metadata().name()));
    }
}

#[tokio::test]
async fn levels_hold_and_nothing_else_is_logged() {
    let seen = Seen::default();
    let subscriber = tracing_subscriber::registry().with(LevelFilter::INFO).with(seen.clone());
    tracing::subscriber::set_global_default(subscriber).unwrap();

    let routes = warp::path!("log").and(traced::warp::route("/log")).then(|| async {
        let _entered = tracing::info_span!("mine").entered();
        tracing::info!(target: "mine", "said");
        tracing::debug!(target: "mine", "not said");
        assert!(!tracing::enabled!(tracing::Level::DEBUG));
        "ok"
    });
    let service = traced::warp::trace().wrap(routes);
    for _ in 0..2 {
        assert_eq!(warp::test::request().path("/log").reply(&service).await.status(), 200);
        // What is off stays off at the price of one load: nobody lifts the level that `tracing` keeps.
        assert_eq!(LevelFilter::current(), LevelFilter::INFO);
    }
    assert_eq!(*seen.0.lock().unwrap(), ["span mine", "INFO mine", "span mine", "INFO mine"]);
}
