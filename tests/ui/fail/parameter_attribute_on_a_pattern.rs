use traced::traced;

#[traced]
fn pattern(#[attr] (a, b): (i64, i64)) -> i64 {
    a + b
}

#[traced]
fn bad_key(#[attr(title)] title: &str) {}

fn main() {}
