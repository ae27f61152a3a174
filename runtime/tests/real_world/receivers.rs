//! Receivers and patterns in arguments.

use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;

use traced::testing::capture_async;
use traced::traced;

struct Counter(i64);

#[traced]
impl Counter {
    fn by_shared(self: &Arc<Self>) -> i64 {
        self.0
    }

    fn by_rc(self: Rc<Self>) -> i64 {
        self.0
    }

    fn by_mutable_box(mut self: Box<Self>) -> i64 {
        self.0 += 1;
        self.0
    }

    async fn pinned(self: Pin<&mut Self>) -> i64 {
        self.0
    }

    async fn by_mutable_value(mut self) -> Self {
        self.0 += 1;
        self
    }

    async fn borrowed_mutably(&mut self) -> Option<&mut i64> {
        Some(&mut self.0)
    }

    #[traced(attrs(before = self.0))]
    fn replaced(&mut self, n: i64) -> i64 {
        let Self(inner) = self;
        std::mem::replace(inner, n)
    }

    fn taken_apart(self) -> i64 {
        let Self(n) = self;
        n
    }

    fn in_a_closure(&mut self) -> i64 {
        let mut add = |n| {
            self.0 += n;
            self.0
        };
        add(1);
        add(2)
    }
}

#[traced]
fn by_reference(ref a: String, ref mut b: String, &c: &i64, d @ (e, _): (i64, i64), (): ()) -> usize {
    b.push('x');
    a.len() + b.len() + usize::try_from(c + d.0 + e).unwrap_or(0)
}

#[traced]
async fn by_reference_async(&(ref a, b): &(String, i64)) -> usize {
    a.len() + usize::try_from(b).unwrap_or(0)
}

#[derive(Debug)]
struct Unit;

/// The pattern is the unit struct, and binds nothing.
#[traced(args)]
fn unit_struct(Unit: Unit, n: i64) -> i64 {
    n
}

struct Service;

trait HasFuture {
    type Future;
}

impl HasFuture for Service {
    type Future = Pin<Box<dyn Future<Output = Result<i64, String>> + Send>>;
}

impl Service {
    #[traced(future, attrs(n))]
    fn call(&mut self, n: i64) -> <Self as HasFuture>::Future {
        Box::pin(async move { Ok(n) })
    }
}

unsafe trait Trusted {
    fn get(&self) -> i64;
}

// SAFETY: nothing relies on it.
#[traced]
unsafe impl Trusted for Counter {
    fn get(&self) -> i64 {
        self.0
    }
}

#[tokio::test]
async fn receivers() {
    let (_, spans) = capture_async(async {
        assert_eq!(Arc::new(Counter(1)).by_shared(), 1);
        assert_eq!(Rc::new(Counter(1)).by_rc(), 1);
        assert_eq!(Box::new(Counter(1)).by_mutable_box(), 2);
        assert_eq!(Pin::new(&mut Counter(1)).pinned().await, 1);
        assert_eq!(Counter(1).by_mutable_value().await.taken_apart(), 2);
        assert_eq!(Counter(1).borrowed_mutably().await, Some(&mut 1));
        assert_eq!(Counter(1).replaced(2), 1);
        assert_eq!(Counter(1).in_a_closure(), 4);
        assert_eq!(by_reference("a".into(), "b".into(), &1, (3, 4), ()), 1 + 2 + 1 + 3 + 3);
        assert_eq!(by_reference_async(&("a".into(), 1)).await, 2);
        assert_eq!(unit_struct(Unit, 1), 1);
        assert_eq!(Service.call(1).await, Ok(1));
        assert_eq!(Counter(1).get(), 1);
    })
    .await;
    assert_eq!(spans.len(), 14);
    assert_eq!(spans.named("replaced").attribute("before"), Some(&1.into()));
}
