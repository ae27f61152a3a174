//! Putting a span together: `opentelemetry.proto.trace.v1.Span`, its events and its links.

use opentelemetry::trace::{SpanContext, SpanKind, TraceFlags};

use super::buffer::Buffer;
use super::{bytes_len, kind, put_bytes, put_varint, tag, varint_len};

/// `ScopeSpans.spans`: what stands before a span.
pub(crate) const SPAN: u8 = tag(2, kind::BYTES);

pub(crate) const TRACE_ID: u8 = tag(1, kind::BYTES);
pub(crate) const SPAN_ID: u8 = tag(2, kind::BYTES);
pub(crate) const TRACE_STATE: u8 = tag(3, kind::BYTES);
const PARENT_SPAN_ID: u8 = tag(4, kind::BYTES);
pub(crate) const NAME: u8 = tag(5, kind::BYTES);
pub(crate) const KIND: u8 = tag(6, kind::VARINT);
const START_TIME: u8 = tag(7, kind::FIXED64);
const END_TIME: u8 = tag(8, kind::FIXED64);
pub(crate) const ATTRIBUTES: u8 = tag(9, kind::BYTES);
const DROPPED_ATTRIBUTES: u8 = tag(10, kind::VARINT);
const EVENTS: u8 = tag(11, kind::BYTES);
const DROPPED_EVENTS: u8 = tag(12, kind::VARINT);
const LINKS: u8 = tag(13, kind::BYTES);
const DROPPED_LINKS: u8 = tag(14, kind::VARINT);
const STATUS: u8 = tag(15, kind::BYTES);
/// `Span.flags`, whose number is 16: its tag takes two bytes.
const FLAGS: [u8; 2] = [0x85, 0x01];

/// `Event.attributes` and `Link.attributes`
pub(crate) const EVENT_ATTRIBUTES: u8 = tag(3, kind::BYTES);
pub(crate) const LINK_ATTRIBUTES: u8 = tag(4, kind::BYTES);

/// `SpanFlags`: whether the parent is remote is known, and whether it is.
const HAS_IS_REMOTE: u32 = 0x100;
pub(crate) const IS_REMOTE: u32 = 0x200;

/// `Status.code`
pub(crate) const STATUS_OK: u8 = 1;
pub(crate) const STATUS_ERROR: u8 = 2;

#[inline]
pub(crate) fn flags(flags: TraceFlags, parent_is_remote: bool) -> u32 {
    u32::from(flags.to_u8()) | HAS_IS_REMOTE | if parent_is_remote { IS_REMOTE } else { 0 }
}

/// `Span.kind` of `kind`.
#[inline]
pub(crate) fn kind_number(kind: &SpanKind) -> u8 {
    match kind {
        SpanKind::Internal => 1,
        SpanKind::Server => 2,
        SpanKind::Client => 3,
        SpanKind::Producer => 4,
        SpanKind::Consumer => 5,
    }
}

/// What is known of every span when it starts.
#[derive(Debug)]
pub(crate) struct Head<'a> {
    pub(crate) trace_id: [u8; 16],
    pub(crate) span_id: [u8; 8],
    /// All zeros for the root of a trace.
    pub(crate) parent_span_id: [u8; 8],
    pub(crate) flags: u32,
    pub(crate) kind: u8,
    /// Nanoseconds since the Unix epoch.
    pub(crate) start: u64,
    pub(crate) name: &'a str,
}

/// How many bytes the fields take that every span has, but for its name.
const FIXED: usize = bytes_len(16) + bytes_len(8) + 9 + 9 + FLAGS.len() + 4 + 2;
/// How many the parent takes, if there is one.
const PARENT: usize = bytes_len(8);
/// Where among them the end is, which is known last.
const END: std::ops::Range<usize> = 38..46;
/// A name of up to so many bytes takes the short way.
const SHORT_NAME: usize = 62;

impl Head<'_> {
    /// Appends the fields, with the end left open.
    #[inline]
    pub(crate) fn put(&self, buffer: &mut Buffer) {
        // One check for all that follows.
        let out = buffer.ahead::<{ FIXED + PARENT + 2 + SHORT_NAME }>();
        out[..2].copy_from_slice(&[TRACE_ID, 16]);
        out[2..18].copy_from_slice(&self.trace_id);
        out[18..20].copy_from_slice(&[SPAN_ID, 8]);
        out[20..28].copy_from_slice(&self.span_id);
        out[28] = START_TIME;
        out[29..37].copy_from_slice(&self.start.to_le_bytes());
        out[37] = END_TIME;
        out[46..48].copy_from_slice(&FLAGS);
        out[48..52].copy_from_slice(&self.flags.to_le_bytes());
        out[52..FIXED].copy_from_slice(&[KIND, self.kind]);
        let mut at = FIXED;
        if self.parent_span_id != [0; 8] {
            out[FIXED..FIXED + 2].copy_from_slice(&[PARENT_SPAN_ID, 8]);
            out[FIXED + 2..FIXED + PARENT].copy_from_slice(&self.parent_span_id);
            at += PARENT;
        }
        let len = self.name.len();
        if len == 0 {
            buffer.advance(at);
        } else if len <= SHORT_NAME {
            out[at..at + 2].copy_from_slice(&[NAME, len as u8]);
            Cursor { rest: &mut out[at + 2..][..len] }.put_short(self.name.as_bytes());
            buffer.advance(at + 2 + len);
        } else {
            buffer.advance(at);
            Cursor { rest: buffer.claim(bytes_len(len)) }.bytes(NAME, self.name.as_bytes());
        }
    }
}

/// Gives a span another name, the `parts` of which stand one behind the other. What it has begins with its [`Head`], behind
/// which the attributes start at `attributes_at`; gives where they start from then on.
pub(crate) fn rename(bytes: &mut Buffer, attributes_at: usize, parts: &[&str]) -> usize {
    let name_at = if bytes.as_slice().get(FIXED) == Some(&PARENT_SPAN_ID) { FIXED + PARENT } else { FIXED };
    let len = parts.iter().map(|part| part.len()).sum();
    let field_len = if len == 0 { 0 } else { bytes_len(len) };
    let mut out = Cursor { rest: bytes.replace(name_at..attributes_at, field_len) };
    if len > 0 {
        out.put(&[NAME]);
        out.varint(len as u64);
        parts.iter().for_each(|part| out.put_short(part.as_bytes()));
    }
    name_at + field_len
}

/// A span that is complete. What is encoded already is only copied.
#[derive(Debug)]
pub(crate) struct Parts<'a> {
    /// The [`Head`] and the attributes.
    pub(crate) bytes: &'a [u8],
    pub(crate) end: u64,
    pub(crate) rest: Option<&'a Rest<'a>>,
}

/// What most spans do not have.
#[derive(Debug)]
pub(crate) struct Rest<'a> {
    pub(crate) trace_state: String,
    pub(crate) dropped_attributes: u32,
    /// Events and links.
    pub(crate) others: &'a [u8],
    pub(crate) dropped_events: u32,
    pub(crate) dropped_links: u32,
    pub(crate) status: u8,
    pub(crate) status_message: &'a str,
}

impl<'a> Parts<'a> {
    /// How many bytes the span takes, without what stands before it.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.rest.map_or(self.bytes.len(), |rest| rest.len(self))
    }

    /// Writes the span over the whole of `out`, which is as long as [`len`](Parts::len) said.
    #[inline]
    pub(crate) fn write(&self, out: &mut [u8]) {
        match self.rest {
            None => out.copy_from_slice(self.bytes),
            Some(rest) => rest.write(self, Cursor { rest: out }),
        }
        out[END].copy_from_slice(&self.end.to_le_bytes());
    }

    /// Whether the status is an error.
    #[inline]
    pub(crate) fn is_error(&self) -> bool {
        self.rest.is_some_and(|rest| rest.status == STATUS_ERROR)
    }
}

impl Rest<'_> {
    #[inline(never)]
    fn len(&self, parts: &Parts<'_>) -> usize {
        let mut len = parts.bytes.len() + self.others.len();
        if !self.trace_state.is_empty() {
            len += bytes_len(self.trace_state.len());
        }
        for dropped in [self.dropped_attributes, self.dropped_events, self.dropped_links] {
            if dropped > 0 {
                len += 1 + varint_len(dropped.into());
            }
        }
        if self.status != 0 {
            len += bytes_len(self.status_len());
        }
        len
    }

    fn status_len(&self) -> usize {
        2 + if self.status_message.is_empty() { 0 } else { bytes_len(self.status_message.len()) }
    }

    #[inline(never)]
    fn write(&self, parts: &Parts<'_>, mut out: Cursor<'_>) {
        out.put(parts.bytes);
        out.put(self.others);
        if !self.trace_state.is_empty() {
            out.bytes(TRACE_STATE, self.trace_state.as_bytes());
        }
        out.count(DROPPED_ATTRIBUTES, self.dropped_attributes);
        out.count(DROPPED_EVENTS, self.dropped_events);
        out.count(DROPPED_LINKS, self.dropped_links);
        if self.status != 0 {
            out.put(&[STATUS]);
            out.varint(self.status_len() as u64);
            if !self.status_message.is_empty() {
                out.bytes(tag(2, kind::BYTES), self.status_message.as_bytes());
            }
            out.put(&[tag(3, kind::VARINT), self.status]);
        }
        debug_assert!(out.rest.is_empty());
    }
}

/// Fills a slice from its start.
pub(crate) struct Cursor<'a> {
    pub(crate) rest: &'a mut [u8],
}

impl Cursor<'_> {
    #[inline]
    pub(crate) fn put(&mut self, bytes: &[u8]) {
        let (here, rest) = std::mem::take(&mut self.rest).split_at_mut(bytes.len());
        here.copy_from_slice(bytes);
        self.rest = rest;
    }

    /// The place of the next `N` bytes. `None` if there are not so many left.
    #[inline]
    pub(crate) fn take<const N: usize>(&mut self) -> Option<&mut [u8; N]> {
        let (here, rest) = std::mem::take(&mut self.rest).split_first_chunk_mut::<N>()?;
        self.rest = rest;
        Some(here)
    }

    /// Puts bytes of which there are few: keys, names and most values. A call to the C library would cost more than the copy.
    #[inline]
    pub(crate) fn put_short(&mut self, bytes: &[u8]) {
        let len = bytes.len();
        let (here, rest) = std::mem::take(&mut self.rest).split_at_mut(len);
        self.rest = rest;
        match len {
            8..=16 => copy_twice::<8>(here, bytes),
            17..=32 => copy_twice::<16>(here, bytes),
            4..8 => copy_twice::<4>(here, bytes),
            33..=64 => copy_twice::<32>(here, bytes),
            65..=128 => copy_twice::<64>(here, bytes),
            _ => here.copy_from_slice(bytes),
        }
    }

    #[inline]
    pub(crate) fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.put(&[value as u8 | 0x80]);
            value >>= 7;
        }
        self.put(&[value as u8]);
    }

    #[inline]
    pub(crate) fn bytes(&mut self, tag: u8, bytes: &[u8]) {
        self.put(&[tag]);
        self.varint(bytes.len() as u64);
        self.put_short(bytes);
    }

    #[inline]
    fn count(&mut self, tag: u8, count: u32) {
        if count > 0 {
            self.put(&[tag]);
            self.varint(count.into());
        }
    }
}

/// Copies `N` to `2 * N` bytes by two copies of fixed length, which overlap.
#[inline]
fn copy_twice<const N: usize>(to: &mut [u8], from: &[u8]) {
    if let (Some(to), Some(from)) = (to.first_chunk_mut::<N>(), from.first_chunk::<N>()) {
        *to = *from;
    }
    if let (Some(to), Some(from)) = (to.last_chunk_mut::<N>(), from.last_chunk::<N>()) {
        *to = *from;
    }
}

/// Appends an event of a span.
pub(crate) fn put_event(out: &mut Vec<u8>, time: u64, name: &str, attributes: &[u8], dropped: u32) {
    let name_len = if name.is_empty() { 0 } else { bytes_len(name.len()) };
    let dropped_len = if dropped > 0 { 1 + varint_len(dropped.into()) } else { 0 };
    out.push(EVENTS);
    put_varint(out, (9 + name_len + attributes.len() + dropped_len) as u64);
    out.push(tag(1, kind::FIXED64));
    out.extend_from_slice(&time.to_le_bytes());
    if !name.is_empty() {
        put_bytes(out, tag(2, kind::BYTES), name.as_bytes());
    }
    out.extend_from_slice(attributes);
    if dropped > 0 {
        out.push(tag(4, kind::VARINT));
        put_varint(out, dropped.into());
    }
}

/// Appends a link of a span.
pub(crate) fn put_link(out: &mut Vec<u8>, to: &SpanContext, attributes: &[u8], dropped: u32) {
    let trace_state = to.trace_state().header();
    let state_len = if trace_state.is_empty() { 0 } else { bytes_len(trace_state.len()) };
    let dropped_len = if dropped > 0 { 1 + varint_len(dropped.into()) } else { 0 };
    out.push(LINKS);
    put_varint(out, (bytes_len(16) + bytes_len(8) + state_len + attributes.len() + dropped_len + 5) as u64);
    put_bytes(out, TRACE_ID, &to.trace_id().to_bytes());
    put_bytes(out, SPAN_ID, &to.span_id().to_bytes());
    if !trace_state.is_empty() {
        put_bytes(out, TRACE_STATE, trace_state.as_bytes());
    }
    out.extend_from_slice(attributes);
    if dropped > 0 {
        out.push(tag(5, kind::VARINT));
        put_varint(out, dropped.into());
    }
    out.push(tag(6, kind::FIXED32));
    out.extend_from_slice(&flags(to.trace_flags(), to.is_remote()).to_le_bytes());
}
