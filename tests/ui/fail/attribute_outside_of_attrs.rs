use traced::traced;

#[traced(id = id, book.title = title)]
fn f(id: i64, title: &str) {}

fn main() {}
