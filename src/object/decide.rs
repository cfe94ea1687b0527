//! What a command does to a user's sessions: rows, a command and `now` in; a reply and the writes out.
//!
//! Invariant: pure, so the object has nothing to await between reading a row and writing it, and
//! every rule here is tested without a runtime. An expired row is deleted before the command sees
//! it, so no command can bring one back.

use serde_json::{Map, Value};

use super::event::{SessionEvent, SessionEventKind};
use super::recheck;
use crate::base::order;
use crate::base::time::{Instant, Seconds, Timestamp};
use crate::session::{
    AntiCsrf, Command, FirstUse, Generation, Nonce, Payload, PayloadChange, Policy, Proof, ProviderEnd,
    Rechecked, Reply, Scope, Session, SessionId, Unreadable,
};
use crate::token::fits_a_cookie;

/// By how much the clocks of two machines may differ. The Worker says when a logout was asked for, and the object
/// when a session began: a postponed logout ends what may have existed, rather than spare what did.
const CLOCK_DIFFERENCE: Seconds = Seconds::new(10);

/// What the object loaded for a command.
#[derive(Clone, Debug, Default)]
pub struct Rows {
    /// The sessions within the command's reach.
    pub sessions: Vec<Session>,
    /// The rows within it that cannot be read.
    pub unreadable: Vec<Unreadable>,
    /// The data of the one session that a `Read` asks for.
    pub data: Map<String, Value>,
    /// What providers have ended lately; only for a login at one.
    pub provider_ends: Vec<ProviderEnd>,
}

/// What to write, and what to answer once it is written.
#[derive(Debug, Default, PartialEq)]
pub struct Outcome {
    /// Sessions to delete.
    pub delete: Vec<SessionId>,
    /// Rows to delete that cannot be read, by what they are found by.
    pub discard: Vec<String>,
    /// Rows to insert or replace.
    pub save: Vec<Session>,
    /// Data to store with a row.
    pub data: Option<(SessionId, Map<String, Value>)>,
    /// What a provider has ended, to be remembered.
    pub provider_end: Option<ProviderEnd>,
    /// What happened, for the log.
    pub events: Vec<SessionEvent>,
}

/// For how long it is remembered what a provider has ended.
pub const PROVIDER_END_MEMORY: Seconds = Seconds::new(600);

impl Outcome {
    /// How many rows go.
    #[must_use]
    pub fn deletes(&self) -> usize {
        self.delete.len().saturating_add(self.discard.len())
    }
}

/// Decides a command.
#[must_use]
pub fn decide(rows: Rows, command: Command, policy: &Policy, now: impl Into<Instant>) -> (Reply, Outcome) {
    let instant: Instant = now.into();
    let now = instant.second;
    let Rows { sessions, unreadable, data: row_data, provider_ends } = rows;
    let mut decision = Decision { sessions, unreadable, policy, now, outcome: Outcome::default() };
    decision.delete_where(SessionEventKind::NotBefore, |session| {
        session.over_from(policy).is_some_and(|over| over <= now)
    });
    decision.delete_where(SessionEventKind::Expired, |session| !session.lives(policy, now));
    decision.discard_where(SessionEventKind::Expired, |row| row.ends_at(policy).is_some_and(|end| end < now));
    let reply = match command {
        Command::Create { session, .. } if is_ended(&session, &provider_ends, now) => Reply::EndedAtProvider,
        Command::Create { session, data, replaces } => {
            decision.create(session.begun(instant), data, &replaces)
        }
        Command::Check { id, first_use } => decision.check(id, first_use),
        Command::Renew { id, presented, nonce, anti_csrf, static_key } => {
            decision.renew(id, presented, nonce, anti_csrf, static_key)
        }
        Command::Revoke { id, scope, proof, as_of } => decision.revoke(id, scope, proof, as_of),
        Command::Remove { ids } => {
            decision.remove(|session| ids.contains(&session.id), |row| is_one_of(row, &ids))
        }
        Command::EndAtProvider { provider, issuer, session_id, issued_at } => {
            decision.end_at_provider(&provider, &issuer, session_id.as_deref(), issued_at)
        }
        Command::Recheck { id, lease_until, outcome } => decision.recheck(id, lease_until, outcome),
        // Which tenant it was in cannot be read. To end too much costs a login.
        Command::RemoveAll { tenant_id } => {
            decision.remove(|session| in_tenant(session, tenant_id.as_deref()), |_| true)
        }
        Command::List { tenant_id } => decision.list(tenant_id.as_deref()),
        Command::Read { id } => match decision.find(id) {
            Some(session) => Reply::Read { session, data: row_data },
            None => Reply::Gone,
        },
        Command::Update { id, data, payload, claims } => decision.update(id, data, payload, claims),
    };
    (without_sealed(reply), decision.outcome)
}

/// Whether a provider has ended the login meanwhile that a session is to be made of.
fn is_ended(session: &Session, ends: &[ProviderEnd], now: Timestamp) -> bool {
    ends.iter().filter(|end| end.at.within(PROVIDER_END_MEMORY, now)).any(|end| {
        session.login().is_at(&end.provider, &end.issuer, end.session_id.as_deref(), end.issued_at)
    })
}

/// What a provider's login left stays in the object: nobody needs it while the session lives.
fn without_sealed(mut reply: Reply) -> Reply {
    let session = match &mut reply {
        Reply::Created(session)
        | Reply::Live(session)
        | Reply::Updated(session)
        | Reply::Renewed { session, .. }
        | Reply::Read { session, .. } => Some(session),
        _ => None,
    };
    if let Some(login) = session.and_then(|session| session.login.as_mut()) {
        login.at_provider = None;
    }
    if let Reply::Listed(sessions) = &mut reply {
        for login in sessions.iter_mut().filter_map(|session| session.login.as_mut()) {
            login.at_provider = None;
        }
    }
    reply
}

/// One command under way: the living sessions, and what is decided so far.
struct Decision<'a> {
    sessions: Vec<Session>,
    unreadable: Vec<Unreadable>,
    policy: &'a Policy,
    now: Timestamp,
    outcome: Outcome,
}

impl Decision<'_> {
    fn create(&mut self, session: Session, data: Map<String, Value>, replaces: &[SessionId]) -> Reply {
        if let Some(earlier) = self.find(session.id) {
            return Reply::Created(earlier);
        }
        if !fits_a_cookie(&session) {
            return Reply::TooLarge;
        }
        self.delete_where(SessionEventKind::Revoked, |other| replaces.contains(&other.id));
        self.discard_where(SessionEventKind::Revoked, |row| is_one_of(row, replaces));
        self.make_room();
        if !data.is_empty() {
            self.outcome.data = Some((session.id, data));
        }
        self.log(SessionEventKind::Created, &session);
        let session = self.after_those_of_its_second(session);
        Reply::Created(self.save(session))
    }

    /// Sessions made in one second count as made in their order, also where the clock stood still between them.
    fn after_those_of_its_second(&self, session: Session) -> Session {
        let same = self.sessions.iter().filter(|other| other.created_at == session.created_at);
        let next = same.map(|other| other.created_ms.saturating_add(1)).max().unwrap_or_default();
        Session { created_ms: session.created_ms.max(next).min(999), ..session }
    }

    /// Ends the longest unused sessions until there is room for one more.
    fn make_room(&mut self) {
        self.sort_by_use();
        let excess = self.sessions.len().saturating_add(1).saturating_sub(self.policy.max_sessions);
        let oldest: Vec<SessionId> = self.sessions.iter().take(excess).map(|session| session.id).collect();
        self.delete_where(SessionEventKind::Excess, |session| oldest.contains(&session.id));
    }

    fn check(&mut self, id: SessionId, first_use: Option<FirstUse>) -> Reply {
        let Some(session) = self.find(id) else { return Reply::Gone };
        let Some(token) = first_use else { return Reply::Live(session) };
        let Ok(lineage) = session.lineage.first_use(token, self.now) else { return Reply::Superseded };
        let session = if lineage == session.lineage {
            session
        } else {
            self.save(Session { lineage, last_seen_at: self.now, ..session })
        };
        Reply::Live(session)
    }

    fn renew(
        &mut self,
        id: SessionId,
        presented: Generation,
        nonce: Nonce,
        anti_csrf: AntiCsrf,
        static_key: Option<bool>,
    ) -> Reply {
        let Some(session) = self.find(id) else { return Reply::Gone };
        // A session made without an anti-CSRF token has none to show; it gets one now.
        if anti_csrf == AntiCsrf::Missing && session.anti_csrf {
            return Reply::AntiCsrfMissing;
        }
        let Ok((lineage, issued)) = session.lineage.rotate(presented, nonce, self.policy.grace, self.now)
        else {
            self.delete_where(SessionEventKind::TokenReuse, |other| other.id == id);
            return Reply::Reuse { user_id: session.user_id };
        };
        let renewed = Session {
            lineage,
            anti_csrf: match anti_csrf {
                AntiCsrf::Keep => session.anti_csrf,
                AntiCsrf::Off => false,
                AntiCsrf::Proved | AntiCsrf::Missing => true,
            },
            static_key: static_key.unwrap_or(session.static_key),
            ..session.clone()
        };
        if renewed != session {
            self.log(SessionEventKind::Renewed, &renewed);
        }
        let (renewed, recheck) = recheck::lease(renewed, self.policy, self.now);
        let renewed = if renewed == session {
            session
        } else {
            self.save(Session { last_seen_at: self.now, ..renewed })
        };
        Reply::Renewed { session: renewed, issued, recheck }
    }

    /// Stores what the provider said to the one who was to ask it.
    fn recheck(&mut self, id: SessionId, lease_until: Timestamp, outcome: Rechecked) -> Reply {
        let Some(session) = self.find(id) else { return Reply::Gone };
        if !recheck::is_lease(&session, lease_until) {
            return Reply::Updated(session);
        }
        match recheck::answered(&session, lease_until, outcome, self.now) {
            Some(session) => Reply::Updated(self.save(session)),
            None => {
                self.delete_where(SessionEventKind::ProviderLogout, |other| other.id == id);
                Reply::Gone
            }
        }
    }

    fn revoke(&mut self, id: SessionId, scope: Scope, proof: Proof, as_of: Option<Timestamp>) -> Reply {
        let scope = if self.find(id).is_some_and(|session| self.proves(&session, proof)) {
            scope
        } else {
            Scope::Current
        };
        let before = self.ended_before();
        let left =
            self.find(id).filter(|_| scope != Scope::Others).and_then(|session| session.login().left());
        if scope != Scope::Others {
            self.delete_where(SessionEventKind::Logout, |session| session.id == id);
            self.discard_where(SessionEventKind::Logout, |row| is_one_of(row, &[id]));
        }
        if scope != Scope::Current {
            let existed = |at: Timestamp| as_of.is_none_or(|as_of| at <= as_of.after(CLOCK_DIFFERENCE));
            self.delete_where(SessionEventKind::Revoked, |other| other.id != id && existed(other.created_at));
            self.discard_where(SessionEventKind::Revoked, |row| row.created_at.is_none_or(existed));
        }
        Reply::Revoked { ids: self.ended_since(before), scope, left }
    }

    /// Ends what a provider has ended: of its logins, those that are not later than its word.
    fn end_at_provider(
        &mut self,
        provider: &str,
        issuer: &str,
        session_id: Option<&str>,
        issued_at: Timestamp,
    ) -> Reply {
        let before = self.ended_before();
        self.delete_where(SessionEventKind::ProviderLogout, |session| {
            session.login().is_at(provider, issuer, session_id, issued_at)
        });
        self.outcome.provider_end = Some(ProviderEnd {
            provider: provider.to_owned(),
            issuer: issuer.to_owned(),
            session_id: session_id.map(str::to_owned),
            issued_at,
            at: self.now,
        });
        Reply::Revoked { ids: self.ended_since(before), scope: Scope::Current, left: None }
    }

    /// Whether the session lives for whoever shows this.
    fn proves(&self, session: &Session, proof: Proof) -> bool {
        match proof {
            Proof::Expired => false,
            Proof::Access(None) => true,
            Proof::Access(Some(token)) => session.lineage.first_use(token, self.now).is_ok(),
            Proof::Refresh(presented) => session.lineage.knows(presented, self.policy.grace, self.now),
        }
    }

    fn remove(
        &mut self,
        doomed: impl Fn(&Session) -> bool,
        discarded: impl Fn(&Unreadable) -> bool,
    ) -> Reply {
        let before = self.ended_before();
        self.delete_where(SessionEventKind::Revoked, doomed);
        self.discard_where(SessionEventKind::Revoked, discarded);
        Reply::Revoked { ids: self.ended_since(before), scope: Scope::Current, left: None }
    }

    const fn ended_before(&self) -> (usize, usize) {
        (self.outcome.delete.len(), self.outcome.discard.len())
    }

    /// What has been ended since, the rows that cannot be read among it.
    fn ended_since(&self, (deleted, discarded): (usize, usize)) -> Vec<SessionId> {
        let discarded = self.outcome.discard.iter().skip(discarded).filter_map(|id| SessionId::parse(id));
        self.outcome.delete.iter().skip(deleted).copied().chain(discarded).collect()
    }

    fn list(&mut self, tenant_id: Option<&str>) -> Reply {
        self.sort_by_use();
        let listed = self.sessions.iter().rev().filter(|session| in_tenant(session, tenant_id));
        Reply::Listed(listed.cloned().collect())
    }

    fn update(
        &mut self,
        id: SessionId,
        data: Option<Map<String, Value>>,
        change: Option<PayloadChange>,
        claims: Option<Map<String, Value>>,
    ) -> Reply {
        let Some(session) = self.find(id) else { return Reply::Gone };
        let payload = match change {
            None => session.payload.clone(),
            Some(PayloadChange::Replace(payload)) => payload,
            Some(PayloadChange::Merge(change)) => Payload::merged(session.payload.clone(), &change),
        };
        let mut updated = Session { payload, ..session.clone() };
        if let Some(change) = claims {
            let Ok(login) = session.login().with_claims(change) else { return Reply::TooLarge };
            updated = updated.with_login(login);
        }
        // A payload that was there already was right when it came.
        if updated.payload != session.payload && !fits_a_cookie(&updated) {
            return Reply::TooLarge;
        }
        self.outcome.data = data.map(|data| (id, data));
        Reply::Updated(if updated == session { session } else { self.save(updated) })
    }

    /// The longest unused first. There are few, and mostly they are in order.
    fn sort_by_use(&mut self) {
        let key =
            |session: &Session| (session.last_seen_at, session.created_at, session.created_ms, session.id);
        order::sort(&mut self.sessions, |one, other| key(one) < key(other));
    }

    fn find(&self, id: SessionId) -> Option<Session> {
        self.sessions.iter().find(|session| session.id == id).cloned()
    }

    fn save(&mut self, session: Session) -> Session {
        self.outcome.save.push(session.clone());
        session
    }

    fn delete_where(&mut self, kind: SessionEventKind, doomed: impl Fn(&Session) -> bool) {
        let (gone, kept) = std::mem::take(&mut self.sessions).into_iter().partition(doomed);
        self.sessions = kept;
        let gone: Vec<Session> = gone;
        for session in &gone {
            self.outcome.delete.push(session.id);
            self.log(kind, session);
        }
    }

    fn discard_where(&mut self, kind: SessionEventKind, doomed: impl Fn(&Unreadable) -> bool) {
        let (gone, kept) = std::mem::take(&mut self.unreadable).into_iter().partition(doomed);
        self.unreadable = kept;
        let gone: Vec<Unreadable> = gone;
        for Unreadable { id, user_id, .. } in gone {
            if let Some(id) = SessionId::parse(&id) {
                self.outcome.events.push(SessionEvent { kind, id, user_id, provider: None });
            }
            self.outcome.discard.push(id);
        }
    }

    fn log(&mut self, kind: SessionEventKind, session: &Session) {
        self.outcome.events.push(SessionEvent {
            kind,
            id: session.id,
            user_id: Some(session.user_id.clone()),
            provider: session.login().provider.clone().filter(|_| kind == SessionEventKind::Created),
        });
    }
}

fn is_one_of(row: &Unreadable, ids: &[SessionId]) -> bool {
    SessionId::parse(&row.id).is_some_and(|id| ids.contains(&id))
}

fn in_tenant(session: &Session, tenant_id: Option<&str>) -> bool {
    tenant_id.is_none_or(|tenant_id| session.tenant_id == tenant_id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::payload::tests::payload;
    use crate::session::{AtProvider, Login, MAX_CLAIMS};
    use serde_json::json;

    const POLICY: Policy = Policy {
        idle: Seconds::new(100),
        absolute: Seconds::new(1000),
        grace: Seconds::new(30),
        max_sessions: 3,
        not_before: Vec::new(),
        rechecks: Vec::new(),
    };

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    fn nonce(n: u8) -> Nonce {
        Nonce::from_bytes([n; 16])
    }

    fn id(n: u8) -> SessionId {
        SessionId::from_bytes([n; 16])
    }

    fn session(n: u8, seen: i64) -> Session {
        Session::new(id(n), nonce(n), "u".into(), at(seen))
    }

    fn rows(sessions: &[Session]) -> Rows {
        Rows { sessions: sessions.to_vec(), ..Rows::default() }
    }

    fn create(n: u8, replaces: &[SessionId]) -> Command {
        Command::Create { session: session(n, 0).into(), data: Map::new(), replaces: replaces.to_vec() }
    }

    fn revoked(reply: &Reply) -> (&[SessionId], Scope) {
        match reply {
            Reply::Revoked { ids, scope, .. } => (ids, *scope),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_session_lives_through_its_last_idle_second() {
        let one = session(1, 0);
        let check = Command::Check { id: id(1), first_use: None };
        assert!(matches!(
            decide(rows(std::slice::from_ref(&one)), check.clone(), &POLICY, at(100)).0,
            Reply::Live(_)
        ));
        let (reply, outcome) = decide(rows(&[one]), check, &POLICY, at(101));
        assert_eq!(reply, Reply::Gone);
        assert_eq!(outcome.delete, [id(1)]);
    }

    #[test]
    fn rotation_never_moves_the_absolute_end() {
        let mut one = session(1, 0);
        one.lineage.rotated_at = at(990);
        assert_eq!(one.ends_at(&POLICY), at(1000));
    }

    #[test]
    fn the_longest_unused_session_makes_room() {
        let sessions = [session(1, 30), session(2, 10), session(3, 20)];
        let (reply, outcome) = decide(rows(&sessions), create(4, &[]), &POLICY, at(40));
        assert!(matches!(reply, Reply::Created(_)));
        assert_eq!(outcome.delete, [id(2)]);
    }

    #[test]
    fn sessions_made_in_one_second_make_room_in_the_order_they_were_made() {
        let mut known: Vec<Session> = Vec::new();
        for (n, millis) in [(9, 40_000), (2, 40_000), (7, 40_500), (1, 40_500), (8, 40_500), (3, 40_400)] {
            let (reply, outcome) =
                decide(rows(&known), create(n, &[]), &POLICY, Instant::from_millis(millis));
            let Reply::Created(made) = reply else { panic!("{reply:?}") };
            let excess: Vec<SessionId> =
                known.iter().take(known.len().saturating_sub(2)).map(|old| old.id).collect();
            assert_eq!(outcome.delete, excess);
            assert!(known.last().is_none_or(|last| last.created_ms < made.created_ms));
            known.retain(|old| !outcome.delete.contains(&old.id));
            known.push(made);
        }
    }

    #[test]
    fn creating_twice_makes_one_session() {
        let (first, outcome) = decide(Rows::default(), create(1, &[]), &POLICY, at(0));
        let (second, repeated) = decide(rows(&outcome.save), create(1, &[]), &POLICY, at(1));
        assert_eq!(first, second);
        assert_eq!(repeated, Outcome::default());
    }

    #[test]
    fn the_replaced_session_ends_in_the_same_step() {
        let (_, outcome) = decide(rows(&[session(1, 0)]), create(2, &[id(1)]), &POLICY, at(1));
        assert_eq!((outcome.delete, outcome.save.len()), (vec![id(1)], 1));
    }

    #[test]
    fn a_check_writes_nothing() {
        let check = Command::Check { id: id(1), first_use: None };
        let (_, outcome) = decide(rows(&[session(1, 0)]), check, &POLICY, at(50));
        assert_eq!(outcome, Outcome::default());
    }

    #[test]
    fn reuse_deletes_the_session() {
        let stale = Generation { generation: 0, nonce: nonce(9), parent: Nonce::NONE };
        let renew = Command::Renew {
            id: id(1),
            presented: stale,
            nonce: nonce(8),
            anti_csrf: AntiCsrf::Keep,
            static_key: None,
        };
        let (reply, outcome) = decide(rows(&[session(1, 0)]), renew, &POLICY, at(1));
        assert_eq!(reply, Reply::Reuse { user_id: "u".into() });
        assert_eq!(outcome.delete, [id(1)]);
        assert_eq!(outcome.events.first().map(|event| event.kind), Some(SessionEventKind::TokenReuse));
    }

    #[test]
    fn a_missing_anti_csrf_token_changes_nothing() {
        let one = Session { anti_csrf: true, ..session(1, 0) };
        let renew = Command::Renew {
            id: id(1),
            presented: one.lineage.current().refresh,
            nonce: nonce(8),
            anti_csrf: AntiCsrf::Missing,
            static_key: None,
        };
        let (reply, outcome) = decide(rows(&[one]), renew, &POLICY, at(1));
        assert_eq!((reply, outcome), (Reply::AntiCsrfMissing, Outcome::default()));
    }

    #[test]
    fn an_expired_token_ends_its_own_session_only() {
        let all = [session(1, 0), session(2, 0)];
        let revoke =
            Command::Revoke { id: id(1), scope: Scope::All, proof: Proof::Expired, as_of: Some(at(5)) };
        let (reply, _) = decide(rows(&all), revoke, &POLICY, at(5));
        assert_eq!(revoked(&reply), (&[id(1)][..], Scope::Current));
    }

    #[test]
    fn a_living_session_ends_all_that_may_have_existed_when_it_asked_by_another_clock() {
        let all = [session(1, 0), session(2, 15), session(3, 16)];
        let revoke =
            Command::Revoke { id: id(1), scope: Scope::All, proof: Proof::Access(None), as_of: Some(at(5)) };
        let (reply, _) = decide(rows(&all), revoke, &POLICY, at(20));
        assert_eq!(revoked(&reply), (&[id(1), id(2)][..], Scope::All));
    }

    #[test]
    fn logging_out_the_others_keeps_this_one() {
        let all = [session(1, 0), session(2, 3)];
        let proof = Proof::Refresh(session(1, 0).lineage.current().refresh);
        let revoke = Command::Revoke { id: id(1), scope: Scope::Others, proof, as_of: Some(at(5)) };
        let (reply, _) = decide(rows(&all), revoke, &POLICY, at(5));
        assert_eq!(revoked(&reply), (&[id(2)][..], Scope::Others));
    }

    #[test]
    fn logging_out_of_nothing_succeeds() {
        let revoke =
            Command::Revoke { id: id(1), scope: Scope::All, proof: Proof::Access(None), as_of: Some(at(5)) };
        let (reply, outcome) = decide(Rows::default(), revoke, &POLICY, at(5));
        assert_eq!(revoked(&reply), (&[][..], Scope::Current));
        assert_eq!(outcome, Outcome::default());
    }

    #[test]
    fn a_tenant_bounds_removal_and_listing() {
        let other = Session { tenant_id: "t2".into(), ..session(2, 0) };
        let all = [session(1, 0), other];
        let remove = Command::RemoveAll { tenant_id: Some("t2".into()) };
        assert_eq!(revoked(&decide(rows(&all), remove, &POLICY, at(1)).0).0, [id(2)]);
        let (Reply::Listed(listed), _) =
            decide(rows(&all), Command::List { tenant_id: None }, &POLICY, at(1))
        else {
            panic!("a list");
        };
        assert_eq!(listed.len(), 2);
    }

    fn unreadable(n: u8, created_at: Option<i64>) -> Unreadable {
        Unreadable { id: id(n).to_string(), user_id: None, created_at: created_at.map(at) }
    }

    #[test]
    fn a_row_that_cannot_be_read_is_in_no_commands_way() {
        let all = [session(1, 0), session(2, 3)];
        let renew = Command::Renew {
            id: id(1),
            presented: session(1, 0).lineage.current().refresh,
            nonce: nonce(8),
            anti_csrf: AntiCsrf::Keep,
            static_key: None,
        };
        let commands = [
            create(4, &[]),
            Command::Check { id: id(1), first_use: None },
            renew,
            Command::Revoke { id: id(1), scope: Scope::Current, proof: Proof::Access(None), as_of: None },
            Command::Remove { ids: vec![id(2)] },
            Command::List { tenant_id: None },
            Command::Read { id: id(1) },
            Command::Update { id: id(1), data: Some(Map::new()), payload: None, claims: None },
        ];
        for command in commands {
            let with = Rows { unreadable: vec![unreadable(9, None), unreadable(8, Some(0))], ..rows(&all) };
            let expected = decide(rows(&all), command.clone(), &POLICY, at(5));
            assert_eq!(decide(with, command.clone(), &POLICY, at(5)), expected, "{command:?}");
        }
    }

    #[test]
    fn whatever_ends_sessions_ends_a_row_that_cannot_be_read_where_it_might_be_meant() {
        let ends = |command: Command, row: Unreadable| {
            let lost = row.id.clone();
            let rows = Rows { unreadable: vec![row], ..rows(&[session(1, 0)]) };
            decide(rows, command, &POLICY, at(20)).1.discard == [lost]
        };
        let revoke = |n: u8, scope: Scope| Command::Revoke {
            id: id(n),
            scope,
            proof: Proof::Access(None),
            as_of: Some(at(5)),
        };
        assert!(ends(revoke(9, Scope::Current), unreadable(9, None)));
        assert!(ends(revoke(1, Scope::All), unreadable(9, None)));
        assert!(ends(revoke(1, Scope::Others), unreadable(9, Some(15))));
        assert!(!ends(revoke(1, Scope::All), unreadable(9, Some(16))), "made since");
        assert!(ends(Command::RemoveAll { tenant_id: Some("t2".into()) }, unreadable(9, None)));
        assert!(ends(Command::Remove { ids: vec![id(9)] }, unreadable(9, None)));
        assert!(ends(create(2, &[id(9)]), unreadable(9, None)));
        let list = || Command::List { tenant_id: None };
        assert!(ends(list(), unreadable(9, Some(-981))), "the absolute lifetime is over");
        assert!(!ends(list(), unreadable(9, Some(-980))));
    }

    #[test]
    fn a_payload_that_fits_no_cookie_changes_nothing() {
        let large = serde_json::json!({ "x": "y".repeat(4096) });
        let change = PayloadChange::Merge(payload(large));
        let update = Command::Update { id: id(1), data: None, payload: Some(change), claims: None };
        let (reply, outcome) = decide(rows(&[session(1, 0)]), update, &POLICY, at(1));
        assert_eq!((reply, outcome), (Reply::TooLarge, Outcome::default()));
    }

    #[test]
    fn claims_are_merged_and_change_nothing_else_and_a_repetition_writes_nothing() {
        let object = |value: Value| value.as_object().unwrap().clone();
        let change = |claims: Value| Command::Update {
            id: id(1),
            data: None,
            payload: None,
            claims: Some(object(claims)),
        };
        let one = session(1, 0);
        let first = change(json!({ "groups": ["ops"], "email": "a@example.com" }));
        let (reply, outcome) = decide(rows(std::slice::from_ref(&one)), first, &POLICY, at(10));
        let Reply::Updated(known) = reply else { panic!("{reply:?}") };
        assert_eq!(outcome.save, std::slice::from_ref(&known));
        assert_eq!(known.clone().with_login(Login::default()), one);
        let second = change(json!({ "groups": null }));
        let (reply, _) = decide(rows(std::slice::from_ref(&known)), second.clone(), &POLICY, at(10));
        let Reply::Updated(left) = reply else { panic!("{reply:?}") };
        assert_eq!(left.login().claims.to_ascii(), r#"{"email":"a@example.com"}"#);
        assert_eq!(decide(rows(&[left]), second, &POLICY, at(10)).1, Outcome::default());
        let too_much = change(json!({ "x": "y".repeat(MAX_CLAIMS) }));
        let (reply, outcome) = decide(rows(&[known]), too_much, &POLICY, at(10));
        assert_eq!((reply, outcome), (Reply::TooLarge, Outcome::default()));
    }

    #[test]
    fn a_login_that_its_provider_has_ended_meanwhile_makes_no_session() {
        let login = |session_id: &str, issued_at: i64| Login {
            provider: Some("corp".into()),
            at_provider: Some(Box::new(AtProvider {
                issuer: "https://idp.example".into(),
                session_id: Some(session_id.to_owned()),
                issued_at: at(issued_at),
                sealed: None,
                checked_at: None,
                lease_until: None,
            })),
            ..Login::default()
        };
        let end = |session_id: Option<&str>| ProviderEnd {
            provider: "corp".into(),
            issuer: "https://idp.example".into(),
            session_id: session_id.map(str::to_owned),
            issued_at: at(50),
            at: at(60),
        };
        let reply = |end: ProviderEnd, login: Login, now: i64| {
            let new = session(9, 0).with_login(login);
            let create = Command::Create { session: new.into(), data: Map::new(), replaces: Vec::new() };
            let rows = Rows { provider_ends: vec![end], ..Rows::default() };
            decide(rows, create, &POLICY, at(now)).0
        };
        let is_refused = |reply| reply == Reply::EndedAtProvider;
        assert!(is_refused(reply(end(Some("s")), login("s", 50), 61)));
        assert!(is_refused(reply(end(None), login("s", 50), 660)));
        assert!(!is_refused(reply(end(None), login("s", 50), 661)), "forgotten");
        assert!(!is_refused(reply(end(Some("s")), login("s", 51), 61)), "a later login");
        assert!(!is_refused(reply(end(Some("other")), login("s", 50), 61)));
        assert!(!is_refused(reply(ProviderEnd { provider: "b".into(), ..end(None) }, login("s", 50), 61)));
        assert!(!is_refused(reply(end(None), Login::default(), 61)), "the application's own");
    }

    #[test]
    fn a_provider_ends_its_own_logins_and_no_later_ones() {
        let of_corp = |n: u8, issued_at: i64| {
            let at_provider = AtProvider {
                issuer: "https://idp.example".into(),
                session_id: Some(format!("s{n}")),
                issued_at: at(issued_at),
                sealed: Some("x".into()),
                checked_at: None,
                lease_until: None,
            };
            session(n, 0).with_login(Login {
                provider: Some("corp".into()),
                at_provider: Some(at_provider.into()),
                ..Login::default()
            })
        };
        let rows = || Rows {
            sessions: vec![of_corp(1, 10), of_corp(2, 20), of_corp(3, 30), session(4, 0)],
            ..Rows::default()
        };
        let ended = |session_id: Option<&str>| {
            let command = Command::EndAtProvider {
                provider: "corp".into(),
                issuer: "https://idp.example".into(),
                session_id: session_id.map(str::to_owned),
                issued_at: at(20),
            };
            decide(rows(), command, &POLICY, at(50)).1.delete
        };
        assert_eq!(ended(None), [id(1), id(2)]);
        assert_eq!(ended(Some("s2")), [id(2)]);
        assert_eq!(ended(Some("s3")), []);
    }
}
