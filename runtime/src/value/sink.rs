//! Where attributes are written: the list of an open span, an event or a link.

use std::fmt;

use opentelemetry::{KeyValue, Value as OtelValue};

#[cfg(feature = "warp")]
use crate::recorder::wire::OwnKey;
use crate::recorder::wire::{Attributes, Key, Keys, KnownKey, Ready, decode};

/// A list of attributes that is being written: the argument of [`Attributes::record`](crate::Attributes::record).
#[derive(Debug)]
pub struct Fields<'a> {
    list: &'a mut Attributes,
    prefix: &'a str,
    /// The one whose slot was given out last: a slot is small, so that it is passed on without being written down.
    key: Key<'a>,
}

impl<'a> Fields<'a> {
    /// Writes to `list`.
    pub(crate) fn new(list: &'a mut Attributes) -> Self {
        Self { list, prefix: "", key: Key::new("") }
    }

    /// What `write` sets, as a span that is not the recorder's takes it: under the rules of the installed pipeline.
    pub(crate) fn for_others(write: &mut dyn FnMut(&mut Fields<'_>)) -> Vec<KeyValue> {
        let mut list = crate::recorder::rules().list();
        write(&mut Fields::new(&mut list));
        decode::attributes(list.finish()).collect()
    }

    /// What `write` sets, as OpenTelemetry's own types have it.
    pub(crate) fn collect(write: &mut dyn FnMut(&mut Fields<'_>)) -> Vec<KeyValue> {
        let mut list = Attributes::of_span();
        write(&mut Fields::new(&mut list));
        decode::attributes(list.finish()).collect()
    }

    /// Sets `key` to `value`. A key that is set twice keeps the last value.
    ///
    /// ```
    /// # use traced::{Attributes, Fields};
    /// struct Page { skip: u32, limit: u32 }
    /// impl Attributes for Page {
    ///     fn record(&self, fields: &mut Fields<'_>) {
    ///         fields.set("query.skip", &self.skip);
    ///         fields.set("query.limit", &self.limit);
    ///     }
    /// }
    /// ```
    #[inline]
    pub fn set<V: crate::Value + ?Sized>(&mut self, key: &'static str, value: &V) {
        value.record(self.slot(key));
    }

    /// The slot of `key`, to be filled once.
    #[inline]
    pub fn slot(&mut self, key: &'static str) -> Slot<'_> {
        self.key = Key::prefixed(self.prefix, key);
        Slot { key: &self.key, list: self.list }
    }

    /// Sets `key`, which is known only when the program runs, to `value`.
    pub fn set_dynamic<V: crate::Value + ?Sized>(&mut self, key: &str, value: &V) {
        value.record(Slot { key: &Key::prefixed(self.prefix, key), list: self.list });
    }

    /// Sets `key`, which is encoded ahead, to `value`.
    #[inline]
    pub(crate) fn put<V: crate::Value + ?Sized>(&mut self, key: &'static KnownKey, value: &V) {
        value.record(self.place(key));
    }

    /// The slot of `key`, which is encoded ahead, to be filled once.
    #[inline]
    pub(crate) fn place(&mut self, key: &'static KnownKey) -> Slot<'_> {
        self.key = if self.prefix.is_empty() { key.key() } else { Key::prefixed(self.prefix, key.name()) };
        Slot { key: &self.key, list: self.list }
    }

    /// Sets `key`, which was encoded when the program began, to `value`.
    #[cfg(feature = "warp")]
    pub(crate) fn put_own<V: crate::Value + ?Sized>(&mut self, key: &OwnKey, value: &V) {
        debug_assert!(self.prefix.is_empty(), "what is encoded ahead has no prefix");
        value.record(Slot { key: &key.key(), list: self.list });
    }

    /// Sets what `write` does, which is the same each time it is called with this `ready`.
    pub(crate) fn same(&mut self, ready: &Ready, write: impl Fn(&mut Fields<'_>)) {
        debug_assert!(self.prefix.is_empty(), "what is encoded ahead has no prefix");
        ready.append_to(self.list, |list| write(&mut Fields::new(list)));
    }

    /// Sets each of `keys` to its value.
    #[inline]
    pub(crate) fn set_each(&mut self, keys: &Keys, values: &[&dyn crate::Value]) {
        let first = self.list.is_untouched() && self.prefix.is_empty();
        for (key, value) in keys.iter().zip(values) {
            let key = if first { key } else { Key::prefixed(self.prefix, key.name) };
            value.record(Slot { key: &key, list: self.list });
        }
    }

    /// The same list, with `prefix` before each key.
    pub fn prefixed<'b>(&'b mut self, prefix: &'b str) -> PrefixedFields<'b> {
        PrefixedFields { prefix: format!("{}{prefix}", self.prefix), list: self.list }
    }
}

/// See [`Fields::prefixed`].
#[derive(Debug)]
pub struct PrefixedFields<'a> {
    list: &'a mut Attributes,
    prefix: String,
}

impl PrefixedFields<'_> {
    /// The list to write into.
    pub fn fields(&mut self) -> Fields<'_> {
        Fields { list: self.list, prefix: &self.prefix, key: Key::new("") }
    }
}

/// The place of one attribute's value. Dropped unused, the attribute is absent.
#[derive(Debug)]
pub struct Slot<'a> {
    list: &'a mut Attributes,
    key: &'a Key<'a>,
}

impl Slot<'_> {
    /// Writes a boolean.
    #[inline]
    pub fn bool(self, value: bool) {
        self.list.bool(self.key, value);
    }

    /// Writes a signed integer.
    #[inline]
    pub fn i64(self, value: i64) {
        self.list.i64(self.key, value);
    }

    /// Writes a double-precision float.
    #[inline]
    pub fn f64(self, value: f64) {
        self.list.f64(self.key, value);
    }

    /// Writes a string.
    #[inline]
    pub fn str(self, value: &str) {
        self.list.str(self.key, value);
    }

    /// Writes a string that lives as long as the program.
    #[inline]
    pub fn static_str(self, value: &'static str) {
        self.list.str(self.key, value);
    }

    /// Writes the `Display` form. A `Display` that fails leaves what it wrote before.
    pub fn display(self, value: &dyn fmt::Display) {
        self.format(format_args!("{value}"));
    }

    /// Writes the `Debug` form. A `Debug` that fails leaves what it wrote before.
    pub fn debug(self, value: &dyn fmt::Debug) {
        self.format(format_args!("{value:?}"));
    }

    /// Writes formatted text.
    pub fn format(self, value: fmt::Arguments<'_>) {
        match value.as_str() {
            Some(text) => self.str(text),
            None => self.list.format(self.key, value),
        }
    }

    /// Writes an array of booleans.
    pub fn bools(self, values: impl IntoIterator<Item = bool>) {
        self.list.array(self.key, |out| values.into_iter().for_each(|value| out.bool(value)));
    }

    /// Writes an array of signed integers.
    pub fn i64s(self, values: impl IntoIterator<Item = i64>) {
        self.list.array(self.key, |out| values.into_iter().for_each(|value| out.i64(value)));
    }

    /// Writes an array of floats.
    pub fn f64s(self, values: impl IntoIterator<Item = f64>) {
        self.list.array(self.key, |out| values.into_iter().for_each(|value| out.f64(value)));
    }

    /// Writes an array of strings.
    pub fn strs<S: AsRef<str>>(self, values: impl IntoIterator<Item = S>) {
        self.list.array(self.key, |out| values.into_iter().for_each(|value| out.str(value.as_ref())));
    }

    /// Writes a value of OpenTelemetry's own type.
    pub fn otel(self, value: OtelValue) {
        self.list.otel(self.key, &value);
    }
}
