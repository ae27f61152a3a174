//! The propagators, on the headers of HTTP requests. The cases of W3C trace context are those of its
//! [test suite](https://github.com/w3c/trace-context/blob/main/test/test.py), under its names.

use http::{HeaderMap, HeaderName, HeaderValue};
use opentelemetry::Context;
use opentelemetry::baggage::BaggageExt;
use opentelemetry::propagation::{Extractor, Injector, TextMapPropagator};
use opentelemetry::trace::{SpanContext, TraceContextExt};
use traced::propagation::{B3, Jaeger, TraceContext};

const TRACE: &str = "12345678901234567890123456789012";
const SPAN: &str = "1234567890123456";
const PARENT: &str = "00-12345678901234567890123456789012-1234567890123456-00";

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
fn w3c_traceparent() {
    let long = |parent: &str| format!("{parent}{}", "x".repeat(10_000));
    let tail = "12345678901234567890123456789012-1234567890123456-01";
    type Case = (&'static str, Vec<(&'static str, String)>, bool);
    let cases: Vec<Case> = vec![
        ("both_traceparent_and_tracestate_missing", vec![], false),
        ("traceparent_included_tracestate_missing", vec![("traceparent", PARENT.into())], true),
        ("traceparent_duplicated", vec![("traceparent", PARENT.into()), ("traceparent", PARENT.into())], false),
        ("traceparent_header_name", vec![("trace-parent", PARENT.into())], false),
        ("traceparent_header_name", vec![("trace.parent", PARENT.into())], false),
        ("traceparent_header_name_valid_casing", vec![("TraceParent", PARENT.into())], true),
        ("traceparent_header_name_valid_casing", vec![("TRACEPARENT", PARENT.into())], true),
        ("traceparent_version_0x00", vec![("traceparent", format!("00-{tail}."))], false),
        ("traceparent_version_0x00", vec![("traceparent", format!("00-{tail}-what-the-future-will-be-like"))], false),
        ("traceparent_version_0x00 (trailing dash)", vec![("traceparent", format!("00-{tail}-"))], false),
        ("traceparent_version_0xcc", vec![("traceparent", format!("cc-{tail}"))], true),
        ("traceparent_version_0xcc", vec![("traceparent", format!("cc-{tail}-what-the-future-will-be-like"))], true),
        (
            "traceparent_version_0xcc",
            vec![("traceparent", format!("cc-{tail}.what-the-future-will-not-be-like"))],
            false,
        ),
        ("traceparent_version_0xff", vec![("traceparent", format!("ff-{tail}"))], false),
        ("traceparent_version_illegal_characters", vec![("traceparent", format!(".0-{tail}"))], false),
        ("traceparent_version_illegal_characters", vec![("traceparent", format!("0.-{tail}"))], false),
        ("traceparent_version_illegal_characters (sign)", vec![("traceparent", format!("+0-{tail}"))], false),
        ("traceparent_version_too_long", vec![("traceparent", format!("000-{tail}"))], false),
        ("traceparent_version_too_long", vec![("traceparent", format!("0000-{tail}"))], false),
        ("traceparent_version_too_short", vec![("traceparent", format!("0-{tail}"))], false),
        ("traceparent_trace_id_all_zero", vec![("traceparent", format!("00-{}-{SPAN}-01", "0".repeat(32)))], false),
        (
            "traceparent_trace_id_illegal_characters",
            vec![("traceparent", format!("00-.{}-{SPAN}-01", &TRACE[1..]))],
            false,
        ),
        (
            "traceparent_trace_id_illegal_characters",
            vec![("traceparent", format!("00-{}.-{SPAN}-01", &TRACE[1..]))],
            false,
        ),
        (
            "traceparent_trace_id_illegal_characters (case)",
            vec![("traceparent", format!("00-A{}-{SPAN}-01", &TRACE[1..]))],
            false,
        ),
        (
            "traceparent_trace_id_illegal_characters (sign)",
            vec![("traceparent", format!("00-+{}-{SPAN}-01", &TRACE[1..]))],
            false,
        ),
        ("traceparent_trace_id_too_long", vec![("traceparent", format!("00-{TRACE}3-{SPAN}-01"))], false),
        ("traceparent_trace_id_too_short", vec![("traceparent", format!("00-{}-{SPAN}-01", &TRACE[1..]))], false),
        ("traceparent_parent_id_all_zero", vec![("traceparent", format!("00-{TRACE}-{}-01", "0".repeat(16)))], false),
        (
            "traceparent_parent_id_illegal_characters",
            vec![("traceparent", format!("00-{TRACE}-.{}-01", &SPAN[1..]))],
            false,
        ),
        (
            "traceparent_parent_id_illegal_characters",
            vec![("traceparent", format!("00-{TRACE}-{}.-01", &SPAN[1..]))],
            false,
        ),
        ("traceparent_parent_id_too_long", vec![("traceparent", format!("00-{TRACE}-{SPAN}7-01"))], false),
        ("traceparent_parent_id_too_short", vec![("traceparent", format!("00-{TRACE}-{}-01", &SPAN[1..]))], false),
        ("traceparent_trace_flags_illegal_characters", vec![("traceparent", format!("00-{TRACE}-{SPAN}-.0"))], false),
        ("traceparent_trace_flags_illegal_characters", vec![("traceparent", format!("00-{TRACE}-{SPAN}-0."))], false),
        ("traceparent_trace_flags_too_long", vec![("traceparent", format!("00-{TRACE}-{SPAN}-001"))], false),
        ("traceparent_trace_flags_too_short", vec![("traceparent", format!("00-{TRACE}-{SPAN}-1"))], false),
        ("traceparent_ows_handling", vec![("traceparent", format!(" {PARENT}"))], true),
        ("traceparent_ows_handling", vec![("traceparent", format!("\t{PARENT}"))], true),
        ("traceparent_ows_handling", vec![("traceparent", format!("{PARENT} "))], true),
        ("traceparent_ows_handling", vec![("traceparent", format!("\t {PARENT} \t"))], true),
        ("over-long", vec![("traceparent", long(PARENT))], false),
        ("over-long, of a later version", vec![("traceparent", long(&format!("cc-{tail}-")))], true),
        ("empty", vec![("traceparent", String::new())], false),
        ("tracestate_included_traceparent_missing", vec![("tracestate", "foo=1".into())], false),
    ];
    for (case, headers, valid) in cases {
        let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let span = span(&TraceContext::new(), &headers);
        assert_eq!(span.is_some(), valid, "{case}: {headers:?}");
        if let Some(span) = span {
            assert_eq!(
                (span.trace_id().to_string(), span.span_id().to_string()),
                (TRACE.into(), SPAN.into()),
                "{case}"
            );
            assert!(span.is_remote());
        }
    }
}

#[test]
fn w3c_tracestate() {
    let members = |count: usize| (0..count).map(|n| format!("bar{n:02}={n:02}")).collect::<Vec<_>>();
    let characters = "abcdefghijklmnopqrstuvwxyz0123456789_-*/=\
         !\"#$%&'()*+-./0123456789:;<>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~";
    let key = |length: usize| "z".repeat(length);
    let tenant = |tenant: usize, system: usize| format!("{}@{}=1", "t".repeat(tenant), "v".repeat(system));
    let text = str::to_owned;
    let cases: Vec<(&str, Vec<String>, String)> = vec![
        ("included_traceparent_included", vec![text("foo=1,bar=2")], text("foo=1,bar=2")),
        ("empty_header", vec![text("")], text("")),
        ("empty_header", vec![text("foo=1"), text("")], text("foo=1")),
        ("empty_header", vec![text(""), text("foo=1")], text("foo=1")),
        (
            "multiple_headers_different_keys",
            vec![text("foo=1,bar=2"), text("rojo=1,congo=2"), text("baz=3")],
            text("foo=1,bar=2,rojo=1,congo=2,baz=3"),
        ),
        ("duplicated_keys", vec![text("foo=1,foo=1")], text("foo=1")),
        ("duplicated_keys", vec![text("foo=1,foo=2"), text("foo=3")], text("foo=1")),
        ("all_allowed_characters", vec![text(characters)], text(characters)),
        ("ows_handling", vec![text("foo=1 \t , \t bar=2, \t baz=3")], text("foo=1,bar=2,baz=3")),
        ("ows_handling", vec![text("\t foo=1 \t")], text("foo=1")),
        ("key_illegal_characters", vec![text("foo =1")], text("")),
        ("key_illegal_characters", vec![text("FOO=1")], text("")),
        ("key_illegal_characters", vec![text("foo.bar=1")], text("")),
        ("key_illegal_vendor_format", vec![text("foo@=1,bar=2")], text("")),
        ("key_illegal_vendor_format", vec![text("@foo=1,bar=2")], text("")),
        ("key_illegal_vendor_format", vec![text("foo@@bar=1,bar=2")], text("")),
        ("key_illegal_vendor_format", vec![text("foo@bar@baz=1,bar=2")], text("")),
        ("member_count_limit", vec![members(32).join(",")], members(32).join(",")),
        ("member_count_limit", members(32), members(32).join(",")),
        ("member_count_limit", vec![members(33).join(",")], text("")),
        ("key_length_limit", vec![format!("{}=1", key(256))], format!("{}=1", key(256))),
        ("key_length_limit", vec![format!("{}=1", key(257))], text("")),
        ("key_length_limit", vec![tenant(241, 13)], tenant(241, 13)),
        // The suite expects it to be kept; the type that holds it, `opentelemetry`'s, can't.
        ("key_length_limit", vec![format!("{},foo=1", tenant(241, 14))], text("foo=1")),
        ("key_length_limit", vec![tenant(242, 14)], text("")),
        ("key_length_limit", vec![tenant(241, 15)], text("")),
        ("value_illegal_characters", vec![text("foo=bar=baz")], text("")),
        ("value_illegal_characters", vec![text("foo=,bar=3")], text("")),
        ("no_value", vec![text("foo")], text("")),
    ];
    for (case, states, expected) in cases {
        let mut headers = vec![("traceparent", PARENT)];
        headers.extend(states.iter().map(|state| ("tracestate", state.as_str())));
        let context = extract(&TraceContext::new(), &headers);
        assert_eq!(context.span().span_context().trace_state().header(), expected, "{case}: {states:?}");
        let mut sent = vec![("traceparent".to_owned(), PARENT.to_owned())];
        if !expected.is_empty() {
            sent.push(("tracestate".to_owned(), expected));
        }
        assert_eq!(inject(&TraceContext::new(), &context), sent, "{case}");
    }
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

#[test]
fn nothing_is_sent_where_no_span_is() {
    let propagators: [&dyn TextMapPropagator; 4] =
        [&TraceContext::new(), &B3::single(), &B3::multiple(), &Jaeger::new()];
    for propagator in propagators {
        assert_eq!(inject(propagator, &Context::new()), []);
        assert!(propagator.fields().count() > 0);
    }
}
