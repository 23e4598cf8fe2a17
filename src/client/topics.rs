//! Topics seen lately, so that a busy one is looked up, routed and handed out by a number.

use crate::codec::Properties;
use crate::session::Subscriptions;

/// Topics kept; beyond that the table starts over.
const MAX_TOPICS: usize = 1024;
/// Bytes of topics kept.
const MAX_BYTES: usize = 256 * 1024;
/// Places of the hash index: twice the topics, a power of two.
const PLACES: usize = MAX_TOPICS * 2;

#[derive(Debug)]
struct Entry {
    topic: Box<str>,
    /// Subscription Identifiers of the messages it is for: with others a topic may belong to other subscriptions.
    identifiers: Vec<u32>,
    /// State of the subscriptions for which `routes` was found.
    epoch: Option<u32>,
    routes: Vec<u32>,
    /// A message has carried topic and routes to the application.
    handed_out: bool,
}

/// The table. Topic ids are indices into it.
#[derive(Debug, Default)]
pub(crate) struct Topics {
    entries: Vec<Entry>,
    /// Index of an entry plus one, at the hash of its topic or behind it.
    places: Vec<u16>,
    bytes: usize,
}

/// What the table knows about the topic of one message.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TopicRef {
    pub(crate) id: u32,
    pub(crate) is_new: bool,
}

impl Topics {
    /// Finds or adds `topic` and brings its routes up to date for a message with these properties. Answers its id.
    pub(crate) fn intern(
        &mut self,
        topic: &str,
        properties: Properties<'_>,
        subscriptions: &Subscriptions,
    ) -> u32 {
        let index = self.find_or_add(topic, properties);
        let epoch = Some(subscriptions.epoch());
        if let Some(entry) = self.entries.get_mut(index).filter(|entry| entry.epoch != epoch) {
            let before = core::mem::take(&mut entry.routes);
            subscriptions.route(topic, properties, &mut entry.routes);
            entry.handed_out &= entry.routes == before;
            entry.epoch = epoch;
        }
        u32::try_from(index).unwrap_or(u32::MAX)
    }

    /// The message with this topic goes to the application, unlike one that turned out to be a repetition.
    pub(crate) fn hand_out(&mut self, id: u32) -> TopicRef {
        let before =
            self.entries.get_mut(id as usize).map(|entry| core::mem::replace(&mut entry.handed_out, true));
        TopicRef { id, is_new: before == Some(false) }
    }

    pub(crate) fn topic(&self, id: u32) -> &str {
        self.entries.get(id as usize).map_or("", |entry| &entry.topic)
    }

    pub(crate) fn routes(&self, id: u32) -> &[u32] {
        self.entries.get(id as usize).map_or(&[], |entry| &entry.routes)
    }

    fn find_or_add(&mut self, topic: &str, properties: Properties<'_>) -> usize {
        if self.places.is_empty() {
            self.places.resize(PLACES, 0);
        }
        let mut place = hash(topic) % PLACES;
        // The index is at most half full, so a free place ends every search.
        while let Some(index) = self.places.get(place).and_then(|slot| usize::from(*slot).checked_sub(1)) {
            let is_it = |entry: &Entry| {
                entry.topic.as_ref() == topic
                    && entry.identifiers.iter().copied().eq(properties.subscription_identifiers())
            };
            if self.entries.get(index).is_some_and(is_it) {
                return index;
            }
            place = (place + 1) % PLACES;
        }
        if self.entries.len() >= MAX_TOPICS || self.bytes + topic.len() > MAX_BYTES {
            self.entries.clear();
            self.places.fill(0);
            self.bytes = 0;
            place = hash(topic) % PLACES;
        }
        let index = self.entries.len();
        if let (Some(slot), Ok(number)) = (self.places.get_mut(place), u16::try_from(index + 1)) {
            *slot = number;
        }
        self.bytes += topic.len();
        self.entries.push(Entry {
            topic: topic.into(),
            identifiers: properties.subscription_identifiers().collect(),
            epoch: None,
            routes: Vec::new(),
            handed_out: false,
        });
        index
    }
}

/// FNV-1a. A server that makes topics collide costs itself a longer search of 1,024 entries, and no more.
fn hash(topic: &str) -> usize {
    let hash =
        topic.bytes().fold(0x811C_9DC5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    hash as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::SubscribeOptions;
    use crate::topic::TopicFilter;

    fn intern(topics: &mut Topics, topic: &str, subscriptions: &Subscriptions) -> TopicRef {
        let id = topics.intern(topic, Properties::EMPTY, subscriptions);
        topics.hand_out(id)
    }

    #[test]
    fn a_topic_keeps_its_number_and_learns_of_new_subscriptions() {
        let mut topics = Topics::default();
        let mut subscriptions = Subscriptions::default();
        let first = intern(&mut topics, "a/b", &subscriptions);
        assert!(first.is_new && topics.routes(first.id).is_empty());
        let filter = TopicFilter::parse("a/+").expect("valid");
        let id = *subscriptions.want(&[(filter, SubscribeOptions::default())], &[]).first().expect("one");
        let second = intern(&mut topics, "a/b", &subscriptions);
        assert_eq!((second.id, second.is_new), (first.id, true), "announced with its routes");
        assert_eq!(topics.routes(second.id), [id]);
        let other = TopicFilter::parse("other").expect("valid");
        subscriptions.want(&[(other, SubscribeOptions::default())], &[]);
        assert!(!intern(&mut topics, "a/b", &subscriptions).is_new, "its routes are the same");
        subscriptions.remove(id);
        let third = intern(&mut topics, "a/b", &subscriptions);
        assert!(third.is_new && topics.routes(third.id).is_empty());
    }

    #[test]
    fn other_subscription_identifiers_make_another_number() {
        let mut topics = Topics::default();
        let mut subscriptions = Subscriptions::default();
        let mut subscribe = |filter| {
            let filter = TopicFilter::parse(filter).expect("valid");
            subscriptions.want(&[(filter, SubscribeOptions::default())], &[])[0]
        };
        let (first, second) = (subscribe("a/+"), subscribe("a/#"));
        let named = |id: u32| [0x0b, u8::try_from(id).expect("small")];
        let mut routes = |id| {
            let block = named(id);
            let id = topics.intern("a/b", Properties::from_validated(&block), &subscriptions);
            (topics.hand_out(id).is_new, topics.routes(id).to_vec())
        };
        assert_eq!(routes(first), (true, vec![first]));
        assert_eq!(routes(second), (true, vec![second]));
        assert_eq!(routes(first), (false, vec![first]));
        assert_eq!(routes(second), (false, vec![second]));
    }

    #[test]
    fn more_topics_than_it_holds_start_it_over() {
        let mut topics = Topics::default();
        let subscriptions = Subscriptions::default();
        for number in 0..5000 {
            let topic = format!("device/{number}");
            let found = intern(&mut topics, &topic, &subscriptions);
            assert!(found.is_new);
            assert_eq!(topics.topic(found.id), topic);
            assert!(topics.entries.len() <= MAX_TOPICS);
        }
    }

    #[test]
    fn long_topics_are_bounded_in_bytes() {
        let mut topics = Topics::default();
        for number in 0..20 {
            let topic = format!("{number}{}", "x".repeat(60_000));
            intern(&mut topics, &topic, &Subscriptions::default());
            assert!(topics.bytes <= MAX_BYTES);
        }
    }
}
