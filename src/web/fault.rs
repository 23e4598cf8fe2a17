//! Panics and traps: neither may leave the engine half alive.

use super::host::EngineHost;
use std::cell::{Cell, RefCell};
use wasm_bindgen::JsCast;

thread_local! {
    static HOSTS: RefCell<Vec<EngineHost>> = const { RefCell::new(Vec::new()) };
}

/// Has every host told when a panic happens anywhere in this module: the engines share its memory.
pub(super) fn watch(host: &EngineHost) {
    HOSTS.with_borrow_mut(|hosts| {
        if hosts.is_empty() {
            std::panic::set_hook(Box::new(|_| report()));
        }
        hosts.push(host.unchecked_ref::<wasm_bindgen::JsValue>().clone().unchecked_into());
    });
}

/// The host's engine is freed.
pub(super) fn unwatch(host: &EngineHost) {
    HOSTS.with_borrow_mut(|hosts| {
        let host: &wasm_bindgen::JsValue = host.as_ref();
        hosts.retain(|other| AsRef::<wasm_bindgen::JsValue>::as_ref(other) != host);
    });
}

/// `scripts/build/snip.mjs` finds it by its name and has panics call it directly.
#[inline(never)]
fn report() {
    HOSTS.with(|hosts| {
        if let Ok(hosts) = hosts.try_borrow() {
            for host in hosts.iter() {
                // A host that throws now cannot be helped.
                let _thrown = host.on_fault();
            }
        }
    });
}

/// Set while core code runs. Found set on entry, it tells of a trap that ended an earlier call midway: a stack
/// overflow runs no panic hook.
#[derive(Default)]
pub(super) struct Busy(Cell<bool>);

impl Busy {
    /// `false` after a trap, or when called from within: `work` was not run.
    pub(super) fn run(&self, work: impl FnOnce()) -> bool {
        if self.0.replace(true) {
            return false;
        }
        work();
        self.0.set(false);
        true
    }
}
