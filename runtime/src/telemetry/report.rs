//! What the library has to say by itself, and how often.

use std::fmt;
use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::error::InvalidVariable;
use crate::contained::contained;

/// Something that the people who run the program should know. Its `Display` is one line that says what to do.
///
/// Warnings go to stderr unless [`on_warning`](crate::TelemetryBuilder::on_warning) takes them. A lasting trouble is
/// told once, then at most once a minute with counts.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Warning {
    /// An environment variable's value can't be used: it is as if unset.
    InvalidVariable(InvalidVariable),
    /// Spans can't be delivered.
    ExportFailing {
        /// Where they were to go.
        destination: String,
        /// The latest error, with what to do about it.
        error: String,
        /// How many spans were lost since this was last said.
        spans: u64,
        /// For how long this has been so.
        lasting: Duration,
    },
    /// Spans are delivered again.
    ExportRecovered {
        /// Where they go.
        destination: String,
        /// How many spans were lost meanwhile.
        spans: u64,
        /// How long nothing was delivered.
        lasted: Duration,
    },
    /// A signal other than traces can't be delivered.
    SignalFailing {
        /// Which one: `metrics` or `log records`.
        signal: &'static str,
        /// Where it was to go.
        destination: String,
        /// The latest error, with what to do about it.
        error: String,
        /// For how long this has been so.
        lasting: Duration,
    },
    /// A signal other than traces is delivered again.
    SignalRecovered {
        /// Which one: `metrics` or `log records`.
        signal: &'static str,
        /// Where it goes.
        destination: String,
        /// How long nothing was delivered.
        lasted: Duration,
    },
    /// The program has a logger of the crate `log` already, which keeps its records.
    LoggerAlreadySet,
    /// More spans ended than could be exported: the queue was full.
    QueueFull {
        /// How many were dropped since this was last said.
        spans: u64,
        /// How many bytes of finished spans may wait.
        capacity: u64,
    },
    /// A request was served whose route nobody has named: its span has the method alone for a name. Said once.
    RouteMissing {
        /// The request's method.
        method: &'static str,
    },
    /// A route's marker was reached outside of `traced::warp::trace()`: its requests have no spans. Said once.
    RouteUntraced {
        /// The route's template.
        route: &'static str,
    },
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidVariable(variable) => write!(f, "{variable} (ignored, as if unset)"),
            Self::ExportFailing { destination, error, spans, lasting } => {
                write!(f, "traces can't be delivered to {destination}: {error}; {} lost", Spans(*spans))?;
                failing_for(*lasting, f)
            }
            Self::SignalFailing { signal, destination, error, lasting } => {
                write!(f, "{signal} can't be delivered to {destination}: {error}")?;
                failing_for(*lasting, f)
            }
            Self::SignalRecovered { signal, destination, lasted } => {
                write!(f, "{signal} are delivered to {destination} again, after {} s", lasted.as_secs())
            }
            Self::ExportRecovered { destination, spans, lasted } => {
                let seconds = lasted.as_secs();
                write!(f, "traces are delivered to {destination} again; {} lost in {seconds} s", Spans(*spans))
            }
            Self::LoggerAlreadySet => f.write_str(
                "a logger of the crate `log` is set already and keeps its records: for trace ids on them, and their export, \
                 leave that logger out (`env_logger::init()` and its like)",
            ),
            Self::QueueFull { spans, capacity } => write!(
                f,
                "{} dropped: they end faster than they are exported, and at most {} MiB of them may wait; sample less \
                 (OTEL_TRACES_SAMPLER=parentbased_traceidratio) or raise max_queue_bytes(..) or, where it is set, \
                 OTEL_BSP_MAX_QUEUE_SIZE",
                Spans(*spans),
                capacity / (1024 * 1024)
            ),
            Self::RouteMissing { method } => write!(
                f,
                "a request was served whose span is named `{method}` alone, since its route is not known: put \
                 .and(traced::warp::route(\"/the/{{template}}\")) after the filters that match its path, or leave it out \
                 with traced::warp::trace().exclude(\"/path\") (said once)"
            ),
            Self::RouteUntraced { route } => write!(
                f,
                "the route {route} is served without spans: traced::warp::route names it, but no \
                 traced::warp::trace().wrap(..) is around it (said once)"
            ),
        }
    }
}

fn failing_for(lasting: Duration, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match lasting.as_secs() {
        0 => Ok(()),
        seconds => write!(f, ", failing for {seconds} s"),
    }
}

#[cfg(any(feature = "metrics", feature = "logs"))]
impl Warning {
    /// What an [`Outage`] says of spans, said of another signal.
    pub(crate) fn about(self, signal: &'static str) -> Self {
        match self {
            Self::ExportFailing { destination, error, lasting, .. } => {
                Self::SignalFailing { signal, destination, error, lasting }
            }
            Self::ExportRecovered { destination, lasted, .. } => Self::SignalRecovered { signal, destination, lasted },
            other => other,
        }
    }
}

struct Spans(u64);

impl fmt::Display for Spans {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            1 => f.write_str("1 span"),
            spans => write!(f, "{spans} spans"),
        }
    }
}

/// The one place that warnings go through.
#[derive(Clone)]
pub(crate) struct Reporter(Arc<dyn Fn(&Warning) + Send + Sync>);

impl Reporter {
    pub(crate) fn new(report: impl Fn(&Warning) + Send + Sync + 'static) -> Self {
        Self(Arc::new(report))
    }

    /// To stderr; a closed one is no reason to panic.
    pub(crate) fn stderr() -> Self {
        Self::new(|warning| {
            let _ = writeln!(std::io::stderr().lock(), "traced: {warning}");
        })
    }

    /// A callback that panics must not take the exporter's thread with it.
    pub(crate) fn warn(&self, warning: &Warning) {
        contained(|| (self.0)(warning));
    }
}

impl fmt::Debug for Reporter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reporter")
    }
}

/// A lasting trouble is repeated no more often than this.
const REPEAT: Duration = Duration::from_secs(60);

/// What of one exporter's failures has been said, so that each is said once and no more than once a minute.
#[derive(Debug, Default)]
pub(crate) struct Outage {
    /// Since when every batch has failed.
    since: Option<Instant>,
    /// When it was last said that it fails.
    said: Option<Instant>,
    /// Whether the present failure was said, so that its end is worth saying.
    told: bool,
    lost: u64,
    unsaid: u64,
}

impl Outage {
    /// Whether the latest batch failed.
    #[cfg(any(feature = "metrics", feature = "logs"))]
    pub(crate) fn is_failing(&self) -> bool {
        self.since.is_some()
    }

    /// A batch failed.
    pub(crate) fn failed(&mut self, now: Instant, destination: &str, error: &str, spans: u64) -> Option<Warning> {
        let since = *self.since.get_or_insert(now);
        self.lost += spans;
        self.unsaid += spans;
        if self.said.is_some_and(|said| now.duration_since(said) < REPEAT) {
            return None;
        }
        self.said = Some(now);
        self.told = true;
        Some(Warning::ExportFailing {
            destination: destination.to_owned(),
            error: error.to_owned(),
            spans: std::mem::take(&mut self.unsaid),
            lasting: now.duration_since(since),
        })
    }

    /// A batch arrived.
    pub(crate) fn succeeded(&mut self, now: Instant, destination: &str) -> Option<Warning> {
        let since = self.since.take()?;
        if !std::mem::take(&mut self.told) {
            // Said neither that it failed nor that it no longer does; the count goes into what is said next.
            return None;
        }
        self.unsaid = 0;
        Some(Warning::ExportRecovered {
            destination: destination.to_owned(),
            spans: std::mem::take(&mut self.lost),
            lasted: now.duration_since(since),
        })
    }
}

/// Says that the queue was full, at most once a minute.
#[derive(Debug, Default)]
pub(crate) struct Overflow {
    said: Option<Instant>,
    counted: u64,
}

impl Overflow {
    /// `dropped` spans so far.
    pub(crate) fn dropped(&mut self, now: Instant, dropped: u64, capacity: u64) -> Option<Warning> {
        let spans = dropped.saturating_sub(self.counted);
        if spans == 0 || self.said.is_some_and(|said| now.duration_since(said) < REPEAT) {
            return None;
        }
        self.said = Some(now);
        self.counted = dropped;
        Some(Warning::QueueFull { spans, capacity })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DESTINATION: &str = "http://localhost:4318/v1/traces";

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_failure_is_said_once_then_once_a_minute_with_counts_and_its_end_once() {
        let start = Instant::now();
        let mut outage = Outage::default();
        let said: Vec<u64> = (0..150)
            .filter_map(|second| outage.failed(start + seconds(second), DESTINATION, "refused", 2).map(|_| second))
            .collect();
        assert_eq!(said, [0, 60, 120]);
        let recovered = outage.succeeded(start + seconds(150), DESTINATION);
        let expected =
            Warning::ExportRecovered { destination: DESTINATION.to_owned(), spans: 300, lasted: seconds(150) };
        assert_eq!(recovered, Some(expected));
        assert_eq!(outage.succeeded(start + seconds(151), DESTINATION), None);
    }

    #[test]
    fn the_count_covers_what_was_not_said() {
        let start = Instant::now();
        let mut outage = Outage::default();
        let _ = outage.failed(start, DESTINATION, "refused", 1);
        let _ = outage.failed(start + seconds(30), DESTINATION, "refused", 5);
        let Some(Warning::ExportFailing { spans, lasting, .. }) =
            outage.failed(start + seconds(60), DESTINATION, "refused", 7)
        else {
            panic!("not said");
        };
        assert_eq!((spans, lasting), (12, seconds(60)));
    }

    #[test]
    fn a_collector_that_comes_and_goes_does_not_flood() {
        let start = Instant::now();
        let mut outage = Outage::default();
        let said = (0..59)
            .flat_map(|second| {
                let now = start + seconds(second);
                [outage.failed(now, DESTINATION, "refused", 1), outage.succeeded(now, DESTINATION)]
            })
            .flatten()
            .count();
        assert_eq!(said, 2);
    }

    #[test]
    fn a_full_queue_is_said_with_what_was_dropped_since() {
        let start = Instant::now();
        let mut overflow = Overflow::default();
        assert_eq!(overflow.dropped(start, 0, 10), None);
        assert_eq!(overflow.dropped(start, 3, 10), Some(Warning::QueueFull { spans: 3, capacity: 10 }));
        assert_eq!(overflow.dropped(start + seconds(1), 9, 10), None);
        let again = overflow.dropped(start + seconds(61), 9, 10);
        assert_eq!(again, Some(Warning::QueueFull { spans: 6, capacity: 10 }));
    }

    #[test]
    fn a_warning_is_one_line_that_names_the_place_and_the_count() {
        let warning = Warning::ExportFailing {
            destination: DESTINATION.to_owned(),
            error: "connection refused".to_owned(),
            spans: 1,
            lasting: seconds(0),
        };
        let text = "traces can't be delivered to http://localhost:4318/v1/traces: connection refused; 1 span lost";
        assert_eq!(warning.to_string(), text);
    }

    #[test]
    fn a_callback_that_panics_is_contained() {
        Reporter::new(|_| panic!("callback")).warn(&Warning::QueueFull { spans: 1, capacity: 1 });
    }
}
