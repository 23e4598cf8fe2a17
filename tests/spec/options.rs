//! Options: what is out of range is refused by name, and what is secret does not show.

use crate::support::*;
use wasmqtt::client::Client;
use wasmqtt::codec::PropertiesBuf;
use wasmqtt::config::{Config, ReconnectPolicy, Will};
use wasmqtt::time::Millis;
use wasmqtt::{Error, ErrorCode};

fn refusal(config: Config) -> Option<Error> {
    Client::new(config, 1).err()
}

fn will(payload: Vec<u8>) -> Will {
    Will { topic: "t".into(), payload, qos: Q0, retain: false, properties: PropertiesBuf::new() }
}

#[test]
fn the_reconnect_policy_has_bounds() {
    let with = |policy| Config { reconnect: Some(policy), ..config(V5) };
    let base = ReconnectPolicy::default();
    let bad = [
        ("reconnect.maxDelay", ReconnectPolicy { max_delay: Millis::new(999), ..base }),
        ("reconnect.factor", ReconnectPolicy { factor_percent: 99, ..base }),
        ("reconnect.factor", ReconnectPolicy { factor_percent: 1001, ..base }),
        ("reconnect.jitter", ReconnectPolicy { jitter_percent: 101, ..base }),
    ];
    for (name, policy) in bad {
        let error = refusal(with(policy)).expect(name);
        assert_eq!((error.code, error.text.as_deref()), (ErrorCode::InvalidOption, Some(name)));
    }
    let edges = [
        ReconnectPolicy { max_delay: Millis::new(1000), ..base },
        ReconnectPolicy { factor_percent: 100, ..base },
        ReconnectPolicy { factor_percent: 1000, ..base },
        ReconnectPolicy { jitter_percent: 100, ..base },
    ];
    for policy in edges {
        assert_eq!(refusal(with(policy)), None);
    }
}

// MQTT-1.5.4-2 and §3.1.2.11.9
#[test]
fn an_authentication_method_is_a_text_that_mqtt_can_carry() {
    for method in ["a\0b".to_owned(), "x".repeat(65_536)] {
        let error = refusal(Config { authentication_method: Some(method), ..config(V5) }).unwrap();
        let seen = (error.code, error.text.as_deref());
        assert_eq!(seen, (ErrorCode::InvalidOption, Some("authenticator.method")));
    }
    let longest = Some("x".repeat(65_535));
    assert_eq!(refusal(Config { authentication_method: longest, ..config(V5) }), None);
}

// §3.1.3.4
#[test]
fn the_payload_of_a_will_has_at_most_65_535_bytes() {
    let with = |len| Config { will: Some(will(vec![0; len])), ..config(V5) };
    assert_eq!(refusal(with(65_535)), None);
    let error = refusal(with(65_536)).unwrap();
    let seen = (error.code, error.text.as_deref(), error.limit);
    assert_eq!(seen, (ErrorCode::InvalidOption, Some("will.payload"), Some(65_535)));
}

#[test]
fn the_payload_of_a_will_does_not_show_itself() {
    let shown = format!("{:?}", will(b"secret".to_vec()));
    assert!(shown.contains("<6 bytes>") && !shown.contains("secret") && !shown.contains("115"), "{shown}");
}

#[test]
fn a_factor_of_one_keeps_the_delay() {
    let policy = ReconnectPolicy { factor_percent: 100, jitter_percent: 0, ..ReconnectPolicy::default() };
    let mut rig = Rig::new(Config { reconnect: Some(policy), ..config(V5) });
    rig.start();
    for _ in 0..5 {
        rig.wait_for_attempt();
        rig.forget();
        rig.cut();
        assert_eq!(rig.told(), ["lost: ConnectFailed; retry in 1000"]);
    }
}
