use traced::traced;

#[traced(attrs(book.title, a b, c =, 5 = 1))]
fn f(a: i64) {}

fn main() {}
