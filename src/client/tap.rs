//! The packet tap: shows packets as they pass, without their secrets. Off unless somebody looks.

use super::Client;
use crate::codec::{ProtocolVersion, Sender, redact};

/// A packet that passed, for people to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PacketInfo {
    /// Who sent it: [`Sender::Client`] is us.
    pub sender: Sender,
    /// The version that it is written in.
    pub version: ProtocolVersion,
    /// Length of the packet in bytes, fixed header included; 0 when its fixed header makes no sense.
    pub size: usize,
    /// Its start as it stands on the wire, without secrets and payload: see [`redact`]. Of a
    /// packet that breaks a rule, as much as can be recognised.
    pub head: Vec<u8>,
}

/// What the tap remembers.
#[derive(Default)]
pub(super) struct Tap {
    is_on: bool,
    /// The packet at the front of the receive buffer has been shown.
    seen: bool,
    /// What was handed over last, to be shown from `shown` on.
    sent: Vec<u8>,
    shown: usize,
}

impl Client {
    /// Switches the packet tap on or off: whether [`Event::Packet`](super::Event::Packet) tells of every packet, in the
    /// order in which they pass. It is off at first, and changes nothing else.
    pub fn tap_packets(&mut self, on: bool) {
        self.core.tap.is_on = on;
    }
}

impl Tap {
    /// Whether a packet at the front of the receive buffer has to be shown before it is read.
    pub(super) const fn wants_received(&self) -> bool {
        self.is_on && !self.seen
    }

    /// Shows the packet at the front of the receive buffer.
    pub(super) fn show_received(&mut self, version: ProtocolVersion, waiting: &[u8]) -> PacketInfo {
        self.seen = true;
        show(Sender::Server, version, waiting)
    }

    /// What was at the front of the receive buffer is gone.
    pub(super) const fn on_read(&mut self) {
        self.seen = false;
    }

    /// These packets were handed to the transport.
    pub(super) fn on_sent(&mut self, packets: &[u8]) {
        if self.is_on {
            self.sent.extend_from_slice(packets);
        }
    }

    pub(super) const fn has_sent(&self) -> bool {
        !self.sent.is_empty()
    }

    /// Shows the next of the packets that were handed to the transport.
    pub(super) fn show_sent(&mut self, version: ProtocolVersion) -> PacketInfo {
        let info = show(Sender::Client, version, self.sent.get(self.shown..).unwrap_or_default());
        // What we send has a length, but if it had none, this would have to come to an end all the same.
        self.shown += info.size.max(1);
        if self.shown >= self.sent.len() {
            (self.sent, self.shown) = (Vec::new(), 0);
        }
        info
    }
}

fn show(sender: Sender, version: ProtocolVersion, packet: &[u8]) -> PacketInfo {
    let mut head = Vec::new();
    let size = redact(version, packet, &mut head);
    PacketInfo { sender, version, size, head }
}

impl core::fmt::Debug for Tap {
    /// Leaves out the packets, which have their secrets still.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Tap").field("is_on", &self.is_on).finish_non_exhaustive()
    }
}
