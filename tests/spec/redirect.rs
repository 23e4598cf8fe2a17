//! A server that names another one (§4.11): told, and followed where the application asked for that.

use crate::support::*;
use wasmqtt::codec::{PropertyId, Value};
use wasmqtt::config::{Config, ReconnectPolicy};
use wasmqtt::{Error, ErrorCode};

fn to(say: Say, reference: &str) -> Say {
    say.with(PropertyId::ServerReference, Value::Str(reference))
}

fn following(max_redirects: u32) -> Config {
    Config { max_redirects, ..config(V5) }
}

fn reason_of_loss(rig: &Rig) -> Error {
    let lost = rig.events.iter().find_map(|told| match told {
        record::Told::Disconnected(error, _) => error.clone(),
        _ => None,
    });
    lost.expect("a lost connection")
}

#[test]
fn where_to_go_and_why_are_told_apart() {
    let why = |say: Say| say.with(PropertyId::ReasonString, Value::Str("crowded"));
    let mut rig = Rig::v5();
    rig.says(why(to(disconnect(0x9c), "b.example c.example:8084")));
    let error = reason_of_loss(&rig);
    assert_eq!(error.server_reference.as_deref(), Some("b.example c.example:8084"));
    assert_eq!(error.text.as_deref(), Some("crowded"));

    let mut rig = Rig::connecting(config(V5));
    rig.says(why(to(refused(0x9d), "d.example")));
    let error = reason_of_loss(&rig);
    assert_eq!(error.server_reference.as_deref(), Some("d.example"));
    assert_eq!(error.text.as_deref(), Some("crowded"));
}

#[test]
fn a_reference_is_not_followed_unasked() {
    let mut rig = Rig::connecting(following(0));
    rig.says(to(refused(0x9c), "b"));
    assert_eq!(rig.told(), ["lost: ConnectRefused 0x9c; retry in 1000"]);
    let mut rig = Rig::connecting(following(0));
    rig.says(to(refused(0x9d), "b"));
    assert_eq!(rig.told(), ["lost: ConnectRefused 0x9d; no retry", "closed: ConnectRefused 0x9d"]);
}

#[test]
fn a_reference_is_followed_at_once_where_asked() {
    for reason in [0x9c, 0x9d] {
        let mut rig = Rig::connecting(following(5));
        rig.says(to(refused(reason), "b"));
        assert_eq!(rig.told(), [format!("lost: ConnectRefused {reason:#04x}; retry in 0")]);
        rig.advance(0);
        assert_eq!(rig.asked(), ["close", "open 1"], "no failure, so no attempt to count");

        let mut rig = Rig::connected(following(5));
        rig.says(to(disconnect(reason), "b"));
        assert_eq!(rig.told(), [format!("lost: DisconnectedByServer {reason:#04x}; retry in 0")]);
        rig.redial();
        assert_eq!(rig.sent(), ["CONNECT 5 resume cid"]);
    }
}

// To follow is to arrive, not to reconnect.
#[test]
fn a_reference_is_followed_without_reconnecting() {
    let mut rig = Rig::connecting(Config { reconnect: None, ..following(1) });
    rig.says(to(refused(0x9c), "b"));
    assert_eq!(rig.told(), ["lost: ConnectRefused 0x9c; retry in 0"]);
    rig.redial();
    rig.says(connack());
    rig.forget();
    rig.cut();
    assert_eq!(rig.told(), ["lost: ConnectionClosed; no retry", "closed: ConnectionClosed"]);
}

// §4.11: without a Server Reference, 0x9D says no more than that it is over here.
#[test]
fn nothing_is_followed_without_a_reference() {
    let mut rig = Rig::connecting(following(5));
    rig.says(refused(0x9d));
    assert_eq!(rig.told(), ["lost: ConnectRefused 0x9d; no retry", "closed: ConnectRefused 0x9d"]);
    let mut rig = Rig::connecting(following(5));
    rig.says(refused(0x9c));
    assert_eq!(rig.told(), ["lost: ConnectRefused 0x9c; retry in 1000"]);
    // Other reasons may come with one too; they do not send us anywhere.
    let mut rig = Rig::connecting(following(5));
    rig.says(to(refused(0x87), "b"));
    assert_eq!(rig.told(), ["lost: ConnectRefused 0x87; no retry", "closed: ConnectRefused 0x87"]);
}

#[test]
fn servers_that_send_us_in_circles_are_left() {
    let mut rig = Rig::connecting(following(3));
    for _ in 0..3 {
        rig.says(to(refused(0x9c), "b"));
        assert_eq!(rig.told(), ["lost: ConnectRefused 0x9c; retry in 0"]);
        rig.redial();
    }
    rig.forget();
    rig.says(to(refused(0x9c), "b"));
    let error = reason_of_loss(&rig);
    assert_eq!((error.code, error.limit), (ErrorCode::TooManyRedirects, Some(3)));
    assert_eq!(error.server_reference.as_deref(), Some("b"));
    assert_eq!(rig.told(), ["lost: TooManyRedirects 0x9c; no retry", "closed: TooManyRedirects 0x9c"]);
}

#[test]
fn a_circle_of_short_connections_is_left_as_well() {
    let mut rig = Rig::connected(following(1));
    rig.says(to(disconnect(0x9c), "b"));
    rig.redial();
    rig.says(connack());
    rig.advance(9_999);
    rig.forget();
    rig.says(to(disconnect(0x9c), "a"));
    assert_eq!(rig.told(), ["lost: TooManyRedirects 0x9c; no retry", "closed: TooManyRedirects 0x9c"]);
}

#[test]
fn a_stable_connection_ends_the_count() {
    let mut rig = Rig::connected(following(1));
    for _ in 0..10 {
        rig.forget();
        rig.says(to(disconnect(0x9c), "b"));
        assert_eq!(rig.told(), ["lost: DisconnectedByServer 0x9c; retry in 0"]);
        rig.redial();
        rig.says(connack_resumed());
        rig.advance(10_000);
    }
}

// The application may have no use for the reference: that is a failed attempt like any other, and nothing was followed.
#[test]
fn a_reference_that_is_not_wanted_is_not_counted() {
    let policy = ReconnectPolicy { jitter_percent: 0, ..ReconnectPolicy::default() };
    let mut rig = Rig::connecting(Config { reconnect: Some(policy), ..following(1) });
    let mut delays = Vec::new();
    for _ in 0..3 {
        rig.says(to(refused(0x9c), "b"));
        rig.wait_for_attempt();
        rig.client.handle_failed(rig.now, Error::new(ErrorCode::ProviderFailed));
        rig.drain();
        delays.extend(rig.told());
        rig.redial();
    }
    let expected = [
        "lost: ConnectRefused 0x9c; retry in 0",
        "lost: ProviderFailed; retry in 1000",
        "lost: ConnectRefused 0x9c; retry in 0",
        "lost: ProviderFailed; retry in 2000",
        "lost: ConnectRefused 0x9c; retry in 0",
        "lost: ProviderFailed; retry in 4000",
    ];
    assert_eq!(delays, expected);
}
