//! What of a packet may be shown: all but payloads, credentials, authentication data and correlation data.

use super::cursor::Reader;
use super::{PacketType, Properties, ProtocolVersion, Value, varint};
use crate::rule::rule;

/// Appends to `out` the start of the packet that `bytes` begin with, byte for byte as it is, except:
///
/// - It ends before the payload of a PUBLISH, and before Will, user name and password of a CONNECT.
/// - Authentication Data and Correlation Data, and in CONNECT and AUTH, in which credentials travel, the values of User
///   Properties, become zeros of the same length.
/// - It ends where the packet cannot be understood any more: nothing is shown that was not recognised.
///
/// Takes packets of either side; more bytes may follow, or some be missing. Returns the length of the whole packet,
/// fixed header included; 0 when the fixed header does not say.
pub fn redact(version: ProtocolVersion, bytes: &[u8], out: &mut Vec<u8>) -> usize {
    let Some((first_byte, rest)) = bytes.split_first() else { return 0 };
    out.push(*first_byte);
    let Ok(Some((remaining, digits))) = varint::decode(rest) else { return 0 };
    let size = usize::try_from(remaining).unwrap_or(usize::MAX).saturating_add(digits + 1);
    let rest = rest.get(..size - 1).unwrap_or(rest);
    let mut copy = Copy { reader: Reader::new(rest, 0, rule!("")), out };
    copy.show(digits);
    // An early end is no error here.
    let _recognised = copy.body(version, *first_byte);
    size
}

/// Copies field by field; `None` ends it.
struct Copy<'a, 'o> {
    reader: Reader<'a>,
    out: &'o mut Vec<u8>,
}

impl Copy<'_, '_> {
    /// Every packet has at most: a string, bytes of a fixed number, properties, and something behind them.
    fn body(&mut self, version: ProtocolVersion, first_byte: u8) -> Option<()> {
        let packet = PacketType::from_first_byte(first_byte)?;
        let fixed = match packet {
            PacketType::Connect => 4,
            PacketType::Publish if first_byte & 0b110 == 0 => 0,
            PacketType::PubAck | PacketType::PubRec | PacketType::PubRel | PacketType::PubComp => 3,
            PacketType::Disconnect | PacketType::Auth => 1,
            PacketType::PingReq | PacketType::PingResp => return None,
            PacketType::Publish
            | PacketType::ConnAck
            | PacketType::Subscribe
            | PacketType::SubAck
            | PacketType::Unsubscribe
            | PacketType::UnsubAck => 2,
        };
        if matches!(packet, PacketType::Connect | PacketType::Publish) {
            self.string()?;
        }
        // Acknowledgements leave out what is a success.
        self.show(fixed.min(self.reader.peek().len()))?;
        if version == ProtocolVersion::V5 {
            self.properties(matches!(packet, PacketType::Connect | PacketType::Auth))?;
        }
        if packet == PacketType::Connect {
            self.string()?;
        } else if (PacketType::Subscribe..=PacketType::UnsubAck).contains(&packet) {
            // Filters, or a reason code for each of them.
            self.show(self.reader.peek().len())?;
        }
        Some(())
    }

    fn show(&mut self, len: usize) -> Option<()> {
        self.out.extend_from_slice(self.reader.take(len).ok()?);
        Some(())
    }

    fn string(&mut self) -> Option<()> {
        let len = u16::from_be_bytes(*self.reader.peek().first_chunk()?);
        self.show(usize::from(len) + 2)
    }

    /// Property Length and properties. What has to be hidden stands at the end of a property.
    fn properties(&mut self, hide_pairs: bool) -> Option<()> {
        let (len, digits) = varint::decode(self.reader.peek()).ok()??;
        self.show(digits)?;
        let block = self.reader.peek().get(..usize::try_from(len).ok()?)?;
        let mut left = block.len();
        // Not validated: the first property that makes no sense ends the list.
        let mut properties = Properties::from_validated(block).iter();
        while let Some((_, value, encoded)) = properties.next_encoded() {
            left -= encoded.len();
            self.show(encoded.len())?;
            let secret = match value {
                Value::Bytes(bytes) => bytes.len(),
                Value::Pair(_, text) if hide_pairs => text.len(),
                Value::Byte(_)
                | Value::U16(_)
                | Value::U32(_)
                | Value::VarInt(_)
                | Value::Str(_)
                | Value::Pair(..) => 0,
            };
            let public = self.out.len().saturating_sub(secret);
            self.out.get_mut(public..)?.fill(0);
        }
        (left == 0).then_some(())
    }
}
