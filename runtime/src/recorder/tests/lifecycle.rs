//! Spans across threads, endings, and what comes after the end.

use std::cell::RefCell;
use std::sync::mpsc;

use opentelemetry::KeyValue;
use opentelemetry::trace::{
    Link, Span as _, SpanContext, SpanId, SpanKind, TraceContextExt, TraceFlags, TraceId, TraceState, Tracer,
    TracerProvider,
};
use opentelemetry_sdk::trace::{Sampler, SamplingDecision, SamplingResult, ShouldSample};

use super::super::Settled;
use super::*;

fn totals(recorder: &Recorder) -> (u64, u64, u64) {
    let totals = recorder.pipeline.totals();
    (totals.open, totals.accepted, totals.after_shutdown)
}

#[test]
fn the_current_span_is_live_and_an_ended_one_ignores_everything() {
    let recorder = Recorder::new(RecorderConfig::default());
    let span = recorder.open(&mut |_| ());
    let context = span.context().clone();
    let attached = context.clone().attach();
    Context::map_current(|current| {
        assert!(current.span().is_recording());
        current.span().set_attribute(KeyValue::new("live", true));
        current.span().update_name("renamed");
    });
    drop(attached);
    span.end();
    assert!(!context.span().is_recording());
    context.span().set_attribute(KeyValue::new("late", true));
    context.span().add_event("late", vec![]);
    context.span().update_name("late");
    context.span().set_status(opentelemetry::trace::Status::Ok);
    context.span().end();
    OpenSpan::new(context).set(&mut |_| panic!("nothing is evaluated"));
    let span = recorder.take_one();
    assert_eq!((span.name.as_str(), span.attributes.len(), span.events.len()), ("renamed", 1, 0));
    assert_eq!(span.status, None);
}

#[test]
fn a_span_that_nobody_ends_ends_with_its_last_context() {
    let recorder = Recorder::new(RecorderConfig::default());
    let span = recorder.open(&mut |_| ());
    let context = span.context().clone();
    drop(span);
    assert_eq!(recorder.take().len(), 0);
    drop(context);
    assert_eq!(recorder.take().len(), 1);
}

#[test]
fn a_span_that_comes_into_no_context_ends() {
    let recorder = Recorder::new(RecorderConfig::default());
    let _attached = recorder.context.clone().attach();
    drop(open(Start::new(&SITE, &mut |fields| fields.set("seen", &true))));
    assert_eq!(recorder.take_one().attributes.len(), 1);
    assert_eq!(totals(&recorder), (0, 1, 0));
}

#[test]
fn a_span_that_was_entered_is_current_until_it_ends_and_its_context_may_outlive_it() {
    let recorder = Recorder::new(RecorderConfig::default());
    let _attached = recorder.context.clone().attach();
    let entered = open(Start::new(&SITE, &mut |_| ())).enter().expect("it is recorded");
    let kept = Context::current();
    kept.span().set_attribute(KeyValue::new("live", true));
    entered.span().set(&mut |fields| fields.set("written", &1i64));
    assert_eq!(kept.span().span_context(), &entered.span().span_context());
    drop(entered);
    assert!(!Context::current().has_active_span());
    assert!(!kept.span().is_recording());
    kept.span().set_attribute(KeyValue::new("late", true));
    assert_eq!(recorder.take_one().attributes.len(), 2);
    drop(kept);
    assert_eq!((recorder.take().len(), totals(&recorder)), (0, (0, 1, 0)));
}

/// The owners of a record may go in any order, on any threads.
#[test]
fn contexts_that_go_while_their_span_ends_leave_one_span() {
    let recorder = Recorder::new(RecorderConfig::default());
    let (sender, contexts) = mpsc::channel::<Context>();
    let writer = std::thread::spawn(move || {
        for context in contexts {
            context.span().set_attribute(KeyValue::new("from afar", true));
            drop(context);
        }
    });
    let count = if cfg!(miri) { 50 } else { 10_000 };
    for number in 0..count {
        let mut span = recorder.open(&mut |_| ());
        sender.send(span.context().clone()).expect("the thread lives");
        match number % 3 {
            0 => span.finish(None),
            1 => span.end(),
            _ => drop(span),
        }
    }
    drop(sender);
    assert!(writer.join().is_ok());
    assert_eq!(recorder.take().len(), count);
    assert_eq!(totals(&recorder), (0, count as u64, 0));
}

#[test]
fn an_empty_name_is_a_name() {
    let recorder = Recorder::new(RecorderConfig::default());
    let span = recorder.open(&mut |fields| fields.set("kept", &true));
    span.update_name("");
    span.end();
    let span = recorder.take_one();
    assert_eq!((span.name.as_str(), span.attributes.len()), ("", 1));
}

#[test]
fn spans_that_end_on_other_threads_arrive_and_leave_no_memory_behind() {
    let recorder = Recorder::new(RecorderConfig::default());
    let (sender, spans) = mpsc::channel::<OpenSpan>();
    let thread = std::thread::spawn(move || spans.iter().for_each(|span| span.end()));
    let count = if cfg!(miri) { 50 } else { 10_000 };
    for number in 0..count as i64 {
        sender.send(recorder.open(&mut |fields| fields.set("number", &number))).expect("the thread lives");
    }
    drop(sender);
    assert!(thread.join().is_ok());
    assert_eq!(recorder.take().len(), count);
    assert_eq!(totals(&recorder), (0, count as u64, 0));
    // The thread's log was drained and is gone, with its chunks.
    assert_eq!(recorder.own().logs(), 0);
    assert_eq!(recorder.pipeline.totals().queued_bytes, 0);
}

#[test]
fn threads_that_exit_lose_nothing() {
    let recorder = Arc::new(Recorder::new(RecorderConfig::default()));
    let each = if cfg!(miri) { 2 } else { 100 };
    let work = move |recorder: Arc<Recorder>| move || (0..each).for_each(|_| recorder.open(&mut |_| ()).end());
    let threads: Vec<_> = (0..16).map(|_| std::thread::spawn(work(Arc::clone(&recorder)))).collect();
    assert!(threads.into_iter().all(|thread| thread.join().is_ok()));
    assert_eq!(recorder.take().len(), 16 * each);
    assert_eq!(recorder.own().logs(), 0);
    assert_eq!(totals(&recorder), (0, 16 * each as u64, 0));
}

#[test]
fn writes_from_many_threads_are_all_there() {
    let recorder = Recorder::new(RecorderConfig::default());
    let span = recorder.open(&mut |_| ());
    std::thread::scope(|scope| {
        for thread in 0..4i64 {
            let span = &span;
            scope.spawn(move || {
                for number in 0..25 {
                    let key = format!("{thread}.{number}");
                    span.set(&mut |fields| fields.set_dynamic(&key, &number));
                    span.event("event", &mut |_| ());
                }
            });
        }
    });
    span.end();
    let span = recorder.take_one();
    assert_eq!((span.attributes.len(), span.events.len()), (100, 100));
}

#[test]
fn what_ends_after_the_shutdown_is_counted() {
    let recorder = Recorder::new(RecorderConfig::default());
    let span = recorder.open(&mut |_| ());
    recorder.pipeline.close();
    span.end();
    assert_eq!(totals(&recorder), (0, 0, 1));
    assert_eq!(recorder.take().len(), 0);
}

/// A thread-local that makes a span, or ends one, when its thread is torn down.
struct AtTheEnd {
    context: Context,
    /// It is ended if it is to be, or else just dropped.
    span: Option<(OpenSpan, bool)>,
    done: mpsc::Sender<bool>,
}

impl Drop for AtTheEnd {
    fn drop(&mut self) {
        if let Some((span, true)) = self.span.take() {
            span.end();
        }
        // As generated code does: it may find that nothing records any more, but never panics.
        let given = crate::span::Parent::Given(self.context.clone());
        let mut nothing = |_: &mut Fields<'_>| ();
        let mut start = Start::new(&SITE, &mut nothing);
        start.parent = given;
        let _ = self.done.send(open(start).open().is_some());
    }
}

thread_local! {
    static EARLY: RefCell<Option<AtTheEnd>> = const { RefCell::new(None) };
    static LATE: RefCell<Option<AtTheEnd>> = const { RefCell::new(None) };
}

/// What is made when the thread is torn down, in several orders of destruction.
fn torn_down(recorder: &Recorder, used_before: bool, uses_context: bool, holds_span: Option<bool>) -> bool {
    let (done, ended) = mpsc::channel();
    let context = recorder.context.clone();
    let span = holds_span.map(|ends| (recorder.open(&mut |_| ()), ends));
    let at_the_end = AtTheEnd { context: context.clone(), span, done };
    let work = move || {
        let traced = || {
            let _attached = context.clone().attach();
            open(Start::new(&SITE, &mut |_| ())).open().inspect(OpenSpan::end);
        };
        // A thread's locals are destroyed in the reverse order of their first use.
        if used_before {
            traced();
            LATE.with_borrow_mut(|local| *local = Some(at_the_end));
        } else {
            EARLY.with_borrow_mut(|local| *local = Some(at_the_end));
            if uses_context {
                drop(Context::current().attach());
            } else {
                traced();
            }
        }
    };
    assert!(std::thread::spawn(work).join().is_ok());
    ended.recv().expect("the destructor ran")
}

#[test]
fn a_traced_call_in_a_thread_that_is_torn_down_never_aborts() {
    let recorder = Recorder::new(RecorderConfig::default());
    for holds_span in [None, Some(false), Some(true)] {
        // Ours is still there when the other local's destructor runs.
        assert!(torn_down(&recorder, true, false, holds_span));
        let before = recorder.pipeline.totals().thread_ending;
        // Ours is gone.
        assert!(!torn_down(&recorder, false, false, holds_span));
        // The call, and the span that was to end.
        assert_eq!(recorder.pipeline.totals().thread_ending, before + 1 + u64::from(holds_span.is_some()));
        // Ours never was, and the context is gone.
        assert!(!torn_down(&recorder, false, true, holds_span));
    }
    // Every span that was opened is accounted for.
    let totals = recorder.pipeline.totals();
    assert_eq!(recorder.take().len() as u64, totals.accepted);
}

/// Decides by the name, and says so.
#[derive(Debug, Clone)]
struct ByName;

impl ShouldSample for ByName {
    fn should_sample(
        &self,
        parent: Option<&Context>,
        _trace_id: TraceId,
        name: &str,
        _kind: &SpanKind,
        attributes: &[KeyValue],
        _links: &[Link],
    ) -> SamplingResult {
        let decision = match name {
            "drop" => SamplingDecision::Drop,
            "only" => SamplingDecision::RecordOnly,
            _ => SamplingDecision::RecordAndSample,
        };
        let inherited = parent.map(|parent| parent.span().span_context().trace_state().clone()).unwrap_or_default();
        let trace_state = inherited.insert("by", "name").unwrap_or_default();
        let seen = i64::try_from(attributes.len()).unwrap_or_default();
        SamplingResult { decision, attributes: vec![KeyValue::new("seen", seen)], trace_state }
    }
}

fn named(recorder: &Recorder, parent: &Context, name: &'static str) -> Option<OpenSpan> {
    let _attached = recorder.context.clone().attach();
    let mut write = |fields: &mut Fields<'_>| fields.set("own", &1i64);
    let mut start = Start::new(&SITE, &mut write).name(name);
    start.parent = crate::span::Parent::Given(parent.clone());
    open(start).open()
}

#[test]
fn a_sampler_is_asked_about_every_span_unless_it_follows_the_parent() {
    let sampler = || Box::new(ByName);
    let config = RecorderConfig { sampler: sampler(), settled: Settled::default(), ..Default::default() };
    let recorder = Recorder::new(config);
    let root = named(&recorder, &recorder.context, "drop").expect("a context of its own");
    assert!(!root.is_recording() && root.span_context().is_valid() && !root.span_context().is_sampled());
    assert_eq!(root.span_context().trace_state().header(), "by=name");
    // Under a parent that is not sampled the sampler may still say yes.
    let child = named(&recorder, root.context(), "yes").expect("it is recorded");
    assert!(child.is_recording() && child.span_context().is_sampled());
    assert_eq!(child.span_context().trace_id(), root.span_context().trace_id());
    let only = named(&recorder, child.context(), "only").expect("it is recorded");
    assert!(only.is_recording() && !only.span_context().is_sampled());
    only.end();
    drop(named(&recorder, child.context(), "only").expect("it is recorded, and nobody ends it"));
    child.end();
    let span = recorder.take_one();
    assert_eq!((span.name.as_str(), span.trace_state.as_str()), ("yes", "by=name"));
    let keys: Vec<&str> = span.attributes.iter().map(|attribute| attribute.key.as_str()).collect();
    assert_eq!(keys, ["own", "seen"]);
    assert_eq!(format!("{:?}", span.attributes[1].value).matches("IntValue(0)").count(), 1);

    let config = RecorderConfig {
        sampler: sampler(),
        settled: Settled::default(),
        sampler_sees_attributes: true,
        ..Default::default()
    };
    let recorder = Recorder::new(config);
    named(&recorder, &recorder.context, "yes").expect("it is recorded").end();
    assert!(format!("{:?}", recorder.take_one().attributes[1].value).contains("IntValue(1)"));
}

#[test]
fn an_unsampled_root_has_one_context_and_its_children_none() {
    let sampler = Box::new(Sampler::ParentBased(Box::new(Sampler::AlwaysOff)));
    let recorder = Recorder::new(RecorderConfig { sampler, ..Default::default() });
    let root = named(&recorder, &recorder.context, "root").expect("a context of its own");
    assert!(!root.is_recording() && root.span_context().is_valid());
    assert!(named(&recorder, root.context(), "child").is_none());
    // A sampled parent from elsewhere is followed.
    let flags = TraceFlags::SAMPLED;
    let remote = SpanContext::new(TraceId::from(1), SpanId::from(2), flags, true, TraceState::NONE);
    let child = named(&recorder, &recorder.context.with_remote_span_context(remote), "child").expect("recorded");
    assert!(child.is_recording());
}

#[test]
fn suppressed_telemetry_records_nothing() {
    let recorder = Recorder::new(RecorderConfig::default());
    let suppressed = recorder.context.with_telemetry_suppressed();
    assert!(named(&recorder, &suppressed, "quiet").is_none());
    let tracer = recorder.pipeline.recording_provider().expect("it is our own").tracer("library");
    assert!(!tracer.start_with_context("quiet", &suppressed).is_recording());
    assert_eq!(totals(&recorder), (0, 0, 0));
}

#[test]
fn spans_of_libraries_nest_in_ours_and_ours_in_theirs() {
    let recorder = Recorder::new(RecorderConfig::default());
    let tracer = recorder.pipeline.recording_provider().expect("it is our own").tracer("library");
    let outer = recorder.open(&mut |_| ());
    let library = tracer
        .span_builder("library")
        .with_kind(SpanKind::Client)
        .with_attributes([KeyValue::new("key", "value")])
        .start_with_context(&tracer, outer.context());
    let middle = outer.context().with_span(library);
    let inner = named(&recorder, &middle, "inner").expect("it is recorded");
    inner.end();
    middle.span().set_attribute(KeyValue::new("late", 1));
    middle.span().end();
    outer.end();
    let spans = recorder.take();
    let find = |name: &str| spans.iter().find(|span| span.name == name).expect("it has arrived");
    assert_eq!(find("inner").parent_span_id, find("library").span_id);
    assert_eq!(find("library").parent_span_id, find("site").span_id);
    assert_eq!((find("library").kind, find("library").attributes.len()), (3, 2));
    assert!(spans.iter().all(|span| span.trace_id == spans[0].trace_id));
}

#[test]
fn memory_of_records_is_used_again_and_nothing_shines_through() {
    let recorder = Recorder::new(RecorderConfig::default());
    let first = recorder.open(&mut |fields| fields.set("secret", "first"));
    first.event("event", &mut |_| ());
    first.update_name("renamed");
    first.set_status(opentelemetry::trace::Status::error("broken"));
    first.end();
    drop(first);
    recorder.open(&mut |_| ()).end();
    let spans = recorder.take();
    let Some(second) = spans.get(1) else { panic!("{spans:?}") };
    assert_eq!((second.name.as_str(), &second.status), ("site", &None));
    assert!(second.attributes.is_empty() && second.events.is_empty());
}

#[test]
fn a_panic_in_an_entry_attribute_opens_no_span() {
    let recorder = Recorder::new(RecorderConfig::default());
    let opening = std::panic::AssertUnwindSafe(|| recorder.open(&mut |_| panic!("in an expression")));
    assert!(std::panic::catch_unwind(opening).is_err());
    recorder.open(&mut |_| ()).end();
    assert_eq!(recorder.take().len(), 1);
}

#[test]
fn an_attribute_may_be_traced_itself() {
    let recorder = Recorder::new(RecorderConfig::default());
    let outer = recorder.open(&mut |_| ());
    let context = outer.context().clone();
    outer.set(&mut |fields| {
        let _attached = context.clone().attach();
        let inner = open(Start::new(&SITE, &mut |fields| fields.set("inner", &1i64))).open().expect("it is recorded");
        inner.set(&mut |fields| fields.set("later", &2i64));
        // The span that is being written to, too.
        OpenSpan::new(context.clone()).set(&mut |fields| fields.set("nested", &3i64));
        inner.end();
        fields.set("outer", &4i64);
    });
    outer.end();
    let spans = recorder.take();
    assert_eq!((spans[0].attributes.len(), spans[1].attributes.len()), (2, 2));
}
