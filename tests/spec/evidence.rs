//! What an error tells of the connection that ended with it.

use crate::support::*;
use wasmqtt::client::{Presence, TransportClose};
use wasmqtt::config::{Config, VersionPolicy};
use wasmqtt::{ErrorCode, Evidence, Stage};

fn closes(rig: &mut Rig, code: u16) {
    rig.open = false;
    rig.client.handle_closed(rig.now, TransportClose { code, reason: "" });
    rig.drain();
}

#[test]
fn an_attempt_that_never_opened() {
    let mut rig = Rig::new(config(V5));
    rig.start();
    rig.advance(250);
    closes(&mut rig, 1006);
    let error = rig.last_loss();
    let seen = Evidence { stage: Stage::Dialing, elapsed_millis: 250, attempt: 1, silent_millis: None };
    assert_eq!((error.code, error.evidence), (ErrorCode::ConnectFailed, Some(seen)));
    rig.requests.clear();
    rig.wait_for_attempt();
    rig.advance(20_000);
    let error = rig.last_loss();
    let seen = Evidence { elapsed_millis: 20_000, attempt: 2, ..seen };
    assert_eq!((error.code, error.evidence), (ErrorCode::ConnectTimeout, Some(seen)));
}

#[test]
fn an_attempt_that_was_not_accepted() {
    let mut rig = Rig::new(config(V5));
    rig.start();
    rig.advance(100);
    rig.opened();
    rig.advance(50);
    closes(&mut rig, 1008);
    let error = rig.last_loss();
    let seen = Evidence { stage: Stage::Handshake, elapsed_millis: 150, attempt: 1, silent_millis: None };
    assert_eq!(
        (error.code, error.close_code, error.evidence),
        (ErrorCode::ClosedBeforeConnack, Some(1008), Some(seen))
    );
}

#[test]
fn a_connection_that_ended() {
    let mut rig = Rig::v5();
    rig.advance(10_000);
    rig.publish(Q0, "a", "x");
    rig.advance(700);
    rig.says(publish(Q0, 0, "a", "x"));
    rig.advance(300);
    closes(&mut rig, 1006);
    let error = rig.last_loss();
    let seen =
        Evidence { stage: Stage::Connected, elapsed_millis: 11_000, attempt: 1, silent_millis: Some(300) };
    assert_eq!((error.code, error.evidence), (ErrorCode::ConnectionClosed, Some(seen)));
}

#[test]
fn every_end_has_evidence() {
    let ends: [fn(&mut Rig); 4] = [
        |rig| rig.says(disconnect(0x8b)),
        |rig| rig.feed(&[0x30, 1, 0]),
        |rig| rig.advance(600_000),
        |rig| {
            rig.client.handle_surroundings(rig.now, Presence::Left, false);
            rig.drain();
        },
    ];
    for end in ends {
        let mut rig = Rig::v5();
        end(&mut rig);
        assert_eq!(rig.first_loss().evidence.map(|seen| seen.stage), Some(Stage::Connected));
    }
}

// RFC 6455, 7.4.1. Firefox and Safari tell it, Chromium does not.
#[test]
fn close_code_1015_is_a_failure_of_tls() {
    let mut rig = Rig::new(config(V5));
    rig.start();
    closes(&mut rig, 1015);
    assert_eq!(rig.told(), ["lost: TlsFailed; retry in 1000"]);
}

#[test]
fn close_code_1009_says_that_a_packet_was_too_large() {
    let mut rig = Rig::connecting(config(V5));
    closes(&mut rig, 1009);
    assert_eq!(rig.told(), ["lost: TooLargeForServer; retry in 1000"]);
    let mut rig = Rig::v5();
    closes(&mut rig, 1009);
    assert_eq!(rig.told(), ["lost: TooLargeForServer; retry in 1000"]);
}

// The packet is sent again each time, so it is a poison message like one over which the server just hangs up.
#[test]
fn a_message_that_is_too_large_is_given_up_where_asked() {
    let mut rig = Rig::connected(Config { poison_limit: 2, ..config(V5) });
    rig.publish(Q1, "a", "x");
    for _ in 0..2 {
        closes(&mut rig, 1009);
        rig.requests.clear();
        rig.redial();
        rig.says(connack_resumed());
    }
    assert!(rig.told().contains(&"publish 1 failed: PoisonMessage".into()));
}

#[test]
fn what_5_0_failed_with_is_not_lost_when_3_1_1_fails_otherwise() {
    let mut rig = Rig::connecting(Config { version: VersionPolicy::Auto, ..config(V5) });
    closes(&mut rig, 1002);
    rig.opened();
    rig.says(refused(0x87));
    let error = rig.first_loss();
    assert_eq!(error.code, ErrorCode::ConnectRefused);
    let cause = error.cause.clone().expect("the end of the first attempt");
    assert_eq!((cause.code, cause.close_code), (ErrorCode::ClosedBeforeConnack, Some(1002)));
    assert_eq!(cause.evidence.map(|seen| seen.stage), Some(Stage::Handshake));
}

#[test]
fn what_was_overcome_is_no_cause() {
    let mut rig = Rig::connecting(Config { version: VersionPolicy::Auto, ..config(V5) });
    closes(&mut rig, 1006);
    rig.opened();
    rig.says(connack());
    closes(&mut rig, 1006);
    assert_eq!(rig.first_loss().cause, None);
}

// 3.1.1 would not be tried because of it.
#[test]
fn a_page_that_is_left_during_the_handshake_has_no_other_version() {
    let mut rig = Rig::connecting(Config { version: VersionPolicy::Auto, ..config(V5) });
    rig.client.handle_surroundings(rig.now, Presence::Left, false);
    rig.drain();
    assert_eq!(rig.asked(), ["close"]);
}
