//! Traces on their way to be drawn: kept until their local root has ended.

use std::collections::{HashMap, HashSet, VecDeque};
use std::time::{Duration, Instant};

use opentelemetry::trace::{SpanId, TraceId};
use opentelemetry_sdk::trace::SpanData;

/// More spans are not kept: the oldest trace is drawn as it is.
const MOST_SPANS: usize = 10_000;
/// A trace that has waited so long is drawn as it is: its root may live as long as the program.
const PATIENCE: Duration = Duration::from_secs(30);
/// So many drawn traces are remembered, for spans that come late.
const REMEMBERED: usize = 256;
/// And so many spans of each.
const REMEMBERED_SPANS: usize = 1000;

/// Something to draw.
#[derive(Debug)]
pub(super) struct Drawing {
    pub(super) trace: TraceId,
    pub(super) part: Part,
    pub(super) spans: Vec<SpanData>,
}

/// How much of a trace is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// A local root with all that has ended beneath it.
    Whole,
    /// Spans that ended after their trace was drawn.
    Late,
    /// Spans whose local root has not ended.
    Open,
}

#[derive(Debug)]
struct Waiting {
    since: Instant,
    spans: Vec<SpanData>,
}

/// The traces that are not drawn yet, and the ids of those that are.
#[derive(Debug, Default)]
pub(super) struct Traces {
    waiting: HashMap<TraceId, Waiting>,
    count: usize,
    drawn: HashMap<TraceId, HashSet<SpanId>>,
    /// The drawn traces, oldest first.
    order: VecDeque<TraceId>,
}

impl Traces {
    /// Takes spans that have ended, and gives what is to be drawn now.
    pub(super) fn add(&mut self, batch: Vec<SpanData>, now: Instant) -> Vec<Drawing> {
        let mut touched = Vec::new();
        for span in batch {
            let trace = span.span_context.trace_id();
            if !touched.contains(&trace) {
                touched.push(trace);
            }
            self.waiting.entry(trace).or_insert_with(|| Waiting { since: now, spans: Vec::new() }).spans.push(span);
            self.count += 1;
        }
        let mut drawings = Vec::new();
        for trace in touched {
            self.finish(trace, &mut drawings);
        }
        while let Some(trace) = self.overdue(now) {
            self.give_up(trace, &mut drawings);
        }
        drawings
    }

    /// Everything that still waits.
    pub(super) fn drain(&mut self) -> Vec<Drawing> {
        let mut traces: Vec<(Instant, TraceId)> = self.waiting.iter().map(|(trace, w)| (w.since, *trace)).collect();
        traces.sort_by_key(|(since, _)| *since);
        let mut drawings = Vec::new();
        for (_, trace) in traces {
            self.give_up(trace, &mut drawings);
        }
        drawings
    }

    /// Takes the spans out of `trace` that hang together with an ended root, or with one that was drawn.
    fn finish(&mut self, trace: TraceId, drawings: &mut Vec<Drawing>) {
        let Some(waiting) = self.waiting.remove(&trace) else { return };
        let Waiting { since, spans } = waiting;
        self.count -= spans.len();
        let drawn = self.drawn.get(&trace);
        let tops = tops(&spans);
        let mut wholes: Vec<(SpanId, Vec<SpanData>)> = Vec::new();
        let mut late = Vec::new();
        let mut rest = Vec::new();
        for (span, top) in spans.into_iter().zip(tops) {
            if top.is_root {
                match wholes.iter_mut().find(|(root, _)| *root == top.id) {
                    Some((_, spans)) => spans.push(span),
                    None => wholes.push((top.id, vec![span])),
                }
            } else if drawn.is_some_and(|drawn| drawn.contains(&top.parent)) {
                late.push(span);
            } else {
                rest.push(span);
            }
        }
        self.count += rest.len();
        if !rest.is_empty() {
            self.waiting.insert(trace, Waiting { since, spans: rest });
        }
        for (_, spans) in wholes {
            self.draw(trace, Part::Whole, spans, drawings);
        }
        if !late.is_empty() {
            self.draw(trace, Part::Late, late, drawings);
        }
    }

    /// The trace that waits too long, or the oldest of too many.
    fn overdue(&self, now: Instant) -> Option<TraceId> {
        let (trace, oldest) = self.waiting.iter().min_by_key(|(_, waiting)| waiting.since)?;
        let late = now.saturating_duration_since(oldest.since) >= PATIENCE;
        (late || self.count > MOST_SPANS).then_some(*trace)
    }

    fn give_up(&mut self, trace: TraceId, drawings: &mut Vec<Drawing>) {
        if let Some(Waiting { spans, .. }) = self.waiting.remove(&trace) {
            self.count -= spans.len();
            self.draw(trace, Part::Open, spans, drawings);
        }
    }

    fn draw(&mut self, trace: TraceId, part: Part, spans: Vec<SpanData>, drawings: &mut Vec<Drawing>) {
        let drawn = self.drawn.entry(trace).or_insert_with(|| {
            self.order.push_back(trace);
            HashSet::new()
        });
        let room = REMEMBERED_SPANS.saturating_sub(drawn.len());
        drawn.extend(spans.iter().rev().take(room).map(|span| span.span_context.span_id()));
        if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.drawn.remove(&oldest);
        }
        drawings.push(Drawing { trace, part, spans });
    }
}

/// The topmost ancestor of a span that is at hand.
#[derive(Debug, Clone, Copy)]
struct Top {
    id: SpanId,
    parent: SpanId,
    /// It has no parent in this process.
    is_root: bool,
}

/// The topmost ancestor of each span.
fn tops(spans: &[SpanData]) -> Vec<Top> {
    let ids: HashMap<SpanId, usize> =
        spans.iter().enumerate().map(|(index, span)| (span.span_context.span_id(), index)).collect();
    let mut known: Vec<Option<Top>> = vec![None; spans.len()];
    for start in 0..spans.len() {
        let mut path = Vec::new();
        let mut at = start;
        let top = loop {
            if let Some(top) = known[at] {
                break top;
            }
            path.push(at);
            let span = &spans[at];
            let is_root = span.parent_span_id == SpanId::INVALID || span.parent_span_is_remote;
            match ids.get(&span.parent_span_id) {
                // A ring of parents would be walked for ever; a path longer than the trace is one.
                Some(&parent) if !is_root && path.len() <= spans.len() => at = parent,
                _ => break Top { id: span.span_context.span_id(), parent: span.parent_span_id, is_root },
            }
        };
        for index in path {
            known[index] = Some(top);
        }
    }
    known.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::super::tests::{SpanBuilder, span};
    use super::*;

    fn names(drawings: &[Drawing]) -> Vec<(Part, Vec<&str>)> {
        drawings.iter().map(|d| (d.part, d.spans.iter().map(|span| span.name.as_ref()).collect())).collect()
    }

    fn build(spans: &[SpanBuilder]) -> Vec<SpanData> {
        spans.iter().map(SpanBuilder::build).collect()
    }

    #[test]
    fn a_trace_waits_for_its_root() {
        let now = Instant::now();
        let mut traces = Traces::default();
        assert!(traces.add(build(&[span(2, "child").under(1)]), now).is_empty());
        let drawings = traces.add(build(&[span(1, "root")]), now);
        assert_eq!(names(&drawings), [(Part::Whole, vec!["child", "root"])]);
        assert_eq!((traces.count, traces.waiting.len()), (0, 0));
    }

    #[test]
    fn a_root_is_local_when_its_parent_is_remote() {
        let mut traces = Traces::default();
        let drawings = traces.add(build(&[span(1, "root").under(99).remote()]), Instant::now());
        assert_eq!(names(&drawings), [(Part::Whole, vec!["root"])]);
    }

    #[test]
    fn two_local_roots_of_one_trace_are_two_trees() {
        let mut traces = Traces::default();
        let spans = build(&[span(3, "a").under(1), span(1, "first"), span(2, "second").under(3).remote()]);
        let drawings = traces.add(spans, Instant::now());
        assert_eq!(names(&drawings), [(Part::Whole, vec!["a", "first"]), (Part::Whole, vec!["second"])]);
    }

    #[test]
    fn spans_that_come_late_are_a_continuation_with_what_is_beneath_them() {
        let now = Instant::now();
        let mut traces = Traces::default();
        let _ = traces.add(build(&[span(1, "root")]), now);
        assert!(traces.add(build(&[span(3, "grandchild").under(2)]), now).is_empty());
        let drawings = traces.add(build(&[span(2, "child").under(1)]), now);
        assert_eq!(names(&drawings), [(Part::Late, vec!["grandchild", "child"])]);
        let drawings = traces.add(build(&[span(4, "later").under(3)]), now);
        assert_eq!(names(&drawings), [(Part::Late, vec!["later"])]);
    }

    #[test]
    fn a_root_that_does_not_end_holds_nothing_for_ever() {
        let now = Instant::now();
        let mut traces = Traces::default();
        assert!(traces.add(build(&[span(2, "child").under(1)]), now).is_empty());
        let other = build(&[span(9, "other").of(2)]);
        let drawings = traces.add(other, now + PATIENCE);
        assert_eq!(names(&drawings), [(Part::Whole, vec!["other"]), (Part::Open, vec!["child"])]);
        assert_eq!(traces.count, 0);
    }

    #[test]
    fn memory_is_bounded() {
        let now = Instant::now();
        let mut traces = Traces::default();
        for batch in 0..21 {
            let spans: Vec<_> = (0..500).map(|n| span(2, "child").under(1).of(batch * 500 + n + 1)).collect();
            let _ = traces.add(build(&spans), now);
        }
        assert!(traces.count <= MOST_SPANS, "{}", traces.count);
        assert!(traces.drawn.len() <= REMEMBERED && traces.order.len() <= REMEMBERED);
    }

    #[test]
    fn what_waits_at_the_end_is_drawn_as_it_is() {
        let mut traces = Traces::default();
        let _ = traces.add(build(&[span(2, "child").under(1)]), Instant::now());
        assert_eq!(names(&traces.drain()), [(Part::Open, vec!["child"])]);
        assert!(traces.drain().is_empty());
    }

    #[test]
    fn a_ring_of_parents_ends() {
        let mut traces = Traces::default();
        let _ = traces.add(build(&[span(1, "a").under(2), span(2, "b").under(1)]), Instant::now());
        assert_eq!(traces.drain().len(), 1);
    }
}
