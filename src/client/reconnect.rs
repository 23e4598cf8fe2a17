//! When to connect again: exponential back-off with jitter, and reasons after which trying again is pointless.

use crate::codec::ReasonCode;
use crate::config::ReconnectPolicy;
use crate::error::Error;
use crate::time::{Instant, Millis};

/// A server that is busy or wants us gone for now is left alone for at least this long.
const BUSY_DELAY: Millis = Millis::from_seconds(5);

/// The back-off state of one client.
#[derive(Debug)]
pub(crate) struct Backoff {
    random: u64,
    failures: u32,
    connected_at: Option<Instant>,
}

impl Backoff {
    /// `seed` makes the delays of one client differ from those of all others.
    pub(crate) fn new(seed: u64) -> Self {
        Self { random: seed, failures: 0, connected_at: None }
    }

    pub(crate) fn on_connected(&mut self, now: Instant) {
        self.connected_at = Some(now);
    }

    /// Attempts in a row that did not lead to a stable connection.
    pub(crate) fn failures(&self) -> u32 {
        self.failures
    }

    /// The connection or the attempt at one ended. Returns how long to wait, or `None` when the attempts are used up.
    pub(crate) fn on_lost(
        &mut self,
        now: Instant,
        policy: &ReconnectPolicy,
        error: &Error,
    ) -> Option<Millis> {
        if self.connected_at.take().is_some_and(|at| now.since(at) >= policy.stable_after) {
            self.failures = 0;
        }
        if policy.max_attempts > 0 && self.failures >= policy.max_attempts {
            return None;
        }
        let bound = self.bound(policy);
        self.failures += 1;
        let random = bound.saturating_mul(policy.jitter_percent.into()) / 100;
        let delay = bound - random + self.next_random() % (random + 1);
        Some(Millis::new(if is_busy(error) { delay.max(BUSY_DELAY.get()) } else { delay }))
    }

    fn bound(&self, policy: &ReconnectPolicy) -> u64 {
        let mut bound = policy.min_delay.get();
        for _ in 0..self.failures {
            bound = bound.saturating_mul(u64::from(policy.factor_percent)) / 100;
            if bound >= policy.max_delay.get() {
                return policy.max_delay.get();
            }
            if policy.factor_percent == 100 {
                break;
            }
        }
        bound
    }

    /// SplitMix64: two multiplications, and good enough to spread clients over time.
    fn next_random(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.random;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }
}

fn is_busy(error: &Error) -> bool {
    matches!(
        error.reason,
        Some(
            ReasonCode::SERVER_UNAVAILABLE
                | ReasonCode::SERVER_BUSY
                | ReasonCode::QUOTA_EXCEEDED
                | ReasonCode::CONNECTION_RATE_EXCEEDED
                | ReasonCode::SERVER_SHUTTING_DOWN
                | ReasonCode::ADMINISTRATIVE_ACTION
                | ReasonCode::MAXIMUM_CONNECT_TIME
        )
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorCode;

    fn lost() -> Error {
        Error::new(ErrorCode::ConnectionClosed)
    }

    fn policy() -> ReconnectPolicy {
        ReconnectPolicy { jitter_percent: 0, ..ReconnectPolicy::default() }
    }

    #[test]
    fn delays_double_up_to_the_maximum() {
        let mut backoff = Backoff::new(1);
        let delays: Vec<u64> = (0..8)
            .map(|_| backoff.on_lost(Instant::default(), &policy(), &lost()).expect("no limit").get())
            .collect();
        assert_eq!(delays, [1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]);
    }

    #[test]
    fn only_a_stable_connection_starts_the_delays_over() {
        let mut backoff = Backoff::new(1);
        let at = Instant::from_millis;
        backoff.on_lost(at(0), &policy(), &lost());
        backoff.on_connected(at(1000));
        assert_eq!(backoff.on_lost(at(10_999), &policy(), &lost()), Some(Millis::new(2000)));
        backoff.on_connected(at(20_000));
        assert_eq!(backoff.on_lost(at(30_000), &policy(), &lost()), Some(Millis::new(1000)));
    }

    #[test]
    fn full_jitter_uses_the_whole_range() {
        let policy = ReconnectPolicy::default();
        let delays: Vec<u64> = (0..200)
            .map(|seed| {
                Backoff::new(seed).on_lost(Instant::default(), &policy, &lost()).expect("no limit").get()
            })
            .collect();
        assert!(delays.iter().all(|delay| *delay <= 1000));
        assert!(delays.iter().any(|delay| *delay < 100) && delays.iter().any(|delay| *delay > 900));
    }

    #[test]
    fn attempts_are_counted() {
        let policy = ReconnectPolicy { max_attempts: 2, ..policy() };
        let mut backoff = Backoff::new(1);
        assert!(backoff.on_lost(Instant::default(), &policy, &lost()).is_some());
        assert!(backoff.on_lost(Instant::default(), &policy, &lost()).is_some());
        assert_eq!(backoff.on_lost(Instant::default(), &policy, &lost()), None);
    }

    #[test]
    fn a_busy_server_is_left_alone_for_longer() {
        let mut backoff = Backoff::new(1);
        let busy = Error::refused(ErrorCode::ConnectRefused, ReasonCode::SERVER_BUSY, None);
        assert_eq!(backoff.on_lost(Instant::default(), &policy(), &busy), Some(BUSY_DELAY));
        assert!(!busy.is_terminal());
    }
}
