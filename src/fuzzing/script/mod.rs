//! A whole client driven by a script: commands, time, answers of a server, and whatever else a server may send.

mod acts;
mod broker;
mod properties;
mod settings;
mod world;

use super::input::Input;
use world::World;

/// Bytes that begin a script: a client of 3.1.1 or of 5.0 with plain options.
pub const PLAIN: [[u8; 11]; 2] = [[0; 11], [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]];

/// Acts by number, as `acts.rs` lists them: start, open the transport, answer CONNECT.
pub const CONNECT: [u8; 6] = [0, 1, 0, 2, 0, 0];

/// The act that sends the bytes after it, whose number comes first.
pub const RAW: u8 = 3;

/// Settings, then one act after the other. In the end the client is closed, and everything has settled.
pub fn script(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let Some(mut world) = World::new(settings::read(&mut input)) else { return };
    while !input.is_empty() {
        acts::act(&mut world, &mut input);
    }
    world.end();
}
