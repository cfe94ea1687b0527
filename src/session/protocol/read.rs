//! Reads sessions, commands and replies from the JSON that they are written as.
//!
//! Invariant: what is written reads back, and an unknown field is passed over, because the other end
//! can be of another version (golden tests in `command`).
//!
//! Reading is tolerant: the rules for what is new (`Payload::try_from`, sizes, names) are no rules for what
//! is there already, or the first release with a stricter one would lock people out. What is missing has a
//! default. Only without what says whose a session is and until when it lives (`id`, `user_id`, `lineage`,
//! `created_at`), or where something has another shape, is it no session; and then it takes no other
//! with it ([`Stored::read`], and a list in a reply).

use serde_json::Value;

use super::super::{Nonce, SessionId};
use super::{
    AntiCsrf, Command, Envelope, Left, Logout, PayloadChange, Proof, ProviderEnd, Recheck, Rechecked, Reply,
    Scope,
};
use crate::base::json::{Fields, array, object, optional, text, variant};
use crate::base::time::{Seconds, Timestamp};
use crate::session::{
    AtProvider, Child, Claims, DEFAULT_TENANT, FirstUse, Generation, Handle, Issued, Lineage, Login, Payload,
    Session, Stored, Unreadable,
};

impl Session {
    /// Reads a session.
    #[must_use]
    pub fn read(value: Value) -> Option<Self> {
        let mut fields = Fields::of(value)?;
        let created_at = time(fields.take("created_at"))?;
        let mut flag = |name| optional(fields.take(name), |value| value.as_bool());
        let (anti_csrf, static_key) = (flag("anti_csrf")?, flag("static_key")?);
        let login = optional(fields.take("login"), login)?.unwrap_or_default();
        let session = Self {
            id: session_id(fields.take("id"))?,
            user_id: fields.text("user_id")?,
            tenant_id: optional(fields.take("tenant_id"), text)?.unwrap_or_else(|| DEFAULT_TENANT.to_owned()),
            lineage: lineage(fields.take("lineage"))?,
            created_at,
            // Rows of the first release have none.
            created_ms: fields.integer("created_ms").and_then(|ms| ms.try_into().ok()).unwrap_or_default(),
            last_seen_at: optional(fields.take("last_seen_at"), time)?.unwrap_or(created_at),
            payload: optional(fields.take("payload"), payload)?.unwrap_or_default(),
            anti_csrf: anti_csrf.unwrap_or_default(),
            static_key: static_key.unwrap_or_default(),
            // For people to look at, whatever is in it.
            user_agent: fields.text("user_agent"),
            country: fields.text("country"),
            login: None,
        };
        Some(session.with_login(login))
    }
}

impl Stored {
    /// Reads a row: its id, and the session's JSON.
    #[must_use]
    pub fn read(id: &str, json: &str) -> Self {
        let value = || serde_json::from_str(json).ok();
        match value().and_then(Session::read) {
            Some(session) if SessionId::parse(id) == Some(session.id) => Self::Session(session),
            _ => {
                let mut fields = value().and_then(Fields::of);
                let created_at = fields.as_mut().and_then(|fields| time(fields.take("created_at")));
                let user_id = fields.and_then(|mut fields| fields.text("user_id"));
                Self::Unreadable(Unreadable { id: id.to_owned(), user_id, created_at })
            }
        }
    }
}

impl Envelope {
    /// Reads a command and its app.
    #[must_use]
    pub fn read(value: Value) -> Option<Self> {
        let mut fields = Fields::of(value)?;
        Some(Self { app_id: fields.text("app_id")?, command: Command::read(fields.take("command"))? })
    }
}

impl Command {
    /// Reads a command.
    #[must_use]
    pub fn read(value: Value) -> Option<Self> {
        let (name, content) = variant(value)?;
        let mut fields = Fields::of(content)?;
        Some(match name.as_str() {
            "create" => Self::Create {
                session: Session::read(fields.take("session"))?.into(),
                data: fields.object("data")?,
                replaces: array(fields.take("replaces"), session_id)?,
            },
            "check" => Self::Check {
                id: session_id(fields.take("id"))?,
                first_use: optional(fields.take("first_use"), first_use)?,
            },
            "renew" => Self::Renew {
                id: session_id(fields.take("id"))?,
                presented: generation(fields.take("presented"))?,
                nonce: nonce(fields.take("nonce"))?,
                anti_csrf: anti_csrf(&fields.text("anti_csrf")?)?,
                static_key: optional(fields.take("static_key"), |value| value.as_bool())?,
            },
            "revoke" => Self::Revoke {
                id: session_id(fields.take("id"))?,
                scope: Scope::parse(&fields.text("scope")?)?,
                proof: proof(fields.take("proof"))?,
                as_of: optional(fields.take("as_of"), time)?,
            },
            "remove" => Self::Remove { ids: array(fields.take("ids"), session_id)? },
            "end_at_provider" => Self::EndAtProvider {
                provider: fields.text("provider")?,
                issuer: fields.text("issuer")?,
                session_id: optional(fields.take("session_id"), text)?,
                issued_at: time(fields.take("issued_at"))?,
            },
            "recheck" => Self::Recheck {
                id: session_id(fields.take("id"))?,
                lease_until: time(fields.take("lease_until"))?,
                outcome: rechecked(fields.take("outcome"))?,
            },
            "remove_all" => Self::RemoveAll { tenant_id: optional(fields.take("tenant_id"), text)? },
            "list" => Self::List { tenant_id: optional(fields.take("tenant_id"), text)? },
            "read" => Self::Read { id: session_id(fields.take("id"))? },
            "update" => Self::Update {
                id: session_id(fields.take("id"))?,
                data: optional(fields.take("data"), object)?,
                payload: optional(fields.take("payload"), payload_change)?,
                claims: optional(fields.take("claims"), object)?,
            },
            _ => return None,
        })
    }
}

impl Reply {
    /// Reads a reply.
    #[must_use]
    pub fn read(value: Value) -> Option<Self> {
        let (name, content) = variant(value)?;
        Some(match name.as_str() {
            "created" => Self::Created(Session::read(content)?),
            "live" => Self::Live(Session::read(content)?),
            "updated" => Self::Updated(Session::read(content)?),
            "listed" => {
                let sessions = array(content, |value| Some(Session::read(value)))?;
                Self::Listed(sessions.into_iter().flatten().collect())
            }
            "gone" => Self::Gone,
            "superseded" => Self::Superseded,
            "anti_csrf_missing" => Self::AntiCsrfMissing,
            "too_large" => Self::TooLarge,
            "ended_at_provider" => Self::EndedAtProvider,
            "renewed" => {
                let mut fields = Fields::of(content)?;
                Self::Renewed {
                    session: Session::read(fields.take("session"))?,
                    issued: issued(fields.take("issued"))?,
                    recheck: optional(fields.take("recheck"), recheck)?.map(Box::new),
                }
            }
            "reuse" => Self::Reuse { user_id: Fields::of(content)?.text("user_id")? },
            "revoked" => {
                let mut fields = Fields::of(content)?;
                Self::Revoked {
                    ids: array(fields.take("ids"), session_id)?,
                    scope: Scope::parse(&fields.text("scope")?)?,
                    left: optional(fields.take("left"), left)?,
                }
            }
            "read" => {
                let mut fields = Fields::of(content)?;
                Self::Read { session: Session::read(fields.take("session"))?, data: fields.object("data")? }
            }
            _ => return None,
        })
    }
}

impl Logout {
    /// Reads a logout.
    #[must_use]
    pub fn read(value: Value) -> Option<Self> {
        let mut fields = Fields::of(value)?;
        Some(Self {
            handle: Handle::parse(&fields.text("handle")?)?,
            scope: Scope::parse(&fields.text("scope")?)?,
            proof: proof(fields.take("proof"))?,
            as_of: optional(fields.take("as_of"), time)?,
        })
    }
}

fn session_id(value: Value) -> Option<SessionId> {
    SessionId::parse(value.as_str()?)
}

fn nonce(value: Value) -> Option<Nonce> {
    Nonce::parse(value.as_str()?)
}

fn time(value: Value) -> Option<Timestamp> {
    value.as_i64().map(Timestamp::from_seconds)
}

fn payload(value: Value) -> Option<Payload> {
    object(value).map(Payload::of_before)
}

fn login(value: Value) -> Option<Login> {
    let mut fields = Fields::of(value)?;
    let claims = optional(fields.take("claims"), object)?.unwrap_or_default();
    Some(Login {
        claims: Claims::of_before(claims),
        email_set: optional(fields.take("email_set"), |value| value.as_bool())?.unwrap_or_default(),
        auth_time: optional(fields.take("auth_time"), time)?,
        acr: optional(fields.take("acr"), text)?,
        persistent: optional(fields.take("persistent"), |value| value.as_bool())?.unwrap_or(true),
        idle: optional(fields.take("idle"), seconds)?,
        absolute: optional(fields.take("absolute"), seconds)?,
        provider: optional(fields.take("provider"), text)?,
        at_provider: optional(fields.take("at_provider"), at_provider)?.map(Box::new),
    })
}

fn seconds(value: Value) -> Option<Seconds> {
    value.as_u64().map(|seconds| Seconds::new(u32::try_from(seconds).unwrap_or(u32::MAX)))
}

fn lineage(value: Value) -> Option<Lineage> {
    let mut fields = Fields::of(value)?;
    Some(Lineage {
        generation: u32::try_from(fields.integer("generation")?).ok()?,
        nonce: nonce(fields.take("nonce"))?,
        previous: nonce(fields.take("previous"))?,
        rotated_at: time(fields.take("rotated_at"))?,
        child: optional(fields.take("child"), child)?,
    })
}

fn child(value: Value) -> Option<Child> {
    let mut fields = Fields::of(value)?;
    Some(Child { nonce: nonce(fields.take("nonce"))?, issued_at: time(fields.take("issued_at"))? })
}

fn generation(value: Value) -> Option<Generation> {
    let mut fields = Fields::of(value)?;
    Some(Generation {
        generation: u32::try_from(fields.integer("generation")?).ok()?,
        nonce: nonce(fields.take("nonce"))?,
        parent: nonce(fields.take("parent"))?,
    })
}

fn first_use(value: Value) -> Option<FirstUse> {
    let mut fields = Fields::of(value)?;
    Some(FirstUse { nonce: nonce(fields.take("nonce"))?, parent: nonce(fields.take("parent"))? })
}

fn issued(value: Value) -> Option<Issued> {
    let mut fields = Fields::of(value)?;
    Some(Issued {
        refresh: generation(fields.take("refresh"))?,
        parent: optional(fields.take("parent"), nonce)?,
    })
}

fn proof(value: Value) -> Option<Proof> {
    let (name, content) = variant(value)?;
    match name.as_str() {
        "expired" => Some(Proof::Expired),
        "access" => optional(content, first_use).map(Proof::Access),
        "refresh" => generation(content).map(Proof::Refresh),
        _ => None,
    }
}

fn anti_csrf(name: &str) -> Option<AntiCsrf> {
    match name {
        "keep" => Some(AntiCsrf::Keep),
        "off" => Some(AntiCsrf::Off),
        "proved" => Some(AntiCsrf::Proved),
        "missing" => Some(AntiCsrf::Missing),
        _ => None,
    }
}

fn payload_change(value: Value) -> Option<PayloadChange> {
    let (name, content) = variant(value)?;
    match name.as_str() {
        "replace" => payload(content).map(PayloadChange::Replace),
        "merge" => payload(content).map(PayloadChange::Merge),
        _ => None,
    }
}

fn at_provider(value: Value) -> Option<AtProvider> {
    let mut fields = Fields::of(value)?;
    Some(AtProvider {
        issuer: fields.text("issuer")?,
        session_id: optional(fields.take("session_id"), text)?,
        issued_at: time(fields.take("issued_at"))?,
        sealed: optional(fields.take("sealed"), text)?,
        checked_at: optional(fields.take("checked_at"), time)?,
        lease_until: optional(fields.take("lease_until"), time)?,
    })
}

fn recheck(value: Value) -> Option<Recheck> {
    let mut fields = Fields::of(value)?;
    Some(Recheck {
        issuer: fields.text("issuer")?,
        sealed: fields.text("sealed")?,
        lease_until: time(fields.take("lease_until"))?,
    })
}

fn rechecked(value: Value) -> Option<Rechecked> {
    let (name, content) = variant(value)?;
    match name.as_str() {
        "stays" => {
            let mut fields = Fields::of(content)?;
            let sealed = optional(fields.take("sealed"), text)?;
            Some(Rechecked::Stays { sealed, claims: fields.object("claims")? })
        }
        "ended" => Some(Rechecked::Ended),
        "trouble" => Some(Rechecked::Trouble),
        _ => None,
    }
}

impl ProviderEnd {
    /// Reads one that is stored.
    #[must_use]
    pub fn read(value: Value) -> Option<Self> {
        let mut fields = Fields::of(value)?;
        Some(Self {
            provider: fields.text("provider")?,
            issuer: fields.text("issuer")?,
            session_id: optional(fields.take("session_id"), text)?,
            issued_at: time(fields.take("issued_at"))?,
            at: time(fields.take("at"))?,
        })
    }
}

fn left(value: Value) -> Option<Left> {
    let mut fields = Fields::of(value)?;
    Some(Left { provider: fields.text("provider")?, sealed: optional(fields.take("sealed"), text)? })
}
