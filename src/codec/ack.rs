//! PUBACK, PUBREC, PUBREL and PUBCOMP, which share one shape: sections 3.4 to 3.7.

use super::cursor::{Reader, Writer};
use super::encode::{Body, packet_encoding};
use super::{
    EncodeError, PacketId, PacketType, Properties, PropertyScope, ProtocolVersion, ReasonCode, Violation,
};

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
    const fn reason_statement(self) -> &'static str {
        match self {
            Self::PubAck => "MQTT-3.4.2-1",
            Self::PubRec => "MQTT-3.5.2-1",
            Self::PubRel => "MQTT-3.6.2-1",
            Self::PubComp => "MQTT-3.7.2-1",
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
        let packet_id = reader.packet_id("MQTT-2.2.1-5")?;
        let packet = kind.packet_type();
        let at = reader.offset();
        let (reason, properties) = reader.reason_and_properties(version, PropertyScope::Packet(packet))?;
        if !reason.allowed_in(packet) {
            return Err(Violation::protocol_error(kind.reason_statement(), at));
        }
        Ok(Self { kind, packet_id, reason, properties })
    }
}
