//! AUTH: section 3.15.

use super::cursor::{Reader, Writer};
use super::encode::{Body, packet_encoding};
use super::{
    EncodeError, PacketType, Properties, PropertyScope, ProtocolVersion, ReasonCode, Sender, Violation,
};
use crate::rule::rule;

/// One step of enhanced authentication: sections 3.15 and 4.12. 5.0 only.
///
/// Always carries an Authentication Method: section 3.15.2.2.2 outweighs the short form that section 3.15.2.1 allows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Auth<'a> {
    /// Success, Continue authentication or Re-authenticate.
    pub reason: ReasonCode,
    /// Properties, Authentication Method among them.
    pub properties: Properties<'a>,
}

packet_encoding!(Auth<'_>);

impl Body for Auth<'_> {
    fn first_byte(&self) -> u8 {
        PacketType::Auth.first_byte()
    }

    fn write(&self, version: ProtocolVersion, writer: &mut Writer<'_>) -> Result<(), EncodeError> {
        writer.reason_and_properties(version, self.reason, self.properties)
    }
}

impl<'a> Auth<'a> {
    pub(super) fn decode(
        version: ProtocolVersion,
        sender: Sender,
        mut reader: Reader<'a>,
    ) -> Result<Self, Violation> {
        let at = reader.offset();
        let (reason, properties) =
            reader.reason_and_properties(version, PropertyScope::Packet(PacketType::Auth))?;
        if !reason.allowed_from(sender, PacketType::Auth) {
            return Err(Violation::protocol_error(rule!("MQTT-3.15.2-1"), at));
        }
        properties.check_authentication(true, at)?;
        Ok(Self { reason, properties })
    }
}

#[cfg(test)]
mod tests {
    use crate::codec::{ProtocolVersion, ReasonCode, decode_from_client, decode_from_server};

    #[test]
    fn method_is_never_missing() {
        for packet in
            [&[0xf0, 0][..], &[0xf0, 1, 0x18], &[0xf0, 2, 0x18, 0], &[0xf0, 6, 0x18, 4, 0x16, 0, 1, 1]]
        {
            let violation = decode_from_server(ProtocolVersion::V5, packet).expect_err("no method");
            assert_eq!(violation.reason, ReasonCode::PROTOCOL_ERROR);
        }
        assert!(decode_from_server(ProtocolVersion::V5, &[0xf0, 6, 0x18, 4, 0x15, 0, 1, b'M']).is_ok());
    }

    #[test]
    fn only_the_client_starts_again_and_only_the_server_succeeds() {
        let packet = |reason| [0xf0, 6, reason, 4, 0x15, 0, 1, b'M'];
        assert!(decode_from_server(ProtocolVersion::V5, &packet(0x19)).is_err());
        assert!(decode_from_client(ProtocolVersion::V5, &packet(0x19)).is_ok());
        assert!(decode_from_server(ProtocolVersion::V5, &packet(0)).is_ok());
        assert!(decode_from_client(ProtocolVersion::V5, &packet(0)).is_err());
    }
}
