//! From a byte stream to packets: sections 2.1 and 6.0 (MQTT-6.0.0-2: chunks and packets need not align).

use super::header::{self, PacketType, Sender};
use super::{ProtocolVersion, ReasonCode, Violation, publish};
use crate::rule::rule;

/// Capacity that is kept when nothing larger is needed.
const KEEP: usize = 64 * 1024;

/// Where a packet lies in a [`FrameBuffer`]. Means nothing after the next `spare`, `push` or `reset`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Index of the first byte.
    pub start: usize,
    /// Index behind the fixed header.
    pub body: usize,
    /// Index behind the last byte.
    pub end: usize,
}

/// Collects chunks of a byte stream and finds the packets in it.
///
/// Memory follows the bytes that arrived, never a length that a peer announces. As long as the owner takes every packet
/// before it adds a chunk, no more is reserved than the limit and one chunk; after a burst the next chunk brings the
/// capacity back to 64 KiB.
#[derive(Debug)]
pub struct FrameBuffer {
    /// `start..end` waits to be read, behind `end` is space.
    bytes: Vec<u8>,
    start: usize,
    end: usize,
    /// Where the last chunk begins.
    chunk: usize,
    /// Where the first packet begins that `needed` has not stepped over.
    ahead: usize,
    limit: u32,
    sender: Sender,
}

impl FrameBuffer {
    /// An empty buffer for packets of a server, each of at most `max_packet_bytes`, fixed header included.
    #[must_use]
    pub const fn new(max_packet_bytes: u32) -> Self {
        Self::for_packets_of(Sender::Server, max_packet_bytes)
    }

    /// An empty buffer for packets of either side.
    #[must_use]
    pub const fn for_packets_of(sender: Sender, max_packet_bytes: u32) -> Self {
        Self { bytes: Vec::new(), start: 0, end: 0, chunk: 0, ahead: 0, limit: max_packet_bytes, sender }
    }

    /// Changes the largest packet that is accepted, in bytes, for packets whose header has not been seen yet.
    pub const fn set_limit(&mut self, max_packet_bytes: u32) {
        self.limit = max_packet_bytes;
    }

    /// Forgets everything, for a new connection, and gives memory back.
    pub fn reset(&mut self) {
        (self.start, self.end, self.chunk, self.ahead) = (0, 0, 0, 0);
        self.fit(0);
    }

    /// Space for the next `len` bytes, behind what has not been read yet. Spans end here.
    pub fn spare(&mut self, len: usize) -> &mut [u8] {
        if self.start > 0 {
            self.bytes.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
        }
        self.chunk = self.end;
        self.ahead = 0;
        self.fit(self.end.saturating_add(len));
        self.bytes.get_mut(self.end..).and_then(|spare| spare.get_mut(..len)).unwrap_or_default()
    }

    /// Says that the first `len` bytes of the last [`spare`](Self::spare) have been filled.
    pub fn commit(&mut self, len: usize) {
        self.end = self.end.saturating_add(len).min(self.bytes.len());
    }

    /// Which byte of the last [`spare`](Self::spare) has to be filled next, when those before `filled` are: `filled` itself,
    /// or one behind a payload. A payload that lies whole in a chunk is told by its position and read by nobody here, so it
    /// may be left out. For a chunk of `len` bytes, with `filled` never less than what was answered before.
    pub fn needed(&mut self, version: ProtocolVersion, filled: usize, len: usize) -> usize {
        let (filled_end, chunk_end) = (self.chunk.saturating_add(filled), self.chunk.saturating_add(len));
        while self.ahead < filled_end {
            let bytes = self.bytes.get(self.ahead..filled_end).unwrap_or_default();
            // What breaks a rule is for `next` to find.
            let Ok(Some(header)) = header::read(self.sender, version, bytes) else { return filled };
            let end = self.ahead.saturating_add(header.len).saturating_add(header.remaining as usize);
            if end > filled_end {
                let is_whole = self.ahead >= self.chunk && end <= chunk_end;
                if !is_whole || !publish::has_head(version, &header, bytes) {
                    return filled;
                }
            }
            self.ahead = end;
        }
        self.ahead - self.chunk
    }

    /// Adds a chunk: [`spare`](Self::spare) and [`commit`](Self::commit) in one.
    pub fn push(&mut self, chunk: &[u8]) {
        self.spare(chunk.len()).copy_from_slice(chunk);
        self.commit(chunk.len());
    }

    /// Finds the next complete packet and steps over it; `None` while bytes are missing.
    ///
    /// # Errors
    /// A [`Violation`] as soon as the fixed header shows it: reserved or misdirected packet types, wrong flags, an
    /// endless Remaining Length, and 0x95 for a packet above the limit (MQTT-3.1.2-24). The buffer does not get past
    /// it; only [`reset`](Self::reset) helps.
    pub fn next(&mut self, version: ProtocolVersion) -> Result<Option<Span>, Violation> {
        let span = self.peek(version)?;
        self.start = span.map_or(self.start, |span| span.end);
        Ok(span)
    }

    /// [`next`](Self::next), if it would find a PUBLISH.
    #[inline(always)] // so that the span is read where it is, and not copied
    pub fn next_publish(&mut self, version: ProtocolVersion) -> Option<Span> {
        let kind = PacketType::from_first_byte(*self.bytes.get(self.start)?);
        if kind != Some(PacketType::Publish) {
            return None;
        }
        let Ok(Some(Span { start, body, end })) = self.peek(version) else { return None };
        self.start = end;
        Some(Span { start, body, end })
    }

    /// What [`next`](Self::next) would say, without stepping over it.
    ///
    /// # Errors
    /// Those of `next`.
    pub fn peek(&self, version: ProtocolVersion) -> Result<Option<Span>, Violation> {
        let waiting = self.waiting();
        let Some(header) = header::read(self.sender, version, waiting)? else {
            return Ok(None);
        };
        let too_large =
            Violation { reason: ReasonCode::PACKET_TOO_LARGE, statement: rule!("MQTT-3.1.2-24"), offset: 1 };
        let len = usize::try_from(header.remaining).map_err(|_| too_large)?.saturating_add(header.len);
        if u32::try_from(len).map_or(true, |len| len > self.limit) {
            return Err(too_large);
        }
        if len > waiting.len() {
            return Ok(None);
        }
        Ok(Some(Span { start: self.start, body: self.start + header.len, end: self.start + len }))
    }

    /// Bytes that [`next`](Self::next) has not stepped over.
    #[must_use]
    pub fn waiting(&self) -> &[u8] {
        self.bytes.get(self.start..self.end).unwrap_or_default()
    }

    /// The bytes of a packet; empty for a span that is not of this buffer.
    #[must_use]
    pub fn bytes(&self, span: Span) -> &[u8] {
        self.bytes.get(span.start..span.end).unwrap_or_default()
    }

    /// Position of a buffer index within the last chunk; `None` when it lies in an earlier chunk or behind the end.
    #[must_use]
    pub const fn chunk_offset(&self, index: usize) -> Option<usize> {
        if index <= self.end { index.checked_sub(self.chunk) } else { None }
    }

    /// Bytes that are held at the moment, used or not.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.bytes.capacity()
    }

    /// Makes room for `len` bytes in all, or gives room back.
    fn fit(&mut self, len: usize) {
        let capacity = self.bytes.capacity();
        if len > capacity {
            // Doubling keeps copying linear; the limit keeps it within what one packet and one chunk can need.
            let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
            let chunk = len.saturating_sub(self.end);
            let wanted = capacity.saturating_mul(2).min(limit.saturating_add(chunk)).max(len);
            self.bytes.reserve_exact(wanted.saturating_sub(self.bytes.len()));
        } else if capacity > KEEP && len <= KEEP {
            self.bytes.truncate(len.max(self.end));
            self.bytes.shrink_to(KEEP);
        }
        if self.bytes.len() < len {
            self.bytes.resize(len, 0);
        }
    }
}
