//! Bodies: labelled breaks, `?` on Options, `let else`, `const` blocks, items, macros and attributes inside.

use std::fmt::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};

use traced::testing::capture;
use traced::{attr, event, span, traced};

#[traced]
fn labelled(grid: &[[i64; 2]]) -> Option<(usize, usize)> {
    'rows: for (i, row) in grid.iter().enumerate() {
        for (j, cell) in row.iter().enumerate() {
            if *cell < 0 {
                continue 'rows;
            }
            if *cell == 7 {
                break 'rows;
            }
            if *cell == 1 {
                return Some((i, j));
            }
        }
    }
    let found = 'block: {
        if grid.is_empty() {
            break 'block None;
        }
        Some((0, 0))
    };
    found
}

#[traced]
fn question_marks(text: &str) -> Option<char> {
    let first = text.split(' ').nth(1)?.chars().next()?;
    Some(first.to_uppercase().next()?)
}

#[traced]
fn let_else(text: &str) -> Result<i64, String> {
    let Some((_, number)) = text.split_once('=') else {
        return Err(format!("no `=` in {text}"));
    };
    let Ok(number) = number.parse() else { panic!("no number") };
    Ok(number)
}

#[traced]
fn let_chains(a: Option<i64>, b: Result<i64, ()>) -> i64 {
    if let Some(a) = a
        && let Ok(b) = b
        && a < b
    {
        a
    } else {
        0
    }
}

#[traced]
fn never_in_a_loop() -> ! {
    loop {
        std::panic::panic_any(1_i32);
    }
}

#[traced]
fn diverges_in_a_branch(n: i64) -> i64 {
    let n = match n {
        0 => never_in_a_loop(),
        n => n,
    };
    n
}

/// Documented.
#[traced]
fn attributes_inside(#[allow(unused)] n: i64, #[cfg(any())] missing: Missing) -> usize {
    //! Documented inside, too.
    #[cfg(any())]
    compile_error!("not compiled");
    #[cfg(test)]
    let n = 2;
    #[allow(unused_variables)]
    let unused = 1;
    #[rustfmt::skip]
    let text = match n { #[cfg(any())] 1 => missing, _ => "text" };
    // A comment.
    text.len() /* and another */
}

#[traced]
fn macro_tail(n: i64) -> String {
    format!("{n:>width$}", width = 3)
}

#[traced]
fn statement_macro_tail(values: &[i64]) -> Vec<i64> {
    vec![values.len() as i64; 2]
}

#[traced]
fn unit_macro_tail(out: &mut String) {
    write!(out, "x").unwrap()
}

#[traced]
fn semicolon_after_return(n: i64) -> i64 {
    return n;
}

#[traced]
fn tail_match(n: i64) -> &'static str {
    match n {
        ..0 => "negative",
        0 => return "zero",
        1.. => "positive",
    }
}

#[traced]
fn tail_if_without_else(n: &mut i64) {
    if *n > 0 {
        *n -= 1
    }
}

#[traced]
fn unsafe_block(bytes: &[u8]) -> &str {
    // SAFETY: the test gives it ASCII.
    unsafe { std::str::from_utf8_unchecked(bytes) }
}

#[traced]
fn items_inside(n: i64) -> i64 {
    use std::cmp::max;
    const LIMIT: i64 = 3;
    static OFFSET: i64 = 1;
    #[derive(Clone, Copy)]
    struct Local(i64);
    impl Local {
        fn get(self) -> i64 {
            self.0
        }
    }
    fn helper(n: i64) -> i64 {
        max(n, LIMIT)
    }
    macro_rules! double {
        ($e:expr) => {
            $e * 2
        };
    }
    double!(helper(Local(n).get())) + OFFSET
}

#[traced]
fn nested(n: i64) -> i64 {
    #[traced]
    fn inner(n: i64) -> i64 {
        n + 1
    }
    inner(n)
}

#[traced(attrs(n))]
fn shadowed(n: i64) -> String {
    let n = n + 1;
    let n = n.to_string();
    n
}

#[traced]
fn const_block() -> [i64; 3] {
    const { [1; 3] }
}

#[traced(attrs(raw = r#type))]
fn r#match(r#type: i64, r#fn: i64) -> i64 {
    r#type + r#fn
}

#[traced]
fn captures_by_move(names: Vec<String>, suffix: String) -> Vec<String> {
    let add = move |name: String| name + &suffix;
    names.into_iter().map(add).collect()
}

#[traced]
fn moves_part_of(pair: (String, Vec<i64>)) -> String {
    let (text, _) = pair;
    text
}

#[traced]
fn moves_a_field(Pair { text, .. }: Pair) -> String {
    text
}

struct Pair {
    text: String,
    #[allow(unused)]
    rest: Vec<i64>,
}

#[traced]
fn assigned_later(flag: bool) -> i64 {
    let value;
    if flag {
        value = 1;
    } else {
        value = 2;
    }
    value
}

#[traced]
fn mutates_its_arguments(mut n: i64, mut items: Vec<i64>, text: &mut String) -> usize {
    n += 1;
    items.push(n);
    text.push('x');
    items.len() + text.len()
}

#[traced(ok(|n| event("parsed", n = *n)))]
fn companions_inside(text: &str) -> Result<i64, std::num::ParseIntError> {
    attr!(text.length = text.len());
    let _inside = span!("inside");
    event!("parsing", text);
    span!("closure", || text.parse())
}

#[traced]
fn question_mark_in_a_closure(items: &[&str]) -> Result<i64, Box<dyn std::error::Error>> {
    let parse = |item: &&str| -> Result<i64, Box<dyn std::error::Error>> { Ok(item.trim().parse::<i64>()?) };
    let sum = items.iter().map(parse).sum::<Result<i64, _>>()?;
    Ok(sum)
}

#[traced]
fn returns_a_tuple(n: i64) -> (i64, Result<i64, String>) {
    (n, Err("kept".into()))
}

#[traced]
fn returns_unit_explicitly() -> () {}

#[traced]
pub(crate) fn visible(n: i64) -> i64 {
    if n > 0 { visible(n - 1) } else { 0 }
}

#[inline(never)]
#[must_use]
#[traced]
#[doc(alias = "x")]
#[cold]
pub(in crate::bodies) extern "C" fn decorated(n: i64) -> i64 {
    n
}

#[traced]
#[deprecated(note = "old")]
fn deprecated() {}

#[traced]
#[unsafe(no_mangle)]
pub(crate) extern "C-unwind" fn traced_test_exported(n: i64) -> i64 {
    n
}

#[traced]
#[test]
fn a_test() {
    assert_eq!(visible(1), 0);
}

#[traced]
#[test]
#[should_panic(expected = "as it should")]
fn a_test_that_panics() {
    panic!("as it should");
}

#[traced]
#[test]
fn a_test_with_a_result() -> Result<(), String> {
    Ok(())
}

#[traced]
#[tokio::test]
async fn an_async_test() -> Result<(), String> {
    Ok(())
}

#[tokio::test]
#[traced]
async fn an_async_test_with_the_span_inside() {
    assert!(!traced::current().is_recording());
}

#[test]
fn bodies() {
    let (_, spans) = capture(|| {
        assert_eq!(labelled(&[[-1, 1], [0, 1]]), Some((1, 1)));
        assert_eq!(question_marks("a b"), Some('B'));
        assert_eq!(let_else("a=1"), Ok(1));
        assert!(let_else("a").is_err());
        assert_eq!(let_chains(Some(1), Ok(2)), 1);
        assert!(catch_unwind(AssertUnwindSafe(|| diverges_in_a_branch(0))).is_err());
        assert_eq!(attributes_inside(1), 4);
        assert_eq!(macro_tail(1), "  1");
        assert_eq!(statement_macro_tail(&[1]), [1, 1]);
        let mut text = String::new();
        unit_macro_tail(&mut text);
        assert_eq!(text, "x");
        assert_eq!(semicolon_after_return(1), 1);
        assert_eq!((tail_match(-1), tail_match(0), tail_match(1)), ("negative", "zero", "positive"));
        let mut n = 1;
        tail_if_without_else(&mut n);
        assert_eq!(n, 0);
        assert_eq!(unsafe_block(b"a"), "a");
        assert_eq!(items_inside(1), 7);
        assert_eq!(nested(1), 2);
        assert_eq!(shadowed(1), "2");
        assert_eq!(const_block(), [1; 3]);
        assert_eq!(r#match(1, 2), 3);
        assert_eq!(captures_by_move(vec!["a".into()], "b".into()), ["ab"]);
        assert_eq!(moves_part_of(("a".into(), vec![])), "a");
        assert_eq!(moves_a_field(Pair { text: "a".into(), rest: vec![] }), "a");
        assert_eq!(assigned_later(true), 1);
        assert_eq!(mutates_its_arguments(1, vec![], &mut text), 3);
        assert_eq!(companions_inside("1"), Ok(1));
        assert_eq!(question_mark_in_a_closure(&["1", " 2"]).unwrap(), 3);
        assert!(returns_a_tuple(1).1.is_err());
        returns_unit_explicitly();
        assert_eq!(decorated(1), 1);
        #[allow(deprecated)]
        deprecated();
        assert_eq!(traced_test_exported(1), 1);
    });
    assert_eq!(spans.named("match").attribute("raw"), Some(&1.into()));
    assert_eq!(spans.named("inner").parent_span_id, spans.named("nested").span_id());
    assert_eq!(spans.named("shadowed").attribute("n"), Some(&1.into()));
    assert_eq!(spans.named("companions_inside").event("parsed").unwrap().attribute("n"), Some(&1.into()));
}
