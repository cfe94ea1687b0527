//! What the documents say about a user's sessions, as plainly as can be and without the gate's code.
//! Whatever is drawn at random is a number here; 0 stands for "none".

use std::collections::BTreeMap;

/// How long sessions and access tokens live, in seconds.
pub const IDLE: i64 = 200;
pub const ABSOLUTE: i64 = 700;
pub const ACCESS: i64 = 60;
/// Limits of its own that a login asked for, by the session: shorter ones, longer ones, none. Idle, then absolute.
pub fn own_limits(id: u64) -> Option<(i64, i64)> {
    match id % 3 {
        0 => Some((IDLE - 80, ABSOLUTE - 300)),
        1 => Some((IDLE + 80, ABSOLUTE + 300)),
        _ => None,
    }
}

/// How many sessions a user may have.
pub const MAX_SESSIONS: usize = 3;

/// The sessions that live or did, and every refresh token that was ever given out.
#[derive(Clone, Debug)]
pub struct World {
    pub now: i64,
    pub grace: i64,
    pub sessions: Vec<Session>,
    pub tokens: BTreeMap<u64, Token>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Session {
    pub id: u64,
    pub user: usize,
    pub created_at: i64,
    pub seen_at: i64,
    pub rotated_at: i64,
    pub current: u64,
    pub previous: u64,
    pub child: Option<(u64, i64)>,
}

#[derive(Clone, Copy, Debug)]
pub struct Token {
    pub user: usize,
    pub session: u64,
    pub generation: u32,
    pub parent: u64,
}

/// An access token: which refresh token it came with, and whether it names that one's parent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Access {
    pub token: u64,
    pub names_parent: bool,
    pub expires_at: i64,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Scope {
    Current,
    All,
    Others,
}

#[derive(Clone, Copy, Debug)]
pub enum Proof {
    Expired,
    Access(Access),
    Refresh(u64),
}

#[derive(Clone, Debug)]
pub enum Ask {
    Create { user: usize, id: u64, token: u64, replaces: Option<u64> },
    Check { access: Access },
    Renew { presented: u64, fresh: u64 },
    Revoke { user: usize, id: u64, scope: Scope, proof: Proof, as_of: i64 },
    Remove { user: usize, id: u64 },
    RemoveAll { user: usize },
    List { user: usize },
}

#[derive(Clone, Debug, PartialEq)]
pub enum Said {
    Created,
    Live,
    Renewed { token: u64, names_parent: bool },
    Gone,
    Superseded,
    Reuse,
    Revoked { ids: Vec<u64>, scope: Scope },
    Listed(Vec<u64>),
}

impl World {
    pub fn answer(&mut self, ask: &Ask) -> Said {
        let now = self.now;
        self.sessions.retain(|session| session.lives(now));
        match *ask {
            Ask::Create { user, id, token, replaces } => self.create(user, id, token, replaces),
            Ask::Check { access } => match self.check(access) {
                _ if !self.lives(self.tokens[&access.token].session) => Said::Gone,
                true => Said::Live,
                false => Said::Superseded,
            },
            Ask::Renew { presented, fresh } => self.renew(presented, fresh),
            Ask::Revoke { user, id, scope, proof, as_of } => self.revoke(user, id, scope, proof, as_of),
            Ask::Remove { id, .. } => self.end(Scope::Current, |session| session.id == id),
            Ask::RemoveAll { user } => self.end(Scope::Current, |session| session.user == user),
            Ask::List { user } => {
                Said::Listed(self.by_use(user).iter().rev().map(|session| session.id).collect())
            }
        }
    }

    pub fn lives(&self, id: u64) -> bool {
        self.sessions.iter().any(|session| session.id == id && session.lives(self.now))
    }

    /// A login ends the session that it takes the place of, and those unused for longest that are too many.
    fn create(&mut self, user: usize, id: u64, token: u64, replaces: Option<u64>) -> Said {
        if self.lives(id) {
            return Said::Created;
        }
        self.sessions.retain(|session| Some(session.id) != replaces);
        while self.by_use(user).len() >= MAX_SESSIONS {
            let oldest = self.by_use(user)[0].id;
            self.sessions.retain(|session| session.id != oldest);
        }
        let (created_at, seen_at, rotated_at) = (self.now, self.now, self.now);
        self.tokens.insert(token, Token { user, session: id, generation: 0, parent: 0 });
        let current = token;
        let (previous, child) = (0, None);
        let session = Session { id, user, created_at, seen_at, rotated_at, current, previous, child };
        self.sessions.push(session);
        Said::Created
    }

    fn by_use(&self, user: usize) -> Vec<&Session> {
        let mut own: Vec<_> = self.sessions.iter().filter(|session| session.user == user).collect();
        // Those made in one second stay in the order in which they were made.
        own.sort_by_key(|session| (session.seen_at, session.created_at));
        own
    }

    /// Whether the access token is good for its session, if that lives.
    fn check(&mut self, Access { token, names_parent, .. }: Access) -> bool {
        let (Token { session, parent, .. }, now) = (self.tokens[&token], self.now);
        let Some(session) = self.sessions.iter_mut().find(|found| found.id == session) else { return false };
        if names_parent && session.current == parent {
            session.promote(token, now);
        }
        !names_parent || session.current == token
    }

    fn renew(&mut self, presented: u64, fresh: u64) -> Said {
        let (now, grace) = (self.now, self.grace);
        let in_grace = |since: i64| grace > 0 && now - since <= grace;
        let Token { session: id, user, generation, parent } = self.tokens[&presented];
        let Some(session) = self.sessions.iter_mut().find(|session| session.id == id) else {
            return Said::Gone;
        };
        if presented == session.previous && in_grace(session.rotated_at) {
            return Said::Renewed { token: session.current, names_parent: false };
        }
        if parent == session.current {
            session.promote(presented, now);
        }
        if presented != session.current {
            self.sessions.retain(|session| session.id != id);
            return Said::Reuse;
        }
        let token = match session.child {
            Some((child, issued_at)) if in_grace(issued_at) => child,
            _ => {
                session.child = Some((fresh, now));
                session.seen_at = now;
                fresh
            }
        };
        let child = Token { user, session: id, generation: generation + 1, parent: presented };
        self.tokens.insert(token, child);
        Said::Renewed { token, names_parent: true }
    }

    fn revoke(&mut self, user: usize, id: u64, scope: Scope, proof: Proof, as_of: i64) -> Said {
        // To look at what is shown moves nothing, so it is tried on a copy.
        let mut copy = self.clone();
        let living = match proof {
            Proof::Expired => false,
            Proof::Access(access) => copy.check(access),
            Proof::Refresh(token) => matches!(copy.renew(token, u64::MAX), Said::Renewed { .. }),
        };
        let scope = if living { scope } else { Scope::Current };
        self.end(scope, |session| match (scope, session.id == id) {
            (Scope::Current | Scope::All, true) => true,
            (Scope::Current, false) | (Scope::Others, true) => false,
            (Scope::All | Scope::Others, false) => {
                // By so much the two clocks may differ, and what may have existed ends.
                session.user == user && session.created_at <= as_of + 10
            }
        })
    }

    fn end(&mut self, scope: Scope, doomed: impl Fn(&Session) -> bool) -> Said {
        let ids = self.sessions.iter().filter(|session| doomed(session)).map(|session| session.id).collect();
        self.sessions.retain(|session| !doomed(session));
        Said::Revoked { ids, scope }
    }
}

impl Session {
    pub fn lives(&self, now: i64) -> bool {
        let (idle, absolute) = own_limits(self.id).unwrap_or((IDLE, ABSOLUTE));
        now <= self.rotated_at + idle.min(IDLE) && now <= self.created_at + absolute.min(ABSOLUTE)
    }

    fn promote(&mut self, token: u64, now: i64) {
        (self.previous, self.current, self.child) = (self.current, token, None);
        (self.rotated_at, self.seen_at) = (now, now);
    }
}
