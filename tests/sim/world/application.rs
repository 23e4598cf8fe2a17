//! What the application asks for, and what the model has to remember of it.

use super::{Fate, World};
use crate::model::Asked;
use wasmqtt::client::{DisconnectOptions, PublishOptions};
use wasmqtt::codec::{Properties, PropertiesBuf, QoS, ReasonCode, SubscribeOptions};
use wasmqtt::session::{Filter, OpId};
use wasmqtt::time::Millis;

impl<F: Fate> World<F> {
    fn next_op(&mut self) -> OpId {
        self.last_op += 1;
        OpId(self.last_op)
    }

    /// Publishes the next message, its number and `padding` bytes being its payload. It may join the one before.
    pub(crate) fn publish(&mut self, qos: QoS, retain: bool, padding: usize, properties: &PropertiesBuf) {
        let number = self.model.upward.add(qos);
        let payload = format!("{number}{}", ".".repeat(padding));
        let topic = format!("upward/{}", number % 3);
        let properties = properties.as_properties();
        let op = self.next_op();
        let options = PublishOptions { qos, retain, joins: true, ..PublishOptions::default() };
        let payload = payload.as_bytes();
        let result = self.client.publish_with(op, self.now, &topic, payload, options, properties);
        self.note(|| format!("publish {number} {qos:?}: {op:?} {result:?}"));
        match result {
            Ok(joined) => self.model.published(op.0, number, joined),
            Err(_) => self.model.upward.records[number].withdrawn = true,
        }
    }

    pub(crate) fn subscribe(&mut self, names: &[&str], qos: QoS) {
        let options = SubscribeOptions { qos, ..SubscribeOptions::default() };
        let filters: Vec<_> = names.iter().map(|filter| Filter { filter, options }).collect();
        let op = self.next_op();
        let result = self.client.subscribe(op, &filters, Properties::EMPTY);
        self.note(|| format!("subscribe {names:?}: {result:?}"));
        // Refused at once: this server has no such subscriptions.
        let Ok(ids) = result else { return };
        let asked: Vec<(String, u32)> = names.iter().map(|name| (*name).into()).zip(ids).collect();
        self.model.wanted.extend(asked.iter().cloned());
        self.model.open.insert(op.0, Asked::Subscribe(asked));
    }

    pub(crate) fn unsubscribe(&mut self, name: &str) {
        let Some(id) = self.model.wanted.remove(name) else { return };
        let op = self.next_op();
        self.client.unsubscribe(op, &[id], Properties::EMPTY).unwrap();
        self.note(|| format!("unsubscribe {name}: {op:?}"));
        self.model.open.insert(op.0, Asked::Unsubscribe);
    }

    pub(crate) fn ping(&mut self) {
        let op = self.next_op();
        if self.client.ping(op, self.now).is_ok() {
            self.model.open.insert(op.0, Asked::Ping);
        }
    }

    pub(crate) fn renew(&mut self) {
        self.note(|| "credentials are about to expire".into());
        self.client.renew(self.now);
    }

    pub(crate) fn reauthenticate(&mut self) {
        let op = self.next_op();
        if self.client.reauthenticate(op, Some(b"again")).is_ok() {
            self.model.open.insert(op.0, Asked::Authenticate);
        }
    }

    pub(crate) fn cancel(&mut self, op: u32) {
        let unsent = self.client.cancel(OpId(op));
        let asked = self.model.open.remove(&op).unwrap();
        self.note(|| format!("cancel {op} {asked:?}: {unsent}"));
        if let (Asked::Publish(numbers), true) = (asked, unsent) {
            for number in numbers {
                // A message that was sent in an earlier session and waits to be published again counts as unsent too.
                let record = &mut self.model.upward.records[number];
                record.withdrawn = record.arrivals == 0;
            }
        }
    }

    pub(crate) fn acknowledge(&mut self, index: usize) {
        let (token, number) = self.tokens.swap_remove(index);
        self.client.acknowledge(token, ReasonCode::SUCCESS);
        self.model.downward.records[number].accepted = true;
    }

    /// Begins to leave, with a second for what is under way.
    pub(crate) fn leave(&mut self) {
        self.note(|| "leave".into());
        let options = DisconnectOptions { drain: Millis::new(1000), ..DisconnectOptions::default() };
        self.client.disconnect(self.now, options).unwrap();
        self.model.leaving = true;
        self.drain();
    }
}
