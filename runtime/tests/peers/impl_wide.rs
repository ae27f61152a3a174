//! Row "impl-wide" of the survey of peers. Not in tracing, fastrace, apollo-opentelemetry-macros, otel-instrument,
//! emit, opentelemetry-traceable, foundations. Partly in Java.

use opentelemetry::trace::SpanKind;
use traced::testing::capture_async;
use traced::traced;

struct Repo;

#[traced(prefix = "repo.", kind = client, attrs(db.system.name = "memory"))]
impl Repo {
    const fn new() -> Self {
        Self
    }

    async fn get(&self, id: i64) -> Result<i64, String> {
        self.check();
        Ok(id)
    }

    #[traced(attrs(checked = true), kind = internal)]
    fn check(&self) {}

    #[traced(skip)]
    fn left_out(&self) {}

    #[traced("renamed")]
    fn named(&self) {}
}

#[tokio::test]
async fn every_method_but_those_left_out() {
    let (_, spans) = capture_async(async {
        Repo::new().left_out();
        Repo::new().named();
        Repo::new().get(1).await
    })
    .await;
    let names: Vec<&str> = spans.iter().map(|span| span.name.as_str()).collect();
    assert_eq!(names, ["renamed", "repo.check", "repo.get"], "a prefix is for names taken from functions");
    assert!(spans.iter().all(|span| span.attribute("db.system.name") == Some(&"memory".into())));
    assert_eq!(spans[1].kind, SpanKind::Internal);
    assert_eq!(spans[1].attribute("checked"), Some(&true.into()));
    assert_eq!(spans[2].kind, SpanKind::Client);
}
