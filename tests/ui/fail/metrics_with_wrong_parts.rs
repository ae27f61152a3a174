use traced::traced;

#[traced(metrics(name = "2nd"))]
fn begins_with_a_digit() {}

#[traced(metrics(name = PREFIX))]
fn no_literal() {}

#[traced(metrics(name = "a", name = "b"))]
fn named_twice() {}

#[traced(metrics, metrics(name = "a"))]
fn given_twice() {}

#[traced(metrics(password = password))]
fn a_secret(password: &str) {}

#[traced(skip, metrics)]
fn skipped() {}

fn main() {}
