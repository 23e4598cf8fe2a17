//! SUBSCRIBE and UNSUBSCRIBE byte by byte: 3.8 to 3.11.

use crate::support::*;
use wasmqtt::codec::{PropertyId, RetainHandling, SubscribeOptions, Value};

// 3.1.1 and 5.0 MQTT-3.8.1-1, MQTT-3.8.3-1, MQTT-3.10.1-1, MQTT-3.10.3-1; 5.0 MQTT-2.2.2-1
#[test]
fn filters_stand_one_after_the_other() {
    let cases: [(_, &[u8], &[u8]); 2] = [
        (
            V311,
            b"\x82\x0f\0\x01\0\x03a/+\x01\0\x04\xc3\xa9/#\x02",
            b"\xa2\x0d\0\x02\0\x03a/+\0\x04\xc3\xa9/#",
        ),
        (
            V5,
            b"\x82\x10\0\x01\0\0\x03a/+\x01\0\x04\xc3\xa9/#\x02",
            b"\xa2\x0e\0\x02\0\0\x03a/+\0\x04\xc3\xa9/#",
        ),
    ];
    for (version, subscribe, unsubscribe) in cases {
        let plain = if version == V5 {
            connack().with(PropertyId::SubscriptionIdentifierAvailable, Value::Byte(0))
        } else {
            connack()
        };
        let mut rig = Rig::connected_with(config(version), plain);
        let (_, ids) = rig.subscribe(&[("a/+", Q1), ("é/#", Q2)]);
        rig.unsubscribe(&ids);
        assert_eq!(rig.packets, [subscribe, unsubscribe]);
    }
}

// 5.0 MQTT-3.8.3-3, MQTT-3.8.3-5, MQTT-3.3.1-9 to -13; 3.1.1 MQTT-3.8.3-4
#[test]
fn the_options_byte_holds_the_options_and_nothing_else() {
    let handlings = [RetainHandling::Send, RetainHandling::SendIfNew, RetainHandling::DoNotSend];
    for (high, retain_handling) in (0_u8..).zip(handlings) {
        for flags in 0..4_u8 {
            for qos in [Q0, Q1, Q2] {
                let (no_local, retain_as_published) = (flags & 1 != 0, flags & 2 != 0);
                let mut rig = Rig::v5();
                let options = SubscribeOptions { qos, no_local, retain_as_published, retain_handling };
                rig.try_subscribe(&[filter("a", options)]).unwrap();
                assert_eq!(rig.packets[0].last(), Some(&(high << 4 | flags << 2 | qos.value())));
            }
        }
    }
    for qos in [Q0, Q1, Q2] {
        let mut rig = Rig::connected(config(V311));
        rig.subscribe(&[("a", qos)]);
        assert_eq!(rig.packets[0].last(), Some(&qos.value()));
    }
}

// 3.1.1 MQTT-3.10.4-3, MQTT-4.5.0-2; 5.0 MQTT-3.10.4-3, MQTT-4.5.0-2
#[test]
fn what_comes_after_unsuback_is_acknowledged() {
    for version in BOTH {
        let mut rig = Rig::connected(config(version));
        let (_, ids) = rig.subscribe(&[("a", Q2)]);
        rig.says(suback(1, &[2]));
        rig.says(publish(Q2, 5, "a", "under way"));
        rig.unsubscribe(&ids);
        rig.says(unsuback(2, &[0]));
        rig.forget();
        rig.says(pubrel(5));
        rig.says(publish(Q1, 6, "a", "late"));
        rig.says(publish(Q2, 7, "a", "late"));
        assert_eq!(rig.sent(), ["PUBCOMP #5", "PUBACK #6", "PUBREC #7"]);
        assert_eq!(rig.routes(), [Vec::<u32>::new(), vec![]], "nobody's, but told");
    }
}

// 3.1.1 MQTT-3.9.3-1, MQTT-3.8.4-6; 5.0 MQTT-3.9.3-1, MQTT-3.8.4-7, MQTT-3.11.3-1: each filter has its code.
#[test]
fn codes_belong_to_filters_in_their_order() {
    for version in BOTH {
        let mut rig = Rig::connected(config(version));
        let (_, ids) = rig.subscribe(&[("a", Q2), ("b", Q2), ("c", Q2)]);
        rig.says(suback(1, &[0, 0x80, 1]));
        assert_eq!(rig.told(), ["subscribe 1 failed: RejectedByServer 0x80 [0x00, 0x80, 0x01]"]);
        rig.reconnect(connack());
        assert_eq!(rig.sent_unnumbered().len(), 1);
        for topic in ["a", "b", "c"] {
            rig.says(publish(Q0, 0, topic, "x"));
        }
        assert_eq!(rig.routes(), [vec![ids[0]], vec![], vec![ids[2]]], "the second was refused");
    }
}

// MQTT-4.7.3-4
#[test]
fn topics_are_compared_as_they_are() {
    for version in BOTH {
        let mut rig = Rig::connected(config(version));
        let (_, ids) = rig.subscribe(&[
            ("caf\u{e9}", Q0),
            ("caf\u{65}\u{301}", Q0),
            ("/caf\u{e9}", Q0),
            ("CAF\u{c9}", Q0),
        ]);
        for topic in ["caf\u{e9}", "caf\u{65}\u{301}", "/caf\u{e9}", "CAF\u{c9}", "caf\u{e9}/", "caf\u{e9} "]
        {
            rig.says(publish(Q0, 0, topic, "x"));
        }
        let each: Vec<Vec<u32>> = ids.iter().map(|id| vec![*id]).chain([vec![], vec![]]).collect();
        assert_eq!(rig.routes(), each);
    }
}
