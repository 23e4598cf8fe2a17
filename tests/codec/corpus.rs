//! What servers may get wrong, as far as the packet alone shows it. The rest needs the state of a client and is tested
//! with one.

use serde_json::Value;
use wasmqtt::codec::{FrameBuffer, Packet, ProtocolVersion, Sender, decode_from_server};

use crate::support::{Stream, feed, text, unhex, vectors, version};

#[test]
fn stateless_entries_have_the_expected_verdict() {
    let mut failures = Vec::new();
    let (mut judged, mut stateful) = (0, 0);
    for entry in vectors("corpus.json") {
        if !matches!(text(&entry, "level"), "codec" | "frame") {
            stateful += 1;
            continue;
        }
        judged += 1;
        let stream = run(&entry);
        if let Some(failure) = judge(&entry, &stream) {
            failures.push(format!("{}: {failure}: {stream:?}", text(&entry, "name")));
        }
    }
    assert!(failures.is_empty(), "{} of {judged}\n{}", failures.len(), failures.join("\n"));
    assert_eq!((judged, stateful), (270, 152), "all entries have been seen");
}

#[test]
fn entries_that_a_client_takes_are_decoded() {
    let mut failures = Vec::new();
    let mut taken = 0;
    for entry in vectors("corpus.json") {
        let verdict = text(&entry["expect"], "verdict");
        let stateful = text(&entry, "level") == "state";
        // 0x95 depends on a limit, everything else that is taken must get through the codec.
        if stateful && matches!(verdict, "accept" | "ignore" | "refused" | "disconnected") {
            taken += 1;
            if let Some(violation) = run(&entry).violation {
                failures.push(format!("{}: {violation}", text(&entry, "name")));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(taken > 80, "only {taken} entries");
}

/// Feeds the bytes whole and one by one; both must come out alike.
fn run(entry: &Value) -> Stream {
    let version = version(entry);
    let bytes = unhex(text(entry, "hex"));
    let whole = feed(&mut FrameBuffer::new(u32::MAX), Sender::Server, version, [&bytes[..]]);
    let single = feed(&mut FrameBuffer::new(u32::MAX), Sender::Server, version, bytes.chunks(1));
    assert_eq!(whole, single, "{}", text(entry, "name"));
    whole
}

/// What is wrong with the outcome, if anything.
fn judge(entry: &Value, stream: &Stream) -> Option<&'static str> {
    let expected = &entry["expect"];
    match (text(expected, "verdict"), stream.violation) {
        ("choice", _) | ("malformed" | "protocol_error" | "refused", Some(_)) if !codes_matter(entry) => None,
        ("malformed" | "protocol_error", Some(violation)) => {
            let also: Vec<_> = expected["also_ok"].as_array().into_iter().flatten().collect();
            let ok = |code: &Value| code.as_u64() == Some(violation.reason.value().into());
            (!ok(&expected["reason_code"]) && !also.into_iter().any(ok)).then_some("another reason code")
        }
        ("malformed" | "protocol_error", None) => Some("not rejected"),
        ("accept", None) => stream.packets.is_empty().then_some("no packet"),
        ("incomplete" | "connection_lost", None) => (!stream.packets.is_empty()).then_some("a packet"),
        ("refused", None) => (!refuses(entry, stream)).then_some("not refused"),
        (_, Some(_)) => Some("rejected"),
        (_, None) => Some("a verdict this test does not know"),
    }
}

/// Only 5.0 can tell the peer why.
fn codes_matter(entry: &Value) -> bool {
    version(entry) == ProtocolVersion::V5
        && !matches!(text(&entry["expect"], "verdict"), "choice" | "refused")
}

fn refuses(entry: &Value, stream: &Stream) -> bool {
    stream.packets.iter().any(|packet| {
        matches!(decode_from_server(version(entry), packet), Ok(Packet::ConnAck(ack)) if ack.reason.is_error())
    })
}
