//! What the page around the client allows: nothing is dialled without a network, nor while the page stands still.

use super::{Client, ClientState, Core, Phase};
use crate::error::{Error, ErrorCode};
use crate::time::{Instant, Millis};

/// How much of the page is there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Presence {
    /// Somebody may look at it. Right for hosts that are no page.
    #[default]
    Visible,
    /// It runs, but nobody sees it.
    Hidden,
    /// Its timers and events stand still until it is resumed. The connection stays, and is probed then.
    Frozen,
    /// It was left, for good or until somebody goes back: its connection ends, without a goodbye.
    Left,
}

/// What the driver told last, and what follows from it.
#[derive(Debug, Default)]
pub(super) struct Surroundings {
    presence: Presence,
    pub(super) offline: bool,
    /// When a hidden page has had its grace.
    pub(super) rest_at: Option<Instant>,
    /// It has, and nobody has looked since.
    resting: bool,
    /// By how much the wall clock was ahead of the driver's when both were told last.
    ahead: Option<Millis>,
}

/// How far the wall clock leaves the driver's behind when the machine slept; corrections are smaller, or go back.
const SLEPT: Millis = Millis::from_seconds(3);

impl Surroundings {
    /// Whether attempts have to wait until something changes.
    pub(super) fn suspend(&self) -> bool {
        self.offline || self.resting || self.presence >= Presence::Frozen
    }
}

impl Client {
    /// The page woke up, or something about it changed; telling the same again is harmless and counts as a look at the
    /// time.
    ///
    /// `offline` keeps attempts from being made, except the one of [`Client::start`]: it is a hint, so a driver leaves
    /// it out for servers on the same machine. A change of it, and the end of [`Presence::Frozen`], make the connection
    /// suspect, and so does [`Presence::Visible`] where the server has said nothing for five seconds: a ping goes out at
    /// once, and has eight times as long to be answered as the last answer took, 750 ms to 5 s, or the shorter ping
    /// timeout. A suspect connection that ends is replaced at once.
    pub fn handle_surroundings(&mut self, now: Instant, presence: Presence, offline: bool) {
        self.core.on_surroundings(now, presence, offline);
    }

    /// What the clock on the wall says, in milliseconds since 1970, for drivers whose own clock may stand still while the
    /// machine sleeps: to be told when a timer fires, the page wakes up or bytes came in.
    ///
    /// Once it has gone ahead by some seconds, the connection is suspect. Nothing else follows from it, so that a clock that
    /// goes back, or is set by its user, does no harm.
    pub fn handle_wall_clock(&mut self, now: Instant, unix_millis: u64) {
        let ahead = Instant::from_millis(unix_millis).since(now);
        let before = self.core.around.ahead.replace(ahead);
        if before.is_some_and(|before| ahead.get().saturating_sub(before.get()) > SLEPT.get()) {
            self.core.probe(now);
        }
    }
}

impl Core {
    fn on_surroundings(&mut self, now: Instant, presence: Presence, offline: bool) {
        let around = &mut self.around;
        let is_back = presence < around.presence;
        let suspect = around.offline != offline
            || is_back
                && (around.presence == Presence::Frozen
                    || presence == Presence::Visible
                        && self.phase.live().is_some_and(|live| live.keep_alive.is_quiet(now)));
        (around.presence, around.offline) = (presence, offline);
        if presence == Presence::Visible {
            (around.rest_at, around.resting) = (None, false);
        } else if let Some(grace) = self.config.hidden_grace.filter(|_| !around.resting) {
            let at = now + if presence == Presence::Hidden { grace } else { Millis::ZERO };
            around.rest_at = Some(around.rest_at.map_or(at, |before| before.min(at)));
        }
        if presence == Presence::Left {
            self.lose(now, Error::new(ErrorCode::ConnectionClosed));
        } else if suspect {
            self.probe(now);
        }
        if let Phase::Waiting { until } = self.phase
            && until.is_none() != self.around.suspend()
        {
            if until.is_none() { self.dial(now) } else { self.suspend() }
        }
        self.on_timeout(now);
    }

    /// Asks a suspect connection whether it lives.
    fn probe(&mut self, now: Instant) {
        if self.phase.live().is_some_and(|connection| connection.keep_alive.is_on()) {
            self.write_ping(now, None);
            if let Some(connection) = self.phase.live_mut() {
                connection.keep_alive.hurry(now);
            }
        }
    }

    /// A page that is hidden from the start gets its grace as well.
    pub(super) fn begin_grace(&mut self, now: Instant) {
        (self.around.rest_at, self.around.resting) = (None, false);
        self.on_surroundings(now, self.around.presence, self.around.offline);
    }

    /// Waits for better surroundings in place of a time.
    pub(super) fn suspend(&mut self) {
        self.phase = Phase::Waiting { until: None };
        self.set_state(ClientState::Suspended);
    }

    /// Closes a connection that nobody looks at, in order: the Will stays unpublished, and the session is kept.
    pub(super) fn rest_when_due(&mut self, now: Instant) {
        if self.around.rest_at.is_none_or(|at| now < at) {
            return;
        }
        (self.around.rest_at, self.around.resting) = (None, true);
        match self.phase {
            _ if self.closing.is_some() => {}
            Phase::Idle | Phase::Closed | Phase::Waiting { until: None } => {}
            Phase::Waiting { .. } => self.suspend(),
            Phase::Dialing { .. } | Phase::Handshaking { .. } | Phase::Live(_) => self.step_aside(now),
        }
    }
}
