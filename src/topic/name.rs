//! Topic names: section 4.7.

use super::TopicError;
use super::error::{TopicErrorKind, check_text};

/// A valid topic name: one to 65,535 bytes without wildcards and U+0000 (section 4.7.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicName<'a>(&'a str);

impl<'a> TopicName<'a> {
    /// Checks a topic name.
    ///
    /// # Errors
    /// [`TopicError`] with the first broken rule and its byte position.
    pub fn parse(text: &'a str) -> Result<Self, TopicError> {
        check_text(text)?;
        match wildcard(text) {
            Some(at) => Err(TopicError { kind: TopicErrorKind::Wildcard, at }),
            None => Ok(Self(text)),
        }
    }

    /// The name as text.
    #[must_use]
    pub const fn as_str(self) -> &'a str {
        self.0
    }
}

/// Whether a text contains `+` or `#`, which no topic name does (MQTT-4.7.0-1).
#[must_use]
pub fn has_wildcard(text: &str) -> bool {
    text.bytes().fold(false, |any, byte| any | matches!(byte, b'+' | b'#'))
}

/// Byte position of the first `+` or `#`.
pub(super) fn wildcard(text: &str) -> Option<usize> {
    text.bytes().position(|byte| matches!(byte, b'+' | b'#'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules() {
        let kind = |text: &str| TopicName::parse(text).map_err(|error| (error.kind, error.at)).err();
        for legal in ["/", "a", "//", "$SYS/a", " ", "\u{feff}a", "\u{1}", &"x".repeat(65_535)] {
            assert_eq!(kind(legal), None);
        }
        assert_eq!(kind(""), Some((TopicErrorKind::Empty, 0)));
        assert_eq!(kind("a+b"), Some((TopicErrorKind::Wildcard, 1)));
        assert_eq!(kind("é/#"), Some((TopicErrorKind::Wildcard, 3)));
        assert_eq!(kind("a\0"), Some((TopicErrorKind::Nul, 1)));
        assert_eq!(kind(&"é".repeat(32_768)), Some((TopicErrorKind::TooLong, 65_535)));
    }
}
