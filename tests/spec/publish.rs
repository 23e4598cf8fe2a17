//! Messages on their way to the server.

use crate::support::*;
use wasmqtt::ErrorCode;
use wasmqtt::codec::{AckKind, PropertyId, Value};

// §4.3.1
#[test]
fn qos_0_is_done_when_it_is_handed_over() {
    for version in BOTH {
        let mut rig = Rig::connected(config(version));
        rig.publish(Q0, "a/b", "x");
        assert_eq!(rig.sent(), ["PUBLISH q0 a/b x"]);
        assert_eq!(rig.told(), ["published 1"]);
    }
}

// MQTT-4.3.2-1 to MQTT-4.3.2-3
#[test]
fn qos_1_is_done_with_puback() {
    for version in BOTH {
        let mut rig = Rig::connected(config(version));
        rig.publish(Q1, "a/b", "x");
        assert_eq!(rig.sent(), ["PUBLISH q1 #1 a/b x"]);
        assert!(rig.told().is_empty());
        rig.says(puback(1));
        assert_eq!(rig.told(), ["published 1"]);
        assert!(rig.sent().is_empty());
    }
}

// MQTT-4.3.3-1 to MQTT-4.3.3-7
#[test]
fn qos_2_is_done_with_pubcomp() {
    for version in BOTH {
        let mut rig = Rig::connected(config(version));
        rig.publish(Q2, "a/b", "x");
        assert_eq!(rig.sent(), ["PUBLISH q2 #1 a/b x"]);
        rig.says(pubrec(1));
        assert_eq!(rig.sent(), ["PUBREL #1"]);
        assert!(rig.told().is_empty());
        rig.says(pubcomp(1));
        assert_eq!(rig.told(), ["published 1"]);
    }
}

// §2.4: below 0x80 is success.
#[test]
fn no_matching_subscribers_is_a_success() {
    let mut rig = Rig::v5();
    rig.publish(Q1, "a/b", "x");
    rig.publish(Q2, "a/b", "y");
    rig.says(ack(AckKind::PubAck, 1, 0x10));
    rig.says(ack(AckKind::PubRec, 2, 0x10));
    rig.says(pubcomp(2));
    assert_eq!(rig.told(), ["published 1 [0x10]", "published 2"]);
    assert_eq!(rig.sent(), ["PUBLISH q1 #1 a/b x", "PUBLISH q2 #2 a/b y", "PUBREL #2"]);
}

// MQTT-4.3.3-4, MQTT-4.4.0-2
#[test]
fn a_refusing_pubrec_ends_the_exchange_without_pubrel() {
    let mut rig = Rig::v5();
    rig.publish(Q2, "a/b", "x");
    rig.forget();
    rig.says(ack(AckKind::PubRec, 1, 0x87));
    assert_eq!(rig.told(), ["publish 1 failed: RejectedByServer 0x87"]);
    assert!(rig.sent().is_empty());
    rig.reconnect(connack_resumed());
    assert!(rig.sent().is_empty(), "never sent again");
}

#[test]
fn a_refusing_puback_fails_the_publish_with_the_reason_string() {
    let mut rig = Rig::v5();
    rig.publish(Q1, "a/b", "x");
    rig.says(ack(AckKind::PubAck, 1, 0x99).with(PropertyId::ReasonString, Value::Str("not JSON")));
    let record::Told::Failed(failure) = &rig.events[0] else { panic!("{:?}", rig.events) };
    assert_eq!(failure.error.text.as_deref(), Some("not JSON"));
    assert_eq!(failure.error.reason.unwrap().value(), 0x99);
}

#[test]
fn properties_of_the_answer_are_passed_on() {
    let mut rig = Rig::v5();
    rig.publish(Q1, "a/b", "x");
    rig.says(puback(1).with(PropertyId::UserProperty, Value::Pair("k", "v")));
    let record::Told::Completed(completion) = &rig.events[0] else { panic!() };
    assert_eq!(completion.packet_id.unwrap().get(), 1);
    assert_eq!(&completion.properties[..], [0x26, 0, 1, b'k', 0, 1, b'v']);
}

// MQTT-4.4.0-1: never again on the same connection.
#[test]
fn nothing_is_sent_again_while_the_connection_lives() {
    for version in BOTH {
        let mut rig = Rig::connected(config(version));
        rig.publish(Q1, "a/b", "x");
        rig.publish(Q2, "a/b", "y");
        rig.subscribe(&[("c", Q0)]);
        rig.forget();
        for _ in 0..720 {
            rig.advance(5_000);
            rig.says(pingresp());
        }
        assert!(rig.sent().iter().all(|packet| packet == "PINGREQ"));
        assert!(rig.told().is_empty());
        rig.says(puback(1));
        assert_eq!(rig.told(), ["published 1"]);
    }
}

// MQTT-2.2.1-3: one space of identifiers for everything.
#[test]
fn packet_identifiers_are_shared_by_all_exchanges() {
    let mut rig = Rig::v5();
    rig.publish(Q1, "a", "x");
    let (_, ids) = rig.subscribe(&[("f", Q0)]);
    rig.publish(Q2, "a", "y");
    rig.unsubscribe(&ids);
    let sent = rig.sent();
    let expected = ["PUBLISH q1 #1 a x", "SUBSCRIBE #2 f:0 id=1", "PUBLISH q2 #3 a y", "UNSUBSCRIBE #4 f"];
    assert_eq!(sent, expected);
}

// §2.2.1: no identifier is left, so messages wait.
#[test]
fn when_all_identifiers_are_in_use_messages_wait_for_one() {
    let mut rig = Rig::v5();
    for _ in 0..65_535 {
        rig.publish(Q1, "a", "");
    }
    rig.forget();
    rig.publish(Q1, "a", "late");
    rig.subscribe(&[("f", Q0)]);
    assert!(rig.sent().is_empty());
    rig.says(puback(40_000));
    assert_eq!(rig.sent(), ["SUBSCRIBE #40000 f:0 id=1"]);
    rig.says(puback(7));
    assert_eq!(rig.sent(), ["PUBLISH q1 #7 a late"]);
}

#[test]
fn retain_and_properties_are_sent_as_given() {
    let mut rig = Rig::v5();
    let properties = property(PropertyId::CorrelationData, Value::Bytes(&[0, 255]));
    let properties = properties.as_properties();
    let op = rig.next_op();
    rig.client.publish(op, rig.now, "a/b", &b""[..], Q0, true, properties).unwrap();
    rig.drain();
    rig.last_packet(|packet| {
        let wasmqtt::codec::Packet::Publish(publish) = packet else { panic!("{packet:?}") };
        assert!(publish.retain && publish.payload.is_empty());
        assert_eq!(publish.properties.bytes(PropertyId::CorrelationData), Some(&[0, 255][..]));
    });
}

// MQTT-3.3.2-2, MQTT-4.7.3-1
#[test]
fn an_invalid_topic_is_refused_at_once() {
    let mut rig = Rig::v5();
    for topic in ["", "a/#", "+", "a\0b"] {
        let error = rig.publish_with(Q1, topic, "x", &property(PropertyId::ContentType, Value::Str("")));
        assert_eq!(error.unwrap_err().code, ErrorCode::InvalidTopic, "{topic}");
    }
    assert!(rig.sent().is_empty() && rig.told().is_empty());
}

// MQTT-4.3.2-3, MQTT-4.3.3-6: an answer of the wrong kind.
#[test]
fn an_acknowledgement_of_the_wrong_kind_is_a_protocol_error() {
    for wrong in [pubrec(1), pubcomp(1), suback(1, &[0]), unsuback(1, &[0])] {
        let mut rig = Rig::v5();
        rig.publish(Q1, "a/b", "x");
        rig.forget();
        rig.says(wrong);
        assert_eq!(rig.sent(), ["DISCONNECT 0x82"]);
        assert_eq!(rig.told(), ["lost: ProtocolError 0x82; retry in 1000"]);
    }
}

// §4.13: after a session loss late answers must not end the connection.
#[test]
fn answers_to_unknown_identifiers_are_counted_and_nothing_more() {
    let mut rig = Rig::v5();
    rig.says(puback(9));
    rig.says(pubcomp(9));
    rig.says(suback(9, &[0]));
    rig.says(unsuback(9, &[0]));
    assert!(rig.told().is_empty() && rig.sent().is_empty());
    assert_eq!(rig.client.stats().unknown_acks, 4);
}

// MQTT-4.3.3-11
#[test]
fn pubrec_for_an_unknown_identifier_is_answered() {
    let mut rig = Rig::v5();
    rig.says(pubrec(9));
    assert_eq!(rig.sent(), ["PUBREL #9 0x92"]);
    let mut rig = Rig::connected(config(V311));
    rig.says(pubrec(9));
    assert_eq!(rig.sent(), ["PUBREL #9"]);
}
