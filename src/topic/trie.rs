//! Many topic filters at once: a tree with one level of the topic at each step.

use super::TopicFilter;
use super::level::{first_level, levels};

/// Finds the values of all filters that a topic matches.
///
/// Shared subscriptions match by their topic part. A match visits only nodes that fit the topic, each of them at most
/// once, and uses no recursion, so neither many levels nor many wildcards cost more than the tree has nodes.
#[derive(Clone, Debug, Default)]
pub struct FilterTrie {
    /// The first one, once there is one, is the root.
    nodes: Vec<Node>,
    /// Nodes that are not in use.
    free: Vec<usize>,
}

/// All filters that begin with the same levels.
#[derive(Clone, Debug, Default)]
struct Node {
    /// Next levels by name, sorted.
    children: Vec<(Box<str>, usize)>,
    /// Next level `+`.
    single: Option<usize>,
    /// Values of filters that end with `#` as the next level.
    multi: Vec<u32>,
    /// Values of filters that end here.
    exact: Vec<u32>,
}

const ROOT: usize = 0;

impl FilterTrie {
    /// An empty tree.
    #[must_use]
    pub const fn new() -> Self {
        Self { nodes: Vec::new(), free: Vec::new() }
    }

    /// Adds a filter with a value. Adding the same pair again changes nothing.
    pub fn insert(&mut self, filter: TopicFilter<'_>, value: u32) {
        if self.nodes.is_empty() {
            self.nodes.push(Node::default());
        }
        let (text, multi) = split(filter);
        let mut at = ROOT;
        for level in levels(text) {
            at = match self.nodes.get(at).and_then(|node| node.child(level)) {
                Some(child) => child,
                None => self.add_child(at, level),
            };
        }
        if let Some(node) = self.nodes.get_mut(at) {
            let values = if multi { &mut node.multi } else { &mut node.exact };
            insert_sorted(values, 0, value);
        }
    }

    /// Removes one pair; whether it was there.
    pub fn remove(&mut self, filter: TopicFilter<'_>, value: u32) -> bool {
        let (text, multi) = split(filter);
        let mut path = Vec::new();
        let mut at = ROOT;
        for level in levels(text) {
            let Some(child) = self.nodes.get(at).and_then(|node| node.child(level)) else {
                return false;
            };
            path.push((at, level));
            at = child;
        }
        let Some(node) = self.nodes.get_mut(at) else {
            return false;
        };
        let values = if multi { &mut node.multi } else { &mut node.exact };
        let Ok(found) = values.binary_search(&value) else {
            return false;
        };
        values.remove(found);
        self.prune(at, path);
        true
    }

    /// Appends the values of all filters that match, each value once and in ascending order.
    pub fn matches(&self, topic: &str, out: &mut Vec<u32>) {
        let begin = out.len();
        let mut open = vec![(ROOT, Some(topic))];
        while let Some((at, rest)) = open.pop() {
            let Some(node) = self.nodes.get(at) else {
                continue;
            };
            // MQTT-4.7.2-1: a leading wildcard does not match `$` topics.
            let wildcards = at != ROOT || !topic.starts_with('$');
            if wildcards {
                node.multi.iter().for_each(|value| insert_sorted(out, begin, *value));
            }
            let Some(rest) = rest else {
                node.exact.iter().for_each(|value| insert_sorted(out, begin, *value));
                continue;
            };
            let (level, rest) = first_level(rest);
            open.extend(node.single.filter(|_| wildcards).map(|child| (child, rest)));
            open.extend(node.named(level).map(|child| (child, rest)));
        }
    }

    /// Whether there are no filters.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.nodes.get(ROOT).is_none_or(Node::is_empty)
    }

    fn add_child(&mut self, parent: usize, level: &str) -> usize {
        let child = self.free.pop().unwrap_or_else(|| {
            self.nodes.push(Node::default());
            self.nodes.len() - 1
        });
        if let Some(node) = self.nodes.get_mut(parent) {
            if level == "+" {
                node.single = Some(child);
            } else if let Err(at) = node.position(level) {
                node.children.insert(at, (level.into(), child));
            }
        }
        child
    }

    /// Takes out a node without filters, and then those above it that have none left.
    fn prune(&mut self, mut at: usize, mut path: Vec<(usize, &str)>) {
        while self.nodes.get(at).is_some_and(Node::is_empty) {
            let Some((parent, level)) = path.pop() else {
                return; // the root stays
            };
            if let Some(node) = self.nodes.get_mut(at) {
                *node = Node::default();
            }
            self.free.push(at);
            if let Some(node) = self.nodes.get_mut(parent) {
                if level == "+" {
                    node.single = None;
                } else if let Ok(found) = node.position(level) {
                    node.children.remove(found);
                }
            }
            at = parent;
        }
    }
}

impl Node {
    /// The next node for a level of a filter.
    fn child(&self, level: &str) -> Option<usize> {
        if level == "+" { self.single } else { self.named(level) }
    }

    /// The next node for a level of a topic, wildcards aside.
    fn named(&self, level: &str) -> Option<usize> {
        let at = self.position(level).ok()?;
        self.children.get(at).map(|(_, child)| *child)
    }

    fn position(&self, level: &str) -> Result<usize, usize> {
        self.children.binary_search_by(|(name, _)| (**name).cmp(level))
    }

    const fn is_empty(&self) -> bool {
        self.children.is_empty() && self.single.is_none() && self.multi.is_empty() && self.exact.is_empty()
    }
}

/// The levels of a filter, none for `#` alone, and whether `#` follows them.
fn split(filter: TopicFilter<'_>) -> (Option<&str>, bool) {
    let text = filter.topic_part();
    match text.strip_suffix('#') {
        // A filter ends with `#` or with `/#`.
        Some(levels) => (levels.strip_suffix('/'), true),
        None => (Some(text), false),
    }
}

/// Keeps `values` from `begin` on sorted and without repetitions.
fn insert_sorted(values: &mut Vec<u32>, begin: usize, value: u32) {
    let sorted = values.get(begin..).unwrap_or_default();
    if let Err(at) = sorted.binary_search(&value) {
        values.insert(begin + at, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter(text: &str) -> TopicFilter<'_> {
        TopicFilter::parse(text).expect("a legal filter")
    }

    fn matches(trie: &FilterTrie, topic: &str) -> Vec<u32> {
        let mut out = vec![99];
        trie.matches(topic, &mut out);
        out.split_off(1)
    }

    #[test]
    fn finds_every_kind_of_filter() {
        let mut trie = FilterTrie::new();
        assert!(trie.is_empty());
        for (value, text) in
            ["#", "a/#", "a", "a/+", "+/b", "$share/g/a/b", "$SYS/#", "/+", "+"].iter().enumerate()
        {
            trie.insert(filter(text), u32::try_from(value).expect("few filters"));
        }
        assert_eq!(matches(&trie, "a"), [0, 1, 2, 8]);
        assert_eq!(matches(&trie, "a/b"), [0, 1, 3, 4, 5]);
        assert_eq!(matches(&trie, "a/"), [0, 1, 3]);
        assert_eq!(matches(&trie, "/b"), [0, 4, 7]);
        assert_eq!(matches(&trie, "$SYS"), [6]);
        assert_eq!(matches(&trie, "$SYS/b"), [6]);
    }

    #[test]
    fn a_value_of_several_filters_comes_once() {
        let mut trie = FilterTrie::new();
        for text in ["a/#", "+/b", "a/b", "a/b"] {
            trie.insert(filter(text), 7);
        }
        assert_eq!(matches(&trie, "a/b"), [7]);
    }

    #[test]
    fn removing_leaves_nothing_behind() {
        let mut trie = FilterTrie::new();
        trie.insert(filter("a/+/c"), 1);
        trie.insert(filter("a/+/c"), 2);
        trie.insert(filter("a/#"), 1);
        assert!(!trie.remove(filter("a/+"), 1) && !trie.remove(filter("a/b/c"), 1));
        assert!(!trie.remove(filter("a/+/c"), 3));
        for (text, value) in [("a/+/c", 1), ("a/#", 1), ("a/+/c", 2)] {
            assert!(trie.remove(filter(text), value));
            assert!(!trie.remove(filter(text), value));
        }
        assert!(trie.is_empty());
        let nodes = trie.nodes.len();
        trie.insert(filter("x/y/z"), 1);
        assert_eq!(trie.nodes.len(), nodes, "nodes are used again");
    }

    #[test]
    fn as_many_levels_as_a_topic_can_have() {
        let deep = "/".repeat(65_535);
        let mut trie = FilterTrie::new();
        trie.insert(filter(&deep), 1);
        trie.insert(filter(&["+"; 32_768].join("/")), 2);
        assert_eq!(matches(&trie, &deep), [1]);
        assert_eq!(matches(&trie, &"/".repeat(32_767)), [2]);
        assert!(trie.remove(filter(&deep), 1));
        drop(trie);
    }
}
