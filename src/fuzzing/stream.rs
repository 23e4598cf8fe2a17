//! A byte stream in any chunks: the same packets, the same events, bounded memory, nothing behind a violation.

use super::input::Input;
use crate::client::{Client, Event, Message};
use crate::codec::{
    FrameBuffer, Properties, ProtocolVersion, QoS, Sender, SubscribeOptions, Violation, decode_from_server,
};
use crate::config::{Config, VersionPolicy};
use crate::connection::Credentials;
use crate::session::{Filter, OpId};
use crate::time::Instant;

const NOW: Instant = Instant::from_millis(1000);

/// Version, packet limit, how to cut, then the stream.
pub fn stream(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let version = input.version();
    let limit = input.pick(&[32, 40, 64, 200, 70_000, u32::MAX]);
    let cuts = input.take(4).to_vec();
    let stream = input.rest();
    let whole = frames(version, limit, &mut [stream].into_iter());
    assert_eq!(whole, frames(version, limit, &mut Chunks { stream, cuts: &cuts, next: 0 }));
    let manual_ack = cuts.first().is_some_and(|cut| cut & 0x80 != 0);
    let (whole_events, whole_bytes) = events(version, manual_ack, false, None, &mut [stream].into_iter());
    // Nobody misses the payloads that were not copied.
    let window = cuts.first().map_or(1, |cut| usize::from(cut % 16) + 1);
    let sparse = events(version, manual_ack, false, Some(window), &mut [stream].into_iter());
    assert!((&whole_events, &whole_bytes) == (&sparse.0, &sparse.1), "{whole_events:?}, and {:?}", sparse.0);
    let chunks = &mut Chunks { stream, cuts: &cuts, next: 0 };
    let sparse = events(version, manual_ack, false, Some(window), chunks).0;
    assert_eq!(whole_events, sparse, "events of one chunk and of many, with holes");
    // Somebody who looks at the packets as they pass changes nothing.
    let chunks = &mut Chunks { stream, cuts: &cuts, next: 0 };
    let (events, bytes) = events(version, manual_ack, true, None, chunks);
    assert_eq!(whole_events, events, "events of one chunk and of many");
    // Answers that wait when the server's DISCONNECT is read have nobody left to go to.
    let said_goodbye = |event: &String| event.contains("ByServer") || event.contains("TakenOver");
    let unsent = whole_bytes.is_empty() && whole_events.iter().any(said_goodbye);
    assert!(whole_bytes == bytes || unsent, "{whole_bytes:02x?} to one chunk, {bytes:02x?} to many");
}

/// Cuts a stream into chunks whose lengths repeat; none of them is empty.
struct Chunks<'a> {
    stream: &'a [u8],
    cuts: &'a [u8],
    next: usize,
}

impl<'a> Iterator for Chunks<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        if self.stream.is_empty() {
            return None;
        }
        let cut =
            self.cuts.get(self.next % self.cuts.len().max(1)).map_or(1, |cut| usize::from(cut % 64) + 1);
        self.next += 1;
        let (chunk, rest) = self.stream.split_at(cut.min(self.stream.len()));
        self.stream = rest;
        Some(chunk)
    }
}

/// Packets, and what ended them.
fn frames(
    version: ProtocolVersion,
    limit: u32,
    chunks: &mut dyn Iterator<Item = &[u8]>,
) -> (Vec<Vec<u8>>, Option<Violation>) {
    let mut buffer = FrameBuffer::for_packets_of(Sender::Server, limit);
    let mut packets = Vec::new();
    let mut largest = 0;
    for chunk in chunks {
        buffer.push(chunk);
        largest = largest.max(chunk.len());
        let bound = (limit as usize).saturating_add(largest);
        assert!(buffer.capacity() <= bound, "{} bytes are held, not {bound}", buffer.capacity());
        loop {
            let span = match buffer.next(version) {
                Ok(Some(span)) => span,
                Ok(None) => break,
                Err(violation) => {
                    assert_eq!(buffer.next(version), Err(violation), "nothing gets past a violation");
                    return (packets, Some(violation));
                }
            };
            let packet = buffer.bytes(span);
            assert!(packet.len() >= 2 && packet.len() <= limit as usize);
            if let Err(violation) = decode_from_server(version, packet) {
                return (packets, Some(violation));
            }
            packets.push(packet.to_vec());
        }
    }
    (packets, None)
}

/// What a connected client with work under way tells of a stream, and what it sends. With a `window`, it gets only the bytes
/// that it needs, so many at a time.
fn events(
    version: ProtocolVersion,
    manual_ack: bool,
    taps: bool,
    window: Option<usize>,
    chunks: &mut dyn Iterator<Item = &[u8]>,
) -> (Vec<String>, Vec<u8>) {
    let mut client = connected(version, manual_ack);
    client.tap_packets(taps);
    let (mut told, mut sent) = (Vec::new(), Vec::new());
    for chunk in chunks {
        match window {
            None => client.handle_input(NOW, chunk),
            Some(window) => give_what_is_needed(&mut client, chunk, window),
        }
        drain(&mut client, chunk, window.is_some(), &mut told, &mut sent);
    }
    (told, sent)
}

/// A client that waits for answers to three publishes, a subscribe and an unsubscribe: packet identifiers 1 to 6.
fn connected(version: ProtocolVersion, manual_ack: bool) -> Client {
    let config = Config {
        version: VersionPolicy::Only(version),
        client_id: "fuzz".into(),
        manual_ack,
        ..Config::default()
    };
    let mut client = Client::new(config, 1).unwrap();
    client.start(NOW).unwrap();
    client.handle_opened(NOW, &["mqtt"], "mqtt", Credentials::default());
    let connack: &[u8] = if version == ProtocolVersion::V5 { &[0x20, 3, 0, 0, 0] } else { &[0x20, 2, 0, 0] };
    client.handle_input(NOW, connack);
    let ignored = (&mut Vec::new(), &mut Vec::new());
    drain(&mut client, connack, false, ignored.0, ignored.1);
    for (op, qos) in (1..).map(OpId).zip([QoS::AtLeastOnce, QoS::ExactlyOnce, QoS::ExactlyOnce]) {
        client.publish(op, NOW, "a/b", &b"x"[..], qos, false, Properties::EMPTY).unwrap();
    }
    let options = SubscribeOptions::default();
    let filters = ["a/+", "b/#"].map(|filter| Filter { filter, options });
    let ids = client.subscribe(OpId(4), &filters, Properties::EMPTY).unwrap();
    client.unsubscribe(OpId(5), &ids[1..], Properties::EMPTY).unwrap();
    client.ping(OpId(6), NOW).unwrap();
    drain(&mut client, &[], false, ignored.0, ignored.1);
    assert!(client.server().is_some());
    client
}

fn give_what_is_needed(client: &mut Client, chunk: &[u8], window: usize) {
    client.receive_buffer(chunk.len()).fill(0xee);
    let mut at = 0;
    while at < chunk.len() {
        let end = chunk.len().min(at + window);
        client.receive_buffer(chunk.len())[at..end].copy_from_slice(&chunk[at..end]);
        at = client.needed(end, chunk.len());
        assert!(at >= end && at <= chunk.len());
    }
    client.handle_received(NOW, chunk.len());
}

fn drain(client: &mut Client, chunk: &[u8], has_holes: bool, told: &mut Vec<String>, sent: &mut Vec<u8>) {
    let mut tell = |event: Event<'_>| {
        if let Event::Message(message) = &event {
            // Positions point at the very bytes that came, and depend on the chunks.
            let properties = message.properties.as_bytes().len();
            assert_eq!(message.body, [message.properties.as_bytes(), message.payload].concat());
            if let Some(at) = message.body_position {
                let body = &chunk[at..at + message.body.len()];
                let is_left_out = |at: usize, byte: u8| has_holes && at >= properties && byte == 0xee;
                assert!(
                    message
                        .body
                        .iter()
                        .zip(body)
                        .enumerate()
                        .all(|(at, (here, there))| here == there || is_left_out(at, *here))
                );
                let (_, payload) = body.split_at(properties);
                told.push(describe(&Event::Message(Message { body, payload, ..*message })));
                return;
            }
        }
        if !matches!(event, Event::Packet(_)) {
            told.push(describe(&event));
        }
    };
    loop {
        // Not while packets are tapped: so the two ways are held against each other.
        while let Some(message) = client.poll_message(NOW) {
            tell(Event::Message(message));
        }
        let Some(event) = client.poll_event(NOW) else { break };
        tell(event);
    }
    let mut buffer = Vec::new();
    while client.poll_transmit(NOW, &mut buffer) {
        sent.extend_from_slice(&buffer);
    }
    while let Some(request) = client.poll_transport() {
        told.push(format!("{request:?}"));
    }
}

fn describe(event: &Event<'_>) -> String {
    let Event::Message(message) = event else { return format!("{event:?}") };
    let copy = Message { body_position: None, ..*message };
    format!("{copy:?}")
}
