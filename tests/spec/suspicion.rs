//! What connections that end soon after CONNACK hint at: a message that the server never takes, or a second client with
//! our Client Identifier.

use crate::support::*;
use wasmqtt::ErrorCode;
use wasmqtt::client::{TransportClose, TransportRequest};
use wasmqtt::config::{Config, FirstSession, ReconnectPolicy};
use wasmqtt::time::Millis;

impl Rig {
    /// The server closes the WebSocket.
    fn hangs_up(&mut self, code: u16) {
        self.open = false;
        self.client.handle_closed(self.now, TransportClose { code, reason: "" });
        self.drain();
    }

    /// The next connection, which the server accepts.
    fn comes_back(&mut self) {
        self.requests.retain(|request| *request != TransportRequest::Close);
        self.redial();
        self.says(connack_resumed());
    }

    /// Notices and the ends of operations and of the client since this was last asked.
    fn outcomes(&mut self) -> Vec<String> {
        let others = ["lost", "connected", "notice: IdleTimeout"];
        let mut told = self.told();
        told.retain(|line| !others.iter().any(|other| line.starts_with(other)));
        told
    }
}

const POISONED: &str = "notice: PoisonMessage";
const TAKEN_OVER: &str = "notice: SessionTakenOver";

/// `losses` connections that end half a second after CONNACK, each with the first message repeated on it.
fn poisoned(config: Config, losses: usize) -> Rig {
    let mut rig = Rig::connected(config);
    rig.publish(Q1, "poison", "x");
    rig.publish(Q1, "good", "y");
    for _ in 0..losses {
        rig.advance(500);
        rig.hangs_up(1006);
        rig.comes_back();
    }
    rig
}

// MQTT-4.4.0-1 wants it sent again, so by itself the client only says what it sees.
#[test]
fn a_message_that_ends_every_connection_is_told_once_and_kept() {
    for version in BOTH {
        let mut rig = poisoned(config(version), 4);
        assert!(rig.outcomes().is_empty(), "too few");
        rig.hangs_up(1006);
        assert_eq!(rig.outcomes(), [POISONED]);
        for _ in 0..20 {
            rig.comes_back();
            rig.forget();
            rig.hangs_up(1006);
        }
        assert!(rig.outcomes().is_empty(), "once");
        rig.comes_back();
        let repeated: Vec<_> = rig.sent().into_iter().filter(|line| line.starts_with("PUBLISH")).collect();
        assert_eq!(repeated, ["PUBLISH q1 #1 poison x dup", "PUBLISH q1 #2 good y dup"]);
        rig.says(puback(1));
        rig.says(puback(2));
        assert_eq!(rig.outcomes(), ["published 1", "published 2"]);
    }
}

#[test]
fn a_message_is_given_up_where_asked_and_the_rest_goes_on() {
    for version in BOTH {
        let mut rig = poisoned(Config { poison_limit: 3, ..config(version) }, 3);
        assert_eq!(rig.outcomes(), ["publish 1 failed: PoisonMessage"]);
        assert_eq!(rig.sent().last().map(String::as_str), Some("PUBLISH q1 #2 good y dup"));
        rig.says(puback(2));
        assert_eq!(rig.outcomes(), ["published 2"]);
        rig.hangs_up(1006);
        rig.comes_back();
        assert!(rig.sent().iter().all(|line| !line.starts_with("PUBLISH")));
    }
}

// 4.3.3: the server may hold the identifier of a QoS 2 message, and would take the next one under it for a repetition.
#[test]
fn the_identifier_of_a_given_up_qos_2_message_is_released_first() {
    for version in BOTH {
        let mut rig = Rig::connected(Config { poison_limit: 2, ..config(version) });
        rig.publish(Q2, "poison", "x");
        rig.hangs_up(1006);
        rig.comes_back();
        rig.hangs_up(1006);
        assert_eq!(rig.outcomes(), ["publish 1 failed: PoisonMessage"]);
        rig.forget();
        rig.comes_back();
        assert!(rig.sent().contains(&"PUBREL #1".into()));
        assert_eq!(rig.client.stats().in_flight, 1, "the identifier is not free yet");
        rig.says(pubcomp(1));
        assert_eq!(rig.client.stats().in_flight, 0);
        assert!(rig.outcomes().is_empty(), "its publish was settled before");
    }
}

// A server without sessions gets it as a new message each time, which is the same message all the same.
#[test]
fn a_message_is_recognised_when_the_session_is_lost_with_each_connection() {
    let clean = Config { first_session: FirstSession::Clean, poison_limit: 3, ..config(V311) };
    let mut rig = Rig::connected(clean);
    rig.publish(Q1, "poison", "x");
    for _ in 0..3 {
        assert!(rig.outcomes().is_empty());
        rig.hangs_up(1006);
        rig.redial();
        rig.says(connack());
    }
    assert_eq!(rig.outcomes(), ["publish 1 failed: PoisonMessage"]);
}

// A link that only breaks gets acknowledgements through now and then.
#[test]
fn any_acknowledgement_starts_the_count_over() {
    let mut rig = Rig::connected(Config { poison_limit: 3, ..config(V5) });
    for round in 0..20 {
        rig.publish(Q1, "a", "x");
        let id = rig.last_id();
        for _ in 0..2 {
            rig.hangs_up(1006);
            rig.comes_back();
        }
        rig.publish(Q2, "b", "y");
        let second = rig.last_id();
        if round % 2 == 0 {
            rig.says(pubrec(second));
        } else {
            rig.says(puback(id));
        }
        rig.hangs_up(1006);
        rig.comes_back();
        rig.says(puback(id));
        rig.says(pubrec(second));
        rig.says(pubcomp(second));
        rig.packets.clear();
    }
    assert!(rig.outcomes().iter().all(|line| line.starts_with("published")));
}

type End = fn(&mut Rig);

/// Ends of a connection after which nothing is known about a message.
fn innocent_ends() -> Vec<(&'static str, End)> {
    vec![
        ("held for ten seconds", |rig| {
            rig.advance(10_000);
            rig.hangs_up(1006);
        }),
        ("the server restarts", |rig| rig.hangs_up(1012)),
        ("the server goes away", |rig| rig.hangs_up(1001)),
        ("the server is busy", |rig| rig.hangs_up(1013)),
        ("the page was left", |rig| {
            rig.open = false;
            rig.client.handle_failed(rig.now, wasmqtt::Error::new(ErrorCode::ConnectionClosed));
            rig.drain();
        }),
        ("and the next attempt fails", |rig| {
            rig.hangs_up(1006);
            rig.requests.clear();
            rig.wait_for_attempt();
            rig.cut();
        }),
        ("the server breaks a rule", |rig| rig.feed(&[0x30, 1, 0])),
    ]
}

#[test]
fn a_flaky_link_and_a_restarting_server_cost_no_message() {
    for version in BOTH {
        for (name, end) in innocent_ends() {
            let mut rig = Rig::connected(Config { poison_limit: 2, ..config(version) });
            rig.publish(Q1, "a", "x");
            for _ in 0..20 {
                end(&mut rig);
                rig.comes_back();
            }
            assert!(rig.outcomes().is_empty(), "{name}");
        }
    }
}

#[test]
fn a_server_that_says_it_is_about_itself_costs_no_message() {
    for reason in [0x8b, 0x8d, 0x89, 0x97, 0x98, 0x9c, 0x9f, 0xa0] {
        let mut rig = Rig::connected(Config { poison_limit: 2, ..config(V5) });
        rig.publish(Q1, "a", "x");
        for _ in 0..10 {
            rig.says(disconnect(reason));
            rig.comes_back();
        }
        assert!(rig.outcomes().is_empty(), "{reason:#x}");
    }
    let mut rig = Rig::connected(Config { poison_limit: 2, ..config(V5) });
    rig.publish(Q1, "a", "x");
    for _ in 0..2 {
        rig.says(disconnect(0x99));
        rig.comes_back();
    }
    assert_eq!(rig.outcomes(), ["publish 1 failed: PoisonMessage"]);
}

// 3.1.1 MQTT-3.1.4-2: its servers throw the older client out without a word, and some of 5.0 do as well, such as
// Mosquitto 2.0.11.
#[test]
fn connections_that_end_without_a_reason_are_those_of_two_clients_with_one_name() {
    for version in BOTH {
        let mut rig = Rig::connected(config(version));
        for _ in 0..4 {
            rig.advance(1_000);
            rig.hangs_up(1006);
            rig.comes_back();
        }
        assert!(rig.outcomes().is_empty(), "too few");
        rig.forget();
        rig.hangs_up(1000);
        assert_eq!(rig.outcomes(), [TAKEN_OVER]);
        for _ in 0..20 {
            rig.comes_back();
            rig.hangs_up(1006);
        }
        assert!(rig.outcomes().is_empty(), "told once, and the client goes on: a link may be as bad as that");
        rig.comes_back();
        rig.advance(10_000);
        for _ in 0..5 {
            rig.hangs_up(1006);
            rig.comes_back();
        }
        assert!(rig.outcomes().is_empty(), "a connection that lasts begins a new row");
        rig.hangs_up(1006);
        assert_eq!(rig.outcomes(), [TAKEN_OVER]);
    }
}

// Such as 1002 of a gateway that does not like the SUBSCRIBE of each connection.
#[test]
fn a_close_code_that_says_why_is_no_sign_of_a_second_client() {
    let mut rig = Rig::connected(config(V311));
    for code in [1002, 1003, 1007, 1008, 1009, 1011, 4000].repeat(3) {
        rig.hangs_up(code);
        rig.comes_back();
    }
    assert!(rig.outcomes().is_empty());
    for _ in 0..4 {
        rig.hangs_up(1006);
        rig.comes_back();
    }
    assert!(rig.outcomes().is_empty(), "a row of its own");
    rig.hangs_up(1006);
    assert_eq!(rig.outcomes(), [TAKEN_OVER]);
}

#[test]
fn a_publisher_is_recognised_as_taken_over_as_well() {
    let mut rig = Rig::connected(config(V311));
    for _ in 0..5 {
        rig.publish(Q1, "a", "answered");
        let answered = rig.last_id();
        rig.says(puback(answered));
        rig.publish(Q1, "a", "under way");
        let id = rig.last_id();
        rig.hangs_up(1006);
        rig.comes_back();
        rig.says(puback(id));
    }
    assert!(rig.outcomes().contains(&TAKEN_OVER.into()));
}

#[test]
fn a_flaky_link_and_a_restarting_server_are_no_second_client() {
    for (name, end) in innocent_ends() {
        let mut rig = Rig::connected(config(V311));
        for _ in 0..20 {
            end(&mut rig);
            rig.comes_back();
        }
        assert!(rig.outcomes().is_empty(), "{name}");
    }
}

// MQTT-3.1.4-3: where the server says it, nothing is guessed, and nobody comes back to fight.
#[test]
fn the_word_of_the_server_ends_the_client() {
    let mut rig = Rig::v5();
    rig.says(disconnect(0x8e));
    assert_eq!(rig.outcomes(), ["closed: SessionTakenOver 0x8e"]);
    rig.forget();
    rig.advance(3_600_000);
    assert_eq!(rig.asked(), Vec::<String>::new());
}

// `stable_after` is what "soon" means.
#[test]
fn without_a_measure_of_stability_nothing_is_guessed() {
    let policy = ReconnectPolicy { stable_after: Millis::ZERO, ..ReconnectPolicy::default() };
    let mut rig = Rig::connected(Config { reconnect: Some(policy), ..config(V311) });
    for _ in 0..20 {
        rig.hangs_up(1006);
        rig.comes_back();
    }
    assert!(rig.outcomes().is_empty());
}

// It has to be the same message each time.
#[test]
fn another_message_each_time_is_no_hint() {
    let mut rig = Rig::connected(Config { poison_limit: 3, ..config(V5) });
    for op in 1..=10 {
        rig.publish(Q2, "a", "x");
        rig.hangs_up(1006);
        rig.redial();
        rig.says(connack());
        assert_eq!(rig.outcomes(), [format!("publish {op} failed: SessionLost")]);
    }
}

// What was taken is not what the server stumbles over, and a subscription is not a message.
#[test]
fn only_a_publish_without_an_answer_is_suspected() {
    let mut rig = Rig::v5();
    rig.publish(Q2, "a", "x");
    rig.says(pubrec(1));
    rig.subscribe(&[("f", Q0)]);
    for _ in 0..10 {
        rig.hangs_up(1006);
        rig.comes_back();
    }
    assert_eq!(rig.outcomes(), [TAKEN_OVER], "whatever it is, it is no message");
}
