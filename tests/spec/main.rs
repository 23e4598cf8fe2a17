//! Behaviour of the client, one test each: what the server says, what the client sends and tells.
//!
//! Comments name the statement or section of the standard; 5.0 numbering where both versions have the rule.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::wildcard_enum_match_arm)]

#[path = "../support/mod.rs"]
mod support;

mod contexts;
mod corpus;
