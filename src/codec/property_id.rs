//! The table of properties: section 2.2.2.2.

use super::PacketType;
use crate::rule::{Rule, rule};

/// Type of a property's value, section 1.5.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PropertyType {
    /// One byte.
    Byte,
    /// Two Byte Integer.
    U16,
    /// Four Byte Integer.
    U32,
    /// Variable Byte Integer.
    VarInt,
    /// UTF-8 Encoded String.
    Str,
    /// Binary Data.
    Bytes,
    /// UTF-8 String Pair.
    Pair,
}

/// Where a block of properties stands: in a packet, or in the Will of a CONNECT (section 3.1.3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PropertyScope {
    /// Will Properties.
    Will,
    /// Properties of a packet of this type.
    Packet(PacketType),
}

impl PropertyScope {
    const fn bit(self) -> Scopes {
        match self {
            Self::Will => WILL,
            Self::Packet(packet) => scope(packet),
        }
    }
}

/// What values a property may have beyond its type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Range {
    /// All of them.
    Any,
    /// 0 or 1.
    Flag,
    /// Not 0.
    NonZero,
    /// A topic name: not empty, no wildcards.
    TopicName,
}

/// Set of scopes; bit 0 is the Will, bit n the packet type n.
type Scopes = u16;

const WILL: Scopes = 1;
const CONNECT: Scopes = scope(PacketType::Connect);
const CONNACK: Scopes = scope(PacketType::ConnAck);
const PUBLISH: Scopes = scope(PacketType::Publish);
const SUBSCRIBE: Scopes = scope(PacketType::Subscribe);
const DISCONNECT: Scopes = scope(PacketType::Disconnect);
const AUTH: Scopes = scope(PacketType::Auth);
/// Everything that answers: the acknowledgements, CONNACK, DISCONNECT and AUTH.
const ANSWERS: Scopes = CONNACK
    | scope(PacketType::PubAck)
    | scope(PacketType::PubRec)
    | scope(PacketType::PubRel)
    | scope(PacketType::PubComp)
    | scope(PacketType::SubAck)
    | scope(PacketType::UnsubAck)
    | DISCONNECT
    | AUTH;
const EVERYWHERE: Scopes = WILL | CONNECT | PUBLISH | SUBSCRIBE | scope(PacketType::Unsubscribe) | ANSWERS;

const fn scope(packet: PacketType) -> Scopes {
    1 << packet as u8
}

/// One row of Table 2-4.
#[derive(Clone, Copy)]
pub(super) struct Row {
    pub(super) kind: PropertyType,
    pub(super) range: Range,
    /// Statement or section of the range.
    pub(super) rule: Rule,
    allowed: Scopes,
    /// Where it may stand more than once.
    repeatable: Scopes,
}

impl Row {
    pub(super) const fn allowed_in(&self, scope: PropertyScope) -> bool {
        self.allowed & scope.bit() != 0
    }

    pub(super) const fn repeatable_in(&self, scope: PropertyScope) -> bool {
        self.repeatable & scope.bit() != 0
    }
}

macro_rules! properties {
    ($($(#[$doc:meta])* $name:ident = $value:literal, $kind:ident, $range:ident $rule:literal, $allowed:expr, $repeatable:expr;)*) => {
        /// Property identifiers, Table 2-4.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum PropertyId {
            $($(#[$doc])* $name = $value,)*
        }

        impl PropertyId {
            /// Every identifier, in ascending order.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The identifier with this value; `None` for values the standard does not define.
            #[must_use]
            pub const fn from_value(value: u32) -> Option<Self> {
                match value {
                    $($value => Some(Self::$name),)*
                    _ => None,
                }
            }

            pub(super) const fn row(self) -> &'static Row {
                match self {
                    $(Self::$name => &Row {
                        kind: PropertyType::$kind,
                        range: Range::$range,
                        rule: rule!($rule),
                        allowed: $allowed,
                        repeatable: $repeatable,
                    },)*
                }
            }
        }
    };
}

properties! {
    /// 0x01: 1 says that the payload is UTF-8. Section 3.3.2.3.2.
    PayloadFormatIndicator = 0x01, Byte, Flag "§3.3.2.3.2", PUBLISH | WILL, 0;
    /// 0x02: lifetime of a message in seconds. Section 3.3.2.3.3.
    MessageExpiryInterval = 0x02, U32, Any "", PUBLISH | WILL, 0;
    /// 0x03: what the payload is, such as a MIME type. Section 3.3.2.3.9.
    ContentType = 0x03, Str, Any "", PUBLISH | WILL, 0;
    /// 0x08: where an answer is expected. Section 3.3.2.3.5.
    ResponseTopic = 0x08, Str, TopicName "MQTT-3.3.2-14", PUBLISH | WILL, 0;
    /// 0x09: tells the requester which request is answered. Section 3.3.2.3.6.
    CorrelationData = 0x09, Bytes, Any "", PUBLISH | WILL, 0;
    /// 0x0B: which subscription a message is for. Sections 3.3.2.3.8 and 3.8.2.1.2.
    SubscriptionIdentifier = 0x0b, VarInt, NonZero "§3.3.2.3.8", PUBLISH | SUBSCRIBE, PUBLISH;
    /// 0x11: how long the session outlives the connection, in seconds. Section 3.1.2.11.2.
    SessionExpiryInterval = 0x11, U32, Any "", CONNECT | CONNACK | DISCONNECT, 0;
    /// 0x12: the client identifier the server chose. Section 3.2.2.3.7.
    AssignedClientIdentifier = 0x12, Str, Any "", CONNACK, 0;
    /// 0x13: replaces the client's keep alive, in seconds. Section 3.2.2.3.14.
    ServerKeepAlive = 0x13, U16, Any "", CONNACK, 0;
    /// 0x15: name of the enhanced authentication method. Section 3.1.2.11.9.
    AuthenticationMethod = 0x15, Str, Any "", CONNECT | CONNACK | AUTH, 0;
    /// 0x16: data of the enhanced authentication. Section 3.1.2.11.10.
    AuthenticationData = 0x16, Bytes, Any "", CONNECT | CONNACK | AUTH, 0;
    /// 0x17: 0 asks the server to leave out Reason String and User Property. Section 3.1.2.11.7.
    RequestProblemInformation = 0x17, Byte, Flag "§3.1.2.11.7", CONNECT, 0;
    /// 0x18: how long the Will waits, in seconds. Section 3.1.3.2.2.
    WillDelayInterval = 0x18, U32, Any "", WILL, 0;
    /// 0x19: 1 asks for Response Information. Section 3.1.2.11.6.
    RequestResponseInformation = 0x19, Byte, Flag "§3.1.2.11.6", CONNECT, 0;
    /// 0x1A: base of response topics. Section 3.2.2.3.15.
    ResponseInformation = 0x1a, Str, Any "", CONNACK, 0;
    /// 0x1C: another server to use. Section 3.2.2.3.16.
    ServerReference = 0x1c, Str, Any "", CONNACK | DISCONNECT, 0;
    /// 0x1F: text for diagnostics. Section 3.2.2.3.9.
    ReasonString = 0x1f, Str, Any "", ANSWERS, 0;
    /// 0x21: how many QoS 1 and 2 messages may be unacknowledged. Sections 3.1.2.11.3 and 3.2.2.3.3.
    ReceiveMaximum = 0x21, U16, NonZero "§3.2.2.3.3", CONNECT | CONNACK, 0;
    /// 0x22: highest Topic Alias that is accepted. Sections 3.1.2.11.5 and 3.2.2.3.8.
    TopicAliasMaximum = 0x22, U16, Any "", CONNECT | CONNACK, 0;
    /// 0x23: stands for a topic name. Section 3.3.2.3.4.
    TopicAlias = 0x23, U16, NonZero "MQTT-3.3.2-8", PUBLISH, 0;
    /// 0x24: highest QoS the server takes, 0 or 1. Section 3.2.2.3.4.
    MaximumQoS = 0x24, Byte, Flag "§3.2.2.3.4", CONNACK, 0;
    /// 0x25: 0 says that the server has no retained messages. Section 3.2.2.3.5.
    RetainAvailable = 0x25, Byte, Flag "§3.2.2.3.5", CONNACK, 0;
    /// 0x26: name and value that mean what the application wants; repeatable, order counts. Section 3.3.2.3.7.
    UserProperty = 0x26, Pair, Any "", EVERYWHERE, EVERYWHERE;
    /// 0x27: largest packet that is accepted, in bytes. Sections 3.1.2.11.4 and 3.2.2.3.6.
    MaximumPacketSize = 0x27, U32, NonZero "§3.2.2.3.6", CONNECT | CONNACK, 0;
    /// 0x28: 0 says that filters must not have wildcards. Section 3.2.2.3.11.
    WildcardSubscriptionAvailable = 0x28, Byte, Flag "§3.2.2.3.11", CONNACK, 0;
    /// 0x29: 0 says that Subscription Identifiers are not supported. Section 3.2.2.3.12.
    SubscriptionIdentifierAvailable = 0x29, Byte, Flag "§3.2.2.3.12", CONNACK, 0;
    /// 0x2A: 0 says that shared subscriptions are not supported. Section 3.2.2.3.13.
    SharedSubscriptionAvailable = 0x2a, Byte, Flag "§3.2.2.3.13", CONNACK, 0;
}

impl PropertyId {
    /// The identifier on the wire.
    #[must_use]
    pub const fn value(self) -> u8 {
        self as u8
    }

    /// The type of its value.
    #[must_use]
    pub const fn kind(self) -> PropertyType {
        self.row().kind
    }

    /// Whether it may stand there.
    #[must_use]
    pub const fn allowed_in(self, scope: PropertyScope) -> bool {
        self.row().allowed_in(scope)
    }

    /// Whether it may stand there more than once.
    #[must_use]
    pub const fn repeatable_in(self, scope: PropertyScope) -> bool {
        self.row().repeatable_in(scope)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_sorted_and_complete() {
        assert!(PropertyId::ALL.is_sorted_by(|a, b| a < b));
        for id in PropertyId::ALL {
            assert_eq!(PropertyId::from_value(id.value().into()), Some(*id));
        }
        assert_eq!(PropertyId::ALL.len(), 27);
        assert_eq!((0..=u32::from(u8::MAX)).filter_map(PropertyId::from_value).count(), 27);
        assert_eq!(PropertyId::from_value(0x101), None);
    }

    #[test]
    fn only_user_properties_and_publish_subscription_identifiers_repeat() {
        let publish = PropertyScope::Packet(PacketType::Publish);
        let subscribe = PropertyScope::Packet(PacketType::Subscribe);
        for id in PropertyId::ALL {
            assert_eq!(id.repeatable_in(subscribe), *id == PropertyId::UserProperty);
            let expected = matches!(id, PropertyId::UserProperty | PropertyId::SubscriptionIdentifier);
            assert_eq!(id.repeatable_in(publish), expected);
        }
    }
}
