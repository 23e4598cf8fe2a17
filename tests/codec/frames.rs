//! The receive buffer: any cut of the stream gives the same packets, and memory follows what arrived.

use proptest::prelude::*;
use wasmqtt::codec::{FrameBuffer, Packet, ProtocolVersion, Publish, ReasonCode, Sender};

use crate::support::{encode, feed, valid};

const KEEP: usize = 64 * 1024;

/// The valid packets of a server, of one version, not too long.
fn stream(version: ProtocolVersion) -> Vec<Vec<u8>> {
    let wanted = valid().into_iter().filter(|v| v.version == version && v.senders.contains(&Sender::Server));
    wanted.map(|vector| vector.bytes).filter(|bytes| bytes.len() < 300).collect()
}

/// Cuts `bytes` at these places.
fn cut<'a>(mut bytes: &'a [u8], sizes: &[usize]) -> Vec<&'a [u8]> {
    let mut chunks = Vec::new();
    for size in sizes.iter().cycle() {
        if bytes.is_empty() {
            break;
        }
        let (chunk, rest) = bytes.split_at((*size).min(bytes.len()));
        chunks.push(chunk);
        bytes = rest;
    }
    chunks
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_cut_gives_the_same_packets(
        sizes in prop::collection::vec(1_usize..60, 1..20),
        five in any::<bool>(),
    ) {
        let version = if five { ProtocolVersion::V5 } else { ProtocolVersion::V311 };
        let packets = stream(version);
        let bytes = packets.concat();
        let found = feed(&mut FrameBuffer::new(1024), Sender::Server, version, cut(&bytes, &sizes));
        prop_assert_eq!(found.violation, None);
        prop_assert_eq!(found.packets, packets);
    }

    #[test]
    fn arbitrary_bytes_stay_within_memory(
        chunks in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..80), 1..40),
        limit in 5_u32..200,
    ) {
        for version in crate::support::VERSIONS {
            let mut buffer = FrameBuffer::new(limit);
            let longest = chunks.iter().map(Vec::len).max().unwrap_or(0);
            feed(&mut buffer, Sender::Server, version, chunks.iter().map(|chunk| &chunk[..]));
            prop_assert!(buffer.capacity() <= usize::try_from(limit).unwrap() + longest);
        }
    }

    #[test]
    fn positions_in_the_last_chunk(sizes in prop::collection::vec(1_usize..60, 1..20)) {
        let bytes = stream(ProtocolVersion::V5).concat();
        let mut buffer = FrameBuffer::new(1024);
        for chunk in cut(&bytes, &sizes) {
            buffer.push(chunk);
            while let Some(span) = buffer.next(ProtocolVersion::V5).unwrap() {
                let end = buffer.chunk_offset(span.end).expect("a packet ends in the chunk that completes it");
                let packet = buffer.bytes(span);
                match buffer.chunk_offset(span.start) {
                    Some(start) => prop_assert_eq!(&chunk[start..end], packet),
                    None => prop_assert!(end < packet.len()),
                }
            }
            prop_assert_eq!(buffer.chunk_offset(usize::MAX), None);
        }
    }
}

fn message(payload: &[u8]) -> Vec<u8> {
    encode(&Packet::Publish(Publish { topic: "t", payload, ..Publish::default() }), ProtocolVersion::V5)
}

#[test]
fn announced_length_reserves_nothing() {
    let mut buffer = FrameBuffer::new(u32::MAX);
    buffer.push(&[0x30, 0xff, 0xff, 0xff, 0x7f]);
    assert_eq!(buffer.next(ProtocolVersion::V5), Ok(None));
    assert!(buffer.capacity() < 100);
}

#[test]
fn too_large_shows_in_the_header() {
    let mut buffer = FrameBuffer::new(32);
    let fits = message(&[0; 26]);
    assert_eq!(fits.len(), 32);
    buffer.push(&fits);
    assert!(buffer.next(ProtocolVersion::V5).is_ok_and(|span| span.is_some()));
    for header in [&[0x30, 31][..], &[0x30, 0xff, 0xff, 0xff, 0x7f]] {
        buffer.reset();
        buffer.push(header);
        let violation = buffer.next(ProtocolVersion::V5).expect_err("33 bytes");
        assert_eq!(violation.reason, ReasonCode::PACKET_TOO_LARGE);
        assert_eq!(buffer.next(ProtocolVersion::V5), Err(violation), "it stays that way");
    }
    buffer.set_limit(33);
    buffer.reset();
    buffer.push(&message(&[0; 27]));
    assert!(buffer.next(ProtocolVersion::V5).is_ok_and(|span| span.is_some()));
}

#[test]
fn memory_comes_back_after_a_burst() {
    let large = message(&vec![7; 300_000]);
    let mut buffer = FrameBuffer::new(1_000_000);
    let found = feed(&mut buffer, Sender::Server, ProtocolVersion::V5, large.chunks(10_000));
    assert_eq!(found.packets, [&large[..]]);
    assert!(buffer.capacity() >= large.len());
    buffer.push(&[0xd0, 0]);
    assert!(buffer.capacity() <= KEEP, "{}", buffer.capacity());
    assert!(buffer.next(ProtocolVersion::V5).is_ok_and(|span| span.is_some()));

    feed(&mut buffer, Sender::Server, ProtocolVersion::V5, [&large[..]]);
    buffer.reset();
    assert!(buffer.capacity() <= KEEP, "{}", buffer.capacity());
}

#[test]
fn part_of_the_space_may_be_filled() {
    let mut buffer = FrameBuffer::new(100);
    let space = buffer.spare(50);
    assert_eq!(space.len(), 50);
    space[..3].copy_from_slice(&[0xd0, 0, 0xd0]);
    buffer.commit(3);
    assert!(buffer.next(ProtocolVersion::V5).is_ok_and(|span| span.is_some()));
    assert_eq!(buffer.next(ProtocolVersion::V5), Ok(None));
    buffer.spare(1)[0] = 0;
    buffer.commit(1);
    let span = buffer.next(ProtocolVersion::V5).unwrap().expect("the second one");
    assert_eq!(
        (span.start, buffer.chunk_offset(span.start), buffer.chunk_offset(span.end)),
        (0, None, Some(1))
    );
}

#[test]
fn each_side_has_its_own_packets() {
    for (sender, own, other) in [(Sender::Server, 0xd0, 0xc0), (Sender::Client, 0xc0, 0xd0)] {
        let mut buffer = FrameBuffer::for_packets_of(sender, 100);
        buffer.push(&[own, 0, other]);
        assert!(buffer.next(ProtocolVersion::V5).is_ok_and(|span| span.is_some()));
        let violation = buffer.next(ProtocolVersion::V5).expect_err("shows in the first byte");
        assert_eq!(violation.reason, ReasonCode::PROTOCOL_ERROR);
    }
}
