//! What the application asks for.

use super::publishing::{check_properties, write_publish_header};
use super::subscribing::check_options;
use super::transmit::HIGH_WATER;
use super::{Client, Core, OpKind, Phase};
use crate::codec::{Properties, PropertyId, Publish, QoS, SubscribeOptions};
use crate::config::{Overflow, is_text};
use crate::error::{Error, ErrorCode};
use crate::rule::rule;
use crate::session::{Exchange, Filter, OpId, PayloadSource, Publication, Request, is_of_a_message};
use crate::time::{Instant, Millis};
use crate::topic::{TopicFilter, TopicName};

/// How to publish a message.
#[derive(Clone, Copy, Debug, Default)]
pub struct PublishOptions {
    /// Quality of Service (4.3).
    pub qos: QoS,
    /// RETAIN flag (3.3.1.3).
    pub retain: bool,
    /// Settle the operation when the packet is handed to the transport for the first time, at every QoS. The exchange goes
    /// on; when it fails, a notice tells of it, with the topic as its text.
    pub until_sent: bool,
    /// At QoS 0: settle together with the publish before, if that asked for the same and both leave with the same bytes, at once
    /// or when they have waited. Their fate is one: if a later server refuses the first of those that wait, none is sent.
    pub joins: bool,
}

impl Client {
    /// Publishes a message, now or when there is a connection. The operation `op` settles with its outcome: at QoS 0 when
    /// its bytes are handed to the transport, above that with the server's acknowledgement.
    ///
    /// Section 3.3 and 4.3. `properties` are those of PUBLISH; Topic Alias and Subscription Identifier are the
    /// client's own business and must not be among them. On 3.1.1 a Message Expiry Interval applies to the time in
    /// the queue only; one of 0 means now or never, in both versions. A payload that is said to be UTF-8 has to be.
    ///
    /// # Errors
    /// `invalid-topic`, `invalid-argument`, `packet-too-large`, `not-supported-by-server`, `unsupported-in-version`,
    /// `queue-full`, `client-closed`. Nothing has been accepted then.
    #[expect(
        clippy::too_many_arguments,
        reason = "each is a word of the call, and most callers have all of them"
    )]
    pub fn publish<P: PayloadSource + ?Sized>(
        &mut self,
        op: OpId,
        now: Instant,
        topic: &str,
        payload: &P,
        qos: QoS,
        retain: bool,
        properties: Properties<'_>,
    ) -> Result<(), Error> {
        let options = PublishOptions { qos, retain, ..PublishOptions::default() };
        self.publish_with(op, now, topic, payload, options, properties).map(|_| ())
    }

    /// [`Client::publish`] with more to choose from. `true`: the message [joined](PublishOptions::joins) the last one that
    /// did not, whose operation settles for both; `op` is free.
    ///
    /// # Errors
    /// The same.
    pub fn publish_with<P: PayloadSource + ?Sized>(
        &mut self,
        op: OpId,
        now: Instant,
        topic: &str,
        payload: &P,
        options: PublishOptions,
        properties: Properties<'_>,
    ) -> Result<bool, Error> {
        self.core.ensure_open()?;
        TopicName::parse(topic).map_err(Error::invalid_topic)?;
        if !properties.iter().all(|(id, _)| is_of_a_message(id)) {
            return Err(Error::named(ErrorCode::InvalidArgument, "properties"));
        }
        if is_text(properties) && !is_utf_8(payload) {
            return Err(Error::named(ErrorCode::InvalidArgument, "payload").broke(rule!("§3.3.2.3.2")));
        }
        if self.core.can_write_directly(options.qos) {
            return self.core.write_directly(op, topic, payload, options, properties);
        }
        let joins = options.joins && options.qos == QoS::AtMostOnce && properties.is_empty();
        let Core { session, joinable, config, .. } = &mut self.core;
        if joins && session.queue.join(*joinable, &config.queue, topic, payload, options.retain) {
            return Ok(true);
        }
        *joinable = None;
        self.core.accept(op, now, topic, payload, options, properties)?;
        self.core.joinable = joins.then_some(op);
        Ok(false)
    }

    /// Subscribes to filters in one SUBSCRIBE packet (3.8), now or when there is a connection.
    ///
    /// Returns for each filter the number of its subscription, under which messages arrive from now on; `op` settles with
    /// the server's answer. A filter that is subscribed already keeps its number; SUBSCRIBE is sent for it only when its options
    /// changed. `user_properties` is a block of User Properties.
    ///
    /// # Errors
    /// `invalid-filter` with the filter and the byte, `invalid-argument` for an empty list, `not-supported-by-server` and
    /// `unsupported-in-version` with the index of the filter, `client-closed`. Nothing has been accepted then.
    pub fn subscribe(
        &mut self,
        op: OpId,
        filters: &[Filter<'_>],
        user_properties: Properties<'_>,
    ) -> Result<Vec<u32>, Error> {
        self.core.ensure_open()?;
        if filters.is_empty() || !self.core.session.subscriptions.has_room(filters.len()) {
            return Err(Error::named(ErrorCode::InvalidArgument, "filters"));
        }
        let mut parsed = Vec::with_capacity(filters.len());
        for (index, filter) in (0_u32..).zip(filters) {
            let valid = TopicFilter::parse(filter.filter)
                .map_err(|error| Error::invalid_filter(filter.filter, error))?;
            self.core
                .check_filter(valid, filter.options, user_properties)
                .map_err(|error| error.at(index))?;
            parsed.push((valid, filter.options));
        }
        let ids = self.core.session.subscriptions.want(&parsed, user_properties.as_bytes());
        let request = Request::Subscribe { op: Some(op), ids: ids.clone(), sent: Vec::new() };
        self.core.session.requests.push_back(request);
        self.core.write_requests();
        Ok(ids)
    }

    /// Ends subscriptions (3.10). Their messages stop at once; numbers that are not known are passed over.
    /// `user_properties` is a block of User Properties for UNSUBSCRIBE. Where it cannot be sent, in 3.1.1 or because the
    /// packet would be too large, the server is asked without it, and the operation fails.
    ///
    /// # Errors
    /// `client-closed`.
    pub fn unsubscribe(
        &mut self,
        op: OpId,
        ids: &[u32],
        user_properties: Properties<'_>,
    ) -> Result<(), Error> {
        self.core.ensure_open()?;
        let removed = ids.iter().filter_map(|id| self.core.session.subscriptions.remove(*id));
        let filters: Vec<Box<str>> = removed.map(|entry| entry.filter).collect();
        if filters.is_empty() {
            self.core.complete(super::Completion::new(op, OpKind::Unsubscribe));
        } else {
            let properties = user_properties.as_bytes().into();
            self.core.session.requests.push_back(Request::Unsubscribe { op: Some(op), filters, properties });
            self.core.write_requests();
        }
        Ok(())
    }

    /// Sends PINGREQ (3.12) and measures the round trip.
    ///
    /// # Errors
    /// `not-connected`, `client-closed`.
    pub fn ping(&mut self, op: OpId, now: Instant) -> Result<(), Error> {
        self.core.ensure_open()?;
        if !matches!(self.core.phase, Phase::Live(_)) {
            return Err(Error::new(ErrorCode::NotConnected));
        }
        self.core.write_ping(now, Some(op));
        Ok(())
    }

    /// Gives an operation up: no event tells of it any more. `true` when it had not been sent, and never will be;
    /// otherwise its exchange with the server still runs to its end.
    pub fn cancel(&mut self, op: OpId) -> bool {
        op != OpId::DETACHED && self.core.cancel(op)
    }
}

impl Core {
    pub(super) fn ensure_open(&self) -> Result<(), Error> {
        if self.closing.is_some() || matches!(self.phase, Phase::Closed) {
            return Err(Error::new(ErrorCode::ClientClosed));
        }
        Ok(())
    }

    /// A QoS 0 message need not be kept when it can be written where it leaves from.
    fn can_write_directly(&self, qos: QoS) -> bool {
        qos == QoS::AtMostOnce
            && self.phase.live().is_some()
            && self.buffered() < HIGH_WATER
            && !self.session.queue.holds_back(qos)
    }

    fn write_directly<P: PayloadSource + ?Sized>(
        &mut self,
        op: OpId,
        topic: &str,
        payload: &P,
        options: PublishOptions,
        properties: Properties<'_>,
    ) -> Result<bool, Error> {
        let Some(connection) = self.phase.live_mut() else { return Err(Error::new(ErrorCode::NotConnected)) };
        let packet = Publish { retain: options.retain, topic, properties, ..Publish::default() };
        write_publish_header(&mut self.out, connection, &packet, payload.len(), None)?;
        let start = self.out.len();
        self.out.resize(start + payload.len(), 0);
        if let Some(space) = self.out.get_mut(start..) {
            payload.copy_to(space);
        }
        self.stats.messages_sent += 1;
        let first = self.joinable.map(|op| (op, None));
        if options.joins && first.is_some() && self.unsent.last() == first.as_ref() {
            return Ok(true);
        }
        self.joinable = options.joins.then_some(op);
        self.unsent.push((op, None));
        Ok(false)
    }

    /// Takes a message in, to be sent as soon as its turn comes.
    fn accept<P: PayloadSource + ?Sized>(
        &mut self,
        op: OpId,
        now: Instant,
        topic: &str,
        payload: &P,
        options: PublishOptions,
        properties: Properties<'_>,
    ) -> Result<(), Error> {
        let PublishOptions { qos, retain, until_sent, .. } = options;
        if let Some(connection) = self.phase.live() {
            let negotiated = &connection.negotiated;
            negotiated.limits.check_publish(qos, retain)?;
            check_properties(negotiated.version, properties)?;
        }
        self.check_publish_size(topic, payload.len(), qos, properties)?;
        let mut publication = Publication::new(op, topic, qos, retain, properties, payload);
        publication.sequence = self.session.next_sequence();
        publication.expires = properties
            .u32(PropertyId::MessageExpiryInterval)
            .map(|seconds| now + Millis::from_seconds(seconds));
        publication.until_sent = until_sent;
        self.session.keep(&publication);
        if self.may_send_now(qos) {
            self.send(now, publication);
            Ok(())
        } else {
            self.enqueue(publication)
        }
    }

    fn check_publish_size(
        &self,
        topic: &str,
        payload_len: usize,
        qos: QoS,
        properties: Properties<'_>,
    ) -> Result<(), Error> {
        let limit = self.phase.live().and_then(|connection| connection.negotiated.limits.maximum_packet_size);
        let limit = limit.unwrap_or(crate::config::PROTOCOL_MAXIMUM_PACKET_SIZE);
        // Fixed header, topic and packet identifier at their longest.
        let identifier = if qos == QoS::AtMostOnce { 0 } else { 2 };
        let rest = topic.len()
            + 2
            + identifier
            + properties.as_bytes().len()
            + usize::from(self.version.level() == 5);
        let size = rest.saturating_add(payload_len).saturating_add(2);
        if size > limit as usize {
            return Err(Error::new(ErrorCode::PacketTooLarge).over(limit));
        }
        Ok(())
    }

    fn may_send_now(&self, qos: QoS) -> bool {
        self.phase.live().is_some()
            && !self.session.queue.holds_back(qos)
            && self.buffered() < HIGH_WATER
            && (qos == QoS::AtMostOnce || self.has_quota())
    }

    fn enqueue(&mut self, publication: Publication) -> Result<(), Error> {
        let limits = self.config.queue;
        let size = publication.size();
        if self.session.queue.has_room(&limits, size) {
            self.session.queue.push(publication);
            return Ok(());
        }
        match limits.overflow {
            Overflow::DropNewest => {
                self.fail_publication(&publication, Error::new(ErrorCode::DroppedFromQueue))
            }
            Overflow::DropOldest if size <= limits.max_bytes as usize && limits.max_messages > 0 => {
                while !self.session.queue.has_room(&limits, size) {
                    let Some(oldest) = self.session.queue.pop_oldest() else { break };
                    self.fail_publication(&oldest, Error::new(ErrorCode::DroppedFromQueue));
                }
                self.session.queue.push(publication);
            }
            Overflow::Reject | Overflow::DropOldest => {
                self.session.forget(&publication);
                return Err(Error::new(ErrorCode::QueueFull).over(limits.max_messages));
            }
        }
        Ok(())
    }

    fn check_filter(
        &self,
        filter: TopicFilter<'_>,
        options: SubscribeOptions,
        user_properties: Properties<'_>,
    ) -> Result<(), Error> {
        if filter.is_shared() && options.no_local {
            return Err(Error::named(ErrorCode::InvalidFilter, "noLocal").broke(rule!("MQTT-3.8.3-4")));
        }
        let Some(connection) = self.phase.live() else { return Ok(()) };
        connection.negotiated.limits.check_filter(filter)?;
        check_options(connection.negotiated.version, options, user_properties)
    }

    fn cancel(&mut self, op: OpId) -> bool {
        if let Some(publication) = self.session.queue.remove(op) {
            self.session.forget(&publication);
            return !publication.sent;
        }
        let waiting = self.session.requests.iter().position(|request| request.op() == Some(op));
        if let Some(request) = waiting.and_then(|index| self.session.requests.get_mut(index)) {
            // What was asked of the server still is; a subscription is taken back with `unsubscribe`.
            request.forget_op();
            return false;
        }
        self.forget_unsent(op);
        if let Some(reauthentication) = &mut self.reauthentication {
            reauthentication.op.take_if(|other| *other == op);
        }
        for ping in &mut self.pings {
            ping.take_if(|(other, _)| *other == op);
        }
        for (_, exchange) in self.session.exchanges.iter_mut() {
            match exchange {
                Exchange::Publish { publication, .. } if publication.op == Some(op) => publication.op = None,
                Exchange::Release { op: other, .. } if *other == Some(op) => *other = None,
                Exchange::Request { request, .. } if request.op() == Some(op) => request.forget_op(),
                Exchange::Publish { .. } | Exchange::Release { .. } | Exchange::Request { .. } => {}
            }
        }
        false
    }
}

/// Looks at a payload before anything of it is written, because the header of a PUBLISH may bind an alias.
fn is_utf_8<P: PayloadSource + ?Sized>(payload: &P) -> bool {
    let mut bytes = vec![0; payload.len()];
    payload.copy_to(&mut bytes);
    core::str::from_utf8(&bytes).is_ok()
}
