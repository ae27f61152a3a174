#![deny(warnings)]
use traced::traced;

#[traced]
fn sync(unused_argument: i64) {
    let unused_local = 1;
    let mut never_mutated = 2;
    let _ = never_mutated;
}

#[traced]
async fn asynchronous(mut argument: i64) -> i64 {
    return argument;
    1
}

fn main() {
    sync(1);
    let _ = asynchronous(1);
}
