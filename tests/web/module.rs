//! What the cases get from WebAssembly.

use wasm_bindgen::prelude::*;
use wasmqtt::web::{MqttEngine, decode_properties};

/// The module under test, and two ways to break it.
#[wasm_bindgen]
pub struct Module;

#[wasm_bindgen]
impl Module {
    /// Linear memory.
    #[wasm_bindgen(getter)]
    pub fn memory(&self) -> JsValue {
        wasm_bindgen::memory()
    }

    /// An engine; its class is the real export, which JavaScript cannot import from here.
    pub fn engine(&self, host: JsValue, options: &JsValue) -> Result<MqttEngine, JsValue> {
        MqttEngine::new(host.unchecked_into(), options.unchecked_ref())
    }

    /// The real `decodeProperties`.
    #[wasm_bindgen(js_name = decodeProperties)]
    pub fn decode_properties(&self, block: &[u8]) -> JsValue {
        decode_properties(block)
    }

    /// Panics, which runs the panic hook and ends in a trap.
    pub fn panic(&self) {
        panic!("asked for");
    }

    /// Traps without a word, as an exhausted stack does.
    pub fn trap(&self) {
        core::arch::wasm32::unreachable()
    }
}

#[wasm_bindgen(module = "/tests/web/support/run.js")]
extern "C" {
    /// Runs the export `case` of the file `group` and tidies up after it.
    #[wasm_bindgen(catch)]
    pub(crate) async fn run(module: Module, group: &str, case: &str) -> Result<(), JsValue>;
}

/// Used by other files only. A file is copied beside those when something of it is named here.
#[allow(dead_code)]
mod copied {
    use super::wasm_bindgen;

    #[wasm_bindgen(module = "/tests/web/support/clock.js")]
    extern "C" {
        type Clock;
    }

    #[wasm_bindgen(module = "/tests/web/support/expect.js")]
    extern "C" {
        fn ok();
    }

    #[wasm_bindgen(module = "/tests/web/support/host.js")]
    extern "C" {
        type Host;
    }

    #[wasm_bindgen(module = "/tests/web/support/packets.js")]
    extern "C" {
        fn packets();
    }

    #[wasm_bindgen(module = "/tests/web/support/rig.js")]
    extern "C" {
        type Rig;
    }

    #[wasm_bindgen(module = "/tests/web/support/socket.js")]
    extern "C" {
        type ScriptedSocket;
    }
}
