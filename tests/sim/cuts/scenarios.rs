//! What client and server are in the middle of when the link breaks.

use crate::broker::Limits;
use wasmqtt::codec::{PropertiesBuf, ProtocolVersion, QoS};
use wasmqtt::config::{Config, FirstSession, ReconnectPolicy, VersionPolicy};

const Q0: QoS = QoS::AtMostOnce;
const Q1: QoS = QoS::AtLeastOnce;
const Q2: QoS = QoS::ExactlyOnce;

pub(super) const NO_PROPERTIES: PropertiesBuf = PropertiesBuf::new();

/// What application or server does next.
#[derive(Clone, Copy, Debug)]
pub(super) enum Step {
    Start,
    Publish(QoS),
    /// Too long for a server with a small Maximum Packet Size.
    PublishLong(QoS),
    Retain(QoS),
    Subscribe(&'static [&'static str]),
    Unsubscribe(&'static str),
    Deliver(QoS),
    Ping,
    Reauthenticate,
    /// The application accepts the message that it got last.
    Acknowledge,
    /// All bytes go up, so many answers come down.
    Answer(usize),
    /// Whatever can happen without the application happens, a new connection included.
    Flow,
    Leave,
}

use Step::{
    Acknowledge, Answer, Deliver, Flow, Leave, Ping, Publish, PublishLong, Reauthenticate, Retain, Start,
    Subscribe, Unsubscribe,
};

pub(super) struct Scenario {
    pub(super) name: &'static str,
    pub(super) steps: &'static [Step],
    /// Limits of the first server.
    pub(super) limits: Limits,
    /// Limits that servers after it may have instead.
    pub(super) later: &'static [Limits],
    special: Special,
}

#[derive(Clone, Copy, PartialEq)]
enum Special {
    None,
    ManualAck,
    /// We take two messages at a time, and no aliases.
    SmallWindow,
    Aliases,
    Authentication,
}

impl Scenario {
    pub(super) fn fits(&self, version: ProtocolVersion) -> bool {
        version == ProtocolVersion::V5 || !matches!(self.special, Special::Aliases | Special::Authentication)
    }

    pub(super) fn config(&self, version: ProtocolVersion) -> Config {
        Config {
            version: VersionPolicy::Only(version),
            client_id: "cut".into(),
            first_session: FirstSession::Refuse,
            session_expiry_seconds: Some(300),
            receive_maximum: if self.special == Special::SmallWindow { 2 } else { u16::MAX },
            topic_alias_maximum: if self.special == Special::Aliases { 2 } else { 0 },
            manual_ack: self.special == Special::ManualAck,
            authentication_method: (self.special == Special::Authentication).then(|| "M".into()),
            reconnect: Some(ReconnectPolicy { jitter_percent: 0, ..ReconnectPolicy::default() }),
            ..Config::default()
        }
    }
}

const ANY: Limits = Limits::NONE;
const ONE: Limits = Limits { receive_maximum: 1, ..ANY };
const SMALL: Limits = Limits { maximum_packet_size: 40, ..ANY };
const NO_QOS_2: Limits = Limits { maximum_qos: Q1, ..ANY };
const NO_QOS: Limits = Limits { maximum_qos: Q0, ..ANY };
const NO_RETAIN: Limits = Limits { retain: false, ..ANY };
const NO_WILDCARDS: Limits = Limits { wildcards: false, ..ANY };
const NO_SHARES: Limits = Limits { shared: false, ..ANY };
const ALIASES: Limits = Limits { aliases: 2, ..ANY };
const ONE_ALIAS: Limits = Limits { aliases: 1, ..ANY };
const TIGHT: Limits =
    Limits { receive_maximum: 1, maximum_packet_size: 40, maximum_qos: Q1, retain: false, ..NO_SHARES };

const fn plain(name: &'static str, later: &'static [Limits], steps: &'static [Step]) -> Scenario {
    Scenario { name, steps, limits: ANY, later, special: Special::None }
}

pub(super) const SCENARIOS: &[Scenario] = &[
    plain("connect", &[TIGHT], &[Start, Flow, Ping, Flow]),
    plain(
        "subscribe",
        &[NO_WILDCARDS, NO_SHARES],
        &[Start, Flow, Subscribe(&["down/+"]), Subscribe(&["x/y", "$share/g/s"]), Flow, Deliver(Q1), Flow],
    ),
    plain(
        "unsubscribe",
        &[NO_WILDCARDS],
        &[
            Start,
            Subscribe(&["a", "b/#"]),
            Flow,
            Unsubscribe("a"),
            Answer(0),
            Subscribe(&["a"]),
            Unsubscribe("b/#"),
            Flow,
        ],
    ),
    plain("publish-0", &[SMALL], &[Start, Flow, Publish(Q0), PublishLong(Q0), Flow, Publish(Q0), Flow]),
    plain(
        "publish-1",
        &[ONE, SMALL, NO_QOS],
        &[Start, Flow, Publish(Q1), PublishLong(Q1), Flow, Publish(Q1), Flow],
    ),
    plain(
        "publish-2",
        &[ONE, SMALL, NO_QOS_2, NO_QOS],
        &[Start, Flow, Publish(Q2), PublishLong(Q2), Flow, Publish(Q2), Flow],
    ),
    plain("retain", &[NO_RETAIN], &[Start, Flow, Retain(Q1), Retain(Q2), Retain(Q0), Flow]),
    Scenario {
        limits: Limits { receive_maximum: 2, ..ANY },
        ..plain(
            "window-out",
            &[ANY, ONE, TIGHT],
            &[
                Start,
                Flow,
                Publish(Q2),
                Publish(Q1),
                Publish(Q0),
                Publish(Q2),
                Publish(Q1),
                Answer(1),
                Publish(Q2),
                Answer(1),
                Flow,
            ],
        )
    },
    plain("receive-0", &[], &[Start, Flow, Deliver(Q0), Deliver(Q0), Flow, Deliver(Q0), Flow]),
    plain("receive-1", &[], &[Start, Flow, Deliver(Q1), Deliver(Q1), Flow, Deliver(Q1), Flow]),
    plain("receive-2", &[], &[Start, Flow, Deliver(Q2), Deliver(Q2), Flow, Deliver(Q2), Flow]),
    Scenario {
        special: Special::SmallWindow,
        ..plain(
            "window-in",
            &[ONE],
            &[
                Start,
                Flow,
                Deliver(Q2),
                Deliver(Q1),
                Deliver(Q0),
                Deliver(Q2),
                Deliver(Q2),
                Answer(1),
                Deliver(Q1),
                Flow,
            ],
        )
    },
    Scenario {
        special: Special::ManualAck,
        ..plain(
            "manual-ack",
            &[],
            &[
                Start,
                Flow,
                Deliver(Q1),
                Deliver(Q2),
                Deliver(Q2),
                Flow,
                Acknowledge,
                Flow,
                Acknowledge,
                Acknowledge,
                Flow,
            ],
        )
    },
    plain(
        "offline",
        &[TIGHT, NO_WILDCARDS],
        &[Publish(Q1), Publish(Q2), Subscribe(&["down/#"]), Publish(Q0), Publish(Q1), Start, Flow],
    ),
    Scenario {
        limits: ALIASES,
        special: Special::Aliases,
        ..plain(
            "aliases",
            &[ONE_ALIAS, ANY],
            &[
                Start,
                Flow,
                Publish(Q1),
                Publish(Q1),
                Publish(Q0),
                Publish(Q2),
                Publish(Q1),
                Deliver(Q1),
                Deliver(Q1),
                Deliver(Q1),
                Deliver(Q2),
                Flow,
                Publish(Q1),
                Deliver(Q2),
                Flow,
            ],
        )
    },
    plain(
        "mixed",
        &[TIGHT, NO_WILDCARDS],
        &[
            Start,
            Subscribe(&["down/+"]),
            Publish(Q2),
            Flow,
            Deliver(Q2),
            Publish(Q1),
            Publish(Q2),
            Answer(2),
            Deliver(Q1),
            Unsubscribe("down/+"),
            Publish(Q0),
            Answer(1),
            Ping,
            Flow,
        ],
    ),
    Scenario {
        special: Special::Authentication,
        ..plain("auth", &[], &[Start, Flow, Reauthenticate, Answer(1), Publish(Q2), Flow, Publish(Q1), Flow])
    },
    plain("leave", &[], &[Start, Flow, Publish(Q1), Publish(Q2), Deliver(Q2), Leave, Flow]),
];
