//! Row "dynamic name" of the survey of peers. Not in fastrace, apollo-opentelemetry-macros, otel-instrument,
//! opentelemetry-traceable, foundations, Java, Python. Partly in tracing.

use traced::testing::capture_async;
use traced::traced;

#[traced(name = format!("HGET {hash}"))]
fn sync(hash: &str) {}

#[traced(name = operation)]
async fn asynchronous(operation: &'static str) {}

#[tokio::test]
async fn a_name_is_an_expression_over_the_arguments() {
    let ((), spans) = capture_async(async {
        sync("books");
        asynchronous("flush").await;
    })
    .await;
    assert_eq!([&*spans[0].name, &*spans[1].name], ["HGET books", "flush"]);
}
