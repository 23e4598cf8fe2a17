//! JavaScript options to core configuration.
//!
//! Every option is read by its name through one import. A getter for each would cost fifty bytes of wasm and as many of
//! JavaScript apiece, and a deserialiser seventeen kilobytes; and the name is at hand for the error anyway.

use crate::client::DisconnectOptions;
use crate::codec::{
    EncodeError, PropertiesBuf, PropertyId, ProtocolVersion, QoS, ReasonCode, RetainHandling,
    SubscribeOptions, Value,
};
use crate::config::{Config, FirstSession, Overflow, QueueLimits, ReconnectPolicy, VersionPolicy, Will};
use crate::error::{Error, ErrorCode};
use crate::time::Millis;
use js_sys::{Array, Uint8Array};
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    /// An object of options, checked for types and flattened by the host: see `js/src/boundary.ts`.
    pub type Options;

    #[wasm_bindgen(method, indexing_getter)]
    fn get(this: &Options, name: &str) -> JsValue;
}

/// Long enough for a look at another tab.
const HIDDEN_GRACE: Millis = Millis::from_seconds(30);

/// The largest number up to which every whole number has its own double.
const LARGEST: f64 = 9_007_199_254_740_992.0;

impl Options {
    /// What stands under the last part of a name such as `reconnect.minDelay`; `None` for undefined.
    fn find(&self, name: &str) -> Option<JsValue> {
        let last = name.bytes().rposition(|byte| byte == b'.').map_or(0, |dot| dot + 1);
        let value = self.get(name.get(last..).unwrap_or_default());
        (!value.is_undefined()).then_some(value)
    }

    fn flag(&self, name: &str) -> bool {
        self.find(name).is_some_and(|value| value.is_truthy())
    }

    fn text(&self, name: &str) -> Option<String> {
        self.find(name)?.as_string()
    }

    fn bytes(&self, name: &str) -> Option<Vec<u8>> {
        Some(self.find(name)?.dyn_ref::<Uint8Array>()?.to_vec())
    }

    /// A whole number up to `max`; `None` when it is not given.
    fn number(&self, name: &str, scale: f64, max: u64) -> Result<Option<u64>, Error> {
        let Some(value) = self.find(name) else { return Ok(None) };
        let value = (value.as_f64().unwrap_or(-1.0) * scale).round();
        if !(0.0..=LARGEST).contains(&value) {
            return Err(invalid(name));
        }
        // In range, so the conversion is exact.
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let number = value as u64;
        if number > max {
            Err(invalid(name).over(u32::try_from(max).unwrap_or(u32::MAX)))
        } else {
            Ok(Some(number))
        }
    }

    fn u8(&self, name: &str) -> Result<u8, Error> {
        let number = self.number(name, 1.0, u64::from(u8::MAX))?;
        Ok(number.and_then(|number| u8::try_from(number).ok()).unwrap_or_default())
    }

    fn u16(&self, name: &str) -> Result<u16, Error> {
        let number = self.number(name, 1.0, u64::from(u16::MAX))?;
        Ok(number.and_then(|number| u16::try_from(number).ok()).unwrap_or_default())
    }

    fn u32(&self, name: &str) -> Result<Option<u32>, Error> {
        let number = self.number(name, 1.0, u64::from(u32::MAX))?;
        Ok(number.and_then(|number| u32::try_from(number).ok()))
    }

    fn millis(&self, name: &str) -> Result<Millis, Error> {
        Ok(Millis::new(self.number(name, 1.0, u64::MAX)?.unwrap_or_default()))
    }

    /// A share such as 0.5 as a whole number of percent.
    fn percent(&self, name: &str) -> Result<u32, Error> {
        let number = self.number(name, 100.0, u64::from(u32::MAX))?;
        Ok(number.and_then(|number| u32::try_from(number).ok()).unwrap_or_default())
    }

    fn qos(&self, name: &str) -> Result<QoS, Error> {
        QoS::from_u8(self.u8(name)?).ok_or_else(|| invalid(name))
    }

    /// Names and values, which take turns in a flat list.
    fn user_properties(&self) -> Vec<(String, String)> {
        let mut list = self.find("userProperties").map(|list| texts(&list)).unwrap_or_default().into_iter();
        core::iter::from_fn(|| Some((list.next()?, list.next()?))).collect()
    }

    /// Where the reconnect delays of different clients begin to differ.
    pub(super) fn seed(&self) -> u64 {
        self.number("seed", 1.0, u64::MAX).ok().flatten().unwrap_or_default()
    }

    /// The configuration of a client. Ranges are checked here and in `Config::validate`, not in JavaScript.
    pub(super) fn to_config(&self) -> Result<Config, Error> {
        let reconnect = ReconnectPolicy {
            min_delay: self.millis("reconnect.minDelay")?,
            max_delay: self.millis("reconnect.maxDelay")?,
            factor_percent: self.percent("reconnect.factor")?,
            jitter_percent: self.percent("reconnect.jitter")?,
            max_attempts: self.u32("reconnect.maxAttempts")?.unwrap_or_default(),
            stable_after: self.millis("reconnect.stableAfter")?,
            servers: self.u32("reconnect.servers")?.unwrap_or(1),
        };
        let defaults = Config::default();
        Ok(Config {
            version: match self.u8("protocolVersion")? {
                0 => VersionPolicy::Auto,
                4 => VersionPolicy::Only(ProtocolVersion::V311),
                5 => VersionPolicy::Only(ProtocolVersion::V5),
                _ => return Err(invalid("protocolVersion")),
            },
            client_id: self.text("clientId").unwrap_or_default(),
            first_session: if self.flag("cleanStart") { FirstSession::Clean } else { FirstSession::Adopt },
            session_expiry_seconds: self.u32("sessionExpiryInterval")?,
            keep_alive_seconds: self.u16("keepAlive")?,
            connect_timeout: self.millis("connectTimeout")?,
            ping_timeout: self.millis("pingTimeout")?,
            maximum_packet_size: self.u32("maximumPacketSize")?.unwrap_or(defaults.maximum_packet_size),
            receive_maximum: self.u16("receiveMaximum")?,
            topic_alias_maximum: self.u16("topicAliasMaximum")?,
            request_response_information: self.flag("requestResponseInformation"),
            request_problem_information: self
                .find("requestProblemInformation")
                .is_none_or(|value| value.is_truthy()),
            authentication_method: self.text("authenticationMethod"),
            user_properties: self.user_properties(),
            will: self.find("will").map(|will| will.unchecked_ref::<Self>().to_will()).transpose()?,
            reconnect: self.flag("reconnect").then_some(reconnect),
            max_redirects: self.u32("redirect.maxRedirects")?.unwrap_or_default(),
            poison_limit: self.u32("poisonLimit")?.unwrap_or_default(),
            hidden_grace: self.flag("closeWhenHidden").then_some(HIDDEN_GRACE),
            queue: QueueLimits {
                max_messages: self.u32("offlineQueue.maxMessages")?.unwrap_or(defaults.queue.max_messages),
                max_bytes: self.u32("offlineQueue.maxBytes")?.unwrap_or(defaults.queue.max_bytes),
                overflow: match self.u8("offlineQueue.overflow")? {
                    0 => Overflow::Reject,
                    1 => Overflow::DropOldest,
                    _ => Overflow::DropNewest,
                },
            },
            manual_ack: self.flag("manualAck"),
            requeue_exactly_once: self.flag("requeueQos2"),
            durable: self.flag("durable"),
        })
    }

    fn to_will(&self) -> Result<Will, Error> {
        let mut properties = self.to_publish_properties()?;
        if let Some(seconds) = self.u32("will.delayInterval")? {
            push(&mut properties, PropertyId::WillDelayInterval, Value::U32(seconds), "will.delayInterval")?;
        }
        let flags = self.u8("will.flags")?;
        Ok(Will {
            topic: self.text("topic").unwrap_or_default(),
            payload: self.bytes("payload").unwrap_or_default(),
            qos: QoS::from_u8(flags & 3).ok_or_else(|| invalid("will.qos"))?,
            retain: flags & 4 != 0,
            properties,
        })
    }

    /// Properties of a message (3.3.2.3), encoded.
    pub(super) fn to_publish_properties(&self) -> Result<PropertiesBuf, Error> {
        let mut block = self.to_user_properties()?;
        if let Some(is_text) = self.find("payloadFormatIndicator") {
            let value = Value::Byte(u8::from(is_text.is_truthy()));
            push(&mut block, PropertyId::PayloadFormatIndicator, value, "payloadFormatIndicator")?;
        }
        if let Some(seconds) = self.u32("messageExpiryInterval")? {
            push(
                &mut block,
                PropertyId::MessageExpiryInterval,
                Value::U32(seconds),
                "messageExpiryInterval",
            )?;
        }
        self.push_text(&mut block, PropertyId::ContentType, "contentType")?;
        self.push_text(&mut block, PropertyId::ResponseTopic, "responseTopic")?;
        if let Some(data) = self.bytes("correlationData") {
            push(&mut block, PropertyId::CorrelationData, Value::Bytes(&data), "correlationData")?;
        }
        Ok(block)
    }

    /// Options that all filters of a subscribe call share (3.8.3.1).
    pub(super) fn to_subscribe_options(&self) -> Result<SubscribeOptions, Error> {
        Ok(SubscribeOptions {
            qos: self.qos("qos")?,
            no_local: self.flag("noLocal"),
            retain_as_published: self.flag("retainAsPublished"),
            retain_handling: match self.u8("retainHandling")? {
                0 => RetainHandling::Send,
                1 => RetainHandling::SendIfNew,
                2 => RetainHandling::DoNotSend,
                _ => return Err(invalid("retainHandling")),
            },
        })
    }

    /// How to leave (3.14).
    pub(super) fn to_disconnect(&self) -> Result<DisconnectOptions, Error> {
        let mut properties = self.to_user_properties()?;
        self.push_text(&mut properties, PropertyId::ReasonString, "reasonString")?;
        Ok(DisconnectOptions {
            reason: ReasonCode::new(self.u8("reasonCode")?),
            drain: self.millis("drainTimeout")?,
            session_expiry_seconds: self.u32("sessionExpiryInterval")?,
            properties,
        })
    }

    /// User Properties alone, encoded.
    pub(super) fn to_user_properties(&self) -> Result<PropertiesBuf, Error> {
        let mut block = PropertiesBuf::new();
        for (name, value) in self.user_properties() {
            push(&mut block, PropertyId::UserProperty, Value::Pair(&name, &value), "userProperties")?;
        }
        Ok(block)
    }

    fn push_text(&self, block: &mut PropertiesBuf, id: PropertyId, name: &str) -> Result<(), Error> {
        self.text(name).map_or(Ok(()), |text| push(block, id, Value::Str(&text), name))
    }
}

/// The strings of a JavaScript array.
pub(super) fn texts(list: &JsValue) -> Vec<String> {
    Array::from(list).iter().map(|text| text.as_string().unwrap_or_default()).collect()
}

fn invalid(name: &str) -> Error {
    Error::named(ErrorCode::InvalidOption, name)
}

#[inline(never)]
fn push(block: &mut PropertiesBuf, id: PropertyId, value: Value<'_>, name: &str) -> Result<(), Error> {
    block.push(id, value).map_err(|error| {
        let too_long = matches!(error, EncodeError::StringTooLong | EncodeError::BinaryTooLong);
        if too_long { invalid(name).over(u32::from(u16::MAX)) } else { invalid(name) }
    })
}
