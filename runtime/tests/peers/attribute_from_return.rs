//! Row "attr from return" of the survey of peers. Not in tracing, fastrace, apollo-opentelemetry-macros,
//! opentelemetry-traceable, foundations, Java. Partly in otel-instrument, emit, autometrics.

use traced::testing::capture_async;
use traced::traced;

#[traced(ret(|total| attrs(total = *total)))]
fn sum(numbers: &[i64]) -> i64 {
    numbers.iter().sum()
}

#[traced(ok(|found| attrs(found = found.len())), err(|e| attrs(code = *e)))]
async fn find(fails: bool) -> Result<Vec<i64>, i64> {
    if fails { Err(404) } else { Ok(vec![1, 2]) }
}

#[traced(some(|(id, _)| attrs(id = id)))]
fn pair() -> Option<(i64, String)> {
    Some((5, String::new()))
}

#[tokio::test]
async fn what_is_returned_becomes_attributes() {
    let (_, spans) = capture_async(async { (sum(&[1, 2]), find(false).await, find(true).await, pair()) }).await;
    assert_eq!(spans[0].attribute("total"), Some(&3.into()));
    assert_eq!(spans[1].attribute("found"), Some(&2.into()));
    assert_eq!(spans[2].attribute("code"), Some(&404.into()));
    assert_eq!(spans[3].attribute("id"), Some(&5.into()));
}
