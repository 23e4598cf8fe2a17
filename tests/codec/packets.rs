//! Arbitrary legal packets survive encoding and decoding; arbitrary bytes do no harm.

use std::num::NonZeroU16;

use proptest::prelude::*;
use proptest::sample::select;
use wasmqtt::codec::*;
use wasmqtt::topic::TopicFilter;

use crate::support::{SENDERS, VERSIONS, decode, encode};

/// Material for a packet of any type.
#[derive(Debug, Clone)]
struct Parts {
    version: ProtocolVersion,
    sender: Sender,
    id: NonZeroU16,
    qos: QoS,
    flags: [bool; 6],
    number: u16,
    topic: String,
    texts: [String; 2],
    blobs: [Vec<u8>; 2],
    filters: Vec<(String, u8)>,
    codes: Vec<u8>,
    pool: Vec<(PropertyId, u32, String, String)>,
}

fn text() -> impl Strategy<Value = String> {
    prop::collection::vec(any::<char>().prop_filter("no U+0000", |c| *c != '\0'), 0..12)
        .prop_map(String::from_iter)
}

fn topic() -> impl Strategy<Value = String> {
    (text(), "[a-z/$ ]").prop_map(|(text, end)| text.replace(['+', '#'], "") + &end)
}

fn blob() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![8 => prop::collection::vec(any::<u8>(), 0..20), 1 => Just(vec![0; 200])]
}

fn filters() -> impl Strategy<Value = Vec<(String, u8)>> {
    let filter = select(&["a", "#", "+/b", "a/+/#", "//", "$share/g/a/#", "é/\u{feff}"][..]);
    prop::collection::vec((filter.prop_map(str::to_owned), any::<u8>()), 1..5)
}

fn pool() -> impl Strategy<Value = Vec<(PropertyId, u32, String, String)>> {
    prop::collection::vec((select(PropertyId::ALL), any::<u32>(), text(), topic()), 0..20)
}

fn parts() -> impl Strategy<Value = Parts> {
    let scalars = (
        select(&VERSIONS[..]),
        select(&SENDERS[..]),
        any::<NonZeroU16>(),
        select(&[QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce][..]),
        any::<[bool; 6]>(),
        any::<u16>(),
    );
    let codes = prop::collection::vec(any::<u8>(), 1..20);
    (scalars, topic(), [text(), text()], [blob(), blob()], filters(), codes, pool()).prop_map(
        |((version, sender, id, qos, flags, number), topic, texts, blobs, filters, codes, pool)| Parts {
            version,
            sender,
            id,
            qos,
            flags,
            number,
            topic,
            texts,
            blobs,
            filters,
            codes,
            pool,
        },
    )
}

impl Parts {
    fn five(&self) -> bool {
        self.version == ProtocolVersion::V5
    }

    /// A legal block for this scope.
    fn properties(&self, scope: PropertyScope) -> PropertiesBuf {
        let mut block = PropertiesBuf::new();
        if !self.five() {
            return block;
        }
        if scope == PropertyScope::Packet(PacketType::Auth) {
            block.push(PropertyId::AuthenticationMethod, Value::Str("M")).unwrap();
        }
        for (id, number, text, topic) in &self.pool {
            let repeated = block.as_properties().contains(*id) && !id.repeatable_in(scope);
            let has_method = block.as_properties().contains(PropertyId::AuthenticationMethod);
            let illegal = match id {
                PropertyId::AuthenticationData => !has_method,
                PropertyId::SubscriptionIdentifier => {
                    self.sender == Sender::Client && scope == PropertyScope::Packet(PacketType::Publish)
                }
                PropertyId::SessionExpiryInterval => {
                    self.sender == Sender::Server && scope == PropertyScope::Packet(PacketType::Disconnect)
                }
                _ => false,
            };
            if repeated || illegal || !id.allowed_in(scope) {
                continue;
            }
            let [.., high, low] = number.to_be_bytes();
            let value = match id.kind() {
                PropertyType::Byte => Value::Byte(low & 1),
                PropertyType::U16 => Value::U16(u16::from_be_bytes([high, low]).max(1)),
                PropertyType::U32 => Value::U32((*number).max(1)),
                PropertyType::VarInt => Value::VarInt(number % varint::MAX + 1),
                PropertyType::Str if *id == PropertyId::ResponseTopic => Value::Str(topic),
                PropertyType::Str => Value::Str(text),
                PropertyType::Bytes => Value::Bytes(text.as_bytes()),
                PropertyType::Pair => Value::Pair(text, topic),
            };
            block.push(*id, value).unwrap();
        }
        block
    }

    /// A legal code for a packet of this type from this sender; success in 3.1.1.
    fn reason(&self, packet: PacketType) -> ReasonCode {
        let legal = |code: &ReasonCode| code.allowed_from(self.sender, packet);
        let mut codes = self.codes.iter().map(|code| ReasonCode::new(*code)).filter(legal);
        if self.five() { codes.next().unwrap_or_default() } else { ReasonCode::SUCCESS }
    }

    fn reasons(&self, packet: PacketType) -> Vec<u8> {
        let legal = |code: &u8| {
            if self.five() { ReasonCode::new(*code).allowed_in(packet) } else { matches!(code, 0..=2 | 0x80) }
        };
        let mut codes: Vec<u8> = self.codes.iter().copied().filter(legal).collect();
        codes.push(0);
        codes
    }

    fn options(&self, byte: u8, shared: bool) -> SubscribeOptions {
        let qos = QoS::from_u8(byte & 3).unwrap_or(QoS::AtMostOnce);
        if !self.five() {
            return SubscribeOptions { qos, ..SubscribeOptions::default() };
        }
        let retain_handling = match byte >> 4 & 3 {
            1 => RetainHandling::SendIfNew,
            2 => RetainHandling::DoNotSend,
            _ => RetainHandling::Send,
        };
        let (no_local, retain_as_published) = (byte & 4 != 0 && !shared, byte & 8 != 0);
        SubscribeOptions { qos, no_local, retain_as_published, retain_handling }
    }

    /// Hands a packet of this type to `check`, if this sender has it in this version.
    fn with(&self, kind: PacketType, check: impl FnOnce(Packet<'_>)) {
        let block = self.properties(PropertyScope::Packet(kind));
        let (properties, packet_id) = (block.as_properties(), self.id);
        let [clean_start, with_will, with_user, with_password, retain, dup] = self.flags;
        let client = self.sender == Sender::Client;
        let ack = |kind: AckKind| {
            Packet::Ack(Ack { kind, packet_id, reason: self.reason(kind.packet_type()), properties })
        };
        match kind {
            PacketType::Connect if client => {
                let will_block = self.properties(PropertyScope::Will);
                let will = Will {
                    topic: &self.topic,
                    payload: &self.blobs[0],
                    qos: self.qos,
                    retain,
                    properties: will_block.as_properties(),
                };
                check(Packet::Connect(Connect {
                    clean_start,
                    keep_alive: self.number,
                    client_id: &self.texts[0],
                    username: with_user.then_some(&self.texts[1]),
                    password: (with_password && (with_user || self.five())).then_some(&self.blobs[1]),
                    will: with_will.then_some(will),
                    properties,
                }));
            }
            PacketType::ConnAck if !client => {
                let v3 = ReasonCode::from_connack_v3(self.codes[0] % 6).unwrap();
                let reason = if self.five() { self.reason(kind) } else { v3 };
                check(Packet::ConnAck(ConnAck { session_present: dup, reason, properties }));
            }
            PacketType::Publish => check(Packet::Publish(Publish {
                dup: dup && self.qos > QoS::AtMostOnce,
                qos: self.qos,
                retain,
                topic: if with_will && properties.contains(PropertyId::TopicAlias) {
                    ""
                } else {
                    &self.topic
                },
                packet_id: (self.qos > QoS::AtMostOnce).then_some(packet_id),
                properties,
                payload: &self.blobs[0],
            })),
            PacketType::PubAck => check(ack(AckKind::PubAck)),
            PacketType::PubRec => check(ack(AckKind::PubRec)),
            PacketType::PubRel => check(ack(AckKind::PubRel)),
            PacketType::PubComp => check(ack(AckKind::PubComp)),
            PacketType::Subscribe if client => {
                let mut filters = FiltersBuf::new();
                for (filter, byte) in &self.filters {
                    let filter = TopicFilter::parse(filter).unwrap();
                    filters.push(filter, self.options(*byte, filter.is_shared())).unwrap();
                }
                check(Packet::Subscribe(Subscribe { packet_id, properties, filters: filters.as_filters() }));
            }
            PacketType::SubAck if !client => {
                let codes = self.reasons(kind);
                let reasons = Reasons::from_bytes(&codes);
                check(Packet::SubAck(SubAck { packet_id, properties, reasons }));
            }
            PacketType::Unsubscribe if client => {
                let mut filters = NamesBuf::new();
                for (filter, _) in &self.filters {
                    filters.push(TopicFilter::parse(filter).unwrap()).unwrap();
                }
                check(Packet::Unsubscribe(Unsubscribe {
                    packet_id,
                    properties,
                    filters: filters.as_names(),
                }));
            }
            PacketType::UnsubAck if !client => {
                let codes = if self.five() { self.reasons(kind) } else { Vec::new() };
                let reasons = Reasons::from_bytes(&codes);
                check(Packet::UnsubAck(UnsubAck { packet_id, properties, reasons }));
            }
            PacketType::PingReq if client => check(Packet::PingReq),
            PacketType::PingResp if !client => check(Packet::PingResp),
            PacketType::Disconnect if client || self.five() => {
                check(Packet::Disconnect(Disconnect { reason: self.reason(kind), properties }));
            }
            PacketType::Auth if self.five() => {
                let reason = if dup { ReasonCode::CONTINUE_AUTHENTICATION } else { self.reason(kind) };
                let reason =
                    if reason.allowed_from(self.sender, kind) { reason } else { ReasonCode::RE_AUTHENTICATE };
                check(Packet::Auth(Auth { reason, properties }));
            }
            _ => {}
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn packets_survive(parts in parts()) {
        let Parts { version, sender, .. } = parts;
        for byte in (0..=15).map(|number| number << 4) {
            let Some(kind) = PacketType::from_first_byte(byte) else { continue };
            parts.with(kind, |packet| {
                let bytes = encode(&packet, version);
                assert_eq!(packet.packet_type(), kind);
                assert_eq!(packet.encoded_len(version).map(usize::try_from), Ok(Ok(bytes.len())));
                let (_, varint_len) = varint::decode(&bytes[1..]).unwrap().unwrap();
                let body = u32::try_from(bytes.len() - 1 - varint_len).unwrap();
                assert_eq!(varint::encoded_len(body), varint_len, "the shortest form");
                assert_eq!(decode(sender, version, &bytes), Ok(packet));
            });
        }
    }

    #[test]
    fn header_and_payload_make_the_packet(parts in parts(), alias in any::<NonZeroU16>(), expiry in any::<u32>()) {
        let version = parts.version;
        parts.with(PacketType::Publish, |packet| {
            let Packet::Publish(publish) = packet else { panic!("not a PUBLISH") };
            let payload_len = u32::try_from(publish.payload.len()).unwrap();
            let join = |extra| {
                let mut out = Vec::new();
                publish.encode_header(version, payload_len, extra, &mut out).unwrap();
                out.extend_from_slice(publish.payload);
                let announced = publish.encoded_len_with(version, payload_len, extra).unwrap();
                assert_eq!(usize::try_from(announced), Ok(out.len()));
                out
            };
            assert_eq!(join(ExtraProperties::default()), encode(&packet, version));
            if publish.topic.is_empty() {
                return;
            }

            let extra = ExtraProperties { topic_alias: Some(alias), message_expiry: Some(expiry) };
            let bytes = join(extra);
            let Ok(Packet::Publish(sent)) = decode(parts.sender, version, &bytes) else { panic!("{bytes:?}") };
            if version == ProtocolVersion::V311 {
                assert_eq!(sent, publish);
                return;
            }
            let replaced = [PropertyId::TopicAlias, PropertyId::MessageExpiryInterval];
            assert_eq!(sent.properties.u16(replaced[0]), Some(alias.get()));
            assert_eq!(sent.properties.u32(replaced[1]), Some(expiry));
            let others = |properties: Properties<'_>| -> Vec<String> {
                properties.iter().filter(|(id, _)| !replaced.contains(id)).map(|p| format!("{p:?}")).collect()
            };
            assert_eq!(others(sent.properties), others(publish.properties));
            assert_eq!(Publish { properties: publish.properties, ..sent }, publish);
        });
    }

    #[test]
    fn arbitrary_bytes_do_no_harm(mut bytes in prop::collection::vec(any::<u8>(), 0..100)) {
        for sized in [false, true] {
            if sized && bytes.len() >= 2 {
                bytes[1] = u8::try_from(bytes.len() - 2).unwrap(); // so that more gets past the header
            }
            for (version, sender) in VERSIONS.iter().flat_map(|version| SENDERS.map(|sender| (*version, sender))) {
                if let Err(violation) = decode(sender, version, &bytes) {
                    prop_assert!(violation.offset as usize <= bytes.len());
                    prop_assert!(violation.reason.is_error() && !violation.statement.is_empty());
                }
            }
        }
    }

    #[test]
    fn integers_have_one_shortest_form(bytes in prop::collection::vec(any::<u8>(), 0..6), payload_len in 0_u32..=268_435_000) {
        if let Ok(Some((value, len))) = varint::decode(&bytes) {
            prop_assert!(varint::encoded_len(value) <= len && len <= 4);
            // Longer than necessary means that the last byte adds nothing.
            prop_assert_eq!(varint::encoded_len(value) < len, len > 1 && bytes[len - 1] == 0);
        }
        let mut out = Vec::new();
        let publish = Publish { topic: "t", ..Publish::default() };
        publish.encode_header(ProtocolVersion::V5, payload_len, ExtraProperties::default(), &mut out).unwrap();
        let (remaining, len) = varint::decode(&out[1..]).unwrap().unwrap();
        prop_assert_eq!(remaining, payload_len + 4);
        prop_assert_eq!(len, varint::encoded_len(remaining));
    }
}
