//! The application acknowledges messages itself.

use crate::support::*;
use wasmqtt::client::DisconnectOptions;
use wasmqtt::codec::ReasonCode;
use wasmqtt::config::Config;

fn rig_of(version: wasmqtt::codec::ProtocolVersion) -> Rig {
    Rig::connected(Config { manual_ack: true, ..config(version) })
}

fn tokens(rig: &mut Rig) -> Vec<u32> {
    let tokens = rig.messages().filter_map(|message| message.ack_token).collect();
    rig.forget();
    tokens
}

fn acknowledge(rig: &mut Rig, token: u32, reason: ReasonCode) {
    rig.client.acknowledge(token, reason);
    rig.drain();
}

#[test]
fn nothing_is_acknowledged_before_the_application_says_so() {
    for version in BOTH {
        let mut rig = rig_of(version);
        rig.says(publish(Q0, 0, "a", "zero"));
        rig.says(publish(Q1, 1, "a", "one"));
        rig.says(publish(Q2, 2, "a", "two"));
        assert!(rig.sent().is_empty());
        let tokens = tokens(&mut rig);
        assert_eq!(tokens.len(), 2, "QoS 0 needs none");
        acknowledge(&mut rig, tokens[0], ReasonCode::SUCCESS);
        acknowledge(&mut rig, tokens[1], ReasonCode::SUCCESS);
        assert_eq!(rig.sent(), ["PUBACK #1", "PUBREC #2"]);
        rig.says(pubrel(2));
        assert_eq!(rig.sent(), ["PUBCOMP #2"]);
    }
}

// MQTT-4.6.0-2, MQTT-4.6.0-3
#[test]
fn acknowledgements_leave_in_the_order_of_receipt() {
    let mut rig = rig_of(V5);
    for id in 5..8 {
        rig.says(publish(Q1, id, "a", "x"));
    }
    let tokens = tokens(&mut rig);
    acknowledge(&mut rig, tokens[2], ReasonCode::SUCCESS);
    acknowledge(&mut rig, tokens[1], ReasonCode::SUCCESS);
    assert!(rig.sent().is_empty());
    acknowledge(&mut rig, tokens[0], ReasonCode::SUCCESS);
    assert_eq!(rig.sent(), ["PUBACK #5", "PUBACK #6", "PUBACK #7"]);
}

// MQTT-4.3.3-9: a refused identifier is free at once.
#[test]
fn a_refusal_is_sent_in_5_and_frees_the_identifier() {
    let mut rig = rig_of(V5);
    rig.says(publish(Q1, 1, "a", "one"));
    rig.says(publish(Q2, 2, "a", "two"));
    let first = tokens(&mut rig);
    acknowledge(&mut rig, first[0], ReasonCode::PAYLOAD_FORMAT_INVALID);
    acknowledge(&mut rig, first[1], ReasonCode::PAYLOAD_FORMAT_INVALID);
    assert_eq!(rig.sent(), ["PUBACK #1 0x99", "PUBREC #2 0x99"]);
    rig.says(publish(Q2, 2, "a", "another"));
    assert_eq!(rig.told(), ["message q2 a another"]);
}

#[test]
fn a_refusal_is_an_acceptance_in_3_1_1() {
    let mut rig = rig_of(V311);
    rig.says(publish(Q2, 2, "a", "two"));
    let tokens = tokens(&mut rig);
    acknowledge(&mut rig, tokens[0], ReasonCode::UNSPECIFIED_ERROR);
    rig.says(publish(Q2, 2, "a", "two").again());
    assert_eq!(rig.sent(), ["PUBREC #2", "PUBREC #2"]);
    assert!(rig.told().is_empty());
}

#[test]
fn a_token_works_once_and_only_on_its_connection() {
    let mut rig = rig_of(V5);
    rig.says(publish(Q1, 1, "a", "x"));
    let old = tokens(&mut rig)[0];
    rig.reconnect(connack_resumed());
    acknowledge(&mut rig, old, ReasonCode::SUCCESS);
    assert!(rig.sent().is_empty());
    rig.says(publish(Q1, 1, "a", "x").again());
    let new = tokens(&mut rig)[0];
    acknowledge(&mut rig, new, ReasonCode::SUCCESS);
    acknowledge(&mut rig, new, ReasonCode::SUCCESS);
    acknowledge(&mut rig, 77, ReasonCode::SUCCESS);
    assert_eq!(rig.sent(), ["PUBACK #1"]);
}

// A QoS 2 message that nobody accepted comes again; one that was accepted does not.
#[test]
fn what_was_not_accepted_before_a_cut_is_delivered_again() {
    let mut rig = rig_of(V5);
    rig.says(publish(Q2, 1, "a", "accepted"));
    rig.says(publish(Q2, 2, "a", "open"));
    let tokens = tokens(&mut rig);
    acknowledge(&mut rig, tokens[0], ReasonCode::SUCCESS);
    rig.reconnect(connack_resumed());
    rig.says(publish(Q2, 1, "a", "accepted").again());
    rig.says(publish(Q2, 2, "a", "open").again());
    assert_eq!(rig.told(), ["message q2 a open dup"]);
    assert_eq!(rig.sent(), ["PUBREC #1"]);
}

#[test]
fn a_repeated_qos_2_message_waits_for_the_one_acknowledgement() {
    let mut rig = rig_of(V5);
    rig.says(publish(Q2, 1, "a", "x"));
    let tokens = tokens(&mut rig);
    rig.says(publish(Q2, 1, "a", "x").again());
    assert!(rig.told().is_empty() && rig.sent().is_empty());
    acknowledge(&mut rig, tokens[0], ReasonCode::SUCCESS);
    assert_eq!(rig.sent(), ["PUBREC #1"]);
}

// MQTT-3.3.4-9: unacknowledged messages count, of either QoS.
#[test]
fn unacknowledged_messages_count_against_receive_maximum() {
    let mut rig = Rig::connected(Config { manual_ack: true, receive_maximum: 2, ..config(V5) });
    rig.says(publish(Q1, 1, "a", "x"));
    rig.says(publish(Q2, 2, "a", "x"));
    rig.says(publish(Q2, 2, "a", "x").again());
    rig.says(publish(Q0, 0, "a", "free"));
    assert!(rig.sent().is_empty());
    rig.says(publish(Q1, 3, "a", "x"));
    assert_eq!(rig.sent(), ["DISCONNECT 0x93"]);
}

// MQTT-3.14.4-1: nothing follows DISCONNECT. Found by fuzzing.
#[test]
fn an_acknowledgement_after_the_goodbye_is_not_sent() {
    for version in BOTH {
        let mut rig = rig_of(version);
        rig.says(publish(Q1, 1, "a", "x"));
        rig.says(publish(Q2, 2, "a", "x"));
        let tokens = tokens(&mut rig);
        rig.client.disconnect(rig.now, DisconnectOptions::default()).unwrap();
        acknowledge(&mut rig, tokens[0], ReasonCode::SUCCESS);
        acknowledge(&mut rig, tokens[1], ReasonCode::SUCCESS);
        assert_eq!(rig.sent().len(), 1, "DISCONNECT alone");
    }
}
