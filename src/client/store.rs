//! The durable outbox: changes go out to a store, and bytes that depend on them wait until it has them.
//!
//! One rule for all bytes: what was written before the store was told of a change leaves after the store has it. So the
//! standard's order of storing and sending (4.1, 4.3.3) holds for every packet, and no packet needs a rule of its own.

use super::{Client, Core, Event, Phase};
use crate::codec::PacketId;
use crate::config::is_whole;
use crate::error::{Error, ErrorCode};
use crate::session::{Clock, FORMAT, OpId, StoreChange};
use crate::time::Instant;

/// What a store has to do at once: all of it or nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoreChanges {
    /// Keys, each with the record to write or with `None` to remove it. No key comes twice.
    pub changes: Vec<StoreChange>,
    /// These records are everything: nothing else has to be left in the store.
    pub all: bool,
}

/// A publish that settles when its packet is handed over; above QoS 0 with the identifier of its exchange, which goes on.
pub(super) type Unsent = (OpId, Option<PacketId>);

/// Bytes apart from the transmit buffer, with what ends when they are handed over.
#[derive(Debug, Default)]
pub(super) struct Aside {
    pub(super) bytes: Vec<u8>,
    pub(super) unsent: Vec<Unsent>,
    /// Acknowledgements of QoS 1 and 2 among them.
    pub(super) acks: u32,
}

/// Bytes on their way past the store; all empty in a client that is not durable.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    /// They may leave, before everything in the transmit buffer.
    pub(super) ready: Aside,
    /// They wait for the store, which has been handed changes and has not answered.
    pub(super) held: Option<Aside>,
    /// What the end of the client leaves to be told.
    last: Option<StoreChanges>,
}

impl Client {
    /// Takes in what the store of an earlier client holds: before anything else, and also when that is nothing. Only of a
    /// client that is [durable](crate::config::Config::durable). `unix_time` is the time in milliseconds since 1970: by it
    /// messages expire that were stored.
    ///
    /// Every record is checked. One that is damaged is removed, and a notice `store-damaged` says how many were; the
    /// identifier of a damaged exchange is released, so that the server takes no new message for an old one. Records of a
    /// newer release are left alone, which a notice with a limit tells.
    ///
    /// No operation belongs to a message that is restored: when it fails, a notice tells of it, with the topic as its text.
    pub fn restore(
        &mut self,
        now: Instant,
        unix_time: u64,
        records: &mut dyn Iterator<Item = (u64, Vec<u8>)>,
    ) {
        let core = &mut self.core;
        if !is_whole()
            || !core.session.is_kept()
            || !core.session.is_untouched()
            || !matches!(core.phase, Phase::Idle)
        {
            return;
        }
        let unusable = core.session.restore(Clock::new(now, unix_time), records);
        if unusable.damaged > 0 {
            let error = Error::new(ErrorCode::StoreDamaged).at(unusable.damaged);
            core.events.push_back(Event::Notice(error));
        }
        if unusable.newer > 0 {
            let error = Error::new(ErrorCode::StoreDamaged).at(unusable.newer).over(FORMAT.into());
            core.events.push_back(Event::Notice(error));
        }
    }

    /// What the store has to do next; `None` while it has nothing to do, or has not answered. To be answered with
    /// [`Client::handle_stored`] or [`Client::handle_store_failed`], except after the end of the client.
    ///
    /// It comes after [`Client::poll_event`]: while there are events, there are no changes, because what is removed may have
    /// failed. What was written so far waits for the answer. [`Client::poll_transmit`] gives out nothing while there is something
    /// to store, so poll this before it.
    pub fn poll_store(&mut self, now: Instant) -> Option<StoreChanges> {
        if !is_whole() {
            return None;
        }
        if self.core.outbox.last.is_some() || self.core.outbox.held.is_some() {
            return self.core.outbox.last.take();
        }
        if self.core.session.is_kept() {
            self.core.fill(now);
        }
        // What failed is told before it is forgotten.
        if !self.core.events.is_empty() {
            return None;
        }
        let changes = self.core.take_changes()?;
        self.core.outbox.held = Some(self.core.set_aside());
        Some(changes)
    }

    /// The store has done all that it was handed: bytes that waited for it may leave.
    pub fn handle_stored(&mut self) {
        if !is_whole() {
            return;
        }
        let ready = &mut self.core.outbox.ready;
        if let Some(mut held) = self.core.outbox.held.take() {
            ready.bytes.append(&mut held.bytes);
            ready.unsent.append(&mut held.unsent);
            ready.acks += held.acks;
        }
    }

    /// The store has not done it, or cannot be used any more. The client goes on without it: nothing waits for it, and it
    /// is told nothing, until [`Client::store_again`].
    pub fn handle_store_failed(&mut self) {
        self.core.session.stop_journal();
        self.handle_stored();
    }

    /// The store can be used, and is empty: the next [`Client::poll_store`] hands out everything.
    pub fn store_again(&mut self) {
        if is_whole() && self.core.config.durable && !matches!(self.core.phase, Phase::Closed) {
            self.core.session.start_journal();
        }
    }
}

impl Core {
    /// Whether nothing that was written has to wait for the store.
    pub(super) fn is_settled(&self) -> bool {
        self.outbox.held.is_none() && !self.session.has_changes()
    }

    /// Bytes that the transport has not got yet.
    pub(super) fn buffered(&self) -> usize {
        let held = self.outbox.held.as_ref().map_or(0, |held| held.bytes.len());
        self.out.len() + self.outbox.ready.bytes.len() + held
    }

    /// Everything in the transmit buffer.
    pub(super) fn set_aside(&mut self) -> Aside {
        self.questions = 0;
        Aside {
            bytes: core::mem::take(&mut self.out),
            unsent: core::mem::take(&mut self.unsent),
            acks: self.session.inbound.unsent_acks().saturating_sub(self.outbox.ready.acks),
        }
    }

    /// Takes out all publishes that settle when they are handed over.
    pub(super) fn take_unsent(&mut self) -> Vec<Unsent> {
        let mut unsent = core::mem::take(&mut self.unsent);
        unsent.append(&mut self.outbox.ready.unsent);
        if let Some(held) = &mut self.outbox.held {
            unsent.append(&mut held.unsent);
        }
        unsent
    }

    /// The caller of such a publish has given it up.
    pub(super) fn forget_unsent(&mut self, op: OpId) {
        self.joinable = None;
        forget(&mut self.unsent, op);
        forget(&mut self.outbox.ready.unsent, op);
        if let Some(held) = &mut self.outbox.held {
            forget(&mut held.unsent, op);
        }
    }

    fn take_changes(&mut self) -> Option<StoreChanges> {
        if !is_whole() || !self.session.has_changes() {
            return None;
        }
        let (changes, all) = self.session.take_changes();
        (all || !changes.is_empty()).then_some(StoreChanges { changes, all })
    }

    /// The last changes of this client, before it forgets what they are about. What is unfinished stays stored.
    pub(super) fn close_outbox(&mut self) {
        self.outbox.last = self.take_changes();
        self.outbox.held = None;
        self.session.stop_journal();
    }

    /// Bytes belong to a connection: they end with it.
    pub(super) fn clear_out(&mut self) {
        self.out.clear();
        self.outbox.ready.bytes.clear();
        self.on_bytes_lost();
    }

    /// The same for what the store held up, and for the count of acknowledgements, which begins anew.
    pub(super) fn on_bytes_lost(&mut self) {
        self.questions = 0;
        self.outbox.ready.acks = 0;
        if let Some(held) = &mut self.outbox.held {
            held.bytes.clear();
            held.acks = 0;
        }
    }

    /// The connection ends now, and what is not stored must not leave: only DISCONNECT still may.
    pub(super) fn drop_unstored(&mut self) {
        if !self.is_settled() {
            self.out.clear();
            self.on_bytes_lost();
        }
    }
}

fn forget(unsent: &mut Vec<Unsent>, op: OpId) {
    unsent.retain(|(other, _)| *other != op);
}
