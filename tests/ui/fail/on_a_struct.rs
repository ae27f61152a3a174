use traced::traced;

#[traced]
pub struct Book {
    title: String,
}

#[traced]
enum Kind {}

#[traced]
static BOOKS: i64 = 1;

fn main() {
    let _ = Book { title: String::new() };
}
