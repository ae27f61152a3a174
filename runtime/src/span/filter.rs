//! Which sites record, by level and place: `info,bookstore::books=off`.

use std::fmt;
use std::str::FromStr;
use std::sync::{PoisonError, RwLock};

use super::{Site, update_all};
use crate::Level;

/// The filter in force. Read when a site registers or the filter changes, never on the hot path.
static FILTER: RwLock<Filter> = RwLock::new(Filter::ALL);

/// Which sites record: directives separated by commas, each a level or `place=level`.
///
/// A place is a module path or the path of one function (`bookstore::books::create_book`), and stands for all below it;
/// the longest that fits decides. A level records itself and what is more important: `error`, `warn`, `info`, `debug`,
/// `trace`, or `off`. Without a directive for all, everything else records.
///
/// ```
/// let filter: traced::Filter = "info,bookstore::books=off".parse()?;
/// assert_eq!(filter.to_string(), "info,bookstore::books=off");
/// # Ok::<(), traced::FilterError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    default: Threshold,
    directives: Vec<Directive>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Directive {
    place: String,
    threshold: Threshold,
}

/// The least important level that records; none is off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Threshold(Option<Level>);

/// A [`Filter`] that can't be understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{directive}` is no directive: write `LEVEL` or `PLACE=LEVEL`, where LEVEL is off, error, warn, info, debug or trace"
)]
pub struct FilterError {
    directive: String,
}

impl Filter {
    const ALL: Self = Self { default: Threshold(Some(Level::Trace)), directives: Vec::new() };

    fn allows(&self, site: &Site) -> bool {
        let longest = self.directives.iter().filter(|d| d.covers(site.place())).max_by_key(|d| d.place.len());
        let Threshold(threshold) = longest.map_or(self.default, |d| d.threshold);
        threshold.is_some_and(|least| site.level >= least)
    }
}

impl Directive {
    fn covers(&self, (module, function): (&str, &str)) -> bool {
        let is_below = |rest: &str| rest.is_empty() || rest.starts_with("::");
        module.strip_prefix(self.place.as_str()).is_some_and(is_below)
            || self.place.strip_prefix(module).and_then(|rest| rest.strip_prefix("::")) == Some(function)
    }
}

/// Whether the filter in force lets `site` record.
pub(super) fn allows(site: &Site) -> bool {
    FILTER.read().unwrap_or_else(PoisonError::into_inner).allows(site)
}

/// Puts `filter` in force; `None` lets everything record.
pub(crate) fn set(filter: Option<Filter>) {
    *FILTER.write().unwrap_or_else(PoisonError::into_inner) = filter.unwrap_or(Filter::ALL);
    update_all();
}

impl FromStr for Filter {
    type Err = FilterError;

    fn from_str(text: &str) -> Result<Self, FilterError> {
        let mut filter = Self::ALL;
        for directive in text.split(',').map(str::trim).filter(|directive| !directive.is_empty()) {
            let wrong = || FilterError { directive: directive.to_owned() };
            match directive.split_once('=') {
                Some((place, level)) => {
                    let place = place.trim();
                    let is_path = place
                        .split("::")
                        .all(|part| !part.is_empty() && part.chars().all(|c| c.is_alphanumeric() || c == '_'));
                    let threshold = Threshold::named(level.trim()).filter(|_| is_path).ok_or_else(wrong)?;
                    filter.directives.retain(|earlier| earlier.place != place);
                    filter.directives.push(Directive { place: place.to_owned(), threshold });
                }
                None => filter.default = Threshold::named(directive).ok_or_else(wrong)?,
            }
        }
        Ok(filter)
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.default)?;
        self.directives.iter().try_for_each(|d| write!(f, ",{}={}", d.place, d.threshold))
    }
}

impl Threshold {
    fn named(name: &str) -> Option<Self> {
        Some(Self(match name.to_ascii_lowercase().as_str() {
            "off" => None,
            "error" => Some(Level::Error),
            "warn" => Some(Level::Warn),
            "info" => Some(Level::Info),
            "debug" => Some(Level::Debug),
            "trace" => Some(Level::Trace),
            _ => return None,
        }))
    }
}

impl fmt::Display for Threshold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            None => "off",
            Some(Level::Error) => "error",
            Some(Level::Warn) => "warn",
            Some(Level::Info) => "info",
            Some(Level::Debug) => "debug",
            Some(Level::Trace) => "trace",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static CREATE: Site = Site::new("create_book", "bookstore::books");
    static DEBUG: Site = Site::new("page", "bookstore::books").with_level(Level::Debug);
    static OTHER: Site = Site::new("other", "bookstore::bookshelf");

    fn allowed(filter: &str) -> [bool; 3] {
        let filter: Filter = filter.parse().unwrap();
        [&CREATE, &DEBUG, &OTHER].map(|site| filter.allows(site))
    }

    #[test]
    fn the_longest_place_that_fits_decides() {
        assert_eq!(allowed(""), [true, true, true]);
        assert_eq!(allowed("info"), [true, false, true]);
        assert_eq!(allowed("off"), [false, false, false]);
        assert_eq!(allowed("off,bookstore::books=info"), [true, false, false]);
        assert_eq!(allowed("bookstore=off, bookstore::books=trace"), [true, true, false]);
        assert_eq!(allowed("bookstore::books::create_book=off"), [false, true, true]);
        assert_eq!(allowed("bookstore::book=off"), [true, true, true], "whole segments");
        assert_eq!(allowed("WARN,bookstore=DEBUG"), [true, true, true]);
    }

    #[test]
    fn what_is_no_directive_is_named() {
        for wrong in ["loud", "a=loud", "a b=info", "=info", "a:b=info", "info,a=", "a=b=c"] {
            let error = wrong.parse::<Filter>().unwrap_err().to_string();
            assert!(error.contains("is no directive"), "{error}");
        }
    }
}
