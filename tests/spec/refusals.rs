//! What the client refuses on its own, before a server could: a Will, credentials and payloads that break a rule.

use crate::support::*;
use wasmqtt::client::{Client, TransportRequest};
use wasmqtt::codec::{Packet, PropertiesBuf, PropertyId, QoS, Value};
use wasmqtt::config::{Config, VersionPolicy, Will};
use wasmqtt::connection::Credentials;
use wasmqtt::{Error, ErrorCode};

fn will(topic: &str, properties: PropertiesBuf) -> Will {
    Will { topic: topic.into(), payload: b"gone".to_vec(), qos: Q1, retain: false, properties }
}

fn refusal(will: Will, version: VersionPolicy) -> Error {
    Client::new(Config { will: Some(will), version, ..config(V5) }, 1).unwrap_err()
}

// MQTT-3.1.3-11, MQTT-4.7.0-1, MQTT-4.7.3-1
#[test]
fn a_will_topic_is_a_topic_name() {
    for (topic, statement) in [
        ("", "MQTT-4.7.3-1"),
        ("a/#", "MQTT-4.7.0-1"),
        ("+/b", "MQTT-4.7.0-1"),
        ("a\0b", "MQTT-4.7.3-2"),
        (&"x".repeat(65_536), "MQTT-4.7.3-3"),
    ] {
        for version in [VersionPolicy::Only(V5), VersionPolicy::Only(V311), VersionPolicy::Auto] {
            let error = refusal(will(topic, PropertiesBuf::new()), version);
            assert_eq!((error.code, error.text.as_deref()), (ErrorCode::InvalidOption, Some("will.topic")));
            assert_eq!(error.statement, Some(statement));
        }
    }
}

// 5.0 §3.1.3.2
#[test]
fn a_will_has_the_properties_of_a_will() {
    for (id, value) in [
        (PropertyId::TopicAlias, Value::U16(1)),
        (PropertyId::SubscriptionIdentifier, Value::VarInt(1)),
        (PropertyId::ReasonString, Value::Str("no")),
    ] {
        let error = refusal(will("a", property(id, value)), VersionPolicy::Only(V5));
        assert_eq!((error.code, error.text.as_deref()), (ErrorCode::InvalidOption, Some("will.properties")));
    }
    // MQTT-3.3.2-14 for the Response Topic: no block of properties can hold one with a wildcard.
    let mut block = PropertiesBuf::new();
    assert!(block.push(PropertyId::ResponseTopic, Value::Str("a/+")).is_err());
    let mut all = property(PropertyId::WillDelayInterval, Value::U32(1));
    all.push(PropertyId::PayloadFormatIndicator, Value::Byte(1)).unwrap();
    all.push(PropertyId::MessageExpiryInterval, Value::U32(1)).unwrap();
    all.push(PropertyId::ContentType, Value::Str("text/plain")).unwrap();
    all.push(PropertyId::ResponseTopic, Value::Str("a/b")).unwrap();
    all.push(PropertyId::CorrelationData, Value::Bytes(b"1")).unwrap();
    all.push(PropertyId::UserProperty, Value::Pair("b", "2")).unwrap();
    all.push(PropertyId::UserProperty, Value::Pair("a", "1")).unwrap();
    let mut rig = Rig::new(Config { will: Some(will("a", all.clone())), ..config(V5) });
    rig.start();
    rig.opened();
    rig.last_packet(|packet| {
        let Packet::Connect(connect) = packet else { panic!("{packet:?}") };
        assert_eq!(connect.will.unwrap().properties.as_bytes(), all.as_properties().as_bytes());
    });
}

// 3.1.1 has no properties at all: what would be lost is refused, at once or when 3.1.1 turns out to be the version.
#[test]
fn the_properties_of_connect_and_of_a_will_need_5() {
    let delayed = will("a", property(PropertyId::WillDelayInterval, Value::U32(5)));
    let wishes = [
        ("will.properties", Config { will: Some(delayed), ..config(V5) }),
        ("userProperties", Config { user_properties: vec![("a".into(), "1".into())], ..config(V5) }),
        ("authenticator", Config { authentication_method: Some("PLAIN".into()), ..config(V5) }),
    ];
    for (name, wish) in wishes {
        let only = Config { version: VersionPolicy::Only(V311), ..wish.clone() };
        let error = Client::new(only, 1).unwrap_err();
        assert_eq!((error.code, error.text.as_deref()), (ErrorCode::UnsupportedInVersion, Some(name)));

        let mut rig = Rig::connecting(Config { version: VersionPolicy::Auto, ..wish });
        rig.feed(&[0x20, 2, 0, 1]);
        rig.opened();
        assert!(rig.sent().is_empty(), "{name}");
        assert_eq!(rig.told(), ["lost: UnsupportedInVersion; no retry", "closed: UnsupportedInVersion"]);
    }
}

// MQTT-3.2.2-12, MQTT-3.2.2-13: the same CONNECT would be refused for ever.
#[test]
fn a_will_that_the_server_does_not_support_is_the_end() {
    for reason in [0x9a, 0x9b] {
        let wish = Will { qos: Q2, retain: true, ..will("a", PropertiesBuf::new()) };
        let mut rig = Rig::connecting(Config { will: Some(wish), ..config(V5) });
        rig.says(refused(reason));
        let error = format!("ConnectRefused {reason:#04x}");
        assert_eq!(rig.told(), [format!("lost: {error}; no retry"), format!("closed: {error}")]);
        assert!(rig.sent().is_empty());
    }
}

// §3.3.2.3.2 and §3.1.3.2.3: what is called UTF-8 has to be UTF-8.
#[test]
fn a_payload_that_is_said_to_be_text_is_text() {
    let text = property(PropertyId::PayloadFormatIndicator, Value::Byte(1));
    let bytes = property(PropertyId::PayloadFormatIndicator, Value::Byte(0));
    let mut rig = Rig::v5();
    for qos in [Q0, Q1, Q2] {
        for broken in [&b"\xff"[..], b"a\xc0\x80", b"\xed\xa0\x80", b"\xe2\x82"] {
            let error = publish_bytes(&mut rig, qos, broken, &text).unwrap_err();
            assert_eq!((error.code, error.text.as_deref()), (ErrorCode::InvalidArgument, Some("payload")));
            assert_eq!(error.statement, Some("§3.3.2.3.2"));
            publish_bytes(&mut rig, qos, broken, &bytes).unwrap();
        }
        assert_eq!(rig.sent().len(), 4, "those that claim nothing");
        // A payload is no UTF-8 Encoded String: U+0000 may be in it.
        publish_bytes(&mut rig, qos, "\0 größer \u{feff}".as_bytes(), &text).unwrap();
        publish_bytes(&mut rig, qos, b"", &text).unwrap();
        assert_eq!(rig.sent().len(), 2);
    }
    let broken = Will { payload: vec![0xff], ..will("a", text) };
    let error = refusal(broken, VersionPolicy::Only(V5));
    assert_eq!((error.code, error.text.as_deref()), (ErrorCode::InvalidOption, Some("will.payload")));
    assert_eq!(error.statement, Some("§3.1.3.2.3"));
}

// An alias is bound by what is sent: a refused message must not bind one.
#[test]
fn a_refused_payload_leaves_no_alias_behind() {
    let text = property(PropertyId::PayloadFormatIndicator, Value::Byte(1));
    let aliases = connack().with(PropertyId::TopicAliasMaximum, Value::U16(5));
    let mut rig = Rig::connected_with(config(V5), aliases);
    publish_bytes(&mut rig, Q0, b"\xff", &text).unwrap_err();
    rig.publish(Q0, "a/b", "1");
    assert_eq!(rig.sent(), ["PUBLISH q0 a/b 1 alias=1"]);
}

// §3.3.2.3.2: a receiver may check; this one leaves it to the application, so that no message is lost over it.
#[test]
fn a_received_payload_is_passed_on_whatever_it_is() {
    let mut rig = Rig::v5();
    let message = publish(Q1, 1, "a", "").with(PropertyId::PayloadFormatIndicator, Value::Byte(1));
    let mut bytes = message.encode(V5);
    bytes.push(0xff);
    bytes[1] += 1;
    rig.feed(&bytes);
    assert_eq!(rig.messages().next().unwrap().payload, [0xff]);
    assert_eq!(rig.sent(), ["PUBACK #1"]);
}

fn publish_bytes(rig: &mut Rig, qos: QoS, payload: &[u8], properties: &PropertiesBuf) -> Result<(), Error> {
    let properties = properties.as_properties();
    let op = rig.next_op();
    let published = rig.client.publish(op, rig.now, "a/b", payload, qos, false, properties);
    rig.drain();
    published
}

// 3.1.1 MQTT-3.1.2-22, MQTT-1.5.4-2, §1.5.6: found before a transport is opened for them.
#[test]
fn credentials_that_cannot_be_sent_are_found_before_connecting() {
    let long = "x".repeat(65_536);
    let cases = [
        (V311, credentials(None, Some(b"token")), ErrorCode::UnsupportedInVersion, "password"),
        (V5, credentials(Some(&long), None), ErrorCode::InvalidArgument, "username"),
        (V311, credentials(Some("a\0"), None), ErrorCode::InvalidArgument, "username"),
        (V5, credentials(Some("a"), Some(long.as_bytes())), ErrorCode::InvalidArgument, "password"),
        (
            V5,
            Credentials { auth_data: Some(long.as_bytes()), ..Credentials::default() },
            ErrorCode::InvalidArgument,
            "authenticator",
        ),
    ];
    for (version, credentials, code, name) in cases {
        let mut rig = Rig::new(config(version));
        rig.start();
        let error = rig.client.check_credentials(credentials).unwrap_err();
        assert_eq!((error.code, error.text.as_deref()), (code, Some(name)));
        assert!(error.is_terminal(), "{name}");
        // A driver that did not ask finds out when the transport is open.
        rig.client.handle_opened(rig.now, &["mqtt"], "mqtt", credentials);
        rig.drain();
        assert_eq!(rig.told(), [format!("lost: {code:?}; no retry"), format!("closed: {code:?}")]);
        assert!(rig.sent().is_empty());
        assert_eq!(rig.requests.last(), Some(&TransportRequest::Close));
    }
    for version in BOTH {
        let client = Client::new(config(version), 1).unwrap();
        client.check_credentials(credentials(None, None)).unwrap();
        client.check_credentials(credentials(Some(""), Some(b""))).unwrap();
        client.check_credentials(credentials(Some(&long[1..]), Some(&long.as_bytes()[1..]))).unwrap();
    }
    Client::new(config(V5), 1).unwrap().check_credentials(credentials(None, Some(b"token"))).unwrap();
}

fn credentials<'a>(username: Option<&'a str>, password: Option<&'a [u8]>) -> Credentials<'a> {
    Credentials { username, password, auth_data: None }
}

// §3.3.2.3.3: a lifetime of nothing is for those who listen now. What can leave at once does, what would wait expires.
#[test]
fn a_message_without_a_lifetime_is_sent_now_or_never() {
    let now_or_never = property(PropertyId::MessageExpiryInterval, Value::U32(0));
    let mut rig = Rig::v5();
    for qos in [Q0, Q1, Q2] {
        rig.publish_with(qos, "a", "x", &now_or_never).unwrap();
    }
    let expected = ["PUBLISH q0 a x expiry=0", "PUBLISH q1 #1 a x expiry=0", "PUBLISH q2 #2 a x expiry=0"];
    assert_eq!(rig.sent(), expected);

    for qos in [Q0, Q1, Q2] {
        let mut rig = Rig::connecting(config(V5));
        rig.publish_with(qos, "a", "x", &now_or_never).unwrap();
        rig.advance(0);
        assert_eq!(rig.told(), ["publish 1 failed: MessageExpired"], "no connection");
        rig.says(connack());
        assert!(rig.sent().is_empty());
    }

    let one = connack().with(PropertyId::ReceiveMaximum, Value::U16(1));
    let mut rig = Rig::connected_with(config(V5), one);
    rig.publish(Q1, "a", "first");
    rig.publish_with(Q1, "a", "x", &now_or_never).unwrap();
    rig.forget();
    rig.says(puback(1));
    assert_eq!(rig.told(), ["published 1", "publish 2 failed: MessageExpired"], "no quota");
    assert!(rig.sent().is_empty());
}
