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
}

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
        }
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

    /// Bytes that this message holds in memory.
    pub(crate) fn size(&self) -> usize {
        self.topic.len() + self.block.len()
    }

    /// What is left of the Message Expiry Interval, in whole seconds.
    pub(crate) fn remaining_seconds(&self, now: Instant) -> Option<u32> {
        u32::try_from(self.expires?.since(now).get() / 1000).ok()
    }
}
