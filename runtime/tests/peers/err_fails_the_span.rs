//! Row "Err -> status Error" of the survey of peers. Not in fastrace, opentelemetry-traceable, foundations. Partly in
//! otel-instrument, emit, autometrics.

use opentelemetry::trace::Status;
use traced::testing::capture_async;
use traced::traced;

type Aliased<T> = std::result::Result<T, String>;

#[traced]
fn aliased() -> Aliased<()> {
    Err("through an alias".into())
}

#[traced]
async fn boxed() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    Err("boxed")?
}

#[traced]
fn fine() -> Aliased<()> {
    Ok(())
}

#[tokio::test]
async fn an_err_fails_the_span_without_being_asked() {
    let (_, spans) = capture_async(async { (aliased(), boxed().await, fine()) }).await;
    assert_eq!(spans[0].status, Status::error("through an alias"));
    assert_eq!(spans[1].status, Status::error("boxed"));
    assert_eq!(spans[2].status, Status::Unset, "the conventions leave success unset");
}
