//! Records on their way to the store of a durable client, and back.

use super::driver::Driver;
use crate::client::{Client, StoreChanges};
use crate::config::is_whole;
use js_sys::{Array, Uint8Array};
use wasm_bindgen::prelude::*;

impl Driver {
    /// Takes in what the store holds: key, record, key and so on.
    pub(super) fn restore(&self, records: &Array, unix_time: f64) {
        if !is_whole() {
            return;
        }
        let mut records = records.iter();
        let mut next = || {
            let key = records.next()?.as_f64().unwrap_or_default();
            // What is no whole number below 2^53 becomes a key that is nobody's.
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
            let key = key as u64;
            let record = records.next()?;
            Some((key, record.dyn_ref::<Uint8Array>().map(Uint8Array::to_vec).unwrap_or_default()))
        };
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let unix_time = unix_time as u64;
        self.wake(&mut |client: &mut Client, now| {
            client.restore(now, unix_time, &mut core::iter::from_fn(&mut next));
        });
    }

    /// Returns whether the store has taken them.
    pub(super) fn hand_out_changes(&self, changes: Option<StoreChanges>) -> bool {
        let Some(StoreChanges { changes, all }) = changes.filter(|_| is_whole()) else { return true };
        let list = Array::new();
        for (key, record) in changes {
            // Keys are below 2^53.
            #[allow(clippy::cast_precision_loss)]
            list.push(&JsValue::from_f64(key as f64));
            list.push(&record.map_or(JsValue::UNDEFINED, |record| Uint8Array::from(&*record).into()));
        }
        let taken = self.host.on_store(&list, all).is_ok();
        if !taken {
            self.enter(&mut |client: &mut Client, _| client.handle_store_failed());
        }
        taken
    }
}
