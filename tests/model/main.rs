//! Sessions against an oracle: several users, browsers and thieves, whose requests are answered, lost,
//! late or repeated while time goes on. After each step the object's reply and all of its rows must be
//! what the oracle says.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may fail by panicking"
)]

mod oracle;

use std::collections::BTreeSet;

use oracle::{Access, Ask, Proof, Said, Scope, World};
use proptest::prelude::*;
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest, prop_state_machine};
use serde_json::Map;
use session_gate::base::time::{Seconds, Timestamp};
use session_gate::object::{Known, Rows, decide};
use session_gate::session::{
    self, AntiCsrf, Command, FirstUse, Generation, Issued, Login, Nonce, Policy, Reach, Reply, Session,
    SessionId, Stored,
};

const USERS: usize = 2;
const JARS: usize = 4;
const GRACE: i64 = 30;
const START: i64 = 1_000_000;

/// What somebody does.
#[derive(Clone, Debug)]
enum Step {
    LogIn(usize, usize, Fate),
    /// A page: the gate checks the access token, or renews when that has expired.
    Visit(usize, Fate),
    Renew(usize, Fate),
    LogOut(usize, Scope, Fate),
    Remove(usize),
    RemoveAll(usize),
    List(usize),
    /// A late reply arrives, in any order.
    Arrive(usize),
    /// A command that was carried out comes again: the network, or the gate, repeats it.
    Repeat(usize),
    /// Somebody gets a copy of what a browser was once given, and may leave the access token away.
    Steal(usize, usize, bool),
    Pass(i64),
}

/// What becomes of a reply.
#[derive(Clone, Copy, Debug)]
enum Fate {
    Heard,
    Lost,
    Late,
}

/// The tokens that a browser holds.
#[derive(Clone, Copy, Debug, Default)]
struct Jar {
    refresh: Option<u64>,
    access: Option<Access>,
}

/// Everybody, and the world as the oracle sees it.
#[derive(Clone, Debug)]
struct Life {
    world: World,
    drawn: u64,
    jars: Vec<Jar>,
    /// Tokens on their way to a jar.
    late: Vec<(usize, Jar)>,
    given: Vec<Jar>,
    asked: Vec<Ask>,
    /// What the last step asked, and what the oracle said.
    last: Option<(Ask, Said)>,
}

impl ReferenceStateMachine for Life {
    type State = Self;
    type Transition = Step;

    fn init_state() -> BoxedStrategy<Self> {
        prop_oneof![Just(GRACE), Just(GRACE), Just(0)].prop_map(Self::new).boxed()
    }

    fn transitions(_: &Self) -> BoxedStrategy<Step> {
        let jar = || 0..JARS;
        let any_of = || 0..1000_usize;
        let fate = || prop_oneof![6 => Just(Fate::Heard), 1 => Just(Fate::Lost), 2 => Just(Fate::Late)];
        let scope = prop_oneof![Just(Scope::Current), Just(Scope::All), Just(Scope::Others)];
        let edge = prop::sample::select(vec![GRACE - 1, GRACE, GRACE + 1, oracle::ACCESS, oracle::IDLE]);
        prop_oneof![
            5 => (jar(), 0..USERS, fate()).prop_map(|(jar, user, fate)| Step::LogIn(jar, user, fate)),
            12 => (jar(), fate()).prop_map(|(jar, fate)| Step::Visit(jar, fate)),
            12 => (jar(), fate()).prop_map(|(jar, fate)| Step::Renew(jar, fate)),
            2 => (jar(), scope, fate()).prop_map(|(jar, scope, fate)| Step::LogOut(jar, scope, fate)),
            1 => any_of().prop_map(Step::Remove),
            1 => (0..USERS).prop_map(Step::RemoveAll),
            1 => (0..USERS).prop_map(Step::List),
            6 => any_of().prop_map(Step::Arrive),
            4 => any_of().prop_map(Step::Repeat),
            3 => (any_of(), jar(), any::<bool>()).prop_map(|(which, jar, both)| Step::Steal(which, jar, both)),
            8 => (1..12_i64).prop_map(Step::Pass),
            2 => edge.prop_map(Step::Pass),
        ]
        .boxed()
    }

    fn apply(mut life: Self, step: &Step) -> Self {
        life.last = None;
        match *step {
            Step::LogIn(jar, user, fate) => life.log_in(jar, user, fate),
            Step::Visit(jar, fate) => life.visit(jar, fate),
            Step::Renew(jar, fate) => life.renew(jar, fate),
            Step::LogOut(jar, scope, fate) => life.log_out(jar, scope, fate),
            Step::Remove(which) => {
                if let Some(jar) = pick(&life.given, which)
                    && let Some((user, id)) = life.session_of(jar)
                {
                    life.ask(Ask::Remove { user, id });
                }
            }
            Step::RemoveAll(user) => drop(life.ask(Ask::RemoveAll { user })),
            Step::List(user) => drop(life.ask(Ask::List { user })),
            Step::Arrive(which) => {
                if !life.late.is_empty() {
                    let (jar, tokens) = life.late.remove(which % life.late.len());
                    life.jars[jar] = tokens;
                }
            }
            Step::Repeat(which) => life.repeat(which),
            Step::Steal(which, jar, both) => {
                if let Some(copy) = pick(&life.given, which) {
                    life.jars[jar] = Jar { access: copy.access.filter(|_| both), ..copy };
                }
            }
            Step::Pass(seconds) => life.world.now += seconds,
        }
        life
    }
}

impl Life {
    fn new(grace: i64) -> Self {
        let world = World { now: START, grace, sessions: Vec::new(), tokens: [].into() };
        let jars = vec![Jar::default(); JARS];
        Self { world, drawn: 0, jars, late: Vec::new(), given: Vec::new(), asked: Vec::new(), last: None }
    }

    fn draw(&mut self) -> u64 {
        self.drawn += 1;
        self.drawn
    }

    fn ask(&mut self, ask: Ask) -> Said {
        let said = self.world.answer(&ask);
        self.asked.push(ask.clone());
        self.last = Some((ask, said.clone()));
        said
    }

    fn log_in(&mut self, jar: usize, user: usize, fate: Fate) {
        let (id, token) = (self.draw(), self.draw());
        let earlier = self.session_of(self.jars[jar]).filter(|(owner, _)| *owner == user);
        self.ask(Ask::Create { user, id, token, replaces: earlier.map(|(_, id)| id) });
        self.hear(jar, self.pair(token, false), fate);
    }

    fn visit(&mut self, jar: usize, fate: Fate) {
        match self.jars[jar].access.filter(|access| self.world.now < access.expires_at) {
            None => self.renew(jar, fate),
            Some(access) => match self.ask(Ask::Check { access }) {
                Said::Live if access.names_parent => {
                    let replaced = self.pair(access.token, false).access;
                    self.hear(jar, Jar { access: replaced, ..self.jars[jar] }, fate);
                }
                Said::Live => {}
                _ => self.hear(jar, Jar::default(), fate),
            },
        }
    }

    fn renew(&mut self, jar: usize, fate: Fate) {
        let Some(presented) = self.jars[jar].refresh else { return };
        let fresh = self.draw();
        let tokens = match self.ask(Ask::Renew { presented, fresh }) {
            Said::Renewed { token, names_parent } => self.pair(token, names_parent),
            _ => Jar::default(),
        };
        self.hear(jar, tokens, fate);
    }

    fn log_out(&mut self, jar: usize, scope: Scope, fate: Fate) {
        let Some((user, id)) = self.session_of(self.jars[jar]) else { return };
        let as_of = self.world.now;
        let proof = match self.jars[jar] {
            Jar { access: Some(access), .. } if as_of < access.expires_at => Proof::Access(access),
            Jar { refresh: Some(token), .. } => Proof::Refresh(token),
            Jar { .. } => Proof::Expired,
        };
        let said = self.ask(Ask::Revoke { user, id, scope, proof, as_of });
        if !matches!(said, Said::Revoked { scope: Scope::Others, .. }) {
            self.hear(jar, Jar::default(), fate);
        }
    }

    fn repeat(&mut self, which: usize) {
        // A login is repeated while its reply is waited for, and so while its session lives.
        match pick(&self.asked, which) {
            Some(Ask::Create { id, .. }) if !self.world.lives(id) => {}
            Some(ask) => drop(self.ask(ask)),
            None => {}
        }
    }

    fn pair(&self, token: u64, names_parent: bool) -> Jar {
        let access = Access { token, names_parent, expires_at: self.world.now + oracle::ACCESS };
        Jar { refresh: Some(token), access: Some(access) }
    }

    fn hear(&mut self, jar: usize, tokens: Jar, fate: Fate) {
        self.given.push(tokens);
        match fate {
            Fate::Heard => self.jars[jar] = tokens,
            Fate::Lost => {}
            Fate::Late => self.late.push((jar, tokens)),
        }
    }

    fn session_of(&self, jar: Jar) -> Option<(usize, u64)> {
        let token = jar.access.map(|access| access.token).or(jar.refresh)?;
        self.world.tokens.get(&token).map(|token| (token.user, token.session))
    }
}

fn pick<T: Clone>(list: &[T], which: usize) -> Option<T> {
    // Mostly something recent.
    let recent = which % 10_usize.min(list.len()).max(1);
    let back = if which.is_multiple_of(4) { which % list.len().max(1) } else { recent };
    list.iter().rev().nth(back).cloned()
}

/// The real objects, without a runtime: what is stored, what they know of it, and the clock that they read.
struct Objects {
    rows: Vec<Vec<Session>>,
    /// The sessions of each user that a connection is open for: opened by a reply that one lives, closed by what a
    /// command deletes, as the object's watches are.
    open: Vec<BTreeSet<SessionId>>,
    /// Those that it ever was open for.
    opened: Vec<BTreeSet<SessionId>>,
    known: Vec<Known>,
    policy: Policy,
}

const APP: &str = "public";

/// An object is put away now and then, and knows nothing when it comes back.
const PUT_AWAY: i64 = 3;

impl StateMachineTest for Objects {
    type SystemUnderTest = Self;
    type Reference = Life;

    fn init_test(life: &Life) -> Self {
        let seconds = |seconds: i64| Seconds::new(u32::try_from(seconds).unwrap());
        let policy = Policy {
            idle: seconds(oracle::IDLE),
            absolute: seconds(oracle::ABSOLUTE),
            grace: seconds(life.world.grace),
            max_sessions: oracle::MAX_SESSIONS,
            not_before: Vec::new(),
            rechecks: Vec::new(),
        };
        let (open, opened) = (vec![BTreeSet::new(); USERS], vec![BTreeSet::new(); USERS]);
        Self {
            rows: vec![Vec::new(); USERS],
            open,
            opened,
            known: (0..USERS).map(|_| Known::default()).collect(),
            policy,
        }
    }

    fn apply(mut objects: Self, life: &Life, _: Step) -> Self {
        if let Some((ask, said)) = &life.last {
            let (user, command) = command(ask, life);
            let reply = objects.run(user, command, life.world.now);
            assert_eq!(heard(reply), expected(said, life), "{ask:?}");
        }
        objects
    }

    fn check_invariants(objects: &Self, life: &Life) {
        let now = Timestamp::from_seconds(life.world.now);
        for (user, rows) in objects.rows.iter().enumerate() {
            let mut living: Vec<Session> =
                rows.iter().filter(|row| row.lives(&objects.policy, now)).map(without_place).collect();
            living.sort_by_key(|row| *row.id.as_bytes());
            let own = life.world.sessions.iter().filter(|session| session.user == user);
            let mut known: Vec<Session> = own
                .filter(|session| session.lives(life.world.now))
                .map(|session| row(session, life))
                .collect();
            known.sort_by_key(|row| *row.id.as_bytes());
            assert_eq!(living, known);
            let open = &objects.open[user];
            let lapsed =
                |id: &SessionId| rows.iter().any(|row| row.id == *id && !row.lives(&objects.policy, now));
            let lives = |id: &SessionId| known.iter().any(|session| session.id == *id);
            assert!(
                open.iter().all(|id| lives(id) || lapsed(id)),
                "open, and neither alive nor left to the alarm"
            );
            assert!(
                objects.opened[user].iter().all(|id| !lives(id) || open.contains(id)),
                "closed too early"
            );
        }
    }
}

impl Objects {
    fn run(&mut self, user: usize, command: Command, now: i64) -> Reply {
        if now % PUT_AWAY == 0 {
            self.known[user] = Known::default();
        }
        let rows = Rows { sessions: self.load(user, command.reach()), ..Rows::default() };
        let (reply, outcome) = decide(rows, command, &self.policy, Timestamp::from_seconds(now));
        let is_emptied = self.known[user].is_emptied_by(&outcome);
        let known = std::mem::take(&mut self.known[user]).with(APP, &outcome);

        let rows = &mut self.rows[user];
        let had_rows = !rows.is_empty();
        rows.retain(|row| !outcome.delete.contains(&row.id));
        for saved in outcome.save {
            rows.retain(|row| row.id != saved.id);
            rows.push(saved);
        }
        self.open[user].retain(|id| !outcome.delete.contains(id));
        if let Reply::Live(session) | Reply::Renewed { session, .. } | Reply::Created(session) = &reply {
            self.open[user].insert(session.id);
            self.opened[user].insert(session.id);
        }
        if let Some(is_emptied) = is_emptied {
            assert_eq!(is_emptied, had_rows && rows.is_empty(), "whether the storage may go");
        }
        for session in known.of_app(APP) {
            assert!(rows.contains(&session), "what is known is stored");
        }
        assert!(!known.is_complete() || known.of_app(APP).len() == rows.len(), "all that is stored is known");
        self.known[user] = known;
        reply
    }

    /// The rows within a command's reach, as the object loads them.
    fn load(&mut self, user: usize, reach: Reach) -> Vec<Session> {
        let (stored, known) = (&self.rows[user], &mut self.known[user]);
        let row = |session: &Session| (APP.to_owned(), Stored::Session(session.clone()));
        match reach {
            Reach::One(id) => {
                if !known.can_tell_of(id) {
                    known.learn(stored.iter().filter(|session| session.id == id).map(row).collect());
                }
                known.find(APP, id).into_iter().collect()
            }
            Reach::All => {
                if !known.is_complete() {
                    *known = Known::all(stored.iter().map(row).collect());
                }
                known.of_app(APP)
            }
        }
    }
}

// The oracle's words in the gate's.

/// As if it were random: the order of what is drawn says nothing.
fn drawn(number: u64) -> [u8; 16] {
    u128::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835).to_be_bytes()
}

fn id_of(session: u64) -> SessionId {
    SessionId::from_bytes(drawn(session))
}

fn nonce_of(token: u64) -> Nonce {
    Nonce::from_bytes(drawn(token))
}

fn generation(token: u64, life: &Life) -> Generation {
    let oracle::Token { generation, parent, .. } = life.world.tokens[&token];
    Generation { generation, nonce: nonce_of(token), parent: nonce_of(parent) }
}

fn first_use(access: Access, life: &Life) -> Option<FirstUse> {
    let parent = nonce_of(life.world.tokens[&access.token].parent);
    access.names_parent.then_some(FirstUse { nonce: nonce_of(access.token), parent })
}

fn scope(scope: Scope) -> session::Scope {
    match scope {
        Scope::Current => session::Scope::Current,
        Scope::All => session::Scope::All,
        Scope::Others => session::Scope::Others,
    }
}

fn user_id(user: usize) -> String {
    format!("user-{user}")
}

fn command(ask: &Ask, life: &Life) -> (usize, Command) {
    let owner = |token: u64| (life.world.tokens[&token].user, id_of(life.world.tokens[&token].session));
    match *ask {
        Ask::Create { user, id, token, replaces } => {
            let start = Timestamp::from_seconds(0);
            let new = Session::new(id_of(id), nonce_of(token), user_id(user), start);
            let session = new.with_login(login(id)).into();
            (
                user,
                Command::Create {
                    session,
                    data: Map::new(),
                    replaces: replaces.map(id_of).into_iter().collect(),
                },
            )
        }
        Ask::Check { access } => {
            let (user, id) = owner(access.token);
            (user, Command::Check { id, first_use: first_use(access, life) })
        }
        Ask::Renew { presented, fresh } => {
            let ((user, id), nonce) = (owner(presented), nonce_of(fresh));
            let presented = generation(presented, life);
            (user, Command::Renew { id, presented, nonce, anti_csrf: AntiCsrf::Keep, static_key: None })
        }
        Ask::Revoke { user, id, scope: wanted, proof, as_of } => {
            let proof = match proof {
                Proof::Expired => session::Proof::Expired,
                Proof::Access(access) => session::Proof::Access(first_use(access, life)),
                Proof::Refresh(token) => session::Proof::Refresh(generation(token, life)),
            };
            let (scope, as_of) = (scope(wanted), Timestamp::from_seconds(as_of));
            (user, Command::Revoke { id: id_of(id), scope, proof, as_of: Some(as_of) })
        }
        Ask::Remove { user, id } => (user, Command::Remove { ids: vec![id_of(id)] }),
        Ask::RemoveAll { user } => (user, Command::RemoveAll { tenant_id: None }),
        Ask::List { user } => (user, Command::List { tenant_id: None }),
    }
}

fn row(session: &oracle::Session, life: &Life) -> Session {
    let at = Timestamp::from_seconds;
    let new = Session::new(id_of(session.id), nonce_of(session.current), user_id(session.user), at(0));
    Session {
        lineage: session::Lineage {
            generation: life.world.tokens[&session.current].generation,
            previous: nonce_of(session.previous),
            rotated_at: at(session.rotated_at),
            child: session.child.map(|(nonce, issued_at)| session::Child {
                nonce: nonce_of(nonce),
                issued_at: at(issued_at),
            }),
            ..new.lineage
        },
        created_at: at(session.created_at),
        last_seen_at: at(session.seen_at),
        ..new
    }
    .with_login(login(session.id))
}

fn login(id: u64) -> Login {
    let seconds = |seconds: i64| Seconds::new(u32::try_from(seconds).unwrap());
    let (idle, absolute) = oracle::own_limits(id).unzip();
    Login { idle: idle.map(seconds), absolute: absolute.map(seconds), ..Login::default() }
}

/// Which one of its second it is shows in the order of a list, and in who makes room.
fn without_place(row: &Session) -> Session {
    Session { created_ms: 0, ..row.clone() }
}

/// What matters of a reply; the rows are compared by themselves.
#[derive(Debug, PartialEq)]
enum Heard {
    Created,
    Live,
    Renewed(Issued),
    Gone,
    Superseded,
    Reuse,
    Revoked(Vec<[u8; 16]>, session::Scope),
    Listed(Vec<[u8; 16]>),
}

fn heard(reply: Reply) -> Heard {
    match reply {
        Reply::Created(_) => Heard::Created,
        Reply::Live(_) => Heard::Live,
        Reply::Renewed { issued, .. } => Heard::Renewed(issued),
        Reply::Gone => Heard::Gone,
        Reply::Superseded => Heard::Superseded,
        Reply::Reuse { .. } => Heard::Reuse,
        Reply::Revoked { ids, scope, .. } => Heard::Revoked(sorted(ids), scope),
        Reply::Listed(all) => Heard::Listed(all.iter().map(|session| *session.id.as_bytes()).collect()),
        other => panic!("{other:?}"),
    }
}

fn expected(said: &Said, life: &Life) -> Heard {
    match said {
        Said::Created => Heard::Created,
        Said::Live => Heard::Live,
        Said::Renewed { token, names_parent } => {
            let refresh = generation(*token, life);
            Heard::Renewed(Issued { refresh, parent: names_parent.then_some(refresh.parent) })
        }
        Said::Gone => Heard::Gone,
        Said::Superseded => Heard::Superseded,
        Said::Reuse => Heard::Reuse,
        Said::Revoked { ids, scope: done } => {
            Heard::Revoked(sorted(ids.iter().copied().map(id_of).collect()), scope(*done))
        }
        Said::Listed(ids) => Heard::Listed(ids.iter().map(|id| drawn(*id)).collect()),
    }
}

fn sorted(ids: Vec<SessionId>) -> Vec<[u8; 16]> {
    let mut bytes: Vec<_> = ids.iter().map(|id| *id.as_bytes()).collect();
    bytes.sort_unstable();
    bytes
}

/// `PROPTEST_CASES` asks for more.
fn config() -> ProptestConfig {
    let asked = std::env::var("PROPTEST_CASES").is_ok();
    let config = if asked { ProptestConfig::default() } else { ProptestConfig::with_cases(1000) };
    ProptestConfig { failure_persistence: None, ..config }
}

prop_state_machine! {
    #![proptest_config(config())]

    #[test]
    fn replies_and_rows_are_what_the_documents_say(sequential 1..150 => Objects);
}
