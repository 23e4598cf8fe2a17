//! The fuzz targets without a fuzzer: every seed, and many small changes of each, the same ones in every run.
//!
//! `FUZZ_INPUTS=1000000` runs more of them. `FUZZ_TARGET=script FUZZ_FILE=…` replays one input, one that `npm run fuzz` has
//! found for instance. `FUZZ_SEEDS=…` writes the seeds into a folder for `npm run fuzz`.

#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod mutate;
#[allow(dead_code, reason = "the simulation needs more of it")]
#[path = "../sim/random.rs"]
mod random;
mod seeds;

use random::Random;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::{env, fs, path::Path};
use wasmqtt::fuzzing::{Body, TARGETS};

/// Inputs for each target. A body takes from one microsecond to some hundred.
const INPUTS: usize = 30_000;

#[test]
fn packet() {
    run("packet");
}

#[test]
fn stream() {
    run("stream");
}

#[test]
fn script() {
    run("script");
}

#[test]
fn filters() {
    run("filters");
}

#[test]
fn store() {
    run("store");
}

#[test]
fn every_target_has_its_test_and_its_file() {
    for (name, _) in TARGETS {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("fuzz/fuzz_targets/{name}.rs"));
        let text = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        assert!(text.contains(&format!("wasmqtt::fuzzing::{name}(data)")), "{name}: {text}");
        assert!(include_str!("main.rs").contains(&format!("run(\"{name}\")")), "{name} has no test");
    }
}

fn run(name: &str) {
    let (_, body) = TARGETS.into_iter().find(|(target, _)| *target == name).expect("a target");
    if let Ok(file) = env::var("FUZZ_FILE") {
        if env::var("FUZZ_TARGET").is_ok_and(|target| target == name) {
            body(&fs::read(&file).unwrap_or_else(|error| panic!("{file}: {error}")));
        }
        return;
    }
    let seeds = seeds::of(name);
    assert!(!seeds.is_empty());
    if let Ok(folder) = env::var("FUZZ_SEEDS") {
        return write(&Path::new(&folder).join(name), &seeds);
    }
    let wanted = env::var("FUZZ_INPUTS").ok().map_or(INPUTS, |text| text.parse().expect("a number"));
    for seed in &seeds {
        check(name, body, seed);
    }
    let mut random = Random::new(1);
    for _ in 0..wanted {
        check(name, body, &mutate::mutated(&seeds, &mut random));
    }
    println!("{name}: {} seeds and {wanted} mutations", seeds.len());
}

fn check(name: &str, body: Body, input: &[u8]) {
    if catch_unwind(AssertUnwindSafe(|| body(input))).is_err() {
        let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("crash-{name}"));
        fs::write(&file, input).unwrap();
        let file = file.display();
        panic!(
            "replay with: FUZZ_TARGET={name} FUZZ_FILE={file} cargo test --features fuzzing --test fuzz {name}"
        );
    }
}

/// One file for each seed; files that are there already stay.
fn write(folder: &Path, seeds: &[Vec<u8>]) {
    fs::create_dir_all(folder).unwrap();
    for (number, seed) in seeds.iter().enumerate() {
        fs::write(folder.join(format!("seed-{number:04}")), seed).unwrap();
    }
}
