//! The two owners of a record: whichever goes last, and wherever, takes it along once.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::super::raw::Owner;
use super::super::record::Record;
use super::*;

/// Two owners of a span that is open.
fn two(recorder: &Recorder) -> (Owner, Owner) {
    let own = recorder.own();
    Owner::only(Record::new(own.id, own.limits)).share()
}

#[test]
fn one_that_waits_for_the_other_gets_the_record() {
    let recorder = Recorder::new(RecorderConfig::default());
    let (one, other) = two(&recorder);
    assert!(one.outlive(|| drop(other)).is_ok());
    let (one, other) = two(&recorder);
    drop(other);
    assert!(one.outlive(|| ()).is_ok());
    let (one, other) = two(&recorder);
    assert!(one.outlive(|| std::thread::spawn(move || drop(other)).join().expect("no panic")).is_ok());
}

#[test]
fn one_that_waits_in_vain_does_not() {
    let recorder = Recorder::new(RecorderConfig::default());
    let (one, other) = two(&recorder);
    let one = one.outlive(|| ()).expect_err("the other one is there");
    drop(one);
    assert!(other.into_record().is_ok());
}

/// What is dropped with a context may end spans itself.
#[test]
fn while_one_waits_others_may() {
    let recorder = Recorder::new(RecorderConfig::default());
    let (outer, outers_other) = two(&recorder);
    let (inner, inners_other) = two(&recorder);
    let waits = || {
        let nested = inner.outlive(|| {
            drop(inners_other);
            drop(outers_other);
        });
        assert!(nested.is_ok());
    };
    assert!(outer.outlive(waits).is_ok());
    let (outer, outers_other) = two(&recorder);
    let (inner, inners_other) = two(&recorder);
    let waits = || {
        assert!(inner.outlive(|| drop(inners_other)).is_ok());
        drop(outers_other);
    };
    assert!(outer.outlive(waits).is_ok());
    let (outer, outers_other) = two(&recorder);
    let (inner, inners_other) = two(&recorder);
    let waits = || assert!(inner.outlive(|| drop(inners_other)).is_ok());
    assert!(outer.outlive(waits).is_err(), "its other owner is there");
    assert!(outers_other.into_record().is_ok());
}

#[test]
fn a_panic_on_the_way_leaves_no_record_behind() {
    let recorder = Recorder::new(RecorderConfig::default());
    for others_turn in [true, false] {
        let started = open_spans(&recorder);
        let span = {
            let _attached = recorder.context.clone().attach();
            open(Start::new(&SITE, &mut |_| ())).open().expect("it is recorded")
        };
        let (one, context) = span.apart();
        let mut context = Some(context);
        let ended = catch_unwind(AssertUnwindSafe(|| {
            let _ = one.outlive(|| {
                if others_turn {
                    context = None;
                }
                panic!("on the way");
            });
        }));
        assert!(ended.is_err());
        drop(context);
        assert_eq!(open_spans(&recorder), started, "it has ended");
        assert_eq!(recorder.take().len(), 1);
    }
}

fn open_spans(recorder: &Recorder) -> u64 {
    recorder.pipeline.totals().open
}
