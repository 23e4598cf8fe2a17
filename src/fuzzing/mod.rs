//! What the fuzz targets run: each body takes any bytes and panics where a promise is broken.
//!
//! Compiled with the feature `fuzzing` only, for `npm run fuzz` (coverage-guided) and for `tests/fuzz` (seeds and their
//! mutations, on any toolchain). No part of the public API.

#![forbid(unsafe_code)]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::wildcard_enum_match_arm,
    reason = "a panic is how a body reports what it found"
)]

mod filters;
mod input;
mod packet;
pub mod script;
mod store;
mod stream;

pub use filters::filters;
pub use packet::packet;
pub use script::script;
pub use store::store;
pub use stream::stream;

/// Takes any bytes; panics where a promise is broken.
pub type Body = fn(&[u8]);

/// Every target by its name.
pub const TARGETS: [(&str, Body); 5] =
    [("packet", packet), ("stream", stream), ("script", script), ("filters", filters), ("store", store)];
