//! 5.0 first, 3.1.1 where the server knows nothing else.

use crate::support::*;
use wasmqtt::ErrorCode;
use wasmqtt::config::{Config, VersionPolicy};

fn auto() -> Rig {
    Rig::connecting(Config { version: VersionPolicy::Auto, ..config(V5) })
}

const REFUSAL_IN_3_1_1: [u8; 4] = [0x20, 2, 0, 1];

// 3.1.1 MQTT-3.1.2-2
#[test]
fn a_refused_version_is_tried_again_as_3_1_1_on_a_new_transport() {
    let mut rig = auto();
    rig.feed(&REFUSAL_IN_3_1_1);
    assert_eq!(rig.asked(), ["close", "open 1"]);
    assert!(rig.told().is_empty());
    rig.opened();
    assert_eq!(rig.sent(), ["CONNECT 4 resume cid"]);
    rig.says(connack());
    assert_eq!(rig.told(), ["connected"]);
}

// §3.1.2.2
#[test]
fn a_refusal_in_the_words_of_5_leads_to_3_1_1_as_well() {
    let mut rig = auto();
    rig.says(refused(0x84));
    assert_eq!(rig.asked(), ["close", "open 1"]);
}

#[test]
fn a_server_that_hangs_up_on_5_is_tried_as_3_1_1() {
    let mut rig = auto();
    rig.cut();
    assert_eq!(rig.asked(), ["close", "open 1"]);
    rig.opened();
    assert_eq!(rig.sent(), ["CONNECT 4 resume cid"]);
}

#[test]
fn when_neither_works_the_next_attempt_begins_with_5_again() {
    let mut rig = auto();
    rig.cut();
    rig.opened();
    rig.cut();
    assert_eq!(rig.told(), ["lost: ClosedBeforeConnack; retry in 1000"]);
    rig.forget();
    rig.redial();
    assert_eq!(rig.sent(), ["CONNECT 5 resume cid"]);
}

#[test]
fn the_version_that_worked_is_kept() {
    let mut rig = auto();
    rig.feed(&REFUSAL_IN_3_1_1);
    rig.opened();
    rig.says(connack());
    rig.forget();
    rig.cut();
    rig.requests.clear();
    rig.redial();
    assert_eq!(rig.sent(), ["CONNECT 4 resume cid"]);
}

#[test]
fn a_refusal_for_another_reason_is_not_a_matter_of_version() {
    let mut rig = auto();
    rig.says(refused(0x87));
    assert_eq!(rig.told(), ["lost: ConnectRefused 0x87; no retry", "closed: ConnectRefused 0x87"]);
}

#[test]
fn a_fixed_version_is_not_changed() {
    let mut rig = Rig::connecting(config(V5));
    rig.feed(&REFUSAL_IN_3_1_1);
    assert_eq!(rig.told(), ["lost: VersionNotSupported 0x84; no retry", "closed: VersionNotSupported 0x84"]);
}

// What 3.1.1 cannot express fails when it turns out that 3.1.1 it is.
#[test]
fn what_needs_5_fails_once_3_1_1_is_agreed() {
    use wasmqtt::codec::{PropertyId, SubscribeOptions, Value};
    let mut rig = auto();
    let content = property(PropertyId::ContentType, Value::Str("text/plain"));
    rig.publish_with(Q1, "a/b", "x", &content).unwrap();
    rig.try_subscribe(&[filter("c", SubscribeOptions { no_local: true, ..SubscribeOptions::default() })])
        .unwrap();
    rig.feed(&REFUSAL_IN_3_1_1);
    rig.opened();
    rig.says(connack());
    let told = rig.told();
    let expected =
        ["connected", "subscribe 2 failed: UnsupportedInVersion", "publish 1 failed: UnsupportedInVersion"];
    assert_eq!(told, expected);
    assert_eq!(rig.sent(), ["CONNECT 4 resume cid"]);
}

#[test]
fn user_properties_are_refused_in_3_1_1_and_not_dropped_silently() {
    use wasmqtt::codec::{PropertyId, SubscribeOptions, Value};
    let why = property(PropertyId::UserProperty, Value::Pair("why", "because"));
    let wanted = [filter("a", SubscribeOptions::default())];
    let mut rig = auto();
    rig.subscribe_with(&wanted, &why).unwrap();
    rig.feed(&REFUSAL_IN_3_1_1);
    rig.opened();
    rig.says(connack());
    assert_eq!(rig.told(), ["connected", "subscribe 1 failed: UnsupportedInVersion"]);

    let error = rig.subscribe_with(&wanted, &why).unwrap_err();
    assert_eq!(error.code, ErrorCode::UnsupportedInVersion);
    assert_eq!(rig.sent(), ["CONNECT 4 resume cid"]);

    // The messages are not wanted any more, so the server hears of that all the same.
    let (_, ids) = rig.try_subscribe(&wanted).unwrap();
    rig.says(suback(1, &[0]));
    rig.forget();
    let op = rig.unsubscribe_with(&ids, &why);
    assert_eq!(rig.told(), [format!("unsubscribe {} failed: UnsupportedInVersion", op.0)]);
    assert_eq!(rig.sent(), ["UNSUBSCRIBE #3 a"]);
}
