//! What metrics call a part of the pipeline.

/// An exporter of spans as metrics name it: `otel.component.*`, and where it sends to.
#[derive(Debug, Clone, Default)]
#[cfg_attr(not(feature = "metrics"), allow(dead_code))]
pub(crate) struct Component {
    /// One of the conventions' where they have one, else the name of the type.
    pub(crate) kind: &'static str,
    /// Tells those of one kind apart.
    pub(crate) number: usize,
    pub(crate) server: Option<(String, Option<u16>)>,
}

impl Component {
    pub(crate) fn of(kind: &'static str) -> Self {
        Self { kind, ..Self::default() }
    }

    /// The attributes of its metrics.
    #[cfg(feature = "metrics")]
    pub(crate) fn attributes(&self) -> Vec<opentelemetry::KeyValue> {
        use opentelemetry::KeyValue;
        let mut attributes = vec![
            KeyValue::new("otel.component.name", format!("{}/{}", self.kind, self.number)),
            KeyValue::new("otel.component.type", self.kind),
        ];
        if let Some((address, port)) = &self.server {
            attributes.push(KeyValue::new("server.address", address.clone()));
            attributes.extend(port.map(|port| KeyValue::new("server.port", i64::from(port))));
        }
        attributes
    }
}
