//! Where a client is between two connections.

use crate::connection::{Connection, Handshake};
use crate::time::Instant;

/// Where the current connection stands. What belongs to a phase exists in that phase only.
#[derive(Debug)]
pub(super) enum Phase {
    Idle,
    /// The driver opens the transport.
    Dialing {
        deadline: Instant,
    },
    /// CONNECT was written.
    Handshaking {
        deadline: Instant,
        handshake: Box<Handshake>,
    },
    Live(Box<Connection>),
    /// The next attempt is due at `until`; `None`: when the surroundings allow it.
    Waiting {
        until: Option<Instant>,
    },
    Closed,
}

impl Phase {
    pub(super) fn live(&self) -> Option<&Connection> {
        if let Self::Live(connection) = self { Some(connection) } else { None }
    }

    pub(super) fn live_mut(&mut self) -> Option<&mut Connection> {
        if let Self::Live(connection) = self { Some(connection) } else { None }
    }
}
