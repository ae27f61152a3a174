use traced::traced;

struct Book;

#[traced(attrs(shown = %book, debugged = ?book))]
fn f(book: &Book) {}

fn main() {}
