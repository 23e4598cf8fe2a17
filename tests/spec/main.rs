//! Behaviour of the client, one test each: what the server says, what the client sends and tells.
//!
//! Comments name the statement or section of the standard; 5.0 numbering where both versions have the rule.

#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::wildcard_enum_match_arm)]

#[path = "../support/mod.rs"]
mod support;

mod agreement;
mod aliases;
mod auth;
mod cancel;
mod connect;
mod contexts;
mod corpus;
mod evidence;
mod expiry;
mod identifiers;
mod idle;
mod keep_alive;
mod leave;
mod limits;
mod manual_ack;
mod options;
mod publish;
mod queue;
mod quota;
mod receive;
mod reconnect;
mod redirect;
mod refusals;
mod renewal;
mod routing;
mod session;
mod settling;
mod statement_connect;
mod statement_ending;
mod statement_format;
mod statement_messages;
mod statement_requests;
mod store;
mod store_answers;
mod store_damage;
mod subscribe;
mod surroundings;
mod suspicion;
mod tap;
mod versions;
