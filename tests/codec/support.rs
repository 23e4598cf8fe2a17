//! Test data and the ways packets are decoded.

use std::fs;
use std::path::Path;

use serde_json::Value;
use wasmqtt::codec::{
    FrameBuffer, Packet, ProtocolVersion, Sender, Violation, decode_from_client, decode_from_server,
};

/// Both versions of the protocol.
pub(crate) const VERSIONS: [ProtocolVersion; 2] = [ProtocolVersion::V311, ProtocolVersion::V5];

/// Both sides of a connection.
pub(crate) const SENDERS: [Sender; 2] = [Sender::Server, Sender::Client];

/// Entries of a file in `tests/vectors`.
pub(crate) fn vectors(file: &str) -> Vec<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors").join(file);
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    match serde_json::from_str(&text).expect("test data is JSON") {
        Value::Array(entries) => entries,
        other => panic!("{file} holds no list but {other}"),
    }
}

/// A recorded packet of `valid.json`.
pub(crate) struct Vector {
    pub(crate) name: String,
    pub(crate) version: ProtocolVersion,
    pub(crate) senders: &'static [Sender],
    pub(crate) bytes: Vec<u8>,
    pub(crate) decoded: Value,
    pub(crate) byte_exact: bool,
}

/// All recorded valid packets.
pub(crate) fn valid() -> Vec<Vector> {
    let read = |entry: &Value| Vector {
        name: text(entry, "name").to_owned(),
        version: version(entry),
        senders: match text(entry, "direction") {
            "c2s" => &[Sender::Client],
            "s2c" => &[Sender::Server],
            "both" => &SENDERS,
            other => panic!("unknown direction {other}"),
        },
        bytes: unhex(text(entry, "hex")),
        decoded: entry["decoded"].clone(),
        byte_exact: entry["byte_exact_consensus"].as_bool().expect("a flag"),
    };
    vectors("valid.json").iter().map(read).collect()
}

pub(crate) fn text<'a>(entry: &'a Value, key: &str) -> &'a str {
    entry[key].as_str().unwrap_or_else(|| panic!("no {key} in {entry}"))
}

pub(crate) fn version(entry: &Value) -> ProtocolVersion {
    match text(entry, "version") {
        "3.1.1" => ProtocolVersion::V311,
        "5.0" => ProtocolVersion::V5,
        other => panic!("unknown version {other}"),
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(crate) fn unhex(text: &str) -> Vec<u8> {
    assert!(text.len().is_multiple_of(2), "odd number of digits");
    let digits: Vec<u8> = text.chars().map(|c| u8::try_from(c.to_digit(16).unwrap()).unwrap()).collect();
    digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

/// Decodes as the peer of `sender` does.
pub(crate) fn decode(
    sender: Sender,
    version: ProtocolVersion,
    bytes: &[u8],
) -> Result<Packet<'_>, Violation> {
    match sender {
        Sender::Server => decode_from_server(version, bytes),
        Sender::Client => decode_from_client(version, bytes),
    }
}

pub(crate) fn encode(packet: &Packet<'_>, version: ProtocolVersion) -> Vec<u8> {
    let mut out = vec![0xaa];
    packet.encode(version, &mut out).unwrap_or_else(|error| panic!("{error} in {packet:?}"));
    assert_eq!(out[0], 0xaa, "what stood in the output is still there");
    out.split_off(1)
}

/// What a byte stream turned out to be.
#[derive(Debug, PartialEq)]
pub(crate) struct Stream {
    /// Bytes of the packets up to the end or the violation.
    pub(crate) packets: Vec<Vec<u8>>,
    pub(crate) violation: Option<Violation>,
}

/// Feeds chunks to a buffer and decodes every packet it finds.
pub(crate) fn feed<'a>(
    buffer: &mut FrameBuffer,
    sender: Sender,
    version: ProtocolVersion,
    chunks: impl IntoIterator<Item = &'a [u8]>,
) -> Stream {
    let mut packets = Vec::new();
    for chunk in chunks {
        buffer.push(chunk);
        loop {
            let span = match buffer.next(version) {
                Ok(Some(span)) => span,
                Ok(None) => break,
                Err(violation) => return Stream { packets, violation: Some(violation) },
            };
            if let Err(violation) = decode(sender, version, buffer.bytes(span)) {
                return Stream { packets, violation: Some(violation) };
            }
            packets.push(buffer.bytes(span).to_vec());
        }
    }
    Stream { packets, violation: None }
}
