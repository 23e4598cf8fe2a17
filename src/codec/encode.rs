//! From a packet to bytes: measure first, then write, so that a packet that cannot be written leaves no trace.

use super::cursor::{Writer, len_u32, property_length};
use super::{EncodeError, ProtocolVersion, varint};

/// A packet without its fixed header.
pub(super) trait Body {
    /// Packet type and flags.
    fn first_byte(&self) -> u8;

    /// Everything behind the fixed header. Fails, if at all, already while it is measured.
    fn write(&self, version: ProtocolVersion, writer: &mut Writer<'_>) -> Result<(), EncodeError>;
}

/// Remaining Length of a packet whose payload of `payload_len` bytes is not part of `body`.
pub(super) fn remaining_length(
    body: &dyn Body,
    version: ProtocolVersion,
    payload_len: u32,
) -> Result<u32, EncodeError> {
    let mut writer = Writer::measure();
    body.write(version, &mut writer)?;
    let payload_len = usize::try_from(payload_len).unwrap_or(usize::MAX);
    property_length(writer.len().saturating_add(payload_len))
}

/// Length of a whole packet with this Remaining Length.
pub(super) fn packet_len(remaining: u32) -> u32 {
    remaining.saturating_add(1).saturating_add(len_u32(varint::encoded_len(remaining)))
}

/// Appends a packet up to its payload of `payload_len` bytes.
pub(super) fn encode(
    body: &dyn Body,
    version: ProtocolVersion,
    payload_len: u32,
    out: &mut Vec<u8>,
) -> Result<(), EncodeError> {
    let remaining = remaining_length(body, version, payload_len)?;
    out.push(body.first_byte());
    varint::write(remaining, out);
    body.write(version, &mut Writer::append(out))
}

/// Gives a packet its public `encode` and `encoded_len`.
macro_rules! packet_encoding {
    ($packet:ty) => {
        impl $packet {
            /// Appends the whole packet to `out`. In 3.1.1 what only 5.0 has is not written.
            ///
            /// # Errors
            /// [`EncodeError`] when the packet cannot be represented; `out` is unchanged then.
            pub fn encode(
                &self,
                version: crate::codec::ProtocolVersion,
                out: &mut Vec<u8>,
            ) -> Result<(), crate::codec::EncodeError> {
                crate::codec::encode::encode(self, version, 0, out)
            }

            /// Length of the whole packet in bytes, as Maximum Packet Size counts it (section 3.1.2.11.4).
            ///
            /// # Errors
            /// [`EncodeError`] when the packet cannot be represented.
            pub fn encoded_len(
                &self,
                version: crate::codec::ProtocolVersion,
            ) -> Result<u32, crate::codec::EncodeError> {
                let remaining = crate::codec::encode::remaining_length(self, version, 0)?;
                Ok(crate::codec::encode::packet_len(remaining))
            }
        }
    };
}
pub(super) use packet_encoding;
