//! State of exactly one network connection: what was agreed, the clock of its keep-alive, aliases and quota.

#![forbid(unsafe_code)]

mod alias;
mod handshake;
mod keep_alive;
mod limits;

pub(crate) use alias::{AliasUse, InboundAliases, OutboundAliases};
pub use handshake::{Credentials, Negotiated};
pub(crate) use handshake::{Handshake, Rejection, refusal_of_3_1_1};
pub(crate) use keep_alive::{KeepAlive, KeepAliveAction, Silence};
pub use limits::ServerLimits;

use crate::time::{Instant, Millis};
use std::sync::Arc;

/// A connection whose CONNACK was a success.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) negotiated: Arc<Negotiated>,
    pub(crate) keep_alive: KeepAlive,
    pub(crate) inbound_aliases: InboundAliases,
    pub(crate) outbound_aliases: OutboundAliases,
    /// QoS 1 and 2 publishes of this connection that are not acknowledged (4.9).
    in_flight: u16,
}

impl Connection {
    pub(crate) fn new(
        negotiated: Arc<Negotiated>,
        alias_maximum: u16,
        ping_timeout: Millis,
        round_trip: Millis,
        now: Instant,
    ) -> Self {
        Self {
            keep_alive: KeepAlive::new(negotiated.keep_alive_seconds, ping_timeout, round_trip, now),
            inbound_aliases: InboundAliases::new(alias_maximum),
            outbound_aliases: OutboundAliases::new(negotiated.limits.topic_alias_maximum),
            in_flight: 0,
            negotiated,
        }
    }

    /// Whether the server takes another QoS 1 or 2 publish (MQTT-3.3.4-7).
    pub(crate) fn has_quota(&self) -> bool {
        self.in_flight < self.negotiated.limits.receive_maximum
    }

    pub(crate) fn take_quota(&mut self) {
        self.in_flight += 1;
    }

    /// `counted`: the exchange took quota on this connection, and not on an earlier one.
    pub(crate) fn return_quota(&mut self, counted: bool) {
        if counted {
            self.in_flight = self.in_flight.saturating_sub(1);
        }
    }
}
