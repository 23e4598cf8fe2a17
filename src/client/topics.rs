//! Topics seen lately, so that a busy one is looked up, routed and handed out by a number.

use crate::codec::{Properties, PropertyId, RawPublish};
use crate::session::Subscriptions;
use core::ops::Range;

/// Topics kept; beyond that a new one takes the place of another.
const MAX_TOPICS: usize = 16_384;
/// Bytes that may belong to one topic. A larger one is looked up for every message, so that the table has a ceiling, and
/// with it the names that the application keeps for its numbers.
const MAX_BYTES: usize = 512;
/// Stands for the last topic that was too large.
const TOO_LARGE: usize = 0;
/// Places where a topic may be noted, from that of its hash on: what a search costs, whatever topics a server makes up.
const WINDOW: usize = 16;

#[derive(Debug, Default)]
struct Entry {
    hash: u32,
    /// State of the subscriptions for which `routes` was found.
    epoch: u32,
    topic: Box<str>,
    /// Subscription Identifiers of the messages it is for: with others a topic may belong to other subscriptions.
    identifiers: Box<[u32]>,
    routes: Box<[u32]>,
    /// A message has carried topic and routes to the application.
    handed_out: bool,
}

/// Where an entry is, beside a part of its hash.
#[derive(Clone, Copy, Debug, Default)]
struct Place {
    tag: u16,
    /// 0: free.
    index: u16,
}

/// The table. Topic ids are indices of its entries.
#[derive(Debug, Default)]
pub(crate) struct Topics {
    entries: Vec<Entry>,
    /// By hash: twice as many as entries or more, a power of two, and the rest of the last window.
    places: Vec<Place>,
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
        let known = self.find(hash(topic.as_bytes()), topic.as_bytes(), properties);
        let index = match known {
            Some((index, entry)) if entry.epoch == subscriptions.epoch() => index,
            _ => {
                let known = known.map(|(index, _)| index);
                self.put(known, Entry::new(topic, properties, subscriptions))
            }
        };
        u32::try_from(index).unwrap_or(u32::MAX)
    }

    /// The id of the topic of a message, if the table has it as it would be for this message. So its bytes are legal.
    pub(crate) fn known(&self, publish: &RawPublish<'_>, subscriptions: &Subscriptions) -> Option<u32> {
        if publish.properties.contains(PropertyId::TopicAlias) {
            return None;
        }
        let (index, entry) = self.find(hash(publish.topic), publish.topic, publish.properties)?;
        u32::try_from(index).ok().filter(|_| entry.epoch == subscriptions.epoch())
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

    fn find(&self, hash: u32, topic: &[u8], properties: Properties<'_>) -> Option<(usize, &Entry)> {
        for place in self.places.get(self.window(hash)).unwrap_or_default() {
            if place.tag != tag(hash) || place.index == 0 {
                continue;
            }
            let index = usize::from(place.index);
            let entry = self.entries.get(index)?;
            if entry.topic.as_bytes() == topic
                && (properties.is_empty() && entry.identifiers.is_empty()
                    || entry.identifiers.iter().copied().eq(properties.subscription_identifiers()))
            {
                return Some((index, entry));
            }
        }
        None
    }

    /// Adds an entry, or exchanges the one that is known.
    fn put(&mut self, known: Option<usize>, mut entry: Entry) -> usize {
        if self.entries.is_empty() {
            self.entries.push(Entry::default());
        }
        let index = if entry.bytes() > MAX_BYTES {
            TOO_LARGE
        } else {
            known.unwrap_or_else(|| self.make_room(entry.hash))
        };
        if let Some(before) = self.entries.get_mut(index) {
            // Who reads the messages knows the number as it was.
            entry.handed_out = known == Some(index) && before.handed_out && before.routes == entry.routes;
            *before = entry;
        }
        index
    }

    /// A number for a new entry with this hash, which is noted.
    fn make_room(&mut self, hash: u32) -> usize {
        let len = self.entries.len();
        let index = if len < MAX_TOPICS {
            self.entries.push(Entry::default());
            len
        } else {
            // The newcomer chooses who goes, so that no order of topics has each of them gone when it comes back.
            1 + hash as usize % (len - 1)
        };
        if 2 * index > self.places.len() {
            self.places.clear();
            self.places.resize((2 * len).next_power_of_two().max(64) + WINDOW, Place::default());
            for other in 1..len {
                self.note(other, self.entries.get(other).map_or(0, |entry| entry.hash));
            }
        }
        if let Some(leaving) = self.entries.get(index).map(|entry| self.window(entry.hash)) {
            let places = self.places.get_mut(leaving).unwrap_or_default();
            places
                .iter_mut()
                .filter(|place| usize::from(place.index) == index)
                .for_each(|place| *place = Place::default());
        }
        self.note(index, hash);
        index
    }

    /// Where the window is full, another one is no longer found, and its entry waits to be chosen.
    fn note(&mut self, index: usize, hash: u32) {
        let window = self.window(hash);
        let places = self.places.get_mut(window).unwrap_or_default();
        let free = places.iter().position(|place| place.index == 0).unwrap_or_default();
        if let (Some(place), Ok(index)) = (places.get_mut(free), u16::try_from(index)) {
            *place = Place { tag: tag(hash), index };
        }
    }

    fn window(&self, hash: u32) -> Range<usize> {
        let count = self.places.len().saturating_sub(WINDOW);
        let start = hash as usize & count.saturating_sub(1);
        start..start + WINDOW
    }
}

impl Entry {
    fn new(topic: &str, properties: Properties<'_>, subscriptions: &Subscriptions) -> Self {
        let mut routes = Vec::new();
        subscriptions.route(topic, properties, &mut routes);
        Self {
            hash: hash(topic.as_bytes()),
            epoch: subscriptions.epoch(),
            topic: topic.into(),
            identifiers: properties.subscription_identifiers().collect(),
            routes: routes.into(),
            handed_out: false,
        }
    }

    fn bytes(&self) -> usize {
        self.topic.len() + size_of_val(&*self.identifiers) + size_of_val(&*self.routes)
    }
}

/// Word by word, each spread over the bits above it; at last these come down, since the low ones choose the place.
fn hash(topic: &[u8]) -> u32 {
    let (words, rest) = topic.as_chunks();
    let add = |hash: u32, word: u32| (hash.rotate_left(5) ^ word).wrapping_mul(0x9E37_79B1);
    let hash = words.iter().fold(0, |hash, word| add(hash, u32::from_le_bytes(*word)));
    let hash = rest.iter().fold(hash, |hash, byte| add(hash, (*byte).into()));
    hash ^ hash >> 16
}

/// What the index of the table does not see of a hash.
const fn tag(hash: u32) -> u16 {
    (hash >> 16) as u16
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

    /// What the application would believe: names by number, as messages have told them.
    #[derive(Default)]
    struct Reader(std::collections::BTreeMap<u32, String>);

    impl Reader {
        /// Reads a message, and tells whether it named its topic.
        fn read(&mut self, topics: &mut Topics, topic: &str, subscriptions: &Subscriptions) -> bool {
            let found = intern(topics, topic, subscriptions);
            if found.is_new {
                self.0.insert(found.id, topics.topic(found.id).into());
            }
            assert_eq!(self.0.get(&found.id).map(String::as_str), Some(topic));
            found.is_new
        }
    }

    #[test]
    fn ten_thousand_topics_are_named_once() {
        let (mut topics, subscriptions) = (Topics::default(), Subscriptions::default());
        let mut reader = Reader::default();
        let mut round = || {
            (0..10_000).filter(|i| reader.read(&mut topics, &format!("device/{i}"), &subscriptions)).count()
        };
        assert_eq!((round(), round()), (10_000, 0));
    }

    #[test]
    fn more_topics_than_it_holds_push_out_some_and_not_all() {
        let (mut topics, subscriptions) = (Topics::default(), Subscriptions::default());
        let mut reader = Reader::default();
        let mut round = || {
            (0..20_000).filter(|i| reader.read(&mut topics, &format!("device/{i}"), &subscriptions)).count()
        };
        let named = [round(), round(), round()];
        assert!(named[0] == 20_000 && named[1] < 14_000 && named[2] < 14_000, "{named:?}");
        assert!(topics.entries.len() == MAX_TOPICS && topics.places.len() <= 2 * MAX_TOPICS + WINDOW);
    }

    #[test]
    fn ever_new_topics_keep_no_more_than_a_ceiling() {
        let (mut topics, subscriptions) = (Topics::default(), Subscriptions::default());
        let mut reader = Reader::default();
        for number in 0..60_000 {
            let length = if number % 100 == 0 { 60_000 } else { number % (MAX_BYTES + 20) };
            reader.read(&mut topics, &format!("{number}{}", "x".repeat(length)), &subscriptions);
        }
        assert_eq!(topics.entries.len(), MAX_TOPICS);
        assert!(topics.entries.iter().skip(1).all(|entry| entry.bytes() <= MAX_BYTES));
        let names: usize = reader.0.values().map(String::len).sum();
        assert!(names <= MAX_TOPICS * MAX_BYTES + 65_535, "what the reader has to keep: {names}");
    }

    #[test]
    fn topics_of_one_hash_are_searched_no_longer_than_a_window() {
        let (mut topics, subscriptions) = (Topics::default(), Subscriptions::default());
        for number in 0..40 {
            topics.put(
                None,
                Entry { hash: 7, ..Entry::new(&format!("{number}"), Properties::EMPTY, &subscriptions) },
            );
        }
        let found = (0..40)
            .filter(|number| topics.find(7, number.to_string().as_bytes(), Properties::EMPTY).is_some());
        assert_eq!(found.count(), WINDOW);
        assert!(topics.find(7, b"39", Properties::EMPTY).is_some(), "the last one is");
    }

    #[test]
    fn a_topic_that_belongs_to_too_many_subscriptions_is_named_each_time() {
        let (mut topics, mut subscriptions) = (Topics::default(), Subscriptions::default());
        assert!(intern(&mut topics, "a/b", &subscriptions).is_new);
        let shares: Vec<String> = (0..MAX_BYTES).map(|number| format!("$share/{number}/a/b")).collect();
        let wanted: Vec<_> = shares
            .iter()
            .map(|filter| (TopicFilter::parse(filter).expect("valid"), SubscribeOptions::default()))
            .collect();
        let ids = subscriptions.want(&wanted, &[]);
        for _ in 0..2 {
            let found = intern(&mut topics, "a/b", &subscriptions);
            assert!(found.is_new && topics.routes(found.id).len() == MAX_BYTES);
        }
        for id in ids {
            subscriptions.remove(id);
        }
        let found = intern(&mut topics, "a/b", &subscriptions);
        assert!(!found.is_new && topics.routes(found.id).is_empty(), "under its number of before");
    }
}
