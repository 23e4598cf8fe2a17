//! Proxies that end silent connections: recognised by the age at which they die, and lived with.

use crate::support::*;
use wasmqtt::client::{TransportClose, TransportRequest};
use wasmqtt::config::{Config, ReconnectPolicy};
use wasmqtt::time::Millis;

/// Pings after 225 s by itself.
fn lazy(version: wasmqtt::codec::ProtocolVersion) -> Config {
    Config { keep_alive_seconds: 300, ..config(version) }
}

impl Rig {
    /// The connection is closed with this code and reason.
    fn dies(&mut self, code: u16, reason: &str) {
        self.open = false;
        self.client.handle_closed(self.now, TransportClose { code, reason });
        self.drain();
    }

    /// The next connection is accepted.
    fn revives(&mut self) {
        self.requests.retain(|request| *request != TransportRequest::Close);
        self.redial();
        self.says(connack_resumed());
        self.packets.clear();
    }

    /// For each age in seconds a connection that dies after so much silence. What the client concludes.
    fn dies_at(&mut self, ages: &[u64]) -> Vec<String> {
        for age in ages {
            self.advance(age * 1000);
            self.dies(1006, "");
            self.revives();
        }
        self.notices()
    }

    fn notices(&mut self) -> Vec<String> {
        self.told().into_iter().filter(|line| line.starts_with("notice")).collect()
    }

    /// Seconds to the next ping.
    fn pace(&mut self) -> u64 {
        self.client.poll_timeout().expect("pings are on").since(self.now).get() / 1000
    }
}

const GUESS: &str = "notice: IdleTimeout";

#[test]
fn three_deaths_at_one_age_make_pings_early_enough() {
    for version in BOTH {
        let mut rig = Rig::connected(lazy(version));
        assert!(rig.dies_at(&[60, 61]).is_empty(), "too few");
        assert_eq!(rig.pace(), 225);
        assert_eq!(rig.dies_at(&[60]), [GUESS]);
        assert_eq!(rig.pace(), 45, "three quarters of it");
        for _ in 0..20 {
            rig.advance(45_000);
            assert_eq!(rig.sent(), ["PINGREQ"]);
            rig.says(pingresp());
        }
        rig.dies(1006, "");
        rig.revives();
        assert_eq!(rig.pace(), 45, "it holds for the connections that follow");
        assert!(rig.notices().is_empty(), "told once");
    }
}

#[test]
fn the_notice_names_the_limit() {
    let mut rig = Rig::connected(lazy(V5));
    for age in [30_400, 30_000, 30_200] {
        rig.advance(age);
        rig.dies(1001, "");
        rig.revives();
    }
    let limits: Vec<_> = rig.errors_of_notices().map(|error| error.limit).collect();
    assert_eq!(limits, [Some(30_000)], "the shortest of the three");
}

// What counts is silence, not the age of the connection.
#[test]
fn connections_may_live_longer_before_they_fall_silent() {
    let mut rig = Rig::connected(lazy(V5));
    for busy in [0, 7, 3] {
        for _ in 0..busy {
            rig.advance(10_000);
            rig.says(publish(Q0, 0, "a", "x"));
            rig.publish(Q0, "b", "y");
        }
        rig.advance(60_000);
        rig.dies(1006, "");
        rig.revives();
    }
    assert_eq!(rig.notices(), [GUESS]);
}

// Some look at one direction only.
#[test]
fn a_client_that_only_publishes_or_only_listens_is_helped_as_well() {
    for publishes in [true, false] {
        let mut rig = Rig::connected(lazy(V5));
        for length in [60, 61, 60] {
            for _ in 0..length {
                rig.advance(1000);
                if publishes {
                    rig.publish(Q0, "b", "y");
                } else {
                    rig.says(publish(Q0, 0, "a", "x"));
                }
            }
            rig.dies(1006, "");
            rig.revives();
        }
        assert_eq!(rig.notices(), [GUESS], "publishes: {publishes}");
        assert_eq!(rig.pace(), 45);
    }
}

// Pings were turned off on purpose; then it is only told, and once.
#[test]
fn without_pings_there_is_only_the_notice() {
    let mut rig = Rig::connected(Config { keep_alive_seconds: 0, ..config(V5) });
    assert_eq!(rig.dies_at(&[60, 60, 60, 60, 60, 60, 60, 60]), [GUESS]);
    rig.advance(3_600_000);
    assert!(rig.sent().is_empty());
}

#[test]
fn another_network_may_be_less_patient() {
    let mut rig = Rig::connected(lazy(V5));
    assert_eq!(rig.dies_at(&[60, 60, 60]), [GUESS]);
    assert_eq!(rig.dies_at(&[30, 30, 30]), [GUESS]);
    assert_eq!(rig.pace(), 22);
}

#[test]
fn a_bad_link_is_not_one() {
    let mut rig = Rig::connected(lazy(V5));
    let ages = [60, 11, 60, 60, 140, 75, 32, 60, 60, 200, 12, 18, 40, 44, 48, 60, 31, 60];
    assert!(rig.dies_at(&ages).is_empty());
    assert_eq!(rig.pace(), 225);
}

// Attempts fail until the server is back.
#[test]
fn a_restarting_server_is_not_one() {
    let mut rig = Rig::connected(lazy(V5));
    for _ in 0..10 {
        rig.advance(60_000);
        rig.dies(1006, "");
        rig.requests.clear();
        rig.wait_for_attempt();
        rig.cut();
        rig.revives();
    }
    assert!(rig.notices().is_empty());
}

// A token that expires, a gateway that keeps connections for ten minutes: longer silences were outlived before.
#[test]
fn a_limit_on_the_age_of_connections_is_not_one() {
    let mut rig = Rig::connected(Config { keep_alive_seconds: 60, ..config(V5) });
    for _ in 0..10 {
        for _ in 0..13 {
            rig.advance(45_000);
            rig.says(pingresp());
        }
        rig.advance(15_000);
        rig.dies(1006, "");
        rig.revives();
    }
    assert!(rig.notices().is_empty());
}

// 3.1.1 MQTT-3.1.4-2: it comes back at a steady pace, sooner than a connection counts as stable.
#[test]
fn a_second_client_of_the_same_name_is_not_one() {
    let mut rig = Rig::connected(config(V311));
    assert_eq!(rig.dies_at(&[5, 5, 5, 5, 5]), ["notice: SessionTakenOver"]);
}

#[test]
fn who_says_why_is_not_one() {
    for (code, reason) in [(1008, ""), (1011, ""), (1012, ""), (4000, ""), (1000, "kicked")] {
        let mut rig = Rig::connected(lazy(V5));
        for _ in 0..10 {
            rig.advance(60_000);
            rig.dies(code, reason);
            rig.revives();
        }
        assert!(rig.notices().is_empty(), "{code} {reason}");
    }
    let mut rig = Rig::connected(lazy(V5));
    for _ in 0..10 {
        rig.advance(60_000);
        rig.says(disconnect(0x98));
        rig.revives();
    }
    assert!(rig.notices().is_empty());
}

// It waits for an answer, so it is not idle: the server may stumble over the message.
#[test]
fn a_connection_with_something_unanswered_is_not_idle() {
    let mut rig = Rig::connected(lazy(V5));
    rig.publish(Q1, "a", "x");
    assert!(rig.dies_at(&[60, 60, 60, 60]).is_empty());
}

#[test]
fn how_soon_is_too_soon_can_be_set() {
    let policy = ReconnectPolicy { stable_after: Millis::new(1000), ..ReconnectPolicy::default() };
    let mut rig = Rig::connected(Config { reconnect: Some(policy), ..lazy(V5) });
    assert_eq!(rig.dies_at(&[3, 3, 3]), [GUESS]);
    assert_eq!(rig.pace(), 2);
}
