//! What a client is made from. Values are checked once; after that the core relies on them.

#![forbid(unsafe_code)]

use crate::codec::{
    EncodeError, Properties, PropertiesBuf, PropertyId, PropertyScope, ProtocolVersion, QoS, Value,
};
use crate::error::{Error, ErrorCode};
use crate::rule::rule;
use crate::time::Millis;
use crate::topic::TopicName;

/// Whether this is the whole client. `scripts/build` also makes a smaller module in which this says no, and all that is then
/// out of reach is gone: the store and enhanced authentication, which the options of a client ask for beforehand.
#[inline(never)]
pub(crate) fn is_whole() -> bool {
    core::hint::black_box(true)
}

/// The largest packet that MQTT can express: five bytes of fixed header and 268,435,455 of the rest (2.1.4).
pub const PROTOCOL_MAXIMUM_PACKET_SIZE: u32 = 268_435_460;

/// Which versions of MQTT to speak.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum VersionPolicy {
    /// 5.0, and 3.1.1 on a new connection where the server refuses it.
    #[default]
    Auto,
    /// This one only.
    Only(ProtocolVersion),
}

/// What to assume when the first connection of a client finds a session on the server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FirstSession {
    /// Start a new one: Clean Start 1.
    #[default]
    Clean,
    /// Continue it, our half being empty: right for an application that keeps a Client Identifier over page loads.
    Adopt,
    /// Refuse it, as MQTT-3.2.2-4 demands of a client that has no Session State at all.
    Refuse,
}

/// What happens to a message for which the queue has no room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Overflow {
    /// The new message is refused with `queue-full`.
    #[default]
    Reject,
    /// The oldest waiting messages make room and settle with `dropped-from-queue`.
    DropOldest,
    /// The new message settles with `dropped-from-queue` at once.
    DropNewest,
}

/// How much may wait.
#[derive(Clone, Copy, Debug)]
pub struct QueueLimits {
    /// Messages at most.
    pub max_messages: u32,
    /// Bytes of topics, properties and payloads at most. As many again, but at least 256 KiB, may be under way and wait for
    /// their acknowledgement.
    pub max_bytes: u32,
    /// What to do beyond that.
    pub overflow: Overflow,
}

impl Default for QueueLimits {
    fn default() -> Self {
        Self { max_messages: 100_000, max_bytes: 16 * 1024 * 1024, overflow: Overflow::Reject }
    }
}

/// How to reconnect.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ReconnectPolicy {
    /// Upper bound of the first delay.
    pub min_delay: Millis,
    /// No delay is longer than this, unless a server that is busy has to be left alone: for 5 s at least, then.
    pub max_delay: Millis,
    /// By how much the bound grows from attempt to attempt, in percent: 200 doubles it. At least 100.
    pub factor_percent: u32,
    /// Share of the delay that is left to chance, in percent: 100 is full jitter, 0 none.
    pub jitter_percent: u32,
    /// Attempts in a row before giving up; 0: no limit.
    pub max_attempts: u32,
    /// How long a connection has to last before the delays start over.
    pub stable_after: Millis,
    /// Servers that take turns, 1 or more: delays grow when each of them has had its turn.
    pub servers: u32,
}

impl Default for ReconnectPolicy {
    fn default() -> Self {
        Self {
            min_delay: Millis::new(1000),
            max_delay: Millis::from_seconds(60),
            factor_percent: 200,
            jitter_percent: 100,
            max_attempts: 0,
            stable_after: Millis::from_seconds(10),
            servers: 1,
        }
    }
}

impl ReconnectPolicy {
    pub(crate) fn validate(&self) -> Result<(), Error> {
        let invalid = |name| Err(Error::named(ErrorCode::InvalidOption, name));
        if self.max_delay < self.min_delay {
            return invalid("reconnect.maxDelay");
        }
        if !(100..=1000).contains(&self.factor_percent) {
            return invalid("reconnect.factor");
        }
        if self.jitter_percent > 100 {
            return invalid("reconnect.jitter");
        }
        Ok(())
    }
}

/// A message that the server publishes when the connection ends without a DISCONNECT (3.1.2.5).
#[derive(Clone, PartialEq, Eq)]
pub struct Will {
    /// Topic name.
    pub topic: String,
    /// Payload, at most 65,535 bytes.
    pub payload: Vec<u8>,
    /// QoS at which the server publishes it.
    pub qos: QoS,
    /// Whether the server retains it.
    pub retain: bool,
    /// Will Delay Interval and the properties of the message (3.1.3.2), 5.0 only.
    pub properties: PropertiesBuf,
}

impl Will {
    fn validate(&self) -> Result<(), Error> {
        let invalid = |name| Error::named(ErrorCode::InvalidOption, name);
        TopicName::parse(&self.topic).map_err(|error| invalid("will.topic").broke(error.kind.statement()))?;
        if u16::try_from(self.payload.len()).is_err() {
            return Err(invalid("will.payload").over(u32::from(u16::MAX)));
        }
        let properties = self.properties.as_properties();
        Properties::validate(properties.as_bytes(), PropertyScope::Will, 0)
            .map_err(|violation| invalid("will.properties").broke(violation.statement))?;
        if is_text(properties) && core::str::from_utf8(&self.payload).is_err() {
            return Err(invalid("will.payload").broke(rule!("§3.1.3.2.3")));
        }
        Ok(())
    }
}

impl core::fmt::Debug for Will {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Will")
            .field("topic", &self.topic)
            .field("payload", &format_args!("<{} bytes>", self.payload.len()))
            .field("qos", &self.qos)
            .field("retain", &self.retain)
            .finish_non_exhaustive()
    }
}

/// Everything that a client needs to know before its first connection.
#[derive(Clone, Debug)]
pub struct Config {
    /// Versions to offer.
    pub version: VersionPolicy,
    /// Client Identifier; empty asks the server for one (3.1.3.1).
    pub client_id: String,
    /// What the first connection does about an earlier session. 3.1.1 sends the same Clean Session on every
    /// connection, because it has no other way to end a session; 5.0 continues its own session from the second
    /// connection on.
    pub first_session: FirstSession,
    /// How long the server keeps the session after the connection, in seconds; 0 ends it with the connection,
    /// `u32::MAX` never (3.1.2.11.2). 5.0 only. `None` is for a session that only has to outlive reconnects: the server
    /// keeps it for five minutes, and an orderly disconnect ends it.
    pub session_expiry_seconds: Option<u32>,
    /// Longest silence before a ping, in seconds; 0 turns it off (3.1.2.10). Pings come sooner where something on the way
    /// seems to end connections after a shorter silence ([`ErrorCode::IdleTimeout`]).
    pub keep_alive_seconds: u16,
    /// How long one attempt may take, from its start to CONNACK.
    pub connect_timeout: Millis,
    /// How long the answer to a ping may take; the Keep Alive bounds it.
    pub ping_timeout: Millis,
    /// Largest packet to accept, in bytes (3.1.2.11.4).
    pub maximum_packet_size: u32,
    /// QoS 1 and 2 messages to accept before one is acknowledged (3.1.2.11.3).
    pub receive_maximum: u16,
    /// Topic aliases to offer the server (3.1.2.11.5).
    pub topic_alias_maximum: u16,
    /// Whether to ask for Response Information (3.1.2.11.6).
    pub request_response_information: bool,
    /// Whether the server may send Reason Strings and User Properties with failures (3.1.2.11.7).
    pub request_problem_information: bool,
    /// Authentication Method of enhanced authentication (3.1.2.11.9). 5.0 only: 3.1.1 has no way to say it.
    pub authentication_method: Option<String>,
    /// User Properties of CONNECT (3.1.2.11.8).
    pub user_properties: Vec<(String, String)>,
    /// Will message.
    pub will: Option<Will>,
    /// When and how to reconnect; `None`: never.
    pub reconnect: Option<ReconnectPolicy>,
    /// Server References (4.11) to follow before a connection has lasted [`ReconnectPolicy::stable_after`]; one more
    /// ends the client with `too-many-redirects`. 0: none is followed. Where one leads is for the driver to know; it
    /// fails the attempt when the application does not want to go there.
    pub max_redirects: u32,
    /// Connections in a row that have to end soon after CONNACK, with the same message sent again on each and nothing
    /// acknowledged, before that message is given up with `poison-message`. 0: it is kept, as MQTT-4.4.0-1 demands,
    /// and a notice tells of it.
    pub poison_limit: u32,
    /// How long a page may be hidden before its connection is closed until somebody looks at it again; `None`: as long
    /// as it likes.
    pub hidden_grace: Option<Millis>,
    /// How much may wait for a connection.
    pub queue: QueueLimits,
    /// Whether the application acknowledges messages itself.
    pub manual_ack: bool,
    /// Publish QoS 2 messages again when the session is lost, at the risk of a second delivery. Otherwise those that
    /// may have arrived settle with `session-lost`. QoS 1 is always published again.
    pub requeue_exactly_once: bool,
    /// Whether QoS 1 and 2 messages, their exchanges and received QoS 2 identifiers go to a store, so that another client
    /// can go on with them: see [`Client::poll_store`](crate::client::Client::poll_store). Needs a Client Identifier of
    /// one's own and [`FirstSession::Adopt`], and a session that the server keeps for as long.
    pub durable: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            version: VersionPolicy::Auto,
            client_id: String::new(),
            first_session: FirstSession::Clean,
            session_expiry_seconds: None,
            keep_alive_seconds: 45,
            connect_timeout: Millis::from_seconds(20),
            ping_timeout: Millis::from_seconds(10),
            maximum_packet_size: 16 * 1024 * 1024,
            receive_maximum: u16::MAX,
            topic_alias_maximum: 32,
            request_response_information: false,
            request_problem_information: true,
            authentication_method: None,
            user_properties: Vec::new(),
            will: None,
            reconnect: Some(ReconnectPolicy::default()),
            max_redirects: 0,
            poison_limit: 0,
            hidden_grace: None,
            queue: QueueLimits::default(),
            manual_ack: false,
            requeue_exactly_once: false,
            durable: false,
        }
    }
}

impl Config {
    /// Checks what types cannot.
    ///
    /// # Errors
    /// `invalid-option` with the option's name, `unsupported-in-version` for what 3.1.1 has no field for, and for an
    /// empty Client Identifier that it is to keep a session for (3.1.1 MQTT-3.1.3-7).
    pub fn validate(&self) -> Result<(), Error> {
        let invalid = |name| Err(Error::named(ErrorCode::InvalidOption, name));
        if !is_representable(&self.client_id) {
            return invalid("clientId");
        }
        if self.client_id.is_empty()
            && self.first_session != FirstSession::Clean
            && self.version == VersionPolicy::Only(ProtocolVersion::V311)
        {
            return Err(
                Error::named(ErrorCode::UnsupportedInVersion, "clientId").broke(rule!("3.1.1 MQTT-3.1.3-7"))
            );
        }
        if self.durable && self.client_id.is_empty() {
            return invalid("clientId");
        }
        if self.durable && self.first_session != FirstSession::Adopt {
            return invalid("cleanStart");
        }
        if self.durable && !is_whole() {
            return invalid("store");
        }
        if self.authentication_method.is_some() && !is_whole() {
            return invalid("authenticator");
        }
        if self.receive_maximum == 0 {
            return invalid("receiveMaximum");
        }
        // Smaller than this and not even a CONNACK with its properties would fit.
        if self.maximum_packet_size < 32 || self.maximum_packet_size > PROTOCOL_MAXIMUM_PACKET_SIZE {
            return invalid("maximumPacketSize");
        }
        if self.connect_timeout == Millis::ZERO {
            return invalid("connectTimeout");
        }
        if self.ping_timeout == Millis::ZERO {
            return invalid("pingTimeout");
        }
        if self
            .user_properties
            .iter()
            .any(|(name, value)| !is_representable(name) || !is_representable(value))
        {
            return invalid("userProperties");
        }
        if self.authentication_method.as_deref().is_some_and(|method| !is_representable(method)) {
            return invalid("authenticator.method");
        }
        if let Some(policy) = &self.reconnect {
            policy.validate()?;
        }
        if let Some(will) = &self.will {
            will.validate()?;
        }
        match self.version {
            VersionPolicy::Only(version) => self.check_version(version),
            VersionPolicy::Auto => Ok(()),
        }
    }

    /// Whether CONNECT of this version can say all that it should.
    pub(crate) fn check_version(&self, version: ProtocolVersion) -> Result<(), Error> {
        let will_properties =
            self.will.as_ref().map_or(Properties::EMPTY, |will| will.properties.as_properties());
        let needs_5 = [
            ("authenticator", self.authentication_method.is_some()),
            ("userProperties", !self.user_properties.is_empty()),
            ("will.properties", !will_properties.is_empty()),
        ];
        match needs_5.iter().find(|(_, is_set)| *is_set && version == ProtocolVersion::V311) {
            Some((name, _)) => Err(Error::named(ErrorCode::UnsupportedInVersion, name)),
            None => Ok(()),
        }
    }

    /// The Session Expiry Interval of CONNECT, in seconds.
    pub(crate) fn session_expiry(&self) -> u32 {
        self.session_expiry_seconds.unwrap_or(RECONNECT_EXPIRY_SECONDS)
    }

    /// Properties of CONNECT. Values that the standard assumes anyway are left out.
    pub(crate) fn connect_properties(&self, auth_data: Option<&[u8]>) -> Result<PropertiesBuf, EncodeError> {
        let mut block = PropertiesBuf::new();
        let seconds = self.session_expiry();
        if seconds > 0 {
            block.push(PropertyId::SessionExpiryInterval, Value::U32(seconds))?;
        }
        if self.receive_maximum < u16::MAX {
            block.push(PropertyId::ReceiveMaximum, Value::U16(self.receive_maximum))?;
        }
        block.push(PropertyId::MaximumPacketSize, Value::U32(self.maximum_packet_size))?;
        if self.topic_alias_maximum > 0 {
            block.push(PropertyId::TopicAliasMaximum, Value::U16(self.topic_alias_maximum))?;
        }
        if self.request_response_information {
            block.push(PropertyId::RequestResponseInformation, Value::Byte(1))?;
        }
        if !self.request_problem_information {
            block.push(PropertyId::RequestProblemInformation, Value::Byte(0))?;
        }
        if let Some(method) = &self.authentication_method {
            block.push(PropertyId::AuthenticationMethod, Value::Str(method))?;
            if let Some(data) = auth_data {
                block.push(PropertyId::AuthenticationData, Value::Bytes(data))?;
            }
        }
        for (name, value) in &self.user_properties {
            block.push(PropertyId::UserProperty, Value::Pair(name, value))?;
        }
        Ok(block)
    }
}

/// Time to reconnect in, for an application that said nothing about its session.
const RECONNECT_EXPIRY_SECONDS: u32 = 300;

/// Whether these properties call their payload UTF-8 (3.3.2.3.2).
pub(crate) fn is_text(properties: Properties<'_>) -> bool {
    properties.byte(PropertyId::PayloadFormatIndicator) == Some(1)
}

/// Whether a text can be a UTF-8 Encoded String (1.5.4).
pub(crate) fn is_representable(text: &str) -> bool {
    u16::try_from(text.len()).is_ok() && text.bytes().all(|byte| byte != 0)
}
