//! What one byte of a script makes happen.

use super::broker::Answer;
use super::properties::properties;
use super::world::{SECRETS, World};
use crate::client::{DisconnectOptions, TransportClose};
use crate::codec::{
    Auth, Disconnect, Packet, PacketId, PacketType, Properties, PropertiesBuf, PropertyId, PropertyScope,
    Publish, QoS, ReasonCode, RetainHandling, SubscribeOptions, Value,
};
use crate::connection::Credentials;
use crate::fuzzing::input::Input;
use crate::session::{Filter, OpId};
use crate::time::Millis;

const QOS: [QoS; 3] = [QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce];
const TOPICS: [&str; 7] =
    ["a", "a/b", "b", "$a", "", "a/+", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"];
const FILTERS: [&str; 8] = ["a", "a/b", "a/+", "#", "+/b", "$share/g/a", "", "a/#/b"];
const ACTS: [fn(&mut World, &mut Input<'_>); 20] = [
    start,
    open,
    answer,
    raw,
    publish,
    subscribe,
    unsubscribe,
    time,
    deliver,
    cut,
    acknowledge,
    cancel,
    ping,
    forget,
    authenticate,
    goodbye,
    listen,
    disconnect,
    deadline,
    terminate,
];

/// Does the next act; whether the driver drains after it is the input's choice too, but for the last act.
pub(super) fn act(world: &mut World, input: &mut Input<'_>) {
    let kind = input.byte();
    ACTS[usize::from(kind & 0x7f) % ACTS.len()](world, input);
    if kind & 0x80 == 0 {
        world.drain();
    }
}

fn start(world: &mut World, _: &mut Input<'_>) {
    let _closed = world.client.start(world.now);
}

fn open(world: &mut World, input: &mut Input<'_>) {
    let kind = input.byte();
    if !core::mem::take(&mut world.dialing) {
        return;
    }
    world.broker.link();
    let credentials = Credentials {
        username: (kind & 4 != 0).then_some("name"),
        password: (kind & 8 != 0).then_some(SECRETS[0]),
        auth_data: (kind & 16 != 0).then_some(SECRETS[1]),
    };
    let selected = if kind & 3 == 3 { "other" } else { "mqtt" };
    world.client.handle_opened(world.now, &["mqtt"], selected, credentials);
}

/// The server answers the packets that wait for it, properly or not.
fn answer(world: &mut World, input: &mut Input<'_>) {
    let (kind, reason) = (input.byte(), input.byte());
    let properties = if kind & 1 == 0 { PropertiesBuf::new() } else { properties(input) };
    let count = if kind & 2 == 0 { 1 } else { world.broker.answers.len() };
    let mut bytes = Vec::new();
    for _ in 0..count {
        let next =
            if kind & 4 == 0 { world.broker.answers.pop_front() } else { world.broker.answers.pop_back() };
        let Some(answer) = next else { break };
        let packet = answer.encode(world.broker.version, reason, kind & 8 != 0, &properties);
        if kind & 16 != 0 {
            bytes.extend_from_slice(&packet);
        }
        bytes.extend(packet);
    }
    send(world, &bytes);
}

fn raw(world: &mut World, input: &mut Input<'_>) {
    let bytes = input.block();
    send(world, bytes);
}

fn send(world: &mut World, bytes: &[u8]) {
    // Without a link nothing should come, but a driver may be late: that has to be harmless.
    world.client.handle_input(world.now, bytes);
}

fn publish(world: &mut World, input: &mut Input<'_>) {
    let kind = input.byte();
    let qos = QOS[usize::from(kind % 3)];
    let topic = input.pick(&TOPICS);
    let len = match input.byte() {
        255 => 70_000,
        len => usize::from(len),
    };
    let block = if kind & 64 == 0 { PropertiesBuf::new() } else { properties(input) };
    let scope = PropertyScope::Packet(PacketType::Publish);
    let valid = Properties::validate(block.as_properties().as_bytes(), scope, 0);
    if valid.is_err_and(|violation| violation.reason == ReasonCode::PROTOCOL_ERROR) {
        return; // repetitions are the caller's to avoid, everything else is refused
    }
    let (payload, retain) = (vec![0; len], kind & 128 != 0);
    let op = world.next_op();
    let result = world.client.publish(op, world.now, topic, &payload[..], qos, retain, block.as_properties());
    if result.is_ok() {
        world.opened(op);
    }
}

fn subscribe(world: &mut World, input: &mut Input<'_>) {
    let kind = input.byte();
    let options = SubscribeOptions {
        qos: QOS[usize::from(kind % 3)],
        no_local: kind & 64 != 0,
        retain_as_published: kind & 128 != 0,
        retain_handling: if kind & 32 == 0 { RetainHandling::Send } else { RetainHandling::DoNotSend },
    };
    let count = 1 + usize::from(kind / 4 % 4);
    let filters: Vec<_> = (0..count).map(|_| Filter { filter: input.pick(&FILTERS), options }).collect();
    let op = world.next_op();
    if let Ok(ids) = world.client.subscribe(op, &filters, Properties::EMPTY) {
        assert_eq!(ids.len(), filters.len());
        world.opened(op);
        world.subscriptions.extend(ids);
    }
}

fn unsubscribe(world: &mut World, input: &mut Input<'_>) {
    let ids = [u32::from(input.byte()), chosen(&world.subscriptions, input)];
    let op = world.next_op();
    if world.client.unsubscribe(op, &ids, Properties::EMPTY).is_ok() {
        world.opened(op);
    }
}

fn time(world: &mut World, input: &mut Input<'_>) {
    let unit = input.pick(&[1_u64, 100, 1000, 60_000, 86_400_000]);
    world.now = world.now + Millis::new(unit * u64::from(input.byte()));
    world.tick();
}

/// Time passes until the next deadline.
fn deadline(world: &mut World, _: &mut Input<'_>) {
    if let Some(at) = world.client.poll_timeout() {
        world.now = world.now.max(at);
        world.tick();
    }
}

/// The server publishes.
fn deliver(world: &mut World, input: &mut Input<'_>) {
    let kind = input.byte();
    let qos = QOS[usize::from(kind % 3)];
    let topic = input.pick(&TOPICS);
    let id = PacketId::new(u16::from(input.byte() % 8)).filter(|_| qos > QoS::AtMostOnce);
    let mut block = PropertiesBuf::new();
    if kind & 16 != 0 {
        let _out_of_range = block.push(PropertyId::TopicAlias, Value::U16(u16::from(input.byte() % 4)));
    }
    if kind & 32 != 0 {
        let identifier = u32::from(input.byte());
        let _out_of_range = block.push(PropertyId::SubscriptionIdentifier, Value::VarInt(identifier));
    }
    let publish = Publish {
        dup: kind & 64 != 0,
        qos,
        retain: kind & 128 != 0,
        topic,
        packet_id: id,
        properties: block.as_properties(),
        payload: input.block(),
    };
    say(world, &Packet::Publish(publish));
}

/// Says it, if it can be said.
fn say(world: &mut World, packet: &Packet<'_>) {
    let mut bytes = Vec::new();
    let _unchanged = packet.encode(world.broker.version, &mut bytes);
    send(world, &bytes);
}

/// The transport ends.
fn cut(world: &mut World, input: &mut Input<'_>) {
    world.dialing = false;
    world.broker.hang_up();
    let close = TransportClose { code: 1000 + u16::from(input.byte()), reason: "gone" };
    world.client.handle_closed(world.now, close);
}

fn acknowledge(world: &mut World, input: &mut Input<'_>) {
    let (token, reason) = (chosen(&world.tokens, input), input.byte());
    world.client.acknowledge(token, ReasonCode::new(reason));
}

fn cancel(world: &mut World, input: &mut Input<'_>) {
    let known: Vec<u32> = world.known.iter().copied().collect();
    let op = chosen(&known, input);
    // An event may be on its way already: one that has settled need not be taken back.
    world.drain();
    world.client.cancel(OpId(op));
    world.open.remove(&op);
}

fn ping(world: &mut World, _: &mut Input<'_>) {
    let op = world.next_op();
    if world.client.ping(op, world.now).is_ok() {
        world.opened(op);
    }
}

/// Answers get lost.
fn forget(world: &mut World, input: &mut Input<'_>) {
    let count = usize::from(input.byte()).min(world.broker.answers.len());
    world.broker.answers.drain(..count);
}

fn authenticate(world: &mut World, input: &mut Input<'_>) {
    let kind = input.byte();
    let data = (kind & 4 != 0).then_some(SECRETS[1]);
    match kind & 3 {
        0 => drop(world.client.authenticate(data)),
        1 => {
            let op = world.next_op();
            if world.client.reauthenticate(op, data).is_ok() {
                world.opened(op);
            }
        }
        2 => world.client.give_up_authentication(world.now),
        _ => {
            let (reason, properties) = (ReasonCode::new(input.byte()), properties(input));
            say(world, &Packet::Auth(Auth { reason, properties: properties.as_properties() }));
        }
    }
}

/// The server says goodbye.
fn goodbye(world: &mut World, input: &mut Input<'_>) {
    let (reason, properties) = (ReasonCode::new(input.byte()), properties(input));
    say(world, &Packet::Disconnect(Disconnect { reason, properties: properties.as_properties() }));
}

/// A driver that takes only a part of what there is.
fn listen(world: &mut World, input: &mut Input<'_>) {
    if input.flag() {
        world.hear();
    }
    if let Some(answer) = world.broker.answers.front() {
        world.broker.answers.push_back(Answer::clone(answer));
    }
}

fn disconnect(world: &mut World, input: &mut Input<'_>) {
    let options = DisconnectOptions {
        reason: ReasonCode::new(input.byte()),
        drain: Millis::new(u64::from(input.byte()) * 100),
        session_expiry_seconds: input.pick(&[None, Some(0), Some(100)]),
        properties: PropertiesBuf::new(),
    };
    let _refused = world.client.disconnect(world.now, options);
}

fn terminate(world: &mut World, input: &mut Input<'_>) {
    // Rarely, because nothing can follow.
    if input.byte() == 0xff {
        world.client.terminate();
    }
}

fn chosen(list: &[u32], input: &mut Input<'_>) -> u32 {
    let index = usize::from(input.byte());
    if list.is_empty() { 0 } else { list[index % list.len()] }
}
