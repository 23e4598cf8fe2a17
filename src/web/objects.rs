//! Plain JavaScript objects for what crosses rarely: what was negotiated, counters, properties.
//!
//! Objects are lists of named fields of one type, not structs: the serialiser is then compiled once, and what a list
//! holds can depend on what came.

use crate::client::Stats;
use crate::codec::{Properties, PropertyId, ProtocolVersion, Value};
use crate::connection::Negotiated;
use serde::ser::{Serialize, SerializeMap, Serializer};
use wasm_bindgen::prelude::*;

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

/// An object with these fields, in this order.
struct Object<'a>(Vec<(&'static str, Field<'a>)>);

impl Serialize for Field<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Flag(flag) => serializer.serialize_bool(*flag),
            Self::Number(number) => serializer.serialize_f64(*number),
            Self::Text(text) => serializer.serialize_str(text),
            Self::Bytes(bytes) => serializer.serialize_bytes(bytes),
            Self::Numbers(numbers) => numbers.serialize(serializer),
            Self::Pairs(pairs) => pairs.serialize(serializer),
        }
    }
}

impl Serialize for Object<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, field) in &self.0 {
            map.serialize_entry(name, field)?;
        }
        map.end()
    }
}

impl Object<'_> {
    fn into_js(self) -> JsValue {
        let serializer = serde_wasm_bindgen::Serializer::new().serialize_maps_as_objects(true);
        // Fails only for keys that are no strings.
        self.serialize(&serializer).unwrap_or_default()
    }
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
    Object(fields).into_js()
}

/// The properties of a message or an acknowledgement under their names; absent ones are absent.
pub(super) fn properties(block: Properties<'_>) -> JsValue {
    Object(fields(block)).into_js()
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
    Object(fields.into()).into_js()
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
