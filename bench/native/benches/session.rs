//! A whole client, without a socket: messages in, acknowledgements out, and the other way around.

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use wasmqtt::client::Client;
use wasmqtt::codec::{AckKind, Properties, QoS};
use wasmqtt::session::OpId;
use wasmqtt_bench::{NOW, ack, connected, drain, publish};

const TOPIC: &str = "bench/topic";
const WINDOW: u16 = 100;

fn receive(c: &mut Criterion) {
    let mut group = c.benchmark_group("receive 256 B");
    let payload = [b'a'; 256];
    let mut buffer = Vec::new();
    group.throughput(Throughput::Elements(u64::from(WINDOW)));

    let chunk = publish(TOPIC, &payload, QoS::AtMostOnce, 0).repeat(usize::from(WINDOW));
    let mut client = connected();
    group.bench_function("QoS 0", |b| {
        b.iter(|| {
            client.handle_input(NOW, &chunk);
            assert_eq!(drain(&mut client, &mut buffer).0, usize::from(WINDOW));
        });
    });

    let all = |make: &dyn Fn(u16) -> Vec<u8>| (1..=WINDOW).flat_map(make).collect::<Vec<u8>>();
    let chunk = all(&|id| publish(TOPIC, &payload, QoS::AtLeastOnce, id));
    let mut client = connected();
    group.bench_function("QoS 1", |b| {
        b.iter(|| {
            let (messages, sent) = taken(&mut client, &chunk, &mut buffer);
            assert_eq!((messages, sent), (usize::from(WINDOW), 4 * usize::from(WINDOW)));
        });
    });

    let chunk = all(&|id| publish(TOPIC, &payload, QoS::ExactlyOnce, id));
    let releases = all(&|id| ack(AckKind::PubRel, id));
    let mut client = connected();
    group.bench_function("QoS 2", |b| {
        b.iter(|| {
            let (messages, sent) = taken(&mut client, &chunk, &mut buffer);
            let (more, completions) = taken(&mut client, &releases, &mut buffer);
            assert_eq!((messages, more), (usize::from(WINDOW), 0));
            assert_eq!((sent, completions), (4 * usize::from(WINDOW), 4 * usize::from(WINDOW)));
        });
    });
}

/// Messages of a chunk, acknowledged like a driver does it after their handlers; then bytes that were sent.
fn taken(client: &mut Client, chunk: &[u8], buffer: &mut Vec<u8>) -> (usize, usize) {
    client.handle_input(NOW, chunk);
    drain(client, buffer)
}

fn send(c: &mut Criterion) {
    let mut group = c.benchmark_group("publish 256 B");
    let payload = [b'a'; 256];
    let mut buffer = Vec::new();
    group.throughput(Throughput::Elements(1));

    let mut client = connected();
    group.bench_function("QoS 0", |b| {
        b.iter(|| {
            post(&mut client, &payload, QoS::AtMostOnce);
            assert_eq!(drain(&mut client, &mut buffer).0, 1);
        });
    });

    group.throughput(Throughput::Elements(u64::from(WINDOW)));
    // The cost of one more must not grow with those that are under way already.
    for flying in [0, 10_000, 60_000] {
        group.bench_function(format!("QoS 1, {flying} more in flight"), |b| {
            b.iter_batched_ref(
                || {
                    let mut client = connected();
                    for _ in 0..flying {
                        post(&mut client, &payload, QoS::AtLeastOnce);
                    }
                    drain(&mut client, &mut Vec::new());
                    (client, Vec::new())
                },
                |(client, buffer)| {
                    for _ in 0..WINDOW {
                        post(client, &payload, QoS::AtLeastOnce);
                    }
                    drain(client, buffer)
                },
                BatchSize::PerIteration,
            );
        });
    }
}

fn post(client: &mut Client, payload: &[u8], qos: QoS) {
    client.publish(OpId(1), NOW, TOPIC, payload, qos, false, Properties::EMPTY).expect("there is room");
}

criterion_group!(benches, receive, send);
criterion_main!(benches);
