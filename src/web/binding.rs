//! What JavaScript sees: few exports, synchronous, with numbers for answers.

use super::driver::Driver;
use super::host::EngineHost;
use super::options::{EngineOptions, PublishProperties, RawDisconnect, RawSubscribeOptions, SubscribeFilter};
use super::{fault, objects};
use crate::client::Client;
use crate::codec::{PacketType, Properties, PropertiesBuf, PropertyScope, QoS, ReasonCode};
use crate::session::{Filter, OpId, PayloadSource};
use js_sys::Uint8Array;
use std::rc::Rc;
use wasm_bindgen::prelude::*;

/// One client with its socket and timer. TypeScript wraps it; nothing else should use it.
#[wasm_bindgen]
pub struct MqttEngine {
    driver: Rc<Driver>,
}

/// Payload bytes in JavaScript's memory.
struct JsPayload<'a>(&'a Uint8Array);

impl PayloadSource for JsPayload<'_> {
    fn len(&self) -> usize {
        self.0.length() as usize
    }

    fn copy_to(&self, destination: &mut [u8]) {
        self.0.copy_to(destination);
    }
}

#[wasm_bindgen]
impl MqttEngine {
    /// Makes an engine that does nothing until `start`.
    ///
    /// # Errors
    /// What the host makes of an option out of range.
    #[wasm_bindgen(constructor)]
    pub fn new(host: EngineHost, options: &EngineOptions) -> Result<MqttEngine, JsValue> {
        // 32 bits of entropy from the host.
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let seed = options.seed() as u64;
        let client = options.to_config().and_then(|config| Client::new(config, seed));
        match client {
            Ok(client) => {
                fault::watch(&host);
                Ok(Self { driver: Driver::new(host, client) })
            }
            Err(error) => Err(host.error(&error)),
        }
    }

    /// Starts connecting.
    ///
    /// # Errors
    /// `client-closed`.
    pub fn start(&self) -> Result<(), JsValue> {
        self.driver.command(Client::start)
    }

    /// Publishes; `flags` are the QoS and, times four, the RETAIN flag. Returns the operation.
    ///
    /// # Errors
    /// See [`Client::publish`].
    pub fn publish(
        &self,
        topic: &str,
        payload: &Uint8Array,
        flags: u8,
        properties: Option<PublishProperties>,
    ) -> Result<u32, JsValue> {
        let block = match properties {
            Some(properties) => properties.to_block().map_err(|error| self.driver.host.error(&error))?,
            None => PropertiesBuf::new(),
        };
        let qos = QoS::from_u8(flags & 3).unwrap_or_default();
        let op = self.driver.command(|client, now| {
            client.publish(now, topic, &JsPayload(payload), qos, flags & 4 != 0, block.as_properties())
        })?;
        Ok(op.0)
    }

    /// Subscribes. Returns the operation, then the number of the subscription for each filter.
    ///
    /// # Errors
    /// See [`Client::subscribe`].
    pub fn subscribe(
        &self,
        filters: Vec<SubscribeFilter>,
        options: &RawSubscribeOptions,
    ) -> Result<Vec<u32>, JsValue> {
        let host = &self.driver.host;
        let properties = options.to_block().map_err(|error| host.error(&error))?;
        let options = options.to_options().map_err(|error| host.error(&error))?;
        let texts: Vec<String> = filters.iter().map(SubscribeFilter::filter).collect();
        let filters: Vec<Filter<'_>> = texts.iter().map(|filter| Filter { filter, options }).collect();
        let (op, mut ids) =
            self.driver.command(|client, _| client.subscribe(&filters, properties.as_properties()))?;
        ids.insert(0, op.0);
        Ok(ids)
    }

    /// Ends subscriptions by their numbers. Returns the operation.
    ///
    /// # Errors
    /// `client-closed`.
    pub fn unsubscribe(&self, ids: &[u32]) -> Result<u32, JsValue> {
        Ok(self.driver.command(|client, _| client.unsubscribe(ids))?.0)
    }

    /// Gives an operation up; `true` when it had not been sent and never will be.
    ///
    /// # Errors
    /// `engine-crashed`.
    pub fn cancel(&self, op: u32) -> Result<bool, JsValue> {
        self.driver.enter(|client, _| client.cancel(OpId(op)))
    }

    /// Acknowledges a message by its token.
    ///
    /// # Errors
    /// `engine-crashed`.
    pub fn acknowledge(&self, token: u32, reason_code: u8) -> Result<(), JsValue> {
        self.driver.command(|client, _| {
            client.acknowledge(token.wrapping_sub(1), ReasonCode::new(reason_code));
            Ok(())
        })
    }

    /// Sends PINGREQ. Returns the operation.
    ///
    /// # Errors
    /// `not-connected`, `client-closed`.
    pub fn ping(&self) -> Result<u32, JsValue> {
        Ok(self.driver.command(Client::ping)?.0)
    }

    /// Leaves in order.
    ///
    /// # Errors
    /// See [`Client::disconnect`].
    pub fn disconnect(&self, options: &RawDisconnect) -> Result<(), JsValue> {
        let options = options.to_options().map_err(|error| self.driver.host.error(&error))?;
        self.driver.command(|client, now| client.disconnect(now, options))
    }

    /// Hangs up without DISCONNECT.
    ///
    /// # Errors
    /// `engine-crashed`.
    pub fn terminate(&self) -> Result<(), JsValue> {
        self.driver.command(|client, _| {
            client.terminate();
            Ok(())
        })
    }

    /// Looks at the time: to be called when the page wakes up.
    pub fn wake(&self) {
        self.driver.on_timer();
    }

    /// Sends what the commands and handlers of this turn have left.
    pub fn flush(&self) {
        self.driver.flush();
    }

    /// Counters.
    ///
    /// # Errors
    /// `engine-crashed`.
    pub fn stats(&self) -> Result<JsValue, JsValue> {
        Ok(objects::stats(&self.driver.enter(|client, _| client.stats())?))
    }
}

impl Drop for MqttEngine {
    fn drop(&mut self) {
        fault::unwatch(&self.driver.host);
        self.driver.shut_down();
    }
}

/// The properties of a message from their bytes in the packet.
#[wasm_bindgen(js_name = decodeProperties)]
#[must_use]
pub fn decode_properties(block: &[u8]) -> JsValue {
    let scope = PropertyScope::Packet(PacketType::Publish);
    objects::properties(Properties::validate(block, scope, 0).unwrap_or_default())
}
