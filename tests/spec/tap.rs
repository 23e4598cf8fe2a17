//! The packet tap: every packet in both directions, in order, without secrets.

use crate::support::*;
use wasmqtt::client::{Event, PacketInfo};
use wasmqtt::codec::{PropertiesBuf, PropertyId, ProtocolVersion, Sender, Value};
use wasmqtt::config::{Config, Will};

fn tapped(config: Config) -> Rig {
    let mut rig = Rig::new(config);
    rig.client.tap_packets(true);
    rig
}

/// Who sent which type of packet, and how long it is: `> 0x10 17`.
fn lines(seen: &[PacketInfo]) -> Vec<String> {
    let arrow = |sender| if sender == Sender::Client { '>' } else { '<' };
    seen.iter()
        .map(|packet| format!("{} {:#x} {}", arrow(packet.sender), packet.head[0], packet.size))
        .collect()
}

/// The packets of one side, glued together.
fn heads(seen: &[PacketInfo], sender: Sender) -> Vec<Vec<u8>> {
    seen.iter().filter(|packet| packet.sender == sender).map(|packet| packet.head.clone()).collect()
}

#[test]
fn both_directions_are_shown_in_the_order_of_the_wire() {
    for version in BOTH {
        let mut rig = tapped(config(version));
        rig.start();
        rig.opened();
        rig.says(connack());
        rig.publish(Q2, "t", "payload");
        rig.says(pubrec(1));
        rig.says(pubcomp(1));
        rig.says(publish(Q1, 7, "t", "payload"));
        rig.disconnect(0);
        let types: Vec<_> = rig.seen.iter().map(|packet| (packet.sender, packet.head[0] >> 4)).collect();
        let (us, server) = (Sender::Client, Sender::Server);
        let expected = [
            (us, 1),
            (server, 2),
            (us, 3),
            (server, 5),
            (us, 6),
            (server, 7),
            (server, 3),
            (us, 4),
            (us, 14),
        ];
        assert_eq!(types, expected);
        assert!(rig.seen.iter().all(|packet| packet.version == version));
        let sizes: Vec<_> =
            rig.seen.iter().filter(|packet| packet.sender == us).map(|packet| packet.size).collect();
        assert_eq!(sizes, rig.packets.iter().map(Vec::len).collect::<Vec<_>>());
    }
}

#[test]
fn what_holds_no_secret_is_shown_as_it_is() {
    for version in BOTH {
        let mut rig = tapped(config(version));
        rig.start();
        rig.opened();
        rig.says(connack());
        rig.subscribe(&[("a/+", Q1), ("b", Q0)]);
        rig.says(suback(1, &[1, 0]));
        rig.ping();
        rig.disconnect(0);
        assert_eq!(heads(&rig.seen, Sender::Client), rig.packets);
    }
}

#[test]
fn packets_of_one_chunk_are_shown_before_what_they_cause() {
    let mut rig = tapped(config(V5));
    rig.start();
    rig.opened();
    rig.says(connack());
    rig.forget();
    rig.seen.clear();
    let chunk = [publish(Q1, 1, "a", "1").encode(V5), publish(Q1, 2, "b", "2").encode(V5)].concat();
    rig.feed(&chunk);
    assert_eq!(lines(&rig.seen), ["< 0x32 9", "< 0x32 9", "> 0x40 4", "> 0x40 4"]);
    assert_eq!(rig.told(), ["message q1 a 1", "message q1 b 2"]);
    rig.client.handle_input(rig.now, &chunk);
    assert!(matches!(rig.client.poll_event(rig.now), Some(Event::Packet(_))));
    assert!(matches!(rig.client.poll_event(rig.now), Some(Event::Message(_))));
}

#[test]
fn it_is_off_until_switched_on_and_off_again_afterwards() {
    let mut rig = Rig::v5();
    rig.publish(Q0, "t", "1");
    assert_eq!(rig.seen, []);
    rig.client.tap_packets(true);
    rig.publish(Q0, "t", "2");
    assert_eq!(lines(&rig.seen), ["> 0x30 7"]);
    rig.client.tap_packets(false);
    rig.publish(Q0, "t", "3");
    rig.says(publish(Q0, 0, "t", "4"));
    assert_eq!(rig.seen.len(), 1);
}

#[test]
fn packets_that_break_a_rule_are_shown_as_far_as_they_are_understood() {
    let cases: [(&[u8], usize, &[u8]); 9] = [
        (&[0x00, 0x00], 2, &[0x00, 0x00]),
        (&[0x30, 0xff, 0xff, 0xff, 0xff], 0, &[0x30]),
        // QoS 3.
        (&[0x36, 6, 0, 1, b'a', 0, 1, 0], 8, &[0x36, 6, 0, 1, b'a', 0, 1, 0]),
        // A property that does not exist, behind one that does.
        (&[0x30, 8, 0, 1, b'a', 4, 1, 1, 0x7f, 9], 10, &[0x30, 8, 0, 1, b'a', 4, 1, 1]),
        // What follows bad properties is not what it seems to be.
        (&[0x90, 6, 0, 1, 2, 0x7f, 9, 0], 8, &[0x90, 6, 0, 1, 2]),
        // A topic that is longer than the packet.
        (&[0x30, 4, 0, 9, b'a', b'b'], 6, &[0x30, 4]),
        // Larger than we take, its header alone; what has come of it is recognised.
        (
            &[0x30, 0xff, 0xff, 0xff, 0x7f, 0, 1, b'a'],
            268_435_460,
            &[0x30, 0xff, 0xff, 0xff, 0x7f, 0, 1, b'a'],
        ),
        // From the wrong side.
        (&[0xc0, 0], 2, &[0xc0, 0]),
        // Reserved flags.
        (&[0x60, 2, 0, 1], 4, &[0x60, 2, 0, 1]),
    ];
    for (bytes, size, head) in cases {
        let mut rig = Rig::v5();
        rig.client.tap_packets(true);
        rig.feed(bytes);
        let [packet, goodbye] = &rig.seen[..] else { panic!("{:?}", rig.seen) };
        assert_eq!((packet.size, &packet.head[..]), (size, head), "{bytes:02x?}");
        assert_eq!((goodbye.sender, goodbye.head[0]), (Sender::Client, 0xe0), "and the last DISCONNECT");
    }
}

// Nothing is kept of one connection that could be shown, or hold up showing, on the next.
#[test]
fn a_new_connection_begins_afresh() {
    let mut rig = tapped(config(V5));
    rig.start();
    rig.opened();
    rig.client.handle_input(rig.now, &connack().encode(V5));
    assert!(rig.client.poll_event(rig.now).is_some(), "the CONNACK is shown and waits to be read");
    rig.forget();
    rig.cut();
    rig.wait_for_attempt();
    rig.seen.clear();
    rig.opened();
    rig.says(connack());
    assert_eq!(lines(&rig.seen).iter().map(|line| &line[..6]).collect::<Vec<_>>(), ["> 0x10", "< 0x20"]);
}

const SECRETS: [&str; 9] = [
    "user-name",
    "pass-word",
    "will-payload",
    "will-correlation",
    "will-user-property",
    "auth-data",
    "connect-user-property",
    "payload-text",
    "correlation-text",
];

fn secretive(version: ProtocolVersion) -> Config {
    let five = version == V5;
    let will = if five {
        let mut will = property(PropertyId::CorrelationData, Value::Bytes(b"will-correlation"));
        will.push(PropertyId::UserProperty, Value::Pair("name", "will-user-property")).unwrap();
        will
    } else {
        PropertiesBuf::new()
    };
    Config {
        will: Some(Will {
            topic: "will/topic".into(),
            payload: b"will-payload".to_vec(),
            qos: Q1,
            retain: true,
            properties: will,
        }),
        authentication_method: five.then(|| "method".into()),
        user_properties: five.then(|| ("name".into(), "connect-user-property".into())).into_iter().collect(),
        ..config(version)
    }
}

// Everything that the tap shows is searched for everything that it must not show.
#[test]
fn secrets_are_never_shown() {
    for version in BOTH {
        let mut rig = tapped(secretive(version));
        rig.username = Some("user-name");
        rig.password = Some(b"pass-word");
        rig.auth_data = (version == V5).then_some(b"auth-data");
        rig.start();
        rig.opened();
        let correlation = if version == V5 {
            rig.feed(&auth(0x18));
            rig.authenticate(b"auth-data").unwrap();
            rig.feed(&[&[0x20, 12, 0, 0, 9, 0x15, 0, 6], &b"method"[..]].concat());
            property(PropertyId::CorrelationData, Value::Bytes(b"correlation-text"))
        } else {
            rig.says(connack());
            PropertiesBuf::new()
        };
        for qos in [Q0, Q1, Q2] {
            rig.publish_with(qos, "topic", "payload-text", &correlation).unwrap();
        }
        let mut message = publish(Q0, 0, "topic", "payload-text");
        if version == V5 {
            message = message.with(PropertyId::CorrelationData, Value::Bytes(b"correlation-text"));
        }
        rig.says(message);
        if version == V5 {
            rig.reauthenticate(Some(b"auth-data")).unwrap();
            rig.feed(&auth(0x18));
        }
        rig.disconnect(0);

        let sent = rig.packets.concat();
        let shown = rig.seen.iter().flat_map(|packet| packet.head.clone()).collect::<Vec<_>>();
        let printed = format!("{:?}", rig.seen);
        let has =
            |bytes: &[u8], text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
        for secret in SECRETS {
            let five_only = !["user-name", "pass-word", "will-payload", "payload-text"].contains(&secret);
            assert!(has(&sent, secret) || (version == V311 && five_only), "{secret} was to be sent");
            assert!(!has(&shown, secret) && !printed.contains(secret), "{secret} is shown");
        }
        for public in ["topic", "cid"] {
            assert!(has(&shown, public), "{public} is no secret");
        }
        let bare = |packet: &PacketInfo| packet.head.len() <= packet.size;
        assert!(rig.seen.iter().all(bare));
    }
}

/// AUTH of the server, with Authentication Data and a User Property.
fn auth(reason: u8) -> Vec<u8> {
    let mut properties = property(PropertyId::AuthenticationMethod, Value::Str("method"));
    properties.push(PropertyId::AuthenticationData, Value::Bytes(b"auth-data")).unwrap();
    properties.push(PropertyId::UserProperty, Value::Pair("name", "connect-user-property")).unwrap();
    let block = properties.as_properties();
    let length = u8::try_from(block.as_bytes().len()).unwrap();
    [&[0xf0, length + 2, reason, length], block.as_bytes()].concat()
}

// Cut anywhere, a packet shows no more than it would as a whole.
#[test]
fn a_packet_that_is_cut_off_shows_no_secret() {
    let packet = auth(0x18);
    for version in BOTH {
        for len in 0..packet.len() {
            let mut bytes = packet[..len].to_vec();
            if let Some(remaining) = bytes.get_mut(1) {
                *remaining = u8::try_from(len - 2).unwrap();
            }
            let mut head = Vec::new();
            wasmqtt::codec::redact(version, &bytes, &mut head);
            assert!(head.len() <= len);
            let text = String::from_utf8_lossy(&head).into_owned();
            for part in ["aut", "dat", "con", "pro"] {
                assert!(!text.contains(part), "{len} bytes: {text}");
            }
        }
    }
}
