use traced::traced;

#[traced(attrs("" = 1, "two words" = 2, {KEY, OTHER} = 3))]
fn f() {}

fn main() {}
