//! SUBSCRIBE, UNSUBSCRIBE and what becomes of them.

use crate::support::*;
use wasmqtt::ErrorCode;
use wasmqtt::codec::{PropertyId, RetainHandling, SubscribeOptions, Value};

fn options() -> SubscribeOptions {
    SubscribeOptions::default()
}

#[test]
fn a_subscription_is_done_with_suback() {
    let mut rig = Rig::v5();
    rig.subscribe(&[("a/+", Q1), ("b", Q2)]);
    assert_eq!(rig.sent(), ["SUBSCRIBE #1 a/+:1 b:2 id=1"]);
    rig.says(suback(1, &[1, 0]));
    assert_eq!(rig.told(), ["subscribed 1 [0x01, 0x00]"], "a lower QoS is a success");

    let mut rig = Rig::connected(config(V311));
    rig.subscribe(&[("a/+", Q1), ("b", Q2)]);
    assert_eq!(rig.sent(), ["SUBSCRIBE #1 a/+:1 b:2"]);
    rig.says(suback(1, &[1, 2]));
    assert_eq!(rig.told(), ["subscribed 1 [0x01, 0x02]"]);
}

#[test]
fn all_options_are_sent() {
    let mut rig = Rig::v5();
    let all = SubscribeOptions {
        qos: Q1,
        no_local: true,
        retain_as_published: true,
        retain_handling: RetainHandling::DoNotSend,
    };
    rig.try_subscribe(&[filter("a", all)]).unwrap();
    assert_eq!(rig.sent(), ["SUBSCRIBE #1 a:1+nl+rap+rh2 id=1"]);
}

// §3.9.3: the connection stays.
#[test]
fn a_refused_filter_fails_the_call_with_all_codes() {
    let mut rig = Rig::v5();
    rig.subscribe(&[("a", Q1), ("b", Q1)]);
    rig.says(suback(1, &[1, 0x87]));
    assert_eq!(rig.told(), ["subscribe 1 failed: RejectedByServer 0x87 [0x01, 0x87]"]);
    assert_eq!(rig.client.stats().subscriptions, 1);
    rig.reconnect(connack());
    assert_eq!(rig.sent_unnumbered(), ["SUBSCRIBE a:1 id=1"], "what was refused is forgotten");
}

// §3.8.4: the server may send messages before SUBACK.
#[test]
fn messages_before_suback_belong_to_the_subscription() {
    let mut rig = Rig::v5();
    let (_, ids) = rig.subscribe(&[("a/b", Q1)]);
    rig.says(publish(Q0, 0, "a/b", "early"));
    assert_eq!(rig.routes(), [ids]);
}

// MQTT-3.8.4-6
#[test]
fn a_suback_with_another_number_of_codes_is_a_protocol_error() {
    let mut rig = Rig::v5();
    rig.subscribe(&[("a", Q0), ("b", Q0)]);
    rig.forget();
    rig.says(suback(1, &[0]));
    assert_eq!(rig.sent(), ["DISCONNECT 0x82"]);
}

// MQTT-3.1.2-29: without Request Problem Information no answer has such properties.
#[test]
fn unasked_problem_information_is_a_protocol_error() {
    use wasmqtt::config::Config;
    let quiet = Config { request_problem_information: false, ..config(V5) };
    let text = |say: Say| say.with(PropertyId::ReasonString, Value::Str("because"));

    let mut rig = Rig::connected(quiet.clone());
    rig.subscribe(&[("a", Q0)]);
    rig.forget();
    rig.says(text(suback(1, &[0])));
    assert_eq!(rig.sent(), ["DISCONNECT 0x82"], "SUBACK");

    let mut rig = Rig::connected(quiet);
    let (_, ids) = rig.subscribe(&[("a", Q0)]);
    rig.says(suback(1, &[0]));
    rig.unsubscribe(&ids);
    rig.forget();
    rig.says(text(unsuback(2, &[0])));
    assert_eq!(rig.sent(), ["DISCONNECT 0x82"], "UNSUBACK");
}

#[test]
fn subscribing_again_with_the_same_options_asks_nothing_of_the_server() {
    let mut rig = Rig::v5();
    let (_, first) = rig.subscribe(&[("a", Q1)]);
    rig.says(suback(1, &[1]));
    rig.forget();
    let (_, second) = rig.subscribe(&[("a", Q1)]);
    assert_eq!(first, second);
    assert!(rig.sent().is_empty());
    assert_eq!(rig.told(), ["subscribed 2 [0x01]"]);
}

// MQTT-3.8.4-3: a new SUBSCRIBE replaces the options.
#[test]
fn subscribing_again_with_other_options_replaces_them() {
    let mut rig = Rig::v5();
    let (_, first) = rig.subscribe(&[("a", Q1)]);
    rig.says(suback(1, &[1]));
    rig.forget();
    let (_, second) = rig.subscribe(&[("a", Q2)]);
    assert_eq!(first, second);
    assert_eq!(rig.sent(), ["SUBSCRIBE #2 a:2 id=1"]);
}

#[test]
fn invalid_filters_are_refused_before_anything_is_sent() {
    let mut rig = Rig::v5();
    for text in ["", "a/#/b", "a+", "$share/g", "$share//a"] {
        let error = rig.try_subscribe(&[filter("fine", options()), filter(text, options())]).unwrap_err();
        assert_eq!((error.code, error.text.as_deref()), (ErrorCode::InvalidFilter, Some(text)));
    }
    // MQTT-3.8.3-2
    assert_eq!(rig.try_subscribe(&[]).unwrap_err().code, ErrorCode::InvalidArgument);
    assert!(rig.sent().is_empty());
    assert_eq!(rig.client.stats().subscriptions, 0);
}

// MQTT-3.8.3-4
#[test]
fn no_local_on_a_shared_subscription_is_refused() {
    let mut rig = Rig::v5();
    let no_local = SubscribeOptions { no_local: true, ..options() };
    let error = rig.try_subscribe(&[filter("$share/g/a", no_local)]).unwrap_err();
    assert_eq!((error.code, error.statement), (ErrorCode::InvalidFilter, Some("MQTT-3.8.3-4")));
}

#[test]
fn what_the_server_does_not_offer_is_refused_with_the_index() {
    let limited = connack()
        .with(PropertyId::WildcardSubscriptionAvailable, Value::Byte(0))
        .with(PropertyId::SharedSubscriptionAvailable, Value::Byte(0))
        .with(PropertyId::SubscriptionIdentifierAvailable, Value::Byte(0));
    let mut rig = Rig::connected_with(config(V5), limited);
    for text in ["a/#", "$share/g/a"] {
        let error = rig.try_subscribe(&[filter("a", options()), filter(text, options())]).unwrap_err();
        assert_eq!((error.code, error.at), (ErrorCode::NotSupportedByServer, Some(1)), "{text}");
    }
    rig.subscribe(&[("a", Q1)]);
    // §3.2.2.3.12: and no Subscription Identifier.
    assert_eq!(rig.sent(), ["SUBSCRIBE #1 a:1"]);
}

// §3.2.2.3.4: Maximum QoS limits publishes only.
#[test]
fn maximum_qos_does_not_limit_subscriptions() {
    let mut rig = Rig::connected_with(config(V5), connack().with(PropertyId::MaximumQoS, Value::Byte(0)));
    rig.subscribe(&[("a", Q2)]);
    assert_eq!(rig.sent(), ["SUBSCRIBE #1 a:2 id=1"]);
}

#[test]
fn unsubscribing_is_done_with_unsuback() {
    for version in BOTH {
        let mut rig = Rig::connected(config(version));
        let (_, ids) = rig.subscribe(&[("a", Q0), ("b", Q0)]);
        rig.says(suback(1, &[0, 0]));
        rig.forget();
        rig.unsubscribe(&ids);
        assert_eq!(rig.sent(), ["UNSUBSCRIBE #2 a b"]);
        rig.says(publish(Q0, 0, "a", "late"));
        assert_eq!(rig.routes(), [Vec::<u32>::new()], "nobody listens any more");
        rig.forget();
        rig.says(unsuback(2, &[0, 0x11]));
        let expected = if version == V5 { "unsubscribed 2 [0x00, 0x11]" } else { "unsubscribed 2" };
        assert_eq!(rig.told(), [expected], "0x11 is a success");
    }
}

#[test]
fn a_refused_unsubscribe_fails() {
    let mut rig = Rig::v5();
    let (_, ids) = rig.subscribe(&[("a", Q0)]);
    rig.says(suback(1, &[0]));
    rig.unsubscribe(&ids);
    rig.forget();
    rig.says(unsuback(2, &[0x87]));
    assert_eq!(rig.told(), ["unsubscribe 2 failed: RejectedByServer 0x87 [0x87]"]);
}

#[test]
fn unsubscribing_from_what_is_not_subscribed_is_done_at_once() {
    let mut rig = Rig::v5();
    rig.unsubscribe(&[99]);
    assert!(rig.sent().is_empty());
    assert_eq!(rig.told(), ["unsubscribed 1"]);
}

#[test]
fn a_subscription_given_up_before_its_answer_is_not_reported_as_refused() {
    let mut rig = Rig::v5();
    let (_, ids) = rig.subscribe(&[("a", Q1)]);
    rig.unsubscribe(&ids);
    rig.forget();
    rig.says(suback(1, &[1]));
    rig.says(unsuback(2, &[0]));
    assert_eq!(rig.told(), ["subscribed 1 [0x01]", "unsubscribed 2"]);
}

#[test]
fn a_subscription_given_up_before_it_was_sent_is_never_sent() {
    let mut rig = Rig::connecting(config(V5));
    let (_, ids) = rig.subscribe(&[("a", Q1)]);
    rig.unsubscribe(&ids);
    rig.says(connack());
    assert_eq!(rig.sent(), ["UNSUBSCRIBE #1 a"]);
    assert_eq!(rig.told(), ["connected", "subscribed 1 [0x11]"]);
}

// 3.10.2.1.2
#[test]
fn an_unsubscribe_carries_user_properties_also_when_it_is_repeated() {
    let why = property(PropertyId::UserProperty, Value::Pair("why", "done"));
    let mut rig = Rig::v5();
    let (_, ids) = rig.subscribe(&[("a", Q0), ("b", Q0)]);
    rig.says(suback(1, &[0, 0]));
    rig.forget();
    rig.unsubscribe_with(&ids, &why);
    assert_eq!(rig.sent(), ["UNSUBSCRIBE #2 a b why=done"]);
    rig.reconnect(connack_resumed());
    assert_eq!(rig.sent(), ["UNSUBSCRIBE #3 a b why=done"]);
    rig.says(unsuback(3, &[0, 0]));
    assert_eq!(rig.told(), ["unsubscribed 2"]);
}

#[test]
fn user_properties_that_the_server_cannot_take_fail_the_unsubscribe_and_it_is_sent_without() {
    let why = property(PropertyId::UserProperty, Value::Pair("why", "too long for this server"));
    let mut rig = Rig::connecting(config(V5));
    rig.says(connack().with(PropertyId::MaximumPacketSize, Value::U32(30)));
    let (_, ids) = rig.subscribe(&[("a", Q0)]);
    rig.says(suback(1, &[0]));
    rig.forget();
    let op = rig.unsubscribe_with(&ids, &why);
    assert_eq!(rig.told(), [format!("unsubscribe {} failed: PacketTooLarge", op.0)]);
    assert_eq!(rig.sent(), ["UNSUBSCRIBE #3 a"]);
    rig.forget();
    rig.says(unsuback(3, &[0]));
    assert!(rig.told().is_empty(), "the operation has ended already");
}

// A server that has lost the session is asked again, and may refuse what it granted before.
#[test]
fn a_subscription_that_is_refused_later_ends_by_its_number() {
    use wasmqtt::client::Event;
    let mut rig = Rig::v5();
    let (_, ids) = rig.subscribe(&[("a", Q0), ("b", Q0)]);
    rig.says(suback(1, &[0, 0]));
    rig.reconnect(connack());
    rig.forget();
    let bytes = suback(2, &[0, 0x87]).encode(V5);
    rig.client.handle_input(rig.now, &bytes);
    let mut ended = Vec::new();
    while let Some(event) = rig.client.poll_event(rig.now) {
        let Event::SubscriptionEnded { id, error } = event else { panic!("{event:?}") };
        ended.push((id, error.code, error.text.clone()));
    }
    assert_eq!(ended, [(ids[1], ErrorCode::RejectedByServer, Some("b".into()))]);
}
