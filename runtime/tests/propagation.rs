//! The propagators, on the headers of HTTP requests. The test suite of W3C trace context is in `w3c.rs`.

use http::{HeaderMap, HeaderName, HeaderValue};
use opentelemetry::Context;
use opentelemetry::baggage::BaggageExt;
use opentelemetry::propagation::{Extractor, Injector, TextMapPropagator};
use opentelemetry::trace::{SpanContext, TraceContextExt};
use traced::propagation::{B3, Baggage, Jaeger, TraceContext};

const TRACE: &str = "12345678901234567890123456789012";
const SPAN: &str = "1234567890123456";

/// As `traced::propagation` reads and writes them, by a propagator of the test's own: the installed one is the process's.
struct Headers(HeaderMap);

impl Headers {
    fn of(headers: &[(&str, &str)]) -> Self {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(HeaderName::from_bytes(name.as_bytes()).unwrap(), HeaderValue::from_str(value).unwrap());
        }
        Self(map)
    }
}

impl Extractor for Headers {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key)?.to_str().ok()
    }
    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(HeaderName::as_str).collect()
    }
    fn get_all(&self, key: &str) -> Option<Vec<&str>> {
        let values: Vec<_> = self.0.get_all(key).iter().map(|value| value.to_str().unwrap_or_default()).collect();
        (!values.is_empty()).then_some(values)
    }
}

impl Injector for Headers {
    fn set(&mut self, key: &str, value: String) {
        self.0.insert(HeaderName::from_bytes(key.as_bytes()).unwrap(), value.parse().unwrap());
    }
}

fn extract(propagator: &dyn TextMapPropagator, headers: &[(&str, &str)]) -> Context {
    propagator.extract_with_context(&Context::new(), &Headers::of(headers))
}

fn span(propagator: &dyn TextMapPropagator, headers: &[(&str, &str)]) -> Option<SpanContext> {
    let context = extract(propagator, headers);
    context.has_active_span().then(|| context.span().span_context().clone())
}

fn inject(propagator: &dyn TextMapPropagator, context: &Context) -> Vec<(String, String)> {
    let mut headers = Headers(HeaderMap::new());
    propagator.inject_context(context, &mut headers);
    headers.0.iter().map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect()
}

#[test]
fn flags_other_than_sampled_are_not_passed_on() {
    for (flags, sampled, sent) in [("ff", true, "01"), ("fe", false, "00"), ("01", true, "01")] {
        let parent = format!("00-{TRACE}-{SPAN}-{flags}");
        let context = extract(&TraceContext::new(), &[("traceparent", &parent)]);
        assert_eq!(context.span().span_context().is_sampled(), sampled);
        assert_eq!(
            inject(&TraceContext::new(), &context),
            [("traceparent".into(), format!("00-{TRACE}-{SPAN}-{sent}"))]
        );
    }
}

#[test]
fn b3_in_one_header() {
    let b3 = B3::single();
    let cases = [
        (format!("{TRACE}-{SPAN}-1"), Some(true)),
        (format!("{TRACE}-{SPAN}-0"), Some(false)),
        (format!("{TRACE}-{SPAN}-d"), Some(true)),
        (format!("{TRACE}-{SPAN}"), Some(false)),
        (format!("{TRACE}-{SPAN}-1-0000000000000001"), Some(true)),
        (format!("{TRACE}-{SPAN}-1-x"), None),
        (format!("{TRACE}-{SPAN}-2"), None),
        ("0".into(), None),
        (format!("{}-{SPAN}-1", "0".repeat(32)), None),
        (format!("{TRACE}x-{SPAN}-1"), None),
        (format!("{TRACE}-{}-1", "0".repeat(16)), None),
        (format!("{TRACE}-{SPAN}7-1"), None),
        (format!("{TRACE}-{}-1", &SPAN[1..]), None),
        (format!("{}-{SPAN}-1", &TRACE[1..]), None),
        (format!("A{}-{SPAN}-1", &TRACE[1..]), None),
        (format!("{TRACE}-{SPAN}-1-{SPAN}-1"), None),
        (format!("{TRACE}-{SPAN}-"), None),
        (format!("{TRACE}-{SPAN}-true"), None),
        (format!("{TRACE}-"), None),
        (TRACE.to_owned(), None),
        ("d".into(), None),
        (String::new(), None),
        (format!(" {TRACE}-{SPAN}-1 "), Some(true)),
        (format!("{TRACE}-{SPAN}-1{}", "x".repeat(10_000)), None),
    ];
    for (header, sampled) in cases {
        assert_eq!(span(&b3, &[("b3", &header)]).map(|span| span.is_sampled()), sampled, "{header}");
    }
    let old = span(&b3, &[("b3", &format!("{SPAN}-{SPAN}-1"))]).unwrap();
    assert_eq!(old.trace_id().to_string(), format!("{}{SPAN}", "0".repeat(16)));
    for header in [format!("{TRACE}-{SPAN}-1"), format!("{TRACE}-{SPAN}-0"), format!("{TRACE}-{SPAN}-d")] {
        assert_eq!(inject(&b3, &extract(&b3, &[("b3", &header)])), [("b3".to_owned(), header)]);
    }
}

#[test]
fn b3_in_several_headers() {
    let b3 = B3::multiple();
    let ids = [("X-B3-TraceId", TRACE), ("X-B3-SpanId", SPAN)];
    for (header, sampled) in
        [(("X-B3-Sampled", "1"), true), (("X-B3-Sampled", "0"), false), (("X-B3-Flags", "1"), true)]
    {
        let headers = [ids[0], ids[1], header];
        let context = extract(&b3, &headers);
        assert_eq!(context.span().span_context().is_sampled(), sampled);
        let mut sent = inject(&b3, &context);
        sent.sort();
        let mut expected = headers.map(|(name, value)| (name.to_lowercase(), value.to_owned()));
        expected.sort();
        assert_eq!(sent, expected);
    }
    assert!(span(&b3, &[ids[0]]).is_none() && span(&b3, &[ids[1]]).is_none());
    let zeros = "0".repeat(32);
    for (trace, parent, valid) in [
        (TRACE, SPAN, true),
        (&TRACE[16..], SPAN, true),
        (&zeros[..], SPAN, false),
        (TRACE, &zeros[..16], false),
        (&TRACE[1..], SPAN, false),
        (TRACE, &SPAN[1..], false),
        ("", SPAN, false),
        (TRACE, "nonsense", false),
    ] {
        let headers = [("X-B3-TraceId", trace), ("X-B3-SpanId", parent), ("X-B3-Sampled", "1")];
        assert_eq!(span(&b3, &headers).is_some(), valid, "{headers:?}");
    }
    for (sampled, expected) in [("true", true), ("false", false), ("2", false), ("", false)] {
        let headers = [ids[0], ids[1], ("X-B3-Sampled", sampled)];
        assert_eq!(span(&b3, &headers).unwrap().is_sampled(), expected, "{sampled}");
    }
    // The single header goes first.
    let both = span(&b3, &[ids[0], ids[1], ("b3", &format!("{}-{SPAN}-1", "a".repeat(32)))]).unwrap();
    assert_eq!(both.trace_id().to_string(), "a".repeat(32));
}

#[test]
fn jaeger_headers() {
    let jaeger = Jaeger::new();
    let cases = [
        (format!("{TRACE}:{SPAN}:0:1"), Some(true)),
        (format!("{TRACE}:{SPAN}:0:0"), Some(false)),
        (format!("{TRACE}%3A{SPAN}%3A0%3A1"), Some(true)),
        (format!("{TRACE}:{SPAN}:0:3"), Some(true)),
        ("abc:1:0:1".into(), Some(true)),
        ("0:1:0:1".into(), None),
        (format!("{TRACE}:{SPAN}:0"), None),
        (format!("{TRACE}:{SPAN}:0:1:1"), None),
        (format!("{TRACE}0:{SPAN}:0:1"), None),
        ("%%3".into(), None),
        (format!("{TRACE}:0:0:1"), None),
        (format!("{TRACE}:{SPAN}0:0:1"), None),
        (format!("{TRACE}:{SPAN}:0:"), None),
        (format!("{TRACE}:{SPAN}:0:001"), None),
        (format!("{TRACE}:{SPAN}:0:x"), None),
        (format!("{TRACE}::0:1"), None),
        (format!("+1:{SPAN}:0:1"), None),
        (format!("{}:{SPAN}:0:1", TRACE.replace('1', "A")), Some(true)),
        (String::new(), None),
        (":::".into(), None),
        ("x".repeat(10_000), None),
    ];
    for (header, sampled) in cases {
        assert_eq!(span(&jaeger, &[("uber-trace-id", &header)]).map(|span| span.is_sampled()), sampled, "{header}");
    }
    let headers = [("uber-trace-id", &*format!("{TRACE}:{SPAN}:0:3")), ("uberctx-user", "ada%20l%C3%A9")];
    let context = extract(&jaeger, &headers);
    assert_eq!(context.baggage().get("user").unwrap().as_str(), "ada lé");
    let mut sent = inject(&jaeger, &context);
    sent.sort();
    assert_eq!(sent, headers.map(|(name, value)| (name.to_owned(), value.to_owned())));
}

/// The members that are read from `headers`, sorted, each with its properties.
fn members(headers: &[&str]) -> Vec<String> {
    let headers: Vec<(&str, &str)> = headers.iter().map(|header| ("baggage", *header)).collect();
    let context = extract(&Baggage::new(), &headers);
    let member = |(name, (value, properties)): (&opentelemetry::Key, &(opentelemetry::StringValue, _))| {
        format!("{name}={value}|{properties}").trim_end_matches('|').to_owned()
    };
    let mut members: Vec<String> = context.baggage().iter().map(member).collect();
    members.sort();
    members
}

#[test]
fn baggage_is_read_member_by_member() {
    let cases: [(&[&str], &[&str]); 17] = [
        (&["a=1,b=2"], &["a=1", "b=2"]),
        (&["a=1", "b=2,c=3"], &["a=1", "b=2", "c=3"]),
        (&[" a = 1 \t,\tb\t=2 "], &["a=1", "b=2"]),
        (&["a=1;p=x; q ,b=2 ;r=%20"], &["a=1|p=x; q", "b=2|r=%20"]),
        (&["a=b=c,d=YQ=="], &["a=b=c", "d=YQ=="]),
        (&["a=%20%2C%3D%25,b=l%C3%A9"], &["a= ,=%", "b=lé"]),
        (&["a=%,b=%4,c=%zz"], &["a=%", "b=%4", "c=%zz"]),
        (&["a=%FF%C3"], &["a=\u{fffd}\u{fffd}"]),
        (&["a="], &["a="]),
        (&["a=1,a=2"], &["a=2"]),
        (&["a%20=1"], &["a%20=1"]),
        (&["", ",,a=1, ,"], &["a=1"]),
        (&["a,=1,b c=2,d@=3,e=4"], &["e=4"]),
        (&["a=b c,d=\"e\",f=\\,g=1"], &["g=1"]),
        (&["é=1,a=2"], &[]),
        (&["a"], &[]),
        (&[], &[]),
    ];
    for (headers, expected) in cases {
        assert_eq!(members(headers), expected, "{headers:?}");
    }
}

#[test]
fn of_baggage_64_members_and_8192_bytes_are_read() {
    let many: Vec<String> = (0..65).map(|n| format!("k{n:02}={n}")).collect();
    assert_eq!(members(&[&many[..64].join(",")]).len(), 64);
    assert_eq!(members(&[&many.join(",")]), many[..64]);
    assert_eq!(members(&[&many[..40].join(","), &many[40..].join(",")]), many[..64]);
    let long = |bytes: usize| format!("a=1,b={}", "x".repeat(bytes - "a=1,b=".len()));
    assert_eq!(members(&[&long(8192)]).len(), 2);
    assert_eq!(members(&[&long(8193)]), ["a=1"]);
    assert_eq!(members(&[&long(8192), "c=3"]).len(), 2);
}

#[test]
fn baggage_is_sent_as_it_was_read_and_within_its_limits() {
    let baggage = Baggage::new();
    let header = "a=%20%25%2C%3B%5C%22l%C3%A9,b=b=c,c=1;p=x; q";
    assert_eq!(inject(&baggage, &extract(&baggage, &[("baggage", header)])), [("baggage".into(), header.into())]);
    // Escapes make it three times as long: what does not fit is left out, whole.
    let values = ["a", "b", "c"].map(|key| opentelemetry::KeyValue::new(key, " ".repeat(1300)));
    let sent = inject(&baggage, &Context::new().with_baggage(values));
    assert_eq!(sent[0].1, format!("a={0},b={0}", "%20".repeat(1300)));
    let broken = opentelemetry::baggage::KeyValueMetadata::new("a", "1", "p=x,b=2\r\nx: y");
    assert_eq!(inject(&baggage, &Context::new().with_baggage([broken])), [("baggage".into(), "a=1".into())]);
}

#[test]
fn nothing_is_sent_where_no_span_is() {
    let propagators: [&dyn TextMapPropagator; 5] =
        [&TraceContext::new(), &B3::single(), &B3::multiple(), &Jaeger::new(), &Baggage::new()];
    for propagator in propagators {
        assert_eq!(inject(propagator, &Context::new()), []);
        assert!(propagator.fields().count() > 0);
    }
}
