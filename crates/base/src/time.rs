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

    /// The second before this one.
    #[must_use]
    pub fn before(self) -> Self {
        Self(self.0.saturating_sub(1))
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

/// The milliseconds since the epoch of a time as RFC 3339 §5.6 writes it.
#[must_use]
pub fn millis_of_rfc3339(text: &str) -> Option<i64> {
    let digits = |from: usize, length: usize| number(text.get(from..from.checked_add(length)?)?);
    let separators = [(4, "-"), (7, "-"), (10, "Tt "), (13, ":"), (16, ":")];
    let is_separated = |(at, allowed): (usize, &str)| {
        text.get(at..).and_then(|rest| rest.chars().next()).is_some_and(|other| allowed.contains(other))
    };
    let (year, month, day) = (digits(0, 4)?, digits(5, 2)?, digits(8, 2)?);
    // A leap second is the first of the next minute.
    let (hour, minute, second) = (digits(11, 2)?, digits(14, 2)?, digits(17, 2)?);
    if !separators.into_iter().all(is_separated) || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let first = days_before(year, month)?;
    let next = if month == 12 {
        days_before(year.checked_add(1)?, 1)
    } else {
        days_before(year, month.checked_add(1)?)
    };
    if day < 1 || first.checked_add(day)? > next? {
        return None;
    }
    let rest = text.get(19..)?;
    let (millis, zone) = match rest.strip_prefix('.') {
        None => (0, rest),
        Some(rest) => {
            let length = rest.bytes().take_while(u8::is_ascii_digit).count();
            let (fraction, zone) = rest.split_at_checked(length).filter(|_| length > 0)?;
            (number(&fraction.chars().chain("00".chars()).take(3).collect::<String>())?, zone)
        }
    };
    let days = first.checked_add(day)?.checked_sub(1)?;
    let minutes = days.checked_mul(1440)?.checked_add(hour.checked_mul(60)?)?.checked_add(minute)?;
    let seconds = minutes.checked_sub(offset(zone)?)?.checked_mul(60)?.checked_add(second)?;
    seconds.checked_mul(1000)?.checked_add(millis)
}

/// The minutes by which a zone is ahead.
fn offset(zone: &str) -> Option<i64> {
    if matches!(zone, "Z" | "z") {
        return Some(0);
    }
    let (sign, time) = zone.split_at_checked(1)?;
    let (hours, minutes) = time.split_once(':').filter(|_| time.len() == 5)?;
    let (hours, minutes) = (number(hours)?, number(minutes).filter(|minutes| *minutes < 60)?);
    let ahead = hours.checked_mul(60)?.checked_add(minutes)?;
    match sign {
        "+" => Some(ahead),
        "-" => ahead.checked_neg(),
        _ => None,
    }
}

/// Digits and nothing else: `parse` takes a sign, too.
fn number(text: &str) -> Option<i64> {
    let is_number = !text.is_empty() && text.len() <= 9 && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| is_number)
}

/// The days from the epoch to the first of a month, in the Gregorian calendar.
fn days_before(year: i64, month: i64) -> Option<i64> {
    const BEFORE: [i64; 12] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
    // The years whose 29th of February is over.
    let leap = if month > 2 { year } else { year.checked_sub(1)? };
    let leap_days =
        leap.div_euclid(4).checked_sub(leap.div_euclid(100))?.checked_add(leap.div_euclid(400))?;
    let before = BEFORE.get(usize::try_from(month.checked_sub(1)?).ok()?)?;
    year.checked_sub(1970)?.checked_mul(365)?.checked_add(leap_days)?.checked_sub(477)?.checked_add(*before)
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
    fn a_time_is_read_as_rfc_3339_writes_it() {
        for (text, millis) in [
            ("1970-01-01T00:00:00Z", 0),
            ("2026-11-28T10:00:00Z", 1_795_860_000_000),
            ("2026-11-28t11:30:00.5+01:30", 1_795_860_000_500),
            ("2026-11-28 09:00:00.1239-01:00", 1_795_860_000_123),
            ("2000-02-29T23:59:59z", 951_868_799_000),
            ("2000-03-01T00:00:00Z", 951_868_800_000),
            ("1999-12-31T23:59:60Z", 946_684_800_000),
        ] {
            assert_eq!(millis_of_rfc3339(text), Some(millis), "{text}");
        }
        for text in [
            "",
            "2026-11-28",
            "2026-11-28T10:00:00",
            "2026-11-28T10:00Z",
            "2026-13-01T00:00:00Z",
            "2026-00-01T00:00:00Z",
            "2026-02-29T00:00:00Z",
            "2026-04-31T00:00:00Z",
            "2026-11-00T00:00:00Z",
            "2026-11-28T24:00:00Z",
            "2026-11-28T10:60:00Z",
            "2026-11-28T10:00:61Z",
            "2026-11-28T10:00:00.Z",
            "2026-11-28T10:00:00+1:00",
            "2026-11-28T10:00:00+01:60",
            "2026-11-28T10:00:00 01:00",
            "+026-11-28T10:00:00Z",
            "2026-11-28T10:00:00Zx",
            "2026-11-28\u{e9}10:00:00Z",
        ] {
            assert_eq!(millis_of_rfc3339(text), None, "{text}");
        }
    }

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
