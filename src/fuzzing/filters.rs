//! Topic filters: the tree against one comparison after the other, and both against the text of section 4.7.

use super::input::Input;
use crate::topic::{FilterTrie, TopicFilter, TopicName};

/// Lines of text: those with an even first byte are filters, the others topics; a filter that comes twice is removed.
pub fn filters(bytes: &[u8]) {
    let mut trie = FilterTrie::new();
    let mut known: Vec<(&str, u32)> = Vec::new();
    for line in bytes.split(|byte| *byte == b'\n') {
        let mut input = Input::new(line);
        let kind = input.byte();
        let Ok(text) = core::str::from_utf8(input.rest()) else { continue };
        if kind & 1 == 1 {
            look_up(&trie, &known, text);
            continue;
        }
        let Ok(filter) = TopicFilter::parse(text) else { continue };
        assert_eq!(filter.as_str(), text);
        let entry = (filter.topic_part(), u32::from(kind / 2 % 4));
        match known.iter().position(|other| *other == entry) {
            Some(index) => {
                assert!(trie.remove(filter, entry.1), "{text:?} was there");
                known.swap_remove(index);
            }
            None => {
                trie.insert(filter, entry.1);
                known.push(entry);
            }
        }
        assert_eq!(trie.is_empty(), known.is_empty());
    }
    for (filter, value) in known {
        // The topic part of a shared filter may itself begin like a shared filter.
        assert!(trie.remove(TopicFilter::parse_unshared(filter).unwrap(), value), "{filter:?} was there");
    }
    assert!(trie.is_empty());
}

fn look_up(trie: &FilterTrie, known: &[(&str, u32)], topic: &str) {
    if TopicName::parse(topic).is_err() {
        return;
    }
    let mut expected = Vec::new();
    for (text, value) in known {
        let filter = TopicFilter::parse_unshared(text).unwrap();
        let fits = standard(text, topic);
        assert_eq!(filter.matches(topic), fits, "{text:?} and {topic:?}");
        if fits {
            expected.push(*value);
        }
    }
    expected.sort_unstable();
    expected.dedup();
    let mut found = vec![99];
    trie.matches(topic, &mut found);
    assert_eq!(found[1..], expected, "{known:?} and {topic:?}");
}

/// Section 4.7.1 and 4.7.2, said in the plainest way.
fn standard(filter: &str, topic: &str) -> bool {
    let filter: Vec<&str> = filter.split('/').collect();
    let topic: Vec<&str> = topic.split('/').collect();
    if topic[0].starts_with('$') && (filter[0] == "#" || filter[0] == "+") {
        return false;
    }
    let (levels, open) = match filter.split_last() {
        Some((&"#", levels)) => (levels, true),
        _ => (&filter[..], false),
    };
    (if open { levels.len() <= topic.len() } else { levels.len() == topic.len() })
        && levels.iter().zip(&topic).all(|(level, name)| *level == "+" || level == name)
}
