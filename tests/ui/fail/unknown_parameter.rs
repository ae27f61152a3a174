use traced::traced;

#[traced(args(titel, id))]
fn f(title: &str, id: i64) {}

fn main() {}
