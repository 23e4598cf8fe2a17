//! What outlives a connection, and what does not.

use crate::support::*;
use wasmqtt::codec::{PropertyId, SubscribeOptions, Value};
use wasmqtt::config::{Config, FirstSession};

// MQTT-4.4.0-1, MQTT-3.3.1-1: the same identifiers, DUP set, in the original order, before anything new.
#[test]
fn a_kept_session_goes_on_where_it_was() {
    for version in BOTH {
        let mut rig = Rig::connected(config(version));
        rig.publish(Q1, "a", "one");
        rig.publish(Q2, "a", "two");
        rig.publish(Q1, "a", "three");
        rig.publish(Q2, "a", "four");
        rig.says(pubrec(4));
        rig.says(pubrec(2));
        rig.says(puback(1));
        rig.cut();
        rig.publish(Q1, "a", "new");
        rig.forget();
        rig.redial();
        rig.forget();
        rig.says(connack_resumed());
        // MQTT-4.6.0-4: PUBREL in the order of the PUBRECs.
        let expected = ["PUBREL #4", "PUBREL #2", "PUBLISH q1 #3 a three dup", "PUBLISH q1 #5 a new"];
        assert_eq!(rig.sent(), expected);
    }
}

// MQTT-4.6.0-1: the order of publishing, not that of the identifiers.
#[test]
fn what_is_sent_again_keeps_its_order_when_identifiers_have_gone_round() {
    let mut rig = Rig::v5();
    for id in 1..=20 {
        rig.publish(Q1, "a", "early");
        rig.says(puback(if id <= 16 { id } else { id - 16 }));
    }
    rig.forget();
    for payload in ["first", "second"] {
        rig.publish(Q1, "a", payload);
    }
    for _ in 0..14 {
        rig.publish(Q2, "a", "more");
    }
    let order: Vec<String> = rig.sent();
    rig.reconnect(connack_resumed());
    let again: Vec<String> = rig.sent();
    let expected: Vec<String> = order.iter().map(|line| format!("{line} dup")).collect();
    assert_eq!(again, expected);
}

// MQTT-4.4.0-1: again and again, until it is acknowledged.
#[test]
fn what_was_sent_again_is_sent_again_after_the_next_loss() {
    let mut rig = Rig::v5();
    rig.publish(Q2, "a", "x");
    for _ in 0..3 {
        rig.reconnect(connack_resumed());
        assert_eq!(rig.sent(), ["PUBLISH q2 #1 a x dup"]);
    }
    rig.says(pubrec(1));
    rig.reconnect(connack_resumed());
    assert_eq!(rig.sent(), ["PUBREL #1"]);
    rig.says(pubcomp(1));
    assert_eq!(rig.told(), ["published 1"]);
}

// §4.1: QoS 1 is a new message now, with a new identifier and without DUP.
#[test]
fn a_lost_session_publishes_qos_1_anew() {
    for version in BOTH {
        let mut rig = Rig::connected(config(version));
        rig.publish(Q1, "a", "spare");
        rig.says(puback(1));
        rig.publish(Q1, "a", "x");
        rig.publish(Q1, "a", "y");
        rig.reconnect(connack());
        assert_eq!(rig.sent_unnumbered(), ["PUBLISH q1 a x", "PUBLISH q1 a y"]);
        assert!(rig.told().is_empty());
    }
}

// MQTT-4.3.3: whether it arrived, nobody knows; a second copy would break the promise.
#[test]
fn a_lost_session_ends_qos_2_with_an_honest_error() {
    let mut rig = Rig::v5();
    rig.publish(Q2, "a", "sent");
    rig.publish(Q2, "a", "released");
    rig.says(pubrec(2));
    rig.reconnect(connack());
    assert!(rig.sent().is_empty());
    let mut told = rig.told();
    told.sort();
    assert_eq!(told, ["publish 1 failed: SessionLost", "publish 2 failed: SessionLost"]);
}

#[test]
fn qos_2_is_published_anew_where_that_was_asked_for() {
    let mut rig = Rig::connected(Config { requeue_exactly_once: true, ..config(V5) });
    rig.publish(Q2, "a", "sent");
    rig.publish(Q2, "a", "released");
    rig.says(pubrec(2));
    rig.reconnect(connack());
    assert_eq!(rig.sent_unnumbered(), ["PUBLISH q2 a sent"]);
    assert_eq!(rig.told(), ["publish 2 failed: SessionLost"], "that one has certainly arrived");
}

// A message that was never sent is not concerned.
#[test]
fn what_only_waited_is_sent_whatever_became_of_the_session() {
    let mut rig = Rig::connecting(config(V5));
    rig.publish(Q2, "a", "waits");
    rig.says(connack());
    assert_eq!(rig.sent(), ["PUBLISH q2 #1 a waits"]);
}

// MQTT-3.2.2-4
#[test]
fn a_session_that_cannot_be_ours_is_refused_and_then_cleaned() {
    let mut rig = Rig::connecting(config(V5));
    rig.says(connack_resumed());
    assert_eq!(rig.sent(), ["DISCONNECT 0x82"]);
    assert_eq!(rig.told(), ["lost: ProtocolError 0x82; retry in 1000"]);
    rig.redial();
    assert_eq!(rig.sent(), ["CONNECT 5 clean cid"]);
}

#[test]
fn a_session_of_an_earlier_page_is_taken_over_where_asked() {
    for version in BOTH {
        let mut rig = Rig::connecting(Config { first_session: FirstSession::Adopt, ..config(version) });
        rig.says(connack_resumed());
        assert_eq!(rig.told(), ["connected to its session"]);
        rig.says(publish(Q2, 9, "a", "waited"));
        rig.says(pubrel(8));
        assert_eq!(rig.told(), ["message q2 a waited"]);
    }
}

// MQTT-3.1.2-4: Clean Start on the first connection only; after that the session is ours.
#[test]
fn a_clean_first_connection_keeps_its_session_in_5() {
    let mut rig = Rig::new(Config { first_session: FirstSession::Clean, ..config(V5) });
    rig.start();
    rig.opened();
    assert_eq!(rig.sent(), ["CONNECT 5 clean cid"]);
    rig.says(connack());
    rig.forget();
    rig.cut();
    rig.requests.clear();
    rig.redial();
    assert_eq!(rig.sent(), ["CONNECT 5 resume cid"]);
}

// 3.1.1 §3.1.2.4: Clean Session says both that it begins and that it ends with the connection.
#[test]
fn a_clean_session_of_3_1_1_is_clean_each_time() {
    let mut rig = Rig::connected(Config { first_session: FirstSession::Clean, ..config(V311) });
    rig.publish(Q1, "a", "x");
    rig.subscribe(&[("f", Q0)]);
    rig.says(suback(2, &[0]));
    rig.cut();
    rig.forget();
    rig.redial();
    assert_eq!(rig.sent(), ["CONNECT 4 clean cid"]);
    rig.says(connack());
    assert_eq!(rig.sent_unnumbered(), ["SUBSCRIBE f:0", "PUBLISH q1 a x"]);
}

// MQTT-3.2.2-2
#[test]
fn a_session_after_clean_start_is_a_protocol_error() {
    let mut rig = Rig::connecting(Config { first_session: FirstSession::Clean, ..config(V5) });
    rig.says(connack_resumed());
    assert_eq!(rig.sent(), ["DISCONNECT 0x82"]);
}

// §3.2.2.3.2: the server's value counts, and absent means ours.
#[test]
fn a_session_that_the_server_ends_with_the_connection_cannot_come_back() {
    let none = connack().with(PropertyId::SessionExpiryInterval, Value::U32(0));
    let mut rig = Rig::connected_with(config(V5), none);
    rig.cut();
    rig.requests.clear();
    rig.redial();
    rig.forget();
    rig.says(connack_resumed());
    assert_eq!(rig.sent(), ["DISCONNECT 0x82"]);
}

// MQTT-3.8.4: only when the server has forgotten; everything as it was asked for.
#[test]
fn subscriptions_are_made_again_when_the_session_is_lost_and_only_then() {
    let mut rig = Rig::v5();
    let options = SubscribeOptions { qos: Q1, retain_as_published: true, ..SubscribeOptions::default() };
    rig.try_subscribe(&[filter("a", options), filter("b", options)]).unwrap();
    rig.subscribe(&[("c", Q2)]);
    rig.says(suback(1, &[1, 1]));
    rig.says(suback(2, &[2]));
    rig.reconnect(connack_resumed());
    assert!(rig.sent().is_empty());
    rig.reconnect(connack());
    assert_eq!(rig.sent_unnumbered(), ["SUBSCRIBE a:1+rap b:1+rap id=1", "SUBSCRIBE c:2 id=3"]);
    assert!(rig.told().is_empty(), "nobody waits for it");
}

// What the application publishes on the news of the connection may cause answers to what it has subscribed to.
#[test]
fn subscriptions_precede_what_is_published_before_anything_is_sent() {
    for version in BOTH {
        for qos in [Q0, Q1, Q2] {
            let mut rig = Rig::connected(config(version));
            rig.subscribe(&[("granted", Q1)]);
            rig.says(suback(1, &[1]));
            rig.cut();
            rig.requests.clear();
            rig.subscribe(&[("new", Q1)]);
            rig.redial();
            rig.forget();
            rig.client.handle_input(rig.now, &connack().encode(version));
            while rig.client.poll_event(rig.now).is_some() {}
            rig.publish(qos, "a", "x");
            let topics = rig.sent_unnumbered().into_iter().map(|line| {
                let mut words = line.split(' ').filter(|word| !word.starts_with('q'));
                format!("{} {}", words.next().unwrap(), words.next().unwrap())
            });
            let expected = ["SUBSCRIBE granted:1", "SUBSCRIBE new:1", "PUBLISH a"];
            assert_eq!(topics.collect::<Vec<_>>(), expected, "{version:?} {qos:?}");
        }
    }
}

// Connections that break before SUBACK must not pile requests up.
#[test]
fn repeated_losses_do_not_multiply_subscriptions() {
    let mut rig = Rig::v5();
    rig.subscribe(&[("a", Q1)]);
    rig.says(suback(1, &[1]));
    for _ in 0..5 {
        rig.reconnect(connack());
        let sent = rig.sent();
        assert_eq!(sent.len(), 1, "{sent:?}");
    }
}

#[test]
fn a_subscription_that_a_new_session_refuses_is_told() {
    let mut rig = Rig::v5();
    rig.subscribe(&[("a", Q1)]);
    rig.says(suback(1, &[1]));
    rig.reconnect(connack());
    rig.says(suback(rig.last_id(), &[0x87]));
    assert_eq!(rig.told(), ["notice: RejectedByServer 0x87"]);
    assert_eq!(rig.client.stats().subscriptions, 0);
}

#[test]
fn a_subscription_that_a_new_server_does_not_offer_is_told() {
    let mut rig = Rig::v5();
    rig.subscribe(&[("a/#", Q1)]);
    rig.says(suback(1, &[1]));
    rig.reconnect(connack().with(PropertyId::WildcardSubscriptionAvailable, Value::Byte(0)));
    assert!(rig.sent().is_empty());
    assert_eq!(rig.told(), ["notice: NotSupportedByServer"]);
    assert_eq!(rig.client.stats().subscriptions, 0);
}

#[test]
fn subscriptions_that_a_new_server_offers_outlive_those_that_it_does_not() {
    let mut rig = Rig::v5();
    let (_, ids) = rig.subscribe(&[("a/#", Q1), ("b", Q1)]);
    rig.says(suback(1, &[1, 1]));
    rig.reconnect(connack().with(PropertyId::WildcardSubscriptionAvailable, Value::Byte(0)));
    assert_eq!(rig.told(), ["notice: NotSupportedByServer"]);
    rig.says(suback(rig.last_id(), &[1]));
    assert_eq!(rig.sent_unnumbered(), ["SUBSCRIBE b:1 id=1"]);
    rig.says(publish(Q0, 0, "b", "x"));
    assert_eq!(rig.routes(), [vec![ids[1]]]);
}

// MQTT-3.2.2-15
#[test]
fn subscriptions_are_renewed_in_packets_that_the_new_server_takes() {
    let mut rig = Rig::v5();
    rig.subscribe(&[("filter/one", Q1), ("filter/two", Q1), ("filter/six", Q1)]);
    rig.says(suback(1, &[1, 1, 1]));
    rig.reconnect(connack().with(PropertyId::MaximumPacketSize, Value::U32(40)));
    assert_eq!(
        rig.sent_unnumbered(),
        ["SUBSCRIBE filter/one:1 id=1", "SUBSCRIBE filter/two:1 filter/six:1 id=1"]
    );
    assert!(rig.told().is_empty());
}

// §3.8.3.1: whether the server has seen it is not known; its retained messages must not come twice.
#[test]
fn an_unanswered_subscribe_is_repeated_without_retained_messages_twice() {
    let mut rig = Rig::v5();
    rig.subscribe(&[("a", Q1)]);
    rig.reconnect(connack_resumed());
    assert_eq!(rig.sent_unnumbered(), ["SUBSCRIBE a:1+rh1 id=1"]);
    rig.reconnect(connack());
    assert_eq!(rig.sent_unnumbered(), ["SUBSCRIBE a:1 id=1"]);
}

#[test]
fn an_unanswered_unsubscribe_is_repeated() {
    let mut rig = Rig::v5();
    let (_, ids) = rig.subscribe(&[("a", Q1)]);
    rig.says(suback(1, &[1]));
    rig.unsubscribe(&ids);
    rig.reconnect(connack_resumed());
    let sent = rig.sent();
    assert!(sent.len() == 1 && sent[0].starts_with("UNSUBSCRIBE"), "{sent:?}");
}

#[test]
fn qos_0_and_pings_fail_with_the_connection() {
    let mut rig = Rig::v5();
    rig.ping();
    rig.cut();
    assert_eq!(rig.told(), ["ping 1 failed: ConnectionClosed", "lost: ConnectionClosed; retry in 1000"]);
}

// MQTT-3.1.3-5 and §4.1: the wait for the session is bounded by its expiry on the server, not by us.
#[test]
fn a_session_outlives_many_failed_attempts() {
    let mut rig = Rig::v5();
    rig.publish(Q1, "a", "x");
    rig.cut();
    for _ in 0..10 {
        rig.forget();
        rig.redial();
        rig.cut();
    }
    rig.forget();
    rig.redial();
    rig.forget();
    rig.says(connack_resumed());
    assert_eq!(rig.sent(), ["PUBLISH q1 #1 a x dup"]);
}
