//! Fixed header: section 2.1.

use super::{ProtocolVersion, Violation, varint};
use crate::rule::{Rule, rule};

/// Packet types with their numbers on the wire, Table 2-1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum PacketType {
    /// Connection request, section 3.1.
    Connect = 1,
    /// Connect acknowledgment, section 3.2.
    ConnAck = 2,
    /// Message, section 3.3.
    Publish = 3,
    /// Publish acknowledgment (QoS 1), section 3.4.
    PubAck = 4,
    /// Publish received (QoS 2, first answer), section 3.5.
    PubRec = 5,
    /// Publish release (QoS 2), section 3.6.
    PubRel = 6,
    /// Publish complete (QoS 2, last answer), section 3.7.
    PubComp = 7,
    /// Subscribe request, section 3.8.
    Subscribe = 8,
    /// Subscribe acknowledgment, section 3.9.
    SubAck = 9,
    /// Unsubscribe request, section 3.10.
    Unsubscribe = 10,
    /// Unsubscribe acknowledgment, section 3.11.
    UnsubAck = 11,
    /// Ping request, section 3.12.
    PingReq = 12,
    /// Ping response, section 3.13.
    PingResp = 13,
    /// Last packet, section 3.14.
    Disconnect = 14,
    /// Authentication exchange, section 3.15; 5.0 only.
    Auth = 15,
}

impl PacketType {
    /// The type in the high half of the first byte; `None` for the reserved 0.
    #[must_use]
    pub const fn from_first_byte(byte: u8) -> Option<Self> {
        Some(match byte >> 4 {
            1 => Self::Connect,
            2 => Self::ConnAck,
            3 => Self::Publish,
            4 => Self::PubAck,
            5 => Self::PubRec,
            6 => Self::PubRel,
            7 => Self::PubComp,
            8 => Self::Subscribe,
            9 => Self::SubAck,
            10 => Self::Unsubscribe,
            11 => Self::UnsubAck,
            12 => Self::PingReq,
            13 => Self::PingResp,
            14 => Self::Disconnect,
            15 => Self::Auth,
            _ => return None,
        })
    }

    /// The first byte of a packet of this type without flags of its own: type and reserved flags, Table 2-2.
    #[must_use]
    pub const fn first_byte(self) -> u8 {
        (self as u8) << 4 | self.reserved_flags()
    }

    const fn reserved_flags(self) -> u8 {
        match self {
            Self::PubRel | Self::Subscribe | Self::Unsubscribe => 0b0010,
            Self::Connect
            | Self::ConnAck
            | Self::Publish
            | Self::PubAck
            | Self::PubRec
            | Self::PubComp
            | Self::SubAck
            | Self::UnsubAck
            | Self::PingReq
            | Self::PingResp
            | Self::Disconnect
            | Self::Auth => 0,
        }
    }

    /// Whether this side sends such packets at all, Table 2-1.
    const fn comes_from(self, sender: Sender, version: ProtocolVersion) -> bool {
        match self {
            Self::Connect | Self::Subscribe | Self::Unsubscribe | Self::PingReq => {
                matches!(sender, Sender::Client)
            }
            Self::ConnAck | Self::SubAck | Self::UnsubAck | Self::PingResp => {
                matches!(sender, Sender::Server)
            }
            Self::Publish | Self::PubAck | Self::PubRec | Self::PubRel | Self::PubComp => true,
            Self::Disconnect => matches!(sender, Sender::Client) || matches!(version, ProtocolVersion::V5),
            Self::Auth => matches!(version, ProtocolVersion::V5),
        }
    }

    /// The statement about the reserved flags of this packet.
    const fn flags_statement(self) -> Rule {
        match self {
            Self::PubRel => rule!("MQTT-3.6.1-1"),
            Self::Subscribe => rule!("MQTT-3.8.1-1"),
            Self::Unsubscribe => rule!("MQTT-3.10.1-1"),
            Self::Disconnect => rule!("MQTT-3.14.1-1"),
            Self::Auth => rule!("MQTT-3.15.1-1"),
            Self::Connect
            | Self::ConnAck
            | Self::Publish
            | Self::PubAck
            | Self::PubRec
            | Self::PubComp
            | Self::SubAck
            | Self::UnsubAck
            | Self::PingReq
            | Self::PingResp => rule!("MQTT-2.1.3-1"),
        }
    }
}

/// Who sends the packets that are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sender {
    /// They are read by a client.
    Server,
    /// They are read by a server, a test or an inspector.
    Client,
}

/// A fixed header that is complete and legal.
#[derive(Clone, Copy)]
pub(super) struct Header {
    pub(super) packet: PacketType,
    pub(super) first_byte: u8,
    /// Length of the fixed header itself: 2 to 5 bytes.
    pub(super) len: usize,
    pub(super) remaining: u32,
}

/// Reads the fixed header at the start of `bytes`; `None` while bytes are missing. What the bytes so far forbid is
/// reported at once.
pub(super) fn read(
    sender: Sender,
    version: ProtocolVersion,
    bytes: &[u8],
) -> Result<Option<Header>, Violation> {
    let Some((&first_byte, rest)) = bytes.split_first() else {
        return Ok(None);
    };
    let packet = check_first_byte(sender, version, first_byte)?;
    let Some((remaining, len)) =
        varint::decode(rest).map_err(|_| Violation::malformed(rule!("§2.1.4"), 1))?
    else {
        return Ok(None);
    };
    // 3.1.1 has no rule against longer forms.
    if version == ProtocolVersion::V5 && len != varint::encoded_len(remaining) {
        return Err(Violation::malformed(rule!("MQTT-1.5.5-1"), 1));
    }
    Ok(Some(Header { packet, first_byte, len: len + 1, remaining }))
}

fn check_first_byte(sender: Sender, version: ProtocolVersion, byte: u8) -> Result<PacketType, Violation> {
    let packet = PacketType::from_first_byte(byte).ok_or(Violation::malformed(rule!("§2.1.2"), 0))?;
    if !packet.comes_from(sender, version) {
        // In 3.1.1 type 15 is as reserved as type 0.
        return Err(if packet == PacketType::Auth {
            Violation::malformed(rule!("3.1.1 §2.2.1"), 0)
        } else {
            Violation::protocol_error(rule!("§2.1.2"), 0)
        });
    }
    if packet != PacketType::Publish && byte != packet.first_byte() {
        return Err(Violation::malformed(packet.flags_statement(), 0));
    }
    Ok(packet)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// First bytes that this side may send.
    fn legal(sender: Sender, version: ProtocolVersion) -> Vec<u8> {
        (0..=u8::MAX).filter(|byte| check_first_byte(sender, version, *byte).is_ok()).collect()
    }

    #[test]
    fn first_bytes() {
        let publish = 0x30..=0x3f;
        let with = |others: &[u8]| {
            let mut bytes: Vec<u8> = publish.clone().chain(others.iter().copied()).collect();
            bytes.sort_unstable();
            bytes
        };
        let (v3, v5) = (ProtocolVersion::V311, ProtocolVersion::V5);
        assert_eq!(legal(Sender::Server, v3), with(&[0x20, 0x40, 0x50, 0x62, 0x70, 0x90, 0xb0, 0xd0]));
        assert_eq!(
            legal(Sender::Server, v5),
            with(&[0x20, 0x40, 0x50, 0x62, 0x70, 0x90, 0xb0, 0xd0, 0xe0, 0xf0])
        );
        assert_eq!(legal(Sender::Client, v3), with(&[0x10, 0x40, 0x50, 0x62, 0x70, 0x82, 0xa2, 0xc0, 0xe0]));
        assert_eq!(
            legal(Sender::Client, v5),
            with(&[0x10, 0x40, 0x50, 0x62, 0x70, 0x82, 0xa2, 0xc0, 0xe0, 0xf0])
        );
    }

    #[test]
    fn statement_of_the_packet() {
        let statement =
            |byte| check_first_byte(Sender::Server, ProtocolVersion::V5, byte).map_err(|v| v.statement);
        assert_eq!(statement(0x60), Err("MQTT-3.6.1-1"));
        assert_eq!(statement(0xe1), Err("MQTT-3.14.1-1"));
        assert_eq!(statement(0xf1), Err("MQTT-3.15.1-1"));
        assert_eq!(statement(0x21), Err("MQTT-2.1.3-1"));
    }

    #[test]
    fn longer_lengths_than_necessary() {
        let read =
            |version| read(Sender::Server, version, &[0x30, 0x85, 0x00]).map(|header| header.map(|h| h.len));
        assert_eq!(read(ProtocolVersion::V311), Ok(Some(3)));
        assert_eq!(read(ProtocolVersion::V5), Err(Violation::malformed("MQTT-1.5.5-1", 1)));
    }
}
