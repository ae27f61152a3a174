//! The recorder's own tests; what users see of it is tested in `runtime/tests`.

mod hostile;
mod lengths;
mod libraries;
mod lifecycle;
mod limits;
mod outages;
mod owners;
mod round_trip;

use std::sync::Arc;

use opentelemetry::Context;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;

use super::batch::Resource;
use super::own::Own;
use super::{Capturing, OpenSpan, Pipeline, RecorderConfig, capture, open};
use crate::span::{Site, Start};
use crate::value::Fields;

static SITE: Site = Site::new("site", "recorder::tests");

/// A pipeline of our own, to which the spans started in its context go.
struct Recorder {
    pipeline: Arc<Pipeline>,
    context: Context,
    _capturing: Capturing,
}

impl Recorder {
    fn new(config: RecorderConfig) -> Self {
        let pipeline = Arc::new(Pipeline::held(config));
        let (context, _capturing) = capture(Arc::clone(&pipeline));
        Self { pipeline, context, _capturing }
    }

    fn own(&self) -> &Arc<Own> {
        self.pipeline.own().expect("it is our own")
    }

    /// Opens a span with the attributes that `write` sets.
    fn open(&self, write: &mut dyn FnMut(&mut Fields<'_>)) -> OpenSpan {
        let _attached = self.context.clone().attach();
        open(Start::new(&SITE, write)).open().expect("it is recorded")
    }

    /// The finished spans, as a collector would see them.
    fn take(&self) -> Vec<Span> {
        let batch = self.own().take_all();
        spans(&batch.request(&Resource::new(&opentelemetry_sdk::Resource::builder_empty().build()), None))
    }

    fn take_one(&self) -> Span {
        let mut spans = self.take();
        assert_eq!(spans.len(), 1, "{spans:?}");
        spans.remove(0)
    }
}

fn request(bytes: &[u8]) -> ExportTraceServiceRequest {
    let request = ExportTraceServiceRequest::decode(bytes).expect("it is OTLP");
    // What we leave out or in is what prost does: encoding again gives as many bytes.
    assert_eq!(request.encoded_len(), bytes.len());
    request
}

fn spans(bytes: &[u8]) -> Vec<Span> {
    let resources = request(bytes).resource_spans;
    resources.into_iter().flat_map(|resource| resource.scope_spans).flat_map(|scope| scope.spans).collect()
}
