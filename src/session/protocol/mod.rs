//! What the Worker asks of a user's object and what it hears back: one typed protocol for both ends.
//!
//! Invariant: the JSON of these types is pinned by the golden test below, because Worker and object
//! can run different versions during a deploy. A field is only ever added, with a default; unknown
//! fields are ignored. Every command may be repeated: its second run leaves what the first did.

mod read;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::base::time::Timestamp;
use crate::session::payload::Payload;
use crate::session::rotation::{FirstUse, Generation, Issued};
use crate::session::{Handle, Nonce, Session, SessionId};

/// A command and the app it is for: a session of another app is no session here.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Envelope {
    /// The app that asks.
    pub app_id: String,
    /// What it asks.
    pub command: Command,
}

/// What can be asked of a user's object.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Make a session. The Worker draws the random parts, and new ones for another try.
    Create {
        /// The session; the object's clock says when it begins.
        session: Box<Session>,
        /// What the application keeps in it.
        data: Map<String, Value>,
        /// Sessions that end: the same browser's earlier one, and what an earlier try may have made.
        replaces: Vec<SessionId>,
    },
    /// Does this session live? Writes nothing, unless it is the first use of a child's access token.
    Check {
        /// The session.
        id: SessionId,
        /// What the access token says of its lineage, when it names a parent.
        first_use: Option<FirstUse>,
    },
    /// Rotate the refresh token.
    Renew {
        /// The session.
        id: SessionId,
        /// What the refresh token says.
        presented: Generation,
        /// The nonce for a new child, should one be needed.
        nonce: Nonce,
        /// What is known of the anti-CSRF token.
        anti_csrf: AntiCsrf,
        /// Sign further access tokens with the static key; `None` leaves it as it is.
        static_key: Option<bool>,
    },
    /// Log out.
    Revoke {
        /// The session that logs out.
        id: SessionId,
        /// Which sessions are to end.
        scope: Scope,
        /// What the browser could show for it.
        proof: Proof,
        /// When it asked, if that is some time ago: sessions created later are not affected.
        as_of: Option<Timestamp>,
    },
    /// End these sessions, by the application's word.
    Remove {
        /// The sessions.
        ids: Vec<SessionId>,
    },
    /// End sessions by an identity provider's word.
    EndAtProvider {
        /// The provider's key.
        provider: String,
        /// Its issuer.
        issuer: String,
        /// The session there; all of the user's without.
        session_id: Option<String>,
        /// When the provider said so, by its own clock: no later login is meant.
        issued_at: Timestamp,
    },
    /// Store what an identity provider has said of a person's staying.
    Recheck {
        /// The session.
        id: SessionId,
        /// Which lease was used to ask: the word of an earlier one does not count any more.
        lease_until: Timestamp,
        /// What the provider said.
        outcome: Rechecked,
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
        id: SessionId,
    },
    /// Change what the application keeps in a session.
    Update {
        /// The session.
        id: SessionId,
        /// The data to keep from now on.
        data: Option<Map<String, Value>>,
        /// What to do to the payload.
        payload: Option<PayloadChange>,
        /// Claims to merge in; `null` removes a name.
        #[serde(skip_serializing_if = "Option::is_none")]
        claims: Option<Map<String, Value>>,
    },
}

/// Which sessions a logout ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Logout {
    /// The session that logs out.
    pub handle: Handle,
    /// Which sessions are to end.
    pub scope: Scope,
    /// What the browser showed.
    pub proof: Proof,
    /// When it asked, if that is some time ago.
    pub as_of: Option<Timestamp>,
}

/// What a renewal knows of the anti-CSRF token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
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
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PayloadChange {
    /// This is the payload from now on.
    Replace(Payload),
    /// Merge this in; `null` removes a name.
    Merge(Payload),
}

/// The object's answer.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reply {
    /// The session is made, or was made by an earlier run of the command.
    Created(Session),
    /// The session lives.
    Live(Session),
    /// The refresh token was rotated, or repeated within the grace.
    Renewed {
        /// The session.
        session: Session,
        /// What to hand out.
        issued: Issued,
        /// That it is due to ask the provider, and with what. One caller is told at a time.
        #[serde(skip_serializing_if = "Option::is_none")]
        recheck: Option<Box<Recheck>>,
    },
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
        ids: Vec<SessionId>,
        /// What was done: `current` where the proof was not enough for more.
        scope: Scope,
        /// What a provider's login left with the session that logged out.
        #[serde(skip_serializing_if = "Option::is_none")]
        left: Option<Left>,
    },
    /// The user's living sessions.
    Listed(Vec<Session>),
    /// One session with its data.
    Read {
        /// The session.
        session: Session,
        /// What the application keeps in it.
        data: Map<String, Value>,
    },
    /// The change is made.
    Updated(Session),
    /// The access token would not fit a cookie, or the claims are over their limit. Nothing changed.
    TooLarge,
    /// The provider has ended the login meanwhile. Nothing changed.
    EndedAtProvider,
}

/// What it takes to ask a provider whether a person may stay.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Recheck {
    /// `iss` of the ID token of the login.
    pub issuer: String,
    /// ID token and refresh token, sealed.
    pub sealed: String,
    /// Until when nobody else asks.
    pub lease_until: Timestamp,
}

/// What a provider said when it was asked whether a person may stay.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Rechecked {
    /// They may.
    Stays {
        /// The tokens from now on, sealed; those before without.
        sealed: Option<String>,
        /// Claims that it says otherwise than before; `null` removes a name.
        claims: Map<String, Value>,
    },
    /// They may not.
    Ended,
    /// Nothing of use.
    Trouble,
}

/// What a provider's login left with a session that has ended: enough to end the provider's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Left {
    /// The provider's key.
    pub provider: String,
    /// ID token and refresh token, sealed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sealed: Option<String>,
}

/// That a provider has ended sessions: remembered, since a login may be under way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ProviderEnd {
    /// The provider's key.
    pub provider: String,
    /// Its issuer.
    pub issuer: String,
    /// The session there; all of the user's without.
    pub session_id: Option<String>,
    /// When the provider said so, by its own clock.
    pub issued_at: Timestamp,
    /// When it was heard, by the object's.
    pub at: Timestamp,
}

/// Which rows a command needs to see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// One session.
    One(SessionId),
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
            | Self::Recheck { id, .. }
            | Self::Read { id }
            | Self::Update { id, .. } => Reach::One(*id),
            Self::Create { .. }
            | Self::Revoke { .. }
            | Self::Remove { .. }
            | Self::EndAtProvider { .. }
            | Self::RemoveAll { .. }
            | Self::List { .. } => Reach::All,
        }
    }
}

impl Command {
    /// Its name, as its JSON has it.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Create { .. } => "create",
            Self::Check { .. } => "check",
            Self::Renew { .. } => "renew",
            Self::Revoke { .. } => "revoke",
            Self::Remove { .. } => "remove",
            Self::EndAtProvider { .. } => "end_at_provider",
            Self::Recheck { .. } => "recheck",
            Self::RemoveAll { .. } => "remove_all",
            Self::List { .. } => "list",
            Self::Read { .. } => "read",
            Self::Update { .. } => "update",
        }
    }

    /// The session that it is about, if it is about one.
    #[must_use]
    pub const fn session(&self) -> Option<SessionId> {
        match self {
            Self::Check { id, .. }
            | Self::Renew { id, .. }
            | Self::Revoke { id, .. }
            | Self::Recheck { id, .. }
            | Self::Read { id }
            | Self::Update { id, .. } => Some(*id),
            Self::Create { .. }
            | Self::Remove { .. }
            | Self::EndAtProvider { .. }
            | Self::RemoveAll { .. }
            | Self::List { .. } => None,
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

impl Command {
    /// The command for another try, when nobody knows what became of the one before. A session that was
    /// made and has been ended since must not come back, so a new one takes its place.
    #[must_use]
    pub fn again(self, id: SessionId) -> Self {
        match self {
            Self::Create { session, data, mut replaces } => {
                replaces.push(session.id);
                Self::Create { session: Session { id, ..*session }.into(), data, replaces }
            }
            other => other,
        }
    }
}

impl Logout {
    /// The same, to be done later.
    #[must_use]
    pub fn postponed(self, now: Timestamp) -> Self {
        Self { as_of: self.as_of.or(Some(now)), ..self }
    }

    /// The command that does it.
    #[must_use]
    pub const fn command(&self) -> Command {
        Command::Revoke { id: self.handle.id, scope: self.scope, proof: self.proof, as_of: self.as_of }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::time::Seconds;
    use crate::session::payload::tests::payload;
    use crate::session::{AtProvider, Child, Claims, Lineage, Login};
    use serde_json::json;

    fn nonce(n: u8) -> Nonce {
        Nonce::from_bytes([n; 16])
    }

    fn id() -> SessionId {
        SessionId::from_bytes([1; 16])
    }

    const ID: &str = "AQEBAQEBAQEBAQEBAQEBAQ";
    const NONCE: &str = "AgICAgICAgICAgICAgICAg";
    const ZERO: &str = "AAAAAAAAAAAAAAAAAAAAAA";

    #[track_caller]
    fn pinned<T: Serialize + PartialEq + std::fmt::Debug>(
        value: &T,
        read: impl Fn(Value) -> Option<T>,
        json: Value,
    ) {
        assert_eq!(serde_json::to_value(value).unwrap(), json);
        assert_eq!(read(json).as_ref(), Some(value));
    }

    fn session() -> Session {
        Session {
            tenant_id: "t1".into(),
            lineage: Lineage {
                generation: 3,
                nonce: Nonce::from_bytes([2; 16]),
                previous: Nonce::NONE,
                rotated_at: Timestamp::from_seconds(15),
                child: Some(Child { nonce: nonce(1), issued_at: Timestamp::from_seconds(20) }),
            },
            created_ms: 250,
            last_seen_at: Timestamp::from_seconds(20),
            payload: payload(json!({ "role": "admin" })),
            static_key: true,
            user_agent: Some("Firefox".into()),
            country: Some("CH".into()),
            ..Session::new(id(), nonce(1), "u1".into(), Timestamp::from_seconds(10))
        }
    }

    fn session_json() -> Value {
        json!({
            "id": ID, "user_id": "u1", "tenant_id": "t1",
            "lineage": {
                "generation": 3, "nonce": NONCE, "previous": ZERO, "rotated_at": 15,
                "child": { "nonce": ID, "issued_at": 20 },
            },
            "created_at": 10, "created_ms": 250, "last_seen_at": 20, "payload": { "role": "admin" },
            "anti_csrf": false, "static_key": true, "user_agent": "Firefox", "country": "CH",
        })
    }

    // Every release keeps `id`, `user_id` and `created_at`: by them one that cannot read the rest still ends the row.
    #[test]
    fn the_stored_session_is_pinned() {
        pinned(&session(), Session::read, session_json());
    }

    #[test]
    fn a_session_of_an_earlier_release_is_read() {
        let mut earlier = session_json();
        earlier.as_object_mut().unwrap().remove("created_ms");
        assert_eq!(Session::read(earlier), Some(Session { created_ms: 0, ..session() }));
    }

    #[test]
    fn the_stored_login_is_pinned() {
        let claims = json!({ "email": "a@example.com", "groups": ["ops"] });
        let login = Login {
            claims: Claims::of_before(claims.as_object().unwrap().clone()),
            email_set: true,
            auth_time: Some(Timestamp::from_seconds(7)),
            acr: Some("mfa".into()),
            persistent: false,
            idle: Some(Seconds::new(60)),
            absolute: Some(Seconds::new(600)),
            provider: Some("corp".into()),
            at_provider: Some(Box::new(AtProvider {
                issuer: "https://idp.example".into(),
                session_id: Some("s".into()),
                issued_at: Timestamp::from_seconds(8),
                sealed: Some("x".into()),
                checked_at: Some(Timestamp::from_seconds(9)),
                lease_until: Some(Timestamp::from_seconds(10)),
            })),
        };
        let mut json = session_json();
        json["login"] = json!({
            "claims": claims, "email_set": true, "auth_time": 7, "acr": "mfa", "persistent": false,
            "idle": 60, "absolute": 600, "provider": "corp",
            "at_provider": {
                "issuer": "https://idp.example", "session_id": "s", "issued_at": 8, "sealed": "x",
                "checked_at": 9, "lease_until": 10,
            },
        });
        pinned(&session().with_login(login), Session::read, json);
    }

    #[test]
    fn a_login_of_which_a_part_is_missing_or_new_is_read() {
        for (written, login) in [
            (json!({}), Login::default()),
            (
                json!({ "added_later": 1, "acr": "mfa" }),
                Login { acr: Some("mfa".into()), ..Login::default() },
            ),
            (json!({ "persistent": false }), Login { persistent: false, ..Login::default() }),
        ] {
            let mut json = session_json();
            json["login"] = written;
            assert_eq!(Session::read(json), Some(session().with_login(login)));
        }
    }

    #[test]
    fn the_commands_are_pinned() {
        let generation = Generation { generation: 3, nonce: Nonce::from_bytes([2; 16]), parent: Nonce::NONE };
        let generation_json = json!({ "generation": 3, "nonce": NONCE, "parent": ZERO });
        pinned(
            &Envelope { app_id: "public".into(), command: Command::Check { id: id(), first_use: None } },
            Envelope::read,
            json!({ "app_id": "public", "command": { "check": { "id": ID, "first_use": null } } }),
        );
        pinned(
            &Command::Renew {
                id: id(),
                presented: generation,
                nonce: nonce(1),
                anti_csrf: AntiCsrf::Keep,
                static_key: None,
            },
            Command::read,
            json!({ "renew": {
                "id": ID, "presented": generation_json, "nonce": ID, "anti_csrf": "keep", "static_key": null,
            } }),
        );
        pinned(
            &Command::Revoke {
                id: id(),
                scope: Scope::All,
                proof: Proof::Refresh(generation),
                as_of: Some(Timestamp::from_seconds(7)),
            },
            Command::read,
            json!({ "revoke": {
                "id": ID, "scope": "all", "proof": { "refresh": generation_json }, "as_of": 7,
            } }),
        );
        pinned(
            &Command::EndAtProvider {
                provider: "corp".into(),
                issuer: "https://idp.example".into(),
                session_id: Some("s".into()),
                issued_at: Timestamp::from_seconds(8),
            },
            Command::read,
            json!({ "end_at_provider": {
                "provider": "corp", "issuer": "https://idp.example", "session_id": "s", "issued_at": 8,
            } }),
        );
        pinned(&Command::Remove { ids: vec![id()] }, Command::read, json!({ "remove": { "ids": [ID] } }));
        pinned(
            &Command::RemoveAll { tenant_id: None },
            Command::read,
            json!({ "remove_all": { "tenant_id": null } }),
        );
        pinned(
            &Command::List { tenant_id: Some("t1".into()) },
            Command::read,
            json!({ "list": { "tenant_id": "t1" } }),
        );
        pinned(&Command::Read { id: id() }, Command::read, json!({ "read": { "id": ID } }));
        pinned(
            &Command::Update {
                id: id(),
                data: None,
                payload: Some(PayloadChange::Merge(Payload::default())),
                claims: None,
            },
            Command::read,
            json!({ "update": { "id": ID, "data": null, "payload": { "merge": {} } } }),
        );
        let claims = json!({ "groups": ["ops"], "plan": null });
        pinned(
            &Command::Update {
                id: id(),
                data: None,
                payload: None,
                claims: Some(claims.as_object().unwrap().clone()),
            },
            Command::read,
            json!({ "update": { "id": ID, "data": null, "payload": null, "claims": claims } }),
        );
        pinned(
            &Command::Create {
                session: session().into(),
                data: Map::new(),
                replaces: vec![SessionId::from_bytes([0; 16])],
            },
            Command::read,
            json!({ "create": { "session": session_json(), "data": {}, "replaces": [ZERO] } }),
        );
    }

    #[test]
    fn what_a_provider_said_is_pinned() {
        let claims = json!({ "groups": ["ops"], "plan": null });
        for (outcome, json) in [
            (
                Rechecked::Stays { sealed: None, claims: claims.as_object().unwrap().clone() },
                json!({ "stays": { "sealed": null, "claims": claims } }),
            ),
            (
                Rechecked::Stays { sealed: Some("x".into()), claims: Map::new() },
                json!({ "stays": { "sealed": "x", "claims": {} } }),
            ),
            (Rechecked::Ended, json!("ended")),
            (Rechecked::Trouble, json!("trouble")),
        ] {
            pinned(
                &Command::Recheck { id: id(), lease_until: Timestamp::from_seconds(9), outcome },
                Command::read,
                json!({ "recheck": { "id": ID, "lease_until": 9, "outcome": json } }),
            );
        }
    }

    #[test]
    fn the_replies_are_pinned() {
        pinned(&Reply::Live(session()), Reply::read, json!({ "live": session_json() }));
        pinned(
            &Reply::Renewed {
                session: session(),
                issued: Issued {
                    refresh: Generation { generation: 0, nonce: nonce(1), parent: Nonce::NONE },
                    parent: None,
                },
                recheck: None,
            },
            Reply::read,
            json!({ "renewed": {
                "session": session_json(),
                "issued": { "refresh": { "generation": 0, "nonce": ID, "parent": ZERO }, "parent": null },
            } }),
        );
        let recheck = Recheck {
            issuer: "https://idp.example".into(),
            sealed: "x".into(),
            lease_until: Timestamp::from_seconds(9),
        };
        pinned(
            &Reply::Renewed {
                session: session(),
                issued: Issued {
                    refresh: Generation { generation: 0, nonce: nonce(1), parent: Nonce::NONE },
                    parent: None,
                },
                recheck: Some(recheck.into()),
            },
            Reply::read,
            json!({ "renewed": {
                "session": session_json(),
                "issued": { "refresh": { "generation": 0, "nonce": ID, "parent": ZERO }, "parent": null },
                "recheck": { "issuer": "https://idp.example", "sealed": "x", "lease_until": 9 },
            } }),
        );
        pinned(&Reply::Created(session()), Reply::read, json!({ "created": session_json() }));
        pinned(&Reply::Gone, Reply::read, json!("gone"));
        pinned(&Reply::Superseded, Reply::read, json!("superseded"));
        pinned(&Reply::Reuse { user_id: "u1".into() }, Reply::read, json!({ "reuse": { "user_id": "u1" } }));
        pinned(&Reply::AntiCsrfMissing, Reply::read, json!("anti_csrf_missing"));
        pinned(
            &Reply::Revoked { ids: vec![id()], scope: Scope::Others, left: None },
            Reply::read,
            json!({ "revoked": { "ids": [ID], "scope": "others" } }),
        );
        let left = Left { provider: "corp".into(), sealed: Some("x".into()) };
        pinned(
            &Reply::Revoked { ids: vec![], scope: Scope::Current, left: Some(left) },
            Reply::read,
            json!({ "revoked": {
                "ids": [], "scope": "current", "left": { "provider": "corp", "sealed": "x" },
            } }),
        );
        pinned(&Reply::Listed(vec![]), Reply::read, json!({ "listed": [] }));
        pinned(
            &Reply::Read { session: session(), data: Map::new() },
            Reply::read,
            json!({ "read": { "session": session_json(), "data": {} } }),
        );
        pinned(&Reply::Updated(session()), Reply::read, json!({ "updated": session_json() }));
        pinned(&Reply::TooLarge, Reply::read, json!("too_large"));
        pinned(&Reply::EndedAtProvider, Reply::read, json!("ended_at_provider"));
    }

    #[test]
    fn a_newer_end_may_add_fields() {
        let json = json!({ "check": { "id": ID, "first_use": null, "added_later": 1 } });
        assert!(Command::read(json).is_some());
    }
}
