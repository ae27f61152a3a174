//! `&mut` comes out beside clauses that look at it.

use opentelemetry::Value;
use opentelemetry::trace::Status;
use traced::testing::{capture, capture_async};
use traced::traced;

#[traced(ret(|slot| attrs(slot = **slot)))]
fn borrowed_mutably(slots: &mut [i64], index: usize) -> &mut i64 {
    &mut slots[index]
}

#[test]
fn a_mutable_borrow_goes_through_with_clauses_that_see_it() {
    let mut slots = [1, 2, 3];
    let ((), spans) = capture(|| *borrowed_mutably(&mut slots, 1) += 10);
    assert_eq!(slots, [1, 12, 3]);
    assert_eq!(spans.named("borrowed_mutably").attribute("slot"), Some(&Value::I64(2)));
}

struct Counter(i64);

impl Counter {
    #[traced(ok(|n| attrs(n = **n), event("found")), err(|e| event("missing", why = e), type = "missing"))]
    fn checked(&mut self, least: i64) -> Result<&mut i64, String> {
        if self.0 < least {
            return Err(format!("less than {least}"));
        }
        Ok(&mut self.0)
    }

    #[traced(some(|n| attrs(n = **n)), none(status = error("zero")))]
    async fn not_zero(&mut self) -> Option<&mut i64> {
        Some(&mut self.0).filter(|n| **n != 0)
    }
}

#[tokio::test]
async fn outcomes_of_a_mutable_borrow() {
    let mut counter = Counter(1);
    let (_, spans) = capture_async(async {
        *counter.checked(1).unwrap() += 1;
        counter.checked(5).unwrap_err();
        *counter.not_zero().await.unwrap() = 0;
        counter.not_zero().await.is_none()
    })
    .await;
    assert_eq!(spans[0].attribute("n"), Some(&Value::I64(1)));
    assert_eq!(spans[1].attribute("error.type"), Some(&"missing".into()));
    assert_eq!(spans[2].attribute("n"), Some(&Value::I64(2)));
    assert_eq!(spans[3].status, Status::error("zero"));
}
