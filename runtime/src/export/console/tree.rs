//! The spans of a trace as the rows of a tree.

use std::collections::HashMap;
use std::time::SystemTime;

use opentelemetry::trace::{Event, SpanId};
use opentelemetry_sdk::trace::SpanData;

/// More rows are counted, not drawn.
const MOST_ROWS: usize = 300;

/// One row: a span, or an event of one.
#[derive(Debug)]
pub(super) struct Row<'a> {
    /// The branches before the name.
    pub(super) branch: String,
    /// The branches before the lines beneath the name.
    pub(super) below: String,
    pub(super) item: Item<'a>,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Item<'a> {
    Span(&'a SpanData),
    Event(&'a SpanData, &'a Event),
}

/// The rows, and how many spans they leave out.
#[derive(Debug)]
pub(super) struct Tree<'a> {
    pub(super) rows: Vec<Row<'a>>,
    pub(super) left_out: usize,
}

impl Item<'_> {
    fn time(&self) -> SystemTime {
        match self {
            Self::Span(span) => span.start_time,
            Self::Event(_, event) => event.timestamp,
        }
    }
}

impl<'a> Tree<'a> {
    /// Spans under their parents, and events among the children, each in the order of time. A span whose parent is not
    /// among `spans` stands at the left.
    pub(super) fn new(spans: &'a [SpanData]) -> Self {
        let ids: HashMap<SpanId, usize> =
            spans.iter().enumerate().map(|(index, span)| (span.span_context.span_id(), index)).collect();
        let mut children: Vec<Vec<Item<'a>>> = vec![Vec::new(); spans.len()];
        let mut roots = Vec::new();
        for (index, span) in spans.iter().enumerate() {
            children[index].extend(span.events.events.iter().map(|event| Item::Event(span, event)));
            match ids.get(&span.parent_span_id) {
                // An id that is its own parent can come from a broken exporter only, and would be drawn for ever.
                Some(&parent) if parent != index => children[parent].push(Item::Span(span)),
                _ => roots.push(Item::Span(span)),
            }
        }
        for items in children.iter_mut().chain([&mut roots]) {
            items.sort_by_key(Item::time);
        }
        Self::rows(roots, &children, &ids, spans.len())
    }

    /// Without recursion: a trace may be deeper than a stack.
    fn rows(roots: Vec<Item<'a>>, children: &[Vec<Item<'a>>], ids: &HashMap<SpanId, usize>, total: usize) -> Self {
        let mut rows = Vec::new();
        let mut drawn = 0;
        let mut stack: Vec<(String, String, Item<'a>)> =
            roots.into_iter().rev().map(|item| (String::new(), String::new(), item)).collect();
        while let Some((branch, indent, item)) = stack.pop() {
            if rows.len() == MOST_ROWS {
                break;
            }
            let under = match item {
                Item::Span(span) => children[ids[&span.span_context.span_id()]].as_slice(),
                Item::Event(..) => &[],
            };
            let below = format!("{indent}{}", if under.is_empty() { "   " } else { "│  " });
            for (index, child) in under.iter().enumerate().rev() {
                let last = index + 1 == under.len();
                let (corner, line) = if last { ("└─ ", "   ") } else { ("├─ ", "│  ") };
                stack.push((format!("{indent}{corner}"), format!("{indent}{line}"), *child));
            }
            drawn += usize::from(matches!(item, Item::Span(_)));
            rows.push(Row { branch, below, item });
        }
        Self { rows, left_out: total - drawn }
    }
}
