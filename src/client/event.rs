//! What the client tells the application.

use super::tap::PacketInfo;
use crate::codec::{PacketId, Properties, QoS, ReasonCode};
use crate::connection::Negotiated;
use crate::error::Error;
use crate::session::OpId;
use crate::time::Millis;
use std::sync::Arc;

/// Where a client stands, for an application to show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub enum ClientState {
    /// Not started.
    #[default]
    Idle = 0,
    /// On the way to the first connection.
    Connecting = 1,
    /// CONNACK was a success.
    Connected = 2,
    /// The connection was lost; another one will be tried.
    Reconnecting = 3,
    /// Kept from connecting for now.
    Suspended = 4,
    /// Handing out what is left before DISCONNECT.
    Closing = 5,
    /// Over.
    Closed = 6,
}

/// What kind of operation an [`OpId`] names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum OpKind {
    /// A publish.
    Publish = 1,
    /// A subscribe.
    Subscribe = 2,
    /// An unsubscribe.
    Unsubscribe = 3,
    /// A ping.
    Ping = 4,
    /// A re-authentication.
    Authenticate = 5,
}

/// An application message from the server. Borrows from the client until it is used again.
#[derive(Clone, Copy, Debug)]
pub struct Message<'a> {
    /// Topic Name, in full even where the packet had an alias.
    pub topic: &'a str,
    /// Names topic and `subscriptions` in later messages, so that they need not be copied out again. Small numbers, used
    /// again for others after a while: `new_topic` tells.
    pub topic_id: u32,
    /// Whether `topic_id` stands for this topic and these subscriptions for the first time.
    pub new_topic: bool,
    /// Application data.
    pub payload: &'a [u8],
    /// Properties and payload as they are in the packet, one behind the other.
    pub body: &'a [u8],
    /// Where `body` begins in the chunk that was received last; `None` when it began in an earlier one.
    pub body_position: Option<usize>,
    /// QoS at which the server sent it.
    pub qos: QoS,
    /// RETAIN flag as it came (3.3.1.3).
    pub retain: bool,
    /// DUP flag as it came (3.3.1.1).
    pub dup: bool,
    /// Properties (3.3.2.3); none in 3.1.1.
    pub properties: Properties<'a>,
    /// Numbers of the subscriptions that it belongs to, each once; none when it matches no filter.
    pub subscriptions: &'a [u32],
    /// To be given to `acknowledge`; `None` where nothing has to be acknowledged by the application.
    pub ack_token: Option<u32>,
}

/// An operation that succeeded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Completion {
    /// The operation.
    pub op: OpId,
    /// What it was.
    pub kind: OpKind,
    /// QoS of a publish.
    pub qos: QoS,
    /// Packet identifier that the exchange had.
    pub packet_id: Option<PacketId>,
    /// What the server answered: one code for a publish above QoS 0, one per filter for subscribe and unsubscribe.
    pub reasons: Vec<ReasonCode>,
    /// Properties of the answer, still encoded: Reason String and User Properties.
    pub properties: Box<[u8]>,
    /// Round trip of a ping.
    pub round_trip: Millis,
}

impl Completion {
    pub(crate) fn new(op: OpId, kind: OpKind) -> Self {
        Self {
            op,
            kind,
            qos: QoS::AtMostOnce,
            packet_id: None,
            reasons: Vec::new(),
            properties: Box::default(),
            round_trip: Millis::ZERO,
        }
    }
}

/// What may have become of the message of a publish that failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub enum Fate {
    /// Nobody got it, and nobody will: publishing it again makes no second copy.
    #[default]
    Undelivered = 0,
    /// It was sent, and the answer is missing: it may have arrived, and may still.
    Unknown = 1,
}

/// An operation that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The operation.
    pub op: OpId,
    /// What it was.
    pub kind: OpKind,
    /// Why it failed.
    pub error: Error,
    /// One code per filter where the server answered a subscribe or unsubscribe.
    pub reasons: Vec<ReasonCode>,
    /// For a publish: what may have become of the message.
    pub fate: Fate,
}

/// Authentication Data (3.15.2.2.3). A secret: it does not show itself in debug output.
#[derive(Clone, PartialEq, Eq)]
pub struct AuthData(Option<Box<[u8]>>);

impl AuthData {
    pub(crate) fn new(data: Option<&[u8]>) -> Self {
        Self(data.map(Into::into))
    }

    /// The bytes; `None` where the packet had none.
    #[must_use]
    pub fn as_bytes(&self) -> Option<&[u8]> {
        self.0.as_deref()
    }
}

impl core::fmt::Debug for AuthData {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("AuthData(redacted)")
    }
}

/// The next attempt to connect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retry {
    /// Time until then.
    pub delay: Millis,
    /// Its number, counted from the last stable connection.
    pub attempt: u32,
}

/// Something that the application may want to know.
#[derive(Clone, Debug)]
pub enum Event<'a> {
    /// The state changed.
    State(ClientState),
    /// The server accepted the connection.
    Connected(Arc<Negotiated>),
    /// A message arrived.
    Message(Message<'a>),
    /// The server wants to know more before it goes on: to be answered with `authenticate` (4.12).
    AuthChallenge(AuthData),
    /// An operation succeeded.
    Completed(Completion),
    /// An operation failed.
    Failed(Box<Failure>),
    /// The connection, or an attempt at one, ended.
    Disconnected {
        /// Why; `None` where the client itself wanted it.
        error: Option<Error>,
        /// When the next attempt is; `None`: there is none.
        retry: Option<Retry>,
    },
    /// Something went wrong outside any operation, and the client goes on.
    Notice(Error),
    /// The server has ended a subscription that no operation waits for, and will not be asked again.
    SubscriptionEnded {
        /// Its number, which stands for nothing from now on.
        id: u32,
        /// Why; its text is the filter.
        error: Error,
    },
    /// The client is done. Nothing follows, but what the packet tap has to tell of its last DISCONNECT.
    Closed(Option<Error>),
    /// A packet passed. Only while the tap is on; see [`Client::tap_packets`](super::Client::tap_packets).
    Packet(PacketInfo),
}

/// What the driver has to do with the transport.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransportRequest {
    /// Open a WebSocket, then call `handle_opened`, `handle_closed` or `handle_failed`.
    Open {
        /// Number of the attempt, counted from the last stable connection; the first is 1.
        attempt: u32,
    },
    /// Close the WebSocket with code 1000 and forget it; nothing it still does matters.
    Close,
}
