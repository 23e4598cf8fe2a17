//! Blocks of properties as a script may ask for them.

use crate::codec::{PropertiesBuf, PropertyId, Value};
use crate::fuzzing::input::Input;

/// Properties of any kind: those that do not belong are left to whoever judges them.
pub(super) fn properties(input: &mut Input<'_>) -> PropertiesBuf {
    let mut block = PropertiesBuf::new();
    for _ in 0..input.byte() % 5 {
        let kind = input.byte();
        let number = u32::from(input.u16());
        let short = u16::try_from(number).unwrap_or(u16::MAX);
        let flag = u8::try_from(number % 2).unwrap_or(0);
        let (id, value) = match kind % 20 {
            0 => (PropertyId::ReceiveMaximum, Value::U16(short)),
            1 => (PropertyId::MaximumPacketSize, Value::U32(number)),
            2 => (PropertyId::TopicAliasMaximum, Value::U16(short)),
            3 => (PropertyId::MaximumQoS, Value::Byte(flag)),
            4 => (PropertyId::RetainAvailable, Value::Byte(flag)),
            5 => (PropertyId::WildcardSubscriptionAvailable, Value::Byte(flag)),
            6 => (PropertyId::SubscriptionIdentifierAvailable, Value::Byte(flag)),
            7 => (PropertyId::SharedSubscriptionAvailable, Value::Byte(flag)),
            8 => (PropertyId::SessionExpiryInterval, Value::U32(number)),
            9 => (PropertyId::ServerKeepAlive, Value::U16(short)),
            10 => (PropertyId::AssignedClientIdentifier, Value::Str("given")),
            11 => (PropertyId::ReasonString, Value::Str("why")),
            12 => (PropertyId::UserProperty, Value::Pair("k", "v")),
            13 => (PropertyId::AuthenticationMethod, Value::Str("M")),
            14 => (PropertyId::AuthenticationData, Value::Bytes(b"d")),
            15 => (PropertyId::MessageExpiryInterval, Value::U32(number)),
            16 => (PropertyId::TopicAlias, Value::U16(short)),
            17 => (PropertyId::SubscriptionIdentifier, Value::VarInt(number)),
            18 => (PropertyId::ServerReference, Value::Str("there")),
            _ => (PropertyId::ContentType, Value::Str("text/plain")),
        };
        let _out_of_range = block.push(id, value);
    }
    block
}
