//! When to ping, and when the silence has lasted too long (3.1.2.10).

use crate::time::{Instant, Millis};

/// What is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeepAliveAction {
    /// Nothing yet.
    None,
    /// Send PINGREQ now.
    Ping,
    /// The server did not answer: the connection is dead.
    Dead,
}

/// How long a suspect connection may take to answer at most, where the ping timeout is not shorter. A connection is
/// suspect when the page woke up, or when its network changed.
const PROBE_TIMEOUT: Millis = Millis::from_seconds(5);

/// The same at least: a radio that has slept too needs its time, however quick the connection was.
const SHORTEST_PROBE: Millis = Millis::new(750);

/// How many round trips it may take in between.
const PROBE_ROUND_TRIPS: u64 = 8;

/// How long a connection has been silent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Silence {
    /// Nothing has left.
    sent: Millis,
    /// Nothing has come in.
    received: Millis,
    /// Neither.
    pub(crate) both: Millis,
}

impl Silence {
    /// The ways to measure it: proxies look at one direction, at the other, or at both.
    pub(crate) fn lengths(self) -> [Millis; 3] {
        [self.sent, self.received, self.both]
    }
}

/// The keep-alive clock of one connection.
///
/// A ping is due when either direction has been silent for three quarters of the Keep Alive: the server closes
/// after one and a half times without a packet from us, and a connection that only carries our own packets would
/// otherwise never show that it is dead.
#[derive(Debug)]
pub(crate) struct KeepAlive {
    since: Instant,
    interval: Option<Millis>,
    timeout: Millis,
    last_sent: Instant,
    last_received: Instant,
    /// The longest silences that were broken.
    outlived: Silence,
    /// What the server took to answer, the last time that was seen.
    round_trip: Millis,
    pinged_at: Option<Instant>,
    answer_by: Option<Instant>,
    /// How long the answer that is awaited may take.
    granted: Millis,
    /// It is awaited from a suspect connection.
    is_suspect: bool,
    /// The page has slept over an answer once. A second time, it will not come.
    asked_again: bool,
}

impl KeepAlive {
    /// `seconds` as in CONNECT or Server Keep Alive; 0 turns it off. `timeout` is how long an answer may take,
    /// `round_trip` what the answer to CONNECT took.
    pub(crate) fn new(seconds: u16, timeout: Millis, round_trip: Millis, now: Instant) -> Self {
        let keep_alive = Millis::from_seconds(u32::from(seconds));
        let interval = (seconds > 0).then(|| Millis::new(keep_alive.get() * 3 / 4));
        let timeout = if seconds > 0 { timeout.min(keep_alive) } else { timeout };
        Self {
            since: now,
            interval,
            timeout,
            last_sent: now,
            last_received: now,
            outlived: Silence::default(),
            round_trip,
            pinged_at: None,
            answer_by: None,
            granted: timeout,
            is_suspect: false,
            asked_again: false,
        }
    }

    /// Pings early enough for something on the way that ends connections after `limit` of silence.
    pub(crate) fn stay_below(&mut self, limit: Millis) {
        let interval = Millis::new(limit.get() * 3 / 4);
        self.interval = self.interval.map(|usual| usual.min(interval));
    }

    /// Whether nothing has come in for so long that it may be dead.
    pub(crate) fn is_quiet(&self, now: Instant) -> bool {
        now.since(self.last_received) >= PROBE_TIMEOUT
    }

    /// When the connection began.
    pub(crate) fn since(&self) -> Instant {
        self.since
    }

    /// The silence that runs.
    pub(crate) fn silence(&self, now: Instant) -> Silence {
        let (sent, received) = (now.since(self.last_sent), now.since(self.last_received));
        Silence { sent, received, both: sent.min(received) }
    }

    /// The longest silences before it.
    pub(crate) fn outlived(&self) -> Silence {
        self.outlived
    }

    pub(crate) fn on_sent(&mut self, now: Instant) {
        let silence = self.silence(now);
        self.outlived.sent = self.outlived.sent.max(silence.sent);
        self.outlived.both = self.outlived.both.max(silence.both);
        self.last_sent = now;
    }

    /// Any byte proves that the server lives, an answer to the ping or not.
    pub(crate) fn on_received(&mut self, now: Instant) {
        let silence = self.silence(now);
        self.outlived.received = self.outlived.received.max(silence.received);
        self.outlived.both = self.outlived.both.max(silence.both);
        self.last_received = now;
        (self.answer_by, self.asked_again, self.is_suspect) = (None, false, false);
    }

    /// The answer to the last ping came.
    pub(crate) fn on_pingresp(&mut self, now: Instant) {
        if let Some(at) = self.pinged_at.take() {
            self.round_trip = now.since(at);
        }
    }

    pub(crate) fn is_on(&self) -> bool {
        self.interval.is_some()
    }

    pub(crate) fn on_ping(&mut self, now: Instant) {
        let late = self.deadline().is_some_and(|at| now.since(at) >= PROBE_TIMEOUT);
        let overslept = self.has_overslept(now);
        self.on_sent(now);
        self.pinged_at = Some(now);
        if overslept {
            (self.answer_by, self.asked_again) = (None, true);
        }
        if self.answer_by.is_none() {
            self.granted = if late || overslept { self.probe_timeout() } else { self.timeout };
            self.answer_by = Some(now + self.granted);
        }
    }

    /// The connection is suspect: the ping that was just sent counts, and none before it, because answers to those may
    /// have been slept over.
    pub(crate) fn hurry(&mut self, now: Instant) {
        (self.granted, self.is_suspect) = (self.probe_timeout(), true);
        self.answer_by = Some(now + self.granted);
    }

    /// Whether it is suspect, and has not answered yet.
    pub(crate) fn is_suspect(&self) -> bool {
        self.is_suspect
    }

    fn probe_timeout(&self) -> Millis {
        let usual = Millis::new(self.round_trip.get().saturating_mul(PROBE_ROUND_TRIPS));
        self.timeout.min(usual.max(SHORTEST_PROBE).min(PROBE_TIMEOUT))
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        match self.answer_by {
            Some(by) => Some(by),
            None => Some(self.last_sent.min(self.last_received) + self.interval?),
        }
    }

    pub(crate) fn poll(&self, now: Instant) -> KeepAliveAction {
        match self.deadline() {
            Some(at) if at <= now && self.answer_by.is_some() && !self.has_overslept(now) => {
                KeepAliveAction::Dead
            }
            Some(at) if at <= now => KeepAliveAction::Ping,
            Some(_) | None => KeepAliveAction::None,
        }
    }

    /// Whether the deadline passed so long ago that the page must have slept, or was busy: the answer may wait in the
    /// socket.
    fn has_overslept(&self, now: Instant) -> bool {
        !self.asked_again && self.answer_by.is_some_and(|by| now.since(by) >= self.granted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Instant {
        Instant::from_millis(millis)
    }

    fn usual(seconds: u16) -> KeepAlive {
        KeepAlive::new(seconds, Millis::new(10_000), Millis::new(100), at(0))
    }

    #[test]
    fn inbound_traffic_alone_does_not_put_the_ping_off() {
        let mut clock = usual(60);
        for second in 1..45 {
            clock.on_received(at(second * 1000));
            assert_eq!(clock.poll(at(second * 1000)), KeepAliveAction::None);
        }
        assert_eq!(clock.poll(at(45_000)), KeepAliveAction::Ping);
    }

    #[test]
    fn outbound_traffic_alone_does_not_hide_a_dead_server() {
        let mut clock = usual(60);
        clock.on_sent(at(44_000));
        assert_eq!(clock.poll(at(45_000)), KeepAliveAction::Ping);
        clock.on_ping(at(45_000));
        clock.on_sent(at(54_000));
        assert_eq!(clock.poll(at(54_999)), KeepAliveAction::None);
        assert_eq!(clock.poll(at(55_000)), KeepAliveAction::Dead);
    }

    #[test]
    fn any_byte_answers_the_ping() {
        let mut clock = usual(60);
        clock.on_ping(at(45_000));
        clock.on_received(at(46_000));
        assert_eq!(clock.deadline(), Some(at(90_000)));
    }

    #[test]
    fn a_late_timer_pings_before_it_gives_up() {
        let clock = usual(60);
        assert_eq!(clock.poll(at(3_600_000)), KeepAliveAction::Ping);
    }

    #[test]
    fn a_page_that_slept_over_the_answer_asks_again() {
        let mut clock = usual(60);
        clock.on_ping(at(45_000));
        assert_eq!(clock.poll(at(3_600_000)), KeepAliveAction::Ping);
        clock.on_ping(at(3_600_000));
        assert_eq!(clock.poll(at(3_600_799)), KeepAliveAction::None);
        assert_eq!(clock.poll(at(3_600_800)), KeepAliveAction::Dead);
    }

    #[test]
    fn zero_turns_it_off() {
        let clock = usual(0);
        assert_eq!(clock.deadline(), None);
        assert_eq!(clock.poll(at(u64::MAX)), KeepAliveAction::None);
    }
}
