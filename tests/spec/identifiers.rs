//! Packet identifiers of both sides: every value of the 65,535 stands for itself.

use crate::support::*;
use wasmqtt::config::Config;

/// At the edges of bytes, words and the whole range.
const EDGES: [u16; 14] = [1, 2, 63, 64, 65, 127, 128, 129, 255, 256, 4_096, 32_768, 65_534, 65_535];

// MQTT-4.3.3-10, MQTT-4.3.3-12: new until released, and new again after that.
#[test]
fn qos_2_identifiers_of_the_server_are_told_apart() {
    for version in BOTH {
        let mut rig = Rig::connected(Config { receive_maximum: u16::MAX, ..config(version) });
        for round in ["first", "second"] {
            for id in EDGES {
                rig.says(publish(Q2, id, "a", round));
            }
            let all = EDGES.map(|_| format!("message q2 a {round}"));
            assert_eq!(rig.told(), all, "each is new");
            assert_eq!(rig.sent(), EDGES.map(|id| format!("PUBREC #{id}")));
            for id in EDGES {
                rig.says(publish(Q2, id, "a", round).again());
            }
            assert!(rig.told().is_empty(), "each is known");
            rig.forget();
            for id in EDGES {
                rig.says(pubrel(id));
            }
            assert_eq!(rig.sent(), EDGES.map(|id| format!("PUBCOMP #{id}")));
        }
    }
}

// MQTT-3.3.4-9: a place is taken once for each identifier, and given back once.
#[test]
fn each_identifier_takes_one_place_of_receive_maximum() {
    let places = u16::try_from(EDGES.len()).unwrap();
    let mut rig = Rig::connected(Config { receive_maximum: places, ..config(V5) });
    for _ in 0..3 {
        for id in EDGES {
            rig.says(publish(Q2, id, "a", "x"));
            rig.says(publish(Q2, id, "a", "x").again());
        }
        for id in EDGES {
            rig.says(pubrel(id));
            rig.says(pubrel(id));
        }
    }
    assert!(!rig.sent().iter().any(|line| line.starts_with("DISCONNECT")));
    for id in EDGES {
        rig.says(publish(Q2, id, "a", "x"));
    }
    rig.forget();
    rig.says(publish(Q2, 77, "a", "one too many"));
    assert_eq!(rig.sent(), ["DISCONNECT 0x93"]);
}
