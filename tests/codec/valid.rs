//! Packets that other people's encoders made: decoded to the recorded fields and encoded back.

use crate::render::render;
use crate::support::{decode, encode, hex, valid};

#[test]
fn decodes_to_the_recorded_fields() {
    let mut failures = Vec::new();
    for vector in valid() {
        for &sender in vector.senders {
            match decode(sender, vector.version, &vector.bytes) {
                Ok(packet) => {
                    let found = render(&packet, vector.version);
                    if found != vector.decoded {
                        failures.push(format!("{}: {found} instead of {}", vector.name, vector.decoded));
                    }
                }
                Err(violation) => failures.push(format!("{}: {violation}", vector.name)),
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn encodes_back() {
    let mut failures = Vec::new();
    let mut shortened = 0;
    for vector in valid() {
        for &sender in vector.senders {
            let packet = decode(sender, vector.version, &vector.bytes).expect("decodes");
            let encoded = encode(&packet, vector.version);
            let announced = packet.encoded_len(vector.version).expect("can be encoded");
            if usize::try_from(announced) != Ok(encoded.len()) {
                failures.push(format!("{}: {announced} bytes announced", vector.name));
            }
            if decode(sender, vector.version, &encoded) != Ok(packet) {
                failures.push(format!("{}: {} reads differently", vector.name, hex(&encoded)));
            }
            if encoded != vector.bytes {
                // Reason code and property length may be left out: then the shortest form is written.
                shortened += 1;
                if has_one_form(&vector.decoded, vector.byte_exact) || encoded.len() >= vector.bytes.len() {
                    failures.push(format!("{}: {}", vector.name, hex(&encoded)));
                }
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(shortened < 60, "{shortened} packets have another form than the recorded one");
}

/// Whether all encoders write this packet alike.
fn has_one_form(decoded: &serde_json::Value, byte_exact: bool) -> bool {
    let several = ["PUBACK", "PUBREC", "PUBREL", "PUBCOMP", "DISCONNECT", "AUTH"];
    byte_exact || !several.iter().any(|kind| decoded["type"] == **kind)
}
