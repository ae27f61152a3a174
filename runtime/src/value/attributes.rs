//! Types that are several attributes at once.

use super::Fields;

/// A type that is several attributes at once, flattened into a span or event with `..value`.
///
/// Derive it, or implement it by hand:
///
/// ```
/// use traced::{Attributes, Fields};
///
/// struct Page { skip: u32, limit: u32 }
///
/// impl Attributes for Page {
///     fn record(&self, fields: &mut Fields<'_>) {
///         fields.set("query.skip", &self.skip);
///         fields.set("query.limit", &self.limit);
///     }
/// }
///
/// #[traced::traced(attrs(..page))]
/// fn list(page: &Page) { /* .. */ }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be flattened into attributes",
    label = "no `traced::Attributes`",
    note = "derive it with `#[derive(traced::Attributes)]`, or set its fields one by one: `key = value.field`"
)]
pub trait Attributes {
    /// Sets every attribute of `self` on `fields`.
    fn record(&self, fields: &mut Fields<'_>);
}

impl<T: Attributes + ?Sized> Attributes for &T {
    fn record(&self, fields: &mut Fields<'_>) {
        (**self).record(fields);
    }
}

impl<T: Attributes> Attributes for Option<T> {
    fn record(&self, fields: &mut Fields<'_>) {
        if let Some(value) = self {
            value.record(fields);
        }
    }
}

impl<T: Attributes + ?Sized> Attributes for Box<T> {
    fn record(&self, fields: &mut Fields<'_>) {
        (**self).record(fields);
    }
}

impl<T: Attributes + ?Sized> Attributes for std::sync::Arc<T> {
    fn record(&self, fields: &mut Fields<'_>) {
        (**self).record(fields);
    }
}
