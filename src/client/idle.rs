//! Something on the way that ends silent connections: many proxies do, after a minute or less and without a word.
//!
//! It is a guess, so it asks for much: [`ROW`] connections in a row, each closed without a reason after a silence of
//! about the same length, each time the longest of that connection, with nothing unanswered. A link that breaks does
//! so at any age; a limit on the age of connections ends them in silences that were outlived before; a restart makes
//! attempts fail; a second client of the same name comes back sooner than
//! [`ReconnectPolicy::stable_after`](crate::config::ReconnectPolicy::stable_after). Then pings come early enough.

use super::{Core, Event};
use crate::connection::Silence;
use crate::error::{Error, ErrorCode};
use crate::time::{Instant, Millis};

/// Connections in a row after which a guess is made.
const ROW: u32 = 3;

/// Pings do not help against shorter limits.
const SHORTEST: Millis = Millis::from_seconds(1);

/// Close codes of what ends a connection only because it is there: normal, going away, none given, lost.
const WORDLESS: [u16; 4] = [1000, 1001, 1005, 1006];

/// What the latest connections ended after, and what was concluded.
#[derive(Debug, Default)]
pub(super) struct Idleness {
    /// For each way to measure silence, how many connections in a row ended after it, and its shortest length.
    rows: [(u32, Millis); 3],
    /// A silence that something on the way does not bear.
    pub(super) limit: Option<Millis>,
}

impl Idleness {
    /// A connection was closed in this silence. Tells a new limit.
    fn note(&mut self, silence: Silence, outlived: Silence, shortest: Millis) -> Option<Millis> {
        let mut found: Option<Millis> = None;
        let lengths = silence.lengths().into_iter().zip(outlived.lengths());
        for ((count, limit), (length, outlived)) in self.rows.iter_mut().zip(lengths) {
            let fits = *count > 0 && is_about(length, *limit);
            *limit = if fits { length.min(*limit) } else { length };
            *count =
                if length < shortest || length <= outlived { 0 } else { 1 + if fits { *count } else { 0 } };
            if *count >= ROW {
                found = Some(found.map_or(*limit, |other| other.min(*limit)));
            }
        }
        found.filter(|new| self.limit.is_none_or(|known| *new < known && !is_about(*new, known)))
    }
}

impl Core {
    /// Looks at how silent the connection was that ends with `error`, while nothing was unanswered.
    pub(super) fn suspect_idleness(&mut self, now: Instant, error: &Error) {
        let wordless = error.code == ErrorCode::ConnectionClosed
            && error.text.is_none()
            && error.close_code.is_some_and(|code| WORDLESS.contains(&code));
        let Some(connection) = self.phase.live().filter(|_| wordless) else {
            self.idle.rows = Default::default();
            return;
        };
        let clock = &connection.keep_alive;
        let shortest = self.config.reconnect.unwrap_or_default().stable_after.max(SHORTEST);
        if let Some(limit) = self.idle.note(clock.silence(now), clock.outlived(), shortest) {
            self.idle.limit = Some(limit);
            let millis = u32::try_from(limit.get()).unwrap_or(u32::MAX);
            self.events.push_back(Event::Notice(Error::new(ErrorCode::IdleTimeout).over(millis)));
        }
    }
}

/// Whether two lengths differ by no more than what timers and networks make of one.
fn is_about(one: Millis, other: Millis) -> bool {
    let (short, long) = (one.min(other).get(), one.max(other).get());
    long - short <= (long / 20).max(500)
}
