//! The browser around the core: WebSocket, timer and the boundary to JavaScript. wasm32 only.
//!
//! Rules that everything here keeps: no JavaScript is called while the core is borrowed; what the application wrote
//! never runs on top of a wasm frame, because the sink only takes a batch in and dispatches it in a microtask; no
//! closure is leaked, and none is dropped while it runs; a trap leaves the engine refusing every further call.

mod allocator;
mod batch;
mod binding;
mod dialing;
mod driver;
mod fault;
mod flow;
mod host;
mod objects;
mod options;
mod socket;
mod store;
mod timer;

pub use binding::{MqttEngine, decode_properties};
