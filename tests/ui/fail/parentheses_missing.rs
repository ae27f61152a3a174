use traced::traced;

#[traced(attrs, links, attrs = 1)]
fn f() {}

fn main() {}
