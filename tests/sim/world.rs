//! One schedule: random steps of application, server, link and clock, then quiet, then the end.

use crate::broker::{Broker, refuses};
use crate::model::{Asked, Model};
use crate::random::Random;
use wasmqtt::client::{Client, ClientState, DisconnectOptions, Event, TransportClose, TransportRequest};
use wasmqtt::codec::{
    Properties, PropertiesBuf, PropertyId, ProtocolVersion, QoS, ReasonCode, SubscribeOptions, Value,
};
use wasmqtt::config::{Config, FirstSession, VersionPolicy};
use wasmqtt::connection::Credentials;
use wasmqtt::session::Filter;
use wasmqtt::time::{Instant, Millis};

const QOS: [QoS; 3] = [QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce];
const FILTERS: [&str; 5] = ["down/0", "down/+", "down/#", "down/2", "x/y"];

struct World {
    random: Random,
    now: Instant,
    version: ProtocolVersion,
    manual_ack: bool,
    client: Client,
    broker: Broker,
    model: Model,
    /// Bytes on their way, to the server and to the client.
    up: Vec<u8>,
    down: Vec<u8>,
    dialing: bool,
    linked: bool,
    /// The client has had the CONNACK of this link.
    greeted: bool,
    closed: bool,
    /// Messages that wait for the application to acknowledge them, and their numbers.
    tokens: Vec<(u32, usize)>,
    trace: bool,
}

/// Runs the schedule of this seed; returns how many messages arrived.
pub(crate) fn run(seed: u64, trace: bool) -> usize {
    let mut world = World::new(seed, trace);
    world.client.start(world.now).unwrap();
    world.drain();
    let steps = 20 + world.random.below(180);
    for _ in 0..steps {
        world.step();
    }
    world.settle_down();
    world.check();
    world.leave();
    let messages = [&world.model.upward, &world.model.downward];
    messages.iter().flat_map(|direction| &direction.records).filter(|record| record.arrivals > 0).count()
}

impl World {
    fn new(seed: u64, trace: bool) -> Self {
        let mut random = Random::new(seed);
        let version = random.pick(&[ProtocolVersion::V311, ProtocolVersion::V5, ProtocolVersion::V5]);
        let manual_ack = random.percent(25);
        let config = Config {
            version: VersionPolicy::Only(version),
            client_id: "sim".into(),
            first_session: random.pick(&[FirstSession::Refuse, FirstSession::Adopt, FirstSession::Clean]),
            session_expiry_seconds: random.pick(&[None, Some(300), Some(300), Some(0)]),
            receive_maximum: random.pick(&[1, 2, 5, u16::MAX]),
            topic_alias_maximum: random.pick(&[0, 2, 32]),
            manual_ack,
            ..Config::default()
        };
        if trace {
            eprintln!("{config:?}");
        }
        Self {
            client: Client::new(config, random.next()).unwrap(),
            broker: Broker::new(random.percent(40)),
            random,
            now: Instant::from_millis(0),
            version,
            manual_ack,
            model: Model::default(),
            up: Vec::new(),
            down: Vec::new(),
            dialing: false,
            linked: false,
            greeted: false,
            closed: false,
            tokens: Vec::new(),
            trace,
        }
    }

    fn note(&self, what: impl FnOnce() -> String) {
        if self.trace {
            eprintln!("{:>8} {}", self.now.as_millis(), what());
        }
    }

    fn step(&mut self) {
        // Most of the time should be spent on connections, not between them.
        if !self.linked && self.random.percent(50) {
            if self.dialing {
                self.dial()
            } else {
                self.pass_time()
            }
            return self.drain();
        }
        match self.random.below(100) {
            0..18 => self.publish(),
            18..22 => self.subscribe(),
            22..24 => self.unsubscribe(),
            24..26 => self.cancel(),
            26..27 => self.ping(),
            27..39 => {
                let qos = self.random.pick(&QOS);
                self.broker.publish(qos, &mut self.model.downward);
                self.broker.push();
            }
            39..52 => self.carry_up(),
            52..65 => self.carry_down(),
            65..75 => {
                let count = 1 + self.random.below(4);
                self.broker.send(count, &mut self.down);
            }
            75..85 => {
                self.carry_up_by(self.up.len());
                self.broker.send(usize::MAX, &mut self.down);
                self.carry_down_by(self.down.len());
            }
            85..86 => self.dial(),
            86..89 => self.pass_time(),
            89..95 => self.cut(),
            95..96 => {
                self.note(|| "server leaves".into());
                self.broker.disconnect();
            }
            _ => self.acknowledge(),
        }
        self.drain();
    }

    fn publish(&mut self) {
        let qos = self.random.pick(&QOS);
        let number = self.model.upward.add(qos);
        let padding = if self.random.percent(10) { 40 } else { self.random.below(10) };
        let payload = format!("{number}{}", ".".repeat(padding));
        let topic = format!("upward/{}", number % 3);
        let mut properties = PropertiesBuf::new();
        if self.random.percent(10) {
            properties.push(PropertyId::MessageExpiryInterval, Value::U32(2)).unwrap();
        }
        let properties = properties.as_properties();
        let result = self.client.publish(self.now, &topic, payload.as_bytes(), qos, false, properties);
        self.note(|| format!("publish {number} {qos:?}: {result:?}"));
        match result {
            Ok(op) => drop(self.model.open.insert(op.0, Asked::Publish(number))),
            Err(_) => self.model.upward.records[number].withdrawn = true,
        }
    }

    fn subscribe(&mut self) {
        let count = 1 + self.random.below(2);
        let mut names: Vec<&str> = (0..count).map(|_| self.random.pick(&FILTERS)).collect();
        names.dedup();
        let options = SubscribeOptions { qos: self.random.pick(&QOS), ..SubscribeOptions::default() };
        let filters: Vec<_> = names.iter().map(|filter| Filter { filter, options }).collect();
        let (op, ids) = self.client.subscribe(&filters, Properties::EMPTY).unwrap();
        self.note(|| format!("subscribe {names:?}: {op:?} {ids:?}"));
        for (name, id) in names.iter().zip(ids) {
            self.model.wanted.insert((*name).into(), id);
        }
        self.model.open.insert(op.0, Asked::Subscribe(names.iter().map(|name| (*name).into()).collect()));
    }

    fn unsubscribe(&mut self) {
        let name = self.random.pick(&FILTERS);
        let Some(id) = self.model.wanted.remove(name) else { return };
        let op = self.client.unsubscribe(&[id], Properties::EMPTY).unwrap();
        self.note(|| format!("unsubscribe {name}: {op:?}"));
        self.model.open.insert(op.0, Asked::Unsubscribe);
    }

    fn ping(&mut self) {
        if let Ok(op) = self.client.ping(self.now) {
            self.model.open.insert(op.0, Asked::Ping);
        }
    }

    fn cancel(&mut self) {
        let open: Vec<u32> = self.model.open.keys().copied().collect();
        if open.is_empty() {
            return;
        }
        let op = self.random.pick(&open);
        let unsent = self.client.cancel(wasmqtt::session::OpId(op));
        let asked = self.model.open.remove(&op).unwrap();
        self.note(|| format!("cancel {op} {asked:?}: {unsent}"));
        if let (Asked::Publish(number), true) = (asked, unsent) {
            // A message that was sent in an earlier session and waits to be published again counts as unsent too.
            let record = &mut self.model.upward.records[number];
            record.withdrawn = record.arrivals == 0;
        }
    }

    fn acknowledge(&mut self) {
        if self.tokens.is_empty() {
            return;
        }
        let index = self.random.below(self.tokens.len());
        let (token, number) = self.tokens.swap_remove(index);
        self.client.acknowledge(token, ReasonCode::SUCCESS);
        self.model.downward.records[number].accepted = true;
    }

    fn carry_up(&mut self) {
        let len = self.random.below(self.up.len() + 1);
        self.carry_up_by(len);
    }

    fn carry_up_by(&mut self, len: usize) {
        let rest = self.up.split_off(len);
        let bytes = core::mem::replace(&mut self.up, rest);
        self.broker.receive(&bytes, &mut self.model.upward, &mut self.model.downward);
        self.broker.push();
    }

    fn carry_down(&mut self) {
        let len = self.random.below(self.down.len() + 1);
        self.carry_down_by(len);
    }

    fn carry_down_by(&mut self, len: usize) {
        let rest = self.down.split_off(len);
        let bytes = core::mem::replace(&mut self.down, rest);
        self.client.handle_input(self.now, &bytes);
        self.drain();
    }

    fn dial(&mut self) {
        if !self.dialing {
            return;
        }
        self.dialing = false;
        if self.random.percent(15) {
            self.note(|| "cannot dial".into());
            self.client.handle_closed(self.now, TransportClose { code: 1006, reason: "" });
            return;
        }
        self.note(|| "dialed".into());
        (self.linked, self.greeted) = (true, false);
        self.broker.accept(self.version, &mut self.random);
        self.client.handle_opened(self.now, &["mqtt"], "mqtt", Credentials::default());
    }

    fn pass_time(&mut self) {
        let length = match self.client.poll_timeout() {
            Some(at) if self.random.percent(60) => at.since(self.now),
            _ => Millis::new(u64::try_from(self.random.below(20_000)).unwrap()),
        };
        self.now = self.now + length;
        self.note(|| "time".into());
        self.client.handle_timeout(self.now);
    }

    /// The link breaks: of what is on its way, some arrives and the rest does not.
    fn cut(&mut self) {
        if !self.linked {
            return;
        }
        self.note(|| "cut".into());
        self.carry_up();
        self.carry_down();
        if self.linked {
            self.unlink();
            // Going away: links break at random here, so a row of breaks means nothing and must not be taken for a hint.
            self.client.handle_closed(self.now, TransportClose { code: 1001, reason: "" });
        }
    }

    fn unlink(&mut self) {
        self.linked = false;
        self.up.clear();
        self.down.clear();
        // MQTT cannot tell a session that the client has never heard of from the one before it: such a one would make
        // exactly once impossible.
        let lose_session = self.random.percent(20) || (!self.greeted && self.broker.is_fresh());
        self.note(|| format!("server: gone, session lost: {lose_session}"));
        self.broker.hang_up(lose_session, &mut self.model.downward);
        self.tokens.clear();
    }

    fn drain(&mut self) {
        let mut buffer = Vec::new();
        loop {
            let mut idle = true;
            while let Some(event) = self.client.poll_event(self.now) {
                idle = false;
                self.greeted |= matches!(event, Event::Connected(_));
                if self.trace {
                    eprintln!("{:>8}   {event:?}", self.now.as_millis());
                }
                on_event(event, &mut self.model, &mut self.tokens, &mut self.closed, self.manual_ack);
            }
            if self.client.poll_transmit(self.now, &mut buffer) {
                idle = false;
                assert!(self.linked, "bytes without a link: {buffer:02x?}");
                self.note(|| format!("  > {buffer:02x?}"));
                self.up.extend_from_slice(&buffer);
            }
            while !self.client.has_events()
                && let Some(request) = self.client.poll_transport()
            {
                idle = false;
                match request {
                    TransportRequest::Open { .. } => self.dialing = true,
                    TransportRequest::Close => {
                        self.dialing = false;
                        if self.linked {
                            // What was handed over before the close usually still arrives.
                            let all = self.random.percent(70) || self.closed;
                            let len = if all { self.up.len() } else { self.random.below(self.up.len() + 1) };
                            self.carry_up_by(len);
                            if self.closed {
                                assert!(self.broker.said_goodbye(), "left without DISCONNECT");
                            }
                            self.unlink();
                        }
                    }
                }
            }
            if idle {
                return;
            }
        }
    }

    /// No more accidents: everything that is under way comes to its end.
    fn settle_down(&mut self) {
        self.note(|| "quiet".into());
        for _ in 0..10_000 {
            self.broker.push();
            self.broker.send(usize::MAX, &mut self.down);
            self.carry_up_by(self.up.len());
            self.carry_down_by(self.down.len());
            while !self.tokens.is_empty() {
                self.acknowledge();
            }
            self.drain();
            if self.dialing {
                self.dial();
                self.drain();
            }
            let connected = self.client.state() == ClientState::Connected;
            if !connected && !self.dialing && self.up.is_empty() && self.down.is_empty() {
                self.pass_time();
                self.drain();
            }
            let still = self.up.is_empty() && self.down.is_empty() && self.tokens.is_empty();
            if connected && still && self.broker.is_idle() && self.model.open.is_empty() {
                return;
            }
        }
        panic!("never comes to rest: {:?} open {:?}", self.client, self.model.open);
    }

    fn check(&self) {
        assert!(self.broker.is_greeted());
        self.model.check(|number| refuses(number) && self.version == ProtocolVersion::V5, self.manual_ack);
        let wanted: Vec<String> = self.model.wanted.keys().cloned().collect();
        assert_eq!(self.broker.filters(), wanted, "filters that the server knows");
        let stats = self.client.stats();
        assert_eq!((stats.queued_messages, stats.queued_bytes, stats.in_flight), (0, 0, 0));
    }

    fn leave(&mut self) {
        self.note(|| "leave".into());
        let options = DisconnectOptions { drain: Millis::new(1000), ..DisconnectOptions::default() };
        self.client.disconnect(self.now, options).unwrap();
        self.drain();
        assert!(self.closed && self.client.state() == ClientState::Closed, "{:?}", self.client.state());
    }
}

fn on_event(
    event: Event<'_>,
    model: &mut Model,
    tokens: &mut Vec<(u32, usize)>,
    closed: &mut bool,
    manual_ack: bool,
) {
    match event {
        Event::Completed(completion) => model.settle(completion.op.0, Ok(())),
        Event::Failed(failure) => model.settle(failure.op.0, Err(failure.error.code)),
        Event::Message(message) => {
            let number: usize = core::str::from_utf8(message.payload).unwrap().parse().unwrap();
            assert_eq!(message.topic, format!("down/{}", number % 3));
            let record = &model.downward.records[number];
            let twice = message.qos == QoS::ExactlyOnce && record.arrivals > 0;
            assert!(
                !twice || (manual_ack && !record.accepted),
                "message {number} delivered twice: {record:?}"
            );
            model.downward.arrived(number, message.qos);
            if let Some(token) = message.ack_token {
                tokens.push((token, number));
            }
        }
        Event::Closed(_) => *closed = true,
        Event::Notice(error) => panic!("{error:?}"),
        Event::AuthChallenge(_) => panic!("no authentication was asked for"),
        Event::State(_) | Event::Connected(_) | Event::Disconnected { .. } => {}
    }
}
