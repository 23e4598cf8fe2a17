//! Messages from the server.

use crate::support::*;
use wasmqtt::codec::{PropertyId, Value};

#[test]
fn qos_0_is_delivered() {
    for version in BOTH {
        let mut rig = Rig::connected(config(version));
        rig.says(publish(Q0, 0, "a/b", "x"));
        assert_eq!(rig.told(), ["message q0 a/b x"]);
        assert!(rig.sent().is_empty());
    }
}

// MQTT-4.3.2-4
#[test]
fn qos_1_is_delivered_and_acknowledged_each_time() {
    for version in BOTH {
        let mut rig = Rig::connected(config(version));
        rig.says(publish(Q1, 7, "a/b", "x"));
        rig.says(publish(Q1, 7, "a/b", "x").again());
        assert_eq!(rig.told(), ["message q1 a/b x", "message q1 a/b x dup"]);
        assert_eq!(rig.sent(), ["PUBACK #7", "PUBACK #7"]);
    }
}

// MQTT-4.3.3-8 to MQTT-4.3.3-12
#[test]
fn qos_2_is_delivered_once() {
    for version in BOTH {
        let mut rig = Rig::connected(config(version));
        rig.says(publish(Q2, 7, "a/b", "x"));
        rig.says(publish(Q2, 7, "a/b", "x").again());
        rig.says(publish(Q2, 7, "a/b", "x"));
        assert_eq!(rig.told(), ["message q2 a/b x"]);
        assert_eq!(rig.sent(), ["PUBREC #7", "PUBREC #7", "PUBREC #7"]);
        rig.says(pubrel(7));
        assert_eq!(rig.sent(), ["PUBCOMP #7"]);
        assert_eq!(rig.client.stats().duplicates_suppressed, 2);
        rig.says(publish(Q2, 7, "a/b", "y"));
        assert_eq!(rig.told(), ["message q2 a/b y"], "the identifier means a new message now");
    }
}

// MQTT-4.3.3-10: the session remembers, not the connection.
#[test]
fn qos_2_is_delivered_once_across_connections_of_a_session() {
    for version in BOTH {
        let mut rig = Rig::connected(config(version));
        rig.says(publish(Q2, 7, "a/b", "x"));
        rig.reconnect(connack_resumed());
        rig.says(publish(Q2, 7, "a/b", "x").again());
        assert!(rig.told().is_empty());
        assert_eq!(rig.sent(), ["PUBREC #7"]);
    }
}

#[test]
fn a_release_after_a_reconnect_ends_the_exchange() {
    let mut rig = Rig::v5();
    rig.says(publish(Q2, 7, "a/b", "x"));
    rig.reconnect(connack_resumed());
    rig.says(pubrel(7));
    assert_eq!(rig.sent(), ["PUBCOMP #7"]);
}

// §4.1: with the session the identifiers are gone, and the next message under one is new.
#[test]
fn a_lost_session_forgets_what_was_received() {
    for version in BOTH {
        let mut rig = Rig::connected(config(version));
        rig.says(publish(Q2, 7, "a/b", "x"));
        rig.reconnect(connack());
        rig.says(publish(Q2, 7, "a/b", "y"));
        assert_eq!(rig.told(), ["message q2 a/b y"]);
    }
}

// MQTT-4.3.3-11: answered even when the identifier means nothing.
#[test]
fn pubrel_for_an_unknown_identifier_is_answered() {
    let mut rig = Rig::v5();
    rig.says(pubrel(7));
    assert_eq!(rig.sent(), ["PUBCOMP #7 0x92"]);
    let mut rig = Rig::connected(config(V311));
    rig.says(pubrel(7));
    assert_eq!(rig.sent(), ["PUBCOMP #7"]);
}

// §3.3.1.3: the flag as it came; what it means depends on the subscription.
#[test]
fn the_retain_flag_is_passed_on() {
    let mut rig = Rig::v5();
    rig.says(publish(Q0, 0, "a", "x").retained());
    rig.says(publish(Q0, 0, "a", "y"));
    assert_eq!(rig.told(), ["message q0 a x retain", "message q0 a y"]);
}

// MQTT-3.3.2-17, MQTT-3.3.2-18
#[test]
fn properties_arrive_in_order_and_complete() {
    let mut rig = Rig::v5();
    rig.says(
        publish(Q0, 0, "a", "x")
            .with(PropertyId::UserProperty, Value::Pair("k", "1"))
            .with(PropertyId::ContentType, Value::Str("text"))
            .with(PropertyId::UserProperty, Value::Pair("k", "2")),
    );
    let message = rig.messages().next().unwrap();
    let properties = message.properties.as_properties();
    assert!(properties.user_properties().eq([("k", "1"), ("k", "2")]));
    assert_eq!(properties.str(PropertyId::ContentType), Some("text"));
}

// MQTT-1.5.4-3: U+FEFF is a character like any other.
#[test]
fn a_byte_order_mark_is_part_of_the_topic() {
    let mut rig = Rig::v5();
    let (_, ids) = rig.subscribe(&[("\u{feff}a", Q0)]);
    rig.says(publish(Q0, 0, "\u{feff}a", "x"));
    rig.says(publish(Q0, 0, "a", "y"));
    let topics: Vec<_> = rig.messages().map(|message| message.topic.as_str()).collect();
    assert_eq!(topics, ["\u{feff}a", "a"]);
    assert_eq!(rig.routes(), [ids, vec![]]);
}

// MQTT-6.0.0-2: packets and chunks need not align.
#[test]
fn packets_may_come_in_any_pieces() {
    let packets: Vec<u8> =
        [publish(Q1, 1, "a", "one"), publish(Q2, 2, "b", "two"), pubrel(2), publish(Q0, 0, "c", "")]
            .iter()
            .flat_map(|say| say.encode(V5))
            .collect();
    for size in 1..=packets.len() {
        let mut rig = Rig::v5();
        for piece in packets.chunks(size) {
            rig.feed(piece);
        }
        assert_eq!(rig.told(), ["message q1 a one", "message q2 b two", "message q0 c "]);
        assert_eq!(rig.sent(), ["PUBACK #1", "PUBREC #2", "PUBCOMP #2"]);
    }
}

#[test]
fn bytes_of_an_ended_connection_are_not_mixed_with_the_next() {
    let mut rig = Rig::v5();
    rig.feed(&publish(Q0, 0, "a", "x").encode(V5)[..4]);
    rig.reconnect(connack_resumed());
    rig.says(publish(Q0, 0, "b", "y"));
    assert_eq!(rig.told(), ["message q0 b y"]);
}

#[test]
fn a_topic_is_named_by_the_same_number_until_it_is_announced_anew() {
    let mut rig = Rig::v5();
    rig.says(publish(Q0, 0, "a", "1"));
    rig.says(publish(Q0, 0, "b", "2"));
    rig.says(publish(Q0, 0, "a", "3"));
    let seen: Vec<_> =
        rig.messages().map(|message| (message.topic.as_str(), message.topic_id, message.new_topic)).collect();
    assert_eq!(seen, [("a", 1, true), ("b", 2, true), ("a", 1, false)]);
}

// A repetition that is not handed out announces nothing, whatever the table of topics has forgotten meanwhile.
#[test]
fn a_suppressed_duplicate_does_not_use_up_the_announcement_of_its_topic() {
    let mut rig = Rig::v5();
    rig.says(publish(Q2, 1, "a", "1"));
    for number in 0..100_000 {
        rig.says(publish(Q0, 0, &format!("other/{number}"), ""));
    }
    rig.reconnect(connack_resumed());
    rig.forget();
    rig.says(publish(Q2, 1, "a", "1").again());
    assert_eq!(rig.messages().count(), 0);
    rig.says(publish(Q0, 0, "a", "2"));
    let seen: Vec<_> = rig.messages().map(|message| (message.topic.as_str(), message.new_topic)).collect();
    assert_eq!(seen, [("a", true)]);
}

// A server that sends without reading what it provokes.
#[test]
fn a_flood_of_messages_ends_the_connection_instead_of_filling_memory() {
    let flood: Vec<u8> = publish(Q2, 7, "a", "").encode(V311).repeat(500_000);
    let mut rig = Rig::connected(config(V311));
    rig.feed(&flood);
    assert_eq!(rig.asked(), ["close"]);
    let told = rig.told();
    assert_eq!(told.last().map(String::as_str), Some("lost: ProtocolError 0x96; retry in 1000"));
}
