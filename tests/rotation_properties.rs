//! Properties of sessions over any course of events: a browser with many tabs, lost replies, retries
//! and sleep, and a thief with a copy of one of its tokens.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may fail by panicking"
)]

use proptest::prelude::*;
use serde_json::Map;
use session_gate::base::time::{Seconds, Timestamp};
use session_gate::object::{Rows, decide};
use session_gate::session::{
    AntiCsrf, Command, FirstUse, Generation, Issued, Nonce, Policy, Proof, Reply, Scope, Session, SessionId,
};

const ACCESS_TTL: i64 = 600;
const GRACE: i64 = 30;
/// How long a request or a reply is on its way. Four such ways fit into the grace.
const DELAY: i64 = 7;

const POLICY: Policy = Policy {
    idle: Seconds::new(5_000),
    absolute: Seconds::new(50_000),
    grace: Seconds::new(30),
    max_sessions: 10,
    not_before: Vec::new(),
    rechecks: Vec::new(),
};

/// The object: rows, and the clock that it reads.
struct Store {
    rows: Vec<Session>,
    now: i64,
    drawn: u128,
}

impl Store {
    fn new() -> Self {
        Self { rows: Vec::new(), now: 1_000_000, drawn: 0 }
    }

    fn draw(&mut self) -> [u8; 16] {
        self.drawn += 1;
        self.drawn.to_be_bytes()
    }

    fn run(&mut self, command: Command) -> Reply {
        let rows = Rows { sessions: self.rows.clone(), ..Rows::default() };
        let (reply, outcome) = decide(rows, command, &POLICY, Timestamp::from_seconds(self.now));
        self.rows.retain(|row| !outcome.delete.contains(&row.id));
        for saved in outcome.save {
            self.rows.retain(|row| row.id != saved.id);
            self.rows.push(saved);
        }
        reply
    }

    fn log_in(&mut self) -> (SessionId, Tokens) {
        let (id, nonce) = (SessionId::from_bytes(self.draw()), Nonce::from_bytes(self.draw()));
        let session = Session::new(id, nonce, "u".to_owned(), Timestamp::from_seconds(self.now));
        match self.run(Command::Create { session: session.into(), data: Map::new(), replaces: Vec::new() }) {
            Reply::Created(session) => (id, Tokens::issued(session.lineage.current(), self.now)),
            other => panic!("{other:?}"),
        }
    }

    /// What the gate does for a request with these tokens: check, or renew when the access token has expired.
    fn serve(&mut self, id: SessionId, tokens: Tokens) -> (Reply, Tokens) {
        if self.now < tokens.expires_at {
            let first_use = tokens.parent.map(|parent| FirstUse { nonce: tokens.nonce, parent });
            let reply = self.run(Command::Check { id, first_use });
            let replaced = Tokens { parent: None, expires_at: self.now + ACCESS_TTL, ..tokens };
            let after =
                if matches!(reply, Reply::Live(_)) && first_use.is_some() { replaced } else { tokens };
            return (reply, after);
        }
        let reply = self.renew(id, tokens.refresh);
        let after = match &reply {
            Reply::Renewed { issued, .. } => Tokens::issued(*issued, self.now),
            _ => tokens,
        };
        (reply, after)
    }

    fn renew(&mut self, id: SessionId, presented: Generation) -> Reply {
        let nonce = Nonce::from_bytes(self.draw());
        self.run(Command::Renew { id, presented, nonce, anti_csrf: AntiCsrf::Keep, static_key: None })
    }

    fn is_over(&self, id: SessionId) -> bool {
        let row = self.rows.iter().find(|row| row.id == id);
        row.is_none_or(|row| self.now > row.ends_at(&POLICY).seconds())
    }
}

/// What the cookie jar holds.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Tokens {
    nonce: Nonce,
    parent: Option<Nonce>,
    expires_at: i64,
    refresh: Generation,
}

impl Tokens {
    fn issued(issued: Issued, now: i64) -> Self {
        let Issued { refresh, parent } = issued;
        Self { nonce: refresh.nonce, parent, expires_at: now + ACCESS_TTL, refresh }
    }
}

/// A tab, with at most one request under way.
#[derive(Clone, Copy)]
enum Tab {
    Idle,
    /// The request is on its way with the tokens that the jar held when it was sent.
    Asking(Tokens),
    /// The reply is on its way with the tokens that it sets.
    Hearing(Tokens),
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Send(usize),
    Arrive(usize),
    Hear(usize),
    Lose(usize),
    Sleep(i64),
}

const TABS: usize = 4;

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        5 => (0..TABS).prop_map(Step::Send),
        5 => (0..TABS).prop_map(Step::Arrive),
        4 => (0..TABS).prop_map(Step::Hear),
        2 => (0..TABS).prop_map(Step::Lose),
        3 => (1..DELAY).prop_map(Step::Sleep),
        2 => (1..2_000_i64).prop_map(Step::Sleep),
    ]
}

/// A browser: one jar, several tabs.
struct Browser {
    jar: Tokens,
    tabs: [Tab; TABS],
    /// When the first of the requests under way has to be done.
    deadline: i64,
}

impl Browser {
    fn take(&mut self, step: Step, id: SessionId, store: &mut Store) -> Option<Reply> {
        let mut heard = None;
        match step {
            Step::Send(tab) => {
                if matches!(self.tabs[tab], Tab::Idle) {
                    self.tabs[tab] = Tab::Asking(self.jar);
                    self.deadline = self.deadline.min(store.now + DELAY);
                }
            }
            Step::Arrive(tab) => {
                if let Tab::Asking(tokens) = self.tabs[tab] {
                    let (reply, after) = store.serve(id, tokens);
                    // A response sets cookies only when there is something new.
                    self.tabs[tab] = if after == tokens { Tab::Idle } else { Tab::Hearing(after) };
                    heard = Some(reply);
                }
            }
            Step::Hear(tab) => {
                if let Tab::Hearing(tokens) = self.tabs[tab] {
                    self.jar = tokens;
                    self.tabs[tab] = Tab::Idle;
                }
            }
            Step::Lose(tab) => {
                if matches!(self.tabs[tab], Tab::Hearing(_)) {
                    self.tabs[tab] = Tab::Idle;
                }
            }
            Step::Sleep(seconds) => store.now += seconds,
        }
        heard
    }

    /// Requests under way arrive and are answered before time runs past their delay.
    fn settle(&mut self, id: SessionId, store: &mut Store) -> Vec<(Reply, bool)> {
        let mut replies = Vec::new();
        for tab in 0..TABS {
            let over = store.is_over(id);
            replies.extend(self.take(Step::Arrive(tab), id, store).map(|reply| (reply, over)));
            self.take(Step::Hear(tab), id, store);
        }
        self.deadline = i64::MAX;
        replies
    }
}

fn log_in(store: &mut Store) -> (SessionId, Browser) {
    let (id, jar) = store.log_in();
    (id, Browser { jar, tabs: [Tab::Idle; TABS], deadline: i64::MAX })
}

/// Lets the browser take its steps; every reply goes to `look`, with whether the session was over by then.
fn play(
    steps: &[Step],
    id: SessionId,
    browser: &mut Browser,
    store: &mut Store,
    mut look: impl FnMut(Reply, bool),
) {
    for step in steps {
        if let Step::Sleep(seconds) = step
            && store.now + seconds > browser.deadline
        {
            for (reply, over) in browser.settle(id, store) {
                look(reply, over);
            }
        }
        let over = store.is_over(id);
        if let Some(reply) = browser.take(*step, id, store) {
            look(reply, over);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn an_honest_browser_is_never_logged_out(steps in prop::collection::vec(step(), 1..150)) {
        let mut store = Store::new();
        let (id, mut browser) = log_in(&mut store);
        let mut refused = Vec::new();
        play(&steps, id, &mut browser, &mut store, |reply, over| {
            let admitted = matches!(reply, Reply::Live(_) | Reply::Renewed { .. });
            let expired = over && reply == Reply::Gone;
            if !admitted && !expired {
                refused.push(reply);
            }
        });
        prop_assert!(refused.is_empty(), "{refused:?}");
    }

    #[test]
    fn no_session_outlives_its_absolute_lifetime(steps in prop::collection::vec(step(), 1..150)) {
        let mut store = Store::new();
        let (id, mut browser) = log_in(&mut store);
        let end = store.now + i64::from(POLICY.absolute.get());
        for step in steps {
            let at = store.now;
            if let Some(reply) = browser.take(step, id, &mut store) {
                prop_assert!(at <= end || reply == Reply::Gone);
            }
        }
        store.now = end + 1;
        prop_assert_eq!(store.serve(id, browser.jar).0, Reply::Gone);
    }

    #[test]
    fn a_copy_used_after_its_owner_moved_on_is_found_and_ends_the_session(
        before in prop::collection::vec(step(), 0..40),
        moves in 1..4_i64,
    ) {
        let mut store = Store::new();
        let (id, mut browser) = log_in(&mut store);
        play(&before, id, &mut browser, &mut store, |_, _| {});
        browser.settle(id, &mut store);
        prop_assume!(!store.is_over(id));
        let stolen = browser.jar;

        // The owner goes on: each time its access token expires it renews, and then uses what it got.
        for _ in 0..moves {
            store.now += ACCESS_TTL + 1;
            for _ in 0..2 {
                browser.jar = store.serve(id, browser.jar).1;
            }
        }
        store.now += GRACE + 1;
        prop_assume!(!store.is_over(id));

        let reply = store.renew(id, stolen.refresh);
        prop_assert!(matches!(reply, Reply::Reuse { .. }), "{reply:?}");
        prop_assert_eq!(store.serve(id, browser.jar).0, Reply::Gone);
        prop_assert_eq!(store.renew(id, browser.jar.refresh), Reply::Gone);
        prop_assert_eq!(store.renew(id, stolen.refresh), Reply::Gone);
    }

    #[test]
    fn after_revocation_nothing_works(
        before in prop::collection::vec(step(), 0..60),
        after in prop::collection::vec(step(), 0..60),
    ) {
        let mut store = Store::new();
        let (id, mut browser) = log_in(&mut store);
        play(&before, id, &mut browser, &mut store, |_, _| {});
        store.run(Command::Revoke { id, scope: Scope::Current, proof: Proof::Expired, as_of: None });
        let mut admitted = 0;
        play(&after, id, &mut browser, &mut store, |reply, _| {
            admitted += usize::from(reply != Reply::Gone);
        });
        prop_assert_eq!(admitted, 0);
    }

    #[test]
    fn at_most_one_refresh_token_is_current(steps in prop::collection::vec(step(), 1..100)) {
        let mut store = Store::new();
        let (id, mut browser) = log_in(&mut store);
        let mut seen: Vec<Generation> = vec![browser.jar.refresh];
        for step in steps {
            browser.take(step, id, &mut store);
            for tab in browser.tabs {
                if let Tab::Hearing(tokens) = tab && !seen.contains(&tokens.refresh) {
                    seen.push(tokens.refresh);
                }
            }
            let Some(row) = store.rows.iter().find(|row| row.id == id) else { continue };
            let current = seen.iter().filter(|token| {
                token.generation == row.lineage.generation && token.nonce == row.lineage.nonce
            });
            prop_assert!(current.count() <= 1);
        }
    }

    #[test]
    fn a_hundred_presentations_within_the_grace_get_one_child(offsets in prop::collection::vec(0..GRACE, 100)) {
        let mut store = Store::new();
        let (id, jar) = store.log_in();
        let start = store.now;
        let mut children = Vec::new();
        for offset in offsets {
            store.now = store.now.max(start + offset);
            if let Reply::Renewed { issued, .. } = store.renew(id, jar.refresh) {
                children.push(issued.refresh);
            }
        }
        prop_assert_eq!(children.len(), 100);
        children.dedup();
        prop_assert_eq!(children.len(), 1);
    }
}
