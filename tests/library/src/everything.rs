//! Every public item that a library or a program names, in a build with the feature `enable` as in one without.

use std::time::Duration;

use traced::opentelemetry::Context;
use traced::opentelemetry::trace::{Link, SpanContext, SpanId, Status, TraceId};
use traced::{
    AsLink, AsParent, Attributes, Current, Fields, Filter, FilterError, FlushError, FnExt as _, FutureExt as _, Health,
    Level, REDACTED, Redacted, SetupError, Slot, SpanGuard, Telemetry, TelemetryBuilder, Value, Warning, attr, carry,
    current, event, span, spawn, spawn_blocking, traced,
};

#[derive(Attributes)]
#[attrs(prefix = "page.")]
struct Page {
    skip: i64,
    #[attrs(rename = "size")]
    limit: Option<u32>,
    #[attrs(redact)]
    cursor: String,
}

struct Isbn(i64);

impl Value for Isbn {
    fn record(&self, slot: Slot<'_>) {
        slot.i64(self.0);
    }
}

struct Shelf(i64);

impl Attributes for Shelf {
    fn record(&self, fields: &mut Fields<'_>) {
        fields.set("shelf.id", &self.0);
        fields.slot("shelf.shown").display(&self.0);
        fields.prefixed("shelf.").fields().set_dynamic("dynamic", &self.0);
    }
}

/// Used in a clause alone, and no dead code for that.
fn in_a_clause(n: &i64) -> i64 {
    *n
}

const NEVER: &str = "never";

#[traced(
    name = name,
    kind = client,
    level = debug,
    scope = "library",
    code,
    attrs(isbn = Isbn(1), ..page, ..shelf, secret = redact(secret)),
    args(name),
    parent = parent,
    links(link, ..&links),
    if = !name.is_empty(),
    ok(|n| attrs(n = in_a_clause(n)), event("ok"), status = ok),
    err(type = "never", expected(e if e == NEVER), exception = type),
)]
fn all_arguments(
    name: &str,
    page: Page,
    shelf: Shelf,
    secret: &str,
    parent: impl AsParent,
    link: impl AsLink,
    links: Vec<Link>,
) -> Result<i64, String> {
    let Page { skip, limit, cursor } = page;
    Ok(skip
        + i64::from(limit.unwrap_or_default())
        + i64::try_from(cursor.len()).unwrap_or_default()
        + links.len() as i64)
}

fn title_length(title: &str) -> usize {
    title.len()
}

#[traced(some(|title| attrs(length = title_length(title))))]
async fn first<'t>(titles: &[&'t str]) -> Result<Option<&'t str>, String> {
    Ok(titles.first().copied())
}

#[traced(ok(|title| attrs(length = boxed_length(title))))]
fn first_boxed<'t>(
    titles: &'t [&'t str],
) -> std::pin::Pin<Box<dyn Future<Output = Result<&'t str, String>> + Send + 't>> {
    Box::pin(async move { titles.first().copied().ok_or_else(|| "none".to_owned()) })
}

fn boxed_length(title: &str) -> usize {
    title.len()
}

#[traced(prefix = "books.", metrics(shelf = 1))]
impl Shelf {
    async fn enriched(&self) -> Current {
        attr!(shelf = self.0, redacted = Redacted(self.0));
        event!("enriched", shelf = self.0, REDACTED);
        current()
    }

    #[traced(skip)]
    fn level(&self) -> Level {
        Level::Info
    }
}

/// Uses all of it.
#[traced]
pub async fn everything() {
    let current: Current = current();
    current.set_attribute("key", &1);
    current.set_attributes(|fields| fields.set("key", "value"));
    current.add_event("event");
    current.add_event_with("event", |fields| fields.set("key", &true));
    current.set_status(Status::error("no error"));
    current.set_status(Status::Unset);
    current.set_status(Status::Ok);
    current.update_name("renamed");
    let trace_id: TraceId = current.trace_id();
    let span_id: SpanId = current.span_id();
    let span_context: SpanContext = current.span_context();
    assert_eq!(span_context.is_valid(), trace_id != TraceId::INVALID);
    assert_eq!((trace_id.to_string().len(), span_id.to_string().len()), (32, 16));
    assert_eq!(current.is_recording(), span_context.is_sampled());
    let context: &Context = current.context();

    let page = Page { skip: 1, limit: Some(2), cursor: "c".to_owned() };
    let link = Link::with_context(span_context);
    assert_eq!(all_arguments("all", page, Shelf(1), "s", context, Some(&current), vec![link]), Ok(5));
    assert_eq!(Shelf(1).enriched().await.clone().trace_id(), trace_id);
    assert_eq!(Shelf(1).level(), Level::Info);

    assert_eq!(first(&["a"]).await, Ok(Some("a")));
    assert_eq!(first_boxed(&["a"]).await, Ok("a"));
    {
        let _guard: SpanGuard = span!("guard", key = 1);
    }
    assert_eq!(span!("closure", || 1), 1);
    assert_eq!(span!("future", async { 1 }).await, 1);
    assert_eq!((|| 1).traced("closure"), 1);
    assert_eq!(async { 1 }.traced("child").await, 1);
    assert_eq!(carry(|| 1)(), 1);
    assert_eq!(spawn(async { 1 }).await.ok(), Some(1));
    let blocking = spawn_blocking(|| (|| 1).traced("carried"));
    assert_eq!(blocking.await.ok(), Some(1));
}

/// Installs and shuts down; how many spans were exported.
pub fn set_up() -> u64 {
    let install = || -> Result<Telemetry, SetupError> {
        let filter: Result<Filter, FilterError> = "info".parse();
        let builder: TelemetryBuilder = Telemetry::builder()
            .service_name("everything")
            .resource_attribute("service.namespace", "tests")
            .console_when_unconfigured()
            .strict()
            .attribute_value_length_limit(100)
            .redact(|_, _| None)
            .max_queue_bytes(1 << 20)
            .flush_timeout(Duration::from_secs(1))
            .on_warning(|warning: &Warning| drop(warning.to_string()))
            .environment(|name| (name == "OTEL_TRACES_EXPORTER").then(|| "none".to_owned()));
        match filter {
            Ok(filter) => builder.filter(filter).install(),
            Err(_) => builder.install(),
        }
    };
    let Ok(telemetry) = install() else { return 0 };
    let _: Result<(), FilterError> = telemetry.set_filter("debug,library=off");
    assert!(!telemetry.destination().is_empty());
    let flushed: Result<(), FlushError> = telemetry.flush();
    let health: Health = telemetry.health();
    assert_eq!((flushed.is_ok(), telemetry.shutdown().is_ok(), health.dropped.total()), (true, true, 0));
    health.exported
}
