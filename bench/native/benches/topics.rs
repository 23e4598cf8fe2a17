//! Filters of many subscriptions against topics.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;
use wasmqtt::topic::{FilterTrie, TopicFilter};

fn matching(c: &mut Criterion) {
    let mut group = c.benchmark_group("a topic among filters");
    group.throughput(Throughput::Elements(1));
    for count in [100, 10_000] {
        for (name, end) in [("exact", "state"), ("with +", "+")] {
            let trie = trie(count, end);
            let mut found = Vec::new();
            let mut number = 0;
            group.bench_function(format!("{count} {name}"), |b| {
                b.iter(|| {
                    number = (number + 7919) % count;
                    found.clear();
                    trie.matches(black_box(&topic(number, "state")), &mut found);
                    assert_eq!(found.len(), 1);
                });
            });
        }
    }
}

fn trie(count: u32, end: &str) -> FilterTrie {
    let mut trie = FilterTrie::new();
    for number in 0..count {
        let text = topic(number, end);
        trie.insert(TopicFilter::parse(&text).expect("valid"), number);
    }
    trie
}

fn topic(number: u32, end: &str) -> String {
    format!("site/{}/device/{number}/{end}", number % 100)
}

criterion_group!(benches, matching);
criterion_main!(benches);
