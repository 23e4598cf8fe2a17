//! Which packet identifiers have a record in the store, and of which ones it has to be told.

use crate::codec::PacketId;
use crate::config::is_whole;

/// The identifier has to stand in the store.
const WANTED: u8 = 1;
/// It stands there, or is on its way.
const STORED: u8 = 2;
/// It changed since the store was last told.
const TOUCHED: u8 = 4;
/// Somebody else's record stands there, which is left alone.
const FOREIGN: u8 = 8;

/// Changes of identifiers, each told once however often it changed; nothing at all while it is off.
#[derive(Debug, Default)]
pub(crate) struct Marks {
    is_on: bool,
    /// By identifier.
    flags: Vec<u8>,
    touched: Vec<PacketId>,
}

impl Marks {
    pub(super) fn switch_on(&mut self) {
        self.is_on = true;
    }

    /// The record of `id` has to be there, perhaps with other bytes than before, or has to go.
    pub(super) fn set(&mut self, id: PacketId, wanted: bool) {
        if !is_whole() || !self.is_on {
            return;
        }
        let before = self.change(id, WANTED, if wanted { WANTED | TOUCHED } else { TOUCHED });
        if before & TOUCHED == 0 {
            self.touched.push(id);
        }
    }

    /// The record of `id`, which is always the same, has to be there.
    pub(super) fn want(&mut self, id: PacketId) {
        let index = usize::from(id.get());
        if self.flags.get(index).is_none_or(|flags| flags & WANTED == 0) {
            self.set(id, true);
        }
    }

    /// No record has to be there any more.
    pub(super) fn clear(&mut self) {
        for id in self.wanted() {
            self.set(id, false);
        }
    }

    /// The record of `id` was found in the store; `foreign`: it cannot be read and is to be left alone.
    pub(super) fn on_found(&mut self, id: PacketId, foreign: bool) {
        self.change(id, 0, if foreign { FOREIGN } else { WANTED | STORED });
    }

    /// Whether what stands there is left alone.
    pub(super) fn is_foreign(&self, id: PacketId) -> bool {
        self.flags.get(usize::from(id.get())).is_some_and(|flags| flags & FOREIGN != 0)
    }

    /// The record of `id` was found, and is of no use: it goes, or is written again.
    pub(super) fn on_damaged(&mut self, id: PacketId) {
        if self.change(id, 0, STORED | TOUCHED) & TOUCHED == 0 {
            self.touched.push(id);
        }
    }

    /// The store holds nothing: all that has to be there is to be told again.
    pub(super) fn start_over(&mut self) {
        self.touched = self.wanted();
        for flags in &mut self.flags {
            *flags &= WANTED | FOREIGN;
        }
        for id in self.touched.clone() {
            self.change(id, 0, TOUCHED);
        }
    }

    pub(super) fn has_changes(&self) -> bool {
        !self.touched.is_empty()
    }

    /// Takes out what the store has to be told: whether each identifier has a record from now on.
    pub(super) fn take(&mut self) -> Vec<(PacketId, bool)> {
        let mut changes = Vec::new();
        for id in core::mem::take(&mut self.touched) {
            let before = self.change(id, TOUCHED | STORED, 0);
            let is_wanted = before & WANTED != 0;
            if is_wanted {
                self.change(id, 0, STORED);
            }
            if before & FOREIGN == 0 && before & (WANTED | STORED) != 0 {
                changes.push((id, is_wanted));
            }
        }
        changes
    }

    fn wanted(&self) -> Vec<PacketId> {
        let mut wanted = Vec::new();
        for (index, flags) in self.flags.iter().enumerate() {
            if flags & WANTED != 0
                && let Some(id) = u16::try_from(index).ok().and_then(PacketId::new)
            {
                wanted.push(id);
            }
        }
        wanted
    }

    /// Takes flags from `id`, then gives it some. Returns those that it had.
    fn change(&mut self, id: PacketId, take: u8, give: u8) -> u8 {
        let index = usize::from(id.get());
        if self.flags.len() <= index {
            self.flags.resize(index + 1, 0);
        }
        let Some(flags) = self.flags.get_mut(index) else { return 0 };
        core::mem::replace(flags, *flags & !take | give)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(value: u16) -> PacketId {
        PacketId::new(value).expect("not zero")
    }

    fn on() -> Marks {
        Marks { is_on: true, ..Marks::default() }
    }

    #[test]
    fn what_came_and_went_between_two_looks_is_never_told() {
        let mut marks = on();
        marks.set(id(7), true);
        marks.set(id(7), false);
        assert!(marks.has_changes());
        assert_eq!(marks.take(), []);
        assert!(!marks.has_changes());
    }

    #[test]
    fn each_identifier_is_told_once_with_its_last_state() {
        let mut marks = on();
        for wanted in [true, false, true] {
            marks.set(id(65_535), wanted);
        }
        marks.set(id(1), true);
        assert_eq!(marks.take(), [(id(65_535), true), (id(1), true)]);
        marks.set(id(1), true);
        marks.set(id(65_535), false);
        assert_eq!(marks.take(), [(id(1), true), (id(65_535), false)], "bytes may have changed");
    }

    #[test]
    fn an_empty_store_is_told_of_what_is_left() {
        let mut marks = on();
        marks.on_found(id(3), false);
        marks.set(id(4), true);
        marks.set(id(5), true);
        marks.take();
        marks.set(id(4), false);
        marks.start_over();
        assert_eq!(marks.take(), [(id(3), true), (id(5), true)]);
        marks.clear();
        assert_eq!(marks.take(), [(id(3), false), (id(5), false)]);
    }

    #[test]
    fn foreign_records_are_never_written_over() {
        let mut marks = on();
        marks.on_found(id(9), true);
        marks.set(id(9), true);
        marks.set(id(9), false);
        assert_eq!(marks.take(), []);
    }

    #[test]
    fn it_costs_nothing_while_it_is_off() {
        let mut marks = Marks::default();
        marks.set(id(9), true);
        assert!(!marks.has_changes());
        assert_eq!((marks.flags.capacity(), marks.touched.capacity()), (0, 0));
    }
}
