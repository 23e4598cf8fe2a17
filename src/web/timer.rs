//! One timer for all deadlines, armed again only when something earlier comes up.
//!
//! In a page that has been hidden for a while, Chromium runs timers once a minute if they were armed by a timer that was
//! armed by a timer, five deep (HTML calls it the nesting level). With pings after three quarters of the Keep Alive and a
//! server that waits for one and a half, that is too seldom for a Keep Alive below 80 seconds. So a timer that was armed
//! by anything else is armed once more when bytes come in, such as the answer to a ping: that begins a new chain.

use crate::time::Instant;
use gloo_timers::callback::Timeout;
use std::cell::{Cell, RefCell};

/// The one timer of a driver.
#[derive(Default)]
pub(super) struct Timer {
    due: Cell<Option<Instant>>,
    armed: RefCell<Option<Timeout>>,
    /// It was armed when bytes came in, so that no other timer led to it.
    fresh: Cell<bool>,
    /// The timeout that is calling back: a closure must not be dropped while it runs.
    fired: RefCell<Option<Timeout>>,
}

/// Longer than this and `setTimeout` would fire at once.
const LONGEST: u32 = i32::MAX as u32;

impl Timer {
    /// Makes sure that `call` runs at `deadline` or before. A timer that fires early finds nothing due and arms again,
    /// which costs less than a new timer for every packet. `received`: bytes came in just now.
    pub(super) fn arm(&self, now: Instant, deadline: Instant, received: bool, call: impl FnOnce() + 'static) {
        let renews = received && !self.fresh.get();
        if !renews && self.due.get().is_some_and(|due| due <= deadline) {
            return;
        }
        let delay = u32::try_from(deadline.since(now).get()).unwrap_or(LONGEST).min(LONGEST);
        self.due.set(Some(deadline));
        self.fresh.set(received);
        self.armed.replace(Some(Timeout::new(delay, call)));
    }

    /// To be called first by what the timer calls.
    pub(super) fn on_fired(&self) {
        self.due.set(None);
        let fired = self.armed.take();
        self.fired.replace(fired);
    }

    /// Nothing is due any more.
    pub(super) fn cancel(&self) {
        self.due.set(None);
        self.armed.take();
    }
}
