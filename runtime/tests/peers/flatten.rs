//! Row "struct flatten derive" of the survey of peers. Not in tracing, fastrace, apollo-opentelemetry-macros,
//! otel-instrument, emit, opentelemetry-traceable, foundations, Java, Python.

use traced::testing::capture;
use traced::{Attributes, traced};

#[derive(Attributes)]
struct Author {
    name: &'static str,
}

#[derive(Attributes)]
#[attrs(prefix = "book.")]
struct Book {
    title: String,
    #[attrs(rename = "pages")]
    length: u32,
    #[attrs(skip)]
    _text: String,
    #[attrs(redact)]
    isbn: String,
    #[attrs(nested, rename = "author")]
    by: Author,
    #[attrs(?)]
    tags: Vec<Option<i64>>,
}

#[traced(attrs(..book))]
fn create(book: &Book) {}

#[test]
fn a_struct_is_several_attributes() {
    let book = Book {
        title: "Emma".into(),
        length: 474,
        _text: String::new(),
        isbn: "1".into(),
        by: Author { name: "Austen" },
        tags: vec![None],
    };
    let ((), spans) = capture(|| create(&book));
    let found: Vec<(&str, String)> =
        spans[0].attributes.iter().map(|kv| (kv.key.as_str(), kv.value.to_string())).collect();
    let expected = [
        ("book.title", "Emma"),
        ("book.pages", "474"),
        ("book.isbn", "REDACTED"),
        ("book.author.name", "Austen"),
        ("book.tags", "[None]"),
    ];
    assert_eq!(found, expected.map(|(key, value)| (key, value.to_owned())));
}
