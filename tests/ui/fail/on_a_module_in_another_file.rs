use traced::traced;

#[traced]
#[path = "../src/lib.rs"]
mod elsewhere;

fn main() {}
