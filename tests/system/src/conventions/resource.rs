//! What the telemetry is about.

use super::Level::{Recommended, Required};
use super::{Attribute, Table, text};

pub(super) static RESOURCE: Table = Table {
    title: "resource",
    source: "https://opentelemetry.io/docs/specs/semconv/resource/",
    attributes: ATTRIBUTES,
};

const ATTRIBUTES: &[Attribute] = &[
    text("service.name", Required),
    text("service.namespace", Recommended),
    text("service.version", Recommended),
    text("telemetry.sdk.name", Required),
    text("telemetry.sdk.language", Required).one_of(&["rust"]),
    text("telemetry.sdk.version", Required),
];
