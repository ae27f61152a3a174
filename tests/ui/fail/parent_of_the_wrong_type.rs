use traced::traced;

#[traced(parent = id, links(id))]
fn f(id: i64) {}

fn main() {}
