//! Row "span kind" of the survey of peers. Not in otel-instrument, opentelemetry-traceable, foundations. Partly in
//! tracing, fastrace.

use opentelemetry::trace::SpanKind;
use traced::testing::capture;
use traced::traced;

macro_rules! kinds {
    ($($kind:ident: $expected:ident;)*) => {$(
        #[traced(kind = $kind)]
        fn $kind() {}
    )*

    #[test]
    fn every_kind_of_the_specification() {
        $(
            let ((), spans) = capture($kind);
            assert_eq!(spans[0].kind, SpanKind::$expected);
        )*
    }};
}

kinds! { internal: Internal; server: Server; client: Client; producer: Producer; consumer: Consumer; }
