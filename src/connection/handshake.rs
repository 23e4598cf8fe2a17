//! CONNECT and what its CONNACK agreed on (3.1, 3.2).

use super::ServerLimits;
use crate::codec::{
    ConnAck, Connect, EncodeError, Properties, PropertyId, ProtocolVersion, ReasonCode, Violation, Will,
};
use crate::config::{Config, is_representable};
use crate::error::{Error, ErrorCode};
use crate::rule::rule;
use crate::time::Instant;
use std::sync::Arc;

/// User name and password of one attempt. They are written to CONNECT and not kept.
#[derive(Clone, Copy, Default)]
pub struct Credentials<'a> {
    /// User Name (3.1.3.5).
    pub username: Option<&'a str>,
    /// Password (3.1.3.6).
    pub password: Option<&'a [u8]>,
    /// First Authentication Data of enhanced authentication (3.1.2.11.10).
    pub auth_data: Option<&'a [u8]>,
}

impl Credentials<'_> {
    /// Whether CONNECT of this version can carry them.
    pub(crate) fn check(&self, version: ProtocolVersion) -> Result<(), Error> {
        if version == ProtocolVersion::V311 && self.password.is_some() && self.username.is_none() {
            let error = Error::named(ErrorCode::UnsupportedInVersion, "password");
            return Err(error.broke(rule!("3.1.1 MQTT-3.1.2-22")));
        }
        let too_long = |data: Option<&[u8]>| data.is_some_and(|data| u16::try_from(data.len()).is_err());
        let unfit = [
            ("username", !self.username.is_none_or(is_representable)),
            ("password", too_long(self.password)),
            ("authenticator", too_long(self.auth_data)),
        ];
        match unfit.iter().find(|(_, is_unfit)| *is_unfit) {
            Some((name, _)) => Err(Error::named(ErrorCode::InvalidArgument, name)),
            None => Ok(()),
        }
    }
}

impl core::fmt::Debug for Credentials<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Credentials(redacted)")
    }
}

/// A CONNECT that waits for its CONNACK.
#[derive(Debug)]
pub(crate) struct Handshake {
    pub(crate) version: ProtocolVersion,
    pub(crate) clean_start: bool,
    pub(crate) client_id: Box<str>,
    pub(crate) subprotocol: Box<str>,
    /// When CONNECT was written.
    pub(crate) since: Instant,
}

/// What client and server agreed on for one connection.
#[derive(Clone, Debug)]
pub struct Negotiated {
    /// Version of MQTT in use.
    pub version: ProtocolVersion,
    /// Subprotocol of the WebSocket; empty when none was offered.
    pub subprotocol: Box<str>,
    /// Whether the server continues an earlier session.
    pub session_present: bool,
    /// Client Identifier in use, assigned by the server or ours.
    pub client_id: Box<str>,
    /// Keep Alive in force, in seconds (3.2.2.3.14).
    pub keep_alive_seconds: u16,
    /// Session Expiry Interval in force, in seconds (3.2.2.3.2).
    pub session_expiry_seconds: u32,
    /// What the server supports.
    pub limits: ServerLimits,
    properties: Box<[u8]>,
}

impl Negotiated {
    /// The properties of the CONNACK as they came.
    #[must_use]
    pub fn properties(&self) -> Properties<'_> {
        Properties::from_validated(&self.properties)
    }
}

impl Handshake {
    /// Appends the CONNECT packet.
    pub(crate) fn write(
        &self,
        config: &Config,
        credentials: Credentials<'_>,
        out: &mut Vec<u8>,
    ) -> Result<(), EncodeError> {
        let properties = config.connect_properties(credentials.auth_data)?;
        let will = config.will.as_ref().map(|will| Will {
            topic: &will.topic,
            payload: &will.payload,
            qos: will.qos,
            retain: will.retain,
            properties: will.properties.as_properties(),
        });
        let connect = Connect {
            clean_start: self.clean_start,
            keep_alive: config.keep_alive_seconds,
            client_id: &self.client_id,
            username: credentials.username,
            password: credentials.password,
            will,
            properties: properties.as_properties(),
        };
        connect.encode(self.version, out)
    }

    /// What the CONNACK means: an agreement, a refusal, or a violation of the protocol.
    pub(crate) fn accept(
        &self,
        config: &Config,
        connack: &ConnAck<'_>,
    ) -> Result<Arc<Negotiated>, Rejection> {
        let properties = connack.properties;
        if connack.reason.is_error() {
            let code = refusal_code(connack.reason);
            return Err(Rejection::Refused(Error::explained(code, connack.reason, properties)));
        }
        let violation = |statement| Err(Rejection::Violation(Violation::protocol_error(statement, 0)));
        if connack.session_present && self.clean_start {
            return violation(rule!("MQTT-3.2.2-2"));
        }
        // The method of CONNECT comes back in a successful CONNACK, or none does (4.12).
        match (&config.authentication_method, properties.str(PropertyId::AuthenticationMethod)) {
            (None, None) => {}
            (Some(asked), Some(given)) if asked == given => {}
            (None, Some(_)) => return violation(rule!("MQTT-4.12.0-6")),
            (Some(_), _) => return violation(rule!("MQTT-4.12.0-5")),
        }
        let assigned = properties.str(PropertyId::AssignedClientIdentifier);
        let client_id = match assigned {
            Some(assigned) if self.client_id.is_empty() => assigned,
            Some(_) | None => &self.client_id,
        };
        if client_id.is_empty() && self.version == ProtocolVersion::V5 {
            return violation(rule!("MQTT-3.2.2-16"));
        }
        if properties.u32(PropertyId::MaximumPacketSize).is_some_and(|limit| limit < SMALLEST_LIMIT) {
            let error = Error::named(ErrorCode::NotSupportedByServer, "maximumPacketSize");
            return Err(Rejection::Refused(error.broke(rule!("MQTT-3.2.2-15"))));
        }
        Ok(Arc::new(Negotiated {
            version: self.version,
            subprotocol: self.subprotocol.clone(),
            session_present: connack.session_present,
            client_id: client_id.into(),
            keep_alive_seconds: properties
                .u16(PropertyId::ServerKeepAlive)
                .unwrap_or(config.keep_alive_seconds),
            session_expiry_seconds: self.session_expiry(config, properties),
            limits: ServerLimits::from_connack(self.version, properties),
            properties: properties.as_bytes().into(),
        }))
    }

    fn session_expiry(&self, config: &Config, properties: Properties<'_>) -> u32 {
        match self.version {
            ProtocolVersion::V311 if self.clean_start => 0,
            ProtocolVersion::V311 => u32::MAX,
            ProtocolVersion::V5 => {
                properties.u32(PropertyId::SessionExpiryInterval).unwrap_or_else(|| config.session_expiry())
            }
        }
    }
}

/// Bytes of an acknowledgement with a reason: the longest packet that is never left out.
const SMALLEST_LIMIT: u32 = 5;

/// Why a CONNACK did not lead to a connection.
#[derive(Debug)]
pub(crate) enum Rejection {
    /// The server said no.
    Refused(Error),
    /// The server said something it must not say.
    Violation(Violation),
}

/// Recognises the CONNACK of a server that knows 3.1.1 only and was sent a 5.0 CONNECT: it has no property length.
pub(crate) fn refusal_of_3_1_1(packet: &[u8]) -> Option<Error> {
    let &[0x20, 2, 0, code] = packet else { return None };
    let reason = ReasonCode::from_connack_v3(code).filter(|reason| reason.is_error())?;
    Some(Error::refused(refusal_code(reason), reason, None))
}

fn refusal_code(reason: ReasonCode) -> ErrorCode {
    if reason == ReasonCode::UNSUPPORTED_PROTOCOL_VERSION {
        ErrorCode::VersionNotSupported
    } else {
        ErrorCode::ConnectRefused
    }
}
