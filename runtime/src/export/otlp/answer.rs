//! What a collector answers.

use crate::recorder::wire::read::{Field, Reader};

/// How many spans the collector refused, as `ExportTraceServiceResponse` says; an answer that is none refuses none.
///
/// Those of metrics and of log records count data points and records in the same place.
pub(crate) fn rejected(body: &[u8]) -> u64 {
    let field = |message, wanted| Reader::new(message).filter(|(number, _)| *number == wanted).last();
    let Some((_, partial_success @ Field::Bytes(_))) = field(body, 1) else { return 0 };
    let Some((_, Field::Varint(rejected))) = field(partial_success.bytes(), 1) else { return 0 };
    // An int64, which must not be negative.
    i64::try_from(rejected).map_or(0, i64::cast_unsigned)
}

#[cfg(test)]
mod tests {
    use opentelemetry_proto::tonic::collector::trace::v1::{ExportTracePartialSuccess, ExportTraceServiceResponse};
    use prost::Message;

    use super::*;

    fn answer(rejected_spans: i64) -> Vec<u8> {
        let partial = ExportTracePartialSuccess { rejected_spans, error_message: "why".to_owned() };
        ExportTraceServiceResponse { partial_success: Some(partial) }.encode_to_vec()
    }

    #[test]
    fn refused_spans_are_read() {
        assert_eq!(rejected(&answer(3)), 3);
        assert_eq!(rejected(&answer(0)), 0);
        assert_eq!(rejected(&answer(-1)), 0);
    }

    #[test]
    fn what_is_no_answer_refuses_nothing() {
        for body in [&b""[..], b"ok", b"\xff\xff", b"{}", b"\x0a\xff", b"\x08\x05"] {
            assert_eq!(rejected(body), 0);
        }
    }
}
