//! The tree of filters against the plain comparison of one filter with one topic.

use proptest::prelude::*;
use proptest::sample::select;
use wasmqtt::topic::{FilterTrie, TopicFilter, TopicName};

/// Few levels, so that filters and topics meet often; empty ones and `$` among them.
const LEVELS: &[&str] = &["", "a", "b", "$a", "aa", "é"];

fn topic() -> impl Strategy<Value = String> {
    prop::collection::vec(select(LEVELS), 1..5)
        .prop_map(|levels| levels.join("/"))
        .prop_filter("a topic has a character", |topic| !topic.is_empty())
}

fn filter() -> impl Strategy<Value = String> {
    let level = prop_oneof![3 => select(LEVELS), 2 => Just("+")];
    let parts =
        (prop::collection::vec(level, 0..5), any::<bool>(), prop::option::weighted(0.2, select(LEVELS)));
    parts
        .prop_map(|(mut levels, multi, share)| {
            if multi || levels.is_empty() {
                levels.push("#");
            }
            let filter = levels.join("/");
            match share {
                Some(name) if !name.is_empty() => format!("$share/{name}/{filter}"),
                _ => filter,
            }
        })
        .prop_filter("a legal filter", |filter| TopicFilter::parse(filter).is_ok())
}

/// Values of all filters that match, found one by one.
fn naive(filters: &[(String, u32)], topic: &str) -> Vec<u32> {
    let matching = |(filter, value): &(String, u32)| {
        TopicFilter::parse(filter).is_ok_and(|filter| filter.matches(topic)).then_some(*value)
    };
    let mut values: Vec<u32> = filters.iter().filter_map(matching).collect();
    values.sort_unstable();
    values.dedup();
    values
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn trie_matches_like_its_filters(
        mut filters in prop::collection::vec((filter(), 0_u32..8), 0..12),
        topics in prop::collection::vec(topic(), 1..8),
        removals in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
    ) {
        let mut trie = FilterTrie::new();
        for (filter, value) in &filters {
            trie.insert(TopicFilter::parse(filter).unwrap(), *value);
        }
        filters.sort();
        filters.dedup();
        for removal in removals {
            for topic in &topics {
                let mut found = vec![u32::MAX];
                trie.matches(topic, &mut found);
                prop_assert_eq!(&found[1..], &naive(&filters, topic)[..]);
            }
            if filters.is_empty() {
                break;
            }
            let (filter, value) = filters.remove(removal.index(filters.len()));
            // Filters that differ in the share only are one and the same to the tree.
            let part = |text: &str| TopicFilter::parse(text).unwrap().topic_part().to_owned();
            let others = filters.iter().any(|(other, v)| *v == value && part(other) == part(&filter));
            if !others {
                prop_assert!(trie.remove(TopicFilter::parse(&filter).unwrap(), value));
            }
            prop_assert_eq!(trie.is_empty(), filters.is_empty());
        }
    }

    #[test]
    fn any_text_is_parsed_or_refused(text in any::<String>()) {
        for error in [TopicName::parse(&text).err(), TopicFilter::parse(&text).err()].into_iter().flatten() {
            prop_assert!(error.at <= text.len());
        }
        if let (Ok(name), Ok(filter)) = (TopicName::parse(&text), TopicFilter::parse(&text)) {
            prop_assert_eq!(name.as_str(), filter.as_str());
            prop_assert!(!filter.has_wildcard());
            prop_assert_eq!(filter.matches(&text), !filter.is_shared());
        }
    }
}
