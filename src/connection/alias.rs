//! Topic aliases, which live as long as one network connection (3.3.2.3.4).

use core::num::NonZeroU16;

/// Aliases that the server has set.
#[derive(Debug, Default)]
pub(crate) struct InboundAliases {
    topics: Vec<Option<Box<str>>>,
    maximum: u16,
}

impl InboundAliases {
    /// `maximum` is the Topic Alias Maximum of our CONNECT.
    pub(crate) fn new(maximum: u16) -> Self {
        Self { topics: Vec::new(), maximum }
    }

    /// Whether the server may use this alias at all (MQTT-3.3.2-10).
    pub(crate) fn allows(&self, alias: u16) -> bool {
        alias <= self.maximum
    }

    pub(crate) fn bind(&mut self, alias: u16, topic: &str) {
        let index = usize::from(alias);
        if self.topics.len() <= index {
            self.topics.resize(index + 1, None);
        }
        if let Some(slot) = self.topics.get_mut(index) {
            *slot = Some(topic.into());
        }
    }

    pub(crate) fn resolve(&self, alias: u16) -> Option<&str> {
        self.topics.get(usize::from(alias))?.as_deref()
    }
}

/// How to send a topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AliasUse {
    /// In full, without an alias.
    None,
    /// In full, and from now on known by this alias.
    Bind(NonZeroU16),
    /// By the alias alone.
    Known(NonZeroU16),
}

/// Aliases that we have set: every topic gets one, and the least recently used makes room.
#[derive(Debug, Default)]
pub(crate) struct OutboundAliases {
    /// `(topic, last use)`, the alias being the index plus one.
    topics: Vec<(Box<str>, u64)>,
    maximum: u16,
    clock: u64,
}

/// More would cost more to search than the shorter topics save.
const USEFUL_MAXIMUM: u16 = 64;

impl OutboundAliases {
    /// `maximum` is the Topic Alias Maximum of the server's CONNACK.
    pub(crate) fn new(maximum: u16) -> Self {
        Self { topics: Vec::new(), maximum: maximum.min(USEFUL_MAXIMUM), clock: 0 }
    }

    /// Chooses for `topic`, and remembers the choice: the packet must be written next.
    pub(crate) fn choose(&mut self, topic: &str) -> AliasUse {
        if self.maximum == 0 || topic.len() < 3 {
            return AliasUse::None;
        }
        self.clock += 1;
        if let Some(index) = self.topics.iter().position(|(known, _)| known.as_ref() == topic) {
            if let Some((_, used)) = self.topics.get_mut(index) {
                *used = self.clock;
            }
            return alias_of(index).map_or(AliasUse::None, AliasUse::Known);
        }
        let entry = (Box::from(topic), self.clock);
        let index = if self.topics.len() < usize::from(self.maximum) {
            self.topics.push(entry);
            self.topics.len() - 1
        } else {
            let Some((index, slot)) = self.topics.iter_mut().enumerate().min_by_key(|(_, (_, used))| *used)
            else {
                return AliasUse::None;
            };
            *slot = entry;
            index
        };
        alias_of(index).map_or(AliasUse::None, AliasUse::Bind)
    }
    /// Takes back a choice that was not written after all.
    pub(crate) fn forget(&mut self, topic: &str) {
        if let Some((known, used)) = self.topics.iter_mut().find(|(known, _)| known.as_ref() == topic) {
            // Topics are never empty, so this entry is not found again, and it is the next to make room.
            (*known, *used) = (Box::default(), 0);
        }
    }
}

fn alias_of(index: usize) -> Option<NonZeroU16> {
    NonZeroU16::new(u16::try_from(index + 1).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alias(value: u16) -> NonZeroU16 {
        NonZeroU16::new(value).expect("not zero")
    }

    #[test]
    fn a_server_without_aliases_gets_none() {
        assert_eq!(OutboundAliases::new(0).choose("a/b/c"), AliasUse::None);
    }

    #[test]
    fn the_least_recently_used_alias_is_given_away() {
        let mut aliases = OutboundAliases::new(2);
        assert_eq!(aliases.choose("one"), AliasUse::Bind(alias(1)));
        assert_eq!(aliases.choose("two"), AliasUse::Bind(alias(2)));
        assert_eq!(aliases.choose("one"), AliasUse::Known(alias(1)));
        assert_eq!(aliases.choose("three"), AliasUse::Bind(alias(2)));
        assert_eq!(aliases.choose("two"), AliasUse::Bind(alias(1)));
    }

    #[test]
    fn an_inbound_alias_can_be_bound_again() {
        let mut aliases = InboundAliases::new(10);
        assert!(aliases.allows(10) && !aliases.allows(11));
        assert_eq!(aliases.resolve(1), None);
        aliases.bind(1, "t");
        aliases.bind(1, "u");
        assert_eq!(aliases.resolve(1), Some("u"));
    }
}
