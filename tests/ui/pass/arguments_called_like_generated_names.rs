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

fn cx_of(n: i64) -> i64 {
    n
}

fn main() {
    assert_eq!(sync(1, 1, 1, 1, 1, 1, 1), 7);
    let _ = asynchronous(1, 1, 1, 1, 1);
}
