//! A small server: one client, sessions, all three QoS in both directions. Strict about what it is sent.

mod connection;
mod limits;

pub(crate) use limits::Limits;

use crate::model::Messages;
use connection::{Connection, Hello};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use wasmqtt::codec::{
    AckKind, ConnAck, Disconnect, Packet, Properties, ProtocolVersion, QoS, ReasonCode, decode_from_client,
};

/// Whether the server refuses this message whenever it is published above QoS 0.
pub(crate) fn refuses(number: usize) -> bool {
    number % 16 == 15
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Stage {
    Queued,
    Published(u16),
    Released(u16),
}

/// What the server keeps between connections.
#[derive(Debug, Default)]
struct Session {
    /// QoS 2 messages taken, their identifiers not yet released.
    unreleased: BTreeMap<u16, usize>,
    filters: BTreeSet<String>,
    outgoing: VecDeque<(usize, QoS, Stage)>,
}

#[derive(Debug, Default)]
pub(crate) struct Broker {
    session: Option<Session>,
    connection: Option<Connection>,
    keeps_session: bool,
}

impl Broker {
    pub(crate) fn accept(&mut self, version: ProtocolVersion, limits: Limits) {
        self.connection = Some(Connection::new(version, limits));
    }

    /// The connection is gone; the session may be as well.
    pub(crate) fn hang_up(&mut self, lose_session: bool, downward: &mut Messages) {
        if self.connection.take().is_some() && (lose_session || !self.keeps_session) {
            abandon(&mut self.session, downward);
        }
    }

    /// The session ends, whatever the connection did.
    pub(crate) fn forget(&mut self, downward: &mut Messages) {
        abandon(&mut self.session, downward);
    }

    /// Messages that wait for PUBACK or PUBREC, and their identifiers.
    pub(crate) fn published(&self) -> impl Iterator<Item = (usize, u16)> {
        let outgoing = self.session.iter().flat_map(|session| &session.outgoing);
        outgoing.filter_map(|(number, _, stage)| match stage {
            Stage::Published(id) => Some((*number, *id)),
            Stage::Queued | Stage::Released(_) => None,
        })
    }

    pub(crate) fn is_greeted(&self) -> bool {
        self.connection.as_ref().is_some_and(|connection| connection.greeted)
    }

    pub(crate) fn is_fresh(&self) -> bool {
        self.connection.as_ref().is_some_and(|connection| connection.fresh)
    }

    pub(crate) fn said_goodbye(&self) -> bool {
        self.connection.as_ref().is_some_and(|connection| connection.said_goodbye)
    }

    pub(crate) fn is_idle(&self) -> bool {
        self.connection.as_ref().is_some_and(|connection| connection.greeted && connection.answers.is_empty())
            && self.session.as_ref().is_none_or(|session| session.outgoing.is_empty())
    }

    pub(crate) fn filters(&self) -> Vec<String> {
        self.session.iter().flat_map(|session| session.filters.iter().cloned()).collect()
    }

    /// Takes bytes of the client.
    pub(crate) fn receive(&mut self, bytes: &[u8], upward: &mut Messages, downward: &mut Messages) {
        let Some(connection) = &mut self.connection else { return };
        connection.frames.push(bytes);
        loop {
            let Some(connection) = &mut self.connection else { return };
            let version = connection.version;
            let Some(span) = connection.frames.next(version).expect("the client keeps to the format") else {
                return;
            };
            let packet = connection.frames.bytes(span).to_vec();
            assert!(!connection.said_goodbye, "bytes after DISCONNECT");
            let size = u32::try_from(packet.len()).unwrap();
            let limit = if connection.greeted { connection.limits.maximum_packet_size } else { u32::MAX };
            assert!(size <= limit, "{size} bytes for a server that takes {limit}: {packet:02x?}");
            let packet = decode_from_client(version, &packet).expect("the client keeps to the format");
            self.handle(&packet, upward, downward);
        }
    }

    fn handle(&mut self, packet: &Packet<'_>, upward: &mut Messages, downward: &mut Messages) {
        let Some(connection) = &mut self.connection else { return };
        match packet {
            Packet::Connect(connect) => {
                assert!(!connection.greeted && connection.hello.is_none(), "CONNECT twice");
                let hello = Hello::new(connect);
                let asks = hello.method.is_some();
                connection.hello = Some(hello);
                return if asks { connection.challenge() } else { self.greet(downward) };
            }
            Packet::Auth(_) if !connection.greeted => return self.greet(downward),
            _ => {}
        }
        let Some(session) = self.session.as_mut().filter(|_| connection.greeted) else {
            panic!("{packet:?} before CONNACK");
        };
        match packet {
            Packet::Publish(publish) => connection.on_publish(session, publish, upward),
            Packet::Ack(ack) => connection.on_ack(session, ack),
            Packet::Subscribe(subscribe) => connection.on_subscribe(session, subscribe),
            Packet::Unsubscribe(unsubscribe) => connection.on_unsubscribe(session, unsubscribe),
            Packet::PingReq => connection.answer(&Packet::PingResp, None),
            Packet::Auth(auth) => connection.on_auth(auth),
            Packet::Disconnect(_) => connection.said_goodbye = true,
            other => panic!("{other:?}"),
        }
    }

    /// CONNACK, and what the session has left to say.
    fn greet(&mut self, downward: &mut Messages) {
        let Some(connection) = &mut self.connection else { return };
        let hello = connection.hello.take().expect("CONNECT comes first");
        if hello.clean_start {
            abandon(&mut self.session, downward);
        }
        let session_present = self.session.is_some();
        let session = self.session.get_or_insert_default();
        (connection.greeted, connection.fresh) = (true, !session_present);
        self.keeps_session = match connection.version {
            ProtocolVersion::V311 => !hello.clean_start,
            ProtocolVersion::V5 => hello.expiry > 0,
        };
        let properties = connection.greeting(hello);
        let connack =
            ConnAck { session_present, reason: ReasonCode::SUCCESS, properties: properties.as_properties() };
        connection.answer(&Packet::ConnAck(connack), None);
        for (number, qos, stage) in &session.outgoing {
            match stage {
                Stage::Published(id) => connection.publish(*number, *qos, *id, true),
                Stage::Released(id) => {
                    connection.acknowledge(AckKind::PubRel, *id, ReasonCode::SUCCESS, None)
                }
                Stage::Queued => {}
            }
        }
    }

    /// Publishes to the client; without a session the message is gone.
    pub(crate) fn publish(&mut self, qos: QoS, downward: &mut Messages) {
        if qos == QoS::AtMostOnce {
            if let Some(connection) = self.connection.as_mut().filter(|connection| connection.greeted) {
                let number = downward.add(qos);
                connection.publish(number, qos, 0, false);
            }
        } else if let Some(session) = &mut self.session {
            session.outgoing.push_back((downward.add(qos), qos, Stage::Queued));
        }
    }

    /// Sends queued messages as far as the client's Receive Maximum allows.
    pub(crate) fn push(&mut self) {
        let (Some(connection), Some(session)) = (&mut self.connection, &mut self.session) else { return };
        if !connection.greeted {
            return;
        }
        let mut used: BTreeSet<u16> = BTreeSet::new();
        for (.., stage) in &session.outgoing {
            if let Stage::Published(id) | Stage::Released(id) = stage {
                used.insert(*id);
            }
        }
        for (number, qos, stage) in &mut session.outgoing {
            if *stage == Stage::Queued && used.len() < connection.client_receive_maximum {
                // The lowest free identifier: reused as soon as possible, which is hardest on the receiver.
                let id = (1..).find(|id| !used.contains(id)).unwrap();
                used.insert(id);
                *stage = Stage::Published(id);
                connection.publish(*number, *qos, id, false);
            }
        }
    }

    /// Ends the connection from this side.
    pub(crate) fn disconnect(&mut self) {
        if let Some(connection) = self.connection.as_mut().filter(|connection| connection.greeted)
            && connection.version == ProtocolVersion::V5
        {
            let reason = ReasonCode::SERVER_SHUTTING_DOWN;
            connection
                .answer(&Packet::Disconnect(Disconnect { reason, properties: Properties::EMPTY }), None);
        }
    }

    /// The next answers on their way.
    pub(crate) fn send(&mut self, count: usize, wire: &mut Vec<u8>) {
        let Some(connection) = &mut self.connection else { return };
        for _ in 0..count {
            let Some(answer) = connection.answers.pop_front() else { return };
            wire.extend_from_slice(&answer.bytes);
            if let Some(id) = answer.frees {
                connection.counted.remove(&id);
                connection.requests.remove(&id);
            }
        }
    }
}

fn abandon(session: &mut Option<Session>, downward: &mut Messages) {
    for (number, ..) in session.take().into_iter().flat_map(|session| session.outgoing) {
        downward.records[number].abandoned = true;
    }
}
