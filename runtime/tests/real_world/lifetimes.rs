//! Lifetimes: bounds between them, for all of them, hidden ones, those of what is returned.

use std::borrow::Cow;
use std::cell::RefCell;
use std::sync::{Mutex, MutexGuard};

use traced::testing::capture_async;
use traced::traced;

#[traced]
fn outlives<'a: 'b, 'b>(long: &'a str, short: &'b str) -> &'b str {
    if long.len() > short.len() { long } else { short }
}

#[traced]
fn for_all<F>(each: F) -> usize
where
    F: for<'x> Fn(&'x str) -> &'x str,
{
    each("abc").len()
}

#[traced]
fn for_all_objects(each: &dyn for<'x, 'y> Fn(&'x str, &'y str) -> &'x str) -> String {
    each("a", "b").to_owned()
}

#[traced]
fn pointer(f: for<'x> fn(&'x [u8]) -> &'x [u8], bytes: &[u8]) -> &[u8] {
    f(bytes)
}

#[traced(attrs(len = words.len()))]
fn slices<'w>([first, rest @ ..]: &[&'w str; 3], words: &[&'w str]) -> Option<&'w str> {
    let [head, .., last] = words else { return rest.first().copied() };
    Some(if first == head { last } else { head })
}

#[traced]
fn references(&(a, ref b): &(i64, String), &mut ref mut c: &mut i64, d: i64) -> i64 {
    *c += d;
    a + *c + b.len() as i64
}

#[traced]
fn lock(mutex: &Mutex<Vec<i64>>) -> MutexGuard<'_, Vec<i64>> {
    mutex.lock().unwrap()
}

#[traced]
fn tail_borrows(cell: &RefCell<Vec<i64>>) -> i64 {
    cell.borrow().iter().sum()
}

#[traced]
fn cow<'a>(text: &'a str) -> Cow<'a, str> {
    match text.find(' ') {
        Some(_) => text.replace(' ', "_").into(),
        None => text.into(),
    }
}

#[traced]
fn split<'t>(text: &'t str, separators: &[char]) -> impl DoubleEndedIterator<Item = &'t str> + use<'t> {
    let parts: Vec<&'t str> = text.split(separators).collect();
    parts.into_iter()
}

#[traced]
async fn borrowed_both<'a, 'b>(a: &'a str, b: &'b mut String) -> (&'a str, &'b mut String) {
    b.push_str(a);
    tokio::task::yield_now().await;
    (a, b)
}

#[traced]
async fn iterator_later<'a>(items: &'a [i64], by: i64) -> impl Iterator<Item = i64> + 'a {
    items.iter().map(move |n| n * by)
}

struct Tokens<'s> {
    rest: &'s str,
}

impl<'s> Iterator for Tokens<'s> {
    type Item = &'s str;

    #[traced]
    fn next(&mut self) -> Option<Self::Item> {
        let (head, tail) = self.rest.split_once(' ').unwrap_or((self.rest, ""));
        if head.is_empty() {
            return None;
        }
        self.rest = tail;
        Some(head)
    }
}

#[traced]
fn closure_that_borrows<'f>(log: &'f mut Vec<String>) -> impl FnMut(&str) + 'f {
    |line| log.push(line.to_owned())
}

#[traced]
fn static_str() -> &'static [&'static str] {
    &["a", "b"]
}

#[traced]
fn anonymous<'a>(_: &str, _: &'a str) -> Option<&'a str>
where
{
    None
}

#[tokio::test]
async fn lifetimes() {
    let (_, spans) = capture_async(async {
        assert_eq!(outlives("abc", "d"), "abc");
        assert_eq!(for_all(|text| &text[1..]), 2);
        assert_eq!(for_all_objects(&|a, _| a), "a");
        assert_eq!(pointer(|bytes| &bytes[1..], b"abc"), b"bc");
        assert_eq!(slices(&["a", "b", "c"], &["a", "z"]), Some("z"));
        assert_eq!(lock(&Mutex::new(vec![1])).len(), 1);
        assert_eq!(tail_borrows(&RefCell::new(vec![1, 2])), 3);
        assert_eq!(cow("a b"), "a_b");
        assert_eq!(split("a,b", &[',']).rev().collect::<String>(), "ba");
        let mut text = String::new();
        borrowed_both("x", &mut text).await.1.push('y');
        assert_eq!(text, "xy");
        assert_eq!(iterator_later(&[1, 2], 3).await.sum::<i64>(), 9);
        assert_eq!(Tokens { rest: "a b" }.collect::<Vec<_>>(), ["a", "b"]);
        let mut log = Vec::new();
        closure_that_borrows(&mut log)("line");
        assert_eq!(log, ["line"]);
        assert_eq!(static_str().len(), 2);
        assert_eq!(anonymous("a", "b"), None);
        let mut n = 1;
        assert_eq!(references(&(1, "ab".into()), &mut n, 2), 6);
        assert_eq!(n, 3);
    })
    .await;
    assert_eq!(spans.iter().filter(|span| span.name == "next").count(), 3);
    assert_eq!(spans.len(), 18);
}
