//! When to connect again: exponential back-off with jitter, and reasons after which trying again is pointless.

use crate::codec::ReasonCode;
use crate::config::ReconnectPolicy;
use crate::error::Error;
use crate::time::{Instant, Millis};

/// A server that is busy or wants us gone for now is left alone for at least this long, and the first time for up to as
/// long again: it may say so to very many clients at once.
const BUSY_DELAY: u64 = 5000;

/// Close codes of servers that are busy or restart: clients shall come back later, and not all at once (RFC 6455, 7.4.1
/// and its registry).
const BUSY_CODES: [u16; 2] = [1012, 1013];

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
        self.on_left(now, policy);
        if policy.max_attempts > 0 && self.failures >= policy.max_attempts {
            return None;
        }
        let mut longest = self.bound(policy);
        let mut shortest = longest - share(longest, policy);
        if is_busy(error) {
            shortest = shortest.max(BUSY_DELAY);
            longest = longest.max(BUSY_DELAY + share(BUSY_DELAY, policy));
        }
        self.failures = self.failures.saturating_add(1);
        Some(Millis::new(shortest + self.next_random() % (longest - shortest).saturating_add(1)))
    }

    /// The connection was left on purpose, which is no failure.
    pub(crate) fn on_left(&mut self, now: Instant, policy: &ReconnectPolicy) {
        if self.connected_at.take().is_some_and(|at| now.since(at) >= policy.stable_after) {
            self.failures = 0;
        }
    }

    /// Grows when all servers of a list have had their turn, so that the next one need not wait for the mistakes of the
    /// others, and none of them is asked more often than a single one would be.
    fn bound(&self, policy: &ReconnectPolicy) -> u64 {
        let mut bound = policy.min_delay.get();
        for _ in 0..self.failures / policy.servers.max(1) {
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

/// The part of a delay that is left to chance.
fn share(delay: u64, policy: &ReconnectPolicy) -> u64 {
    delay.saturating_mul(policy.jitter_percent.into()) / 100
}

fn is_busy(error: &Error) -> bool {
    error.close_code.is_some_and(|code| BUSY_CODES.contains(&code))
        || matches!(
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

    fn busy() -> Error {
        Error::refused(ErrorCode::ConnectRefused, ReasonCode::SERVER_BUSY, None)
    }

    #[test]
    fn a_busy_server_is_left_alone_for_longer() {
        let mut backoff = Backoff::new(1);
        let delays: Vec<_> = (0..5)
            .map(|_| backoff.on_lost(Instant::default(), &policy(), &busy()).expect("no limit").get())
            .collect();
        assert_eq!(delays, [5000, 5000, 5000, 8000, 16_000]);
        assert!(!busy().is_terminal());
    }

    // A server that is overwhelmed says so to everybody within the same moment.
    #[test]
    fn clients_of_a_busy_server_come_back_spread_over_time() {
        let policy = ReconnectPolicy::default();
        let mut tenths = [0; 50];
        for seed in 0..5000 {
            let delay = Backoff::new(seed).on_lost(Instant::default(), &policy, &busy()).expect("no limit");
            let tenth = usize::try_from((delay.get() - BUSY_DELAY) / 100).expect("a small number");
            tenths[tenth.min(49)] += 1;
        }
        assert!(tenths.iter().all(|clients| (50..200).contains(clients)), "{tenths:?}");
    }

    #[test]
    fn a_long_wait_for_a_busy_server_has_its_ordinary_bound() {
        for seed in 0..500 {
            let mut backoff = Backoff::new(seed);
            backoff.failures = 20;
            let delay = backoff.on_lost(Instant::default(), &ReconnectPolicy::default(), &busy());
            assert!((5000..=60_000).contains(&delay.expect("no limit").get()));
        }
    }

    #[test]
    fn the_close_codes_of_a_restart_are_a_busy_server_too() {
        for (code, delay) in [(1011, 1000), (1012, 5000), (1013, 5000), (1006, 1000)] {
            let error = lost().closed_with(code);
            let given = Backoff::new(1).on_lost(Instant::default(), &policy(), &error);
            assert_eq!(given, Some(Millis::new(delay)), "{code}");
        }
    }

    #[test]
    fn delays_grow_when_each_of_several_servers_has_had_its_turn() {
        let mut backoff = Backoff::new(1);
        let policy = ReconnectPolicy { servers: 3, ..policy() };
        let delays: Vec<u64> = (0..7)
            .map(|_| backoff.on_lost(Instant::default(), &policy, &lost()).expect("no limit").get())
            .collect();
        assert_eq!(delays, [1000, 1000, 1000, 2000, 2000, 2000, 4000]);
    }

    #[test]
    fn leaving_a_stable_connection_starts_the_delays_over_and_is_no_failure() {
        let mut backoff = Backoff::new(1);
        let at = Instant::from_millis;
        backoff.on_lost(at(0), &policy(), &lost());
        backoff.on_connected(at(0));
        backoff.on_left(at(9_999), &policy());
        assert_eq!(backoff.failures(), 1);
        backoff.on_connected(at(0));
        backoff.on_left(at(10_000), &policy());
        assert_eq!(backoff.failures(), 0);
    }
}
