//! Futures: recursion, `select!`, `join!`, tasks, async closures, streams, timeouts, blocks in blocks.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{Stream, StreamExt, TryStreamExt, stream};
use tokio::sync::{Mutex, mpsc, oneshot};
use traced::testing::capture_async;
use traced::traced;

#[traced(attrs(n))]
async fn boxed_recursion(n: u64) -> u64 {
    if n == 0 {
        return 0;
    }
    n + Box::pin(boxed_recursion(n - 1)).await
}

#[traced]
fn returned_recursion(n: u64) -> Pin<Box<dyn Future<Output = u64> + Send>> {
    Box::pin(async move { if n == 0 { 0 } else { n + returned_recursion(n - 1).await } })
}

#[traced]
async fn selects(mut numbers: mpsc::Receiver<i64>, mut stop: oneshot::Receiver<()>) -> (i64, &'static str) {
    let mut sum = 0;
    loop {
        tokio::select! {
            biased;
            number = numbers.recv() => match number {
                Some(number) if number < 0 => continue,
                Some(number) => sum += number,
                None => break (sum, "closed"),
            },
            _ = &mut stop => return (sum, "stopped"),
        }
    }
}

#[traced]
async fn joins(a: i64, b: i64) -> Result<(i64, i64), std::num::TryFromIntError> {
    let (a, b) = tokio::try_join!(async { u8::try_from(a) }, async { u8::try_from(b) })?;
    let (c, d) = tokio::join!(boxed_recursion(a.into()), async move { b });
    Ok((c as i64, d.into()))
}

#[traced]
async fn spawns(n: usize) -> Vec<usize> {
    let total = Arc::new(Mutex::new(0));
    let tasks: Vec<_> = (0..n)
        .map(|i| {
            let total = Arc::clone(&total);
            traced::spawn(async move {
                *total.lock().await += i;
                i * i
            })
        })
        .collect();
    let mut results = Vec::with_capacity(n);
    for task in tasks {
        results.push(task.await.expect("no panic"));
    }
    results.push(*total.lock().await);
    results
}

#[traced]
async fn async_closures<F>(mut each: F, times: i64) -> i64
where
    F: AsyncFnMut(i64) -> i64,
{
    let mut sum = 0;
    for i in 0..times {
        sum += each(i).await;
    }
    sum
}

#[traced]
async fn callback<'a>(
    text: &'a str,
    f: Box<dyn for<'x> FnOnce(&'x str) -> Pin<Box<dyn Future<Output = usize> + 'x>> + 'a>,
) -> usize {
    f(text).await
}

#[traced]
async fn times_out(limit: Duration) -> Result<(), tokio::time::error::Elapsed> {
    tokio::time::timeout(limit, std::future::pending()).await
}

#[traced]
fn pages<'a>(all: &'a [i64], size: usize) -> impl Stream<Item = Result<Vec<i64>, String>> + Send + 'a {
    stream::iter(all.chunks(size)).then(|page| async move {
        tokio::task::yield_now().await;
        if page.contains(&0) { Err("zero".to_owned()) } else { Ok(page.to_vec()) }
    })
}

#[traced]
fn unfolded(queue: VecDeque<i64>) -> Pin<Box<dyn Stream<Item = i64> + Send>> {
    stream::unfold(queue, |mut queue| async move { queue.pop_front().map(|n| (n, queue)) }).boxed()
}

#[traced]
async fn collects(all: &[i64]) -> Result<Vec<i64>, String> {
    let pages: Vec<_> = pages(all, 2).try_collect().await?;
    Ok(pages.concat())
}

#[traced]
async fn inner_blocks(n: i64) -> Option<i64> {
    let doubled = async { Some(n * 2) }.await?;
    let result: Result<i64, ()> = async {
        if doubled > 2 {
            Err(())?;
        }
        Ok(doubled)
    }
    .await;
    result.ok()
}

/// Conditional async blocks, boxed in their arms.
#[traced]
fn arms(fast: bool) -> Pin<Box<dyn Future<Output = &'static str> + Send>> {
    if fast { Box::pin(async { "fast" }) } else { Box::pin(async move { "slow" }) }
}

#[traced]
fn manual<'a>(text: &'a mut String) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>>
where
    Self_: Sized,
{
    let more = format!("{text}!");
    Box::pin(async move {
        *text = more;
    })
}

type Self_ = ();

#[traced]
async fn holds_not_send() -> usize {
    let shared = std::rc::Rc::new(std::cell::RefCell::new(vec![1]));
    let local = tokio::task::LocalSet::new();
    let clone = shared.clone();
    local
        .run_until(async move { tokio::task::spawn_local(async move { clone.borrow_mut().push(2) }).await.unwrap() })
        .await;
    shared.borrow().len()
}

#[traced]
async unsafe fn dangerous(pointer: *const i64) -> i64 {
    // SAFETY: the caller says that it points to a number.
    unsafe { pointer.read() }
}

/// Sent to another thread with all that it borrows.
#[traced(ok(|text| attrs(text = *text)), err(|e| attrs(error = e.0)))]
async fn borrows_everything<'a, 'b, T: Send>(
    a: &'a str,
    b: &'b mut Vec<T>,
    accepts: &(dyn Fn(&str) -> bool + Sync),
) -> Result<&'a str, Borrowing<'a>> {
    tokio::task::yield_now().await;
    b.clear();
    if accepts(a) { Ok(a) } else { Err(Borrowing(a)) }
}

#[derive(Debug)]
struct Borrowing<'a>(&'a str);

async fn uses_them(text: String) -> usize {
    let mut items = vec![1];
    let mut total = 0;
    for part in text.split(' ') {
        total += borrows_everything(part, &mut items, &|s| s.is_empty()).await.map_or(0, str::len);
    }
    let lengths: Vec<_> = stream::iter(text.split(' ').map(str::to_owned).collect::<Vec<_>>())
        .map(|part| async move { boxed_recursion(part.len() as u64).await })
        .buffered(2)
        .collect()
        .await;
    total + lengths.len()
}

#[traced]
#[tokio::main(flavor = "current_thread")]
async fn span_around_the_runtime() -> Result<(), std::io::Error> {
    traced::current().set_attribute("inside", &true);
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
#[traced]
async fn span_inside_the_runtime() -> Result<(), std::io::Error> {
    traced::current().set_attribute("inside", &true);
    Ok(())
}

#[test]
fn tokio_main_in_both_orders() {
    let (_, spans) = traced::testing::capture(|| (span_around_the_runtime(), span_inside_the_runtime()));
    let names: Vec<_> = spans.iter().map(|span| (&*span.name, span.attribute("inside").is_some())).collect();
    assert_eq!(names, [("span_around_the_runtime", true), ("span_inside_the_runtime", true)]);
}

#[traced]
async fn blocking(n: u64) -> u64 {
    traced::spawn_blocking(move || (1..=n).product()).await.unwrap_or_default()
}

#[tokio::test]
async fn concurrency() {
    let (_, spans) = capture_async(async {
        assert_eq!(boxed_recursion(3).await, 6);
        assert_eq!(returned_recursion(3).await, 6);
        let (sender, receiver) = mpsc::channel(4);
        let (_stop, stopped) = oneshot::channel();
        for n in [1, -1, 2] {
            sender.send(n).await.unwrap();
        }
        drop(sender);
        assert_eq!(selects(receiver, stopped).await, (3, "closed"));
        assert_eq!(joins(2, 3).await, Ok((3, 3)));
        assert!(joins(-1, 3).await.is_err());
        assert_eq!(spawns(3).await, [0, 1, 4, 3]);
        let mut seen = Vec::new();
        let each = async |i| {
            seen.push(i);
            i
        };
        assert_eq!(async_closures(each, 3).await, 3);
        assert_eq!(seen, [0, 1, 2]);
        assert_eq!(callback("abc", Box::new(|text| Box::pin(async move { text.len() }))).await, 3);
        assert!(times_out(Duration::from_millis(1)).await.is_err());
        assert_eq!(collects(&[1, 2, 3]).await, Ok(vec![1, 2, 3]));
        assert_eq!(collects(&[1, 2, 0]).await, Err("zero".to_owned()));
        assert_eq!(unfolded([1, 2].into()).collect::<Vec<_>>().await, [1, 2]);
        assert_eq!(inner_blocks(1).await, Some(2));
        assert_eq!(inner_blocks(2).await, None);
        assert_eq!((arms(true).await, arms(false).await), ("fast", "slow"));
        let mut text = "a".to_owned();
        manual(&mut text).await;
        assert_eq!(text, "a!");
        assert_eq!(holds_not_send().await, 2);
        // SAFETY: it points to a number.
        assert_eq!(unsafe { dangerous(&1) }.await, 1);
        assert_eq!(blocking(4).await, 24);
        assert_eq!(traced::spawn(uses_them("a b".to_owned())).await.unwrap(), 2);
    })
    .await;
    assert_eq!(spans.iter().filter(|span| span.name == "boxed_recursion").count(), 4 + 3 + 4);
    assert_eq!(spans.iter().filter(|span| span.name == "pages").count(), 2);
    assert_eq!(spans.named("times_out").attribute("error.type").unwrap().as_str(), "tokio::time::error::Elapsed");
}
