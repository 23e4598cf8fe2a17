//! Where fuzzing begins: the recorded packets of `tests/vectors`, in the form that each target reads.

use serde_json::Value;
use std::{fs, path::Path};
use wasmqtt::fuzzing::script::{CONNECT, PLAIN, RAW};

/// A packet limit that nothing exceeds, as `stream` reads it, then lengths of chunks.
const UNLIMITED: [u8; 5] = [5, 0, 2, 130, 63];

/// What a client may be in the middle of, as acts of `script`.
const WORK: [&[u8]; 12] = [
    &[],
    &[4, 1, 0, 3],                                                  // publish QoS 1
    &[4, 2, 1, 3],                                                  // publish QoS 2
    &[4, 2, 1, 3, 2, 0, 0],                                         // … and PUBREC
    &[4, 1, 0, 1, 4, 2, 0, 1, 4, 0, 0, 1, 9, 0, 18, 1, 0, 2, 8, 0], // publish, lose the link, resume
    &[5, 1, 0],                                                     // subscribe
    &[5, 5, 2, 3, 2, 0, 0, 8, 1, 1, 1, 2, 0, 0],                    // subscribe, SUBACK, a message
    &[5, 1, 0, 2, 0, 0, 6, 1, 0],                                   // subscribe, unsubscribe
    &[8, 2, 1, 5, 1, 120, 8, 66, 1, 5, 1, 120],                     // a message of QoS 2, twice
    &[12, 18, 18],                                                  // ping, and no answer
    &[4, 65, 0, 1, 1, 15, 0, 9, 7, 2, 60],                          // a message that expires
    &[17, 0, 10, 0],                                                // leaving
];

/// What fuzzing has found once, as whole scripts.
const FOUND: [&[u8]; 2] = [
    // Manual acknowledgement of a message after leaving: settings, connect, message, disconnect, acknowledge.
    &[1, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 1, 0, 2, 0, 0, 8, 1, 1, 1, 0, 17, 0, 0, 0, 10, 0, 0],
    // A message that expires, waiting for a connection at the end: settings, publish.
    &[1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 65, 0, 1, 1, 15, 0, 9],
];

/// The seeds of a target, each once.
pub(crate) fn of(target: &str) -> Vec<Vec<u8>> {
    let mut seeds: Vec<Vec<u8>> = match target {
        "filters" => filters(),
        "packet" => packets().map(|(version, bytes)| [&[version][..], &bytes].concat()).collect(),
        "stream" => packets().map(|(version, bytes)| [&[version][..], &UNLIMITED, &bytes].concat()).collect(),
        "script" => scripts(),
        "store" => stores(),
        other => panic!("{other} has no seeds"),
    };
    seeds.sort();
    seeds.dedup();
    seeds
}

/// Bytes of either side, behind the number of their version. Those that go on for kilobytes only repeat themselves.
fn packets() -> impl Iterator<Item = (u8, Vec<u8>)> {
    let entries = ["valid.json", "corpus.json"].into_iter().flat_map(vectors);
    let entries = entries.filter(|entry| entry["level"] != "transport");
    entries.map(|entry| (version(&entry), unhex(&entry))).filter(|(_, bytes)| bytes.len() < 400)
}

/// A connected client in the middle of something, and then what a server may say.
fn scripts() -> Vec<Vec<u8>> {
    let connected = |version: u8| [&PLAIN[usize::from(version)][..], &CONNECT].concat();
    let mut scripts: Vec<Vec<u8>> = FOUND.iter().map(|script| script.to_vec()).collect();
    for version in [0, 1] {
        scripts.extend(WORK.iter().map(|work| [&connected(version), *work].concat()));
    }
    let said = packets().filter(|(_, bytes)| bytes.len() <= 255);
    for (number, (version, bytes)) in said.enumerate() {
        let length = u8::try_from(bytes.len()).unwrap();
        let work = WORK[number % WORK.len()];
        scripts.push([&connected(version), work, &[RAW, length], &bytes].concat());
    }
    scripts
}

/// Lines with a number before the text: even for a filter, odd for a topic.
fn filters() -> Vec<Vec<u8>> {
    let lines = [
        "0a/+/c\n0a/#\n2+/b\n1a/b/c\n1a\n1x/b\n0a/#\n1a/b",
        "0$share/g/a/+\n2$SYS/#\n0#\n0+\n1a/b\n1$SYS\n1$SYS/x\n1a",
        "0/\n0//\n0/+\n0+/+\n0/#\n1/\n1//\n1/a\n1é/aa",
        "0$share/g/$share/h/a\n1$share/h/a\n0+/+/+/#\n1a/b/c/d/e/f",
    ];
    lines.iter().map(|lines| lines.as_bytes().to_vec()).collect()
}

/// Records of every kind, sealed: version, session, then kind, number, seal, length and bytes of each.
fn stores() -> Vec<Vec<u8>> {
    let record = |kind: u8, number: u8, body: &[u8]| {
        [&[kind, 0, number, 1, u8::try_from(body.len()).unwrap()][..], body].concat()
    };
    let message = |number: u8, flags: u8, topic: &str, properties: &[u8]| {
        let lengths =
            [0, 0, 0, u8::try_from(topic.len()).unwrap(), 0, 0, 0, u8::try_from(properties.len()).unwrap()];
        let expires = 1_767_225_660_000_u64.to_be_bytes();
        record(
            1,
            number,
            &[&[1, flags][..], &expires, &lengths, topic.as_bytes(), properties, b"payload"].concat(),
        )
    };
    let exchange =
        |id: u8, state: u8, sequence: u8| record(2, id, &[1, state, 0, 0, 0, 0, 0, 0, 0, sequence]);
    let inbound = |id: u8| record(3, id, &[1]);
    let full = [
        message(1, 1, "a", &[]),
        message(2, 2, "b/c", &[3, 0, 1, b't']),
        message(3, 14, "d", &[2, 0, 0, 0, 60, 1, 1]),
        exchange(1, 1, 1),
        exchange(2, 1, 2),
        exchange(3, 2, 9),
        inbound(1),
        inbound(200),
    ];
    let lonely = [exchange(1, 1, 1), exchange(2, 1, 1), message(1, 2, "a", &[])];
    let newer = [record(1, 1, &[2]), record(2, 1, &[2]), record(3, 1, &[2]), record(4, 1, &[1])];
    let mut seeds = Vec::new();
    for head in [[0, 0], [0, 1], [1, 0], [1, 1]] {
        for records in [&full[..], &lonely, &newer] {
            seeds.push([&head[..], &records.concat()].concat());
        }
    }
    seeds
}

fn vectors(file: &str) -> Vec<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors").join(file);
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).expect("a list")
}

/// 0 for 3.1.1 and 1 for 5.0, as the targets count.
fn version(entry: &Value) -> u8 {
    u8::from(entry["version"] == "5.0")
}

fn unhex(entry: &Value) -> Vec<u8> {
    let text = entry["hex"].as_str().expect("hex digits");
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}
