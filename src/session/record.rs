//! Records of a durable client's store: how they are written, and how they are read as if anybody had written them.
//!
//! A record begins with the version of its format and ends with a checksum over its key and all before. Its key says what
//! it is, so that a small change of state never writes a payload again.

use super::OpId;
use super::publication::Publication;
use crate::codec::{PacketId, PacketType, Properties, PropertyId, PropertyScope, QoS};
use crate::config::is_text;
use crate::time::{Instant, Millis};
use crate::topic::TopicName;

/// The format that is written. A higher one is of a newer release.
pub(crate) const FORMAT: u8 = 1;

/// Keys of a kind begin at a multiple of this; all of them are below 2^53, and so exact as JavaScript numbers.
const KIND: u64 = 1 << 48;
const MESSAGE: u64 = 1;
const EXCHANGE: u64 = 2;
const INBOUND: u64 = 3;

/// Sequence numbers below this are believed; as many are left to count on from there.
const SEQUENCES: u64 = 1 << 47;

/// Flags of a message, beside its QoS.
const RETAIN: u8 = 4;
const EXPIRES: u8 = 8;

/// How far the exchange of a record is.
const PUBLISHED: u8 = 1;
const RELEASED: u8 = 2;

/// What a record says.
#[derive(Debug)]
pub(crate) enum Record {
    Message(Publication),
    /// PUBLISH was written for the message with this sequence number.
    Published {
        id: PacketId,
        message: u64,
    },
    /// PUBREL was written, at this place in their order.
    Released {
        id: PacketId,
        sequence: u64,
    },
    /// A QoS 2 message of the server was accepted and is not released yet.
    Inbound {
        id: PacketId,
    },
}

/// What a key belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Message(u64),
    Exchange(PacketId),
    Inbound(PacketId),
    /// No key of this release.
    Unknown,
}

/// Why a record cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unreadable {
    /// Its bytes are not those that were written.
    Damaged,
    /// A newer release wrote it.
    Newer,
}

/// What time it is, to whom: the core counts from an epoch of its own, and records outlive it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Clock {
    now: Instant,
    unix: u64,
}

impl Clock {
    /// `unix`: milliseconds since 1970 at `now`.
    pub(crate) const fn new(now: Instant, unix: u64) -> Self {
        Self { now, unix }
    }

    fn to_unix(self, at: Instant) -> u64 {
        self.unix.saturating_add(at.as_millis()).saturating_sub(self.now.as_millis())
    }
}

pub(crate) const fn message_key(sequence: u64) -> u64 {
    MESSAGE * KIND + sequence
}

pub(crate) fn exchange_key(id: PacketId) -> u64 {
    EXCHANGE * KIND + u64::from(id.get())
}

pub(crate) fn inbound_key(id: PacketId) -> u64 {
    INBOUND * KIND + u64::from(id.get())
}

pub(crate) fn place(key: u64) -> Place {
    let number = key % KIND;
    let id = u16::try_from(number).ok().and_then(PacketId::new);
    match (key / KIND, id) {
        (MESSAGE, _) if (1..SEQUENCES).contains(&number) => Place::Message(number),
        (EXCHANGE, Some(id)) => Place::Exchange(id),
        (INBOUND, Some(id)) => Place::Inbound(id),
        _ => Place::Unknown,
    }
}

pub(crate) fn message(publication: &Publication, clock: Clock) -> Box<[u8]> {
    let packet = publication.packet(None, false);
    let (topic, properties) = (packet.topic.as_bytes(), packet.properties.as_bytes());
    let mut flags = packet.qos.value();
    if packet.retain {
        flags |= RETAIN;
    }
    let mut expires = 0;
    if let Some(at) = publication.expires {
        flags |= EXPIRES;
        expires = clock.to_unix(at);
    }
    let mut record = vec![FORMAT, flags];
    record.extend_from_slice(&expires.to_be_bytes());
    for part in &[topic, properties] {
        // Both had to fit a packet.
        record.extend_from_slice(&u32::try_from(part.len()).unwrap_or_default().to_be_bytes());
    }
    for part in &[topic, properties, packet.payload] {
        record.extend_from_slice(part);
    }
    seal(message_key(publication.sequence), record)
}

pub(crate) fn published(id: PacketId, message: u64) -> Box<[u8]> {
    exchange(id, PUBLISHED, message)
}

pub(crate) fn released(id: PacketId, sequence: u64) -> Box<[u8]> {
    exchange(id, RELEASED, sequence)
}

fn exchange(id: PacketId, state: u8, sequence: u64) -> Box<[u8]> {
    let mut record = vec![FORMAT, state];
    record.extend_from_slice(&sequence.to_be_bytes());
    seal(exchange_key(id), record)
}

pub(crate) fn inbound(id: PacketId) -> Box<[u8]> {
    seal(inbound_key(id), vec![FORMAT])
}

/// Reads a record. What comes back is fit to be sent as it is; whether records fit each other is for the caller to see.
pub(crate) fn read(key: u64, record: &[u8], clock: Clock) -> Result<Record, Unreadable> {
    let place = place(key);
    if place == Place::Unknown || record.first().is_some_and(|format| *format > FORMAT) {
        return Err(Unreadable::Newer);
    }
    let body = open(key, record).ok_or(Unreadable::Damaged)?;
    let read = match place {
        Place::Message(sequence) => read_message(sequence, body, clock).map(Record::Message),
        Place::Exchange(id) => read_exchange(id, body),
        Place::Inbound(id) => body.is_empty().then_some(Record::Inbound { id }),
        Place::Unknown => None,
    };
    read.ok_or(Unreadable::Damaged)
}

fn read_exchange(id: PacketId, body: &[u8]) -> Option<Record> {
    let (state, sequence) = body.split_first()?;
    let sequence = u64::from_be_bytes(sequence.try_into().ok()?);
    if !(1..SEQUENCES).contains(&sequence) {
        return None;
    }
    match *state {
        PUBLISHED => Some(Record::Published { id, message: sequence }),
        RELEASED => Some(Record::Released { id, sequence }),
        _ => None,
    }
}

fn read_message(sequence: u64, body: &[u8], clock: Clock) -> Option<Publication> {
    let (flags, rest) = body.split_first()?;
    let (expires, rest) = rest.split_first_chunk()?;
    let (topic_len, rest) = rest.split_first_chunk()?;
    let (properties_len, rest) = rest.split_first_chunk()?;
    let (topic, rest) = rest.split_at_checked(u32::from_be_bytes(*topic_len) as usize)?;
    let (block, payload) = rest.split_at_checked(u32::from_be_bytes(*properties_len) as usize)?;
    let topic = core::str::from_utf8(topic).ok()?;
    TopicName::parse(topic).ok()?;
    let properties = Properties::validate(block, PropertyScope::Packet(PacketType::Publish), 0).ok()?;
    let fits = properties.iter().all(|(id, _)| is_of_a_message(id))
        && (!is_text(properties) || core::str::from_utf8(payload).is_ok());
    let qos = QoS::from_u8(flags & 3).filter(|qos| *qos > QoS::AtMostOnce)?;
    if !fits || flags & !(3 | RETAIN | EXPIRES) != 0 {
        return None;
    }
    let retain = flags & RETAIN != 0;
    let mut publication = Publication::new(OpId::DETACHED, topic, qos, retain, properties, payload);
    publication.sequence = sequence;
    if flags & EXPIRES != 0 {
        // A clock that was set back meanwhile prolongs nothing beyond the message's own interval.
        let interval = Millis::from_seconds(properties.u32(PropertyId::MessageExpiryInterval)?);
        let left = Millis::new(u64::from_be_bytes(*expires).saturating_sub(clock.unix));
        publication.expires = Some(clock.now + left.min(interval));
    }
    Some(publication)
}

/// Whether a property belongs to a message rather than to one transmission of it (MQTT-3.3.4-6, MQTT-3.2.2-17).
pub(crate) fn is_of_a_message(id: PropertyId) -> bool {
    !matches!(id, PropertyId::TopicAlias | PropertyId::SubscriptionIdentifier)
        && id.allowed_in(PropertyScope::Packet(PacketType::Publish))
}

/// These bytes as a record, to look behind the checksum.
#[cfg(feature = "fuzzing")]
pub(crate) fn sealed(key: u64, bytes: &[u8]) -> Box<[u8]> {
    seal(key, bytes.to_vec())
}

fn seal(key: u64, mut record: Vec<u8>) -> Box<[u8]> {
    record.extend_from_slice(&checksum(key, &record).to_be_bytes());
    record.into()
}

/// What stands between format and checksum, if both are right.
fn open(key: u64, record: &[u8]) -> Option<&[u8]> {
    let (sealed, sum) = record.split_last_chunk()?;
    let (format, body) = sealed.split_first()?;
    (*format == FORMAT && checksum(key, sealed) == u32::from_be_bytes(*sum)).then_some(body)
}

/// FNV-1a over the key, so that no record passes for another, and the bytes. Each single change of a byte shows.
fn checksum(key: u64, bytes: &[u8]) -> u32 {
    let mut sum = 0x811C_9DC5_u32;
    for part in &[&key.to_be_bytes()[..], bytes] {
        for byte in *part {
            sum = (sum ^ u32::from(*byte)).wrapping_mul(0x0100_0193);
        }
    }
    sum
}
