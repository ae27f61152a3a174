//! The test suite of W3C trace context, [test.py](https://github.com/w3c/trace-context/blob/main/test/test.py), as tables under
//! its names: a request to a traced warp service that calls others, and what those receive. Rows that the suite has not are
//! marked by a name without `test_`.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use traced::propagation::{TraceContext, send};
use traced::testing::capture_async;
use warp::Filter;
use warp::http::{HeaderMap, Request, Response};

const TRACE: &str = "12345678901234567890123456789012";
const SPAN: &str = "1234567890123456";
const PARENT: (&str, &str) = ("traceparent", "00-12345678901234567890123456789012-1234567890123456-00");

type Headers<'a> = Vec<(&'a str, String)>;

/// What one of the service's calls carried.
#[derive(Debug)]
struct Sent {
    trace_id: String,
    parent_id: String,
    state: String,
}

impl Sent {
    fn read(headers: &HeaderMap) -> Self {
        let all = |name: &str| -> Vec<String> {
            headers.get_all(name).iter().map(|value| value.to_str().unwrap().to_owned()).collect()
        };
        let [parent] = &all("traceparent")[..] else { panic!("one traceparent is expected: {headers:?}") };
        let parts: Vec<&str> = parent.split('-').collect();
        let [version, trace_id, parent_id, flags] = parts[..] else { panic!("{parent}") };
        assert_eq!(version, "00");
        for (part, length) in [(trace_id, 32), (parent_id, 16), (flags, 2)] {
            let hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
            assert!(part.len() == length && part.bytes().all(hex), "{parent}");
        }
        assert!(trace_id.bytes().any(|byte| byte != b'0') && parent_id.bytes().any(|byte| byte != b'0'));
        let state = all("tracestate").join(",");
        Self { trace_id: trace_id.to_owned(), parent_id: parent_id.to_owned(), state }
    }
}

/// What a traced service sends when it is asked with `headers` and calls `count` others.
async fn sent(headers: &[(&str, String)], count: usize) -> Vec<Sent> {
    opentelemetry::global::set_text_map_propagator(TraceContext::new());
    let seen: Arc<Mutex<Vec<Sent>>> = Arc::default();
    let routes = {
        let seen = Arc::clone(&seen);
        warp::path!("test").and(traced::warp::route("/test")).then(move || {
            let seen = Arc::clone(&seen);
            async move {
                for _ in 0..count {
                    let call = Request::post("http://127.0.0.1:7777/").body(()).unwrap();
                    let answer = send(call, async |call: Request<()>| {
                        seen.lock().unwrap().push(Sent::read(call.headers()));
                        Ok::<_, Infallible>(Response::new(()))
                    });
                    answer.await.unwrap();
                }
                "called"
            }
        })
    };
    // As they stand on the wire: a client's library could put right what is wrong.
    let mut request = "GET /test HTTP/1.1\r\nhost: test\r\nconnection: close\r\n".to_owned();
    for (name, value) in headers {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    request.push_str("\r\n");
    let (answer, _) = capture_async(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut connection = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let server = tokio::spawn(warp::serve(traced::warp::trace().wrap(routes)).incoming(listener).run());
        connection.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        connection.read_to_string(&mut answer).await.unwrap();
        server.abort();
        answer
    })
    .await;
    assert!(answer.ends_with("called"), "{answer}");
    let seen = std::mem::take(&mut *seen.lock().unwrap());
    assert_eq!(seen.len(), count);
    seen
}

#[tokio::test]
async fn traceparent() {
    let parent = |value: String| vec![("traceparent", value)];
    let tail = format!("{TRACE}-{SPAN}-01");
    let valid = format!("00-{tail}");
    let long = "x".repeat(10_000);
    let cases: Vec<(&str, Headers<'_>, bool)> = vec![
        ("test_both_traceparent_and_tracestate_missing", vec![], false),
        ("test_traceparent_included_tracestate_missing", parent(valid.clone()), true),
        (
            "test_traceparent_duplicated",
            vec![
                ("traceparent", "00-12345678901234567890123456789011-1234567890123456-01".into()),
                ("traceparent", valid.clone()),
            ],
            false,
        ),
        ("duplicated, the same", vec![("traceparent", valid.clone()), ("traceparent", valid.clone())], false),
        ("duplicated, of which one is none", vec![("traceparent", valid.clone()), ("traceparent", "é".into())], false),
        ("test_traceparent_header_name", vec![("trace-parent", valid.clone())], false),
        ("test_traceparent_header_name", vec![("trace.parent", valid.clone())], false),
        ("test_traceparent_header_name_valid_casing", vec![("TraceParent", valid.clone())], true),
        ("test_traceparent_header_name_valid_casing", vec![("TrAcEpArEnT", valid.clone())], true),
        ("test_traceparent_header_name_valid_casing", vec![("TRACEPARENT", valid.clone())], true),
        ("test_traceparent_version_0x00", parent(format!("00-{tail}.")), false),
        ("test_traceparent_version_0x00", parent(format!("00-{tail}-what-the-future-will-be-like")), false),
        ("version 00 with a dash at its end", parent(format!("00-{tail}-")), false),
        ("test_traceparent_version_0xcc", parent(format!("cc-{tail}")), true),
        ("test_traceparent_version_0xcc", parent(format!("cc-{tail}-what-the-future-will-be-like")), true),
        ("test_traceparent_version_0xcc", parent(format!("cc-{tail}.what-the-future-will-be-like")), false),
        ("version 01", parent(format!("01-{tail}")), true),
        ("version 01 with a dash at its end", parent(format!("01-{tail}-")), true),
        ("version fe, too short", parent(format!("fe-{TRACE}-{SPAN}-0")), false),
        ("test_traceparent_version_0xff", parent(format!("ff-{tail}")), false),
        ("version in capitals", parent(format!("CC-{tail}")), false),
        ("test_traceparent_version_illegal_characters", parent(format!(".0-{tail}")), false),
        ("test_traceparent_version_illegal_characters", parent(format!("0.-{tail}")), false),
        ("version with a sign", parent(format!("+0-{tail}")), false),
        ("test_traceparent_version_too_long", parent(format!("000-{tail}")), false),
        ("test_traceparent_version_too_long", parent(format!("0000-{tail}")), false),
        ("test_traceparent_version_too_short", parent(format!("0-{tail}")), false),
        ("test_traceparent_trace_id_all_zero", parent(format!("00-{}-{SPAN}-01", "0".repeat(32))), false),
        ("test_traceparent_trace_id_illegal_characters", parent(format!("00-.{}-{SPAN}-01", &TRACE[1..])), false),
        ("test_traceparent_trace_id_illegal_characters", parent(format!("00-{}.-{SPAN}-01", &TRACE[..31])), false),
        ("trace id in capitals", parent(format!("00-A{}-{SPAN}-01", &TRACE[1..])), false),
        ("trace id with a sign", parent(format!("00-+{}-{SPAN}-01", &TRACE[1..])), false),
        ("test_traceparent_trace_id_too_long", parent(format!("00-{TRACE}3-{SPAN}-01")), false),
        ("test_traceparent_trace_id_too_short", parent(format!("00-{}-{SPAN}-01", &TRACE[..31])), false),
        ("test_traceparent_parent_id_all_zero", parent(format!("00-{TRACE}-{}-01", "0".repeat(16))), false),
        ("test_traceparent_parent_id_illegal_characters", parent(format!("00-{TRACE}-.{}-01", &SPAN[1..])), false),
        ("test_traceparent_parent_id_illegal_characters", parent(format!("00-{TRACE}-{}.-01", &SPAN[..15])), false),
        ("parent id in capitals", parent(format!("00-{TRACE}-A{}-01", &SPAN[1..])), false),
        ("test_traceparent_parent_id_too_long", parent(format!("00-{TRACE}-{SPAN}7-01")), false),
        ("test_traceparent_parent_id_too_short", parent(format!("00-{TRACE}-{}-01", &SPAN[..15])), false),
        ("test_traceparent_trace_flags_illegal_characters", parent(format!("00-{TRACE}-{SPAN}-.0")), false),
        ("test_traceparent_trace_flags_illegal_characters", parent(format!("00-{TRACE}-{SPAN}-0.")), false),
        ("flags in capitals", parent(format!("00-{TRACE}-{SPAN}-0A")), false),
        ("test_traceparent_trace_flags_too_long", parent(format!("00-{TRACE}-{SPAN}-001")), false),
        ("test_traceparent_trace_flags_too_short", parent(format!("00-{TRACE}-{SPAN}-1")), false),
        ("test_traceparent_ows_handling", parent(format!(" {valid}")), true),
        ("test_traceparent_ows_handling", parent(format!("\t{valid}")), true),
        ("test_traceparent_ows_handling", parent(format!("{valid} ")), true),
        ("test_traceparent_ows_handling", parent(format!("{valid}\t")), true),
        ("test_traceparent_ows_handling", parent(format!("\t {valid} \t")), true),
        ("white space within", parent(format!("00 -{tail}")), false),
        ("test_tracestate_included_traceparent_missing", vec![("tracestate", "foo=1".into())], false),
        ("test_tracestate_included_traceparent_missing", vec![("tracestate", "foo=1,bar=2".into())], false),
        ("empty", parent(String::new()), false),
        ("over-long", parent(format!("{valid}{long}")), false),
        ("over-long, of a later version", parent(format!("cc-{tail}-{long}")), true),
    ];
    for (case, headers, valid) in cases {
        let sent = sent(&headers, 1).await.remove(0);
        assert_eq!(sent.trace_id == TRACE, valid, "{case}: {headers:?}");
        assert_ne!(sent.parent_id, SPAN, "{case}");
        assert_ne!(sent.trace_id, "12345678901234567890123456789011", "{case}");
        assert_eq!(sent.state, "", "{case}");
    }
}

#[tokio::test]
async fn tracestate() {
    let characters = "!\"#$%&'()*+-./0123456789:;<>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~";
    let key = "abcdefghijklmnopqrstuvwxyz0123456789_-*/";
    let tens = |last: &str| {
        let ten =
            |n: usize| (10 * n + 1..=10 * n + 10).map(|n| format!("bar{n:02}={n:02}")).collect::<Vec<_>>().join(",");
        vec![ten(0), ten(1), ten(2), last.to_owned()]
    };
    let all = |last: &str| tens(last).join(",");
    let (text, one) = (str::to_owned, |text: &str| vec![text.to_owned()]);
    let two = |first: &str, second: &str| vec![first.to_owned(), second.to_owned()];
    let tenant = |tenant: usize, system: usize| format!("{}@{}=1", "t".repeat(tenant), "v".repeat(system));
    let cases: Vec<(&str, Vec<String>, String)> = vec![
        ("test_tracestate_included_traceparent_included", one("foo=1,bar=2"), text("foo=1,bar=2")),
        ("test_tracestate_empty_header", one(""), text("")),
        ("test_tracestate_empty_header", two("foo=1", ""), text("foo=1")),
        ("test_tracestate_empty_header", two("", "foo=1"), text("foo=1")),
        ("empty members", one(",foo=1,, ,bar=2,"), text("foo=1,bar=2")),
        (
            "test_tracestate_multiple_headers_different_keys",
            vec![text("foo=1,bar=2"), text("rojo=1,congo=2"), text("baz=3")],
            text("foo=1,bar=2,rojo=1,congo=2,baz=3"),
        ),
        // Strict level 1 of the suite: all or one of them are kept. The leftmost is the newest.
        ("test_tracestate_duplicated_keys", one("foo=1,foo=1"), text("foo=1")),
        ("test_tracestate_duplicated_keys", one("foo=1,foo=2"), text("foo=1")),
        ("test_tracestate_duplicated_keys", two("foo=1", "foo=1"), text("foo=1")),
        ("test_tracestate_duplicated_keys", two("foo=1", "foo=2"), text("foo=1")),
        (
            "test_tracestate_all_allowed_characters",
            vec![format!("{key}= {characters}")],
            format!("{key}= {characters}"),
        ),
        (
            "test_tracestate_all_allowed_characters",
            vec![format!("{key}@a-z0-9_-*/= {characters}")],
            format!("{key}@a-z0-9_-*/= {characters}"),
        ),
        ("test_tracestate_ows_handling", one("foo=1 \t , \t bar=2, \t baz=3"), text("foo=1,bar=2,baz=3")),
        ("test_tracestate_ows_handling", one("foo=1\t \t,\t \tbar=2,\t \tbaz=3"), text("foo=1,bar=2,baz=3")),
        ("test_tracestate_ows_handling", one(" foo=1"), text("foo=1")),
        ("test_tracestate_ows_handling", one("\tfoo=1"), text("foo=1")),
        ("test_tracestate_ows_handling", one("foo=1 "), text("foo=1")),
        ("test_tracestate_ows_handling", one("foo=1\t"), text("foo=1")),
        ("test_tracestate_ows_handling", one("\t foo=1 \t"), text("foo=1")),
        ("test_tracestate_key_illegal_characters", one("foo =1"), text("")),
        ("test_tracestate_key_illegal_characters", one("FOO=1"), text("")),
        ("test_tracestate_key_illegal_characters", one("foo.bar=1"), text("")),
        ("keys that begin with a sign", one("_foo=1"), text("")),
        ("keys that begin with a digit", one("1foo=1,1a@b=2"), text("1foo=1,1a@b=2")),
        ("systems that begin with a digit", one("foo@1bar=1"), text("")),
        ("test_tracestate_key_illegal_vendor_format", one("foo@=1,bar=2"), text("")),
        ("test_tracestate_key_illegal_vendor_format", one("@foo=1,bar=2"), text("")),
        ("test_tracestate_key_illegal_vendor_format", one("foo@@bar=1,bar=2"), text("")),
        ("test_tracestate_key_illegal_vendor_format", one("foo@bar@baz=1,bar=2"), text("")),
        ("test_tracestate_member_count_limit", tens("bar31=31,bar32=32"), all("bar31=31,bar32=32")),
        ("test_tracestate_member_count_limit", tens("bar31=31,bar32=32,bar33=33"), text("")),
        ("thirty-two members in one header", vec![all("bar31=31,bar32=32")], all("bar31=31,bar32=32")),
        (
            "test_tracestate_key_length_limit",
            two("foo=1", &format!("{}=1", "z".repeat(256))),
            format!("foo=1,{}=1", "z".repeat(256)),
        ),
        ("test_tracestate_key_length_limit", two("foo=1", &format!("{}=1", "z".repeat(257))), text("")),
        ("test_tracestate_key_length_limit", two("foo=1", &tenant(241, 14)), format!("foo=1,{}", tenant(241, 14))),
        ("test_tracestate_key_length_limit", two("foo=1", &tenant(242, 1)), text("")),
        ("test_tracestate_key_length_limit", two("foo=1", &tenant(1, 15)), text("")),
        (
            "systems of 14 characters, in their places",
            vec![format!("{},foo=1,{},bar=2", tenant(1, 14), tenant(2, 14))],
            format!("{},foo=1,{},bar=2", tenant(1, 14), tenant(2, 14)),
        ),
        ("test_tracestate_value_illegal_characters", one("foo=bar=baz"), text("")),
        ("test_tracestate_value_illegal_characters", one("foo=,bar=3"), text("")),
        ("values of 256 characters", vec![format!("foo={}", "v".repeat(256))], format!("foo={}", "v".repeat(256))),
        ("values of 257 characters", vec![format!("foo={}", "v".repeat(257))], text("")),
        // 512 characters are what everybody has to pass on at least.
        (
            "more than 512 characters",
            vec![format!("foo={},bar={},baz={}", "v".repeat(256), "v".repeat(256), "v".repeat(256))],
            format!("foo={},bar={},baz={}", "v".repeat(256), "v".repeat(256), "v".repeat(256)),
        ),
        ("no value", one("foo"), text("")),
    ];
    for (case, states, expected) in cases {
        let mut headers = vec![(PARENT.0, PARENT.1.to_owned())];
        headers.extend(states.iter().map(|state| ("tracestate", state.clone())));
        let sent = sent(&headers, 1).await.remove(0);
        assert_eq!((sent.trace_id.as_str(), sent.state), (TRACE, expected), "{case}: {states:?}");
    }
}

#[tokio::test]
async fn tracestate_by_other_names() {
    let cases = [
        ("test_tracestate_header_name", "trace-state", ""),
        ("test_tracestate_header_name", "trace.state", ""),
        ("test_tracestate_header_name_valid_casing", "TraceState", "foo=1"),
        ("test_tracestate_header_name_valid_casing", "TrAcEsTaTe", "foo=1"),
        ("test_tracestate_header_name_valid_casing", "TRACESTATE", "foo=1"),
    ];
    for (case, name, expected) in cases {
        let sent = sent(&[(PARENT.0, PARENT.1.to_owned()), (name, "foo=1".to_owned())], 1).await.remove(0);
        assert_eq!(sent.state, expected, "{case}");
    }
}

/// What three calls of one request carry: the ids of their traces and parents, each once.
async fn three(headers: &[(&str, String)]) -> (Vec<String>, usize) {
    let sent = sent(headers, 3).await;
    let mut traces: Vec<String> = sent.iter().map(|sent| sent.trace_id.clone()).collect();
    traces.dedup();
    let parents: std::collections::HashSet<&str> = sent.iter().map(|sent| sent.parent_id.as_str()).collect();
    (traces, parents.len())
}

#[tokio::test]
async fn test_multiple_requests_with_valid_traceparent() {
    let valid = format!("00-{TRACE}-{SPAN}-01");
    assert_eq!(three(&[("traceparent", valid)]).await, (vec![TRACE.to_owned()], 3));
}

#[tokio::test]
async fn test_multiple_requests_without_traceparent() {
    let (traces, parents) = three(&[]).await;
    assert_eq!((traces.len(), parents), (1, 3));
}

#[tokio::test]
async fn test_multiple_requests_with_illegal_traceparent() {
    let zeros = format!("00-{}-{SPAN}-01", "0".repeat(32));
    let (traces, parents) = three(&[("traceparent", zeros)]).await;
    assert_eq!((traces.len(), parents), (1, 3));
    assert_ne!(traces[0], "0".repeat(32));
}
