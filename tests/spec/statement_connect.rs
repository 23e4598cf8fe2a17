//! CONNECT byte by byte, and what CONNACK does to what a client remembers: 3.1 and 3.2.

use crate::support::*;
use wasmqtt::codec::{PropertiesBuf, PropertyId, Value};
use wasmqtt::config::{Config, FirstSession, Will};

/// A CONNECT taken apart without the codec.
struct Fields {
    level: u8,
    flags: u8,
    /// The payload's fields, properties of the Will left out.
    payload: Vec<Vec<u8>>,
}

impl Fields {
    fn of(packet: &[u8]) -> Self {
        assert_eq!((packet[0], usize::from(packet[1])), (0x10, packet.len() - 2));
        assert_eq!(packet[2..8], *b"\0\x04MQTT");
        let (level, flags) = (packet[8], packet[9]);
        let mut rest = &packet[12..];
        let skip_properties = |rest: &mut &[u8]| {
            if level == 5 {
                *rest = &rest[1 + usize::from(rest[0])..];
            }
        };
        skip_properties(&mut rest);
        let mut payload = Vec::new();
        while !rest.is_empty() {
            if payload.len() == 1 && flags & 0x04 != 0 {
                skip_properties(&mut rest);
            }
            let end = 2 + usize::from(u16::from_be_bytes([rest[0], rest[1]]));
            payload.push(rest[2..end].to_vec());
            rest = &rest[end..];
        }
        Self { level, flags, payload }
    }
}

fn will(qos: wasmqtt::codec::QoS, retain: bool) -> Will {
    Will {
        topic: "will/topic".into(),
        payload: b"bye".to_vec(),
        qos,
        retain,
        properties: PropertiesBuf::new(),
    }
}

// Flags and payload agree: 5.0 MQTT-3.1.2-3, -9, -11 to -13, -16 to -19, MQTT-3.1.3-1, -3;
// 3.1.1 MQTT-3.1.2-1, -3, -9, -11, -13 to -15, -18 to -21, MQTT-3.1.3-1, -3
#[test]
fn the_flags_of_connect_say_what_its_payload_holds() {
    let wills = [None, Some((Q0, false)), Some((Q1, false)), Some((Q2, false)), Some((Q2, true))];
    let starts = [FirstSession::Clean, FirstSession::Refuse];
    let mut seen = 0;
    for version in BOTH {
        for (chosen, first_session) in
            wills.into_iter().flat_map(|chosen| starts.map(|start| (chosen, start)))
        {
            for (user, password) in [(None, None), (Some("user"), None), (Some("user"), Some(&b"\xff\0"[..]))]
                .into_iter()
                .chain((version == V5).then_some((None, Some(&b"\xff\0"[..]))))
            {
                let will = chosen.map(|(qos, retain)| will(qos, retain));
                let mut rig = Rig::new(Config { will, first_session, ..config(version) });
                (rig.username, rig.password) = (user, password);
                rig.start();
                rig.opened();
                let fields = Fields::of(&rig.packets[0]);
                let mut flags = u8::from(first_session == FirstSession::Clean) << 1;
                let mut payload: Vec<&[u8]> = vec![b"cid"];
                if let Some((qos, retain)) = chosen {
                    flags |= 0x04 | qos.value() << 3 | u8::from(retain) << 5;
                    payload.extend([&b"will/topic"[..], b"bye"]);
                }
                if let Some(user) = user {
                    flags |= 0x80;
                    payload.push(user.as_bytes());
                }
                if let Some(password) = password {
                    flags |= 0x40;
                    payload.push(password);
                }
                assert_eq!((fields.level, fields.flags), (version.level(), flags));
                assert_eq!(fields.payload, payload);
                seen += 1;
            }
        }
    }
    assert_eq!(seen, 70);
}

// 3.1.1 MQTT-3.1.2-9, -19, -21, MQTT-3.1.3-3; 5.0 MQTT-3.1.2-9, -17, -19, MQTT-3.1.3-3: empty is not absent.
#[test]
fn empty_fields_of_connect_are_present() {
    let empty = Will { payload: Vec::new(), topic: "w".into(), ..will(Q0, false) };
    let rest: [(_, &[u8]); 2] = [
        (V311, b"\x04\xc6\0\x2d\0\0\0\x01w\0\0\0\0\0\0"),
        // Session Expiry Interval 300 and Maximum Packet Size, an empty block for the Will.
        (V5, b"\x05\xc6\0\x2d\x0a\x11\0\0\x01\x2c\x27\0\x10\0\0\0\0\0\0\x01w\0\0\0\0\0\0"),
    ];
    for (version, rest) in rest {
        let mut rig = Rig::new(Config {
            client_id: String::new(),
            first_session: FirstSession::Clean,
            will: Some(empty.clone()),
            maximum_packet_size: 0x0010_0000,
            topic_alias_maximum: 0,
            receive_maximum: u16::MAX,
            ..config(version)
        });
        (rig.username, rig.password) = (Some(""), Some(&b""[..]));
        rig.start();
        rig.opened();
        let length = u8::try_from(rest.len() + 6).unwrap();
        assert_eq!(rig.packets, [[&[0x10, length], &b"\0\x04MQTT"[..], rest].concat()]);
    }
}

// MQTT-3.1.0-2
#[test]
fn a_transport_sees_one_connect() {
    for version in BOTH {
        let mut rig = Rig::new(config(version));
        rig.start();
        rig.opened();
        rig.start();
        rig.opened();
        rig.says(connack());
        rig.start();
        rig.opened();
        let connects = rig.packets.iter().filter(|packet| packet[0] == 0x10).count();
        assert_eq!((connects, rig.asked()), (1, vec!["open 1".into()]));
    }
}

// MQTT-3.1.3-2: what belongs to a session goes on under the identifier of that session.
#[test]
fn every_connection_of_a_session_has_its_identifier() {
    for version in BOTH {
        let mut rig = Rig::connected(config(version));
        rig.publish(Q1, "a", "x");
        for _ in 0..3 {
            rig.cut();
            rig.forget();
            rig.redial();
            rig.says(connack_resumed());
            let connect = format!("CONNECT {} resume cid", version.level());
            assert_eq!(rig.sent(), [&connect, "PUBLISH q1 #1 a x dup"]);
        }
    }
    // Another client with another identifier has nothing of it.
    let mut other = Rig::connected(Config { client_id: "other".into(), ..config(V5) });
    other.reconnect(connack_resumed());
    assert!(other.sent().is_empty());
}

// 3.1.1 MQTT-3.1.3-6: without an identifier there is no session to come back to.
#[test]
fn a_client_without_an_identifier_begins_anew_each_time() {
    let nameless = Config { client_id: String::new(), first_session: FirstSession::Clean, ..config(V311) };
    let mut rig = Rig::connected(nameless);
    for _ in 0..2 {
        rig.cut();
        rig.forget();
        rig.redial();
        assert_eq!(rig.sent(), ["CONNECT 4 clean "]);
        rig.says(connack());
    }
}

// 3.1.1 MQTT-3.1.2-6: neither identifiers nor messages of the last session are left; they are new messages now.
#[test]
fn a_clean_session_of_3_1_1_leaves_nothing_behind() {
    let mut rig = Rig::connected(Config { first_session: FirstSession::Clean, ..config(V311) });
    rig.publish(Q2, "a", "perhaps arrived");
    rig.publish(Q1, "a", "again");
    rig.says(publish(Q2, 7, "b", "one"));
    rig.reconnect(connack());
    assert_eq!(rig.sent_unnumbered(), ["PUBLISH q1 a again"], "without DUP");
    assert_eq!(rig.told(), ["publish 1 failed: SessionLost"]);
    rig.says(publish(Q2, 7, "b", "two"));
    assert_eq!(rig.told(), ["message q2 b two"]);
}

// 5.0 MQTT-3.1.2-4, MQTT-3.1.2-23: no expiry, no session; what the server claims to have is cleaned away.
#[test]
fn clean_start_leaves_nothing_behind() {
    let mut rig = Rig::connected(Config { session_expiry_seconds: Some(0), ..config(V5) });
    rig.publish(Q2, "a", "perhaps arrived");
    rig.publish(Q1, "a", "again");
    rig.says(publish(Q2, 7, "b", "one"));
    rig.cut();
    rig.forget();
    rig.redial();
    rig.says(connack_resumed());
    assert_eq!(rig.sent(), ["CONNECT 5 resume cid", "DISCONNECT 0x82"]);
    rig.forget();
    rig.redial();
    rig.says(connack());
    let sent = rig.sent_unnumbered();
    assert_eq!(sent, ["CONNECT 5 clean cid", "PUBLISH q1 a again"], "without DUP");
    rig.says(publish(Q2, 7, "b", "two"));
    let told = rig.told();
    for line in ["publish 1 failed: SessionLost", "message q2 b two"] {
        assert!(told.iter().any(|other| other == line), "{told:?}");
    }
}

// 3.1.1 MQTT-3.1.4-5, 5.0 MQTT-3.1.4-6: a server that refuses has taken nothing.
#[test]
fn what_waits_outlives_a_refusal() {
    for (version, busy) in [(V311, vec![0x20, 2, 0, 3]), (V5, vec![0x20, 3, 0, 0x88, 0])] {
        let mut rig = Rig::connecting(config(version));
        rig.publish(Q1, "a", "x");
        rig.subscribe(&[("f", Q0)]);
        rig.feed(&busy);
        assert!(rig.sent().is_empty());
        assert_eq!(rig.told(), ["lost: ConnectRefused 0x88; retry in 5000"]);
        rig.redial();
        rig.forget();
        rig.says(connack());
        let id = if version == V5 { " id=1" } else { "" };
        assert_eq!(rig.sent(), [&format!("SUBSCRIBE #1 f:0{id}"), "PUBLISH q1 #2 a x"]);
    }
}

// 5.0 MQTT-3.2.0-2
#[test]
fn a_second_connack_is_a_protocol_error() {
    for version in BOTH {
        let mut rig = Rig::connected(config(version));
        rig.says(connack());
        let expected: &[&str] = if version == V5 { &["DISCONNECT 0x82"] } else { &[] };
        assert_eq!(rig.sent(), expected);
        assert_eq!(rig.asked(), ["close"]);
    }
}

// MQTT-3.1.2-21, MQTT-3.2.2-21: zero is a value like any other.
#[test]
fn a_server_keep_alive_of_zero_turns_pings_off() {
    let off = connack().with(PropertyId::ServerKeepAlive, Value::U16(0));
    let mut rig = Rig::connected_with(Config { keep_alive_seconds: 60, ..config(V5) }, off);
    rig.advance(86_400_000);
    assert!(rig.sent().is_empty() && rig.told().is_empty());
}

// §3.2.2.3.6: a server that takes no packet of five bytes takes no acknowledgement with a reason (MQTT-3.2.2-15).
#[test]
fn a_server_that_takes_next_to_nothing_is_left() {
    let limit = |bytes| connack().with(PropertyId::MaximumPacketSize, Value::U32(bytes));
    for bytes in 1..5 {
        let mut rig = Rig::connecting(config(V5));
        rig.says(limit(bytes));
        assert_eq!(rig.told(), ["lost: NotSupportedByServer; retry in 1000"]);
        assert!(rig.sent().is_empty());
        assert_eq!(rig.asked(), ["close"]);
    }
    let mut rig = Rig::connected_with(config(V5), limit(5));
    rig.says(pubrel(7));
    rig.feed(&[0x30, 1, 0]);
    assert_eq!(rig.sent(), ["PUBCOMP #7 0x92", "DISCONNECT 0x81"]);
}

// 3.1.1 MQTT-3.2.2-4, MQTT-3.2.2-5; 5.0 MQTT-3.2.2-6, MQTT-3.2.2-7
#[test]
fn a_refusal_resumes_nothing_whatever_session_present_says() {
    for (version, refusal) in [(V311, &[0x20, 2, 1, 3][..]), (V5, &[0x20, 3, 1, 0x88, 0])] {
        let mut rig = Rig::connected(config(version));
        rig.publish(Q1, "a", "x");
        rig.cut();
        rig.redial();
        rig.forget();
        rig.feed(refusal);
        let told = rig.told();
        assert!(told.len() == 1 && told[0].starts_with("lost: "), "{told:?}");
        assert_eq!((rig.sent(), rig.asked()), (vec![], vec!["close".into()]));
    }
}

// MQTT-3.1.2-28: harmless, so it is told and no reason to part.
#[test]
fn response_information_that_was_not_asked_for_is_passed_on() {
    let information = connack().with(PropertyId::ResponseInformation, Value::Str("replies/"));
    let rig = Rig::connected_with(config(V5), information);
    let server = rig.client.server().unwrap();
    assert_eq!(server.properties().str(PropertyId::ResponseInformation), Some("replies/"));
}
