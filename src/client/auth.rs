//! Enhanced authentication, at connect and later (section 4.12). 5.0 only.

use super::{AuthData, Client, Completion, Core, Event, OpKind, Phase};
use crate::codec::{Auth, EncodeError, PropertiesBuf, PropertyId, ReasonCode, Value, Violation};
use crate::config::is_whole;
use crate::error::{Error, ErrorCode};
use crate::rule::rule;
use crate::session::OpId;
use crate::time::Instant;

/// An authentication that the client has started on a live connection.
#[derive(Debug)]
pub(super) struct Reauthentication {
    pub(super) op: Option<OpId>,
}

impl Client {
    /// Answers an [`Event::AuthChallenge`] with AUTH "continue authentication".
    ///
    /// # Errors
    /// `not-connected` when no challenge is open any more, `invalid-argument` for more than 65,535 bytes,
    /// `packet-too-large`.
    pub fn authenticate(&mut self, data: Option<&[u8]>) -> Result<(), Error> {
        if self.core.challenged.take().is_none() {
            return Err(Error::new(ErrorCode::NotConnected));
        }
        self.core.write_auth(ReasonCode::CONTINUE_AUTHENTICATION, data)
    }

    /// Proves the identity again while the connection goes on (4.12.1): for a token that expires. The operation settles
    /// when the server is content; one that is not disconnects.
    ///
    /// # Errors
    /// `not-connected`, `unsupported-in-version` without an Authentication Method or in 3.1.1, `invalid-argument` for too
    /// much data or while another one is under way, `packet-too-large`, `client-closed`.
    pub fn reauthenticate(&mut self, op: OpId, data: Option<&[u8]>) -> Result<(), Error> {
        self.core.ensure_open()?;
        if self.core.phase.live().is_none() {
            return Err(Error::new(ErrorCode::NotConnected));
        }
        if self.core.authentication_method().is_none() {
            return Err(
                Error::named(ErrorCode::UnsupportedInVersion, "authenticator").broke(rule!("MQTT-4.12.0-7"))
            );
        }
        if self.core.reauthentication.is_some() {
            return Err(Error::named(ErrorCode::InvalidArgument, "reauthenticate").broke(rule!("§4.12.1")));
        }
        self.core.write_auth(ReasonCode::RE_AUTHENTICATE, data)?;
        self.core.reauthentication = Some(Reauthentication { op: Some(op) });
        Ok(())
    }

    /// The application has no answer to the challenge: say so, and hang up (MQTT-4.12.1-2).
    pub fn give_up_authentication(&mut self, now: Instant) {
        self.core.give_up_authentication(now, ErrorCode::ProviderFailed);
    }
}

impl Core {
    /// The method of this connection: that of the configuration, where the version has methods.
    fn authentication_method(&self) -> Option<&str> {
        self.config.authentication_method.as_deref().filter(|_| self.version.level() == 5)
    }

    fn expects_challenge(&self) -> bool {
        match self.phase {
            Phase::Handshaking { .. } => self.authentication_method().is_some(),
            Phase::Live(_) => self.reauthentication.is_some(),
            Phase::Idle | Phase::Dialing { .. } | Phase::Waiting { .. } | Phase::Closed => false,
        }
    }

    /// Ends the connection, if its server waits for an answer that does not come.
    pub(super) fn give_up_authentication(&mut self, now: Instant, why: ErrorCode) {
        if self.challenged.take().is_some() {
            self.drop_unstored();
            self.write_disconnect(ReasonCode::IMPLEMENTATION_SPECIFIC_ERROR);
            self.drop_connection(now, Error::new(why), true);
        }
    }

    pub(super) fn on_auth(&mut self, now: Instant, auth: &Auth<'_>) -> Result<(), Violation> {
        let given = auth.properties.str(PropertyId::AuthenticationMethod);
        if !is_whole() || !self.expects_challenge() {
            // Not asked for, or the server tries to start a re-authentication, which only the client may.
            return Err(Violation::protocol_error(rule!("MQTT-4.12.0-6"), 0));
        }
        if given != self.authentication_method() {
            return Err(Violation::protocol_error(rule!("MQTT-4.12.0-5"), 0));
        }
        let data = auth.properties.bytes(PropertyId::AuthenticationData);
        if auth.reason == ReasonCode::CONTINUE_AUTHENTICATION {
            self.challenged = Some(now + self.config.connect_timeout);
            self.events.push_back(Event::AuthChallenge(AuthData::new(data)));
            return Ok(());
        }
        // Success ends a re-authentication; before CONNACK it means nothing (MQTT-4.12.0-2).
        let Some(Reauthentication { op }) = self.reauthentication.take() else {
            return Err(Violation::protocol_error(rule!("MQTT-4.12.0-2"), 0));
        };
        if let Some(op) = op {
            self.complete(Completion {
                reasons: vec![auth.reason],
                properties: auth.properties.as_bytes().into(),
                ..Completion::new(op, OpKind::Authenticate)
            });
        }
        Ok(())
    }

    fn write_auth(&mut self, reason: ReasonCode, data: Option<&[u8]>) -> Result<(), Error> {
        if !is_whole() {
            return Err(Error::new(ErrorCode::NotConnected)); // the server could not have asked
        }
        let encoded = self.encode_auth(reason, data);
        let packet = encoded.map_err(|_| Error::named(ErrorCode::InvalidArgument, "data"))?;
        if let Some(connection) = self.phase.live() {
            // Cannot saturate: method and data are at most 65,535 bytes each.
            let size = u32::try_from(packet.len()).unwrap_or(u32::MAX);
            connection.negotiated.limits.check_size(size)?;
        }
        self.out.extend(packet);
        Ok(())
    }

    fn encode_auth(&self, reason: ReasonCode, data: Option<&[u8]>) -> Result<Vec<u8>, EncodeError> {
        let mut properties = PropertiesBuf::new();
        if let Some(method) = self.authentication_method() {
            properties.push(PropertyId::AuthenticationMethod, Value::Str(method))?;
        }
        if let Some(data) = data {
            properties.push(PropertyId::AuthenticationData, Value::Bytes(data))?;
        }
        let mut packet = Vec::new();
        Auth { reason, properties: properties.as_properties() }.encode(self.version, &mut packet)?;
        Ok(packet)
    }
}
