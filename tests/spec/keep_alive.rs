//! Pings, silence, and clocks that stand still.

use crate::support::*;
use wasmqtt::client::ClientState;
use wasmqtt::codec::{PropertyId, Value};
use wasmqtt::config::Config;

fn minute(version: wasmqtt::codec::ProtocolVersion) -> Config {
    Config { keep_alive_seconds: 60, ..config(version) }
}

// MQTT-3.1.2-20
#[test]
fn a_ping_is_sent_before_the_keep_alive_runs_out() {
    for version in BOTH {
        let mut rig = Rig::connected(minute(version));
        rig.advance(44_999);
        assert!(rig.sent().is_empty());
        rig.advance(1);
        assert_eq!(rig.sent(), ["PINGREQ"]);
        rig.says(pingresp());
        rig.advance(45_000);
        assert_eq!(rig.sent(), ["PINGREQ"]);
    }
}

// The server counts from what it received: what we receive does not put the ping off.
#[test]
fn a_busy_receiver_still_pings() {
    let mut rig = Rig::connected(minute(V5));
    for _ in 0..120 {
        rig.advance(1000);
        rig.says(publish(Q0, 0, "a", "x"));
    }
    assert_eq!(rig.sent(), ["PINGREQ", "PINGREQ"]);
    assert_eq!(rig.client.state(), ClientState::Connected);
}

#[test]
fn traffic_in_both_directions_needs_no_ping() {
    let mut rig = Rig::connected(minute(V5));
    for id in 1..=120 {
        rig.advance(1000);
        rig.publish(Q1, "a", "x");
        let id = if id <= 16 { id } else { (id - 1) % 16 + 1 };
        rig.says(puback(id));
    }
    assert!(!rig.sent().contains(&"PINGREQ".into()));
}

// §3.1.2.10, MQTT-3.14.4-3: gone is gone, and no DISCONNECT, so that the Will is published.
#[test]
fn a_server_that_does_not_answer_is_given_up_without_disconnect() {
    for version in BOTH {
        let mut rig = Rig::connected(minute(version));
        rig.advance(45_000);
        rig.forget();
        rig.advance(9_999);
        assert!(rig.told().is_empty());
        rig.advance(1);
        assert_eq!(rig.told(), ["lost: KeepAliveTimeout; retry in 1000"]);
        assert_eq!((rig.asked(), rig.sent()), (vec!["close".into()], vec![]));
    }
}

#[test]
fn any_byte_of_the_server_proves_that_it_lives() {
    let mut rig = Rig::connected(minute(V5));
    rig.advance(45_000);
    rig.feed(&[0x30]);
    rig.advance(20_000);
    assert!(rig.told().is_empty());
}

// MQTT-3.1.2-21
#[test]
fn the_servers_keep_alive_holds_for_its_connection_only() {
    let short = connack().with(PropertyId::ServerKeepAlive, Value::U16(8));
    let mut rig = Rig::connected_with(minute(V5), short);
    rig.advance(6_000);
    assert_eq!(rig.sent(), ["PINGREQ"]);
    rig.cut();
    rig.requests.clear();
    rig.redial();
    rig.last_packet(|packet| {
        let wasmqtt::codec::Packet::Connect(connect) = packet else { panic!("{packet:?}") };
        assert_eq!(connect.keep_alive, 60);
    });
    rig.says(connack_resumed());
    rig.forget();
    rig.advance(44_000);
    assert!(rig.sent().is_empty());
}

#[test]
fn the_ping_timeout_is_no_longer_than_the_keep_alive() {
    let mut rig = Rig::connected(Config { keep_alive_seconds: 4, ..config(V5) });
    rig.advance(7_000);
    assert_eq!(rig.told(), ["lost: KeepAliveTimeout; retry in 1000"]);
}

// §3.1.2.10
#[test]
fn zero_turns_it_off() {
    let mut rig = Rig::connected(Config { keep_alive_seconds: 0, ..config(V5) });
    rig.advance(86_400_000);
    assert!(rig.sent().is_empty() && rig.told().is_empty());
    assert_eq!(rig.client.poll_timeout(), None);
}

// A background tab, or a laptop that was shut.
#[test]
fn a_clock_that_leaps_leads_to_a_ping_first() {
    let mut rig = Rig::connected(minute(V5));
    rig.leap(3_600_000);
    assert_eq!(rig.sent(), ["PINGREQ"]);
    assert!(rig.told().is_empty());
    rig.advance(5_000);
    assert_eq!(rig.told(), ["lost: KeepAliveTimeout; retry in 1000"]);
}

#[test]
fn a_ping_of_the_application_measures_the_way() {
    let mut rig = Rig::v5();
    rig.ping();
    assert_eq!(rig.sent(), ["PINGREQ"]);
    rig.advance(120);
    rig.says(pingresp());
    let record::Told::Completed(completion) = &rig.events[0] else { panic!("{:?}", rig.events) };
    assert_eq!(completion.round_trip.get(), 120);
    assert_eq!(rig.told(), ["pinged 1"]);
}

#[test]
fn pings_are_answered_in_order_also_between_automatic_ones() {
    let mut rig = Rig::connected(minute(V5));
    rig.advance(45_000);
    rig.ping();
    rig.says(pingresp());
    assert!(rig.told().is_empty(), "that was for the automatic one");
    rig.says(pingresp());
    assert_eq!(rig.told(), ["pinged 1"]);
    rig.says(pingresp());
    assert!(rig.told().is_empty(), "one that nobody waits for means nothing");
}

#[test]
fn a_ping_without_an_answer_is_noticed_even_without_keep_alive() {
    let mut rig = Rig::connected(Config { keep_alive_seconds: 0, ..config(V5) });
    rig.ping();
    rig.advance(10_000);
    assert_eq!(rig.told(), ["ping 1 failed: KeepAliveTimeout", "lost: KeepAliveTimeout; retry in 1000"]);
}

#[test]
fn a_ping_needs_a_connection() {
    let mut rig = Rig::connecting(config(V5));
    let op = rig.next_op();
    let error = rig.client.ping(op, rig.now).unwrap_err();
    assert_eq!(error.code, wasmqtt::ErrorCode::NotConnected);
}

#[test]
fn early_and_repeated_wake_ups_do_nothing() {
    let mut rig = Rig::connected(minute(V5));
    for _ in 0..44 {
        rig.leap(1000);
        rig.leap(0);
    }
    assert!(rig.sent().is_empty() && rig.told().is_empty());
}

// §3.12: a server that sends data and never answers a ping costs no memory.
#[test]
fn unanswered_pings_of_the_keep_alive_do_not_pile_up() {
    let mut rig = Rig::connected(minute(V5));
    for _ in 0..50 {
        rig.advance(45_000);
        rig.says(publish(Q0, 0, "a", "x"));
    }
    assert_eq!(rig.sent().len(), 50);
    rig.ping();
    rig.says(pingresp());
    rig.says(pingresp());
    assert!(rig.told().last().unwrap().starts_with("pinged"));
}
