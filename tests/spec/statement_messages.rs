//! Messages in both directions: 3.3 to 3.7, 4.1, 4.3 and 4.6.

use crate::support::*;
use wasmqtt::ErrorCode;
use wasmqtt::codec::{PropertyId, ReasonCode, Value};
use wasmqtt::config::Config;

/// Tokens of the messages on record.
fn tokens(rig: &mut Rig) -> Vec<u32> {
    let tokens = rig.messages().filter_map(|message| message.ack_token).collect();
    rig.forget();
    tokens
}

fn acknowledge(rig: &mut Rig, token: u32, reason: u8) {
    rig.client.acknowledge(token, ReasonCode::new(reason));
    rig.drain();
}

// MQTT-3.3.1-3, MQTT-4.3.2-2, MQTT-4.3.3-2: DUP says that this client has sent it before, nothing else.
#[test]
fn dup_of_a_received_message_does_not_go_on() {
    for version in BOTH {
        let mut rig = Rig::connected(config(version));
        rig.says(publish(Q1, 7, "in", "x").again());
        rig.says(publish(Q2, 8, "in", "x").again());
        for qos in [Q0, Q1, Q2] {
            let message = rig.messages().next().unwrap().clone();
            let properties = message.properties.as_properties();
            let op = rig.next_op();
            rig.client.publish(op, rig.now, "out", &message.payload[..], qos, false, properties).unwrap();
            rig.drain();
        }
        let sent = rig.sent();
        assert_eq!(sent[2..], ["PUBLISH q0 out x", "PUBLISH q1 #1 out x", "PUBLISH q2 #2 out x"]);
    }
}

// MQTT-3.3.4-6; and aliases are for the client to choose (MQTT-3.2.2-17, MQTT-3.3.2-9).
#[test]
fn properties_that_are_the_clients_own_business_are_refused() {
    for (id, value) in [
        (PropertyId::SubscriptionIdentifier, Value::VarInt(1)),
        (PropertyId::TopicAlias, Value::U16(3)),
        (PropertyId::WillDelayInterval, Value::U32(1)),
    ] {
        let block = property(id, value);
        for qos in [Q0, Q1] {
            let mut rig = Rig::v5();
            let error = rig.publish_with(qos, "a", "x", &block).unwrap_err();
            assert_eq!((error.code, error.text.as_deref()), (ErrorCode::InvalidArgument, Some("properties")));
            let mut rig = Rig::connecting(config(V5));
            assert!(rig.publish_with(qos, "a", "x", &block).is_err(), "before anything is accepted");
            rig.says(connack());
            assert!(rig.sent().is_empty());
        }
    }
}

// MQTT-3.3.2-10: all of them.
#[test]
fn every_alias_up_to_our_maximum_is_taken() {
    let mut rig = Rig::connected(Config { topic_alias_maximum: u16::MAX, ..config(V5) });
    for alias in [1, 2, 10, 255, 256, 32_768, 65_534, 65_535] {
        let with = |topic: &str| publish(Q0, 0, topic, "x").with(PropertyId::TopicAlias, Value::U16(alias));
        rig.says(with(&format!("topic/{alias}")));
        rig.says(with(""));
        let message = rig.messages().last().unwrap();
        assert_eq!(message.topic, format!("topic/{alias}"));
    }
    assert!(rig.sent().is_empty());
}

// 3.1.1 MQTT-3.3.1-8, -9; 5.0 MQTT-3.3.1-12, -13
#[test]
fn retain_is_passed_on_as_it_came() {
    for version in BOTH {
        let mut rig = Rig::connected(config(version));
        rig.says(publish(Q0, 0, "a", "stored").retained());
        rig.says(publish(Q0, 0, "a", "live"));
        assert_eq!(rig.told(), ["message q0 a stored retain", "message q0 a live"]);
    }
}

// MQTT-3.3.2-4, -6, -15 to -18, -20, MQTT-3.3.4-3
#[test]
fn every_property_of_a_message_arrives_as_it_was_sent() {
    let values = [
        (PropertyId::UserProperty, Value::Pair("k", "2")),
        (PropertyId::PayloadFormatIndicator, Value::Byte(1)),
        (PropertyId::MessageExpiryInterval, Value::U32(7)),
        (PropertyId::ContentType, Value::Str("")),
        (PropertyId::UserProperty, Value::Pair("k", "1")),
        (PropertyId::ResponseTopic, Value::Str("\u{feff}réponse/1")),
        (PropertyId::CorrelationData, Value::Bytes(&[0, 0xff, 0xc3])),
        (PropertyId::SubscriptionIdentifier, Value::VarInt(268_435_455)),
        (PropertyId::UserProperty, Value::Pair("", "")),
        (PropertyId::SubscriptionIdentifier, Value::VarInt(1)),
    ];
    let mut rig = Rig::v5();
    rig.says(values.into_iter().fold(publish(Q0, 0, "a", "x"), |say, (id, value)| say.with(id, value)));
    let message = rig.messages().next().unwrap();
    assert!(message.properties.as_properties().iter().eq(values));
}

// MQTT-3.4.2-1, MQTT-3.5.2-1: whatever number the application refuses with.
#[test]
fn acknowledgements_have_codes_that_a_client_may_send() {
    let legal = [0, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99];
    for reason in 0..=u8::MAX {
        let mut rig = Rig::connected(Config { manual_ack: true, ..config(V5) });
        rig.says(publish(Q1, 1, "a", "x"));
        rig.says(publish(Q2, 2, "a", "x"));
        for token in tokens(&mut rig) {
            acknowledge(&mut rig, token, reason);
        }
        let code = match reason {
            reason if legal.contains(&reason) => reason,
            0x80.. => 0x80,
            _ => 0,
        };
        let suffix = if code == 0 { String::new() } else { format!(" {code:#04x}") };
        assert_eq!(rig.sent(), [format!("PUBACK #1{suffix}"), format!("PUBREC #2{suffix}")], "{reason:#x}");
    }
}

// MQTT-3.4.2-2, -3, MQTT-3.5.2-2, -3, MQTT-3.6.2-1 to -3, MQTT-3.7.2-1 to -3: short enough for any server, because
// there are no properties at all.
#[test]
fn acknowledgements_carry_no_properties() {
    let mut rig = Rig::connected(Config { manual_ack: true, ..config(V5) });
    rig.says(publish(Q1, 1, "a", "x"));
    rig.says(publish(Q1, 2, "a", "x"));
    rig.says(publish(Q2, 3, "a", "x"));
    rig.says(publish(Q2, 4, "a", "x"));
    let tokens = tokens(&mut rig);
    for (token, reason) in tokens.into_iter().zip([0, 0x99, 0, 0x87]) {
        acknowledge(&mut rig, token, reason);
    }
    rig.says(pubrel(3));
    rig.says(pubrel(9));
    rig.publish(Q2, "a", "x");
    rig.packets.pop();
    rig.says(pubrec(1));
    rig.says(pubrec(9));
    let expected: [&[u8]; 8] = [
        &[0x40, 2, 0, 1],
        &[0x40, 3, 0, 2, 0x99],
        &[0x50, 2, 0, 3],
        &[0x50, 3, 0, 4, 0x87],
        &[0x70, 2, 0, 3],
        &[0x70, 3, 0, 9, 0x92],
        &[0x62, 2, 0, 1],
        &[0x62, 3, 0, 9, 0x92],
    ];
    assert_eq!(rig.packets, expected);
}

// 3.1.1 MQTT-4.1.0-2, 5.0 MQTT-4.1.0-1: also when nothing of it outlives the connection.
#[test]
fn state_is_kept_as_long_as_the_connection_lives() {
    let nothing_kept = Config { session_expiry_seconds: Some(0), keep_alive_seconds: 60, ..config(V5) };
    for config in [nothing_kept, Config { keep_alive_seconds: 60, ..config(V311) }] {
        let mut rig = Rig::connected(config);
        rig.publish(Q1, "a", "x");
        rig.publish(Q2, "a", "y");
        rig.says(publish(Q2, 7, "b", "z"));
        for _ in 0..24 * 720 {
            rig.advance(5_000);
            rig.says(pingresp());
        }
        rig.forget();
        rig.says(publish(Q2, 7, "b", "z").again());
        rig.says(puback(1));
        rig.says(pubrec(2));
        rig.says(pubcomp(2));
        assert_eq!(rig.told(), ["published 1", "published 2"]);
        assert_eq!(rig.sent(), ["PUBREC #7", "PUBREL #2"]);
    }
}

// MQTT-4.3.3-13
#[test]
fn an_exchange_goes_on_when_its_message_has_expired() {
    let mut rig = Rig::v5();
    rig.says(publish(Q2, 7, "a", "x").with(PropertyId::MessageExpiryInterval, Value::U32(1)));
    rig.advance(5_000);
    rig.reconnect(connack_resumed());
    rig.says(publish(Q2, 7, "a", "x").with(PropertyId::MessageExpiryInterval, Value::U32(0)).again());
    rig.says(pubrel(7));
    assert_eq!(rig.sent(), ["PUBREC #7", "PUBCOMP #7"]);
    assert!(rig.told().is_empty());
}

// MQTT-4.6.0-2, MQTT-4.6.0-3: across QoS 1 and 2.
#[test]
fn pubrecs_leave_in_the_order_of_receipt() {
    for version in BOTH {
        let mut rig = Rig::connected(Config { manual_ack: true, ..config(version) });
        for (qos, id) in [(Q2, 9), (Q2, 3), (Q1, 5), (Q2, 1)] {
            rig.says(publish(qos, id, "a", "x"));
        }
        let tokens = tokens(&mut rig);
        for index in [3, 1, 2] {
            acknowledge(&mut rig, tokens[index], 0);
        }
        assert!(rig.sent().is_empty());
        acknowledge(&mut rig, tokens[0], 0);
        assert_eq!(rig.sent(), ["PUBREC #9", "PUBREC #3", "PUBACK #5", "PUBREC #1"]);
    }
}

// MQTT-4.6.0-4
#[test]
fn pubrels_leave_in_the_order_of_the_pubrecs() {
    for version in BOTH {
        let mut rig = Rig::connected(config(version));
        for _ in 0..3 {
            rig.publish(Q2, "a", "x");
        }
        rig.forget();
        rig.feed(&[pubrec(3).encode(version), pubrec(1).encode(version), pubrec(2).encode(version)].concat());
        assert_eq!(rig.sent(), ["PUBREL #3", "PUBREL #1", "PUBREL #2"]);
        rig.reconnect(connack_resumed());
        assert_eq!(rig.sent(), ["PUBREL #3", "PUBREL #1", "PUBREL #2"]);
    }
}

// MQTT-4.4.0-2
#[test]
fn a_refused_message_is_never_sent_again() {
    use wasmqtt::codec::AckKind;
    let mut rig = Rig::v5();
    rig.publish(Q1, "a", "x");
    rig.publish(Q2, "a", "y");
    rig.says(ack(AckKind::PubAck, 1, 0x97));
    rig.says(ack(AckKind::PubRec, 2, 0x80));
    for connack in [connack_resumed(), connack()] {
        rig.reconnect(connack);
        assert!(rig.sent().is_empty());
    }
}
