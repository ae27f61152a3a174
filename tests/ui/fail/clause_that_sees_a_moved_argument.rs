use traced::traced;

// When the body is done, its arguments are gone: `attrs` outside of `ok` sees them, at entry.
#[traced(ok(attrs(book.title = title)))]
fn f(id: i64, title: String) -> Result<i64, String> {
    Ok(id)
}

fn main() {}
