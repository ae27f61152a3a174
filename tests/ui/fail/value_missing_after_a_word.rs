use traced::traced;

#[traced(name, prefix =, scope, parent, if, crate)]
fn f() {}

fn main() {}
