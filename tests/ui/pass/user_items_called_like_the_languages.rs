//! <https://github.com/tokio-rs/tracing/issues/2719>: names that generated code must not trip over.
#![deny(warnings)]
#![allow(dead_code, non_camel_case_types, unused_macros)]

use traced::traced;

mod std {}
mod core {}
mod alloc {}
mod traced_macros {}
struct Option;
struct Some;
struct Result;
struct Ok;
struct Err;
struct String;
struct Box;
struct Vec;
struct Drop;
struct Fn;
struct FnOnce;
struct Future;
type str = i64;
type bool = i64;
fn drop() {}
macro_rules! module_path { () => { compile_error!("the user's own") }; }
macro_rules! line { () => { compile_error!("the user's own") }; }
macro_rules! file { () => { compile_error!("the user's own") }; }
macro_rules! concat { () => { compile_error!("the user's own") }; }

type Answer = ::core::result::Result<::core::option::Option<i64>, i64>;

#[traced(
    code,
    attrs(n = n),
    ret(|_| event("ret")),
    ok(|v| attrs(some = v.is_some())),
    err(|e| attrs(e = *e), type = "kind", expected(1..=2)),
    some(|v| attrs(v = *v)),
    none(status = error("none"))
)]
fn sync(n: i64) -> Answer {
    ::core::result::Result::Ok(::core::option::Option::Some(n))
}

#[traced(if = n == 1, name = "dynamic", parent = ::core::option::Option::None::<&traced::opentelemetry::Context>)]
async fn asynchronous(n: i64) -> Answer {
    ::core::result::Result::Err(n)
}

#[derive(traced::ErrorType)]
enum Kind {
    A,
}

#[derive(traced::Attributes)]
struct Page {
    skip: i64,
}

fn main() {
    let _ = sync(1);
    let _ = asynchronous(1);
    traced::event!("event", n = 1);
    let _span = traced::span!("span", n = 1);
}
