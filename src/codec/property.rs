//! Blocks of properties: section 2.2.2.

use core::fmt;

use super::cursor::{Reader, Writer};
use super::property_id::Row;
use super::{EncodeError, PropertyId, PropertyScope, ReasonCode, Value, Violation};
use crate::rule::rule;

/// A valid block of properties in its encoded form, without the Property Length in front.
///
/// The same form serves for receiving and for sending: an option set becomes a block once and stays one.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Properties<'a>(&'a [u8]);

impl<'a> Properties<'a> {
    /// No properties.
    pub const EMPTY: Self = Self(&[]);

    /// Checks a block that stands at byte `base_offset` of a packet: every identifier known, allowed in this scope and
    /// in its shortest form, no value cut off or out of range, nothing repeated that must not be.
    ///
    /// # Errors
    /// The first [`Violation`]: 0x81 for what cannot be parsed or must not stand there, 0x82 for repetitions and
    /// values out of range, 0x94 for a Topic Alias of 0. Section 2.2.2.2.
    pub fn validate(bytes: &'a [u8], scope: PropertyScope, base_offset: u32) -> Result<Self, Violation> {
        let mut reader = Reader::new(bytes, base_offset, rule!("§2.2.2.1"));
        let mut seen = 0_u64;
        while !reader.is_empty() {
            let at = reader.offset();
            let id = PropertyId::from_value(reader.varint()?)
                .ok_or_else(|| Violation::malformed(rule!("§2.2.2.2"), at))?;
            let row = id.row();
            if !row.allowed_in(scope) {
                return Err(Violation::malformed(rule!("§2.2.2.2"), at));
            }
            let bit = 1 << id.value();
            if seen & bit != 0 && !row.repeatable_in(scope) {
                return Err(Violation::protocol_error(rule!("§2.2.2.2"), at));
            }
            seen |= bit;
            if !Value::read(row.kind, &mut reader)?.in_range(row.range) {
                return Err(out_of_range(id, row, at));
            }
        }
        Ok(Self(bytes))
    }

    /// A block that came from [`Properties::as_bytes`].
    pub(crate) const fn from_validated(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// The encoded block, without the Property Length.
    #[must_use]
    pub const fn as_bytes(self) -> &'a [u8] {
        self.0
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    /// All properties in the order of the packet.
    #[must_use]
    pub const fn iter(self) -> PropertyIter<'a> {
        PropertyIter(Reader::new(self.0, 0, rule!("")))
    }

    /// The first value of a property, whatever its type.
    #[must_use]
    pub fn value(self, id: PropertyId) -> Option<Value<'a>> {
        if self.is_empty() {
            return None; // as in most packets
        }
        self.iter().find_map(|(found, value)| (found == id).then_some(value))
    }

    /// Whether the property is there.
    #[must_use]
    pub fn contains(self, id: PropertyId) -> bool {
        self.value(id).is_some()
    }

    /// The value of a one-byte property; `None` when it is absent or has another type.
    #[must_use]
    pub fn byte(self, id: PropertyId) -> Option<u8> {
        if let Value::Byte(value) = self.value(id)? { Some(value) } else { None }
    }

    /// The value of a Two Byte Integer property; `None` when it is absent or has another type.
    #[must_use]
    pub fn u16(self, id: PropertyId) -> Option<u16> {
        if let Value::U16(value) = self.value(id)? { Some(value) } else { None }
    }

    /// The value of a Four Byte Integer property; `None` when it is absent or has another type.
    #[must_use]
    pub fn u32(self, id: PropertyId) -> Option<u32> {
        if let Value::U32(value) = self.value(id)? { Some(value) } else { None }
    }

    /// The first value of a Variable Byte Integer property; `None` when it is absent or has another type.
    #[must_use]
    pub fn varint(self, id: PropertyId) -> Option<u32> {
        if let Value::VarInt(value) = self.value(id)? { Some(value) } else { None }
    }

    /// The value of a string property; `None` when it is absent or has another type.
    #[must_use]
    pub fn str(self, id: PropertyId) -> Option<&'a str> {
        if let Value::Str(text) = self.value(id)? { Some(text) } else { None }
    }

    /// The value of a binary property; `None` when it is absent or has another type.
    #[must_use]
    pub fn bytes(self, id: PropertyId) -> Option<&'a [u8]> {
        if let Value::Bytes(bytes) = self.value(id)? { Some(bytes) } else { None }
    }

    /// Names and values of the User Properties, in order, repetitions included (MQTT-3.3.2-18).
    pub fn user_properties(self) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.iter().filter_map(
            |(_, value)| if let Value::Pair(name, value) = value { Some((name, value)) } else { None },
        )
    }

    /// Subscription Identifiers, in order (MQTT-3.3.4-4).
    pub fn subscription_identifiers(self) -> impl Iterator<Item = u32> {
        // The only property that is a Variable Byte Integer.
        self.iter().filter_map(|(_, value)| if let Value::VarInt(id) = value { Some(id) } else { None })
    }

    /// Checks that Authentication Data comes with an Authentication Method, and, where `required`, that the method is
    /// there. Sections 3.1.2.11.10 and 3.15.2.2.2.
    pub(super) fn check_authentication(self, required: bool, offset: u32) -> Result<(), Violation> {
        let needed = required || self.contains(PropertyId::AuthenticationData);
        if needed && !self.contains(PropertyId::AuthenticationMethod) {
            let section = if required { rule!("§3.15.2.2.2") } else { rule!("§3.1.2.11.10") };
            return Err(Violation::protocol_error(section, offset));
        }
        Ok(())
    }
}

impl<'a> IntoIterator for Properties<'a> {
    type Item = (PropertyId, Value<'a>);
    type IntoIter = PropertyIter<'a>;

    fn into_iter(self) -> PropertyIter<'a> {
        self.iter()
    }
}

impl fmt::Debug for Properties<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

/// Properties one after the other.
#[derive(Clone)]
pub struct PropertyIter<'a>(Reader<'a>);

impl<'a> PropertyIter<'a> {
    /// The next property together with its encoded form, identifier included.
    pub(super) fn next_encoded(&mut self) -> Option<(PropertyId, Value<'a>, &'a [u8])> {
        // The block is valid, so `None` is its end and nothing else.
        let before = self.0.peek();
        let id = PropertyId::from_value(self.0.varint().ok()?)?;
        let value = Value::read(id.kind(), &mut self.0).ok()?;
        let encoded = before.get(..before.len().checked_sub(self.0.peek().len())?)?;
        Some((id, value, encoded))
    }
}

impl<'a> Iterator for PropertyIter<'a> {
    type Item = (PropertyId, Value<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        self.next_encoded().map(|(id, value, _)| (id, value))
    }
}

/// A block of properties that is being put together.
///
/// Types and ranges are checked on the way in; scope and repetition are the caller's to get right, or to check with
/// [`Properties::validate`].
#[derive(Clone, Default, PartialEq, Eq)]
pub struct PropertiesBuf(Vec<u8>);

impl PropertiesBuf {
    /// No properties yet.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// A copy of a block that has been validated before.
    #[must_use]
    pub fn from_validated(properties: Properties<'_>) -> Self {
        Self(properties.as_bytes().to_vec())
    }

    /// Appends one property.
    ///
    /// # Errors
    /// [`EncodeError::PropertyType`] when the value has not the type of the property, [`EncodeError::PropertyValue`]
    /// when it is out of range, [`EncodeError::StringTooLong`], [`EncodeError::BinaryTooLong`] or
    /// [`EncodeError::NulCharacter`]. The block is unchanged then.
    pub fn push(&mut self, id: PropertyId, value: Value<'_>) -> Result<(), EncodeError> {
        let row = id.row();
        if value.kind() != row.kind {
            return Err(EncodeError::PropertyType);
        }
        if !value.in_range(row.range) {
            return Err(EncodeError::PropertyValue);
        }
        value.write(&mut Writer::measure())?;
        self.0.push(id.value());
        value.write(&mut Writer::append(&mut self.0))
    }

    /// The block, ready for a packet.
    #[must_use]
    pub fn as_properties(&self) -> Properties<'_> {
        Properties(&self.0)
    }

    /// Removes all properties and keeps the memory.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for PropertiesBuf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_properties().fmt(f)
    }
}

fn out_of_range(id: PropertyId, row: &Row, offset: u32) -> Violation {
    let reason = if id == PropertyId::TopicAlias {
        ReasonCode::TOPIC_ALIAS_INVALID
    } else {
        ReasonCode::PROTOCOL_ERROR
    };
    Violation { reason, statement: row.rule, offset }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::{PacketType, varint};

    const CONNACK: PropertyScope = PropertyScope::Packet(PacketType::ConnAck);
    const PUBLISH: PropertyScope = PropertyScope::Packet(PacketType::Publish);

    fn error(scope: PropertyScope, bytes: &[u8]) -> Option<(u8, &'static str, u32)> {
        let violation = Properties::validate(bytes, scope, 100).err()?;
        Some((violation.reason.value(), violation.statement, violation.offset))
    }

    #[test]
    fn rules_of_a_block() {
        assert_eq!(error(CONNACK, &[]), None);
        assert_eq!(error(CONNACK, &[0x13, 0, 5]), None);
        assert_eq!(error(CONNACK, &[0x13, 0]), Some((0x81, "§2.2.2.1", 101)), "cut off");
        assert_eq!(error(CONNACK, &[0x7f, 0]), Some((0x81, "§2.2.2.2", 100)), "unknown");
        assert_eq!(error(CONNACK, &[0x93, 0, 0, 5]), Some((0x81, "MQTT-1.5.5-1", 100)), "long identifier");
        assert_eq!(error(PUBLISH, &[0x13, 0, 5]), Some((0x81, "§2.2.2.2", 100)), "not in a PUBLISH");
        assert_eq!(error(CONNACK, &[0x13, 0, 5, 0x13, 0, 5]), Some((0x82, "§2.2.2.2", 103)), "twice");
        assert_eq!(error(CONNACK, &[0x21, 0, 0]), Some((0x82, "§3.2.2.3.3", 100)), "zero");
        assert_eq!(error(CONNACK, &[0x27, 0, 0, 0, 0]), Some((0x82, "§3.2.2.3.6", 100)), "zero");
        assert_eq!(error(CONNACK, &[0x24, 2]), Some((0x82, "§3.2.2.3.4", 100)), "a flag");
        assert_eq!(error(PUBLISH, &[0x23, 0, 0]), Some((0x94, "MQTT-3.3.2-8", 100)), "alias zero");
        assert_eq!(error(PUBLISH, &[0x0b, 0]), Some((0x82, "§3.3.2.3.8", 100)), "identifier zero");
        assert_eq!(error(PUBLISH, &[0x0b, 1, 0x0b, 1]), None, "one for each subscription");
        assert_eq!(error(PUBLISH, &[0x08, 0, 1, b'+']), Some((0x82, "MQTT-3.3.2-14", 100)), "wildcard");
        assert_eq!(error(PUBLISH, &[0x08, 0, 0]), Some((0x82, "MQTT-3.3.2-14", 100)), "no topic name");
        assert_eq!(error(PropertyScope::Will, &[0x18, 0, 0, 0, 1]), None);
        assert_eq!(error(PUBLISH, &[0x18, 0, 0, 0, 1]), Some((0x81, "§2.2.2.2", 100)), "only in a Will");
    }

    #[test]
    fn values_are_checked_on_the_way_in() {
        let mut block = PropertiesBuf::new();
        let long = "x".repeat(65_536);
        for (id, value, expected) in [
            (PropertyId::TopicAlias, Value::U32(1), EncodeError::PropertyType),
            (PropertyId::TopicAlias, Value::U16(0), EncodeError::PropertyValue),
            (PropertyId::PayloadFormatIndicator, Value::Byte(2), EncodeError::PropertyValue),
            (PropertyId::SubscriptionIdentifier, Value::VarInt(varint::MAX + 1), EncodeError::PropertyValue),
            (PropertyId::ResponseTopic, Value::Str("a/#"), EncodeError::PropertyValue),
            (PropertyId::ContentType, Value::Str("a\0"), EncodeError::NulCharacter),
            (PropertyId::ContentType, Value::Str(&long), EncodeError::StringTooLong),
            (PropertyId::CorrelationData, Value::Bytes(long.as_bytes()), EncodeError::BinaryTooLong),
            (PropertyId::UserProperty, Value::Pair("k", &long), EncodeError::StringTooLong),
        ] {
            assert_eq!(block.push(id, value), Err(expected));
            assert!(block.is_empty());
        }
    }

    #[test]
    fn values_come_out_as_they_went_in() {
        let mut block = PropertiesBuf::new();
        let values = [
            (PropertyId::SubscriptionIdentifier, Value::VarInt(300)),
            (PropertyId::UserProperty, Value::Pair("k", "v")),
            (PropertyId::TopicAlias, Value::U16(7)),
            (PropertyId::SubscriptionIdentifier, Value::VarInt(1)),
            (PropertyId::MessageExpiryInterval, Value::U32(9)),
            (PropertyId::UserProperty, Value::Pair("k", "w")),
            (PropertyId::ContentType, Value::Str("text")),
            (PropertyId::CorrelationData, Value::Bytes(&[0, 255])),
            (PropertyId::PayloadFormatIndicator, Value::Byte(1)),
        ];
        for (id, value) in values {
            block.push(id, value).expect("a legal property");
        }
        let properties = Properties::validate(block.as_properties().as_bytes(), PUBLISH, 0).expect("valid");
        assert!(properties.iter().eq(values));
        assert_eq!(properties.varint(PropertyId::SubscriptionIdentifier), Some(300));
        assert!(properties.subscription_identifiers().eq([300, 1]));
        assert!(properties.user_properties().eq([("k", "v"), ("k", "w")]));
        assert_eq!(properties.u16(PropertyId::TopicAlias), Some(7));
        assert_eq!(properties.u32(PropertyId::MessageExpiryInterval), Some(9));
        assert_eq!(properties.str(PropertyId::ContentType), Some("text"));
        assert_eq!(properties.bytes(PropertyId::CorrelationData), Some(&[0, 255][..]));
        assert_eq!(properties.byte(PropertyId::PayloadFormatIndicator), Some(1));
        assert_eq!(properties.str(PropertyId::ResponseTopic), None);
        assert_eq!(properties.u16(PropertyId::ContentType), None, "another type");
        assert_eq!(PropertiesBuf::from_validated(properties), block);
        block.clear();
        assert!(block.is_empty());
    }
}
