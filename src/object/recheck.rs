//! When an identity provider is asked whether a person may stay, and what its word does to the session.
//!
//! 1. It is asked at a renewal, once the interval of `recheck` has passed since it last said yes.
//! 2. One caller is told to ask. For [`LEASE`] nobody else is, whether that caller comes back or not.
//! 3. Where it said nothing of use, nobody is told for [`AFTER_TROUBLE`].
//! 4. Only the word that the latest lease brought counts.
//!
//! Invariant: a session ends by the provider's word alone, and without `recheck` nothing here changes one.

use crate::base::time::{Seconds, Timestamp};
use crate::session::{AtProvider, Policy, Recheck, Rechecked, Session};

/// For how long the one who was told to ask has the provider to itself.
const LEASE: Seconds = Seconds::new(10);

/// How long after trouble the provider is left alone.
const AFTER_TROUBLE: Seconds = Seconds::new(60);

/// The session as it is renewed, with a lease if it is due to ask its provider.
pub fn lease(session: Session, policy: &Policy, now: Timestamp) -> (Session, Option<Box<Recheck>>) {
    let Some(recheck) = due(&session, policy, now) else { return (session, None) };
    let lease_until = Some(recheck.lease_until);
    (with_left(&session, |left| AtProvider { lease_until, ..left }), Some(recheck.into()))
}

fn due(session: &Session, policy: &Policy, now: Timestamp) -> Option<Recheck> {
    let interval = policy.recheck(session)?;
    let left = session.login().at_provider.as_deref()?;
    let sealed = left.sealed.clone()?;
    let is_due = left.checked_at.unwrap_or(session.created_at).after(interval) <= now;
    let is_leased = left.lease_until.is_some_and(|until| now < until);
    (is_due && !is_leased).then(|| Recheck {
        issuer: left.issuer.clone(),
        sealed,
        lease_until: now.after(LEASE),
    })
}

/// Whether this is the latest lease.
pub fn is_lease(session: &Session, lease_until: Timestamp) -> bool {
    let left = session.login().at_provider.as_deref();
    left.is_some_and(|left| left.lease_until == Some(lease_until))
}

/// The session after what its provider said to the one with this lease; `None` if it has ended.
pub fn answered(
    session: &Session,
    lease_until: Timestamp,
    outcome: Rechecked,
    now: Timestamp,
) -> Option<Session> {
    match outcome {
        Rechecked::Stays { sealed, claims } => {
            // From when the lease began: those who renewed meanwhile got tokens that end an interval after that.
            let began = lease_until.seconds().saturating_sub(LEASE.get().into());
            let checked_at = Some(Timestamp::from_seconds(began));
            let told = session.clone().with_login(session.login().with_told(claims));
            Some(with_left(&told, |left| AtProvider {
                sealed: sealed.or(left.sealed),
                checked_at,
                lease_until: None,
                ..left
            }))
        }
        Rechecked::Trouble => {
            let lease_until = Some(now.after(AFTER_TROUBLE));
            Some(with_left(session, |left| AtProvider { lease_until, ..left }))
        }
        Rechecked::Ended => None,
    }
}

fn with_left(session: &Session, change: impl FnOnce(AtProvider) -> AtProvider) -> Session {
    let mut login = session.login().clone();
    login.at_provider = login.at_provider.map(|left| Box::new(change(*left)));
    session.clone().with_login(login)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::{Outcome, Rows, SessionEventKind, decide};
    use crate::session::{AntiCsrf, Claims, Command, Generation, Login, Nonce, Reply, SessionId};
    use serde_json::{Map, Value, json};

    const INTERVAL: u32 = 900;

    fn policy() -> Policy {
        Policy {
            idle: Seconds::new(100_000),
            absolute: Seconds::new(1_000_000),
            grace: Seconds::new(30),
            max_sessions: 3,
            not_before: Vec::new(),
            rechecks: std::iter::once(("corp".to_owned(), Seconds::new(INTERVAL))).collect(),
        }
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    fn id() -> SessionId {
        SessionId::from_bytes([1; 16])
    }

    fn claims(value: Value) -> Claims {
        let Value::Object(map) = value else { panic!("an object") };
        Claims::of_before(map)
    }

    fn of(provider: &str) -> Session {
        let left = AtProvider {
            issuer: "https://idp.example".into(),
            session_id: None,
            issued_at: at(0),
            sealed: Some("first".into()),
            checked_at: None,
            lease_until: None,
        };
        Session::new(id(), Nonce::from_bytes([1; 16]), "u".into(), at(0)).with_login(Login {
            claims: claims(json!({ "email": "a@example.com", "groups": ["ops"], "plan": "gold" })),
            email_set: true,
            provider: Some(provider.into()),
            at_provider: Some(left.into()),
            ..Login::default()
        })
    }

    /// The user's object with its one session, or none.
    struct Object(Option<Session>);

    impl Object {
        fn run(&mut self, command: Command, now: i64) -> (Reply, Outcome) {
            let rows = Rows { sessions: self.0.iter().cloned().collect(), ..Rows::default() };
            let (reply, outcome) = decide(rows, command, &policy(), at(now));
            if !outcome.delete.is_empty() {
                self.0 = None;
            }
            self.0 = outcome.save.last().cloned().or(self.0.take());
            (reply, outcome)
        }

        /// The browser renews with its latest token: what comes with the renewal.
        fn renew(&mut self, now: i64) -> Option<Recheck> {
            let lineage = self.0.as_ref().unwrap().lineage;
            let Generation { generation, nonce, parent } = lineage.current().refresh;
            let command = Command::Renew {
                id: id(),
                presented: Generation { generation, nonce, parent },
                nonce: Nonce::from_bytes([2; 16]),
                anti_csrf: AntiCsrf::Keep,
                static_key: None,
            };
            match self.run(command, now).0 {
                Reply::Renewed { session, recheck, .. } => {
                    assert!(session.login().at_provider.is_none(), "it stays in the object");
                    recheck.map(|recheck| *recheck)
                }
                reply => panic!("{reply:?}"),
            }
        }

        fn answer(&mut self, lease: &Recheck, outcome: Rechecked, now: i64) -> (Reply, Outcome) {
            let command = Command::Recheck { id: id(), lease_until: lease.lease_until, outcome };
            self.run(command, now)
        }
    }

    fn stays(sealed: Option<&str>, change: Value) -> Rechecked {
        let Value::Object(claims) = change else { panic!("an object") };
        Rechecked::Stays { sealed: sealed.map(str::to_owned), claims }
    }

    #[test]
    fn one_renewal_in_an_interval_is_told_to_ask() {
        let mut object = Object(Some(of("corp")));
        assert_eq!(object.renew(899), None);
        let lease = object.renew(900).unwrap();
        assert_eq!((lease.sealed.as_str(), lease.lease_until), ("first", at(910)));
        for _ in 0..50 {
            assert_eq!(object.renew(909), None, "another is asking");
        }
        object.answer(&lease, stays(Some("second"), json!({})), 905);
        assert_eq!(object.renew(1799), None);
        assert_eq!(object.renew(1800).unwrap().sealed, "second");
    }

    #[test]
    fn who_never_comes_back_keeps_nobody_from_asking_after_the_lease() {
        let mut object = Object(Some(of("corp")));
        let lost = object.renew(900).unwrap();
        let lease = object.renew(910).unwrap();
        assert_eq!(lease.lease_until, at(920));
        let before = object.0.clone();
        let late = [Rechecked::Ended, Rechecked::Trouble, stays(Some("late"), json!({ "plan": null }))];
        for outcome in late {
            let (reply, outcome) = object.answer(&lost, outcome, 911);
            assert!(matches!(reply, Reply::Updated(_)) && outcome == Outcome::default());
        }
        assert_eq!(object.0, before);
    }

    #[test]
    fn without_recheck_a_renewal_says_and_stores_nothing_of_it() {
        let plain = Session::new(id(), Nonce::from_bytes([1; 16]), "u".into(), at(0));
        let mut unsealed = of("corp");
        unsealed = with_left(&unsealed, |left| AtProvider { sealed: None, ..left });
        for session in [plain, of("other"), unsealed] {
            let mut object = Object(Some(session.clone()));
            assert_eq!(object.renew(5000), None);
            assert_eq!(object.0.unwrap().login(), session.login());
        }
    }

    #[test]
    fn only_the_provider_s_word_ends_the_session() {
        let mut object = Object(Some(of("corp")));
        let lease = object.renew(900).unwrap();
        let (reply, outcome) = object.answer(&lease, Rechecked::Ended, 901);
        assert_eq!((reply, outcome.delete), (Reply::Gone, vec![id()]));
        let kinds: Vec<SessionEventKind> = outcome.events.iter().map(|event| event.kind).collect();
        assert_eq!(kinds, [SessionEventKind::ProviderLogout]);
        assert_eq!(object.answer(&lease, Rechecked::Ended, 902), (Reply::Gone, Outcome::default()));
    }

    #[test]
    fn after_trouble_a_minute_passes() {
        let mut object = Object(Some(of("corp")));
        let lease = object.renew(900).unwrap();
        let (reply, outcome) = object.answer(&lease, Rechecked::Trouble, 903);
        assert!(matches!(reply, Reply::Updated(_)) && outcome.delete.is_empty());
        assert_eq!(object.renew(962), None);
        assert_eq!(object.renew(963).unwrap().sealed, "first");
    }

    #[test]
    fn what_the_provider_says_otherwise_is_taken_over() {
        let mut object = Object(Some(of("corp")));
        let lease = object.renew(900).unwrap();
        let change = json!({ "email": "b@example.com", "groups": null });
        object.answer(&lease, stays(None, change), 901);
        let login = object.0.as_ref().unwrap().login().clone();
        assert_eq!(login.claims, claims(json!({ "email": "b@example.com", "plan": "gold" })));
        assert_eq!((login.email_set, login.claim("email")), (false, None), "the provider's word, unverified");
        assert_eq!(login.at_provider.unwrap().sealed.as_deref(), Some("first"));
        let lease = object.renew(1800).unwrap();
        let too_much = json!({ "plan": "x".repeat(crate::session::MAX_CLAIMS) });
        object.answer(&lease, stays(None, too_much), 1801);
        assert_eq!(object.0.unwrap().login().claims, claims(json!({ "email": "b@example.com" })));
    }

    #[test]
    fn what_the_application_has_set_stays_while_the_provider_says_the_same() {
        let mut object = Object(Some(of("corp")));
        let lease = object.renew(900).unwrap();
        object.answer(&lease, Rechecked::Stays { sealed: None, claims: Map::new() }, 901);
        let login = object.0.unwrap().login().clone();
        assert_eq!((&login.claims, login.email_set), (&of("corp").login().claims, true));
    }
}
