//! What a durable client's store has to be told, and what it has to tell.

use super::record::{self, Clock, Place, Record, Unreadable};
use super::{Exchange, OpId, Publication, Session};
use crate::codec::{PacketId, QoS};
use core::cmp::Ordering;
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
    pub(super) fn new(is_on: bool) -> Self {
        Self { mode: if is_on { Mode::On } else { Mode::Off }, ..Self::default() }
    }

    fn forget(&mut self, sequence: u64) {
        if self.mode != Mode::On {
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
    /// Whether a store is told of all that changes.
    pub(crate) fn is_kept(&self) -> bool {
        self.journal.mode != Mode::Off
    }

    /// Whether the store does not know everything yet.
    pub(crate) fn has_changes(&self) -> bool {
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
        if self.journal.mode == Mode::On && publication.qos > QoS::AtMostOnce {
            let record = record::message(publication, self.journal.clock);
            self.journal.fresh.push((record::message_key(publication.sequence), Some(record)));
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
        self.journal = Journal { clock: self.journal.clock, ..Journal::default() };
    }

    /// The store holds nothing, and has to be told everything.
    pub(crate) fn start_journal(&mut self) {
        self.stop_journal();
        self.journal.mode = Mode::Everything;
        self.exchanges.marks.start_over();
        self.inbound.marks.start_over();
    }

    /// Takes out all changes; `true`: they are everything.
    pub(crate) fn take_changes(&mut self) -> (Vec<StoreChange>, bool) {
        let everything = self.journal.mode == Mode::Everything;
        if everything {
            self.journal.mode = Mode::On;
            self.collect_messages();
        }
        let mut changes: Vec<StoreChange> = core::mem::take(&mut self.journal.fresh)
            .into_iter()
            .filter(|(_, record)| record.is_some())
            .collect();
        changes.extend(core::mem::take(&mut self.journal.gone).into_iter().map(|key| (key, None)));
        for (id, is_wanted) in self.exchanges.marks.take() {
            let exchange = self.exchanges.get(id).filter(|_| is_wanted);
            changes.push((record::exchange_key(id), exchange.and_then(|exchange| record_of(id, exchange))));
        }
        for (id, is_wanted) in self.inbound.marks.take() {
            changes.push((record::inbound_key(id), is_wanted.then(|| record::inbound(id))));
        }
        (changes, everything)
    }

    fn collect_messages(&mut self) {
        let sent = self.exchanges.iter().filter_map(|(_, exchange)| match exchange {
            Exchange::Publish { publication, .. } => Some(publication),
            Exchange::Release { .. } | Exchange::Request { .. } => None,
        });
        let record = |publication: &Publication| {
            let record = record::message(publication, self.journal.clock);
            (record::message_key(publication.sequence), Some(record))
        };
        self.journal.fresh = sent.chain(self.queue.acknowledged()).map(record).collect();
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
                (Ok(Record::Message(publication)), _) => found.messages.push(InOrder(publication)),
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
        let Found { messages, exchanges, mut unclear, mut unusable } = found;
        let sorted = messages.into_sorted_vec().into_iter().map(|InOrder(publication)| publication);
        let mut messages: Vec<(u64, Option<Publication>)> = Vec::new();
        for publication in sorted {
            if messages.last().is_some_and(|(sequence, _)| *sequence == publication.sequence) {
                unusable.damaged += 1;
            } else {
                messages.push((publication.sequence, Some(publication)));
            }
        }
        let place_of = |sequence: &u64, messages: &[(u64, Option<Publication>)]| {
            messages.binary_search_by_key(sequence, |(sequence, _)| *sequence).ok()
        };
        // A key that came twice: what can be read counts.
        self.journal.gone.retain(|key| match record::place(*key) {
            Place::Message(sequence) => place_of(&sequence, &messages).is_none(),
            Place::Exchange(_) | Place::Inbound(_) | Place::Unknown => true,
        });
        for (id, sequence, is_published) in exchanges {
            self.last_sequence = self.last_sequence.max(sequence);
            let publication = place_of(&sequence, &messages)
                .filter(|_| is_published && self.exchanges.get(id).is_none())
                .and_then(|index| messages.get_mut(index)?.1.take());
            let restored = match publication {
                Some(publication) => {
                    self.exchanges.restore(id, Exchange::Publish { publication, counted: false })
                }
                None if is_published => false,
                None => {
                    let op = Some(OpId::DETACHED);
                    self.exchanges.restore(id, Exchange::Release { op, sequence, counted: false })
                }
            };
            if !restored {
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
        for publication in messages.into_iter().filter_map(|(_, publication)| publication) {
            self.queue.push(publication);
        }
        unusable
    }
}

/// What a store holds, as far as it can be read.
#[derive(Default)]
struct Found {
    messages: BinaryHeap<InOrder>,
    /// Identifier, sequence number, and whether that is the number of a message.
    exchanges: Vec<(PacketId, u64, bool)>,
    /// Identifiers of which nobody knows any more what they stand for.
    unclear: Vec<PacketId>,
    unusable: Unusable,
}

/// A message in the order of publishing.
struct InOrder(Publication);

impl Ord for InOrder {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.sequence.cmp(&other.0.sequence)
    }
}

impl PartialOrd for InOrder {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for InOrder {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for InOrder {}

fn record_of(id: PacketId, exchange: &Exchange) -> Option<Box<[u8]>> {
    match exchange {
        Exchange::Publish { publication, .. } => Some(record::published(id, publication.sequence)),
        Exchange::Release { sequence, .. } => Some(record::released(id, *sequence)),
        Exchange::Request { .. } => None,
    }
}
