//! What the server of this connection supports, as its CONNACK said (3.2.2.3).

use crate::codec::{Properties, PropertyId, ProtocolVersion, QoS};
use crate::error::{Error, ErrorCode};
use crate::rule::{Rule, rule};
use crate::topic::TopicFilter;

/// Limits that the server has set for one connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServerLimits {
    /// QoS 1 and 2 publishes that may be unacknowledged at a time (3.2.2.3.3).
    pub receive_maximum: u16,
    /// Highest QoS of a publish (3.2.2.3.4).
    pub maximum_qos: QoS,
    /// Whether messages may be retained (3.2.2.3.5).
    pub retain_available: bool,
    /// Bytes of a whole packet; `None` when the server set no limit (3.2.2.3.6).
    pub maximum_packet_size: Option<u32>,
    /// Highest topic alias that the server accepts (3.2.2.3.8).
    pub topic_alias_maximum: u16,
    /// Whether filters may hold wildcards (3.2.2.3.11).
    pub wildcard_subscriptions: bool,
    /// Whether SUBSCRIBE may carry a Subscription Identifier (3.2.2.3.12).
    pub subscription_identifiers: bool,
    /// Whether `$share` filters are accepted (3.2.2.3.13).
    pub shared_subscriptions: bool,
}

impl ServerLimits {
    /// What holds when the server says nothing.
    #[must_use]
    pub const fn unlimited(version: ProtocolVersion) -> Self {
        Self {
            receive_maximum: u16::MAX,
            maximum_qos: QoS::ExactlyOnce,
            retain_available: true,
            maximum_packet_size: None,
            topic_alias_maximum: 0,
            wildcard_subscriptions: true,
            subscription_identifiers: matches!(version, ProtocolVersion::V5),
            shared_subscriptions: true,
        }
    }

    pub(crate) fn from_connack(version: ProtocolVersion, properties: Properties<'_>) -> Self {
        let available = |id| properties.byte(id) != Some(0);
        let unlimited = Self::unlimited(version);
        Self {
            receive_maximum: properties.u16(PropertyId::ReceiveMaximum).unwrap_or(unlimited.receive_maximum),
            maximum_qos: properties
                .byte(PropertyId::MaximumQoS)
                .and_then(QoS::from_u8)
                .unwrap_or(QoS::ExactlyOnce),
            retain_available: available(PropertyId::RetainAvailable),
            maximum_packet_size: properties.u32(PropertyId::MaximumPacketSize),
            topic_alias_maximum: properties.u16(PropertyId::TopicAliasMaximum).unwrap_or(0),
            wildcard_subscriptions: available(PropertyId::WildcardSubscriptionAvailable),
            subscription_identifiers: unlimited.subscription_identifiers
                && available(PropertyId::SubscriptionIdentifierAvailable),
            shared_subscriptions: available(PropertyId::SharedSubscriptionAvailable),
        }
    }

    /// Whether a publish is one that the server accepts (3.2.2-11, 3.2.2-14).
    pub(crate) fn check_publish(&self, qos: QoS, retain: bool) -> Result<(), Error> {
        if qos > self.maximum_qos {
            let limit = u32::from(self.maximum_qos.value());
            return Err(unsupported("qos", rule!("MQTT-3.2.2-11")).over(limit));
        }
        if retain && !self.retain_available {
            return Err(unsupported("retain", rule!("MQTT-3.2.2-14")));
        }
        Ok(())
    }

    /// Whether a packet of `size` bytes may be sent (3.2.2-15).
    pub(crate) fn check_size(&self, size: u32) -> Result<(), Error> {
        match self.maximum_packet_size {
            Some(limit) if size > limit => {
                Err(Error::new(ErrorCode::PacketTooLarge).over(limit).broke(rule!("MQTT-3.2.2-15")))
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Whether the server accepts subscriptions of this form.
    pub(crate) fn check_filter(&self, filter: TopicFilter<'_>) -> Result<(), Error> {
        if filter.is_shared() && !self.shared_subscriptions {
            return Err(unsupported("shared subscription", rule!("§3.2.2.3.13")));
        }
        if filter.has_wildcard() && !self.wildcard_subscriptions {
            return Err(unsupported("wildcard subscription", rule!("§3.2.2.3.11")));
        }
        Ok(())
    }
}

fn unsupported(feature: &str, statement: Rule) -> Error {
    Error::named(ErrorCode::NotSupportedByServer, feature).broke(statement)
}
