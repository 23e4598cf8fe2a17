//! The options of a client, from the first bytes of a script.

use crate::codec::{PropertiesBuf, ProtocolVersion, QoS};
use crate::config::{Config, FirstSession, Overflow, QueueLimits, ReconnectPolicy, VersionPolicy, Will};
use crate::fuzzing::input::Input;
use crate::time::Millis;

pub(super) fn read(input: &mut Input<'_>) -> Config {
    let version = input.pick(&[
        VersionPolicy::Only(ProtocolVersion::V311),
        VersionPolicy::Only(ProtocolVersion::V5),
        VersionPolicy::Auto,
    ]);
    let first_session = input.pick(&[FirstSession::Adopt, FirstSession::Refuse, FirstSession::Clean]);
    let session_expiry_seconds = input.pick(&[Some(300), None, Some(0), Some(u32::MAX)]);
    let receive_maximum = input.pick(&[u16::MAX, 1, 2]);
    let topic_alias_maximum = input.pick(&[32, 0, 1, u16::MAX]);
    let maximum_packet_size = input.pick(&[16 * 1024 * 1024, 32, 100, 1000]);
    let keep_alive_seconds = input.pick(&[45, 0, 1, u16::MAX]);
    let queue = input.pick(&[
        QueueLimits::default(),
        QueueLimits { max_messages: 2, max_bytes: 1000, overflow: Overflow::Reject },
        QueueLimits { max_messages: 2, max_bytes: 30, overflow: Overflow::DropOldest },
        QueueLimits { max_messages: 2, max_bytes: 30, overflow: Overflow::DropNewest },
        QueueLimits { max_messages: 0, max_bytes: 0, overflow: Overflow::DropOldest },
    ]);
    let usual = ReconnectPolicy::default();
    let reconnect = input.pick(&[
        Some(usual),
        None,
        Some(ReconnectPolicy { max_attempts: 2, jitter_percent: 0, ..usual }),
        Some(ReconnectPolicy { min_delay: Millis::ZERO, max_delay: Millis::ZERO, ..usual }),
    ]);
    let flags = input.byte();
    let names = input.byte();
    let will = (names & 4 != 0).then(|| Will {
        topic: "will".into(),
        payload: vec![0; 3],
        qos: QoS::AtLeastOnce,
        retain: true,
        properties: PropertiesBuf::new(),
    });
    Config {
        version,
        client_id: if names & 1 == 0 { "fuzz".into() } else { String::new() },
        first_session,
        session_expiry_seconds,
        keep_alive_seconds,
        maximum_packet_size,
        receive_maximum,
        topic_alias_maximum,
        request_response_information: flags & 1 != 0,
        request_problem_information: flags & 2 == 0,
        authentication_method: (names & 2 != 0).then(|| "M".into()),
        will,
        reconnect,
        max_redirects: u32::from(flags >> 4 & 3),
        poison_limit: u32::from(flags >> 6),
        queue,
        manual_ack: flags & 4 != 0,
        requeue_exactly_once: flags & 8 != 0,
        ..Config::default()
    }
}
