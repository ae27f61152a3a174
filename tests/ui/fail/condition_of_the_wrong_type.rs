use traced::traced;

#[traced(if = count)]
fn f(count: i64) {}

fn main() {}
