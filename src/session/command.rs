//! What the Worker asks of a user's object and what it hears back: one typed protocol for both ends.
//!
//! Invariant: the JSON of these types is pinned by the golden test below, because Worker and object
//! can run different versions during a deploy. A field is only ever added, with a default; unknown
//! fields are ignored. Every command may be repeated: its second run answers as the first did.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::payload::Payload;
use super::rotation::{FirstUse, Generation, Issued};
use super::{Handle, Lineage, Session};
use crate::bytes::Random;
use crate::time::Timestamp;

/// A command and the app it is for: a session of another app is no session here.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Envelope {
    /// The app that asks.
    pub app_id: String,
    /// What it asks.
    pub command: Command,
}

/// What can be asked of a user's object.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Make a session.
    Create(NewSession),
    /// Does this session live? Writes nothing, unless it is the first use of a child's access token.
    Check {
        /// The session.
        id: Random,
        /// What the access token says of its lineage, when it names a parent.
        first_use: Option<FirstUse>,
    },
    /// Rotate the refresh token.
    Renew {
        /// The session.
        id: Random,
        /// What the refresh token says.
        presented: Generation,
        /// The nonce for a new child, should one be needed.
        nonce: Random,
        /// What is known of the anti-CSRF token.
        anti_csrf: AntiCsrf,
        /// Sign further access tokens with the static key; `None` leaves it as it is.
        static_key: Option<bool>,
    },
    /// Log out.
    Revoke {
        /// The session that logs out.
        id: Random,
        /// Which sessions are to end.
        scope: Scope,
        /// What the browser could show for it.
        proof: Proof,
        /// When it asked: later sessions are none of its business.
        as_of: Timestamp,
    },
    /// End these sessions, by the application's word.
    Remove {
        /// The sessions.
        ids: Vec<Random>,
    },
    /// End all sessions of the user, by the application's word.
    RemoveAll {
        /// Only those of this tenant.
        tenant_id: Option<String>,
    },
    /// The user's living sessions, the latest first.
    List {
        /// Only those of this tenant.
        tenant_id: Option<String>,
    },
    /// One session with its data.
    Read {
        /// The session.
        id: Random,
    },
    /// Change what the application keeps in a session.
    Update {
        /// The session.
        id: Random,
        /// The data to keep from now on.
        data: Option<Map<String, Value>>,
        /// What to do to the payload.
        payload: Option<PayloadChange>,
    },
}

/// A session to be made. The Worker draws the random parts, so a repeated command makes it once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NewSession {
    /// Its id within the object.
    pub id: Random,
    /// Who is signed in.
    pub user_id: String,
    /// The tenant.
    pub tenant_id: String,
    /// The nonce of the first refresh token.
    pub nonce: Random,
    /// The application's claims.
    pub payload: Payload,
    /// What the application keeps in the session.
    pub data: Map<String, Value>,
    /// Whether access tokens carry an anti-CSRF token.
    pub anti_csrf: bool,
    /// Whether access tokens are signed with the static key.
    pub static_key: bool,
    /// The browser, as it names itself.
    pub user_agent: Option<String>,
    /// The country, two letters.
    pub country: Option<String>,
    /// The same browser's earlier session of the same user, which ends.
    pub replaces: Option<Random>,
}

/// Which sessions a logout ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// This one.
    Current,
    /// Every session of the user.
    All,
    /// Every session of the user but this one.
    Others,
}

/// What a browser shows for the session that it wants to log out of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Proof {
    /// An access token that has expired: enough for the session itself, not for others.
    Expired,
    /// An access token that is good, with its lineage if it names a parent.
    Access(Option<FirstUse>),
    /// A refresh token.
    Refresh(Generation),
}

/// One logout, complete: what the pending marker carries while the object cannot be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Logout {
    /// The session that logs out.
    pub handle: Handle,
    /// Which sessions are to end.
    pub scope: Scope,
    /// What the browser showed.
    pub proof: Proof,
    /// When it asked.
    pub as_of: Timestamp,
}

/// What a renewal knows of the anti-CSRF token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AntiCsrf {
    /// Not asked for: the session stays as it is.
    Keep,
    /// Switch it off.
    Off,
    /// Wanted, and the right token was shown.
    Proved,
    /// Wanted, and no or a wrong token was shown.
    Missing,
}

/// How to change a payload.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PayloadChange {
    /// This is the payload from now on.
    Replace(Payload),
    /// Merge this in; `null` removes a name.
    Merge(Payload),
}

/// The object's answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reply {
    /// The session is made, or was made by an earlier run of the command.
    Created(Renewed),
    /// The session lives.
    Live(Live),
    /// The refresh token was rotated, or repeated within the grace.
    Renewed(Renewed),
    /// There is no such session: never was, logged out, or expired.
    Gone,
    /// The session lives, but the access token is of a branch that was not taken.
    Superseded,
    /// A replaced refresh token came back. The session has been deleted.
    Reuse {
        /// Whose session it was.
        user_id: String,
    },
    /// The anti-CSRF token was wanted and not shown. Nothing changed.
    AntiCsrfMissing,
    /// These sessions were deleted just now.
    Revoked {
        /// Their ids.
        ids: Vec<Random>,
        /// What was done: `current` where the proof was not enough for more.
        scope: Scope,
    },
    /// The user's living sessions.
    Listed(Vec<Live>),
    /// One session with its data.
    Read {
        /// The session.
        session: Live,
        /// What the application keeps in it.
        data: Map<String, Value>,
    },
    /// The change is made.
    Updated(Live),
    /// The access token would not fit a cookie. Nothing changed.
    TooLarge,
}

/// A living session as the Worker sees it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Live {
    /// Its id within the object.
    pub id: Random,
    /// Who is signed in.
    pub user_id: String,
    /// The tenant.
    pub tenant_id: String,
    /// The nonce of the current refresh token.
    pub nonce: Random,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was last renewed.
    pub last_seen_at: Timestamp,
    /// The last second in which it lives.
    pub ends_at: Timestamp,
    /// The application's claims.
    pub payload: Payload,
    /// Whether its access tokens carry an anti-CSRF token.
    pub anti_csrf: bool,
    /// Whether its access tokens are signed with the static key.
    pub static_key: bool,
    /// The browser, as it names itself.
    pub user_agent: Option<String>,
    /// The country, two letters.
    pub country: Option<String>,
}

/// A session for which tokens are to be handed out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Renewed {
    /// The session.
    pub session: Live,
    /// What the refresh token is to say.
    pub refresh: Generation,
    /// The parent that the access token is to name.
    pub parent: Option<Random>,
}

/// Which rows a command needs to see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// One session.
    One(Random),
    /// Every session of the user.
    All,
}

impl Command {
    /// Which rows the command needs to see.
    #[must_use]
    pub const fn reach(&self) -> Reach {
        match self {
            Self::Check { id, .. }
            | Self::Renew { id, .. }
            | Self::Revoke { id, scope: Scope::Current, .. }
            | Self::Read { id }
            | Self::Update { id, .. } => Reach::One(*id),
            Self::Create(_)
            | Self::Revoke { .. }
            | Self::Remove { .. }
            | Self::RemoveAll { .. }
            | Self::List { .. } => Reach::All,
        }
    }
}

impl Scope {
    /// Reads the name used in queries, forms and headers.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "current" => Some(Self::Current),
            "all" => Some(Self::All),
            "others" => Some(Self::Others),
            _ => None,
        }
    }

    /// The name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::All => "all",
            Self::Others => "others",
        }
    }
}

impl Proof {
    /// Whether it can be enough for more than the session itself.
    #[must_use]
    pub const fn may_be_living(&self) -> bool {
        match self {
            Self::Expired => false,
            Self::Access(_) | Self::Refresh(_) => true,
        }
    }
}

impl Logout {
    /// The command that does it.
    #[must_use]
    pub const fn command(&self) -> Command {
        Command::Revoke { id: self.handle.id, scope: self.scope, proof: self.proof, as_of: self.as_of }
    }
}

impl Live {
    /// What the Worker may know of `session`.
    #[must_use]
    pub fn of(session: Session, ends_at: Timestamp) -> Self {
        Self {
            id: session.id,
            user_id: session.user_id,
            tenant_id: session.tenant_id,
            nonce: session.lineage.nonce,
            created_at: session.created_at,
            last_seen_at: session.last_seen_at,
            ends_at,
            payload: session.payload,
            anti_csrf: session.anti_csrf,
            static_key: session.static_key,
            user_agent: session.user_agent,
            country: session.country,
        }
    }
}

impl NewSession {
    /// The session that this makes at `now`.
    #[must_use]
    pub fn into_session(self, now: Timestamp) -> Session {
        Session {
            id: self.id,
            user_id: self.user_id,
            tenant_id: self.tenant_id,
            lineage: Lineage::start(self.nonce, now),
            created_at: now,
            last_seen_at: now,
            payload: self.payload,
            anti_csrf: self.anti_csrf,
            static_key: self.static_key,
            user_agent: self.user_agent,
            country: self.country,
        }
    }
}

impl Renewed {
    /// Puts a session and its tokens together.
    #[must_use]
    pub fn of(session: Live, issued: Issued) -> Self {
        Self { session, refresh: issued.refresh, parent: issued.parent }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn id() -> Random {
        Random::from_bytes([1; 16])
    }

    const ID: &str = "AQEBAQEBAQEBAQEBAQEBAQ";
    const NONCE: &str = "AgICAgICAgICAgICAgICAg";
    const ZERO: &str = "AAAAAAAAAAAAAAAAAAAAAA";

    #[track_caller]
    fn pinned<T: Serialize + serde::de::DeserializeOwned + PartialEq + std::fmt::Debug>(
        value: &T,
        json: Value,
    ) {
        assert_eq!(serde_json::to_value(value).unwrap(), json);
        assert_eq!(&serde_json::from_value::<T>(json).unwrap(), value);
    }

    fn live() -> Live {
        Live {
            id: id(),
            user_id: "u1".into(),
            tenant_id: "public".into(),
            nonce: Random::from_bytes([2; 16]),
            created_at: Timestamp::from_seconds(10),
            last_seen_at: Timestamp::from_seconds(20),
            ends_at: Timestamp::from_seconds(30),
            payload: serde_json::from_value(json!({ "role": "admin" })).unwrap(),
            anti_csrf: false,
            static_key: true,
            user_agent: None,
            country: Some("CH".into()),
        }
    }

    fn live_json() -> Value {
        json!({
            "id": ID, "user_id": "u1", "tenant_id": "public", "nonce": NONCE,
            "created_at": 10, "last_seen_at": 20, "ends_at": 30, "payload": { "role": "admin" },
            "anti_csrf": false, "static_key": true, "user_agent": null, "country": "CH",
        })
    }

    #[test]
    fn the_commands_are_pinned() {
        let generation =
            Generation { generation: 3, nonce: Random::from_bytes([2; 16]), parent: Random::ZERO };
        let generation_json = json!({ "generation": 3, "nonce": NONCE, "parent": ZERO });
        pinned(
            &Envelope { app_id: "public".into(), command: Command::Check { id: id(), first_use: None } },
            json!({ "app_id": "public", "command": { "check": { "id": ID, "first_use": null } } }),
        );
        pinned(
            &Command::Renew {
                id: id(),
                presented: generation,
                nonce: id(),
                anti_csrf: AntiCsrf::Keep,
                static_key: None,
            },
            json!({ "renew": {
                "id": ID, "presented": generation_json, "nonce": ID, "anti_csrf": "keep", "static_key": null,
            } }),
        );
        pinned(
            &Command::Revoke {
                id: id(),
                scope: Scope::All,
                proof: Proof::Refresh(generation),
                as_of: Timestamp::from_seconds(7),
            },
            json!({ "revoke": {
                "id": ID, "scope": "all", "proof": { "refresh": generation_json }, "as_of": 7,
            } }),
        );
        pinned(&Command::Remove { ids: vec![id()] }, json!({ "remove": { "ids": [ID] } }));
        pinned(&Command::RemoveAll { tenant_id: None }, json!({ "remove_all": { "tenant_id": null } }));
        pinned(&Command::List { tenant_id: Some("t1".into()) }, json!({ "list": { "tenant_id": "t1" } }));
        pinned(&Command::Read { id: id() }, json!({ "read": { "id": ID } }));
        pinned(
            &Command::Update {
                id: id(),
                data: None,
                payload: Some(PayloadChange::Merge(Payload::default())),
            },
            json!({ "update": { "id": ID, "data": null, "payload": { "merge": {} } } }),
        );
        pinned(
            &Command::Create(NewSession {
                id: id(),
                user_id: "u1".into(),
                tenant_id: "public".into(),
                nonce: Random::from_bytes([2; 16]),
                payload: Payload::default(),
                data: Map::new(),
                anti_csrf: true,
                static_key: false,
                user_agent: Some("Firefox".into()),
                country: None,
                replaces: None,
            }),
            json!({ "create": {
                "id": ID, "user_id": "u1", "tenant_id": "public", "nonce": NONCE, "payload": {}, "data": {},
                "anti_csrf": true, "static_key": false, "user_agent": "Firefox", "country": null, "replaces": null,
            } }),
        );
    }

    #[test]
    fn the_replies_are_pinned() {
        pinned(&Reply::Live(live()), json!({ "live": live_json() }));
        pinned(
            &Reply::Renewed(Renewed {
                session: live(),
                refresh: Generation { generation: 0, nonce: id(), parent: Random::ZERO },
                parent: None,
            }),
            json!({ "renewed": {
                "session": live_json(),
                "refresh": { "generation": 0, "nonce": ID, "parent": ZERO },
                "parent": null,
            } }),
        );
        pinned(&Reply::Gone, json!("gone"));
        pinned(&Reply::Superseded, json!("superseded"));
        pinned(&Reply::Reuse { user_id: "u1".into() }, json!({ "reuse": { "user_id": "u1" } }));
        pinned(&Reply::AntiCsrfMissing, json!("anti_csrf_missing"));
        pinned(
            &Reply::Revoked { ids: vec![id()], scope: Scope::Others },
            json!({ "revoked": { "ids": [ID], "scope": "others" } }),
        );
        pinned(&Reply::Listed(vec![]), json!({ "listed": [] }));
        pinned(
            &Reply::Read { session: live(), data: Map::new() },
            json!({ "read": { "session": live_json(), "data": {} } }),
        );
        pinned(&Reply::Updated(live()), json!({ "updated": live_json() }));
        pinned(&Reply::TooLarge, json!("too_large"));
    }

    #[test]
    fn a_newer_end_may_add_fields() {
        let json = json!({ "check": { "id": ID, "first_use": null, "added_later": 1 } });
        assert!(serde_json::from_value::<Command>(json).is_ok());
    }
}
