//! Typed attribute values: what may stand on the right of `key = value`, and where it is written.

mod attributes;
mod impls;
mod probes;
#[cfg(feature = "enable")]
mod recorded;
mod redacted;
#[cfg(feature = "enable")]
mod shown;
#[cfg(feature = "enable")]
mod sink;
#[cfg(not(feature = "enable"))]
#[path = "nowhere.rs"]
mod sink;

/// A key of the conventions, encoded while this is compiled: for [`Fields::put`].
#[cfg(feature = "enable")]
macro_rules! key {
    ($name:literal) => {
        const { &$crate::recorder::wire::KnownKey::new($name) }
    };
}

pub use attributes::Attributes;
pub use probes::{capture, mask};
pub use redacted::{REDACTED, Redacted};
pub use sink::{Fields, Slot};

#[cfg(feature = "enable")]
pub(crate) use key;
#[cfg(feature = "enable")]
pub(crate) use recorded::Recorded;
#[cfg(feature = "enable")]
pub use shown::{debug, display};

/// A value that can stand on an attribute.
///
/// Implemented for `bool`, every integer and float, `char`, strings, arrays, slices and `Vec`s of them, references and
/// smart pointers to them, `opentelemetry::Value`, and `Option` of all these: `None` is an absent attribute.
///
/// OpenTelemetry's integers are signed with 64 bits; an integer beyond that range is written as a decimal string.
///
/// Anything else can be recorded through its [`Display`](std::fmt::Display) form with `%value`, through its
/// [`Debug`](std::fmt::Debug) form with `?value`, or by implementing this trait:
///
/// ```
/// use traced::{Slot, Value};
///
/// struct Isbn([u8; 13]);
///
/// impl Value for Isbn {
///     fn record(&self, slot: Slot<'_>) {
///         slot.str(std::str::from_utf8(&self.0).unwrap_or_default());
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no attribute value",
    label = "no `traced::Value`",
    note = "write `%value` to record its `Display` form or `?value` for its `Debug` form, or implement `traced::Value` for it"
)]
pub trait Value {
    /// Writes the value into `slot`, once; a slot that is dropped unused leaves the attribute absent.
    fn record(&self, slot: Slot<'_>);
}
