//! Exchanges with the server that hold a packet identifier: one table, so that no identifier is ever in use twice.

use super::marks::Marks;
use super::publication::Publication;
use super::{OpId, Request};
use crate::codec::PacketId;
use std::collections::{BinaryHeap, VecDeque};

/// An exchange that waits for the server, under its packet identifier.
#[derive(Debug)]
pub(crate) enum Exchange {
    /// PUBLISH at QoS 1 or 2 was sent; PUBACK or PUBREC is to come.
    Publish {
        publication: Publication,
        /// Takes up one of the server's Receive Maximum on this connection.
        counted: bool,
    },
    /// PUBREL was sent; PUBCOMP is to come. The message itself is no longer needed.
    Release { op: Option<OpId>, sequence: u64, counted: bool },
    /// SUBSCRIBE or UNSUBSCRIBE was sent; its acknowledgement is to come.
    Request { request: Request, sequence: u64 },
}

impl Exchange {
    /// Bytes that it holds of a message.
    fn size(&self) -> usize {
        if let Self::Publish { publication, .. } = self { publication.size() } else { 0 }
    }

    fn is_of_a_publish(&self) -> bool {
        matches!(self, Self::Publish { .. } | Self::Release { .. })
    }

    /// Position of a PUBLISH in the order of publishing.
    pub(super) fn publish_sequence(&self) -> Option<u64> {
        if let Self::Publish { publication, .. } = self { Some(publication.sequence) } else { None }
    }

    /// The same for one that was sent on this connection.
    pub(crate) fn unanswered_sequence(&self) -> Option<u64> {
        if let Self::Publish { publication, counted: true } = self {
            Some(publication.sequence)
        } else {
            None
        }
    }

    /// Position of a PUBREL in the order of the PUBRECs that it answers.
    pub(super) fn release_sequence(&self) -> Option<u64> {
        if let Self::Release { sequence, .. } = self { Some(*sequence) } else { None }
    }

    /// Position of a SUBSCRIBE or UNSUBSCRIBE in the order of sending.
    pub(super) fn request_sequence(&self) -> Option<u64> {
        if let Self::Request { sequence, .. } = self { Some(*sequence) } else { None }
    }
}

/// Packet identifiers and what they stand for.
///
/// Identifiers stay dense, so that looking one up is an index. A freed one rests a while before it is used again:
/// a late duplicate of its acknowledgement then finds nothing instead of the wrong exchange.
#[derive(Debug, Default)]
pub(crate) struct Exchanges {
    slots: Vec<Option<Exchange>>,
    free: VecDeque<u16>,
    bytes: usize,
    /// Identifiers without an exchange that stand for something we cannot read.
    reserved: usize,
    pub(super) marks: Marks,
}

const HIGHEST_PACKET_ID: usize = u16::MAX as usize;
const REST: usize = 16;
/// Places that stay when nothing is open.
const KEPT: usize = 1024;

impl Exchanges {
    /// Whether a packet identifier is left (2.2.1: there are 65,535).
    pub(crate) fn has_free_id(&self) -> bool {
        !self.free.is_empty() || self.slots.len() < HIGHEST_PACKET_ID
    }

    /// Bytes of the messages that wait for an acknowledgement.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Stores `exchange` under a fresh packet identifier, or hands it back when all are in use.
    pub(crate) fn insert(&mut self, exchange: Exchange) -> Result<PacketId, Exchange> {
        let is_publish = exchange.is_of_a_publish();
        let id = self.place(exchange)?;
        if is_publish {
            self.marks.set(id, true);
        }
        Ok(id)
    }

    fn place(&mut self, exchange: Exchange) -> Result<PacketId, Exchange> {
        let size = exchange.size();
        let reuse = self.free.len() >= REST || self.slots.len() >= HIGHEST_PACKET_ID;
        if reuse
            && let Some(index) = self.free.pop_front()
            && let (Some(slot), Some(id)) =
                (self.slots.get_mut(usize::from(index)), id_of(usize::from(index)))
        {
            *slot = Some(exchange);
            self.bytes += size;
            return Ok(id);
        }
        let Some(id) = id_of(self.slots.len()) else { return Err(exchange) };
        self.slots.push(Some(exchange));
        self.bytes += size;
        Ok(id)
    }

    pub(crate) fn get(&self, id: PacketId) -> Option<&Exchange> {
        self.slots.get(index_of(id))?.as_ref()
    }

    pub(crate) fn get_mut(&mut self, id: PacketId) -> Option<&mut Exchange> {
        self.slots.get_mut(index_of(id))?.as_mut()
    }

    /// Puts another exchange in the place of one that goes on without its message.
    pub(crate) fn replace(&mut self, id: PacketId, next: Exchange) {
        if let Some(exchange) = self.get_mut(id) {
            let size = exchange.size();
            *exchange = next;
            self.bytes -= size;
            self.marks.set(id, true);
        }
    }

    /// The PUBLISH of `op` was handed over: that settles it, and its exchange goes on without it. `false` when it has
    /// been settled by something else.
    pub(crate) fn detach(&mut self, id: PacketId, op: OpId) -> bool {
        match self.get_mut(id) {
            Some(Exchange::Publish { publication, .. }) if publication.op == Some(op) => {
                publication.op = Some(OpId::DETACHED);
                true
            }
            Some(_) | None => false,
        }
    }

    /// Ends the exchange; its identifier is free from now on.
    pub(crate) fn remove(&mut self, id: PacketId) -> Option<Exchange> {
        let exchange = self.slots.get_mut(index_of(id))?.take()?;
        self.free.push_back(id.get() - 1);
        self.bytes -= exchange.size();
        if exchange.is_of_a_publish() {
            self.marks.set(id, false);
        }
        if self.is_empty() && self.slots.len() > KEPT && self.reserved == 0 {
            // Nothing is open: give the memory of a burst back. Only then an identifier may be used again without rest.
            (self.slots, self.free) = Default::default();
        }
        Some(exchange)
    }

    /// Puts back what an earlier client had open; `false` when the identifier stands for something else.
    pub(super) fn restore(&mut self, id: PacketId, exchange: Exchange) -> bool {
        self.marks.on_found(id, false);
        let (size, is_reserved) = (exchange.size(), self.marks.is_foreign(id));
        match self.slot_of(id) {
            Some(slot @ None) if !is_reserved => *slot = Some(exchange),
            Some(_) | None => return false,
        }
        self.bytes += size;
        true
    }

    /// This identifier is never used: a newer release knows what it stands for.
    pub(super) fn reserve(&mut self, id: PacketId) {
        let is_known = self.marks.is_foreign(id);
        if self.slot_of(id).is_some_and(|slot| slot.is_none()) && !is_known {
            self.reserved += 1;
        }
        self.marks.on_found(id, true);
    }

    /// Everything is restored: the identifiers between are free.
    pub(super) fn on_restored(&mut self) {
        for (index, slot) in self.slots.iter().enumerate() {
            if slot.is_none()
                && let Some(id) = id_of(index)
                && !self.marks.is_foreign(id)
            {
                self.free.push_back(id.get() - 1);
            }
        }
    }

    fn slot_of(&mut self, id: PacketId) -> Option<&mut Option<Exchange>> {
        while self.slots.len() <= index_of(id) {
            self.slots.push(None);
        }
        self.slots.get_mut(index_of(id))
    }

    /// Identifiers of the exchanges that `pick` gives a number, in the order of these numbers.
    pub(crate) fn in_order(&self, pick: fn(&Exchange) -> Option<u64>) -> Vec<PacketId> {
        let numbered = self.iter().filter_map(|(id, exchange)| Some((pick(exchange)?, index_of(id))));
        // A heap sorts as fast as is needed here, in a tenth of the code of the slice's own sort.
        let sorted = numbered.collect::<BinaryHeap<(u64, usize)>>().into_sorted_vec();
        sorted.into_iter().filter_map(|(_, index)| id_of(index)).collect()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (PacketId, &Exchange)> {
        self.slots.iter().enumerate().filter_map(|(index, slot)| Some((id_of(index)?, slot.as_ref()?)))
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = (PacketId, &mut Exchange)> {
        self.slots.iter_mut().enumerate().filter_map(|(index, slot)| Some((id_of(index)?, slot.as_mut()?)))
    }

    /// Takes every exchange out, in the order of their identifiers, and starts again from 1.
    pub(crate) fn take_all(&mut self) -> impl Iterator<Item = Exchange> + use<> {
        self.free.clear();
        (self.bytes, self.reserved) = (0, 0);
        core::mem::take(&mut self.slots).into_iter().flatten()
    }

    /// How many are open.
    pub(crate) fn len(&self) -> usize {
        self.slots.len() - self.free.len() - self.reserved
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

fn id_of(index: usize) -> Option<PacketId> {
    PacketId::new(u16::try_from(index + 1).ok()?)
}

fn index_of(id: PacketId) -> usize {
    usize::from(id.get()) - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request() -> Exchange {
        let (filters, properties) = (Vec::new(), Box::default());
        Exchange::Request { request: Request::Unsubscribe { op: None, filters, properties }, sequence: 0 }
    }

    fn insert(table: &mut Exchanges) -> u16 {
        table.insert(request()).expect("an identifier is free").get()
    }

    #[test]
    fn identifiers_start_at_one_and_never_repeat_while_in_use() {
        let mut table = Exchanges::default();
        let mut seen = vec![false; 65_536];
        for _ in 0..65_535 {
            let id = insert(&mut table);
            assert!(id != 0 && !seen[usize::from(id)]);
            seen[usize::from(id)] = true;
        }
        assert!(!table.has_free_id());
        assert!(table.insert(request()).is_err());
        let id = PacketId::new(40_000).expect("not zero");
        assert!(table.remove(id).is_some());
        assert_eq!(insert(&mut table), 40_000);
    }

    #[test]
    fn a_freed_identifier_rests_before_it_is_used_again() {
        let mut table = Exchanges::default();
        let first = insert(&mut table);
        table.remove(PacketId::new(first).expect("not zero"));
        for _ in 0..4 {
            assert_ne!(insert(&mut table), first);
        }
    }

    #[test]
    fn the_memory_of_a_burst_is_given_back_and_that_of_everyday_stays() {
        for (burst, next) in [(KEPT, 1024), (KEPT + 1, 1), (65_535, 1)] {
            let mut table = Exchanges::default();
            for _ in 0..burst {
                insert(&mut table);
            }
            for id in (1..=65_535).rev().filter_map(PacketId::new) {
                assert!(table.is_empty() || table.slots.len() == burst, "what is in use keeps its place");
                assert_eq!(table.remove(id).is_some(), usize::from(id.get()) <= burst);
            }
            assert!(table.is_empty());
            assert!(table.slots.capacity() <= KEPT);
            assert_eq!(insert(&mut table), next);
        }
    }

    #[test]
    fn removing_twice_finds_nothing() {
        let mut table = Exchanges::default();
        let id = table.insert(request()).expect("an identifier is free");
        assert!(table.remove(id).is_some());
        assert!(table.remove(id).is_none());
        assert!(table.is_empty());
    }
}
