//! Any packet, and the way from bytes to one.

use super::cursor::{Reader, len_u32};
use super::{
    Ack, AckKind, Auth, ConnAck, Connect, Disconnect, EncodeError, PacketType, ProtocolVersion, Publish,
    Sender, SubAck, Subscribe, UnsubAck, Unsubscribe, Violation, header,
};
use crate::rule::{Rule, rule};

/// A control packet: section 2.1. Borrows from the bytes it was decoded from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packet<'a> {
    /// Connection request.
    Connect(Connect<'a>),
    /// Connect acknowledgment.
    ConnAck(ConnAck<'a>),
    /// Message.
    Publish(Publish<'a>),
    /// PUBACK, PUBREC, PUBREL or PUBCOMP.
    Ack(Ack<'a>),
    /// Subscribe request.
    Subscribe(Subscribe<'a>),
    /// Subscribe acknowledgment.
    SubAck(SubAck<'a>),
    /// Unsubscribe request.
    Unsubscribe(Unsubscribe<'a>),
    /// Unsubscribe acknowledgment.
    UnsubAck(UnsubAck<'a>),
    /// Ping request, section 3.12.
    PingReq,
    /// Ping response, section 3.13.
    PingResp,
    /// Last packet.
    Disconnect(Disconnect<'a>),
    /// Step of enhanced authentication.
    Auth(Auth<'a>),
}

impl Packet<'_> {
    /// The type of the packet.
    #[must_use]
    pub const fn packet_type(&self) -> PacketType {
        match self {
            Self::Connect(_) => PacketType::Connect,
            Self::ConnAck(_) => PacketType::ConnAck,
            Self::Publish(_) => PacketType::Publish,
            Self::Ack(ack) => ack.kind.packet_type(),
            Self::Subscribe(_) => PacketType::Subscribe,
            Self::SubAck(_) => PacketType::SubAck,
            Self::Unsubscribe(_) => PacketType::Unsubscribe,
            Self::UnsubAck(_) => PacketType::UnsubAck,
            Self::PingReq => PacketType::PingReq,
            Self::PingResp => PacketType::PingResp,
            Self::Disconnect(_) => PacketType::Disconnect,
            Self::Auth(_) => PacketType::Auth,
        }
    }

    /// Appends the whole packet to `out`. In 3.1.1 what only 5.0 has is not written.
    ///
    /// # Errors
    /// [`EncodeError`] when the packet cannot be represented; `out` is unchanged then.
    pub fn encode(&self, version: ProtocolVersion, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        match self {
            Self::Connect(packet) => packet.encode(version, out),
            Self::ConnAck(packet) => packet.encode(version, out),
            Self::Publish(packet) => packet.encode(version, out),
            Self::Ack(packet) => packet.encode(version, out),
            Self::Subscribe(packet) => packet.encode(version, out),
            Self::SubAck(packet) => packet.encode(version, out),
            Self::Unsubscribe(packet) => packet.encode(version, out),
            Self::UnsubAck(packet) => packet.encode(version, out),
            Self::PingReq | Self::PingResp => {
                out.extend_from_slice(&[self.packet_type().first_byte(), 0]);
                Ok(())
            }
            Self::Disconnect(packet) => packet.encode(version, out),
            Self::Auth(packet) => packet.encode(version, out),
        }
    }

    /// Length of the whole packet in bytes, as Maximum Packet Size counts it (section 3.1.2.11.4).
    ///
    /// # Errors
    /// [`EncodeError`] when the packet cannot be represented.
    pub fn encoded_len(&self, version: ProtocolVersion) -> Result<u32, EncodeError> {
        match self {
            Self::Connect(packet) => packet.encoded_len(version),
            Self::ConnAck(packet) => packet.encoded_len(version),
            Self::Publish(packet) => packet.encoded_len(version),
            Self::Ack(packet) => packet.encoded_len(version),
            Self::Subscribe(packet) => packet.encoded_len(version),
            Self::SubAck(packet) => packet.encoded_len(version),
            Self::Unsubscribe(packet) => packet.encoded_len(version),
            Self::UnsubAck(packet) => packet.encoded_len(version),
            Self::PingReq | Self::PingResp => Ok(2),
            Self::Disconnect(packet) => packet.encoded_len(version),
            Self::Auth(packet) => packet.encoded_len(version),
        }
    }
}

/// Decodes one whole packet, fixed header included, as a client receives it.
///
/// Checks everything that a packet says about itself: flags, lengths, encodings, ranges, reason codes, the direction.
/// What depends on earlier packets is not known here.
///
/// # Errors
/// The first [`Violation`]. Also when `packet` has fewer or more bytes than its Remaining Length says.
pub fn decode_from_server(version: ProtocolVersion, packet: &[u8]) -> Result<Packet<'_>, Violation> {
    let (kind, first_byte, reader) = open(Sender::Server, version, packet)?;
    Ok(match kind {
        PacketType::ConnAck => Packet::ConnAck(ConnAck::decode(version, reader)?),
        PacketType::SubAck => Packet::SubAck(SubAck::decode(version, reader)?),
        PacketType::UnsubAck => Packet::UnsubAck(UnsubAck::decode(version, reader)?),
        PacketType::PingResp => {
            reader.finish()?;
            Packet::PingResp
        }
        PacketType::Connect | PacketType::Subscribe | PacketType::Unsubscribe | PacketType::PingReq => {
            return Err(wrong_direction());
        }
        PacketType::Publish
        | PacketType::PubAck
        | PacketType::PubRec
        | PacketType::PubRel
        | PacketType::PubComp
        | PacketType::Disconnect
        | PacketType::Auth => from_either(Sender::Server, version, kind, first_byte, reader)?,
    })
}

/// Decodes one whole packet, fixed header included, as a server receives it. For tests and inspectors.
///
/// # Errors
/// The first [`Violation`]. Also when `packet` has fewer or more bytes than its Remaining Length says.
pub fn decode_from_client(version: ProtocolVersion, packet: &[u8]) -> Result<Packet<'_>, Violation> {
    let (kind, first_byte, reader) = open(Sender::Client, version, packet)?;
    Ok(match kind {
        PacketType::Connect => Packet::Connect(Connect::decode(version, reader)?),
        PacketType::Subscribe => Packet::Subscribe(Subscribe::decode(version, reader)?),
        PacketType::Unsubscribe => Packet::Unsubscribe(Unsubscribe::decode(version, reader)?),
        PacketType::PingReq => {
            reader.finish()?;
            Packet::PingReq
        }
        PacketType::ConnAck | PacketType::SubAck | PacketType::UnsubAck | PacketType::PingResp => {
            return Err(wrong_direction());
        }
        PacketType::Publish
        | PacketType::PubAck
        | PacketType::PubRec
        | PacketType::PubRel
        | PacketType::PubComp
        | PacketType::Disconnect
        | PacketType::Auth => from_either(Sender::Client, version, kind, first_byte, reader)?,
    })
}

/// Checks the fixed header and that the packet is as long as it says.
fn open(
    sender: Sender,
    version: ProtocolVersion,
    packet: &[u8],
) -> Result<(PacketType, u8, Reader<'_>), Violation> {
    let cut_off = Violation::malformed(rule!("§2.1.4"), 0);
    let header = header::read(sender, version, packet)?.ok_or(cut_off)?;
    let body = packet.get(header.len..).ok_or(cut_off)?;
    if u32::try_from(body.len()) != Ok(header.remaining) {
        return Err(cut_off);
    }
    let kind = header.packet;
    Ok((kind, header.first_byte, Reader::new(body, len_u32(header.len), section(kind))))
}

/// The packets that both sides send.
fn from_either(
    sender: Sender,
    version: ProtocolVersion,
    kind: PacketType,
    first_byte: u8,
    reader: Reader<'_>,
) -> Result<Packet<'_>, Violation> {
    let ack = match kind {
        PacketType::Publish => {
            return Publish::decode(version, sender, first_byte, reader).map(Packet::Publish);
        }
        PacketType::Disconnect => return Disconnect::decode(version, sender, reader).map(Packet::Disconnect),
        PacketType::Auth => return Auth::decode(version, sender, reader).map(Packet::Auth),
        PacketType::PubAck => AckKind::PubAck,
        PacketType::PubRec => AckKind::PubRec,
        PacketType::PubRel => AckKind::PubRel,
        PacketType::PubComp => AckKind::PubComp,
        PacketType::Connect
        | PacketType::ConnAck
        | PacketType::Subscribe
        | PacketType::SubAck
        | PacketType::Unsubscribe
        | PacketType::UnsubAck
        | PacketType::PingReq
        | PacketType::PingResp => return Err(wrong_direction()),
    };
    Ack::decode(version, ack, reader).map(Packet::Ack)
}

const fn wrong_direction() -> Violation {
    Violation::protocol_error(rule!("§2.1.2"), 0)
}

/// The section that describes what follows the fixed header.
const fn section(packet: PacketType) -> Rule {
    match packet {
        PacketType::Connect => rule!("§3.1"),
        PacketType::ConnAck => rule!("§3.2"),
        PacketType::Publish => rule!("§3.3"),
        PacketType::PubAck => rule!("§3.4"),
        PacketType::PubRec => rule!("§3.5"),
        PacketType::PubRel => rule!("§3.6"),
        PacketType::PubComp => rule!("§3.7"),
        PacketType::Subscribe => rule!("§3.8"),
        PacketType::SubAck => rule!("§3.9"),
        PacketType::Unsubscribe => rule!("§3.10"),
        PacketType::UnsubAck => rule!("§3.11"),
        PacketType::PingReq => rule!("§3.12"),
        PacketType::PingResp => rule!("§3.13"),
        PacketType::Disconnect => rule!("§3.14"),
        PacketType::Auth => rule!("§3.15"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_must_fit() {
        for packet in [&[][..], &[0xd0], &[0xd0, 0, 0], &[0xd0, 1], &[0x40, 3, 0, 1], &[0x40, 2, 0, 1, 0]] {
            let violation = decode_from_server(ProtocolVersion::V5, packet).expect_err("another length");
            assert_eq!(violation.statement, "§2.1.4");
        }
        let violation = decode_from_server(ProtocolVersion::V5, &[0xd0, 1, 0]).expect_err("a body");
        assert_eq!(violation, Violation::malformed("§3.13", 2));
    }

    #[test]
    fn pings() {
        for (packet, bytes) in [(Packet::PingReq, [0xc0, 0]), (Packet::PingResp, [0xd0, 0])] {
            let mut out = Vec::new();
            assert_eq!(packet.encode(ProtocolVersion::V5, &mut out), Ok(()));
            assert_eq!((out, packet.encoded_len(ProtocolVersion::V5)), (bytes.to_vec(), Ok(2)));
        }
    }
}
