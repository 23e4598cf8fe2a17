//! Packets in the form in which `valid.json` describes them.

use serde_json::{Map, Value as Json, json};
use wasmqtt::codec::{
    AckKind, ConnAck, Connect, Packet, Properties, PropertyId, ProtocolVersion, Publish, ReasonCode, Reasons,
    SubscribeOptions, Value, Will,
};

use crate::support::hex;

pub(crate) fn render(packet: &Packet<'_>, version: ProtocolVersion) -> Json {
    match packet {
        Packet::Connect(packet) => connect(packet),
        Packet::ConnAck(packet) => connack(packet, version),
        Packet::Publish(packet) => publish(packet),
        Packet::Ack(packet) => {
            let kind = match packet.kind {
                AckKind::PubAck => "PUBACK",
                AckKind::PubRec => "PUBREC",
                AckKind::PubRel => "PUBREL",
                AckKind::PubComp => "PUBCOMP",
            };
            let fields = json!({"type": kind, "packet_id": packet.packet_id.get(), "reason_code": packet.reason.value()});
            with_properties(fields, packet.properties)
        }
        Packet::Subscribe(packet) => {
            let subscriptions: Vec<_> = packet.filters.iter().map(subscription).collect();
            let fields = json!({"type": "SUBSCRIBE", "packet_id": packet.packet_id.get(), "subscriptions": subscriptions});
            with_properties(fields, packet.properties)
        }
        Packet::SubAck(packet) => {
            let fields = json!({"type": "SUBACK", "packet_id": packet.packet_id.get(), "reason_codes": reasons(packet.reasons)});
            with_properties(fields, packet.properties)
        }
        Packet::Unsubscribe(packet) => {
            let filters: Vec<_> = packet.filters.iter().collect();
            let fields =
                json!({"type": "UNSUBSCRIBE", "packet_id": packet.packet_id.get(), "filters": filters});
            with_properties(fields, packet.properties)
        }
        Packet::UnsubAck(packet) => {
            let fields = json!({"type": "UNSUBACK", "packet_id": packet.packet_id.get(), "reason_codes": reasons(packet.reasons)});
            with_properties(fields, packet.properties)
        }
        Packet::PingReq => json!({"type": "PINGREQ"}),
        Packet::PingResp => json!({"type": "PINGRESP"}),
        Packet::Disconnect(packet) => with_properties(
            json!({"type": "DISCONNECT", "reason_code": packet.reason.value()}),
            packet.properties,
        ),
        Packet::Auth(packet) => {
            with_properties(json!({"type": "AUTH", "reason_code": packet.reason.value()}), packet.properties)
        }
    }
}

fn connect(packet: &Connect<'_>) -> Json {
    let mut fields = json!({
        "type": "CONNECT",
        "clean_start": packet.clean_start,
        "keep_alive": packet.keep_alive,
        "client_id": packet.client_id,
    });
    if let Some(username) = packet.username {
        fields["username"] = json!(username);
    }
    if let Some(password) = packet.password {
        fields["password_hex"] = json!(hex(password));
    }
    if let Some(Will { topic, payload, qos, retain, properties }) = packet.will {
        let will = json!({"topic": topic, "payload_hex": hex(payload), "qos": qos.value(), "retain": retain});
        fields["will"] = with_properties(will, properties);
    }
    with_properties(fields, packet.properties)
}

fn connack(packet: &ConnAck<'_>, version: ProtocolVersion) -> Json {
    let code = match version {
        ProtocolVersion::V5 => packet.reason.value(),
        ProtocolVersion::V311 => (0..=5)
            .find(|code| ReasonCode::from_connack_v3(*code) == Some(packet.reason))
            .expect("a return code"),
    };
    let fields = json!({"type": "CONNACK", "session_present": packet.session_present, "reason_code": code});
    with_properties(fields, packet.properties)
}

fn publish(packet: &Publish<'_>) -> Json {
    let mut fields = json!({
        "type": "PUBLISH",
        "dup": packet.dup,
        "qos": packet.qos.value(),
        "retain": packet.retain,
        "topic": packet.topic,
        "payload_hex": hex(packet.payload),
    });
    if let Some(id) = packet.packet_id {
        fields["packet_id"] = json!(id.get());
    }
    with_properties(fields, packet.properties)
}

fn subscription((filter, options): (&str, SubscribeOptions)) -> Json {
    let mut fields = Map::new();
    fields.insert("filter".into(), json!(filter));
    fields.insert("qos".into(), json!(options.qos.value()));
    if options.no_local {
        fields.insert("no_local".into(), json!(true));
    }
    if options.retain_as_published {
        fields.insert("retain_as_published".into(), json!(true));
    }
    let retain_handling = options.retain_handling as u8;
    if retain_handling != 0 {
        fields.insert("retain_handling".into(), json!(retain_handling));
    }
    Json::Object(fields)
}

fn reasons(reasons: Reasons<'_>) -> Vec<u8> {
    assert_eq!(reasons.iter().len(), reasons.len());
    reasons.iter().map(ReasonCode::value).collect()
}

fn with_properties(mut fields: Json, properties: Properties<'_>) -> Json {
    if !properties.is_empty() {
        fields["properties"] = properties.iter().map(|(id, value)| property(id, value)).collect();
    }
    fields
}

fn property(id: PropertyId, value: Value<'_>) -> Json {
    let name = snake_case(&format!("{id:?}"));
    match value {
        Value::Byte(value) => json!([name, value]),
        Value::U16(value) => json!([name, value]),
        Value::U32(value) | Value::VarInt(value) => json!([name, value]),
        Value::Str(value) => json!([name, value]),
        Value::Bytes(value) => json!([name + "_hex", hex(value)]),
        Value::Pair(key, value) => json!([name, [key, value]]),
    }
}

/// `MaximumQoS` → `maximum_qos`.
fn snake_case(name: &str) -> String {
    let mut out = String::new();
    for c in name.replace("QoS", "Qos").chars() {
        if c.is_ascii_uppercase() && !out.is_empty() {
            out.push('_');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}
