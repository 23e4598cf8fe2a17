//! Leaving a connection in order to come back: for credentials that are about to expire, or while nobody looks.

use super::{Client, Core, Event, Phase, Retry, TransportRequest};
use crate::codec::ReasonCode;
use crate::error::{Error, ErrorCode};
use crate::time::{Instant, Millis};

/// How long messages that are under way may take to end; those that have not by then end on the next connection.
const PATIENCE: Millis = Millis::from_seconds(5);

impl Client {
    /// Leaves the connection in order, as soon as nothing is under way, and connects again at once, which asks for
    /// credentials. Until then, for five seconds at most, messages at QoS 1 and 2 wait in the queue. The Will stays
    /// unpublished and the server keeps the session, if it is one to be kept. It is told as
    /// [`Event::Disconnected`] without an error and counts as no failure.
    ///
    /// Does nothing unless connected, with reconnects allowed, and free to dial.
    pub fn renew(&mut self, now: Instant) {
        let core = &mut self.core;
        let may_return = core.config.reconnect.is_some() && !core.around.suspend();
        if core.phase.live().is_some() && core.closing.is_none() && may_return {
            core.renewal.get_or_insert(now + PATIENCE);
        }
    }
}

impl Core {
    /// Leaves for a renewal, if it is time: nothing is under way, or patience is at its end.
    pub(super) fn renew_when_quiet(&mut self, now: Instant) {
        let is_quiet = self.session.exchanges.is_empty() && self.is_settled();
        if self.renewal.is_some_and(|limit| is_quiet || limit <= now) {
            self.step_aside(now);
        }
    }

    /// Leaves in order, to come back when the surroundings allow it.
    pub(super) fn step_aside(&mut self, now: Instant) {
        if self.phase.live().is_some() {
            self.drop_unstored();
            self.complete_leaving();
            self.write_disconnect(ReasonCode::SUCCESS);
        } else {
            self.clear_out();
        }
        let error = Error::new(ErrorCode::ConnectionClosed);
        self.suspect(now, &error);
        self.let_go(&error);
        self.backoff.on_left(now, &self.config.reconnect.unwrap_or_default());
        if self.around.suspend() {
            self.suspend();
        } else {
            self.phase = Phase::Waiting { until: Some(now) };
            self.show_trying();
        }
        let retry = Retry { delay: Millis::ZERO, attempt: self.backoff.failures() + 1 };
        self.events.push_back(Event::Disconnected { error: None, retry: Some(retry) });
    }

    /// Gives the transport up, with what ends together with it.
    pub(super) fn let_go(&mut self, error: &Error) {
        self.renewal = None;
        self.transport.push_back(TransportRequest::Close);
        self.fail_connection_operations(error);
        self.on_bytes_lost();
        self.session.on_connection_lost();
    }
}
