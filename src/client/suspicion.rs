//! What connections that end soon after CONNACK hint at: a message that this server never takes, or another client with
//! our Client Identifier.
//!
//! Both are guesses, so they ask for much: five connections in a row, each accepted, each closed by the server within
//! [`ReconnectPolicy::stable_after`](crate::config::ReconnectPolicy::stable_after) and without a reason of its own, with
//! nothing else in between. A failed attempt, an answer that did not come in time or a restart ends the row. And they
//! stay guesses: a link that breaks again and again looks the same, so the client tells of them and goes on.

use super::{Core, Event};
use crate::codec::{PacketId, ProtocolVersion, QoS, ReasonCode};
use crate::error::{Error, ErrorCode};
use crate::rule::rule;
use crate::session::Exchange;
use crate::time::Instant;

/// Connections in a row after which a guess is made.
const ROW: u32 = 5;

/// Close codes of a server that ends for its own sake: going away, service restart, try again later (RFC 6455, 7.4).
const RESTARTS: [u16; 3] = [1001, 1012, 1013];

/// Close codes that say nothing: normal, none given, connection lost (RFC 6455, 7.4). A client that is pushed out of its
/// place by another one sees one of these, unless the server uses the reason code of 5.0; any other code is the server's
/// own word for what it did not like.
const SILENT: [u16; 3] = [1000, 1005, 1006];

/// The latest connections that ended soon.
#[derive(Debug, Default)]
pub(super) struct Suspicion {
    connected_at: Option<Instant>,
    /// The server acknowledged something on this connection.
    answered: bool,
    /// The message that was the first without an acknowledgement each time; `None`: there was none.
    head: Option<u64>,
    /// Connections in a row that ended like this.
    row: u32,
}

impl Suspicion {
    pub(super) fn on_connected(&mut self, now: Instant) {
        (self.connected_at, self.answered) = (Some(now), false);
    }

    pub(super) fn on_answer(&mut self) {
        self.answered = true;
    }

    fn note(&mut self, head: Option<u64>) -> u32 {
        self.row = if self.head == head { self.row + 1 } else { 1 };
        self.head = head;
        self.row
    }
}

impl Core {
    /// Looks at the end of a connection, or of an attempt at one, before anything is forgotten about it.
    pub(super) fn suspect(&mut self, now: Instant, error: &Error) {
        let stable_after = self.config.reconnect.unwrap_or_default().stable_after;
        let lasted = self.suspicion.connected_at.take().map(|since| now.since(since));
        let was_stable = lasted.is_some_and(|lasted| lasted >= stable_after);
        if was_stable {
            self.redirects = 0;
        }
        let head = self.session.exchanges.in_order(Exchange::unanswered_sequence).first().copied();
        if head.is_none() {
            self.suspect_idleness(now, error);
        }
        if lasted.is_none() || was_stable || !is_closed_without_cause(error) {
            self.suspicion.row = 0;
            return;
        }
        let head = head.filter(|_| !self.suspicion.answered);
        let sequence = head.and_then(|id| self.session.exchanges.get(id)?.unanswered_sequence());
        if head.is_none() && !is_silent(error) {
            self.suspicion.row = 0;
            return;
        }
        let row = self.suspicion.note(sequence);
        match head {
            Some(id) if row == self.config.poison_limit => self.give_up(id),
            Some(_) if row == ROW && self.config.poison_limit == 0 => {
                self.events.push_back(Event::Notice(Error::new(ErrorCode::PoisonMessage)));
            }
            // 5.0 has a reason code for it, which some servers do not send, Mosquitto 2.0.11 among them.
            None if row == ROW => {
                let rule = match self.version {
                    ProtocolVersion::V311 => rule!("3.1.1 MQTT-3.1.4-2"),
                    ProtocolVersion::V5 => rule!("MQTT-3.1.4-3"),
                };
                let guess = Error::new(ErrorCode::SessionTakenOver).broke(rule);
                self.events.push_back(Event::Notice(guess));
            }
            Some(_) | None => {}
        }
    }

    /// Ends the exchange of a message without sending it again.
    fn give_up(&mut self, id: PacketId) {
        let Some(Exchange::Publish { publication, .. }) = self.session.exchanges.get_mut(id) else { return };
        let error = publication.explain(Error::new(ErrorCode::PoisonMessage));
        let op = publication.op.take();
        if publication.qos == QoS::ExactlyOnce {
            // The server may hold the identifier, and would take another message under it for this one: PUBCOMP says
            // when it is free (4.3.3).
            self.session.release(id);
        } else {
            self.session.end(id);
        }
        self.fail_sent(op, error);
    }
}

/// Whether the server ended the connection, and said nothing that explains it by something other than what it was sent.
fn is_closed_without_cause(error: &Error) -> bool {
    let closed = error.close_code.is_some_and(|code| !RESTARTS.contains(&code));
    let refused = error.reason.is_some_and(|reason| ABOUT_A_PUBLISH.contains(&reason));
    matches!(error.code, ErrorCode::ConnectionClosed | ErrorCode::TooLargeForServer) && closed
        || error.code == ErrorCode::DisconnectedByServer && refused
}

fn is_silent(error: &Error) -> bool {
    error.close_code.is_some_and(|code| SILENT.contains(&code))
}

/// Reasons of DISCONNECT that may be about a PUBLISH.
const ABOUT_A_PUBLISH: [ReasonCode; 11] = [
    ReasonCode::UNSPECIFIED_ERROR,
    ReasonCode::MALFORMED_PACKET,
    ReasonCode::PROTOCOL_ERROR,
    ReasonCode::IMPLEMENTATION_SPECIFIC_ERROR,
    ReasonCode::TOPIC_NAME_INVALID,
    ReasonCode::RECEIVE_MAXIMUM_EXCEEDED,
    ReasonCode::TOPIC_ALIAS_INVALID,
    ReasonCode::PACKET_TOO_LARGE,
    ReasonCode::PAYLOAD_FORMAT_INVALID,
    ReasonCode::RETAIN_NOT_SUPPORTED,
    ReasonCode::QOS_NOT_SUPPORTED,
];
