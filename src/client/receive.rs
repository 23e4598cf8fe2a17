//! What each packet of the server does.

use super::topics::TopicRef;
use super::{Client, Completion, Core, Delivery, OpKind, Phase};
use crate::codec::{
    Ack, AckKind, Disconnect, Packet, PacketId, PacketType, Properties, PropertyId, ProtocolVersion, QoS,
    RawPublish, ReasonCode, Sender, Span, Violation, decode_from_server,
};
use crate::connection::{InboundAliases, refusal_of_3_1_1};
use crate::error::{Error, ErrorCode};
use crate::rule::rule;
use crate::session::{Arrival, Exchange};
use crate::time::Instant;

impl Client {
    /// Accepts or refuses a message that waits for it ([`Config::manual_ack`](crate::config::Config::manual_ack)).
    /// Acknowledgements leave in the order of receipt (4.6). A token that was used before or belongs to an earlier
    /// connection does nothing: the server sends that message again. 3.1.1 cannot refuse, so there every verdict
    /// is an acceptance. A reason that a client may not send becomes success or 0x80 (MQTT-3.4.2-1, MQTT-3.5.2-1).
    pub fn acknowledge(&mut self, token: u32, reason: ReasonCode) {
        // PUBACK and PUBREC have the same reasons.
        let reason = match reason {
            reason if reason.allowed_from(Sender::Client, PacketType::PubAck) => reason,
            reason if reason.is_error() => ReasonCode::UNSPECIFIED_ERROR,
            _ => ReasonCode::SUCCESS,
        };
        if self.core.phase.live().is_some() && self.core.session.inbound.settle(token, reason) {
            self.core.write_due_acks();
        }
    }
}

impl Core {
    /// Whether bytes from the transport mean anything now.
    pub(super) fn wants_bytes(&self) -> bool {
        matches!(self.phase, Phase::Handshaking { .. } | Phase::Live(_))
            && !self.closing.as_ref().is_some_and(|closing| closing.is_overdue)
    }

    pub(super) fn on_bytes(&mut self, now: Instant, len: usize) -> bool {
        if let Some(connection) = self.phase.live_mut() {
            connection.keep_alive.on_received(now);
        }
        self.stats.bytes_received += len as u64;
        self.wants_bytes()
    }

    /// Takes in one whole packet.
    pub(super) fn on_packet(&mut self, now: Instant, bytes: &[u8]) {
        if let Phase::Handshaking { .. } = &self.phase
            && self.version == ProtocolVersion::V5
            && let Some(error) = refusal_of_3_1_1(bytes)
        {
            return self.lose(now, error);
        }
        let taken = decode_from_server(self.version, bytes).and_then(|packet| self.dispatch(now, &packet));
        taken.unwrap_or_else(|violation| self.violate(now, violation));
    }

    /// Whether a PUBLISH that comes next may be read: nobody wants to see it first.
    pub(super) fn takes_messages(&self) -> bool {
        self.phase.live().is_some() && self.wants_bytes() && !self.tap.wants_received()
    }

    /// Takes in one whole PUBLISH, on a live connection, and notes where it is if it is to be delivered.
    ///
    /// Here and on the way to the application, what is larger than a word stays where it is: each copy costs more than
    /// the rest of a step.
    pub(super) fn on_message(
        &mut self,
        now: Instant,
        span: Span,
        packet: &[u8],
        delivery: &mut Option<Delivery>,
    ) {
        if let Err(violation) = self.read_message(span, packet, delivery) {
            self.violate(now, violation);
        }
    }

    fn read_message(
        &mut self,
        span: Span,
        packet: &[u8],
        delivery: &mut Option<Delivery>,
    ) -> Result<(), Violation> {
        let read = RawPublish::from_server(self.version, packet, span.body - span.start);
        let publish = read.as_ref().map_err(|violation| *violation)?;
        let Some((topic, ack_token)) = self.on_publish(publish)? else { return Ok(()) };
        let payload = packet.len() - publish.payload.len();
        *delivery = Some(Delivery {
            span,
            topic,
            qos: publish.qos,
            retain: publish.retain,
            dup: publish.dup,
            body: payload - publish.properties.as_bytes().len(),
            payload,
            ack_token,
        });
        Ok(())
    }

    fn dispatch(&mut self, now: Instant, packet: &Packet<'_>) -> Result<(), Violation> {
        if let Packet::ConnAck(connack) = packet {
            self.on_connack(now, connack);
            return Ok(());
        }
        if let Packet::Auth(auth) = packet {
            return self.on_auth(now, auth);
        }
        if let Phase::Handshaking { .. } = self.phase {
            // Before CONNACK the server may send nothing else.
            return Err(Violation::protocol_error(rule!("MQTT-3.2.0-1"), 0));
        }
        match packet {
            Packet::Ack(ack) => self.on_ack(ack)?,
            Packet::SubAck(suback) => self.on_suback(suback)?,
            Packet::UnsubAck(unsuback) => self.on_unsuback(unsuback)?,
            Packet::PingResp => self.on_pingresp(now),
            Packet::Disconnect(disconnect) => self.on_disconnect(now, disconnect),
            // Messages were taken out before, and the decoder refuses packets that only a client sends.
            Packet::Publish(_)
            | Packet::Auth(_)
            | Packet::ConnAck(_)
            | Packet::Connect(_)
            | Packet::Subscribe(_)
            | Packet::Unsubscribe(_)
            | Packet::PingReq => return Err(Violation::protocol_error(rule!("§2.1.2"), 0)),
        }
        Ok(())
    }

    /// Notes the message and acknowledges it; `None` when it was delivered before.
    fn on_publish(&mut self, publish: &RawPublish<'_>) -> Result<Option<(TopicRef, Option<u32>)>, Violation> {
        let Some(connection) = self.phase.live_mut() else { return Ok(None) };
        let topic = match self.topics.known(publish, &self.session.subscriptions) {
            Some(known) => known,
            None => {
                let topic = resolve_topic(&mut connection.inbound_aliases, publish)?;
                self.topics.intern(topic, publish.properties, &self.session.subscriptions)
            }
        };
        let known = publish.packet_id.is_some_and(|id| self.session.inbound.is_counted(id));
        if publish.qos > QoS::AtMostOnce
            && !known
            && self.version == ProtocolVersion::V5
            && self.session.inbound.open() >= u32::from(self.config.receive_maximum)
        {
            let reason = ReasonCode::RECEIVE_MAXIMUM_EXCEEDED;
            return Err(Violation { reason, statement: rule!("MQTT-3.3.4-9"), offset: 0 });
        }
        let token = match (publish.qos, publish.packet_id) {
            (QoS::AtLeastOnce, Some(id)) => {
                self.session.inbound.on_at_least_once();
                self.acknowledge_or_defer(id, QoS::AtLeastOnce)
            }
            (QoS::ExactlyOnce, Some(id)) => match self.session.inbound.on_exactly_once(id) {
                Arrival::New => self.acknowledge_or_defer(id, QoS::ExactlyOnce),
                Arrival::Duplicate => {
                    self.stats.duplicates_suppressed += 1;
                    self.write_pubrec(id, ReasonCode::SUCCESS);
                    return self.check_flood().map(|()| None);
                }
                Arrival::Pending => return Ok(None),
            },
            (QoS::AtMostOnce | QoS::AtLeastOnce | QoS::ExactlyOnce, _) => None,
        };
        self.check_flood()?;
        self.stats.messages_received += 1;
        Ok(Some((self.topics.hand_out(topic), token)))
    }

    fn acknowledge_or_defer(&mut self, id: PacketId, qos: QoS) -> Option<u32> {
        if self.config.manual_ack {
            return Some(self.session.inbound.defer(id, qos));
        }
        match qos {
            QoS::AtLeastOnce => self.write_puback(id, ReasonCode::SUCCESS),
            QoS::ExactlyOnce => self.write_pubrec(id, ReasonCode::SUCCESS),
            QoS::AtMostOnce => {}
        }
        None
    }

    /// Acknowledgements carry Reason String and User Properties, and those only where we want them.
    pub(super) fn check_asked(&self, properties: Properties<'_>) -> Result<(), Violation> {
        if !self.config.request_problem_information && !properties.is_empty() {
            return Err(Violation::protocol_error(rule!("MQTT-3.1.2-29"), 0));
        }
        Ok(())
    }

    fn on_ack(&mut self, ack: &Ack<'_>) -> Result<(), Violation> {
        self.check_asked(ack.properties)?;
        let id = ack.packet_id;
        match ack.kind {
            AckKind::PubRel => {
                let known = self.session.inbound.on_pubrel(id);
                self.write_pubcomp(
                    id,
                    if known { ReasonCode::SUCCESS } else { ReasonCode::PACKET_IDENTIFIER_NOT_FOUND },
                );
                return self.check_flood();
            }
            AckKind::PubAck => match self.session.exchanges.get(id) {
                Some(Exchange::Publish { publication, .. }) if publication.qos == QoS::AtLeastOnce => {
                    self.end_publish(ack);
                }
                Some(_) => return Err(Violation::protocol_error(rule!("MQTT-4.3.2-3"), 0)),
                None => self.stats.unknown_acks += 1,
            },
            AckKind::PubRec => match self.session.exchanges.get_mut(id) {
                Some(Exchange::Publish { publication, .. }) if publication.qos == QoS::ExactlyOnce => {
                    if ack.reason.is_error() {
                        self.end_publish(ack);
                    } else {
                        self.release(id);
                    }
                }
                Some(Exchange::Release { .. }) => self.write_pubrel(id, ReasonCode::SUCCESS),
                Some(_) => return Err(Violation::protocol_error(rule!("MQTT-4.3.3-4"), 0)),
                None => {
                    self.stats.unknown_acks += 1;
                    self.write_pubrel(id, ReasonCode::PACKET_IDENTIFIER_NOT_FOUND);
                    return self.check_flood();
                }
            },
            AckKind::PubComp => match self.session.exchanges.get(id) {
                Some(Exchange::Release { .. }) => self.end_publish(ack),
                Some(_) => return Err(Violation::protocol_error(rule!("MQTT-4.3.3-6"), 0)),
                None => self.stats.unknown_acks += 1,
            },
        }
        self.suspicion.on_answer();
        Ok(())
    }

    /// PUBREC came: from now on only the identifier matters (4.3.3-4).
    pub(super) fn release(&mut self, id: PacketId) {
        self.session.release(id);
        self.write_pubrel(id, ReasonCode::SUCCESS);
    }

    /// The last acknowledgement of a publish, good or bad: the identifier is free.
    fn end_publish(&mut self, ack: &Ack<'_>) {
        let (op, qos, counted, publication) = match self.session.end(ack.packet_id) {
            Some(Exchange::Publish { publication, counted }) => {
                (publication.op, publication.qos, counted, Some(publication))
            }
            Some(Exchange::Release { op, counted, .. }) => (op, QoS::ExactlyOnce, counted, None),
            Some(Exchange::Request { .. }) | None => return,
        };
        if let Some(connection) = self.phase.live_mut() {
            connection.return_quota(counted);
        }
        // PUBCOMP "packet identifier not found" still ends the exchange, and the message had been taken before.
        if ack.reason.is_error() && ack.kind != AckKind::PubComp {
            let text = ack.properties.str(PropertyId::ReasonString);
            let mut error = Error::refused(ErrorCode::RejectedByServer, ack.reason, text);
            if let Some(publication) = publication {
                error = publication.explain(error);
            }
            self.fail(op, OpKind::Publish, error);
        } else if let Some(op) = op {
            self.complete(Completion {
                qos,
                packet_id: Some(ack.packet_id),
                reasons: vec![ack.reason],
                properties: ack.properties.as_bytes().into(),
                ..Completion::new(op, OpKind::Publish)
            });
        }
    }

    fn on_pingresp(&mut self, now: Instant) {
        if let Some(connection) = self.phase.live_mut() {
            connection.keep_alive.on_pingresp(now);
        }
        // One that nobody waits for proves that the server lives, and no more.
        if let Some(Some((op, since))) = self.pings.pop_front() {
            self.complete(Completion { round_trip: now.since(since), ..Completion::new(op, OpKind::Ping) });
        }
    }

    fn on_disconnect(&mut self, now: Instant, disconnect: &Disconnect<'_>) {
        let code = if disconnect.reason == ReasonCode::SESSION_TAKEN_OVER {
            ErrorCode::SessionTakenOver
        } else {
            ErrorCode::DisconnectedByServer
        };
        self.lose(now, Error::explained(code, disconnect.reason, disconnect.properties));
    }
}

/// The topic of a PUBLISH, whose alias is noted or looked up (3.3.2.3.4).
fn resolve_topic<'a>(
    aliases: &'a mut InboundAliases,
    publish: &RawPublish<'a>,
) -> Result<&'a str, Violation> {
    let topic = publish.topic()?;
    let Some(alias) = publish.properties.u16(PropertyId::TopicAlias) else { return Ok(topic) };
    if !aliases.allows(alias) {
        let reason = ReasonCode::TOPIC_ALIAS_INVALID;
        return Err(Violation { reason, statement: rule!("MQTT-3.3.2-9"), offset: 0 });
    }
    if topic.is_empty() {
        return aliases.resolve(alias).ok_or(Violation::protocol_error(rule!("§3.3.4"), 0));
    }
    aliases.bind(alias, topic);
    Ok(topic)
}
