//! What the application is subscribed to, and which subscriptions an incoming message belongs to.

use crate::codec::{Properties, ReasonCode, SubscribeOptions};
use crate::topic::{FilterTrie, TopicFilter};

/// One subscription of the application.
#[derive(Debug)]
pub(crate) struct Subscription {
    /// Names the subscription to the application. Grows; never given twice.
    pub(crate) id: u32,
    pub(crate) filter: Box<str>,
    pub(crate) options: SubscribeOptions,
    /// The Subscription Identifier of the SUBSCRIBE packet that last carried the filter (3.8.2.1.2).
    pub(crate) identifier: u32,
    /// Properties of that packet, without the identifier.
    pub(crate) properties: Box<[u8]>,
    /// What the server answered to these options; `None` until it did.
    pub(crate) granted: Option<ReasonCode>,
}

/// The application's subscriptions, by their number and by their filter.
#[derive(Debug, Default)]
pub(crate) struct Subscriptions {
    /// Ordered by id.
    entries: Vec<Subscription>,
    /// Ids, ordered by filter.
    by_filter: Vec<(Box<str>, u32)>,
    trie: FilterTrie,
    last_id: u32,
    epoch: u32,
}

/// Highest Subscription Identifier (3.8.2.1.2).
const HIGHEST_IDENTIFIER: u32 = 268_435_455;

impl Subscriptions {
    /// Changes whenever an answer of [`Subscriptions::route`] may change.
    pub(crate) fn epoch(&self) -> u32 {
        self.epoch
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn has_room(&self, filters: usize) -> bool {
        (self.last_id as usize).saturating_add(filters) <= HIGHEST_IDENTIFIER as usize
    }

    pub(crate) fn get(&self, id: u32) -> Option<&Subscription> {
        self.entries.get(self.index(id)?)
    }

    pub(crate) fn get_mut(&mut self, id: u32) -> Option<&mut Subscription> {
        let index = self.index(id)?;
        self.entries.get_mut(index)
    }

    pub(crate) fn find(&self, filter: &str) -> Option<&Subscription> {
        let index = self.by_filter.binary_search_by(|(other, _)| other.as_ref().cmp(filter)).ok()?;
        let (_, id) = self.by_filter.get(index)?;
        self.get(*id)
    }

    /// Finds or adds a subscription for each filter. Those that are new, or whose options changed, wait for the server
    /// and share one Subscription Identifier, because they go out in one packet.
    pub(crate) fn want(
        &mut self,
        filters: &[(TopicFilter<'_>, SubscribeOptions)],
        properties: &[u8],
    ) -> Vec<u32> {
        let mut identifier = None;
        let mut ids = Vec::with_capacity(filters.len());
        for (filter, options) in filters {
            let id = match self.find(filter.as_str()) {
                Some(entry) => entry.id,
                None => self.add(*filter, *options),
            };
            ids.push(id);
            let Some(entry) = self.get_mut(id) else { continue };
            if entry.options != *options {
                (entry.options, entry.granted) = (*options, None);
            }
            if entry.granted.is_none() {
                entry.identifier = *identifier.get_or_insert(id);
                entry.properties = properties.into();
            }
        }
        self.epoch = self.epoch.wrapping_add(1);
        ids
    }

    fn add(&mut self, filter: TopicFilter<'_>, options: SubscribeOptions) -> u32 {
        self.last_id += 1;
        let id = self.last_id;
        let text = filter.as_str();
        if let Err(index) = self.by_filter.binary_search_by(|(other, _)| other.as_ref().cmp(text)) {
            self.by_filter.insert(index, (text.into(), id));
        }
        self.trie.insert(filter, id);
        self.entries.push(Subscription {
            id,
            filter: text.into(),
            options,
            identifier: id,
            properties: Box::default(),
            granted: None,
        });
        id
    }

    pub(crate) fn remove(&mut self, id: u32) -> Option<Subscription> {
        let index = self.index(id)?;
        let entry = self.entries.remove(index);
        self.epoch = self.epoch.wrapping_add(1);
        if let Ok(index) = self.by_filter.binary_search_by(|(other, _)| other.cmp(&entry.filter)) {
            self.by_filter.remove(index);
        }
        if let Ok(filter) = TopicFilter::parse(&entry.filter) {
            self.trie.remove(filter, id);
        }
        Some(entry)
    }

    /// Writes the ids of the subscriptions that a message on `topic` belongs to.
    ///
    /// Where the server named Subscription Identifiers, those decide, so that overlapping subscriptions see each copy
    /// once (3.3.4). An identifier left over from another life of the session must not mislead: it counts only where
    /// the filter matches too, and when none counts, the filters alone decide.
    pub(crate) fn route(&self, topic: &str, properties: Properties<'_>, out: &mut Vec<u32>) {
        let start = out.len();
        self.trie.matches(topic, out);
        let mut named = properties.subscription_identifiers().peekable();
        if named.peek().is_none() {
            return;
        }
        let named: Vec<u32> = named.collect();
        let is_named = |id: &u32| self.get(*id).is_some_and(|entry| named.contains(&entry.identifier));
        if out.iter().skip(start).any(is_named) {
            let mut position = 0;
            out.retain(|id| {
                position += 1;
                position <= start || is_named(id)
            });
        }
    }

    /// Confirmed subscriptions, in groups to announce in one SUBSCRIBE each: those that share identifier and properties.
    /// They wait for the server again from now on, so that no loss of a session announces them twice.
    pub(crate) fn renew(&mut self) -> Vec<Vec<u32>> {
        let mut groups: Vec<(u32, Vec<u32>)> = Vec::new();
        for entry in self.entries.iter_mut() {
            if entry.granted.take().is_none() {
                continue;
            }
            // Members of a group were mostly added together, so the last group is the one to look at.
            match groups.last_mut() {
                Some((identifier, ids)) if *identifier == entry.identifier => ids.push(entry.id),
                Some(_) | None => groups.push((entry.identifier, vec![entry.id])),
            }
        }
        groups.into_iter().map(|(_, ids)| ids).collect()
    }

    /// The server's answer for each of `ids`: from `answers`, or as it was granted before.
    pub(crate) fn reasons(&self, ids: &[u32], answers: &[(u32, ReasonCode)]) -> Vec<ReasonCode> {
        let answer = |id: &u32| {
            let granted = self.get(*id).and_then(|entry| entry.granted);
            let now = answers.iter().find(|(answered, _)| answered == id).map(|(_, reason)| *reason);
            // Neither: the application gave the subscription up before it was sent, which is no failure.
            now.or(granted).unwrap_or(ReasonCode::NO_SUBSCRIPTION_EXISTED)
        };
        ids.iter().map(answer).collect()
    }

    fn index(&self, id: u32) -> Option<usize> {
        self.entries.binary_search_by_key(&id, |entry| entry.id).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // §3.8.2.1.2
    #[test]
    fn numbers_end_with_the_highest_subscription_identifier() {
        let table = Subscriptions { last_id: HIGHEST_IDENTIFIER - 2, ..Subscriptions::default() };
        assert!(table.has_room(2));
        assert!(!table.has_room(3) && !table.has_room(usize::MAX));
    }
}
