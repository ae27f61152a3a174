//! One module for each shape of function: its span begins and ends where it should, and the function is what it was.
//!
//! Shapes that are shown elsewhere: the order in which arguments drop, before the span ends, in `tests/arguments.rs`;
//! `#[track_caller]`, which can't survive, in `tests/ui/fail/track_caller_is_lost.rs`.

#![allow(clippy::unused_async)]

mod async_block;
mod async_fn_in_traits;
mod async_trait;
mod asynchronous;
mod attribute_order;
mod auto_traits;
mod boxed_futures;
mod callbacks;
mod cfg_on_parameters;
mod companions;
mod conditional_attributes;
mod delegated_futures;
mod ends_in_return;
mod extern_functions;
mod generics;
mod inner_attributes;
mod mutable_returns;
mod never_returns;
mod not_send;
mod opaque_returns;
mod patterns;
mod receivers;
mod recursion;
mod streams;
mod synchronous;
mod tail_temporaries;
mod unsafe_functions;
mod unsized_arguments;

use traced::testing::Spans;
use traced::traced;

fn names(spans: &Spans) -> Vec<&str> {
    spans.iter().map(|span| span.name.as_str()).collect()
}

#[traced]
fn child() {}

struct Memory {
    offset: i64,
}

#[traced(attrs(n = n))]
fn bare(n: i64) -> impl Future<Output = Result<i64, String>> + Send {
    async move {
        tokio::task::yield_now().await;
        child();
        Ok(n)
    }
}
