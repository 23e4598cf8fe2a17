//! PUBLISH: section 3.3.

use core::{fmt, num::NonZeroU16};

use super::connect::Redacted;
use super::cursor::{Reader, Writer, len_u32, property_length, text};
use super::encode::{self, Body, packet_encoding};
use super::header::Header;
use super::{
    EncodeError, PacketId, PacketType, Properties, PropertyId, PropertyScope, ProtocolVersion, QoS, Sender,
    Violation,
};
use crate::rule::rule;
use crate::topic::has_wildcard;

/// An application message on its way: section 3.3.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Publish<'a> {
    /// Sent before, on this connection or an earlier one. Never with QoS 0 (MQTT-3.3.1-2).
    pub dup: bool,
    /// Quality of service.
    pub qos: QoS,
    /// To be stored by the server, or, from the server, a stored message (section 3.3.1.3).
    pub retain: bool,
    /// Topic name; empty where a Topic Alias stands for it.
    pub topic: &'a str,
    /// Present with QoS 1 and 2 and only there.
    pub packet_id: Option<PacketId>,
    /// Properties; 5.0 only.
    pub properties: Properties<'a>,
    /// Application data.
    pub payload: &'a [u8],
}

/// Properties that belong to one transmission of a message rather than to the message. They replace properties of the
/// same identifier.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ExtraProperties {
    /// Topic Alias: with a topic it is bound, with an empty topic it is used (section 3.3.2.3.4).
    pub topic_alias: Option<NonZeroU16>,
    /// What is left of Message Expiry Interval, in seconds (section 3.3.2.3.3).
    pub message_expiry: Option<u32>,
}

packet_encoding!(Publish<'_>);

impl Body for Publish<'_> {
    fn first_byte(&self) -> u8 {
        let flags = u8::from(self.dup) << 3 | self.qos.value() << 1 | u8::from(self.retain);
        PacketType::Publish.first_byte() | flags
    }

    fn write(&self, version: ProtocolVersion, writer: &mut Writer<'_>) -> Result<(), EncodeError> {
        Head { publish: self, extra: ExtraProperties::default() }.write(version, writer)?;
        writer.bytes(self.payload);
        Ok(())
    }
}

impl<'a> Publish<'a> {
    /// Appends everything up to the payload, which the caller appends next: `payload_len` bytes from wherever they
    /// are. The `payload` field is not used. In 3.1.1 `extra` is not written.
    ///
    /// # Errors
    /// [`EncodeError`] when the packet cannot be represented; `out` is unchanged then.
    pub fn encode_header(
        &self,
        version: ProtocolVersion,
        payload_len: u32,
        extra: ExtraProperties,
        out: &mut Vec<u8>,
    ) -> Result<(), EncodeError> {
        encode::encode(&Head { publish: self, extra }, version, payload_len, out)
    }

    /// Length of the whole packet that [`encode_header`](Self::encode_header) begins, to be compared with Maximum
    /// Packet Size first (MQTT-3.2.2-15).
    ///
    /// # Errors
    /// [`EncodeError`] when the packet cannot be represented.
    pub fn encoded_len_with(
        &self,
        version: ProtocolVersion,
        payload_len: u32,
        extra: ExtraProperties,
    ) -> Result<u32, EncodeError> {
        encode::remaining_length(&Head { publish: self, extra }, version, payload_len).map(encode::packet_len)
    }

    pub(super) fn decode(
        version: ProtocolVersion,
        sender: Sender,
        first_byte: u8,
        mut reader: Reader<'a>,
    ) -> Result<Self, Violation> {
        let raw = RawPublish::decode(version, sender, first_byte, &mut reader)?;
        let RawPublish { dup, qos, retain, packet_id, properties, payload, .. } = raw;
        Ok(Self { dup, qos, retain, topic: raw.topic()?, packet_id, properties, payload })
    }
}

/// A PUBLISH whose topic has not been checked: of one that came before it is known that it is legal.
#[derive(Clone, Copy)]
pub struct RawPublish<'a> {
    /// See [`Publish::dup`].
    pub dup: bool,
    /// See [`Publish::qos`].
    pub qos: QoS,
    /// See [`Publish::retain`].
    pub retain: bool,
    /// Topic name, any bytes; empty where a Topic Alias stands for it.
    pub topic: &'a [u8],
    topic_at: u32,
    /// See [`Publish::packet_id`].
    pub packet_id: Option<PacketId>,
    /// See [`Publish::properties`].
    pub properties: Properties<'a>,
    /// See [`Publish::payload`].
    pub payload: &'a [u8],
}

impl<'a> RawPublish<'a> {
    /// Reads a whole PUBLISH of a server, fixed header included, whose body begins at `body`.
    ///
    /// # Errors
    /// Those of [`decode_from_server`](super::decode_from_server), but for what the topic breaks.
    pub fn from_server(version: ProtocolVersion, packet: &'a [u8], body: usize) -> Result<Self, Violation> {
        let first_byte = packet.first().copied().unwrap_or_default();
        let mut reader = Reader::new(packet.get(body..).unwrap_or_default(), len_u32(body), rule!("§3.3"));
        Self::decode(version, Sender::Server, first_byte, &mut reader)
    }

    /// The topic as text.
    ///
    /// # Errors
    /// It is not UTF-8, or has U+0000 or a wildcard in it.
    pub fn topic(&self) -> Result<&'a str, Violation> {
        let topic = text(self.topic, self.topic_at.saturating_add(2))?;
        if has_wildcard(topic) {
            return Err(Violation::protocol_error(rule!("MQTT-3.3.2-2"), self.topic_at));
        }
        Ok(topic)
    }

    fn decode(
        version: ProtocolVersion,
        sender: Sender,
        first_byte: u8,
        reader: &mut Reader<'a>,
    ) -> Result<Self, Violation> {
        let qos =
            QoS::from_u8(first_byte >> 1 & 0b11).ok_or(Violation::malformed(rule!("MQTT-3.3.1-4"), 0))?;
        let dup = first_byte & 0b1000 != 0;
        if dup && qos == QoS::AtMostOnce {
            return Err(Violation::malformed(rule!("MQTT-3.3.1-2"), 0));
        }
        let topic_at = reader.offset();
        let topic = reader.binary()?;
        let packet_id = match qos {
            QoS::AtMostOnce => None,
            QoS::AtLeastOnce | QoS::ExactlyOnce => Some(reader.packet_id(match sender {
                Sender::Server => rule!("MQTT-2.2.1-4"),
                Sender::Client => rule!("MQTT-2.2.1-3"),
            })?),
        };
        let at = reader.offset();
        let properties = reader.properties(version, PropertyScope::Packet(PacketType::Publish))?;
        if sender == Sender::Client && properties.contains(PropertyId::SubscriptionIdentifier) {
            return Err(Violation::protocol_error(rule!("MQTT-3.3.4-6"), at));
        }
        if topic.is_empty() && !properties.contains(PropertyId::TopicAlias) {
            return Err(Violation::protocol_error(rule!("MQTT-4.7.3-1"), topic_at));
        }
        let payload = reader.rest();
        Ok(Self { dup, qos, retain: first_byte & 1 != 0, topic, topic_at, packet_id, properties, payload })
    }
}

/// Whether a packet is a PUBLISH, and all of it up to the payload lies in `bytes`, with which it begins.
pub(super) fn has_head(version: ProtocolVersion, header: &Header, bytes: &[u8]) -> bool {
    let mut reader = Reader::new(bytes.get(header.len..).unwrap_or_default(), 0, rule!("§3.3"));
    let mut read = || {
        reader.binary()?;
        if header.first_byte & 0b0110 != 0 {
            reader.u16()?;
        }
        let properties = if version == ProtocolVersion::V5 { reader.varint()? } else { 0 };
        reader.take(usize::try_from(properties).unwrap_or(usize::MAX))
    };
    header.packet == PacketType::Publish && read().is_ok()
}

impl fmt::Debug for Publish<'_> {
    /// Leaves out the payload.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Publish")
            .field("dup", &self.dup)
            .field("qos", &self.qos)
            .field("retain", &self.retain)
            .field("topic", &self.topic)
            .field("packet_id", &self.packet_id)
            .field("properties", &self.properties)
            .field("payload", &Redacted(self.payload))
            .finish()
    }
}

/// A PUBLISH without its payload.
struct Head<'a> {
    publish: &'a Publish<'a>,
    extra: ExtraProperties,
}

impl Body for Head<'_> {
    fn first_byte(&self) -> u8 {
        self.publish.first_byte()
    }

    fn write(&self, version: ProtocolVersion, writer: &mut Writer<'_>) -> Result<(), EncodeError> {
        let Publish { dup, qos, topic, packet_id, properties, .. } = *self.publish;
        if dup && qos == QoS::AtMostOnce {
            return Err(EncodeError::DuplicateFlag);
        }
        if packet_id.is_some() != (qos > QoS::AtMostOnce) {
            return Err(EncodeError::PacketIdentifier);
        }
        let aliased = version == ProtocolVersion::V5
            && (self.extra.topic_alias.is_some() || properties.contains(PropertyId::TopicAlias));
        if topic.is_empty() && !aliased {
            return Err(EncodeError::EmptyTopic);
        }
        writer.string(topic)?;
        if let Some(id) = packet_id {
            writer.packet_id(id);
        }
        if version == ProtocolVersion::V5 {
            let mut block = Writer::measure();
            self.write_properties(&mut block);
            writer.varint(property_length(block.len())?);
            self.write_properties(writer);
        }
        Ok(())
    }
}

impl Head<'_> {
    fn write_properties(&self, writer: &mut Writer<'_>) {
        let ExtraProperties { topic_alias, message_expiry } = self.extra;
        if let Some(alias) = topic_alias {
            writer.u8(PropertyId::TopicAlias.value());
            writer.u16(alias.get());
        }
        if let Some(seconds) = message_expiry {
            writer.u8(PropertyId::MessageExpiryInterval.value());
            writer.u32(seconds);
        }
        let mut properties = self.publish.properties.iter();
        while let Some((id, _, encoded)) = properties.next_encoded() {
            let replaced = (id == PropertyId::TopicAlias && topic_alias.is_some())
                || (id == PropertyId::MessageExpiryInterval && message_expiry.is_some());
            if !replaced {
                writer.bytes(encoded);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::{Packet, decode_from_client, decode_from_server, varint};

    fn error(packet: &[u8]) -> Option<&'static str> {
        decode_from_server(ProtocolVersion::V5, packet).map_err(|violation| violation.statement).err()
    }

    #[test]
    fn rules_of_a_publish() {
        assert_eq!(error(&[0x36, 5, 0, 1, b'a', 0, 1]), Some("MQTT-3.3.1-4"));
        assert_eq!(error(&[0x38, 4, 0, 1, b'a', 0]), Some("MQTT-3.3.1-2"));
        assert_eq!(error(&[0x32, 6, 0, 1, b'a', 0, 0, 0]), Some("MQTT-2.2.1-4"));
        assert_eq!(error(&[0x30, 4, 0, 1, b'#', 0]), Some("MQTT-3.3.2-2"));
        assert_eq!(error(&[0x30, 3, 0, 0, 0]), Some("MQTT-4.7.3-1"));
        assert_eq!(error(&[0x30, 6, 0, 0, 3, 0x23, 0, 1]), None, "an alias stands for the topic");
        assert_eq!(error(&[0x30, 6, 0, 1, b'a', 2, 0x0b, 1]), None);
        let violation = decode_from_client(ProtocolVersion::V5, &[0x30, 6, 0, 1, b'a', 2, 0x0b, 1]);
        assert_eq!(violation, Err(Violation::protocol_error("MQTT-3.3.4-6", 5)));
    }

    #[test]
    fn contradictions_are_not_written() {
        let base = Publish { topic: "a", ..Publish::default() };
        let id = Some(PacketId::MIN);
        for (packet, error) in [
            (Publish { dup: true, ..base }, EncodeError::DuplicateFlag),
            (Publish { qos: QoS::AtLeastOnce, ..base }, EncodeError::PacketIdentifier),
            (Publish { packet_id: id, ..base }, EncodeError::PacketIdentifier),
            (Publish { topic: "", ..base }, EncodeError::EmptyTopic),
            (Publish { topic: "a\0", ..base }, EncodeError::NulCharacter),
        ] {
            let mut out = Vec::new();
            assert_eq!(packet.encode(ProtocolVersion::V5, &mut out), Err(error));
            assert!(out.is_empty());
        }
    }

    #[test]
    fn an_alias_replaces_the_topic_in_5_0_only() {
        let publish = Publish { payload: b"x", ..Publish::default() };
        let extra = ExtraProperties { topic_alias: NonZeroU16::new(5), message_expiry: None };
        let mut out = Vec::new();
        let result = publish.encode_header(ProtocolVersion::V311, 1, extra, &mut out);
        assert_eq!((result, out.len()), (Err(EncodeError::EmptyTopic), 0));
        publish.encode_header(ProtocolVersion::V5, 1, extra, &mut out).expect("can be encoded");
        assert_eq!(out, [0x30, 7, 0, 0, 3, 0x23, 0, 5]);
        out.extend_from_slice(publish.payload);
        let Ok(Packet::Publish(decoded)) = decode_from_server(ProtocolVersion::V5, &out) else {
            panic!("{out:x?}");
        };
        assert_eq!(decoded.properties.u16(PropertyId::TopicAlias), Some(5));
    }

    #[test]
    fn largest_packet() {
        let publish = Publish { topic: "a", ..Publish::default() };
        let len =
            |payload| publish.encoded_len_with(ProtocolVersion::V311, payload, ExtraProperties::default());
        assert_eq!(len(varint::MAX - 3), Ok(varint::MAX + 5));
        assert_eq!(len(varint::MAX - 2), Err(EncodeError::PacketTooLarge));
        assert_eq!(len(u32::MAX), Err(EncodeError::PacketTooLarge));
        assert_eq!(len(124), Ok(129), "one byte of length");
        assert_eq!(len(125), Ok(131), "two bytes of length");
    }

    #[test]
    fn payload_is_not_printed() {
        let printed = format!("{:?}", Publish { payload: b"hush", ..Publish::default() });
        assert!(printed.contains("<4 bytes>") && !printed.contains("104"), "{printed}");
    }
}
