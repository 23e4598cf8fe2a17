//! Time as the core knows it: whole milliseconds that the driver supplies.

use core::ops::{Add, Sub};

/// A point in time, in milliseconds since an epoch that the driver picks once. The core never reads a clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Instant(u64);

/// A length of time in whole milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Millis(u64);

impl Instant {
    /// The instant `millis` milliseconds after the driver's epoch.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the driver's epoch.
    #[must_use]
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// Time that passed since `earlier`; zero when `earlier` lies in the future.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Millis {
        Millis(self.0.saturating_sub(earlier.0))
    }
}

impl Millis {
    /// No time at all.
    pub const ZERO: Self = Self(0);

    /// A length of `millis` milliseconds.
    #[must_use]
    pub const fn new(millis: u64) -> Self {
        Self(millis)
    }

    /// A length of `seconds` seconds, the unit MQTT itself uses.
    #[must_use]
    pub const fn from_seconds(seconds: u32) -> Self {
        Self(seconds as u64 * 1000)
    }

    /// The length in milliseconds.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The length in whole seconds, rounded up, as an interval that is still running is counted.
    #[must_use]
    pub const fn ceil_seconds(self) -> u64 {
        self.0.div_ceil(1000)
    }
}

impl Add<Millis> for Instant {
    type Output = Self;

    fn add(self, length: Millis) -> Self {
        Self(self.0.saturating_add(length.0))
    }
}

impl Sub<Millis> for Instant {
    type Output = Self;

    fn sub(self, length: Millis) -> Self {
        Self(self.0.saturating_sub(length.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arithmetic_saturates_instead_of_wrapping() {
        let late = Instant::from_millis(u64::MAX - 5);
        assert_eq!((late + Millis::new(10)).as_millis(), u64::MAX);
        assert_eq!((Instant::from_millis(3) - Millis::new(10)).as_millis(), 0);
        assert_eq!(Instant::from_millis(3).since(late), Millis::ZERO);
    }

    #[test]
    fn a_started_second_counts_whole() {
        assert_eq!(Millis::new(1).ceil_seconds(), 1);
        assert_eq!(Millis::new(2000).ceil_seconds(), 2);
        assert_eq!(Millis::from_seconds(45).get(), 45_000);
    }
}
