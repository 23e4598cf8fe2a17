//! JavaScript options to core configuration, through getters: each costs some fifty bytes, where a deserialiser costs
//! seventeen kilobytes.

use crate::client::DisconnectOptions;
use crate::codec::{
    EncodeError, PropertiesBuf, PropertyId, ProtocolVersion, QoS, ReasonCode, RetainHandling,
    SubscribeOptions, Value,
};
use crate::config::{Config, FirstSession, Overflow, QueueLimits, ReconnectPolicy, VersionPolicy, Will};
use crate::error::{Error, ErrorCode};
use crate::time::Millis;
use js_sys::Uint8Array;
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    /// Options of a client, flattened by the host: see `EngineOptions` in TypeScript.
    pub type EngineOptions;
    #[wasm_bindgen(method, getter, js_name = protocolVersion)]
    fn protocol_version(this: &EngineOptions) -> u8;
    #[wasm_bindgen(method, getter, js_name = clientId)]
    fn client_id(this: &EngineOptions) -> String;
    #[wasm_bindgen(method, getter, js_name = cleanStart)]
    fn clean_start(this: &EngineOptions) -> bool;
    #[wasm_bindgen(method, getter, js_name = sessionExpiryInterval)]
    fn session_expiry_interval(this: &EngineOptions) -> Option<f64>;
    #[wasm_bindgen(method, getter, js_name = keepAlive)]
    fn keep_alive(this: &EngineOptions) -> f64;
    #[wasm_bindgen(method, getter, js_name = connectTimeout)]
    fn connect_timeout(this: &EngineOptions) -> f64;
    #[wasm_bindgen(method, getter, js_name = pingTimeout)]
    fn ping_timeout(this: &EngineOptions) -> f64;
    #[wasm_bindgen(method, getter, js_name = maximumPacketSize)]
    fn maximum_packet_size(this: &EngineOptions) -> f64;
    #[wasm_bindgen(method, getter, js_name = receiveMaximum)]
    fn receive_maximum(this: &EngineOptions) -> f64;
    #[wasm_bindgen(method, getter, js_name = topicAliasMaximum)]
    fn topic_alias_maximum(this: &EngineOptions) -> f64;
    #[wasm_bindgen(method, getter, js_name = requestResponseInformation)]
    fn request_response_information(this: &EngineOptions) -> Option<bool>;
    #[wasm_bindgen(method, getter, js_name = requestProblemInformation)]
    fn request_problem_information(this: &EngineOptions) -> Option<bool>;
    #[wasm_bindgen(method, getter, js_name = userProperties)]
    fn user_properties(this: &EngineOptions) -> Option<Vec<String>>;
    #[wasm_bindgen(method, getter)]
    fn will(this: &EngineOptions) -> Option<RawWill>;
    #[wasm_bindgen(method, getter)]
    fn reconnect(this: &EngineOptions) -> bool;
    #[wasm_bindgen(method, getter, js_name = minDelay)]
    fn min_delay(this: &EngineOptions) -> f64;
    #[wasm_bindgen(method, getter, js_name = maxDelay)]
    fn max_delay(this: &EngineOptions) -> f64;
    #[wasm_bindgen(method, getter)]
    fn factor(this: &EngineOptions) -> f64;
    #[wasm_bindgen(method, getter)]
    fn jitter(this: &EngineOptions) -> f64;
    #[wasm_bindgen(method, getter, js_name = maxAttempts)]
    fn max_attempts(this: &EngineOptions) -> f64;
    #[wasm_bindgen(method, getter, js_name = stableAfter)]
    fn stable_after(this: &EngineOptions) -> f64;
    #[wasm_bindgen(method, getter, js_name = queueMaxMessages)]
    fn queue_max_messages(this: &EngineOptions) -> f64;
    #[wasm_bindgen(method, getter, js_name = queueMaxBytes)]
    fn queue_max_bytes(this: &EngineOptions) -> f64;
    #[wasm_bindgen(method, getter, js_name = queueOverflow)]
    fn queue_overflow(this: &EngineOptions) -> u8;
    #[wasm_bindgen(method, getter, js_name = manualAck)]
    fn manual_ack(this: &EngineOptions) -> bool;
    #[wasm_bindgen(method, getter, js_name = requeueQos2)]
    fn requeue_qos2(this: &EngineOptions) -> bool;
    #[wasm_bindgen(method, getter)]
    pub(super) fn seed(this: &EngineOptions) -> f64;

    /// Properties of a message (3.3.2.3).
    pub type PublishProperties;
    #[wasm_bindgen(method, getter, js_name = payloadFormatIndicator)]
    fn payload_format_indicator(this: &PublishProperties) -> Option<bool>;
    #[wasm_bindgen(method, getter, js_name = messageExpiryInterval)]
    fn message_expiry_interval(this: &PublishProperties) -> Option<f64>;
    #[wasm_bindgen(method, getter, js_name = contentType)]
    fn content_type(this: &PublishProperties) -> Option<String>;
    #[wasm_bindgen(method, getter, js_name = responseTopic)]
    fn response_topic(this: &PublishProperties) -> Option<String>;
    #[wasm_bindgen(method, getter, js_name = correlationData)]
    fn correlation_data(this: &PublishProperties) -> Option<Uint8Array>;
    #[wasm_bindgen(method, getter, js_name = userProperties)]
    fn user_properties_of(this: &PublishProperties) -> Option<Vec<String>>;

    /// A will, with the properties of its message.
    #[wasm_bindgen(extends = PublishProperties)]
    type RawWill;
    #[wasm_bindgen(method, getter)]
    fn topic(this: &RawWill) -> String;
    #[wasm_bindgen(method, getter)]
    fn payload(this: &RawWill) -> Uint8Array;
    #[wasm_bindgen(method, getter)]
    fn flags(this: &RawWill) -> u8;
    #[wasm_bindgen(method, getter, js_name = delayInterval)]
    fn delay_interval(this: &RawWill) -> Option<f64>;

    /// One filter of a subscribe call.
    pub type SubscribeFilter;
    #[wasm_bindgen(method, getter)]
    pub(super) fn filter(this: &SubscribeFilter) -> String;

    /// Options that all filters of a call share.
    pub type RawSubscribeOptions;
    #[wasm_bindgen(method, getter)]
    fn qos(this: &RawSubscribeOptions) -> u8;
    #[wasm_bindgen(method, getter, js_name = noLocal)]
    fn no_local(this: &RawSubscribeOptions) -> bool;
    #[wasm_bindgen(method, getter, js_name = retainAsPublished)]
    fn retain_as_published(this: &RawSubscribeOptions) -> bool;
    #[wasm_bindgen(method, getter, js_name = retainHandling)]
    fn retain_handling(this: &RawSubscribeOptions) -> u8;
    #[wasm_bindgen(method, getter, js_name = userProperties)]
    fn user_properties_in(this: &RawSubscribeOptions) -> Option<Vec<String>>;

    /// How to leave.
    pub type RawDisconnect;
    #[wasm_bindgen(method, getter, js_name = reasonCode)]
    fn reason_code(this: &RawDisconnect) -> u8;
    #[wasm_bindgen(method, getter, js_name = drainTimeout)]
    fn drain_timeout(this: &RawDisconnect) -> f64;
    #[wasm_bindgen(method, getter, js_name = sessionExpiryInterval)]
    fn session_expiry_interval_of(this: &RawDisconnect) -> Option<f64>;
    #[wasm_bindgen(method, getter, js_name = reasonString)]
    fn reason_string(this: &RawDisconnect) -> Option<String>;
    #[wasm_bindgen(method, getter, js_name = userProperties)]
    fn user_properties_at(this: &RawDisconnect) -> Option<Vec<String>>;
}

/// A whole number within the range of its type; anything else is the option's error.
fn whole<T: TryFrom<u64>>(value: f64, name: &str) -> Result<T, Error> {
    let invalid = || Error::named(ErrorCode::InvalidOption, name);
    // 2^53, up to where every whole number has its own double.
    let in_range = (0.0..=9_007_199_254_740_992.0).contains(&value) && value.trunc() == value;
    // In range, so the conversion is exact.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let number = value as u64;
    if in_range { T::try_from(number).map_err(|_| invalid()) } else { Err(invalid()) }
}

fn millis(value: f64, name: &str) -> Result<Millis, Error> {
    whole(value, name).map(Millis::new)
}

/// A share such as 0.5 as a whole number of percent.
fn percent(value: f64, name: &str) -> Result<u32, Error> {
    whole((value * 100.0).round(), name)
}

fn qos(value: u8, name: &str) -> Result<QoS, Error> {
    QoS::from_u8(value).ok_or_else(|| Error::named(ErrorCode::InvalidOption, name))
}

impl EngineOptions {
    /// The configuration that these options mean. Ranges are checked here and in `Config::validate`, not in JavaScript.
    pub(super) fn to_config(&self) -> Result<Config, Error> {
        let defaults = Config::default();
        let reconnect = ReconnectPolicy {
            min_delay: millis(self.min_delay(), "reconnect.minDelay")?,
            max_delay: millis(self.max_delay(), "reconnect.maxDelay")?,
            factor_percent: percent(self.factor(), "reconnect.factor")?,
            jitter_percent: percent(self.jitter(), "reconnect.jitter")?,
            max_attempts: whole(self.max_attempts(), "reconnect.maxAttempts")?,
            stable_after: millis(self.stable_after(), "reconnect.stableAfter")?,
        };
        Ok(Config {
            version: match self.protocol_version() {
                0 => VersionPolicy::Auto,
                4 => VersionPolicy::Only(ProtocolVersion::V311),
                5 => VersionPolicy::Only(ProtocolVersion::V5),
                _ => return Err(Error::named(ErrorCode::InvalidOption, "protocolVersion")),
            },
            client_id: self.client_id(),
            first_session: if self.clean_start() { FirstSession::Clean } else { FirstSession::Adopt },
            session_expiry_seconds: match self.session_expiry_interval() {
                Some(seconds) => whole(seconds, "sessionExpiryInterval")?,
                None => defaults.session_expiry_seconds,
            },
            keep_alive_seconds: whole(self.keep_alive(), "keepAlive")?,
            connect_timeout: millis(self.connect_timeout(), "connectTimeout")?,
            ping_timeout: millis(self.ping_timeout(), "pingTimeout")?,
            maximum_packet_size: whole(self.maximum_packet_size(), "maximumPacketSize")?,
            receive_maximum: whole(self.receive_maximum(), "receiveMaximum")?,
            topic_alias_maximum: whole(self.topic_alias_maximum(), "topicAliasMaximum")?,
            request_response_information: self.request_response_information().unwrap_or(false),
            request_problem_information: self.request_problem_information().unwrap_or(true),
            user_properties: pairs(self.user_properties()),
            will: self.will().map(|will| will.to_will()).transpose()?,
            reconnect: self.reconnect().then_some(reconnect),
            queue: QueueLimits {
                max_messages: whole(self.queue_max_messages(), "offlineQueue.maxMessages")?,
                max_bytes: whole(self.queue_max_bytes(), "offlineQueue.maxBytes")?,
                overflow: match self.queue_overflow() {
                    0 => Overflow::Reject,
                    1 => Overflow::DropOldest,
                    _ => Overflow::DropNewest,
                },
            },
            manual_ack: self.manual_ack(),
            requeue_exactly_once: self.requeue_qos2(),
        })
    }
}

impl RawWill {
    fn to_will(&self) -> Result<Will, Error> {
        let mut properties = self.to_block()?;
        if let Some(seconds) = self.delay_interval() {
            let seconds = Value::U32(whole(seconds, "will.delayInterval")?);
            properties
                .push(PropertyId::WillDelayInterval, seconds)
                .map_err(|error| property_error(error, "will"))?;
        }
        Ok(Will {
            topic: self.topic(),
            payload: self.payload().to_vec(),
            qos: qos(self.flags() & 3, "will.qos")?,
            retain: self.flags() & 4 != 0,
            properties,
        })
    }
}

impl PublishProperties {
    /// The encoded block of these properties.
    pub(super) fn to_block(&self) -> Result<PropertiesBuf, Error> {
        let mut block = PropertiesBuf::new();
        let mut push =
            |id, value: Value<'_>, name| block.push(id, value).map_err(|error| property_error(error, name));
        if let Some(is_text) = self.payload_format_indicator() {
            push(
                PropertyId::PayloadFormatIndicator,
                Value::Byte(u8::from(is_text)),
                "payloadFormatIndicator",
            )?;
        }
        if let Some(seconds) = self.message_expiry_interval() {
            let seconds = whole(seconds, "messageExpiryInterval")?;
            push(PropertyId::MessageExpiryInterval, Value::U32(seconds), "messageExpiryInterval")?;
        }
        if let Some(text) = self.content_type() {
            push(PropertyId::ContentType, Value::Str(&text), "contentType")?;
        }
        if let Some(topic) = self.response_topic() {
            push(PropertyId::ResponseTopic, Value::Str(&topic), "responseTopic")?;
        }
        if let Some(data) = self.correlation_data() {
            push(PropertyId::CorrelationData, Value::Bytes(&data.to_vec()), "correlationData")?;
        }
        push_pairs(&mut block, self.user_properties_of())?;
        Ok(block)
    }
}

impl RawSubscribeOptions {
    pub(super) fn to_options(&self) -> Result<SubscribeOptions, Error> {
        Ok(SubscribeOptions {
            qos: qos(self.qos(), "qos")?,
            no_local: self.no_local(),
            retain_as_published: self.retain_as_published(),
            retain_handling: match self.retain_handling() {
                0 => RetainHandling::Send,
                1 => RetainHandling::SendIfNew,
                2 => RetainHandling::DoNotSend,
                _ => return Err(Error::named(ErrorCode::InvalidOption, "retainHandling")),
            },
        })
    }

    pub(super) fn to_block(&self) -> Result<PropertiesBuf, Error> {
        let mut block = PropertiesBuf::new();
        push_pairs(&mut block, self.user_properties_in())?;
        Ok(block)
    }
}

impl RawDisconnect {
    pub(super) fn to_options(&self) -> Result<DisconnectOptions, Error> {
        let mut properties = PropertiesBuf::new();
        if let Some(text) = self.reason_string() {
            let pushed = properties.push(PropertyId::ReasonString, Value::Str(&text));
            pushed.map_err(|error| property_error(error, "reasonString"))?;
        }
        push_pairs(&mut properties, self.user_properties_at())?;
        Ok(DisconnectOptions {
            reason: ReasonCode::new(self.reason_code()),
            drain: millis(self.drain_timeout(), "timeout")?,
            session_expiry_seconds: match self.session_expiry_interval_of() {
                Some(seconds) => Some(whole(seconds, "sessionExpiryInterval")?),
                None => None,
            },
            properties,
        })
    }
}

fn property_error(error: EncodeError, name: &str) -> Error {
    match error {
        EncodeError::StringTooLong | EncodeError::BinaryTooLong => {
            Error { limit: Some(u32::from(u16::MAX)), ..Error::named(ErrorCode::InvalidOption, name) }
        }
        _ => Error::named(ErrorCode::InvalidOption, name),
    }
}

/// Names and values take turns in the flat list.
fn pairs(flat: Option<Vec<String>>) -> Vec<(String, String)> {
    let mut flat = flat.unwrap_or_default().into_iter();
    core::iter::from_fn(|| Some((flat.next()?, flat.next()?))).collect()
}

fn push_pairs(block: &mut PropertiesBuf, flat: Option<Vec<String>>) -> Result<(), Error> {
    for (name, value) in pairs(flat) {
        let pushed = block.push(PropertyId::UserProperty, Value::Pair(&name, &value));
        pushed.map_err(|error| property_error(error, "userProperties"))?;
    }
    Ok(())
}
