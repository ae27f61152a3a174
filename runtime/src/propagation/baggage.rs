//! The header `baggage`.

use std::sync::LazyLock;

use opentelemetry::baggage::{Baggage as Members, BaggageExt};
use opentelemetry::propagation::text_map_propagator::FieldIter;
use opentelemetry::propagation::{Extractor, Injector, TextMapPropagator};
use opentelemetry::{Context, StringValue};

use super::ids::trim;
use super::percent::{decoded, encoded};

const HEADER: &str = "baggage";

/// What everybody has to pass on, and what is not exceeded here.
const MAX_MEMBERS: usize = 64;
const MAX_BYTES: usize = 8192;

/// The [W3C's baggage](https://www.w3.org/TR/baggage/): names and values that go along with a request.
///
/// Every `baggage` header of a request is read. A member that is malformed is left out, alone; so is what comes after 64 members
/// or 8192 bytes. Unlike the SDK's propagator it keeps a `=` and a `%` in a value, and logs nothing of what it read.
#[derive(Debug, Clone, Copy, Default)]
pub struct Baggage(());

impl Baggage {
    /// The propagator: `OTEL_PROPAGATORS=baggage`.
    pub fn new() -> Self {
        Self(())
    }
}

impl TextMapPropagator for Baggage {
    fn inject_context(&self, cx: &Context, injector: &mut dyn Injector) {
        let baggage = cx.baggage();
        let mut members: Vec<String> = baggage
            .iter()
            .map(|(name, (value, properties))| {
                let (value, properties) = (encoded(value.as_str(), is_octet), properties.as_str());
                let separator = if properties.is_empty() { "" } else { ";" };
                // They were given as they are sent; what can't be sent must not cost the rest.
                let properties = Some(properties).filter(|properties| are_properties(properties));
                format!("{name}={value}{}{}", properties.map_or("", |_| separator), properties.unwrap_or_default())
            })
            .collect();
        // The order is a hash map's otherwise.
        members.sort_unstable();
        let mut header = String::new();
        for member in members {
            let separator = if header.is_empty() { "" } else { "," };
            if header.len() + separator.len() + member.len() <= MAX_BYTES {
                header.push_str(separator);
                header.push_str(&member);
            }
        }
        if !header.is_empty() {
            injector.set(HEADER, header);
        }
    }

    fn extract_with_context(&self, cx: &Context, extractor: &dyn Extractor) -> Context {
        let headers = extractor.get_all(HEADER).unwrap_or_default();
        let mut members = Members::new();
        let mut bytes = 0;
        for member in headers.iter().flat_map(|header| header.split(',')) {
            bytes += member.len() + 1;
            // The last one has no comma after it.
            if bytes > MAX_BYTES + 1 || members.len() == MAX_MEMBERS {
                break;
            }
            if let Some((name, value, properties)) = parsed(member) {
                // Names that are none are refused there.
                members.insert_with_metadata(name.to_owned(), value, properties.to_owned());
            }
        }
        if members.is_empty() { cx.clone() } else { cx.with_baggage(members) }
    }

    fn fields(&self) -> FieldIter<'_> {
        static FIELDS: LazyLock<[String; 1]> = LazyLock::new(|| [HEADER.to_owned()]);
        FieldIter::new(&*FIELDS)
    }
}

/// `name = value [; property]*`
fn parsed(member: &str) -> Option<(&str, StringValue, &str)> {
    let (pair, properties) = member.split_once(';').unwrap_or((member, ""));
    let (name, value) = pair.split_once('=')?;
    let [name, value, properties] = [name, value, properties].map(trim);
    let valid = value.bytes().all(|byte| is_octet(byte) || byte == b'%');
    valid.then(|| (name, StringValue::from(decoded(value).into_owned()), properties))
}

/// What stands in a value for itself; `%` does not, since it begins an escape.
fn is_octet(byte: u8) -> bool {
    byte.is_ascii_graphic() && !b"\",;\\%".contains(&byte)
}

fn are_properties(text: &str) -> bool {
    text.bytes().all(|byte| (byte.is_ascii_graphic() || b" \t".contains(&byte)) && byte != b',')
}
