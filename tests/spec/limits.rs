//! What the server takes and what we take.

use crate::support::*;
use wasmqtt::ErrorCode;
use wasmqtt::codec::{PropertyId, Value};
use wasmqtt::config::Config;

fn greeting(id: PropertyId, value: Value<'_>) -> Say {
    connack().with(id, value)
}

fn allowing(count: u16) -> Say {
    greeting(PropertyId::ReceiveMaximum, Value::U16(count))
}

// MQTT-3.3.4-7, MQTT-4.9.0-2
#[test]
fn no_more_than_receive_maximum_is_in_flight() {
    let mut rig = Rig::connected_with(config(V5), allowing(2));
    for payload in ["1", "2", "3", "4"] {
        rig.publish(Q1, "a", payload);
    }
    assert_eq!(rig.sent(), ["PUBLISH q1 #1 a 1", "PUBLISH q1 #2 a 2"]);
    rig.says(puback(2));
    assert_eq!(rig.sent(), ["PUBLISH q1 #3 a 3"]);
    rig.says(puback(1));
    assert_eq!(rig.sent(), ["PUBLISH q1 #4 a 4"]);
}

// MQTT-3.3.4-8: only QoS 1 and 2 wait.
#[test]
fn other_packets_do_not_wait_for_quota() {
    let mut rig = Rig::connected_with(config(V5), allowing(1));
    rig.publish(Q1, "a", "1");
    rig.publish(Q2, "a", "2");
    rig.forget();
    rig.publish(Q0, "a", "0");
    rig.subscribe(&[("f", Q0)]);
    rig.ping();
    rig.says(publish(Q1, 7, "b", "x"));
    assert_eq!(rig.sent(), ["PUBLISH q0 a 0", "SUBSCRIBE #2 f:0 id=1", "PINGREQ", "PUBACK #7"]);
}

// §4.9: PUBCOMP gives the place back, PUBREC only when it refuses.
#[test]
fn quota_comes_back_with_the_end_of_the_exchange() {
    use wasmqtt::codec::AckKind;
    let mut rig = Rig::connected_with(config(V5), allowing(1));
    for payload in ["1", "2", "3"] {
        rig.publish(Q2, "a", payload);
    }
    rig.forget();
    rig.says(pubrec(1));
    assert_eq!(rig.sent(), ["PUBREL #1"]);
    rig.says(pubcomp(1));
    assert_eq!(rig.sent(), ["PUBLISH q2 #2 a 2"]);
    rig.says(ack(AckKind::PubRec, 2, 0x97));
    assert_eq!(rig.sent(), ["PUBLISH q2 #3 a 3"]);
}

// MQTT-4.9.0-1: a new connection, a new quota; what is sent again takes of it, PUBREL does not.
#[test]
fn a_resumed_session_keeps_to_the_new_quota() {
    let mut rig = Rig::v5();
    for payload in ["1", "2", "3", "4"] {
        rig.publish(Q2, "a", payload);
    }
    rig.says(pubrec(1));
    rig.publish(Q1, "a", "5");
    rig.reconnect(connack_resumed().with(PropertyId::ReceiveMaximum, Value::U16(1)));
    assert_eq!(rig.sent(), ["PUBREL #1", "PUBLISH q2 #2 a 2 dup"]);
    rig.says(pubcomp(1));
    assert!(rig.sent().is_empty(), "PUBREL had taken no quota, so PUBCOMP gives none back");
    rig.says(pubrec(2));
    rig.says(pubcomp(2));
    assert_eq!(rig.sent(), ["PUBREL #2", "PUBLISH q2 #3 a 3 dup"]);
    rig.publish(Q1, "a", "new");
    rig.says(pubrec(3));
    rig.says(pubcomp(3));
    assert_eq!(rig.sent(), ["PUBREL #3", "PUBLISH q2 #4 a 4 dup"], "nothing new before it");
}

// MQTT-3.3.4-9
#[test]
fn more_than_our_receive_maximum_is_refused() {
    let mut rig = Rig::connected(Config { receive_maximum: 2, ..config(V5) });
    rig.says(publish(Q2, 1, "a", "x"));
    rig.says(publish(Q2, 2, "a", "x"));
    rig.says(publish(Q2, 1, "a", "x").again());
    rig.says(pubrel(1));
    rig.says(publish(Q2, 3, "a", "x"));
    rig.forget();
    rig.says(publish(Q1, 4, "a", "x"));
    assert_eq!(rig.sent(), ["DISCONNECT 0x93"]);
    assert_eq!(rig.told(), ["lost: ProtocolError 0x93; retry in 1000"]);
}

#[test]
fn acknowledged_messages_do_not_count_on() {
    let mut rig = Rig::connected(Config { receive_maximum: 1, ..config(V5) });
    for id in 1..10 {
        rig.says(publish(Q1, id, "a", "x"));
    }
    assert_eq!(rig.told().len(), 9);
}

// What arrives in one chunk was sent before any answer to it: the quota is exceeded all the same.
#[test]
fn a_burst_above_receive_maximum_is_noticed_in_one_chunk() {
    let mut rig = Rig::connected(Config { receive_maximum: 1, ..config(V5) });
    rig.feed(&[publish(Q1, 1, "a", "x").encode(V5), publish(Q1, 2, "a", "x").encode(V5)].concat());
    assert_eq!(rig.sent(), ["PUBACK #1", "DISCONNECT 0x93"]);
}

// MQTT-3.2.2-11, MQTT-3.2.2-14
#[test]
fn what_the_server_does_not_support_is_refused_at_once() {
    let mut rig = Rig::connected_with(config(V5), greeting(PropertyId::MaximumQoS, Value::Byte(1)));
    let op = rig.next_op();
    let error = rig.client.publish(op, rig.now, "a", &b"x"[..], Q2, false, NONE).unwrap_err();
    let seen = (error.code, error.statement, error.limit);
    assert_eq!(seen, (ErrorCode::NotSupportedByServer, Some("MQTT-3.2.2-11"), Some(1)));

    let mut rig = Rig::connected_with(config(V5), greeting(PropertyId::RetainAvailable, Value::Byte(0)));
    for qos in [Q0, Q1] {
        let op = rig.next_op();
        let error = rig.client.publish(op, rig.now, "a", &b"x"[..], qos, true, NONE).unwrap_err();
        assert_eq!((error.code, error.statement), (ErrorCode::NotSupportedByServer, Some("MQTT-3.2.2-14")));
    }
    rig.drain();
    assert!(rig.sent().is_empty() && rig.told().is_empty());
}

// MQTT-3.2.2-15: to the byte.
#[test]
fn maximum_packet_size_of_the_server_is_kept_to_the_byte() {
    // Two bytes of header, two and one for the topic, one for the properties: six around the payload.
    for (qos, overhead) in [(Q0, 6), (Q1, 8)] {
        for limit in 10..40 {
            let size = greeting(PropertyId::MaximumPacketSize, Value::U32(limit));
            let mut rig = Rig::connected_with(config(V5), size);
            let fits = "x".repeat(limit as usize - overhead);
            rig.publish(qos, "a", &fits);
            assert_eq!(rig.packets.pop().unwrap().len(), limit as usize);
            rig.forget();
            let refused = rig.publish_with(qos, "a", &format!("{fits}x"), &Default::default());
            let told = rig.told();
            let error = refused.err().map(|error| error.code);
            assert!(
                error == Some(ErrorCode::PacketTooLarge) || told == ["publish 2 failed: PacketTooLarge"],
                "{error:?} {told:?}"
            );
            assert!(rig.sent().is_empty());
        }
    }
}

#[test]
fn requests_keep_to_the_maximum_packet_size_as_well() {
    let mut rig = Rig::v5();
    let long = "f".repeat(60);
    let (_, ids) = rig.subscribe(&[(&long, Q0)]);
    rig.says(suback(1, &[0]));
    rig.reconnect(connack_resumed().with(PropertyId::MaximumPacketSize, Value::U32(40)));
    rig.forget();
    rig.unsubscribe(&ids);
    rig.subscribe(&[(&long, Q0)]);
    assert!(rig.sent().is_empty());
    assert_eq!(rig.told(), ["unsubscribe 2 failed: PacketTooLarge", "subscribe 3 failed: PacketTooLarge"]);
}

// §3.2.2.3: limits belong to a connection, and the next one may have others.
#[test]
fn what_no_longer_fits_after_a_reconnect_fails_and_is_never_sent() {
    let mut rig = Rig::v5();
    rig.publish(Q1, "a", &"x".repeat(50));
    rig.publish(Q2, "a", "above");
    rig.publish(Q1, "a", "fine");
    let limited = connack_resumed()
        .with(PropertyId::MaximumPacketSize, Value::U32(40))
        .with(PropertyId::MaximumQoS, Value::Byte(1));
    rig.reconnect(limited);
    assert_eq!(rig.told(), ["publish 1 failed: PacketTooLarge", "publish 2 failed: NotSupportedByServer"]);
    // The server may hold the identifier of the QoS 2 message: it is released before it is used again.
    let mut sent = rig.sent();
    sent.sort();
    assert_eq!(sent, ["PUBLISH q1 #3 a fine dup", "PUBREL #2"]);
}

#[test]
fn what_waited_and_does_not_fit_fails() {
    let mut rig = Rig::connecting(config(V5));
    rig.publish(Q0, "a", &"x".repeat(50));
    rig.publish(Q1, "a", &"x".repeat(50));
    rig.publish(Q1, "a", "fine");
    rig.says(greeting(PropertyId::MaximumPacketSize, Value::U32(40)));
    let expected = ["connected", "publish 1 failed: PacketTooLarge", "publish 2 failed: PacketTooLarge"];
    assert_eq!(rig.told(), expected);
    assert_eq!(rig.sent().len(), 1);
}

// MQTT-3.1.2-24: known from the header, before the bytes have come.
#[test]
fn a_packet_above_our_maximum_is_refused_by_its_header() {
    for version in BOTH {
        let mut rig = Rig::connected(Config { maximum_packet_size: 100, ..config(version) });
        rig.feed(&[0x30, 98]);
        assert!(rig.told().is_empty(), "exactly 100 bytes are fine");
        let mut rig = Rig::connected(Config { maximum_packet_size: 100, ..config(version) });
        rig.feed(&[0x30, 99]);
        assert_eq!(rig.told(), ["lost: ProtocolError 0x95; retry in 1000"]);
        let expected: &[&str] = if version == V5 { &["DISCONNECT 0x95"] } else { &[] };
        assert_eq!(rig.sent(), expected);
    }
}

// MQTT-3.14.2-3: without its texts where they do not fit.
#[test]
fn a_disconnect_that_is_too_long_loses_its_properties() {
    use wasmqtt::client::DisconnectOptions;
    let size = greeting(PropertyId::MaximumPacketSize, Value::U32(20));
    let mut rig = Rig::connected_with(config(V5), size);
    let properties = property(PropertyId::ReasonString, Value::Str("a text that is too long"));
    rig.disconnect_with(DisconnectOptions { properties, ..DisconnectOptions::default() }).unwrap();
    assert_eq!(rig.packets, [[0xe0, 0]]);
}
