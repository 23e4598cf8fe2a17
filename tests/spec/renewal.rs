//! Planned reconnects, for credentials that are about to expire: orderly, and without loss.

use crate::support::*;
use wasmqtt::client::{ClientState, Presence};
use wasmqtt::config::{Config, FirstSession, ReconnectPolicy, Will};
use wasmqtt::time::Millis;

fn renew(rig: &mut Rig) {
    rig.client.renew(rig.now);
    rig.drain();
}

/// What a client does that leaves now.
fn left(rig: &mut Rig) {
    assert_eq!(rig.sent().last().map(String::as_str), Some("DISCONNECT"));
    assert_eq!(rig.asked(), ["close"]);
    assert_eq!(rig.told().last().map(String::as_str), Some("lost: ; retry in 0"));
}

/// The new connection, up to CONNECT.
fn back(rig: &mut Rig) -> Vec<String> {
    rig.advance(0);
    assert_eq!(rig.asked(), ["open 1"]);
    rig.opened();
    rig.sent()
}

#[test]
fn a_quiet_connection_is_left_in_order_and_made_again_at_once() {
    for version in BOTH {
        let will = Will {
            topic: "gone".into(),
            payload: Vec::new(),
            qos: Q0,
            retain: false,
            properties: wasmqtt::codec::PropertiesBuf::new(),
        };
        let mut rig = Rig::connected(Config { will: Some(will), ..config(version) });
        rig.subscribe(&[("a", Q1)]);
        rig.says(suback(1, &[1]));
        rig.forget();
        renew(&mut rig);
        // Normal disconnection, without properties: no Will (3.14.4-3), and the session stays as long as CONNECT said.
        left(&mut rig);
        assert_eq!(rig.client.state(), ClientState::Reconnecting);
        assert_eq!(back(&mut rig).len(), 1);
        rig.says(connack_resumed());
        assert_eq!(rig.told(), ["connected to its session"]);
        assert!(rig.sent().is_empty(), "nothing is subscribed again");
    }
}

#[test]
fn messages_under_way_end_first_and_new_ones_wait_for_the_new_connection() {
    for version in BOTH {
        let mut rig = Rig::connected(config(version));
        rig.publish(Q1, "a", "under way");
        rig.publish(Q2, "a", "too");
        rig.forget();
        renew(&mut rig);
        rig.publish(Q1, "a", "waits");
        rig.subscribe(&[("b", Q0)]);
        assert!(rig.sent().is_empty() && rig.asked().is_empty());
        rig.publish(Q0, "a", "leaves");
        assert_eq!(rig.sent(), ["PUBLISH q0 a leaves"]);
        rig.says(puback(1));
        rig.says(pubrec(2));
        assert_eq!(rig.sent(), ["PUBREL #2"]);
        rig.says(pubcomp(2));
        left(&mut rig);
        back(&mut rig);
        rig.says(connack_resumed());
        let sent = rig.sent_unnumbered();
        assert_eq!(sent.iter().filter(|line| line.starts_with("PUBLISH")).count(), 1, "{sent:?}");
        assert!(sent.contains(&"PUBLISH q1 a waits".into()));
        assert!(sent.iter().any(|line| line.starts_with("SUBSCRIBE")), "{sent:?}");
    }
}

// 4.4: a server that does not acknowledge keeps nobody from renewing; what it owes is resumed.
#[test]
fn patience_ends_after_five_seconds() {
    for version in BOTH {
        let mut rig = Rig::connected(config(version));
        rig.publish(Q1, "a", "one");
        rig.publish(Q2, "a", "two");
        rig.publish(Q2, "a", "three");
        rig.says(pubrec(3));
        rig.forget();
        renew(&mut rig);
        rig.advance(4_000);
        renew(&mut rig);
        rig.advance(999);
        assert_eq!((rig.sent(), rig.asked()), (vec![], vec![]), "asking again changes nothing");
        rig.advance(1);
        assert_eq!(rig.sent(), ["DISCONNECT"]);
        rig.forget();
        rig.advance(0);
        rig.opened();
        rig.forget();
        rig.says(connack_resumed());
        assert_eq!(rig.sent(), ["PUBREL #3", "PUBLISH q1 #1 a one dup", "PUBLISH q2 #2 a two dup"]);
        for say in [puback(1), pubrec(2), pubcomp(2), pubcomp(3)] {
            rig.says(say);
        }
        let told = rig.told();
        assert_eq!(told.iter().filter(|line| line.starts_with("published")).count(), 3, "{told:?}");
    }
}

// A session that ends with its connection cannot resume, so everything under way is finished before.
#[test]
fn a_session_that_is_not_kept_loses_nothing_of_ours_either() {
    let sessions = [
        Config { first_session: FirstSession::Clean, ..config(V311) },
        Config { session_expiry_seconds: Some(0), ..config(V5) },
    ];
    for config in sessions {
        let mut rig = Rig::connected(config);
        rig.subscribe(&[("b", Q1)]);
        rig.says(suback(1, &[1]));
        rig.publish(Q2, "a", "x");
        let id = rig.last_id();
        rig.says(pubrec(id));
        rig.forget();
        renew(&mut rig);
        assert!(rig.asked().is_empty());
        rig.says(pubcomp(id));
        assert_eq!(rig.told()[0], "published 2");
        rig.forget();
        rig.publish(Q2, "a", "y");
        rig.advance(0);
        rig.opened();
        rig.forget();
        rig.says(connack());
        let sent = rig.sent_unnumbered();
        assert!(sent[0].starts_with("SUBSCRIBE b"), "{sent:?}");
        assert_eq!(sent[1], "PUBLISH q2 a y");
    }
}

#[test]
fn it_is_no_failure_and_proves_the_connection_that_was_left() {
    let policy = ReconnectPolicy { max_attempts: 1, jitter_percent: 0, ..ReconnectPolicy::default() };
    let mut rig = Rig::connected(Config { reconnect: Some(policy), ..config(V5) });
    for _ in 0..3 {
        renew(&mut rig);
        rig.redial();
        rig.says(connack_resumed());
        assert_eq!(rig.client.state(), ClientState::Connected);
    }
    // A second loss in a row would be the end, had the long connection in between not been stable.
    rig.cut();
    rig.redial();
    rig.says(connack_resumed());
    rig.advance(10_000);
    renew(&mut rig);
    rig.redial();
    rig.forget();
    rig.cut();
    assert_eq!(rig.told().len(), 1, "and not closed");
}

#[test]
fn a_connection_that_is_lost_meanwhile_is_made_again_as_usual() {
    let mut rig = Rig::v5();
    rig.publish(Q1, "a", "x");
    renew(&mut rig);
    rig.forget();
    rig.cut();
    assert_eq!(rig.told(), ["lost: ConnectionClosed; retry in 1000"]);
    rig.redial();
    rig.forget();
    rig.says(connack_resumed());
    assert_eq!(rig.sent_unnumbered(), ["PUBLISH q1 a x dup"]);
    rig.says(puback(1));
    rig.advance(10_000);
    assert_eq!(rig.client.state(), ClientState::Connected, "the renewal is done with");
}

#[test]
fn a_client_that_is_closing_goes_on_with_that() {
    for renew_first in [true, false] {
        let mut rig = Rig::v5();
        rig.publish(Q1, "a", "x");
        if renew_first {
            renew(&mut rig);
            rig.publish(Q1, "a", "y");
        }
        rig.disconnect(60_000);
        renew(&mut rig);
        rig.advance(6_000);
        assert_eq!(rig.client.state(), ClientState::Closing);
        rig.says(puback(1));
        if renew_first {
            rig.says(puback(rig.last_id()));
        }
        assert_eq!(rig.told().last().map(String::as_str), Some("closed"));
    }
}

#[test]
fn nothing_is_renewed_where_no_connection_could_be_made() {
    let mut never = Rig::connected(Config { reconnect: None, ..config(V5) });
    let mut offline = Rig::v5();
    offline.client.handle_surroundings(offline.now, Presence::Visible, true);
    offline.says(pingresp());
    for rig in [&mut never, &mut offline] {
        rig.forget();
        renew(rig);
        rig.now = rig.now + Millis::new(6000);
        rig.drain();
        assert_eq!((rig.sent(), rig.asked(), rig.client.state()), (vec![], vec![], ClientState::Connected));
    }
    let mut idle = Rig::new(config(V5));
    renew(&mut idle);
    idle.start();
    renew(&mut idle);
    assert_eq!(idle.asked(), ["open 1"]);
    idle.opened();
    renew(&mut idle);
    idle.says(connack());
    assert_eq!(idle.client.state(), ClientState::Connected);
}

#[test]
fn a_page_that_loses_its_network_while_it_waits_comes_back_with_it() {
    let mut rig = Rig::v5();
    rig.publish(Q1, "a", "x");
    renew(&mut rig);
    rig.client.handle_surroundings(rig.now, Presence::Visible, true);
    rig.drain();
    rig.says(pingresp());
    rig.forget();
    rig.says(puback(1));
    assert_eq!(rig.sent(), ["DISCONNECT"]);
    assert_eq!(rig.client.state(), ClientState::Suspended);
    rig.forget();
    rig.client.handle_surroundings(rig.now, Presence::Visible, false);
    rig.drain();
    assert_eq!(rig.asked(), ["open 1"]);
}
