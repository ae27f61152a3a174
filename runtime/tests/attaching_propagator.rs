//! A propagator that attaches a context. It is the only one of its process, so it has a test binary of its own.

use http::HeaderMap;
use opentelemetry::propagation::text_map_propagator::FieldIter;
use opentelemetry::propagation::{Extractor, Injector, TextMapPropagator};
use opentelemetry::{Context, global};

#[derive(Debug)]
struct Attaching;

impl TextMapPropagator for Attaching {
    fn inject_context(&self, context: &Context, injector: &mut dyn Injector) {
        let _attached = context.clone().attach();
        injector.set("x-attached", "yes".to_owned());
    }

    fn extract_with_context(&self, context: &Context, _: &dyn Extractor) -> Context {
        context.clone()
    }

    fn fields(&self) -> FieldIter<'_> {
        FieldIter::new(&[])
    }
}

#[test]
fn a_propagator_may_attach_a_context_while_it_injects() {
    global::set_text_map_propagator(Attaching);
    let mut headers = HeaderMap::new();
    traced::propagation::inject(&mut headers);
    assert_eq!(headers["x-attached"], "yes");
}
