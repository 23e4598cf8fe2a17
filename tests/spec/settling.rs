//! Every operation that was accepted settles once, whatever it was waiting for when its end came.

use crate::support::record::Told;
use crate::support::*;
use wasmqtt::client::{Fate, PublishOptions, TransportClose};
use wasmqtt::codec::{PropertyId, Value};
use wasmqtt::config::{Config, Overflow, QueueLimits};
use wasmqtt::session::{OpId, PayloadSource};
use wasmqtt::{Error, ErrorCode};

fn terminated(mut rig: Rig) -> Vec<String> {
    rig.forget();
    rig.client.terminate();
    rig.drain();
    rig.told()
}

#[test]
fn what_waits_for_a_connection_settles_at_the_end() {
    let mut rig = Rig::connecting(config(V5));
    let (_, ids) = rig.subscribe(&[("a", Q0), ("b", Q0)]);
    rig.unsubscribe(&ids[..1]);
    rig.publish(Q0, "a", "x");
    rig.publish(Q1, "a", "x");
    let expected = [
        "publish 3 failed: ClientClosed",
        "publish 4 failed: ClientClosed",
        "subscribe 1 failed: ClientClosed",
        "unsubscribe 2 failed: ClientClosed",
        "closed",
    ];
    assert_eq!(terminated(rig), expected);
}

#[test]
fn what_waits_for_its_acknowledgement_settles_at_the_end() {
    let mut rig = Rig::v5();
    let (_, ids) = rig.subscribe(&[("a", Q0), ("b", Q0)]);
    rig.unsubscribe(&ids[..1]);
    rig.publish(Q1, "a", "x");
    rig.publish(Q2, "a", "x");
    rig.publish(Q2, "a", "x");
    rig.says(pubrec(5));
    rig.ping();
    let expected = [
        "ping 6 failed: ClientClosed",
        "subscribe 1 failed: ClientClosed",
        "unsubscribe 2 failed: ClientClosed",
        "publish 3 failed: ClientClosed",
        "publish 4 failed: ClientClosed",
        "publish 5 failed: ClientClosed",
        "closed",
    ];
    assert_eq!(terminated(rig), expected);
}

// §4.3.1: at QoS 0 a message is done when it is handed over, and this one never was.
#[test]
fn qos_0_that_was_not_handed_over_fails_with_the_connection() {
    let mut rig = Rig::v5();
    let op = rig.next_op();
    rig.client.publish(op, rig.now, "a", &b"x"[..], Q0, false, NONE).unwrap();
    rig.client.handle_closed(rig.now, TransportClose { code: 1006, reason: "" });
    rig.open = false;
    rig.drain();
    let expected = ["publish 1 failed: ConnectionClosed", "lost: ConnectionClosed; retry in 1000"];
    assert_eq!(rig.told(), expected);
    rig.redial();
    rig.forget();
    rig.says(connack_resumed());
    assert!(rig.sent().is_empty(), "and is not sent later");
}

/// A payload that says how long it would be and has no bytes.
struct Huge(usize);

impl PayloadSource for Huge {
    fn len(&self) -> usize {
        self.0
    }

    fn copy_to(&self, _: &mut [u8]) {
        panic!("a payload that does not fit is not copied");
    }
}

// §2.1.4: 268,435,455 bytes behind a header of five, known before anything is copied.
#[test]
fn a_packet_longer_than_mqtt_can_say_is_refused() {
    for (mut rig, place) in [(Rig::v5(), "connected"), (Rig::connecting(config(V5)), "waiting")] {
        for qos in [Q0, Q1, Q2] {
            for len in [268_435_455, u32::MAX as usize, usize::MAX / 2] {
                let op = rig.next_op();
                let error = rig.client.publish(op, rig.now, "a", &Huge(len), qos, false, NONE).unwrap_err();
                assert_eq!(
                    (error.code, error.limit),
                    (ErrorCode::PacketTooLarge, Some(268_435_460)),
                    "{place}"
                );
            }
        }
        rig.drain();
        assert!(rig.sent().is_empty() && rig.told().is_empty());
    }
}

#[test]
fn a_payload_is_empty_when_it_has_no_bytes() {
    assert!(Huge(0).is_empty() && !Huge(1).is_empty());
    assert!(PayloadSource::is_empty(&b""[..]) && !PayloadSource::is_empty(&b"x"[..]));
}

// The bounds of the queue are for what waits.
#[test]
fn what_can_leave_at_once_needs_no_room_in_the_queue() {
    let queue = QueueLimits { max_messages: 0, max_bytes: 0, ..QueueLimits::default() };
    let mut rig = Rig::connected(Config { queue, ..config(V5) });
    for qos in [Q0, Q1, Q2] {
        rig.publish(qos, "a", "x");
    }
    assert_eq!(rig.sent(), ["PUBLISH q0 a x", "PUBLISH q1 #1 a x", "PUBLISH q2 #2 a x"]);
    rig.cut();
    let error = rig.publish_with(Q1, "a", "x", &Default::default()).unwrap_err();
    assert_eq!(error.code, ErrorCode::QueueFull);
}

// A server acknowledges what it got on the last connection before it is sent again: nothing is left to send.
#[test]
fn an_acknowledgement_before_the_repetition_makes_it_needless() {
    let mut rig = Rig::v5();
    for payload in ["1", "2", "3"] {
        rig.publish(Q1, "a", payload);
    }
    let (id, one) = receive_maximum(1);
    rig.reconnect(connack_resumed().with(id, one));
    assert_eq!(rig.sent(), ["PUBLISH q1 #1 a 1 dup"]);
    rig.says(puback(2));
    assert_eq!(rig.told(), ["published 2"]);
    assert!(rig.sent().is_empty(), "it took no quota, so it gives none back");
    rig.says(puback(1));
    assert_eq!(rig.sent(), ["PUBLISH q1 #3 a 3 dup"]);
}

#[test]
fn a_request_to_the_transport_can_be_seen_before_it_is_taken() {
    let mut rig = Rig::new(config(V5));
    assert!(!rig.client.has_transport_request());
    rig.client.start(rig.now).unwrap();
    assert!(rig.client.has_transport_request());
    rig.drain();
    assert!(!rig.client.has_transport_request());
}

/// What each publish that failed tells of its message: the operation and its fate.
fn fates(rig: &Rig) -> Vec<(u32, Fate)> {
    let failed = rig.events.iter().filter_map(|told| match told {
        Told::Failed(failure) => Some((failure.op.0, failure.fate)),
        _ => None,
    });
    failed.collect()
}

#[test]
fn a_publish_that_fails_says_whether_its_message_may_have_arrived() {
    let (id, two) = receive_maximum(2);
    let mut rig = Rig::connected_with(config(V5), connack().with(id, two));
    rig.publish(Q1, "a", "sent");
    rig.publish(Q2, "a", "released");
    rig.says(pubrec(2));
    rig.publish(Q1, "a", "waits");
    rig.cut();
    rig.publish(Q0, "a", "waits");
    rig.client.terminate();
    rig.drain();
    let mut fates = fates(&rig);
    fates.sort_by_key(|(op, _)| *op);
    let (sent, waiting) = (Fate::Unknown, Fate::Undelivered);
    assert_eq!(fates, [(1, sent), (2, sent), (3, waiting), (4, waiting)]);
}

// 4.4: published again as a new message, because the server lost the session. It may have arrived the first time.
#[test]
fn a_message_of_a_lost_session_may_have_arrived_although_it_waits_again() {
    let mut rig = Rig::v5();
    rig.publish(Q1, "a", "again");
    rig.publish(Q2, "a", "not again");
    rig.cut();
    rig.redial();
    let (id, none) = (PropertyId::MaximumQoS, Value::Byte(0));
    rig.says(connack().with(id, none));
    assert_eq!(fates(&rig), [(2, Fate::Unknown), (1, Fate::Unknown)]);
}

#[test]
fn a_message_that_is_taken_back_while_it_waits_again_may_have_arrived() {
    let mut rig = Rig::v5();
    rig.publish(Q1, "a", "1");
    let again = rig.publish(Q1, "a", "2");
    let (id, one) = receive_maximum(1);
    rig.reconnect(connack().with(id, one));
    assert_eq!(rig.client.stats().queued_messages, 1);
    assert!(!rig.client.cancel(again), "it was sent, in another session");
    assert_eq!(rig.client.stats().queued_messages, 0);
}

#[test]
fn what_the_server_refused_or_the_queue_dropped_did_not_arrive() {
    let mut rig = Rig::v5();
    rig.publish(Q1, "a", "x");
    rig.says(ack(wasmqtt::codec::AckKind::PubAck, 1, 0x87));
    assert_eq!(fates(&rig), [(1, Fate::Undelivered)]);

    let queue = QueueLimits { max_messages: 1, overflow: Overflow::DropOldest, ..QueueLimits::default() };
    let mut rig = Rig::connecting(Config { queue, ..config(V5) });
    rig.publish(Q1, "a", "1");
    rig.publish(Q1, "a", "2");
    assert_eq!(fates(&rig), [(1, Fate::Undelivered)]);
}

/// Publishes at QoS 0; whether it joined the one before.
fn joins(rig: &mut Rig, joins: bool) -> bool {
    let options = PublishOptions { joins, ..PublishOptions::default() };
    join(rig, "a", "x", options).expect("is accepted")
}

/// What became of publishes.
fn settled(rig: &mut Rig) -> Vec<String> {
    rig.told().into_iter().filter(|told| told.starts_with("publish")).collect()
}

const JOINING: PublishOptions = PublishOptions { joins: true, qos: Q0, retain: false, until_sent: false };

fn join(rig: &mut Rig, topic: &str, payload: &str, options: PublishOptions) -> Result<bool, Error> {
    let (op, now) = (rig.next_op(), rig.now);
    rig.client.publish_with(op, now, topic, payload.as_bytes(), options, NONE)
}

fn joining(max_messages: u32, overflow: Overflow) -> Rig {
    let queue = QueueLimits { max_messages, overflow, ..QueueLimits::default() };
    Rig::connecting(Config { queue, ..config(V5) })
}

#[test]
fn those_that_join_leave_with_the_first_and_settle_as_one() {
    let mut rig = Rig::v5();
    assert_eq!([joins(&mut rig, true), joins(&mut rig, true), joins(&mut rig, true)], [false, true, true]);
    rig.drain();
    assert_eq!((rig.sent().len(), rig.told()), (3, vec!["published 1".to_owned()]));
    assert!(!joins(&mut rig, true), "it would leave later than the first");
    assert!(!joins(&mut rig, false), "it has not asked for it");
    assert!(!joins(&mut rig, true), "the one before has not asked for it");
    assert!(joins(&mut rig, true));
    rig.publish(Q1, "a", "x");
    assert_eq!(rig.sent().len(), 5);
    assert_eq!(rig.told(), ["published 4", "published 5", "published 6"]);
}

#[test]
fn those_that_join_fail_as_one() {
    let mut rig = Rig::v5();
    assert_eq!([joins(&mut rig, true), joins(&mut rig, true)], [false, true]);
    rig.open = false;
    rig.client.handle_closed(rig.now, TransportClose { code: 1006, reason: "" });
    assert!(!joins(&mut rig, true), "it waits for the next connection");
    rig.drain();
    assert_eq!(settled(&mut rig), ["publish 1 failed: ConnectionClosed"]);
    rig.redial();
    rig.says(connack());
    assert!(rig.told().contains(&"published 3".to_owned()));
}

#[test]
fn nothing_joins_what_was_given_up() {
    let mut rig = Rig::v5();
    assert!(!joins(&mut rig, true));
    assert!(!rig.client.cancel(OpId(1)));
    assert!(!joins(&mut rig, true), "the first tells nobody any more");
    rig.drain();
    assert_eq!(rig.told(), ["published 2"]);
}

#[test]
fn those_that_wait_join_as_well_and_keep_their_order() {
    let mut rig = Rig::connecting(config(V5));
    let answers = ["333", "1", ""].map(|payload| join(&mut rig, "a", payload, JOINING).unwrap());
    assert_eq!(answers, [false, true, true]);
    let stats = rig.client.stats();
    assert_eq!((stats.queued_messages, stats.queued_bytes), (3, 7));
    assert!(!join(&mut rig, "a", "4444", JOINING).unwrap(), "a server may take the first and not this one");
    rig.publish(Q1, "a", "5");
    assert!(!join(&mut rig, "a", "6", JOINING).unwrap(), "it would overtake the one between");
    let retained = PublishOptions { retain: true, ..JOINING };
    assert!(!join(&mut rig, "a", "7", retained).unwrap(), "a server may take the one and not the other");
    assert!(join(&mut rig, "b", "8", retained).unwrap());
    let expiry = property(PropertyId::MessageExpiryInterval, Value::U32(10));
    let (op, now) = (rig.next_op(), rig.now);
    let with_expiry = rig.client.publish_with(op, now, "a", &b"9"[..], retained, expiry.as_properties());
    assert!(!with_expiry.unwrap(), "it may end before the others");
    assert!(!join(&mut rig, "a", "0", retained).unwrap(), "it may not end with the one before");
    rig.says(connack());
    let expected = [
        "PUBLISH q0 a 333",
        "PUBLISH q0 a 1",
        "PUBLISH q0 a ",
        "PUBLISH q0 a 4444",
        "PUBLISH q1 #1 a 5",
        "PUBLISH q0 a 6",
        "PUBLISH q0 a 7 retain",
        "PUBLISH q0 b 8 retain",
        "PUBLISH q0 a 9 retain expiry=10",
        "PUBLISH q0 a 0 retain",
    ];
    assert_eq!(rig.sent(), expected);
    assert_eq!(settled(&mut rig), ["1", "4", "6", "7", "9", "10"].map(|op| format!("published {op}")));
    let stats = rig.client.stats();
    assert_eq!((stats.queued_messages, stats.queued_bytes, stats.messages_sent), (0, 0, 10));
}

// What is in the transmit buffer is lost with its connection, and what waits goes on to the next, each as a whole.
#[test]
fn those_that_join_are_lost_together_or_not_at_all() {
    let mut rig = Rig::v5();
    let block = "x".repeat(20_000);
    let alone = (0..30).filter(|_| !join(&mut rig, "a", &block, JOINING).unwrap()).count();
    let waiting = rig.client.stats().queued_messages;
    assert!(waiting > 4 && alone < 10, "{waiting} wait, {alone} operations");
    rig.open = false;
    rig.client.handle_closed(rig.now, TransportClose { code: 1006, reason: "" });
    rig.drain();
    assert_eq!(fates(&rig), [(1, Fate::Undelivered)]);
    rig.reconnect(connack());
    assert_eq!(rig.sent().len(), waiting as usize);
    assert_eq!(settled(&mut rig).iter().filter(|line| line.starts_with("published")).count(), alone - 1);
}

#[test]
fn a_full_queue_takes_nobody_that_would_join() {
    let publish = |rig: &mut Rig| {
        let joined = ["1", "2", "3"].map(|payload| join(rig, "a", payload, JOINING).ok());
        rig.drain();
        joined
    };

    let mut rig = joining(2, Overflow::Reject);
    assert_eq!(publish(&mut rig), [Some(false), Some(true), None]);
    assert_eq!(join(&mut rig, "a", "4", JOINING).unwrap_err().code, ErrorCode::QueueFull);
    assert!(rig.told().is_empty());

    let mut rig = joining(2, Overflow::DropNewest);
    assert_eq!(publish(&mut rig), [Some(false), Some(true), Some(false)]);
    assert_eq!(rig.told(), ["publish 3 failed: DroppedFromQueue"]);

    let mut rig = joining(2, Overflow::DropOldest);
    assert_eq!(publish(&mut rig), [Some(false); 3]);
    assert_eq!(rig.told(), ["publish 1 failed: DroppedFromQueue"], "it alone");
}

#[test]
fn those_that_joined_are_refused_together_before_any_is_sent() {
    let mut rig = Rig::connecting(config(V5));
    for payload in ["a payload that is larger than the others", "2", "3"] {
        join(&mut rig, "a", payload, JOINING).unwrap();
    }
    rig.says(connack().with(PropertyId::MaximumPacketSize, Value::U32(30)));
    assert!(rig.sent().is_empty());
    assert_eq!(fates(&rig), [(1, Fate::Undelivered)]);
    assert_eq!(settled(&mut rig), ["publish 1 failed: PacketTooLarge"]);
    assert_eq!(rig.client.stats().queued_messages, 0);
}

#[test]
fn those_that_joined_and_wait_are_cancelled_and_end_as_one() {
    let mut rig = Rig::connecting(config(V5));
    assert_eq!([joins(&mut rig, true), joins(&mut rig, true)], [false, true]);
    assert!(rig.client.cancel(OpId(1)));
    assert_eq!(rig.client.stats().queued_messages, 0);
    assert_eq!([joins(&mut rig, true), joins(&mut rig, true)], [false, true]);
    rig.client.terminate();
    rig.drain();
    assert_eq!(fates(&rig), [(3, Fate::Undelivered)]);
}
