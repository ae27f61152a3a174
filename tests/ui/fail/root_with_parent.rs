use traced::traced;

#[traced(root, parent = parent)]
fn f(parent: &traced::opentelemetry::Context) {}

fn main() {}
