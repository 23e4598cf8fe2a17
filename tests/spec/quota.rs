//! Our Receive Maximum, held against what the server can have seen: an acknowledgement counts when it leaves.

use crate::support::*;
use wasmqtt::codec::ReasonCode;
use wasmqtt::config::Config;

/// A client that takes one message at a time, and has one at QoS 2 that nobody has acknowledged.
fn holding_one(manual_ack: bool) -> Rig {
    let mut rig = Rig::connected(Config { receive_maximum: 1, manual_ack, ..config(V5) });
    rig.says(publish(Q2, 1, "a", "first"));
    rig
}

/// The server's packets in one chunk: all of them were sent before any answer to the first.
fn chunk(says: &[Say]) -> Vec<u8> {
    says.iter().flat_map(|say| say.encode(V5)).collect()
}

// MQTT-3.3.4-9
#[test]
fn a_place_is_free_when_pubcomp_has_left() {
    let mut rig = holding_one(false);
    rig.forget();
    rig.says(pubrel(1));
    rig.says(publish(Q2, 2, "a", "second"));
    assert_eq!(rig.sent(), ["PUBCOMP #1", "PUBREC #2"]);

    let mut rig = holding_one(false);
    rig.forget();
    rig.feed(&chunk(&[pubrel(1), publish(Q2, 2, "a", "too early")]));
    assert_eq!(rig.sent(), ["PUBCOMP #1", "DISCONNECT 0x93"]);
}

// MQTT-3.3.4-9, MQTT-4.3.3-9
#[test]
fn a_place_is_free_when_a_refusing_pubrec_has_left() {
    let refuse = |rig: &mut Rig| {
        let token = rig.messages().find_map(|message| message.ack_token).unwrap();
        rig.client.acknowledge(token, ReasonCode::QUOTA_EXCEEDED);
    };
    let mut rig = holding_one(true);
    refuse(&mut rig);
    rig.drain();
    rig.says(publish(Q2, 2, "a", "second"));
    assert_eq!(rig.sent(), ["PUBREC #1 0x97"]);
    assert_eq!(rig.told(), ["message q2 a first", "message q2 a second"]);

    let mut rig = holding_one(true);
    refuse(&mut rig);
    rig.says(publish(Q2, 2, "a", "too early"));
    assert_eq!(rig.sent(), ["PUBREC #1 0x97", "DISCONNECT 0x93"]);
}

// §4.9: a new connection, and nothing counts on it yet.
#[test]
fn every_place_is_free_on_a_new_connection() {
    for first in [Q1, Q2] {
        let mut rig = Rig::connected(Config { receive_maximum: 2, manual_ack: true, ..config(V5) });
        rig.says(publish(first, 1, "a", "x"));
        rig.says(publish(Q2, 2, "a", "x"));
        rig.reconnect(connack_resumed());
        rig.says(publish(first, 1, "a", "x").again());
        rig.says(publish(Q2, 2, "a", "x").again());
        assert_eq!(rig.told().len(), 2);
        assert!(rig.sent().is_empty());
    }
}

// MQTT-4.6.0-3: an accepted message whose PUBREC had to wait for its turn is not delivered twice.
#[test]
fn what_was_accepted_out_of_order_is_remembered_over_a_cut() {
    let mut rig = Rig::connected(Config { manual_ack: true, ..config(V5) });
    rig.says(publish(Q2, 1, "a", "open"));
    rig.says(publish(Q2, 2, "a", "accepted"));
    let second = rig.messages().filter_map(|message| message.ack_token).nth(1).unwrap();
    rig.client.acknowledge(second, ReasonCode::SUCCESS);
    rig.drain();
    assert!(rig.sent().is_empty(), "the first one comes first");
    rig.reconnect(connack_resumed());
    rig.says(publish(Q2, 1, "a", "open").again());
    rig.says(publish(Q2, 2, "a", "accepted").again());
    assert_eq!(rig.told(), ["message q2 a open dup"]);
    assert_eq!(rig.sent(), ["PUBREC #2"]);
}
