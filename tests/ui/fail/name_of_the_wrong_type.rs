use traced::traced;

#[traced(name = id)]
fn f(id: i64) {}

#[traced("")]
fn empty() {}

fn main() {}
