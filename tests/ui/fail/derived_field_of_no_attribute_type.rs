use traced::Attributes;

struct Author;

#[derive(Attributes)]
struct Book {
    id: i64,
    author: Author,
}

fn main() {}
