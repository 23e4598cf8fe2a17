//! Events as records of 32-bit words, so that one call hands over all that a chunk of bytes has brought.
//!
//! The layout is mirrored in `js/src/batch.ts`.

use crate::client::{Completion, Event, Failure, Message, OpKind, PacketInfo};
use crate::codec::{ReasonCode, Sender};
use crate::connection::Negotiated;
use crate::error::Error;

/// Words of a record.
const STRIDE: usize = 12;

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
    Server(Box<Negotiated>),
    /// Properties of an acknowledgement.
    Properties(Box<[u8]>),
}

/// Records under way to JavaScript. Its vectors are used again for the next batch.
#[derive(Default)]
pub(super) struct Batch {
    words: Vec<u32>,
    /// Bytes that records refer to: topics, reason codes, heads of packets.
    bytes: Vec<u8>,
    /// Subscription ids that records refer to.
    routes: Vec<u32>,
    /// Word indices that hold a position in `bytes` or `routes` until the batch is complete.
    byte_positions: Vec<usize>,
    route_positions: Vec<usize>,
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
                let delay = retry.map_or(NO_RETRY, |retry| clamp(retry.delay.get()).min(NO_RETRY - 1));
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
        self.words.is_empty()
    }

    /// Whether the application will see a message, and may answer it.
    pub(super) fn has_messages(&self) -> bool {
        self.messages
    }

    pub(super) fn take_details(&mut self) -> Vec<Detail> {
        core::mem::take(&mut self.details)
    }

    /// Turns positions into addresses and gives out where the records are, and how many. Good until the next `clear`.
    pub(super) fn complete(&mut self) -> (*const u32, u32) {
        let (bytes, routes) = (self.bytes.as_ptr() as usize, self.routes.as_ptr() as usize);
        for index in self.byte_positions.drain(..) {
            if let Some(word) = self.words.get_mut(index) {
                *word = clamp((bytes + *word as usize) as u64);
            }
        }
        for index in self.route_positions.drain(..) {
            if let Some(word) = self.words.get_mut(index) {
                *word = clamp((routes + *word as usize * size_of::<u32>()) as u64);
            }
        }
        (self.words.as_ptr(), clamp((self.words.len() / STRIDE) as u64))
    }

    /// Makes ready for the next batch; memory of a burst is given back.
    pub(super) fn clear(&mut self) {
        self.words.clear();
        self.bytes.clear();
        self.routes.clear();
        self.messages = false;
        self.words.shrink_to(STRIDE * 1024);
        self.bytes.shrink_to(16 * 1024);
        self.routes.shrink_to(4 * 1024);
    }

    fn push_message(&mut self, message: &Message<'_>) {
        if message.new_topic {
            self.push_bytes(Kind::Topic, message.topic_id, message.topic.as_bytes(), [0, 0]);
        }
        let properties = message.properties.as_bytes();
        // Views of the received chunk where all of the message lies in it, else addresses of our own copy.
        let (in_memory, payload_at, properties_at) =
            match (message.payload_position, message.properties_position) {
                (Some(payload), Some(properties)) => (0, payload, properties),
                _ => (1, message.payload.as_ptr() as usize, properties.as_ptr() as usize),
            };
        let flags = u32::from(message.qos.value())
            | u32::from(message.retain) << 2
            | u32::from(message.dup) << 3
            | in_memory << 4;
        self.messages = true;
        self.route_positions.push(self.words.len() + 7);
        let routes_at = clamp(self.routes.len() as u64);
        self.push_words(
            Kind::Message,
            &[
                message.topic_id,
                flags,
                clamp(payload_at as u64),
                clamp(message.payload.len() as u64),
                clamp(properties_at as u64),
                clamp(properties.len() as u64),
                routes_at,
                clamp(message.subscriptions.len() as u64),
                message.ack_token.map_or(0, |token| token.wrapping_add(1)),
            ],
        );
        self.routes.extend_from_slice(message.subscriptions);
    }

    /// A record whose second and third word say where its bytes are.
    fn push_bytes(&mut self, kind: Kind, word: u32, bytes: &[u8], more: [u32; 2]) {
        self.byte_positions.push(self.words.len() + 2);
        let (at, len) = (clamp(self.bytes.len() as u64), clamp(bytes.len() as u64));
        self.push_words(kind, &[word, at, len, more[0], more[1]]);
        self.bytes.extend_from_slice(bytes);
    }

    fn push_packet(&mut self, packet: &PacketInfo) {
        let received = u32::from(packet.sender == Sender::Server);
        let version = packet.version.level().into();
        let size = clamp(packet.size as u64);
        self.push_bytes(Kind::Packet, received, &packet.head, [version, size]);
    }

    fn push_completion(&mut self, completion: Completion) {
        let status = match (completion.kind, completion.qos.value()) {
            (OpKind::Ping, _) => clamp(completion.round_trip.get()),
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

    fn push_answer(&mut self, kind: Kind, head: [u32; 4], reasons: &[ReasonCode], detail: Option<Detail>) {
        let [op, op_kind, status, packet_id] = head;
        self.byte_positions.push(self.words.len() + 5);
        let at = clamp(self.bytes.len() as u64);
        self.bytes.extend(reasons.iter().map(|reason| reason.value()));
        let words = [op, op_kind, status, packet_id, at, clamp(reasons.len() as u64)];
        self.push_detail(kind, &words, detail);
    }

    /// A record whose seventh word points at an object.
    fn push_detail(&mut self, kind: Kind, words: &[u32], detail: Option<Detail>) {
        let index = self.words.len() + 7;
        self.push_words(kind, words);
        if let Some(detail) = detail {
            self.details.push(detail);
            if let Some(word) = self.words.get_mut(index) {
                *word = clamp(self.details.len() as u64);
            }
        }
    }

    fn push_words(&mut self, kind: Kind, words: &[u32]) {
        let end = self.words.len() + STRIDE;
        self.words.push(kind as u32);
        self.words.extend_from_slice(words);
        self.words.resize(end, 0);
    }
}

/// wasm32 has no larger addresses; a longer time than this is as good as none.
fn clamp(value: u64) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}
