use traced::traced;

#[traced(none(|v| event("x")))]
fn f() -> Option<i64> {
    None
}

fn main() {}
