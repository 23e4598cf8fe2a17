//! Reason codes: section 2.4 and the table of each packet.

use super::{PacketType, Sender};

/// One reason code of MQTT 5.0, Table 2-6. Values that the standard does not define can be represented too.
///
/// Answers of 3.1.1 are mapped to it, so that the rest of the client knows one vocabulary.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReasonCode(u8);

/// Packets of a row in [`TABLE`], one bit for each packet type.
type Packets = u16;

const CONNACK: Packets = bit(PacketType::ConnAck);
const PUBACK: Packets = bit(PacketType::PubAck) | bit(PacketType::PubRec);
const PUBREL: Packets = bit(PacketType::PubRel) | bit(PacketType::PubComp);
const SUBACK: Packets = bit(PacketType::SubAck);
const UNSUBACK: Packets = bit(PacketType::UnsubAck);
const DISCONNECT: Packets = bit(PacketType::Disconnect);
const AUTH: Packets = bit(PacketType::Auth);
const NONE: Packets = 0;

const fn bit(packet: PacketType) -> Packets {
    1 << packet as u8
}

/// Table 2-6 merged with the tables of each packet: the constant, its value, name, the packets of a server that may
/// carry it and those of a client.
macro_rules! reason_codes {
    ($($(#[$doc:meta])* $constant:ident = $value:literal $name:literal, $server:expr, $client:expr;)*) => {
        impl ReasonCode {
            $($(#[$doc])* pub const $constant: Self = Self($value);)*

            /// Stable kebab-case name, such as `not-authorized`; `unknown` for a value the standard does not define.
            #[must_use]
            pub const fn name(self) -> &'static str {
                // Not a column of the table: the names stay out of a module that does not print them.
                match self.0 {
                    $($value => $name,)*
                    _ => "unknown",
                }
            }
        }

        /// Sorted by value.
        static TABLE: &[Row] = &[$(Row { value: $value, server: $server, client: $client },)*];
    };
}

struct Row {
    value: u8,
    server: Packets,
    client: Packets,
}

reason_codes! {
    /// 0x00: success; also Normal disconnection and Granted QoS 0.
    SUCCESS = 0x00 "success", CONNACK | PUBACK | PUBREL | SUBACK | UNSUBACK | DISCONNECT | AUTH,
        PUBACK | PUBREL | DISCONNECT;
    /// 0x01: subscribed with QoS 1.
    GRANTED_QOS_1 = 0x01 "granted-qos-1", SUBACK, NONE;
    /// 0x02: subscribed with QoS 2.
    GRANTED_QOS_2 = 0x02 "granted-qos-2", SUBACK, NONE;
    /// 0x04: the client leaves and wants its Will published.
    DISCONNECT_WITH_WILL_MESSAGE = 0x04 "disconnect-with-will-message", NONE, DISCONNECT;
    /// 0x10: accepted, but nobody is subscribed. A success, and a server's code (3.4.2.1).
    NO_MATCHING_SUBSCRIBERS = 0x10 "no-matching-subscribers", PUBACK, NONE;
    /// 0x11: nothing to unsubscribe from. A success.
    NO_SUBSCRIPTION_EXISTED = 0x11 "no-subscription-existed", UNSUBACK, NONE;
    /// 0x18: another step of enhanced authentication.
    CONTINUE_AUTHENTICATION = 0x18 "continue-authentication", AUTH, AUTH;
    /// 0x19: the client starts a re-authentication.
    RE_AUTHENTICATE = 0x19 "re-authenticate", NONE, AUTH;
    /// 0x80: no reason given.
    UNSPECIFIED_ERROR = 0x80 "unspecified-error", CONNACK | PUBACK | SUBACK | UNSUBACK | DISCONNECT, PUBACK | DISCONNECT;
    /// 0x81: bytes that cannot be parsed.
    MALFORMED_PACKET = 0x81 "malformed-packet", CONNACK | DISCONNECT, DISCONNECT;
    /// 0x82: something the protocol does not allow at this point.
    PROTOCOL_ERROR = 0x82 "protocol-error", CONNACK | DISCONNECT, DISCONNECT;
    /// 0x83: valid, but not accepted by this implementation.
    IMPLEMENTATION_SPECIFIC_ERROR = 0x83 "implementation-specific-error", CONNACK | PUBACK | SUBACK | UNSUBACK | DISCONNECT, PUBACK | DISCONNECT;
    /// 0x84: the server does not speak this protocol version.
    UNSUPPORTED_PROTOCOL_VERSION = 0x84 "unsupported-protocol-version", CONNACK, NONE;
    /// 0x85: the client identifier is well-formed but not allowed.
    CLIENT_IDENTIFIER_NOT_VALID = 0x85 "client-identifier-not-valid", CONNACK, NONE;
    /// 0x86: user name or password are not accepted.
    BAD_USER_NAME_OR_PASSWORD = 0x86 "bad-user-name-or-password", CONNACK, NONE;
    /// 0x87: not allowed.
    NOT_AUTHORIZED = 0x87 "not-authorized", CONNACK | PUBACK | SUBACK | UNSUBACK | DISCONNECT, PUBACK;
    /// 0x88: the server is not available.
    SERVER_UNAVAILABLE = 0x88 "server-unavailable", CONNACK, NONE;
    /// 0x89: the server is busy, try later.
    SERVER_BUSY = 0x89 "server-busy", CONNACK | DISCONNECT, NONE;
    /// 0x8A: this client has been banned by an administrator.
    BANNED = 0x8A "banned", CONNACK, NONE;
    /// 0x8B: the server is shutting down.
    SERVER_SHUTTING_DOWN = 0x8B "server-shutting-down", DISCONNECT, NONE;
    /// 0x8C: the authentication method is not supported or not the current one. In Table 2-6 for DISCONNECT, though
    /// missing from Table 3-10.
    BAD_AUTHENTICATION_METHOD = 0x8C "bad-authentication-method", CONNACK | DISCONNECT, NONE;
    /// 0x8D: nothing heard for one and a half times the keep alive.
    KEEP_ALIVE_TIMEOUT = 0x8D "keep-alive-timeout", DISCONNECT, NONE;
    /// 0x8E: another connection uses the same client identifier.
    SESSION_TAKEN_OVER = 0x8E "session-taken-over", DISCONNECT, NONE;
    /// 0x8F: the topic filter is well-formed but not accepted.
    TOPIC_FILTER_INVALID = 0x8F "topic-filter-invalid", SUBACK | UNSUBACK | DISCONNECT, NONE;
    /// 0x90: the topic name is well-formed but not accepted.
    TOPIC_NAME_INVALID = 0x90 "topic-name-invalid", CONNACK | PUBACK | DISCONNECT, PUBACK | DISCONNECT;
    /// 0x91: the packet identifier is already in use.
    PACKET_IDENTIFIER_IN_USE = 0x91 "packet-identifier-in-use", PUBACK | SUBACK | UNSUBACK, PUBACK;
    /// 0x92: the packet identifier is not known. Not an error during recovery.
    PACKET_IDENTIFIER_NOT_FOUND = 0x92 "packet-identifier-not-found", PUBREL, PUBREL;
    /// 0x93: more unacknowledged QoS 1 and 2 messages than Receive Maximum.
    RECEIVE_MAXIMUM_EXCEEDED = 0x93 "receive-maximum-exceeded", DISCONNECT, DISCONNECT;
    /// 0x94: a Topic Alias of 0 or above the maximum.
    TOPIC_ALIAS_INVALID = 0x94 "topic-alias-invalid", DISCONNECT, DISCONNECT;
    /// 0x95: a packet above Maximum Packet Size.
    PACKET_TOO_LARGE = 0x95 "packet-too-large", CONNACK | DISCONNECT, DISCONNECT;
    /// 0x96: more messages than the receiver takes.
    MESSAGE_RATE_TOO_HIGH = 0x96 "message-rate-too-high", DISCONNECT, DISCONNECT;
    /// 0x97: an implementation or administrative limit.
    QUOTA_EXCEEDED = 0x97 "quota-exceeded", CONNACK | PUBACK | SUBACK | DISCONNECT, PUBACK | DISCONNECT;
    /// 0x98: closed by an administrator.
    ADMINISTRATIVE_ACTION = 0x98 "administrative-action", DISCONNECT, DISCONNECT;
    /// 0x99: the payload is not what Payload Format Indicator says.
    PAYLOAD_FORMAT_INVALID = 0x99 "payload-format-invalid", CONNACK | PUBACK | DISCONNECT, PUBACK | DISCONNECT;
    /// 0x9A: the server has no retained messages.
    RETAIN_NOT_SUPPORTED = 0x9A "retain-not-supported", CONNACK | DISCONNECT, NONE;
    /// 0x9B: above Maximum QoS. A server's code (Table 3-10): a client has no maximum to be exceeded.
    QOS_NOT_SUPPORTED = 0x9B "qos-not-supported", CONNACK | DISCONNECT, NONE;
    /// 0x9C: use another server for now.
    USE_ANOTHER_SERVER = 0x9C "use-another-server", CONNACK | DISCONNECT, NONE;
    /// 0x9D: use another server from now on.
    SERVER_MOVED = 0x9D "server-moved", CONNACK | DISCONNECT, NONE;
    /// 0x9E: the server has no shared subscriptions.
    SHARED_SUBSCRIPTIONS_NOT_SUPPORTED = 0x9E "shared-subscriptions-not-supported", SUBACK | DISCONNECT, NONE;
    /// 0x9F: connecting too often.
    CONNECTION_RATE_EXCEEDED = 0x9F "connection-rate-exceeded", CONNACK | DISCONNECT, NONE;
    /// 0xA0: connected for as long as is allowed.
    MAXIMUM_CONNECT_TIME = 0xA0 "maximum-connect-time", DISCONNECT, NONE;
    /// 0xA1: the server has no Subscription Identifiers.
    SUBSCRIPTION_IDENTIFIERS_NOT_SUPPORTED = 0xA1 "subscription-identifiers-not-supported", SUBACK | DISCONNECT, NONE;
    /// 0xA2: the server has no wildcard subscriptions.
    WILDCARD_SUBSCRIPTIONS_NOT_SUPPORTED = 0xA2 "wildcard-subscriptions-not-supported", SUBACK | DISCONNECT, NONE;
}

impl ReasonCode {
    /// Wraps any value, defined or not.
    #[must_use]
    pub const fn new(value: u8) -> Self {
        Self(value)
    }

    /// The reason that a return code of a 3.1.1 CONNACK means; `None` for the reserved codes 6 to 255.
    ///
    /// 3.1.1 section 3.2.2.3.
    #[must_use]
    pub const fn from_connack_v3(code: u8) -> Option<Self> {
        Some(match code {
            0 => Self::SUCCESS,
            1 => Self::UNSUPPORTED_PROTOCOL_VERSION,
            2 => Self::CLIENT_IDENTIFIER_NOT_VALID,
            3 => Self::SERVER_UNAVAILABLE,
            4 => Self::BAD_USER_NAME_OR_PASSWORD,
            5 => Self::NOT_AUTHORIZED,
            _ => return None,
        })
    }

    /// The return code that says this in a 3.1.1 CONNACK; `None` when it has none.
    #[must_use]
    pub(super) fn to_connack_v3(self) -> Option<u8> {
        (0..=5).find(|code| Self::from_connack_v3(*code) == Some(self))
    }

    /// The byte on the wire.
    #[must_use]
    pub const fn value(self) -> u8 {
        self.0
    }

    /// Whether this is a failure: 0x80 and above. Section 2.4.
    #[must_use]
    pub const fn is_error(self) -> bool {
        self.0 >= 0x80
    }

    /// Whether this code may stand in a packet of this type, whoever sends it.
    #[must_use]
    pub fn allowed_in(self, packet: PacketType) -> bool {
        self.row().is_some_and(|row| (row.server | row.client) & bit(packet) != 0)
    }

    /// Whether this side may send this code in a packet of this type.
    #[must_use]
    pub fn allowed_from(self, sender: Sender, packet: PacketType) -> bool {
        self.row().is_some_and(|row| {
            let packets = match sender {
                Sender::Server => row.server,
                Sender::Client => row.client,
            };
            packets & bit(packet) != 0
        })
    }

    fn row(self) -> Option<&'static Row> {
        let at = TABLE.binary_search_by_key(&self.0, |row| row.value).ok()?;
        TABLE.get(at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_is_sorted() {
        assert!(TABLE.is_sorted_by(|a, b| a.value < b.value));
        assert_eq!(TABLE.len(), 43);
    }

    #[test]
    fn names_are_kebab_case_and_unique() {
        let names: Vec<_> = TABLE.iter().map(|row| ReasonCode::new(row.value).name()).collect();
        for name in &names {
            assert!(name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-')), "{name}");
            assert_eq!(names.iter().filter(|other| *other == name).count(), 1);
        }
        assert_eq!(ReasonCode::new(0xff).name(), "unknown");
    }

    #[test]
    fn some_codes_belong_to_one_side() {
        let with_will = ReasonCode::DISCONNECT_WITH_WILL_MESSAGE;
        assert!(with_will.allowed_in(PacketType::Disconnect));
        assert!(with_will.allowed_from(Sender::Client, PacketType::Disconnect));
        assert!(!with_will.allowed_from(Sender::Server, PacketType::Disconnect));
        assert!(!ReasonCode::RE_AUTHENTICATE.allowed_from(Sender::Server, PacketType::Auth));
        assert!(ReasonCode::BAD_AUTHENTICATION_METHOD.allowed_from(Sender::Server, PacketType::Disconnect));
    }

    #[test]
    fn return_codes_of_3_1_1() {
        for code in 0..=u8::MAX {
            let reason = ReasonCode::from_connack_v3(code);
            assert_eq!(reason.is_some(), code <= 5);
            assert_eq!(reason.and_then(ReasonCode::to_connack_v3), reason.map(|_| code));
        }
        assert_eq!(ReasonCode::BANNED.to_connack_v3(), None);
    }
}
