//! What can be wrong with a topic name or filter.

use crate::rule::{Rule, rule};

/// Why a text is not a topic name or topic filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TopicError {
    /// The broken rule.
    pub kind: TopicErrorKind,
    /// Byte position of the fault in the text.
    pub at: usize,
}

/// The rules of topic names and filters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TopicErrorKind {
    /// No character at all (MQTT-4.7.3-1).
    Empty,
    /// More than 65,535 bytes in UTF-8 (MQTT-4.7.3-3).
    TooLong,
    /// U+0000 (MQTT-4.7.3-2).
    Nul,
    /// `+` or `#` in a topic name (MQTT-4.7.0-1).
    Wildcard,
    /// `+` or `#` that shares its level with other characters (MQTT-4.7.1-1, MQTT-4.7.1-2).
    WildcardPosition,
    /// `#` before the last level (MQTT-4.7.1-1).
    MultiLevelNotLast,
    /// `$share/` without a name, or with a wildcard in it (MQTT-4.8.2-1, MQTT-4.8.2-2).
    ShareName,
    /// `$share/{name}` without a filter behind it (MQTT-4.8.2-2).
    ShareFilter,
}

impl TopicErrorKind {
    /// The statement that says so, in the numbering of 5.0.
    #[must_use]
    pub const fn statement(self) -> Rule {
        match self {
            Self::Empty => rule!("MQTT-4.7.3-1"),
            Self::TooLong => rule!("MQTT-4.7.3-3"),
            Self::Nul => rule!("MQTT-4.7.3-2"),
            Self::Wildcard => rule!("MQTT-4.7.0-1"),
            Self::WildcardPosition => rule!("MQTT-4.7.1-2"),
            Self::MultiLevelNotLast => rule!("MQTT-4.7.1-1"),
            Self::ShareName => rule!("MQTT-4.8.2-1"),
            Self::ShareFilter => rule!("MQTT-4.8.2-2"),
        }
    }
}

impl core::fmt::Display for TopicError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let rule = match self.kind {
            TopicErrorKind::Empty => "a topic has at least one character",
            TopicErrorKind::TooLong => "a topic has at most 65,535 bytes",
            TopicErrorKind::Nul => "a topic has no U+0000",
            TopicErrorKind::Wildcard => "a topic name has no wildcards",
            TopicErrorKind::WildcardPosition => "a wildcard takes a whole level",
            TopicErrorKind::MultiLevelNotLast => "'#' is the last level",
            TopicErrorKind::ShareName => "the share name is empty or has a wildcard",
            TopicErrorKind::ShareFilter => "a filter is missing behind the share name",
        };
        write!(f, "{rule} (at byte {}, {})", self.at, self.kind.statement())
    }
}

impl core::error::Error for TopicError {}

/// What holds for names and filters alike.
pub(super) fn check_text(text: &str) -> Result<(), TopicError> {
    let fail = |kind, at| Err(TopicError { kind, at });
    if text.is_empty() {
        return fail(TopicErrorKind::Empty, 0);
    }
    let limit = usize::from(u16::MAX);
    if text.len() > limit {
        return fail(TopicErrorKind::TooLong, limit);
    }
    match text.bytes().position(|byte| byte == 0) {
        Some(at) => fail(TopicErrorKind::Nul, at),
        None => Ok(()),
    }
}
