#![deny(warnings)]
use traced::traced;

#[traced]
#[track_caller]
fn f() {}

fn main() {
    f();
}
