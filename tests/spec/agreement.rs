//! What a CONNACK agrees on, at the edges of its values.

use crate::support::*;
use wasmqtt::codec::{PropertyId, Value};
use wasmqtt::config::{Config, FirstSession};
use wasmqtt::connection::{Credentials, Negotiated};

fn agreed(mut rig: Rig, connack: Say) -> Negotiated {
    rig.says(connack);
    let found = rig.events.iter().find_map(|told| match told {
        record::Told::Connected(negotiated) => Some(negotiated.as_ref().clone()),
        _ => None,
    });
    found.expect("the client takes the CONNACK")
}

// §3.2.2.3.6: an acknowledgement with a reason has five bytes, and no client can do without.
#[test]
fn a_server_has_to_take_packets_of_five_bytes() {
    for limit in [1, 4] {
        let mut rig = Rig::connecting(config(V5));
        rig.says(connack().with(PropertyId::MaximumPacketSize, Value::U32(limit)));
        assert!(rig.told()[0].starts_with("lost: NotSupportedByServer"), "{limit}");
    }
    for limit in [5, 6] {
        let connack = connack().with(PropertyId::MaximumPacketSize, Value::U32(limit));
        let negotiated = agreed(Rig::connecting(config(V5)), connack);
        assert_eq!(negotiated.limits.maximum_packet_size, Some(limit));
    }
}

// 3.1.1 section 3.1.2.4: Clean Session decides how long the state lives; there is no number.
#[test]
fn a_session_of_3_1_1_ends_with_its_connection_or_never() {
    let clean = Config { first_session: FirstSession::Clean, ..config(V311) };
    assert_eq!(agreed(Rig::connecting(clean), connack()).session_expiry_seconds, 0);
    let kept = Config { first_session: FirstSession::Adopt, ..config(V311) };
    assert_eq!(agreed(Rig::connecting(kept), connack()).session_expiry_seconds, u32::MAX);
}

// MQTT-3.1.3-8 of 3.1.1, §3.2.2.3.7: only 5.0 can tell an assigned identifier.
#[test]
fn a_client_of_3_1_1_may_stay_without_a_name() {
    let nameless =
        |version| Config { client_id: String::new(), first_session: FirstSession::Clean, ..config(version) };
    assert_eq!(&*agreed(Rig::connecting(nameless(V311)), connack()).client_id, "");
    let assigned = connack().with(PropertyId::AssignedClientIdentifier, Value::Str("given"));
    assert_eq!(&*agreed(Rig::connecting(nameless(V5)), assigned.clone()).client_id, "given");
    let named = agreed(Rig::connecting(config(V5)), assigned);
    assert_eq!(&*named.client_id, "cid", "a name that was not asked for does not replace ours");
}

// §3.3.2.3.4: an alias costs three bytes, which a topic of two does not save.
#[test]
fn the_shortest_topics_take_no_alias() {
    for maximum in [0, 9] {
        let offer = connack().with(PropertyId::TopicAliasMaximum, Value::U16(maximum));
        let mut rig = Rig::connected_with(config(V5), offer);
        for topic in ["a", "ab", "abc"] {
            rig.publish(Q0, topic, "x");
        }
        let third = if maximum == 0 { "PUBLISH q0 abc x" } else { "PUBLISH q0 abc x alias=1" };
        assert_eq!(rig.sent(), ["PUBLISH q0 a x", "PUBLISH q0 ab x", third]);
    }
}

// §3.1.2.10: without a Keep Alive a ping of the application still has all of its time.
#[test]
fn without_a_keep_alive_a_ping_has_its_whole_timeout() {
    let mut rig = Rig::connected(Config { keep_alive_seconds: 0, ..config(V5) });
    rig.ping();
    rig.advance(9_999);
    assert!(rig.told().is_empty());
    rig.advance(1);
    assert_eq!(rig.told(), ["ping 1 failed: KeepAliveTimeout", "lost: KeepAliveTimeout; retry in 1000"]);
}

// §3.1.2.10: a timer that is a little late has waited long enough, one that slept through twice the time asks again.
#[test]
fn a_late_timer_gives_up_and_one_that_overslept_asks_again() {
    for (late, asks_again) in [(10_000, false), (10_003, false), (19_999, false), (20_000, true)] {
        let mut rig = Rig::connected(Config { keep_alive_seconds: 60, ..config(V5) });
        rig.advance(45_000);
        rig.forget();
        rig.leap(late);
        let expected: &[&str] = if asks_again { &[] } else { &["lost: KeepAliveTimeout; retry in 1000"] };
        assert_eq!(rig.told(), expected, "after {late} ms");
        assert_eq!(rig.sent().len(), usize::from(asks_again), "after {late} ms");
    }
}

// 3.1.1 section 3.2.2.3: a server that knows nothing else refuses a CONNECT of 5.0 without a Property Length.
#[test]
fn a_refusal_in_the_format_of_3_1_1_is_understood() {
    let expected = [
        (2, "lost: ConnectRefused 0x85; no retry"),
        (3, "lost: ConnectRefused 0x88; retry in 5000"),
        (4, "lost: ConnectRefused 0x86; no retry"),
        (5, "lost: ConnectRefused 0x87; no retry"),
    ];
    for (code, line) in expected {
        let mut rig = Rig::connecting(config(V5));
        rig.feed(&[0x20, 2, 0, code]);
        assert_eq!(rig.told()[0], line);
        assert!(rig.sent().is_empty(), "nothing is said to a server that refused");
    }
    let mut rig = Rig::connecting(config(V5));
    rig.feed(&[0x20, 2, 0, 0]);
    assert_eq!(
        rig.told(),
        ["lost: MalformedPacket 0x81; retry in 1000"],
        "but no success without properties"
    );
}

#[test]
fn credentials_do_not_show_themselves() {
    let credentials =
        Credentials { username: Some("ada"), password: Some(b"lovelace"), auth_data: Some(b"token") };
    assert_eq!(format!("{credentials:?}"), "Credentials(redacted)");
}
