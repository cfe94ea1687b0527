//! What an isolate remembers of sessions: when the object last said that one lives, and which ended.
//!
//! Invariant: bounded plain data, written by [`Memory::learn`] alone, which every reply of an object goes through. A
//! positive answer is used only as long as a route's `fresh` allows, and a revocation that passes through the isolate
//! ends it at once. A negative answer stays true: the id of an ended session is never used again.

use std::cell::{Cell, RefCell};
use std::num::NonZeroUsize;
use std::rc::Rc;

use lru::LruCache;

use crate::base::time::{Seconds, Timestamp};
use crate::session::{Command, Handle, Login, ObjectId, Policy, Reply, Scope, Session, SessionId};

/// How many sessions are remembered: under 1 MiB.
const SESSIONS: NonZeroUsize = NonZeroUsize::new(8192).unwrap();

/// Of how many sessions it is remembered what their login said: most say nothing. With claims at their limit these are
/// 8 MiB of JSON.
const LOGINS: NonZeroUsize = NonZeroUsize::new(1024).unwrap();

/// How many users are remembered whose sessions changed.
const CHANGES: NonZeroUsize = NonZeroUsize::new(1024).unwrap();

/// The sessions that passed lately.
pub struct Memory {
    sessions: RefCell<LruCache<Handle, Known>>,
    /// What is known of their logins, of those that said anything.
    logins: RefCell<LruCache<Handle, Rc<Login>>>,
    /// Which change was the latest in a user's sessions. What was asked before it counts no more, and
    /// may still be on its way.
    changed: RefCell<LruCache<ObjectId, u64>>,
    /// The latest change that is not remembered by user any more: it counts for all.
    forgotten: Cell<u64>,
    /// How many changes there were. Not a time: two things happen in one second.
    changes: Cell<u64>,
}

/// When an object was asked: the time, and how many changes the isolate had seen.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Asked {
    at: Timestamp,
    changes: u64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Known {
    Lived(Lived),
    Ended,
}

/// What the object said of a session that lived.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Lived {
    asked: Asked,
    created_at: Timestamp,
    /// Whether there is more to know of its login.
    has_login: bool,
}

/// A session as the object described it last.
pub struct Recalled {
    /// When it was made.
    pub created_at: Timestamp,
    login: Option<Rc<Login>>,
}

impl Recalled {
    /// Whether it may have been made before the moment from which on sessions count: only the object knows exactly.
    #[must_use]
    pub fn may_be_over(&self, tenant_id: &str, policy: &Policy, now: Timestamp) -> bool {
        let (made, provider) = (self.created_at.millis(), self.login().provider.as_deref());
        policy.over_from(made, Some(tenant_id), provider).is_some_and(|over| over <= now)
    }

    /// What is known of its login.
    #[must_use]
    pub fn login(&self) -> &Login {
        self.login.as_deref().unwrap_or(Login::PLAIN)
    }
}

impl Known {
    const fn asked(self) -> Option<Asked> {
        match self {
            Self::Lived(Lived { asked, .. }) => Some(asked),
            Self::Ended => None,
        }
    }
}

impl Default for Memory {
    fn default() -> Self {
        Self {
            sessions: RefCell::new(LruCache::new(SESSIONS)),
            logins: RefCell::new(LruCache::new(LOGINS)),
            changed: RefCell::new(LruCache::new(CHANGES)),
            forgotten: Cell::default(),
            changes: Cell::default(),
        }
    }
}

impl Memory {
    /// Takes in what an object replied to a command that was sent at `asked`.
    pub fn learn(&self, object: ObjectId, command: &Command, reply: &Reply, asked: Asked) {
        let handle = |id| Handle { object, id };
        match (command, reply) {
            (
                Command::Check { id, .. } | Command::Renew { id, .. },
                Reply::Live(session) | Reply::Renewed { session, .. },
            ) => self.lived(handle(*id), session, asked),
            (
                Command::Check { id, .. }
                | Command::Renew { id, .. }
                | Command::Read { id }
                | Command::Recheck { id, .. },
                Reply::Gone | Reply::Reuse { .. },
            ) => self.ended(handle(*id)),
            (Command::Update { id, .. }, Reply::Gone) => {
                self.ended(handle(*id));
                self.changed(object);
            }
            (Command::Update { .. } | Command::Recheck { .. }, Reply::Updated(_)) => self.changed(object),
            (Command::Create { replaces, .. }, Reply::Created(_)) => {
                // The new session may have taken the place of the longest unused one as well.
                self.changed(object);
                self.all_ended(object, replaces);
            }
            (command, Reply::Revoked { ids, scope, .. }) => {
                self.all_ended(object, ids);
                // Also where it was gone already.
                match command {
                    Command::Revoke { id, .. } if *scope != Scope::Others => self.ended(handle(*id)),
                    Command::Remove { ids } => self.all_ended(object, ids),
                    _ => {}
                }
            }
            _ => {}
        }
    }

    /// A point in time by the changes that this isolate knows of.
    #[must_use]
    pub fn asked(&self, now: Timestamp) -> Asked {
        Asked { at: now, changes: self.changes.get() }
    }

    fn all_ended(&self, object: ObjectId, ids: &[SessionId]) {
        for id in ids {
            self.ended(Handle { object, id: *id });
        }
    }

    fn lived(&self, handle: Handle, session: &Session, asked: Asked) {
        let has_login = session.login.is_some();
        self.put(handle, Known::Lived(Lived { asked, created_at: session.created_at, has_login }));
        if has_login && let Ok(mut logins) = self.logins.try_borrow_mut() {
            logins.put(handle, Rc::new(session.login().clone()));
        }
    }

    fn ended(&self, handle: Handle) {
        self.put(handle, Known::Ended);
        if let Ok(mut logins) = self.logins.try_borrow_mut() {
            logins.pop(&handle);
        }
    }

    /// Something changed in the user's sessions: no earlier positive answer counts.
    fn changed(&self, object: ObjectId) {
        self.changes.set(self.changes.get().saturating_add(1));
        let Ok(mut changed) = self.changed.try_borrow_mut() else { return };
        if let Some((other, change)) = changed.push(object, self.changes.get())
            && other != object
        {
            self.forgotten.set(self.forgotten.get().max(change));
        }
    }

    /// Whether the session is known to have ended.
    #[must_use]
    pub fn has_ended(&self, handle: Handle) -> bool {
        self.get(handle) == Some(Known::Ended)
    }

    /// The session, if the object said within `fresh` seconds that it lives, and all that it said is still known.
    #[must_use]
    pub fn recall_fresh(&self, handle: Handle, fresh: Seconds, now: Timestamp) -> Option<Recalled> {
        let asked = self.get(handle)?.asked()?;
        let is_current = asked.changes >= self.latest_change(handle.object);
        let is_fresh = !fresh.is_zero() && asked.at.within(fresh, now) && is_current;
        if is_fresh { self.recall(handle) } else { None }
    }

    /// The session as it was when the object was last asked, however long ago. Nobody is let in by that.
    #[must_use]
    pub fn recall(&self, handle: Handle) -> Option<Recalled> {
        let Some(Known::Lived(Lived { created_at, has_login, .. })) = self.get(handle) else { return None };
        if !has_login {
            return Some(Recalled { created_at, login: None });
        }
        let login = self.logins.try_borrow_mut().ok()?.get(&handle).map(Rc::clone)?;
        Some(Recalled { created_at, login: Some(login) })
    }

    fn get(&self, handle: Handle) -> Option<Known> {
        self.sessions.try_borrow_mut().ok().and_then(|mut sessions| sessions.get(&handle).copied())
    }

    fn latest_change(&self, object: ObjectId) -> u64 {
        let change = self.changed.try_borrow_mut().ok().and_then(|mut changed| changed.get(&object).copied());
        change.unwrap_or_default().max(self.forgotten.get())
    }

    fn put(&self, handle: Handle, known: Known) {
        if let Ok(mut sessions) = self.sessions.try_borrow_mut()
            // An answer that was under way when the session ended must not bring it back.
            && sessions.peek(&handle) != Some(&Known::Ended)
        {
            sessions.put(handle, known);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::{AntiCsrf, Generation, Nonce, Proof, Session};

    fn handle(n: u8) -> Handle {
        Handle { object: ObjectId::default(), id: SessionId::from_bytes([n; 16]) }
    }

    fn asked(seconds: i64, memory: &Memory) -> Asked {
        memory.asked(at(seconds))
    }

    fn session(n: u8) -> Session {
        let id = SessionId::from_bytes([n; 16]);
        Session::new(id, Nonce::NONE, "u".into(), at(0))
    }

    fn check(n: u8) -> Command {
        Command::Check { id: session(n).id, first_use: None }
    }

    fn lived(memory: &Memory, n: u8, asked: Asked) {
        memory.learn(ObjectId::default(), &check(n), &Reply::Live(session(n)), asked);
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    #[test]
    fn an_answer_is_fresh_for_as_long_as_the_route_allows() {
        let memory = Memory::default();
        lived(&memory, 1, asked(100, &memory));
        assert!(memory.recall_fresh(handle(1), Seconds::new(30), at(130)).is_some());
        assert!(memory.recall_fresh(handle(1), Seconds::new(30), at(131)).is_none());
        assert!(memory.recall_fresh(handle(1), Seconds::new(0), at(100)).is_none());
        assert!(memory.recall_fresh(handle(2), Seconds::new(30), at(100)).is_none());
    }

    #[test]
    fn what_is_known_of_a_login_is_what_was_said_last_or_the_object_is_asked() {
        let memory = Memory::default();
        let of =
            |n: u8, acr: &str| session(n).with_login(Login { acr: Some(acr.into()), ..Login::default() });
        let learn = |session: Session| {
            let command = Command::Check { id: session.id, first_use: None };
            memory.learn(ObjectId::default(), &command, &Reply::Live(session), asked(100, &memory));
        };
        let recalled = |n: u8| {
            let recalled = memory.recall_fresh(handle(n), Seconds::new(30), at(100));
            recalled.map(|recalled| recalled.login().acr.clone())
        };
        learn(session(1));
        assert_eq!(recalled(1), Some(None));
        learn(of(1, "pwd"));
        learn(of(1, "mfa"));
        assert_eq!(recalled(1), Some(Some("mfa".into())));
        learn(session(1));
        assert_eq!(recalled(1), Some(None), "it is plain again");
        learn(of(1, "mfa"));
        for n in 0..u32::try_from(LOGINS.get()).unwrap() {
            let mut id = [9; 16];
            id[..4].copy_from_slice(&n.to_be_bytes());
            learn(Session { id: SessionId::from_bytes(id), ..of(2, "pwd") });
        }
        assert_eq!(recalled(1), None, "what is not known any more is asked");
    }

    #[test]
    fn an_ended_session_never_comes_back() {
        let memory = Memory::default();
        memory.ended(handle(1));
        lived(&memory, 1, asked(100, &memory));
        assert!(memory.has_ended(handle(1)));
        assert!(memory.recall_fresh(handle(1), Seconds::new(30), at(100)).is_none());
    }

    #[test]
    fn a_change_of_the_user_s_sessions_ends_freshness() {
        let memory = Memory::default();
        let before = asked(100, &memory);
        lived(&memory, 1, before);
        memory.changed(ObjectId::default());
        assert!(memory.recall_fresh(handle(1), Seconds::new(30), at(102)).is_none());
        lived(&memory, 1, before);
        assert!(memory.recall_fresh(handle(1), Seconds::new(30), at(102)).is_none(), "an answer from before");
        lived(&memory, 1, asked(100, &memory));
        assert!(memory.recall_fresh(handle(1), Seconds::new(30), at(102)).is_some());
        assert!(!memory.has_ended(handle(1)));
    }

    #[test]
    fn a_change_counts_for_all_when_it_is_too_long_ago_to_know_whose_it_was() {
        let memory = Memory::default();
        lived(&memory, 1, asked(100, &memory));
        memory.changed(ObjectId::default());
        for n in 0..1024_u32 {
            let hex = format!("{:064x}", n + 1);
            memory.changed(ObjectId::from_hex(&hex).unwrap());
        }
        assert!(memory.recall_fresh(handle(1), Seconds::new(30), at(102)).is_none());
    }

    #[test]
    fn every_reply_that_ends_a_session_is_learnt() {
        let id = session(1).id;
        let generation = Generation { generation: 0, nonce: Nonce::NONE, parent: Nonce::NONE };
        let renew = || Command::Renew {
            id,
            presented: generation,
            nonce: Nonce::NONE,
            anti_csrf: AntiCsrf::Keep,
            static_key: None,
        };
        let revoke = |scope| Command::Revoke { id, scope, proof: Proof::Expired, as_of: None };
        let revoked = |ids: &[u8], scope| Reply::Revoked {
            ids: ids.iter().map(|n| session(*n).id).collect(),
            scope,
            left: None,
        };
        let create =
            Command::Create { session: session(9).into(), data: serde_json::Map::new(), replaces: vec![id] };
        let update = Command::Update { id, data: None, payload: None, claims: None };
        for (command, reply, ended) in [
            (check(1), Reply::Live(session(1)), false),
            (check(1), Reply::Superseded, false),
            (check(1), Reply::Gone, true),
            (renew(), Reply::Gone, true),
            (renew(), Reply::AntiCsrfMissing, false),
            (renew(), Reply::Reuse { user_id: "u".into() }, true),
            (Command::Read { id }, Reply::Gone, true),
            (update.clone(), Reply::Gone, true),
            (update, Reply::Updated(session(1)), false),
            (create.clone(), Reply::Created(session(9)), true),
            (create, Reply::TooLarge, false),
            (revoke(Scope::Current), revoked(&[], Scope::Current), true),
            (revoke(Scope::All), revoked(&[2], Scope::All), true),
            (revoke(Scope::Others), revoked(&[2], Scope::Others), false),
            (Command::Remove { ids: vec![id] }, revoked(&[], Scope::Current), true),
            (Command::RemoveAll { tenant_id: None }, revoked(&[1], Scope::All), true),
            (Command::List { tenant_id: None }, Reply::Listed(vec![]), false),
        ] {
            let memory = Memory::default();
            lived(&memory, 1, asked(100, &memory));
            memory.learn(ObjectId::default(), &command, &reply, asked(101, &memory));
            assert_eq!(memory.has_ended(handle(1)), ended, "{command:?} {reply:?}");
        }
    }
}
