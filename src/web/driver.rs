//! Joins the core to a WebSocket, a timer and the host. The only place that calls out.

use super::batch::{Batch, Detail};
use super::dialing::with_credentials;
use super::fault::Busy;
use super::flow::Flow;
use super::host::{EngineHost, Target};
use super::objects;
use super::options::texts;
use super::socket::{Socket, SocketEvent};
use super::timer::Timer;
use crate::client::{Client, TransportClose, TransportRequest};
use crate::codec::Properties;
use crate::error::{Error, ErrorCode};
use crate::time::{Instant, Millis};
use js_sys::Array;
use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};
use wasm_bindgen::prelude::*;

/// So much is worth a WebSocket message of its own, before the end of the turn.
const GATHERED: usize = 64 * 1024;
/// Who sends twice within this many milliseconds gathers: what waits in the page's task queue comes first.
const BUSY: f64 = 0.1;
/// While the server owes most of the answers, who sends twice within so many gathers for as long, or until it owes fewer.
const GATHERING: Millis = Millis::new(1);
/// Operations that settle in one task, so that the page stays responsive.
const SETTLED_AT_ONCE: usize = 2048;
/// A socket that failed and is closed, but fires no `close` (CSP in Chromium, blocked ports in WebKit), ends after this.
const CLOSE_GRACE: Millis = Millis::new(100);

/// One engine. Held by its binding, and weakly by the closures of socket and timer.
pub(super) struct Driver {
    pub(super) host: EngineHost,
    busy: Busy,
    client: RefCell<Client>,
    pub(super) socket: RefCell<Option<Socket>>,
    /// Sockets whose closures may still be on the stack; dropped on a later entry.
    retired: RefCell<Vec<Socket>>,
    /// Tells events of the current attempt from those of earlier ones.
    pub(super) generation: Cell<u32>,
    pub(super) target: RefCell<Option<Target>>,
    /// What the host said when it could not provide URL or credentials: the application sees this very object.
    pub(super) provider_error: RefCell<Option<JsValue>>,
    failing_since: Cell<Option<Instant>>,
    pumping: Cell<bool>,
    pump_again: Cell<bool>,
    flush_asked: Cell<bool>,
    /// Until when the next answers of the server are waited for.
    gathering: Cell<Option<Instant>>,
    flow: Flow,
    /// When bytes left last.
    sent_at: Cell<f64>,
    batch: RefCell<Batch>,
    buffer: RefCell<Vec<u8>>,
    timer: Timer,
    pub(super) this: Weak<Self>,
}

impl Driver {
    pub(super) fn new(host: EngineHost, client: Client) -> Rc<Self> {
        Rc::new_cyclic(|this| Self {
            host,
            busy: Busy::default(),
            client: RefCell::new(client),
            socket: RefCell::default(),
            retired: RefCell::default(),
            generation: Cell::new(0),
            target: RefCell::default(),
            provider_error: RefCell::default(),
            failing_since: Cell::new(None),
            pumping: Cell::new(false),
            pump_again: Cell::new(false),
            flush_asked: Cell::new(false),
            gathering: Cell::new(None),
            flow: Flow::default(),
            sent_at: Cell::new(f64::NEG_INFINITY),
            batch: RefCell::default(),
            buffer: RefCell::default(),
            timer: Timer::default(),
            this: this.clone(),
        })
    }

    /// Runs `work` on the core. `false`: refused, because of an earlier trap or a call from within.
    ///
    /// Not generic, so that the guard around the core is compiled once.
    pub(super) fn enter(&self, work: &mut dyn FnMut(&mut Client, Instant)) -> bool {
        self.enter_at(now(), work)
    }

    fn enter_at(&self, now: Instant, work: &mut dyn FnMut(&mut Client, Instant)) -> bool {
        self.busy.run(|| work(&mut self.client.borrow_mut(), now))
    }

    /// A command of the application: what it causes goes out together with everything else of this turn.
    pub(super) fn command(
        &self,
        work: &mut dyn FnMut(&mut Client, Instant) -> Result<(), Error>,
    ) -> Result<(), JsValue> {
        self.command_at(now(), work)
    }

    pub(super) fn command_at(
        &self,
        now: Instant,
        work: &mut dyn FnMut(&mut Client, Instant) -> Result<(), Error>,
    ) -> Result<(), JsValue> {
        let (mut result, mut gathered) = (Err(None), 0);
        self.enter_at(now, &mut |client, now| {
            result = work(client, now).map_err(Some);
            gathered = client.gathered();
        });
        if gathered >= GATHERED && !self.flow.is_full() && !self.pumping.replace(true) {
            self.transmit();
            self.pumping.set(false);
        }
        self.ask_for_flush();
        result
            .map_err(|error| self.host.error(&error.unwrap_or_else(|| Error::new(ErrorCode::EngineCrashed))))
    }

    pub(super) fn flush(&self) {
        self.flush_asked.set(false);
        self.pump(None);
    }

    fn on_timer(&self) {
        self.timer.on_fired();
        self.gathering.set(None);
        self.flow.look(self.buffered());
        self.wake(&mut Client::handle_timeout);
    }

    /// Does what is due. The timer, when it has not fired, stays as it is.
    pub(super) fn wake(&self, look: &mut dyn FnMut(&mut Client, Instant)) {
        let failed = self.failing_since.get().is_some_and(|since| now().since(since) >= CLOSE_GRACE);
        if failed {
            self.on_close(1006, "");
        }
        let looked = self.enter(&mut |client: &mut Client, now| {
            look(client, now);
            client.handle_wall_clock(now, wall_clock());
        });
        if looked {
            self.pump(None);
        }
    }

    /// The page knows of an end that the socket does not tell.
    pub(super) fn block(&self) {
        self.fail(Error::new(ErrorCode::BlockedByCsp));
        self.pump(None);
    }

    /// Drops what belongs to an engine that is not used any more, after the store has been told what was left to tell.
    pub(super) fn shut_down(&self) {
        let mut changes = None;
        self.enter(&mut |client: &mut Client, now| {
            client.terminate();
            changes = client.poll_store(now);
        });
        self.hand_out_changes(changes);
        self.timer.cancel();
        self.retire_socket();
    }

    /// Has everything of this turn sent at its end, or, while there is much to do, of a few turns in one go.
    fn ask_for_flush(&self) {
        if self.flush_asked.get() {
            return;
        }
        let gathered_before = self.gathering.get().is_some();
        if self.gathers() {
            if !gathered_before && !self.pumping.get() {
                self.arm_timer(None);
            }
            return;
        }
        // A host that could not schedule is asked again on the next occasion.
        self.flush_asked.set(true); // first: a host may call back
        if self.host.schedule(self.is_busy()).is_err() {
            self.flush_asked.set(false);
        }
    }

    fn is_busy(&self) -> bool {
        self.has_sent_within(BUSY)
    }

    fn has_sent_within(&self, millis: f64) -> bool {
        performance_now() - self.sent_at.get() < millis
    }

    /// Whether what waits had better leave together with what the next answers of the server cause.
    fn gathers(&self) -> bool {
        if !self.client.try_borrow().is_ok_and(|client| client.is_gathering()) {
            return false;
        }
        if self.gathering.get().is_none() && self.has_sent_within(GATHERING.get() as f64) {
            self.gathering.set(Some(now() + GATHERING));
        }
        self.gathering.get().is_some_and(|until| now() <= until) // timers of a hidden page are late
    }

    /// Takes everything out of the core and hands it on: events, bytes, transport requests, the next deadline.
    ///
    /// `received` is when bytes came, if they did just now. While messages are being handed out nothing is sent: the host
    /// runs their handlers when we are gone, and the flush after it sends acknowledgements and answers in one go.
    pub(super) fn pump(&self, received: Option<Instant>) {
        if self.pumping.replace(true) {
            self.pump_again.set(true);
            return;
        }
        self.retired.take();
        let mut is_enough = false;
        loop {
            self.pump_again.set(false);
            let Some(messages) = self.hand_out_events(received) else { break };
            let waits = messages || is_enough || received.is_some() && (self.gathers() || self.is_busy());
            if waits && !self.has_transport_request() {
                if is_enough || !self.client.borrow().is_idle() {
                    self.ask_for_flush();
                }
            } else {
                is_enough = self.transmit();
                self.serve_transport();
            }
            if !self.pump_again.get() && !self.has_events() {
                break;
            }
        }
        self.pumping.set(false);
        self.arm_timer(received);
    }

    /// Returns whether there were messages among the events; `None` when the core is not to be used any more.
    fn hand_out_events(&self, received: Option<Instant>) -> Option<bool> {
        let mut batch = self.batch.take();
        let entered = self.enter_at(received.unwrap_or_else(now), &mut |client: &mut Client, now| {
            loop {
                while let Some(message) = &client.poll_message(now) {
                    batch.push_message(message);
                }
                let Some(event) = client.poll_event(now) else { break };
                batch.push(event);
            }
        });
        if !entered {
            return None;
        }
        let messages = batch.has_messages();
        if !batch.is_empty() {
            let details = batch.take_details();
            let details: Option<Array> =
                (!details.is_empty()).then(|| details.iter().map(|detail| self.detail(detail)).collect());
            let (words, length, records) = batch.complete();
            // The sink is ours and does not throw; if it does, the rest must go on all the same.
            let _thrown = self.host.on_batch(words, length, records, details);
        }
        batch.clear();
        self.batch.replace(batch);
        Some(messages)
    }

    fn detail(&self, detail: &Detail) -> JsValue {
        match detail {
            Detail::Error(error) => self.error(error),
            Detail::Server(negotiated) => objects::server_info(negotiated),
            Detail::Bytes(bytes) => bytes.into(),
            Detail::Properties(block) => objects::properties(Properties::from_validated(block)),
        }
    }

    fn error(&self, error: &Error) -> JsValue {
        if error.code == ErrorCode::ConnectTimeout && self.socket.borrow().is_none() {
            return self.host.error(&error.clone().turned_into(ErrorCode::ProviderTimeout)); // no answer, so no socket
        }
        let of_provider = matches!(error.code, ErrorCode::ProviderFailed | ErrorCode::InvalidUrl);
        let provided = self.provider_error.borrow().clone().filter(|_| of_provider);
        provided.unwrap_or_else(|| self.host.error(error))
    }

    /// Sends what may leave. `true`: there may be more, but it is enough for now.
    fn transmit(&self) -> bool {
        self.gathering.set(None);
        let mut buffer = self.buffer.take();
        let is_enough = loop {
            let has_room = self.has_room();
            let (mut changes, mut filled, mut settled) = (None, false, 0);
            self.enter(&mut |client: &mut Client, now| {
                changes = client.poll_store(now);
                filled = has_room && client.poll_transmit(now, &mut buffer);
                settled = client.events_waiting();
            });
            let failed = !self.hand_out_changes(changes);
            if failed && !filled {
                continue; // what waited for the store may leave
            }
            if !filled {
                break false;
            }
            let sent = self.socket.borrow().as_ref().map_or(Ok(()), |socket| socket.send(&buffer));
            self.sent_at.set(performance_now());
            // Only a socket that is not open throws; its close event is under way.
            if sent.is_err() || settled >= SETTLED_AT_ONCE {
                break sent.is_ok();
            }
        };
        buffer.clear();
        buffer.shrink_to(64 * 1024);
        self.buffer.replace(buffer);
        is_enough
    }

    fn has_room(&self) -> bool {
        self.flow.has_room(self.buffered())
    }

    fn buffered(&self) -> u32 {
        self.socket.borrow().as_ref().map_or(0, Socket::buffered)
    }

    fn serve_transport(&self) {
        loop {
            let mut request = None;
            self.enter(&mut |client: &mut Client, _| request = client.poll_transport());
            match request {
                Some(TransportRequest::Open { attempt }) => self.resolve(attempt),
                Some(TransportRequest::Close) => self.retire_socket(),
                None => break,
            }
        }
    }

    fn has_transport_request(&self) -> bool {
        self.client.borrow().has_transport_request()
    }

    fn has_events(&self) -> bool {
        self.client.borrow().has_events()
    }

    fn arm_timer(&self, received: Option<Instant>) {
        let now = received.unwrap_or_else(now);
        let core = self.client.try_borrow().ok().and_then(|client| client.poll_timeout());
        let drain = self.flow.next_look().map(|wait| now + wait);
        let close = self.failing_since.get().map(|since| since + CLOSE_GRACE);
        if let Some(deadline) = [core, drain, close, self.gathering.get()].into_iter().flatten().min() {
            let this = self.this.clone();
            self.timer.arm(now, deadline, received.is_some(), move || {
                if let Some(driver) = this.upgrade() {
                    driver.on_timer();
                }
            });
        }
    }

    fn retire_socket(&self) {
        self.generation.set(self.generation.get().wrapping_add(1));
        self.failing_since.set(None);
        self.target.take();
        self.gathering.set(None);
        self.flow.start_over();
        if let Some(socket) = self.socket.take() {
            socket.retire();
            self.retired.borrow_mut().push(socket);
        }
    }

    pub(super) fn on_socket_event(&self, event: SocketEvent) {
        match event {
            SocketEvent::Open => self.on_open(),
            SocketEvent::Error => {
                // WebKit fires it while the socket still calls itself connecting.
                let failed = self.socket.borrow().as_ref().is_some_and(|socket| !socket.is_open());
                self.failing_since.set(failed.then(now));
            }
            SocketEvent::Close { code, reason } => self.on_close(code, &reason),
        }
        self.pump(None);
    }

    fn on_open(&self) {
        let (Some(target), Some(selected)) =
            (self.target.take(), self.socket.borrow().as_ref().map(Socket::protocol))
        else {
            return;
        };
        let offered = texts(&target.protocols());
        let selected = selected.or_else(|| offered.first().cloned()).unwrap_or_default();
        with_credentials(&target, &mut |credentials| {
            self.enter(&mut |client: &mut Client, now| {
                client.handle_opened(now, &offered, &selected, credentials)
            });
        });
    }

    /// Space for `len` bytes that were received, to be filled before `received`. Null: not now.
    pub(super) fn reserve(&self, len: usize) -> *mut u8 {
        let mut space = core::ptr::null_mut();
        if !self.pumping.get() {
            self.enter_at(Instant::from_millis(0), &mut |client: &mut Client, _| {
                space = client.receive_buffer(len).as_mut_ptr();
            });
        }
        space
    }

    /// Which byte of the space has to be filled next, when those before `filled` are; `len` when there is no more to fill.
    pub(super) fn needed(&self, filled: usize, len: usize) -> usize {
        let mut next = len;
        self.enter_at(Instant::from_millis(0), &mut |client: &mut Client, _| {
            next = client.needed(filled, len)
        });
        next
    }

    /// The space has been filled.
    pub(super) fn received(&self, len: usize) {
        let now = now();
        let received = self.enter_at(now, &mut |client: &mut Client, now| {
            client.handle_received(now, len);
            client.handle_wall_clock(now, wall_clock()); // after bytes that may have waited since before a sleep
        });
        // Without a socket it is a late one, of a socket that was given up.
        if received && self.socket.borrow().is_some() {
            self.pump(Some(now));
        }
    }

    /// What came is not binary.
    pub(super) fn refuse_frame(&self) {
        self.fail(Error::new(ErrorCode::TextFrame));
        self.pump(None);
    }

    fn on_close(&self, code: u16, reason: &str) {
        self.failing_since.set(None);
        self.enter(&mut |client: &mut Client, now| {
            client.handle_closed(now, TransportClose { code, reason })
        });
    }

    pub(super) fn fail(&self, error: Error) {
        let mut error = Some(error);
        self.enter(&mut |client: &mut Client, now| {
            if let Some(error) = error.take() {
                client.handle_failed(now, error);
            }
        });
    }
}

/// Milliseconds of a clock that never goes back.
pub(super) fn now() -> Instant {
    // Not negative, and far from the range where whole milliseconds would be lost.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    Instant::from_millis(performance_now() as u64)
}

/// Milliseconds of a clock that may be set, but goes on while the machine sleeps.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn wall_clock() -> u64 {
    date_now() as u64
}

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = Date, js_name = now)]
    fn date_now() -> f64;
    #[wasm_bindgen(js_namespace = performance, js_name = now)]
    fn performance_now() -> f64;
}
