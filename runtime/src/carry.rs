//! Taking the current context along to where it would be lost: other threads and tasks.

use opentelemetry::Context;

/// `closure`, made to run in the context that is current now, wherever it is called.
///
/// ```
/// # let (_, spans) = traced::testing::capture(|| {
/// #[traced::traced]
/// fn parent() {
///     std::thread::spawn(traced::carry(child)).join().unwrap();
/// }
///
/// #[traced::traced]
/// fn child() {}
/// # parent();
/// # });
/// # assert_eq!(spans.named("child").parent_span_id, spans.named("parent").span_id());
/// ```
pub fn carry<T>(closure: impl FnOnce() -> T) -> impl FnOnce() -> T {
    let context = Context::current();
    move || {
        let _attached = context.attach();
        closure()
    }
}

/// [`tokio::spawn`], with the context that is current now.
///
/// ```
/// # let rt = tokio::runtime::Builder::new_current_thread().build().unwrap();
/// # let (_, spans) = rt.block_on(traced::testing::capture_async(async {
/// #[traced::traced]
/// async fn parent() {
///     let task = traced::spawn(child());
///     task.await.unwrap();
/// }
///
/// #[traced::traced]
/// async fn child() {}
/// # parent().await;
/// # }));
/// # assert_eq!(spans.named("child").parent_span_id, spans.named("parent").span_id());
/// ```
///
/// # Panics
///
/// If called outside of a tokio runtime.
#[cfg(feature = "tokio")]
#[track_caller]
pub fn spawn<F>(future: F) -> tokio::task::JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    use opentelemetry::trace::FutureExt;
    tokio::spawn(future.with_current_context())
}

/// [`tokio::task::spawn_blocking`], with the context that is current now.
///
/// ```
/// # let rt = tokio::runtime::Builder::new_current_thread().build().unwrap();
/// # let (_, spans) = rt.block_on(traced::testing::capture_async(async {
/// #[traced::traced]
/// async fn parent() -> u64 {
///     traced::spawn_blocking(|| child(4)).await.unwrap()
/// }
///
/// #[traced::traced]
/// fn child(n: u64) -> u64 {
///     (1..=n).product()
/// }
/// # parent().await
/// # }));
/// # assert_eq!(spans.named("child").parent_span_id, spans.named("parent").span_id());
/// ```
///
/// # Panics
///
/// If called outside of a tokio runtime.
#[cfg(feature = "tokio")]
#[track_caller]
pub fn spawn_blocking<T: Send + 'static>(closure: impl FnOnce() -> T + Send + 'static) -> tokio::task::JoinHandle<T> {
    tokio::task::spawn_blocking(carry(closure))
}
