//! Points in time and spans, in whole seconds, and the only arithmetic on them.
//!
//! Invariant: nothing here reads a clock; `now` comes in from `edge`. Arithmetic saturates, so no
//! configured span and no forged claim can overflow.

use serde::Serialize;

/// Seconds since the Unix epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Timestamp(i64);

/// A point in time to the millisecond. Whole seconds decide everything but the order of what happens within one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instant {
    /// The second.
    pub second: Timestamp,
    /// The milliseconds within it, 0 to 999.
    pub millis: u16,
}

/// A span in seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Seconds(u32);

impl Timestamp {
    /// The point `seconds` after the epoch.
    #[must_use]
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds)
    }

    /// The whole second in which `millis` after the epoch lies.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis.div_euclid(1000))
    }

    /// Seconds since the epoch.
    #[must_use]
    pub const fn seconds(self) -> i64 {
        self.0
    }

    /// Milliseconds since the epoch, the unit of every time in JSON.
    #[must_use]
    pub const fn millis(self) -> i64 {
        self.0.saturating_mul(1000)
    }

    /// This point moved forward.
    #[must_use]
    pub fn after(self, span: Seconds) -> Self {
        Self(self.0.saturating_add(i64::from(span.0)))
    }

    /// Whether `now` is at most `span` later than this point; the last second is included.
    #[must_use]
    pub fn within(self, span: Seconds, now: Self) -> bool {
        now <= self.after(span)
    }

    /// Whole seconds from `now` until this point, 0 when it has passed.
    #[must_use]
    pub fn remaining(self, now: Self) -> u32 {
        u32::try_from(self.0.saturating_sub(now.0).max(0)).unwrap_or(u32::MAX)
    }

    /// The start of the period before the one that starts here.
    #[must_use]
    pub fn period_before(self, period: Seconds) -> Self {
        Self(self.0.saturating_sub(i64::from(period.0.max(1))))
    }

    /// The start of the period of length `period` that this point lies in.
    #[must_use]
    pub fn period_start(self, period: Seconds) -> Self {
        let length = i64::from(period.0.max(1));
        Self(self.0.div_euclid(length).saturating_mul(length))
    }
}

impl Instant {
    /// The point `millis` after the epoch.
    #[must_use]
    pub fn from_millis(millis: i64) -> Self {
        let within = u16::try_from(millis.rem_euclid(1000)).unwrap_or_default();
        Self { second: Timestamp::from_millis(millis), millis: within }
    }
}

impl Instant {
    /// The milliseconds from `earlier` to this.
    #[must_use]
    pub fn millis_since(self, earlier: Self) -> i64 {
        let millis = |instant: Self| instant.second.millis().saturating_add(i64::from(instant.millis));
        millis(self).saturating_sub(millis(earlier))
    }
}

impl From<Timestamp> for Instant {
    fn from(second: Timestamp) -> Self {
        Self { second, millis: 0 }
    }
}

impl Seconds {
    /// A span of `seconds`.
    #[must_use]
    pub const fn new(seconds: u32) -> Self {
        Self(seconds)
    }

    /// The span in seconds.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }

    /// Whether the span is empty, which switches what it bounds off.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn within_includes_the_last_second() {
        let start = Timestamp::from_seconds(100);
        assert!(start.within(Seconds::new(30), Timestamp::from_seconds(130)));
        assert!(!start.within(Seconds::new(30), Timestamp::from_seconds(131)));
    }

    #[test]
    fn a_period_starts_at_a_multiple_of_its_length() {
        let period = Seconds::new(7);
        assert_eq!(Timestamp::from_seconds(20).period_start(period), Timestamp::from_seconds(14));
        assert_eq!(Timestamp::from_seconds(21).period_start(period), Timestamp::from_seconds(21));
    }

    #[test]
    fn milliseconds_are_cut_to_the_second_they_lie_in() {
        assert_eq!(Timestamp::from_millis(1999), Timestamp::from_seconds(1));
        assert_eq!(Timestamp::from_seconds(2).millis(), 2000);
        let instant = Instant::from_millis(1999);
        assert_eq!((instant.second, instant.millis), (Timestamp::from_seconds(1), 999));
        assert_eq!(Instant::from_millis(-1), Instant { second: Timestamp::from_seconds(-1), millis: 999 });
    }
}
