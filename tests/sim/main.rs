//! Random schedules on a virtual clock: a client and a small model of a server, with a link between them that breaks
//! anywhere. A model of what was asked checks what came of it.
//!
//! `SIM_SCHEDULES=100000` runs more of them; `SIM_SEED=…` replays one and prints its steps.

#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::wildcard_enum_match_arm)]

mod broker;
mod cuts;
mod model;
mod random;
mod schedule;
mod world;

use std::panic::{AssertUnwindSafe, catch_unwind};

const SCHEDULES: u64 = 10_000;

#[test]
fn the_packet_tap_changes_nothing() {
    for seed in 0..200 {
        assert_eq!(schedule::journal(seed, true), schedule::journal(seed, false), "schedule {seed}");
    }
}

#[test]
fn random_schedules_keep_every_promise() {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse().expect("a number"));
    if let Some(seed) = number("SIM_SEED") {
        schedule::run(seed, true);
        return;
    }
    let mut messages = 0;
    for seed in 0..number("SIM_SCHEDULES").unwrap_or(SCHEDULES) {
        match catch_unwind(AssertUnwindSafe(|| schedule::run(seed, false))) {
            Ok(delivered) => messages += delivered,
            Err(_) => panic!("replay with: SIM_SEED={seed} cargo test --test sim -- --nocapture"),
        }
    }
    assert!(messages > 0, "schedules that deliver nothing prove nothing");
}
