//! Operations that their callers have given up.

use crate::support::*;

#[test]
fn a_waiting_message_is_taken_back() {
    let mut rig = Rig::connecting(config(V5));
    let op = rig.publish(Q1, "a", "x");
    assert!(rig.client.cancel(op));
    assert!(!rig.client.cancel(op));
    rig.says(connack());
    assert!(rig.sent().is_empty());
    assert_eq!(rig.told(), ["connected"]);
    assert_eq!(rig.client.stats().queued_bytes, 0);
}

// MQTT-2.2.1-3: the identifier is free when the exchange has ended, and not before.
#[test]
fn a_sent_message_runs_its_course_in_silence() {
    let mut rig = Rig::v5();
    let op = rig.publish(Q2, "a", "x");
    assert!(!rig.client.cancel(op));
    rig.reconnect(connack_resumed());
    assert_eq!(rig.sent(), ["PUBLISH q2 #1 a x dup"]);
    rig.says(pubrec(1));
    rig.says(pubcomp(1));
    assert!(rig.told().is_empty());
    assert_eq!(rig.client.stats().in_flight, 0);
}

#[test]
fn a_released_message_runs_its_course_in_silence() {
    let mut rig = Rig::v5();
    let op = rig.publish(Q2, "a", "x");
    rig.says(pubrec(1));
    assert!(!rig.client.cancel(op));
    rig.says(pubcomp(1));
    assert!(rig.told().is_empty());
}

#[test]
fn a_cancelled_subscribe_still_subscribes() {
    let mut rig = Rig::connecting(config(V5));
    let (op, _) = rig.subscribe(&[("a", Q0)]);
    assert!(!rig.client.cancel(op));
    rig.says(connack());
    assert_eq!(rig.sent(), ["SUBSCRIBE #1 a:0 id=1"]);
    rig.says(suback(1, &[0]));
    assert_eq!(rig.told(), ["connected"]);
    assert_eq!(rig.client.stats().subscriptions, 1);
}

#[test]
fn a_cancelled_ping_does_not_confuse_the_next() {
    let mut rig = Rig::v5();
    let op = rig.ping();
    rig.client.cancel(op);
    rig.ping();
    rig.says(pingresp());
    assert!(rig.told().is_empty());
    rig.says(pingresp());
    assert_eq!(rig.told(), ["pinged 2"]);
}

#[test]
fn cancelling_what_is_done_does_nothing() {
    let mut rig = Rig::v5();
    let op = rig.publish(Q0, "a", "x");
    assert!(!rig.client.cancel(op));
    assert!(!rig.client.cancel(wasmqtt::session::OpId(4711)));
}

#[test]
fn leaving_does_not_wait_for_what_was_cancelled_in_the_queue() {
    use wasmqtt::codec::{PropertyId, Value};
    let mut rig = Rig::connected_with(config(V5), connack().with(PropertyId::ReceiveMaximum, Value::U16(1)));
    rig.publish(Q1, "a", "1");
    let waiting = rig.publish(Q1, "a", "2");
    rig.disconnect(60_000);
    rig.says(puback(1));
    rig.forget();
    assert!(!rig.client.cancel(waiting), "it is on its way by now");
    rig.says(puback(2));
    assert_eq!(rig.sent(), ["DISCONNECT"]);
}
