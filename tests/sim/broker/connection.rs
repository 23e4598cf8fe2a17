//! One connection of the server: what it sends, and what it makes of the client's packets.

use super::{Limits, Session, Stage, refuses};
use crate::model::Messages;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use wasmqtt::codec::{
    Ack, AckKind, Auth, Connect, FrameBuffer, Packet, PacketId, Properties, PropertiesBuf, PropertyId,
    ProtocolVersion, Publish, QoS, ReasonCode, Reasons, Sender, SubAck, Subscribe, UnsubAck, Unsubscribe,
    Value,
};

/// What CONNECT said.
#[derive(Debug)]
pub(super) struct Hello {
    pub(super) clean_start: bool,
    pub(super) expiry: u32,
    pub(super) method: Option<String>,
    receive_maximum: Option<u16>,
    aliases: u16,
}

impl Hello {
    pub(super) fn new(connect: &Connect<'_>) -> Self {
        let properties = connect.properties;
        Self {
            clean_start: connect.clean_start,
            expiry: properties.u32(PropertyId::SessionExpiryInterval).unwrap_or(0),
            method: properties.str(PropertyId::AuthenticationMethod).map(Into::into),
            receive_maximum: properties.u16(PropertyId::ReceiveMaximum),
            aliases: properties.u16(PropertyId::TopicAliasMaximum).unwrap_or(0),
        }
    }
}

#[derive(Debug)]
pub(super) struct Connection {
    pub(super) frames: FrameBuffer,
    pub(super) version: ProtocolVersion,
    pub(super) limits: Limits,
    /// CONNECT, as long as its CONNACK waits for something.
    pub(super) hello: Option<Hello>,
    method: Option<String>,
    pub(super) client_receive_maximum: usize,
    client_aliases: u16,
    bound: BTreeSet<u16>,
    /// Publishes that count against our Receive Maximum.
    pub(super) counted: BTreeSet<u16>,
    pub(super) requests: BTreeSet<u16>,
    aliases: BTreeMap<u16, String>,
    /// Answers that have not been given yet, in their order.
    pub(super) answers: VecDeque<Answer>,
    pub(super) greeted: bool,
    /// The session began with this connection.
    pub(super) fresh: bool,
    pub(super) said_goodbye: bool,
}

#[derive(Debug)]
pub(super) struct Answer {
    pub(super) bytes: Vec<u8>,
    pub(super) frees: Option<u16>,
}

impl Connection {
    pub(super) fn new(version: ProtocolVersion, limits: Limits) -> Self {
        Self {
            frames: FrameBuffer::for_packets_of(Sender::Client, u32::MAX),
            version,
            limits,
            hello: None,
            method: None,
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
        }
    }

    /// Takes over what CONNECT said; answers the properties of CONNACK.
    pub(super) fn greeting(&mut self, hello: Hello) -> PropertiesBuf {
        self.client_receive_maximum = hello.receive_maximum.map_or(65_535, usize::from);
        self.client_aliases = hello.aliases;
        if self.version == ProtocolVersion::V311 {
            return PropertiesBuf::new();
        }
        let mut properties = self.limits.properties();
        if let Some(method) = &hello.method {
            properties.push(PropertyId::AuthenticationMethod, Value::Str(method)).unwrap();
        }
        self.method = hello.method;
        properties
    }

    /// Asks for more before CONNACK (4.12).
    pub(super) fn challenge(&mut self) {
        self.method = self.hello.as_ref().and_then(|hello| hello.method.clone());
        self.authenticate(ReasonCode::CONTINUE_AUTHENTICATION);
    }

    /// A re-authentication: one challenge, then success (4.12.1).
    pub(super) fn on_auth(&mut self, auth: &Auth<'_>) {
        self.authenticate(if auth.reason == ReasonCode::RE_AUTHENTICATE {
            ReasonCode::CONTINUE_AUTHENTICATION
        } else {
            ReasonCode::SUCCESS
        });
    }

    fn authenticate(&mut self, reason: ReasonCode) {
        let mut properties = PropertiesBuf::new();
        let method = self.method.as_deref().expect("AUTH needs a method");
        properties.push(PropertyId::AuthenticationMethod, Value::Str(method)).unwrap();
        self.answer(&Packet::Auth(Auth { reason, properties: properties.as_properties() }), None);
    }

    pub(super) fn answer(&mut self, packet: &Packet<'_>, frees: Option<u16>) {
        let mut bytes = Vec::new();
        packet.encode(self.version, &mut bytes).unwrap();
        self.answers.push_back(Answer { bytes, frees });
    }

    pub(super) fn acknowledge(&mut self, kind: AckKind, id: u16, reason: ReasonCode, frees: Option<u16>) {
        let packet_id = PacketId::new(id).unwrap();
        self.answer(&Packet::Ack(Ack { kind, packet_id, reason, properties: Properties::EMPTY }), frees);
    }

    pub(super) fn publish(&mut self, number: usize, qos: QoS, id: u16, dup: bool) {
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

    pub(super) fn on_publish(&mut self, session: &mut Session, publish: &Publish<'_>, upward: &mut Messages) {
        let text = core::str::from_utf8(publish.payload).unwrap();
        let number: usize = text.trim_end_matches('.').parse().unwrap();
        let topic = self.resolve(publish);
        assert_eq!(topic, format!("upward/{}", number % 3), "message {number} has another topic");
        self.limits.insist_on_publish(publish);
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

    pub(super) fn on_ack(&mut self, session: &mut Session, ack: &Ack<'_>) {
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

    pub(super) fn on_subscribe(&mut self, session: &mut Session, subscribe: &Subscribe<'_>) {
        let id = subscribe.packet_id.get();
        self.claim(session, id);
        let filters: Vec<&str> = subscribe.filters.iter().map(|(filter, _)| filter).collect();
        filters.iter().for_each(|filter| self.limits.insist_on_filter(filter));
        session.filters.extend(filters.iter().map(|filter| (*filter).to_owned()));
        let codes = vec![0; filters.len()];
        let (packet_id, reasons) = (subscribe.packet_id, Reasons::from_bytes(&codes));
        self.answer(&Packet::SubAck(SubAck { packet_id, properties: Properties::EMPTY, reasons }), Some(id));
    }

    pub(super) fn on_unsubscribe(&mut self, session: &mut Session, unsubscribe: &Unsubscribe<'_>) {
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
