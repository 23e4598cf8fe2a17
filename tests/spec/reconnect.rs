//! When the client tries again, and when it does not.

use crate::support::*;
use wasmqtt::client::{Client, TransportClose};
use wasmqtt::codec::ProtocolVersion;
use wasmqtt::config::{Config, ReconnectPolicy};
use wasmqtt::time::Millis;

#[test]
fn a_lost_connection_is_made_again_by_itself() {
    for version in BOTH {
        let mut rig = Rig::connected(config(version));
        rig.cut();
        assert_eq!(rig.told(), ["lost: ConnectionClosed; retry in 1000"]);
        rig.advance(1000);
        assert_eq!(rig.asked(), ["close", "open 2"]);
        rig.opened();
        rig.says(connack_resumed());
        assert_eq!(rig.told(), ["connected to its session"]);
    }
}

#[test]
fn delays_grow_until_a_connection_has_proved_stable() {
    let mut rig = Rig::new(config(V5));
    rig.start();
    let mut delays = Vec::new();
    for _ in 0..4 {
        rig.wait_for_attempt();
        rig.cut();
        delays.extend(rig.told());
    }
    for stable in [9_999, 10_000] {
        rig.redial();
        rig.says(connack());
        rig.forget();
        rig.advance(stable);
        rig.cut();
        delays.extend(rig.told());
    }
    let expected = [
        "lost: ConnectFailed; retry in 1000",
        "lost: ConnectFailed; retry in 2000",
        "lost: ConnectFailed; retry in 4000",
        "lost: ConnectFailed; retry in 8000",
        "lost: ConnectionClosed; retry in 16000",
        "lost: ConnectionClosed; retry in 1000",
    ];
    assert_eq!(delays, expected);
}

#[test]
fn without_a_policy_the_first_loss_is_the_end() {
    let mut rig = Rig::connected(Config { reconnect: None, ..config(V5) });
    rig.cut();
    assert_eq!(rig.told(), ["lost: ConnectionClosed; no retry", "closed: ConnectionClosed"]);
}

#[test]
fn attempts_are_bounded_where_asked() {
    let policy = ReconnectPolicy { max_attempts: 2, jitter_percent: 0, ..ReconnectPolicy::default() };
    let mut rig = Rig::new(Config { reconnect: Some(policy), ..config(V5) });
    rig.start();
    for _ in 0..2 {
        rig.wait_for_attempt();
        rig.cut();
    }
    rig.wait_for_attempt();
    rig.forget();
    rig.cut();
    assert_eq!(rig.told(), ["lost: ConnectFailed; no retry", "closed: ConnectFailed"]);
}

#[test]
fn the_longest_delays_do_not_overflow() {
    let long = Millis::new(u64::MAX / 2);
    let policy = ReconnectPolicy { min_delay: long, max_delay: long, ..ReconnectPolicy::default() };
    let mut rig = Rig::new(Config { reconnect: Some(policy), ..config(V5) });
    rig.start();
    rig.cut();
    assert!(rig.told()[0].starts_with("lost: ConnectFailed; retry in "));
}

// §4.13, §2.4: what would be refused again is not tried again.
#[test]
fn a_refusal_for_good_is_the_end() {
    for code in [0x81, 0x82, 0x84, 0x85, 0x86, 0x87, 0x8a, 0x8c, 0x90, 0x95, 0x9a, 0x9b, 0x9d] {
        let mut rig = Rig::connecting(config(V5));
        rig.says(refused(code));
        let told = rig.told();
        assert!(told[0].ends_with("no retry"), "{code:#x}: {told:?}");
        assert!(told[1].starts_with("closed: "), "{code:#x}: {told:?}");
        assert!(rig.sent().is_empty(), "no DISCONNECT after a refusal");
    }
    // 3.1.1 has four of them: version, identifier, bad password, not authorised.
    for code in [1, 2, 4, 5] {
        let mut rig = Rig::connecting(config(V311));
        rig.feed(&[0x20, 2, 0, code]);
        assert!(rig.told()[0].ends_with("no retry"), "{code}");
    }
}

#[test]
fn a_refusal_for_now_is_tried_again_later() {
    for code in [0x80, 0x83, 0x88, 0x89, 0x97, 0x99, 0x9c, 0x9f] {
        let mut rig = Rig::connecting(config(V5));
        rig.says(refused(code));
        let told = rig.told();
        assert!(told[0].contains("; retry in "), "{code:#x}: {told:?}");
        if [0x88, 0x89, 0x97, 0x9f].contains(&code) {
            assert!(told[0].ends_with("retry in 5000"), "{code:#x}: {told:?}");
        }
    }
    let mut rig = Rig::connecting(config(V311));
    rig.feed(&[0x20, 2, 0, 3]);
    assert_eq!(rig.told(), ["lost: ConnectRefused 0x88; retry in 5000"]);
}

/// The delays of a thousand clients to whom the same thing happens, in order.
fn delays_of_many(version: ProtocolVersion, happens: impl Fn(&mut Rig)) -> Vec<u64> {
    let policy = ReconnectPolicy::default();
    let mut delays: Vec<u64> = (0..1000)
        .map(|seed| {
            let mut rig = Rig::new(config(version));
            rig.client = Client::new(Config { reconnect: Some(policy), ..config(version) }, seed).unwrap();
            rig.start();
            rig.opened();
            rig.forget();
            happens(&mut rig);
            let told = rig.told();
            let delay = told.last().and_then(|line| line.split("retry in ").nth(1)).expect("a retry");
            delay.parse().unwrap()
        })
        .collect();
    delays.sort_unstable();
    delays
}

// A server that restarts or is overwhelmed says so to all of its clients at once: they must not come back at once.
#[test]
fn clients_of_a_busy_server_come_back_later_and_spread_over_time() {
    let spread = |what: &str, delays: Vec<u64>| {
        assert!(delays[0] >= 5000 && delays[999] <= 10_000, "{what}: {}..{}", delays[0], delays[999]);
        let in_one_second =
            delays.iter().map(|at| delays.iter().filter(|d| **d >= *at && **d < at + 1000).count());
        assert!(in_one_second.max() < Some(300), "{what}: a fifth of them in any second, but for chance");
    };
    for code in [0x88, 0x89, 0x97, 0x9f] {
        spread(&format!("CONNACK {code:#x}"), delays_of_many(V5, |rig| rig.says(refused(code))));
    }
    for code in [0x89, 0x8b, 0x97, 0x98, 0xa0] {
        let happens = |rig: &mut Rig| {
            rig.says(connack());
            rig.says(disconnect(code));
        };
        spread(&format!("DISCONNECT {code:#x}"), delays_of_many(V5, happens));
    }
    spread("return code 3 of 3.1.1", delays_of_many(V311, |rig| rig.feed(&[0x20, 2, 0, 3])));
    for version in BOTH {
        for code in [1012, 1013] {
            let happens = |rig: &mut Rig| {
                rig.says(connack());
                rig.client.handle_closed(rig.now, TransportClose { code, reason: "" });
                rig.drain();
            };
            spread(&format!("close code {code}"), delays_of_many(version, happens));
        }
    }
    let ordinary = delays_of_many(V5, Rig::cut);
    assert!(ordinary[999] <= 1000, "an ordinary loss is not held back");
}

#[test]
fn a_list_of_servers_is_gone_through_before_delays_grow() {
    let policy = ReconnectPolicy { servers: 3, jitter_percent: 0, ..ReconnectPolicy::default() };
    let mut rig = Rig::new(Config { reconnect: Some(policy), ..config(V5) });
    rig.start();
    let mut delays = Vec::new();
    for _ in 0..7 {
        rig.wait_for_attempt();
        rig.cut();
        delays.extend(rig.told());
    }
    let expected = [1000, 1000, 1000, 2000, 2000, 2000, 4000];
    assert_eq!(delays, expected.map(|delay| format!("lost: ConnectFailed; retry in {delay}")));
}

// MQTT-3.1.4-3: two tabs with one Client Identifier must not fight over it.
#[test]
fn a_session_taken_over_is_left_to_the_other() {
    let mut rig = Rig::v5();
    rig.says(disconnect(0x8e));
    assert_eq!(rig.told(), ["lost: SessionTakenOver 0x8e; no retry", "closed: SessionTakenOver 0x8e"]);
    assert_eq!((rig.asked(), rig.sent()), (vec!["close".into()], vec![]));
}

// §3.14.4
#[test]
fn a_disconnect_of_the_server_is_not_answered() {
    for code in [0x00, 0x80, 0x8b, 0x8d, 0x93, 0x98, 0x9c, 0xa0] {
        let mut rig = Rig::v5();
        rig.says(disconnect(code));
        let told = rig.told();
        assert!(
            told[0].starts_with("lost: DisconnectedByServer") && told[0].contains("retry in"),
            "{told:?}"
        );
        assert_eq!((rig.asked(), rig.sent()), (vec!["close".into()], vec![]));
    }
}

#[test]
fn a_disconnect_that_only_people_can_solve_is_the_end() {
    for code in [0x87, 0x8c, 0x9d] {
        let mut rig = Rig::v5();
        rig.says(disconnect(code));
        assert!(rig.told()[0].ends_with("no retry"), "{code:#x}");
    }
}

// MQTT-4.13.1-1: say why, close, and read no further.
#[test]
fn a_server_that_breaks_a_rule_is_told_so_and_left() {
    let mut rig = Rig::v5();
    rig.feed(&[&[0x30, 1, 0][..], &publish(Q1, 1, "a", "x").encode(V5)].concat());
    assert_eq!(rig.sent(), ["DISCONNECT 0x81"]);
    assert_eq!(rig.told(), ["lost: MalformedPacket 0x81; retry in 1000"]);
    assert_eq!(rig.asked(), ["close"]);

    let mut rig = Rig::connected(config(V311));
    rig.feed(&[0x30, 1, 0]);
    assert!(rig.sent().is_empty(), "3.1.1 has no words for it");
    assert_eq!(rig.asked(), ["close"]);
}

#[test]
fn late_calls_of_the_driver_do_nothing() {
    let mut rig = Rig::v5();
    rig.cut();
    rig.forget();
    rig.cut();
    rig.feed(&publish(Q0, 0, "a", "x").encode(V5));
    rig.client.handle_failed(rig.now, wasmqtt::Error::new(wasmqtt::ErrorCode::TextFrame));
    rig.drain();
    assert!(rig.told().is_empty() && rig.sent().is_empty() && rig.asked().is_empty());
}

#[test]
fn a_transport_that_opens_twice_or_too_late_changes_nothing() {
    let mut rig = Rig::v5();
    let message = publish(Q0, 0, "a", "x").encode(V5);
    rig.feed(&message[..3]);
    rig.opened_with("another");
    rig.opened();
    assert!(rig.sent().is_empty() && rig.told().is_empty() && rig.asked().is_empty());
    // The bytes received so far are still there; only the test's own end of the wire is new.
    rig.feed(&message[3..]);
    assert_eq!(rig.told(), ["message q0 a x"]);
    rig.disconnect(0);
    rig.forget();
    rig.opened();
    assert!(rig.sent().is_empty() && rig.told().is_empty());
}
