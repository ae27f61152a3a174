//! What becomes of a batch that a way out does not take.

use std::borrow::Cow;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::super::Totals;
use super::super::batch::Size;
use super::super::outlet::{Delivered, Outgoing, Outlet};
use super::*;
use crate::export::{Carrier, Closing, Failure, Watch, Watched};
use crate::telemetry::{Component, Reporter};

/// Fails in the way that is said.
struct Fails(Option<Option<Duration>>);

impl Carrier for Fails {
    fn carry(&mut self, _: &Outgoing) -> Result<u64, Failure> {
        Err(Failure { reason: "refused".to_owned(), kind: Cow::Borrowed("429"), again: self.0 })
    }
}

/// What an outlet makes of `times` tries of a batch which its carrier fails with `again`.
fn tries(again: Option<Option<Duration>>, closing: &Arc<Closing>, times: usize) -> Vec<Delivered> {
    let recorder = Recorder::new(RecorderConfig::default());
    recorder.open(&mut |_| ()).end();
    let resource = Arc::new(Resource::new(&opentelemetry_sdk::Resource::builder_empty().build()));
    let batch = Outgoing::new(recorder.own().take_all(), &resource, None);
    let watch = Watch {
        destination: "nowhere".to_owned(),
        delay: None,
        component: Component::default(),
        reporter: Reporter::new(|_| ()),
        closing: Arc::clone(closing),
    };
    let (mut watched, _) = Watched::new(Fails(again), watch);
    let totals = recorder.pipeline.totals();
    (0..times).map(|_| watched.deliver(&batch, &totals)).collect()
}

fn seconds(list: &[u64]) -> Vec<Delivered> {
    list.iter().map(|&seconds| Delivered::Later(Duration::from_secs(seconds))).collect()
}

#[test]
fn each_wait_is_twice_the_last_one_up_to_half_a_minute() {
    let closing = Arc::new(Closing::default());
    assert_eq!(tries(Some(None), &closing, 7), seconds(&[1, 2, 4, 8, 16, 30, 30]));
}

#[test]
fn a_collector_may_say_when_to_come_again_but_neither_never_nor_at_once() {
    let closing = Arc::new(Closing::default());
    assert_eq!(tries(Some(Some(Duration::from_secs(90))), &closing, 2), seconds(&[90, 90]));
    assert_eq!(tries(Some(Some(Duration::MAX)), &closing, 1), seconds(&[3600]));
    assert_eq!(tries(Some(Some(Duration::ZERO)), &closing, 3), seconds(&[1, 1, 1]));
}

#[test]
fn what_may_not_be_tried_again_is_not_kept_nor_is_anything_at_the_end() {
    let closing = Arc::new(Closing::default());
    assert_eq!(tries(None, &closing, 1), [Delivered::Done]);
    closing.begin(Instant::now());
    assert_eq!(tries(Some(None), &closing, 1), [Delivered::Done]);
}

/// Counts what it is given.
struct Counts(Arc<AtomicUsize>);

impl Outlet for Counts {
    fn deliver(&mut self, batch: &Outgoing, _: &Totals) -> Delivered {
        self.0.fetch_add(batch.len(), Ordering::SeqCst);
        Delivered::Done
    }

    fn abandon(&mut self, _: u64) {}
}

/// Some wait apart, since others were in need of the memory, and others in the logs.
#[test]
fn a_flush_delivers_what_waits_apart_and_what_is_in_the_logs() {
    let count = Arc::<AtomicUsize>::default();
    let mut config = RecorderConfig::default();
    config.schedule.delay = Duration::from_secs(3600);
    let pipeline = Arc::new(Pipeline::own_with(config, vec![Box::new(Counts(Arc::clone(&count)))]).unwrap());
    let (context, _capturing) = capture(Arc::clone(&pipeline));
    let _attached = context.attach();
    let spans = |spans| (0..spans).for_each(|_| drop(open(Start::new(&SITE, &mut |_| ()))));
    spans(2);
    let lane = pipeline.own().expect("it is our own").lane(0);
    lane.relieve(Size::UNLIMITED, Size::UNLIMITED, usize::MAX);
    assert_eq!(lane.waiting(), 2);
    spans(3);
    assert!(pipeline.flush(Duration::from_secs(300)));
    assert_eq!(count.load(Ordering::SeqCst), 5);
    assert!(pipeline.shutdown(Duration::from_secs(300)));
}
