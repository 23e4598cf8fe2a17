//! DISCONNECT: section 3.14.

use super::cursor::{Reader, Writer};
use super::encode::{Body, packet_encoding};
use super::{
    EncodeError, PacketType, Properties, PropertyId, PropertyScope, ProtocolVersion, ReasonCode, Sender,
    Violation,
};

/// The last packet of a connection: section 3.14. In 3.1.1 only clients send it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Disconnect<'a> {
    /// Why; not written in 3.1.1.
    pub reason: ReasonCode,
    /// Properties; 5.0 only.
    pub properties: Properties<'a>,
}

packet_encoding!(Disconnect<'_>);

impl Body for Disconnect<'_> {
    fn first_byte(&self) -> u8 {
        PacketType::Disconnect.first_byte()
    }

    fn write(&self, version: ProtocolVersion, writer: &mut Writer<'_>) -> Result<(), EncodeError> {
        writer.reason_and_properties(version, self.reason, self.properties)
    }
}

impl<'a> Disconnect<'a> {
    pub(super) fn decode(
        version: ProtocolVersion,
        sender: Sender,
        mut reader: Reader<'a>,
    ) -> Result<Self, Violation> {
        let at = reader.offset();
        let scope = PropertyScope::Packet(PacketType::Disconnect);
        let (reason, properties) = reader.reason_and_properties(version, scope)?;
        if !reason.allowed_from(sender, PacketType::Disconnect) {
            return Err(Violation::protocol_error("MQTT-3.14.2-1", at));
        }
        if sender == Sender::Server && properties.contains(PropertyId::SessionExpiryInterval) {
            return Err(Violation::protocol_error("MQTT-3.14.2-2", at));
        }
        Ok(Self { reason, properties })
    }
}
