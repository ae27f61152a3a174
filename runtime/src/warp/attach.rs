//! Making a request's context current whenever its filters are polled.
//!
//! warp's filters are sealed: nobody outside can wrap their futures. Its one hook around every poll is
//! [`warp::trace`], which enters a `tracing` span. So the span that it gets here belongs to a subscriber of our own, which
//! attaches an OpenTelemetry context when it is entered and detaches it when it is exited. No other subscriber sees it, and
//! this one sees no other span: it answers "never" for every call site and is nobody's default.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

use opentelemetry::{Context, ContextGuard};
use tracing::callsite::Callsite;
use tracing::field::FieldSet;
use tracing::metadata::{Kind, LevelFilter, Metadata};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::{Interest, Subscriber};
use tracing::{Dispatch, Event, Level, Span};

use super::request::Request;

/// A `tracing` span that makes `context` current while it is entered, and ends `request` when its last handle is dropped.
pub(super) fn span(request: Arc<Request>, context: Context) -> Span {
    NEXT.set(Some(Entry { request, context, handles: 1 }));
    let fields: [(&tracing::field::Field, Option<&dyn tracing::field::Value>); 0] = [];
    Span::new_root_with(&METADATA, &METADATA.fields().value_set(&fields), &DISPATCH)
}

/// Lasts as long as the program: making a dispatcher makes `tracing` ask for every call site again.
static DISPATCH: LazyLock<Dispatch> = LazyLock::new(|| Dispatch::new(Attaching));

static METADATA: Metadata<'static> = Metadata::new(
    "request",
    "traced::warp",
    Level::TRACE,
    None,
    None,
    None,
    FieldSet::new(&[], tracing::callsite::Identifier(&CallSite)),
    Kind::SPAN,
);

struct CallSite;

impl Callsite for CallSite {
    fn set_interest(&self, _: Interest) {}

    fn metadata(&self) -> &Metadata<'_> {
        &METADATA
    }
}

struct Entry {
    request: Arc<Request>,
    context: Context,
    /// How many `tracing` spans share it.
    handles: usize,
}

/// The open entries, in shards so that requests on several threads don't wait for each other.
static ENTRIES: [LazyLock<Mutex<HashMap<u64, Entry>>>; 16] = [const { LazyLock::new(Mutex::default) }; 16];

static IDS: AtomicU64 = AtomicU64::new(1);

thread_local! {
    /// What the span that is being made is to hold: `tracing` lets only fields through.
    static NEXT: RefCell<Option<Entry>> = const { RefCell::new(None) };
    /// The contexts that entered spans have attached, the innermost last.
    static ATTACHED: RefCell<Vec<Attached>> = const { RefCell::new(Vec::new()) };
}

struct Attached {
    _guard: ContextGuard,
    /// What is dropped while somebody else's panic unwinds has not panicked itself.
    panicking: bool,
}

fn shard(id: &Id) -> MutexGuard<'static, HashMap<u64, Entry>> {
    ENTRIES[(id.into_u64() % 16) as usize].lock().unwrap_or_else(PoisonError::into_inner)
}

struct Attaching;

impl Subscriber for Attaching {
    fn register_callsite(&self, _: &'static Metadata<'static>) -> Interest {
        Interest::never()
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::OFF)
    }

    fn enabled(&self, _: &Metadata<'_>) -> bool {
        false
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        let id = Id::from_u64(IDS.fetch_add(1, Ordering::Relaxed));
        if let Some(entry) = NEXT.take() {
            shard(&id).insert(id.into_u64(), entry);
        }
        id
    }

    fn enter(&self, id: &Id) {
        let context = shard(id).get(&id.into_u64()).map(|entry| entry.context.clone());
        let guard = context.unwrap_or_else(Context::current).attach();
        let attached = Attached { _guard: guard, panicking: std::thread::panicking() };
        // A thread that ends has no more contexts.
        let _ = ATTACHED.try_with(|all| all.borrow_mut().push(attached));
    }

    fn exit(&self, id: &Id) {
        let Ok(Some(attached)) = ATTACHED.try_with(|all| all.borrow_mut().pop()) else { return };
        // An exit while unwinding is the only sight of a panic that there is; it passes through here once.
        if std::thread::panicking() && !attached.panicking {
            let request = shard(id).get(&id.into_u64()).map(|entry| Arc::clone(&entry.request));
            if let Some(request) = request {
                request.panicked();
            }
        }
    }

    fn clone_span(&self, id: &Id) -> Id {
        if let Some(entry) = shard(id).get_mut(&id.into_u64()) {
            entry.handles += 1;
        }
        id.clone()
    }

    fn try_close(&self, id: Id) -> bool {
        let mut entries = shard(&id);
        let Some(entry) = entries.get_mut(&id.into_u64()) else { return false };
        entry.handles -= 1;
        if entry.handles > 0 {
            return false;
        }
        let entry = entries.remove(&id.into_u64());
        // Ending runs exporters, perhaps: not under the lock.
        drop(entries);
        if let Some(entry) = entry {
            entry.request.end();
        }
        true
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, _: &Event<'_>) {}
}
