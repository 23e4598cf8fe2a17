//! What a server says, written down the way it reads.

use wasmqtt::codec::{
    Ack, AckKind, ConnAck, Disconnect, Packet, PacketId, Properties, PropertiesBuf, PropertyId,
    ProtocolVersion, Publish, QoS, ReasonCode, Reasons, SubAck, UnsubAck, Value,
};

/// A packet of the server.
#[derive(Clone, Debug)]
pub(crate) struct Say {
    what: What,
    properties: PropertiesBuf,
}

#[derive(Clone, Debug)]
enum What {
    ConnAck { session_present: bool, reason: u8 },
    Publish { qos: QoS, id: u16, topic: String, payload: String, retain: bool, dup: bool },
    Ack(AckKind, u16, u8),
    SubAck(u16, Vec<u8>),
    UnsubAck(u16, Vec<u8>),
    PingResp,
    Disconnect(u8),
}

impl Say {
    fn new(what: What) -> Self {
        Self { what, properties: PropertiesBuf::new() }
    }

    /// The same packet with one more property.
    pub(crate) fn with(mut self, id: PropertyId, value: Value<'_>) -> Self {
        self.properties.push(id, value).expect("a legal property");
        self
    }

    pub(crate) fn retained(mut self) -> Self {
        if let What::Publish { retain, .. } = &mut self.what {
            *retain = true;
        }
        self
    }

    pub(crate) fn again(mut self) -> Self {
        if let What::Publish { dup, .. } = &mut self.what {
            *dup = true;
        }
        self
    }

    /// The bytes of the packet.
    pub(crate) fn encode(&self, version: ProtocolVersion) -> Vec<u8> {
        let properties = self.properties.as_properties();
        let mut out = Vec::new();
        let packet = match &self.what {
            What::ConnAck { session_present, reason } => Packet::ConnAck(ConnAck {
                session_present: *session_present,
                reason: ReasonCode::new(*reason),
                properties,
            }),
            What::Publish { qos, id, topic, payload, retain, dup } => Packet::Publish(Publish {
                dup: *dup,
                qos: *qos,
                retain: *retain,
                topic,
                packet_id: PacketId::new(*id),
                properties,
                payload: payload.as_bytes(),
            }),
            What::Ack(kind, id, reason) => Packet::Ack(Ack {
                kind: *kind,
                packet_id: packet_id(*id),
                reason: ReasonCode::new(*reason),
                properties,
            }),
            What::SubAck(id, codes) => Packet::SubAck(SubAck {
                packet_id: packet_id(*id),
                properties,
                reasons: Reasons::from_bytes(codes),
            }),
            What::UnsubAck(id, codes) => Packet::UnsubAck(UnsubAck {
                packet_id: packet_id(*id),
                properties,
                reasons: Reasons::from_bytes(if version == ProtocolVersion::V5 { codes } else { &[] }),
            }),
            What::PingResp => Packet::PingResp,
            What::Disconnect(reason) => {
                Packet::Disconnect(Disconnect { reason: ReasonCode::new(*reason), properties })
            }
        };
        packet.encode(version, &mut out).expect("a server that can be encoded");
        out
    }
}

fn packet_id(id: u16) -> PacketId {
    PacketId::new(id).expect("not zero")
}

/// CONNACK, success, no session.
pub(crate) fn connack() -> Say {
    Say::new(What::ConnAck { session_present: false, reason: 0 })
}

/// CONNACK, success, Session Present.
pub(crate) fn connack_resumed() -> Say {
    Say::new(What::ConnAck { session_present: true, reason: 0 })
}

/// CONNACK with a refusal, as a 5.0 reason code.
pub(crate) fn refused(reason: u8) -> Say {
    Say::new(What::ConnAck { session_present: false, reason })
}

/// CONNACK of a 5.0 server with this Receive Maximum.
pub(crate) fn receive_maximum(value: u16) -> (PropertyId, Value<'static>) {
    (PropertyId::ReceiveMaximum, Value::U16(value))
}

/// PUBLISH; `id` is 0 at QoS 0.
pub(crate) fn publish(qos: QoS, id: u16, topic: &str, payload: &str) -> Say {
    Say::new(What::Publish {
        qos,
        id,
        topic: topic.into(),
        payload: payload.into(),
        retain: false,
        dup: false,
    })
}

pub(crate) fn puback(id: u16) -> Say {
    ack(AckKind::PubAck, id, 0)
}

pub(crate) fn pubrec(id: u16) -> Say {
    ack(AckKind::PubRec, id, 0)
}

pub(crate) fn pubrel(id: u16) -> Say {
    ack(AckKind::PubRel, id, 0)
}

pub(crate) fn pubcomp(id: u16) -> Say {
    ack(AckKind::PubComp, id, 0)
}

/// Any acknowledgement with any reason.
pub(crate) fn ack(kind: AckKind, id: u16, reason: u8) -> Say {
    Say::new(What::Ack(kind, id, reason))
}

pub(crate) fn suback(id: u16, codes: &[u8]) -> Say {
    Say::new(What::SubAck(id, codes.into()))
}

pub(crate) fn unsuback(id: u16, codes: &[u8]) -> Say {
    Say::new(What::UnsubAck(id, codes.into()))
}

pub(crate) fn pingresp() -> Say {
    Say::new(What::PingResp)
}

/// DISCONNECT of a 5.0 server.
pub(crate) fn disconnect(reason: u8) -> Say {
    Say::new(What::Disconnect(reason))
}

/// A block with one property.
pub(crate) fn property(id: PropertyId, value: Value<'_>) -> PropertiesBuf {
    let mut block = PropertiesBuf::new();
    block.push(id, value).expect("a legal property");
    block
}

/// No properties.
pub(crate) const NONE: Properties<'static> = Properties::EMPTY;
