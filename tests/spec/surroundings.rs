//! Pages that are hidden, frozen, left or without a network.

use crate::support::*;
use wasmqtt::client::{ClientState, Presence};
use wasmqtt::config::{Config, ReconnectPolicy, VersionPolicy};
use wasmqtt::time::Millis;

use Presence::{Frozen, Hidden, Left, Visible};

fn told(rig: &mut Rig, presence: Presence, offline: bool) {
    rig.client.handle_surroundings(rig.now, presence, offline);
    rig.drain();
}

fn restful(version: wasmqtt::codec::ProtocolVersion) -> Config {
    Config { hidden_grace: Some(Millis::new(30_000)), ..config(version) }
}

#[test]
fn telling_the_same_again_does_nothing_but_what_is_due() {
    let mut rig = Rig::v5();
    for presence in [Visible, Hidden, Visible, Hidden, Visible] {
        told(&mut rig, presence, false);
    }
    assert!(rig.sent().is_empty() && rig.told().is_empty());
    rig.now = rig.now + Millis::new(33_750);
    told(&mut rig, Visible, false);
    assert_eq!(rig.sent(), ["PINGREQ"], "the overdue ping goes out at once");
}

#[test]
fn a_change_of_the_network_makes_the_connection_suspect() {
    for offline in [true, false] {
        let mut rig = Rig::v5();
        if !offline {
            told(&mut rig, Visible, true);
            rig.says(pingresp());
            rig.forget();
        }
        told(&mut rig, Visible, offline);
        assert_eq!(rig.sent(), ["PINGREQ"]);
        rig.advance(749);
        assert!(rig.told().is_empty());
        rig.advance(1);
        assert_eq!(rig.asked().first().map(String::as_str), Some("close"));
        assert_eq!(rig.told(), ["lost: KeepAliveTimeout; retry in 0"]);
    }
}

// A page on a quick link is to be back at once, and one on a slow link not to lose a connection that lives.
#[test]
fn a_probe_lasts_as_long_as_the_connection_is_slow() {
    for (round_trip, patience) in [(1, 750), (94, 752), (200, 1_600), (625, 5_000), (10_000, 5_000)] {
        let mut rig = Rig::new(config(V5));
        rig.start();
        rig.opened();
        rig.advance(round_trip);
        rig.says(connack());
        rig.forget();
        told(&mut rig, Visible, true);
        rig.advance(patience - 1);
        assert!(rig.told().is_empty(), "{round_trip}");
        rig.advance(1);
        assert_eq!(rig.told(), ["lost: KeepAliveTimeout; retry in 0"], "{round_trip}");
    }
}

#[test]
fn the_last_answer_to_a_ping_says_how_slow_a_connection_is() {
    let mut rig = Rig::v5();
    for (until_ping, round_trip) in [(33_750, 300), (33_450, 100)] {
        rig.advance(until_ping);
        rig.advance(round_trip);
        rig.says(pingresp());
    }
    rig.forget();
    told(&mut rig, Visible, true);
    rig.advance(799);
    assert!(rig.told().is_empty());
    rig.advance(1);
    assert_eq!(rig.told(), ["lost: KeepAliveTimeout; retry in 0"]);
}

#[test]
fn a_connection_that_ends_while_it_is_probed_is_replaced_at_once() {
    let mut rig = Rig::v5();
    told(&mut rig, Frozen, false);
    told(&mut rig, Visible, false);
    rig.forget();
    rig.cut();
    assert_eq!(rig.told(), ["lost: ConnectionClosed; retry in 0"]);
    rig.advance(0);
    rig.cut();
    assert_eq!(rig.told(), ["lost: ConnectFailed; retry in 2000"], "what comes then takes its time");
}

#[test]
fn a_server_that_is_busy_is_left_alone_by_pages_that_wake_up_too() {
    let mut rig = Rig::v5();
    told(&mut rig, Frozen, false);
    told(&mut rig, Visible, false);
    rig.says(disconnect(0x89)); // server busy
    assert!(rig.told()[0].ends_with("retry in 5000"));
}

// Where a page is suspended without a word, and its timers with it.
#[test]
fn a_page_that_is_seen_again_probes_a_connection_that_was_quiet() {
    for (hidden_for, probes) in [(4_999, 0), (5_000, 1)] {
        let mut rig = Rig::v5();
        told(&mut rig, Hidden, false);
        rig.now = rig.now + Millis::new(hidden_for);
        told(&mut rig, Visible, false);
        assert_eq!(rig.sent().len(), probes, "hidden for {hidden_for} ms");
        told(&mut rig, Visible, false);
        assert_eq!(rig.sent().len(), 0, "nothing has changed");
    }
}

// A timer that is so late may have been late for all: the answer may wait in the socket.
#[test]
fn a_probe_that_a_busy_page_slept_over_is_repeated_once() {
    let mut rig = Rig::v5();
    told(&mut rig, Visible, true);
    rig.forget();
    rig.leap(1_500);
    assert_eq!((rig.sent(), rig.told()), (vec!["PINGREQ".into()], vec![]));
    rig.leap(1_500);
    assert_eq!(rig.told(), ["lost: KeepAliveTimeout; retry in 0"]);
}

#[test]
fn a_connection_that_answers_the_probe_stays_although_the_browser_is_offline() {
    let mut rig = Rig::v5();
    told(&mut rig, Visible, true);
    rig.says(pingresp());
    rig.advance(20_000);
    assert_eq!(rig.client.state(), ClientState::Connected);
    assert_eq!((rig.told(), rig.asked()), (vec![], vec![]));
}

#[test]
fn a_shorter_ping_timeout_holds_for_probes_too() {
    let mut rig = Rig::connected(Config { ping_timeout: Millis::new(300), ..config(V5) });
    told(&mut rig, Visible, true);
    rig.advance(300);
    assert_eq!(rig.told(), ["lost: KeepAliveTimeout; retry in 0"]);
}

#[test]
fn without_keep_alive_there_are_no_probes() {
    let mut rig = Rig::connected(Config { keep_alive_seconds: 0, ..config(V5) });
    told(&mut rig, Visible, true);
    assert!(rig.sent().is_empty());
    rig.advance(60_000);
    assert_eq!(rig.client.state(), ClientState::Connected);
}

#[test]
fn nothing_is_dialled_offline_and_at_once_when_the_network_is_back() {
    let mut rig = Rig::v5();
    told(&mut rig, Visible, true);
    rig.forget();
    rig.cut();
    assert_eq!(rig.states(), [ClientState::Suspended]);
    assert_eq!(rig.told(), ["lost: ConnectionClosed; retry in 0"]);
    rig.advance(3_600_000);
    assert_eq!((rig.asked(), rig.client.poll_timeout()), (vec!["close".into()], None));
    told(&mut rig, Visible, false);
    assert_eq!((rig.asked(), rig.states()), (vec!["open 2".into()], vec![ClientState::Reconnecting]));
}

#[test]
fn a_wait_for_the_next_attempt_is_suspended_offline() {
    let mut rig = Rig::v5();
    rig.cut();
    rig.forget();
    told(&mut rig, Visible, true);
    assert_eq!(rig.states(), [ClientState::Suspended]);
    rig.advance(60_000);
    assert_eq!(rig.asked(), Vec::<String>::new());
}

// The browser's word is a hint: a server on the same machine, or a wrong hint, is worth one attempt.
#[test]
fn start_dials_offline_and_says_so_when_that_fails() {
    let mut rig = Rig::new(config(V5));
    told(&mut rig, Visible, true);
    assert_eq!(rig.client.poll_timeout(), None);
    rig.start();
    assert_eq!(rig.asked(), ["open 1"]);
    rig.cut();
    assert_eq!(rig.told(), ["lost: Offline; retry in 1000"]);
    assert_eq!(rig.client.state(), ClientState::Suspended);
    told(&mut rig, Visible, false);
    assert_eq!(rig.asked(), ["close", "open 2"]);
}

#[test]
fn a_frozen_page_keeps_its_connection_and_probes_it_afterwards() {
    let mut rig = Rig::v5();
    told(&mut rig, Hidden, false);
    told(&mut rig, Frozen, false);
    assert!(rig.sent().is_empty() && rig.told().is_empty());
    rig.now = rig.now + Millis::new(10_000);
    told(&mut rig, Hidden, false);
    assert_eq!(rig.sent(), ["PINGREQ"]);
    rig.says(pingresp());
    rig.advance(20_000);
    assert_eq!(rig.client.state(), ClientState::Connected);
}

// The ping's time ran out during the sleep, and its answer may still wait in the socket.
#[test]
fn a_ping_that_was_slept_over_gets_another_chance() {
    let mut rig = Rig::v5();
    rig.advance(33_750);
    told(&mut rig, Frozen, false);
    rig.forget();
    rig.now = rig.now + Millis::new(11_000);
    told(&mut rig, Visible, false);
    assert_eq!((rig.sent(), rig.told()), (vec!["PINGREQ".into()], vec![]));
    rig.advance(750);
    assert_eq!(rig.told(), ["lost: KeepAliveTimeout; retry in 0"]);
}

// Timers of a hidden page may fire once a minute: a dead connection must be found out all the same.
#[test]
fn late_timers_do_not_keep_a_dead_connection_for_ever() {
    let mut rig = Rig::v5();
    for _ in 0..3 {
        rig.leap(60_000);
    }
    assert_eq!(rig.sent(), ["PINGREQ", "PINGREQ"]);
    assert_eq!(rig.told(), ["lost: KeepAliveTimeout; retry in 1000"]);
}

#[test]
fn a_frozen_page_waits_with_its_next_attempt() {
    let mut rig = Rig::v5();
    rig.cut();
    rig.forget();
    told(&mut rig, Frozen, false);
    assert_eq!((rig.states(), rig.client.poll_timeout()), (vec![ClientState::Suspended], None));
    told(&mut rig, Hidden, false);
    assert_eq!(rig.asked(), ["open 2"]);
}

// §3.1.2.5: no DISCONNECT, so that the Will tells that nobody is there any more.
#[test]
fn a_page_that_is_left_hangs_up_and_comes_back_at_once() {
    for version in BOTH {
        let mut rig = Rig::connected(config(version));
        told(&mut rig, Left, false);
        assert_eq!((rig.sent(), rig.asked()), (vec![], vec!["close".into()]));
        assert_eq!(rig.states(), [ClientState::Suspended]);
        told(&mut rig, Left, false);
        rig.advance(3_600_000);
        assert_eq!(rig.asked(), Vec::<String>::new());
        told(&mut rig, Visible, false);
        assert_eq!(rig.asked(), ["open 2"]);
    }
}

#[test]
fn a_page_that_is_left_before_its_first_connection_comes_back() {
    let mut rig = Rig::new(config(V5));
    rig.start();
    told(&mut rig, Left, false);
    assert_eq!(rig.asked(), ["open 1", "close"]);
    told(&mut rig, Visible, false);
    assert_eq!(rig.asked(), ["open 2"]);
}

// §3.14.4: with DISCONNECT, so that the Will is not published; without an expiry, so that the session stays.
#[test]
fn a_hidden_page_may_close_its_connection_in_order() {
    for version in BOTH {
        let mut rig = Rig::connected(restful(version));
        told(&mut rig, Hidden, false);
        rig.advance(29_999);
        assert!(rig.sent().is_empty());
        rig.advance(1);
        assert_eq!((rig.sent(), rig.asked()), (vec!["DISCONNECT".into()], vec!["close".into()]));
        assert_eq!(rig.states(), [ClientState::Suspended]);
        assert_eq!(rig.told(), ["lost: ; retry in 0"]);

        rig.publish(Q1, "a", "meanwhile");
        rig.advance(3_600_000);
        assert_eq!(rig.asked(), Vec::<String>::new());
        told(&mut rig, Hidden, false);
        assert_eq!(rig.asked(), Vec::<String>::new());
        told(&mut rig, Visible, false);
        assert_eq!(rig.asked(), ["open 1"]);
        rig.opened();
        rig.says(connack_resumed());
        assert_eq!(rig.told(), ["connected to its session"]);
        assert_eq!(rig.sent_unnumbered().last().unwrap(), "PUBLISH q1 a meanwhile");
    }
}

#[test]
fn a_message_in_flight_is_repeated_after_the_rest() {
    let mut rig = Rig::connected(restful(V5));
    rig.publish(Q1, "a", "x");
    told(&mut rig, Hidden, false);
    rig.advance(30_000);
    told(&mut rig, Visible, false);
    rig.opened();
    rig.forget();
    rig.says(connack_resumed());
    assert_eq!(rig.sent_unnumbered(), ["PUBLISH q1 a x dup"]);
}

#[test]
fn a_look_at_the_page_ends_its_grace() {
    let mut rig = Rig::connected(restful(V5));
    for _ in 0..3 {
        told(&mut rig, Hidden, false);
        rig.advance(20_000);
        told(&mut rig, Visible, false);
    }
    assert!(!rig.sent().contains(&"DISCONNECT".into()));
}

#[test]
fn a_hidden_page_that_is_frozen_closes_at_once() {
    let mut rig = Rig::connected(restful(V5));
    told(&mut rig, Hidden, false);
    told(&mut rig, Frozen, false);
    assert_eq!((rig.sent(), rig.asked()), (vec!["DISCONNECT".into()], vec!["close".into()]));
    told(&mut rig, Hidden, false);
    assert_eq!(rig.asked(), Vec::<String>::new(), "still hidden");
    told(&mut rig, Visible, false);
    assert_eq!(rig.asked(), ["open 1"]);
}

#[test]
fn a_rest_uses_up_no_attempt() {
    let policy = ReconnectPolicy { max_attempts: 1, jitter_percent: 0, ..ReconnectPolicy::default() };
    let mut rig = Rig::connected(Config { reconnect: Some(policy), ..restful(V5) });
    for _ in 0..3 {
        told(&mut rig, Hidden, false);
        rig.advance(30_000);
        told(&mut rig, Visible, false);
        rig.opened();
        rig.says(connack_resumed());
        assert_eq!(rig.client.state(), ClientState::Connected);
    }
}

#[test]
fn an_attempt_of_a_hidden_page_ends_with_its_grace() {
    let config = Config { connect_timeout: Millis::new(60_000), ..restful(V5) };
    for opened in [false, true] {
        let mut rig = Rig::new(config.clone());
        rig.start();
        if opened {
            rig.opened();
        }
        rig.forget();
        told(&mut rig, Hidden, false);
        rig.advance(30_000);
        assert_eq!((rig.sent(), rig.asked()), (vec![], vec!["close".into()]));
        assert_eq!(rig.client.state(), ClientState::Suspended);
    }
}

#[test]
fn a_client_that_is_closing_goes_on_with_that() {
    let mut rig = Rig::connected(restful(V5));
    rig.publish(Q1, "a", "x");
    rig.disconnect(60_000);
    told(&mut rig, Hidden, false);
    rig.advance(30_000);
    assert_eq!(rig.client.state(), ClientState::Closing);
    rig.says(puback(1));
    assert_eq!(rig.told(), ["published 1", "closed"]);
}

#[test]
fn a_suspended_client_can_be_closed() {
    let mut rig = Rig::v5();
    told(&mut rig, Left, false);
    rig.forget();
    rig.disconnect(1000);
    assert_eq!(rig.told(), ["closed"]);
    told(&mut rig, Visible, false);
    assert_eq!(rig.asked(), Vec::<String>::new());
}

// The server's word against 5.0 still leads to 3.1.1, at the first attempt that may be made.
#[test]
fn surroundings_do_not_hide_what_the_server_speaks() {
    let mut rig = Rig::new(Config { version: VersionPolicy::Auto, ..config(V5) });
    told(&mut rig, Visible, true);
    rig.start();
    rig.opened();
    rig.cut();
    assert_eq!(rig.asked(), ["open 1", "close", "open 1"]);
    rig.opened();
    rig.says(connack());
    assert_eq!(rig.client.state(), ClientState::Connected);
}

// A page may be hidden for long before its client is started.
#[test]
fn a_client_that_is_started_in_a_hidden_page_rests_after_its_grace() {
    for hidden_for in [0, 20_000, 40_000] {
        let mut rig = Rig::new(restful(V5));
        told(&mut rig, Hidden, false);
        rig.advance(hidden_for);
        rig.start();
        rig.opened();
        rig.says(connack());
        rig.forget();
        rig.advance(29_999);
        assert_eq!(rig.client.state(), ClientState::Connected, "hidden for {hidden_for} ms");
        rig.advance(1);
        assert_eq!((rig.sent(), rig.asked()), (vec!["DISCONNECT".into()], vec!["close".into()]));
    }
}

fn clock(rig: &mut Rig, unix_millis: u64) {
    rig.client.handle_wall_clock(rig.now, unix_millis);
    rig.drain();
}

const NOON: u64 = 1_700_000_000_000;

// Where the driver's clock stands still while the machine sleeps, only the wall clock tells of it.
#[test]
fn a_sleep_that_only_the_wall_clock_shows_makes_the_connection_suspect() {
    let mut rig = Rig::v5();
    clock(&mut rig, NOON);
    rig.now = rig.now + Millis::new(1000);
    clock(&mut rig, NOON + 1000);
    assert!(rig.sent().is_empty());
    clock(&mut rig, NOON + 3_600_000);
    assert_eq!(rig.sent(), ["PINGREQ"]);
    rig.advance(750);
    assert_eq!(rig.told(), ["lost: KeepAliveTimeout; retry in 0"]);
}

#[test]
fn a_wall_clock_that_is_set_does_no_harm() {
    let mut rig = Rig::v5();
    clock(&mut rig, NOON);
    // Back by a day, by an hour to before 1970, slowly forth and back as clocks are corrected.
    for at in [NOON - 86_400_000, 0, 0, 2_500, 5_000, 4_000, 6_500] {
        clock(&mut rig, at);
    }
    assert!(rig.sent().is_empty());
    clock(&mut rig, NOON);
    assert_eq!(rig.sent(), ["PINGREQ"], "forth by years: one ping too many");
    rig.says(pingresp());
    clock(&mut rig, u64::MAX);
    rig.says(pingresp());
    clock(&mut rig, 0);
    rig.advance(20_000);
    assert_eq!((rig.client.state(), rig.told()), (ClientState::Connected, vec![]));
}

#[test]
fn a_sleep_without_a_connection_or_keep_alive_changes_nothing() {
    let mut rig = Rig::v5();
    clock(&mut rig, NOON);
    rig.cut();
    rig.forget();
    clock(&mut rig, NOON + 60_000);
    assert_eq!((rig.sent(), rig.asked()), (vec![], vec![]));

    let mut rig = Rig::connected(Config { keep_alive_seconds: 0, ..config(V5) });
    clock(&mut rig, NOON);
    clock(&mut rig, NOON + 60_000);
    assert!(rig.sent().is_empty());
}
