//! The client of a script and what is held against it after every act.

use super::broker::Broker;
use crate::client::{Client, ClientState, Event, TransportRequest};
use crate::codec::{PropertiesBuf, PropertyId, QoS, Sender, Value};
use crate::config::Config;
use crate::error::ErrorCode;
use crate::session::OpId;
use crate::time::Instant;
use std::collections::BTreeSet;

/// Rounds in which a client has to come to rest; nothing that a script of some kilobytes asks for takes more.
const ROUNDS: usize = 100_000;

/// What no packet of the client may show.
pub(super) const SECRETS: [&[u8]; 2] = [b"p4ss", b"4uth"];

pub(super) struct World {
    pub(super) client: Client,
    pub(super) config: Config,
    pub(super) now: Instant,
    pub(super) broker: Broker,
    /// Operations that have not settled, and all that ever were.
    pub(super) open: BTreeSet<u32>,
    pub(super) known: BTreeSet<u32>,
    pub(super) subscriptions: Vec<u32>,
    /// Tokens of messages to acknowledge, old ones included.
    pub(super) tokens: Vec<u32>,
    pub(super) dialing: bool,
    connected: bool,
    closed: bool,
}

impl World {
    /// `None` for options that the client refuses.
    pub(super) fn new(config: Config) -> Option<Self> {
        let mut client = Client::new(config.clone(), 1).ok()?;
        client.tap_packets(config.request_response_information);
        Some(Self {
            client,
            config,
            now: Instant::from_millis(1_000_000),
            broker: Broker::default(),
            open: BTreeSet::new(),
            known: BTreeSet::new(),
            subscriptions: Vec::new(),
            tokens: Vec::new(),
            dialing: false,
            connected: false,
            closed: false,
        })
    }

    /// The number of the next operation that is accepted.
    pub(super) fn next_op(&self) -> OpId {
        OpId(u32::try_from(self.known.len()).unwrap() + 1)
    }

    /// An operation was accepted.
    pub(super) fn opened(&mut self, op: OpId) {
        assert!(self.known.insert(op.0), "operation {op:?} was given twice");
        self.open.insert(op.0);
        assert!(!self.closed, "accepted after the end");
    }

    fn settle(&mut self, op: OpId) {
        assert!(self.open.remove(&op.0), "{op:?} settled twice, or after it was cancelled");
    }

    /// Takes what the client has to tell and to send, as its driver does after every call.
    pub(super) fn drain(&mut self) {
        let mut buffer = Vec::new();
        for _ in 0..ROUNDS {
            let mut idle = !self.hear();
            if self.client.poll_transmit(self.now, &mut buffer) {
                idle = false;
                self.broker.receive(&buffer);
            }
            while !self.client.has_events()
                && let Some(request) = self.client.poll_transport()
            {
                idle = false;
                self.dialing = matches!(request, TransportRequest::Open { .. });
                if request == TransportRequest::Close {
                    self.broker.hang_up();
                }
            }
            if idle {
                return;
            }
        }
        panic!("the client never comes to rest");
    }

    /// Takes the events alone; whether there were any.
    pub(super) fn hear(&mut self) -> bool {
        for round in 0..ROUNDS {
            let Some(event) = self.client.poll_event(self.now) else { return round > 0 };
            assert!(!self.closed || matches!(event, Event::Packet(_)), "{event:?} after the end");
            match event {
                Event::Completed(completion) => self.settle(completion.op),
                Event::Failed(failure) => self.settle(failure.op),
                Event::Connected(negotiated) => {
                    self.connected = true;
                    self.broker.greeted(&negotiated);
                }
                Event::Message(message) => {
                    assert!(self.connected, "a message without a connection");
                    assert!(!message.topic.is_empty());
                    let asks = self.config.manual_ack && message.qos > QoS::AtMostOnce;
                    assert_eq!(message.ack_token.is_some(), asks);
                    assert!(message.subscriptions.is_sorted_by(|a, b| a < b), "each subscription once");
                    self.tokens.extend(message.ack_token);
                }
                Event::Disconnected { .. } => self.connected = false,
                Event::Closed(_) => {
                    assert!(self.open.is_empty(), "never settled: {:?}", self.open);
                    self.closed = true;
                }
                Event::Packet(packet) => {
                    let shows = |secret: &[u8]| packet.head.windows(secret.len()).any(|part| part == secret);
                    assert!(packet.head.len() <= packet.size.max(1));
                    assert!(packet.sender == Sender::Server || !SECRETS.iter().any(|secret| shows(secret)));
                }
                _ => {}
            }
        }
        panic!("events without end");
    }

    /// Tells the client the time until no deadline is left behind; a driver would spin if one stayed.
    pub(super) fn tick(&mut self) {
        // Twice is legal: an attempt runs out of time, and the next one is due without any delay.
        for _ in 0..3 {
            self.client.handle_timeout(self.now);
            self.drain();
            if self.client.poll_timeout().is_none_or(|at| at > self.now) {
                return;
            }
        }
        panic!("{:?} stays due at {:?}", self.client.poll_timeout(), self.now);
    }

    /// The end of every script: after it nothing is open, nothing is accepted and nothing happens.
    pub(super) fn end(&mut self) {
        self.drain();
        self.client.terminate();
        self.drain();
        assert!(self.closed && self.client.state() == ClientState::Closed);
        assert!(self.open.is_empty(), "never settled: {:?}", self.open);
        assert_eq!(self.client.poll_timeout(), None);
        let stats = self.client.stats();
        assert_eq!((stats.queued_messages, stats.queued_bytes, stats.in_flight), (0, 0, 0));
        let mut properties = PropertiesBuf::new();
        properties.push(PropertyId::ContentType, Value::Str("late")).unwrap();
        let late = self.client.publish(
            self.next_op(),
            self.now,
            "late",
            &b""[..],
            QoS::AtLeastOnce,
            false,
            properties.as_properties(),
        );
        assert_eq!(late.unwrap_err().code, ErrorCode::ClientClosed);
        assert_eq!(self.client.start(self.now).unwrap_err().code, ErrorCode::ClientClosed);
        self.client.handle_input(self.now, &[0xD0, 0]);
        self.tick();
        assert!(!self.dialing, "dials after the end");
    }
}
