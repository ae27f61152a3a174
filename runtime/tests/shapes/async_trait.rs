//! Methods under `#[async_trait]`, annotated one by one and as a whole.

use opentelemetry::Value;
use opentelemetry::trace::Status;
use traced::testing::capture_async;
use traced::traced;

use crate::{Memory, child};

#[async_trait::async_trait]
trait Store {
    async fn get(&self, id: i64) -> Result<i64, String>;

    #[traced(attrs(id = id))]
    async fn get_twice(&self, id: i64) -> Result<i64, String> {
        Ok(self.get(id).await? + self.get(id).await?)
    }
}

#[async_trait::async_trait]
impl Store for Memory {
    #[traced(name = "Memory::get", attrs(id = id, offset = self.offset), ok(|v| attrs(value = *v)))]
    async fn get(&self, id: i64) -> Result<i64, String> {
        tokio::task::yield_now().await;
        child();
        if id < 0 {
            return Err(format!("no {id}"));
        }
        Ok(id + self.offset)
    }
}

#[tokio::test]
async fn methods_under_async_trait() {
    let store: Box<dyn Store + Send + Sync> = Box::new(Memory { offset: 5 });
    let (value, spans) = capture_async(async { store.get_twice(1).await }).await;
    assert_eq!(value, Ok(12));
    let outer = spans.named("get_twice");
    assert_eq!(spans.children(outer).map(|span| span.name.as_str()).collect::<Vec<_>>(), ["Memory::get"; 2]);
    let inner = spans.named("Memory::get");
    assert_eq!(inner.attribute("offset"), Some(&Value::I64(5)));
    assert_eq!(inner.attribute("value"), Some(&Value::I64(6)));
    assert_eq!(spans.children(inner).count(), 1);

    let (_, spans) = capture_async(async { store.get(-1).await }).await;
    assert_eq!(spans.named("Memory::get").status, Status::error("no -1"));
}

#[traced]
#[async_trait::async_trait]
impl Store for i64 {
    async fn get(&self, id: i64) -> Result<i64, String> {
        Ok(id + self)
    }
}

#[tokio::test]
async fn a_whole_implementation() {
    let (value, spans) = capture_async(Store::get(&1, 2)).await;
    assert_eq!(value, Ok(3));
    assert_eq!(spans.len(), 1);
}
