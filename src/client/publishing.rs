//! PUBLISH on its way out: for the first time, again, and what this server takes of it.

use super::Core;
use crate::codec::{
    EncodeError, ExtraProperties, PacketId, Properties, PropertyId, ProtocolVersion, Publish, QoS,
};
use crate::config::PROTOCOL_MAXIMUM_PACKET_SIZE;
use crate::connection::{AliasUse, Connection};
use crate::error::{Error, ErrorCode};
use crate::session::{Exchange, Publication};
use crate::time::Instant;

impl Core {
    /// Sends one publish of the previous connection again; `false` when none is left or quota is missing.
    pub(super) fn resend_next(&mut self, now: Instant) -> bool {
        let Some(connection) = self.phase.live_mut() else { return false };
        let Some(id) = self.session.resend.front().copied() else { return false };
        if !connection.has_quota() {
            return false;
        }
        self.session.resend.pop_front();
        let Some(Exchange::Publish { publication, counted }) = self.session.exchanges.get_mut(id) else {
            return true;
        };
        match write_publication(&mut self.out, connection, publication, Some(id), true, now, true) {
            Ok(()) => {
                *counted = true;
                connection.take_quota();
                self.questions += 1;
                self.stats.retransmissions += 1;
                self.unsent.extend(publication.unsent_op().map(|op| (op, Some(id))));
            }
            Err(error) => {
                // The new server limits rule it out; sending it would end in a loop of disconnects.
                let error = publication.explain(error);
                let op = publication.op.take();
                if publication.qos == QoS::ExactlyOnce {
                    // The server may hold the identifier: PUBCOMP says when it is free.
                    self.release(id);
                } else {
                    self.session.end(id);
                }
                self.fail_sent(op, error);
            }
        }
        true
    }

    /// Sends a message that had to wait, unless it is too old by now. One that leaves at once never is, so that a Message
    /// Expiry Interval of 0 means now or never.
    pub(super) fn send_waiting(&mut self, now: Instant, publication: Publication) {
        if publication.expires.is_some_and(|at| at.since(now).get() < 1000) {
            return self.fail_publication(&publication, Error::new(ErrorCode::MessageExpired));
        }
        self.send(now, publication);
    }

    /// Sends a message for the first time; the caller has seen to quota and a free identifier.
    pub(super) fn send(&mut self, now: Instant, publication: Publication) {
        let Some(connection) = self.phase.live_mut() else { return };
        if publication.qos == QoS::AtMostOnce {
            match write_publication(&mut self.out, connection, &publication, None, false, now, false) {
                Ok(()) => {
                    self.stats.messages_sent += publication.count() as u64;
                    self.unsent.extend(publication.unsent_op().map(|op| (op, None)));
                }
                Err(error) => self.fail_publication(&publication, error),
            }
            return;
        }
        let id = match self.session.exchanges.insert(Exchange::Publish { publication, counted: true }) {
            Ok(id) => id,
            // Not reached: a free identifier was seen before.
            Err(Exchange::Publish { publication, .. }) => return self.session.queue.push(publication),
            Err(Exchange::Release { .. } | Exchange::Request { .. }) => return,
        };
        let Some(Exchange::Publish { publication, .. }) = self.session.exchanges.get(id) else { return };
        match write_publication(&mut self.out, connection, publication, Some(id), false, now, false) {
            Ok(()) => {
                connection.take_quota();
                self.questions += 1;
                self.stats.messages_sent += 1;
                self.unsent.extend(publication.unsent_op().map(|op| (op, Some(id))));
            }
            Err(error) => {
                if let Some(Exchange::Publish { publication, .. }) = self.session.exchanges.remove(id) {
                    self.fail_publication(&publication, error);
                }
            }
        }
    }
}

/// Writes a kept message, with those that settle with it, if the server of this connection takes it.
fn write_publication(
    out: &mut Vec<u8>,
    connection: &mut Connection,
    publication: &Publication,
    id: Option<PacketId>,
    dup: bool,
    now: Instant,
    sent_before: bool,
) -> Result<(), Error> {
    let mut packet = publication.packet(id, dup);
    // A message that was sent before never expires here: its exchange has to end (4.3.3).
    let expiry = if sent_before { None } else { publication.remaining_seconds(now) };
    let mut at = 0;
    loop {
        // Of several only the first can be refused: see `Publication::lead`.
        write_publish_header(out, connection, &packet, packet.payload.len(), expiry)?;
        out.extend_from_slice(packet.payload);
        let Some(next) = publication.follower(&mut at) else { return Ok(()) };
        packet = next;
    }
}

/// Writes everything of a PUBLISH up to its payload, after checking it against what the server takes.
///
/// An alias is chosen here and not earlier, because it holds only for what is really sent on this connection.
pub(super) fn write_publish_header(
    out: &mut Vec<u8>,
    connection: &mut Connection,
    packet: &Publish<'_>,
    payload_len: usize,
    message_expiry: Option<u32>,
) -> Result<(), Error> {
    let version = connection.negotiated.version;
    let limits = &connection.negotiated.limits;
    limits.check_publish(packet.qos, packet.retain)?;
    check_properties(version, packet.properties)?;
    let too_large = || Error::new(ErrorCode::PacketTooLarge).over(PROTOCOL_MAXIMUM_PACKET_SIZE);
    let payload_len = u32::try_from(payload_len).map_err(|_| too_large())?;
    let mut extra = ExtraProperties { topic_alias: None, message_expiry };
    let size = packet.encoded_len_with(version, payload_len, extra).map_err(publish_error)?;
    limits.check_size(size)?;
    let mut packet = *packet;
    match connection.outbound_aliases.choose(packet.topic) {
        AliasUse::None => {}
        AliasUse::Known(alias) => (packet.topic, extra.topic_alias) = ("", Some(alias)),
        // Three bytes more: only where they fit.
        AliasUse::Bind(alias) if limits.check_size(size.saturating_add(ALIAS_SIZE)).is_ok() => {
            extra.topic_alias = Some(alias);
        }
        AliasUse::Bind(_) => connection.outbound_aliases.forget(packet.topic),
    }
    packet.encode_header(version, payload_len, extra, out).map_err(publish_error)
}

/// A Topic Alias property, and one more byte that the lengths before it may need.
const ALIAS_SIZE: u32 = 5;

/// 3.1.1 has no properties; only the expiry can be kept there, by applying it to the time in our own queue.
pub(super) fn check_properties(version: ProtocolVersion, properties: Properties<'_>) -> Result<(), Error> {
    let needs_5 = properties.iter().any(|(id, _)| id != PropertyId::MessageExpiryInterval);
    if version == ProtocolVersion::V311 && needs_5 {
        return Err(Error::named(ErrorCode::UnsupportedInVersion, "properties"));
    }
    Ok(())
}

fn publish_error(error: EncodeError) -> Error {
    if error == EncodeError::PacketTooLarge {
        return Error::new(ErrorCode::PacketTooLarge).over(PROTOCOL_MAXIMUM_PACKET_SIZE);
    }
    Error::named(ErrorCode::InvalidArgument, "properties")
}
