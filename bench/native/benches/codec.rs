//! Packets to bytes and back.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;
use wasmqtt::codec::{FrameBuffer, Publish, QoS, decode_from_server};
use wasmqtt_bench::{VERSION, publish};

const TOPIC: &str = "bench/topic";
const FRAME: usize = 16 * 1024;

fn encode(c: &mut Criterion) {
    let mut group = c.benchmark_group("encode");
    for size in [16, 256, 4096] {
        let payload = vec![b'a'; size];
        let message = Publish { topic: TOPIC, payload: &payload, ..Publish::default() };
        let mut out = Vec::with_capacity(size + 64);
        group.throughput(Throughput::Elements(1));
        group.bench_function(format!("PUBLISH {size} B"), |b| {
            b.iter(|| {
                out.clear();
                black_box(&message).encode(VERSION, &mut out).expect("valid");
                out.len()
            });
        });
    }
}

fn decode(c: &mut Criterion) {
    let mut group = c.benchmark_group("decode");
    for size in [16, 256, 4096] {
        let packet = publish(TOPIC, &vec![b'a'; size], QoS::AtLeastOnce, 1);
        group.throughput(Throughput::Elements(1));
        group.bench_function(format!("PUBLISH {size} B"), |b| {
            b.iter(|| decode_from_server(VERSION, black_box(&packet)).is_ok());
        });
    }
}

/// A chunk of many packets is cut and each is decoded.
fn frames(c: &mut Criterion) {
    let mut group = c.benchmark_group("16 KiB of packets");
    for size in [16, 256] {
        let packet = publish(TOPIC, &vec![b'a'; size], QoS::AtMostOnce, 0);
        let count = FRAME / packet.len();
        let chunk = packet.repeat(count);
        let mut buffer = FrameBuffer::new(u32::MAX);
        group.throughput(Throughput::Elements(count as u64));
        group.bench_function(format!("PUBLISH {size} B"), |b| {
            b.iter(|| {
                buffer.push(&chunk);
                let mut seen = 0;
                while let Ok(Some(span)) = buffer.next(VERSION) {
                    seen += usize::from(decode_from_server(VERSION, buffer.bytes(span)).is_ok());
                }
                assert_eq!(seen, count);
            });
        });
    }
}

criterion_group!(benches, encode, decode, frames);
criterion_main!(benches);
