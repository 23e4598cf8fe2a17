//! One packet: whatever decodes can be written again and means the same.

use super::input::Input;
use crate::codec::{
    Packet, Properties, ProtocolVersion, Violation, decode_from_client, decode_from_server, redact,
};
use crate::topic::TopicFilter;

type Decode = fn(ProtocolVersion, &[u8]) -> Result<Packet<'_>, Violation>;

/// One byte for the version, then a packet, read as either side reads it.
pub fn packet(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let version = input.version();
    let bytes = input.rest();
    let mut shown = Vec::new();
    redact(version, bytes, &mut shown);
    assert!(shown.len() <= bytes.len(), "{bytes:02x?} is shown as {shown:02x?}");
    for decode in [decode_from_server as Decode, decode_from_client] {
        match decode(version, bytes) {
            Ok(packet) => lasts(decode, version, bytes, &packet),
            Err(violation) => {
                assert!(violation.offset as usize <= bytes.len(), "{violation}");
                assert!(violation.reason.is_error() && !violation.statement.is_empty(), "{violation}");
            }
        }
    }
}

fn lasts(decode: Decode, version: ProtocolVersion, bytes: &[u8], packet: &Packet<'_>) {
    let mut again = Vec::new();
    packet.encode(version, &mut again).expect("what was decoded can be encoded");
    assert_eq!(packet.encoded_len(version).map(|len| len as usize), Ok(again.len()));
    // A refusal by a server of 3.1.1 is understood in 5.0 too, where it has one byte more.
    let short = usize::from(bytes.len() == 4 && matches!(packet, Packet::ConnAck(_)));
    assert!(again.len() <= bytes.len() + short, "{packet:?} has grown from {bytes:02x?} to {again:02x?}");
    assert_eq!(decode(version, &again).as_ref(), Ok(packet), "{bytes:02x?} became {again:02x?}");
    assert!(decode(version, &bytes[..bytes.len() - 1]).is_err(), "a packet without its last byte");
    read(packet);
}

/// Reads every list to its end.
fn read(packet: &Packet<'_>) {
    let properties = match packet {
        Packet::Connect(connect) => {
            if let Some(will) = &connect.will {
                walk(will.properties);
            }
            connect.properties
        }
        Packet::ConnAck(connack) => connack.properties,
        Packet::Publish(publish) => publish.properties,
        Packet::Ack(ack) => ack.properties,
        Packet::Subscribe(subscribe) => {
            let filters = subscribe.filters.iter();
            assert!(filters.into_iter().all(|(filter, _)| TopicFilter::parse_unshared(filter).is_ok()));
            subscribe.properties
        }
        Packet::SubAck(suback) => {
            assert_eq!(suback.reasons.iter().count(), suback.reasons.len());
            suback.properties
        }
        Packet::Unsubscribe(unsubscribe) => {
            assert!(unsubscribe.filters.iter().all(|name| TopicFilter::parse_unshared(name).is_ok()));
            unsubscribe.properties
        }
        Packet::UnsubAck(unsuback) => {
            assert_eq!(unsuback.reasons.iter().count(), unsuback.reasons.len());
            unsuback.properties
        }
        Packet::PingReq | Packet::PingResp => Properties::EMPTY,
        Packet::Disconnect(disconnect) => disconnect.properties,
        Packet::Auth(auth) => auth.properties,
    };
    walk(properties);
}

/// What is found one by one is found by name as well.
fn walk(properties: Properties<'_>) {
    for (id, _) in properties.iter() {
        assert!(properties.contains(id) && properties.value(id).is_some());
    }
    assert_eq!(properties.is_empty(), properties.iter().next().is_none());
}
