//! Plain JavaScript objects for what crosses rarely: what was negotiated, counters, properties.

use crate::client::Stats;
use crate::codec::{Properties, PropertyId, ProtocolVersion};
use crate::connection::Negotiated;
use serde::Serialize;
use wasm_bindgen::prelude::*;

/// Limits that the server left out stand here with the value that the standard gives them.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ServerInfo<'a> {
    subprotocol: &'a str,
    protocol_version: u8,
    session_present: bool,
    client_id: &'a str,
    keep_alive: u16,
    session_expiry_interval: u32,
    receive_maximum: u16,
    maximum_qos: u8,
    retain_available: bool,
    maximum_packet_size: Option<u32>,
    topic_alias_maximum: u16,
    wildcard_subscription_available: bool,
    subscription_identifiers_available: bool,
    shared_subscription_available: bool,
    assigned_client_identifier: Option<&'a str>,
    server_keep_alive: Option<u16>,
    reason_string: Option<&'a str>,
    response_information: Option<&'a str>,
    server_reference: Option<&'a str>,
    authentication_method: Option<&'a str>,
    user_properties: Vec<(&'a str, &'a str)>,
}

/// Properties of a message or of an acknowledgement. Absent ones are absent.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct MessageProperties<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    payload_format_indicator: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message_expiry_interval: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content_type: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_topic: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    correlation_data: Option<Binary<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason_string: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    topic_alias: Option<u16>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    subscription_identifiers: Vec<u32>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    user_properties: Vec<(&'a str, &'a str)>,
}

/// Bytes that become a `Uint8Array` and not a list of numbers.
struct Binary<'a>(&'a [u8]);

impl Serialize for Binary<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(self.0)
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Counters {
    bytes_received: f64,
    bytes_sent: f64,
    messages_received: f64,
    messages_sent: f64,
    duplicates_suppressed: f64,
    retransmissions: f64,
    unknown_acks: f64,
    connections: f64,
    queued_messages: u32,
    queued_bytes: u32,
    in_flight: u32,
    subscriptions: u32,
}

/// What the server has agreed to.
pub(super) fn server_info(negotiated: &Negotiated) -> JsValue {
    let properties = negotiated.properties();
    let limits = &negotiated.limits;
    object(&ServerInfo {
        subprotocol: &negotiated.subprotocol,
        protocol_version: ProtocolVersion::level(negotiated.version),
        session_present: negotiated.session_present,
        client_id: &negotiated.client_id,
        keep_alive: negotiated.keep_alive_seconds,
        session_expiry_interval: negotiated.session_expiry_seconds,
        receive_maximum: limits.receive_maximum,
        maximum_qos: limits.maximum_qos.value(),
        retain_available: limits.retain_available,
        maximum_packet_size: limits.maximum_packet_size,
        topic_alias_maximum: limits.topic_alias_maximum,
        wildcard_subscription_available: limits.wildcard_subscriptions,
        subscription_identifiers_available: limits.subscription_identifiers,
        shared_subscription_available: limits.shared_subscriptions,
        assigned_client_identifier: properties.str(PropertyId::AssignedClientIdentifier),
        server_keep_alive: properties.u16(PropertyId::ServerKeepAlive),
        reason_string: properties.str(PropertyId::ReasonString),
        response_information: properties.str(PropertyId::ResponseInformation),
        server_reference: properties.str(PropertyId::ServerReference),
        authentication_method: properties.str(PropertyId::AuthenticationMethod),
        user_properties: properties.user_properties().collect(),
    })
}

/// The properties of a block that was validated when its packet arrived, or is the page's own and may be anything.
pub(super) fn properties(block: Properties<'_>) -> JsValue {
    object(&MessageProperties {
        payload_format_indicator: block.byte(PropertyId::PayloadFormatIndicator).map(|value| value == 1),
        message_expiry_interval: block.u32(PropertyId::MessageExpiryInterval),
        content_type: block.str(PropertyId::ContentType),
        response_topic: block.str(PropertyId::ResponseTopic),
        correlation_data: block.bytes(PropertyId::CorrelationData).map(Binary),
        reason_string: block.str(PropertyId::ReasonString),
        topic_alias: block.u16(PropertyId::TopicAlias),
        subscription_identifiers: block.subscription_identifiers().collect(),
        user_properties: block.user_properties().collect(),
    })
}

/// Counters as JavaScript numbers, exact up to 2^53.
#[allow(clippy::cast_precision_loss)]
pub(super) fn stats(stats: &Stats) -> JsValue {
    object(&Counters {
        bytes_received: stats.bytes_received as f64,
        bytes_sent: stats.bytes_sent as f64,
        messages_received: stats.messages_received as f64,
        messages_sent: stats.messages_sent as f64,
        duplicates_suppressed: stats.duplicates_suppressed as f64,
        retransmissions: stats.retransmissions as f64,
        unknown_acks: stats.unknown_acks as f64,
        connections: stats.connections as f64,
        queued_messages: stats.queued_messages,
        queued_bytes: stats.queued_bytes,
        in_flight: stats.in_flight,
        subscriptions: stats.subscriptions,
    })
}

fn object(value: &impl Serialize) -> JsValue {
    // Fails only for maps with keys of other types than strings, and there are none here.
    value.serialize(&serde_wasm_bindgen::Serializer::new()).unwrap_or(JsValue::UNDEFINED)
}
