//! The static description of one annotated place, with the gate that decides whether it records.

use std::fmt;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use opentelemetry::KeyValue;
use opentelemetry::trace::SpanKind;

use super::{FunctionName, filter};
use crate::recorder;

/// Not yet asked: the first call registers the site and computes its state.
const UNKNOWN: u8 = 0;
/// Nobody records here.
const OFF: u8 = 1;
/// Somebody records here.
const ON: u8 = 2;

/// How important a span is, for [filters](crate::Telemetry): the levels of `log` and `tracing`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Level {
    /// Every detail.
    Trace,
    /// For those who work on the code.
    Debug,
    /// The default.
    Info,
    /// Something to look at.
    Warn,
    /// Something is broken.
    Error,
}

/// The static description of one annotated place.
///
/// One exists for each annotated function; it names the span and holds the one byte that is read on the hot path.
pub struct Site {
    gate: AtomicU8,
    pub(crate) name: &'static str,
    pub(crate) kind: SpanKind,
    pub(crate) level: Level,
    pub(crate) scope: &'static str,
    /// The module, or the function in it: what filters name.
    pub(crate) path: &'static str,
    pub(crate) file: &'static str,
    pub(crate) line: u32,
    /// The name of the function, if its `code.*` attributes are wanted.
    pub(crate) function: Option<&'static FunctionName>,
    prepared: OnceLock<recorder::Prepared>,
}

/// Every site that was reached at least once, so that install, shutdown and filter changes find it.
static REGISTERED: Mutex<Vec<&'static Site>> = Mutex::new(Vec::new());

impl Site {
    /// A site of kind internal, at level info, whose instrumentation scope is `module`.
    pub const fn new(name: &'static str, module: &'static str, file: &'static str, line: u32) -> Self {
        Self {
            gate: AtomicU8::new(UNKNOWN),
            name,
            kind: SpanKind::Internal,
            level: Level::Info,
            scope: module,
            path: module,
            file,
            line,
            function: None,
            prepared: OnceLock::new(),
        }
    }

    /// With another span kind.
    #[must_use]
    pub const fn with_kind(mut self, kind: SpanKind) -> Self {
        self.kind = kind;
        self
    }

    /// With another level.
    #[must_use]
    pub const fn with_level(mut self, level: Level) -> Self {
        self.level = level;
        self
    }

    /// With the path of the function, for filters.
    #[must_use]
    pub const fn with_path(mut self, path: &'static str) -> Self {
        self.path = path;
        self
    }

    /// With another instrumentation scope than its module.
    #[must_use]
    pub const fn with_scope(mut self, scope: &'static str) -> Self {
        self.scope = scope;
        self
    }

    /// With the `code.*` attributes of its function on its spans.
    #[must_use]
    pub const fn with_code(mut self, function: &'static FunctionName) -> Self {
        self.function = Some(function);
        self
    }

    /// Whether anybody records here.
    #[inline]
    pub fn is_on(&'static self) -> bool {
        match self.gate.load(Ordering::Relaxed) {
            OFF => false,
            UNKNOWN => self.register(),
            _ => true,
        }
    }

    /// Whether a span of this site would be recorded under what is current, as far as that is known without asking anybody.
    #[inline]
    pub fn is_on_here(&'static self) -> bool {
        self.is_on() && recorder::may_record_here()
    }

    /// What the recorder makes of the site.
    #[inline]
    pub(crate) fn prepared(&'static self) -> &'static recorder::Prepared {
        self.prepared.get_or_init(|| recorder::Prepared::new(self.scope, self.code_attributes()))
    }

    /// The stable `code.*` attributes of the semantic conventions (1.33 and later), if the site is to have them.
    pub(crate) fn code_attributes(&self) -> Option<[KeyValue; 3]> {
        self.function.map(|function| {
            [
                KeyValue::new("code.function.name", function.get()),
                KeyValue::new("code.file.path", self.file),
                KeyValue::new("code.line.number", i64::from(self.line)),
            ]
        })
    }

    #[cold]
    fn register(&'static self) -> bool {
        let mut registered = REGISTERED.lock().unwrap_or_else(PoisonError::into_inner);
        // Under the lock, so that a site that registers while an installation walks the list is not left behind.
        if self.gate.load(Ordering::Relaxed) == UNKNOWN {
            registered.push(self);
            self.update();
        }
        self.gate.load(Ordering::Relaxed) != OFF
    }

    fn update(&'static self) {
        let state = if recorder::records(filter::allows(self)) { ON } else { OFF };
        self.gate.store(state, Ordering::Relaxed);
    }
}

/// Recomputes the gate of every registered site, after what decides it has changed.
pub(crate) fn update_all() {
    let registered = REGISTERED.lock().unwrap_or_else(PoisonError::into_inner);
    for site in registered.iter() {
        site.update();
    }
}

impl fmt::Debug for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Site")
            .field("name", &self.name)
            .field("kind", &self.kind)
            .field("scope", &self.scope)
            .field("file", &self.file)
            .field("line", &self.line)
            .finish_non_exhaustive()
    }
}
