//! How a session is shown to its user: the device in words, and times relative to now.

use woothee::parser::Parser;

use crate::time::Timestamp;

/// Browser and system in words.
#[must_use]
pub fn device_name(user_agent: Option<&str>) -> String {
    let unknown = || "Unknown device".to_owned();
    let Some(parsed) = user_agent.and_then(|text| Parser::new().parse(text)) else { return unknown() };
    let known = |name: &str| !name.is_empty() && name != "UNKNOWN";
    match (known(parsed.name), known(parsed.os)) {
        (true, true) => format!("{} on {}", parsed.name, parsed.os),
        (true, false) => parsed.name.to_owned(),
        (false, true) => parsed.os.to_owned(),
        (false, false) => unknown(),
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
    fn browsers_are_named() {
        let firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0";
        assert_eq!(device_name(Some(firefox)), "Firefox on Linux");
        let iphone = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) \
                      Version/17.5 Mobile/15E148 Safari/604.1";
        assert_eq!(device_name(Some(iphone)), "Safari on iPhone");
        assert_eq!(device_name(Some("\u{0}nonsense")), "Unknown device");
        assert_eq!(device_name(None), "Unknown device");
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
