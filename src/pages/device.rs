//! How a session is shown to its user: the device in words, and times relative to now.

use crate::base::time::Timestamp;

/// A device in words, from the names of its browser and its system.
#[must_use]
pub fn device_name(browser: Option<&str>, system: Option<&str>) -> String {
    let known = |name: &&str| !name.is_empty();
    match (browser.filter(known), system.filter(known)) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(name), None) | (None, Some(name)) => name.to_owned(),
        (None, None) => "Unknown device".to_owned(),
    }
}

/// A time as people say it.
#[must_use]
pub fn relative(time: Timestamp, now: Timestamp) -> String {
    const MINUTE: i64 = 60;
    const HOUR: i64 = 60 * MINUTE;
    const DAY: i64 = 24 * HOUR;
    let seconds = now.seconds().saturating_sub(time.seconds());
    let (count, unit) = match seconds {
        ..MINUTE => return "just now".to_owned(),
        MINUTE..HOUR => (seconds.div_euclid(MINUTE), "minute"),
        HOUR..DAY => (seconds.div_euclid(HOUR), "hour"),
        _ => (seconds.div_euclid(DAY), "day"),
    };
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {unit}{plural} ago")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_is_named_as_far_as_it_is_known() {
        assert_eq!(device_name(Some("Firefox"), Some("Linux")), "Firefox on Linux");
        assert_eq!(device_name(Some("Firefox"), Some("")), "Firefox");
        assert_eq!(device_name(None, None), "Unknown device");
    }

    #[test]
    fn times_are_relative() {
        let now = Timestamp::from_seconds(1_000_000);
        let ago = |seconds: i64| relative(Timestamp::from_seconds(1_000_000 - seconds), now);
        assert_eq!(ago(-5), "just now");
        assert_eq!(ago(59), "just now");
        assert_eq!(ago(60), "1 minute ago");
        assert_eq!(ago(7300), "2 hours ago");
        assert_eq!(ago(86_400 * 3), "3 days ago");
    }
}
