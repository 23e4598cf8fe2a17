//! Topic filters: sections 4.7 and 4.8.2.

use super::TopicError;
use super::error::{TopicErrorKind, check_text};
use super::level::{first_level, levels};
use super::name::{has_wildcard, wildcard};

const SHARE: &str = "$share/";

/// A valid topic filter, shared (`$share/{name}/{filter}`) or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicFilter<'a> {
    text: &'a str,
    share_name: Option<&'a str>,
    topic_part: &'a str,
}

impl<'a> TopicFilter<'a> {
    /// Checks a topic filter of 5.0, where `$share/` begins a shared subscription.
    ///
    /// # Errors
    /// [`TopicError`] with the first broken rule and its byte position.
    pub fn parse(text: &'a str) -> Result<Self, TopicError> {
        let Some(shared) = text.strip_prefix(SHARE) else {
            return Self::parse_unshared(text);
        };
        check_text(text)?;
        let fail = |kind, at| Err(TopicError { kind, at: SHARE.len() + at });
        let (share_name, topic_part) = first_level(shared);
        if share_name.is_empty() {
            return fail(TopicErrorKind::ShareName, 0);
        }
        if let Some(at) = wildcard(share_name) {
            return fail(TopicErrorKind::ShareName, at);
        }
        let Some(topic_part) = topic_part.filter(|filter| !filter.is_empty()) else {
            return fail(TopicErrorKind::ShareFilter, shared.len());
        };
        match check_levels(topic_part) {
            Some((kind, at)) => fail(kind, share_name.len() + 1 + at),
            None => Ok(Self { text, share_name: Some(share_name), topic_part }),
        }
    }

    /// Checks a topic filter of 3.1.1, where `$share/` has no meaning of its own.
    ///
    /// # Errors
    /// [`TopicError`] with the first broken rule and its byte position.
    pub fn parse_unshared(text: &'a str) -> Result<Self, TopicError> {
        check_text(text)?;
        match check_levels(text) {
            Some((kind, at)) => Err(TopicError { kind, at }),
            None => Ok(Self { text, share_name: None, topic_part: text }),
        }
    }

    /// The whole filter as text.
    #[must_use]
    pub const fn as_str(self) -> &'a str {
        self.text
    }

    /// Whether this is a shared subscription.
    #[must_use]
    pub const fn is_shared(self) -> bool {
        self.share_name.is_some()
    }

    /// The name of the share.
    #[must_use]
    pub const fn share_name(self) -> Option<&'a str> {
        self.share_name
    }

    /// The part that topics are compared with: the filter without `$share/{name}/`.
    #[must_use]
    pub const fn topic_part(self) -> &'a str {
        self.topic_part
    }

    /// Whether it has a `+` or `#`.
    #[must_use]
    pub fn has_wildcard(self) -> bool {
        has_wildcard(self.topic_part)
    }

    /// Whether a topic name matches; level by level and byte by byte, nothing is normalised (MQTT-4.7.3-4).
    #[must_use]
    pub fn matches(self, topic: &str) -> bool {
        // MQTT-4.7.2-1: a leading wildcard does not match `$` topics.
        if topic.starts_with('$') && self.topic_part.starts_with(['+', '#']) {
            return false;
        }
        let mut topic = levels(Some(topic));
        for level in levels(Some(self.topic_part)) {
            if level == "#" {
                return true; // also when no level is left: `sport/#` matches `sport`
            }
            match topic.next() {
                Some(name) if level == "+" || level == name => {}
                _ => return false,
            }
        }
        topic.next().is_none()
    }
}

/// The first wildcard out of place and where it is.
fn check_levels(filter: &str) -> Option<(TopicErrorKind, usize)> {
    let mut start = 0;
    for level in levels(Some(filter)) {
        let end = start + level.len();
        if let Some(at) = wildcard(level) {
            if level.len() > 1 {
                return Some((TopicErrorKind::WildcardPosition, start + at));
            }
            if level == "#" && end < filter.len() {
                return Some((TopicErrorKind::MultiLevelNotLast, start));
            }
        }
        start = end + 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> Option<(TopicErrorKind, usize)> {
        TopicFilter::parse(text).map_err(|error| (error.kind, error.at)).err()
    }

    #[test]
    fn wildcards_take_whole_levels() {
        for legal in ["#", "+", "+/+", "/", "//#", "a/+/b/#", "$SYS/#", "$share", "$shared/#", "/$share/+"] {
            assert_eq!(error(legal), None, "{legal}");
        }
        assert_eq!(error("a+"), Some((TopicErrorKind::WildcardPosition, 1)));
        assert_eq!(error("a/b#"), Some((TopicErrorKind::WildcardPosition, 3)));
        assert_eq!(error("##"), Some((TopicErrorKind::WildcardPosition, 0)));
        assert_eq!(error("a/#/b"), Some((TopicErrorKind::MultiLevelNotLast, 2)));
        assert_eq!(error("#/"), Some((TopicErrorKind::MultiLevelNotLast, 0)));
        assert_eq!(error(""), Some((TopicErrorKind::Empty, 0)));
        assert_eq!(error("a/\0"), Some((TopicErrorKind::Nul, 2)));
    }

    #[test]
    fn shared_subscriptions() {
        let filter = TopicFilter::parse("$share/group/a/+").expect("a legal filter");
        assert_eq!((filter.share_name(), filter.topic_part()), (Some("group"), "a/+"));
        assert!(filter.matches("a/b") && !filter.matches("$share/group/a/b"));
        assert_eq!(TopicFilter::parse("$share/g//").map(TopicFilter::topic_part), Ok("/"));
        assert_eq!(error("$share/"), Some((TopicErrorKind::ShareName, 7)));
        assert_eq!(error("$share//a"), Some((TopicErrorKind::ShareName, 7)));
        assert_eq!(error("$share/g+/a"), Some((TopicErrorKind::ShareName, 8)));
        assert_eq!(error("$share/#"), Some((TopicErrorKind::ShareName, 7)));
        assert_eq!(error("$share/g"), Some((TopicErrorKind::ShareFilter, 8)));
        assert_eq!(error("$share/g/"), Some((TopicErrorKind::ShareFilter, 9)));
        assert_eq!(error("$share/g/a/#/b"), Some((TopicErrorKind::MultiLevelNotLast, 11)));
        assert!(TopicFilter::parse_unshared("$share/g").is_ok_and(|filter| !filter.is_shared()));
    }

    #[test]
    fn examples_of_the_standard() {
        for (filter, topic, expected) in [
            ("sport/tennis/player1/#", "sport/tennis/player1", true),
            ("sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon", true),
            ("sport/#", "sport", true),
            ("sport/tennis/+", "sport/tennis/player1/ranking", false),
            ("sport/+", "sport", false),
            ("sport/+", "sport/", true),
            ("+/+", "/finance", true),
            ("/+", "/finance", true),
            ("+", "/finance", false),
            ("#", "$SYS/a", false),
            ("+/monitor/Clients", "$SYS/monitor/Clients", false),
            ("$SYS/#", "$SYS/a", true),
            ("$SYS/monitor/+", "$SYS/monitor/Clients", true),
            ("ACCOUNTS", "Accounts", false),
        ] {
            let parsed = TopicFilter::parse(filter).expect("a legal filter");
            assert_eq!(parsed.matches(topic), expected, "{filter} {topic}");
        }
    }
}
