//! Plain JavaScript objects for what crosses rarely: what was negotiated, counters, properties.
//!
//! Objects are lists of named fields of one type: what makes objects of them is then compiled once, and what a list holds
//! can depend on what came.

use crate::client::Stats;
use crate::codec::{Properties, PropertyId, ProtocolVersion, Value};
use crate::connection::Negotiated;
use js_sys::{Array, Uint8Array};
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    /// A plain object.
    #[wasm_bindgen(js_name = Object)]
    type Object;

    #[wasm_bindgen(constructor)]
    fn new() -> Object;

    #[wasm_bindgen(method, indexing_setter)]
    fn set(this: &Object, name: &str, value: &JsValue);
}

/// The value of a field.
enum Field<'a> {
    Flag(bool),
    Number(f64),
    Text(&'a str),
    /// Becomes a `Uint8Array`.
    Bytes(&'a [u8]),
    Numbers(Vec<u32>),
    Pairs(Vec<(&'a str, &'a str)>),
}

impl Field<'_> {
    fn to_js(&self) -> JsValue {
        match self {
            Self::Flag(flag) => (*flag).into(),
            Self::Number(number) => (*number).into(),
            Self::Text(text) => (*text).into(),
            Self::Bytes(bytes) => Uint8Array::from(*bytes).into(),
            Self::Numbers(numbers) => list(numbers, |number| (*number).into()),
            Self::Pairs(pairs) => list(pairs, |(name, value)| list(&[name, value], |text| (**text).into())),
        }
    }
}

fn list<T>(items: &[T], to_js: impl Fn(&T) -> JsValue) -> JsValue {
    let list = Array::new();
    for item in items {
        list.push(&to_js(item));
    }
    list.into()
}

/// An object with these fields, in this order.
fn object(fields: &[(&str, Field<'_>)]) -> JsValue {
    let object = Object::new();
    for (name, field) in fields {
        object.set(name, &field.to_js());
    }
    object.into()
}

/// What the server has agreed to: what it sent, then what holds whether it was sent or not.
pub(super) fn server_info(negotiated: &Negotiated) -> JsValue {
    let limits = &negotiated.limits;
    let mut fields = fields(negotiated.properties());
    fields.extend([
        ("subprotocol", Field::Text(&negotiated.subprotocol)),
        ("protocolVersion", Field::Number(f64::from(ProtocolVersion::level(negotiated.version)))),
        ("sessionPresent", Field::Flag(negotiated.session_present)),
        ("clientId", Field::Text(&negotiated.client_id)),
        ("keepAlive", Field::Number(f64::from(negotiated.keep_alive_seconds))),
        ("sessionExpiryInterval", Field::Number(f64::from(negotiated.session_expiry_seconds))),
        ("receiveMaximum", Field::Number(f64::from(limits.receive_maximum))),
        ("maximumQos", Field::Number(f64::from(limits.maximum_qos.value()))),
        ("retainAvailable", Field::Flag(limits.retain_available)),
        ("topicAliasMaximum", Field::Number(f64::from(limits.topic_alias_maximum))),
        ("wildcardSubscriptionAvailable", Field::Flag(limits.wildcard_subscriptions)),
        ("subscriptionIdentifiersAvailable", Field::Flag(limits.subscription_identifiers)),
        ("sharedSubscriptionAvailable", Field::Flag(limits.shared_subscriptions)),
    ]);
    object(&fields)
}

/// The properties of a message or an acknowledgement under their names; absent ones are absent.
pub(super) fn properties(block: Properties<'_>) -> JsValue {
    object(&fields(block))
}

/// Counters as JavaScript numbers, exact up to 2^53.
#[allow(clippy::cast_precision_loss)]
pub(super) fn stats(stats: &Stats) -> JsValue {
    let counters = [
        ("bytesReceived", stats.bytes_received),
        ("bytesSent", stats.bytes_sent),
        ("messagesReceived", stats.messages_received),
        ("messagesSent", stats.messages_sent),
        ("duplicatesSuppressed", stats.duplicates_suppressed),
        ("retransmissions", stats.retransmissions),
        ("unknownAcks", stats.unknown_acks),
        ("connections", stats.connections),
        ("queuedMessages", u64::from(stats.queued_messages)),
        ("queuedBytes", u64::from(stats.queued_bytes)),
        ("inFlight", u64::from(stats.in_flight)),
        ("subscriptions", u64::from(stats.subscriptions)),
    ];
    let fields = counters.map(|(name, counter)| (name, Field::Number(counter as f64)));
    object(&fields)
}

/// A field for each property. Those that may be repeated become one list.
fn fields(block: Properties<'_>) -> Vec<(&'static str, Field<'_>)> {
    let mut fields = Vec::new();
    for (id, value) in block {
        let Some(name) = name(id) else { continue };
        let field = match value {
            Value::Byte(byte) => Field::Flag(byte == 1),
            Value::U16(number) => Field::Number(f64::from(number)),
            Value::U32(number) => Field::Number(f64::from(number)),
            Value::Str(text) => Field::Text(text),
            Value::Bytes(bytes) => Field::Bytes(bytes),
            Value::VarInt(_) | Value::Pair(..) => continue,
        };
        fields.push((name, field));
    }
    let identifiers: Vec<u32> = block.subscription_identifiers().collect();
    if !identifiers.is_empty() {
        fields.push(("subscriptionIdentifiers", Field::Numbers(identifiers)));
    }
    let pairs: Vec<_> = block.user_properties().collect();
    if !pairs.is_empty() {
        fields.push(("userProperties", Field::Pairs(pairs)));
    }
    fields
}

/// The name of a property in JavaScript. None for what the client itself consumes or always reports.
const fn name(id: PropertyId) -> Option<&'static str> {
    Some(match id {
        PropertyId::PayloadFormatIndicator => "payloadFormatIndicator",
        PropertyId::MessageExpiryInterval => "messageExpiryInterval",
        PropertyId::ContentType => "contentType",
        PropertyId::ResponseTopic => "responseTopic",
        PropertyId::CorrelationData => "correlationData",
        PropertyId::AssignedClientIdentifier => "assignedClientIdentifier",
        PropertyId::AuthenticationMethod => "authenticationMethod",
        PropertyId::AuthenticationData => "authenticationData",
        PropertyId::ServerKeepAlive => "serverKeepAlive",
        PropertyId::ResponseInformation => "responseInformation",
        PropertyId::ServerReference => "serverReference",
        PropertyId::ReasonString => "reasonString",
        PropertyId::TopicAlias => "topicAlias",
        PropertyId::MaximumPacketSize => "maximumPacketSize",
        PropertyId::SubscriptionIdentifier
        | PropertyId::SessionExpiryInterval
        | PropertyId::RequestProblemInformation
        | PropertyId::WillDelayInterval
        | PropertyId::RequestResponseInformation
        | PropertyId::ReceiveMaximum
        | PropertyId::TopicAliasMaximum
        | PropertyId::MaximumQoS
        | PropertyId::RetainAvailable
        | PropertyId::UserProperty
        | PropertyId::WildcardSubscriptionAvailable
        | PropertyId::SubscriptionIdentifierAvailable
        | PropertyId::SharedSubscriptionAvailable => return None,
    })
}
