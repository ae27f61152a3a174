//! Row "async_trait" of the survey of peers. Not in apollo-opentelemetry-macros, otel-instrument, emit,
//! opentelemetry-traceable. Partly in autometrics.

use std::time::Duration;

use traced::testing::capture_async;
use traced::traced;

#[async_trait::async_trait]
trait Store {
    async fn get(&self, id: i64) -> Result<i64, String>;
}

struct Inside;
struct Above;
struct Below;

const PAUSE: Duration = Duration::from_millis(30);

async fn pause() -> Result<i64, String> {
    tokio::time::sleep(PAUSE).await;
    Ok(1)
}

#[async_trait::async_trait]
impl Store for Inside {
    #[traced]
    async fn get(&self, mut id: i64) -> Result<i64, String> {
        id += pause().await?;
        Ok(id)
    }
}

#[traced]
#[async_trait::async_trait]
impl Store for Above {
    async fn get(&self, id: i64) -> Result<i64, String> {
        pause().await.map(|one| one + id)
    }
}

#[async_trait::async_trait]
#[traced]
impl Store for Below {
    async fn get(&self, _: i64) -> Result<i64, String> {
        pause().await
    }
}

#[tokio::test]
async fn a_span_lasts_as_long_as_the_method() {
    for store in [&Inside as &(dyn Store + Sync), &Above, &Below] {
        let (value, spans) = capture_async(async { store.get(0).await }).await;
        assert_eq!(value, Ok(1));
        assert_eq!(spans.len(), 1);
        let lasted = spans[0].end_time.duration_since(spans[0].start_time).unwrap();
        assert!(lasted >= PAUSE - Duration::from_millis(5), "{lasted:?}");
    }
}
