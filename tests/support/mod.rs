//! A client on a virtual clock, with a scripted server at the other end, and a record of all that happened.
//!
//! Tests read like transcripts: what the server says goes in, what the client sent and told comes out as lines.

#![allow(dead_code, reason = "each test binary uses its own part")]

pub(crate) mod disk;
pub(crate) mod record;
pub(crate) mod say;

use record::{Told, line_of_packet, line_of_told};
pub(crate) use say::*;
use wasmqtt::Error;
use wasmqtt::client::{Client, ClientState, DisconnectOptions, PacketInfo, TransportClose, TransportRequest};
use wasmqtt::codec::{
    FrameBuffer, Packet, PropertiesBuf, ProtocolVersion, QoS, Sender, SubscribeOptions, decode_from_client,
};
use wasmqtt::config::{Config, ReconnectPolicy, VersionPolicy};
use wasmqtt::connection::Credentials;
use wasmqtt::session::{Filter, OpId};
use wasmqtt::time::{Instant, Millis};

pub(crate) const Q0: QoS = QoS::AtMostOnce;
pub(crate) const Q1: QoS = QoS::AtLeastOnce;
pub(crate) const Q2: QoS = QoS::ExactlyOnce;
pub(crate) const V311: ProtocolVersion = ProtocolVersion::V311;
pub(crate) const V5: ProtocolVersion = ProtocolVersion::V5;
pub(crate) const BOTH: [ProtocolVersion; 2] = [V311, V5];

/// A client of `version` named "cid" that keeps its session and reconnects after exactly one second at first.
pub(crate) fn config(version: ProtocolVersion) -> Config {
    Config {
        version: VersionPolicy::Only(version),
        client_id: "cid".into(),
        first_session: wasmqtt::config::FirstSession::Refuse,
        session_expiry_seconds: Some(300),
        reconnect: Some(ReconnectPolicy { jitter_percent: 0, ..ReconnectPolicy::default() }),
        ..Config::default()
    }
}

/// The client under test and everything around it.
pub(crate) struct Rig {
    pub(crate) client: Client,
    pub(crate) now: Instant,
    pub(crate) version: ProtocolVersion,
    /// What the client told, in order.
    pub(crate) events: Vec<Told>,
    /// Packets that left on any connection.
    pub(crate) packets: Vec<Vec<u8>>,
    /// Packets that the tap showed, in order.
    pub(crate) seen: Vec<PacketInfo>,
    /// What was asked of the transport.
    pub(crate) requests: Vec<TransportRequest>,
    /// Whether a transport is open; bytes sent without one fail the test.
    pub(crate) open: bool,
    /// User name and password of the next CONNECT.
    pub(crate) username: Option<&'static str>,
    pub(crate) password: Option<&'static [u8]>,
    /// First Authentication Data of the next CONNECT.
    pub(crate) auth_data: Option<&'static [u8]>,
    /// The store of a durable client.
    pub(crate) disk: disk::Disk,
    /// Whether it commits as soon as it is asked to.
    pub(crate) commits: bool,
    wire: FrameBuffer,
    last_op: u32,
    buffer: Vec<u8>,
    closed: bool,
}

impl Rig {
    /// A client that was not started.
    pub(crate) fn new(config: Config) -> Self {
        let version = match config.version {
            VersionPolicy::Only(version) => version,
            VersionPolicy::Auto => V5,
        };
        Self {
            client: Client::new(config, 1).expect("the configuration is valid"),
            now: Instant::from_millis(1_000_000),
            version,
            events: Vec::new(),
            packets: Vec::new(),
            seen: Vec::new(),
            requests: Vec::new(),
            open: false,
            username: None,
            password: None,
            auth_data: None,
            disk: disk::Disk::default(),
            commits: true,
            last_op: 0,
            wire: FrameBuffer::for_packets_of(Sender::Client, u32::MAX),
            buffer: Vec::new(),
            closed: false,
        }
    }

    /// Started, CONNECT sent.
    pub(crate) fn connecting(config: Config) -> Self {
        let mut rig = Self::new(config);
        rig.start();
        rig.opened();
        rig.forget();
        rig
    }

    /// Connected to a server that sets no limits, with nothing on record.
    pub(crate) fn connected(config: Config) -> Self {
        Self::connected_with(config, connack())
    }

    /// Connected by this CONNACK, with nothing on record.
    pub(crate) fn connected_with(config: Config, connack: Say) -> Self {
        let mut rig = Self::connecting(config);
        rig.says(connack);
        assert_eq!(rig.client.state(), ClientState::Connected);
        rig.forget();
        rig
    }

    pub(crate) fn v5() -> Self {
        Self::connected(config(V5))
    }

    pub(crate) fn start(&mut self) {
        self.client.start(self.now).expect("can be started");
        self.drain();
    }

    /// The transport opens with the subprotocol that was asked for.
    pub(crate) fn opened(&mut self) {
        self.opened_with("mqtt");
    }

    pub(crate) fn opened_with(&mut self, subprotocol: &str) {
        self.open = true;
        self.wire.reset();
        let credentials =
            Credentials { username: self.username, password: self.password, auth_data: self.auth_data };
        self.client.handle_opened(self.now, &["mqtt"], subprotocol, credentials);
        self.drain();
    }

    /// The server sends a packet.
    pub(crate) fn says(&mut self, say: Say) {
        let bytes = say.encode(self.version);
        self.feed(&bytes);
    }

    /// The server sends bytes, in one chunk.
    pub(crate) fn feed(&mut self, bytes: &[u8]) {
        self.client.handle_input(self.now, bytes);
        self.drain();
    }

    /// The transport is gone, without a word.
    pub(crate) fn cut(&mut self) {
        self.open = false;
        self.client.handle_closed(self.now, TransportClose { code: 1006, reason: "" });
        self.drain();
    }

    /// Time passes in one leap, as for a page that was asleep.
    pub(crate) fn leap(&mut self, millis: u64) {
        self.now = self.now + Millis::new(millis);
        self.client.handle_timeout(self.now);
        self.drain();
    }

    /// Time passes, and every deadline on the way is kept.
    pub(crate) fn advance(&mut self, millis: u64) {
        let end = self.now + Millis::new(millis);
        for _ in 0..100_000 {
            match self.client.poll_timeout() {
                Some(at) if at <= end => {
                    self.now = self.now.max(at);
                    self.client.handle_timeout(self.now);
                    self.drain();
                }
                Some(_) | None => {
                    self.now = end;
                    return;
                }
            }
        }
        panic!("deadlines without end");
    }

    /// Waits for the next attempt.
    pub(crate) fn wait_for_attempt(&mut self) {
        for _ in 0..10 {
            if self.requests.iter().any(|request| matches!(request, TransportRequest::Open { .. })) {
                return self.requests.clear();
            }
            let at = self.client.poll_timeout().expect("an attempt is due");
            self.now = self.now.max(at);
            self.client.handle_timeout(self.now);
            self.drain();
        }
        panic!("no attempt");
    }

    /// Waits for the next attempt and lets it succeed up to CONNECT.
    pub(crate) fn redial(&mut self) {
        self.wait_for_attempt();
        self.opened();
    }

    /// Cuts the connection and makes a new one; what happened on the way is forgotten, what follows CONNACK is not.
    pub(crate) fn reconnect(&mut self, connack: Say) {
        self.cut();
        self.forget_requests();
        self.redial();
        self.forget();
        self.says(connack);
        let connected = self.events.iter().position(|told| matches!(told, Told::Connected(_)));
        self.events.drain(..=connected.expect("the client takes the CONNACK"));
    }

    /// The number of the next operation.
    pub(crate) fn next_op(&mut self) -> OpId {
        self.last_op += 1;
        OpId(self.last_op)
    }

    pub(crate) fn publish(&mut self, qos: QoS, topic: &str, payload: &str) -> OpId {
        self.publish_with(qos, topic, payload, &PropertiesBuf::new()).expect("is accepted")
    }

    pub(crate) fn publish_with(
        &mut self,
        qos: QoS,
        topic: &str,
        payload: &str,
        properties: &PropertiesBuf,
    ) -> Result<OpId, Error> {
        let properties = properties.as_properties();
        let op = self.next_op();
        let result = self.client.publish(op, self.now, topic, payload.as_bytes(), qos, false, properties);
        self.drain();
        result.map(|()| op)
    }

    pub(crate) fn subscribe(&mut self, filters: &[(&str, QoS)]) -> (OpId, Vec<u32>) {
        let options = |qos| SubscribeOptions { qos, ..SubscribeOptions::default() };
        let filters: Vec<_> = filters.iter().map(|(text, qos)| filter(text, options(*qos))).collect();
        self.try_subscribe(&filters).expect("is accepted")
    }

    pub(crate) fn try_subscribe(&mut self, filters: &[Filter<'_>]) -> Result<(OpId, Vec<u32>), Error> {
        self.subscribe_with(filters, &PropertiesBuf::new())
    }

    pub(crate) fn subscribe_with(
        &mut self,
        filters: &[Filter<'_>],
        properties: &PropertiesBuf,
    ) -> Result<(OpId, Vec<u32>), Error> {
        let op = self.next_op();
        let result = self.client.subscribe(op, filters, properties.as_properties());
        self.drain();
        result.map(|ids| (op, ids))
    }

    pub(crate) fn unsubscribe(&mut self, ids: &[u32]) -> OpId {
        self.unsubscribe_with(ids, &PropertiesBuf::new())
    }

    pub(crate) fn unsubscribe_with(&mut self, ids: &[u32], properties: &PropertiesBuf) -> OpId {
        let op = self.next_op();
        self.client.unsubscribe(op, ids, properties.as_properties()).expect("is accepted");
        self.drain();
        op
    }

    pub(crate) fn ping(&mut self) -> OpId {
        let op = self.next_op();
        self.client.ping(op, self.now).expect("is connected");
        self.drain();
        op
    }

    pub(crate) fn authenticate(&mut self, data: &[u8]) -> Result<(), Error> {
        let result = self.client.authenticate(Some(data));
        self.drain();
        result
    }

    pub(crate) fn reauthenticate(&mut self, data: Option<&[u8]>) -> Result<OpId, Error> {
        let op = self.next_op();
        let result = self.client.reauthenticate(op, data);
        self.drain();
        result.map(|()| op)
    }

    pub(crate) fn disconnect(&mut self, drain_millis: u64) {
        self.disconnect_with(DisconnectOptions {
            drain: Millis::new(drain_millis),
            ..DisconnectOptions::default()
        })
        .expect("is accepted");
    }

    pub(crate) fn disconnect_with(&mut self, options: DisconnectOptions) -> Result<(), Error> {
        let result = self.client.disconnect(self.now, options);
        self.drain();
        result
    }

    /// Does what a driver does after every call: events, bytes, transport, until there is nothing left.
    pub(crate) fn drain(&mut self) {
        for _ in 0..100_000 {
            let mut idle = true;
            loop {
                while let Some(message) = self.client.poll_message(self.now) {
                    idle = false;
                    assert!(!self.closed, "nothing follows the end, but {message:?} did");
                    self.events.push(Told::from(wasmqtt::client::Event::Message(message)));
                }
                let Some(event) = self.client.poll_event(self.now) else { break };
                idle = false;
                let told = Told::from(event);
                if let Told::Packet(seen) = told {
                    self.seen.push(seen);
                    continue;
                }
                assert!(!self.closed, "nothing follows the end, but {told:?} did");
                self.closed = matches!(told, Told::Closed(_));
                self.events.push(told);
            }
            if let Some(changes) = self.client.poll_store(self.now) {
                idle = false;
                // The last changes of a client wait for no answer.
                assert!(self.closed || self.disk.waiting.is_none(), "one batch at a time");
                self.disk.commit();
                self.disk.waiting = Some(changes);
            }
            if self.commits && self.disk.commit() {
                self.client.handle_stored();
            }
            let mut buffer = core::mem::take(&mut self.buffer);
            if self.client.poll_transmit(self.now, &mut buffer) {
                idle = false;
                self.take(&buffer);
            }
            self.buffer = buffer;
            while !self.client.has_events()
                && let Some(request) = self.client.poll_transport()
            {
                idle = false;
                self.open = self.open && request != TransportRequest::Close;
                self.requests.push(request);
            }
            if idle && !self.client.has_events() {
                return;
            }
        }
        panic!("the client never comes to rest");
    }

    /// Cuts what the client sent into packets, as its server would.
    fn take(&mut self, bytes: &[u8]) {
        assert!(self.open, "bytes without a transport: {bytes:02x?}");
        self.wire.push(bytes);
        if bytes.first() == Some(&0x10) {
            // CONNECT says which version it and everything after it is of.
            let name = bytes.windows(4).position(|window| window == b"MQTT").expect("a protocol name");
            self.version = if bytes.get(name + 4) == Some(&4) { V311 } else { V5 };
        }
        loop {
            let span = match self.wire.next(self.version) {
                Ok(Some(span)) => span,
                Ok(None) => break,
                Err(violation) => panic!("the client broke a rule: {violation}: {bytes:02x?}"),
            };
            let packet = self.wire.bytes(span).to_vec();
            if let Err(violation) = decode_from_client(self.version, &packet) {
                panic!("the client broke a rule: {violation}: {packet:02x?}");
            }
            self.packets.push(packet);
        }
    }

    // ── the record ───────────────────────────────────────────────────────────────────────────────────────────────

    /// Clears the record.
    pub(crate) fn forget(&mut self) {
        self.events.clear();
        self.packets.clear();
        self.requests.clear();
    }

    fn forget_requests(&mut self) {
        self.requests.retain(|request| *request != TransportRequest::Close);
    }

    /// What the client has sent since this was last asked, a line for each packet.
    pub(crate) fn sent(&mut self) -> Vec<String> {
        let lines = self.packets.iter().map(|packet| line_of_packet(self.version, packet)).collect();
        self.packets.clear();
        lines
    }

    /// The same without packet identifiers, where any free one is right.
    pub(crate) fn sent_unnumbered(&mut self) -> Vec<String> {
        let strip = |line: String| {
            let words = line.split(' ').filter(|word| !word.starts_with('#'));
            words.collect::<Vec<_>>().join(" ")
        };
        self.sent().into_iter().map(strip).collect()
    }

    /// What the client has told since this was last asked, a line for each event; changes of state are left out.
    pub(crate) fn told(&mut self) -> Vec<String> {
        core::mem::take(&mut self.events).iter().filter_map(line_of_told).collect()
    }

    /// Why attempts and connections on record ended.
    fn losses(&self) -> impl Iterator<Item = &Error> {
        self.events.iter().filter_map(|told| match told {
            Told::Disconnected(error, _) => error.as_ref(),
            _ => None,
        })
    }

    /// Why the first attempt or connection on record ended.
    pub(crate) fn first_loss(&self) -> &Error {
        self.losses().next().expect("a loss")
    }

    /// Why the last one did.
    pub(crate) fn last_loss(&self) -> &Error {
        self.losses().last().expect("a loss")
    }

    /// What notices on record are about.
    pub(crate) fn errors_of_notices(&self) -> impl Iterator<Item = &Error> {
        self.events.iter().filter_map(|told| if let Told::Notice(error) = told { Some(error) } else { None })
    }

    /// What was asked of the transport since this was last asked.
    pub(crate) fn asked(&mut self) -> Vec<String> {
        core::mem::take(&mut self.requests)
            .iter()
            .map(|request| match request {
                TransportRequest::Open { attempt } => format!("open {attempt}"),
                TransportRequest::Close => "close".into(),
            })
            .collect()
    }

    /// States that the client has gone through since the record was last cleared.
    pub(crate) fn states(&self) -> Vec<ClientState> {
        let state = |told: &Told| if let Told::State(state) = told { Some(*state) } else { None };
        self.events.iter().filter_map(state).collect()
    }

    /// Numbers of the subscriptions of each message on record.
    pub(crate) fn routes(&self) -> Vec<Vec<u32>> {
        self.messages().map(|message| message.subscriptions.clone()).collect()
    }

    /// Messages on record.
    pub(crate) fn messages(&self) -> impl Iterator<Item = &record::Arrived> {
        self.events
            .iter()
            .filter_map(|told| if let Told::Message(message) = told { Some(message) } else { None })
    }

    /// Packet identifier of the last packet on record.
    pub(crate) fn last_id(&self) -> u16 {
        let line = line_of_packet(self.version, self.packets.last().expect("a packet was sent"));
        let id =
            line.split(' ').find_map(|word| word.strip_prefix('#')).expect("a packet with an identifier");
        id.parse().expect("a number")
    }

    /// Looks at the last packet on record.
    pub(crate) fn last_packet<T>(&self, look: impl FnOnce(Packet<'_>) -> T) -> T {
        let packet = self.packets.last().expect("a packet was sent");
        look(decode_from_client(self.version, packet).expect("checked before"))
    }
}

/// A topic filter with options.
pub(crate) fn filter(text: &str, options: SubscribeOptions) -> Filter<'_> {
    Filter { filter: text, options }
}
