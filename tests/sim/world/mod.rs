//! Client, server, link and model, and what can be done with them. When what happens is decided elsewhere.

mod application;
mod store;

use crate::broker::{Broker, Limits, refuses};
use crate::disk::Disk;
use crate::model::Model;
use wasmqtt::client::{Client, ClientState, Event, PacketInfo, TransportClose, TransportRequest};
use wasmqtt::codec::{ProtocolVersion, QoS};
use wasmqtt::config::{Config, VersionPolicy};
use wasmqtt::connection::Credentials;
use wasmqtt::time::{Instant, Millis};
use wasmqtt::{Error, ErrorCode};

/// What befalls link and server.
pub(crate) trait Fate {
    /// Limits of a server on the next connection.
    fn limits(&mut self) -> Limits;
    /// Whether the server loses the session together with the link.
    fn loses_session(&mut self) -> bool;
    /// How many of `len` bytes handed over before the client closed still arrive.
    fn arrives_late(&mut self, len: usize) -> usize;
    /// How many of `len` bytes arrive at the server, or at the client; the link breaks behind them where that is said.
    fn carries(&mut self, _: Way, len: usize) -> (usize, bool) {
        (len, false)
    }
    /// Asked between any two things that happen: whether the link breaks here.
    fn breaks(&mut self) -> bool {
        false
    }
    /// Whether a durable client dies here: then, whether its store has done what it was doing.
    fn crashes(&mut self) -> Option<bool> {
        None
    }
    /// Whether the store has done what it was asked to do.
    fn commits(&mut self) -> bool {
        true
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Way {
    Up,
    Down,
}

pub(crate) struct World<F> {
    pub(crate) fate: F,
    pub(crate) now: Instant,
    pub(crate) version: ProtocolVersion,
    pub(crate) manual_ack: bool,
    pub(crate) client: Client,
    last_op: u32,
    pub(crate) broker: Broker,
    pub(crate) model: Model,
    /// Bytes on their way, to the server and to the client.
    pub(crate) up: Vec<u8>,
    pub(crate) down: Vec<u8>,
    pub(crate) dialing: bool,
    pub(crate) linked: bool,
    /// The client has had the CONNACK of this link.
    greeted: bool,
    pub(crate) closed: bool,
    challenged: bool,
    /// Messages that wait for the application to acknowledge them, and their numbers.
    pub(crate) tokens: Vec<(u32, usize)>,
    /// What the client is made from.
    config: Config,
    pub(crate) durable: bool,
    pub(crate) disk: Disk,
    /// The store knows of the session that the server has.
    noted: bool,
    /// The store works.
    is_stored: bool,
    /// The store takes no time any more.
    hurries: bool,
    /// Links, and attempts at one, that broke, and clients that died.
    pub(crate) breaks: usize,
    pub(crate) crashes: usize,
    pub(crate) trace: bool,
    /// What the client told and sent, where somebody wants to know.
    pub(crate) journal: Option<Vec<String>>,
    /// Packets that its tap showed.
    pub(crate) seen: Vec<PacketInfo>,
}

impl<F: Fate> World<F> {
    pub(crate) fn new(config: Config, seed: u64, fate: F, trace: bool) -> Self {
        if trace {
            eprintln!("{config:?}");
        }
        let VersionPolicy::Only(version) = config.version else { panic!("one version at a time") };
        Self {
            fate,
            now: Instant::from_millis(0),
            version,
            manual_ack: config.manual_ack,
            client: Client::new(config.clone(), seed).unwrap(),
            last_op: 0,
            durable: config.durable,
            config,
            disk: Disk::default(),
            noted: true,
            is_stored: true,
            hurries: false,
            broker: Broker::default(),
            model: Model::default(),
            up: Vec::new(),
            down: Vec::new(),
            dialing: false,
            linked: false,
            greeted: false,
            closed: false,
            challenged: false,
            tokens: Vec::new(),
            breaks: 0,
            crashes: 0,
            trace,
            journal: None,
            seen: Vec::new(),
        }
    }

    pub(crate) fn note(&self, what: impl FnOnce() -> String) {
        if self.trace {
            eprintln!("{:>8} {}", self.now.as_millis(), what());
        }
    }

    pub(crate) fn start(&mut self) {
        self.client.start(self.now).unwrap();
        self.drain();
    }

    /// The server publishes.
    pub(crate) fn deliver(&mut self, qos: QoS) {
        self.broker.publish(qos, &mut self.model.downward);
        self.broker.push();
    }

    /// So many bytes arrive at the server.
    pub(crate) fn carry_up(&mut self, len: usize) {
        let (len, breaks) = self.fate.carries(Way::Up, len);
        let rest = self.up.split_off(len);
        let bytes = core::mem::replace(&mut self.up, rest);
        self.broker.receive(&bytes, &mut self.model.upward, &mut self.model.downward);
        self.broker.push();
        if breaks {
            self.lose_link();
        }
    }

    /// So many bytes arrive at the client.
    pub(crate) fn carry_down(&mut self, len: usize) {
        let (len, breaks) = self.fate.carries(Way::Down, len);
        let rest = self.down.split_off(len);
        let bytes = core::mem::replace(&mut self.down, rest);
        self.client.handle_input(self.now, &bytes);
        self.drain();
        if breaks {
            self.lose_link();
        }
    }

    pub(crate) fn open_link(&mut self) {
        self.note(|| "dialed".into());
        (self.dialing, self.linked, self.greeted) = (false, true, false);
        let limits = if self.version == ProtocolVersion::V311 { Limits::NONE } else { self.fate.limits() };
        self.broker.accept(self.version, limits);
        let auth_data = self.version == ProtocolVersion::V5;
        let credentials =
            Credentials { auth_data: auth_data.then_some(&b"first"[..]), ..Credentials::default() };
        self.client.handle_opened(self.now, &["mqtt"], "mqtt", credentials);
    }

    pub(crate) fn fail_to_dial(&mut self) {
        self.note(|| "cannot dial".into());
        self.dialing = false;
        self.client.handle_closed(self.now, TransportClose { code: 1006, reason: "" });
    }

    pub(crate) fn pass_time(&mut self, length: Millis) {
        self.now = self.now + length;
        self.note(|| "time".into());
        self.client.handle_timeout(self.now);
    }

    /// The link breaks, or an attempt at one; what is on its way is gone.
    pub(crate) fn lose_link(&mut self) {
        self.breaks += usize::from(self.linked || self.dialing);
        if self.linked {
            self.note(|| "cut".into());
            self.unlink();
            self.client.handle_closed(self.now, TransportClose { code: 1006, reason: "" });
        } else if self.dialing {
            self.fail_to_dial();
        }
    }

    /// Whether the link breaks at this moment, or the client dies.
    pub(crate) fn may_break(&mut self) -> bool {
        if self.durable && self.closed {
            return false;
        }
        if self.durable
            && let Some(committed) = self.fate.crashes()
        {
            let arrives = self.fate.arrives_late(self.up.len());
            self.breaks += 1;
            self.crash(committed, arrives);
            return true;
        }
        let breaks = self.fate.breaks();
        if breaks {
            self.lose_link();
        }
        breaks
    }

    fn unlink(&mut self) {
        self.linked = false;
        self.up.clear();
        self.down.clear();
        // MQTT cannot tell a session that the client has never heard of from the one before it: such a one would make
        // exactly once impossible.
        let lose_session = self.fate.loses_session() || (!self.greeted && self.broker.is_fresh());
        self.note(|| format!("server: gone, session lost: {lose_session}"));
        self.broker.hang_up(lose_session, &mut self.model.downward);
        self.tokens.clear();
    }

    /// Does what a driver does after every call: events, bytes, transport, until there is nothing left.
    pub(crate) fn drain(&mut self) {
        let mut buffer = Vec::new();
        loop {
            let mut idle = !self.hear() & !self.may_break();
            if self.durable {
                idle &= !self.serve_store() & !self.may_break();
            }
            if self.client.poll_transmit(self.now, &mut buffer) {
                idle = false;
                assert!(self.linked, "bytes without a link: {buffer:02x?}");
                self.note(|| format!("  > {buffer:02x?}"));
                if let Some(journal) = &mut self.journal {
                    journal.push(format!("{buffer:02x?}"));
                }
                self.check_stored(&buffer);
                self.up.extend_from_slice(&buffer);
            }
            idle &= !self.may_break();
            while !self.client.has_events()
                && let Some(request) = self.client.poll_transport()
            {
                idle = false;
                self.on_request(request);
            }
            if core::mem::take(&mut self.challenged) {
                idle = false;
                // The connection that asked may be gone already.
                let _late = self.client.authenticate(Some(b"answer"));
            }
            if idle && !self.client.has_events() {
                return;
            }
        }
    }

    /// Takes the events; whether there were any.
    fn hear(&mut self) -> bool {
        let mut some = false;
        while let Some(event) = self.client.poll_event(self.now) {
            some = true;
            if let Event::Packet(packet) = event {
                self.seen.push(packet);
                continue;
            }
            if let Some(journal) = &mut self.journal {
                journal.push(format!("{event:?}"));
            }
            if self.trace {
                eprintln!("{:>8}   {event:?}", self.now.as_millis());
            }
            match event {
                Event::Completed(completion) => self.model.settle(completion.op.0, Ok(())),
                Event::Failed(failure) => self.model.settle(failure.op.0, Err(failure.error.code)),
                Event::Connected(negotiated) => {
                    self.greeted = true;
                    self.noted &= negotiated.session_present;
                }
                Event::Message(message) => {
                    let number = core::str::from_utf8(message.payload).unwrap().parse().unwrap();
                    assert_eq!(message.topic, format!("down/{}", number % 3));
                    self.model.delivered(number, message.qos, self.manual_ack);
                    self.tokens.extend(message.ack_token.map(|token| (token, number)));
                }
                Event::AuthChallenge(_) => self.challenged = true,
                Event::Closed(_) => self.closed = true,
                // Guesses: links break at random here, so nothing is lost by them.
                Event::Notice(error)
                    if matches!(
                        error.code,
                        ErrorCode::PoisonMessage | ErrorCode::SessionTakenOver | ErrorCode::IdleTimeout
                    ) => {}
                Event::Notice(error) if self.durable && is_of_a_publish(&error) => {
                    self.model.note_failure(&error);
                }
                Event::Notice(error) | Event::SubscriptionEnded { error, .. } => {
                    self.model.note_loss(&error);
                }
                _ => {}
            }
            self.may_break();
        }
        some
    }

    fn on_request(&mut self, request: TransportRequest) {
        let TransportRequest::Close = request else {
            self.dialing = true;
            return;
        };
        self.dialing = false;
        if self.linked {
            // What was handed over before the close usually still arrives.
            let len = if self.closed { self.up.len() } else { self.fate.arrives_late(self.up.len()) };
            self.up.truncate(len);
            self.broker.receive(&self.up, &mut self.model.upward, &mut self.model.downward);
            if self.closed {
                assert!(self.broker.said_goodbye(), "left without DISCONNECT");
            }
            self.unlink();
        }
    }

    /// Everything that is under way comes to its end, whatever connections that takes. `acknowledges`: the application
    /// does its part.
    pub(crate) fn settle_down(&mut self, acknowledges: bool) {
        self.note(|| "quiet".into());
        self.hurries = true;
        for _ in 0..10_000 {
            self.broker.push();
            self.broker.send(usize::MAX, &mut self.down);
            self.carry_up(self.up.len());
            self.carry_down(self.down.len());
            while acknowledges && !self.tokens.is_empty() {
                self.acknowledge(0);
            }
            self.drain();
            if self.dialing {
                self.open_link();
                self.drain();
            }
            let connected = self.client.state() == ClientState::Connected;
            if !connected && !self.closed && !self.linked && !self.dialing {
                let until = self.client.poll_timeout().expect("something is due");
                self.pass_time(until.since(self.now));
                self.drain();
            }
            let waits = acknowledges && !self.tokens.is_empty();
            let quiet = self.up.is_empty() && self.down.is_empty() && !waits;
            let server_waits = !self.broker.is_idle() && acknowledges;
            let stats = self.client.stats();
            let rests = self.disk.waiting.is_none() && stats.in_flight == 0 && stats.queued_messages == 0;
            let done = self.model.open.is_empty() && (rests || !self.durable);
            if self.closed || (connected && quiet && !server_waits && done) {
                self.hurries = false;
                return;
            }
        }
        panic!("never comes to rest: {:?} open {:?}", self.client, self.model.open);
    }

    pub(crate) fn check(&self) {
        self.model.check(|number| refuses(number) && self.version == ProtocolVersion::V5, self.manual_ack);
        let stats = self.client.stats();
        assert_eq!((stats.queued_messages, stats.queued_bytes, stats.in_flight), (0, 0, 0));
        if !self.closed && self.is_stored {
            assert!(self.disk.records.is_empty(), "left over: {:02x?}", self.disk.records);
        }
        if !self.closed {
            assert!(self.broker.is_greeted());
            self.model.check_filters(&self.broker.filters());
        }
    }
}

/// Whether a notice is about a message that nobody waits for, rather than about a subscription.
fn is_of_a_publish(error: &Error) -> bool {
    error.code == ErrorCode::SessionLost
        || error.text.as_deref().is_some_and(|text| text.starts_with("upward/"))
}
