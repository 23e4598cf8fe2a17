//! Topic names and topic filters: section 4.7, shared subscriptions: section 4.8.2.

#![forbid(unsafe_code)]

mod error;
mod filter;
mod level;
mod name;
mod trie;

pub use error::{TopicError, TopicErrorKind};
pub use filter::TopicFilter;
pub use name::{TopicName, has_wildcard};
pub use trie::FilterTrie;
