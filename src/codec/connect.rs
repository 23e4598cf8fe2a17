//! CONNECT and its Will: section 3.1.

use core::fmt;

use super::cursor::{Reader, Writer};
use super::encode::{Body, packet_encoding};
use super::{
    EncodeError, PacketType, Properties, PropertyScope, ProtocolVersion, QoS, ReasonCode, Violation,
};
use crate::rule::{Rule, rule};
use crate::topic::TopicName;

const PROTOCOL_NAME: &str = "MQTT";

const CLEAN_START: u8 = 0x02;
const WILL: u8 = 0x04;
const WILL_RETAIN: u8 = 0x20;
const PASSWORD: u8 = 0x40;
const USER_NAME: u8 = 0x80;

/// The client's first packet: section 3.1.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Connect<'a> {
    /// Clean Start, Clean Session in 3.1.1: begin without an earlier session.
    pub clean_start: bool,
    /// Longest silence of the client in seconds; 0 means any.
    pub keep_alive: u16,
    /// Client identifier; empty asks the server for one.
    pub client_id: &'a str,
    /// User name.
    pub username: Option<&'a str>,
    /// Password, which in 3.1.1 needs a user name.
    pub password: Option<&'a [u8]>,
    /// Published by the server when the connection ends badly.
    pub will: Option<Will<'a>>,
    /// Properties; 5.0 only.
    pub properties: Properties<'a>,
}

/// The message that a server publishes on behalf of a client that is gone: section 3.1.2.5.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Will<'a> {
    /// Topic name.
    pub topic: &'a str,
    /// Payload, at most 65,535 bytes.
    pub payload: &'a [u8],
    /// Quality of service of the message.
    pub qos: QoS,
    /// Whether the message is retained.
    pub retain: bool,
    /// Will Properties; 5.0 only.
    pub properties: Properties<'a>,
}

packet_encoding!(Connect<'_>);

impl Body for Connect<'_> {
    fn first_byte(&self) -> u8 {
        PacketType::Connect.first_byte()
    }

    fn write(&self, version: ProtocolVersion, writer: &mut Writer<'_>) -> Result<(), EncodeError> {
        if version == ProtocolVersion::V311 && self.password.is_some() && self.username.is_none() {
            return Err(EncodeError::PasswordWithoutUserName);
        }
        writer.string(PROTOCOL_NAME)?;
        writer.u8(version.level());
        writer.u8(self.flags());
        writer.u16(self.keep_alive);
        writer.properties(version, self.properties)?;
        // MQTT-3.1.3-1: in this order.
        writer.string(self.client_id)?;
        if let Some(will) = &self.will {
            writer.properties(version, will.properties)?;
            writer.string(will.topic)?;
            writer.binary(will.payload)?;
        }
        if let Some(username) = self.username {
            writer.string(username)?;
        }
        if let Some(password) = self.password {
            writer.binary(password)?;
        }
        Ok(())
    }
}

impl<'a> Connect<'a> {
    pub(super) fn decode(version: ProtocolVersion, mut reader: Reader<'a>) -> Result<Self, Violation> {
        let at = reader.offset();
        if reader.string()? != PROTOCOL_NAME {
            return Err(unsupported_version(rule!("MQTT-3.1.2-1"), at));
        }
        let at = reader.offset();
        if reader.u8()? != version.level() {
            return Err(unsupported_version(rule!("MQTT-3.1.2-2"), at));
        }
        let at = reader.offset();
        let flags = reader.u8()?;
        let will_qos = will_qos(version, flags).map_err(|statement| Violation::malformed(statement, at))?;
        let keep_alive = reader.u16()?;
        let properties = reader.properties(version, PropertyScope::Packet(PacketType::Connect))?;
        properties.check_authentication(false, at)?;
        let client_id = reader.string()?;
        let will = match will_qos {
            Some(qos) => Some(Will::decode(version, qos, flags & WILL_RETAIN != 0, &mut reader)?),
            None => None,
        };
        let username = if flags & USER_NAME == 0 { None } else { Some(reader.string()?) };
        let password = if flags & PASSWORD == 0 { None } else { Some(reader.binary()?) };
        reader.finish()?;
        let clean_start = flags & CLEAN_START != 0;
        Ok(Self { clean_start, keep_alive, client_id, username, password, will, properties })
    }

    fn flags(&self) -> u8 {
        let mut flags = 0;
        if self.clean_start {
            flags |= CLEAN_START;
        }
        if let Some(will) = &self.will {
            flags |= WILL | will.qos.value() << 3;
            if will.retain {
                flags |= WILL_RETAIN;
            }
        }
        if self.username.is_some() {
            flags |= USER_NAME;
        }
        if self.password.is_some() {
            flags |= PASSWORD;
        }
        flags
    }
}

impl<'a> Will<'a> {
    fn decode(
        version: ProtocolVersion,
        qos: QoS,
        retain: bool,
        reader: &mut Reader<'a>,
    ) -> Result<Self, Violation> {
        let properties = reader.properties(version, PropertyScope::Will)?;
        let at = reader.offset();
        let topic = reader.string()?;
        TopicName::parse(topic).map_err(|_| Violation::protocol_error(rule!("MQTT-4.7.0-1"), at))?;
        let payload = reader.binary()?;
        Ok(Self { topic, payload, qos, retain, properties })
    }
}

/// Checks the Connect Flags; the Will's QoS when there is a Will, the broken statement when they are not legal.
fn will_qos(version: ProtocolVersion, flags: u8) -> Result<Option<QoS>, Rule> {
    if flags & 1 != 0 {
        return Err(rule!("MQTT-3.1.2-3"));
    }
    if version == ProtocolVersion::V311 && flags & (USER_NAME | PASSWORD) == PASSWORD {
        return Err(rule!("3.1.1 MQTT-3.1.2-22"));
    }
    let qos = flags >> 3 & 0b11;
    if flags & WILL != 0 {
        return QoS::from_u8(qos).map(Some).ok_or(rule!("MQTT-3.1.2-12"));
    }
    if qos != 0 {
        return Err(rule!("MQTT-3.1.2-11"));
    }
    if flags & WILL_RETAIN != 0 {
        return Err(rule!("MQTT-3.1.2-13"));
    }
    Ok(None)
}

const fn unsupported_version(statement: Rule, offset: u32) -> Violation {
    Violation { reason: ReasonCode::UNSUPPORTED_PROTOCOL_VERSION, statement, offset }
}

impl fmt::Debug for Connect<'_> {
    /// Leaves out user name and password; the former is a token at some servers.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connect")
            .field("clean_start", &self.clean_start)
            .field("keep_alive", &self.keep_alive)
            .field("client_id", &self.client_id)
            .field("username", &self.username.map(str::as_bytes).map(Redacted))
            .field("password", &self.password.map(Redacted))
            .field("will", &self.will)
            .field("properties", &self.properties)
            .finish()
    }
}

impl fmt::Debug for Will<'_> {
    /// Leaves out the payload.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Will")
            .field("topic", &self.topic)
            .field("payload", &Redacted(self.payload))
            .field("qos", &self.qos)
            .field("retain", &self.retain)
            .field("properties", &self.properties)
            .finish()
    }
}

/// Bytes that are nobody's business: printed as their length.
pub(super) struct Redacted<'a>(pub(super) &'a [u8]);

impl fmt::Debug for Redacted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{} bytes>", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::{PropertiesBuf, PropertyId, Value, decode_from_client};

    #[test]
    fn flags_that_contradict_each_other() {
        for (flags, five, three) in [
            (0x03, Some("MQTT-3.1.2-3"), Some("MQTT-3.1.2-3")),
            (0x08, Some("MQTT-3.1.2-11"), Some("MQTT-3.1.2-11")),
            (0x20, Some("MQTT-3.1.2-13"), Some("MQTT-3.1.2-13")),
            (0x1c, Some("MQTT-3.1.2-12"), Some("MQTT-3.1.2-12")),
            (0x40, None, Some("3.1.1 MQTT-3.1.2-22")),
            (0xf6, None, None),
        ] {
            assert_eq!(will_qos(ProtocolVersion::V5, flags).err(), five, "{flags:#x}");
            assert_eq!(will_qos(ProtocolVersion::V311, flags).err(), three, "{flags:#x}");
        }
    }

    #[test]
    fn other_versions_are_named() {
        let mut packet = Vec::new();
        Connect::default().encode(ProtocolVersion::V5, &mut packet).expect("can be encoded");
        let violation = decode_from_client(ProtocolVersion::V311, &packet).expect_err("another version");
        assert_eq!(violation, unsupported_version("MQTT-3.1.2-2", 8));
    }

    #[test]
    fn password_alone_needs_5_0() {
        let packet = Connect { password: Some(b"token"), ..Connect::default() };
        let mut out = Vec::new();
        let result = packet.encode(ProtocolVersion::V311, &mut out);
        assert_eq!((result, out.len()), (Err(EncodeError::PasswordWithoutUserName), 0));
        assert_eq!(packet.encode(ProtocolVersion::V5, &mut out), Ok(()));
    }

    #[test]
    fn what_cannot_be_represented_leaves_no_trace() {
        let long = "x".repeat(65_536);
        for (packet, error) in [
            (Connect { client_id: "a\0", ..Connect::default() }, EncodeError::NulCharacter),
            (Connect { username: Some(&long), ..Connect::default() }, EncodeError::StringTooLong),
            (
                Connect { username: Some("u"), password: Some(long.as_bytes()), ..Connect::default() },
                EncodeError::BinaryTooLong,
            ),
        ] {
            let mut out = vec![1];
            assert_eq!(packet.encode(ProtocolVersion::V5, &mut out), Err(error));
            assert_eq!(packet.encoded_len(ProtocolVersion::V5), Err(error));
            assert_eq!(out, [1]);
        }
    }

    #[test]
    fn secrets_are_not_printed() {
        let mut block = PropertiesBuf::new();
        block.push(PropertyId::AuthenticationMethod, Value::Str("hush")).expect("a legal property");
        block.push(PropertyId::AuthenticationData, Value::Bytes(b"hush")).expect("a legal property");
        block.push(PropertyId::UserProperty, Value::Pair("hush", "hush")).expect("a legal property");
        let will = Will { payload: b"hush", ..Will::default() };
        let packet = Connect {
            username: Some("hush"),
            password: Some(b"hush"),
            will: Some(will),
            properties: block.as_properties(),
            ..Connect::default()
        };
        let printed = format!("{packet:?} {block:?}");
        assert!(!printed.contains("hush") && !printed.contains("104"), "{printed}");
        assert!(printed.contains("AuthenticationData: <4 bytes>"), "{printed}");
    }
}
