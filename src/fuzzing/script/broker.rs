//! The other end: reads what the client sends as strictly as the standard allows, and prepares an answer to each packet.

use crate::codec::{
    Ack, AckKind, ConnAck, FrameBuffer, Packet, PacketId, PacketType, Properties, PropertiesBuf, PropertyId,
    ProtocolVersion, Publish, ReasonCode, Reasons, Sender, SubAck, UnsubAck, decode_from_client,
};
use crate::connection::{Negotiated, ServerLimits};
use std::collections::{BTreeSet, VecDeque};

/// An answer, which the script may change, repeat or leave out.
#[derive(Clone, Debug)]
pub(super) enum Answer {
    ConnAck,
    Ack(AckKind, PacketId),
    SubAck(PacketId, usize),
    UnsubAck(PacketId, usize),
    PingResp,
    Auth,
}

pub(super) struct Broker {
    wire: FrameBuffer,
    pub(super) version: ProtocolVersion,
    pub(super) answers: VecDeque<Answer>,
    /// A transport is open.
    pub(super) linked: bool,
    /// Packets of this connection so far.
    packets: usize,
    said_goodbye: bool,
    limits: Option<ServerLimits>,
    aliases: BTreeSet<u16>,
}

impl Default for Broker {
    fn default() -> Self {
        Self {
            wire: FrameBuffer::for_packets_of(Sender::Client, u32::MAX),
            version: ProtocolVersion::V5,
            answers: VecDeque::new(),
            linked: false,
            packets: 0,
            said_goodbye: false,
            limits: None,
            aliases: BTreeSet::new(),
        }
    }
}

impl Broker {
    pub(super) fn link(&mut self) {
        *self = Self { linked: true, ..Self::default() };
    }

    pub(super) fn hang_up(&mut self) {
        self.linked = false;
        self.answers.clear();
    }

    /// The client has taken a CONNACK with these limits.
    pub(super) fn greeted(&mut self, negotiated: &Negotiated) {
        assert_eq!(negotiated.version, self.version);
        self.limits = Some(negotiated.limits);
    }

    pub(super) fn receive(&mut self, bytes: &[u8]) {
        assert!(self.linked, "bytes without a transport: {bytes:02x?}");
        self.wire.push(bytes);
        if self.packets == 0 {
            // Fixed header, length of the name, its four letters, then the version.
            let name = bytes.windows(4).position(|window| window == b"MQTT").expect("a CONNECT comes first");
            self.version = if bytes[name + 4] == 4 { ProtocolVersion::V311 } else { ProtocolVersion::V5 };
        }
        while let Some(span) = self.wire.next(self.version).expect("the client keeps to the format") {
            let bytes = self.wire.bytes(span).to_vec();
            let packet = decode_from_client(self.version, &bytes).expect("the client keeps to the format");
            self.check(&packet, bytes.len());
            self.answers.extend(answer(&packet));
        }
    }

    fn check(&mut self, packet: &Packet<'_>, len: usize) {
        self.packets += 1;
        assert_eq!(self.packets == 1, packet.packet_type() == PacketType::Connect, "CONNECT, first and once");
        assert!(!self.said_goodbye, "{packet:?} after DISCONNECT");
        self.said_goodbye = packet.packet_type() == PacketType::Disconnect;
        let Some(limits) = self.limits else {
            let early = [PacketType::Connect, PacketType::Auth, PacketType::Disconnect];
            return assert!(early.contains(&packet.packet_type()), "{packet:?} before CONNACK");
        };
        let maximum = limits.maximum_packet_size.map_or(usize::MAX, |size| size as usize);
        assert!(len <= maximum, "{len} bytes for a server that takes {maximum}: {packet:?}");
        if let Packet::Publish(publish) = packet {
            assert!(publish.qos <= limits.maximum_qos && (limits.retain_available || !publish.retain));
            if let Some(alias) = publish.properties.u16(PropertyId::TopicAlias) {
                assert!(alias <= limits.topic_alias_maximum);
                let known = !self.aliases.insert(alias);
                assert!(known || !publish.topic.is_empty(), "alias {alias} was not bound");
            }
        }
        if let Packet::Subscribe(subscribe) = packet {
            let named = subscribe.properties.contains(PropertyId::SubscriptionIdentifier);
            assert!(limits.subscription_identifiers || !named);
        }
    }
}

fn answer(packet: &Packet<'_>) -> Option<Answer> {
    Some(match packet {
        Packet::Connect(_) => Answer::ConnAck,
        Packet::Publish(Publish { packet_id, qos, .. }) => {
            let kind = if qos.value() == 1 { AckKind::PubAck } else { AckKind::PubRec };
            Answer::Ack(kind, (*packet_id)?)
        }
        Packet::Ack(ack) => match ack.kind {
            AckKind::PubRec => Answer::Ack(AckKind::PubRel, ack.packet_id),
            AckKind::PubRel => Answer::Ack(AckKind::PubComp, ack.packet_id),
            AckKind::PubAck | AckKind::PubComp => return None,
        },
        Packet::Subscribe(subscribe) => Answer::SubAck(subscribe.packet_id, subscribe.filters.iter().count()),
        Packet::Unsubscribe(names) => Answer::UnsubAck(names.packet_id, names.filters.iter().count()),
        Packet::PingReq => Answer::PingResp,
        Packet::Auth(_) => Answer::Auth,
        _ => return None,
    })
}

impl Answer {
    /// The packet, with these properties and this reason wherever it has a place for them. Empty when there is no such.
    pub(super) fn encode(
        &self,
        version: ProtocolVersion,
        reason: u8,
        session_present: bool,
        properties: &PropertiesBuf,
    ) -> Vec<u8> {
        let properties =
            if version == ProtocolVersion::V5 { properties.as_properties() } else { Properties::EMPTY };
        let reasons = |len: usize| vec![reason; len];
        let reason_code = ReasonCode::new(reason);
        let list;
        let packet = match self {
            Self::ConnAck => Packet::ConnAck(ConnAck { session_present, reason: reason_code, properties }),
            Self::Ack(kind, packet_id) => {
                Packet::Ack(Ack { kind: *kind, packet_id: *packet_id, reason: reason_code, properties })
            }
            Self::SubAck(packet_id, len) => {
                list = reasons(*len);
                Packet::SubAck(SubAck {
                    packet_id: *packet_id,
                    properties,
                    reasons: Reasons::from_bytes(&list),
                })
            }
            Self::UnsubAck(packet_id, len) => {
                list = reasons(if version == ProtocolVersion::V5 { *len } else { 0 });
                Packet::UnsubAck(UnsubAck {
                    packet_id: *packet_id,
                    properties,
                    reasons: Reasons::from_bytes(&list),
                })
            }
            Self::PingResp => Packet::PingResp,
            Self::Auth => Packet::Auth(crate::codec::Auth { reason: reason_code, properties }),
        };
        let mut out = Vec::new();
        // What cannot be said is not said.
        let _unchanged = packet.encode(version, &mut out);
        out
    }
}
