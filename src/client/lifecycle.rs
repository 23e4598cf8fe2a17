//! From one connection to the next: opening, agreeing, losing, waiting.

use super::{Client, ClientState, Core, Event, Phase, Retry, TransportRequest};
use crate::codec::{ConnAck, ProtocolVersion, ReasonCode, Violation};
use crate::config::{FirstSession, PROTOCOL_MAXIMUM_PACKET_SIZE, VersionPolicy};
use crate::connection::{Connection, Credentials, Handshake, KeepAliveAction, Negotiated, Rejection};
use crate::error::{Error, ErrorCode};
use crate::rule::rule;
use crate::session::Request;
use crate::time::{Instant, Millis};
use std::sync::Arc;

/// Close codes that say what went wrong (RFC 6455, 7.4.1).
const MESSAGE_TOO_BIG: u16 = 1009;
const TLS_HANDSHAKE: u16 = 1015;

/// How a server may refuse a version.
const REFUSALS: [ErrorCode; 3] =
    [ErrorCode::VersionNotSupported, ErrorCode::ClosedBeforeConnack, ErrorCode::TooLargeForServer];

/// How a transport ended on its own.
#[derive(Clone, Copy, Debug, Default)]
pub struct TransportClose<'a> {
    /// Close code of the WebSocket (RFC 6455, 7.4).
    pub code: u16,
    /// Close reason of the WebSocket.
    pub reason: &'a str,
}

impl Client {
    /// Starts connecting. Does nothing when the client has been started before.
    ///
    /// # Errors
    /// `client-closed` after its end.
    pub fn start(&mut self, now: Instant) -> Result<(), Error> {
        match self.core.phase {
            Phase::Idle => {
                self.core.begin_grace(now);
                self.core.dial(now);
            }
            Phase::Dialing { .. } | Phase::Handshaking { .. } | Phase::Live(_) | Phase::Waiting { .. } => {}
            Phase::Closed => return Err(Error::new(ErrorCode::ClientClosed)),
        }
        Ok(())
    }

    /// Whether the next CONNECT can carry these credentials: for a driver to ask before it opens the transport.
    ///
    /// # Errors
    /// `unsupported-in-version` for a password without a user name in 3.1.1 (MQTT-3.1.2-22), `invalid-argument` with the
    /// name of what is too long or holds U+0000. Both are final: `handle_failed` with them ends the client.
    pub fn check_credentials(&self, credentials: Credentials<'_>) -> Result<(), Error> {
        credentials.check(self.core.version)
    }

    /// The transport is open. `offered` are the subprotocols that were asked for, `selected` is what the server
    /// picked; empty for none (MQTT-6.0.0-3).
    pub fn handle_opened<S: AsRef<str>>(
        &mut self,
        now: Instant,
        offered: &[S],
        selected: &str,
        credentials: Credentials<'_>,
    ) {
        if !matches!(self.core.phase, Phase::Dialing { .. }) {
            return;
        }
        let fits = offered.is_empty() || offered.iter().any(|protocol| protocol.as_ref() == selected);
        self.frames.reset();
        if fits {
            self.core.on_opened(now, selected, credentials);
        } else {
            self.core.lose(
                now,
                Error::named(ErrorCode::SubprotocolRejected, selected).broke(rule!("MQTT-6.0.0-4")),
            );
        }
    }

    /// The transport closed, or could not be opened.
    pub fn handle_closed(&mut self, now: Instant, close: TransportClose<'_>) {
        let code = match self.core.phase {
            Phase::Dialing { .. } if close.code == TLS_HANDSHAKE => ErrorCode::TlsFailed,
            Phase::Dialing { .. } => ErrorCode::ConnectFailed,
            _ if close.code == MESSAGE_TOO_BIG => ErrorCode::TooLargeForServer,
            Phase::Handshaking { .. } => ErrorCode::ClosedBeforeConnack,
            Phase::Idle | Phase::Live(_) | Phase::Waiting { .. } | Phase::Closed => {
                ErrorCode::ConnectionClosed
            }
        };
        let text = (!close.reason.is_empty()).then_some(close.reason);
        // Also where the end was ours, and its last packets still waited.
        self.core.clear_out();
        self.core.lose(now, Error::new(code).with_text(text).closed_with(close.code));
    }

    /// The driver cannot go on with this attempt or connection, for a reason of its own.
    pub fn handle_failed(&mut self, now: Instant, error: Error) {
        self.core.lose(now, error);
    }

    /// Time has passed. Early, late and repeated calls are harmless.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.core.on_timeout(now);
    }

    /// When [`Client::handle_timeout`] has to be called; `None`: not before something else happens.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        let phase = match &self.core.phase {
            Phase::Dialing { deadline } | Phase::Handshaking { deadline, .. } => Some(*deadline),
            Phase::Waiting { until } => *until,
            Phase::Live(connection) => connection.keep_alive.deadline(),
            Phase::Idle | Phase::Closed => None,
        };
        let closing = self.core.closing.as_ref().filter(|closing| !closing.is_overdue);
        let closing = closing.map(|closing| closing.deadline);
        let Core { around, challenged, renewal, .. } = &self.core;
        [phase, closing, around.rest_at, *challenged, *renewal, self.core.session.queue.next_expiry()]
            .into_iter()
            .flatten()
            .min()
    }

    /// What to do with the transport, after everything of [`Client::poll_transmit`] has been handed to it.
    pub fn poll_transport(&mut self) -> Option<TransportRequest> {
        self.core.transport.pop_front()
    }
}

impl Core {
    pub(super) fn dial(&mut self, now: Instant) {
        self.phase = Phase::Dialing { deadline: now + self.config.connect_timeout };
        self.transport.push_back(TransportRequest::Open { attempt: self.backoff.failures() + 1 });
        self.show_trying();
    }

    /// On the way to the first connection, or to another one.
    pub(super) fn show_trying(&mut self) {
        self.set_state(if self.connected_before {
            ClientState::Reconnecting
        } else {
            ClientState::Connecting
        });
    }

    fn on_opened(&mut self, now: Instant, subprotocol: &str, credentials: Credentials<'_>) {
        let Phase::Dialing { deadline } = self.phase else { return };
        let handshake = Handshake {
            version: self.version,
            clean_start: self.clean_start(),
            client_id: self.client_id.clone(),
            subprotocol: subprotocol.into(),
            since: now,
        };
        self.redirects += u32::from(core::mem::take(&mut self.redirected));
        self.clear_out();
        let checked = self.config.check_version(self.version).and_then(|()| credentials.check(self.version));
        let written = checked.and_then(|()| {
            // What is left to go wrong is the size of the whole packet.
            let too_large = |_| Error::new(ErrorCode::PacketTooLarge).over(PROTOCOL_MAXIMUM_PACKET_SIZE);
            handshake.write(&self.config, credentials, &mut self.out).map_err(too_large)
        });
        match written {
            Ok(()) => self.phase = Phase::Handshaking { deadline, handshake: Box::new(handshake) },
            Err(error) => self.lose(now, error),
        }
    }

    fn clean_start(&self) -> bool {
        let first = self.config.first_session == FirstSession::Clean;
        match self.version {
            // 3.1.1 requires a clean session of an empty Client Identifier (3.1.1 MQTT-3.1.3-7).
            ProtocolVersion::V311 => first || self.must_start_clean || self.client_id.is_empty(),
            ProtocolVersion::V5 => self.must_start_clean || (first && !self.connected_before),
        }
    }

    pub(super) fn on_connack(&mut self, now: Instant, connack: &ConnAck<'_>) {
        let Phase::Handshaking { handshake, .. } = &self.phase else {
            return self.violate(now, Violation::protocol_error(rule!("MQTT-3.2.0-2"), 0));
        };
        match handshake.accept(&self.config, connack) {
            Ok(negotiated) if negotiated.session_present && !self.may_resume() => {
                self.must_start_clean = true;
                self.violate(now, Violation::protocol_error(rule!("MQTT-3.2.2-4"), 2));
            }
            Ok(negotiated) => {
                let round_trip = now.since(handshake.since);
                self.on_agreed(now, negotiated, round_trip);
            }
            Err(Rejection::Refused(error)) => self.lose(now, error),
            Err(Rejection::Violation(violation)) => self.violate(now, violation),
        }
    }

    /// Whether a session of the server can be ours.
    fn may_resume(&self) -> bool {
        self.has_session || self.config.first_session == FirstSession::Adopt
    }

    fn on_agreed(&mut self, now: Instant, negotiated: Arc<Negotiated>, round_trip: Millis) {
        let session_present = negotiated.session_present;
        self.client_id = negotiated.client_id.clone();
        self.has_session = negotiated.session_expiry_seconds > 0;
        self.connected_before = true;
        self.must_start_clean = false;
        self.refused = None;
        self.backoff.on_connected(now);
        self.suspicion.on_connected(now);
        self.stats.connections += 1;
        let aliases = self.config.topic_alias_maximum;
        let mut connection =
            Connection::new(negotiated.clone(), aliases, self.config.ping_timeout, round_trip, now);
        if let Some(limit) = self.idle.limit {
            connection.keep_alive.stay_below(limit);
        }
        self.phase = Phase::Live(Box::new(connection));
        self.set_state(ClientState::Connected);
        self.events.push_back(Event::Connected(negotiated));
        if session_present {
            for packet_id in self.session.on_resumed() {
                self.write_pubrel(packet_id, ReasonCode::SUCCESS);
            }
        } else {
            self.start_over();
        }
        self.write_requests(); // before anything that is published on the news
    }

    /// The server has no session of ours: subscribe again, publish again what may be published twice.
    fn start_over(&mut self) {
        let remains = self.session.on_lost();
        for op in remains.released {
            self.fail_sent(op, Error::new(ErrorCode::SessionLost));
        }
        let mut requeued = Vec::new();
        for publication in remains.publications {
            if publication.qos == crate::codec::QoS::AtLeastOnce || self.config.requeue_exactly_once {
                requeued.push(publication);
            } else {
                self.fail_publication(&publication, Error::new(ErrorCode::SessionLost));
            }
        }
        self.session.queue.push_front(requeued);
        for ids in self.session.subscriptions.renew().into_iter().rev() {
            self.session.requests.push_front(Request::Subscribe { op: None, ids, sent: Vec::new() });
        }
    }

    /// The server broke a rule: say so where 5.0 allows it, and hang up (4.13.1).
    pub(super) fn violate(&mut self, now: Instant, violation: Violation) {
        self.drop_unstored();
        if self.version == ProtocolVersion::V5 {
            self.write_disconnect(violation.reason);
        }
        self.drop_connection(now, violation.into(), true);
    }

    /// The connection, or the attempt at one, is over.
    pub(super) fn lose(&mut self, now: Instant, error: Error) {
        self.drop_connection(now, error, false);
    }

    pub(super) fn drop_connection(&mut self, now: Instant, mut error: Error, keep_output: bool) {
        let Some(evidence) = self.evidence(now) else { return };
        if self.around.offline && error.code == ErrorCode::ConnectFailed {
            error = error.turned_into(ErrorCode::Offline);
        }
        error = error.observed(evidence, self.refused.take());
        // Somebody waits for a page that has just woken up, and pages do not wake up all at once.
        let at_once = self.phase.live().is_some_and(|connection| connection.keep_alive.is_suspect())
            && error.reason.is_none();
        if !keep_output {
            self.clear_out();
        }
        self.suspect(now, &error);
        self.let_go(&error);
        if self.closing.is_some() {
            return self.finish(None);
        }
        // A server of 3.1.1 refuses 5.0 with a CONNACK, or by hanging up without one.
        let refused = REFUSALS.contains(&error.code);
        if self.config.version == VersionPolicy::Auto && !self.connected_before {
            if refused && self.version == ProtocolVersion::V5 {
                self.version = ProtocolVersion::V311;
                self.refused = Some(error);
                return self.dial(now);
            }
            self.version = ProtocolVersion::V5;
        }
        let (error, delay) = self.next_delay(now, error);
        let delay = delay.map(|delay| if at_once { Millis::ZERO } else { delay });
        let retry = delay.map(|delay| Retry { delay, attempt: self.backoff.failures() + 1 });
        let lost = Event::Disconnected { error: Some(error.clone()), retry };
        match retry {
            Some(_) if self.around.suspend() => {
                self.suspend();
                self.events.push_back(lost);
            }
            Some(Retry { delay, .. }) => {
                self.phase = Phase::Waiting { until: Some(now + delay) };
                self.show_trying();
                self.events.push_back(lost);
            }
            None => {
                self.events.push_back(lost);
                self.finish(Some(error));
            }
        }
    }

    /// When to try again after `error`, which may turn out to be the last one; `None`: not at all.
    fn next_delay(&mut self, now: Instant, error: Error) -> (Error, Option<Millis>) {
        self.redirected = self.config.max_redirects > 0 && error.is_redirect();
        if self.redirected {
            if self.redirects < self.config.max_redirects {
                return (error, Some(Millis::ZERO));
            }
            return (error.turned_into(ErrorCode::TooManyRedirects).over(self.config.max_redirects), None);
        }
        let policy = self.config.reconnect.filter(|_| !error.is_terminal());
        let delay = policy.and_then(|policy| self.backoff.on_lost(now, &policy, &error));
        (error, delay)
    }

    pub(super) fn on_timeout(&mut self, now: Instant) {
        for publication in self.session.queue.take_expired(now) {
            self.fail_publication(&publication, Error::new(ErrorCode::MessageExpired));
        }
        if self.on_closing_deadline(now) {
            return;
        }
        self.rest_when_due(now);
        if self.renewal.is_some_and(|limit| limit <= now) {
            self.step_aside(now);
        }
        let is_connecting = matches!(self.phase, Phase::Handshaking { deadline, .. } if deadline <= now);
        if is_connecting || self.challenged.is_some_and(|at| at <= now) {
            self.give_up_authentication(now, ErrorCode::ProviderTimeout);
        }
        match &mut self.phase {
            Phase::Dialing { deadline } if *deadline <= now => {
                self.lose(now, Error::new(ErrorCode::ConnectTimeout))
            }
            Phase::Handshaking { deadline, .. } if *deadline <= now => {
                self.lose(now, Error::new(ErrorCode::ConnackTimeout));
            }
            Phase::Waiting { until: Some(until) } if *until <= now => self.dial(now),
            Phase::Live(connection) => match connection.keep_alive.poll(now) {
                KeepAliveAction::None => {}
                KeepAliveAction::Ping => self.write_ping(now, None),
                KeepAliveAction::Dead => self.lose(now, Error::new(ErrorCode::KeepAliveTimeout)),
            },
            Phase::Idle
            | Phase::Dialing { .. }
            | Phase::Handshaking { .. }
            | Phase::Waiting { .. }
            | Phase::Closed => {}
        }
    }
}
