//! Durable clients and stores that take their time, fail, or outlive a client that leaves.

use crate::store::{UNIX, connect, connected, durable, restored};
use crate::support::record::Told;
use crate::support::*;
use wasmqtt::client::{DisconnectOptions, PublishOptions, TransportRequest};
use wasmqtt::codec::{AckKind, PropertyId, Value};
use wasmqtt::config::Config;
use wasmqtt::time::Millis;

#[test]
fn bytes_that_wait_for_the_store_end_with_their_connection() {
    let mut rig = connected(V5).slow();
    rig.publish(Q1, "a", "x");
    let unsent = rig.publish(Q0, "a", "gone");
    rig.says(publish(Q1, 3, "b", "in"));
    rig.cut();
    let failed = format!("publish {} failed: ConnectionClosed", unsent.0);
    assert!(rig.told().iter().any(|line| line.starts_with(&failed)));
    rig.stored();
    assert_eq!(rig.sent(), [""; 0]);
    rig.commits = true;
    rig.redial();
    rig.forget();
    rig.says(connack_resumed());
    assert_eq!(rig.sent(), ["PUBLISH q1 #1 a x dup"], "and no PUBACK of another connection");
}

#[test]
fn a_store_that_fails_holds_nothing_up_and_gets_everything_when_it_is_back() {
    let mut rig = connected(V5).slow();
    rig.publish(Q2, "a", "1");
    rig.says(publish(Q2, 5, "b", "in"));
    rig.store_fails();
    assert_eq!(rig.sent(), ["PUBLISH q2 #1 a 1", "PUBREC #5"]);
    rig.says(pubrec(1));
    rig.publish(Q1, "a", "2");
    rig.publish(Q2, "a", "3");
    assert_eq!(rig.sent(), ["PUBREL #1", "PUBLISH q1 #2 a 2", "PUBLISH q2 #3 a 3"], "at once");
    assert_eq!(rig.client.poll_store(rig.now), None);
    rig.disk.records.insert(77, vec![0]);
    rig.client.store_again();
    rig.drain();
    assert!(rig.disk.waiting.as_ref().expect("a batch").all);
    rig.says(puback(2));
    rig.stored();
    assert_eq!(rig.disk.count(), [2, 3, 1], "everything, and nothing else");
    rig.stored();
    assert_eq!(rig.disk.count(), [1, 2, 1], "then what happened meanwhile");
    let mut rig = rig.crashed(durable(V5), connack_resumed());
    assert_eq!(rig.sent(), ["PUBREL #1", "PUBLISH q2 #3 a 3 dup"]);
    rig.says(publish(Q2, 5, "b", "in").again());
    assert_eq!(rig.messages().count(), 0);
}

#[test]
fn leaving_waits_for_the_store_and_leaves_what_is_unfinished_to_the_next_client() {
    let mut rig = connected(V5).slow();
    rig.publish(Q1, "a", "x");
    let unsent = rig.publish(Q0, "a", "y");
    rig.disconnect(0);
    assert_eq!(rig.sent(), [""; 0]);
    assert_eq!(rig.client.poll_timeout().map(|at| at > rig.now), Some(true), "no timer that is always due");
    rig.says(publish(Q2, 1, "b", "unread"));
    assert_eq!(rig.messages().count(), 0, "its time is up");
    rig.stored();
    assert_eq!(rig.sent(), ["PUBLISH q1 #1 a x", "PUBLISH q0 a y", "DISCONNECT"]);
    assert!(rig.told().contains(&format!("published {}", unsent.0)));
    assert_eq!(rig.requests.last(), Some(&TransportRequest::Close));
    assert_eq!(rig.disk.count(), [1, 1, 0]);
    let mut rig = rig.crashed(durable(V5), connack_resumed());
    assert_eq!(rig.sent(), ["PUBLISH q1 #1 a x dup"]);
}

#[test]
fn leaving_lets_the_last_acknowledgements_be_stored() {
    let mut rig = connected(V5).slow();
    rig.publish(Q2, "a", "x");
    rig.disconnect(10_000);
    rig.stored();
    rig.says(pubrec(1));
    rig.stored();
    rig.says(pubcomp(1));
    assert_eq!(rig.sent(), ["PUBLISH q2 #1 a x", "PUBREL #1"]);
    rig.stored();
    assert_eq!((rig.sent(), rig.disk.count()), (vec!["DISCONNECT".into()], [0, 0, 0]));
}

#[test]
fn the_end_removes_nothing_and_tells_the_store_what_was_left_to_tell() {
    let mut rig = connected(V5).slow();
    rig.publish(Q1, "a", "1");
    rig.stored();
    rig.publish(Q1, "a", "2");
    rig.publish(Q1, "a", "3");
    rig.client.terminate();
    rig.drain();
    // The second batch was under way; the third did not wait for its answer.
    assert!(rig.disk.commit());
    assert_eq!(rig.disk.count(), [3, 3, 0]);
    assert_eq!(rig.client.poll_store(rig.now), None);
}

#[test]
fn a_violation_is_answered_at_once_and_what_waits_does_not_leave_before_it() {
    let mut rig = connected(V5).slow();
    rig.publish(Q2, "a", "x");
    rig.says(suback(9, &[]).with(PropertyId::ReasonString, Value::Str("unknown")));
    rig.feed(&[0xF0 | 0x0F, 0]);
    assert!(matches!(rig.sent()[..], [ref last] if last.starts_with("DISCONNECT")));
    rig.stored();
    rig.commits = true;
    rig.redial();
    rig.forget();
    rig.says(connack_resumed());
    assert_eq!(rig.sent(), ["PUBLISH q2 #1 a x dup"]);
}

#[test]
fn the_session_is_kept_by_leaving() {
    let mut rig = restored(Config { session_expiry_seconds: None, ..durable(V5) }, disk::Disk::default());
    connect(&mut rig, connack());
    rig.forget();
    rig.disconnect_with(DisconnectOptions::default()).expect("is accepted");
    assert_eq!(rig.sent(), ["DISCONNECT"], "no Session Expiry Interval of 0");
}

// MQTT-4.3.3-9 and manual acknowledgement: what is not accepted comes again.
#[test]
fn an_identifier_is_stored_when_its_message_is_accepted() {
    let config = || Config { manual_ack: true, ..durable(V5) };
    let mut rig = restored(config(), disk::Disk::default());
    connect(&mut rig, connack());
    rig.says(publish(Q2, 1, "b", "one"));
    rig.says(publish(Q2, 2, "b", "two"));
    assert_eq!(rig.disk.count(), [0, 0, 0]);
    let token = rig.messages().next().and_then(|message| message.ack_token).expect("a token");
    rig.client.acknowledge(token, wasmqtt::codec::ReasonCode::SUCCESS);
    rig.drain();
    assert_eq!(rig.disk.count(), [0, 0, 1]);
    let mut rig = rig.crashed(config(), connack_resumed());
    rig.says(publish(Q2, 1, "b", "one").again());
    rig.says(publish(Q2, 2, "b", "two").again());
    assert_eq!(rig.messages().count(), 1, "only the one that nobody has accepted");
}

#[test]
fn a_publish_until_sent_settles_when_it_is_handed_over() {
    let until_sent = |rig: &mut Rig, qos, topic: &str| {
        let options = PublishOptions { qos, until_sent: true, ..PublishOptions::default() };
        let op = rig.next_op();
        rig.client.publish_with(op, rig.now, topic, b"x".as_slice(), options, NONE).expect("is accepted");
        rig.drain();
        op.0
    };
    for config in [config(V5), durable(V5)] {
        let mut rig = Rig::connected(config);
        for qos in [Q0, Q1, Q2] {
            let op = until_sent(&mut rig, qos, "a");
            assert_eq!(rig.told(), [format!("published {op}")]);
        }
        rig.says(puback(1));
        rig.says(ack(AckKind::PubRec, 2, 0x97));
        assert_eq!(rig.noticed(), ["RejectedByServer a"], "what fails later is told by its topic");
    }
    let mut rig = connected(V5).slow();
    let op = until_sent(&mut rig, Q1, "a");
    assert_eq!(rig.told(), [""; 0], "not while it waits for the store");
    rig.cut();
    assert!(!rig.told().iter().any(|line| line.contains("publish")), "it is sent on the next connection");
    rig.stored();
    rig.commits = true;
    rig.redial();
    rig.forget();
    rig.says(connack_resumed());
    assert!(rig.told().contains(&format!("published {op}")));
    rig.says(puback(1));
    assert_eq!(rig.told(), [""; 0], "settled once");
}

#[test]
fn a_publish_that_the_server_answers_before_it_was_handed_over_settles_once() {
    let mut rig = connected(V5).slow();
    let options = PublishOptions { qos: Q1, until_sent: true, ..PublishOptions::default() };
    let op = rig.next_op();
    rig.client.publish_with(op, rig.now, "a", b"x".as_slice(), options, NONE).expect("is accepted");
    rig.drain();
    rig.says(puback(1));
    assert_eq!(rig.told(), [format!("published {}", op.0)]);
    rig.stored();
    assert_eq!(rig.told(), [""; 0]);
}

#[test]
fn nothing_can_be_restored_once_something_has_happened() {
    let mut rig = connected(V5);
    rig.publish(Q1, "a", "x");
    let disk = rig.disk;
    for started in [true, false] {
        let mut rig = Rig::new(durable(V5));
        if started {
            rig.start();
        } else {
            rig.publish(Q1, "b", "first");
        }
        rig.client.restore(rig.now, UNIX, &mut disk.load());
        assert_eq!(rig.client.stats().in_flight, 0);
    }
}

#[test]
fn a_slow_store_does_not_let_buffers_grow() {
    let mut rig = connected(V5).slow();
    let payload = "x".repeat(60_000);
    for _ in 0..40 {
        rig.publish(Q1, "a", &payload);
    }
    let stats = rig.client.stats();
    assert!((4..8).contains(&stats.in_flight), "the rest waits in the queue: {stats:?}");
    rig.commits = true;
    rig.stored();
    assert_eq!(rig.client.stats().queued_messages, 0);
}

// §4.9
#[test]
fn a_server_cannot_fill_memory_through_a_slow_store() {
    let mut rig = connected(V5).slow();
    rig.says(pubrel(1));
    let pubrels: Vec<u8> = [0x62, 2, 0, 1].repeat(10_000);
    for _ in 0..100 {
        if rig.events.iter().any(|told| matches!(told, Told::Disconnected(..))) {
            return;
        }
        rig.says(publish(Q2, 9, "b", "x"));
        rig.feed(&pubrels);
    }
    panic!("it takes in a million acknowledgements that nobody can have");
}

#[test]
fn deadlines_of_a_leaving_client_do_not_spin_while_the_store_is_silent() {
    let mut rig = connected(V5).slow();
    rig.publish(Q1, "a", "x");
    rig.disconnect_with(DisconnectOptions { drain: Millis::new(10), ..DisconnectOptions::default() })
        .expect("is accepted");
    rig.advance(5000);
    assert_eq!(rig.sent(), [""; 0]);
    rig.store_fails();
    assert_eq!(rig.sent(), ["PUBLISH q1 #1 a x", "DISCONNECT"]);
}
