//! What the benchmarks share: packets of a server, and a client that is connected.

use wasmqtt::client::{Client, ClientState};
use wasmqtt::codec::{Ack, AckKind, Packet, PacketId, Properties, ProtocolVersion, Publish, QoS, ReasonCode};
use wasmqtt::config::{Config, QueueLimits, VersionPolicy};
use wasmqtt::connection::Credentials;
use wasmqtt::time::Instant;

/// The version that is measured: the one that every broker and client speaks.
pub const VERSION: ProtocolVersion = ProtocolVersion::V311;
/// Time stands still: what is measured does not depend on it.
pub const NOW: Instant = Instant::from_millis(1_000_000);
/// CONNACK of 3.1.1: accepted, no session.
const CONNACK: [u8; 4] = [0x20, 2, 0, 0];

/// A packet as bytes.
///
/// # Panics
/// For one that cannot be represented.
#[must_use]
pub fn bytes(packet: &Packet<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    packet.encode(VERSION, &mut out).expect("the packet is valid");
    out
}

/// PUBLISH as bytes; `id` is for QoS 1 and 2.
#[must_use]
pub fn publish(topic: &str, payload: &[u8], qos: QoS, id: u16) -> Vec<u8> {
    let packet_id = PacketId::new(id).filter(|_| qos != QoS::AtMostOnce);
    bytes(&Packet::Publish(Publish { topic, payload, qos, packet_id, ..Publish::default() }))
}

/// PUBACK, PUBREC, PUBREL or PUBCOMP as bytes.
///
/// # Panics
/// For the identifier 0.
#[must_use]
pub fn ack(kind: AckKind, id: u16) -> Vec<u8> {
    let packet_id = PacketId::new(id).expect("identifiers are not 0");
    bytes(&Packet::Ack(Ack { kind, packet_id, reason: ReasonCode::SUCCESS, properties: Properties::EMPTY }))
}

/// A client after CONNACK, with room for as much as a benchmark has under way.
///
/// # Panics
/// When it does not connect.
#[must_use]
pub fn connected() -> Client {
    let queue = QueueLimits { max_messages: 1_000_000, max_bytes: 1 << 30, ..QueueLimits::default() };
    let config = Config {
        version: VersionPolicy::Only(VERSION),
        client_id: "bench".into(),
        queue,
        ..Config::default()
    };
    let mut client = Client::new(config, 1).expect("the configuration is valid");
    client.start(NOW).expect("it was not started before");
    while client.poll_transport().is_some() {}
    let credentials = Credentials { username: None, password: None, auth_data: None };
    client.handle_opened(NOW, &["mqtt"], "mqtt", credentials);
    drain(&mut client, &mut Vec::new());
    client.handle_input(NOW, &CONNACK);
    drain(&mut client, &mut Vec::new());
    assert_eq!(client.state(), ClientState::Connected);
    client
}

/// Takes everything that the client has to tell and to send. Answers how many events and bytes these were.
pub fn drain(client: &mut Client, buffer: &mut Vec<u8>) -> (usize, usize) {
    let (mut events, mut sent) = (0, 0);
    while client.poll_event(NOW).is_some() {
        events += 1;
    }
    while client.poll_transmit(NOW, buffer) {
        sent += buffer.len();
    }
    while client.poll_event(NOW).is_some() {
        events += 1;
    }
    (events, sent)
}
