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
    /// At such a moment the client dies.
    Dies(usize, Remains),
}

/// What is left of a client that died.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Remains {
    /// The store has done what it was doing.
    pub(super) committed: bool,
    /// The bytes that were on their way arrive.
    pub(super) arrives: bool,
}

/// How the store of a durable client works.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) enum Store {
    #[default]
    None,
    /// It answers at once.
    Prompt,
    /// It lets a few things happen first.
    Late,
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

    /// Every way for the client to die; a prompt store has always done what it was doing.
    pub(super) fn deaths(self, store: Store) -> impl Iterator<Item = Cut> {
        let both = [false, true];
        let answers = if store == Store::Late { &both[..] } else { &both[1..] };
        let remains = answers
            .iter()
            .map(move |committed| both.map(|arrives| Remains { committed: *committed, arrives }));
        let remains: Vec<_> = remains.collect();
        (1..=self.moments).flat_map(move |at| {
            let remains = remains.clone().into_iter().flatten();
            remains.map(move |left| Cut::Dies(at, left))
        })
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
    store: Store,
    /// How often a store that is late was asked since it last did something.
    asked: usize,
    /// Whether bytes of a client that dies arrive.
    arrives: bool,
}

/// How often a store that is late has to be asked.
const PATIENCE: usize = 4;

impl Plan {
    pub(super) fn new(cuts: &[Cut], loses_session: bool, limits: [Limits; 2], store: Store) -> Self {
        let cuts = cuts.iter().copied().collect();
        let since = Places::default();
        Self { cuts, since, loses_session, limits, connections: 0, store, asked: 0, arrives: true }
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
        if core::mem::replace(&mut self.arrives, true) { len } else { 0 }
    }

    fn crashes(&mut self) -> Option<bool> {
        // The moment itself is counted by `breaks`.
        match self.cuts.front() {
            Some(Cut::Dies(at, remains)) if *at == self.since.moments + 1 => {
                let committed = remains.committed;
                self.arrives = remains.arrives;
                self.take();
                Some(committed)
            }
            _ => None,
        }
    }

    fn commits(&mut self) -> bool {
        self.asked += 1;
        let due = self.store != Store::Late || self.asked >= PATIENCE;
        if due {
            self.asked = 0;
        }
        due
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
