//! What the receiver of QoS 1 and 2 messages has to remember: identifiers not yet released, and acknowledgements due.

use super::marks::Marks;
use crate::codec::{PacketId, QoS, ReasonCode};
use std::collections::VecDeque;

/// A set of packet identifiers: eight kilobytes once it holds one, nothing before.
#[derive(Debug, Default)]
struct PacketIdSet {
    words: Vec<u64>,
    len: usize,
}

impl PacketIdSet {
    fn place(id: PacketId) -> (usize, u64) {
        let index = usize::from(id.get());
        (index / 64, 1 << (index % 64))
    }

    /// Adds `id`; `false` when it was there already.
    fn insert(&mut self, id: PacketId) -> bool {
        if self.words.is_empty() {
            self.words.resize(usize::from(u16::MAX) / 64 + 1, 0);
        }
        let (word, bit) = Self::place(id);
        let Some(word) = self.words.get_mut(word).filter(|word| **word & bit == 0) else { return false };
        *word |= bit;
        self.len += 1;
        true
    }

    fn remove(&mut self, id: PacketId) -> bool {
        let (word, bit) = Self::place(id);
        let Some(word) = self.words.get_mut(word).filter(|word| **word & bit != 0) else { return false };
        *word &= !bit;
        self.len -= 1;
        true
    }

    fn contains(&self, id: PacketId) -> bool {
        let (word, bit) = Self::place(id);
        self.words.get(word).is_some_and(|word| word & bit != 0)
    }

    fn clear(&mut self) {
        self.words = Vec::new();
        self.len = 0;
    }
}

/// An acknowledgement that may be sent now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DueAck {
    pub(crate) packet_id: PacketId,
    pub(crate) qos: QoS,
    pub(crate) reason: ReasonCode,
}

#[derive(Debug)]
struct PendingAck {
    packet_id: PacketId,
    qos: QoS,
    verdict: Option<ReasonCode>,
}

/// What to do with an inbound QoS 2 PUBLISH.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arrival {
    /// Seen for the first time: deliver it.
    New,
    /// Already delivered: acknowledge again, deliver nothing (4.3.3).
    Duplicate,
    /// Delivered and waiting for the application's acknowledgement: do nothing.
    Pending,
}

/// Receiver state. The identifiers of unreleased QoS 2 messages belong to the session, the rest to the connection.
#[derive(Debug, Default)]
pub(crate) struct Inbound {
    unreleased: PacketIdSet,
    /// Unacknowledged QoS 2 identifiers that count against our Receive Maximum on this connection.
    counted: PacketIdSet,
    /// Unacknowledged QoS 1 messages of this connection.
    unacknowledged: u32,
    /// Acknowledgements in the transmit buffer: the server cannot have seen them yet.
    unsent_acks: u32,
    pending: VecDeque<PendingAck>,
    /// Token of the first element of `pending`; tokens are never used twice.
    first_token: u32,
    /// Identifiers whose PUBREC was written and accepts: what a crash must not forget.
    pub(super) marks: Marks,
}

impl Inbound {
    /// An earlier client has accepted `id`.
    pub(super) fn restore(&mut self, id: PacketId) {
        self.marks.on_found(id, false);
        self.unreleased.insert(id);
    }

    /// Messages that count against our Receive Maximum (3.3.4).
    pub(crate) fn open(&self) -> u32 {
        // Both counters are bounded by the Receive Maximum, at most 65,535.
        self.unacknowledged + u32::try_from(self.counted.len).unwrap_or(u32::MAX) + self.unsent_acks
    }

    /// Whether `id` is one that has been counted, so that its redelivery costs no quota.
    pub(crate) fn is_counted(&self, id: PacketId) -> bool {
        self.counted.contains(id)
    }

    pub(crate) fn on_at_least_once(&mut self) {
        self.unacknowledged += 1;
    }

    pub(crate) fn on_exactly_once(&mut self, id: PacketId) -> Arrival {
        self.counted.insert(id);
        if self.unreleased.insert(id) {
            Arrival::New
        } else if self.pending.iter().any(|ack| ack.packet_id == id && ack.qos == QoS::ExactlyOnce) {
            Arrival::Pending
        } else {
            Arrival::Duplicate
        }
    }

    /// Defers an acknowledgement until the application gives it; returns the token it will use.
    pub(crate) fn defer(&mut self, packet_id: PacketId, qos: QoS) -> u32 {
        let token = self.first_token.wrapping_add(u32::try_from(self.pending.len()).unwrap_or(u32::MAX));
        self.pending.push_back(PendingAck { packet_id, qos, verdict: None });
        token
    }

    /// Records the application's verdict. `false`: the token is unknown, used before, or of an earlier connection.
    pub(crate) fn settle(&mut self, token: u32, reason: ReasonCode) -> bool {
        let index = token.wrapping_sub(self.first_token);
        match self.pending.get_mut(index as usize) {
            Some(ack) if ack.verdict.is_none() => {
                ack.verdict = Some(reason);
                true
            }
            Some(_) | None => false,
        }
    }

    /// The next acknowledgement that keeps the order of receipt (4.6.0-2, 4.6.0-3).
    pub(crate) fn next_due(&mut self) -> Option<DueAck> {
        let reason = self.pending.front()?.verdict?;
        let ack = self.pending.pop_front()?;
        self.first_token = self.first_token.wrapping_add(1);
        Some(DueAck { packet_id: ack.packet_id, qos: ack.qos, reason })
    }

    /// PUBACK was written to the transmit buffer.
    pub(crate) fn on_puback(&mut self) {
        self.unacknowledged = self.unacknowledged.saturating_sub(1);
        self.unsent_acks += 1;
    }

    /// PUBREC was written; one that refuses ends the exchange (4.3.3-9).
    pub(crate) fn on_pubrec(&mut self, id: PacketId, reason: ReasonCode) {
        if !reason.is_error() {
            self.marks.want(id);
        } else {
            self.marks.set(id, false);
            self.unreleased.remove(id);
            if self.counted.remove(id) {
                self.unsent_acks += 1;
            }
        }
    }

    /// PUBREL came; `true` when the identifier was known. PUBCOMP follows in any case.
    pub(crate) fn on_pubrel(&mut self, id: PacketId) -> bool {
        if self.counted.remove(id) {
            self.unsent_acks += 1;
        }
        self.marks.set(id, false);
        self.unreleased.remove(id)
    }

    /// Acknowledgements that the transport has not got yet.
    pub(crate) fn unsent_acks(&self) -> u32 {
        self.unsent_acks
    }

    /// So many of them went to the transport: the server may use that quota again.
    pub(crate) fn on_handed_over(&mut self, acks: u32) {
        self.unsent_acks = self.unsent_acks.saturating_sub(acks);
    }

    /// The connection ended: what the application has not acknowledged will come again.
    pub(crate) fn on_connection_lost(&mut self) {
        while let Some(ack) = self.pending.pop_front() {
            self.first_token = self.first_token.wrapping_add(1);
            if ack.qos == QoS::ExactlyOnce && ack.verdict.is_none() {
                // Delivered, but neither accepted nor answered with PUBREC: the server's next copy is a new delivery.
                self.unreleased.remove(ack.packet_id);
            }
        }
        self.counted.clear();
        self.unacknowledged = 0;
        self.unsent_acks = 0;
    }

    /// The session is gone: every identifier means a new message from now on.
    pub(crate) fn on_session_lost(&mut self) {
        self.unreleased.clear();
        self.marks.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(value: u16) -> PacketId {
        PacketId::new(value).expect("not zero")
    }

    #[test]
    fn tokens_of_an_earlier_connection_do_nothing() {
        let mut inbound = Inbound::default();
        let token = inbound.defer(id(5), QoS::AtLeastOnce);
        inbound.on_connection_lost();
        assert!(!inbound.settle(token, ReasonCode::SUCCESS));
        let fresh = inbound.defer(id(5), QoS::AtLeastOnce);
        assert_ne!(token, fresh);
        assert!(inbound.settle(fresh, ReasonCode::SUCCESS));
        assert!(!inbound.settle(fresh, ReasonCode::SUCCESS));
    }

    #[test]
    fn acknowledgements_leave_in_the_order_of_receipt() {
        let mut inbound = Inbound::default();
        let first = inbound.defer(id(5), QoS::AtLeastOnce);
        let second = inbound.defer(id(6), QoS::AtLeastOnce);
        assert!(inbound.settle(second, ReasonCode::SUCCESS));
        assert_eq!(inbound.next_due(), None);
        assert!(inbound.settle(first, ReasonCode::SUCCESS));
        let order: Vec<u16> =
            core::iter::from_fn(|| inbound.next_due()).map(|ack| ack.packet_id.get()).collect();
        assert_eq!(order, [5, 6]);
    }

    #[test]
    fn a_set_of_identifiers_takes_eight_kilobytes_or_nothing() {
        let mut set = PacketIdSet::default();
        assert_eq!(set.words.capacity(), 0);
        for value in [1, 63, 64, 65_535] {
            assert!(set.insert(id(value)));
            assert_eq!(set.words.len() * size_of::<u64>(), 8192);
        }
        set.clear();
        assert_eq!(set.words.capacity(), 0);
    }

    #[test]
    fn an_exactly_once_identifier_is_remembered_until_its_release() {
        let mut inbound = Inbound::default();
        assert_eq!(inbound.on_exactly_once(id(65_535)), Arrival::New);
        inbound.on_connection_lost();
        assert_eq!(inbound.on_exactly_once(id(65_535)), Arrival::Duplicate);
        assert!(inbound.on_pubrel(id(65_535)));
        assert!(!inbound.on_pubrel(id(65_535)));
        assert_eq!(inbound.on_exactly_once(id(65_535)), Arrival::New);
    }
}
