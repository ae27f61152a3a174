//! The static description of one annotated place, with the gate that decides whether it records.

use std::fmt;
use std::sync::atomic::{AtomicPtr, AtomicU8, Ordering};
use std::sync::{Mutex, PoisonError};

use opentelemetry::KeyValue;
use opentelemetry::trace::SpanKind;

use super::{FunctionName, filter};
use crate::Level;
use crate::recorder;

/// Not yet asked: the first call registers the site and computes its state.
const UNKNOWN: u8 = 0;
/// Nobody records here.
const OFF: u8 = 1;
/// Somebody records here.
const ON: u8 = 2;

/// The static description of one annotated place.
///
/// One exists for each annotated function; it names the span and holds the one byte that is read on the hot path. What few
/// sites say stands in [`More`]: every byte and every pointer in here is paid for once a function.
pub struct Site {
    gate: AtomicU8,
    pub(crate) kind: SpanKind,
    pub(crate) level: Level,
    /// The length of the name.
    name: u32,
    /// The name, and the keys of the attributes that are given as mere values, each behind a byte that tells its length.
    text: &'static str,
    module: &'static str,
    more: Option<&'static More>,
    prepared: AtomicPtr<recorder::Prepared>,
}

/// What a site says that differs from what most say.
#[derive(Debug)]
pub struct More {
    /// The instrumentation scope, if it is not the module.
    pub scope: Option<&'static str>,
    /// The name of the function, if the span is called otherwise.
    pub function: Option<&'static str>,
    /// The function's whole name, its file and its line, if `code.*` attributes are wanted.
    pub code: Option<(&'static FunctionName, &'static str, u32)>,
}

/// Every site that was reached at least once, so that install, shutdown and filter changes find it.
static REGISTERED: Mutex<Vec<&'static Site>> = Mutex::new(Vec::new());

impl Site {
    /// A site of kind internal, at level info, whose instrumentation scope is `module`.
    pub const fn new(name: &'static str, module: &'static str) -> Self {
        Self::with_keys(name, name.len(), module)
    }

    /// A site whose `text` is its name, of `name` bytes, and the keys of its attributes. One string is one definition, one
    /// symbol and one section less than two.
    pub const fn with_keys(text: &'static str, name: usize, module: &'static str) -> Self {
        assert!(text.is_char_boundary(name), "the name is a part of the text");
        assert!(name <= u32::MAX as usize, "the name's length has 32 bits");
        Self {
            gate: AtomicU8::new(UNKNOWN),
            kind: SpanKind::Internal,
            level: Level::Info,
            name: name as u32,
            text,
            module,
            more: None,
            prepared: AtomicPtr::new(std::ptr::null_mut()),
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

    /// With what differs from most.
    #[must_use]
    pub const fn with(mut self, more: &'static More) -> Self {
        self.more = Some(more);
        self
    }

    /// The name of its spans.
    #[inline]
    pub(crate) fn name(&self) -> &'static str {
        // SAFETY: `with_keys`, through which every site is made, has looked at the boundary.
        unsafe { self.text.get_unchecked(..self.name as usize) }
    }

    /// The keys of the attributes that are given as mere values.
    #[inline]
    pub(crate) fn keys(&self) -> &'static str {
        // SAFETY: as in `name`.
        unsafe { self.text.get_unchecked(self.name as usize..) }
    }

    /// The name of its instrumentation scope.
    pub(crate) fn scope(&self) -> &'static str {
        self.more.and_then(|more| more.scope).unwrap_or(self.module)
    }

    /// The module and the function in it: what filters name.
    pub(crate) fn place(&self) -> (&'static str, &'static str) {
        (self.module, self.more.and_then(|more| more.function).unwrap_or(self.name()))
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

    /// Whether somebody may record here: what [`is_on`](Self::is_on) says, unless it was never asked.
    #[inline]
    pub(crate) fn may_be_on(&'static self) -> bool {
        self.gate.load(Ordering::Relaxed) != OFF
    }

    /// Whether a span of this site would be recorded under what is current, as far as that is known without asking anybody.
    #[inline]
    pub fn is_on_here(&'static self) -> bool {
        self.is_on() && recorder::may_record_here()
    }

    /// What the recorder makes of the site.
    #[inline]
    pub(crate) fn prepared(&'static self) -> &'static recorder::Prepared {
        // SAFETY: null, or what `prepare` leaked.
        match unsafe { self.prepared.load(Ordering::Acquire).as_ref() } {
            Some(prepared) => prepared,
            None => self.prepare(),
        }
    }

    #[cold]
    fn prepare(&'static self) -> &'static recorder::Prepared {
        // Lives as long as the site does: for ever. Two threads may do it at once; the first one's stays.
        let prepared =
            Box::into_raw(Box::new(recorder::Prepared::new(self.scope(), self.keys(), self.code_attributes())));
        let known = std::ptr::null_mut();
        match self.prepared.compare_exchange(known, prepared, Ordering::AcqRel, Ordering::Acquire) {
            // SAFETY: it was made above and is never freed.
            Ok(_) => unsafe { &*prepared },
            Err(first) => {
                // SAFETY: nobody else has seen it.
                drop(unsafe { Box::from_raw(prepared) });
                // SAFETY: another thread made it here.
                unsafe { &*first }
            }
        }
    }

    /// The stable `code.*` attributes of the semantic conventions (1.33 and later), if the site is to have them.
    pub(crate) fn code_attributes(&self) -> Option<[KeyValue; 3]> {
        let (function, file, line) = self.more?.code?;
        Some([
            KeyValue::new("code.function.name", function.get()),
            KeyValue::new("code.file.path", file),
            KeyValue::new("code.line.number", i64::from(line)),
        ])
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
            .field("name", &self.name())
            .field("kind", &self.kind)
            .field("scope", &self.scope())
            .finish_non_exhaustive()
    }
}
