//! [`Value`] for the types of the language and of the standard library.

use std::borrow::Cow;
use std::num::NonZero;
use std::rc::Rc;
use std::sync::Arc;

use super::{Slot, Value};

impl Value for bool {
    fn record(&self, slot: Slot<'_>) {
        slot.bool(*self);
    }
}

/// Integers that always fit 64 signed bits.
macro_rules! small_integers {
    ($($type:ty)*) => {$(
        impl Value for $type {
            #[inline]
            fn record(&self, slot: Slot<'_>) {
                slot.i64(i64::from(*self));
            }
        }
        impl Value for NonZero<$type> {
            fn record(&self, slot: Slot<'_>) {
                slot.i64(i64::from(self.get()));
            }
        }
        impl Element for $type {
            fn record_all(values: &[Self], slot: Slot<'_>) {
                slot.i64s(values.iter().map(|&value| i64::from(value)));
            }
        }
    )*};
}

/// Integers that may not fit: then a decimal string, since OpenTelemetry has no wider type.
macro_rules! wide_integers {
    ($($type:ty)*) => {$(
        impl Value for $type {
            #[inline]
            fn record(&self, slot: Slot<'_>) {
                match i64::try_from(*self) {
                    Ok(value) => slot.i64(value),
                    Err(_) => slot.display(self),
                }
            }
        }
        impl Value for NonZero<$type> {
            fn record(&self, slot: Slot<'_>) {
                self.get().record(slot);
            }
        }
        impl Element for $type {
            fn record_all(values: &[Self], slot: Slot<'_>) {
                let fitting: Result<Vec<i64>, _> = values.iter().map(|&value| i64::try_from(value)).collect();
                match fitting {
                    Ok(values) => slot.i64s(values),
                    Err(_) => slot.strs(values.iter().map(ToString::to_string)),
                }
            }
        }
    )*};
}

small_integers! { i8 i16 i32 i64 u8 u16 u32 }
wide_integers! { isize usize u64 i128 u128 }

macro_rules! floats {
    ($($type:ty)*) => {$(
        impl Value for $type {
            fn record(&self, slot: Slot<'_>) {
                slot.f64(f64::from(*self));
            }
        }
        impl Element for $type {
            fn record_all(values: &[Self], slot: Slot<'_>) {
                slot.f64s(values.iter().map(|&value| f64::from(value)));
            }
        }
    )*};
}

floats! { f32 f64 }

impl Value for str {
    #[inline]
    fn record(&self, slot: Slot<'_>) {
        slot.str(self);
    }
}

impl Value for char {
    fn record(&self, slot: Slot<'_>) {
        slot.str(self.encode_utf8(&mut [0; 4]));
    }
}

impl Value for String {
    #[inline]
    fn record(&self, slot: Slot<'_>) {
        slot.str(self);
    }
}

#[cfg(feature = "enable")]
impl Value for opentelemetry::Value {
    fn record(&self, slot: Slot<'_>) {
        slot.otel(self.clone());
    }
}

#[cfg(feature = "enable")]
impl Value for opentelemetry::StringValue {
    fn record(&self, slot: Slot<'_>) {
        slot.str(self.as_str());
    }
}

/// Written when present; `None` leaves the attribute absent.
impl<T: Value> Value for Option<T> {
    fn record(&self, slot: Slot<'_>) {
        if let Some(value) = self {
            value.record(slot);
        }
    }
}

macro_rules! pointers {
    ($($pointer:ty)*) => {$(
        impl<T: Value + ?Sized> Value for $pointer {
            fn record(&self, slot: Slot<'_>) {
                (**self).record(slot);
            }
        }
    )*};
}

pointers! { &T &mut T Box<T> Rc<T> Arc<T> }

impl<T: Value + ToOwned + ?Sized> Value for Cow<'_, T> {
    fn record(&self, slot: Slot<'_>) {
        (**self).record(slot);
    }
}

/// What an array attribute may hold: OpenTelemetry's arrays are of one primitive type.
#[diagnostic::on_unimplemented(
    message = "an array attribute can't hold `{Self}`",
    note = "arrays of booleans, integers, floats and strings are attribute values; write `?value` for the `Debug` form of others"
)]
pub trait Element: Sized {
    #[doc(hidden)]
    fn record_all(values: &[Self], slot: Slot<'_>);
}

impl Element for bool {
    fn record_all(values: &[Self], slot: Slot<'_>) {
        slot.bools(values.iter().copied());
    }
}

macro_rules! string_elements {
    ($($type:ty)*) => {$(
        impl Element for $type {
            fn record_all(values: &[Self], slot: Slot<'_>) {
                slot.strs(values);
            }
        }
    )*};
}

string_elements! { &str String Cow<'_, str> Box<str> Arc<str> &String }

impl<T: Element> Value for [T] {
    fn record(&self, slot: Slot<'_>) {
        T::record_all(self, slot);
    }
}

impl<T: Element, const N: usize> Value for [T; N] {
    fn record(&self, slot: Slot<'_>) {
        T::record_all(self, slot);
    }
}

impl<T: Element> Value for Vec<T> {
    fn record(&self, slot: Slot<'_>) {
        T::record_all(self, slot);
    }
}
