//! Bounds-checked reading and writing of the field types of section 1.5.

use super::{
    EncodeError, PacketId, Properties, PropertyScope, ProtocolVersion, ReasonCode, Violation, varint,
};
use crate::rule::{Rule, rule};

/// Reads fields one after the other and knows where in the packet it is.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a> {
    rest: &'a [u8],
    offset: u32,
    /// Section that describes what is being read; named when the bytes end too early or too late.
    section: Rule,
}

impl<'a> Reader<'a> {
    /// Starts at the first byte of `bytes`, which is byte `offset` of the packet.
    pub(super) const fn new(bytes: &'a [u8], offset: u32, section: Rule) -> Self {
        Self { rest: bytes, offset, section }
    }

    pub(super) const fn offset(&self) -> u32 {
        self.offset
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// Bytes not read yet, without reading them.
    pub(super) const fn peek(&self) -> &'a [u8] {
        self.rest
    }

    pub(super) fn u8(&mut self) -> Result<u8, Violation> {
        let [value] = self.array()?;
        Ok(value)
    }

    pub(super) fn u16(&mut self) -> Result<u16, Violation> {
        self.array().map(u16::from_be_bytes)
    }

    pub(super) fn u32(&mut self) -> Result<u32, Violation> {
        self.array().map(u32::from_be_bytes)
    }

    /// Variable Byte Integer inside a packet of 5.0, which must be in its shortest form.
    pub(super) fn varint(&mut self) -> Result<u32, Violation> {
        let at = self.offset;
        let (value, len) = match varint::decode(self.rest) {
            Ok(Some(found)) => found,
            Ok(None) => return Err(self.malformed()),
            Err(varint::TooLong) => return Err(Violation::malformed(rule!("§1.5.5"), at)),
        };
        self.take(len)?;
        if len != varint::encoded_len(value) {
            return Err(Violation::malformed(rule!("MQTT-1.5.5-1"), at));
        }
        Ok(value)
    }

    /// Packet identifier; zero is the given statement's Protocol Error.
    pub(super) fn packet_id(&mut self, statement: Rule) -> Result<PacketId, Violation> {
        let at = self.offset;
        PacketId::new(self.u16()?).ok_or_else(|| Violation::protocol_error(statement, at))
    }

    /// Binary Data, section 1.5.6.
    pub(super) fn binary(&mut self) -> Result<&'a [u8], Violation> {
        let len = usize::from(self.u16()?);
        self.take(len)
    }

    /// UTF-8 Encoded String, section 1.5.4: strict UTF-8 without U+0000. Every other character is accepted, U+FEFF
    /// stays where it is (MQTT-1.5.4-3).
    pub(super) fn string(&mut self) -> Result<&'a str, Violation> {
        let bytes = self.binary()?;
        text(bytes, self.offset.saturating_sub(len_u32(bytes.len())))
    }

    /// Property Length and that many bytes of properties (section 2.2.2); nothing in 3.1.1.
    pub(super) fn properties(
        &mut self,
        version: ProtocolVersion,
        scope: PropertyScope,
    ) -> Result<Properties<'a>, Violation> {
        if version == ProtocolVersion::V311 {
            return Ok(Properties::EMPTY);
        }
        let len = self.varint()?;
        let at = self.offset;
        let bytes = self.take(usize::try_from(len).unwrap_or(usize::MAX))?;
        Properties::validate(bytes, scope, at)
    }

    /// Reason Code and properties at the end of a packet, each of which may be left out: sections 3.4.2, 3.14.2, 3.15.2.
    /// Nothing in 3.1.1.
    pub(super) fn reason_and_properties(
        &mut self,
        version: ProtocolVersion,
        scope: PropertyScope,
    ) -> Result<(ReasonCode, Properties<'a>), Violation> {
        let (mut reason, mut properties) = (ReasonCode::SUCCESS, Properties::EMPTY);
        if version == ProtocolVersion::V5 && !self.is_empty() {
            reason = ReasonCode::new(self.u8()?);
            if !self.is_empty() {
                properties = self.properties(version, scope)?;
            }
        }
        self.finish()?;
        Ok((reason, properties))
    }

    /// Everything that is left.
    pub(super) fn rest(&mut self) -> &'a [u8] {
        let bytes = core::mem::take(&mut self.rest);
        self.offset = self.offset.saturating_add(len_u32(bytes.len()));
        bytes
    }

    /// Checks that nothing is left.
    pub(super) const fn finish(&self) -> Result<(), Violation> {
        if self.rest.is_empty() { Ok(()) } else { Err(self.malformed()) }
    }

    /// What is being read does not have the length it should have.
    pub(super) const fn malformed(&self) -> Violation {
        Violation::malformed(self.section, self.offset)
    }

    pub(super) fn take(&mut self, len: usize) -> Result<&'a [u8], Violation> {
        let (bytes, rest) = self.rest.split_at_checked(len).ok_or_else(|| self.malformed())?;
        self.rest = rest;
        self.offset = self.offset.saturating_add(len_u32(len));
        Ok(bytes)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Violation> {
        let (bytes, rest) = self.rest.split_first_chunk().ok_or_else(|| self.malformed())?;
        self.rest = rest;
        self.offset = self.offset.saturating_add(len_u32(N));
        Ok(*bytes)
    }
}

/// [`Reader::string`] for bytes of which the first one is byte `start` of the packet.
pub(super) fn text(bytes: &[u8], start: u32) -> Result<&str, Violation> {
    let text = core::str::from_utf8(bytes).map_err(|error| {
        Violation::malformed(rule!("MQTT-1.5.4-1"), start.saturating_add(len_u32(error.valid_up_to())))
    })?;
    // Every byte in turn is less than calls for a few at once: strings are short.
    if bytes.iter().fold(false, |any, byte| any | (*byte == 0)) {
        let at = text.find('\0').unwrap_or_default();
        return Err(Violation::malformed(rule!("MQTT-1.5.4-2"), start.saturating_add(len_u32(at))));
    }
    Ok(text)
}

/// Appends fields, or only counts and checks them: one description of a packet serves for its length and its bytes.
pub(super) struct Writer<'a> {
    out: Option<&'a mut Vec<u8>>,
    len: usize,
}

impl<'a> Writer<'a> {
    /// Counts and checks, writes nothing.
    pub(super) const fn measure() -> Self {
        Self { out: None, len: 0 }
    }

    /// Appends to `out`.
    pub(super) const fn append(out: &'a mut Vec<u8>) -> Self {
        Self { out: Some(out), len: 0 }
    }

    /// Bytes written or counted so far.
    pub(super) const fn len(&self) -> usize {
        self.len
    }

    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        self.len = self.len.saturating_add(bytes.len());
        if let Some(out) = &mut self.out {
            out.extend_from_slice(bytes);
        }
    }

    pub(super) fn u8(&mut self, value: u8) {
        self.bytes(&[value]);
    }

    pub(super) fn u16(&mut self, value: u16) {
        self.bytes(&value.to_be_bytes());
    }

    pub(super) fn u32(&mut self, value: u32) {
        self.bytes(&value.to_be_bytes());
    }

    pub(super) fn packet_id(&mut self, value: PacketId) {
        self.u16(value.get());
    }

    /// Variable Byte Integer in its shortest form (MQTT-1.5.5-1).
    pub(super) fn varint(&mut self, value: u32) {
        self.len = self.len.saturating_add(varint::encoded_len(value));
        if let Some(out) = &mut self.out {
            varint::write(value, out);
        }
    }

    pub(super) fn binary(&mut self, bytes: &[u8]) -> Result<(), EncodeError> {
        let len = u16::try_from(bytes.len()).map_err(|_| EncodeError::BinaryTooLong)?;
        self.u16(len);
        self.bytes(bytes);
        Ok(())
    }

    pub(super) fn string(&mut self, text: &str) -> Result<(), EncodeError> {
        // Checked once: every packet is measured before it is written.
        if self.out.is_none() && text.bytes().any(|byte| byte == 0) {
            return Err(EncodeError::NulCharacter);
        }
        self.binary(text.as_bytes()).map_err(|_| EncodeError::StringTooLong)
    }

    /// Property Length and properties; nothing in 3.1.1 (MQTT-2.2.2-1 for the empty block).
    pub(super) fn properties(
        &mut self,
        version: ProtocolVersion,
        properties: Properties<'_>,
    ) -> Result<(), EncodeError> {
        if version == ProtocolVersion::V5 {
            self.varint(property_length(properties.as_bytes().len())?);
            self.bytes(properties.as_bytes());
        }
        Ok(())
    }

    /// Reason Code and properties at the end of a packet in the shortest form; nothing in 3.1.1.
    pub(super) fn reason_and_properties(
        &mut self,
        version: ProtocolVersion,
        reason: ReasonCode,
        properties: Properties<'_>,
    ) -> Result<(), EncodeError> {
        if version == ProtocolVersion::V311 || (reason == ReasonCode::SUCCESS && properties.is_empty()) {
            return Ok(());
        }
        self.u8(reason.value());
        if properties.is_empty() { Ok(()) } else { self.properties(version, properties) }
    }
}

/// A length as Property Length or Remaining Length.
pub(super) fn property_length(len: usize) -> Result<u32, EncodeError> {
    u32::try_from(len).ok().filter(|len| *len <= varint::MAX).ok_or(EncodeError::PacketTooLarge)
}

/// A length or position inside a packet. Packets are shorter than 2²⁸ bytes, so nothing is cut off in practice.
pub(super) fn len_u32(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn string(bytes: &[u8]) -> Result<&str, Violation> {
        Reader::new(bytes, 10, "§0").string()
    }

    #[test]
    fn strings() {
        assert_eq!(string(b"\0\0"), Ok(""));
        assert_eq!(string(b"\0\x04\xef\xbb\xbfa"), Ok("\u{feff}a"), "U+FEFF is kept");
        assert_eq!(string(b"\0\x03\xef\xbf\xbf"), Ok("\u{ffff}"), "non-characters are accepted");
        assert_eq!(string(b"\0\x02\x01\x7f"), Ok("\u{1}\u{7f}"), "control characters are accepted");
        assert_eq!(string(b"\0\x02a\0"), Err(Violation::malformed("MQTT-1.5.4-2", 13)));
        assert_eq!(string(b"\0\x04a\xed\xa0\x80"), Err(Violation::malformed("MQTT-1.5.4-1", 13)));
        assert_eq!(string(b"\0\x02\xc0\x80"), Err(Violation::malformed("MQTT-1.5.4-1", 12)));
        assert_eq!(string(b"\0\x02a"), Err(Violation::malformed("§0", 12)));
        assert_eq!(string(b"\0"), Err(Violation::malformed("§0", 10)));
    }

    #[test]
    fn integers_in_the_body_are_minimal() {
        let varint = |bytes: &[u8]| Reader::new(bytes, 0, "§0").varint();
        assert_eq!(varint(&[0x80, 0x01]), Ok(128));
        assert_eq!(varint(&[0x80, 0x00]), Err(Violation::malformed("MQTT-1.5.5-1", 0)));
        assert_eq!(varint(&[0x80]), Err(Violation::malformed("§0", 0)));
        assert_eq!(varint(&[0x80; 5]), Err(Violation::malformed("§1.5.5", 0)));
    }

    #[test]
    fn measuring_counts_what_is_written() {
        let mut out = Vec::new();
        for mut writer in [Writer::measure(), Writer::append(&mut out)] {
            writer.u8(1);
            writer.u32(2);
            writer.varint(300);
            writer.string("é").expect("short");
            writer.binary(&[0]).expect("short");
            assert_eq!(writer.len(), 14);
        }
        assert_eq!(out, [1, 0, 0, 0, 2, 0xac, 2, 0, 2, 0xc3, 0xa9, 0, 1, 0]);
    }
}
