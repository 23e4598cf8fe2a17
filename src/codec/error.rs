//! What can be wrong with a packet: received ([`Violation`]) or to be sent ([`EncodeError`]).

use super::ReasonCode;
use crate::rule::Rule;

/// A rule of the standard that received bytes break. The connection cannot go on: section 4.13.1.
///
/// Copyable and without text of its own, so that it costs nothing where it is not printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Violation {
    /// What a DISCONNECT says about it in 5.0. A 3.1.1 client closes without saying anything.
    pub reason: ReasonCode,
    /// The broken rule: a statement (`MQTT-1.5.4-1`, 5.0 numbering where both versions have the rule), a section
    /// (`§2.2.2.2`), or `3.1.1 …` where only 3.1.1 has it.
    pub statement: Rule,
    /// Byte position in the packet, counted from its first byte, at or shortly before the fault.
    pub offset: u32,
}

impl Violation {
    /// Bytes that cannot be parsed: reason code 0x81, section 1.2.
    #[must_use]
    pub const fn malformed(statement: Rule, offset: u32) -> Self {
        Self { reason: ReasonCode::MALFORMED_PACKET, statement, offset }
    }

    /// Bytes that parse into something the protocol forbids: reason code 0x82, section 1.2.
    #[must_use]
    pub const fn protocol_error(statement: Rule, offset: u32) -> Self {
        Self { reason: ReasonCode::PROTOCOL_ERROR, statement, offset }
    }
}

impl core::fmt::Display for Violation {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{} at byte {} ({})", self.reason.name(), self.offset, self.statement)
    }
}

impl core::error::Error for Violation {}

/// Why a packet cannot be written. Nothing has been appended to the output when one is returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EncodeError {
    /// A string is longer than 65,535 bytes in UTF-8 (section 1.5.4).
    StringTooLong,
    /// Binary data is longer than 65,535 bytes (section 1.5.6).
    BinaryTooLong,
    /// A string contains U+0000 (MQTT-1.5.4-2).
    NulCharacter,
    /// The packet is longer than a Remaining Length can say: 268,435,455 bytes (section 2.1.4).
    PacketTooLarge,
    /// A property was given a value of another type than section 2.2.2.2 lists for it.
    PropertyType,
    /// A property was given a value outside its range, such as a flag above 1 or a zero maximum.
    PropertyValue,
    /// A PUBLISH has neither a topic nor a Topic Alias (section 3.3.2.1).
    EmptyTopic,
    /// A PUBLISH of QoS 1 or 2 has no packet identifier, or one of QoS 0 has one (MQTT-2.2.1-2, MQTT-2.2.1-3).
    PacketIdentifier,
    /// DUP is set on a PUBLISH of QoS 0 (MQTT-3.3.1-2).
    DuplicateFlag,
    /// A SUBSCRIBE or UNSUBSCRIBE has no filter (MQTT-3.8.3-2, MQTT-3.10.3-2).
    NoFilters,
    /// No Local on a shared subscription (MQTT-3.8.3-4).
    NoLocalOnShared,
    /// A password without a user name, which 3.1.1 cannot express (3.1.1 MQTT-3.1.2-22).
    PasswordWithoutUserName,
    /// A CONNACK reason that 3.1.1 has no return code for (3.1.1 section 3.2.2.3).
    ReasonCode,
}

impl core::fmt::Display for EncodeError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::StringTooLong => "a string is longer than 65,535 bytes",
            Self::BinaryTooLong => "binary data is longer than 65,535 bytes",
            Self::NulCharacter => "a string contains U+0000",
            Self::PacketTooLarge => "the packet is longer than 268,435,455 bytes",
            Self::PropertyType => "a property has a value of the wrong type",
            Self::PropertyValue => "a property has a value outside its range",
            Self::EmptyTopic => "a PUBLISH needs a topic or a topic alias",
            Self::PacketIdentifier => "a packet identifier belongs to QoS 1 and 2 and only there",
            Self::DuplicateFlag => "DUP must be clear on QoS 0",
            Self::NoFilters => "at least one topic filter is needed",
            Self::NoLocalOnShared => "no-local is not allowed on a shared subscription",
            Self::PasswordWithoutUserName => "MQTT 3.1.1 has no password without a user name",
            Self::ReasonCode => "MQTT 3.1.1 has no return code for this reason",
        })
    }
}

impl core::error::Error for EncodeError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts() {
        let text = Violation::malformed("MQTT-1.5.4-1", 7).to_string();
        assert_eq!(text, "malformed-packet at byte 7 (MQTT-1.5.4-1)");
        assert_eq!(EncodeError::NoFilters.to_string(), "at least one topic filter is needed");
    }
}
