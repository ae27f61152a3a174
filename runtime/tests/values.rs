//! Every form of an attribute.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use opentelemetry::{Array, Value};
use traced::testing::{CapturedSpan, capture};
use traced::{Attributes, Redacted, attr, event, traced};

const KEY: &str = "const.key";

#[derive(Debug)]
struct Shown;

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("displayed")
    }
}

fn one(body: impl FnOnce()) -> CapturedSpan {
    capture(body).1[0].clone()
}

#[test]
fn typed() {
    #[traced(attrs(
        bool = true, i8 = -8_i8, u16 = 16_u16, i64 = i64::MIN, u32 = u32::MAX, usize = 3_usize,
        f32 = 0.5_f32, f64 = 0.25, char = 'c', str = "s", string = String::from("s"),
        cow = Cow::Borrowed("s"), boxed = Box::new(1), arc = Arc::<str>::from("s"), nested.reference = &&1,
        u64.small = 1_u64, u64.large = u64::MAX, u128 = u128::MAX, i128 = -1_i128,
    ))]
    fn typed() {}
    let span = one(typed);
    let expect = |key: &str, value: Value| assert_eq!(span.attribute(key), Some(&value), "{key}");
    expect("bool", true.into());
    expect("i8", (-8).into());
    expect("u16", 16.into());
    expect("i64", i64::MIN.into());
    expect("u32", i64::from(u32::MAX).into());
    expect("usize", 3.into());
    expect("f32", 0.5.into());
    expect("f64", 0.25.into());
    for key in ["str", "string", "cow", "arc"] {
        expect(key, "s".into());
    }
    expect("char", "c".into());
    expect("boxed", 1.into());
    expect("nested.reference", 1.into());
    expect("u64.small", 1.into());
    expect("u64.large", u64::MAX.to_string().into());
    expect("u128", u128::MAX.to_string().into());
    expect("i128", (-1).into());
}

#[test]
fn arrays() {
    #[traced(attrs(
        bools = [true, false], ints = vec![1_u8, 2], floats = &[0.5_f32][..], strings = ["a", "b"],
        owned = vec![String::from("a")], large = [u64::MAX, 1], empty = Vec::<String>::new(),
    ))]
    fn arrays() {}
    let span = one(arrays);
    let expect = |key: &str, array: Array| assert_eq!(span.attribute(key), Some(&Value::Array(array)), "{key}");
    expect("bools", Array::Bool(vec![true, false]));
    expect("ints", Array::I64(vec![1, 2]));
    expect("floats", Array::F64(vec![0.5]));
    expect("strings", Array::String(vec!["a".into(), "b".into()]));
    expect("owned", Array::String(vec!["a".into()]));
    expect("large", Array::String(vec![u64::MAX.to_string().into(), "1".into()]));
    expect("empty", Array::String(vec![]));
}

#[test]
fn none_is_absent() {
    #[traced(attrs(some = Some(1), none = None::<i64>, nested = Some(Some("x")), masked = redact(None::<&str>)))]
    fn options() {}
    let span = one(options);
    assert_eq!(span.attributes.len(), 2, "{:?}", span.attributes);
    assert_eq!(span.attribute("some"), Some(&1.into()));
    assert_eq!(span.attribute("nested"), Some(&"x".into()));
}

#[test]
fn keys_and_shorthands() {
    #[traced(attrs(a, %b, ?b2 , error.type = "t", if.match.fn = 1, "literal-key" = 2, {KEY} = 3, d = %b, e = ?b))]
    fn keys(a: i64, b: Shown, b2: Option<i64>) {
        let _ = (a, b, b2);
    }
    let span = one(|| keys(7, Shown, None));
    let expect = |key: &str, value: Value| assert_eq!(span.attribute(key), Some(&value), "{key}");
    expect("a", 7.into());
    expect("b", "displayed".into());
    expect("b2", "None".into());
    expect("error.type", "t".into());
    expect("if.match.fn", 1.into());
    expect("literal-key", 2.into());
    expect("const.key", 3.into());
    expect("d", "displayed".into());
    expect("e", "Shown".into());
}

#[test]
fn the_last_write_wins() {
    #[traced(attrs(k = 1, k = 2), ret(|_| attrs(k = 4)))]
    fn twice(inside: bool) {
        if inside {
            attr!(k = 3);
        }
    }
    let span = one(|| twice(true));
    assert_eq!(span.attributes.iter().filter(|kv| kv.key.as_str() == "k").count(), 1, "{:?}", span.attributes);
    assert_eq!(span.attribute("k"), Some(&4.into()));
}

#[test]
fn arguments_by_name() {
    #[traced(args)]
    fn all(n: i64, shown: Shown, text: &str, (a, b): (i64, i64)) -> i64 {
        let _ = (shown, text);
        n + a + b
    }
    let span = one(|| {
        all(1, Shown, "t", (1, 2));
    });
    assert_eq!(span.attribute("n"), Some(&1.into()));
    assert_eq!(span.attribute("shown"), Some(&"Shown".into()));
    assert_eq!(span.attribute("text"), Some(&"t".into()));
    assert_eq!(span.attributes.len(), 3);

    #[traced(args(text))]
    fn some(n: i64, text: &str) {
        let _ = (n, text);
    }
    assert_eq!(one(|| some(1, "t")).attributes.len(), 1);

    #[traced]
    fn parameter_form(#[attr] id: i64, #[attr("book.title")] title: &str, other: i64) {
        let _ = (id, title, other);
    }
    let span = one(|| parameter_form(1, "t", 2));
    assert_eq!(span.attribute("id"), Some(&1.into()));
    assert_eq!(span.attribute("book.title"), Some(&"t".into()));
    assert_eq!(span.attributes.len(), 2);
}

#[derive(Attributes)]
#[attrs(prefix = "order.")]
struct Order<'a> {
    id: u32,
    #[attrs(rename = "total_eur")]
    total: f64,
    #[attrs(redact)]
    card_token: Option<&'a str>,
    #[attrs(skip)]
    #[allow(dead_code)]
    password: &'a str,
    #[attrs(%)]
    state: Shown,
    #[attrs(?)]
    raw: Shown,
    #[attrs(nested, rename = "to")]
    address: Address,
    note: Option<String>,
}

#[derive(Attributes)]
struct Address {
    city: String,
}

#[test]
fn structs_are_flattened() {
    let order = Order {
        id: 1,
        total: 9.5,
        card_token: Some("canary-token"),
        password: "canary-password",
        state: Shown,
        raw: Shown,
        address: Address { city: "Graz".into() },
        note: None,
    };
    #[traced(attrs(..order))]
    fn place(order: &Order<'_>) {
        event!("placed", ..&order.address, n = 1);
    }
    let span = one(|| place(&order));
    let expect = |key: &str, value: Value| assert_eq!(span.attribute(key), Some(&value), "{key}");
    expect("order.id", 1.into());
    expect("order.total_eur", 9.5.into());
    expect("order.card_token", "REDACTED".into());
    expect("order.state", "displayed".into());
    expect("order.raw", "Shown".into());
    expect("order.to.city", "Graz".into());
    assert_eq!(span.attributes.len(), 6);
    assert_eq!(span.event("placed").unwrap().attribute("city"), Some(&"Graz".into()));
    assert!(!format!("{span:?}").contains("canary"));
}

#[test]
fn a_borrowed_option_that_is_none_is_not_masked() {
    #[traced(attrs(none = redact(none), some = redact(some)))]
    fn borrowed(none: &Option<String>, some: &Option<String>) -> usize {
        none.iter().len() + some.iter().len()
    }
    let (_, spans) = capture(|| borrowed(&None, &Some("x".to_owned())));
    assert_eq!(spans[0].attribute("none"), None);
    assert_eq!(spans[0].attribute("some"), Some(&"REDACTED".into()));
}

#[test]
fn redacted_values_are_present_and_masked() {
    #[traced(attrs(password = redact(password), card = Redacted(card), gone = redact(None::<i64>)))]
    fn pay(password: &str, card: &str) {
        let _ = (password, card);
    }
    let span = one(|| pay("canary", "canary"));
    assert_eq!(span.attribute("password"), Some(&"REDACTED".into()));
    assert_eq!(span.attribute("card"), Some(&"REDACTED".into()));
    assert_eq!(span.attribute("gone"), None);
}

#[test]
fn a_display_that_fails_breaks_nothing() {
    struct Broken;
    impl fmt::Display for Broken {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("half")?;
            Err(fmt::Error)
        }
    }
    #[traced(attrs(broken = %Broken))]
    fn broken() {}
    assert_eq!(one(broken).attribute("broken"), Some(&"half".into()));
}
