//! UNSUBSCRIBE and UNSUBACK: sections 3.10 and 3.11.

use super::cursor::{Reader, Writer};
use super::encode::{Body, packet_encoding};
use super::subscribe::read_filter;
use super::{
    EncodeError, PacketId, PacketType, Properties, PropertyScope, ProtocolVersion, Reasons, Violation,
};
use crate::rule::rule;
use crate::topic::TopicFilter;

/// Ends subscriptions: section 3.10.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unsubscribe<'a> {
    /// Comes back in the UNSUBACK.
    pub packet_id: PacketId,
    /// Properties; 5.0 only.
    pub properties: Properties<'a>,
    /// Topic filters, at least one.
    pub filters: Names<'a>,
}

packet_encoding!(Unsubscribe<'_>);

impl Body for Unsubscribe<'_> {
    fn first_byte(&self) -> u8 {
        PacketType::Unsubscribe.first_byte()
    }

    fn write(&self, version: ProtocolVersion, writer: &mut Writer<'_>) -> Result<(), EncodeError> {
        if self.filters.is_empty() {
            return Err(EncodeError::NoFilters);
        }
        writer.packet_id(self.packet_id);
        writer.properties(version, self.properties)?;
        writer.bytes(self.filters.0);
        Ok(())
    }
}

impl<'a> Unsubscribe<'a> {
    pub(super) fn decode(version: ProtocolVersion, mut reader: Reader<'a>) -> Result<Self, Violation> {
        let packet_id = reader.packet_id(rule!("MQTT-2.2.1-3"))?;
        let properties = reader.properties(version, PropertyScope::Packet(PacketType::Unsubscribe))?;
        let filters = Names(reader.peek());
        if filters.is_empty() {
            return Err(Violation::protocol_error(rule!("MQTT-3.10.3-2"), reader.offset()));
        }
        while !reader.is_empty() {
            read_filter(version, &mut reader)?;
        }
        Ok(Self { packet_id, properties, filters })
    }
}

/// Topic filters in the form they have in an UNSUBSCRIBE.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Names<'a>(&'a [u8]);

impl<'a> Names<'a> {
    /// The filters in the order of the packet.
    pub fn iter(self) -> impl Iterator<Item = &'a str> {
        let mut reader = Reader::new(self.0, 0, rule!(""));
        // The list is valid, so a failure is its end and nothing else.
        core::iter::from_fn(move || reader.string().ok())
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0.is_empty()
    }
}

/// A list of topic filters that is being put together for an [`Unsubscribe`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NamesBuf(Vec<u8>);

impl NamesBuf {
    /// No filters yet.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Appends one filter.
    ///
    /// # Errors
    /// None for a filter that was parsed; the `Result` spares the caller a panic path.
    pub fn push(&mut self, filter: TopicFilter<'_>) -> Result<(), EncodeError> {
        Writer::append(&mut self.0).string(filter.as_str())
    }

    /// The list, ready for a packet.
    #[must_use]
    pub fn as_names(&self) -> Names<'_> {
        Names(&self.0)
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Answers UNSUBSCRIBE: section 3.11.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnsubAck<'a> {
    /// The identifier of the UNSUBSCRIBE (MQTT-2.2.1-6).
    pub packet_id: PacketId,
    /// Properties; 5.0 only.
    pub properties: Properties<'a>,
    /// One for each filter, in the order of the filters (MQTT-3.11.3-1); empty in 3.1.1.
    pub reasons: Reasons<'a>,
}

packet_encoding!(UnsubAck<'_>);

impl Body for UnsubAck<'_> {
    fn first_byte(&self) -> u8 {
        PacketType::UnsubAck.first_byte()
    }

    fn write(&self, version: ProtocolVersion, writer: &mut Writer<'_>) -> Result<(), EncodeError> {
        writer.packet_id(self.packet_id);
        if version == ProtocolVersion::V5 {
            writer.properties(version, self.properties)?;
            writer.bytes(self.reasons.as_bytes());
        }
        Ok(())
    }
}

impl<'a> UnsubAck<'a> {
    pub(super) fn decode(version: ProtocolVersion, mut reader: Reader<'a>) -> Result<Self, Violation> {
        let packet_id = reader.packet_id(rule!("MQTT-2.2.1-6"))?;
        if version == ProtocolVersion::V311 {
            reader.finish()?;
            return Ok(Self { packet_id, properties: Properties::EMPTY, reasons: Reasons::default() });
        }
        let properties = reader.properties(version, PropertyScope::Packet(PacketType::UnsubAck))?;
        let reasons = Reasons::decode(&mut reader, rule!("MQTT-3.11.3-2"), |reason| {
            reason.allowed_in(PacketType::UnsubAck)
        })?;
        Ok(Self { packet_id, properties, reasons })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::{decode_from_client, decode_from_server};

    #[test]
    fn lists_are_built_and_read() {
        let mut filters = NamesBuf::new();
        for filter in ["a/+", "#"] {
            filters.push(TopicFilter::parse(filter).expect("a legal filter")).expect("short");
        }
        assert!(filters.as_names().iter().eq(["a/+", "#"]));
        assert!(!filters.is_empty());
        let packet = Unsubscribe {
            packet_id: PacketId::MIN,
            properties: Properties::EMPTY,
            filters: Names::default(),
        };
        assert_eq!(packet.encode(ProtocolVersion::V5, &mut Vec::new()), Err(EncodeError::NoFilters));
        let empty = decode_from_client(ProtocolVersion::V311, &[0xa2, 2, 0, 1]);
        assert_eq!(empty, Err(Violation::protocol_error("MQTT-3.10.3-2", 4)));
    }

    #[test]
    fn codes_of_an_unsuback() {
        for code in 0..=u8::MAX {
            let legal = decode_from_server(ProtocolVersion::V5, &[0xb0, 4, 0, 1, 0, code]).is_ok();
            assert_eq!(legal, [0, 0x11, 0x80, 0x83, 0x87, 0x8f, 0x91].contains(&code), "{code:#x}");
        }
        assert!(decode_from_server(ProtocolVersion::V5, &[0xb0, 3, 0, 1, 0]).is_err(), "no code at all");
        assert!(decode_from_server(ProtocolVersion::V311, &[0xb0, 2, 0, 1]).is_ok());
        assert!(decode_from_server(ProtocolVersion::V311, &[0xb0, 3, 0, 1, 0]).is_err());
    }
}
