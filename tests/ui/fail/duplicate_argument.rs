use traced::traced;

#[traced("one", name = "two")]
fn names() {}

#[traced(kind = client, kind = server)]
fn kinds() {}

fn main() {}
