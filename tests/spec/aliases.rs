//! Topic aliases, which live as long as one connection.

use crate::support::*;
use wasmqtt::codec::{PropertyId, Value};
use wasmqtt::config::Config;

fn offering(count: u16) -> Say {
    connack().with(PropertyId::TopicAliasMaximum, Value::U16(count))
}

// MQTT-3.2.2-17, MQTT-3.2.2-18
#[test]
fn without_an_offer_of_the_server_no_alias_is_used() {
    let mut rig = Rig::v5();
    rig.publish(Q0, "some/topic", "1");
    rig.publish(Q0, "some/topic", "2");
    assert_eq!(rig.sent(), ["PUBLISH q0 some/topic 1", "PUBLISH q0 some/topic 2"]);
}

// §3.3.2.3.4
#[test]
fn a_topic_is_sent_once_and_then_by_its_alias() {
    let mut rig = Rig::connected_with(config(V5), offering(2));
    for (qos, topic) in [(Q0, "topic/one"), (Q1, "topic/one"), (Q0, "topic/two"), (Q0, "topic/two")] {
        rig.publish(qos, topic, "x");
    }
    let expected = [
        "PUBLISH q0 topic/one x alias=1",
        "PUBLISH q1 #1 - x alias=1",
        "PUBLISH q0 topic/two x alias=2",
        "PUBLISH q0 - x alias=2",
    ];
    assert_eq!(rig.sent(), expected);
    rig.publish(Q0, "topic/three", "x");
    rig.publish(Q0, "topic/one", "x");
    assert_eq!(rig.sent(), ["PUBLISH q0 topic/three x alias=1", "PUBLISH q0 topic/one x alias=2"]);
}

// MQTT-3.3.2-7: what is sent again names its topic in full, since the alias died with the connection.
#[test]
fn aliases_end_with_the_connection() {
    let mut rig = Rig::connected_with(config(V5), offering(5));
    rig.publish(Q1, "some/topic", "1");
    rig.publish(Q1, "some/topic", "2");
    rig.reconnect(connack_resumed());
    assert_eq!(rig.sent(), ["PUBLISH q1 #1 some/topic 1 dup", "PUBLISH q1 #2 some/topic 2 dup"]);
    rig.reconnect(connack_resumed().with(PropertyId::TopicAliasMaximum, Value::U16(5)));
    assert_eq!(rig.sent(), ["PUBLISH q1 #1 some/topic 1 dup alias=1", "PUBLISH q1 #2 - 2 dup alias=1"]);
}

// An alias counts from when it is written, not from when the message began to wait.
#[test]
fn a_waiting_message_gets_its_alias_when_it_is_sent() {
    let offer = offering(5).with(PropertyId::ReceiveMaximum, Value::U16(1));
    let mut rig = Rig::connected_with(config(V5), offer);
    rig.publish(Q1, "topic/a", "1");
    rig.publish(Q1, "topic/b", "2");
    rig.publish(Q0, "topic/b", "3");
    let expected = ["PUBLISH q1 #1 topic/a 1 alias=1", "PUBLISH q0 topic/b 3 alias=2"];
    assert_eq!(rig.sent(), expected);
    rig.says(puback(1));
    assert_eq!(rig.sent(), ["PUBLISH q1 #2 - 2 alias=2"]);
}

// MQTT-3.2.2-15: binding an alias takes three bytes that may be missing.
#[test]
fn an_alias_is_not_bound_where_it_would_not_fit() {
    let offer = offering(5).with(PropertyId::MaximumPacketSize, Value::U32(30));
    let mut rig = Rig::connected_with(config(V5), offer);
    let payload = "x".repeat(30 - 2 - 2 - 5 - 1);
    rig.publish(Q0, "topic", &payload);
    rig.publish(Q0, "topic", "y");
    rig.publish(Q0, "topic", "z");
    assert_eq!(rig.packets[0].len(), 30);
    let sent = rig.sent();
    assert!(!sent[0].contains("alias"), "{sent:?}");
    assert!(sent[1].starts_with("PUBLISH q0 topic y alias="), "{sent:?}");
    assert!(sent[2].starts_with("PUBLISH q0 - z alias="), "{sent:?}");
}

// MQTT-3.3.2-10 to MQTT-3.3.2-12
#[test]
fn aliases_of_the_server_stand_for_their_topics() {
    let mut rig = Rig::connected(Config { topic_alias_maximum: 2, ..config(V5) });
    let alias =
        |topic: &str, alias| publish(Q0, 0, topic, "x").with(PropertyId::TopicAlias, Value::U16(alias));
    rig.says(alias("a", 1));
    rig.says(alias("b", 2));
    rig.says(alias("", 1));
    rig.says(alias("c", 1));
    rig.says(alias("", 1));
    rig.says(alias("", 2));
    rig.says(alias("b", 1)); // known, and yet bound
    rig.says(alias("", 1));
    let topics: Vec<_> = rig.messages().map(|message| message.topic.clone()).collect();
    assert_eq!(topics, ["a", "b", "a", "c", "c", "b", "b", "b"]);
}

// MQTT-3.3.2-7
#[test]
fn an_alias_of_the_last_connection_means_nothing_on_the_next() {
    let mut rig = Rig::v5();
    rig.says(publish(Q0, 0, "a", "x").with(PropertyId::TopicAlias, Value::U16(1)));
    rig.reconnect(connack_resumed());
    rig.says(publish(Q0, 0, "", "x").with(PropertyId::TopicAlias, Value::U16(1)));
    assert_eq!(rig.sent(), ["DISCONNECT 0x82"]);
}

// MQTT-3.3.2-9
#[test]
fn an_alias_above_our_maximum_is_refused() {
    for (maximum, used) in [(0, 1), (3, 4)] {
        let mut rig = Rig::connected(Config { topic_alias_maximum: maximum, ..config(V5) });
        rig.says(publish(Q0, 0, "a", "x").with(PropertyId::TopicAlias, Value::U16(used)));
        assert_eq!(rig.sent(), ["DISCONNECT 0x94"]);
    }
}

// A repeated QoS 2 message is not delivered, but the alias that it binds counts.
#[test]
fn a_suppressed_duplicate_still_binds_its_alias() {
    let mut rig = Rig::v5();
    rig.says(publish(Q2, 1, "a", "x"));
    rig.says(publish(Q2, 1, "a", "x").again().with(PropertyId::TopicAlias, Value::U16(1)));
    rig.says(publish(Q0, 0, "", "y").with(PropertyId::TopicAlias, Value::U16(1)));
    assert_eq!(rig.told(), ["message q2 a x", "message q0 a y"]);
}
