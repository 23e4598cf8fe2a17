//! Leaving: in order, at once, or without a word.

use crate::support::*;
use wasmqtt::ErrorCode;
use wasmqtt::client::{ClientState, DisconnectOptions, TransportClose};
use wasmqtt::codec::ReasonCode;
use wasmqtt::config::Config;
use wasmqtt::time::Millis;

// MQTT-3.14.4-1, MQTT-3.14.4-2
#[test]
fn disconnect_is_the_last_packet() {
    for version in BOTH {
        let mut rig = Rig::connected(config(version));
        rig.disconnect(0);
        assert_eq!((rig.sent(), rig.asked()), (vec!["DISCONNECT".into()], vec!["close".into()]));
        assert_eq!(rig.told(), ["closed"]);
        assert_eq!(rig.client.state(), ClientState::Closed);
        rig.feed(&publish(Q1, 1, "a", "x").encode(version));
        assert!(rig.sent().is_empty() && rig.told().is_empty());
    }
}

#[test]
fn unfinished_work_has_its_time() {
    let mut rig = Rig::v5();
    rig.publish(Q1, "a", "1");
    rig.publish(Q2, "a", "2");
    rig.subscribe(&[("f", Q0)]);
    rig.forget();
    rig.disconnect(1000);
    assert_eq!(rig.client.state(), ClientState::Closing);
    assert!(rig.sent().is_empty());
    rig.says(puback(1));
    rig.says(pubrec(2));
    rig.says(suback(3, &[0]));
    rig.says(publish(Q1, 9, "f", "still listening"));
    assert_eq!(rig.sent(), ["PUBREL #2", "PUBACK #9"]);
    rig.says(pubcomp(2));
    assert_eq!(rig.sent(), ["DISCONNECT"]);
    let expected =
        ["published 1", "subscribed 3 [0x00]", "message q1 f still listening", "published 2", "closed"];
    assert_eq!(rig.told(), expected);
}

#[test]
fn waiting_messages_leave_before_the_end() {
    use wasmqtt::codec::{PropertyId, Value};
    let one = connack().with(PropertyId::ReceiveMaximum, Value::U16(1));
    let mut rig = Rig::connected_with(config(V5), one);
    rig.publish(Q1, "a", "1");
    rig.publish(Q1, "a", "2");
    rig.disconnect(1000);
    rig.says(puback(1));
    rig.says(puback(2));
    assert_eq!(rig.sent(), ["PUBLISH q1 #1 a 1", "PUBLISH q1 #2 a 2", "DISCONNECT"]);
}

#[test]
fn the_time_of_unfinished_work_is_bounded() {
    let mut rig = Rig::v5();
    rig.publish(Q1, "a", "1");
    rig.forget();
    rig.disconnect(1000);
    rig.advance(999);
    assert!(rig.sent().is_empty());
    rig.advance(1);
    assert_eq!(rig.sent(), ["DISCONNECT"]);
    assert_eq!(rig.told(), ["publish 1 failed: ClientClosed", "closed"]);
}

// What was written leaves before DISCONNECT, so it has been sent.
#[test]
fn qos_0_that_leaves_with_disconnect_is_done() {
    let mut rig = Rig::v5();
    let op = rig.next_op();
    let publish = rig.client.publish(op, rig.now, "a", &b"bye"[..], Q0, false, NONE);
    publish.unwrap();
    rig.disconnect(0);
    assert_eq!(rig.sent(), ["PUBLISH q0 a bye", "DISCONNECT"]);
    assert_eq!(rig.told(), ["published 1", "closed"]);
}

#[test]
fn nothing_new_is_taken_while_leaving() {
    let mut rig = Rig::v5();
    rig.publish(Q1, "a", "1");
    rig.disconnect(1000);
    let nothing = Default::default();
    assert_eq!(rig.publish_with(Q0, "a", "x", &nothing).unwrap_err().code, ErrorCode::ClientClosed);
    let op = rig.next_op();
    assert_eq!(rig.client.unsubscribe(op, &[1], NONE).unwrap_err().code, ErrorCode::ClientClosed);
    let op = rig.next_op();
    assert_eq!(rig.client.ping(op, rig.now).unwrap_err().code, ErrorCode::ClientClosed);
    let subscribe = [filter("a", Default::default())];
    assert_eq!(rig.try_subscribe(&subscribe).unwrap_err().code, ErrorCode::ClientClosed);
}

#[test]
fn a_connection_that_breaks_while_leaving_is_the_end() {
    let mut rig = Rig::v5();
    rig.publish(Q1, "a", "1");
    rig.forget();
    rig.disconnect(1000);
    rig.cut();
    assert_eq!(rig.told(), ["publish 1 failed: ClientClosed", "closed"]);
    assert_eq!(rig.client.poll_timeout(), None);
}

#[test]
fn leaving_before_connack_says_nothing() {
    let mut rig = Rig::connecting(config(V5));
    rig.publish(Q1, "a", "1");
    rig.disconnect(1000);
    assert!(rig.sent().is_empty());
    assert_eq!(rig.asked(), ["close"]);
    assert_eq!(rig.told(), ["publish 1 failed: ClientClosed", "closed"]);
}

#[test]
fn leaving_between_two_attempts_ends_them() {
    let mut rig = Rig::v5();
    rig.cut();
    rig.forget();
    rig.disconnect(0);
    assert_eq!(rig.told(), ["closed"]);
    rig.advance(600_000);
    assert!(rig.asked().is_empty() && rig.told().is_empty());
}

#[test]
fn leaving_twice_is_leaving_once() {
    let mut rig = Rig::v5();
    rig.disconnect(0);
    rig.disconnect(0);
    rig.client.terminate();
    rig.drain();
    assert_eq!((rig.sent(), rig.told()), (vec!["DISCONNECT".into()], vec!["closed".into()]));
}

#[test]
fn a_second_disconnect_can_shorten_the_first() {
    let mut rig = Rig::v5();
    rig.publish(Q1, "a", "1");
    rig.forget();
    rig.disconnect(60_000);
    rig.disconnect(0);
    assert_eq!(rig.sent(), ["DISCONNECT"]);
}

#[test]
fn a_closed_client_cannot_be_started_again() {
    let mut rig = Rig::v5();
    rig.disconnect(0);
    assert_eq!(rig.client.start(rig.now).unwrap_err().code, ErrorCode::ClientClosed);
}

// §3.14.2.1, §3.14.2.2.2
#[test]
fn reason_and_expiry_are_sent_in_5() {
    let options = DisconnectOptions {
        reason: ReasonCode::DISCONNECT_WITH_WILL_MESSAGE,
        session_expiry_seconds: Some(0),
        ..DisconnectOptions::default()
    };
    let mut rig = Rig::v5();
    rig.disconnect_with(options.clone()).unwrap();
    assert_eq!(rig.sent(), ["DISCONNECT 0x04 expiry=0"]);
    let plain = DisconnectOptions { reason: ReasonCode::SUCCESS, ..options };
    let mut rig = Rig::connected(config(V311));
    rig.disconnect_with(plain).unwrap();
    assert_eq!(rig.packets, [[0xe0, 0]]);
}

// §3.1.2.5: DISCONNECT of 3.1.1 has no reason and always withholds the Will, so whoever means another one just closes.
#[test]
fn only_a_success_is_said_in_3_1_1() {
    for reason in [ReasonCode::DISCONNECT_WITH_WILL_MESSAGE, ReasonCode::UNSPECIFIED_ERROR] {
        let mut rig = Rig::connected(config(V311));
        rig.publish(Q0, "a", "1");
        rig.forget();
        rig.disconnect_with(DisconnectOptions { reason, ..DisconnectOptions::default() }).unwrap();
        assert_eq!((rig.sent(), rig.asked()), (vec![], vec!["close".into()]));
        assert_eq!(rig.told(), ["closed"]);
    }
}

// A session that was only meant to outlive reconnects ends with an orderly goodbye.
#[test]
fn a_session_that_nobody_asked_for_is_not_left_behind() {
    let mut rig = Rig::connected(Config { session_expiry_seconds: None, ..config(V5) });
    rig.disconnect(0);
    assert_eq!(rig.sent(), ["DISCONNECT expiry=0"]);
}

// §3.14.2.2.2
#[test]
fn a_session_that_ends_with_the_connection_cannot_be_prolonged() {
    let mut rig = Rig::connected(Config { session_expiry_seconds: Some(0), ..config(V5) });
    let options = DisconnectOptions { session_expiry_seconds: Some(10), ..DisconnectOptions::default() };
    let error = rig.disconnect_with(options).unwrap_err();
    assert_eq!((error.code, error.statement), (ErrorCode::InvalidArgument, Some("§3.14.2.2.2")));
    assert_eq!(rig.client.state(), ClientState::Connected);
}

// §3.1.2.5: so that the server publishes the Will.
#[test]
fn hanging_up_sends_no_disconnect() {
    let mut rig = Rig::v5();
    rig.publish(Q1, "a", "1");
    rig.forget();
    rig.client.terminate();
    rig.drain();
    assert_eq!((rig.sent(), rig.asked()), (vec![], vec!["close".into()]));
    assert_eq!(rig.told(), ["publish 1 failed: ClientClosed", "closed"]);
}

#[test]
fn leaving_finishes_as_soon_as_the_last_message_has_failed() {
    use wasmqtt::codec::{PropertyId, Value};
    let one = connack().with(PropertyId::ReceiveMaximum, Value::U16(1));
    let mut rig = Rig::connected_with(config(V5), one);
    rig.publish(Q1, "a", "1");
    let expiry = property(PropertyId::MessageExpiryInterval, Value::U32(1));
    rig.publish_with(Q1, "a", "2", &expiry).unwrap();
    rig.disconnect(60_000);
    rig.advance(500);
    rig.forget();
    rig.says(puback(1));
    assert_eq!(rig.sent(), ["DISCONNECT"]);
    assert_eq!(rig.told(), ["published 1", "publish 2 failed: MessageExpired", "closed"]);
}

#[test]
fn drain_time_passes_on_the_clients_clock() {
    let mut rig = Rig::v5();
    rig.publish(Q1, "a", "1");
    let options = DisconnectOptions { drain: Millis::new(250), ..DisconnectOptions::default() };
    rig.disconnect_with(options).unwrap();
    assert_eq!(rig.client.poll_timeout(), Some(rig.now + Millis::new(250)));
}

// §3.14.2.2.2: a session that nobody asked for must not linger on the server.
#[test]
fn leaving_ends_a_session_that_was_only_meant_for_reconnects() {
    let mut rig = Rig::connected(Config { session_expiry_seconds: None, ..config(V5) });
    rig.disconnect(0);
    assert_eq!(rig.sent(), ["DISCONNECT expiry=0"]);
}

// Found by fuzzing: a driver that is told of the close before it has taken the last packets has nowhere to put them.
#[test]
fn what_was_written_is_gone_with_the_transport() {
    let leave = |rig: &mut Rig| rig.client.disconnect(rig.now, DisconnectOptions::default()).unwrap();
    let violate = |rig: &mut Rig| rig.client.handle_input(rig.now, &[0xF0, 0xFF]);
    for act in [&leave as &dyn Fn(&mut Rig), &violate] {
        let mut rig = Rig::v5();
        act(&mut rig);
        while rig.client.poll_event(rig.now).is_some() {}
        rig.client.handle_closed(rig.now, TransportClose { code: 1006, reason: "" });
        assert!(!rig.client.poll_transmit(rig.now, &mut Vec::new()));
    }
}
