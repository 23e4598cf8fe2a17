//! Everything near a valid packet: every beginning of it and every change of one byte.

use std::panic::{AssertUnwindSafe, catch_unwind};

use wasmqtt::codec::{FrameBuffer, ProtocolVersion, Sender};

use crate::support::{SENDERS, VERSIONS, decode, feed, hex, text, unhex, valid, vectors, version};

/// Up to this length every byte takes every value.
const SHORT: usize = 64;

/// Values for the bytes of longer packets: small ones, limits, and one bit changed.
const SPREAD: [u8; 8] = [0x00, 0x01, 0x2b, 0x7f, 0x80, 0x82, 0xc0, 0xff];

/// Valid and invalid packets as starting points, each once.
fn seeds() -> Vec<(ProtocolVersion, Vec<u8>)> {
    let mut seeds: Vec<_> = valid().into_iter().map(|vector| (vector.version, vector.bytes)).collect();
    let corpus = vectors("corpus.json");
    let packets = corpus.iter().filter(|entry| text(entry, "level") != "transport");
    seeds.extend(packets.map(|entry| (version(entry), unhex(text(entry, "hex")))));
    seeds.retain(|(_, bytes)| bytes.len() < 1000);
    seeds.sort_by(|a, b| (a.0.level(), &a.1).cmp(&(b.0.level(), &b.1)));
    seeds.dedup();
    seeds
}

/// Runs a check on each input and reports all failures at once.
fn sweep(inputs: impl Iterator<Item = (ProtocolVersion, Vec<u8>)>, check: fn(ProtocolVersion, &[u8])) {
    let mut failures = Vec::new();
    let mut count = 0_u32;
    for (version, bytes) in inputs {
        count += 1;
        if catch_unwind(AssertUnwindSafe(|| check(version, &bytes))).is_err() {
            failures.push(format!("{version:?} {}", hex(&bytes)));
        }
    }
    assert!(failures.is_empty(), "{} of {count}\n{}", failures.len(), failures.join("\n"));
    assert!(count > 5_000, "only {count} inputs");
}

/// Whatever decodes can be encoded and reads the same again.
fn decodes_to_something_that_lasts(version: ProtocolVersion, bytes: &[u8]) {
    for sender in SENDERS {
        let Ok(packet) = decode(sender, version, bytes) else {
            continue;
        };
        let mut again = Vec::new();
        packet.encode(version, &mut again).expect("decoded, so it can be encoded");
        assert_eq!(decode(sender, version, &again), Ok(packet));
    }
}

/// The buffer ends, keeps its memory small and finds only whole packets.
fn is_framed(version: ProtocolVersion, bytes: &[u8]) {
    const LIMIT: u32 = 80;
    const CHUNK: usize = 7;
    let mut buffer = FrameBuffer::new(LIMIT);
    let stream = feed(&mut buffer, Sender::Server, version, bytes.chunks(CHUNK));
    assert!(buffer.capacity() <= usize::try_from(LIMIT).unwrap() + CHUNK);
    assert!(bytes.starts_with(&stream.packets.concat()));
    for packet in &stream.packets {
        decodes_to_something_that_lasts(version, packet);
    }
}

fn beginnings() -> impl Iterator<Item = (ProtocolVersion, Vec<u8>)> {
    seeds()
        .into_iter()
        .flat_map(|(version, bytes)| (0..bytes.len()).map(move |len| (version, bytes[..len].to_vec())))
}

fn changes() -> impl Iterator<Item = (ProtocolVersion, Vec<u8>)> {
    seeds().into_iter().flat_map(|(version, bytes)| {
        let values: Vec<u8> = if bytes.len() <= SHORT { (0..=u8::MAX).collect() } else { SPREAD.to_vec() };
        (0..bytes.len()).flat_map(move |at| {
            let bytes = bytes.clone();
            values.clone().into_iter().filter_map(move |value| {
                let mut changed = bytes.clone();
                changed[at] = value;
                (bytes[at] != value).then_some((version, changed))
            })
        })
    })
}

#[test]
fn beginnings_are_never_packets() {
    sweep(beginnings(), |version, bytes| {
        decodes_to_something_that_lasts(version, bytes);
        is_framed(version, bytes);
    });
    for vector in valid() {
        for len in 0..vector.bytes.len().min(300) {
            let start = &vector.bytes[..len];
            for sender in SENDERS {
                assert!(decode(sender, vector.version, start).is_err(), "{} {len}", vector.name);
            }
        }
    }
}

#[test]
fn changed_bytes_decode() {
    sweep(changes(), decodes_to_something_that_lasts);
}

#[test]
fn changed_bytes_are_framed() {
    sweep(changes(), is_framed);
}

#[test]
fn other_versions_and_directions() {
    for (_, bytes) in seeds() {
        for version in VERSIONS {
            decodes_to_something_that_lasts(version, &bytes);
            is_framed(version, &bytes);
        }
    }
}
