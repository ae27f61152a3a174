use traced::traced;

#[traced(ok(|v| attrs(v = *v)), err(event("failed")))]
fn a_number() -> i64 {
    1
}

fn main() {}
