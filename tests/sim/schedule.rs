//! One schedule: random steps of application, server, link and clock, then quiet, then the end.

use crate::broker::Limits;
use crate::random::Random;
use crate::world::{Fate, World};
use wasmqtt::client::ClientState;
use wasmqtt::codec::{PropertiesBuf, PropertyId, ProtocolVersion, QoS, Sender, Value};
use wasmqtt::config::{Config, FirstSession, VersionPolicy};
use wasmqtt::time::Millis;

const QOS: [QoS; 3] = [QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce];
const FILTERS: [&str; 5] = ["down/0", "down/+", "down/#", "down/2", "x/y"];

/// Chance, for the schedule itself as well.
struct Chance {
    random: Random,
    /// A server that has no limits of its own.
    generous: bool,
    /// Chance of a crash between any two things that happen, in ten thousand.
    crashing: usize,
}

impl Fate for Chance {
    fn limits(&mut self) -> Limits {
        if self.generous { Limits::NONE } else { Limits::random(&mut self.random) }
    }

    fn loses_session(&mut self) -> bool {
        self.random.percent(20)
    }

    fn arrives_late(&mut self, len: usize) -> usize {
        if self.random.percent(70) { len } else { self.random.below(len + 1) }
    }

    fn crashes(&mut self) -> Option<bool> {
        (self.random.below(10_000) < self.crashing).then(|| self.random.percent(50))
    }

    fn commits(&mut self) -> bool {
        self.random.percent(40)
    }
}

/// Runs the schedule of this seed; returns how many messages arrived, how many joined others, and how many clients died.
pub(crate) fn run(seed: u64, durable: bool, trace: bool) -> [usize; 3] {
    let mut world = world(seed, durable, trace);
    play(&mut world);
    let messages = [&world.model.upward, &world.model.downward];
    let arrived =
        messages.iter().flat_map(|direction| &direction.records).filter(|record| record.arrivals > 0).count();
    [arrived, world.model.joined, world.crashes]
}

/// Runs it with or without the packet tap; returns what the client told and sent.
pub(crate) fn journal(seed: u64, tap: bool) -> Vec<String> {
    let mut world = world(seed, false, false);
    world.journal = Some(Vec::new());
    world.client.tap_packets(tap);
    play(&mut world);
    let shown = |sender| {
        let packets = world.seen.iter().filter(|packet| packet.sender == sender);
        packets.map(|packet| u64::try_from(packet.size).unwrap()).sum::<u64>()
    };
    let stats = world.client.stats();
    assert_eq!(
        shown(Sender::Client),
        if tap { stats.bytes_sent } else { 0 },
        "no more and no less than was sent"
    );
    assert!(shown(Sender::Server) <= stats.bytes_received);
    world.journal.unwrap()
}

fn world(seed: u64, durable: bool, trace: bool) -> World<Chance> {
    let mut random = Random::new(seed);
    let mut config = config(&mut random);
    let (jitter, generous) = (random.next(), random.percent(40));
    let crashing = if durable { random.pick(&[5, 20, 100]) } else { 0 };
    if durable {
        (config.durable, config.first_session) = (true, FirstSession::Adopt);
    }
    World::new(config, jitter, Chance { random, generous, crashing }, trace)
}

fn play(world: &mut World<Chance>) {
    world.start();
    let steps = 20 + world.fate.random.below(180);
    for _ in 0..steps {
        step(world);
    }
    world.fate.crashing = 0;
    world.repair_store();
    world.settle_down(true);
    world.check();
    world.leave();
    assert!(world.closed && world.client.state() == ClientState::Closed, "{:?}", world.client.state());
}

fn config(random: &mut Random) -> Config {
    let version = random.pick(&[ProtocolVersion::V311, ProtocolVersion::V5, ProtocolVersion::V5]);
    Config {
        version: VersionPolicy::Only(version),
        client_id: "sim".into(),
        first_session: random.pick(&[FirstSession::Refuse, FirstSession::Adopt, FirstSession::Clean]),
        session_expiry_seconds: random.pick(&[None, Some(300), Some(300), Some(0)]),
        receive_maximum: random.pick(&[1, 2, 5, u16::MAX]),
        topic_alias_maximum: random.pick(&[0, 2, 32]),
        manual_ack: random.percent(25),
        ..Config::default()
    }
}

fn step(world: &mut World<Chance>) {
    let random = &mut world.fate.random;
    // Most of the time should be spent on connections, not between them.
    if !world.linked && random.percent(50) {
        if world.dialing {
            dial(world);
        } else {
            pass_time(world);
        }
        return world.drain();
    }
    match random.below(100) {
        0..18 => publish(world),
        18..22 => subscribe(world),
        22..24 => {
            let name = random.pick(&FILTERS);
            world.unsubscribe(name);
        }
        24..26 => cancel(world),
        26..27 => world.ping(),
        27..39 => {
            let qos = random.pick(&QOS);
            world.deliver(qos);
        }
        39..52 => carry_up(world),
        52..65 => carry_down(world),
        65..75 => {
            let count = 1 + random.below(4);
            world.broker.send(count, &mut world.down);
        }
        75..85 => {
            world.carry_up(world.up.len());
            world.broker.send(usize::MAX, &mut world.down);
            world.carry_down(world.down.len());
        }
        85..86 => dial(world),
        86..88 => pass_time(world),
        88..89 => world.renew(),
        89..95 => {
            // Of what is on its way, some arrives and the rest does not.
            if world.linked {
                carry_up(world);
                carry_down(world);
            }
            if world.linked {
                world.lose_link();
            }
        }
        95..96 => {
            world.note(|| "server leaves".into());
            world.broker.disconnect();
        }
        96..97 if world.durable => {
            if world.fate.random.percent(20) {
                world.fail_store()
            } else {
                world.repair_store()
            }
        }
        _ => {
            if !world.tokens.is_empty() {
                let index = random.below(world.tokens.len());
                world.acknowledge(index);
            }
        }
    }
    world.drain();
}

fn publish(world: &mut World<Chance>) {
    let random = &mut world.fate.random;
    let qos = random.pick(&QOS);
    let padding = if random.percent(10) { 40 } else { random.below(10) };
    let mut properties = PropertiesBuf::new();
    if random.percent(10) {
        properties.push(PropertyId::MessageExpiryInterval, Value::U32(2)).unwrap();
    }
    world.publish(qos, false, padding, &properties);
}

fn subscribe(world: &mut World<Chance>) {
    let random = &mut world.fate.random;
    let count = 1 + random.below(2);
    let mut names: Vec<&str> = (0..count).map(|_| random.pick(&FILTERS)).collect();
    names.dedup();
    let qos = random.pick(&QOS);
    world.subscribe(&names, qos);
}

fn cancel(world: &mut World<Chance>) {
    let open: Vec<u32> = world.model.open.keys().copied().collect();
    if !open.is_empty() {
        let op = world.fate.random.pick(&open);
        world.cancel(op);
    }
}

fn carry_up(world: &mut World<Chance>) {
    let len = world.fate.random.below(world.up.len() + 1);
    world.carry_up(len);
}

fn carry_down(world: &mut World<Chance>) {
    let len = world.fate.random.below(world.down.len() + 1);
    world.carry_down(len);
}

fn dial(world: &mut World<Chance>) {
    if !world.dialing {
        return;
    }
    if world.fate.random.percent(15) { world.fail_to_dial() } else { world.open_link() }
}

fn pass_time(world: &mut World<Chance>) {
    let random = &mut world.fate.random;
    let length = match world.client.poll_timeout() {
        Some(at) if random.percent(60) => at.since(world.now),
        _ => Millis::new(u64::try_from(random.below(20_000)).unwrap()),
    };
    world.pass_time(length);
}
