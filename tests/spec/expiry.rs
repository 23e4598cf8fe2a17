//! Message Expiry Intervals of messages that wait, and timers that come when they come.

use crate::support::*;
use wasmqtt::codec::{PropertiesBuf, PropertyId, Value};
use wasmqtt::time::Millis;

fn expiring(seconds: u32) -> PropertiesBuf {
    property(PropertyId::MessageExpiryInterval, Value::U32(seconds))
}

/// A client that was not started has no other deadline than those of its messages.
fn idle() -> Rig {
    Rig::new(config(V5))
}

#[test]
fn the_next_message_to_expire_sets_the_timer() {
    let mut rig = idle();
    assert_eq!(rig.client.poll_timeout(), None);
    rig.publish_with(Q1, "a", "later", &expiring(9)).unwrap();
    rig.publish_with(Q0, "a", "sooner", &expiring(4)).unwrap();
    rig.publish(Q1, "a", "never");
    let start = rig.now;
    assert_eq!(rig.client.poll_timeout(), Some(start + Millis::new(4_000)));
    rig.advance(3_999);
    assert!(rig.told().is_empty());
    rig.advance(1);
    assert_eq!(rig.told(), ["publish 2 failed: MessageExpired"]);
    assert_eq!(rig.client.poll_timeout(), Some(start + Millis::new(9_000)));
    rig.advance(60_000);
    assert_eq!(rig.told(), ["publish 1 failed: MessageExpired"]);
    assert_eq!(rig.client.poll_timeout(), None);
    let stats = rig.client.stats();
    assert_eq!((stats.queued_messages, stats.queued_bytes), (1, 6));
}

#[test]
fn a_timer_that_comes_late_finds_all_that_have_expired() {
    let mut rig = idle();
    for (qos, seconds) in [(Q0, 1), (Q1, 2), (Q2, 3), (Q0, 60)] {
        rig.publish_with(qos, "a", "x", &expiring(seconds)).unwrap();
    }
    rig.leap(10_500);
    let mut told = rig.told();
    told.sort();
    let expected = [1, 2, 3].map(|op| format!("publish {op} failed: MessageExpired"));
    assert_eq!(told, expected);
    assert_eq!(rig.client.stats().queued_messages, 1);
}

#[test]
fn a_timer_that_comes_early_drops_nothing() {
    let mut rig = idle();
    rig.publish_with(Q1, "a", "x", &expiring(2)).unwrap();
    for _ in 0..4 {
        rig.leap(499);
        assert!(rig.told().is_empty());
    }
    rig.leap(4);
    assert_eq!(rig.told(), ["publish 1 failed: MessageExpired"]);
}

// The timer is set for what waits, not for what has left.
#[test]
fn a_message_that_was_taken_back_leaves_the_timers_of_the_others() {
    let mut rig = idle();
    let first = rig.publish_with(Q1, "a", "x", &expiring(4)).unwrap();
    let second = rig.publish_with(Q0, "a", "x", &expiring(9)).unwrap();
    assert!(rig.client.cancel(first));
    let due = rig.client.poll_timeout().expect("one message can still expire");
    assert!(due <= rig.now + Millis::new(9_000));
    rig.advance(9_000);
    assert_eq!(rig.told(), [format!("publish {} failed: MessageExpired", second.0)]);

    let last = rig.publish_with(Q1, "a", "x", &expiring(4)).unwrap();
    assert!(rig.client.cancel(last));
    assert_eq!(rig.client.poll_timeout(), None);
}
