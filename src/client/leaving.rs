//! The end of a client: in order, when what is under way has had its time, or at once.

use super::{Client, ClientState, Core, Event, Phase, TransportRequest};
use crate::codec::{
    Disconnect, PacketType, PropertiesBuf, PropertyId, ProtocolVersion, ReasonCode, Sender, Value,
};
use crate::error::{Error, ErrorCode};
use crate::rule::rule;
use crate::time::{Instant, Millis};

/// How to leave.
#[derive(Clone, Debug, Default)]
pub struct DisconnectOptions {
    /// Success, or 0x04 to have the Will published (3.14.2.1). 3.1.1 says nothing other than success: there the
    /// connection closes without DISCONNECT, and the server publishes the Will.
    pub reason: ReasonCode,
    /// How long unfinished work may hold up the end; zero leaves at once.
    pub drain: Millis,
    /// A new Session Expiry Interval, in seconds (3.14.2.2.2); 5.0 only. `None` leaves it as it is, or ends a session
    /// whose expiry was not configured, unless the client is durable.
    pub session_expiry_seconds: Option<u32>,
    /// Reason String and User Properties (3.14.2.2).
    pub properties: PropertiesBuf,
}

/// A disconnect that was asked for and lets work in progress finish first.
#[derive(Debug)]
pub(super) struct Closing {
    pub(super) deadline: Instant,
    options: DisconnectOptions,
    /// Its time is up, and only the store holds it up: nothing new is written or read.
    pub(super) is_overdue: bool,
}

impl Client {
    /// Leaves in order: finishes what is under way, sends DISCONNECT, closes (3.14).
    ///
    /// # Errors
    /// `invalid-argument` for a reason that a client may not give (MQTT-3.14.2-1), and for an expiry above zero on a
    /// session that has none (MQTT-3.1.2-23 and 3.14.2.2.2).
    pub fn disconnect(&mut self, now: Instant, mut options: DisconnectOptions) -> Result<(), Error> {
        if !options.reason.allowed_from(Sender::Client, PacketType::Disconnect) {
            return Err(Error::named(ErrorCode::InvalidArgument, "reasonCode").broke(rule!("MQTT-3.14.2-1")));
        }
        let config = &self.core.config;
        // A session that was only meant to outlive reconnects ends here.
        let unasked = config.session_expiry_seconds.is_none()
            && !config.durable
            && options.reason == ReasonCode::SUCCESS;
        let unasked = unasked.then_some(0);
        if let Some(seconds) = options.session_expiry_seconds.or(unasked) {
            if seconds > 0 && config.session_expiry() == 0 {
                return Err(Error::named(ErrorCode::InvalidArgument, "sessionExpiryInterval")
                    .broke(rule!("§3.14.2.2.2")));
            }
            let pushed = options.properties.push(PropertyId::SessionExpiryInterval, Value::U32(seconds));
            debug_assert!(pushed.is_ok(), "INVARIANT: any number of seconds is in range");
        }
        let deadline = now + options.drain;
        self.core.close(Closing { deadline, options, is_overdue: false });
        self.core.fill(now);
        if deadline <= now {
            self.core.on_closing_deadline(now);
        }
        Ok(())
    }

    /// Hangs up at once, without DISCONNECT: the server publishes the Will (3.1.2.5).
    pub fn terminate(&mut self) {
        self.core.terminate();
    }
}

impl Core {
    /// Begins an orderly end; work in progress has until `closing.deadline`.
    fn close(&mut self, closing: Closing) {
        self.renewal = None;
        match self.phase {
            Phase::Live(_) => {
                self.closing = Some(closing);
                self.set_state(ClientState::Closing);
            }
            Phase::Dialing { .. } | Phase::Handshaking { .. } => {
                self.clear_out();
                self.transport.push_back(TransportRequest::Close);
                self.finish(None);
            }
            Phase::Idle | Phase::Waiting { .. } => self.finish(None),
            Phase::Closed => {}
        }
    }

    /// Unfinished work has had its time.
    pub(super) fn on_closing_deadline(&mut self, now: Instant) -> bool {
        let Some(closing) = self.closing.as_mut().filter(|closing| closing.deadline <= now) else {
            return false;
        };
        closing.is_overdue = true;
        self.say_goodbye();
        self.closing.is_none()
    }

    /// Ends a closing client as soon as nothing waits for the server any more.
    pub(super) fn finish_when_drained(&mut self) {
        let Some(closing) = &self.closing else { return };
        let drained = self.unsent.is_empty()
            && self.outbox.ready.unsent.is_empty()
            && self.session.queue.len() == 0
            && self.session.requests.is_empty()
            && self.session.exchanges.is_empty();
        if drained || closing.is_overdue {
            self.say_goodbye();
        }
    }

    /// Sends DISCONNECT, after what was written. As long as that waits for the store, so does the end.
    fn say_goodbye(&mut self) {
        if self.is_settled()
            && let Some(closing) = self.closing.take()
        {
            self.complete_leaving();
            let disconnect = Disconnect {
                reason: closing.options.reason,
                properties: closing.options.properties.as_properties(),
            };
            // In 3.1.1 it has no reason, and always withholds the Will.
            if self.version == ProtocolVersion::V5 || disconnect.reason == ReasonCode::SUCCESS {
                self.write_last(&disconnect);
            }
            self.transport.push_back(TransportRequest::Close);
            self.finish(None);
        }
    }

    /// Hangs up without DISCONNECT, so that the server publishes the Will.
    pub(super) fn terminate(&mut self) {
        if !matches!(self.phase, Phase::Closed) {
            self.clear_out();
            self.transport.push_back(TransportRequest::Close);
            self.finish(None);
        }
    }

    pub(super) fn finish(&mut self, error: Option<Error>) {
        self.phase = Phase::Closed;
        self.closing = None;
        self.fail_everything();
        self.set_state(ClientState::Closed);
        self.events.push_back(Event::Closed(error));
    }
}
