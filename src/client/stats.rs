//! Counters for an application to show.

/// What a client has done so far. Counters never go back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Bytes received from the server.
    pub bytes_received: u64,
    /// Bytes handed to the transport.
    pub bytes_sent: u64,
    /// Application messages delivered.
    pub messages_received: u64,
    /// Application messages sent, repetitions not counted.
    pub messages_sent: u64,
    /// Redelivered QoS 2 messages that were not delivered again.
    pub duplicates_suppressed: u64,
    /// PUBLISH packets sent again after a reconnect.
    pub retransmissions: u64,
    /// Acknowledgements from the server that matched nothing.
    pub unknown_acks: u64,
    /// Connections that the server accepted.
    pub connections: u64,
    /// Messages that wait for their first sending now.
    pub queued_messages: u32,
    /// Bytes that those hold.
    pub queued_bytes: u32,
    /// Publishes, subscribes and unsubscribes that wait for the server now.
    pub in_flight: u32,
    /// Subscriptions of the application now.
    pub subscriptions: u32,
}
