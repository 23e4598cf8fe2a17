//! Random schedules on a virtual clock: a client and a small model of a server, with a link between them that breaks
//! anywhere. A model of what was asked checks what came of it. Durable clients die anywhere as well, and others go on with
//! what their store has.
//!
//! `SIM_SCHEDULES=100000` runs more of them; `SIM_SEED=…` replays one and prints its steps.

#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::wildcard_enum_match_arm)]

mod broker;
mod cuts;
#[path = "../support/disk.rs"]
mod disk;
mod model;
mod random;
mod schedule;
mod world;

use std::panic::{AssertUnwindSafe, catch_unwind};

const SCHEDULES: u64 = 10_000;
/// Of durable clients.
const CRASHING: u64 = 2_000;

#[test]
fn the_packet_tap_changes_nothing() {
    for seed in 0..200 {
        assert_eq!(schedule::journal(seed, true), schedule::journal(seed, false), "schedule {seed}");
    }
}

#[test]
fn random_schedules_keep_every_promise() {
    random_schedules("random_schedules", SCHEDULES, false);
}

#[test]
fn crashing_clients_keep_every_promise_of_their_store() {
    random_schedules("crashing_clients", CRASHING, true);
}

fn random_schedules(name: &str, usual: u64, durable: bool) {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse().expect("a number"));
    if let Some(seed) = number("SIM_SEED") {
        schedule::run(seed, durable, true);
        return;
    }
    let [mut messages, mut joined, mut crashes] = [0; 3];
    for seed in 0..number("SIM_SCHEDULES").unwrap_or(usual) {
        match catch_unwind(AssertUnwindSafe(|| schedule::run(seed, durable, false))) {
            Ok(seen) => {
                [messages, joined, crashes] = [messages + seen[0], joined + seen[1], crashes + seen[2]];
            }
            Err(_) => panic!("replay with: SIM_SEED={seed} cargo test --test sim {name} -- --nocapture"),
        }
    }
    println!("{messages} messages, {joined} joined others, {crashes} crashes");
    assert!(messages > 0 && joined > 0, "schedules that deliver nothing prove nothing");
    assert_eq!(crashes > 0, durable);
}
