use traced::traced;

#[traced(current, kind = client, name = "x", root, links(a), scope = "s", prefix = "p.")]
fn f() {}

fn main() {}
