//! Events as records of 32-bit words, so that one call hands over all that a chunk of bytes has brought.
//!
//! A batch is one region: records, then what they refer to by its distance from the end of the records. So it can be
//! copied out as it is and read anywhere. The layout is mirrored in `js/src/batch.ts`.

use crate::client::{Completion, Event, Failure, Message, OpKind, PacketInfo};
use crate::codec::{ReasonCode, Sender};
use crate::connection::Negotiated;
use crate::error::Error;
use crate::time::Millis;
use js_sys::Uint8Array;
use std::sync::Arc;

/// Words of a record.
const STRIDE: usize = 8;

/// First word of a record.
#[repr(u32)]
enum Kind {
    Topic = 1,
    Message = 2,
    Completed = 3,
    Failed = 4,
    State = 5,
    Connected = 6,
    Disconnected = 7,
    Closed = 8,
    Notice = 9,
    Challenge = 10,
    Packet = 11,
}

/// `retry delay` of a disconnect without a retry.
const NO_RETRY: u32 = u32::MAX;

/// What a record refers to and becomes a JavaScript object once the core is free again.
pub(super) enum Detail {
    Error(Error),
    Server(Arc<Negotiated>),
    /// Properties of an acknowledgement.
    Properties(Box<[u8]>),
    /// Properties and payload of a message that does not lie in the chunk.
    Bytes(Uint8Array),
}

/// Records under way to JavaScript. Its vectors are used again for the next batch.
#[derive(Default)]
pub(super) struct Batch {
    /// Room for records: the first `filled` words are some. When the batch is complete, `rest` follows.
    words: Vec<u32>,
    filled: usize,
    /// What records refer to: topics, routes, reason codes, heads of packets. Each begins with a whole word.
    rest: Vec<u8>,
    details: Vec<Detail>,
    messages: bool,
}

impl Batch {
    /// Adds what an event says.
    pub(super) fn push(&mut self, event: Event<'_>) {
        match event {
            Event::Message(message) => self.push_message(&message),
            Event::AuthChallenge(data) => {
                self.push_bytes(Kind::Challenge, 0, data.as_bytes().unwrap_or_default(), [0, 0])
            }
            Event::Completed(completion) => self.push_completion(completion),
            Event::Failed(failure) => self.push_failure(*failure),
            Event::State(state) => self.push_words(Kind::State, &[state as u32]),
            Event::Connected(negotiated) => {
                self.push_detail(Kind::Connected, &[], Some(Detail::Server(negotiated)))
            }
            Event::Disconnected { error, retry } => {
                let delay = retry.map_or(NO_RETRY, |retry| millis(retry.delay).min(NO_RETRY - 1));
                let attempt = retry.map_or(0, |retry| retry.attempt);
                self.push_detail(Kind::Disconnected, &[0, delay, attempt], error.map(Detail::Error));
            }
            Event::Notice(error) => self.push_detail(Kind::Notice, &[0], Some(Detail::Error(error))),
            Event::SubscriptionEnded { id, error } => {
                self.push_detail(Kind::Notice, &[id], Some(Detail::Error(error)));
            }
            Event::Packet(packet) => self.push_packet(&packet),
            Event::Closed(error) => self.push_detail(Kind::Closed, &[], error.map(Detail::Error)),
        }
    }

    /// Whether there is nothing to hand over.
    pub(super) fn is_empty(&self) -> bool {
        self.filled == 0
    }

    /// Whether the application will see a message, and may answer it.
    pub(super) fn has_messages(&self) -> bool {
        self.messages
    }

    pub(super) fn take_details(&mut self) -> Vec<Detail> {
        core::mem::take(&mut self.details)
    }

    /// Gives out where the region is, its length in words, and how many records it has. Good until the next `clear`.
    pub(super) fn complete(&mut self) -> (*const u32, usize, usize) {
        let (rest, _) = self.rest.as_chunks();
        self.words.truncate(self.filled);
        self.words.extend(rest.iter().map(|word| u32::from_le_bytes(*word)));
        (self.words.as_ptr(), self.words.len(), self.filled / STRIDE)
    }

    /// Makes ready for the next batch; memory of a burst is given back.
    pub(super) fn clear(&mut self) {
        self.filled = 0;
        self.rest.clear();
        self.messages = false;
        self.words.truncate(STRIDE * 1024);
        self.words.shrink_to(STRIDE * 1024);
        self.rest.shrink_to(16 * 1024);
    }

    /// Adds a message.
    pub(super) fn push_message(&mut self, message: &Message<'_>) {
        if message.new_topic {
            self.push_topic(message);
        }
        let flags =
            u32::from(message.qos.value()) | u32::from(message.retain) << 2 | u32::from(message.dup) << 3;
        let (detail, position) = match message.body_position {
            Some(position) => (0, position),
            None => (self.add_detail(Detail::Bytes(Uint8Array::from(message.body))), 0),
        };
        self.messages = true;
        self.add_record([
            Kind::Message as u32,
            message.topic_id,
            flags,
            clamp(position),
            clamp(message.properties.as_bytes().len()),
            clamp(message.payload.len()),
            message.ack_token.map_or(0, |token| token.wrapping_add(1)),
            detail,
        ]);
    }

    fn push_topic(&mut self, message: &Message<'_>) {
        let name = self.put(message.topic.as_bytes().iter().copied());
        let routes = self.put(message.subscriptions.iter().flat_map(|id| id.to_le_bytes()));
        let count = clamp(message.subscriptions.len());
        self.push_words(Kind::Topic, &[message.topic_id, name, clamp(message.topic.len()), routes, count]);
    }

    /// A record whose second and third word say where its bytes are.
    fn push_bytes(&mut self, kind: Kind, word: u32, bytes: &[u8], more: [u32; 2]) {
        let at = self.put(bytes.iter().copied());
        self.push_words(kind, &[word, at, clamp(bytes.len()), more[0], more[1]]);
    }

    /// Keeps what a record refers to. Answers where.
    fn put(&mut self, bytes: impl Iterator<Item = u8>) -> u32 {
        let at = self.rest.len();
        self.rest.extend(bytes);
        self.rest.resize(self.rest.len().next_multiple_of(size_of::<u32>()), 0);
        clamp(at)
    }

    fn push_packet(&mut self, packet: &PacketInfo) {
        let received = u32::from(packet.sender == Sender::Server);
        let version = packet.version.level().into();
        let size = clamp(packet.size);
        self.push_bytes(Kind::Packet, received, &packet.head, [version, size]);
    }

    fn push_completion(&mut self, completion: Completion) {
        let status = match (completion.kind, completion.qos.value()) {
            (OpKind::Ping, _) => millis(completion.round_trip),
            (_, qos) => u32::from(qos),
        };
        let packet_id = completion.packet_id.map_or(0, |id| u32::from(id.get()));
        let head = [completion.op.0, completion.kind as u32, status, packet_id];
        let properties =
            (!completion.properties.is_empty()).then_some(Detail::Properties(completion.properties));
        self.push_answer(Kind::Completed, head, &completion.reasons, properties);
    }

    fn push_failure(&mut self, failure: Failure) {
        let head = [failure.op.0, failure.kind as u32, failure.fate as u32, 0];
        self.push_answer(Kind::Failed, head, &failure.reasons, Some(Detail::Error(failure.error)));
    }

    /// A single reason code, as acknowledgements have it, stands in the place of its position.
    fn push_answer(&mut self, kind: Kind, head: [u32; 4], reasons: &[ReasonCode], detail: Option<Detail>) {
        let [op, op_kind, status, packet_id] = head;
        let at = match reasons {
            [reason] => reason.value().into(),
            reasons => self.put(reasons.iter().map(|reason| reason.value())),
        };
        self.push_detail(kind, &[op, op_kind, status, packet_id, at, clamp(reasons.len())], detail);
    }

    /// A record whose last word points at an object.
    fn push_detail(&mut self, kind: Kind, words: &[u32], detail: Option<Detail>) {
        let mut record = record(kind, words);
        record[STRIDE - 1] = detail.map_or(0, |detail| self.add_detail(detail));
        self.add_record(record);
    }

    /// Answers its number, from 1 on.
    fn add_detail(&mut self, detail: Detail) -> u32 {
        self.details.push(detail);
        clamp(self.details.len())
    }

    fn push_words(&mut self, kind: Kind, words: &[u32]) {
        self.add_record(record(kind, words));
    }

    #[inline(always)] // so that the words are written where they belong, and not copied
    fn add_record(&mut self, record: [u32; STRIDE]) {
        if self.words.len() < self.filled + STRIDE {
            self.words.resize(2 * self.filled + STRIDE, 0);
        }
        if let Some(room) = self.words.get_mut(self.filled..).and_then(<[u32]>::first_chunk_mut) {
            *room = record;
            self.filled += STRIDE;
        }
    }
}

/// The kind, then `words`, then zeros.
fn record(kind: Kind, words: &[u32]) -> [u32; STRIDE] {
    let mut record = [0; STRIDE];
    record.iter_mut().zip([kind as u32].iter().chain(words)).for_each(|(to, word)| *to = *word);
    record
}

/// wasm32 has no larger ones.
fn clamp(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

/// A longer time than this is as good as none.
fn millis(value: Millis) -> u32 {
    u32::try_from(value.get()).unwrap_or(u32::MAX)
}
