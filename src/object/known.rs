//! What an object knows of its rows: a check is most of what it is asked for, so what was read once is
//! not read again.
//!
//! Invariant: what is known is what is stored. There is one instance of an object, and each of its
//! writes goes through [`Known::with`].

use std::collections::BTreeSet;

use super::Outcome;
use crate::base::time::Timestamp;
use crate::session::{Policy, Session, SessionId, Stored, Unreadable};

/// Rows that were read or written, with their apps.
#[derive(Debug, Default, PartialEq)]
pub struct Known {
    rows: Vec<(String, Session)>,
    unreadable: Vec<(String, Unreadable)>,
    is_complete: bool,
}

impl Known {
    /// All the rows that there are.
    #[must_use]
    pub fn all(rows: Vec<(String, Stored)>) -> Self {
        let mut known = Self { is_complete: true, ..Self::default() };
        known.learn(rows);
        known
    }

    /// Whether there are no other rows.
    #[must_use]
    pub const fn is_complete(&self) -> bool {
        self.is_complete
    }

    /// Whether it is known if there is such a row.
    #[must_use]
    pub fn can_tell_of(&self, id: SessionId) -> bool {
        self.is_complete
            || self.rows.iter().any(|(_, session)| session.id == id)
            || self.unreadable.iter().any(|(_, row)| SessionId::parse(&row.id) == Some(id))
    }

    /// Rows that were read, and were not known.
    pub fn learn(&mut self, rows: Vec<(String, Stored)>) {
        for (app_id, row) in rows {
            match row {
                Stored::Session(session) => self.rows.push((app_id, session)),
                Stored::Unreadable(row) => self.unreadable.push((app_id, row)),
            }
        }
    }

    /// The session of this id, if it is of this app.
    #[must_use]
    pub fn find(&self, app_id: &str, id: SessionId) -> Option<Session> {
        let is_it = |(app, session): &&(String, Session)| session.id == id && app == app_id;
        self.rows.iter().find(is_it).map(|(_, session)| session.clone())
    }

    /// The known sessions of an app.
    #[must_use]
    pub fn of_app(&self, app_id: &str) -> Vec<Session> {
        let of_app = |(app, _): &&(String, Session)| app == app_id;
        self.rows.iter().filter(of_app).map(|(_, session)| session.clone()).collect()
    }

    /// The known rows of an app that cannot be read.
    #[must_use]
    pub fn unreadable_of(&self, app_id: &str) -> Vec<Unreadable> {
        let of_app = |(app, _): &&(String, Unreadable)| app == app_id;
        self.unreadable.iter().filter(of_app).map(|(_, row)| row.clone()).collect()
    }

    /// The first end of a known row. One that cannot be read and does not say when it was made has none: it
    /// goes with the last one that has.
    #[must_use]
    pub fn first_end(&self, policy: &Policy) -> Option<Timestamp> {
        let sessions = self.rows.iter().map(|(_, session)| session.ends_at(policy));
        sessions.chain(self.unreadable.iter().filter_map(|(_, row)| row.ends_at(policy))).min()
    }

    /// The apps of the known rows, each once.
    #[must_use]
    pub fn apps(&self) -> BTreeSet<String> {
        let of_sessions = self.rows.iter().map(|(app_id, _)| app_id);
        let mut apps = BTreeSet::new();
        apps.extend(of_sessions.chain(self.unreadable.iter().map(|(app_id, _)| app_id)).cloned());
        apps
    }

    /// Whether no row is left once this is written; `None` where that has to be asked.
    #[must_use]
    pub fn is_emptied_by(&self, outcome: &Outcome) -> Option<bool> {
        if outcome.deletes() == 0 || !outcome.save.is_empty() {
            return Some(false);
        }
        let is_left = |(_, session): &(String, Session)| !outcome.delete.contains(&session.id);
        let stays = |(_, row): &(String, Unreadable)| !outcome.discard.contains(&row.id);
        if self.rows.iter().any(is_left) || self.unreadable.iter().any(stays) {
            return Some(false);
        }
        self.is_complete.then_some(true)
    }

    /// What is known once this is written for an app.
    #[must_use]
    pub fn with(mut self, app_id: &str, outcome: &Outcome) -> Self {
        let is_saved = |id| outcome.save.iter().any(|session| session.id == id);
        self.rows.retain(|(_, session)| !outcome.delete.contains(&session.id) && !is_saved(session.id));
        self.unreadable.retain(|(_, row)| !outcome.discard.contains(&row.id));
        self.rows.extend(outcome.save.iter().map(|session| (app_id.to_owned(), session.clone())));
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::time::Seconds;
    use crate::session::Nonce;

    fn id(n: u8) -> SessionId {
        SessionId::from_bytes([n; 16])
    }

    fn session(n: u8) -> Session {
        Session::new(id(n), Nonce::from_bytes([n; 16]), "u".into(), Timestamp::default())
    }

    fn row(app_id: &str, n: u8) -> (String, Stored) {
        (app_id.to_owned(), Stored::Session(session(n)))
    }

    fn unreadable(app_id: &str, n: u8, created_at: Option<i64>) -> (String, Stored) {
        let created_at = created_at.map(Timestamp::from_seconds);
        (
            app_id.to_owned(),
            Stored::Unreadable(Unreadable { id: id(n).to_string(), user_id: None, created_at }),
        )
    }

    const POLICY: Policy = Policy {
        idle: Seconds::new(100),
        absolute: Seconds::new(1000),
        grace: Seconds::new(30),
        max_sessions: 3,
        not_before: Vec::new(),
        rechecks: Vec::new(),
    };

    fn deleting(ids: &[u8]) -> Outcome {
        Outcome { delete: ids.iter().map(|n| id(*n)).collect(), ..Outcome::default() }
    }

    #[test]
    fn an_object_that_woke_up_knows_nothing_for_certain() {
        let known = Known::default();
        assert!(!known.can_tell_of(id(1)));
        assert_eq!(known.is_emptied_by(&deleting(&[1])), None);
    }

    #[test]
    fn one_row_that_was_read_says_nothing_of_others() {
        let mut known = Known::default();
        known.learn(vec![row("a", 1)]);
        assert!(known.can_tell_of(id(1)) && !known.can_tell_of(id(2)));
        assert_eq!(known.is_emptied_by(&deleting(&[1])), None);
        let known = known.with("a", &deleting(&[1]));
        assert!(!known.can_tell_of(id(1)), "the deleted row is forgotten with all that was known");
    }

    #[test]
    fn all_rows_say_whether_one_is_there_and_which_is_the_last() {
        let known = Known::all(vec![row("a", 1), row("b", 2)]);
        assert!(known.can_tell_of(id(3)) && known.find("a", id(3)).is_none());
        assert_eq!(known.is_emptied_by(&deleting(&[1])), Some(false), "another app's is left");
        assert_eq!(known.is_emptied_by(&deleting(&[1, 2])), Some(true));
        assert_eq!(known.is_emptied_by(&deleting(&[])), Some(false));
        let known = known.with("a", &deleting(&[1]));
        assert_eq!(known, Known::all(vec![row("b", 2)]));
        assert_eq!(known.is_emptied_by(&deleting(&[2])), Some(true));
    }

    #[test]
    fn a_session_is_found_by_its_own_app_only() {
        let known = Known::all(vec![row("a", 1)]);
        assert!(known.find("a", id(1)).is_some() && known.find("b", id(1)).is_none());
        assert_eq!(known.of_app("b"), []);
        assert_eq!(known.apps(), ["a".to_owned()].into());
    }

    #[test]
    fn what_is_saved_takes_the_place_of_what_was_there() {
        let changed = Session { user_agent: Some("new".into()), ..session(1) };
        let outcome = Outcome { save: vec![changed.clone()], ..Outcome::default() };
        let known = Known::all(vec![row("a", 1)]).with("a", &outcome);
        assert_eq!(known, Known::all(vec![("a".into(), Stored::Session(changed))]));
        assert_eq!(known.is_emptied_by(&outcome), Some(false));
    }

    #[test]
    fn a_row_that_cannot_be_read_is_no_session_and_keeps_the_storage_until_it_is_discarded() {
        let known = Known::all(vec![row("a", 1), unreadable("b", 2, None)]);
        assert!(known.can_tell_of(id(2)) && known.find("b", id(2)).is_none());
        assert_eq!(known.of_app("b"), []);
        assert_eq!(
            (known.apps(), known.unreadable_of("b").len()),
            (["a".to_owned(), "b".to_owned()].into(), 1)
        );
        assert_eq!(known.is_emptied_by(&deleting(&[1])), Some(false));
        let both = Outcome { discard: vec![id(2).to_string()], ..deleting(&[1]) };
        assert_eq!(known.is_emptied_by(&both), Some(true));
        assert_eq!(known.with("a", &both), Known::all(vec![]));
    }

    #[test]
    fn the_first_end_counts_every_row_that_says_when_it_was_made() {
        let end = |rows| Known::all(rows).first_end(&POLICY).map(Timestamp::seconds);
        assert_eq!(end(vec![row("a", 1), unreadable("a", 2, Some(50))]), Some(100));
        assert_eq!(end(vec![unreadable("a", 2, Some(50))]), Some(1050));
        assert_eq!(end(vec![unreadable("a", 2, None)]), None);
    }
}
