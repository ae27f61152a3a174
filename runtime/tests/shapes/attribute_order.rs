//! Above and below `#[test]`, `#[tokio::test]`, `#[tokio::main]` and `#[async_trait]`.

use traced::testing::capture_async;
use traced::traced;

use crate::names;

#[traced]
#[test]
fn above_a_test() {
    assert!(!traced::current().is_recording(), "nobody records here");
}

#[test]
#[traced]
fn below_a_test() {}

#[traced]
#[test]
#[should_panic(expected = "as it should")]
fn above_a_test_that_panics() {
    panic!("as it should");
}

#[test]
#[traced]
fn below_a_test_with_a_result() -> Result<(), String> {
    Ok(())
}

#[traced]
#[tokio::test]
async fn above_a_test_of_tokio() -> Result<(), String> {
    tokio::task::yield_now().await;
    Ok(())
}

#[tokio::test]
#[traced]
async fn below_a_test_of_tokio() {
    tokio::task::yield_now().await;
}

#[traced]
#[tokio::main(flavor = "current_thread")]
async fn above_main() -> Result<(), String> {
    traced::current().set_attribute("inside", &true);
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
#[traced]
async fn below_main() -> Result<(), String> {
    traced::current().set_attribute("inside", &true);
    Ok(())
}

#[test]
fn main_of_tokio() {
    let (_, spans) = traced::testing::capture(|| (above_main(), below_main()));
    assert_eq!(names(&spans), ["above_main", "below_main"]);
    assert!(spans.iter().all(|span| span.attribute("inside").is_some()));
}

#[async_trait::async_trait]
trait Load {
    async fn load(&self) -> i64;
}

struct Above;
struct Below;
struct Inside;

#[traced]
#[async_trait::async_trait]
impl Load for Above {
    async fn load(&self) -> i64 {
        1
    }
}

#[async_trait::async_trait]
#[traced]
impl Load for Below {
    async fn load(&self) -> i64 {
        1
    }
}

#[async_trait::async_trait]
impl Load for Inside {
    #[traced]
    async fn load(&self) -> i64 {
        1
    }
}

#[tokio::test]
async fn async_trait_above_below_and_around() {
    for load in [&Above as &(dyn Load + Sync), &Below, &Inside] {
        let (_, spans) = capture_async(async { load.load().await }).await;
        assert_eq!(names(&spans), ["load"]);
    }
}
