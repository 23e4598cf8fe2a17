//! The client: commands, bytes and time go in; events, bytes and the next deadline come out.

#![forbid(unsafe_code)]

mod auth;
mod command;
mod event;
mod evidence;
mod idle;
mod leaving;
mod lifecycle;
mod phase;
mod publishing;
mod receive;
mod reconnect;
mod renewal;
mod settle;
mod stats;
mod store;
mod subscribing;
mod surroundings;
mod suspicion;
mod tap;
mod topics;
mod transmit;

pub use command::PublishOptions;
pub use event::{
    AuthData, ClientState, Completion, Event, Failure, Fate, Message, OpKind, Retry, TransportRequest,
};
pub use leaving::DisconnectOptions;
pub use lifecycle::TransportClose;
pub use stats::Stats;
pub use store::StoreChanges;
pub use surroundings::Presence;
pub use tap::PacketInfo;

use crate::codec::{FrameBuffer, Properties, ProtocolVersion, QoS, Span};
use crate::config::{Config, VersionPolicy};
use crate::connection::Negotiated;
use crate::error::Error;
use crate::session::{OpId, Session};
use crate::time::Instant;
use idle::Idleness;
use leaving::Closing;
use phase::Phase;
use reconnect::Backoff;
use std::collections::VecDeque;
use surroundings::Surroundings;
use suspicion::Suspicion;
use topics::Topics;

/// A part of the messages in flight as large as this is worth a transmission of its own: one part is on its way there, one
/// on its way back, one waits.
const GATHERED_PARTS: usize = 3;
/// Or so many, however many are in flight: what a send costs beside its bytes is shared by then.
const GATHERED_MOST: usize = 48;

/// An MQTT client without a socket, a clock or a thread.
///
/// After every call that may change something, drain it in this order: [`Client::poll_event`] until `None`,
/// [`Client::poll_store`] of a durable client and [`Client::poll_transmit`] in turns until `None` and `false`,
/// [`Client::poll_transport`] until `None`; then arm one timer for [`Client::poll_timeout`]. Calls that come too early, too
/// late or twice do nothing.
#[derive(Debug)]
pub struct Client {
    /// Bytes received. Apart from the rest, so that an event can borrow from it.
    frames: FrameBuffer,
    core: Core,
}

/// What moves when a packet, a command or the time comes in.
#[derive(Debug)]
struct Core {
    config: Config,
    session: Session,
    topics: Topics,
    phase: Phase,
    state: ClientState,
    backoff: Backoff,
    suspicion: Suspicion,
    idle: Idleness,
    around: Surroundings,
    /// Server References followed since the last stable connection.
    redirects: u32,
    /// The next attempt follows a Server Reference.
    redirected: bool,
    /// How the attempt with 5.0 ended after which this one is made with 3.1.1.
    refused: Option<Error>,
    /// Version that the next CONNECT will have.
    version: ProtocolVersion,
    /// Client Identifier of the next CONNECT: the configured one, or the one that the server has assigned.
    client_id: Box<str>,
    /// The server promised to keep our session after the connection.
    has_session: bool,
    connected_before: bool,
    /// The next CONNECT has to start a new session, because the server's does not fit ours.
    must_start_clean: bool,
    /// An authentication that we have started on the live connection (4.12.1).
    reauthentication: Option<auth::Reauthentication>,
    /// The server waits for our answer to its AUTH, and the application has until then to give it.
    challenged: Option<Instant>,
    closing: Option<Closing>,
    /// The connection is to be left for a new one, at this time at the latest.
    renewal: Option<Instant>,
    /// Whole packets for the transport.
    out: Vec<u8>,
    /// QoS 0 publishes in `out`, and others that ask for no more: done when it is handed over.
    unsent: Vec<store::Unsent>,
    /// The last publish, in `unsent` or in the queue, if it settles for those that join it.
    joinable: Option<OpId>,
    /// Packets in `out` of messages at QoS 1 and 2, each of which the server has to answer.
    questions: usize,
    outbox: store::Outbox,
    /// PINGREQs that wait for their PINGRESP, and whose they are.
    pings: VecDeque<Option<(OpId, Instant)>>,
    events: VecDeque<Event<'static>>,
    transport: VecDeque<TransportRequest>,
    tap: tap::Tap,
    stats: Stats,
}

/// Where a message lies, between receiving and handing it out.
#[derive(Debug)]
struct Delivery {
    span: Span,
    topic: topics::TopicRef,
    qos: QoS,
    retain: bool,
    dup: bool,
    /// Where properties begin, and payload behind them; relative to the packet.
    body: usize,
    payload: usize,
    ack_token: Option<u32>,
}

impl Client {
    /// A client that has not been started. `seed` is any number that differs between clients, such as entropy of the
    /// host: it spreads their reconnects over time.
    ///
    /// # Errors
    /// What [`Config::validate`] finds.
    pub fn new(config: Config, seed: u64) -> Result<Self, Error> {
        config.validate()?;
        let version = match config.version {
            VersionPolicy::Auto => ProtocolVersion::V5,
            VersionPolicy::Only(version) => version,
        };
        Ok(Self {
            frames: FrameBuffer::new(config.maximum_packet_size),
            core: Core {
                client_id: config.client_id.as_str().into(),
                session: Session::new(config.durable),
                config,
                topics: Topics::default(),
                phase: Phase::Idle,
                state: ClientState::Idle,
                backoff: Backoff::new(seed),
                suspicion: Suspicion::default(),
                idle: Idleness::default(),
                around: Surroundings::default(),
                redirects: 0,
                redirected: false,
                refused: None,
                version,
                has_session: false,
                connected_before: false,
                must_start_clean: false,
                reauthentication: None,
                challenged: None,
                closing: None,
                renewal: None,
                out: Vec::new(),
                unsent: Vec::new(),
                joinable: None,
                questions: 0,
                outbox: store::Outbox::default(),
                pings: VecDeque::new(),
                events: VecDeque::new(),
                transport: VecDeque::new(),
                tap: tap::Tap::default(),
                stats: Stats::default(),
            },
        })
    }

    /// Where the client stands.
    #[must_use]
    pub fn state(&self) -> ClientState {
        self.core.state
    }

    /// What was negotiated for the current connection.
    #[must_use]
    pub fn server(&self) -> Option<&Negotiated> {
        self.core.phase.live().map(|connection| &*connection.negotiated)
    }

    /// Counters up to now.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.core.stats()
    }

    /// Space for the next `len` bytes from the transport. Payloads and properties of earlier events end here.
    pub fn receive_buffer(&mut self, len: usize) -> &mut [u8] {
        self.frames.spare(len)
    }

    /// The first `len` bytes of the last [`Client::receive_buffer`] have been filled.
    ///
    /// They are read by [`Client::poll_event`], packet by packet. Bytes that come while no connection is open are
    /// dropped.
    pub fn handle_received(&mut self, now: Instant, len: usize) {
        if len > 0 && self.core.on_bytes(now, len) {
            self.frames.commit(len);
        }
    }

    /// Which byte of the last [`Client::receive_buffer`] has to be filled next, when those before `filled` are.
    ///
    /// For who hands payloads out by [`Message::body_position`]: those that lie whole in the `len` bytes need not be copied
    /// here. What is then in their place is that of [`Message::payload`] and [`Message::body`], and means nothing.
    pub fn needed(&mut self, filled: usize, len: usize) -> usize {
        self.frames.needed(self.core.version, filled, len)
    }

    /// [`Client::receive_buffer`] and [`Client::handle_received`] in one.
    pub fn handle_input(&mut self, now: Instant, bytes: &[u8]) {
        self.receive_buffer(bytes.len()).copy_from_slice(bytes);
        self.handle_received(now, bytes.len());
    }

    /// The next thing that happened. A message borrows the receive buffer, which does not move until the next
    /// [`Client::receive_buffer`]; so positions taken from several messages stay good until then.
    pub fn poll_event(&mut self, now: Instant) -> Option<Event<'_>> {
        if self.core.tap.has_sent() {
            return Some(Event::Packet(self.core.tap.show_sent(self.core.version)));
        }
        let mut delivery = None;
        loop {
            if let Some(event) = self.core.events.pop_front() {
                return Some(event);
            }
            if !self.core.wants_bytes() {
                self.frames.reset();
                self.core.tap.on_read();
                return None;
            }
            if self.is_unseen() {
                return Some(Event::Packet(
                    self.core.tap.show_received(self.core.version, self.frames.waiting()),
                ));
            }
            self.next_delivery(now, &mut delivery);
            if let Some(delivery) = &delivery {
                return Some(Event::Message(self.message(delivery)));
            }
            if !self.core.events.is_empty() || !self.core.wants_bytes() || self.is_unseen() {
                continue; // it broke a rule, or was nothing to deliver and another packet follows
            }
            self.core.tap.on_read();
            match self.frames.next(self.core.version) {
                Ok(Some(span)) => self.core.on_packet(now, self.frames.bytes(span)),
                Ok(None) => return None,
                Err(violation) => self.core.violate(now, violation),
            }
        }
    }

    /// The next message, if it is the next event: the same as [`Client::poll_event`] would say, in less time. After `None`
    /// there may be other events, and messages behind them.
    pub fn poll_message(&mut self, now: Instant) -> Option<Message<'_>> {
        let mut delivery = None;
        self.next_delivery(now, &mut delivery);
        delivery.as_ref().map(|delivery| self.message(delivery))
    }

    /// Whether a packet is at the front that the tap has not shown.
    fn is_unseen(&self) -> bool {
        self.core.tap.wants_received() && self.frames.peek(self.core.version) != Ok(None)
    }

    fn next_delivery(&mut self, now: Instant, delivery: &mut Option<Delivery>) {
        while delivery.is_none() && !self.has_events() && self.core.takes_messages() {
            let Some(span) = self.frames.next_publish(self.core.version) else { return };
            self.core.tap.on_read();
            self.core.on_message(now, span, self.frames.bytes(span), delivery);
        }
    }

    /// Whether [`Client::poll_event`] has something other than received packets to tell.
    #[must_use]
    pub fn has_events(&self) -> bool {
        !self.core.events.is_empty() || self.core.tap.has_sent()
    }

    /// How many events wait for [`Client::poll_event`], those of received packets left aside.
    #[must_use]
    pub fn events_waiting(&self) -> usize {
        self.core.events.len()
    }

    /// Bytes that [`Client::poll_transmit`] could hand out now, those that wait in the queue left aside; 0 as well for a
    /// [durable](Config::durable) client, whose store comes first.
    #[must_use]
    pub fn gathered(&self) -> usize {
        if self.core.session.is_kept() { 0 } else { self.core.out.len() }
    }

    /// Whether the server has yet to answer most of the messages in flight: what its next answers cause can leave together
    /// with what waits now.
    #[must_use]
    pub fn is_gathering(&self) -> bool {
        let (waiting, open) = (self.core.questions, self.core.session.exchanges.len());
        waiting > 0 && waiting < GATHERED_MOST && waiting * GATHERED_PARTS < open
    }

    /// Whether [`Client::poll_transport`] has something to ask for.
    #[must_use]
    pub fn has_transport_request(&self) -> bool {
        !self.core.transport.is_empty()
    }

    /// Whether [`Client::poll_transmit`] and [`Client::poll_store`] would have nothing to do.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.core.is_idle()
    }

    fn message(&self, delivery: &Delivery) -> Message<'_> {
        let body = self.frames.bytes(Span { start: delivery.span.start + delivery.body, ..delivery.span });
        let parts = body.split_at_checked(delivery.payload - delivery.body);
        let (properties, payload) = parts.unwrap_or_default();
        Message {
            topic: self.core.topics.topic(delivery.topic.id),
            topic_id: delivery.topic.id,
            new_topic: delivery.topic.is_new,
            payload,
            body,
            body_position: self.frames.chunk_offset(delivery.span.start + delivery.body),
            qos: delivery.qos,
            retain: delivery.retain,
            dup: delivery.dup,
            properties: Properties::from_validated(properties),
            subscriptions: self.core.topics.routes(delivery.topic.id),
            ack_token: delivery.ack_token,
        }
    }
}

impl Core {
    fn stats(&self) -> Stats {
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        Stats {
            queued_messages: count(self.session.queue.len()),
            queued_bytes: count(self.session.queue.bytes()),
            in_flight: count(self.session.exchanges.len()),
            subscriptions: count(self.session.subscriptions.len()),
            ..self.stats
        }
    }

    fn set_state(&mut self, state: ClientState) {
        if self.state != state {
            self.state = state;
            self.events.push_back(Event::State(state));
        }
    }
}
