//! Finished spans, taken out of the logs to leave together.

use bytes::Bytes;
use opentelemetry_sdk::trace::SpanData;

use super::log::entry::Header;
use super::log::sync::Arc;
use super::log::{Chunk, Reader};
use super::raw::fetch_to_read;
use super::scope::{Scope, ScopeId};
use super::wire::{bytes_len, decode, kind, put_varint, tag, varint_len};

/// `ExportTraceServiceRequest.resource_spans`, `ResourceSpans.scope_spans`
const RESOURCE_SPANS: u8 = tag(1, kind::BYTES);
const SCOPE_SPANS: u8 = tag(2, kind::BYTES);

/// Finished spans, where they lie in the logs: nothing is copied before the request is written.
#[derive(Default)]
pub(super) struct Batch {
    chunks: Vec<Arc<Chunk>>,
    spans: Vec<Piece>,
    scopes: Vec<Group>,
    /// How many bytes the spans take in a request.
    bytes: usize,
    logs: usize,
}

/// One span.
struct Piece {
    chunk: u32,
    at: u32,
    len: u32,
    /// The next span of the same scope.
    next: u32,
}

/// The spans of one scope, as a list through [`Piece::next`].
struct Group {
    id: ScopeId,
    scope: &'static Scope,
    first: u32,
    last: u32,
    bytes: usize,
}

const NONE: u32 = u32::MAX;

/// How far ahead of the span that is looked at memory is fetched.
///
/// It lies in the cache of the thread that has written it. Going from header to header would wait for each in turn, since
/// where the next one is is known when the last has come; of reads that depend on nothing many are under way at once.
const FETCH_AHEAD: usize = 4096;

/// A line of the processor's cache.
const LINE: usize = 64;

/// How much may leave together.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Size {
    pub(super) bytes: usize,
    pub(super) spans: usize,
}

impl Size {
    pub(super) const UNLIMITED: Self = Self { bytes: usize::MAX, spans: NONE as usize };
}

impl Batch {
    /// Takes finished spans out of the logs that `readers` read, up to `size`. The batch is empty before.
    pub(super) fn fill(&mut self, readers: &mut [Reader], size: Size) {
        for reader in &mut *readers {
            let before = self.spans.len();
            while let Some((chunk, at)) = reader.available() {
                let (taken, full) = self.take_from(chunk, at, size);
                reader.advance(taken);
                if full {
                    break;
                }
            }
            self.logs += usize::from(self.spans.len() > before);
        }
        // The next batch begins with another thread, so that none waits for ever.
        if !readers.is_empty() {
            readers.rotate_left(1);
        }
    }

    /// Empty again, in the same memory.
    pub(super) fn clear(&mut self) {
        let Self { chunks, spans, scopes, bytes, logs } = self;
        chunks.clear();
        spans.clear();
        scopes.clear();
        (*bytes, *logs) = (0, 0);
    }

    /// Takes the spans of `chunk` from `start` on. Gives how many bytes were taken, and whether the batch is full.
    fn take_from(&mut self, chunk: &Arc<Chunk>, start: usize, size: Size) -> (usize, bool) {
        let bytes = chunk.read(start);
        let number = self.chunks.len() as u32;
        let mut taken = 0;
        let mut full = false;
        let mut fetched = 0;
        // Most spans are of the scope of the one before.
        let mut last = None;
        loop {
            while let Some(byte) = bytes.get(fetched).filter(|_| fetched < taken + FETCH_AHEAD) {
                fetch_to_read(byte);
                fetched += LINE;
            }
            let Some(header) = Header::read(&bytes[taken..]) else { break };
            let at = taken + Header::LEN;
            let len = header.len as usize;
            let known = last.filter(|&group: &usize| self.scopes[group].id == header.scope);
            let group = known.or_else(|| self.group(header.scope));
            // A scope takes a place in the request, too.
            let cost = len + group.map_or_else(|| header.scope.scope().map_or(0, Scope::cost), |_| 0);
            full = self.spans.len() >= size.spans || (self.bytes + cost > size.bytes && !self.spans.is_empty());
            if full {
                break;
            }
            let piece = Piece { chunk: number, at: (start + at) as u32, len: header.len, next: NONE };
            last = self.push(header.scope, group, piece);
            taken = at + len;
        }
        if taken > 0 {
            self.chunks.push(Arc::clone(chunk));
        }
        (taken, full)
    }

    fn group(&self, id: ScopeId) -> Option<usize> {
        self.scopes.iter().position(|group| group.id == id)
    }

    /// Adds a span of `scope`, whose group, if it is there yet, is `group`. Gives its group.
    fn push(&mut self, id: ScopeId, group: Option<usize>, piece: Piece) -> Option<usize> {
        let number = self.spans.len() as u32;
        let len = piece.len as usize;
        let group = match group {
            Some(at) => {
                let group = &mut self.scopes[at];
                self.spans[group.last as usize].next = number;
                group.last = number;
                group.bytes += len;
                at
            }
            None => {
                let scope = id.scope()?;
                self.bytes += scope.cost();
                self.scopes.push(Group { id, scope, first: number, last: number, bytes: len });
                self.scopes.len() - 1
            }
        };
        self.bytes += len;
        self.spans.push(piece);
        Some(group)
    }

    /// How many bytes the spans take in a request.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn len(&self) -> usize {
        self.spans.len()
    }

    fn of<'a>(&'a self, group: &Group) -> impl Iterator<Item = &'a [u8]> {
        let mut next = group.first;
        std::iter::from_fn(move || {
            let piece = self.spans.get(next as usize)?;
            next = piece.next;
            Some(self.bytes_of(piece))
        })
    }

    /// The span, with the tag and length that stand before it in `ScopeSpans`.
    fn bytes_of(&self, piece: &Piece) -> &[u8] {
        &self.chunks[piece.chunk as usize].read(piece.at as usize)[..piece.len as usize]
    }

    /// The body of an OTLP request: these spans, of `resource`, grouped by scope. It is written into the memory of `spent`,
    /// an earlier one, if nobody else holds that any more.
    ///
    /// Fresh memory costs a page fault every 4 KiB, which is a fifth of what a span costs behind the log.
    pub(super) fn request(&self, resource: &Resource, spent: Option<Bytes>) -> Bytes {
        let scope_len = |group: &Group| group.scope.head.len() + group.bytes + group.scope.tail.len();
        let scopes: usize = self.scopes.iter().map(|group| bytes_len(scope_len(group))).sum();
        let len = resource.head.len() + scopes + resource.tail.len();
        let spent = spent.and_then(|spent| spent.try_into_mut().ok()).map(|mut spent| {
            spent.clear();
            Vec::from(spent)
        });
        let mut out = spent.unwrap_or_default();
        out.reserve(1 + varint_len(len as u64) + len);
        out.push(RESOURCE_SPANS);
        put_varint(&mut out, len as u64);
        out.extend_from_slice(&resource.head);
        for group in &self.scopes {
            out.push(SCOPE_SPANS);
            put_varint(&mut out, scope_len(group) as u64);
            out.extend_from_slice(&group.scope.head);
            for span in self.of(group) {
                out.extend_from_slice(span);
            }
            out.extend_from_slice(&group.scope.tail);
        }
        out.extend_from_slice(&resource.tail);
        out.into()
    }

    /// The spans as structures, in the order in which they ended.
    pub(super) fn decode(&self) -> Vec<SpanData> {
        let mut scopes = vec![None; self.spans.len()];
        for group in &self.scopes {
            let mut next = group.first;
            while let Some(piece) = self.spans.get(next as usize) {
                scopes[next as usize] = Some(group.scope);
                next = piece.next;
            }
        }
        let span = |(piece, scope): (&Piece, &Option<&'static Scope>)| {
            let mut field = super::wire::read::Reader::new(self.bytes_of(piece));
            let (_, span) = field.field()?;
            Some(decode::span(span.bytes(), (*scope)?.scope.clone()))
        };
        let mut spans: Vec<SpanData> = self.spans.iter().zip(&scopes).filter_map(span).collect();
        if self.logs > 1 {
            // Each log is in order already, and the sort leaves equal times as they are.
            spans.sort_by_key(|span| span.end_time);
        }
        spans
    }
}

/// A resource, as it goes to the wire.
#[derive(Debug, Clone)]
pub(super) struct Resource {
    /// `ResourceSpans.resource`, tag included.
    head: Box<[u8]>,
    /// `ResourceSpans.schema_url`, tag included.
    tail: Box<[u8]>,
}

impl Resource {
    /// How many bytes it takes in a request.
    pub(super) fn len(&self) -> usize {
        self.head.len() + self.tail.len()
    }

    pub(super) fn new(resource: &opentelemetry_sdk::Resource) -> Self {
        let mut attributes = super::wire::Attributes::new(tag(1, kind::BYTES));
        for (key, value) in resource {
            attributes.otel(&super::wire::Key::new(key.as_str()), value);
        }
        let mut head = Vec::new();
        super::wire::put_bytes(&mut head, tag(1, kind::BYTES), attributes.finish());
        let mut tail = Vec::new();
        if let Some(url) = resource.schema_url() {
            super::wire::put_bytes(&mut tail, tag(3, kind::BYTES), url.as_bytes());
        }
        Self { head: head.into(), tail: tail.into() }
    }
}
