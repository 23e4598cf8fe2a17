//! Stores that hold anything: damaged, foreign, shuffled and doubled records. Nothing panics, everything intact is kept.

use crate::store::{connected, durable, restored};
use crate::support::disk::Disk;
use crate::support::*;
use std::collections::BTreeMap;
use wasmqtt::ErrorCode;
use wasmqtt::codec::{PropertyId, Value};

/// A store with records of every kind: three messages waiting, two published, one released, one inbound.
fn disk() -> Disk {
    let mut rig = restored(durable(V5), Disk::default());
    rig.start();
    rig.opened();
    rig.says(connack().with(PropertyId::ReceiveMaximum, Value::U16(3)));
    rig.publish_with(Q2, "released", "r", &property(PropertyId::ContentType, Value::Str("t")))
        .expect("accepted");
    rig.publish(Q1, "one", "1");
    rig.publish(Q2, "two", "2");
    rig.says(pubrec(1));
    rig.publish_with(Q1, "three", "3", &property(PropertyId::MessageExpiryInterval, Value::U32(1000)))
        .expect("accepted");
    rig.publish(Q2, "four", "");
    rig.says(publish(Q2, 7, "b", "in"));
    assert_eq!(rig.disk.count(), [4, 3, 1]);
    rig.disk
}

/// What a client with these records sends to a server that has kept the session, and what it told before.
fn play(disk: &Disk) -> (Vec<String>, Vec<String>, Rig) {
    let mut rig = restored(durable(V5), disk.clone());
    let told = rig.told();
    rig.start();
    rig.opened();
    rig.forget();
    rig.says(connack_resumed());
    let sent = rig.sent();
    (sent, told, rig)
}

fn intact() -> (Vec<String>, Vec<String>) {
    let (sent, told, _) = play(&disk());
    (sent, told)
}

#[test]
fn what_is_intact_makes_no_noise() {
    let (sent, told) = intact();
    let expected = [
        "PUBREL #1",
        "PUBLISH q1 #2 one 1 dup",
        "PUBLISH q2 #3 two 2 dup",
        "PUBLISH q1 #4 three 3 expiry=1000",
        "PUBLISH q2 #5 four ",
    ];
    assert_eq!(sent.iter().map(|line| line.trim_end()).collect::<Vec<_>>(), expected.map(str::trim_end));
    assert_eq!(told, [""; 0]);
}

/// Damages one record, and sees to the rest of them.
fn check(key: u64, record: Vec<u8>, seen: &mut BTreeMap<&'static str, usize>) {
    let mut damaged = disk();
    let newer = record.first().is_some_and(|format| *format > 1);
    damaged.records.insert(key, record.clone());
    let (sent, told, rig) = play(&damaged);
    // A message that cannot be read leaves its exchange without one.
    let alone = newer && matches!((key >> 48, key & 0xFFFF), (1, 2 | 3));
    assert_eq!(told.len(), if alone { 2 } else { 1 }, "{key:x} {record:02x?}: {told:?}");
    let (before, _) = intact();
    // Whatever does not belong to this record is sent as if nothing had been damaged.
    let of_it: &[&str] = match (key >> 48, key & 0xFFFF) {
        (1, 2) | (2, 2) => &["one"],
        (1, 3) | (2, 3) => &["two"],
        (1, 5) => &["three"],
        (1, 6) => &["four"],
        (2, 1) => &["PUBREL #1"],
        _ => &[],
    };
    let rest = |lines: &[String]| -> Vec<String> {
        let other =
            |line: &&String| !of_it.iter().any(|part| line.contains(part)) && !line.starts_with("PUBREL");
        let unnumbered = |line: &String| {
            line.split(' ').filter(|word| !word.starts_with('#')).collect::<Vec<_>>().join(" ")
        };
        lines.iter().filter(other).map(unnumbered).collect()
    };
    assert_eq!(rest(&sent), rest(&before), "{key:x} {record:02x?}");
    let left = rig.disk.records.get(&key);
    if newer {
        assert_eq!(left, Some(&record), "left alone");
        *seen.entry("left alone").or_default() += 1;
    } else {
        assert_ne!(left, Some(&record), "removed, or written again");
        *seen.entry("removed").or_default() += 1;
    }
}

#[test]
fn every_prefix_and_every_changed_byte_of_every_record_is_noticed() {
    let mut seen = BTreeMap::new();
    for (key, record) in disk().records {
        for len in 0..record.len() {
            check(key, record[..len].to_vec(), &mut seen);
        }
        let long = [record.clone(), vec![0]].concat();
        check(key, long, &mut seen);
        for at in 0..record.len() {
            for flip in [1, 2, 4, 8, 16, 32, 64, 128, 255] {
                let mut changed = record.clone();
                changed[at] ^= flip;
                check(key, changed, &mut seen);
            }
        }
    }
    assert!(seen["removed"] > 1000 && seen["left alone"] > 50, "{seen:?}");
}

#[test]
fn records_under_keys_of_others_are_noticed() {
    let records: Vec<(u64, Vec<u8>)> = disk().records.into_iter().collect();
    for (key, _) in &records {
        for (other, record) in &records {
            if key == other {
                continue;
            }
            let mut shuffled = disk();
            shuffled.records.insert(*key, record.clone());
            let (_, told, rig) = play(&shuffled);
            assert_eq!(told.len(), 1, "{key:x} {other:x}");
            assert_ne!(rig.disk.records.get(key), Some(record));
        }
    }
}

#[test]
fn doubled_and_disordered_records_do_no_harm() {
    let records: Vec<(u64, Vec<u8>)> = disk().records.into_iter().collect();
    let (expected, _) = intact();
    let play = |records: Vec<(u64, Vec<u8>)>| {
        let mut rig = restored(durable(V5), Disk::default());
        rig.client.restore(rig.now, 1_767_225_600_000, &mut records.into_iter());
        rig.disk = disk();
        rig.start();
        rig.opened();
        rig.forget();
        rig.says(connack_resumed());
        (rig.sent(), rig.disk.count())
    };
    let reversed: Vec<_> = records.iter().rev().cloned().collect();
    assert_eq!(play(reversed).0, expected);
    let doubled: Vec<_> = records.iter().chain(&records).cloned().collect();
    assert_eq!(play(doubled), (expected.clone(), [4, 5, 1]));
    // A key that stands for something damaged and for something intact, in either order.
    let damaged = records.iter().map(|(key, record)| (*key, record[..record.len() - 1].to_vec()));
    let before: Vec<_> = damaged.clone().chain(records.iter().cloned()).collect();
    let behind: Vec<_> = records.iter().cloned().chain(damaged).collect();
    for mixed in [before, behind] {
        assert_eq!(play(mixed), (expected.clone(), [4, 5, 1]));
    }
}

#[test]
fn an_exchange_without_its_message_is_released() {
    let mut disk = disk();
    let key = *disk.records.keys().find(|key| **key == (1 << 48) + 3).expect("the message of exchange 3");
    disk.records.remove(&key);
    let (sent, told, mut rig) = play(&disk);
    assert_eq!(told.len(), 1);
    assert!(sent.contains(&"PUBREL #3".into()), "the server may hold the identifier: {sent:?}");
    rig.says(ack(wasmqtt::codec::AckKind::PubComp, 3, 0x92));
    assert!(!rig.disk.records.contains_key(&((2 << 48) + 3)));
}

/// A browser that keeps its databases in memory (WebKit, in private windows) was seen to leave the beginning of a change
/// when the page went in the middle of it.
#[test]
fn a_change_that_was_written_in_part_loses_nothing_and_repeats_nothing_as_new() {
    let mut rig = connected(V5);
    for (qos, payload) in [(Q1, "one"), (Q2, "two"), (Q1, "three"), (Q2, "four")] {
        rig.publish(qos, "a", payload);
    }
    rig.says(pubrec(4));
    let mut rig = rig.slow();
    rig.publish(Q1, "a", "first"); // under way while the rest happens
    for answer in [puback(1), pubrec(2), pubcomp(4), publish(Q2, 7, "b", "in")] {
        rig.says(answer);
    }
    rig.publish(Q2, "a", "new");
    rig.stored();
    let before = rig.disk.records.clone();
    let changes = rig.disk.waiting.take().expect("the change that is cut").changes;
    assert_eq!(changes.len(), 8, "a message, what is over, what was released and what came in: {changes:?}");
    for written in 0..=changes.len() {
        let mut disk = Disk { records: before.clone(), waiting: None };
        for (key, record) in &changes[..written] {
            match record {
                Some(record) => drop(disk.records.insert(*key, record.to_vec())),
                None => drop(disk.records.remove(key)),
            }
        }
        let (sent, ..) = play(&disk);
        let lines = |what: &str| sent.iter().filter(|line| line.contains(what)).cloned().collect::<Vec<_>>();
        for kept in ["PUBLISH q1 #3 a three dup", "PUBLISH q1 #5 a first dup"] {
            assert_eq!(lines(kept).len(), 1, "{written}: {sent:?}");
        }
        // Answered: repeated as what it was, or ended, but never sent as new.
        for (answered, identifier) in [("one", 1), ("two", 2)] {
            let again = lines(&format!(" {answered}"));
            assert!(again.iter().all(|line| line.ends_with("dup")), "{written}: {again:?}");
            let released = lines(&format!("PUBREL #{identifier}"));
            assert!(again.len() + released.len() <= 1, "{written}: {sent:?}");
        }
        assert!(!lines(" two").is_empty() || !lines("PUBREL #2").is_empty(), "{written}: {sent:?}");
        assert!(lines(" four").is_empty(), "{written}: {sent:?}");
        // Nothing of it had left, and nobody was told that it is safe.
        assert_eq!(lines(" new").len(), usize::from(written > 0), "{written}: {sent:?}");
    }
}

#[test]
fn what_a_newer_release_wrote_is_left_alone_and_its_keys_are_not_used() {
    let mut disk = Disk::default();
    let mine = [(1 << 48) + 40, (2 << 48) + 1, (3 << 48) + 1, (4 << 48) + 1, 5];
    for key in mine {
        disk.records.insert(key, vec![2, 3, 4]);
    }
    let before = disk.records.clone();
    let (_, told, mut rig) = play(&disk);
    assert_eq!(told.len(), 1, "{told:?}");
    let mut rig2 = restored(durable(V5), disk.clone());
    let notice = rig2.errors_of_notices().next().cloned();
    drop(rig2.told());
    let notice = notice.expect("a notice");
    assert_eq!((notice.code, notice.at, notice.limit), (ErrorCode::StoreDamaged, Some(5), Some(1)));
    for _ in 0..3 {
        rig.publish(Q2, "a", "x");
    }
    rig.says(publish(Q2, 1, "b", "in"));
    rig.says(pubrel(1));
    for (key, record) in before {
        assert_eq!(rig.disk.records.get(&key), Some(&record), "{key:x}");
    }
    let sent = rig.sent();
    assert!(sent.iter().all(|line| !line.starts_with("PUBLISH") || !line.contains("#1 ")), "{sent:?}");
    assert!(rig.disk.records.keys().filter(|key| **key >> 48 == 1).all(|key| *key >= (1 << 48) + 40));
}

#[test]
fn a_store_full_of_exchanges_leaves_identifiers_to_those_that_are_free() {
    let mut records: Vec<(u64, Vec<u8>)> = Vec::new();
    for id in 1..=65_535_u64 {
        records.push(((2 << 48) + id, vec![1]));
    }
    let mut rig = Rig::new(durable(V5));
    rig.client.restore(rig.now, 0, &mut records.into_iter());
    rig.drain();
    assert_eq!(rig.client.stats().in_flight, 65_535);
    rig.start();
    rig.opened();
    rig.says(connack_resumed());
    rig.forget();
    rig.publish(Q1, "a", "waits");
    assert_eq!(rig.sent(), [""; 0]);
    rig.says(pubcomp(4711));
    assert_eq!(rig.sent(), ["PUBLISH q1 #4711 a waits"]);
}
