//! How much a span may hold, and how much waits for export.

use opentelemetry_sdk::trace::SpanLimits;

use super::environment::Reader;
use crate::recorder::Schedule;

/// What a span may hold.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) counts: SpanLimits,
    /// The most characters of a string value.
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

/// More would be no queue but a leak.
const LARGEST_QUEUE: usize = 1 << 20;

/// What OTEL_BSP_* say. The number of spans that may wait or leave together is limited only if it is set: otherwise their
/// memory is.
pub(crate) fn schedule(reader: &mut Reader<'_>) -> Schedule {
    let default = Schedule::default();
    let delay = reader.milliseconds(&["OTEL_BSP_SCHEDULE_DELAY"]).unwrap_or(default.delay);
    let export_timeout = reader.milliseconds(&["OTEL_BSP_EXPORT_TIMEOUT"]).unwrap_or(default.export_timeout);
    let max_queue_size = reader.parse(&["OTEL_BSP_MAX_QUEUE_SIZE"], |_, value| match value.parse() {
        Ok(size) if (1..=LARGEST_QUEUE).contains(&size) => Ok(size),
        _ => Err(format!("write a whole number from 1 to {LARGEST_QUEUE}")),
    });
    let largest = max_queue_size.unwrap_or(LARGEST_QUEUE);
    let max_batch_size = reader.parse(&["OTEL_BSP_MAX_EXPORT_BATCH_SIZE"], |_, value| match value.parse() {
        Ok(size) if (1..=largest).contains(&size) => Ok(size),
        _ => Err(format!("write a whole number from 1 to the queue's size ({largest}, OTEL_BSP_MAX_QUEUE_SIZE)")),
    });
    Schedule { delay, export_timeout, max_queue_size, max_batch_size, ..default }
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
    fn a_batch_larger_than_its_queue_is_refused() {
        let environment = environment(&[("OTEL_BSP_MAX_QUEUE_SIZE", "10"), ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "11")]);
        let mut reader = Reader::new(&environment);
        let schedule = schedule(&mut reader);
        assert_eq!((schedule.max_queue_size, schedule.max_batch_size), (Some(10), None));
        assert_eq!(reader.into_invalid()[0].variable, "OTEL_BSP_MAX_EXPORT_BATCH_SIZE");
    }
}
