//! Random and mutated input: never a panic, always an expansion that parses, or errors.
//!
//! `PROPTEST_CASES=100000 cargo test -p traced-macros --features enable fuzz` runs longer.

use proc_macro2::{Span, TokenStream, TokenTree};
use proptest::prelude::*;
use proptest::sample::Index;

/// What the grammar is made of, and what it is not.
const WORDS: &[&str] = &[
    "name",
    "prefix",
    "kind",
    "level",
    "attrs",
    "args",
    "ret",
    "ok",
    "err",
    "some",
    "none",
    "parent",
    "root",
    "links",
    "scope",
    "if",
    "current",
    "future",
    "stream",
    "metrics",
    "skip",
    "code",
    "crate",
    "event",
    "status",
    "type",
    "expected",
    "exception",
    "redact",
    "unset",
    "error",
    "false",
    "true",
    "internal",
    "client",
    "info",
    "=",
    ",",
    ".",
    "..",
    "|",
    "||",
    "%",
    "?",
    "&",
    "*",
    "_",
    "self",
    "mut",
    "ref",
    "r#type",
    "user",
    "id",
    "async",
    "move",
    "fn",
    "loop",
    "\"text\"",
    "\"\"",
    "\" \"",
    "1",
    "2.5",
    "'c'",
    "'a",
    "b\"x\"",
    "()",
    "(x)",
    "{X}",
    "{}",
    "[1, 2]",
    "|b|",
    "|_|",
    "|(a, b)|",
    "x.y",
    "a::b",
    "::",
    ";",
    "=>",
    "->",
    "!",
    "#",
    "$",
    "#[attr]",
    "{ a; b }",
    "|",
    "Some(x)",
    "1..=2",
    "return",
    "\u{e9}t\u{e9}",
    "password",
    "<",
    ">",
];

/// Arguments that are right, to be made wrong.
const ARGUMENTS: &[&str] = &[
    "",
    "\"name\", kind = client, level = debug, code",
    "attrs(user.id = user_id, book.title = &book.title, %a, ?b, c, ..d, {KEY} = 1, \"k\" = redact(x))",
    "attrs(a = 1), ok(|b| attrs(id = b.id), event(\"created\", n = 1), status = ok), err(|e| type = \"x\", exception = false)",
    "ret(|ok| attrs(v = if *ok { 1 } else { 2 }), status = error(\"no\")), some(event(\"x\")), none(status = unset)",
    "err(expected(Error::NotFound | Error::Gone if late), exception = type)",
    "args(a, b), prefix = \"x.\", scope = \"y\", crate = a::b",
    "name = format!(\"{a}\"), parent = cx, links(a, ..b), if = a > b",
    "current, attrs(a)",
    "root, future",
    "stream",
    "skip",
];

const ITEMS: &[&str] = &[
    "fn f(a: i64, (b, _): (i64, i64), #[attr(\"x\")] mut c: String) -> Result<i64, String> { #![allow(x)] return Ok(a); }",
    "pub async fn f<'a, T: Clone, const N: usize>(&'a self, a: [T; N]) -> Option<&'a T> where T: Send { a.await }",
    "pub(crate) unsafe extern \"C\" fn f(_: i64, #[cfg(x)] d: u8) -> ! { loop {} }",
    "fn f(mut a: i64) -> Pin<Box<dyn Future<Output = i64> + Send>> { let b = a; Box::pin(async move { b }) }",
    "fn f(self: Pin<&mut Self>) -> impl Stream<Item = impl Send> { stream() }",
    "impl<T> Trait for S<T> { const C: i64 = 1; type T = i64; async fn a(&self) {} #[traced(skip)] fn b() {} const fn c() {} }",
    "trait T { fn a(&self); #[traced(attrs(x))] fn b(&self, x: i64) -> i64 { x } }",
    "mod m { use x; fn a() {} impl S { fn b(self) {} } mod n { async fn c() {} } #[cfg(test)] mod tests {} }",
    "struct S;",
    "const fn f() {}",
    "fn f();",
    "fn f() { x. }",
];

/// On which nothing is wrong, whatever the arguments.
const TRACEABLE: &[&str] = &[ITEMS[0], ITEMS[1], ITEMS[2], ITEMS[3], ITEMS[4], ITEMS[5], ITEMS[7]];

const DERIVES: &[&str] = &[
    "#[attrs(prefix = \"book.\", crate = a::b)] struct S<T: Clone> where T: Send { a: T, #[attrs(skip)] b: i64, \
     #[attrs(rename = \"x\")] c: i64, #[attrs(nested)] d: D, #[attrs(%)] e: E, #[attrs(?)] f: F, #[attrs(redact)] g: G }",
    "struct S(i64);",
    "struct S;",
    "enum E { #[error_type(\"a\", expected)] A, #[error_type(sensitive)] B(x), #[error_type(transparent)] C { inner: E } }",
    "#[error_type(\"a\")] struct S { password: String }",
    "union U { a: i64 }",
    "enum E {}",
];

const SPANS: &[&str] =
    &["\"name\", a = 1, b, move || { 1 }", "name, async move { x }", "\"name\"", "\"x\", %a, ..b, |x| x"];
const EVENTS: &[&str] = &["\"name\", a = 1, b.c = %d, ?e, ..f", "\"name\""];

/// One change to a stream of tokens.
#[derive(Debug, Clone)]
enum Change {
    Remove(Index),
    Repeat(Index),
    Swap(Index, Index),
    Insert(Index, usize),
    /// A change inside of a group.
    Inside(Index, Box<Change>),
}

fn change() -> impl Strategy<Value = Change> {
    let flat = prop_oneof![
        any::<Index>().prop_map(Change::Remove),
        any::<Index>().prop_map(Change::Repeat),
        any::<(Index, Index)>().prop_map(|(a, b)| Change::Swap(a, b)),
        (any::<Index>(), 0..WORDS.len()).prop_map(|(at, word)| Change::Insert(at, word)),
    ];
    flat.prop_recursive(3, 4, 1, |inner| {
        (any::<Index>(), inner).prop_map(|(group, change)| Change::Inside(group, Box::new(change)))
    })
}

impl Change {
    fn apply(&self, tokens: &mut Vec<TokenTree>) {
        if tokens.is_empty() && !matches!(self, Self::Insert(..)) {
            return;
        }
        match self {
            Self::Remove(at) => drop(tokens.remove(at.index(tokens.len()))),
            Self::Repeat(at) => {
                let at = at.index(tokens.len());
                tokens.insert(at, tokens[at].clone());
            }
            Self::Swap(a, b) => {
                let (a, b) = (a.index(tokens.len()), b.index(tokens.len()));
                tokens.swap(a, b);
            }
            Self::Insert(at, word) => {
                let at = at.index(tokens.len() + 1);
                let word = WORDS[*word].parse::<TokenStream>().unwrap_or_default();
                tokens.splice(at..at, word);
            }
            Self::Inside(group, change) => {
                let groups: Vec<usize> =
                    (0..tokens.len()).filter(|&i| matches!(tokens[i], TokenTree::Group(_))).collect();
                if groups.is_empty() {
                    return change.apply(tokens);
                }
                let at = groups[group.index(groups.len())];
                if let TokenTree::Group(group) = &tokens[at] {
                    let mut inner: Vec<TokenTree> = group.stream().into_iter().collect();
                    change.apply(&mut inner);
                    tokens[at] = proc_macro2::Group::new(group.delimiter(), inner.into_iter().collect()).into();
                }
            }
        }
    }
}

/// One of `seeds` with a few changes.
fn mutated(seeds: &'static [&'static str]) -> impl Strategy<Value = TokenStream> {
    (prop::sample::select(seeds), prop::collection::vec(change(), 0..6)).prop_map(|(seed, changes)| {
        let mut tokens: Vec<TokenTree> = seed.parse::<TokenStream>().expect("a seed of tokens").into_iter().collect();
        changes.iter().for_each(|change| change.apply(&mut tokens));
        tokens.into_iter().collect()
    })
}

/// Words in any order.
fn random() -> impl Strategy<Value = TokenStream> {
    prop::collection::vec(prop::sample::select(WORDS), 0..16)
        .prop_map(|words| words.join(" ").parse::<TokenStream>().unwrap_or_default())
}

fn arguments() -> impl Strategy<Value = TokenStream> {
    prop_oneof![3 => mutated(ARGUMENTS), 1 => random()]
}

fn mentions_compile_error(expansion: &TokenStream) -> bool {
    expansion.to_string().contains("compile_error !")
}

/// Where each mistake is shown.
fn shown_at(expansion: &TokenStream, places: &mut Vec<(Span, Span)>) {
    let tokens: Vec<TokenTree> = expansion.clone().into_iter().collect();
    for (position, token) in tokens.iter().enumerate() {
        match (token, tokens.get(position + 2)) {
            // The beginning and the end, as `syn` writes them.
            (TokenTree::Ident(ident), Some(message @ TokenTree::Group(_))) if ident == "compile_error" => {
                places.push((ident.span(), message.span()));
            }
            (TokenTree::Group(group), _) => shown_at(&group.stream(), places),
            _ => {}
        }
    }
}

/// Whether `span` lies in the text that `tokens` were parsed from, or is the whole attribute. What ends too early is shown
/// there.
fn lies_in(span: Span, tokens: &TokenStream) -> bool {
    let (at, call_site) = (span.byte_range(), Span::call_site());
    if at == call_site.byte_range() && span.file() == call_site.file() {
        return true;
    }
    let ends = |token: &TokenTree| match token {
        TokenTree::Group(group) => (group.span_open(), group.span_close()),
        token => (token.span(), token.span()),
    };
    let tokens: Vec<TokenTree> = tokens.clone().into_iter().collect();
    let (Some(first), Some(last)) = (tokens.first(), tokens.last()) else { return false };
    let (from, to) = (ends(first).0, ends(last).1);
    let text = from.byte_range().start..to.byte_range().end;
    from.file() == span.file() && at.start < at.end && text.start <= at.start && at.end <= text.end
}

/// That each mistake is shown on one of `tokens`, which were parsed from one text.
fn each_mistake_lies_in(expansion: &TokenStream, tokens: &TokenStream) -> Result<(), TestCaseError> {
    let mut places = Vec::new();
    shown_at(expansion, &mut places);
    for (first, last) in places {
        for span in [first, last] {
            prop_assert!(lies_in(span, tokens), "{:?} of {} is outside: {expansion}", span.byte_range(), span.file());
        }
    }
    Ok(())
}

/// The same tokens, parsed anew from one text: their spans are places in it.
fn anew(tokens: &TokenStream) -> TokenStream {
    // What stands beside each other by chance may be no tokens when it is written.
    tokens.to_string().parse().unwrap_or_default()
}

/// The item, where it was right: whatever the arguments, what comes out parses.
fn parses_as_items(expansion: TokenStream) -> bool {
    syn::parse2::<syn::File>(expansion).is_ok()
}

fn parses_as_expression(expansion: &TokenStream) -> bool {
    syn::parse2::<syn::Block>(quote::quote!({ #expansion })).is_ok()
}

proptest! {
    #[test]
    fn any_arguments_on_a_right_item(args in arguments(), item in prop::sample::select(ITEMS)) {
        let item_tokens: TokenStream = item.parse().expect("tokens");
        let right = syn::parse2::<syn::File>(item_tokens.clone()).is_ok();
        let expansion = crate::expand::traced(args, item_tokens);
        prop_assert!(!right || parses_as_items(expansion.clone()), "{expansion}");
    }

    #[test]
    fn a_mistake_in_the_arguments_is_shown_there(args in arguments(), item in prop::sample::select(TRACEABLE)) {
        let args = anew(&args);
        let expansion = crate::expand::traced(args.clone(), item.parse().expect("tokens"));
        each_mistake_lies_in(&expansion, &args)?;
    }

    #[test]
    fn a_mistake_in_the_item_is_shown_there(item in mutated(ITEMS)) {
        let item = anew(&item);
        let expansion = crate::expand::traced(TokenStream::new(), item.clone());
        each_mistake_lies_in(&expansion, &item)?;
    }

    #[test]
    fn any_arguments_on_any_item(args in arguments(), item in mutated(ITEMS)) {
        // A body that does not parse is kept as it is: the compiler says what is wrong with it.
        let right = syn::parse2::<syn::File>(item.clone()).is_ok();
        let expansion = crate::expand::traced(args, item);
        let said = mentions_compile_error(&expansion);
        prop_assert!(said || !right || parses_as_items(expansion.clone()), "{expansion}");
    }

    #[test]
    fn any_item_under_right_arguments(args in prop::sample::select(ARGUMENTS), item in mutated(ITEMS)) {
        let right = syn::parse2::<syn::File>(item.clone()).is_ok();
        let expansion = crate::expand::traced(args.parse().expect("tokens"), item);
        prop_assert!(!right || parses_as_items(expansion.clone()), "{expansion}");
    }

    #[test]
    fn spans(tokens in prop_oneof![mutated(SPANS), random()]) {
        let expansion = crate::companions::span(tokens);
        prop_assert!(parses_as_expression(&expansion), "{expansion}");
    }

    #[test]
    fn events_and_attributes(tokens in prop_oneof![mutated(EVENTS), mutated(ARGUMENTS), random()]) {
        for expansion in [crate::companions::event(tokens.clone()), crate::companions::attr(tokens)] {
            prop_assert!(parses_as_expression(&expansion), "{expansion}");
        }
    }

    #[test]
    fn derives(item in mutated(DERIVES)) {
        for expansion in [crate::derive::attributes(item.clone()), crate::derive::error_type(item)] {
            prop_assert!(mentions_compile_error(&expansion) || parses_as_items(expansion.clone()), "{expansion}");
        }
    }
}
