use traced::traced;

struct Batch;

#[traced(links(..batch))]
fn f(batch: Batch) {}

#[traced(links(id))]
fn g(id: i64) {}

fn main() {}
