//! A person who is signed in, as rules and the application see them.
//!
//! Invariant: `userId`, `handle` and `provider` are the gate's own word, and an e-mail address is one that counts
//! ([`Login::claim`]).

use std::borrow::Cow;

use serde_json::Value;

use crate::base::time::Timestamp;
use crate::session::{Handle, Login};

/// A person who is signed in.
#[derive(Clone, Copy)]
pub struct Person<'a> {
    /// Who.
    pub user_id: &'a str,
    /// By which session; none while it is being made.
    pub handle: Option<Handle>,
    /// What is known of the login.
    pub login: &'a Login,
    /// When the session was made, if that is known.
    pub created_at: Option<Timestamp>,
}

impl<'a> Person<'a> {
    /// A claim that counts, the gate's own among them.
    #[must_use]
    pub fn claim(&self, name: &str) -> Option<Cow<'a, Value>> {
        let own = |text: String| Some(Cow::Owned(Value::String(text)));
        match name {
            "userId" => own(self.user_id.to_owned()),
            "handle" => own(self.handle?.to_string()),
            "provider" => own(self.login.provider.clone()?),
            _ => self.login.claim(name).map(Cow::Borrowed),
        }
    }

    /// Whether a claim was cut off by the provider: what is there of it may not be all of it (`OpenID` Connect Core
    /// §5.6.2 for `_claim_names`; `hasgroups` is Entra's word for the same).
    #[must_use]
    pub fn is_cut_off(&self, name: &str) -> bool {
        let claims = &self.login.claims;
        let is_elsewhere = match claims.get("_claim_names") {
            None => false,
            Some(Value::Object(names)) => names.contains_key(name),
            // What cannot be read may name any.
            Some(_) => true,
        };
        let has_groups = || claims.get("hasgroups").is_some_and(|value| *value != Value::Bool(false));
        !matches!(name, "userId" | "handle" | "provider")
            && (is_elsewhere || (name == "groups" && has_groups()))
    }

    /// When the person proved who they are, if that is known.
    #[must_use]
    pub fn proved_at(&self) -> Option<Timestamp> {
        match self.created_at {
            Some(created_at) => self.login.proved_at(created_at),
            None => self.login.auth_time,
        }
    }
}
