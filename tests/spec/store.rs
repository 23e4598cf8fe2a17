//! Durable clients: what is stored when, what may leave when, and what the next client makes of it.

use crate::support::*;
use wasmqtt::codec::{AckKind, PropertiesBuf, PropertyId, ProtocolVersion, Value};
use wasmqtt::config::{Config, FirstSession, Overflow, QueueLimits};
use wasmqtt::{Error, ErrorCode};

/// 2026-01-01, in milliseconds since 1970.
pub(crate) const UNIX: u64 = 1_767_225_600_000;

pub(crate) fn durable(version: ProtocolVersion) -> Config {
    Config { durable: true, first_session: FirstSession::Adopt, ..config(version) }
}

/// A client that goes on with what is on disk.
pub(crate) fn restored(config: Config, disk: disk::Disk) -> Rig {
    restored_at(config, disk, UNIX)
}

fn restored_at(config: Config, disk: disk::Disk, unix: u64) -> Rig {
    let mut rig = Rig::new(config);
    rig.client.restore(rig.now, unix, &mut disk.load());
    rig.disk = disk;
    rig.drain();
    rig
}

/// Connected, with nothing on record.
pub(crate) fn connected(version: ProtocolVersion) -> Rig {
    let mut rig = restored(durable(version), disk::Disk::default());
    connect(&mut rig, connack());
    rig.forget();
    rig
}

pub(crate) fn connect(rig: &mut Rig, connack: Say) {
    rig.start();
    rig.opened();
    rig.forget();
    rig.says(connack);
}

impl Rig {
    /// What notices say, each with the topic that it is about.
    pub(crate) fn noticed(&mut self) -> Vec<String> {
        let lines = self.errors_of_notices().map(|error| {
            [format!("{:?}", error.code), error.text.as_deref().unwrap_or_default().into()].join(" ")
        });
        let lines = lines.collect();
        self.forget();
        lines
    }

    /// From now on the store takes its time.
    pub(crate) fn slow(mut self) -> Self {
        self.commits = false;
        self
    }

    /// The store has done what it was asked.
    pub(crate) fn stored(&mut self) {
        assert!(self.disk.commit(), "nothing was to be stored");
        self.client.handle_stored();
        self.drain();
    }

    pub(crate) fn store_fails(&mut self) {
        self.disk.waiting.take().expect("something was to be stored");
        self.client.handle_store_failed();
        self.drain();
    }

    /// The client is gone, without a word; another one takes over, and connects.
    pub(crate) fn crashed(self, config: Config, connack: Say) -> Self {
        let mut disk = self.disk;
        disk.waiting = None;
        let mut rig = restored(config, disk);
        connect(&mut rig, connack);
        rig
    }
}

#[test]
fn a_client_that_is_not_durable_has_nothing_to_store() {
    let mut rig = Rig::v5();
    for qos in [Q0, Q1, Q2] {
        rig.publish(qos, "a", "x");
    }
    rig.says(publish(Q2, 1, "b", "y"));
    assert_eq!(rig.client.poll_store(rig.now), None);
    rig.client.store_again();
    rig.client.restore(rig.now, UNIX, &mut [(1, vec![1])].into_iter());
    assert_eq!(rig.client.poll_store(rig.now), None);
    assert!(rig.disk.records.is_empty());
}

#[test]
fn a_durable_client_needs_a_name_and_adopts_its_session() {
    let refused = |config: Config| config.validate().expect_err("is refused");
    let name = refused(Config { client_id: String::new(), ..durable(V5) });
    assert_eq!((name.code, name.text.as_deref()), (ErrorCode::InvalidOption, Some("clientId")));
    for first_session in [FirstSession::Clean, FirstSession::Refuse] {
        let clean = refused(Config { first_session, ..durable(V5) });
        assert_eq!((clean.code, clean.text.as_deref()), (ErrorCode::InvalidOption, Some("cleanStart")));
    }
}

// §4.1, MQTT-4.3.3-1
#[test]
fn nothing_leaves_before_the_store_has_what_it_depends_on() {
    for version in BOTH {
        let mut rig = connected(version).slow();
        rig.publish(Q2, "a", "two");
        assert_eq!(rig.sent(), [""; 0], "PUBLISH waits");
        rig.stored();
        assert_eq!(rig.sent(), ["PUBLISH q2 #1 a two"]);
        assert_eq!(rig.disk.count(), [1, 1, 0]);
        rig.says(pubrec(1));
        assert_eq!(rig.sent(), [""; 0], "PUBREL waits");
        rig.stored();
        assert_eq!(rig.sent(), ["PUBREL #1"]);
        assert_eq!(rig.disk.count(), [0, 1, 0], "the message is not needed any more");
        rig.says(pubcomp(1));
        assert_eq!(rig.told(), ["published 1"]);
        rig.stored();
        assert_eq!(rig.disk.count(), [0, 0, 0]);
        rig.says(publish(Q2, 9, "b", "in"));
        assert_eq!(rig.messages().count(), 1, "it is delivered at once");
        assert_eq!(rig.sent(), [""; 0], "PUBREC waits");
        rig.stored();
        assert_eq!((rig.sent(), rig.disk.count()), (vec!["PUBREC #9".into()], [0, 0, 1]));
        rig.says(pubrel(9));
        assert_eq!(rig.sent(), [""; 0], "PUBCOMP waits");
        rig.stored();
        assert_eq!((rig.sent(), rig.disk.count()), (vec!["PUBCOMP #9".into()], [0, 0, 0]));
    }
}

#[test]
fn one_batch_is_under_way_at_a_time_and_the_next_holds_all_that_happened_meanwhile() {
    let mut rig = connected(V5).slow();
    rig.publish(Q1, "a", "1");
    for payload in ["2", "3"] {
        rig.publish(Q1, "a", payload);
    }
    assert!(rig.client.poll_store(rig.now).is_none());
    rig.stored();
    assert_eq!(rig.sent(), ["PUBLISH q1 #1 a 1"]);
    assert_eq!(rig.disk.waiting.as_ref().expect("the next batch").changes.len(), 4);
    rig.stored();
    assert_eq!(rig.sent(), ["PUBLISH q1 #2 a 2", "PUBLISH q1 #3 a 3"]);
}

#[test]
fn bytes_that_depend_on_nothing_leave_at_once_and_those_behind_others_in_their_order() {
    let mut rig = connected(V5).slow();
    let op = rig.publish(Q0, "a", "free");
    assert_eq!(rig.sent(), ["PUBLISH q0 a free"]);
    assert_eq!(rig.told(), [format!("published {}", op.0)]);
    rig.publish(Q1, "a", "held");
    let op = rig.publish(Q0, "a", "behind");
    assert_eq!((rig.sent(), rig.told()), (vec![], vec![]));
    rig.stored();
    assert_eq!(rig.sent(), ["PUBLISH q1 #1 a held", "PUBLISH q0 a behind"]);
    assert_eq!(rig.told(), [format!("published {}", op.0)]);
}

#[test]
fn what_was_asked_and_taken_back_between_two_batches_is_never_stored() {
    let mut rig = restored(durable(V5), disk::Disk::default());
    let now = rig.now;
    let op = rig.next_op();
    rig.client.publish(op, now, "a", b"x".as_slice(), Q1, false, NONE).expect("is queued");
    assert!(rig.client.cancel(op));
    assert_eq!(rig.client.poll_store(now), None);
}

#[test]
fn the_payload_is_written_once() {
    let mut rig = connected(V5);
    let payload = "p".repeat(5000);
    let batch = |rig: &mut Rig| {
        let changes = rig.disk.waiting.clone().expect("a batch").changes;
        rig.stored();
        changes.iter().map(|(_, record)| record.as_ref().map_or(0, |record| record.len())).sum::<usize>()
    };
    rig.commits = false;
    rig.publish(Q2, "a", &payload);
    assert!((5000..5100).contains(&batch(&mut rig)));
    rig.says(pubrec(1));
    assert!(batch(&mut rig) < 40);
    rig.says(pubcomp(1));
    assert_eq!(batch(&mut rig), 0);
}

// MQTT-4.4.0-1: the same identifiers, DUP set, in the original order, before anything new; MQTT-4.6.0-4.
#[test]
fn the_next_client_goes_on_where_the_last_one_was() {
    for version in BOTH {
        let mut rig = connected(version);
        for (qos, payload) in [(Q1, "one"), (Q2, "two"), (Q1, "three"), (Q2, "four"), (Q2, "five")] {
            rig.publish(qos, "a", payload);
        }
        rig.says(pubrec(4));
        rig.says(pubrec(2));
        rig.says(puback(1));
        rig.says(publish(Q2, 7, "b", "in"));
        rig.cut();
        rig.publish(Q1, "a", "new");
        let mut rig = rig.crashed(durable(version), connack_resumed());
        let expected = [
            "PUBREL #4",
            "PUBREL #2",
            "PUBLISH q1 #3 a three dup",
            "PUBLISH q2 #5 a five dup",
            "PUBLISH q1 #1 a new",
        ];
        assert_eq!(rig.sent_with_new_identifiers(), expected);
        rig.forget();
        rig.says(publish(Q2, 7, "b", "in").again());
        assert_eq!(rig.messages().count(), 0, "it was delivered before");
        assert_eq!(rig.sent(), ["PUBREC #7"]);
        assert_eq!(rig.told(), [""; 0], "nobody waits for what was restored");
    }
}

impl Rig {
    /// Any free identifier is right for what was never sent.
    fn sent_with_new_identifiers(&mut self) -> Vec<String> {
        let first = |line: String| if line.ends_with("new") { "PUBLISH q1 #1 a new".into() } else { line };
        self.sent().into_iter().map(first).collect()
    }
}

// MQTT-2.2.1-3
#[test]
fn identifiers_that_are_still_open_are_not_given_again() {
    let mut rig = connected(V5);
    for _ in 0..3 {
        rig.publish(Q2, "a", "x");
    }
    rig.says(pubrec(2));
    let mut rig = rig.crashed(durable(V5), connack_resumed());
    rig.forget();
    rig.publish(Q2, "a", "y");
    assert_eq!(rig.sent(), ["PUBLISH q2 #4 a y"]);
}

#[test]
fn a_message_that_was_published_before_any_connection_is_sent_by_the_next_client() {
    let mut rig = restored(durable(V5), disk::Disk::default());
    for (qos, payload) in [(Q0, "lost"), (Q1, "kept"), (Q2, "too")] {
        rig.publish(qos, "a", payload);
    }
    let mut rig = rig.crashed(durable(V5), connack());
    assert_eq!(rig.sent(), ["PUBLISH q1 #1 a kept", "PUBLISH q2 #2 a too"]);
    rig.says(puback(1));
    rig.says(pubrec(2));
    rig.says(pubcomp(2));
    assert_eq!(rig.disk.count(), [0, 0, 0]);
    assert_eq!(rig.told(), ["connected"], "nobody waits for them");
}

#[test]
fn numbers_go_on_so_that_no_key_means_two_things() {
    let mut rig = restored(durable(V5), disk::Disk::default());
    rig.publish(Q1, "a", "1");
    let first: Vec<u64> = rig.disk.records.keys().copied().collect();
    let mut rig = restored(durable(V5), rig.disk);
    rig.publish(Q1, "a", "2");
    assert_eq!(rig.disk.records.len(), 2);
    assert!(rig.disk.records.keys().all(|key| *key < 1 << 53));
    assert!(rig.disk.records.contains_key(&first[0]));
}

#[test]
fn a_lost_session_sends_qos_1_again_and_tells_of_qos_2() {
    for requeue_exactly_once in [false, true] {
        let config = || Config { requeue_exactly_once, ..durable(V5) };
        let mut rig = restored(config(), disk::Disk::default());
        connect(&mut rig, connack());
        rig.publish(Q1, "one", "1");
        rig.publish(Q2, "two", "2");
        rig.publish(Q2, "released", "3");
        rig.says(pubrec(3));
        rig.says(publish(Q2, 7, "b", "in"));
        let mut rig = rig.crashed(config(), connack());
        // Of a released message only the identifier is left.
        if requeue_exactly_once {
            assert_eq!(rig.sent_unnumbered(), ["PUBLISH q1 one 1", "PUBLISH q2 two 2"]);
            assert_eq!(rig.noticed(), ["SessionLost "]);
        } else {
            assert_eq!(rig.sent_unnumbered(), ["PUBLISH q1 one 1"]);
            assert_eq!(rig.noticed(), ["SessionLost ", "SessionLost two"]);
        }
        assert_eq!(rig.disk.count(), if requeue_exactly_once { [2, 2, 0] } else { [1, 1, 0] });
        rig.says(publish(Q2, 7, "b", "new"));
        assert_eq!(rig.messages().count(), 1, "an identifier of another session");
    }
}

#[test]
fn what_fails_after_a_restart_is_told_with_its_topic() {
    let mut rig = connected(V5);
    rig.publish(Q1, "refused", "1");
    rig.publish(Q2, "too", "2");
    let mut rig = rig.crashed(durable(V5), connack_resumed());
    rig.says(ack(AckKind::PubAck, 1, 0x87));
    rig.says(ack(AckKind::PubRec, 2, 0x97));
    let notices: Vec<Error> = rig.errors_of_notices().cloned().collect();
    let expected = [("refused", 0x87), ("too", 0x97)];
    for (error, (topic, reason)) in notices.iter().zip(expected) {
        assert_eq!((error.code, error.text.as_deref()), (ErrorCode::RejectedByServer, Some(topic)));
        assert_eq!(error.reason.map(|reason| reason.value()), Some(reason));
    }
    assert_eq!((notices.len(), rig.disk.count()), (2, [0, 0, 0]));
}

fn with_expiry(seconds: u32) -> PropertiesBuf {
    property(PropertyId::MessageExpiryInterval, Value::U32(seconds))
}

// §3.3.2.3.3
#[test]
fn a_message_expires_by_the_calendar_while_no_client_runs() {
    let mut rig = restored(durable(V5), disk::Disk::default());
    rig.publish_with(Q1, "short", "1", &with_expiry(10)).expect("is queued");
    rig.publish_with(Q1, "long", "2", &with_expiry(100)).expect("is queued");
    rig.advance(3000);
    let mut rig = restored_at(durable(V5), rig.disk, UNIX + 20_000);
    connect(&mut rig, connack());
    assert_eq!(rig.sent(), ["PUBLISH q1 #1 long 2 expiry=80"]);
    assert_eq!(rig.disk.count(), [1, 1, 0]);
}

#[test]
fn a_clock_that_was_set_back_prolongs_nothing_beyond_the_interval_of_the_message() {
    let mut rig = restored(durable(V5), disk::Disk::default());
    rig.publish_with(Q1, "a", "1", &with_expiry(10)).expect("is queued");
    let mut rig = restored_at(durable(V5), rig.disk, UNIX - 86_400_000);
    rig.advance(9000);
    assert_eq!(rig.disk.count(), [1, 0, 0]);
    rig.advance(1000);
    assert_eq!((rig.disk.count(), rig.noticed()), ([0, 0, 0], vec!["MessageExpired a".into()]));
}

#[test]
fn everything_that_ends_a_message_removes_its_record() {
    let queue = QueueLimits { max_messages: 1, max_bytes: 1000, overflow: Overflow::DropOldest };
    let mut rig = restored(Config { queue, ..durable(V5) }, disk::Disk::default());
    let dropped = rig.publish(Q1, "a", "dropped");
    let cancelled = rig.publish(Q2, "a", "cancelled");
    assert_eq!(rig.told(), [format!("publish {} failed: DroppedFromQueue", dropped.0)]);
    assert_eq!(rig.disk.count(), [1, 0, 0]);
    assert!(rig.client.cancel(cancelled));
    rig.drain();
    assert_eq!(rig.disk.count(), [0, 0, 0]);
    rig.publish_with(Q1, "a", "expired", &with_expiry(1)).expect("is queued");
    rig.advance(1000);
    assert_eq!(rig.disk.count(), [0, 0, 0]);
    for overflow in [Overflow::Reject, Overflow::DropNewest] {
        let queue = QueueLimits { max_messages: 0, max_bytes: 0, overflow };
        let mut rig = restored(Config { queue, ..durable(V5) }, disk::Disk::default());
        let _refused = rig.publish_with(Q1, "a", "x", &PropertiesBuf::new());
        assert!(rig.disk.records.is_empty());
    }
}

#[test]
fn a_message_that_the_server_takes_no_more_is_removed_and_told_of() {
    let mut rig = connected(V5);
    rig.publish(Q1, "one", &"x".repeat(100));
    rig.publish(Q2, "two", &"x".repeat(100));
    let small = connack_resumed().with(PropertyId::MaximumPacketSize, Value::U32(40));
    let mut rig = rig.crashed(durable(V5), small);
    assert_eq!(rig.sent(), ["PUBREL #2"], "the server may hold the identifier");
    assert_eq!(rig.noticed(), ["PacketTooLarge one", "PacketTooLarge two"]);
    assert_eq!(rig.disk.count(), [0, 1, 0]);
}
