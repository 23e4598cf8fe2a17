//! What goes out: packets written at once, and those that wait for quota, identifiers or room.

use super::{Client, Completion, Core, OpKind};
use crate::codec::{
    Ack, AckKind, Disconnect, EncodeError, ExtraProperties, FiltersBuf, NamesBuf, PacketId, Properties,
    PropertiesBuf, PropertyId, ProtocolVersion, Publish, QoS, ReasonCode, RetainHandling, Subscribe,
    SubscribeOptions, Unsubscribe, Value, Violation,
};
use crate::connection::{AliasUse, Connection};
use crate::error::{Error, ErrorCode};
use crate::session::{Exchange, OpId, Publication, Request};
use crate::time::Instant;
use crate::topic::TopicFilter;

/// Bytes that may lie in the transmit buffer before publishes wait in the queue instead.
pub(super) const HIGH_WATER: usize = 256 * 1024;

/// Acknowledgements that a server may provoke without reading them.
const FLOOD: usize = HIGH_WATER + 1024 * 1024;

const PINGREQ: [u8; 2] = [0xC0, 0];

impl Client {
    /// Fills `buffer` with whole packets for the transport; `false` when there is nothing to send.
    ///
    /// The bytes count as sent from here on: hand them over, or report the loss of the connection. The buffer's own
    /// memory is used for the next packets, so that giving it back each time saves allocations.
    pub fn poll_transmit(&mut self, now: Instant, buffer: &mut Vec<u8>) -> bool {
        self.core.fill(now);
        self.core.finish_when_drained();
        if self.core.out.is_empty() {
            return false;
        }
        buffer.clear();
        core::mem::swap(buffer, &mut self.core.out);
        self.core.on_handed_over(now, buffer.len());
        true
    }
}

impl Core {
    fn on_handed_over(&mut self, now: Instant, len: usize) {
        if let Some(connection) = self.phase.live_mut() {
            connection.keep_alive.on_sent(now);
        }
        self.stats.bytes_sent += len as u64;
        self.session.inbound.on_handed_over();
        self.complete_unsent();
    }

    /// Writes what has been waiting, as far as it may go now: repetitions before anything new (4.4).
    pub(super) fn fill(&mut self, now: Instant) {
        self.write_requests();
        while self.out.len() < HIGH_WATER && self.resend_next(now) {}
        while self.out.len() < HIGH_WATER {
            let Some(connection) = self.phase.live() else { return };
            let quota = self.session.resend.is_empty()
                && connection.has_quota()
                && self.session.exchanges.has_free_id();
            let Some(publication) = self.session.queue.pop(quota) else { return };
            self.send(now, publication);
        }
    }

    /// Sends one publish of the previous connection again; `false` when none is left or quota is missing.
    fn resend_next(&mut self, now: Instant) -> bool {
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
                self.stats.retransmissions += 1;
            }
            Err(error) => {
                // The new server limits rule it out; sending it would end in a loop of disconnects.
                let op = publication.op.take();
                if publication.qos == QoS::ExactlyOnce {
                    // The server may hold the identifier: PUBCOMP says when it is free.
                    self.release(id);
                } else {
                    self.session.exchanges.remove(id);
                }
                self.fail(op, OpKind::Publish, error);
            }
        }
        true
    }

    /// Sends a message for the first time; the caller has seen to quota and a free identifier.
    pub(super) fn send(&mut self, now: Instant, publication: Publication) {
        let Some(connection) = self.phase.live_mut() else { return };
        if publication.expires.is_some_and(|at| at.since(now).get() < 1000) {
            return self.fail_publication(&publication, ErrorCode::MessageExpired);
        }
        if publication.qos == QoS::AtMostOnce {
            match write_publication(&mut self.out, connection, &publication, None, false, now, false) {
                Ok(()) => {
                    self.stats.messages_sent += 1;
                    self.unsent.extend(publication.op);
                }
                Err(error) => self.fail(publication.op, OpKind::Publish, error),
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
                self.stats.messages_sent += 1;
            }
            Err(error) => {
                let op = publication.op;
                self.session.exchanges.remove(id);
                self.fail(op, OpKind::Publish, error);
            }
        }
    }

    /// Writes waiting SUBSCRIBE and UNSUBSCRIBE packets.
    pub(super) fn write_requests(&mut self) {
        while self.phase.live().is_some() && self.session.exchanges.has_free_id() {
            let Some(request) = self.session.requests.pop_front() else { return };
            match request {
                Request::Subscribe { op, ids, sent } => self.write_subscribe(op, ids, !sent.is_empty()),
                Request::Unsubscribe { op, filters } => self.write_unsubscribe(op, filters),
            }
        }
    }

    fn write_subscribe(&mut self, op: Option<OpId>, ids: Vec<u32>, sent_before: bool) {
        let Some(connection) = self.phase.live() else { return };
        let limits = connection.negotiated.limits;
        let uncertain = sent_before && connection.negotiated.session_present;
        let mut filters = FiltersBuf::default();
        let mut properties = PropertiesBuf::new();
        let mut sent: Vec<u32> = Vec::new();
        let mut refusal = None;
        let mut not_offered: Vec<(u32, Error)> = Vec::new();
        for (index, id) in (0_u32..).zip(&ids) {
            let Some(entry) = self.session.subscriptions.get(*id) else { continue };
            let to_send = entry.granted.is_none() || op.is_none();
            let Ok(filter) = TopicFilter::parse(&entry.filter) else { continue };
            if !to_send || sent.contains(id) {
                continue;
            }
            let mut options = entry.options;
            if uncertain && options.retain_handling == RetainHandling::Send {
                // Perhaps the server has seen this SUBSCRIBE already: then its retained messages are on their way.
                options.retain_handling = RetainHandling::SendIfNew;
            }
            let checked =
                limits.check_filter(filter).and_then(|()| check_options(self.version, entry.options));
            if let Err(error) = checked.and_then(|()| filters.push(filter, options).map_err(invalid_filter)) {
                if op.is_none() {
                    // Of those that were granted before, the others go on.
                    not_offered.push((*id, error));
                    continue;
                }
                refusal = Some(error.at(index));
                break;
            }
            if sent.is_empty() {
                properties = PropertiesBuf::from_validated(Properties::from_validated(&entry.properties));
                if limits.subscription_identifiers {
                    // Cannot fail: identifiers are within the range that the table checks.
                    let _in_range =
                        properties.push(PropertyId::SubscriptionIdentifier, Value::VarInt(entry.identifier));
                }
            }
            sent.push(*id);
        }
        for (id, error) in not_offered {
            self.end_subscription(id, op, &error);
        }
        if refusal.is_none() && sent.is_empty() {
            // Everything it asked for was confirmed or given up meanwhile.
            if let Some(op) = op {
                let reasons = self.session.subscriptions.reasons(&ids, &[]);
                self.complete(Completion { reasons, ..Completion::new(op, OpKind::Subscribe) });
            }
            return;
        }
        let sequence = self.session.next_sequence();
        let request = Request::Subscribe { op, ids, sent };
        let result = match refusal {
            Some(error) => Err((error, request)),
            None => self.write_request(request, sequence, |packet_id, version, out| {
                let (properties, filters) = (properties.as_properties(), filters.as_filters());
                let packet = Subscribe { packet_id, properties, filters };
                limits.check_size(packet.encoded_len(version).map_err(invalid_filter)?)?;
                packet.encode(version, out).map_err(invalid_filter)
            }),
        };
        if let Err((error, mut request)) = result {
            if let Request::Subscribe { op, ids, .. } = &mut request {
                if op.is_none() && ids.len() > 1 && error.code == ErrorCode::PacketTooLarge {
                    // Granted before, by a server that took larger packets: ask for less at once.
                    for ids in [ids.split_off(ids.len() / 2), core::mem::take(ids)] {
                        self.session.requests.push_front(Request::Subscribe {
                            op: None,
                            ids,
                            sent: Vec::new(),
                        });
                    }
                    return;
                }
                for id in ids {
                    if self.session.subscriptions.get(*id).is_some_and(|entry| entry.granted.is_none()) {
                        self.end_subscription(*id, *op, &error);
                    }
                }
            }
            self.fail_request(&request, error);
        }
    }

    fn write_unsubscribe(&mut self, op: Option<OpId>, filters: Vec<Box<str>>) {
        let Some(connection) = self.phase.live() else { return };
        let limits = connection.negotiated.limits;
        let mut names = NamesBuf::default();
        for filter in &filters {
            // Cannot fail: the filter was in a SUBSCRIBE before.
            let _fits = TopicFilter::parse(filter).map(|filter| names.push(filter));
        }
        let sequence = self.session.next_sequence();
        let request = Request::Unsubscribe { op, filters };
        let written = self.write_request(request, sequence, |packet_id, version, out| {
            let packet = Unsubscribe { packet_id, properties: Properties::EMPTY, filters: names.as_names() };
            limits.check_size(packet.encoded_len(version).map_err(invalid_filter)?)?;
            packet.encode(version, out).map_err(invalid_filter)
        });
        if let Err((error, request)) = written {
            self.fail_request(&request, error);
        }
    }

    fn write_request(
        &mut self,
        request: Request,
        sequence: u64,
        write: impl FnOnce(PacketId, ProtocolVersion, &mut Vec<u8>) -> Result<(), Error>,
    ) -> Result<(), (Error, Request)> {
        let id = match self.session.exchanges.insert(Exchange::Request { request, sequence }) {
            Ok(id) => id,
            // Not reached: a free identifier was seen before.
            Err(Exchange::Request { request, .. }) => {
                return Err((Error::new(ErrorCode::QueueFull), request));
            }
            Err(Exchange::Publish { .. } | Exchange::Release { .. }) => return Ok(()),
        };
        match write(id, self.version, &mut self.out) {
            Ok(()) => Ok(()),
            Err(error) => match self.session.exchanges.remove(id) {
                Some(Exchange::Request { request, .. }) => Err((error, request)),
                Some(Exchange::Publish { .. } | Exchange::Release { .. }) | None => Ok(()),
            },
        }
    }

    pub(super) fn write_ping(&mut self, now: Instant, op: Option<OpId>) {
        if let Some(connection) = self.phase.live_mut() {
            connection.keep_alive.on_ping(now);
            self.pings.push_back(op.map(|op| (op, now)));
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
        if self.out.len() <= FLOOD {
            return Ok(());
        }
        Err(Violation { reason: ReasonCode::MESSAGE_RATE_TOO_HIGH, statement: "§4.9", offset: 0 })
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
    }
}

/// Writes a kept message, if the server of this connection takes it.
fn write_publication(
    out: &mut Vec<u8>,
    connection: &mut Connection,
    publication: &Publication,
    id: Option<PacketId>,
    dup: bool,
    now: Instant,
    sent_before: bool,
) -> Result<(), Error> {
    let packet = publication.packet(id, dup);
    // A message that was sent before never expires here: its exchange has to end (4.3.3).
    let expiry = if sent_before { None } else { publication.remaining_seconds(now) };
    write_publish_header(out, connection, &packet, packet.payload.len(), expiry)?;
    out.extend_from_slice(packet.payload);
    Ok(())
}

/// Writes everything of a PUBLISH up to its payload, after checking it against what the server takes.
///
/// An alias is chosen here and not earlier, because it holds only for what
/// is really sent on this connection.
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
    let too_large =
        || Error::new(ErrorCode::PacketTooLarge).over(crate::config::PROTOCOL_MAXIMUM_PACKET_SIZE);
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

/// 3.1.1 has a QoS and no other subscription option.
pub(super) fn check_options(version: ProtocolVersion, options: SubscribeOptions) -> Result<(), Error> {
    let plain = SubscribeOptions { qos: options.qos, ..SubscribeOptions::default() };
    if version == ProtocolVersion::V311 && options != plain {
        return Err(Error::named(ErrorCode::UnsupportedInVersion, "subscription options"));
    }
    Ok(())
}

fn publish_error(error: EncodeError) -> Error {
    if error == EncodeError::PacketTooLarge {
        return Error::new(ErrorCode::PacketTooLarge).over(crate::config::PROTOCOL_MAXIMUM_PACKET_SIZE);
    }
    Error::named(ErrorCode::InvalidArgument, "properties")
}

fn invalid_filter(error: EncodeError) -> Error {
    if error == EncodeError::PacketTooLarge {
        return Error::new(ErrorCode::PacketTooLarge).over(crate::config::PROTOCOL_MAXIMUM_PACKET_SIZE);
    }
    // Filters were checked when they were asked for; only their options can still be at odds.
    Error::new(ErrorCode::InvalidFilter)
}
