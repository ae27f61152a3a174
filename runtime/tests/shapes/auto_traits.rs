//! The signature's type and its auto traits are those that the function had without the attribute.

use std::cell::Cell;
use std::marker::PhantomData;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::rc::Rc;

use futures_util::{Stream, stream};
use traced::traced;

/// The same functions twice: as they are, and annotated in every way that puts something around them.
macro_rules! twice {
    ($($(#[$attribute:meta])* fn $name:ident($($parameter:ident: $type:ty),*) -> $returned:ty { $($body:tt)* })*) => {
        mod plain {
            use super::*;
            $(pub(super) fn $name($($parameter: $type),*) -> $returned { $($body)* })*
        }
        mod annotated {
            use super::*;
            $($(#[$attribute])* pub(super) fn $name($($parameter: $type),*) -> $returned { $($body)* })*
        }
    };
}

async fn nothing<T>(_: T) {}

twice! {
    #[traced(attrs(n))]
    fn block(n: i64) -> impl Future<Output = Result<i64, String>> { async move { Ok(n) } }
    #[traced(future, ok(|m| attrs(n, m = *m)))]
    fn delegated(n: i64) -> impl Future<Output = Result<i64, String>> { std::future::ready(Ok(n)) }
    #[traced(current, ok(|m| attrs(n, m = *m)))]
    fn enriching(n: i64) -> impl Future<Output = Result<i64, String>> { async move { Ok(n) } }
    #[traced(metrics(n))]
    fn measured(n: i64) -> impl Future<Output = Result<i64, String>> { async move { Ok(n) } }
    #[traced(root)]
    fn unpinned(n: i64) -> impl Future<Output = i64> { std::future::ready(n) }
    #[traced]
    fn holds_a_cell(n: i64) -> impl Future<Output = ()> { nothing(Cell::new(n)) }
    #[traced]
    fn holds_an_rc(n: i64) -> impl Future<Output = ()> { nothing(Rc::new(n)) }
    #[traced]
    fn holds_a_mutable_borrow(n: &mut i64) -> impl Future<Output = ()> { nothing(n) }
    #[traced(stream)]
    fn items(n: i64) -> impl Stream<Item = i64> { stream::iter(0..n) }
    #[traced]
    fn items_of_rc(n: Rc<i64>) -> impl Stream<Item = Rc<i64>> { stream::iter([n]) }
}

/// Tells which auto traits `T` has: an inherent method, which is there if its bound holds, goes before one of a trait.
struct Probe<T>(PhantomData<fn() -> T>);

macro_rules! probes {
    ($($method:ident: $name:ident;)*) => {
        trait Lacks {
            $(fn $method(&self) -> bool {
                false
            })*
        }

        impl<T> Lacks for Probe<T> {}

        $(impl<T: $name> Probe<T> {
            fn $method(&self) -> bool {
                true
            }
        })*
    };
}

probes! {
    is_send: Send;
    is_sync: Sync;
    is_unpin: Unpin;
    is_unwind_safe: UnwindSafe;
    is_ref_unwind_safe: RefUnwindSafe;
}

fn probe<T>(_: &T) -> Probe<T> {
    Probe(PhantomData)
}

macro_rules! auto_traits {
    ($value:expr) => {{
        let value = $value;
        let probe = probe(&value);
        [probe.is_send(), probe.is_sync(), probe.is_unpin(), probe.is_unwind_safe(), probe.is_ref_unwind_safe()]
    }};
}

macro_rules! same {
    ($($name:ident($argument:expr);)*) => {$(
        assert_eq!(auto_traits!(annotated::$name($argument)), auto_traits!(plain::$name($argument)), stringify!($name));
    )*};
}

#[test]
fn what_is_returned_has_the_auto_traits_that_it_had() {
    same! {
        block(1);
        delegated(1);
        enriching(1);
        measured(1);
        unpinned(1);
        holds_a_cell(1);
        holds_an_rc(1);
        holds_a_mutable_borrow(Box::leak(Box::new(1)));
        items(1);
        items_of_rc(Rc::new(1));
    }
    assert_eq!(auto_traits!(plain::unpinned(1)), [true; 5], "the probes tell traits that are there");
    assert_eq!(auto_traits!(plain::holds_an_rc(1))[..2], [false, false], "and those that are not");
}

macro_rules! same_async {
    ($($(#[$attribute:meta])* $name:ident($argument:ident: $type:ty = $value:expr) -> $returned:ty $body:block)*) => {$({
        async fn plain($argument: $type) -> $returned $body
        $(#[$attribute])*
        async fn annotated($argument: $type) -> $returned $body
        assert_eq!(auto_traits!(annotated($value)), auto_traits!(plain($value)), stringify!($name));
    })*};
}

#[test]
fn so_has_the_future_of_an_async_fn() {
    same_async! {
        #[traced(attrs(n), ok(|m| attrs(n, m = *m)))]
        number(n: i64 = 1) -> Result<i64, String> { Ok(n) }
        #[traced(current)]
        enriching(n: i64 = 1) -> i64 { n }
        #[traced(metrics)]
        measured(n: i64 = 1) -> i64 { n }
        #[traced]
        rc(n: Rc<i64> = Rc::new(1)) -> i64 { std::future::ready(*n).await }
        #[traced]
        cell(n: Cell<i64> = Cell::new(1)) -> i64 { std::future::ready(n.get()).await }
        #[traced]
        mutable(n: &mut i64 = Box::leak(Box::new(1))) -> i64 { std::future::ready(*n).await }
    }
}

fn number(n: i64) -> i64 {
    n
}

#[traced]
fn annotated_number(n: i64) -> i64 {
    n
}

#[test]
fn a_function_has_the_type_that_it_had() {
    let functions: [fn(i64) -> i64; 2] = [number, annotated_number];
    assert_eq!(functions.map(|function| function(1)), [1, 1]);
    assert_eq!(size_of_val(&annotated_number), 0);
}
