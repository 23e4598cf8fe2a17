//! What servers may get wrong, with a whole client in the state in which it happens.

use crate::contexts::play;
use crate::support::record::Told;
use crate::support::*;
use serde_json::Value;
use std::{fs, path::Path};
use wasmqtt::client::TransportRequest;
use wasmqtt::{Error, ErrorCode};

fn read(file: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors").join(file);
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).expect("test data is JSON")
}

/// Names and descriptions of the states.
pub(crate) fn contexts() -> Vec<(String, Value)> {
    read("contexts.json")
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

/// A PUBLISH that nobody may see once the bytes before it have ended the connection.
const CANARY: [u8; 12] = [0x32, 10, 0, 4, b'c', b'a', b'n', b'a', 0, 99, 0, b'x'];

/// What came of an entry.
#[derive(Debug, PartialEq)]
struct Outcome {
    told: Vec<String>,
    sent: Vec<String>,
    closed: bool,
    error: Option<ErrorCode>,
}

fn outcome(rig: &mut Rig) -> Outcome {
    let error = rig.events.iter().find_map(|told| match told {
        Told::Disconnected(error, _) => error.as_ref().map(|error| error.code),
        _ => None,
    });
    Outcome {
        closed: rig.requests.contains(&TransportRequest::Close),
        error,
        sent: core::mem::take(&mut rig.packets).iter().map(|packet| hex(packet)).collect(),
        told: rig.told(),
    }
}

fn run(entry: &Value, chunk: usize, tail: &[u8]) -> Outcome {
    let mut rig = play(entry["context"].as_str().unwrap());
    rig.forget();
    let input = entry["hex"].as_str().unwrap();
    if let Some((kind, value)) = input.split_once(':') {
        match kind {
            "text" => rig.client.handle_failed(rig.now, Error::new(ErrorCode::TextFrame)),
            "handshake" => {
                rig.opened_with(value.rsplit(' ').next().filter(|name| *name != "absent").unwrap_or(""))
            }
            "close" => rig.cut(),
            // The driver asks for ArrayBuffers; a Blob never reaches the client.
            "blob" => {}
            other => panic!("no way to {other}"),
        }
        rig.drain();
    } else {
        let bytes = [&unhex(input)[..], tail].concat();
        if bytes.is_empty() {
            rig.feed(&[]);
        }
        for part in bytes.chunks(chunk) {
            rig.feed(part);
        }
        if entry["expect"]["event"] == "after_hex:eof" {
            rig.cut();
        }
    }
    outcome(&mut rig)
}

#[test]
fn every_entry_has_the_expected_verdict() {
    let (mut judged, mut failures) = (0, Vec::new());
    for entry in read("corpus.json").as_array().unwrap() {
        let name = entry["name"].as_str().unwrap();
        judged += 1;
        let whole = run(entry, usize::MAX, &[]);
        let single = run(entry, 1, &[]);
        if whole != single {
            failures.push(format!("{name}: whole {whole:?}, byte by byte {single:?}"));
        }
        if let Err(fault) = judge(entry, &whole) {
            failures.push(format!("{name}: {fault}: {whole:?}"));
        }
        if entry["expect"]["close"] == true && entry["level"] != "transport" {
            let with_tail = run(entry, usize::MAX, &CANARY);
            let same = whole.error == with_tail.error && whole.sent == with_tail.sent;
            if !same || with_tail.told.iter().any(|line| line.contains("cana")) {
                failures.push(format!("{name}: read on behind the end: {with_tail:?}"));
            }
        }
    }
    assert!(failures.is_empty(), "{} of {judged}\n{}", failures.len(), failures.join("\n"));
    assert_eq!(judged, 422, "all entries have been seen");
}

/// What is wrong with the outcome, if anything.
fn judge(entry: &Value, outcome: &Outcome) -> Result<(), String> {
    let expect = &entry["expect"];
    let verdict = expect["verdict"].as_str().unwrap();
    let goodbyes: Vec<&String> = outcome.sent.iter().filter(|packet| packet.starts_with("e0")).collect();
    let told = |start: &str| outcome.told.iter().any(|line| line.starts_with(start));
    let check = |ok: bool, what: &str| if ok { Ok(()) } else { Err(what.to_string()) };
    if expect["send_disconnect"] == "never" {
        check(goodbyes.is_empty(), "sent DISCONNECT")?;
    }
    if expect["close"] == true {
        check(outcome.closed, "not closed")?;
    }
    if let Some(replies) = expect["client_tx"].as_array() {
        let replies: Vec<&str> = replies.iter().map(|reply| reply.as_str().unwrap()).collect();
        check(outcome.sent == replies, "other replies")?;
    }
    match verdict {
        "choice" => Ok(()),
        "malformed" | "protocol_error" => {
            let violated =
                matches!(outcome.error, Some(ErrorCode::MalformedPacket | ErrorCode::ProtocolError));
            check(violated, "not rejected")?;
            if entry["version"] == "3.1.1" {
                return Ok(());
            }
            let also = expect["also_ok"].as_array().cloned().unwrap_or_default();
            let codes = also.iter().chain([&expect["reason_code"]]).filter_map(Value::as_u64);
            let allowed: Vec<String> = codes.map(|code| format!("e001{code:02x}")).collect();
            check(goodbyes.len() == 1 && allowed.contains(goodbyes[0]), "another reason code")
        }
        "refused" => {
            check(!told("connected"), "connected")?;
            let strict =
                matches!(outcome.error, Some(ErrorCode::ConnectRefused | ErrorCode::VersionNotSupported));
            check(strict || outcome.error == Some(ErrorCode::ProtocolError), "not refused")
        }
        "disconnected" => {
            let code =
                matches!(outcome.error, Some(ErrorCode::DisconnectedByServer | ErrorCode::SessionTakenOver));
            check(code, "not taken as a DISCONNECT")
        }
        "connection_lost" => {
            let code =
                matches!(outcome.error, Some(ErrorCode::ConnectionClosed | ErrorCode::ClosedBeforeConnack));
            check(code, "not lost")
        }
        "transport_error" => {
            let code = matches!(outcome.error, Some(ErrorCode::TextFrame | ErrorCode::SubprotocolRejected));
            check(code, "not a transport error")
        }
        "accept" => check(!outcome.closed && outcome.error.is_none(), "not accepted"),
        "incomplete" => check(
            !outcome.closed && outcome.error.is_none() && outcome.told.is_empty() && outcome.sent.is_empty(),
            "not waiting for more",
        ),
        "ignore" => check(
            // `v3_puback_twice` settles the publish with the first of its packets.
            !outcome.closed
                && outcome.error.is_none()
                && outcome.sent.is_empty()
                && !told("message")
                && outcome.told.len() <= 1,
            "not ignored",
        ),
        other => Err(format!("no verdict {other}")),
    }
}
