//! Variables that nobody reads: whoever misspells a setting is told so, rather than left with its default.
//!
//! Invariant: [`SETTINGS`] are the variables that are read, but for the secrets of providers, whose names hold a key.

use std::borrow::Cow;

use super::fault::Invalid;

/// All variables, secrets and bindings.
const SETTINGS: &[&str] = &[
    "ACCESS_TOKEN_TTL",
    "ALLOW_SAME_SITE",
    "ANTI_CSRF",
    "API_KEYS",
    "APP_ID",
    "BASE_PATH",
    "CLAIM_HEADERS",
    "CLEAR_COOKIES",
    "CLEAR_SITE_DATA",
    "COOKIE_DOMAIN",
    "COOKIE_SAMESITE",
    "CORE_PATH",
    "CORS_ORIGINS",
    "GATE_SECRET",
    "GATE_SECRET_PREVIOUS",
    "LOGIN_URL",
    "LOGOUT_PATH",
    "LOGOUT_REDIRECT",
    "MAX_SESSIONS",
    "NOT_BEFORE",
    "ORIGIN_CONTROL",
    "ORIGIN_TIMEOUT",
    "ORIGIN_URL",
    "PAGE_ACCENT",
    "PAGE_LANGUAGE",
    "PAGE_LOGO",
    "PAGE_STYLESHEET",
    "PAGE_TITLE",
    "PROVIDERS",
    "REFRESH_COOKIE_PATH",
    "REFRESH_GRACE",
    "RETURN_TO_ORIGINS",
    "RULES",
    "SERVER_TIMING",
    "SERVICE_TOKENS",
    "SESSION_ABSOLUTE_TTL",
    "SESSION_IDLE_TTL",
    "SIGNING_KEY_ROTATION",
    // Bindings; the nearest is looked for among the others first.
    "ORIGIN",
    "RATE_LIMITER",
    "SESSIONS",
    "SID_INDEX",
    "METRICS",
];

/// What only a setting of the gate's begins with.
const BEGINNINGS: [&str; 7] = ["SESSION_", "ACCESS_", "REFRESH_", "COOKIE_", "GATE_", "LOGIN_", "LOGOUT_"];

/// Up to how many letters a name is a short one.
const SHORT: usize = 5;

/// The fault of a variable of this name, if it looks like a setting and is none.
#[must_use]
pub fn misspelt(name: &str) -> Option<Invalid> {
    let spelled = name.to_ascii_uppercase();
    if SETTINGS.contains(&name) {
        return None;
    }
    let beginning = BEGINNINGS.into_iter().find(|beginning| spelled.starts_with(beginning));
    let alike = SETTINGS.iter().filter(|setting| beginning.is_none_or(|with| setting.starts_with(with)));
    let (distance, nearest) =
        alike.map(|setting| (distance(&spelled, setting), setting)).min_by_key(|found| found.0)?;
    let limit = if spelled.len().min(nearest.len()) <= SHORT { 1 } else { 2 };
    let must_be = || Cow::Owned(format!("spelled like a setting of the gate's; the nearest is {nearest}"));
    (beginning.is_some() || distance <= limit).then(|| Invalid { at: name.to_owned(), must_be: must_be() })
}

/// In how many letters two names differ (Levenshtein).
fn distance(one: &str, other: &str) -> usize {
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (at, letter) in one.bytes().enumerate() {
        let mut diagonal = at;
        let mut left = at.saturating_add(1);
        for (cell, own) in row.iter_mut().zip([None].into_iter().chain(other.bytes().map(Some))) {
            let above = *cell;
            if let Some(own) = own {
                let changed = diagonal.saturating_add(usize::from(own != letter));
                left = changed.min(above.min(left).saturating_add(1));
            }
            *cell = left;
            diagonal = above;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use std::cell::Cell;
    use std::collections::BTreeSet;

    /// What is found only as a binding.
    const BINDINGS: [&str; 5] = ["ORIGIN", "RATE_LIMITER", "SESSIONS", "SID_INDEX", "METRICS"];

    #[test]
    fn every_variable_that_is_read_is_a_setting_and_no_other() {
        let read = Cell::new(BTreeSet::new());
        let note = |name: &str| {
            let mut names = read.take();
            names.insert(name.to_owned());
            read.set(names);
        };
        let _ = Config::parse(|name| {
            note(name);
            None
        });
        BINDINGS.into_iter().for_each(note);
        assert_eq!(read.into_inner(), SETTINGS.iter().map(|name| (*name).to_owned()).collect());
    }

    #[test]
    fn a_misspelt_setting_is_named_with_the_nearest() {
        for (name, nearest) in [
            ("SESSION_TTL", "SESSION_IDLE_TTL"),
            ("SESSION_TIMEOUT", "SESSION_IDLE_TTL"),
            ("ACCESS_TTL", "ACCESS_TOKEN_TTL"),
            ("REFRESH_TOKEN_GRACE", "REFRESH_GRACE"),
            ("COOKIE_SAME_SITE", "COOKIE_SAMESITE"),
            ("GATE_KEY", "GATE_SECRET"),
            ("LOGIN_PATH", "LOGIN_URL"),
            ("LOGOUT_URL", "LOGOUT_PATH"),
            ("RULE", "RULES"),
            ("RULEZ", "RULES"),
            ("ORIGIN_UR", "ORIGIN_URL"),
            ("ORIGINURL", "ORIGIN_URL"),
            ("ORIGN_URI", "ORIGIN_URL"),
            ("API_KEY", "API_KEYS"),
            ("PROVIDER", "PROVIDERS"),
            ("login_url", "LOGIN_URL"),
            ("MAX_SESION", "MAX_SESSIONS"),
        ] {
            let fault = misspelt(name).unwrap();
            let message =
                format!("{name} must be spelled like a setting of the gate's; the nearest is {nearest}");
            assert_eq!(fault.to_string(), message);
        }
    }

    #[test]
    fn other_variables_and_settings_are_nobody_s_mistake() {
        for name in [
            "RUL",
            "RULZZ",
            "MULES2",
            "DATABASE_URL",
            "API_URL",
            "APP_NAME",
            "STRIPE_KEY",
            "ORIGIN_XYZ",
            "SESSIO_TTL_OF_MINE",
            "PROVIDER_SECRET_CORP",
            "PROVIDER_PRIVATE_KEY_CORP",
            "",
            "Ü",
        ] {
            assert_eq!(misspelt(name), None, "{name}");
        }
        for name in SETTINGS {
            assert_eq!(misspelt(name), None, "{name}");
        }
    }
}
