#![deny(warnings)]

use traced::traced;

#[traced(attrs(span, fields, outcome), ret(|value| attrs(value = *value)))]
fn sync(span: i64, fields: i64, outcome: i64, returned: i64, value: i64, guard: i64, __span: i64) -> i64 {
    span + fields + outcome + returned + value + guard + __span
}

#[traced(attrs(cx, future, pending), ok(|returned| attrs(returned = *returned, value = cx_of(*returned))))]
async fn asynchronous(cx: i64, future: i64, pending: i64, note: i64, this: i64) -> Result<i64, String> {
    Ok(cx + future + pending + note + this)
}

#[traced(code, metrics(call), args(marker), err(|error| attrs(value, error)))]
fn measured(call: i64, _call: i64, marker: i64, value: i64, private: i64, start: i64) -> Result<i64, String> {
    Ok(call + marker + value + private + start)
}

#[traced(attrs(pending, span), ok(|outcome| attrs(span, outcome = *outcome)))]
fn boxed(
    pending: i64, span: i64, stream: i64, state: i64, body: i64,
) -> std::pin::Pin<Box<dyn Future<Output = Result<i64, String>>>> {
    Box::pin(async move { Ok(pending + span + stream + state + body) })
}

/// The names of the closure's helper are its own.
#[traced]
fn closure<Returned, Call, Type0>(returning: Returned, call: Call, inner: Type0) -> impl Fn(&str) -> usize
where
    Returned: Fn(&str) -> usize,
{
    let _ = (&call, &inner);
    move |text| returning(text)
}

/// A function of its own name inside.
#[traced(code)]
fn marker() -> i64 {
    fn marker() -> i64 {
        1
    }
    const NAME: i64 = 1;
    marker() + NAME
}

fn cx_of(n: i64) -> i64 {
    n
}

fn main() {
    assert_eq!(sync(1, 1, 1, 1, 1, 1, 1), 7);
    let _ = asynchronous(1, 1, 1, 1, 1);
    assert_eq!(measured(1, 1, 1, 1, 1, 1), Ok(5));
    let _ = boxed(1, 1, 1, 1, 1);
    assert_eq!(closure(str::len, (), ())("ab"), 2);
    assert_eq!(marker(), 2);
}
