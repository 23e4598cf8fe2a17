//! Packets of MQTT 3.1.1 and 5.0 to bytes and back. No state, no clock, no panics.
//!
//! [`FrameBuffer`] cuts a byte stream into packets, [`decode_from_server`] reads one, and every packet has `encode`.
//! Decoded packets borrow from the bytes; lists and properties stay encoded and are read when asked for. Decoders
//! check every rule that a packet can break on its own and name it in a [`Violation`].

#![forbid(unsafe_code)]

mod ack;
mod auth;
mod connack;
mod connect;
mod cursor;
mod disconnect;
mod encode;
mod error;
mod frame;
mod header;
mod packet;
mod property;
mod property_id;
mod property_value;
mod publish;
mod reason;
mod redact;
mod subscribe;
mod unsubscribe;
pub mod varint;

pub use ack::{Ack, AckKind};
pub use auth::Auth;
pub use connack::ConnAck;
pub use connect::{Connect, Will};
pub use disconnect::Disconnect;
pub use error::{EncodeError, Violation};
pub use frame::{FrameBuffer, Span};
pub use header::{PacketType, Sender};
pub use packet::{Packet, decode_from_client, decode_from_server};
pub use property::{Properties, PropertiesBuf, PropertyIter};
pub use property_id::{PropertyId, PropertyScope, PropertyType};
pub use property_value::Value;
pub use publish::{ExtraProperties, Publish, RawPublish};
pub use reason::ReasonCode;
pub use redact::redact;
pub use subscribe::{Filters, FiltersBuf, Reasons, RetainHandling, SubAck, Subscribe, SubscribeOptions};
pub use unsubscribe::{Names, NamesBuf, UnsubAck, Unsubscribe};

/// Identifies an exchange; never zero (section 2.2.1).
pub type PacketId = core::num::NonZeroU16;

/// The version of the protocol that a connection speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProtocolVersion {
    /// MQTT 3.1.1.
    V311,
    /// MQTT 5.0.
    V5,
}

impl ProtocolVersion {
    /// The Protocol Level or Version of CONNECT: 4 or 5 (section 3.1.2.2).
    #[must_use]
    pub const fn level(self) -> u8 {
        match self {
            Self::V311 => 4,
            Self::V5 => 5,
        }
    }
}

/// Quality of service: how often a message may arrive (section 4.3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum QoS {
    /// QoS 0: once or not at all.
    #[default]
    AtMostOnce = 0,
    /// QoS 1: once or more often.
    AtLeastOnce = 1,
    /// QoS 2: once.
    ExactlyOnce = 2,
}

impl QoS {
    /// The level with this number; `None` above 2.
    #[must_use]
    pub const fn from_u8(value: u8) -> Option<Self> {
        match value {
            0 => Some(Self::AtMostOnce),
            1 => Some(Self::AtLeastOnce),
            2 => Some(Self::ExactlyOnce),
            _ => None,
        }
    }

    /// The number of the level: 0, 1 or 2.
    #[must_use]
    pub const fn value(self) -> u8 {
        self as u8
    }
}
