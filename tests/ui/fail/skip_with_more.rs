use traced::traced;

#[traced(skip, attrs(a = 1))]
fn f() {}

fn main() {}
