//! Chapters 1 and 2: texts, lengths, fixed headers and packet identifiers, byte by byte.

use crate::support::*;
use std::collections::BTreeSet;
use wasmqtt::ErrorCode;
use wasmqtt::client::Client;
use wasmqtt::codec::{PropertiesBuf, PropertyId, Value};
use wasmqtt::config::{Config, Will};

/// Texts that are not UTF-8 as MQTT wants it.
const WRONG_TEXTS: [&[u8]; 6] =
    [b"\xc3", b"a\xed\xa0\x80", b"\xc0\x80", b"\xf4\x90\x80\x80", b"\x80", b"a\0b"];

/// A text with its length in front.
fn text(bytes: &[u8]) -> Vec<u8> {
    [&[0, u8::try_from(bytes.len()).unwrap()], bytes].concat()
}

/// A packet from its first byte and the parts of its body.
fn packet(first: u8, parts: &[&[u8]]) -> Vec<u8> {
    let body = parts.concat();
    [&[first, u8::try_from(body.len()).unwrap()], &body[..]].concat()
}

/// A property block from its parts.
fn block(parts: &[&[u8]]) -> Vec<u8> {
    let body = parts.concat();
    [&[u8::try_from(body.len()).unwrap()], &body[..]].concat()
}

// 3.1.1 MQTT-2.2.2-1, 5.0 MQTT-2.1.3-1; MQTT-3.6.1-1, MQTT-3.8.1-1, MQTT-3.10.1-1, MQTT-3.3.1-1
#[test]
fn first_bytes_are_those_of_the_table() {
    for version in BOTH {
        let mut rig = Rig::new(config(version));
        rig.start();
        rig.opened();
        rig.says(connack());
        rig.publish(Q0, "a", "");
        let op = rig.next_op();
        rig.client.publish(op, rig.now, "a", &b""[..], Q0, true, NONE).unwrap();
        rig.drain();
        rig.publish(Q1, "a", "");
        rig.publish(Q2, "a", "");
        rig.publish(Q2, "a", "");
        rig.says(pubrec(3));
        let (_, ids) = rig.subscribe(&[("f", Q1)]);
        rig.unsubscribe(&ids);
        rig.ping();
        rig.says(publish(Q1, 1, "f", ""));
        rig.says(publish(Q2, 2, "f", ""));
        rig.says(pubrel(2));
        rig.cut();
        rig.requests.clear();
        rig.redial();
        rig.says(connack_resumed());
        rig.disconnect(0);
        let seen: BTreeSet<u8> = rig.packets.iter().map(|packet| packet[0]).collect();
        let table =
            [0x10, 0x30, 0x31, 0x32, 0x34, 0x3a, 0x3c, 0x40, 0x50, 0x62, 0x70, 0x82, 0xa2, 0xc0, 0xe0];
        assert!(seen.iter().eq(&table), "{seen:02x?}");
    }
}

// 3.1.1 MQTT-2.2.2-2; 5.0 MQTT-2.1.3-1, MQTT-3.6.1-1, MQTT-3.14.1-1, MQTT-3.15.1-1
#[test]
fn other_first_bytes_of_the_server_end_the_connection() {
    for version in BOTH {
        let types: &[u8] = if version == V5 {
            &[0x20, 0x40, 0x50, 0x62, 0x70, 0x90, 0xb0, 0xd0, 0xe0, 0xf0]
        } else {
            &[0x20, 0x40, 0x50, 0x62, 0x70, 0x90, 0xb0, 0xd0]
        };
        for right in types {
            for flags in (0..16).filter(|flags| right & 15 != *flags) {
                let mut rig = Rig::connected(config(version));
                rig.feed(&[right & 0xf0 | flags, 0]);
                let expected: &[&str] = if version == V5 { &["DISCONNECT 0x81"] } else { &[] };
                assert_eq!(
                    (rig.sent(), rig.asked()),
                    (expected.iter().map(|s| (*s).into()).collect(), vec!["close".into()])
                );
            }
        }
    }
}

// MQTT-1.5.4-1, MQTT-1.5.4-2, MQTT-1.5.7-1, MQTT-3.3.2-1, MQTT-3.3.2-13, MQTT-3.3.2-19
#[test]
fn a_text_that_is_no_utf_8_is_malformed_wherever_it_stands() {
    for wrong in WRONG_TEXTS {
        let (wrong, fine) = (text(wrong), text(b"k"));
        let connected: [Vec<u8>; 9] = [
            packet(0x30, &[&wrong, &block(&[])]),
            packet(0x30, &[&fine, &block(&[&[0x03], &wrong])]),
            packet(0x30, &[&fine, &block(&[&[0x08], &wrong])]),
            packet(0x30, &[&fine, &block(&[&[0x26], &wrong, &fine])]),
            packet(0x30, &[&fine, &block(&[&[0x26], &fine, &wrong])]),
            packet(0x40, &[&[0, 1, 0x80], &block(&[&[0x1f], &wrong])]),
            packet(0x90, &[&[0, 1], &block(&[&[0x1f], &wrong]), &[0]]),
            packet(0xb0, &[&[0, 1], &block(&[&[0x1f], &wrong]), &[0]]),
            packet(0xe0, &[&[0x80], &block(&[&[0x1f], &wrong])]),
        ];
        for bytes in connected {
            let mut rig = Rig::v5();
            rig.feed(&bytes);
            assert_eq!(rig.sent(), ["DISCONNECT 0x81"], "{bytes:02x?}");
            assert_eq!(rig.asked(), ["close"]);
        }
        for property in [0x12, 0x15, 0x1a, 0x1c, 0x1f] {
            let mut rig = Rig::connecting(config(V5));
            rig.feed(&packet(0x20, &[&[0, 0], &block(&[&[property], &wrong])]));
            assert_eq!(rig.sent(), ["DISCONNECT 0x81"], "{property:#x}");
        }
        // 3.1.1 MQTT-1.5.3-1, MQTT-1.5.3-2: closes without a word.
        let mut rig = Rig::connected(config(V311));
        rig.feed(&packet(0x30, &[&wrong]));
        assert_eq!((rig.sent(), rig.asked()), (vec![], vec!["close".into()]));
    }
}

// MQTT-1.5.4-2, MQTT-1.5.7-1; names in CONNECT: MQTT-3.1.3-4, MQTT-3.1.3-11, MQTT-3.1.3-12. Lone surrogates cannot be
// in a text of Rust; JavaScript's are refused before they become one.
#[test]
fn a_text_with_u_0000_is_refused_before_it_is_sent() {
    for version in BOTH {
        let will = |topic: &str| Will {
            topic: topic.into(),
            payload: Vec::new(),
            qos: Q0,
            retain: false,
            properties: PropertiesBuf::new(),
        };
        let wrong = [
            Config { client_id: "a\0".into(), ..config(version) },
            Config { will: Some(will("a\0")), ..config(version) },
            Config { user_properties: vec![("a\0".into(), String::new())], ..config(version) },
            Config { user_properties: vec![(String::new(), "a\0".into())], ..config(version) },
        ];
        for config in wrong {
            assert_eq!(Client::new(config, 1).unwrap_err().code, ErrorCode::InvalidOption);
        }
        let mut rig = Rig::new(config(version));
        rig.username = Some("a\0");
        rig.start();
        rig.opened();
        assert!(rig.sent().is_empty());
        assert!(rig.told()[0].starts_with("lost: InvalidArgument"));

        let mut rig = Rig::connected(config(version));
        let topic = rig.publish_with(Q0, "a\0", "", &PropertiesBuf::new()).unwrap_err();
        let subscription = rig.try_subscribe(&[filter("a\0", Default::default())]).unwrap_err();
        assert_eq!((topic.code, subscription.code), (ErrorCode::InvalidTopic, ErrorCode::InvalidFilter));
        assert!(rig.sent().is_empty());
    }
    let mut block = PropertiesBuf::new();
    for (id, value) in [
        (PropertyId::ResponseTopic, Value::Str("a\0")),
        (PropertyId::ContentType, Value::Str("a\0")),
        (PropertyId::UserProperty, Value::Pair("a\0", "b")),
        (PropertyId::UserProperty, Value::Pair("a", "b\0")),
    ] {
        assert!(block.push(id, value).is_err());
    }
}

// 3.1.1 MQTT-1.5.3-3, 5.0 MQTT-1.5.4-3
#[test]
fn a_byte_order_mark_is_a_character_like_any_other() {
    for version in BOTH {
        let end: &[u8] = if version == V5 { &[0] } else { &[] };
        let bytes = packet(0x30, &[b"\0\x04\xef\xbb\xbfa", end]);
        let mut rig = Rig::connected(config(version));
        rig.feed(&bytes);
        assert_eq!(rig.messages().next().unwrap().topic, "\u{feff}a");
        rig.publish(Q0, "\u{feff}a", "");
        assert_eq!(rig.packets, [bytes]);
    }
}

// 3.1.1 MQTT-2.3.1-5; 5.0 MQTT-2.2.1-2, MQTT-2.2.2-1
#[test]
fn qos_0_has_no_packet_identifier_and_5_0_always_a_property_length() {
    for (version, bytes) in [(V311, &b"\x30\x06\0\x03a/bx"[..]), (V5, b"\x30\x07\0\x03a/b\0x")] {
        let mut rig = Rig::connected(config(version));
        rig.publish(Q0, "a/b", "x");
        assert_eq!(rig.packets, [bytes]);
        rig.forget();
        rig.feed(bytes);
        assert_eq!(rig.told(), ["message q0 a/b x"]);
    }
}

// MQTT-1.5.5-1
#[test]
fn the_remaining_length_has_no_byte_too_many() {
    let mut rig = Rig::v5();
    for (length, bytes) in
        [(127_usize, 1), (128, 2), (16_383, 2), (16_384, 3), (2_097_151, 3), (2_097_152, 4)]
    {
        // Topic and property length take four bytes.
        rig.publish(Q0, "a", &"x".repeat(length - 4));
        assert_eq!(rig.packets.pop().unwrap().len(), 1 + bytes + length);
    }
    let mut rig = Rig::v5();
    rig.feed(&[0xd0, 0x80, 0x00]);
    assert_eq!(rig.sent(), ["DISCONNECT 0x81"]);
}

// 3.1.1 MQTT-2.3.1-6, 5.0 MQTT-2.2.1-5
#[test]
fn answers_carry_the_identifier_of_their_message() {
    for version in BOTH {
        let mut rig = Rig::connected(config(version));
        rig.says(publish(Q1, 0x1234, "a", ""));
        rig.says(publish(Q2, 0x1234, "a", ""));
        rig.says(pubrel(0x1234));
        rig.publish(Q2, "a", "");
        rig.says(pubrec(1));
        rig.packets.remove(3);
        assert_eq!(
            rig.packets,
            [[0x40, 2, 0x12, 0x34], [0x50, 2, 0x12, 0x34], [0x70, 2, 0x12, 0x34], [0x62, 2, 0, 1]]
        );
    }
}

// 3.1.1 MQTT-2.3.1-4, 5.0 MQTT-2.2.1-4: each side gives out identifiers of its own.
#[test]
fn identifiers_of_the_two_directions_do_not_meet() {
    for version in BOTH {
        let mut rig = Rig::connected(config(version));
        rig.publish(Q1, "a", "ours");
        rig.publish(Q2, "a", "ours");
        rig.forget();
        rig.says(publish(Q1, 1, "b", "theirs"));
        rig.says(publish(Q2, 2, "b", "theirs"));
        rig.says(puback(1));
        rig.says(pubrec(2));
        rig.says(pubrel(2));
        rig.says(pubcomp(2));
        assert_eq!(rig.sent(), ["PUBACK #1", "PUBREC #2", "PUBREL #2", "PUBCOMP #2"]);
        let expected = ["message q1 b theirs", "message q2 b theirs", "published 1", "published 2"];
        assert_eq!(rig.told(), expected);
    }
}

// 3.1.1 MQTT-2.3.1-1 to MQTT-2.3.1-3, 5.0 MQTT-2.2.1-3: also when the numbers have gone round.
#[test]
fn an_identifier_is_not_given_out_again_before_its_exchange_ends() {
    let mut rig = Rig::v5();
    rig.publish(Q1, "a", "open");
    rig.publish(Q2, "a", "released");
    rig.subscribe(&[("f", Q0)]);
    rig.says(pubrec(2));
    for _ in 0..66_000 {
        rig.forget();
        rig.publish(Q1, "a", "");
        let id = rig.last_id();
        assert!(id > 3, "{id}");
        rig.says(puback(id));
    }
    rig.reconnect(connack_resumed());
    let sent = rig.sent();
    for line in ["PUBREL #2", "PUBLISH q1 #1 a open dup"] {
        assert!(sent.iter().any(|other| other == line), "{sent:?}");
    }
}

// 3.1.1 MQTT-3.3.2-1, MQTT-4.7.3-3: counted in bytes.
#[test]
fn topics_and_filters_have_at_most_65_535_bytes() {
    for version in BOTH {
        let mut rig = Rig::connected(config(version));
        for longest in ["x".repeat(65_535), "é".repeat(32_767)] {
            rig.publish(Q0, &longest, "");
            rig.try_subscribe(&[filter(&longest, Default::default())]).unwrap();
            rig.says(publish(Q0, 0, &longest, "x"));
            assert_eq!(rig.messages().last().unwrap().topic, longest);
        }
        let sent = rig.packets.len();
        for too_long in ["x".repeat(65_536), "é".repeat(32_768)] {
            let topic = rig.publish_with(Q0, &too_long, "", &PropertiesBuf::new()).unwrap_err();
            let subscription = rig.try_subscribe(&[filter(&too_long, Default::default())]).unwrap_err();
            assert_eq!((topic.code, subscription.code), (ErrorCode::InvalidTopic, ErrorCode::InvalidFilter));
        }
        assert_eq!((sent, rig.packets.len()), (4, 4));
    }
}
