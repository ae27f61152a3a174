//! Reading the standard environment: empty is unset, and what is invalid is noted and then as if unset.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use super::error::InvalidVariable;

/// Where variables are looked up: the process's environment, or a function in its place.
#[derive(Clone)]
pub(crate) struct Environment(Arc<Lookup>);

type Lookup = dyn Fn(&str) -> Option<String> + Send + Sync;

impl Environment {
    pub(crate) fn process() -> Self {
        // A value that is no UTF-8 is not passed over in silence: it will not parse.
        Self::new(|name| std::env::var_os(name).map(|value| value.to_string_lossy().into_owned()))
    }

    pub(crate) fn new(lookup: impl Fn(&str) -> Option<String> + Send + Sync + 'static) -> Self {
        Self(Arc::new(lookup))
    }

    /// The variable's value without the blanks around it; the
    /// [specification](https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/) has an empty
    /// one as unset.
    pub(crate) fn get(&self, name: &str) -> Option<String> {
        let value = (self.0)(name)?;
        let value = value.trim();
        (!value.is_empty()).then(|| value.to_owned())
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Environment")
    }
}

/// In milliseconds.
const DAY: u64 = 86_400_000;

/// Reads variables and collects those that are invalid.
#[derive(Debug)]
pub(crate) struct Reader<'a> {
    environment: &'a Environment,
    invalid: Vec<InvalidVariable>,
    /// What code says of it.
    #[cfg(feature = "otlp")]
    pub(crate) otlp_protocol: Option<crate::OtlpProtocol>,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(environment: &'a Environment) -> Self {
        Self {
            environment,
            invalid: Vec::new(),
            #[cfg(feature = "otlp")]
            otlp_protocol: None,
        }
    }

    pub(crate) fn into_invalid(self) -> Vec<InvalidVariable> {
        self.invalid
    }

    pub(crate) fn get(&self, name: &str) -> Option<String> {
        self.environment.get(name)
    }

    pub(crate) fn invalid(&mut self, variable: &'static str, value: &str, remedy: impl Into<String>) {
        let invalid = InvalidVariable::new(variable, value, remedy);
        // What all signals share is read for each of them.
        if !self.invalid.contains(&invalid) {
            self.invalid.push(invalid);
        }
    }

    /// The first of `names` that `parse` understands. An error of `parse` is the remedy.
    pub(crate) fn parse<T>(
        &mut self,
        names: &[&'static str],
        mut parse: impl FnMut(&'static str, &str) -> Result<T, String>,
    ) -> Option<T> {
        for name in names {
            let Some(value) = self.get(name) else { continue };
            match parse(name, &value) {
                Ok(parsed) => return Some(parsed),
                Err(remedy) => self.invalid(name, &value, remedy),
            }
        }
        None
    }

    /// Like [`parse`](Reader::parse), for values that may hold a secret: the value is not repeated.
    #[cfg(feature = "otlp")]
    pub(crate) fn parse_secret<T>(
        &mut self,
        names: &[&'static str],
        mut parse: impl FnMut(&str) -> Result<T, String>,
    ) -> Option<T> {
        for name in names {
            let Some(value) = self.get(name) else { continue };
            match parse(&value) {
                Ok(parsed) => return Some(parsed),
                Err(remedy) => self.invalid(name, "(not shown)", remedy),
            }
        }
        None
    }

    /// A whole number from `least`.
    pub(crate) fn number<N: FromStr + PartialOrd + fmt::Display + Copy>(
        &mut self,
        names: &[&'static str],
        least: N,
    ) -> Option<N> {
        self.parse(names, |_, value| match value.parse() {
            Ok(number) if number >= least => Ok(number),
            _ => Err(format!("write a whole number from {least}")),
        })
    }

    /// A time in milliseconds. More than a day is a mistake, and would overflow the clock.
    pub(crate) fn milliseconds(&mut self, names: &[&'static str]) -> Option<Duration> {
        self.parse(names, |_, value| match value.parse() {
            Ok(time) if (1..=DAY).contains(&time) => Ok(Duration::from_millis(time)),
            _ => Err(format!("write a whole number of milliseconds from 1 to {DAY}")),
        })
    }

    /// A boolean: `true` in any case is true; everything else is false, and noted unless it says so.
    pub(crate) fn boolean(&mut self, name: &'static str) -> bool {
        self.parse(&[name], |_, value| match value.to_ascii_lowercase().as_str() {
            "true" => Ok(true),
            "false" => Ok(false),
            _ => Err("write true or false".to_owned()),
        })
        .unwrap_or(false)
    }
}

/// The items of a list that is separated by commas, in lower case, each once.
pub(crate) fn list(value: &str) -> Vec<String> {
    let mut items: Vec<String> = Vec::new();
    for item in value.split(',').map(|item| item.trim().to_ascii_lowercase()).filter(|item| !item.is_empty()) {
        if !items.contains(&item) {
            items.push(item);
        }
    }
    items
}

/// Decodes `%41` and the like; the error says what is wrong.
pub(crate) fn percent_decoded(text: &str) -> Result<String, String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        if first != b'%' {
            bytes.push(first);
            rest = tail;
            continue;
        }
        let digits = tail.get(..2).filter(|digits| digits.iter().all(u8::is_ascii_hexdigit));
        let digits = digits.and_then(|digits| std::str::from_utf8(digits).ok());
        let byte = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        bytes.push(byte.ok_or("a % must be followed by two hexadecimal digits; write %25 for a % itself")?);
        rest = &tail[2..];
    }
    String::from_utf8(bytes).map_err(|_| "the percent-encoded bytes are no UTF-8".to_owned())
}

/// The pairs of `key=value,key=value` with percent-encoded values, as W3C baggage writes them without its properties.
pub(crate) fn pairs(value: &str) -> Result<Vec<(String, String)>, String> {
    let mut pairs = Vec::new();
    for entry in value.split(',').map(str::trim).filter(|entry| !entry.is_empty()) {
        let (key, value) = entry.split_once('=').ok_or("write key=value pairs, separated by commas")?;
        let key = percent_decoded(key.trim())?;
        if key.is_empty() {
            return Err("a key is missing before =; write key=value pairs, separated by commas".to_owned());
        }
        pairs.push((key, percent_decoded(value.trim())?));
    }
    Ok(pairs)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// An environment of these variables alone.
    pub(crate) fn environment(variables: &[(&'static str, &'static str)]) -> Environment {
        let variables = variables.to_vec();
        Environment::new(move |name| {
            variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn an_empty_value_is_unset() {
        let environment = environment(&[("A", ""), ("B", "  "), ("C", " c ")]);
        assert_eq!(environment.get("A"), None);
        assert_eq!(environment.get("B"), None);
        assert_eq!(environment.get("C").as_deref(), Some("c"));
    }

    #[test]
    fn an_invalid_specific_variable_gives_way_to_the_general_one() {
        let environment = environment(&[("SPECIFIC", "x"), ("GENERAL", "7")]);
        let mut reader = Reader::new(&environment);
        assert_eq!(reader.number(&["SPECIFIC", "GENERAL"], 1_u32), Some(7));
        let invalid = reader.into_invalid();
        assert_eq!(invalid.len(), 1);
        assert_eq!(invalid[0].to_string(), "SPECIFIC=\"x\" is not valid: write a whole number from 1");
    }

    #[test]
    fn a_boolean_is_true_only_when_it_says_so() {
        let environment = environment(&[("A", "TRUE"), ("B", "1"), ("C", "false")]);
        let mut reader = Reader::new(&environment);
        assert!(reader.boolean("A"));
        assert!(!reader.boolean("B"));
        assert!(!reader.boolean("C"));
        assert!(!reader.boolean("D"));
        assert_eq!(reader.into_invalid().len(), 1);
    }

    #[test]
    fn a_time_that_no_clock_can_hold_is_refused() {
        let environment = environment(&[("A", "250"), ("B", "18446744073709551615"), ("C", "0"), ("D", "1s")]);
        let mut reader = Reader::new(&environment);
        assert_eq!(reader.milliseconds(&["A"]), Some(Duration::from_millis(250)));
        assert_eq!(reader.milliseconds(&["B", "C", "D"]), None);
        assert_eq!(reader.into_invalid().len(), 3);
    }

    #[test]
    fn percent_encoding_is_decoded_or_refused() {
        assert_eq!(percent_decoded("a%20b%C3%A9").as_deref(), Ok("a bé"));
        for bad in ["%", "%4", "%zz", "%+1", "%ff", "100%é"] {
            assert!(percent_decoded(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn pairs_keep_what_follows_the_first_equals_sign() {
        let expected = vec![("a".to_owned(), "b=c".to_owned()), ("d".to_owned(), "e,f".to_owned())];
        assert_eq!(pairs("a=b=c, d = e%2Cf,"), Ok(expected));
        assert!(pairs("a").is_err());
        assert!(pairs("=b").is_err());
    }
}
