//! One outgoing application message, kept until its delivery is settled.

use super::OpId;
use crate::codec::{PacketId, Properties, Publish, QoS};
use crate::error::Error;
use crate::time::Instant;

/// Payload bytes that may live outside this memory, such as a JavaScript `Uint8Array`: copied once, to where they stay.
pub trait PayloadSource {
    /// Length in bytes.
    fn len(&self) -> usize;

    /// Fills `destination`, which has exactly [`PayloadSource::len`] bytes.
    fn copy_to(&self, destination: &mut [u8]);

    /// Whether there are no bytes at all; such a message with the RETAIN flag clears a retained one (3.3.1.3).
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl PayloadSource for [u8] {
    fn len(&self) -> usize {
        <[u8]>::len(self)
    }

    fn copy_to(&self, destination: &mut [u8]) {
        destination.copy_from_slice(self);
    }
}

/// An application message on its way to the server.
#[derive(Debug)]
pub(crate) struct Publication {
    /// Settled when the outcome is known; `None` once the caller has cancelled.
    pub(crate) op: Option<OpId>,
    /// Position in the order in which the application published.
    pub(crate) sequence: u64,
    pub(crate) qos: QoS,
    pub(crate) retain: bool,
    pub(crate) topic: Box<str>,
    /// When the Message Expiry Interval runs out, for a message that was never sent (3.3.2.3.3).
    pub(crate) expires: Option<Instant>,
    /// Settles when it is handed over for the first time, not with its acknowledgement.
    pub(crate) until_sent: bool,
    /// It was sent before, in a session that the server has lost: it may have arrived.
    pub(crate) sent: bool,
    properties_len: usize,
    /// Encoded properties, then the payload.
    block: Box<[u8]>,
    /// Messages that leave right behind this one, and settle with it: topics and payloads, each behind its length.
    followers: Vec<u8>,
    /// How many these are.
    joined: usize,
}

/// Bytes of messages that follow one, at most: they are written in one go.
const TOGETHER: usize = 64 * 1024;

impl Publication {
    pub(crate) fn new<P: PayloadSource + ?Sized>(
        op: OpId,
        topic: &str,
        qos: QoS,
        retain: bool,
        properties: Properties<'_>,
        payload: &P,
    ) -> Self {
        let properties = properties.as_bytes();
        let mut block = vec![0; properties.len() + payload.len()].into_boxed_slice();
        let (head, tail) = block.split_at_mut(properties.len());
        head.copy_from_slice(properties);
        payload.copy_to(tail);
        Self {
            op: Some(op),
            sequence: 0,
            qos,
            retain,
            topic: topic.into(),
            expires: None,
            until_sent: false,
            sent: false,
            properties_len: properties.len(),
            block,
            followers: Vec::new(),
            joined: 0,
        }
    }

    /// Has another message at QoS 0 share the fate of this one, unless a server could take only one of them.
    pub(super) fn lead<P: PayloadSource + ?Sized>(&mut self, topic: &str, payload: &P, retain: bool) -> bool {
        let size = topic.len() + payload.len();
        let is_alike = retain == self.retain && size <= self.topic.len() + self.block.len();
        if !is_alike || self.followers.len() + size > TOGETHER {
            return false;
        }
        self.joined += 1;
        self.followers.extend_from_slice(&topic.len().to_ne_bytes());
        self.followers.extend_from_slice(topic.as_bytes());
        self.followers.extend_from_slice(&payload.len().to_ne_bytes());
        let start = self.followers.len();
        self.followers.resize(start + payload.len(), 0);
        payload.copy_to(self.followers.get_mut(start..).unwrap_or_default());
        true
    }

    /// How many messages this is.
    pub(crate) fn count(&self) -> usize {
        1 + self.joined
    }

    /// The packet of the message that follows at `at`, which goes on to the next.
    pub(crate) fn follower(&self, at: &mut usize) -> Option<Publish<'_>> {
        let mut next = || {
            let (len, rest) = self.followers.get(*at..)?.split_first_chunk()?;
            let field = rest.get(..usize::from_ne_bytes(*len))?;
            *at += len.len() + field.len();
            Some(field)
        };
        let topic = core::str::from_utf8(next()?).ok()?;
        Some(Publish { retain: self.retain, topic, payload: next()?, ..Publish::default() })
    }

    /// The packet that this message makes.
    pub(crate) fn packet(&self, packet_id: Option<PacketId>, dup: bool) -> Publish<'_> {
        let (properties, payload) = self.block.split_at(self.properties_len);
        Publish {
            dup,
            qos: self.qos,
            retain: self.retain,
            topic: &self.topic,
            packet_id,
            properties: Properties::from_validated(properties),
            payload,
        }
    }

    /// What to settle when it is handed over.
    pub(crate) fn unsent_op(&self) -> Option<OpId> {
        self.op.filter(|op| *op != OpId::DETACHED && (self.until_sent || self.qos == QoS::AtMostOnce))
    }

    /// The same error, with the topic where nothing else tells which message it is about.
    pub(crate) fn explain(&self, error: Error) -> Error {
        if self.op == Some(OpId::DETACHED) { error.with_text(Some(&self.topic)) } else { error }
    }

    /// Bytes of topic, properties and payload, with those that follow.
    pub(crate) fn size(&self) -> usize {
        let lengths = 2 * size_of::<usize>() * self.joined;
        self.topic.len() + self.block.len() + self.followers.len() - lengths
    }

    /// What is left of the Message Expiry Interval, in whole seconds.
    pub(crate) fn remaining_seconds(&self, now: Instant) -> Option<u32> {
        u32::try_from(self.expires?.since(now).get() / 1000).ok()
    }
}
