//! Every cut of every scenario: behind each byte that either side sends, and between any two things that happen. Then the
//! client comes back to a server that has kept its session or lost it, and that may have other limits. The model judges.
//!
//! A durable client dies at each of these moments as well, with the bytes on their way arrived or not, and what its store
//! was doing done or not. The next client goes on.
//!
//! `SIM_CUTS=2` cuts again at every place that is left after the first cut. `SIM_CUT=…` replays one case and prints its
//! steps.

mod case;
mod plan;
mod scenarios;

use case::Case;
use plan::{Places, Store};
use scenarios::SCENARIOS;
use std::panic::{AssertUnwindSafe, catch_unwind};
use wasmqtt::codec::ProtocolVersion;

/// How many cuts have been made.
#[derive(Default)]
struct Tally {
    cuts: usize,
    /// Those that hit a moment at which there was nothing to break.
    idle: usize,
}

/// Plays a case, and then each way to cut it once more.
fn explore(case: &Case, depth: usize, tally: &mut Tally) {
    let Ok((places, broke)) = catch_unwind(AssertUnwindSafe(|| case.play(false))) else {
        panic!("{case}: replay with: SIM_CUT={case} cargo test --test sim cuts -- --nocapture");
    };
    if !case.cuts.is_empty() {
        if !broke {
            tally.idle += 1;
            return;
        }
        tally.cuts += 1;
    }
    if depth > 0 {
        let all = |places: Places| -> Vec<_> {
            if case.store == Store::None {
                places.all().collect()
            } else {
                places.deaths(case.store).collect()
            }
        };
        for cut in all(places) {
            let cuts = case.cuts.iter().copied().chain([cut]).collect();
            explore(&Case { cuts, ..case.clone() }, depth - 1, tally);
        }
    }
}

fn run(version: ProtocolVersion, loses_session: bool, stores: &[Store]) {
    if let Ok(text) = std::env::var("SIM_CUT") {
        let case = Case::parse(&text);
        if (case.version, case.loses_session) == (version, loses_session) && stores.contains(&case.store) {
            case.play(true);
        }
        return;
    }
    let depth = std::env::var("SIM_CUTS").ok().map_or(1, |text| text.parse().expect("a number"));
    let mut total = 0;
    for scenario in SCENARIOS.iter().filter(|scenario| scenario.fits(version)) {
        let mut tally = Tally::default();
        // 3.1.1 announces no limits.
        let others = if version == ProtocolVersion::V5 { scenario.later.len() } else { 0 };
        // Deaths have four ways each, so that other limits are for those who have the time.
        let others = if stores.contains(&Store::None) || depth > 1 { others } else { 0 };
        for later in 0..=others {
            for store in stores {
                let case = Case { scenario, version, loses_session, later, store: *store, cuts: Vec::new() };
                explore(&case, depth, &mut tally);
            }
        }
        assert!(tally.cuts > 50, "{} has only {} cuts", scenario.name, tally.cuts);
        total += tally.cuts;
        println!("{:<12} {:>6} cuts, {:>4} places without a link", scenario.name, tally.cuts, tally.idle);
    }
    println!("{total} cuts, version {}, session lost: {loses_session}", version.level());
}

#[test]
fn cuts_of_3_1_1_with_the_session_kept() {
    run(ProtocolVersion::V311, false, &[Store::None]);
}

#[test]
fn cuts_of_3_1_1_with_the_session_lost() {
    run(ProtocolVersion::V311, true, &[Store::None]);
}

#[test]
fn cuts_of_5_0_with_the_session_kept() {
    run(ProtocolVersion::V5, false, &[Store::None]);
}

#[test]
fn cuts_of_5_0_with_the_session_lost() {
    run(ProtocolVersion::V5, true, &[Store::None]);
}

#[test]
fn deaths_in_3_1_1_with_the_session_kept() {
    run(ProtocolVersion::V311, false, &[Store::Prompt, Store::Late]);
}

#[test]
fn deaths_in_3_1_1_with_the_session_lost() {
    run(ProtocolVersion::V311, true, &[Store::Prompt, Store::Late]);
}

#[test]
fn deaths_in_5_0_with_the_session_kept() {
    run(ProtocolVersion::V5, false, &[Store::Prompt, Store::Late]);
}

#[test]
fn deaths_in_5_0_with_the_session_lost() {
    run(ProtocolVersion::V5, true, &[Store::Prompt, Store::Late]);
}
