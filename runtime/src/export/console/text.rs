//! Text that is safe and fits: escaped, cut by display width, and figures for people.

use std::fmt::Write;
use std::time::Duration;

use opentelemetry::{Array, Value};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// The columns that `text` takes in a terminal.
pub(super) fn width(text: &str) -> usize {
    text.width()
}

/// `text` with everything escaped that a terminal would act upon: a book's title must not move the cursor.
pub(super) fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => safe.push_str("\\n"),
            '\r' => safe.push_str("\\r"),
            '\t' => safe.push_str("\\t"),
            c if c.is_control() || invisible(c) => {
                let _ = write!(safe, "\\u{{{:x}}}", u32::from(c));
            }
            c => safe.push(c),
        }
    }
    safe
}

/// Marks that reorder or hide what is around them.
fn invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}')
}

/// `text`, cut with an ellipsis to at most `columns`.
pub(super) fn cut(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let mut kept = String::new();
    let mut used = 0;
    for c in text.chars() {
        let wide = c.width().unwrap_or(0);
        if used + wide + 1 > columns {
            break;
        }
        kept.push(c);
        used += wide;
    }
    if columns > 0 {
        kept.push('…');
    }
    kept
}

/// Longer values are cut before they are escaped: a megabyte is not walked for a line.
const LONGEST: usize = 1000;

/// An attribute's value on one line; a string is quoted where its end would not be clear.
pub(super) fn value(value: &Value) -> String {
    match value {
        Value::String(text) => string(text.as_str()),
        Value::Array(Array::String(texts)) => {
            let texts: Vec<String> = texts.iter().take(50).map(|text| string(text.as_str())).collect();
            format!("[{}]", texts.join(", "))
        }
        other => escaped(&head(&other.to_string())),
    }
}

fn string(text: &str) -> String {
    let safe = escaped(&head(text));
    if safe.is_empty() || safe.contains([' ', '"', '=', '\u{a0}', '\u{3000}']) { format!("\"{safe}\"") } else { safe }
}

fn head(text: &str) -> String {
    text.chars().take(LONGEST).collect()
}

/// A duration with three digits or so: `840 ns`, `12.3 µs`, `1.50 s`.
pub(super) fn duration(duration: Duration) -> String {
    let nanoseconds = duration.as_nanos();
    let (unit, name) = match nanoseconds {
        0..1_000 => return format!("{nanoseconds} ns"),
        1_000..1_000_000 => (1e3, "µs"),
        1_000_000..1_000_000_000 => (1e6, "ms"),
        _ => (1e9, "s"),
    };
    let figure = nanoseconds as f64 / unit;
    match figure {
        ..10.0 => format!("{figure:.2} {name}"),
        10.0..100.0 => format!("{figure:.1} {name}"),
        _ => format!("{figure:.0} {name}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_act_upon_is_escaped() {
        assert_eq!(escaped("a\x1b[31mb\u{7}\nc\u{9b}d"), "a\\u{1b}[31mb\\u{7}\\nc\\u{9b}d");
        assert_eq!(escaped("abc\u{202e}def"), "abc\\u{202e}def");
        assert_eq!(escaped("żółw 本"), "żółw 本");
    }

    #[test]
    fn text_is_cut_by_columns() {
        assert_eq!(cut("abcdef", 6), "abcdef");
        assert_eq!(cut("abcdefg", 6), "abcde…");
        assert_eq!(cut("日本語", 6), "日本語");
        assert_eq!(cut("日本語文", 6), "日本…");
        assert_eq!(cut("abc", 0), "");
    }

    #[test]
    fn strings_are_quoted_where_their_end_would_not_be_clear() {
        assert_eq!(value(&"Solaris".into()), "Solaris");
        assert_eq!(value(&"Le Petit Prince".into()), "\"Le Petit Prince\"");
        assert_eq!(value(&"".into()), "\"\"");
        assert_eq!(value(&7.into()), "7");
        assert_eq!(value(&true.into()), "true");
        assert_eq!(value(&Value::Array(Array::String(vec!["a".into(), "b c".into()]))), "[a, \"b c\"]");
    }

    #[test]
    fn durations_have_three_digits() {
        let cases = [
            (0, "0 ns"),
            (840, "840 ns"),
            (12_340, "12.3 µs"),
            (999_999, "1000 µs"),
            (5_000_000, "5.00 ms"),
            (245_000_000, "245 ms"),
            (1_500_000_000, "1.50 s"),
            (75_000_000_000, "75.0 s"),
        ];
        for (nanoseconds, text) in cases {
            assert_eq!(duration(Duration::from_nanos(nanoseconds)), text);
        }
    }
}
