#![forbid(unreachable_code, unused_variables, unreachable_patterns, irrefutable_let_patterns, unused_mut)]

use traced::traced;

#[traced(ok(|value| attrs(value = *value)), err(|error| event("failed", error), expected(_)))]
async fn f(n: i64) -> Result<i64, String> {
    Ok(n)
}

fn main() {
    drop(f(1));
}
