//! The one error type of the core: a stable code, and what is known about the case.

use crate::codec::{Properties, PropertyId, ReasonCode, Violation};
use crate::rule::Rule;
use crate::topic::TopicError;
use core::ops::Deref;

/// What went wrong, as a number that is stable across releases and that the TypeScript side maps to a name and a hint.
///
/// Below 20 the caller is at fault, from 20 on one delivery failed, from 30 on the connection did, from 50 on the page
/// around the client, from 60 on the engine itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
pub enum ErrorCode {
    /// An option is out of its range; [`ErrorInfo::text`] names it.
    InvalidOption = 1,
    /// The topic name breaks a rule of section 4.7; [`ErrorInfo::at`] is the byte.
    InvalidTopic = 2,
    /// The topic filter breaks a rule of section 4.7; [`ErrorInfo::at`] is the byte.
    InvalidFilter = 3,
    /// The packet would exceed the protocol's or the server's Maximum Packet Size.
    PacketTooLarge = 4,
    /// The offline queue is full and its policy is to refuse.
    QueueFull = 5,
    /// The server said in CONNACK that it does not support this.
    NotSupportedByServer = 6,
    /// The client was closed.
    ClientClosed = 7,
    /// An argument cannot be represented in MQTT; [`ErrorInfo::text`] names it.
    InvalidArgument = 8,
    /// MQTT 3.1.1 has no such feature.
    UnsupportedInVersion = 9,
    /// The caller cancelled the operation.
    Aborted = 11,
    /// The caller's time for the operation ran out.
    Timeout = 12,
    /// The operation needs a live connection and there is none.
    NotConnected = 13,
    /// The application's function for URL, credentials or authentication did not answer in time.
    ProviderTimeout = 14,
    /// The server refused this one operation; [`ErrorInfo::reason`] says why.
    RejectedByServer = 20,
    /// The session ended before the outcome was known.
    SessionLost = 21,
    /// The message expired before it could be sent.
    MessageExpired = 22,
    /// The message was dropped from the full offline queue, as its policy says.
    DroppedFromQueue = 23,
    /// The server ends the connection whenever it gets this message.
    PoisonMessage = 24,
    /// Nobody subscribes to the topic of a request.
    NoResponder = 25,
    /// The server answered CONNECT with a refusal.
    ConnectRefused = 30,
    /// The server sent DISCONNECT.
    DisconnectedByServer = 31,
    /// The server sent bytes that are not an MQTT packet.
    MalformedPacket = 32,
    /// The server sent a packet that the protocol does not allow there.
    ProtocolError = 33,
    /// The WebSocket closed without a DISCONNECT.
    ConnectionClosed = 34,
    /// The WebSocket did not open in time.
    ConnectTimeout = 35,
    /// Nothing was heard from the server within the ping timeout.
    KeepAliveTimeout = 36,
    /// The WebSocket opened with another subprotocol than was offered.
    SubprotocolRejected = 37,
    /// Another connection with the same Client Identifier took the session over, or, without a
    /// [`ErrorInfo::reason`], seems to have done so time and again.
    SessionTakenOver = 38,
    /// The WebSocket could not be opened.
    ConnectFailed = 39,
    /// The WebSocket opened, but CONNACK did not come in time.
    ConnackTimeout = 40,
    /// The server speaks no version of MQTT that was offered.
    VersionNotSupported = 41,
    /// The server sent a text frame; MQTT uses binary frames only (section 6).
    TextFrame = 42,
    /// Servers sent the client from one to the other more often than it may follow.
    TooManyRedirects = 43,
    /// Another client of this browser uses the Client Identifier with this server. Told by the host, which can see it.
    ClientIdInUse = 44,
    /// TLS failed; few browsers tell this from [`ErrorCode::ConnectFailed`].
    TlsFailed = 45,
    /// The WebSocket closed after CONNECT and without a CONNACK.
    ClosedBeforeConnack = 46,
    /// The WebSocket closed with 1009: a packet was too large for the server.
    TooLargeForServer = 47,
    /// Connections seem to end whenever they have been silent for [`ErrorInfo::limit`] milliseconds.
    IdleTimeout = 48,
    /// There is no worker, so the engine runs on the page's thread. Told by the host.
    WorkerUnavailable = 49,
    /// A page on https may not open ws: URLs.
    InsecureUrl = 50,
    /// The URL cannot be used for a WebSocket.
    InvalidUrl = 51,
    /// The page's Content Security Policy forbids the connection.
    BlockedByCsp = 52,
    /// The browser is offline.
    Offline = 53,
    /// The platform of a mini-program allows no more sockets. Told by the host, like the next three.
    SocketLimit = 54,
    /// The owner of the mini-program has not listed the server's domain.
    DomainNotAllowed = 55,
    /// There is no object of a mini-program's platform.
    UnknownHost = 56,
    /// The platform ended the connection of a mini-program in the background.
    Interrupted = 57,
    /// The WebAssembly engine crashed; a new client has to be made.
    EngineCrashed = 60,
    /// The WebAssembly module could not be loaded.
    WasmLoadFailed = 61,
    /// A message or event handler threw.
    HandlerFailed = 62,
    /// The application's url or credentials function failed.
    ProviderFailed = 63,
    /// The store of a durable client cannot be used.
    StoreUnavailable = 64,
    /// The store of a durable client has no more room.
    StoreFull = 65,
    /// Records of a durable client's store could not be read; [`ErrorInfo::at`] says how many. They were removed, or,
    /// with [`ErrorInfo::limit`], left alone, because a newer release wrote them: its highest known format is the limit.
    StoreDamaged = 66,
}

/// One failure: its code and whatever is known about it. Never holds a payload or a secret.
///
/// Thin, because results with it are passed around everywhere; its fields are those of [`ErrorInfo`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error(Box<ErrorInfo>);

/// How far a connection had come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Stage {
    /// The transport was being opened.
    Dialing = 0,
    /// CONNECT was written.
    Handshake = 1,
    /// CONNACK was a success.
    Connected = 2,
}

/// What was seen of a connection, or of the attempt at one, that ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// How far it had come.
    pub stage: Stage,
    /// Milliseconds since the attempt began, or since CONNACK.
    pub elapsed_millis: u64,
    /// Which attempt in a row it was, 1 being the first.
    pub attempt: u32,
    /// Milliseconds since bytes went either way; `None` before CONNACK.
    pub silent_millis: Option<u64>,
}

/// What is known about a failure.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ErrorInfo {
    /// What went wrong.
    pub code: ErrorCode,
    /// The reason code that the server gave or that the client sent.
    pub reason: Option<ReasonCode>,
    /// Where: a byte offset, or the index of the filter in its list.
    pub at: Option<u32>,
    /// The limit that was exceeded.
    pub limit: Option<u32>,
    /// The statement or section of the standard that was broken.
    pub statement: Option<Rule>,
    /// The option's name, the server's reason string, or the WebSocket's close reason.
    pub text: Option<Box<str>>,
    /// The WebSocket's close code.
    pub close_code: Option<u16>,
    /// Where the server says to go instead (4.11): by convention hosts with or without port, separated by spaces.
    pub server_reference: Option<Box<str>>,
    /// What was seen of the connection that ended with it.
    pub evidence: Option<Evidence>,
    /// How the attempt with 5.0 ended, where this is about the one with 3.1.1 that followed.
    pub cause: Option<Error>,
}

impl Deref for Error {
    type Target = ErrorInfo;

    fn deref(&self) -> &ErrorInfo {
        &self.0
    }
}

impl Error {
    /// An error of which only the code is known.
    #[must_use]
    #[inline(never)]
    pub fn new(code: ErrorCode) -> Self {
        Self(Box::new(ErrorInfo {
            code,
            reason: None,
            at: None,
            limit: None,
            statement: None,
            text: None,
            close_code: None,
            server_reference: None,
            evidence: None,
            cause: None,
        }))
    }

    /// An option or argument is not usable; `name` says which.
    #[must_use]
    pub fn named(code: ErrorCode, name: &str) -> Self {
        Self::new(code).with_text(Some(name))
    }

    /// The server refused with `reason`, and perhaps a Reason String.
    #[must_use]
    pub fn refused(code: ErrorCode, reason: ReasonCode, text: Option<&str>) -> Self {
        let mut error = Self::new(code).with_text(text);
        error.0.reason = Some(reason);
        error
    }

    /// The server refused with `reason`, and perhaps says why and where to go instead.
    pub(crate) fn explained(code: ErrorCode, reason: ReasonCode, properties: Properties<'_>) -> Self {
        let mut error = Self::refused(code, reason, properties.str(PropertyId::ReasonString));
        error.0.server_reference = properties.str(PropertyId::ServerReference).map(Into::into);
        error
    }

    /// The same error, as another one.
    pub(crate) fn turned_into(mut self, code: ErrorCode) -> Self {
        self.0.code = code;
        self
    }

    /// Whether the server sent us to another one, and said where that is (4.11).
    pub(crate) fn is_redirect(&self) -> bool {
        let elsewhere = [Some(ReasonCode::USE_ANOTHER_SERVER), Some(ReasonCode::SERVER_MOVED)];
        elsewhere.contains(&self.reason) && self.server_reference.is_some()
    }

    /// The same error, with the text that belongs to it.
    #[must_use]
    #[inline(never)]
    pub fn with_text(mut self, text: Option<&str>) -> Self {
        self.0.text = text.map(Into::into);
        self
    }

    /// The same error, `index` saying where, or which item of a list is meant.
    #[must_use]
    pub fn at(mut self, index: u32) -> Self {
        self.0.at = Some(index);
        self
    }

    /// The same error, caused by exceeding `limit`.
    #[must_use]
    pub fn over(mut self, limit: u32) -> Self {
        self.0.limit = Some(limit);
        self
    }

    /// The same error, with the rule of the standard that was broken.
    #[must_use]
    pub fn broke(mut self, statement: Rule) -> Self {
        self.0.statement = Some(statement);
        self
    }

    /// The same error, with the close code of the WebSocket.
    #[must_use]
    pub fn closed_with(mut self, close_code: u16) -> Self {
        self.0.close_code = Some(close_code);
        self
    }

    /// The same error, with what was seen, and with the failure that led here.
    pub(crate) fn observed(mut self, evidence: Evidence, cause: Option<Self>) -> Self {
        (self.0.evidence, self.0.cause) = (Some(evidence), cause);
        self
    }

    /// Whether the same attempt to connect would fail the same way again, so that only the application can help.
    #[must_use]
    pub fn is_terminal(&self) -> bool {
        let given = |reasons: &[ReasonCode]| self.reason.is_some_and(|reason| reasons.contains(&reason));
        TERMINAL_CODES.contains(&self.code)
            || (self.code == ErrorCode::ConnectRefused && given(&TERMINAL_REFUSALS))
            || (self.code == ErrorCode::DisconnectedByServer && given(&TERMINAL_DISCONNECTS))
    }

    pub(crate) fn invalid_topic(error: TopicError) -> Self {
        Self::invalid(ErrorCode::InvalidTopic, error)
    }

    /// `filter` is named, because it may be one of a list.
    pub(crate) fn invalid_filter(filter: &str, error: TopicError) -> Self {
        Self::invalid(ErrorCode::InvalidFilter, error).with_text(Some(filter))
    }

    fn invalid(code: ErrorCode, error: TopicError) -> Self {
        let at = u32::try_from(error.at).unwrap_or(u32::MAX);
        Self::new(code).at(at).broke(error.kind.statement())
    }
}

impl From<Violation> for Error {
    fn from(violation: Violation) -> Self {
        let code = if violation.reason == ReasonCode::MALFORMED_PACKET {
            ErrorCode::MalformedPacket
        } else {
            ErrorCode::ProtocolError
        };
        Self::refused(code, violation.reason, None).at(violation.offset).broke(violation.statement)
    }
}

const TERMINAL_CODES: [ErrorCode; 12] = [
    ErrorCode::InvalidOption,
    ErrorCode::InvalidTopic,
    ErrorCode::InvalidArgument,
    ErrorCode::PacketTooLarge,
    ErrorCode::UnsupportedInVersion,
    ErrorCode::SessionTakenOver,
    ErrorCode::SubprotocolRejected,
    ErrorCode::VersionNotSupported,
    ErrorCode::TooManyRedirects,
    ErrorCode::InsecureUrl,
    ErrorCode::InvalidUrl,
    ErrorCode::BlockedByCsp,
];

const TERMINAL_REFUSALS: [ReasonCode; 13] = [
    ReasonCode::MALFORMED_PACKET,
    ReasonCode::PROTOCOL_ERROR,
    ReasonCode::UNSUPPORTED_PROTOCOL_VERSION,
    ReasonCode::CLIENT_IDENTIFIER_NOT_VALID,
    ReasonCode::BAD_USER_NAME_OR_PASSWORD,
    ReasonCode::NOT_AUTHORIZED,
    ReasonCode::BANNED,
    ReasonCode::BAD_AUTHENTICATION_METHOD,
    ReasonCode::TOPIC_NAME_INVALID,
    ReasonCode::PACKET_TOO_LARGE,
    ReasonCode::RETAIN_NOT_SUPPORTED,
    ReasonCode::QOS_NOT_SUPPORTED,
    ReasonCode::SERVER_MOVED,
];

const TERMINAL_DISCONNECTS: [ReasonCode; 4] = [
    ReasonCode::NOT_AUTHORIZED,
    ReasonCode::BANNED,
    ReasonCode::BAD_AUTHENTICATION_METHOD,
    ReasonCode::SERVER_MOVED,
];
