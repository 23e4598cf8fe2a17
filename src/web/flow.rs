//! How much may lie in the browser's send buffer, and when to look at it again.

use crate::time::Millis;
use std::cell::Cell;

/// What is in the browser's buffer can neither expire nor be cancelled, so a slow network gets no more than this.
const LEAST: u32 = 256 * 1024;
/// A fast one gets as much as it sends between two looks.
const MOST: u32 = 1024 * 1024;

/// There is no event for an emptier send buffer. Browsers run timers that led to each other no sooner than this.
const SOON: u64 = 4;
/// As seldom as this while nothing moves.
const LATE: u64 = 25;

/// The send buffer of one socket.
pub(super) struct Flow {
    limit: Cell<u32>,
    wait: Cell<u64>,
    is_full: Cell<bool>,
}

impl Default for Flow {
    fn default() -> Self {
        Self { limit: Cell::new(LEAST), wait: Cell::new(SOON), is_full: Cell::new(false) }
    }
}

impl Flow {
    /// Whether more may be sent to a socket that holds so many bytes.
    pub(super) fn has_room(&self, buffered: u32) -> bool {
        self.is_full.set(buffered >= self.limit.get());
        !self.is_full.get()
    }

    /// Whether there was no room when that was last asked.
    pub(super) fn is_full(&self) -> bool {
        self.is_full.get()
    }

    /// When to look again, if there was no room.
    pub(super) fn next_look(&self) -> Option<Millis> {
        self.is_full.get().then(|| Millis::new(self.wait.get()))
    }

    /// The time of a look has come: a buffer that is half empty by now was too small, one that is still full is not.
    pub(super) fn look(&self, buffered: u32) {
        let limit = self.limit.get();
        if !self.is_full.replace(false) {
            return;
        }
        if buffered < limit / 2 {
            self.limit.set((limit * 2).min(MOST));
            self.wait.set(SOON);
        } else if buffered >= limit {
            self.limit.set((limit / 2).max(LEAST));
            self.wait.set((self.wait.get() * 2).min(LATE));
        }
    }

    /// Another socket, of which nothing is known yet.
    pub(super) fn start_over(&self) {
        let Self { limit, wait, is_full } = Self::default();
        self.limit.swap(&limit);
        self.wait.swap(&wait);
        self.is_full.swap(&is_full);
    }
}
