//! SUBSCRIBE and SUBACK: sections 3.8 and 3.9.

use super::cursor::{Reader, Writer};
use super::encode::{Body, packet_encoding};
use super::{
    EncodeError, PacketId, PacketType, Properties, PropertyScope, ProtocolVersion, QoS, ReasonCode, Violation,
};
use crate::rule::{Rule, rule};
use crate::topic::TopicFilter;

/// When the server sends retained messages for a subscription: section 3.8.3.1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub enum RetainHandling {
    /// At every SUBSCRIBE; the only behaviour of 3.1.1.
    #[default]
    Send = 0,
    /// Only if the subscription is new.
    SendIfNew = 1,
    /// Never.
    DoNotSend = 2,
}

/// Subscription Options: section 3.8.3.1. 3.1.1 knows only the QoS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SubscribeOptions {
    /// Highest QoS at which the server sends messages.
    pub qos: QoS,
    /// Do not send me what I publish myself.
    pub no_local: bool,
    /// Keep the RETAIN flag as it was published.
    pub retain_as_published: bool,
    /// When retained messages are sent.
    pub retain_handling: RetainHandling,
}

impl SubscribeOptions {
    /// The options byte; in 3.1.1 the QoS alone.
    const fn to_byte(self, version: ProtocolVersion) -> u8 {
        match version {
            ProtocolVersion::V311 => self.qos.value(),
            ProtocolVersion::V5 => {
                self.qos.value()
                    | (self.no_local as u8) << 2
                    | (self.retain_as_published as u8) << 3
                    | (self.retain_handling as u8) << 4
            }
        }
    }

    fn from_byte(byte: u8) -> Option<Self> {
        let retain_handling = match byte >> 4 {
            0 => RetainHandling::Send,
            1 => RetainHandling::SendIfNew,
            2 => RetainHandling::DoNotSend,
            _ => return None,
        };
        Some(Self {
            qos: QoS::from_u8(byte & 0b11)?,
            no_local: byte & 0b100 != 0,
            retain_as_published: byte & 0b1000 != 0,
            retain_handling,
        })
    }
}

/// Asks for messages: section 3.8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subscribe<'a> {
    /// Comes back in the SUBACK.
    pub packet_id: PacketId,
    /// Properties; 5.0 only.
    pub properties: Properties<'a>,
    /// Topic filters and their options, at least one.
    pub filters: Filters<'a>,
}

packet_encoding!(Subscribe<'_>);

impl Body for Subscribe<'_> {
    fn first_byte(&self) -> u8 {
        PacketType::Subscribe.first_byte()
    }

    fn write(&self, version: ProtocolVersion, writer: &mut Writer<'_>) -> Result<(), EncodeError> {
        if self.filters.is_empty() {
            return Err(EncodeError::NoFilters);
        }
        writer.packet_id(self.packet_id);
        writer.properties(version, self.properties)?;
        for (filter, options) in self.filters.iter() {
            writer.string(filter)?;
            writer.u8(options.to_byte(version));
        }
        Ok(())
    }
}

impl<'a> Subscribe<'a> {
    pub(super) fn decode(version: ProtocolVersion, mut reader: Reader<'a>) -> Result<Self, Violation> {
        let packet_id = reader.packet_id(rule!("MQTT-2.2.1-3"))?;
        let properties = reader.properties(version, PropertyScope::Packet(PacketType::Subscribe))?;
        let filters = Filters(reader.peek());
        if filters.is_empty() {
            return Err(Violation::protocol_error(rule!("MQTT-3.8.3-2"), reader.offset()));
        }
        while !reader.is_empty() {
            let shared = read_filter(version, &mut reader)?;
            let at = reader.offset();
            let byte = reader.u8()?;
            let options = SubscribeOptions::from_byte(byte)
                .filter(|options| options.to_byte(version) == byte)
                .ok_or_else(|| Violation::malformed(rule!("MQTT-3.8.3-5"), at))?;
            if shared && options.no_local {
                return Err(Violation::protocol_error(rule!("MQTT-3.8.3-4"), at));
            }
        }
        Ok(Self { packet_id, properties, filters })
    }
}

/// Reads a topic filter; whether it is a shared one. 3.1.1 knows no shared subscriptions.
pub(super) fn read_filter(version: ProtocolVersion, reader: &mut Reader<'_>) -> Result<bool, Violation> {
    let at = reader.offset();
    let text = reader.string()?;
    let filter = match version {
        ProtocolVersion::V311 => TopicFilter::parse_unshared(text),
        ProtocolVersion::V5 => TopicFilter::parse(text),
    };
    let filter = filter.map_err(|error| Violation {
        reason: ReasonCode::TOPIC_FILTER_INVALID,
        statement: error.kind.statement(),
        offset: at,
    })?;
    Ok(filter.is_shared())
}

/// Topic filters with their options, in the form they have in a SUBSCRIBE of 5.0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Filters<'a>(&'a [u8]);

impl<'a> Filters<'a> {
    /// The filters in the order of the packet.
    pub fn iter(self) -> impl Iterator<Item = (&'a str, SubscribeOptions)> {
        let mut reader = Reader::new(self.0, 0, rule!(""));
        // The list is valid, so a failure is its end and nothing else.
        core::iter::from_fn(move || {
            let filter = reader.string().ok()?;
            Some((filter, SubscribeOptions::from_byte(reader.u8().ok()?)?))
        })
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0.is_empty()
    }
}

/// A list of topic filters that is being put together for a [`Subscribe`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FiltersBuf(Vec<u8>);

impl FiltersBuf {
    /// No filters yet.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Appends one filter.
    ///
    /// # Errors
    /// [`EncodeError::NoLocalOnShared`] for that combination (MQTT-3.8.3-4); the list is unchanged then.
    pub fn push(&mut self, filter: TopicFilter<'_>, options: SubscribeOptions) -> Result<(), EncodeError> {
        if filter.is_shared() && options.no_local {
            return Err(EncodeError::NoLocalOnShared);
        }
        let mut writer = Writer::append(&mut self.0);
        writer.string(filter.as_str())?;
        writer.u8(options.to_byte(ProtocolVersion::V5));
        Ok(())
    }

    /// The list, ready for a packet.
    #[must_use]
    pub fn as_filters(&self) -> Filters<'_> {
        Filters(&self.0)
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Answers SUBSCRIBE: section 3.9.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SubAck<'a> {
    /// The identifier of the SUBSCRIBE (MQTT-2.2.1-6).
    pub packet_id: PacketId,
    /// Properties; 5.0 only.
    pub properties: Properties<'a>,
    /// One for each filter, in the order of the filters (MQTT-3.9.3-1): the granted QoS or a failure.
    pub reasons: Reasons<'a>,
}

packet_encoding!(SubAck<'_>);

impl Body for SubAck<'_> {
    fn first_byte(&self) -> u8 {
        PacketType::SubAck.first_byte()
    }

    fn write(&self, version: ProtocolVersion, writer: &mut Writer<'_>) -> Result<(), EncodeError> {
        writer.packet_id(self.packet_id);
        writer.properties(version, self.properties)?;
        writer.bytes(self.reasons.as_bytes());
        Ok(())
    }
}

impl<'a> SubAck<'a> {
    pub(super) fn decode(version: ProtocolVersion, mut reader: Reader<'a>) -> Result<Self, Violation> {
        let packet_id = reader.packet_id(rule!("MQTT-2.2.1-6"))?;
        let properties = reader.properties(version, PropertyScope::Packet(PacketType::SubAck))?;
        let reasons = Reasons::decode(&mut reader, rule!("MQTT-3.9.3-2"), |reason| match version {
            ProtocolVersion::V311 => matches!(reason.value(), 0..=2 | 0x80),
            ProtocolVersion::V5 => reason.allowed_in(PacketType::SubAck),
        })?;
        Ok(Self { packet_id, properties, reasons })
    }
}

/// Reason codes of a SUBACK or UNSUBACK, one for each filter of the request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reasons<'a>(&'a [u8]);

impl<'a> Reasons<'a> {
    /// Takes the reason codes from their bytes, unchecked.
    #[must_use]
    pub const fn from_bytes(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// Takes the rest of a packet; at least one code, all of them `legal`.
    pub(super) fn decode(
        reader: &mut Reader<'a>,
        statement: Rule,
        legal: impl Fn(ReasonCode) -> bool,
    ) -> Result<Self, Violation> {
        if reader.is_empty() {
            return Err(Violation::malformed(statement, reader.offset()));
        }
        let reasons = Self(reader.peek());
        while !reader.is_empty() {
            let at = reader.offset();
            if !legal(ReasonCode::new(reader.u8()?)) {
                return Err(Violation::protocol_error(statement, at));
            }
        }
        Ok(reasons)
    }

    /// The codes as bytes.
    #[must_use]
    pub const fn as_bytes(self) -> &'a [u8] {
        self.0
    }

    /// The codes in order.
    pub fn iter(self) -> impl ExactSizeIterator<Item = ReasonCode> + DoubleEndedIterator {
        self.0.iter().map(|byte| ReasonCode::new(*byte))
    }

    /// How many there are.
    #[must_use]
    pub const fn len(self) -> usize {
        self.0.len()
    }

    /// Whether there are none, as in an UNSUBACK of 3.1.1.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::{decode_from_client, decode_from_server};

    /// What is wrong with a SUBSCRIBE of 5.0 for this filter with this options byte.
    fn error(filter: &str, options: u8) -> Option<(u8, &'static str)> {
        let len = u8::try_from(filter.len()).expect("a short filter");
        let packet = [&[0x82, len + 6, 0, 1, 0, 0, len], filter.as_bytes(), &[options]].concat();
        decode_from_client(ProtocolVersion::V5, &packet).map_err(|v| (v.reason.value(), v.statement)).err()
    }

    #[test]
    fn options() {
        for byte in 0..=u8::MAX {
            let legal = byte & 0b11 != 3 && byte & 0b11_0000 != 0b11_0000 && byte < 0x40;
            assert_eq!(error("a", byte), (!legal).then_some((0x81, "MQTT-3.8.3-5")), "{byte:#x}");
            let three = [0x82, 6, 0, 1, 0, 1, b'a', byte];
            assert_eq!(decode_from_client(ProtocolVersion::V311, &three).is_ok(), byte < 3, "{byte:#x}");
        }
    }

    #[test]
    fn filters_are_checked() {
        assert_eq!(error("a/#/b", 0), Some((0x8f, "MQTT-4.7.1-1")));
        assert_eq!(error("", 0), Some((0x8f, "MQTT-4.7.3-1")));
        assert_eq!(error("$share/g/a", 4), Some((0x82, "MQTT-3.8.3-4")));
        assert_eq!(error("$share/g/a", 8), None);
        assert_eq!(
            decode_from_client(ProtocolVersion::V5, &[0x82, 3, 0, 1, 0]),
            Err(Violation::protocol_error("MQTT-3.8.3-2", 5))
        );
    }

    #[test]
    fn lists_are_built_and_read() {
        let all = SubscribeOptions {
            qos: QoS::ExactlyOnce,
            no_local: true,
            retain_as_published: true,
            retain_handling: RetainHandling::DoNotSend,
        };
        let shared = TopicFilter::parse("$share/g/a").expect("a legal filter");
        let plain = TopicFilter::parse("a/+").expect("a legal filter");
        let mut filters = FiltersBuf::new();
        assert!(filters.is_empty());
        assert_eq!(filters.push(shared, all), Err(EncodeError::NoLocalOnShared));
        assert_eq!(filters.push(shared, SubscribeOptions::default()), Ok(()));
        assert_eq!(filters.push(plain, all), Ok(()));
        assert!(filters.as_filters().iter().eq([("$share/g/a", SubscribeOptions::default()), ("a/+", all)]));

        let packet = Subscribe {
            packet_id: PacketId::MIN,
            properties: Properties::EMPTY,
            filters: filters.as_filters(),
        };
        let mut out = Vec::new();
        packet.encode(ProtocolVersion::V311, &mut out).expect("can be encoded");
        assert_eq!(out.last(), Some(&2), "3.1.1 has only the QoS");
        let packet = Subscribe { filters: Filters::default(), ..packet };
        assert_eq!(packet.encode(ProtocolVersion::V5, &mut out), Err(EncodeError::NoFilters));
    }

    #[test]
    fn codes_of_a_suback() {
        for code in 0..=u8::MAX {
            let three = decode_from_server(ProtocolVersion::V311, &[0x90, 3, 0, 1, code]).is_ok();
            assert_eq!(three, matches!(code, 0 | 1 | 2 | 0x80), "{code:#x}");
            let five = decode_from_server(ProtocolVersion::V5, &[0x90, 4, 0, 1, 0, code]).is_ok();
            let known = [0, 1, 2, 0x80, 0x83, 0x87, 0x8f, 0x91, 0x97, 0x9e, 0xa1, 0xa2];
            assert_eq!(five, known.contains(&code), "{code:#x}");
        }
        assert!(decode_from_server(ProtocolVersion::V311, &[0x90, 2, 0, 1]).is_err(), "no code at all");
    }
}
