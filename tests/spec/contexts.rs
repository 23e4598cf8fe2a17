//! How to get a client into the states that `contexts.json` describes, by its public API alone.

use crate::support::*;
use wasmqtt::codec::QoS;
use wasmqtt::config::{Config, FirstSession, PROTOCOL_MAXIMUM_PACKET_SIZE};

/// A client in the state of this name.
pub(crate) fn play(name: &str) -> Rig {
    let (family, state) = name.split_once('.').expect("a family and a state");
    let version = if family == "v3" { V311 } else { V5 };
    let clean = Config {
        first_session: FirstSession::Clean,
        topic_alias_maximum: 0,
        maximum_packet_size: PROTOCOL_MAXIMUM_PACKET_SIZE,
        ..config(version)
    };
    let alias = |topic_alias_maximum| Config { topic_alias_maximum, ..clean.clone() };
    let resuming = Config { first_session: FirstSession::Refuse, ..clean.clone() };
    let quiet = Config { request_problem_information: false, ..clean.clone() };
    let authenticating = Config { authentication_method: Some("M".into()), ..clean.clone() };
    let small = Config { maximum_packet_size: 32, ..clean.clone() };
    match state {
        "handshake" => {
            let mut rig = Rig::new(clean);
            rig.start();
            rig
        }
        "open" | "await_connack" => started(clean),
        "await_connack_emptyid" => started(Config { client_id: String::new(), ..clean }),
        "await_connack_resume_nostate" => started(resuming),
        "await_connack_resume" => {
            let mut rig = started(resuming);
            rig.says(connack());
            rig.publish(Q1, "a/b", "x");
            rig.says(publish(Q2, 9, "t", "x"));
            rig.cut();
            rig.requests.clear();
            rig.redial();
            rig
        }
        "connected" => connected(clean),
        "pub1" => doing(clean, |rig| _ = rig.publish(Q1, "a/b", "x")),
        "pub2" => doing(clean, |rig| _ = rig.publish(Q2, "a/b", "x")),
        "pub2rel" => doing(clean, |rig| {
            rig.publish(Q2, "a/b", "x");
            rig.says(pubrec(1));
        }),
        "sub1" => doing(clean, |rig| _ = rig.subscribe(&[("a/b", Q1)])),
        "sub2" => doing(clean, |rig| _ = rig.subscribe(&[("a", Q0), ("b", Q1)])),
        "subid5" => doing(clean, |rig| {
            rig.subscribe(&[("t", Q0)]);
            rig.says(suback(1, &[0]));
        }),
        "unsub1" => unsubscribing(clean, &[("a/b", Q0)]),
        "unsub2" => unsubscribing(clean, &[("a", Q0), ("b", Q0)]),
        "recv2" => doing(clean, |rig| rig.says(publish(Q2, 7, "a/b", "x"))),
        "ping" => doing(clean, |rig| _ = rig.ping()),
        "disconnecting" => doing(clean, |rig| rig.disconnect(0)),
        "alias10" => connected(alias(10)),
        "alias65535" => connected(alias(65_535)),
        "alias10_bound" => doing(alias(10), |rig| rig.feed(&[0x30, 8, 0, 1, b't', 3, 0x23, 0, 1, b'x'])),
        "rm2_full" => doing(Config { receive_maximum: 2, ..clean }, |rig| {
            rig.says(publish(Q2, 7, "a", "x"));
            rig.says(publish(Q2, 8, "a", "x"));
        }),
        "mps32" => connected(small),
        "mps32_await" => started(small),
        "await_connack_auth" => started(authenticating),
        "auth_connected" => authenticated(authenticating),
        "reauth" => {
            let mut rig = authenticated(authenticating);
            rig.reauthenticate(None).unwrap();
            rig
        }
        "rpi0_pub1" => doing(quiet, |rig| _ = rig.publish(Q1, "a/b", "x")),
        "rpi0_sub1" => doing(quiet, |rig| _ = rig.subscribe(&[("a/b", Q1)])),
        other => panic!("no way to {other}"),
    }
}

fn started(config: Config) -> Rig {
    let mut rig = Rig::new(config);
    rig.start();
    rig.requests.clear();
    rig.opened();
    rig
}

fn connected(config: Config) -> Rig {
    let mut rig = started(config);
    rig.says(connack());
    rig
}

/// Connected with Authentication Method "M", which the server confirmed.
fn authenticated(config: Config) -> Rig {
    let mut rig = started(config);
    rig.feed(&[0x20, 7, 0, 0, 4, 0x15, 0, 1, b'M']);
    rig
}

fn doing(config: Config, act: impl FnOnce(&mut Rig)) -> Rig {
    let mut rig = connected(config);
    act(&mut rig);
    rig
}

/// UNSUBSCRIBE needs a subscription first. Its packet identifier rests a while before it is used again, so others take
/// their turn until the UNSUBSCRIBE gets it.
fn unsubscribing(config: Config, filters: &[(&str, QoS)]) -> Rig {
    doing(config, |rig| {
        let (_, ids) = rig.subscribe(filters);
        let codes = vec![0; filters.len()];
        rig.says(suback(1, &codes));
        for id in 2..=16 {
            rig.publish(Q1, "spare", "");
            rig.says(puback(id));
        }
        rig.forget();
        rig.unsubscribe(&ids);
    })
}

#[test]
fn every_context_is_reached_with_the_packets_it_describes() {
    let mut reached = 0;
    for (name, context) in crate::corpus::contexts() {
        reached += 1;
        let mut rig = play(&name);
        let sent: Vec<String> = rig.packets.iter().map(|packet| crate::corpus::hex(packet)).collect();
        for step in context["steps"].as_array().unwrap() {
            let Some(expected) = step["tx"].as_str() else { continue };
            // CONNECT holds our own options, and a SUBSCRIBE of 5.0 our own Subscription Identifier.
            let ours = expected.starts_with("10") || (expected.starts_with("82") && rig.version == V5);
            assert!(
                ours || sent.iter().any(|packet| packet == expected),
                "{name}: no {expected} in {sent:?}"
            );
        }
        rig.forget();
    }
    assert_eq!(reached, 43);
}
