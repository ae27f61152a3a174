//! Checking input: every issue at once, in the shape of FastAPI's.

use bytes::Bytes;
use serde::Serialize;
use serde_json::{Map, Value};

use super::failure::Failure;

/// What is wrong with one field.
#[derive(Debug, Serialize, PartialEq)]
pub(super) struct Issue {
    loc: Vec<String>,
    msg: String,
    #[serde(rename = "type")]
    kind: &'static str,
}

/// A rule that a value breaks: the issue's type and message.
pub(super) type Broken = (&'static str, String);

fn broken<T>(kind: &'static str, message: impl Into<String>) -> Result<T, Broken> {
    Err((kind, message.into()))
}

/// The fields of a body or query, and what is wrong with those looked at so far.
pub(super) struct Fields {
    place: &'static str,
    values: Map<String, Value>,
    issues: Vec<Issue>,
}

impl Fields {
    /// The fields of a JSON object. What is no JSON, too deep, too large a number or half a surrogate pair is an issue.
    pub(super) fn json(body: &Bytes, media_subtype: Option<&str>) -> Result<Self, Failure> {
        let form = matches!(media_subtype, Some("x-www-form-urlencoded" | "form-data"));
        let value = match serde_json::from_slice(body) {
            Ok(Value::Object(values)) if !form => return Ok(Self { place: "body", values, issues: Vec::new() }),
            Ok(_) => ("model_attributes_type", "Input should be a valid dictionary or object".to_owned(), None),
            Err(_) if body.is_empty() => ("missing", "Field required".to_owned(), None),
            Err(_) if form => {
                ("model_attributes_type", "Input should be a valid dictionary or object".to_owned(), None)
            }
            Err(error) => ("json_invalid", "JSON decode error".to_owned(), Some(error.column())),
        };
        let (kind, msg, column) = value;
        let loc = std::iter::once("body".to_owned()).chain(column.map(|column| column.to_string())).collect();
        Err(Failure::invalid(&[Issue { loc, msg, kind }]))
    }

    /// The fields of a form or query. Of two of the same name the last one counts.
    pub(super) fn urlencoded(place: &'static str, text: &[u8]) -> Self {
        let values = form_urlencoded::parse(text).map(|(key, value)| (key.into_owned(), value.into_owned().into()));
        Self { place, values: values.collect(), issues: Vec::new() }
    }

    /// One field alone.
    pub(super) fn single(place: &'static str, name: &str, value: &str) -> Self {
        Self { place, values: Map::from_iter([(name.to_owned(), value.into())]), issues: Vec::new() }
    }

    pub(super) fn contains(&self, name: &str) -> bool {
        self.values.contains_key(name)
    }

    /// A field that must be there. `None` when it is not or is wrong: then [`finish`](Self::finish) fails.
    pub(super) fn required<T>(&mut self, name: &str, rule: impl FnOnce(&Value) -> Result<T, Broken>) -> Option<T> {
        if !self.contains(name) {
            self.issue(name, ("missing", "Field required".into()));
        }
        self.optional(name, rule)
    }

    /// A field that may be left out.
    pub(super) fn optional<T>(&mut self, name: &str, rule: impl FnOnce(&Value) -> Result<T, Broken>) -> Option<T> {
        match rule(self.values.get(name)?) {
            Ok(value) => Some(value),
            Err(issue) => {
                self.issue(name, issue);
                None
            }
        }
    }

    /// A field that may be left out, or be null: `Some(None)`.
    pub(super) fn nullable<T>(
        &mut self,
        name: &str,
        rule: impl FnOnce(&Value) -> Result<T, Broken>,
    ) -> Option<Option<T>> {
        if self.values.get(name)?.is_null() { Some(None) } else { Some(self.optional(name, rule)) }
    }

    /// Fails with every issue found.
    pub(super) fn finish(self) -> Result<(), Failure> {
        if self.issues.is_empty() { Ok(()) } else { Err(Failure::invalid(&self.issues)) }
    }

    fn issue(&mut self, name: &str, (kind, msg): Broken) {
        self.issues.push(Issue { loc: vec![self.place.to_owned(), name.to_owned()], msg, kind });
    }
}

/// A text of `min` to `max` characters.
pub(super) fn text(min: usize, max: usize) -> impl Fn(&Value) -> Result<String, Broken> {
    move |value| {
        let Value::String(text) = value else { return broken("string_type", "Input should be a valid string") };
        // No database text can hold one.
        if text.contains('\0') {
            return broken("value_error", "Value error, NUL bytes are not allowed");
        }
        let plural = |count: usize| if count == 1 { "" } else { "s" };
        match text.chars().count() {
            length if length < min => {
                broken("string_too_short", format!("String should have at least {min} character{}", plural(min)))
            }
            length if length > max => {
                broken("string_too_long", format!("String should have at most {max} character{}", plural(max)))
            }
            _ => Ok(text.clone()),
        }
    }
}

/// A whole number of `min` to `max`, as JSON has it.
pub(super) fn integer(min: i64, max: i64) -> impl Fn(&Value) -> Result<i64, Broken> {
    move |value| match value {
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(integer), _) => within(integer, min, max),
            // 5.0 is the same number as 5 in JSON.
            (None, Some(float)) if float.fract() == 0.0 && float.abs() < 9e15 => within(float as i64, min, max),
            (None, Some(float)) if float.fract() == 0.0 => {
                within(if float > 0.0 { i64::MAX } else { i64::MIN }, min, max)
            }
            _ => broken("int_from_float", "Input should be a valid integer, got a number with a fractional part"),
        },
        _ => broken("int_type", "Input should be a valid integer"),
    }
}

/// A whole number of `min` to `max`, as text.
pub(super) fn integer_text(min: i64, max: i64) -> impl Fn(&Value) -> Result<i64, Broken> {
    move |value| match value.as_str().map(|text| text.trim().parse::<i64>()) {
        Some(Ok(integer)) => within(integer, min, max),
        _ => broken("int_parsing", "Input should be a valid integer, unable to parse string as an integer"),
    }
}

fn within(integer: i64, min: i64, max: i64) -> Result<i64, Broken> {
    if integer < min {
        return broken("greater_than_equal", format!("Input should be greater than or equal to {min}"));
    }
    if integer > max {
        return broken("less_than_equal", format!("Input should be less than or equal to {max}"));
    }
    Ok(integer)
}

/// A number above zero.
pub(super) fn positive(value: &Value) -> Result<f64, Broken> {
    match value.as_f64() {
        Some(number) if !number.is_finite() => broken("finite_number", "Input should be a finite number"),
        Some(number) if number > 0.0 => Ok(number),
        Some(_) => broken("greater_than", "Input should be greater than 0"),
        None => broken("float_type", "Input should be a valid number"),
    }
}

/// Ten or thirteen digits, the last of ten may be X; single hyphens between them.
pub(super) fn isbn(value: &Value) -> Result<String, Broken> {
    let isbn = text(1, 17)(value)?;
    let digits = crate::books::isbn_key(&isbn);
    let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let valid = match digits.len() {
        10 => all_digits(digits.strip_suffix('X').unwrap_or(&digits)),
        13 => all_digits(&digits),
        _ => false,
    };
    if !valid || isbn.starts_with('-') || isbn.ends_with('-') || isbn.contains("--") {
        return broken("value_error", "Value error, ISBN must have 10 or 13 digits, with optional hyphens");
    }
    Ok(isbn)
}

/// A name to register: 3 to 50 letters, digits, `_`, `-` and `.`. It is on spans, so it must be no e-mail address, and on
/// people's terminals, so it holds nothing that acts on one.
pub(super) fn username(value: &Value) -> Result<String, Broken> {
    let name = text(3, 50)(value)?;
    if name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')) {
        return Ok(name);
    }
    broken("string_pattern_mismatch", "String should match pattern '^[A-Za-z0-9_.-]+$'")
}

/// An e-mail address; its domain comes back in lower case.
pub(super) fn email(value: &Value) -> Result<String, Broken> {
    use email_address::{EmailAddress, Options};

    let address = text(0, usize::MAX)(value)?;
    let options = Options::default().with_required_tld().without_domain_literal().without_display_text();
    let valid = address.len() <= 254 && !address.starts_with('"');
    match EmailAddress::parse_with_options(&address, options) {
        Ok(parsed) if valid => Ok(format!("{}@{}", parsed.local_part(), parsed.domain().to_lowercase())),
        _ => broken("value_error", "value is not a valid email address"),
    }
}

/// A password to be set: 6 to 72 bytes.
pub(super) fn password(value: &Value) -> Result<secrecy::SecretString, Broken> {
    let password = text(0, usize::MAX)(value)?;
    match password.len() {
        ..6 => broken("string_too_short", "String should have at least 6 bytes"),
        6..=crate::auth::password::LONGEST => Ok(password.into()),
        _ => broken("string_too_long", "String should have at most 72 bytes"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn isbns_have_ten_or_thirteen_digits() {
        for valid in ["978-1234567890", "9781234567890", "080442957X", "0-8044-2957-X", "978-1-234-56789-0"] {
            assert_eq!(isbn(&json!(valid)).as_deref(), Ok(valid));
        }
        for invalid in [
            "",
            "123",
            "97812345678901",
            "978123456789X",
            "X804429570",
            "--9781234567890",
            "9781234567890-",
            "978 1234567890",
        ] {
            assert!(isbn(&json!(invalid)).is_err(), "{invalid}");
        }
    }

    #[test]
    fn email_domains_are_lowered_and_the_rest_is_left() {
        assert_eq!(email(&json!("Ada.L+books@EXAMPLE.Org")).as_deref(), Ok("Ada.L+books@example.org"));
        for invalid in ["ada", "ada@", "@example.org", "ada@localhost", "Ada <ada@example.org>", "a b@example.org", ""]
        {
            assert!(email(&json!(invalid)).is_err(), "{invalid}");
        }
    }

    #[test]
    fn numbers_keep_to_their_bounds() {
        let quantity = integer(0, i32::MAX.into());
        assert_eq!(quantity(&json!(5.0)), Ok(5));
        for (invalid, kind) in [
            (json!(-1), "greater_than_equal"),
            (json!(2_147_483_648_i64), "less_than_equal"),
            (json!(1e300), "less_than_equal"),
            (json!(u64::MAX), "less_than_equal"),
            (json!(1.5), "int_from_float"),
            (json!("5"), "int_type"),
            (json!(null), "int_type"),
        ] {
            assert_eq!(quantity(&invalid).unwrap_err().0, kind, "{invalid}");
        }
        assert_eq!(positive(&json!(0)).unwrap_err().0, "greater_than");
        assert_eq!(positive(&json!(12)), Ok(12.0));
    }
}
