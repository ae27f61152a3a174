//! What a return type coerces and infers in a body: boxes, closures, slices, numbers, errors.

use std::collections::HashMap;
use std::convert::Infallible;
use std::fmt::Display;
use std::process::ExitCode;
use std::sync::Mutex;

use futures_util::{Stream, StreamExt, stream};
use traced::testing::capture_async;
use traced::traced;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

#[traced]
fn boxes(n: i64) -> Result<Vec<Box<dyn Display>>, BoxError> {
    if n < 0 {
        Err("negative")?;
    }
    Ok(vec![Box::new(n), Box::new("text")])
}

#[traced]
async fn boxed_closure() -> Box<dyn Fn(&str) -> usize> {
    Box::new(|s| s.len())
}

#[traced]
fn future_of_a_boxed_closure() -> impl Future<Output = Box<dyn Fn(&str) -> usize>> {
    async move { Box::new(|s: &str| s.len()) as Box<dyn Fn(&str) -> usize> }
}

#[traced]
fn future_of_a_boxed_error(n: i64) -> impl Future<Output = Result<i64, BoxError>> {
    async move {
        if n < 0 {
            return Err("negative".into());
        }
        Ok(n)
    }
}

#[traced]
fn future_of_an_opaque_type(n: i64) -> impl Future<Output = impl Display> {
    async move { n }
}

#[traced]
fn result_of_a_future(n: i64) -> Result<impl Future<Output = i64>, String> {
    Ok(async move { n })
}

#[traced]
async fn future_argument<T>(future: impl Future<Output = T>) -> T {
    future.await
}

#[traced]
async fn stream_argument<T>(stream: &mut (dyn Stream<Item = T> + Unpin)) -> Option<T> {
    stream.next().await
}

#[traced]
fn never_well() -> Result<Infallible, String> {
    Err("always".to_owned())
}

#[traced]
#[allow(dead_code)]
fn unfinished() -> Result<i64, String> {
    todo!()
}

#[traced]
#[allow(dead_code)]
async fn unfinished_async() -> Result<i64, String> {
    todo!()
}

#[traced]
async fn breaks_with(mut n: i64) -> i64 {
    loop {
        if n > 3 {
            break n;
        }
        n += 1;
    }
}

#[traced]
fn returned_closure<T: Clone + 'static>(value: T) -> impl Fn() -> T {
    move || value.clone()
}

struct Shelf<T>(Vec<T>);

#[traced]
impl<T: Clone> Shelf<T> {
    /// What is expected of the closure is known inside of the span, too.
    fn chooser<'s, K: PartialEq>(
        &'s self,
        key: impl Fn(&T) -> K + 's,
    ) -> impl for<'k> Fn(&'k K, &mut usize) -> Option<&'s T> {
        move |wanted, seen| {
            *seen += 1;
            self.0.iter().find(|item| key(item) == *wanted)
        }
    }

    fn longer_than(self, n: usize) -> impl FnMut(&str) -> Box<dyn Iterator<Item = T>>
    where
        T: 'static,
    {
        let mut rest = self.0;
        move |text| if text.len() > n { Box::new(rest.split_off(0).into_iter()) } else { Box::new(std::iter::empty()) }
    }
}

#[traced]
fn first_word() -> impl Fn(&str) -> &str {
    |text| text.split(' ').next().unwrap_or_default()
}

#[traced]
fn if_let_tail(items: Option<&mut Vec<i64>>) -> Option<&mut i64> {
    if let Some(items) = items { items.first_mut() } else { None }
}

#[traced]
fn get_or_insert(map: &mut HashMap<i64, String>, key: i64) -> &mut String {
    if map.contains_key(&key) {
        return map.get_mut(&key).unwrap();
    }
    map.entry(key).or_default()
}

#[traced]
fn guard_in_a_condition(mutex: &Mutex<Vec<i64>>) -> Option<i64> {
    if let Some(n) = mutex.lock().unwrap().pop() { Some(n) } else { mutex.lock().unwrap().first().copied() }
}

#[traced]
fn either_borrow<'a>(first: Option<&'a String>, second: &'a str) -> &'a str {
    match first {
        Some(first) => first,
        None => second,
    }
}

#[traced]
#[allow(clippy::ptr_arg)]
fn by_deref(text: &String) -> &str {
    text
}

#[traced]
#[allow(clippy::ptr_arg)]
async fn by_deref_async(text: &String) -> &str {
    text
}

#[traced]
fn array_to_slice(array: &[i64; 3]) -> &[i64] {
    array
}

#[traced]
fn function_pointer() -> fn(i64) -> i64 {
    |n| n + 1
}

#[traced]
async fn function_pointer_async() -> fn(i64) -> i64 {
    |n| n + 1
}

#[traced]
fn object(value: &i64) -> &dyn Display {
    value
}

#[traced]
fn parsed() -> u8 {
    "7".parse().unwrap()
}

#[traced]
fn converted(n: u8) -> Result<i64, BoxError> {
    Ok(n.into())
}

#[traced]
async fn converted_async(n: u64) -> Result<i64, BoxError> {
    Ok(u16::try_from(n)?.into())
}

#[traced]
fn defaults() -> (Vec<i64>, Option<String>) {
    Default::default()
}

#[traced]
fn exit_code() -> ExitCode {
    ExitCode::SUCCESS
}

#[traced(attrs(
    doubled = {
        let m = n * 2;
        m
    },
    size = if n > 1 { "big" } else { "small" },
    matched = match n {
        0 => None,
        n => Some(n),
    },
    listed = (0..n).collect::<Vec<i64>>(),
))]
fn block_values(n: i64) {}

#[tokio::test]
async fn coercions() {
    let (_, spans) = capture_async(async {
        assert_eq!(boxes(1).unwrap().len(), 2);
        assert_eq!(boxed_closure().await("abc"), 3);
        assert_eq!(future_of_a_boxed_closure().await("abc"), 3);
        assert!(future_of_a_boxed_error(-1).await.is_err());
        assert_eq!(future_of_an_opaque_type(1).await.to_string(), "1");
        assert_eq!(result_of_a_future(1).unwrap().await, 1);
        assert_eq!(future_argument(async { 1 }).await, 1);
        assert_eq!(stream_argument(&mut stream::iter([1])).await, Some(1));
        assert!(never_well().is_err());
        assert_eq!(breaks_with(1).await, 4);
        assert_eq!(returned_closure(1)(), 1);
        let mut seen = 0;
        assert_eq!(Shelf(vec!["a", "bc"]).chooser(|item| item.len())(&2, &mut seen), Some(&"bc"));
        assert_eq!(Shelf(vec![1, 2]).longer_than(1)("ab").count(), 2);
        assert_eq!(first_word()("a b"), "a");
        assert_eq!(if_let_tail(None), None);
        get_or_insert(&mut HashMap::new(), 1).push('x');
        assert_eq!(guard_in_a_condition(&vec![1].into()), Some(1));
        assert_eq!(either_borrow(None, by_deref(&"a".to_owned())), "a");
        assert_eq!(by_deref_async(&"a".to_owned()).await, "a");
        assert_eq!(array_to_slice(&[1, 2, 3]).len(), 3);
        assert_eq!(function_pointer()(1) + function_pointer_async().await(1), 4);
        assert_eq!(object(&1).to_string(), "1");
        assert_eq!(parsed(), 7);
        assert_eq!(converted(1).unwrap(), 1);
        assert!(converted_async(70_000).await.is_err());
        assert_eq!(defaults(), (vec![], None));
        assert_eq!(exit_code(), ExitCode::SUCCESS);
        block_values(2);
    })
    .await;
    assert_eq!(spans.named("future_of_a_boxed_error").attribute("error.type").unwrap().as_str(), "_OTHER");
    let values = spans.named("block_values");
    assert_eq!(values.attribute("doubled"), Some(&4.into()));
    assert_eq!(values.attribute("size"), Some(&"big".into()));
    assert_eq!(values.attribute("matched"), Some(&2.into()));
}
