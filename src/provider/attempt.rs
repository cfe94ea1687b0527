//! An attempt to log in at a provider: a cookie of its own, and the `state` that comes back.
//!
//! 1. The cookie `__Host-sLogin-<first 8 characters of the id>` holds the attempt, behind a MAC, for ten minutes. No
//!    object hears of it, so strangers cost nothing.
//! 2. `state` holds the id, the provider, and where the person wants to go, behind another MAC. It starts a fresh
//!    attempt where the cookie is gone, once, and is never enough to log in by.
//! 3. Nonce and PKCE verifier are derived from the id (`oidc::authorize::Secrets`).
//! 4. A browser has at most five attempts: a sixth expires the oldest. A login and a logout expire all.
//!
//! Invariant: a login is finished only in the browser that began it.

use oidc::authorize::Secrets;
use serde::Serialize;
use serde_json::Value;

use super::ReturnedForm;
use super::sealed::{self, Opened};
use crate::base::bytes;
use crate::base::json::{Fields, array, optional, text};
use crate::base::order;
use crate::base::time::{Seconds, Timestamp};
use crate::config::Provider;
use crate::cookies::{ATTEMPT, expired_login_cookie, login_cookie};
use crate::request::{Head, is_path};
use crate::session::Handle;
use crate::token::{Keys, RarePurpose};

/// How long an attempt can last.
const LIFETIME: Seconds = Seconds::new(600);

/// How many attempts a browser can have at once.
const MOST: usize = 5;

/// The longest address to return to, in bytes.
const MAX_RETURN_TO: usize = 1024;

/// The longest one that travels in `state` as well.
const MAX_IN_STATE: usize = 512;

const ID: usize = 16;
const NAME: usize = 8;

/// An attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Attempt {
    id: String,
    /// At which provider.
    pub provider: String,
    /// When it began.
    pub begun: Timestamp,
    /// Where the person wants to go.
    pub return_to: String,
    /// What is asked beyond a login.
    #[serde(skip_serializing_if = "Demand::is_nothing")]
    pub demand: Demand,
    /// Whether it stands for one that was lost: there is no further one in a row.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub again: bool,
}

/// What an attempt asks beyond a login.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Demand {
    /// The session that is to be stepped up: the same person has to answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub handle: Option<Handle>,
    /// How long ago the person may have proved who they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_age: Option<Seconds>,
    /// How they have to prove it: one of these.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub acr: Vec<String>,
}

/// A `state` that the gate made.
pub struct State {
    id: String,
    /// At which provider.
    pub provider: String,
    /// Where the person wants to go, if it was short enough.
    pub return_to: String,
    /// Whether it is of an attempt that stands for a lost one.
    pub again: bool,
}

#[derive(Serialize)]
struct InState<'a> {
    id: &'a str,
    provider: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    return_to: &'a str,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    again: bool,
}

impl Attempt {
    /// A new attempt. What a browser may not follow is left out of `return_to`.
    #[must_use]
    pub fn new(
        id: [u8; ID],
        provider: &Provider,
        return_to: &str,
        demand: Demand,
        again: bool,
        now: Timestamp,
    ) -> Self {
        let is_allowed = is_path(return_to) && return_to.len() <= MAX_RETURN_TO;
        Self {
            id: bytes::encode(&id),
            provider: provider.key.clone(),
            begun: now,
            return_to: if is_allowed { return_to.to_owned() } else { "/".to_owned() },
            demand,
            again,
        }
    }

    /// The `Set-Cookie` values that keep it in the browser, and make room for it there.
    #[must_use]
    pub fn set(&self, head: &Head, keys: &Keys) -> Vec<String> {
        let before = names_in(head, keys);
        let excess = before.len().saturating_add(1).saturating_sub(MOST);
        let expired = before.iter().take(excess).map(|name| expired_login_cookie(name));
        let value = sealed::seal(self, RarePurpose::Attempt, 0, keys);
        expired.chain([login_cookie(&cookie_name(&self.id), &value, LIFETIME)]).collect()
    }

    /// The `Set-Cookie` value that ends it.
    #[must_use]
    pub fn expired(&self) -> String {
        expired_login_cookie(&cookie_name(&self.id))
    }

    /// The `Set-Cookie` values that end all attempts of this browser.
    #[must_use]
    pub fn all_expired(head: &Head, keys: &Keys) -> Vec<String> {
        let attempts = names_in(head, keys);
        let expired = attempts.iter().map(|name| expired_login_cookie(name));
        expired.chain(ReturnedForm::expired(head)).collect()
    }

    /// Its `state`, under the secret of a rank.
    #[must_use]
    pub fn state(&self, rank: usize, keys: &Keys) -> String {
        let return_to = if self.return_to.len() <= MAX_IN_STATE { &self.return_to } else { "" };
        let state = InState { id: &self.id, provider: &self.provider, return_to, again: self.again };
        sealed::seal(&state, RarePurpose::State, rank, keys)
    }

    /// Its nonce and verifier, under the secret of a rank.
    #[must_use]
    pub fn secrets(&self, provider: &Provider, rank: usize, keys: &Keys) -> Secrets {
        Secrets::derive(self.id.as_bytes(), &provider.issuer, |message| {
            keys.rare_tag(RarePurpose::AttemptSecrets, rank, message).unwrap_or_default()
        })
    }

    /// Whether it can still be finished.
    #[must_use]
    pub fn lasts(&self, now: Timestamp) -> bool {
        self.begun.within(LIFETIME, now)
    }

    /// The attempt of this browser that a `state` belongs to, with the rank of its secret.
    #[must_use]
    pub fn of_browser(head: &Head, state: &State, keys: &Keys, now: Timestamp) -> Option<(Self, usize)> {
        let name = cookie_name(&state.id);
        let (_, value) = cookies(head).find(|(other, _)| *other == name)?;
        let (attempt, rank) = Self::open(value, keys)?;
        (attempt.id == state.id && attempt.lasts(now)).then_some((attempt, rank))
    }

    fn open(value: &str, keys: &Keys) -> Option<(Self, usize)> {
        let Opened { mut fields, rank } = sealed::open(value, RarePurpose::Attempt, keys)?;
        Some((Self::read(&mut fields)?, rank))
    }

    fn read(fields: &mut Fields) -> Option<Self> {
        Some(Self {
            id: fields.text("id")?,
            provider: fields.text("provider")?,
            begun: Timestamp::from_seconds(fields.integer("begun")?),
            return_to: fields.text("return_to")?,
            demand: optional(fields.take("demand"), Demand::read)?.unwrap_or_default(),
            again: optional(fields.take("again"), |value| value.as_bool())?.unwrap_or_default(),
        })
    }
}

impl Demand {
    /// Whether nothing is asked but a login.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }

    fn read(value: Value) -> Option<Self> {
        let seconds = |value: Value| u32::try_from(value.as_u64()?).ok().map(Seconds::new);
        let mut fields = Fields::of(value)?;
        Some(Self {
            handle: optional(fields.take("handle"), |value| Handle::parse(value.as_str()?))?,
            max_age: optional(fields.take("max_age"), seconds)?,
            acr: optional(fields.take("acr"), |value| array(value, text))?.unwrap_or_default(),
        })
    }
}

impl State {
    /// A `state` that only leads on after a provider's logout.
    #[must_use]
    pub fn to_return(provider: &str, return_to: &str, keys: &Keys) -> String {
        let state = InState { id: "", provider, return_to, again: true };
        sealed::seal(&state, RarePurpose::State, 0, keys)
    }

    /// Opens a `state`.
    #[must_use]
    pub fn open(text: &str, keys: &Keys) -> Option<Self> {
        let Opened { mut fields, .. } = sealed::open(text, RarePurpose::State, keys)?;
        Some(Self {
            id: fields.text("id")?,
            provider: fields.text("provider")?,
            return_to: optional(fields.take("return_to"), self::text)?.unwrap_or_else(|| "/".to_owned()),
            again: optional(fields.take("again"), |value| value.as_bool())?.unwrap_or_default(),
        })
    }
}

fn cookie_name(id: &str) -> String {
    format!("{ATTEMPT}{}", id.get(..NAME).unwrap_or_default())
}

/// The names of the cookies of this browser's attempts, the oldest first.
fn names_in(head: &Head, keys: &Keys) -> Vec<String> {
    let mut attempts: Vec<(Timestamp, String)> = cookies(head)
        .map(|(name, value)| {
            let begun = Attempt::open(value, keys).map(|(attempt, _)| attempt.begun);
            (begun.unwrap_or_default(), name.to_owned())
        })
        .collect();
    order::sort(&mut attempts, |one, other| one < other);
    attempts.into_iter().map(|(_, name)| name).collect()
}

/// The cookies of attempts, as a browser holds them.
fn cookies(head: &Head) -> impl Iterator<Item = (&str, &str)> {
    let header = head.header("cookie").unwrap_or_default();
    header.split(';').filter_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        let name = name.trim_matches([' ', '\t']);
        name.starts_with(ATTEMPT).then(|| (name, value.trim_matches([' ', '\t'])))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::tests::config;
    use crate::request::head::tests::head;
    use serde_json::json;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    fn setting() -> crate::config::Config {
        let provider = json!({ "key": "corp", "issuer": "https://idp.example", "client_id": "gate" });
        config(json!({ "PROVIDERS": [provider] })).ok().unwrap()
    }

    fn attempt(n: u8, return_to: &str, now: i64) -> Attempt {
        Attempt::new([n; 16], &setting().providers[0], return_to, Demand::default(), false, at(now))
    }

    /// The cookie that the browser sends of an attempt.
    fn held(attempt: &Attempt, keys: &Keys) -> String {
        let set = attempt.set(&head("GET", "https://a.example/", &[]), keys);
        set[0].split_once(';').unwrap().0.to_owned()
    }

    fn value(attempt: &Attempt, keys: &Keys) -> String {
        held(attempt, keys).split_once('=').unwrap().1.to_owned()
    }

    fn presented(attempts: &[&Attempt], keys: &Keys) -> Head {
        let cookies: Vec<_> = attempts.iter().map(|it| held(it, keys)).collect();
        head("GET", "https://a.example/", &[("cookie", &cookies.join("; "))])
    }

    #[test]
    fn an_attempt_is_found_by_its_state_in_the_browser_that_began_it() {
        let keys = setting().keys();
        let (one, two) = (attempt(1, "/a?b", 100), attempt(2, "/", 200));
        let state = State::open(&one.state(0, &keys), &keys).unwrap();
        assert_eq!((state.provider.as_str(), state.return_to.as_str(), state.again), ("corp", "/a?b", false));
        let found = |head: &Head, now| Attempt::of_browser(head, &state, &keys, at(now));
        assert_eq!(found(&presented(&[&two, &one], &keys), 300), Some((one.clone(), 0)));
        assert_eq!(found(&presented(&[&two], &keys), 300), None, "another browser");
        assert_eq!(found(&presented(&[&one], &keys), 701), None, "too late");
        assert_eq!(
            Attempt::all_expired(&presented(&[&two, &one], &keys), &keys),
            [one.expired(), two.expired()]
        );
    }

    #[test]
    fn nothing_that_was_changed_opens() {
        let keys = setting().keys();
        let one = attempt(1, "/", 100);
        let state = one.state(0, &keys);
        for at in [0, 20, 50, state.len() - 1] {
            let mut bytes = state.clone().into_bytes();
            bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
            assert!(State::open(std::str::from_utf8(&bytes).unwrap(), &keys).is_none(), "{at}");
        }
        assert!(State::open(&value(&one, &keys), &keys).is_none(), "a cookie is no state");
        let other = config(json!({ "APP_ID": "other" })).ok().unwrap().keys();
        assert!(State::open(&state, &other).is_none(), "another app's");
    }

    #[test]
    fn a_person_returns_to_a_path_of_this_site_and_to_nothing_else() {
        let long = format!("/{}", "x".repeat(600));
        for (wish, kept, in_state) in [
            ("/a", "/a", "/a"),
            ("//evil.example", "/", "/"),
            ("/\\evil.example", "/", "/"),
            ("https:evil.example", "/", "/"),
            ("javascript:alert(1)", "/", "/"),
            (long.as_str(), long.as_str(), "/"),
            (&format!("/{}", "x".repeat(8192)), "/", "/"),
        ] {
            let keys = setting().keys();
            let attempt = attempt(1, wish, 0);
            assert_eq!(attempt.return_to, kept);
            assert_eq!(State::open(&attempt.state(0, &keys), &keys).unwrap().return_to, in_state);
        }
    }

    #[test]
    fn a_demand_travels_along() {
        let keys = setting().keys();
        let demand = Demand {
            handle: Handle::parse(&"A".repeat(64)),
            max_age: Some(Seconds::new(600)),
            acr: vec!["mfa".to_owned()],
        };
        let asked = Attempt { demand, again: true, ..attempt(1, "/", 0) };
        assert_eq!(Attempt::open(&value(&asked, &keys), &keys), Some((asked, 0)));
    }
}
