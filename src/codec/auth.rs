//! AUTH: section 3.15.

use super::cursor::{Reader, Writer};
use super::encode::{Body, packet_encoding};
use super::{
    EncodeError, PacketType, Properties, PropertyScope, ProtocolVersion, ReasonCode, Sender, Violation,
};

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
            return Err(Violation::protocol_error("MQTT-3.15.2-1", at));
        }
        properties.check_authentication(true, at)?;
        Ok(Self { reason, properties })
    }
}
