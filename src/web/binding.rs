//! What JavaScript sees: few exports, synchronous, with numbers for answers.

use super::driver::{Driver, now};
use super::host::EngineHost;
use super::options::{Options, texts};
use super::{fault, objects};
use crate::client::{Client, Presence, PublishOptions, Stats};
use crate::codec::{PacketType, Properties, PropertyScope, QoS, ReasonCode};
use crate::session::{Filter, OpId, PayloadSource};
use crate::time::Instant;
use js_sys::{Array, Uint8Array};
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::prelude::*;

/// One client with its socket and timer. TypeScript wraps it; nothing else should use it.
#[wasm_bindgen]
pub struct MqttEngine {
    driver: Rc<Driver>,
    slot: RefCell<Box<[u8]>>,
}

/// Topic and payload of a small message.
const SLOT: usize = 4096;

/// Where the payload of a publish lies.
enum Payload<'a> {
    /// In JavaScript's memory.
    Object(&'a Uint8Array),
    Bytes(&'a [u8]),
}

impl PayloadSource for Payload<'_> {
    fn len(&self) -> usize {
        match self {
            Self::Object(object) => object.length() as usize,
            Self::Bytes(bytes) => bytes.len(),
        }
    }

    fn copy_to(&self, destination: &mut [u8]) {
        match self {
            Self::Object(object) => object.copy_to(destination),
            Self::Bytes(bytes) => destination.copy_from_slice(bytes),
        }
    }
}

#[wasm_bindgen]
impl MqttEngine {
    /// Makes an engine that does nothing until `start`.
    ///
    /// # Errors
    /// What the host makes of an option out of range.
    #[wasm_bindgen(constructor)]
    pub fn new(host: EngineHost, options: &Options) -> Result<Self, JsValue> {
        let client = options.to_config().and_then(|config| Client::new(config, options.seed()));
        match client {
            Ok(client) => {
                fault::watch(&host);
                let slot = RefCell::new(vec![0; SLOT].into_boxed_slice());
                Ok(Self { driver: Driver::new(host, client), slot })
            }
            Err(error) => Err(host.error(&error)),
        }
    }

    /// Takes in what the store of a durable client holds: key, record, key and so on; with the time in milliseconds since
    /// 1970. Once, before anything else.
    pub fn restore(&self, records: &Array, unix_time: f64) {
        self.driver.restore(records, unix_time);
    }

    /// The store has done what `onStore` asked for.
    pub fn stored(&self) {
        self.driver.wake(&mut |client: &mut Client, _| client.handle_stored());
    }

    /// The store has not done it. The engine goes on without one.
    #[wasm_bindgen(js_name = storeFailed)]
    pub fn store_failed(&self) {
        self.driver.wake(&mut |client: &mut Client, _| client.handle_store_failed());
    }

    /// The store is empty and can be used: asks to be told everything.
    #[wasm_bindgen(js_name = storeAgain)]
    pub fn store_again(&self) {
        self.driver.wake(&mut |client: &mut Client, _| client.store_again());
    }

    /// Starts connecting.
    ///
    /// # Errors
    /// `client-closed`.
    pub fn start(&self) -> Result<(), JsValue> {
        self.driver.command(&mut |client: &mut Client, now| client.start(now))
    }

    /// Publishes; `flags` are the QoS, times four the RETAIN flag, times eight whether the operation completes when the
    /// packet is first handed over, and times 16 whether it may join another one. `operation` is the caller's number for it:
    /// above 0, and none that is unsettled. `true`: it has joined, and the number is free; see [`Client::publish_with`].
    ///
    /// # Errors
    /// See [`Client::publish`].
    pub fn publish(
        &self,
        operation: u32,
        topic: &str,
        payload: &Uint8Array,
        flags: u8,
        properties: Option<Options>,
    ) -> Result<bool, JsValue> {
        self.publish_as(OpId(operation), topic, &Payload::Object(payload), flags, properties.as_ref())
    }

    /// Where `publishWritten` finds its message: [`SLOT`] bytes of linear memory that stay where they are.
    #[must_use]
    pub fn slot(&self) -> *mut u8 {
        self.slot.borrow_mut().as_mut_ptr()
    }

    /// [`MqttEngine::publish`] of a topic and a payload that lie in the slot, one behind the other.
    ///
    /// # Errors
    /// See [`Client::publish`].
    #[wasm_bindgen(js_name = publishWritten)]
    pub fn publish_written(
        &self,
        operation: u32,
        topic_len: usize,
        payload_len: usize,
        flags: u8,
    ) -> Result<bool, JsValue> {
        let slot = self.slot.borrow();
        let message = slot.get(..topic_len.saturating_add(payload_len));
        let (topic, payload) =
            message.and_then(|message| message.split_at_checked(topic_len)).unwrap_or_default();
        // What is not there, or no text, is an empty topic, which is refused.
        let topic = core::str::from_utf8(topic).unwrap_or_default();
        self.publish_as(OpId(operation), topic, &Payload::Bytes(payload), flags, None)
    }

    /// Subscribes. Returns the number of the subscription for each filter.
    ///
    /// # Errors
    /// See [`Client::subscribe`].
    pub fn subscribe(&self, operation: u32, filters: &Array, options: &Options) -> Result<Vec<u32>, JsValue> {
        let filters = texts(filters);
        let mut numbers = Vec::new();
        self.driver.command(&mut |client: &mut Client, _| {
            let properties = options.to_user_properties()?;
            let options = options.to_subscribe_options()?;
            let filters: Vec<Filter<'_>> = filters.iter().map(|filter| Filter { filter, options }).collect();
            numbers = client.subscribe(OpId(operation), &filters, properties.as_properties())?;
            Ok(())
        })?;
        Ok(numbers)
    }

    /// Ends subscriptions by their numbers.
    ///
    /// # Errors
    /// `invalid-option`, `client-closed`.
    pub fn unsubscribe(&self, operation: u32, ids: &[u32], options: &Options) -> Result<(), JsValue> {
        self.driver.command(&mut |client: &mut Client, _| {
            let properties = options.to_user_properties()?;
            client.unsubscribe(OpId(operation), ids, properties.as_properties())
        })
    }

    /// Gives an operation up; `true` when it had not been sent and never will be.
    ///
    /// # Errors
    /// `engine-crashed`.
    pub fn cancel(&self, operation: u32) -> Result<bool, JsValue> {
        let mut unsent = false;
        self.driver.command(&mut |client: &mut Client, _| {
            unsent = client.cancel(OpId(operation));
            Ok(())
        })?;
        Ok(unsent)
    }

    /// Acknowledges a message by its token.
    ///
    /// # Errors
    /// `engine-crashed`.
    pub fn acknowledge(&self, token: u32, reason_code: u8) -> Result<(), JsValue> {
        let acknowledge = &mut |client: &mut Client, _| {
            client.acknowledge(token.wrapping_sub(1), ReasonCode::new(reason_code));
            Ok(())
        };
        self.driver.command(acknowledge)
    }

    /// Sends PINGREQ.
    ///
    /// # Errors
    /// `not-connected`, `client-closed`.
    pub fn ping(&self, operation: u32) -> Result<(), JsValue> {
        self.driver.command(&mut |client: &mut Client, now| client.ping(OpId(operation), now))
    }

    /// Answers a challenge of the server (4.12); without an answer the connection ends.
    ///
    /// # Errors
    /// `not-connected`, `invalid-argument`.
    pub fn authenticate(&self, data: Option<Vec<u8>>, give_up: bool) -> Result<(), JsValue> {
        let authenticate = &mut |client: &mut Client, now| {
            if give_up {
                client.give_up_authentication(now);
                return Ok(());
            }
            client.authenticate(data.as_deref())
        };
        self.driver.command(authenticate)
    }

    /// Proves the identity again.
    ///
    /// # Errors
    /// See [`Client::reauthenticate`].
    pub fn reauthenticate(&self, operation: u32, data: Option<Vec<u8>>) -> Result<(), JsValue> {
        self.driver
            .command(&mut |client: &mut Client, _| client.reauthenticate(OpId(operation), data.as_deref()))
    }

    /// Connects again with other credentials, in order and when it is quiet.
    ///
    /// # Errors
    /// `engine-crashed`.
    pub fn renew(&self) -> Result<(), JsValue> {
        let renew = &mut |client: &mut Client, now| {
            client.renew(now);
            Ok(())
        };
        self.driver.command(renew)
    }

    /// Leaves in order.
    ///
    /// # Errors
    /// See [`Client::disconnect`].
    pub fn disconnect(&self, options: &Options) -> Result<(), JsValue> {
        let disconnect = &mut |client: &mut Client, now| client.disconnect(now, options.to_disconnect()?);
        self.driver.command(disconnect)
    }

    /// Hangs up without DISCONNECT.
    ///
    /// # Errors
    /// `engine-crashed`.
    pub fn terminate(&self) -> Result<(), JsValue> {
        let terminate = &mut |client: &mut Client, _| {
            client.terminate();
            Ok(())
        };
        self.driver.command(terminate)
    }

    /// Looks at the time and the page: to be called when it wakes up, or changes. `presence`: 0 visible, 1 hidden,
    /// 2 frozen, 3 left.
    pub fn wake(&self, presence: u8, offline: bool) {
        let presence = match presence {
            0 => Presence::Visible,
            1 => Presence::Hidden,
            2 => Presence::Frozen,
            _ => Presence::Left,
        };
        self.driver.wake(&mut |client: &mut Client, now| client.handle_surroundings(now, presence, offline));
    }

    /// Ends the attempt: the page's Content Security Policy forbids the address, which Chromium tells nobody but the
    /// page.
    pub fn block(&self) {
        self.driver.block();
    }

    /// Switches the packet tap on or off.
    pub fn tap(&self, on: bool) {
        self.driver.enter(&mut |client: &mut Client, _| client.tap_packets(on));
    }

    /// Space in linear memory for a WebSocket message of `len` bytes, which the host copies there before it calls
    /// `received`. Null: an engine of this module is on the stack, or this one broke.
    #[must_use]
    pub fn reserve(&self, len: usize) -> *mut u8 {
        self.driver.reserve(len)
    }

    /// Where in a message of `len` bytes the host has to go on to copy, when it has copied what is needed before `filled`.
    #[must_use]
    pub fn needed(&self, filled: usize, len: usize) -> usize {
        self.driver.needed(filled, len)
    }

    /// Reads the message.
    pub fn received(&self, len: usize) {
        self.driver.received(len);
    }

    /// A WebSocket message came that is not binary.
    #[wasm_bindgen(js_name = refuseFrame)]
    pub fn refuse_frame(&self) {
        self.driver.refuse_frame();
    }

    /// Sends what the commands and handlers of this turn have left.
    pub fn flush(&self) {
        self.driver.flush();
    }

    /// Counters; all zero after a crash.
    #[must_use]
    pub fn stats(&self) -> JsValue {
        let mut stats = Stats::default();
        self.driver.enter(&mut |client: &mut Client, _| stats = client.stats());
        objects::stats(&stats)
    }
}

impl MqttEngine {
    fn publish_as(
        &self,
        operation: OpId,
        topic: &str,
        payload: &Payload<'_>,
        flags: u8,
        properties: Option<&Options>,
    ) -> Result<bool, JsValue> {
        let options = PublishOptions {
            qos: QoS::from_u8(flags & 3).unwrap_or_default(),
            retain: flags & 4 != 0,
            until_sent: flags & 8 != 0,
            joins: flags & 16 != 0,
        };
        let mut joined = false;
        // Without properties a message has no expiry, and nothing about it depends on the time.
        let now = properties.map_or(Instant::from_millis(0), |_| now());
        self.driver.command_at(now, &mut |client: &mut Client, now| {
            let block = properties.map(Options::to_publish_properties).transpose()?.unwrap_or_default();
            joined = client.publish_with(operation, now, topic, payload, options, block.as_properties())?;
            Ok(())
        })?;
        Ok(joined)
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
