//! What faults and values say of themselves: the rule that was broken, never the text that broke it.

use wasmqtt::codec::*;
use wasmqtt::topic::{FilterTrie, TopicFilter, TopicName};

#[test]
fn a_bad_topic_names_rule_place_and_statement() {
    let long = "x".repeat(65_536);
    let name = |text: &str| TopicName::parse(text).unwrap_err().to_string();
    assert_eq!(name(""), "a topic has at least one character (at byte 0, MQTT-4.7.3-1)");
    assert_eq!(name(&long), "a topic has at most 65,535 bytes (at byte 65535, MQTT-4.7.3-3)");
    assert_eq!(name("a\0"), "a topic has no U+0000 (at byte 1, MQTT-4.7.3-2)");
    assert_eq!(name("a/+"), "a topic name has no wildcards (at byte 2, MQTT-4.7.0-1)");
    let filter = |text: &str| TopicFilter::parse(text).unwrap_err().to_string();
    assert_eq!(filter("a/b+"), "a wildcard takes a whole level (at byte 3, MQTT-4.7.1-2)");
    assert_eq!(filter("#/a"), "'#' is the last level (at byte 0, MQTT-4.7.1-1)");
    let share = "the share name is empty or has a wildcard (at byte 7, MQTT-4.8.2-1)";
    assert_eq!(filter("$share//a"), share);
    let missing = "a filter is missing behind the share name (at byte 8, MQTT-4.8.2-2)";
    assert_eq!(filter("$share/g"), missing);
}

#[test]
fn what_cannot_be_written_says_why() {
    let long = "x".repeat(65_536);
    let push = |id, value| PropertiesBuf::new().push(id, value).unwrap_err().to_string();
    let content = |text| push(PropertyId::ContentType, Value::Str(text));
    assert_eq!(content(&long), "a string is longer than 65,535 bytes");
    assert_eq!(content("\0"), "a string contains U+0000");
    let bytes = Value::Bytes(long.as_bytes());
    assert_eq!(push(PropertyId::CorrelationData, bytes), "binary data is longer than 65,535 bytes");
    assert_eq!(push(PropertyId::ContentType, Value::U16(1)), "a property has a value of the wrong type");
    assert_eq!(push(PropertyId::MaximumQoS, Value::Byte(2)), "a property has a value outside its range");

    let refused = |packet: Packet<'_>, version| {
        let mut out = Vec::new();
        let error = packet.encode(version, &mut out).unwrap_err();
        assert!(out.is_empty(), "nothing is written of a packet that is wrong");
        error.to_string()
    };
    let publish = |publish| refused(Packet::Publish(publish), ProtocolVersion::V5);
    let topic = Publish { topic: "t", ..Publish::default() };
    assert_eq!(publish(Publish::default()), "a PUBLISH needs a topic or a topic alias");
    assert_eq!(publish(Publish { dup: true, ..topic }), "DUP must be clear on QoS 0");
    let one = Publish { qos: QoS::AtLeastOnce, ..topic };
    assert_eq!(publish(one), "a packet identifier belongs to QoS 1 and 2 and only there");
    let too_large = topic.encoded_len_with(ProtocolVersion::V5, varint::MAX, ExtraProperties::default());
    assert_eq!(too_large.unwrap_err().to_string(), "the packet is longer than 268,435,455 bytes");

    let password = Packet::Connect(Connect { password: Some(b"p"), ..Connect::default() });
    let expected = "MQTT 3.1.1 has no password without a user name";
    assert_eq!(refused(password, ProtocolVersion::V311), expected);
    let connack =
        ConnAck { session_present: false, reason: ReasonCode::QUOTA_EXCEEDED, properties: Properties::EMPTY };
    let expected = "MQTT 3.1.1 has no return code for this reason";
    assert_eq!(refused(Packet::ConnAck(connack), ProtocolVersion::V311), expected);
    let mut filters = FiltersBuf::new();
    let shared = TopicFilter::parse("$share/g/a").unwrap();
    let no_local = SubscribeOptions { no_local: true, ..SubscribeOptions::default() };
    let error = filters.push(shared, no_local).unwrap_err();
    assert_eq!(error.to_string(), "no-local is not allowed on a shared subscription");
}

#[test]
fn properties_show_numbers_and_the_length_of_everything_else() {
    let mut block = PropertiesBuf::new();
    for (id, value) in [
        (PropertyId::PayloadFormatIndicator, Value::Byte(1)),
        (PropertyId::TopicAlias, Value::U16(512)),
        (PropertyId::MessageExpiryInterval, Value::U32(3600)),
        (PropertyId::SubscriptionIdentifier, Value::VarInt(77)),
        (PropertyId::ContentType, Value::Str("secret")),
        (PropertyId::CorrelationData, Value::Bytes(b"hidden")),
        (PropertyId::UserProperty, Value::Pair("token", "abcdefg")),
    ] {
        block.push(id, value).unwrap();
    }
    let shown: Vec<String> =
        block.as_properties().into_iter().map(|(_, value)| format!("{value:?}")).collect();
    assert_eq!(shown, ["1", "512", "3600", "77", "<6 bytes>", "<6 bytes>", "<5 + 7 bytes>"]);
    let block = format!("{:?}", block.as_properties());
    for secret in ["secret", "hidden", "token", "abcdefg"] {
        assert!(!block.contains(secret), "{block}");
    }
}

// 3.1.1 section 3.11: UNSUBACK has no payload.
#[test]
fn an_unsuback_of_3_1_1_has_no_reasons() {
    let reasons = |version, packet: &[u8]| match decode_from_server(version, packet).unwrap() {
        Packet::UnsubAck(unsuback) => (unsuback.reasons.len(), unsuback.reasons.is_empty()),
        other => panic!("{other:?}"),
    };
    assert_eq!(reasons(ProtocolVersion::V311, &[0xb0, 2, 0, 1]), (0, true));
    assert_eq!(reasons(ProtocolVersion::V5, &[0xb0, 4, 0, 1, 0, 0x11]), (1, false));
}

#[test]
fn a_number_without_a_form_is_longer_than_all_that_have_one() {
    let lengths = [0, 0x7f, 0x80, 0x3fff, 0x4000, 0x1f_ffff, 0x20_0000, varint::MAX, varint::MAX + 1];
    assert_eq!(lengths.map(varint::encoded_len), [1, 1, 2, 2, 3, 3, 4, 4, 5]);
}

#[test]
fn removing_what_is_not_there_leaves_the_tree_alone() {
    let mut trie = FilterTrie::new();
    let parse = |text| TopicFilter::parse(text).unwrap();
    for absent in ["#", "a/b", "+"] {
        assert!(!trie.remove(parse(absent), 1), "{absent}");
    }
    trie.insert(parse("a/b"), 1);
    for (absent, value) in [("a", 1), ("a/#", 1), ("a/b", 2), ("a/b/c", 1), ("a/+", 1)] {
        assert!(!trie.remove(parse(absent), value), "{absent} {value}");
    }
    let mut found = Vec::new();
    trie.matches("a/b", &mut found);
    assert_eq!(found, [1]);
}
