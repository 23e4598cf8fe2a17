//! What the JavaScript side of the engine provides. Every call catches: an exception that unwound through wasm would
//! run no destructors and leave cells borrowed.

use crate::error::Error;
use crate::rule::to_number;
use js_sys::{Array, Promise, Uint8Array};
use wasm_bindgen::prelude::*;
use web_sys::WebSocket;

#[wasm_bindgen]
extern "C" {
    /// The object that receives batches and answers questions. Written in TypeScript, not by the application.
    pub type EngineHost;

    /// URL, credentials and perhaps the socket of one attempt.
    #[wasm_bindgen(method, catch)]
    pub(super) fn resolve(this: &EngineHost, attempt: u32) -> Result<Promise, JsValue>;

    /// Tells which socket is in use. The host listens to its messages, and can close it after a trap.
    #[wasm_bindgen(method, catch, js_name = onSocket)]
    pub(super) fn on_socket(this: &EngineHost, socket: &WebSocket) -> Result<(), JsValue>;

    /// Hands out a batch of `length` words with `records` records. The host copies it before it returns.
    #[wasm_bindgen(method, catch, js_name = onBatch)]
    pub(super) fn on_batch(
        this: &EngineHost,
        words: *const u32,
        length: usize,
        records: usize,
        details: Option<Array>,
    ) -> Result<(), JsValue>;

    /// Hands changes to the store: keys, each followed by its record or by undefined to remove it.
    #[wasm_bindgen(method, catch, js_name = onStore)]
    pub(super) fn on_store(this: &EngineHost, changes: &Array, all: bool) -> Result<(), JsValue>;

    /// Asks for `flush` in a microtask, or `later`, in a task behind those that wait already.
    #[wasm_bindgen(method, catch)]
    pub(super) fn schedule(this: &EngineHost, later: bool) -> Result<(), JsValue>;

    /// Makes the error object that the application will see.
    #[wasm_bindgen(method, catch, js_name = makeError)]
    fn make_error(
        this: &EngineHost,
        code: u16,
        reason: i32,
        at: f64,
        limit: f64,
        statement: u32,
        text: Option<&str>,
        close_code: i32,
        retryable: bool,
        server_reference: Option<&str>,
        cause: &JsValue,
        stage: i32,
        elapsed: f64,
        attempt: u32,
        silent: f64,
    ) -> Result<JsValue, JsValue>;

    /// A panic is about to become a trap.
    #[wasm_bindgen(method, catch, js_name = onFault)]
    pub(super) fn on_fault(this: &EngineHost) -> Result<(), JsValue>;

    /// Where one attempt goes.
    pub(super) type Target;

    #[wasm_bindgen(method, getter)]
    pub(super) fn url(this: &Target) -> String;

    #[wasm_bindgen(method, getter)]
    pub(super) fn protocols(this: &Target) -> Array;

    #[wasm_bindgen(method, getter)]
    pub(super) fn username(this: &Target) -> Option<String>;

    #[wasm_bindgen(method, getter)]
    pub(super) fn password(this: &Target) -> Option<Uint8Array>;

    #[wasm_bindgen(method, getter, js_name = authData)]
    pub(super) fn auth_data(this: &Target) -> Option<Uint8Array>;

    /// A socket that the application's own factory made.
    #[wasm_bindgen(method, getter)]
    pub(super) fn socket(this: &Target) -> Option<WebSocket>;

    /// An error object of the host, or of the browser.
    pub(super) type HostError;

    #[wasm_bindgen(method, getter)]
    pub(super) fn retryable(this: &HostError) -> Option<bool>;

    #[wasm_bindgen(method, getter)]
    pub(super) fn name(this: &HostError) -> Option<String>;
}

impl EngineHost {
    /// The JavaScript form of `error`.
    pub(super) fn error(&self, error: &Error) -> JsValue {
        let number = |value: Option<u32>| value.map_or(-1.0, f64::from);
        let millis = |value: Option<u64>| value.map_or(-1.0, |value| value as f64);
        let seen = error.evidence;
        self.make_error(
            error.code as u16,
            error.reason.map_or(-1, |reason| i32::from(reason.value())),
            number(error.at),
            number(error.limit),
            to_number(error.statement),
            error.text.as_deref(),
            error.close_code.map_or(-1, i32::from),
            !error.is_terminal(),
            error.server_reference.as_deref(),
            &error.cause.as_ref().map_or(JsValue::UNDEFINED, |cause| self.error(cause)),
            seen.map_or(-1, |seen| seen.stage as i32),
            millis(seen.map(|seen| seen.elapsed_millis)),
            seen.map_or(0, |seen| seen.attempt),
            millis(seen.and_then(|seen| seen.silent_millis)),
        )
        .unwrap_or_else(|thrown| thrown)
    }
}
