//! From the first call to CONNACK.

use crate::support::*;
use wasmqtt::ErrorCode;
use wasmqtt::client::{Client, ClientState};
use wasmqtt::codec::{Packet, PropertyId, ProtocolVersion, Value};
use wasmqtt::config::{Config, FirstSession, VersionPolicy, Will};
use wasmqtt::time::Millis;

// MQTT-3.1.0-1
#[test]
fn the_first_packet_is_connect() {
    let mut rig = Rig::new(config(V5));
    assert_eq!(rig.client.state(), ClientState::Idle);
    rig.start();
    assert_eq!((rig.asked(), rig.sent()), (vec!["open 1".into()], vec![]));
    rig.opened();
    assert_eq!(rig.sent(), ["CONNECT 5 resume cid"]);
    rig.says(connack());
    assert_eq!(rig.told(), ["connected"]);
    assert_eq!(rig.client.state(), ClientState::Connected);
}

#[test]
fn starting_twice_is_starting_once() {
    let mut rig = Rig::new(config(V5));
    rig.start();
    rig.start();
    assert_eq!(rig.asked(), ["open 1"]);
}

#[test]
fn states_follow_one_another() {
    let mut rig = Rig::new(config(V5));
    rig.start();
    rig.opened();
    rig.says(connack());
    rig.cut();
    rig.disconnect(0);
    let expected =
        [ClientState::Connecting, ClientState::Connected, ClientState::Reconnecting, ClientState::Closed];
    assert_eq!(rig.states(), expected);
}

// §3.1.4, comment: what is published before CONNACK waits for it.
#[test]
fn nothing_but_connect_is_sent_before_connack() {
    let mut rig = Rig::connecting(config(V5));
    rig.publish(Q0, "a/b", "zero");
    rig.publish(Q1, "a/b", "one");
    rig.subscribe(&[("c", Q1)]);
    assert!(rig.sent().is_empty());
    rig.says(connack());
    let sent = rig.sent();
    assert_eq!(sent, ["SUBSCRIBE #1 c:1 id=1", "PUBLISH q0 a/b zero", "PUBLISH q1 #2 a/b one"]);
}

#[test]
fn the_configuration_appears_in_connect() {
    let will = Will {
        topic: "gone".into(),
        payload: b"bye".to_vec(),
        qos: Q1,
        retain: true,
        properties: property(PropertyId::WillDelayInterval, Value::U32(5)),
    };
    let mut rig = Rig::new(Config {
        first_session: FirstSession::Clean,
        keep_alive_seconds: 33,
        session_expiry_seconds: Some(99),
        receive_maximum: 7,
        maximum_packet_size: 1000,
        topic_alias_maximum: 9,
        request_response_information: true,
        request_problem_information: false,
        user_properties: vec![("a".into(), "1".into()), ("a".into(), "2".into())],
        will: Some(will),
        ..config(V5)
    });
    (rig.username, rig.password) = (Some("user"), Some(&b"secret"[..]));
    rig.start();
    rig.opened();
    rig.last_packet(|packet| {
        let Packet::Connect(connect) = packet else { panic!("{packet:?}") };
        assert!(connect.clean_start);
        assert_eq!((connect.keep_alive, connect.client_id), (33, "cid"));
        assert_eq!((connect.username, connect.password), (Some("user"), Some(&b"secret"[..])));
        let properties = connect.properties;
        assert_eq!(properties.u32(PropertyId::SessionExpiryInterval), Some(99));
        assert_eq!(properties.u16(PropertyId::ReceiveMaximum), Some(7));
        assert_eq!(properties.u32(PropertyId::MaximumPacketSize), Some(1000));
        assert_eq!(properties.u16(PropertyId::TopicAliasMaximum), Some(9));
        assert_eq!(properties.byte(PropertyId::RequestResponseInformation), Some(1));
        assert_eq!(properties.byte(PropertyId::RequestProblemInformation), Some(0));
        // MQTT-3.1.3-10: in order, repetitions included.
        assert!(properties.user_properties().eq([("a", "1"), ("a", "2")]));
        let will = connect.will.expect("a will");
        assert_eq!((will.topic, will.payload, will.qos, will.retain), ("gone", &b"bye"[..], Q1, true));
        assert_eq!(will.properties.u32(PropertyId::WillDelayInterval), Some(5));
    });
}

// 3.1.1 MQTT-3.1.2-22 and 5.0 §3.1.2.9: a password alone.
#[test]
fn a_password_without_a_user_name_needs_5() {
    let mut rig = Rig::new(config(V5));
    rig.password = Some(b"token");
    rig.start();
    rig.opened();
    assert_eq!(rig.sent(), ["CONNECT 5 resume cid"]);

    let mut rig = Rig::new(config(V311));
    rig.password = Some(b"token");
    rig.start();
    rig.opened();
    assert_eq!(rig.told(), ["lost: UnsupportedInVersion; no retry", "closed: UnsupportedInVersion"]);
    assert!(rig.sent().is_empty());
}

// 3.1.1 MQTT-3.1.3-7
#[test]
fn an_empty_client_identifier_cannot_keep_a_session_in_3_1_1() {
    let wish = Config { client_id: String::new(), first_session: FirstSession::Adopt, ..config(V311) };
    let error = Client::new(wish, 1).unwrap_err();
    assert_eq!((error.code, error.statement), (ErrorCode::UnsupportedInVersion, Some("3.1.1 MQTT-3.1.3-7")));

    let anonymous = Config { client_id: String::new(), first_session: FirstSession::Clean, ..config(V311) };
    let mut rig = Rig::new(anonymous);
    rig.start();
    rig.opened();
    assert_eq!(rig.sent(), ["CONNECT 4 clean "]);
}

// MQTT-3.2.2-16
#[test]
fn an_assigned_client_identifier_is_used_from_then_on() {
    let mut rig = Rig::connecting(Config { client_id: String::new(), ..config(V5) });
    rig.says(connack().with(PropertyId::AssignedClientIdentifier, Value::Str("given")));
    assert_eq!(rig.client.server().unwrap().client_id.as_ref(), "given");
    rig.cut();
    rig.requests.clear();
    rig.redial();
    assert_eq!(rig.sent(), ["CONNECT 5 resume given"]);
}

// §3.2: a server that opens the transport and says nothing.
#[test]
fn a_missing_connack_ends_the_attempt() {
    let mut rig = Rig::connecting(config(V5));
    rig.advance(19_999);
    assert!(rig.told().is_empty());
    rig.advance(1);
    assert_eq!(rig.told(), ["lost: ConnackTimeout; retry in 1000"]);
    assert_eq!((rig.asked(), rig.sent()), (vec!["close".into()], vec![]));
}

#[test]
fn a_transport_that_does_not_open_ends_the_attempt() {
    let mut rig = Rig::new(Config { connect_timeout: Millis::new(500), ..config(V5) });
    rig.start();
    rig.advance(500);
    assert_eq!(rig.told(), ["lost: ConnectTimeout; retry in 1000"]);
    assert_eq!(rig.asked(), ["open 1", "close"]);
}

#[test]
fn the_time_of_an_attempt_covers_opening_and_connack_together() {
    let mut rig = Rig::new(config(V5));
    rig.start();
    rig.advance(15_000);
    rig.opened();
    rig.advance(5_000);
    assert_eq!(rig.told(), ["lost: ConnackTimeout; retry in 1000"]);
}

// MQTT-6.0.0-3, MQTT-6.0.0-4
#[test]
fn another_subprotocol_than_the_offered_ones_is_refused() {
    for selected in ["", "mqttv3.1"] {
        let mut rig = Rig::new(config(V5));
        rig.start();
        rig.opened_with(selected);
        assert!(rig.sent().is_empty());
        assert_eq!(rig.told(), ["lost: SubprotocolRejected; no retry", "closed: SubprotocolRejected"]);
    }
}

// §3.2.2.3: the numbers of the server replace ours for this connection.
#[test]
fn connack_tells_what_was_agreed() {
    let greeting = connack()
        .with(PropertyId::ServerKeepAlive, Value::U16(17))
        .with(PropertyId::SessionExpiryInterval, Value::U32(11))
        .with(PropertyId::MaximumQoS, Value::Byte(1))
        .with(PropertyId::ResponseInformation, Value::Str("replies/cid"));
    let rig = Rig::connected_with(config(V5), greeting);
    let server = rig.client.server().unwrap();
    assert_eq!((server.version, server.subprotocol.as_ref()), (ProtocolVersion::V5, "mqtt"));
    assert_eq!((server.keep_alive_seconds, server.session_expiry_seconds), (17, 11));
    assert_eq!(server.limits.maximum_qos, Q1);
    assert_eq!(server.properties().str(PropertyId::ResponseInformation), Some("replies/cid"));
}

#[test]
fn options_are_checked_before_anything_is_sent() {
    let cases: [(&str, Config); 5] = [
        ("receiveMaximum", Config { receive_maximum: 0, ..config(V5) }),
        ("maximumPacketSize", Config { maximum_packet_size: 31, ..config(V5) }),
        ("connectTimeout", Config { connect_timeout: Millis::ZERO, ..config(V5) }),
        ("pingTimeout", Config { ping_timeout: Millis::ZERO, ..config(V5) }),
        ("clientId", Config { client_id: "a\0".into(), version: VersionPolicy::Auto, ..config(V5) }),
    ];
    for (name, config) in cases {
        let error = Client::new(config, 1).unwrap_err();
        assert_eq!((error.code, error.text.as_deref()), (ErrorCode::InvalidOption, Some(name)));
    }
}

// No secret may be seen in a log.
#[test]
fn debug_output_holds_no_secret() {
    let will = Will {
        topic: "t".into(),
        payload: b"hush".to_vec(),
        qos: Q0,
        retain: false,
        properties: property(PropertyId::ContentType, Value::Str("text")),
    };
    let mut rig = Rig::new(Config { will: Some(will), ..config(V5) });
    (rig.username, rig.password) = (Some("user"), Some(&b"hunter2"[..]));
    rig.start();
    rig.client.handle_opened(
        rig.now,
        &["mqtt"],
        "mqtt",
        wasmqtt::connection::Credentials { username: rig.username, password: rig.password, auth_data: None },
    );
    let credentials =
        wasmqtt::connection::Credentials { username: rig.username, password: rig.password, auth_data: None };
    assert!(!format!("{credentials:?}").contains("hunter2"));
    assert!(!format!("{:?}", Config { ..config(V5) }).contains("hush"));
}
