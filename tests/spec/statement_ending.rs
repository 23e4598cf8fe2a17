//! How connections end, and what DISCONNECT and AUTH may not say: 3.12, 3.14, 3.15, 4.12 and 4.13.

use crate::support::*;
use wasmqtt::ErrorCode;
use wasmqtt::client::{ClientState, DisconnectOptions};
use wasmqtt::codec::{Packet, PropertyId, ReasonCode, Value};
use wasmqtt::config::Config;

// 5.0 MQTT-3.14.2-1
#[test]
fn only_the_reasons_of_a_client_can_be_given() {
    let legal = [0, 0x04, 0x80, 0x81, 0x82, 0x83, 0x90, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99];
    for version in BOTH {
        for reason in 0..=u8::MAX {
            let mut rig = Rig::connected(config(version));
            let options = DisconnectOptions { reason: ReasonCode::new(reason), ..Default::default() };
            let result = rig.disconnect_with(options);
            if legal.contains(&reason) {
                // 3.1.1 has no words for a failure.
                let said = usize::from(version == V5 || reason == 0);
                assert_eq!((result, rig.packets.len()), (Ok(()), said), "{reason:#x}");
                continue;
            }
            let error = result.expect_err(&format!("{reason:#x}"));
            let seen = (error.code, error.text.as_deref(), error.statement);
            let expected = (ErrorCode::InvalidArgument, Some("reasonCode"), Some("MQTT-3.14.2-1"));
            assert_eq!(seen, expected, "{reason:#x}");
            assert_eq!((rig.packets.len(), rig.client.state()), (0, ClientState::Connected));
        }
    }
}

// 5.0 MQTT-3.14.2-4
#[test]
fn a_disconnect_that_is_too_long_loses_its_user_properties() {
    for (limit, length) in [(13, 2), (14, 14)] {
        let size = connack().with(PropertyId::MaximumPacketSize, Value::U32(limit));
        let mut rig = Rig::connected_with(config(V5), size);
        let properties = property(PropertyId::UserProperty, Value::Pair("abc", "12"));
        rig.disconnect_with(DisconnectOptions { properties, ..Default::default() }).unwrap();
        assert_eq!(rig.packets[0].len(), length, "{limit}");
    }
}

// MQTT-3.14.4-3, 3.1.1 MQTT-3.14.4-3: only who leaves on purpose takes the Will along.
#[test]
fn no_failure_says_goodbye_with_success() {
    for version in BOTH {
        let failures: [fn(&mut Rig); 5] = [
            |rig| rig.feed(&[0x30, 1, 0]),
            |rig| rig.feed(&[0xf0, 0xff, 0xff, 0xff, 0xff]),
            |rig| rig.advance(200_000),
            |rig| rig.client.terminate(),
            |rig| rig.client.handle_failed(rig.now, wasmqtt::Error::new(ErrorCode::TextFrame)),
        ];
        for fail in failures {
            let mut rig =
                Rig::connected(Config { keep_alive_seconds: 60, reconnect: None, ..config(version) });
            fail(&mut rig);
            rig.drain();
            assert_eq!(rig.asked(), ["close"]);
            let goodbyes: Vec<_> = rig.packets.iter().filter(|packet| packet[0] == 0xe0).collect();
            let kept = |packet: &&Vec<u8>| version == V5 && packet.get(2).is_some_and(|code| *code >= 0x80);
            assert!(goodbyes.iter().all(kept), "{goodbyes:02x?}");
        }
    }
}

// 5.0 MQTT-4.12.0-6, MQTT-4.12.0-7
#[test]
fn without_a_method_there_is_no_auth() {
    let auth = [0xf0, 6, 0x18, 4, 0x15, 0, 1, b'M'];
    for mut rig in [Rig::connecting(config(V5)), Rig::v5()] {
        rig.feed(&auth);
        assert_eq!(rig.sent(), ["DISCONNECT 0x82"]);
    }
    let mut rig = Rig::new(config(V5));
    rig.start();
    rig.opened();
    rig.last_packet(|packet| {
        let Packet::Connect(connect) = packet else { panic!("{packet:?}") };
        assert!(!connect.properties.contains(PropertyId::AuthenticationMethod));
    });
    rig.forget();
    rig.says(connack().with(PropertyId::AuthenticationMethod, Value::Str("M")));
    assert_eq!(rig.sent(), ["DISCONNECT 0x82"], "nor one in CONNACK");
}

// MQTT-3.2.2-15, MQTT-3.15.2-2, MQTT-3.15.2-3: AUTH has no texts that could be left out.
#[test]
fn an_auth_above_the_servers_limit_is_refused() {
    let method = Config { authentication_method: Some("M".into()), ..config(V5) };
    let limited = connack()
        .with(PropertyId::AuthenticationMethod, Value::Str("M"))
        .with(PropertyId::MaximumPacketSize, Value::U32(20));
    let mut rig = Rig::connected_with(method, limited);
    let error = rig.reauthenticate(Some(b"12345678901234")).unwrap_err();
    assert_eq!((error.code, error.limit), (ErrorCode::PacketTooLarge, Some(20)));
    assert!(rig.packets.is_empty());
    rig.reauthenticate(Some(b"123456789")).unwrap();
    assert_eq!(rig.packets, [&b"\xf0\x12\x19\x10\x15\0\x01M\x16\0\x09123456789"[..]]);
}

// MQTT-4.12.0-4
#[test]
fn a_server_may_refuse_in_the_middle_of_an_authentication() {
    let method = Config { authentication_method: Some("M".into()), ..config(V5) };
    let mut rig = Rig::connecting(method);
    rig.feed(&[0xf0, 6, 0x18, 4, 0x15, 0, 1, b'M']);
    rig.authenticate(b"wrong").unwrap();
    rig.forget();
    rig.says(refused(0x87));
    assert_eq!(rig.told(), ["lost: ConnectRefused 0x87; no retry", "closed: ConnectRefused 0x87"]);
    assert_eq!((rig.sent(), rig.asked()), (vec![], vec!["close".into()]));
}

// MQTT-4.12.1-1: only after CONNACK.
#[test]
fn authenticating_again_needs_a_connection() {
    let method = Config { authentication_method: Some("M".into()), ..config(V5) };
    let mut rig = Rig::connecting(method);
    assert_eq!(rig.reauthenticate(None).unwrap_err().code, ErrorCode::NotConnected);
    assert!(rig.sent().is_empty());
}
