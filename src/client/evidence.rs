//! What can be said of a connection when it ends.

use super::{Core, Phase};
use crate::error::{Evidence, Stage};
use crate::time::Instant;

impl Core {
    /// What was seen of the connection, or of the attempt at one; `None` when there is neither.
    pub(super) fn evidence(&self, now: Instant) -> Option<Evidence> {
        let (stage, since, silence) = match &self.phase {
            Phase::Idle | Phase::Waiting { .. } | Phase::Closed => return None,
            Phase::Dialing { deadline } => (Stage::Dialing, *deadline - self.config.connect_timeout, None),
            Phase::Handshaking { deadline, .. } => {
                (Stage::Handshake, *deadline - self.config.connect_timeout, None)
            }
            Phase::Live(connection) => {
                let clock = &connection.keep_alive;
                (Stage::Connected, clock.since(), Some(clock.silence(now).both.get()))
            }
        };
        Some(Evidence {
            stage,
            elapsed_millis: now.since(since).get(),
            attempt: self.backoff.failures() + 1,
            silent_millis: silence,
        })
    }
}
