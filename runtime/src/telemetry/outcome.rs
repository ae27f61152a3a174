//! What a flush or the end has brought: which exporters have what they were given, and what those say that have not.

use std::sync::Arc;
use std::time::Duration;

use super::error::FlushError;
use super::stats::{Stats, Tally};

/// What the exporters had counted when it began.
pub(super) struct Since<'a>(Vec<(&'a Stats, Tally)>);

impl<'a> Since<'a> {
    pub(super) fn now(stats: &'a [Arc<Stats>]) -> Self {
        Self(stats.iter().map(|stats| (&**stats, stats.outcome())).collect())
    }

    /// What came of it. `late`: it was not over after that time; `crowded_out` spans found no room meanwhile, `kept` ones
    /// will be tried again, and `queued` wait.
    pub(super) fn result(
        &self,
        late: Option<Duration>,
        crowded_out: u64,
        kept: u64,
        queued: u64,
    ) -> Result<(), FlushError> {
        let (mut spans, mut said, mut failed) = (crowded_out, Vec::new(), false);
        if crowded_out > 0 {
            said.push(format!(
                "{crowded_out} of them found no room beside those of other exporters: raise max_queue_bytes(..) or, where \
                 it is set, OTEL_BSP_MAX_QUEUE_SIZE"
            ));
        }
        for (stats, before) in &self.0 {
            let after = stats.outcome();
            let name = &stats.destination;
            spans += after.lost() - before.lost();
            if let Some(error) = after.error_since(before) {
                // That of one alone says by itself what to do.
                said.push(if self.0.len() > 1 { format!("{name}: {error}") } else { error.to_owned() });
            }
            if let Some((order, error)) = after.failed_since(before) {
                failed = true;
                said.push(format!(
                    "{name}: its {} failed: {error}; what it holds may be lost: mend it where it is \
                     made for span_exporter(..)",
                    order.name()
                ));
            }
            if let Some(function) = after.busy_with().filter(|_| late.is_some()) {
                said.push(format!("{name} has not finished its {function}"));
            }
        }
        let last_error = (!said.is_empty()).then(|| said.join("; "));
        match (late, spans, kept, last_error) {
            (Some(after), _, _, last_error) => Err(FlushError::TimedOut { after, pending: queued, last_error }),
            (None, 0, 0, Some(errors)) if failed => Err(FlushError::Exporter(errors)),
            // What failed arrived with another try.
            (None, 0, 0, _) => Ok(()),
            // Behind what is kept for another try the rest waits, too.
            (None, 0, kept, last_error) => Err(FlushError::Undelivered { spans: kept.max(queued), last_error }),
            (None, spans, _, last_error) => Err(FlushError::Lost { spans, last_error }),
        }
    }
}
