//! Where attributes are written when the feature `enable` is off: nowhere.

use std::fmt;
use std::marker::PhantomData;

/// A list of attributes that is being written: the argument of [`Attributes::record`](crate::Attributes::record).
#[derive(Debug)]
pub struct Fields<'a>(PhantomData<&'a mut ()>);

/// The place of one attribute's value.
#[derive(Debug)]
pub struct Slot<'a>(PhantomData<&'a mut ()>);

/// See [`Fields::prefixed`].
#[derive(Debug)]
pub struct PrefixedFields<'a>(PhantomData<&'a mut ()>);

impl Fields<'_> {
    /// Sets `key` to `value`.
    #[inline]
    pub fn set<V: crate::Value + ?Sized>(&mut self, _key: &'static str, _value: &V) {}

    /// The slot of `key`.
    #[inline]
    pub fn slot(&mut self, _key: &'static str) -> Slot<'_> {
        Slot(PhantomData)
    }

    /// Sets `key`, which is known only when the program runs, to `value`.
    #[inline]
    pub fn set_dynamic<V: crate::Value + ?Sized>(&mut self, _key: &str, _value: &V) {}

    /// The same list, with `prefix` before each key.
    #[inline]
    pub fn prefixed<'b>(&'b mut self, _prefix: &'b str) -> PrefixedFields<'b> {
        PrefixedFields(PhantomData)
    }
}

impl PrefixedFields<'_> {
    /// The list to write into.
    #[inline]
    pub fn fields(&mut self) -> Fields<'_> {
        Fields(PhantomData)
    }
}

macro_rules! ignored {
    ($($(#[$doc:meta])* fn $name:ident($type:ty);)*) => {$(
        $(#[$doc])*
        #[inline]
        pub fn $name(self, _value: $type) {}
    )*};
}

impl Slot<'_> {
    ignored! {
        /// Writes a boolean.
        fn bool(bool);
        /// Writes a signed integer.
        fn i64(i64);
        /// Writes a double-precision float.
        fn f64(f64);
        /// Writes a string.
        fn str(&str);
        /// Writes a string that lives as long as the program.
        fn static_str(&'static str);
        /// Writes the `Display` form.
        fn display(&dyn fmt::Display);
        /// Writes the `Debug` form.
        fn debug(&dyn fmt::Debug);
        /// Writes formatted text.
        fn format(fmt::Arguments<'_>);
        /// Writes an array of booleans.
        fn bools(impl IntoIterator<Item = bool>);
        /// Writes an array of signed integers.
        fn i64s(impl IntoIterator<Item = i64>);
        /// Writes an array of floats.
        fn f64s(impl IntoIterator<Item = f64>);
    }

    /// Writes an array of strings.
    #[inline]
    pub fn strs<S: AsRef<str>>(self, _values: impl IntoIterator<Item = S>) {}
}
