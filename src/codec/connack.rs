//! CONNACK: section 3.2.

use super::cursor::{Reader, Writer};
use super::encode::{Body, packet_encoding};
use super::{EncodeError, PacketType, Properties, PropertyScope, ProtocolVersion, ReasonCode, Violation};
use crate::rule::rule;

/// The server's answer to CONNECT: section 3.2.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ConnAck<'a> {
    /// The server goes on with an earlier session. Means nothing when `reason` is a refusal.
    pub session_present: bool,
    /// Success or the reason of the refusal; return codes of 3.1.1 appear as the reason codes they mean.
    pub reason: ReasonCode,
    /// Properties; 5.0 only.
    pub properties: Properties<'a>,
}

packet_encoding!(ConnAck<'_>);

impl Body for ConnAck<'_> {
    fn first_byte(&self) -> u8 {
        PacketType::ConnAck.first_byte()
    }

    fn write(&self, version: ProtocolVersion, writer: &mut Writer<'_>) -> Result<(), EncodeError> {
        writer.u8(u8::from(self.session_present));
        writer.u8(match version {
            ProtocolVersion::V311 => self.reason.to_connack_v3().ok_or(EncodeError::ReasonCode)?,
            ProtocolVersion::V5 => self.reason.value(),
        });
        writer.properties(version, self.properties)
    }
}

impl<'a> ConnAck<'a> {
    pub(super) fn decode(version: ProtocolVersion, mut reader: Reader<'a>) -> Result<Self, Violation> {
        let at = reader.offset();
        let flags = reader.u8()?;
        if flags > 1 {
            return Err(Violation::malformed(rule!("MQTT-3.2.2-1"), at));
        }
        let session_present = flags == 1;
        let at = reader.offset();
        let code = reader.u8()?;
        let not_in_table = Violation::protocol_error(rule!("MQTT-3.2.2-8"), at);
        if version == ProtocolVersion::V311 {
            reader.finish()?;
            let reason = ReasonCode::from_connack_v3(code).ok_or(not_in_table)?;
            return Ok(Self { session_present, reason, properties: Properties::EMPTY });
        }
        // A server that knows only 3.1.1 refuses 5.0 in its own format (3.1.1 MQTT-3.1.2-2).
        if code == 1 && reader.is_empty() {
            let reason = ReasonCode::UNSUPPORTED_PROTOCOL_VERSION;
            return Ok(Self { session_present, reason, properties: Properties::EMPTY });
        }
        let reason = ReasonCode::new(code);
        if !reason.allowed_in(PacketType::ConnAck) {
            return Err(not_in_table);
        }
        let at = reader.offset();
        let properties = reader.properties(version, PropertyScope::Packet(PacketType::ConnAck))?;
        reader.finish()?;
        properties.check_authentication(false, at)?;
        Ok(Self { session_present, reason, properties })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::{Packet, decode_from_server};

    fn decode(version: ProtocolVersion, packet: &[u8]) -> Result<ConnAck<'_>, Violation> {
        let Packet::ConnAck(packet) = decode_from_server(version, packet)? else {
            panic!("not a CONNACK");
        };
        Ok(packet)
    }

    #[test]
    fn refusals_of_3_1_1() {
        for code in 0..=u8::MAX {
            let decoded = decode(ProtocolVersion::V311, &[0x20, 2, 0, code]).map(|packet| packet.reason);
            let expected = ReasonCode::from_connack_v3(code);
            assert_eq!(decoded, expected.ok_or(Violation::protocol_error("MQTT-3.2.2-8", 3)));
        }
    }

    #[test]
    fn a_3_1_1_server_refuses_5_0_in_its_own_format() {
        let decoded = decode(ProtocolVersion::V5, &[0x20, 2, 0, 1]).map(|packet| packet.reason);
        assert_eq!(decoded, Ok(ReasonCode::UNSUPPORTED_PROTOCOL_VERSION));
        for other in [&[0x20, 2, 0, 0][..], &[0x20, 2, 0, 2], &[0x20, 3, 0, 1, 0]] {
            assert!(decode(ProtocolVersion::V5, other).is_err());
        }
    }

    #[test]
    fn a_refusal_stays_a_refusal_whatever_session_present_says() {
        let packet = decode(ProtocolVersion::V5, &[0x20, 3, 1, 0x87, 0]).expect("is reported");
        assert_eq!(packet.reason, ReasonCode::NOT_AUTHORIZED);
    }

    #[test]
    fn reasons_without_a_return_code() {
        let packet = ConnAck { reason: ReasonCode::BANNED, ..ConnAck::default() };
        let mut out = Vec::new();
        assert_eq!(packet.encode(ProtocolVersion::V311, &mut out), Err(EncodeError::ReasonCode));
        assert!(out.is_empty());
    }
}
