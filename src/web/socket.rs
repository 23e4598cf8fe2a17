//! A WebSocket with handlers that live and end with it. What it receives goes to the host first.

use js_sys::Array;
use wasm_bindgen::prelude::*;
use web_sys::{BinaryType, CloseEvent, Event, WebSocket};

/// What a socket tells its owner.
pub(super) enum SocketEvent {
    Open,
    /// Nothing is known beyond the fact.
    Error,
    Close {
        code: u16,
        reason: String,
    },
}

/// A socket in use. Dropping it takes the handlers off first.
pub(super) struct Socket {
    ws: WebSocket,
    _open: Closure<dyn FnMut(Event)>,
    _error: Closure<dyn FnMut(Event)>,
    _close: Closure<dyn FnMut(CloseEvent)>,
}

#[wasm_bindgen]
extern "C" {
    /// A socket as it may be: React Native's has no `protocol`.
    type Telling;

    #[wasm_bindgen(method, getter)]
    fn protocol(this: &Telling) -> Option<String>;
}

/// `readyState` between the handshake and the end.
const OPEN: u16 = 1;

impl Socket {
    /// Opens `url`, or throws what the browser throws: SecurityError for ws: on a https page, SyntaxError for a bad URL.
    pub(super) fn open(url: &str, protocols: &Array) -> Result<WebSocket, JsValue> {
        WebSocket::new_with_str_sequence(url, protocols)
    }

    /// Takes over a socket that was just made, before any of its events.
    pub(super) fn new(ws: WebSocket, sink: impl Fn(SocketEvent) + Clone + 'static) -> Self {
        ws.set_binary_type(BinaryType::Arraybuffer);
        let (open_sink, error_sink, close_sink) = (sink.clone(), sink.clone(), sink);
        let open = Closure::new(move |_event: Event| open_sink(SocketEvent::Open));
        let error = Closure::new(move |_event: Event| error_sink(SocketEvent::Error));
        let close = Closure::new(move |event: CloseEvent| {
            close_sink(SocketEvent::Close { code: event.code(), reason: event.reason() });
        });
        ws.set_onopen(Some(open.as_ref().unchecked_ref()));
        ws.set_onerror(Some(error.as_ref().unchecked_ref()));
        ws.set_onclose(Some(close.as_ref().unchecked_ref()));
        Self { ws, _open: open, _error: error, _close: close }
    }

    /// What the server selected, where the socket tells.
    pub(super) fn protocol(&self) -> Option<String> {
        self.ws.unchecked_ref::<Telling>().protocol()
    }

    pub(super) fn buffered(&self) -> u32 {
        self.ws.buffered_amount()
    }

    pub(super) fn is_open(&self) -> bool {
        self.ws.ready_state() == OPEN
    }

    /// The browser copies the bytes before it returns.
    pub(super) fn send(&self, bytes: &[u8]) -> Result<(), JsValue> {
        self.ws.send_with_u8_array(bytes)
    }

    /// Stops listening and closes. The browser may take a minute to finish; nobody waits for it.
    pub(super) fn retire(&self) {
        self.ws.set_onopen(None);
        self.ws.set_onmessage(None);
        self.ws.set_onerror(None);
        self.ws.set_onclose(None);
        // Throws only for codes that browsers do not allow.
        let _allowed = self.ws.close_with_code(1000);
    }
}
