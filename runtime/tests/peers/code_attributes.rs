//! Row "code.* attributes" of the survey of peers. Not in fastrace, apollo-opentelemetry-macros, otel-instrument,
//! emit, opentelemetry-traceable, foundations. Partly in tracing, Python.

use traced::testing::capture;
use traced::traced;

const LINE: u32 = line!() + 1;
#[traced(code)]
fn located() {}

struct Store;

#[traced(code)]
impl Store {
    fn get(&self) {}
    async fn load(&self) {}
}

trait Open {
    #[traced(code)]
    fn open(&self) {}
}

impl Open for Store {}

impl<T> Open for Vec<T> {
    #[traced(code)]
    fn open(&self) {}
}

struct Shelf<'a, T, const N: usize>([&'a T; N]);

impl<T: Sync, const N: usize> Shelf<'_, T, N> {
    #[traced(code)]
    fn boxed<'s>(&'s self) -> futures_util::future::BoxFuture<'s, ()> {
        Box::pin(async move {
            let _ = &self.0;
        })
    }
}

#[async_trait::async_trait]
trait Fetch {
    async fn fetch(&self);
}

#[async_trait::async_trait]
impl Fetch for Store {
    #[traced(code)]
    async fn fetch(&self) {}
}

#[tokio::test]
async fn a_method_is_named_with_its_type() {
    let (_, spans) = traced::testing::capture_async(async {
        Store.get();
        Store.load().await;
        Store.open();
        Vec::<i64>::new().open();
        Shelf([&1]).boxed().await;
        Store.fetch().await;
    })
    .await;
    let names: Vec<_> = spans.iter().map(|span| span.attribute("code.function.name").unwrap().to_string()).collect();
    let here = |name: &str| format!("{}::{name}", module_path!());
    assert_eq!(
        names,
        [
            here("Store::get"),
            here("Store::load"),
            here("Open::open"),
            "alloc::vec::Vec::open".to_owned(),
            here("Shelf::boxed"),
            here("Store::fetch"),
        ]
    );
}

#[test]
fn where_a_span_comes_from_by_the_stable_conventions() {
    let ((), spans) = capture(located);
    let text = |key| spans[0].attribute(key).unwrap().to_string();
    assert_eq!(text("code.function.name"), concat!(module_path!(), "::located"));
    assert_eq!(text("code.file.path"), file!());
    assert_eq!(text("code.line.number").parse(), Ok(LINE));
}
