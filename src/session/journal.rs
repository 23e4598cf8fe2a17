//! What a durable client's store has to be told, and what it has to tell.

use super::record::{self, Clock, Place, Record, Unreadable};
use super::{Exchange, OpId, Publication, Session};
use crate::codec::{PacketId, QoS};
use crate::config::is_whole;
use std::collections::BinaryHeap;

/// A record to write under its key, or `None` to remove what stands there.
pub type StoreChange = (u64, Option<Box<[u8]>>);

/// Whether changes are collected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Mode {
    /// The client is not durable, or its store has failed.
    #[default]
    Off,
    On,
    /// The next changes are to say everything.
    Everything,
}

/// Messages that came and went since the store was last told.
#[derive(Debug, Default)]
pub(crate) struct Journal {
    mode: Mode,
    clock: Clock,
    /// Records of new messages, in the order of their sequence numbers; `None`: gone before anybody was told.
    fresh: Vec<StoreChange>,
    /// Keys to remove.
    gone: Vec<u64>,
}

/// Records that could not be used.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Unusable {
    pub(crate) damaged: u32,
    pub(crate) newer: u32,
}

impl Journal {
    fn keep(&mut self, publication: &Publication) {
        let record = record::message(publication, self.clock);
        self.fresh.push((record::message_key(publication.sequence), Some(record)));
    }

    fn forget(&mut self, sequence: u64) {
        if !is_whole() || self.mode != Mode::On {
            return;
        }
        let key = record::message_key(sequence);
        let fresh = self.fresh.binary_search_by_key(&key, |(key, _)| *key).ok();
        match fresh.and_then(|index| self.fresh.get_mut(index)) {
            Some((_, record)) => *record = None,
            None => self.gone.push(key),
        }
    }
}

impl Session {
    pub(super) fn switch_on(&mut self) {
        self.journal.mode = Mode::On;
        self.exchanges.marks.switch_on();
        self.inbound.marks.switch_on();
    }

    /// Whether a store is told of all that changes.
    pub(crate) fn is_kept(&self) -> bool {
        is_whole() && self.journal.mode != Mode::Off
    }

    /// Whether the store does not know everything yet.
    pub(crate) fn has_changes(&self) -> bool {
        if !is_whole() {
            return false;
        }
        match self.journal.mode {
            Mode::Off => false,
            Mode::Everything => true,
            Mode::On => {
                !self.journal.fresh.is_empty()
                    || !self.journal.gone.is_empty()
                    || self.exchanges.marks.has_changes()
                    || self.inbound.marks.has_changes()
            }
        }
    }

    /// A message was accepted: the store has to hold it until [`Session::forget`].
    pub(crate) fn keep(&mut self, publication: &Publication) {
        if is_whole() && self.journal.mode == Mode::On && publication.qos > QoS::AtMostOnce {
            self.journal.keep(publication);
        }
    }

    /// Nothing has to be known about this message any more.
    pub(crate) fn forget(&mut self, publication: &Publication) {
        if publication.qos > QoS::AtMostOnce {
            self.journal.forget(publication.sequence);
        }
    }

    /// PUBREC came, or counts as if it had: the exchange goes on without its message (4.3.3-4).
    pub(crate) fn release(&mut self, id: PacketId) {
        let sequence = self.next_sequence();
        if let Some(Exchange::Publish { publication, counted }) = self.exchanges.get(id) {
            let message = publication.sequence;
            let release = Exchange::Release { op: publication.op, sequence, counted: *counted };
            self.exchanges.replace(id, release);
            self.journal.forget(message);
        }
    }

    /// The exchange is over, and its message with it.
    pub(crate) fn end(&mut self, id: PacketId) -> Option<Exchange> {
        let exchange = self.exchanges.remove(id)?;
        if let Exchange::Publish { publication, .. } = &exchange {
            self.forget(publication);
        }
        Some(exchange)
    }

    /// Changes are not collected any more.
    pub(crate) fn stop_journal(&mut self) {
        let Journal { mode, fresh, gone, .. } = &mut self.journal;
        *mode = Mode::Off;
        fresh.clear();
        gone.clear();
    }

    /// The store holds nothing, and has to be told everything.
    pub(crate) fn start_journal(&mut self) {
        self.stop_journal();
        self.journal.mode = Mode::Everything;
        self.exchanges.marks.start_over();
        self.inbound.marks.start_over();
    }

    /// Takes out all changes; `true`: they are everything. Messages come before their exchanges, so that a store which has
    /// only the beginning of them takes no message that was answered for a new one.
    pub(crate) fn take_changes(&mut self) -> (Vec<StoreChange>, bool) {
        let everything = self.journal.mode == Mode::Everything;
        if everything {
            self.journal.mode = Mode::On;
            self.keep_everything();
        }
        let mut changes = Vec::new();
        for change in core::mem::take(&mut self.journal.fresh) {
            if change.1.is_some() {
                changes.push(change);
            }
        }
        for key in core::mem::take(&mut self.journal.gone) {
            changes.push((key, None));
        }
        for (id, is_wanted) in self.exchanges.marks.take() {
            let record = match self.exchanges.get(id) {
                Some(Exchange::Publish { publication, .. }) if is_wanted => {
                    Some(record::published(id, publication.sequence))
                }
                Some(Exchange::Release { sequence, .. }) if is_wanted => {
                    Some(record::released(id, *sequence))
                }
                _ => None,
            };
            changes.push((record::exchange_key(id), record));
        }
        for (id, is_wanted) in self.inbound.marks.take() {
            changes.push((record::inbound_key(id), is_wanted.then(|| record::inbound(id))));
        }
        (changes, everything)
    }

    /// Messages in flight and waiting, in their order or not: nothing is looked up among them before they are handed out.
    fn keep_everything(&mut self) {
        let Self { journal, exchanges, queue, .. } = self;
        for (_, exchange) in exchanges.iter() {
            if let Exchange::Publish { publication, .. } = exchange {
                journal.keep(publication);
            }
        }
        for publication in queue.acknowledged() {
            journal.keep(publication);
        }
    }

    /// Takes in what the store holds, before anything else has happened.
    pub(crate) fn restore(
        &mut self,
        clock: Clock,
        records: &mut dyn Iterator<Item = (u64, Vec<u8>)>,
    ) -> Unusable {
        self.journal.clock = clock;
        let mut found = Found::default();
        for (key, bytes) in records {
            let place = record::place(key);
            if let Place::Message(sequence) = place {
                self.last_sequence = self.last_sequence.max(sequence);
            }
            match (record::read(key, &bytes, clock), place) {
                (Ok(Record::Message(publication)), _) => {
                    found.order.push((publication.sequence, found.messages.len()));
                    found.messages.push(Some(publication));
                }
                (Ok(Record::Published { id, message }), _) => found.exchanges.push((id, message, true)),
                (Ok(Record::Released { id, sequence }), _) => found.exchanges.push((id, sequence, false)),
                (Ok(Record::Inbound { id }), _) => self.inbound.restore(id),
                (Err(Unreadable::Newer), place) => {
                    found.unusable.newer += 1;
                    match place {
                        Place::Exchange(id) => self.exchanges.reserve(id),
                        Place::Inbound(id) => self.inbound.marks.on_found(id, true),
                        Place::Message(_) | Place::Unknown => {}
                    }
                }
                (Err(Unreadable::Damaged), place) => {
                    found.unusable.damaged += 1;
                    match place {
                        Place::Message(_) => self.journal.gone.push(key),
                        Place::Exchange(id) => found.unclear.push(id),
                        Place::Inbound(id) => self.inbound.marks.on_damaged(id),
                        Place::Unknown => {}
                    }
                }
            }
        }
        self.put_together(found)
    }

    /// Joins messages with their exchanges; the rest of them waits again.
    fn put_together(&mut self, found: Found) -> Unusable {
        let Found { mut messages, order, exchanges, mut unclear, mut unusable } = found;
        let mut sorted: Vec<(u64, usize)> = Vec::new();
        for entry in order.into_sorted_vec() {
            if sorted.last().is_some_and(|last| last.0 == entry.0) {
                unusable.damaged += 1;
            } else {
                sorted.push(entry);
            }
        }
        let find = |sequence: u64| {
            let place = sorted.binary_search_by_key(&sequence, |(sequence, _)| *sequence).ok()?;
            sorted.get(place).map(|(_, index)| *index)
        };
        // A key that came twice: what can be read counts.
        for key in core::mem::take(&mut self.journal.gone) {
            if find(key - record::message_key(0)).is_none() {
                self.journal.gone.push(key);
            }
        }
        for (id, sequence, is_published) in exchanges {
            self.last_sequence = self.last_sequence.max(sequence);
            let is_free = self.exchanges.get(id).is_none();
            let mut exchange = None;
            if !is_published {
                let op = Some(OpId::DETACHED);
                exchange = Some(Exchange::Release { op, sequence, counted: false });
            } else if is_free
                && let Some(index) = find(sequence)
                && let Some(publication) = messages.get_mut(index).and_then(Option::take)
            {
                exchange = Some(Exchange::Publish { publication, counted: false });
            }
            if !exchange.is_some_and(|exchange| self.exchanges.restore(id, exchange)) {
                unusable.damaged += 1;
                unclear.push(id);
            }
        }
        for id in unclear {
            // The server may hold the identifier, and would take another message under it for an old one: PUBREL and
            // PUBCOMP make it free (4.3.3).
            let sequence = self.next_sequence();
            self.exchanges.restore(id, Exchange::Release { op: None, sequence, counted: false });
            self.exchanges.marks.set(id, true);
        }
        self.exchanges.on_restored();
        for (_, index) in sorted {
            if let Some(publication) = messages.get_mut(index).and_then(Option::take) {
                self.queue.push(publication);
            }
        }
        unusable
    }
}

/// What a store holds, as far as it can be read.
#[derive(Default)]
struct Found {
    messages: Vec<Option<Publication>>,
    /// Their sequence numbers and where they are.
    order: BinaryHeap<(u64, usize)>,
    /// Identifier, sequence number, and whether that is the number of a message.
    exchanges: Vec<(PacketId, u64, bool)>,
    /// Identifiers of which nobody knows any more what they stand for.
    unclear: Vec<PacketId>,
    unusable: Unusable,
}
