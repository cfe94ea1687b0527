//! Settings that are good one by one and wrong together.
//!
//! Invariant: none of them leaves a gate that loops, that nobody can log in to, or that opens what a rule closes.

use super::Config;
use super::fault::Faults;
use super::targets::{OwnPaths, Target};
use crate::cookies::clearing_length;

/// How many rotations a token may live: the key of each is in the JWKS, and has to be derived for it.
const MAX_LIVING_KEYS: u32 = 50;

/// How many bytes of `Set-Cookie` a logout may send.
const CLEARING_LIMIT: usize = 8192;

/// What a target must be.
pub const NOT_OWN: &str =
    "a page that is none of the gate's own: not LOGOUT_PATH, and under BASE_PATH none but BASE_PATH/login";
const NOT_PLAIN: &str = "a URL with https:, unless it is on this machine";

const NO_LOGIN: &str = "such that somebody can log in: without PROVIDERS and API_KEYS only the application's control \
                        headers begin a session";

impl Config {
    /// The faults, and those that the settings are together. What depends on the gate's host is kept for later.
    pub(super) fn at_odds(&mut self, mut faults: Faults) -> Faults {
        let routes = [("LOGOUT_PATH", &self.logout_path), ("CORE_PATH", &self.core_path)];
        for (variable, _) in routes.iter().filter(|(_, path)| **path == self.base_path) {
            faults.add(variable, "another path than BASE_PATH");
        }
        if self.logout_path == self.core_path {
            faults.add("LOGOUT_PATH", "another path than CORE_PATH");
        }
        if self.access_ttl.get() > self.rotation.get().saturating_mul(MAX_LIVING_KEYS) {
            faults.add("SIGNING_KEY_ROTATION", "at least a fiftieth of ACCESS_TOKEN_TTL");
        }
        if clearing_length(&self.cookies, &self.base_path) > CLEARING_LIMIT {
            faults.add("CLEAR_COOKIES", "so few cookies that clearing them fits in 8 KB of headers");
        }
        for (never, first) in self.rules.unreachable() {
            let must_be = format!(
                "before RULES[{first}], which takes all of its requests and asks for something else, or go"
            );
            faults.say(&format!("RULES[{never}]"), must_be);
        }
        let tells_nobody = !self.origin_control || self.rules.ignore_controls();
        let has_other_way = !self.providers.is_empty() || !self.api_keys.is_empty();
        if tells_nobody && !has_other_way && !faults.concern(&["PROVIDERS", "API_KEYS"]) {
            faults.add(if self.origin_control { "RULES" } else { "ORIGIN_CONTROL" }, NO_LOGIN);
        }
        self.targets(&mut faults);
        faults
    }

    fn targets(&mut self, faults: &mut Faults) {
        let own = OwnPaths { base: &self.base_path, core: &self.core_path, logout: &self.logout_path };
        for (variable, text) in [("LOGIN_URL", &self.login_url), ("LOGOUT_REDIRECT", &self.logout_redirect)] {
            match text.as_deref().map_or(Target::Fine, |text| own.target(text)) {
                Target::Fine => {}
                Target::OwnAt(origin) => self.own_targets.push((variable, origin)),
                Target::Own => faults.add(variable, NOT_OWN),
                Target::Plain => faults.add(variable, NOT_PLAIN),
            }
        }
    }
}
