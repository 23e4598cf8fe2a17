//! What a server announces in CONNACK, and what it then insists on.

use crate::random::Random;
use wasmqtt::codec::{PropertiesBuf, PropertyId, Publish, QoS, Value};
use wasmqtt::topic::TopicFilter;

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Limits {
    pub(crate) receive_maximum: u16,
    pub(crate) maximum_packet_size: u32,
    pub(crate) maximum_qos: QoS,
    pub(crate) retain: bool,
    pub(crate) aliases: u16,
    pub(crate) wildcards: bool,
    pub(crate) shared: bool,
}

impl Limits {
    /// A server that has no limits of its own.
    pub(crate) const NONE: Self = Self {
        receive_maximum: u16::MAX,
        maximum_packet_size: u32::MAX,
        maximum_qos: QoS::ExactlyOnce,
        retain: true,
        aliases: 0,
        wildcards: true,
        shared: true,
    };

    pub(crate) fn random(random: &mut Random) -> Self {
        let usual = QoS::ExactlyOnce;
        Self {
            receive_maximum: random.pick(&[1, 2, 3, u16::MAX]),
            maximum_packet_size: random.pick(&[40, 48, 64, u32::MAX]),
            maximum_qos: random.pick(&[QoS::AtMostOnce, QoS::AtLeastOnce, usual, usual, usual, usual]),
            aliases: random.pick(&[0, 1, 2, 8]),
            ..Self::NONE
        }
    }

    pub(super) fn properties(&self) -> PropertiesBuf {
        let mut block = PropertiesBuf::new();
        let mut push = |id, value: Value<'_>, usual: bool| {
            if !usual {
                block.push(id, value).unwrap();
            }
        };
        let (size, qos) = (self.maximum_packet_size, self.maximum_qos);
        push(PropertyId::ReceiveMaximum, Value::U16(self.receive_maximum), false);
        push(PropertyId::MaximumPacketSize, Value::U32(size), size == u32::MAX);
        push(PropertyId::MaximumQoS, Value::Byte(qos.value().min(1)), qos == QoS::ExactlyOnce);
        push(PropertyId::RetainAvailable, Value::Byte(0), self.retain);
        push(PropertyId::TopicAliasMaximum, Value::U16(self.aliases), false);
        push(PropertyId::WildcardSubscriptionAvailable, Value::Byte(0), self.wildcards);
        push(PropertyId::SharedSubscriptionAvailable, Value::Byte(0), self.shared);
        block
    }

    pub(super) fn insist_on_publish(&self, publish: &Publish<'_>) {
        assert!(publish.qos <= self.maximum_qos, "above Maximum QoS: {publish:?}");
        assert!(self.retain || !publish.retain, "retained: {publish:?}");
    }

    pub(super) fn insist_on_filter(&self, text: &str) {
        let filter = TopicFilter::parse(text).unwrap();
        assert!(self.wildcards || !filter.has_wildcard(), "a wildcard: {text}");
        assert!(self.shared || !filter.is_shared(), "a share: {text}");
    }
}
