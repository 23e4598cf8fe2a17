//! State that outlives a network connection: what was published, received and subscribed (section 4.1).

#![forbid(unsafe_code)]

mod exchanges;
mod inbound;
mod journal;
mod marks;
mod publication;
mod queue;
mod record;
mod subscriptions;

pub(crate) use exchanges::{Exchange, Exchanges};
pub(crate) use inbound::{Arrival, Inbound};
pub use journal::StoreChange;
pub use publication::PayloadSource;
pub(crate) use publication::Publication;
pub(crate) use queue::Queue;
#[cfg(feature = "fuzzing")]
pub(crate) use record::sealed;
pub(crate) use record::{Clock, FORMAT, is_of_a_message};
pub(crate) use subscriptions::Subscriptions;

use crate::codec::{PacketId, SubscribeOptions};
use std::collections::VecDeque;

/// Names one operation of the application, such as a publish, until it is settled. The caller chooses it: above 0, and
/// not one that is unsettled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct OpId(pub u32);

impl OpId {
    /// The publish has settled early, or was one of an earlier client: what fails now is told by a notice.
    pub(crate) const DETACHED: Self = Self(0);
}

/// A SUBSCRIBE or UNSUBSCRIBE that waits for a connection or a packet identifier.
#[derive(Debug)]
pub(crate) enum Request {
    Subscribe {
        op: Option<OpId>,
        /// The subscriptions of the call, one for each of its filters.
        ids: Vec<u32>,
        /// Those that the packet in flight carries.
        sent: Vec<u32>,
    },
    Unsubscribe {
        op: Option<OpId>,
        filters: Vec<Box<str>>,
        /// User Properties, encoded.
        properties: Box<[u8]>,
    },
}

impl Request {
    pub(crate) fn op(&self) -> Option<OpId> {
        match self {
            Self::Subscribe { op, .. } | Self::Unsubscribe { op, .. } => *op,
        }
    }

    /// The caller has given up waiting; the request itself stays.
    pub(crate) fn forget_op(&mut self) {
        match self {
            Self::Subscribe { op, .. } | Self::Unsubscribe { op, .. } => *op = None,
        }
    }
}

/// The client's half of an MQTT session, and what the application has asked for beyond it.
#[derive(Debug, Default)]
pub(crate) struct Session {
    pub(crate) exchanges: Exchanges,
    pub(crate) inbound: Inbound,
    pub(crate) queue: Queue,
    pub(crate) requests: VecDeque<Request>,
    pub(crate) subscriptions: Subscriptions,
    /// PUBLISH packets to send again on this connection, in their original order (4.6.0-1).
    pub(crate) resend: VecDeque<PacketId>,
    last_sequence: u64,
    journal: journal::Journal,
}

/// What is left of the publishes in flight when the session has ended on the server.
pub(crate) struct Remains {
    /// Messages whose PUBLISH was sent; the server may or may not have taken them. In the order of publishing.
    pub(crate) publications: Vec<Publication>,
    /// Operations of QoS 2 messages whose PUBREL was sent.
    pub(crate) released: Vec<Option<OpId>>,
}

impl Session {
    /// `durable`: a store is told of all that changes.
    pub(crate) fn new(durable: bool) -> Self {
        let mut session = Self::default();
        if durable {
            session.switch_on();
        }
        session
    }

    pub(crate) fn next_sequence(&mut self) -> u64 {
        self.last_sequence += 1;
        self.last_sequence
    }

    /// Whether nothing was published, sent or restored yet.
    pub(crate) fn is_untouched(&self) -> bool {
        self.last_sequence == 0
    }

    /// The connection ended: requests in flight wait again, publishes keep their identifiers.
    pub(crate) fn on_connection_lost(&mut self) {
        self.inbound.on_connection_lost();
        self.resend.clear();
        for (_, exchange) in self.exchanges.iter_mut() {
            if let Exchange::Publish { counted, .. } | Exchange::Release { counted, .. } = exchange {
                *counted = false;
            }
        }
        for id in self.exchanges.in_order(Exchange::request_sequence).into_iter().rev() {
            if let Some(Exchange::Request { request, .. }) = self.exchanges.remove(id) {
                self.requests.push_front(request);
            }
        }
    }

    /// The server kept the session: everything unacknowledged goes out again, in its order (4.4, 4.6).
    ///
    /// Returns the identifiers whose PUBREL has to be sent; PUBLISH packets are left in `resend`.
    pub(crate) fn on_resumed(&mut self) -> Vec<PacketId> {
        self.resend = self.exchanges.in_order(Exchange::publish_sequence).into();
        self.exchanges.in_order(Exchange::release_sequence)
    }

    /// The server has no session: its half of every exchange is gone.
    pub(crate) fn on_lost(&mut self) -> Remains {
        self.inbound.on_session_lost();
        self.resend.clear();
        let mut remains = Remains { publications: Vec::new(), released: Vec::new() };
        for id in self.exchanges.in_order(Exchange::publish_sequence) {
            if let Some(Exchange::Publish { mut publication, .. }) = self.exchanges.remove(id) {
                publication.sent = true;
                remains.publications.push(publication);
            }
        }
        for id in self.exchanges.in_order(Exchange::release_sequence) {
            if let Some(Exchange::Release { op, .. }) = self.exchanges.remove(id) {
                remains.released.push(op);
            }
        }
        remains
    }
}

/// Options of one filter in a subscribe call (3.8.3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Filter<'a> {
    /// The topic filter, `$share/group/` included.
    pub filter: &'a str,
    /// Its subscription options.
    pub options: SubscribeOptions,
}
