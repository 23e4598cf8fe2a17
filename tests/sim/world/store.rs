//! The store of a durable client, and what dies with the client and what does not.

use super::{Fate, World};
use std::collections::BTreeSet;
use wasmqtt::client::{Client, ClientState};
use wasmqtt::codec::{Ack, AckKind, FrameBuffer, Packet, Publish, Sender, decode_from_client};

/// 2026-01-01, in milliseconds since 1970.
const UNIX: u64 = 1_767_225_600_000;

const MESSAGES: u64 = 1;
const EXCHANGES: u64 = 2;
const INBOUND: u64 = 3;

impl<F: Fate> World<F> {
    /// Hands the store what it has to do, and lets it answer when it is time; whether anything happened.
    pub(super) fn serve_store(&mut self) -> bool {
        let mut some = false;
        if let Some(changes) = self.client.poll_store(self.now) {
            some = true;
            assert!(self.closed || self.disk.waiting.is_none(), "one batch at a time");
            // The last one of a client follows the others without waiting for their answers.
            self.commit();
            self.disk.waiting = Some(changes);
        } else if self.disk.waiting.is_none() && !self.client.has_events() {
            self.noted = true;
        }
        if self.disk.waiting.is_some() && (self.hurries || self.closed || self.fate.commits()) {
            some = true;
            self.note(|| "  stored".into());
            self.commit();
            self.client.handle_stored();
        }
        some
    }

    fn commit(&mut self) {
        self.is_stored |= self.disk.waiting.as_ref().is_some_and(|changes| changes.all);
        self.disk.commit();
    }

    /// What leaves depends on nothing that the store has not.
    pub(super) fn check_stored(&self, packets: &[u8]) {
        if !self.durable || !self.is_stored {
            return;
        }
        let mut frames = FrameBuffer::for_packets_of(Sender::Client, u32::MAX);
        frames.push(packets);
        while let Ok(Some(span)) = frames.next(self.version) {
            let packet = frames.bytes(span);
            let (key, wanted) = match decode_from_client(self.version, packet).unwrap() {
                Packet::Publish(Publish { packet_id: Some(id), .. }) => {
                    ((EXCHANGES << 48) + u64::from(id.get()), true)
                }
                Packet::Ack(ack) if ack.reason.is_error() => continue,
                Packet::Ack(Ack { kind: AckKind::PubRel, packet_id, .. }) => {
                    ((EXCHANGES << 48) + u64::from(packet_id.get()), true)
                }
                Packet::Ack(Ack { kind: AckKind::PubRec, packet_id, .. }) => {
                    ((INBOUND << 48) + u64::from(packet_id.get()), true)
                }
                Packet::Ack(Ack { kind: AckKind::PubComp, packet_id, .. }) => {
                    ((INBOUND << 48) + u64::from(packet_id.get()), false)
                }
                _ => continue,
            };
            assert_eq!(self.disk.records.contains_key(&key), wanted, "{packet:02x?} left too early");
        }
    }

    /// The store fails, and loses what it holds.
    pub(crate) fn fail_store(&mut self) {
        if self.durable && self.is_stored && !self.closed {
            self.note(|| "store fails".into());
            self.disk = crate::disk::Disk::default();
            self.is_stored = false;
            self.client.handle_store_failed();
        }
    }

    /// The store works again, and is empty.
    pub(crate) fn repair_store(&mut self) {
        if self.durable && !self.is_stored && !self.closed {
            self.note(|| "store works".into());
            self.client.store_again();
        }
    }

    /// The client dies here; the next one goes on with what the store has. `committed`: it has done what it was doing.
    pub(crate) fn crash(&mut self, committed: bool, arrives: usize) {
        self.note(|| format!("crash, committed: {committed}"));
        self.crashes += 1;
        if committed {
            self.commit();
        }
        self.disk.waiting = None;
        self.up.truncate(arrives);
        self.broker.receive(&self.up, &mut self.model.upward, &mut self.model.downward);
        // A session that began without being noted passes for the one before it: exactly once is impossible then, as it
        // is without a store.
        let lost = !self.noted || !self.is_stored;
        self.unlink();
        if lost {
            self.broker.forget(&mut self.model.downward);
        }
        let messages: BTreeSet<usize> = self.records(MESSAGES).map(|(_, record)| number_of(record)).collect();
        let inbound: BTreeSet<u64> = self.records(INBOUND).map(|(id, _)| id).collect();
        let unknown = self.broker.published().filter(|(_, id)| !inbound.contains(&u64::from(*id)));
        let unknown: BTreeSet<usize> = unknown.map(|(number, _)| number).collect();
        self.model.crash(self.is_stored.then_some(&messages), &unknown, self.broker.filters());
        self.client = Client::new(self.config.clone(), 1).unwrap();
        self.client.restore(self.now, UNIX + self.now.as_millis(), &mut self.disk.load());
        (self.dialing, self.greeted, self.challenged) = (false, false, false);
        (self.is_stored, self.noted) = (true, true);
        self.client.start(self.now).unwrap();
        assert_eq!(self.client.state(), ClientState::Connecting);
    }

    /// Another client goes on with what one that has ended has left.
    pub(crate) fn succeed(&mut self) {
        if self.durable && self.closed {
            self.closed = false;
            self.crash(true, 0);
            self.settle_down(true);
        }
    }

    fn records(&self, kind: u64) -> impl Iterator<Item = (u64, &[u8])> {
        let records = self.disk.records.iter().filter(move |(key, _)| **key >> 48 == kind);
        records.map(|(key, record)| (key & 0xFFFF_FFFF, record.as_slice()))
    }
}

/// The number in the payload of a stored message: behind format, flags, expiry, two lengths, topic and properties.
fn number_of(record: &[u8]) -> usize {
    let length =
        |at: usize| usize::try_from(u32::from_be_bytes(record[at..at + 4].try_into().unwrap())).unwrap();
    let payload = &record[18 + length(10) + length(14)..record.len() - 4];
    core::str::from_utf8(payload).unwrap().trim_end_matches('.').parse().unwrap()
}
