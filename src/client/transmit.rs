//! The transmit buffer: what goes into it and in which order, acknowledgements, pings and the last packet.

use super::{Client, Core};
use crate::codec::{
    Ack, AckKind, Disconnect, PacketId, Properties, ProtocolVersion, QoS, ReasonCode, Violation,
};
use crate::connection::Connection;
use crate::rule::rule;
use crate::session::{OpId, Session};
use crate::time::Instant;

/// Bytes that may lie in the transmit buffer before publishes wait in the queue instead.
pub(super) const HIGH_WATER: usize = 256 * 1024;

/// Acknowledgements that a server may provoke without reading them.
const FLOOD: usize = HIGH_WATER + 1024 * 1024;

const PINGREQ: [u8; 2] = [0xC0, 0];

impl Client {
    /// Fills `buffer` with whole packets for the transport; `false` when there is nothing to send.
    ///
    /// The bytes count as sent from here on: hand them over, or report the loss of the connection. The buffer's own
    /// memory is used for the next packets, so that giving it back each time saves allocations. A
    /// [durable](crate::config::Config::durable) client gives out nothing while there is something to store: see
    /// [`Client::poll_store`].
    pub fn poll_transmit(&mut self, now: Instant, buffer: &mut Vec<u8>) -> bool {
        self.core.fill(now);
        self.core.finish_when_drained();
        self.core.renew_when_quiet(now);
        let mut next = if !self.core.outbox.ready.bytes.is_empty() {
            core::mem::take(&mut self.core.outbox.ready)
        } else if !self.core.out.is_empty() && self.core.is_settled() {
            self.core.set_aside()
        } else {
            return false;
        };
        buffer.clear();
        core::mem::swap(buffer, &mut next.bytes);
        if self.core.out.is_empty() {
            self.core.out = next.bytes;
        }
        self.core.tap.on_sent(buffer);
        self.core.on_handed_over(now, buffer.len(), next.acks);
        self.core.complete_unsent(next.unsent);
        true
    }
}

impl Core {
    fn on_handed_over(&mut self, now: Instant, len: usize, acks: u32) {
        if let Some(connection) = self.phase.live_mut() {
            connection.keep_alive.on_sent(now);
        }
        self.stats.bytes_sent += len as u64;
        self.session.inbound.on_handed_over(acks);
    }

    /// Writes what has been waiting, as far as it may go now: repetitions before anything new (4.4).
    pub(super) fn fill(&mut self, now: Instant) {
        if self.closing.as_ref().is_some_and(|closing| closing.is_overdue) {
            return;
        }
        self.write_requests();
        while self.buffered() < HIGH_WATER && self.resend_next(now) {}
        while self.buffered() < HIGH_WATER {
            if self.phase.live().is_none() {
                return;
            }
            let quota = self.has_quota();
            let Some(publication) = self.session.queue.pop(quota) else { return };
            self.send_waiting(now, publication);
        }
    }

    /// Whether another message at QoS 1 or 2 may be under way: for the server (3.3.4), for its place in the order, and for
    /// our memory, because a server need not acknowledge what it reads. None is begun on a connection that is to be left.
    pub(super) fn has_quota(&self) -> bool {
        let most = HIGH_WATER.max(self.config.queue.max_bytes as usize);
        let Session { resend, exchanges, .. } = &self.session;
        self.renewal.is_none()
            && self.phase.live().is_some_and(Connection::has_quota)
            && resend.is_empty()
            && exchanges.has_free_id()
            && exchanges.bytes() < most
    }

    /// Whether nothing waits to be written, stored or handed over.
    pub(super) fn is_idle(&self) -> bool {
        let Session { requests, resend, queue, .. } = &self.session;
        self.out.is_empty()
            && self.outbox.ready.bytes.is_empty()
            && !self.session.is_kept()
            && requests.is_empty()
            && resend.is_empty()
            && queue.len() == 0
            && self.closing.is_none()
            && self.renewal.is_none()
    }

    pub(super) fn write_ping(&mut self, now: Instant, op: Option<OpId>) {
        if let Some(connection) = self.phase.live_mut() {
            connection.keep_alive.on_ping(now);
            // Of pings in a row that nobody waits for, one has to be remembered: it keeps its answer from the next.
            if op.is_some() || self.pings.back().is_none_or(Option::is_some) {
                self.pings.push_back(op.map(|op| (op, now)));
            }
            self.out.extend_from_slice(&PINGREQ);
        }
    }

    pub(super) fn write_due_acks(&mut self) {
        while let Some(due) = self.session.inbound.next_due() {
            match due.qos {
                QoS::AtLeastOnce => self.write_puback(due.packet_id, due.reason),
                QoS::ExactlyOnce => self.write_pubrec(due.packet_id, due.reason),
                QoS::AtMostOnce => {}
            }
        }
    }

    pub(super) fn write_puback(&mut self, id: PacketId, reason: ReasonCode) {
        self.session.inbound.on_puback();
        self.write_ack(AckKind::PubAck, id, reason);
    }

    pub(super) fn write_pubrec(&mut self, id: PacketId, reason: ReasonCode) {
        // 3.1.1 cannot refuse: what it acknowledges is accepted.
        let reason = if self.version == ProtocolVersion::V5 { reason } else { ReasonCode::SUCCESS };
        self.session.inbound.on_pubrec(id, reason);
        self.write_ack(AckKind::PubRec, id, reason);
    }

    pub(super) fn write_pubrel(&mut self, id: PacketId, reason: ReasonCode) {
        self.questions += 1;
        self.write_ack(AckKind::PubRel, id, reason);
    }

    pub(super) fn write_pubcomp(&mut self, id: PacketId, reason: ReasonCode) {
        self.write_ack(AckKind::PubComp, id, reason);
    }

    fn write_ack(&mut self, kind: AckKind, packet_id: PacketId, reason: ReasonCode) {
        let ack = Ack { kind, packet_id, reason, properties: Properties::EMPTY };
        let written = ack.encode(self.version, &mut self.out);
        debug_assert!(written.is_ok(), "INVARIANT: an acknowledgement without properties always fits");
    }

    /// A server that provokes acknowledgements and does not read them must not fill our memory.
    pub(super) fn check_flood(&self) -> Result<(), Violation> {
        if self.buffered() <= FLOOD {
            return Ok(());
        }
        Err(Violation { reason: ReasonCode::MESSAGE_RATE_TOO_HIGH, statement: rule!("§4.9"), offset: 0 })
    }

    pub(super) fn write_disconnect(&mut self, reason: ReasonCode) {
        self.write_last(&Disconnect { reason, properties: Properties::EMPTY });
    }

    /// DISCONNECT, without its properties where the server takes no packet that large (MQTT-3.14.2-3).
    pub(super) fn write_last(&mut self, disconnect: &Disconnect<'_>) {
        let fits = self.phase.live().is_none_or(|connection| {
            let size = disconnect.encoded_len(self.version);
            size.is_ok_and(|size| connection.negotiated.limits.check_size(size).is_ok())
        });
        let properties = if fits { disconnect.properties } else { Properties::EMPTY };
        let written =
            Disconnect { reason: disconnect.reason, properties }.encode(self.version, &mut self.out);
        debug_assert!(
            written.is_ok(),
            "INVARIANT: the options of a disconnect were checked when it was asked for"
        );
        if !self.is_settled() {
            // It depends on nothing, and is alone in the buffer: see `drop_unstored`.
            self.outbox.ready.bytes.append(&mut self.out);
        }
    }
}
