//! Row "returns &mut + err" of the survey of peers. Not in tracing, apollo-opentelemetry-macros, emit.

use std::pin::Pin;

use opentelemetry::trace::Status;
use traced::testing::capture_async;
use traced::traced;

struct Slots(Vec<i64>);

impl Slots {
    #[traced(err(|e| event("missing", message = e)))]
    fn get_mut(&mut self, i: usize) -> Result<&mut i64, String> {
        self.0.get_mut(i).ok_or_else(|| format!("no {i}"))
    }

    #[traced(ok(|slot| attrs(slot = **slot)))]
    async fn get_mut_async(&mut self, i: usize) -> Result<&mut i64, String> {
        self.0.get_mut(i).ok_or_else(|| format!("no {i}"))
    }

    #[traced]
    fn pinned(self: Pin<&mut Self>) -> &mut i64 {
        &mut self.get_mut().0[0]
    }
}

#[tokio::test]
async fn a_mutable_borrow_comes_out_beside_clauses_that_look_at_it() {
    let mut slots = Slots(vec![1]);
    let ((), spans) = capture_async(async {
        *slots.get_mut(0).unwrap() += 1;
        *slots.get_mut_async(0).await.unwrap() += 1;
        *Pin::new(&mut slots).pinned() += 1;
        slots.get_mut(9).unwrap_err();
    })
    .await;
    assert_eq!(slots.0, [4]);
    assert_eq!(spans[1].attribute("slot"), Some(&2.into()));
    assert_eq!(spans[3].status, Status::error("no 9"));
}
