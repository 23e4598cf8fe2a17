//! Which subscriptions a message belongs to.

use crate::support::*;
use wasmqtt::codec::{PropertyId, Value};

fn identified(topic: &str, identifiers: &[u32]) -> Say {
    let message = publish(Q0, 0, topic, "x");
    identifiers
        .iter()
        .fold(message, |message, id| message.with(PropertyId::SubscriptionIdentifier, Value::VarInt(*id)))
}

/// Subscribes to each filter in a SUBSCRIBE of its own.
fn subscribed(rig: &mut Rig, filters: &[&str]) -> Vec<u32> {
    filters.iter().flat_map(|filter| rig.subscribe(&[(filter, Q1)]).1).collect()
}

// §4.7
#[test]
fn without_identifiers_every_matching_filter_counts_once() {
    for version in BOTH {
        let mut rig = Rig::connected(config(version));
        let ids = subscribed(&mut rig, &["home/+/lamp", "home/#", "#", "other", "$SYS/#"]);
        rig.says(publish(Q0, 0, "home/hall/lamp", "on"));
        rig.says(publish(Q0, 0, "$SYS/uptime", "1"));
        rig.says(publish(Q0, 0, "nobody", "1"));
        let expected = [vec![ids[0], ids[1], ids[2]], vec![ids[4]], vec![ids[2]]];
        assert_eq!(rig.routes(), expected);
    }
}

// MQTT-3.3.4-3, MQTT-3.3.4-4: one copy for each overlapping subscription, each with its own identifier.
#[test]
fn an_identifier_says_whose_copy_it_is() {
    let mut rig = Rig::v5();
    let ids = subscribed(&mut rig, &["a/+", "a/#"]);
    rig.says(identified("a/b", &[ids[0]]));
    rig.says(identified("a/b", &[ids[1]]));
    rig.says(identified("a/b", &[ids[0], ids[1]]));
    assert_eq!(rig.routes(), [vec![ids[0]], vec![ids[1]], ids]);
}

#[test]
fn filters_of_one_subscribe_share_its_identifier() {
    let mut rig = Rig::v5();
    let (_, ids) = rig.subscribe(&[("a/+", Q0), ("b/+", Q0)]);
    assert_eq!(rig.sent(), ["SUBSCRIBE #1 a/+:0 b/+:0 id=1"]);
    rig.says(identified("b/x", &[1]));
    assert_eq!(rig.routes(), [vec![ids[1]]]);
}

// An identifier of an earlier life of the session must not lead to the wrong handler, nor the message to none.
#[test]
fn an_unknown_identifier_falls_back_to_the_filters() {
    let mut rig = Rig::v5();
    let ids = subscribed(&mut rig, &["a/+", "c"]);
    rig.says(identified("a/b", &[4711]));
    rig.says(identified("a/b", &[ids[1]]));
    assert_eq!(rig.routes(), [vec![ids[0]], vec![ids[0]]]);
}

// §4.8.2
#[test]
fn a_shared_subscription_matches_by_its_filter() {
    let mut rig = Rig::v5();
    let ids = subscribed(&mut rig, &["$share/group/a/+"]);
    rig.says(publish(Q0, 0, "a/b", "x"));
    assert_eq!(rig.routes(), [ids]);
}

#[test]
fn routes_follow_subscriptions_that_come_and_go() {
    let mut rig = Rig::v5();
    rig.says(publish(Q0, 0, "a", "1"));
    let ids = subscribed(&mut rig, &["a"]);
    rig.says(publish(Q0, 0, "a", "2"));
    rig.unsubscribe(&ids);
    rig.says(publish(Q0, 0, "a", "3"));
    assert_eq!(rig.routes(), [vec![], ids, vec![]]);
}
