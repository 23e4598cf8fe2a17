//! Values of properties: section 2.2.2.2.

use core::fmt;

use super::cursor::{Reader, Writer};
use super::property_id::Range;
use super::{EncodeError, PropertyType, Violation, varint};
use crate::topic::TopicName;

/// The value of a property, in the type that section 2.2.2.2 gives it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Value<'a> {
    /// One byte.
    Byte(u8),
    /// Two Byte Integer.
    U16(u16),
    /// Four Byte Integer.
    U32(u32),
    /// Variable Byte Integer, at most 268,435,455.
    VarInt(u32),
    /// UTF-8 Encoded String.
    Str(&'a str),
    /// Binary Data.
    Bytes(&'a [u8]),
    /// UTF-8 String Pair: name and value.
    Pair(&'a str, &'a str),
}

impl<'a> Value<'a> {
    pub(super) fn read(kind: PropertyType, reader: &mut Reader<'a>) -> Result<Self, Violation> {
        Ok(match kind {
            PropertyType::Byte => Self::Byte(reader.u8()?),
            PropertyType::U16 => Self::U16(reader.u16()?),
            PropertyType::U32 => Self::U32(reader.u32()?),
            PropertyType::VarInt => Self::VarInt(reader.varint()?),
            PropertyType::Str => Self::Str(reader.string()?),
            PropertyType::Bytes => Self::Bytes(reader.binary()?),
            PropertyType::Pair => Self::Pair(reader.string()?, reader.string()?),
        })
    }

    pub(super) fn write(self, writer: &mut Writer<'_>) -> Result<(), EncodeError> {
        match self {
            Self::Byte(value) => writer.u8(value),
            Self::U16(value) => writer.u16(value),
            Self::U32(value) => writer.u32(value),
            Self::VarInt(value) if value > varint::MAX => return Err(EncodeError::PropertyValue),
            Self::VarInt(value) => writer.varint(value),
            Self::Str(text) => writer.string(text)?,
            Self::Bytes(bytes) => writer.binary(bytes)?,
            Self::Pair(name, value) => {
                writer.string(name)?;
                writer.string(value)?;
            }
        }
        Ok(())
    }

    pub(super) const fn kind(self) -> PropertyType {
        match self {
            Self::Byte(_) => PropertyType::Byte,
            Self::U16(_) => PropertyType::U16,
            Self::U32(_) => PropertyType::U32,
            Self::VarInt(_) => PropertyType::VarInt,
            Self::Str(_) => PropertyType::Str,
            Self::Bytes(_) => PropertyType::Bytes,
            Self::Pair(..) => PropertyType::Pair,
        }
    }

    pub(super) fn in_range(self, range: Range) -> bool {
        match (range, self) {
            (Range::Flag, Self::Byte(value)) => value <= 1,
            (Range::NonZero, Self::U16(value)) => value != 0,
            (Range::NonZero, Self::U32(value) | Self::VarInt(value)) => value != 0,
            (Range::TopicName, Self::Str(text)) => TopicName::parse(text).is_ok(),
            _ => true,
        }
    }
}

impl fmt::Debug for Value<'_> {
    /// Numbers as they are; of texts and bytes only the length, as they may be secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Byte(value) => write!(f, "{value}"),
            Self::U16(value) => write!(f, "{value}"),
            Self::U32(value) | Self::VarInt(value) => write!(f, "{value}"),
            Self::Str(text) => write!(f, "<{} bytes>", text.len()),
            Self::Bytes(bytes) => write!(f, "<{} bytes>", bytes.len()),
            Self::Pair(name, value) => write!(f, "<{} + {} bytes>", name.len(), value.len()),
        }
    }
}
