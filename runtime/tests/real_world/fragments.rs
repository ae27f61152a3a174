//! What other macros hand over: whole items, and fragments of every sort.

use traced::testing::capture_async;
use traced::traced;

macro_rules! item {
    ($item:item) => {
        #[traced]
        $item
    };
}

item! {
    fn one(n: i64) -> i64 {
        n
    }
}

item! {
    async fn one_async(n: i64) -> i64 {
        n
    }
}

struct Number(i64);

item! {
    impl Number {
        fn method(&self) -> i64 {
            self.0
        }
    }
}

macro_rules! function {
    (
        $(#[$meta:meta])* $vis:vis fn $name:ident<$lifetime:lifetime>($pattern:pat => $type:ty) -> $returned:ty,
        $value:expr, $literal:literal, $kind:ident, $outer:path, $statement:stmt
    ) => {
        $(#[$meta])*
        #[traced(name = $literal, kind = $kind, attrs(value = $value, own), args(own), crate = $outer)]
        $vis fn $name<$lifetime>($pattern: $type, own: &$lifetime i64) -> $returned {
            $statement
            let local = *own;
            local + $value
        }
    };
}

function! {
    /// Documented.
    #[must_use]
    pub(super) fn all_sorts<'z>((_a, _b) => (i64, i64)) -> i64, 1 + 2, "all sorts", client, ::traced, let _ = _a
}

#[tokio::test]
async fn fragments() {
    let (_, spans) = capture_async(async {
        assert_eq!(one(1) + one_async(1).await + Number(1).method(), 3);
        assert_eq!(all_sorts((1, 2), &1), 4);
    })
    .await;
    assert_eq!(spans.len(), 4);
    assert_eq!(spans.named("all sorts").attribute("value"), Some(&3.into()));
    assert_eq!(spans.named("all sorts").attribute("own"), Some(&1.into()));
}
