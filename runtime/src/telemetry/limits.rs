//! How much a span may hold, and how much waits for export.

use std::time::Duration;

use opentelemetry::{Array, KeyValue, StringValue, Value};
use opentelemetry_sdk::trace::{SpanData, SpanLimits};

use super::environment::Reader;

/// What a span may hold.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) counts: SpanLimits,
    /// The most characters of a string value. The SDK knows none, so it is kept to at export.
    pub(crate) value_length: Option<usize>,
}

impl Limits {
    /// What OTEL_SPAN_*, OTEL_EVENT_*, OTEL_LINK_* and OTEL_ATTRIBUTE_*_LIMIT say.
    pub(crate) fn from_environment(reader: &mut Reader<'_>) -> Self {
        let mut counts = SpanLimits::default();
        let mut count = |place: &mut u32, names: &[&'static str]| {
            if let Some(limit) = reader.number(names, 0) {
                *place = limit;
            }
        };
        count(&mut counts.max_attributes_per_span, &["OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "OTEL_ATTRIBUTE_COUNT_LIMIT"]);
        count(&mut counts.max_events_per_span, &["OTEL_SPAN_EVENT_COUNT_LIMIT"]);
        count(&mut counts.max_links_per_span, &["OTEL_SPAN_LINK_COUNT_LIMIT"]);
        count(
            &mut counts.max_attributes_per_event,
            &["OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT", "OTEL_ATTRIBUTE_COUNT_LIMIT"],
        );
        count(&mut counts.max_attributes_per_link, &["OTEL_LINK_ATTRIBUTE_COUNT_LIMIT", "OTEL_ATTRIBUTE_COUNT_LIMIT"]);
        let names = ["OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT", "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT"];
        Self { counts, value_length: reader.number(&names, 0) }
    }
}

/// The batch processor's settings: OTEL_BSP_*.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Batching {
    pub(crate) delay: Duration,
    pub(crate) queue: usize,
    pub(crate) batch: usize,
    pub(crate) export_timeout: Duration,
}

impl Default for Batching {
    fn default() -> Self {
        Self { delay: Duration::from_secs(5), queue: 2048, batch: 512, export_timeout: Duration::from_secs(30) }
    }
}

/// More would be no queue but a leak; a queue's memory is set aside at once.
const LARGEST_QUEUE: usize = 1 << 20;

impl Batching {
    pub(crate) fn from_environment(reader: &mut Reader<'_>) -> Self {
        let default = Self::default();
        let delay = reader.number(&["OTEL_BSP_SCHEDULE_DELAY"], 1).map_or(default.delay, Duration::from_millis);
        let export_timeout =
            reader.number(&["OTEL_BSP_EXPORT_TIMEOUT"], 1).map_or(default.export_timeout, Duration::from_millis);
        let queue = reader.parse(&["OTEL_BSP_MAX_QUEUE_SIZE"], |_, value| match value.parse() {
            Ok(size) if (1..=LARGEST_QUEUE).contains(&size) => Ok(size),
            _ => Err(format!("write a whole number from 1 to {LARGEST_QUEUE}")),
        });
        let queue = queue.unwrap_or(default.queue);
        let batch = reader.parse(&["OTEL_BSP_MAX_EXPORT_BATCH_SIZE"], |_, value| match value.parse() {
            Ok(size) if (1..=queue).contains(&size) => Ok(size),
            _ => Err(format!("write a whole number from 1 to the queue's size ({queue}, OTEL_BSP_MAX_QUEUE_SIZE)")),
        });
        Self { delay, queue, batch: batch.unwrap_or(default.batch.min(queue)), export_timeout }
    }
}

/// Cuts every string value of `span` to `limit` characters.
pub(crate) fn truncate(span: &mut SpanData, limit: usize) {
    truncate_all(&mut span.attributes, limit);
    for event in &mut span.events.events {
        truncate_all(&mut event.attributes, limit);
    }
    for link in &mut span.links.links {
        truncate_all(&mut link.attributes, limit);
    }
}

fn truncate_all(attributes: &mut [KeyValue], limit: usize) {
    for attribute in attributes {
        match &mut attribute.value {
            Value::String(text) => truncate_text(text, limit),
            Value::Array(Array::String(texts)) => texts.iter_mut().for_each(|text| truncate_text(text, limit)),
            _ => {}
        }
    }
}

fn truncate_text(text: &mut StringValue, limit: usize) {
    // As many bytes as characters at the least: most texts need no counting.
    if text.as_str().len() <= limit {
        return;
    }
    if let Some((end, _)) = text.as_str().char_indices().nth(limit) {
        *text = StringValue::from(text.as_str()[..end].to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::super::environment::tests::environment;
    use super::*;

    #[test]
    fn the_specific_limit_goes_before_the_general_one() {
        let environment = environment(&[
            ("OTEL_ATTRIBUTE_COUNT_LIMIT", "9"),
            ("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "7"),
            ("OTEL_LINK_ATTRIBUTE_COUNT_LIMIT", "x"),
            ("OTEL_SPAN_EVENT_COUNT_LIMIT", "5"),
            ("OTEL_SPAN_LINK_COUNT_LIMIT", "4"),
            ("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "30"),
        ]);
        let mut reader = Reader::new(&environment);
        let limits = Limits::from_environment(&mut reader);
        assert_eq!(limits.counts.max_attributes_per_span, 7);
        assert_eq!(limits.counts.max_attributes_per_event, 9);
        assert_eq!(limits.counts.max_attributes_per_link, 9);
        assert_eq!(limits.counts.max_events_per_span, 5);
        assert_eq!(limits.counts.max_links_per_span, 4);
        assert_eq!(limits.value_length, Some(30));
        assert_eq!(reader.into_invalid().len(), 1);
    }

    #[test]
    fn a_value_is_cut_between_characters() {
        let mut attributes = vec![
            KeyValue::new("a", "żółw"),
            KeyValue::new("b", "abc"),
            KeyValue::new("c", 12_345),
            KeyValue::new("d", Value::Array(Array::String(vec!["дом".into(), "é".into()]))),
        ];
        truncate_all(&mut attributes, 2);
        assert_eq!(attributes[0].value, "żó".into());
        assert_eq!(attributes[1].value, "ab".into());
        assert_eq!(attributes[2].value, 12_345.into());
        assert_eq!(attributes[3].value, Value::Array(Array::String(vec!["до".into(), "é".into()])));
    }

    #[test]
    fn a_batch_larger_than_its_queue_is_refused() {
        let environment = environment(&[("OTEL_BSP_MAX_QUEUE_SIZE", "10"), ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "11")]);
        let mut reader = Reader::new(&environment);
        let batching = Batching::from_environment(&mut reader);
        assert_eq!((batching.queue, batching.batch), (10, 10));
        assert_eq!(reader.into_invalid()[0].variable, "OTEL_BSP_MAX_EXPORT_BATCH_SIZE");
    }
}
