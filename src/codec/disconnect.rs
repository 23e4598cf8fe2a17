//! DISCONNECT: section 3.14.

use super::cursor::{Reader, Writer};
use super::encode::{Body, packet_encoding};
use super::{
    EncodeError, PacketType, Properties, PropertyId, PropertyScope, ProtocolVersion, ReasonCode, Sender,
    Violation,
};
use crate::rule::rule;

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
            return Err(Violation::protocol_error(rule!("MQTT-3.14.2-1"), at));
        }
        if sender == Sender::Server && properties.contains(PropertyId::SessionExpiryInterval) {
            return Err(Violation::protocol_error(rule!("MQTT-3.14.2-2"), at));
        }
        Ok(Self { reason, properties })
    }
}

#[cfg(test)]
mod tests {
    use crate::codec::{ProtocolVersion, decode_from_client, decode_from_server};

    #[test]
    fn each_side_has_its_own() {
        // The bytes, legal from a server, legal from a client.
        for (packet, server, client) in [
            (&[0xe0, 0][..], true, true),
            (&[0xe0, 1, 0x04], false, true),
            (&[0xe0, 1, 0x8e], true, false),
            (&[0xe0, 1, 0x8c], true, false),
            (&[0xe0, 2, 0x81, 0], true, true),
            (&[0xe0, 7, 0x00, 5, 0x11, 0, 0, 0, 1], false, true),
            (&[0xe0, 6, 0x9c, 4, 0x1c, 0, 1, b'x'], true, false),
            (&[0xe0, 1, 0x01], false, false),
        ] {
            assert_eq!(decode_from_server(ProtocolVersion::V5, packet).is_ok(), server, "{packet:x?}");
            assert_eq!(decode_from_client(ProtocolVersion::V5, packet).is_ok(), client, "{packet:x?}");
        }
        assert!(decode_from_server(ProtocolVersion::V311, &[0xe0, 0]).is_err());
        assert!(decode_from_client(ProtocolVersion::V311, &[0xe0, 0]).is_ok());
        assert!(decode_from_client(ProtocolVersion::V311, &[0xe0, 1, 0]).is_err());
    }
}
