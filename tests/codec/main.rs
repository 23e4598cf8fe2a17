//! The codec from outside: recorded packets, recorded misbehaviour, properties that hold for all inputs, and sweeps
//! over everything near a valid packet.

#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::wildcard_enum_match_arm)]

mod corpus;
mod frames;
mod packets;
mod render;
mod support;
mod sweep;
mod texts;
mod topics;
mod valid;
