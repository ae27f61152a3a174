//! Row "compiled to nothing" of the survey of peers: not in apollo-opentelemetry-macros, otel-instrument,
//! opentelemetry-traceable and autometrics.
//!
//! `cargo test -p traced-test-library` builds without the feature `enable`; in a build of the whole workspace another
//! crate asks for it, and then this shows only that nothing is evaluated while nobody records.

use std::sync::atomic::Ordering;

use traced_test_library::{EVALUATED, Error, everything, find, ignore, set_up};

#[test]
fn an_annotation_does_nothing() {
    assert_eq!(find(1), Ok("Emma"));
    assert_eq!(find(2), Err(Error::NotFound));
    ignore(1, 2);
    assert_eq!(EVALUATED.load(Ordering::Relaxed), 0);
}

#[test]
fn every_public_item_is_there_and_does_nothing() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(everything());
    assert_eq!(set_up(), 0);
}
