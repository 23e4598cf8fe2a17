//! An MQTT client for web pages: a state machine without input or output, and the browser driver around it.

pub mod client;
pub mod codec;
pub mod config;
pub mod connection;
mod error;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
mod rule;
pub mod session;
pub mod time;
pub mod topic;
#[cfg(target_arch = "wasm32")]
pub mod web;

pub use error::{Error, ErrorCode, ErrorInfo, Evidence, Stage};
pub use rule::Rule;
