//! Where the link breaks.

use crate::broker::Limits;
use crate::world::{Fate, Way};
use std::collections::VecDeque;

/// Where the link breaks, counted from the last break.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Cut {
    /// Behind so many bytes that the server or the client has received.
    Behind(Way, usize),
    /// At this of the moments between two things that happen.
    At(usize),
}

/// How far a run has come.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Places {
    up: usize,
    down: usize,
    moments: usize,
}

impl Places {
    pub(super) fn all(self) -> impl Iterator<Item = Cut> {
        let up = (1..=self.up).map(|bytes| Cut::Behind(Way::Up, bytes));
        let down = (1..=self.down).map(|bytes| Cut::Behind(Way::Down, bytes));
        up.chain(down).chain((1..=self.moments).map(Cut::At))
    }
}

/// Breaks the link where it is told to.
pub(super) struct Plan {
    pub(super) cuts: VecDeque<Cut>,
    pub(super) since: Places,
    loses_session: bool,
    /// Limits of the first server, and of every one after it.
    limits: [Limits; 2],
    connections: usize,
}

impl Plan {
    pub(super) fn new(cuts: &[Cut], loses_session: bool, limits: [Limits; 2]) -> Self {
        let cuts = cuts.iter().copied().collect();
        Self { cuts, since: Places::default(), loses_session, limits, connections: 0 }
    }

    fn take(&mut self) {
        self.cuts.pop_front();
        self.since = Places::default();
    }
}

impl Fate for Plan {
    fn limits(&mut self) -> Limits {
        self.connections += 1;
        self.limits[(self.connections - 1).min(1)]
    }

    fn loses_session(&mut self) -> bool {
        self.loses_session
    }

    fn arrives_late(&mut self, len: usize) -> usize {
        len
    }

    fn carries(&mut self, way: Way, len: usize) -> (usize, bool) {
        let so_far = if way == Way::Up { &mut self.since.up } else { &mut self.since.down };
        let before = *so_far;
        *so_far += len;
        match self.cuts.front() {
            Some(Cut::Behind(on, place)) if *on == way && (before + 1..=before + len).contains(place) => {
                let arrives = place - before;
                self.take();
                (arrives, true)
            }
            _ => (len, false),
        }
    }

    fn breaks(&mut self) -> bool {
        self.since.moments += 1;
        let due = self.cuts.front() == Some(&Cut::At(self.since.moments));
        if due {
            self.take();
        }
        due
    }
}
