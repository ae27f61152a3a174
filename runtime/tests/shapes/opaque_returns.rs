//! `impl Trait` at any depth.

use std::fmt::{Debug, Display};

use traced::testing::capture_async;
use traced::traced;

use crate::names;

#[traced]
fn opaque(n: i64) -> Result<impl Iterator<Item = impl Display + use<>> + Debug + use<>, String> {
    Ok((0..n).collect::<Vec<_>>().into_iter())
}

#[traced]
async fn opaque_async(text: &str) -> impl Display + '_ {
    text
}

#[tokio::test]
async fn opaque_types_at_any_depth() {
    let (text, spans) = capture_async(async {
        let numbers: Vec<String> = opaque(3).unwrap().map(|n| n.to_string()).collect();
        format!("{numbers:?} {}", opaque_async("text").await)
    })
    .await;
    assert_eq!(text, r#"["0", "1", "2"] text"#);
    assert_eq!(names(&spans), ["opaque", "opaque_async"]);
}
