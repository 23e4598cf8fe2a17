//! A store for durable clients, that commits when it is told to.

use std::collections::BTreeMap;
use wasmqtt::client::StoreChanges;

/// What outlives the client.
#[derive(Clone, Debug, Default)]
pub(crate) struct Disk {
    pub(crate) records: BTreeMap<u64, Vec<u8>>,
    /// Handed out by the client, and not committed yet.
    pub(crate) waiting: Option<StoreChanges>,
}

impl Disk {
    /// Commits what waits; whether there was anything.
    pub(crate) fn commit(&mut self) -> bool {
        let Some(StoreChanges { changes, all }) = self.waiting.take() else { return false };
        if all {
            self.records.clear();
        }
        for (key, record) in changes {
            match record {
                Some(record) => drop(self.records.insert(key, record.into())),
                None => drop(self.records.remove(&key)),
            }
        }
        true
    }

    /// What a new client is given.
    pub(crate) fn load(&self) -> impl Iterator<Item = (u64, Vec<u8>)> + use<> {
        self.records.clone().into_iter()
    }

    #[allow(dead_code, reason = "each test binary uses its own part")]
    /// How many records there are of messages, exchanges and inbound identifiers.
    pub(crate) fn count(&self) -> [usize; 3] {
        [1, 2, 3].map(|kind| self.records.keys().filter(|key| **key >> 48 == kind).count())
    }
}
