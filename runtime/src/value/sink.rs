//! Where attributes are written: the list of an open span, an event or a link.

use std::fmt;

use opentelemetry::{Array, Key, KeyValue, StringValue, Value as OtelValue};

/// What attributes are collected in. What records behind it is the recorder's business alone.
#[derive(Debug, Default)]
pub(crate) struct Sink {
    attributes: Vec<KeyValue>,
}

impl Sink {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Collects what `write` sets.
    pub(crate) fn collect(write: &mut dyn FnMut(&mut Fields<'_>)) -> Vec<KeyValue> {
        let mut sink = Self::new();
        write(&mut sink.fields());
        sink.into_attributes()
    }

    pub(crate) fn fields(&mut self) -> Fields<'_> {
        Fields { sink: self, prefix: "" }
    }

    pub(crate) fn into_attributes(self) -> Vec<KeyValue> {
        self.attributes
    }

    fn push(&mut self, key: Key, value: OtelValue) {
        set(&mut self.attributes, KeyValue::new(key, value));
    }
}

/// OTLP attribute keys are unique: the last write wins, in the first one's place.
fn set(attributes: &mut Vec<KeyValue>, attribute: KeyValue) {
    match attributes.iter_mut().find(|earlier| earlier.key == attribute.key) {
        Some(earlier) => earlier.value = attribute.value,
        None => attributes.push(attribute),
    }
}

/// `attributes` with each key once. The SDK keeps every write.
pub(crate) fn deduplicated(attributes: Vec<KeyValue>) -> Vec<KeyValue> {
    let mut unique = Vec::with_capacity(attributes.len());
    for attribute in attributes {
        set(&mut unique, attribute);
    }
    unique
}

/// A list of attributes that is being written: the argument of [`Attributes::record`](crate::Attributes::record).
#[derive(Debug)]
pub struct Fields<'a> {
    sink: &'a mut Sink,
    prefix: &'a str,
}

impl Fields<'_> {
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
    pub fn set<V: crate::Value + ?Sized>(&mut self, key: &'static str, value: &V) {
        value.record(self.slot(key));
    }

    /// The slot of `key`, to be filled once.
    pub fn slot(&mut self, key: &'static str) -> Slot<'_> {
        let key =
            if self.prefix.is_empty() { Key::from_static_str(key) } else { Key::new(format!("{}{key}", self.prefix)) };
        Slot { sink: self.sink, key }
    }

    /// Sets `key`, which is known only when the program runs, to `value`.
    pub fn set_dynamic<V: crate::Value + ?Sized>(&mut self, key: &str, value: &V) {
        let key = Key::new(format!("{}{key}", self.prefix));
        value.record(Slot { sink: self.sink, key });
    }

    /// The same list, with `prefix` before each key.
    pub fn prefixed<'b>(&'b mut self, prefix: &'b str) -> PrefixedFields<'b> {
        PrefixedFields { prefix: format!("{}{prefix}", self.prefix), sink: self.sink }
    }
}

/// See [`Fields::prefixed`].
#[derive(Debug)]
pub struct PrefixedFields<'a> {
    sink: &'a mut Sink,
    prefix: String,
}

impl PrefixedFields<'_> {
    /// The list to write into.
    pub fn fields(&mut self) -> Fields<'_> {
        Fields { sink: self.sink, prefix: &self.prefix }
    }
}

/// The place of one attribute's value. Dropped unused, the attribute is absent.
#[derive(Debug)]
pub struct Slot<'a> {
    sink: &'a mut Sink,
    key: Key,
}

impl Slot<'_> {
    fn put(self, value: impl Into<OtelValue>) {
        self.sink.push(self.key, value.into());
    }

    /// Writes a boolean.
    pub fn bool(self, value: bool) {
        self.put(value);
    }

    /// Writes a signed integer.
    pub fn i64(self, value: i64) {
        self.put(value);
    }

    /// Writes a double-precision float.
    pub fn f64(self, value: f64) {
        self.put(value);
    }

    /// Writes a string.
    pub fn str(self, value: &str) {
        self.put(value.to_owned());
    }

    /// Writes a string that lives as long as the program, which need not be copied.
    pub fn static_str(self, value: &'static str) {
        self.put(value);
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
        let mut text = String::new();
        // `format!` panics where a Display answers with an error; telemetry must not.
        let _ = fmt::Write::write_fmt(&mut text, value);
        self.put(text);
    }

    /// Writes an array of booleans.
    pub fn bools(self, values: impl IntoIterator<Item = bool>) {
        self.put(OtelValue::Array(Array::Bool(values.into_iter().collect())));
    }

    /// Writes an array of signed integers.
    pub fn i64s(self, values: impl IntoIterator<Item = i64>) {
        self.put(OtelValue::Array(Array::I64(values.into_iter().collect())));
    }

    /// Writes an array of floats.
    pub fn f64s(self, values: impl IntoIterator<Item = f64>) {
        self.put(OtelValue::Array(Array::F64(values.into_iter().collect())));
    }

    /// Writes an array of strings.
    pub fn strs<S: AsRef<str>>(self, values: impl IntoIterator<Item = S>) {
        let values = values.into_iter().map(|s| StringValue::from(s.as_ref().to_owned()));
        self.put(OtelValue::Array(Array::String(values.collect())));
    }

    /// Writes a value of OpenTelemetry's own type.
    pub fn otel(self, value: OtelValue) {
        self.put(value);
    }
}
