//! What a span may grow to.

use opentelemetry::trace::TraceContextExt;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Wire;

use super::super::batch::{Batch, Size};
use super::super::local;
use super::super::own::MAX_ENTRY;
use super::*;

#[test]
fn a_value_is_cut_at_64_kib_unless_a_limit_is_set() {
    let long = "é".repeat(100_000);
    for (value_length, expected) in [(None, 32 * 1024), (Some(70_000), 70_000), (Some(200_000), 100_000)] {
        let recorder = Recorder::new(RecorderConfig { value_length, ..Default::default() });
        let span = recorder.open(&mut |fields| fields.set("long", &long));
        span.set(&mut |fields| fields.slot("shown").display(&long));
        span.end();
        for attribute in recorder.take_one().attributes {
            let Some(Wire::StringValue(text)) = attribute.value.and_then(|value| value.value) else {
                panic!("no text")
            };
            assert_eq!(text.chars().count(), expected);
        }
    }
}

/// Also where the length of texts is set, which says nothing of numbers.
#[test]
fn an_array_is_cut_at_64_kib() {
    for value_length in [None, Some(10)] {
        let recorder = Recorder::new(RecorderConfig { value_length, ..Default::default() });
        recorder.open(&mut |fields| fields.slot("many").i64s(0..1_000_000)).end();
        let span = recorder.take_one();
        let Some(Wire::ArrayValue(array)) = span.attributes[0].value.clone().and_then(|value| value.value) else {
            panic!("no array")
        };
        assert!((10_000..64 * 1024).contains(&array.values.len()), "{}", array.values.len());
    }
}

#[test]
fn a_text_is_never_cut_within_a_character_wherever_it_comes_from() {
    // One byte and then characters of two: the 64 KiB end in the middle of one.
    let long = format!("x{}", "é".repeat(40_000));
    let cut = format!("x{}", "é".repeat(32 * 1024 - 1));
    let recorder = Recorder::new(RecorderConfig::default());
    let span = recorder.open(&mut |fields| fields.set("entry", &long));
    span.set(&mut |fields| fields.slot("shown").display(&long));
    span.context().span().set_attribute(opentelemetry::KeyValue::new("later", long.clone()));
    span.event(long.clone(), &mut |fields| fields.set("event", &long));
    span.update_name(long.clone());
    span.set_status(opentelemetry::trace::Status::error(long.clone()));
    span.end();
    let span = recorder.take_one();
    let event = &span.events[0];
    let values = span.attributes.iter().chain(&event.attributes).map(|attribute| match &attribute.value {
        Some(value) => value.value.clone(),
        None => None,
    });
    assert_eq!(values.collect::<Vec<_>>(), vec![Some(Wire::StringValue(cut.clone())); 4]);
    assert!(span.name == cut && event.name == cut && span.status.is_some_and(|status| status.message == cut));
}

#[test]
fn of_thousands_of_links_and_events_the_first_are_kept_and_the_others_counted() {
    let recorder = Recorder::new(RecorderConfig::default());
    let span = recorder.open(&mut |_| ());
    let to = span.span_context();
    for number in 0..10_000i64 {
        span.context().span().add_link(to.clone(), vec![opentelemetry::KeyValue::new("n", number)]);
        span.event("event", &mut |fields| fields.set("n", &number));
    }
    span.end();
    let span = recorder.take_one();
    assert_eq!((span.links.len(), span.dropped_links_count), (128, 10_000 - 128));
    assert_eq!((span.events.len(), span.dropped_events_count), (128, 10_000 - 128));
    assert_eq!(span.links[127].attributes[0].value.clone().and_then(|value| value.value), Some(Wire::IntValue(127)));
}

#[test]
fn an_empty_key_is_one_like_any_other() {
    let recorder = Recorder::new(RecorderConfig::default());
    let span = recorder.open(&mut |fields| fields.set_dynamic("", &1i64));
    span.set(&mut |fields| {
        fields.set_dynamic("", &2i64);
        fields.set("key", &3i64);
    });
    span.end();
    let finished = recorder.pipeline.take_finished().remove(0).attributes;
    assert_eq!(finished, [opentelemetry::KeyValue::new("", 2), opentelemetry::KeyValue::new("key", 3)]);
}

/// Of what spans have needed, little is kept for those to come.
#[test]
fn a_thread_keeps_few_records_and_small_ones() {
    let recorder = Recorder::new(RecorderConfig::default());
    let large = "x".repeat(64 * 1024);
    let spans: Vec<_> = (0..100).map(|_| recorder.open(&mut |fields| fields.set("large", &large))).collect();
    for span in &spans {
        span.event(large.clone(), &mut |_| ());
    }
    drop(spans);
    let (records, largest) = local::kept();
    assert!(records <= 32 && largest <= 8 * 1024, "{records} {largest}");
    assert_eq!(recorder.take().len(), 100);
}

#[test]
fn a_key_written_again_and_again_does_not_make_a_span_grow() {
    let recorder = Recorder::new(RecorderConfig::default());
    let span = recorder.open(&mut |_| ());
    for number in 0..100_000i64 {
        span.set(&mut |fields| fields.set("progress", &number));
    }
    span.set(&mut |fields| (0..200).for_each(|n| fields.set_dynamic(&format!("key.{n}"), &n)));
    span.end();
    let span = recorder.take_one();
    assert_eq!(span.attributes.len(), 128);
    assert_eq!(span.attributes[0].value.clone().and_then(|value| value.value), Some(Wire::IntValue(99_999)));
    assert_eq!(span.dropped_attributes_count, 73);
}

#[test]
fn a_span_that_no_request_can_take_is_dropped_and_counted() {
    let recorder = Recorder::new(RecorderConfig::default());
    let span = recorder.open(&mut |_| ());
    for number in 0..40 {
        span.set(&mut |fields| fields.set_dynamic(&format!("key.{number}"), &"x".repeat(64 * 1024)));
    }
    span.end();
    assert_eq!(recorder.take().len(), 0);
    let totals = recorder.pipeline.totals();
    assert_eq!((totals.too_large, totals.accepted, totals.open), (1, 0, 0));
}

#[test]
fn memory_for_finished_spans_is_bounded_and_the_newest_are_dropped() {
    let mut config = RecorderConfig::default();
    config.schedule.max_queue_bytes = 256 * 1024;
    let recorder = Recorder::new(config);
    for number in 0..10_000i64 {
        recorder.open(&mut |fields| fields.set("number", &number)).end();
    }
    let totals = recorder.pipeline.totals();
    assert!(totals.queued_bytes <= totals.max_queued_bytes, "{totals:?}");
    assert_eq!(totals.accepted + totals.queue_full, 10_000);
    let kept = recorder.take();
    assert_eq!(kept.len() as u64, totals.accepted);
    assert!(kept.len() > 1000, "{}", kept.len());
    let number = |span: &Span| match span.attributes[0].value.clone().and_then(|value| value.value) {
        Some(Wire::IntValue(number)) => number,
        other => panic!("{other:?}"),
    };
    // The oldest are all there, in order.
    assert!(kept.iter().map(number).eq(0..kept.len() as i64));
}

#[test]
fn requests_stay_below_their_size_and_take_every_span() {
    let recorder = Recorder::new(RecorderConfig::default());
    let text = "x".repeat(10_000);
    for _ in 0..1000 {
        recorder.open(&mut |fields| fields.set("text", &text)).end();
    }
    let resource = Resource::new(&opentelemetry_sdk::Resource::builder_empty().build());
    let mut count = 0;
    loop {
        let batch = recorder.own().take(0, Batch::default(), Size { bytes: MAX_ENTRY, spans: 150 });
        if batch.len() == 0 {
            break;
        }
        let bytes = batch.request(&resource, None);
        assert!(bytes.len() <= 2 * 1024 * 1024 && batch.len() <= 150, "{} {}", bytes.len(), batch.len());
        count += spans(&bytes).len();
    }
    assert_eq!(count, 1000);
}

#[test]
fn what_a_redactor_masks_is_nowhere() {
    let mask = |key: &str, value: &str| (key == "token" || value.contains("hunter2")).then(|| "MASKED".to_owned());
    let redactor = Some(super::super::config::Redactor(Box::new(mask)));
    let recorder = Recorder::new(RecorderConfig { redactor, ..Default::default() });
    let span = recorder.open(&mut |fields| {
        fields.set("token", "abc");
        fields.slot("shown").display(&"hunter2");
        fields.set("list", &["hunter2", "b"]);
    });
    span.event("login", &mut |fields| fields.set("token", "abc"));
    span.context().span().set_attribute(opentelemetry::KeyValue::new("other", "hunter2"));
    span.context().span().add_event("late", vec![opentelemetry::KeyValue::new("token", "abc")]);
    span.set_status(opentelemetry::trace::Status::error("bad password hunter2"));
    span.end();
    let text = format!("{:?}", recorder.take_one());
    assert!(!text.contains("hunter2") && !text.contains("abc"), "{text}");
    assert_eq!(text.matches("MASKED").count(), 7, "{text}");
}

#[test]
fn a_way_out_that_has_lost_spans_keeps_none_of_the_next_until_it_moves() {
    let recorder = Recorder::new(RecorderConfig::default());
    let lane = recorder.own().lane(0);
    let relieved = |spans| {
        (0..spans).for_each(|_| recorder.open(&mut |_| ()).end());
        lane.relieve(Size::UNLIMITED, Size { spans: 12, ..Size::UNLIMITED }, usize::MAX);
        (lane.waiting(), lane.crowded_out())
    };
    assert_eq!(relieved(10), (10, 0));
    assert_eq!(relieved(5), (10, 5));
    // There is room for one, which would keep its chunk in memory.
    assert_eq!(relieved(1), (10, 6));
    assert_eq!(recorder.take().len(), 10);
    assert_eq!(relieved(1), (1, 6));
}
