//! Row "module-wide" of the survey of peers. Not in tracing, fastrace, apollo-opentelemetry-macros, otel-instrument,
//! emit, opentelemetry-traceable, foundations, autometrics.

use traced::testing::capture_async;
use traced::traced;

#[traced(prefix = "books.", scope = "library")]
mod books {
    pub(super) struct Shelf;

    impl Shelf {
        pub(super) fn size(&self) -> i64 {
            two()
        }
    }

    pub(super) trait Counted {
        fn count(&self) -> i64 {
            1
        }
    }

    impl Counted for Shelf {}

    pub(super) mod inner {
        pub(in super::super) async fn deep() -> i64 {
            1
        }
    }

    #[cfg(not(test))]
    pub(super) fn shipped() {}

    #[traced(skip)]
    pub(super) mod off {
        pub(in super::super) fn quiet() {}
    }

    const fn two() -> i64 {
        2
    }

    #[test]
    fn tests_are_left_alone() {
        assert_eq!(two(), 2);
    }
}

#[tokio::test]
async fn every_function_of_a_module_its_impls_and_its_modules() {
    use books::Counted as _;
    let (_, spans) = capture_async(async {
        books::off::quiet();
        (books::Shelf.size(), books::Shelf.count(), books::inner::deep().await)
    })
    .await;
    let names: Vec<&str> = spans.iter().map(|span| span.name.as_str()).collect();
    assert_eq!(names, ["books.size", "books.count", "books.deep"]);
    assert!(spans.iter().all(|span| span.scope == "library"));
}
