//! What six typical functions become.

use proc_macro2::TokenStream;

/// The expansion of `item` under `#[traced(args)]`, formatted.
fn expanded(args: &str, item: &str) -> String {
    let tokens = |text: &str| text.parse::<TokenStream>().expect("tokens");
    let expansion = super::traced(tokens(args), tokens(item));
    prettyplease::unparse(&syn::parse2(expansion).expect("the expansion parses"))
}

/// An editor asks while one types: what is no function yet is still known by its name and signature.
#[test]
fn a_body_that_does_not_parse_leaves_the_item() {
    for item in [
        "fn f(id: i64) -> i64 { let x = ; id. }",
        "async fn f(&self) -> Result<(), E> { self. }",
        "pub fn f() -> Pin<Box<dyn Future<Output = i64>>> { Box::pin(async move { if }) }",
        "fn f() -> impl Fn(&str) -> usize { |text| text. }",
    ] {
        let item: TokenStream = item.parse().expect("tokens");
        for args in ["", "attrs(a = 1), ok(|v| attrs(v))", "unknown"] {
            let expansion = super::traced(args.parse().expect("tokens"), item.clone()).to_string();
            assert!(expansion.contains("fn f ("), "{expansion}");
            assert_eq!(expansion.contains("compile_error"), args == "unknown", "{expansion}");
        }
    }
}

macro_rules! snapshots {
    ($($name:ident: $args:literal, $item:literal;)*) => {$(
        #[test]
        fn $name() {
            insta::assert_snapshot!(expanded($args, $item));
        }
    )*};
}

snapshots! {
    without_arguments: "", "fn verify(password: &str, hash: &str) -> bool { hash == password }";

    attributes_and_a_result:
        "attrs(book.id = id, user.id = %user)",
        "pub fn delete_book(store: &dyn Store, id: i64, user: User) -> Result<(), Error> { store.delete(id)?; Ok(()) }";

    async_function_with_clauses:
        "attrs(book.id = id), ok(|b| attrs(book.title = &b.title), event(\"found\"), status = ok), err(expected(Error::NotFound))",
        "async fn get_book(&self, id: i64) -> Result<Book, Error> { self.store.get(id).await }";

    boxed_future:
        "attrs(id = id), none(status = error(\"no such book\"))",
        "fn find<'a>(&'a self, id: i64) -> Pin<Box<dyn Future<Output = Option<Book>> + Send + 'a>> {
            let key = key(id);
            Box::pin(async move { self.cache.get(key).await })
        }";

    client_span_with_name_and_parent:
        "name = format!(\"GET {path}\"), kind = client, if = sampled, parent = cx, links(other)",
        "fn fetch(path: &str, sampled: bool, cx: &Context, other: SpanContext) -> Response { send(path) }";

    impl_block:
        "prefix = \"repo.\", kind = client",
        "impl Repo {
            async fn get(&self, id: i64) -> Option<Book> { self.rows.get(id) }
            #[traced(skip)] fn pool(&self) -> &Pool { &self.pool }
            const fn new() -> Self { Self }
        }";
}
