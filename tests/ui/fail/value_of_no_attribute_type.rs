use traced::traced;

struct Book;

#[traced(attrs(book = book, id = 1))]
fn by_expression(book: &Book) {}

#[traced(ok(|b| attrs(book = b)))]
fn of_the_result() -> Result<Book, String> {
    Ok(Book)
}

#[traced(attrs(..book))]
fn flattened(book: &Book) {}

#[traced(attrs(list = vec![Book]))]
fn array() {}

fn main() {}
