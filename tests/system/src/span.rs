//! Spans as the far end of the wire saw them.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt::Write;

/// A span that arrived.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Seen {
    /// Its trace, in hexadecimal.
    pub trace_id: String,
    /// Its id, in hexadecimal.
    pub span_id: String,
    /// The id of its parent, in hexadecimal; empty for a root.
    pub parent_id: String,
    /// Its name.
    pub name: String,
    /// Its kind, such as `server`.
    pub kind: String,
    /// Its status: `unset`, `ok` or `error`.
    pub status: String,
    /// When it started, in nanoseconds since 1970.
    pub start: u64,
    /// When it ended, in nanoseconds since 1970.
    pub end: u64,
    /// Its attributes, as text.
    pub attributes: BTreeMap<String, String>,
    /// Its events.
    pub events: Vec<SeenEvent>,
    /// The instrumentation scope that made it.
    pub scope: String,
    /// The attributes of the resource that it came from, as text.
    pub resource: BTreeMap<String, String>,
}

/// An event of a span that arrived.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct SeenEvent {
    /// Its name.
    pub name: String,
    /// Its attributes, as text.
    pub attributes: BTreeMap<String, String>,
}

impl Seen {
    /// The value of the attribute `key`, or nothing.
    pub fn attribute(&self, key: &str) -> Option<&str> {
        self.attributes.get(key).map(String::as_str)
    }
}

/// The spans of one trace.
#[derive(Debug, Clone)]
pub struct Trace(pub Vec<Seen>);

/// The traces among `spans`, in the order in which they started.
pub fn traces(spans: impl IntoIterator<Item = Seen>) -> Vec<Trace> {
    let mut by_id: HashMap<String, Vec<Seen>> = HashMap::new();
    for span in spans {
        by_id.entry(span.trace_id.clone()).or_default().push(span);
    }
    let mut traces: Vec<Trace> = by_id.into_values().map(Trace::new).collect();
    traces.sort_by_key(|trace| trace.0.first().map(|span| span.start));
    traces
}

impl Trace {
    fn new(mut spans: Vec<Seen>) -> Self {
        spans.sort_by_key(|span| (span.start, std::cmp::Reverse(span.end)));
        Self(spans)
    }

    /// The span that has no parent here.
    ///
    /// # Panics
    ///
    /// If there is not exactly one.
    #[track_caller]
    pub fn root(&self) -> &Seen {
        let ids: HashSet<&str> = self.0.iter().map(|span| span.span_id.as_str()).collect();
        let mut roots = self.0.iter().filter(|span| !ids.contains(span.parent_id.as_str()));
        match (roots.next(), roots.next()) {
            (Some(root), None) => root,
            _ => panic!("not one tree:\n{}", self.outline()),
        }
    }

    /// The first span named `name`.
    ///
    /// # Panics
    ///
    /// If there is none.
    #[track_caller]
    pub fn named(&self, name: &str) -> &Seen {
        self.0.iter().find(|s| s.name == name).unwrap_or_else(|| panic!("no span {name:?} in:\n{}", self.outline()))
    }

    /// The spans directly under `parent`, in the order in which they started.
    pub fn children<'a>(&'a self, parent: &Seen) -> impl Iterator<Item = &'a Seen> {
        let id = parent.span_id.clone();
        self.0.iter().filter(move |span| span.parent_id == id)
    }

    /// The names as an indented list, two spaces a level: what the tests compare.
    pub fn outline(&self) -> String {
        let ids: HashSet<&str> = self.0.iter().map(|span| span.span_id.as_str()).collect();
        let mut outline = String::new();
        for root in self.0.iter().filter(|span| !ids.contains(span.parent_id.as_str())) {
            self.write(&mut outline, root, 0);
        }
        outline
    }

    fn write(&self, outline: &mut String, span: &Seen, depth: usize) {
        let _ = writeln!(outline, "{:indent$}{}", "", span.name, indent = depth * 2);
        // A cycle would be a fault of what is tested, and must not overflow the stack here.
        if depth < 64 {
            self.children(span).for_each(|child| self.write(outline, child, depth + 1));
        }
    }
}
