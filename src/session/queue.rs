//! Messages that wait for their first sending: bounded, in order, and dropped when they expire.

use super::OpId;
use super::publication::{PayloadSource, Publication};
use crate::codec::QoS;
use crate::config::{Overflow, QueueLimits};
use crate::time::Instant;
use std::collections::VecDeque;

/// Waiting messages. QoS 0 waits apart from QoS 1 and 2, because a server's Receive Maximum holds up only the latter.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    at_most_once: VecDeque<Publication>,
    acknowledged: VecDeque<Publication>,
    messages: usize,
    bytes: usize,
    next_expiry: Option<Instant>,
}

impl Queue {
    pub(crate) fn len(&self) -> usize {
        self.messages
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether a message at `qos` would have to line up behind others to keep its order.
    pub(crate) fn holds_back(&self, qos: QoS) -> bool {
        !self.lane(qos).is_empty()
    }

    pub(crate) fn has_room(&self, limits: &QueueLimits, size: usize) -> bool {
        self.len() < limits.max_messages as usize
            && self.bytes.saturating_add(size) <= limits.max_bytes as usize
    }

    pub(crate) fn push(&mut self, publication: Publication) {
        self.on_added(&publication);
        self.lane_mut(publication.qos).push_back(publication);
    }

    /// Puts messages of a lost session back before everything else; `publications` come in their order of publishing.
    pub(crate) fn push_front(&mut self, publications: Vec<Publication>) {
        for publication in publications.into_iter().rev() {
            self.on_added(&publication);
            self.lane_mut(publication.qos).push_front(publication);
        }
    }

    /// Puts a message at QoS 0 and without properties behind the last one, to settle with it, if that is the one of `first`. A
    /// server that takes the first takes it too: it is no larger, and has the same flag. No queue that drops its oldest
    /// messages has such company, so that none is dropped for the sake of another.
    pub(crate) fn join<P: PayloadSource + ?Sized>(
        &mut self,
        first: Option<OpId>,
        limits: &QueueLimits,
        topic: &str,
        payload: &P,
        retain: bool,
    ) -> bool {
        let size = topic.len() + payload.len();
        let has_room = limits.overflow != Overflow::DropOldest && self.has_room(limits, size);
        let last = self.at_most_once.back_mut().filter(|last| has_room && last.op == first);
        let joined = last.is_some_and(|last| last.lead(topic, payload, retain));
        if joined {
            self.messages += 1;
            self.bytes += size;
        }
        joined
    }

    /// The next message in the order of publishing, passing over QoS 1 and 2 when `quota` says they have to wait.
    pub(crate) fn pop(&mut self, quota: bool) -> Option<Publication> {
        let publication = match (self.at_most_once.front(), self.acknowledged.front()) {
            (Some(first), Some(second)) if quota && second.sequence < first.sequence => {
                self.acknowledged.pop_front()
            }
            (None, _) if quota => self.acknowledged.pop_front(),
            (_, _) => self.at_most_once.pop_front(),
        }?;
        self.on_taken(&publication);
        Some(publication)
    }

    /// The message that waits longest, of any QoS.
    pub(crate) fn pop_oldest(&mut self) -> Option<Publication> {
        self.pop(true)
    }

    /// Waiting messages of QoS 1 and 2.
    pub(super) fn acknowledged(&self) -> impl Iterator<Item = &Publication> {
        self.acknowledged.iter()
    }

    pub(crate) fn remove(&mut self, op: OpId) -> Option<Publication> {
        let publication = [&mut self.at_most_once, &mut self.acknowledged].into_iter().find_map(|lane| {
            let index = lane.iter().position(|publication| publication.op == Some(op))?;
            lane.remove(index)
        })?;
        self.on_taken(&publication);
        Some(publication)
    }

    fn on_added(&mut self, publication: &Publication) {
        self.messages += publication.count();
        self.bytes += publication.size();
        self.next_expiry = earliest(self.next_expiry, publication.expires);
    }

    fn on_taken(&mut self, publication: &Publication) {
        self.messages -= publication.count();
        self.bytes -= publication.size();
        if self.len() == 0 {
            self.next_expiry = None;
        }
    }

    /// When the next waiting message may expire.
    pub(crate) fn next_expiry(&self) -> Option<Instant> {
        self.next_expiry
    }

    /// Takes out every message that has less than a whole second left at `now`.
    pub(crate) fn take_expired(&mut self, now: Instant) -> Vec<Publication> {
        let mut expired = Vec::new();
        if self.next_expiry.is_none_or(|at| at > now) {
            return expired;
        }
        self.next_expiry = None;
        for lane in [&mut self.at_most_once, &mut self.acknowledged] {
            let mut kept = VecDeque::with_capacity(lane.len());
            for publication in core::mem::take(lane) {
                if publication.expires.is_some_and(|at| at <= now) {
                    expired.push(publication);
                } else {
                    self.next_expiry = earliest(self.next_expiry, publication.expires);
                    kept.push_back(publication);
                }
            }
            *lane = kept;
        }
        expired.iter().for_each(|publication| self.on_taken(publication));
        expired
    }

    fn lane(&self, qos: QoS) -> &VecDeque<Publication> {
        if qos == QoS::AtMostOnce { &self.at_most_once } else { &self.acknowledged }
    }

    fn lane_mut(&mut self, qos: QoS) -> &mut VecDeque<Publication> {
        if qos == QoS::AtMostOnce { &mut self.at_most_once } else { &mut self.acknowledged }
    }
}

fn earliest(a: Option<Instant>, b: Option<Instant>) -> Option<Instant> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}
