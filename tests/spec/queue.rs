//! Messages that wait for a connection.

use crate::support::*;
use wasmqtt::ErrorCode;
use wasmqtt::codec::{Properties, PropertiesBuf, PropertyId, Value};
use wasmqtt::config::{Config, Overflow, QueueLimits};

fn expiring(seconds: u32) -> PropertiesBuf {
    property(PropertyId::MessageExpiryInterval, Value::U32(seconds))
}

fn holding(max_messages: u32, overflow: Overflow) -> Rig {
    let queue = QueueLimits { max_messages, overflow, ..QueueLimits::default() };
    Rig::connecting(Config { queue, ..config(V5) })
}

#[test]
fn messages_leave_in_the_order_of_publishing() {
    let mut rig = Rig::connecting(config(V5));
    for (qos, payload) in [(Q0, "1"), (Q2, "2"), (Q0, "3"), (Q1, "4")] {
        rig.publish(qos, "a", payload);
    }
    assert_eq!(rig.client.stats().queued_messages, 4);
    rig.says(connack());
    let expected = ["PUBLISH q0 a 1", "PUBLISH q2 #1 a 2", "PUBLISH q0 a 3", "PUBLISH q1 #2 a 4"];
    assert_eq!(rig.sent(), expected);
    assert_eq!(rig.client.stats().queued_messages, 0);
}

// §3.3.2.3.3: what is left of the interval is what is sent.
#[test]
fn the_time_in_the_queue_counts_against_the_expiry() {
    let mut rig = Rig::connecting(config(V5));
    rig.publish_with(Q0, "a", "x", &expiring(10)).unwrap();
    rig.publish_with(Q1, "a", "y", &expiring(100)).unwrap();
    rig.advance(2_500);
    rig.says(connack());
    assert_eq!(rig.sent(), ["PUBLISH q0 a x expiry=7", "PUBLISH q1 #1 a y expiry=97"]);
}

// MQTT-4.3.3-7: what expired before its first sending is dropped, and its caller told when it happens.
#[test]
fn an_expired_message_is_dropped_on_time() {
    for version in BOTH {
        let mut rig = Rig::connected(config(version));
        rig.cut();
        rig.publish_with(Q1, "a", "x", &expiring(30)).unwrap();
        rig.publish(Q1, "a", "stays");
        rig.forget();
        let mut told = Vec::new();
        for _ in 0..29 {
            rig.leap(1_000);
            if rig.asked().iter().any(|request| request.starts_with("open")) {
                rig.cut();
            }
            told.extend(rig.told());
        }
        assert!(!told.iter().any(|line| line.starts_with("publish")), "{told:?}");
        rig.leap(1_000);
        assert!(rig.told().contains(&"publish 1 failed: MessageExpired".into()));
        assert_eq!(rig.client.stats().queued_messages, 1);
    }
}

// 3.1.1 has no field for it, so it holds for our queue alone.
#[test]
fn an_expiry_in_3_1_1_is_not_sent() {
    let mut rig = Rig::connecting(config(V311));
    rig.publish_with(Q1, "a", "x", &expiring(10)).unwrap();
    rig.says(connack());
    assert_eq!(rig.sent(), ["PUBLISH q1 #1 a x"]);
}

// MQTT-4.3.3-7: a message that was sent once is sent until it is acknowledged.
#[test]
fn a_message_that_was_sent_does_not_expire() {
    let mut rig = Rig::v5();
    rig.publish_with(Q2, "a", "x", &expiring(5)).unwrap();
    rig.advance(10_000);
    rig.reconnect(connack_resumed());
    assert_eq!(rig.sent(), ["PUBLISH q2 #1 a x dup expiry=5"]);
}

#[test]
fn a_full_queue_refuses() {
    let mut rig = holding(2, Overflow::Reject);
    rig.publish(Q0, "a", "1");
    rig.publish(Q1, "a", "2");
    let error = rig.publish_with(Q1, "a", "3", &PropertiesBuf::new()).unwrap_err();
    assert_eq!((error.code, error.limit), (ErrorCode::QueueFull, Some(2)));
    assert!(rig.told().is_empty());
}

#[test]
fn a_full_queue_drops_the_oldest() {
    let mut rig = holding(2, Overflow::DropOldest);
    for payload in ["1", "2", "3"] {
        rig.publish(Q1, "a", payload);
    }
    assert_eq!(rig.told(), ["publish 1 failed: DroppedFromQueue"]);
    rig.says(connack());
    assert_eq!(rig.sent(), ["PUBLISH q1 #1 a 2", "PUBLISH q1 #2 a 3"]);
}

#[test]
fn a_full_queue_drops_the_newest() {
    let mut rig = holding(2, Overflow::DropNewest);
    for payload in ["1", "2", "3"] {
        rig.publish(Q1, "a", payload);
    }
    assert_eq!(rig.told(), ["publish 3 failed: DroppedFromQueue"]);
}

#[test]
fn the_queue_is_bounded_in_bytes() {
    let queue = QueueLimits { max_bytes: 10, ..QueueLimits::default() };
    let mut rig = Rig::connecting(Config { queue, ..config(V5) });
    rig.publish(Q1, "a", "12345678");
    assert_eq!(rig.client.stats().queued_bytes, 9);
    let error = rig.publish_with(Q1, "a", "12", &PropertiesBuf::new()).unwrap_err();
    assert_eq!(error.code, ErrorCode::QueueFull);
    rig.publish(Q0, "a", "");
    let queue = QueueLimits { max_bytes: 10, overflow: Overflow::DropOldest, ..QueueLimits::default() };
    let mut rig = Rig::connecting(Config { queue, ..config(V5) });
    rig.publish(Q1, "a", "1");
    let error = rig.publish_with(Q1, "a", "larger than all of it", &PropertiesBuf::new()).unwrap_err();
    assert_eq!(error.code, ErrorCode::QueueFull, "nothing is dropped in vain");
    assert!(rig.told().is_empty());
}

#[test]
fn a_client_that_was_not_started_takes_messages() {
    let mut rig = Rig::new(config(V5));
    rig.publish(Q1, "a", "early");
    rig.subscribe(&[("f", Q0)]);
    rig.start();
    rig.opened();
    rig.forget();
    rig.says(connack());
    assert_eq!(rig.sent(), ["SUBSCRIBE #1 f:0 id=1", "PUBLISH q1 #2 a early"]);
}

// More than the transmit buffer holds goes out in portions, complete and in order.
#[test]
fn a_large_backlog_leaves_in_order() {
    let mut rig = Rig::connecting(config(V5));
    let block = "x".repeat(100_000);
    for number in 0..20 {
        rig.publish(if number % 2 == 0 { Q0 } else { Q1 }, "a", &format!("{number:02}{block}"));
    }
    rig.says(connack());
    let numbers: Vec<usize> = rig
        .sent()
        .iter()
        .filter_map(|line| line.split(' ').next_back().and_then(|payload| payload[..2].parse().ok()))
        .collect();
    assert_eq!(numbers, (0..20).collect::<Vec<_>>());
}

// MQTT-4.6.0-1: a handler that publishes as soon as there is quota does not overtake what waited for it.
#[test]
fn a_message_of_a_handler_lines_up_behind_the_waiting_ones() {
    let mut rig = Rig::connected_with(config(V5), connack().with(PropertyId::ReceiveMaximum, Value::U16(1)));
    rig.publish(Q1, "a", "1");
    rig.publish(Q1, "a", "2");
    rig.client.handle_input(rig.now, &puback(1).encode(V5));
    while rig.client.poll_event(rig.now).is_some() {}
    rig.publish(Q1, "a", "3");
    rig.says(puback(2));
    rig.says(puback(3));
    assert_eq!(rig.sent(), ["PUBLISH q1 #1 a 1", "PUBLISH q1 #2 a 2", "PUBLISH q1 #3 a 3"]);
}

#[test]
fn a_qos_0_message_does_not_overtake_a_backlog_of_qos_0() {
    let mut rig = Rig::connecting(config(V5));
    let block = "x".repeat(300_000);
    rig.publish(Q0, "a", &block);
    rig.publish(Q0, "b", "2");
    rig.client.handle_input(rig.now, &connack().encode(V5));
    while rig.client.poll_event(rig.now).is_some() {}
    rig.publish(Q0, "c", "3");
    let topics: Vec<String> =
        rig.sent().iter().filter_map(|line| line.split(' ').nth(2).map(str::to_owned)).collect();
    assert_eq!(topics, ["a", "b", "c"]);
}

// Found by fuzzing: the deadline of a message outlived the message.
#[test]
fn an_empty_queue_has_no_deadline() {
    let mut rig = Rig::new(config(V5));
    for _ in 0..2 {
        rig.publish_with(Q1, "a", "x", &expiring(10)).unwrap();
    }
    let unsent = rig.publish_with(Q1, "a", "y", &expiring(5)).unwrap();
    assert!(rig.client.poll_timeout().is_some());
    assert!(rig.client.cancel(unsent));
    rig.client.terminate();
    rig.drain();
    assert_eq!(rig.client.poll_timeout(), None);
}

// A server that reads and never acknowledges: 65,535 messages of any size are too much to keep.
#[test]
fn messages_in_flight_are_bounded_in_bytes_too() {
    let queue = QueueLimits { max_bytes: 4_000_000, ..QueueLimits::default() };
    let mut rig = Rig::connected(Config { queue, ..config(V5) });
    let large = "x".repeat(1_000_000);
    for qos in [Q1, Q2] {
        for _ in 0..2 {
            rig.publish(qos, "a", &large);
        }
    }
    rig.publish(Q0, "a", "others pass");
    rig.publish(Q1, "a", "waits");
    assert_eq!((rig.client.stats().in_flight, rig.client.stats().queued_messages), (4, 1));
    rig.says(puback(1));
    assert_eq!((rig.client.stats().in_flight, rig.client.stats().queued_messages), (4, 0));
    rig.publish(Q1, "a", "waits");
    rig.says(pubrec(3));
    assert_eq!((rig.client.stats().in_flight, rig.client.stats().queued_messages), (5, 0), "PUBREC frees it");
}

#[test]
fn the_client_knows_that_most_answers_are_yet_to_come() {
    let mut rig = Rig::connected(config(V5));
    let gathers = |rig: &mut Rig, count: usize| {
        let seen: Vec<_> = (0..count)
            .map(|_| {
                let (op, now) = (rig.next_op(), rig.now);
                rig.client.publish(op, now, "a", &b"x"[..], Q1, false, Properties::EMPTY).unwrap();
                rig.client.is_gathering()
            })
            .collect();
        rig.drain();
        assert!(!rig.client.is_gathering(), "nothing waits to be sent");
        seen
    };
    assert_eq!(gathers(&mut rig, 6), [false; 6], "nothing is under way");
    assert_eq!(gathers(&mut rig, 4), [true, true, false, false], "three are a third of nine");
    gathers(&mut rig, 150);
    let gathered = gathers(&mut rig, 60).iter().filter(|gathers| **gathers).count();
    assert_eq!(gathered, 47, "48 are enough of any number");
}

#[test]
fn a_bound_below_one_message_still_lets_messages_pass() {
    let queue = QueueLimits { max_bytes: 10, ..QueueLimits::default() };
    let mut rig = Rig::connected(Config { queue, ..config(V5) });
    let large = "x".repeat(300_000);
    rig.publish(Q1, "a", &large);
    assert!(rig.publish_with(Q1, "a", &large, &Default::default()).is_err());
    rig.says(puback(1));
    rig.publish(Q1, "a", &large);
}
