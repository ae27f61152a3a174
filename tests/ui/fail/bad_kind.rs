use traced::traced;

#[traced(kind = clinet)]
fn typo() {}

#[traced(kind = "client")]
fn quoted() {}

#[traced(kind = Client)]
fn upper_case() {}

#[traced(kind)]
fn nothing() {}

fn main() {}
