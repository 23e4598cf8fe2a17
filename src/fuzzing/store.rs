//! A durable client that is given any records, with and without the right checksum.

use super::input::Input;
use crate::client::{Client, Event, TransportRequest};
use crate::codec::{
    ConnAck, FrameBuffer, Packet, Properties, ProtocolVersion, ReasonCode, Sender, decode_from_client,
};
use crate::config::{Config, FirstSession, VersionPolicy};
use crate::connection::Credentials;
use crate::error::ErrorCode;
use crate::session::sealed;
use crate::time::Instant;
use std::collections::BTreeMap;

const NOW: Instant = Instant::from_millis(1_000_000);

/// Version, whether the server has the session, then records: kind, number, whether the checksum is right, length, bytes.
pub fn store(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let (version, session_present) = (input.version(), input.flag());
    let mut records: Vec<(u64, Vec<u8>)> = Vec::new();
    while !input.is_empty() {
        let key = (u64::from(input.byte() % 5) << 48) + u64::from(input.u16() % 512);
        let is_sealed = input.flag();
        let body = input.block();
        records.push((key, if is_sealed { sealed(key, body).into() } else { body.into() }));
    }
    // Keys that come twice must do no harm; what the store then holds, it holds once.
    drop(Run::new(version, records.iter().cloned()));
    let mut disk: BTreeMap<u64, Vec<u8>> = records.into_iter().collect();

    let mut first = Run::new(version, disk.clone().into_iter());
    first.drain(&mut disk);
    let mut second = Run::new(version, disk.clone().into_iter());
    assert!(!second.is_damaged, "damage is told once");
    assert_eq!(first.open(), second.open(), "what was kept is kept");
    second.connect(session_present, &mut disk);
    second.client.terminate();
    second.drain(&mut disk);
    let third = Run::new(version, disk.into_iter());
    assert!(!third.is_damaged, "what a client writes, the next one reads");
}

struct Run {
    client: Client,
    version: ProtocolVersion,
    is_damaged: bool,
    wire: FrameBuffer,
}

impl Run {
    fn new(version: ProtocolVersion, records: impl Iterator<Item = (u64, Vec<u8>)>) -> Self {
        let config = Config {
            version: VersionPolicy::Only(version),
            client_id: "fuzz".into(),
            first_session: FirstSession::Adopt,
            session_expiry_seconds: Some(300),
            durable: true,
            ..Config::default()
        };
        let mut client = Client::new(config, 1).unwrap();
        let mut records = records;
        client.restore(NOW, 1_767_225_600_000, &mut records);
        let mut run = Self {
            client,
            version,
            is_damaged: false,
            wire: FrameBuffer::for_packets_of(Sender::Client, u32::MAX),
        };
        run.hear();
        run
    }

    /// Messages that wait, and exchanges that are open.
    fn open(&self) -> (u32, u32) {
        let stats = self.client.stats();
        (stats.queued_messages, stats.in_flight)
    }

    fn hear(&mut self) {
        while let Some(event) = self.client.poll_event(NOW) {
            if let Event::Notice(error) = event
                && error.code == ErrorCode::StoreDamaged
            {
                assert!(error.at.is_some_and(|count| count > 0));
                self.is_damaged |= error.limit.is_none();
            }
        }
    }

    fn drain(&mut self, disk: &mut BTreeMap<u64, Vec<u8>>) {
        let mut buffer = Vec::new();
        loop {
            self.hear();
            let changes = self.client.poll_store(NOW);
            let some = changes.is_some();
            for (key, record) in changes.into_iter().flat_map(|changes| changes.changes) {
                assert!(key < 1 << 53);
                match record {
                    Some(record) => drop(disk.insert(key, record.into())),
                    None => drop(disk.remove(&key)),
                }
            }
            self.client.handle_stored();
            let sent = self.client.poll_transmit(NOW, &mut buffer);
            if sent {
                self.wire.push(&buffer);
                while let Some(span) = self.wire.next(self.version).expect("packets") {
                    decode_from_client(self.version, self.wire.bytes(span))
                        .expect("packets that keep to the rules");
                }
            }
            if !some && !sent && !self.client.has_events() {
                return;
            }
        }
    }

    fn connect(&mut self, session_present: bool, disk: &mut BTreeMap<u64, Vec<u8>>) {
        self.client.start(NOW).unwrap();
        self.drain(disk);
        assert!(matches!(self.client.poll_transport(), Some(TransportRequest::Open { .. })));
        self.client.handle_opened(NOW, &["mqtt"], "mqtt", Credentials::default());
        self.drain(disk);
        let connack = ConnAck { session_present, reason: ReasonCode::SUCCESS, properties: Properties::EMPTY };
        let mut bytes = Vec::new();
        Packet::ConnAck(connack).encode(self.version, &mut bytes).unwrap();
        self.client.handle_input(NOW, &bytes);
        self.drain(disk);
    }
}
