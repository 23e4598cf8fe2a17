//! PUBACK, PUBREC, PUBREL and PUBCOMP, which share one shape: sections 3.4 to 3.7.

use super::cursor::{Reader, Writer};
use super::encode::{Body, packet_encoding};
use super::{
    EncodeError, PacketId, PacketType, Properties, PropertyScope, ProtocolVersion, ReasonCode, Violation,
};
use crate::rule::{Rule, rule};

/// Which of the four acknowledgements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AckKind {
    /// Answers a PUBLISH of QoS 1.
    PubAck,
    /// Answers a PUBLISH of QoS 2.
    PubRec,
    /// Answers PUBREC.
    PubRel,
    /// Answers PUBREL.
    PubComp,
}

impl AckKind {
    /// The packet type.
    #[must_use]
    pub const fn packet_type(self) -> PacketType {
        match self {
            Self::PubAck => PacketType::PubAck,
            Self::PubRec => PacketType::PubRec,
            Self::PubRel => PacketType::PubRel,
            Self::PubComp => PacketType::PubComp,
        }
    }

    /// The statement about its reason codes.
    const fn reason_statement(self) -> Rule {
        match self {
            Self::PubAck => rule!("MQTT-3.4.2-1"),
            Self::PubRec => rule!("MQTT-3.5.2-1"),
            Self::PubRel => rule!("MQTT-3.6.2-1"),
            Self::PubComp => rule!("MQTT-3.7.2-1"),
        }
    }
}

/// One step of the acknowledgement of a message: sections 3.4 to 3.7.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ack<'a> {
    /// Which step.
    pub kind: AckKind,
    /// The identifier of the message (MQTT-2.2.1-5).
    pub packet_id: PacketId,
    /// Outcome; always success in 3.1.1.
    pub reason: ReasonCode,
    /// Properties; 5.0 only.
    pub properties: Properties<'a>,
}

packet_encoding!(Ack<'_>);

impl Body for Ack<'_> {
    fn first_byte(&self) -> u8 {
        self.kind.packet_type().first_byte()
    }

    fn write(&self, version: ProtocolVersion, writer: &mut Writer<'_>) -> Result<(), EncodeError> {
        writer.packet_id(self.packet_id);
        writer.reason_and_properties(version, self.reason, self.properties)
    }
}

impl<'a> Ack<'a> {
    pub(super) fn decode(
        version: ProtocolVersion,
        kind: AckKind,
        mut reader: Reader<'a>,
    ) -> Result<Self, Violation> {
        let packet_id = reader.packet_id(rule!("MQTT-2.2.1-5"))?;
        let packet = kind.packet_type();
        let at = reader.offset();
        let (reason, properties) = reader.reason_and_properties(version, PropertyScope::Packet(packet))?;
        if !reason.allowed_in(packet) {
            return Err(Violation::protocol_error(kind.reason_statement(), at));
        }
        Ok(Self { kind, packet_id, reason, properties })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::{Packet, PropertiesBuf, PropertyId, Value, decode_from_server};

    fn ack(reason: ReasonCode, properties: Properties<'_>) -> Ack<'_> {
        Ack { kind: AckKind::PubRel, packet_id: PacketId::MIN, reason, properties }
    }

    #[test]
    fn shortest_form() {
        let mut block = PropertiesBuf::new();
        block.push(PropertyId::ReasonString, Value::Str("x")).expect("a legal property");
        let not_found = ReasonCode::PACKET_IDENTIFIER_NOT_FOUND;
        for (packet, expected) in [
            (ack(ReasonCode::SUCCESS, Properties::EMPTY), &[0x62, 2, 0, 1][..]),
            (ack(not_found, Properties::EMPTY), &[0x62, 3, 0, 1, 0x92]),
            (ack(ReasonCode::SUCCESS, block.as_properties()), &[0x62, 8, 0, 1, 0, 4, 0x1f, 0, 1, b'x']),
        ] {
            let mut out = Vec::new();
            packet.encode(ProtocolVersion::V5, &mut out).expect("can be encoded");
            assert_eq!(out, expected);
            assert_eq!(decode_from_server(ProtocolVersion::V5, expected), Ok(Packet::Ack(packet)));
        }
        let mut out = Vec::new();
        ack(not_found, block.as_properties())
            .encode(ProtocolVersion::V311, &mut out)
            .expect("can be encoded");
        assert_eq!(out, [0x62, 2, 0, 1], "3.1.1 has only the identifier");
    }

    #[test]
    fn each_kind_has_its_reasons() {
        for (first, reason, statement) in [
            (0x40, 0x92, Some("MQTT-3.4.2-1")),
            (0x40, 0x10, None),
            (0x50, 0x92, Some("MQTT-3.5.2-1")),
            (0x50, 0x10, None),
            (0x62, 0x10, Some("MQTT-3.6.2-1")),
            (0x70, 0x80, Some("MQTT-3.7.2-1")),
            (0x70, 0x92, None),
        ] {
            let packet = [first, 3, 0, 1, reason];
            let violation = decode_from_server(ProtocolVersion::V5, &packet).err();
            assert_eq!(violation, statement.map(|statement| Violation::protocol_error(statement, 4)));
        }
    }

    #[test]
    fn three_one_one_has_no_reason() {
        assert!(decode_from_server(ProtocolVersion::V311, &[0x40, 3, 0, 1, 0]).is_err());
    }
}
