//! A small server: one client, sessions, all three QoS in both directions. Strict about what it is sent.

use crate::model::Messages;
use crate::random::Random;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use wasmqtt::codec::{
    Ack, AckKind, ConnAck, Connect, Disconnect, FrameBuffer, Packet, PacketId, Properties, PropertiesBuf,
    PropertyId, ProtocolVersion, Publish, QoS, ReasonCode, Reasons, Sender, SubAck, Subscribe, UnsubAck,
    Unsubscribe, Value, decode_from_client,
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

/// What the server announces in CONNACK.
#[derive(Clone, Copy, Debug)]
struct Limits {
    receive_maximum: u16,
    maximum_packet_size: u32,
    maximum_qos: QoS,
    aliases: u16,
}

#[derive(Debug)]
struct Connection {
    frames: FrameBuffer,
    version: ProtocolVersion,
    limits: Limits,
    client_receive_maximum: usize,
    client_aliases: u16,
    bound: BTreeSet<u16>,
    /// Publishes that count against our Receive Maximum.
    counted: BTreeSet<u16>,
    requests: BTreeSet<u16>,
    aliases: BTreeMap<u16, String>,
    /// Answers that have not been given yet, in their order.
    answers: VecDeque<Answer>,
    greeted: bool,
    /// The session began with this connection.
    fresh: bool,
    said_goodbye: bool,
}

#[derive(Debug)]
struct Answer {
    bytes: Vec<u8>,
    frees: Option<u16>,
}

#[derive(Debug, Default)]
pub(crate) struct Broker {
    session: Option<Session>,
    connection: Option<Connection>,
    keeps_session: bool,
    /// A server that has no limits of its own.
    generous: bool,
}

impl Broker {
    pub(crate) fn new(generous: bool) -> Self {
        Self { generous, ..Self::default() }
    }

    pub(crate) fn accept(&mut self, version: ProtocolVersion, random: &mut Random) {
        let limits = if version == ProtocolVersion::V311 || self.generous {
            Limits {
                receive_maximum: u16::MAX,
                maximum_packet_size: u32::MAX,
                maximum_qos: QoS::ExactlyOnce,
                aliases: 0,
            }
        } else {
            Limits {
                receive_maximum: random.pick(&[1, 2, 3, u16::MAX]),
                maximum_packet_size: random.pick(&[40, 48, 64, u32::MAX]),
                maximum_qos: random.pick(&[
                    QoS::AtMostOnce,
                    QoS::AtLeastOnce,
                    QoS::ExactlyOnce,
                    QoS::ExactlyOnce,
                    QoS::ExactlyOnce,
                    QoS::ExactlyOnce,
                ]),
                aliases: random.pick(&[0, 1, 2, 8]),
            }
        };
        self.connection = Some(Connection {
            frames: FrameBuffer::for_packets_of(Sender::Client, u32::MAX),
            version,
            limits,
            client_receive_maximum: 65_535,
            client_aliases: 0,
            bound: BTreeSet::new(),
            counted: BTreeSet::new(),
            requests: BTreeSet::new(),
            aliases: BTreeMap::new(),
            answers: VecDeque::new(),
            greeted: false,
            fresh: false,
            said_goodbye: false,
        });
    }

    /// The connection is gone; the session may be as well.
    pub(crate) fn hang_up(&mut self, lose_session: bool, downward: &mut Messages) {
        if self.connection.take().is_some() && (lose_session || !self.keeps_session) {
            self.abandon(downward);
        }
    }

    fn abandon(&mut self, downward: &mut Messages) {
        for (number, ..) in self.session.take().into_iter().flat_map(|session| session.outgoing) {
            downward.records[number].abandoned = true;
        }
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
        if let Packet::Connect(connect) = packet {
            return self.greet(connect, downward);
        }
        let (Some(connection), Some(session)) = (&mut self.connection, &mut self.session) else {
            panic!("{packet:?} before CONNECT");
        };
        match packet {
            Packet::Publish(publish) => connection.on_publish(session, publish, upward),
            Packet::Ack(ack) => connection.on_ack(session, ack),
            Packet::Subscribe(subscribe) => connection.on_subscribe(session, subscribe),
            Packet::Unsubscribe(unsubscribe) => connection.on_unsubscribe(session, unsubscribe),
            Packet::PingReq => connection.answer(&Packet::PingResp, None),
            Packet::Disconnect(_) => connection.said_goodbye = true,
            other => panic!("{other:?}"),
        }
    }

    fn greet(&mut self, connect: &Connect<'_>, downward: &mut Messages) {
        let expiry = connect.properties.u32(PropertyId::SessionExpiryInterval).unwrap_or(0);
        if connect.clean_start {
            self.abandon(downward);
        }
        let session_present = self.session.is_some();
        let session = self.session.get_or_insert_default();
        let Some(connection) = &mut self.connection else { return };
        assert!(!connection.greeted, "CONNECT twice");
        (connection.greeted, connection.fresh) = (true, !session_present);
        let client_limit = connect.properties.u16(PropertyId::ReceiveMaximum);
        connection.client_receive_maximum = client_limit.map_or(65_535, usize::from);
        connection.client_aliases = connect.properties.u16(PropertyId::TopicAliasMaximum).unwrap_or(0);
        self.keeps_session = match connection.version {
            ProtocolVersion::V311 => !connect.clean_start,
            ProtocolVersion::V5 => expiry > 0,
        };
        let mut properties = PropertiesBuf::new();
        let limits = connection.limits;
        if connection.version == ProtocolVersion::V5 {
            properties.push(PropertyId::ReceiveMaximum, Value::U16(limits.receive_maximum)).unwrap();
            if limits.maximum_packet_size < u32::MAX {
                properties
                    .push(PropertyId::MaximumPacketSize, Value::U32(limits.maximum_packet_size))
                    .unwrap();
            }
            if limits.maximum_qos < QoS::ExactlyOnce {
                properties.push(PropertyId::MaximumQoS, Value::Byte(limits.maximum_qos.value())).unwrap();
            }
            properties.push(PropertyId::TopicAliasMaximum, Value::U16(limits.aliases)).unwrap();
        }
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

impl Connection {
    fn answer(&mut self, packet: &Packet<'_>, frees: Option<u16>) {
        let mut bytes = Vec::new();
        packet.encode(self.version, &mut bytes).unwrap();
        self.answers.push_back(Answer { bytes, frees });
    }

    fn acknowledge(&mut self, kind: AckKind, id: u16, reason: ReasonCode, frees: Option<u16>) {
        let packet_id = PacketId::new(id).unwrap();
        self.answer(&Packet::Ack(Ack { kind, packet_id, reason, properties: Properties::EMPTY }), frees);
    }

    fn publish(&mut self, number: usize, qos: QoS, id: u16, dup: bool) {
        let payload = number.to_string();
        let full = format!("down/{}", number % 3);
        let mut properties = PropertiesBuf::new();
        let alias = u16::try_from(number % 3 + 1).unwrap();
        let mut topic = full.as_str();
        if alias <= self.client_aliases {
            properties.push(PropertyId::TopicAlias, Value::U16(alias)).unwrap();
            if !self.bound.insert(alias) {
                topic = "";
            }
        }
        let publish = Publish {
            dup,
            qos,
            topic,
            packet_id: PacketId::new(id),
            properties: properties.as_properties(),
            payload: payload.as_bytes(),
            ..Publish::default()
        };
        self.answer(&Packet::Publish(publish), None);
    }

    fn on_publish(&mut self, session: &mut Session, publish: &Publish<'_>, upward: &mut Messages) {
        let text = core::str::from_utf8(publish.payload).unwrap();
        let number: usize = text.trim_end_matches('.').parse().unwrap();
        let topic = self.resolve(publish);
        assert_eq!(topic, format!("upward/{}", number % 3), "message {number} has another topic");
        assert!(publish.qos <= self.limits.maximum_qos, "message {number} is above Maximum QoS");
        let Some(id) = publish.packet_id.map(PacketId::get) else {
            return upward.arrived(number, publish.qos);
        };
        assert!(!self.requests.contains(&id), "identifier {id} of a request is used again");
        assert!(self.counted.insert(id), "identifier {id} is used twice at a time");
        let open = self.counted.len();
        assert!(open <= usize::from(self.limits.receive_maximum), "{open} are open");
        let known = session.unreleased.get(&id).copied();
        if let Some(known) = known {
            assert!(
                publish.qos == QoS::ExactlyOnce && publish.dup,
                "identifier {id} is used twice at a time"
            );
            assert_eq!(known, number, "identifier {id} means another message now");
        }
        let refused = refuses(number) && self.version == ProtocolVersion::V5;
        let reason = if refused { ReasonCode::NOT_AUTHORIZED } else { ReasonCode::SUCCESS };
        if known.is_none() && !refused {
            upward.arrived(number, publish.qos);
        }
        if publish.qos == QoS::AtLeastOnce {
            self.acknowledge(AckKind::PubAck, id, reason, Some(id));
        } else {
            if !refused {
                session.unreleased.insert(id, number);
            }
            self.acknowledge(AckKind::PubRec, id, reason, refused.then_some(id));
        }
    }

    fn resolve(&mut self, publish: &Publish<'_>) -> String {
        let Some(alias) = publish.properties.u16(PropertyId::TopicAlias) else { return publish.topic.into() };
        assert!(alias <= self.limits.aliases, "alias {alias} of {}", self.limits.aliases);
        if publish.topic.is_empty() {
            return self.aliases[&alias].clone();
        }
        self.aliases.insert(alias, publish.topic.into());
        publish.topic.into()
    }

    fn on_ack(&mut self, session: &mut Session, ack: &Ack<'_>) {
        let id = ack.packet_id.get();
        let find = |session: &Session, wanted: Stage| {
            session.outgoing.iter().position(|(.., stage)| *stage == wanted)
        };
        match ack.kind {
            AckKind::PubRel => {
                let known = session.unreleased.remove(&id).is_some();
                let not_found = ReasonCode::PACKET_IDENTIFIER_NOT_FOUND;
                let reason = if known { ReasonCode::SUCCESS } else { not_found };
                self.acknowledge(AckKind::PubComp, id, reason, Some(id));
            }
            AckKind::PubAck => {
                let at = find(session, Stage::Published(id)).expect("PUBACK for what was published");
                assert_eq!(session.outgoing[at].1, QoS::AtLeastOnce, "PUBACK for QoS 2");
                session.outgoing.remove(at);
            }
            AckKind::PubRec => {
                let at = find(session, Stage::Published(id)).expect("PUBREC for what was published");
                assert_eq!(session.outgoing[at].1, QoS::ExactlyOnce, "PUBREC for QoS 1");
                session.outgoing[at].2 = Stage::Released(id);
                self.acknowledge(AckKind::PubRel, id, ReasonCode::SUCCESS, None);
            }
            AckKind::PubComp => {
                let at = find(session, Stage::Released(id)).expect("PUBCOMP for what was released");
                session.outgoing.remove(at);
            }
        }
    }

    fn on_subscribe(&mut self, session: &mut Session, subscribe: &Subscribe<'_>) {
        let id = subscribe.packet_id.get();
        self.claim(session, id);
        let filters: Vec<&str> = subscribe.filters.iter().map(|(filter, _)| filter).collect();
        session.filters.extend(filters.iter().map(|filter| (*filter).to_owned()));
        let codes = vec![0; filters.len()];
        let (packet_id, reasons) = (subscribe.packet_id, Reasons::from_bytes(&codes));
        self.answer(&Packet::SubAck(SubAck { packet_id, properties: Properties::EMPTY, reasons }), Some(id));
    }

    fn on_unsubscribe(&mut self, session: &mut Session, unsubscribe: &Unsubscribe<'_>) {
        let id = unsubscribe.packet_id.get();
        self.claim(session, id);
        let codes: Vec<u8> = unsubscribe
            .filters
            .iter()
            .map(|filter| if session.filters.remove(filter) { 0 } else { 0x11 })
            .collect();
        let codes = if self.version == ProtocolVersion::V5 { &codes[..] } else { &[] };
        let (packet_id, reasons) = (unsubscribe.packet_id, Reasons::from_bytes(codes));
        self.answer(
            &Packet::UnsubAck(UnsubAck { packet_id, properties: Properties::EMPTY, reasons }),
            Some(id),
        );
    }

    fn claim(&mut self, session: &Session, id: u16) {
        let free = !self.counted.contains(&id) && !session.unreleased.contains_key(&id);
        assert!(self.requests.insert(id) && free, "identifier {id} is used twice at a time");
    }
}
