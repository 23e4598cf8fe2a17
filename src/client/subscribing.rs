//! SUBSCRIBE and UNSUBSCRIBE, and what the server answers to them (3.8 to 3.11).

use super::{Completion, Core, Fate, OpKind};
use crate::codec::{
    EncodeError, FiltersBuf, NamesBuf, PacketId, Properties, PropertiesBuf, PropertyId, ProtocolVersion,
    ReasonCode, RetainHandling, SubAck, Subscribe, SubscribeOptions, UnsubAck, Unsubscribe, Value, Violation,
};
use crate::connection::ServerLimits;
use crate::error::{Error, ErrorCode};
use crate::rule::rule;
use crate::session::{Exchange, OpId, Request};
use crate::topic::TopicFilter;

/// What one SUBSCRIBE packet carries.
#[derive(Default)]
struct Announcement {
    filters: FiltersBuf,
    properties: PropertiesBuf,
    /// The subscriptions behind `filters`.
    sent: Vec<u32>,
}

impl Core {
    /// Writes waiting SUBSCRIBE and UNSUBSCRIBE packets.
    pub(super) fn write_requests(&mut self) {
        while self.renewal.is_none() && self.phase.live().is_some() && self.session.exchanges.has_free_id() {
            let Some(request) = self.session.requests.pop_front() else { return };
            match request {
                Request::Subscribe { op, ids, sent } => self.write_subscribe(op, ids, !sent.is_empty()),
                Request::Unsubscribe { op, filters, properties } => {
                    self.write_unsubscribe(op, filters, properties);
                }
            }
        }
    }

    fn write_subscribe(&mut self, op: Option<OpId>, ids: Vec<u32>, sent_before: bool) {
        let Some(connection) = self.phase.live() else { return };
        let limits = connection.negotiated.limits;
        let uncertain = sent_before && connection.negotiated.session_present;
        let list = match self.announce(op, &ids, limits, uncertain) {
            Ok(list) => list,
            Err(error) => return self.refuse_subscribe(op, ids, error),
        };
        if list.sent.is_empty() {
            // Everything it asked for was confirmed or given up meanwhile.
            if let Some(op) = op {
                let reasons = self.session.subscriptions.reasons(&ids, &[]);
                self.complete(Completion { reasons, ..Completion::new(op, OpKind::Subscribe) });
            }
            return;
        }
        let request = Request::Subscribe { op, ids, sent: list.sent };
        let (properties, filters) = (list.properties, list.filters);
        let written = self.write_request(request, |packet_id, version, out| {
            let (properties, filters) = (properties.as_properties(), filters.as_filters());
            let packet = Subscribe { packet_id, properties, filters };
            limits.check_size(packet.encoded_len(version).map_err(invalid_filter)?)?;
            packet.encode(version, out).map_err(invalid_filter)
        });
        if let Err((error, Request::Subscribe { op, ids, .. })) = written {
            self.refuse_subscribe(op, ids, error);
        }
    }

    /// The part of `ids` that the server has to hear of. Subscriptions that are renewed and that this server does not
    /// offer end here; a call of the application fails as a whole.
    fn announce(
        &mut self,
        op: Option<OpId>,
        ids: &[u32],
        limits: ServerLimits,
        uncertain: bool,
    ) -> Result<Announcement, Error> {
        let mut list = Announcement::default();
        let mut not_offered: Vec<(u32, Error)> = Vec::new();
        for (index, id) in (0_u32..).zip(ids) {
            let Some(entry) = self.session.subscriptions.get(*id) else { continue };
            let Ok(filter) = TopicFilter::parse(&entry.filter) else { continue };
            if (entry.granted.is_some() && op.is_some()) || list.sent.contains(id) {
                continue;
            }
            let mut options = entry.options;
            if uncertain && options.retain_handling == RetainHandling::Send {
                // Perhaps the server has seen this SUBSCRIBE already: then its retained messages are on their way.
                options.retain_handling = RetainHandling::SendIfNew;
            }
            let block = Properties::from_validated(&entry.properties);
            let checked =
                limits.check_filter(filter).and_then(|()| check_options(self.version, entry.options, block));
            let pushed = checked.and_then(|()| list.filters.push(filter, options).map_err(invalid_filter));
            match pushed {
                Ok(()) => {}
                Err(error) if op.is_some() => return Err(error.at(index)),
                Err(error) => {
                    not_offered.push((*id, error));
                    continue;
                }
            }
            if list.sent.is_empty() {
                list.properties = PropertiesBuf::from_validated(block);
                if limits.subscription_identifiers {
                    let value = Value::VarInt(entry.identifier);
                    // Cannot fail: identifiers are within the range that the table checks.
                    let _in_range = list.properties.push(PropertyId::SubscriptionIdentifier, value);
                }
            }
            list.sent.push(*id);
        }
        for (id, error) in not_offered {
            self.end_subscription(id, op, &error);
        }
        Ok(list)
    }

    /// A SUBSCRIBE cannot be sent to this server.
    fn refuse_subscribe(&mut self, op: Option<OpId>, mut ids: Vec<u32>, error: Error) {
        if op.is_none() && ids.len() > 1 && error.code == ErrorCode::PacketTooLarge {
            // Granted before, by a server that took larger packets: ask for less at once.
            for ids in [ids.split_off(ids.len() / 2), ids] {
                self.session.requests.push_front(Request::Subscribe { op: None, ids, sent: Vec::new() });
            }
            return;
        }
        for id in ids {
            if self.session.subscriptions.get(id).is_some_and(|entry| entry.granted.is_none()) {
                self.end_subscription(id, op, &error);
            }
        }
        self.fail(op, OpKind::Subscribe, error);
    }

    fn write_unsubscribe(&mut self, op: Option<OpId>, filters: Vec<Box<str>>, properties: Box<[u8]>) {
        let Some(connection) = self.phase.live() else { return };
        let limits = connection.negotiated.limits;
        let mut names = NamesBuf::default();
        for filter in &filters {
            // Cannot fail: the filter was in a SUBSCRIBE before.
            let _fits = TopicFilter::parse(filter).map(|filter| names.push(filter));
        }
        let block = PropertiesBuf::from_validated(Properties::from_validated(&properties));
        let request = Request::Unsubscribe { op, filters, properties };
        let written = self.write_request(request, |packet_id, version, out| {
            let (properties, filters) = (block.as_properties(), names.as_names());
            check_user_properties(version, properties)?;
            let packet = Unsubscribe { packet_id, properties, filters };
            limits.check_size(packet.encoded_len(version).map_err(invalid_filter)?)?;
            packet.encode(version, out).map_err(invalid_filter)
        });
        match written {
            Ok(()) => {}
            // The application has no use for the messages any more, so the server hears that all the same.
            Err((error, Request::Unsubscribe { op, filters, properties })) if !properties.is_empty() => {
                self.fail(op, OpKind::Unsubscribe, error);
                self.write_unsubscribe(None, filters, Box::default());
            }
            Err((error, request)) => self.fail_request(&request, error),
        }
    }

    fn write_request(
        &mut self,
        request: Request,
        write: impl FnOnce(PacketId, ProtocolVersion, &mut Vec<u8>) -> Result<(), Error>,
    ) -> Result<(), (Error, Request)> {
        let sequence = self.session.next_sequence();
        let id = match self.session.exchanges.insert(Exchange::Request { request, sequence }) {
            Ok(id) => id,
            // Not reached: a free identifier was seen before.
            Err(Exchange::Request { request, .. }) => {
                return Err((Error::new(ErrorCode::QueueFull), request));
            }
            Err(Exchange::Publish { .. } | Exchange::Release { .. }) => return Ok(()),
        };
        match write(id, self.version, &mut self.out) {
            Ok(()) => Ok(()),
            Err(error) => match self.session.exchanges.remove(id) {
                Some(Exchange::Request { request, .. }) => Err((error, request)),
                Some(Exchange::Publish { .. } | Exchange::Release { .. }) | None => Ok(()),
            },
        }
    }

    pub(super) fn on_suback(&mut self, suback: &SubAck<'_>) -> Result<(), Violation> {
        self.check_asked(suback.properties)?;
        let (op, ids, sent) = match self.session.exchanges.get(suback.packet_id) {
            Some(Exchange::Request { request: Request::Subscribe { op, ids, sent }, .. }) => {
                (*op, ids.clone(), sent.clone())
            }
            Some(_) => return Err(Violation::protocol_error(rule!("MQTT-3.8.4-2"), 0)),
            None => {
                self.stats.unknown_acks += 1;
                return Ok(());
            }
        };
        if suback.reasons.len() != sent.len() {
            return Err(Violation::protocol_error(rule!("MQTT-3.8.4-6"), 0));
        }
        self.session.exchanges.remove(suback.packet_id);
        let mut answers: Vec<(u32, ReasonCode)> = Vec::new();
        for (id, reason) in sent.iter().zip(suback.reasons.iter()) {
            answers.push((*id, reason));
            if reason.is_error() {
                self.end_subscription(*id, op, &Error::refused(ErrorCode::RejectedByServer, reason, None));
            } else if let Some(entry) = self.session.subscriptions.get_mut(*id) {
                entry.granted = Some(reason);
            }
        }
        if let Some(op) = op {
            let reasons = self.session.subscriptions.reasons(&ids, &answers);
            self.settle_request((op, OpKind::Subscribe), suback.packet_id, reasons, suback.properties);
        }
        Ok(())
    }

    pub(super) fn on_unsuback(&mut self, unsuback: &UnsubAck<'_>) -> Result<(), Violation> {
        self.check_asked(unsuback.properties)?;
        let filters = match self.session.exchanges.get(unsuback.packet_id) {
            Some(Exchange::Request { request: Request::Unsubscribe { filters, .. }, .. }) => filters.len(),
            Some(_) => return Err(Violation::protocol_error(rule!("MQTT-3.10.4-4"), 0)),
            None => {
                self.stats.unknown_acks += 1;
                return Ok(());
            }
        };
        if self.version == ProtocolVersion::V5 && unsuback.reasons.len() != filters {
            return Err(Violation::protocol_error(rule!("MQTT-3.11.3-1"), 0));
        }
        if let Some(Exchange::Request { request, .. }) = self.session.exchanges.remove(unsuback.packet_id)
            && let Some(op) = request.op()
        {
            let reasons = unsuback.reasons.iter().collect();
            self.settle_request((op, OpKind::Unsubscribe), unsuback.packet_id, reasons, unsuback.properties);
        }
        Ok(())
    }

    /// The server has answered for every filter; one refusal fails the call.
    fn settle_request(
        &mut self,
        (op, kind): (OpId, OpKind),
        packet_id: PacketId,
        reasons: Vec<ReasonCode>,
        properties: Properties<'_>,
    ) {
        let refusal = (0_u32..).zip(&reasons).find(|(_, reason)| reason.is_error());
        match refusal {
            None => self.complete(Completion {
                packet_id: Some(packet_id),
                reasons,
                properties: properties.as_bytes().into(),
                ..Completion::new(op, kind)
            }),
            Some((index, reason)) => {
                let text = properties.str(PropertyId::ReasonString);
                let error = Error::refused(ErrorCode::RejectedByServer, *reason, text).at(index);
                self.fail_with(Some(op), kind, error, reasons, Fate::Undelivered);
            }
        }
    }
}

/// 3.1.1 has a QoS, no other subscription option and no properties.
pub(super) fn check_options(
    version: ProtocolVersion,
    options: SubscribeOptions,
    user_properties: Properties<'_>,
) -> Result<(), Error> {
    let plain = SubscribeOptions { qos: options.qos, ..SubscribeOptions::default() };
    if version == ProtocolVersion::V311 && options != plain {
        return Err(Error::named(ErrorCode::UnsupportedInVersion, "subscription options"));
    }
    check_user_properties(version, user_properties)
}

fn check_user_properties(version: ProtocolVersion, block: Properties<'_>) -> Result<(), Error> {
    if version == ProtocolVersion::V311 && !block.is_empty() {
        return Err(Error::named(ErrorCode::UnsupportedInVersion, "userProperties"));
    }
    Ok(())
}

fn invalid_filter(error: EncodeError) -> Error {
    if error == EncodeError::PacketTooLarge {
        return Error::new(ErrorCode::PacketTooLarge).over(crate::config::PROTOCOL_MAXIMUM_PACKET_SIZE);
    }
    // Filters were checked when they were asked for; only their options can still be at odds.
    Error::new(ErrorCode::InvalidFilter)
}
