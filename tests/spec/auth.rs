//! Enhanced authentication at connect and later: section 4.12.

use crate::support::*;
use wasmqtt::ErrorCode;
use wasmqtt::config::Config;

fn with_method() -> Config {
    Config { authentication_method: Some("M".into()), ..config(V5) }
}

/// AUTH with method "M" and this data.
fn auth(reason: u8, data: &[u8]) -> Vec<u8> {
    let mut properties = vec![0x15, 0, 1, b'M'];
    if !data.is_empty() {
        properties.extend([0x16, 0, u8::try_from(data.len()).unwrap()]);
        properties.extend(data);
    }
    let length = u8::try_from(properties.len()).unwrap();
    let mut packet = vec![0xf0, length + 2, reason, length];
    packet.append(&mut properties);
    packet
}

const ACCEPTED: [u8; 9] = [0x20, 7, 0, 0, 4, 0x15, 0, 1, b'M'];
const CONTINUE: u8 = 0x18;
const RE_AUTHENTICATE: u8 = 0x19;

fn connected() -> Rig {
    let mut rig = Rig::connecting(with_method());
    rig.feed(&ACCEPTED);
    rig.forget();
    rig
}

// MQTT-4.12.0-3, MQTT-4.12.0-5
#[test]
fn challenges_before_connack_are_answered_with_the_same_method() {
    let mut rig = Rig::new(with_method());
    rig.auth_data = Some(b"hello");
    rig.start();
    rig.opened();
    let connect = rig.packets.last().unwrap().clone();
    assert!(connect.windows(4).any(|window| window == [0x15, 0, 1, b'M']));
    assert!(connect.windows(8).any(|window| window == [0x16, 0, 5, b'h', b'e', b'l', b'l', b'o']));
    rig.forget();
    rig.feed(&auth(CONTINUE, b"who?"));
    assert_eq!(rig.told(), ["challenge who?"]);
    rig.authenticate(b"me").unwrap();
    assert_eq!(rig.packets, [auth(CONTINUE, b"me")]);
    rig.feed(&auth(CONTINUE, b"sure?"));
    rig.authenticate(b"yes").unwrap();
    rig.feed(&ACCEPTED);
    assert_eq!(rig.told(), ["challenge sure?", "connected"]);
}

// MQTT-3.1.2-30
#[test]
fn nothing_but_auth_is_sent_before_connack() {
    let mut rig = Rig::connecting(with_method());
    rig.publish(Q1, "a", "x");
    rig.subscribe(&[("a", Q0)]);
    rig.feed(&auth(CONTINUE, b""));
    rig.authenticate(b"me").unwrap();
    assert_eq!(rig.packets, [auth(CONTINUE, b"me")]);
}

// MQTT-4.12.1-1
#[test]
fn authenticating_again_leaves_other_traffic_alone() {
    let mut rig = connected();
    let op = rig.reauthenticate(Some(b"new")).unwrap();
    assert_eq!(rig.packets, [auth(RE_AUTHENTICATE, b"new")]);
    rig.forget();
    rig.says(publish(Q1, 2, "a", "x"));
    rig.feed(&auth(CONTINUE, b"why?"));
    rig.authenticate(b"expired").unwrap();
    rig.feed(&auth(0, b""));
    assert_eq!(rig.told(), ["message q1 a x", "challenge why?", &format!("authenticated {}", op.0)]);
    assert!(rig.packets.contains(&auth(CONTINUE, b"expired")));
}

// MQTT-4.12.1-2
#[test]
fn a_refused_authentication_fails_with_the_connection() {
    let mut rig = connected();
    let op = rig.reauthenticate(None).unwrap();
    rig.feed(&[0xe0, 1, 0x87]);
    let told = rig.told();
    assert!(told[0].starts_with(&format!("authenticate {} failed", op.0)), "{told:?}");
    assert!(told[1].starts_with("lost"), "{told:?}");
}

// MQTT-4.12.1-2
#[test]
fn an_application_without_an_answer_hangs_up_with_a_reason() {
    let mut rig = connected();
    rig.reauthenticate(None).unwrap();
    rig.feed(&auth(CONTINUE, b"?"));
    rig.packets.clear();
    rig.client.give_up_authentication(rig.now);
    rig.drain();
    assert_eq!(rig.sent(), ["DISCONNECT 0x83"]);
}

// §4.12.1: one at a time.
#[test]
fn only_one_authentication_runs_at_a_time() {
    let mut rig = connected();
    rig.reauthenticate(None).unwrap();
    assert_eq!(rig.reauthenticate(None).unwrap_err().code, ErrorCode::InvalidArgument);
    rig.feed(&auth(0, b""));
    rig.reauthenticate(None).unwrap();
}

// MQTT-4.12.0-7
#[test]
fn without_a_method_auth_is_never_sent() {
    let mut rig = Rig::v5();
    assert_eq!(rig.reauthenticate(None).unwrap_err().code, ErrorCode::UnsupportedInVersion);
    assert_eq!(rig.authenticate(b"x").unwrap_err().code, ErrorCode::NotConnected);
    assert_eq!(rig.sent().len(), 0);
}

// 3.1.1 has no enhanced authentication; going on without it would be a downgrade.
#[test]
fn a_method_is_not_dropped_in_3_1_1() {
    let wish = Config { authentication_method: Some("M".into()), ..config(V311) };
    let error = wasmqtt::client::Client::new(wish.clone(), 1).unwrap_err();
    assert_eq!(error.code, ErrorCode::UnsupportedInVersion);

    let mut rig = Rig::connecting(Config { version: wasmqtt::config::VersionPolicy::Auto, ..wish });
    rig.feed(&[0x20, 2, 0, 1]);
    rig.opened();
    let told = rig.told();
    assert!(told.iter().any(|line| line.contains("UnsupportedInVersion")), "{told:?}");
    assert_eq!(rig.packets.len(), 0);
}

// §4.12: a new connection starts from CONNECT again.
#[test]
fn a_lost_connection_ends_the_exchange() {
    let mut rig = connected();
    let op = rig.reauthenticate(None).unwrap();
    rig.cut();
    assert!(rig.told()[0].starts_with(&format!("authenticate {} failed", op.0)));
    assert_eq!(rig.authenticate(b"late").unwrap_err().code, ErrorCode::NotConnected);
}

#[test]
fn authentication_data_does_not_show_itself() {
    let mut rig = connected();
    rig.reauthenticate(None).unwrap();
    rig.client.handle_input(rig.now, &auth(CONTINUE, b"secret"));
    let shown = format!("{:?}", rig.client.poll_event(rig.now));
    assert!(shown.contains("AuthChallenge") && !shown.contains("115"), "{shown}");
}

// §4.12: an answer belongs to a challenge.
#[test]
fn each_challenge_has_one_answer() {
    let mut rig = Rig::connecting(with_method());
    assert_eq!(rig.authenticate(b"early").unwrap_err().code, ErrorCode::NotConnected);
    rig.feed(&auth(CONTINUE, b"?"));
    rig.authenticate(b"once").unwrap();
    assert_eq!(rig.authenticate(b"twice").unwrap_err().code, ErrorCode::NotConnected);
    assert_eq!(rig.packets, [auth(CONTINUE, b"once")]);
}

// MQTT-4.12.0-5: one method from CONNECT to the end.
#[test]
fn a_challenge_by_another_method_is_a_protocol_error() {
    let other = [0xf0, 6, CONTINUE, 4, 0x15, 0, 1, b'N'];
    let mut rig = Rig::connecting(with_method());
    rig.feed(&other);
    assert_eq!(rig.sent(), ["DISCONNECT 0x82"]);
    let mut rig = connected();
    rig.reauthenticate(None).unwrap();
    rig.forget();
    rig.feed(&other);
    assert_eq!(rig.sent(), ["DISCONNECT 0x82"]);
}

#[test]
fn a_reauthentication_that_was_given_up_runs_its_course_in_silence() {
    let mut rig = connected();
    let op = rig.reauthenticate(None).unwrap();
    assert!(!rig.client.cancel(op));
    rig.feed(&auth(0, b""));
    assert!(rig.told().is_empty());
    rig.reauthenticate(None).unwrap();
}

// 4.12: a server may wait for our answer as long as it likes. The application may not.
#[test]
fn an_application_that_never_answers_a_challenge_loses_the_connection() {
    let mut rig = Rig::connecting(with_method());
    rig.feed(&auth(CONTINUE, b"who?"));
    rig.forget();
    rig.advance(20_000);
    assert_eq!(rig.told(), ["lost: ProviderTimeout; retry in 1000"]);
    assert_eq!(rig.sent(), ["DISCONNECT 0x83"]);

    let mut rig = connected();
    rig.reauthenticate(None).unwrap();
    rig.feed(&auth(CONTINUE, b"who?"));
    rig.forget();
    rig.advance(19_999);
    assert!(rig.told().is_empty());
    rig.advance(1);
    assert_eq!(
        rig.told(),
        ["authenticate 1 failed: ProviderTimeout", "lost: ProviderTimeout; retry in 1000"]
    );
    assert_eq!(rig.sent(), ["DISCONNECT 0x83"]);
}

#[test]
fn an_answered_challenge_leaves_no_deadline() {
    let mut rig = connected();
    let before = rig.client.poll_timeout();
    rig.reauthenticate(None).unwrap();
    rig.feed(&auth(CONTINUE, b"who?"));
    rig.authenticate(b"me").unwrap();
    rig.advance(21_000);
    assert!(rig.told().iter().all(|line| line.starts_with("challenge")), "{before:?}");
}
