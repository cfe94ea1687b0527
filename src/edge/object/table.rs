//! The table of sessions in a user's object: all of its SQL.
//!
//! Invariant: synchronous. Nothing here awaits, so a caller that reads, decides and writes does it
//! in one step. Reading makes no table; only the first session does.

use std::cell::Cell;
use std::collections::BTreeSet;

use serde_json::{Map, Value};
use worker::wasm_bindgen::JsValue;

use crate::base::json::Fields;
use crate::base::time::Timestamp;
use crate::edge::platform;
use crate::log::unreadable_line;
use crate::object::{Known, Outcome, Rows};
use crate::session::{Command, ObjectId, Policy, Reach, SessionId, Stored};

/// What goes wrong is the platform's, so it stays in the platform's own form.
type Result<T> = std::result::Result<T, JsValue>;

/// A session is one JSON text: one value to fetch from JavaScript, and a shape that `session` pins.
const CREATE_TABLE: &str = "CREATE TABLE IF NOT EXISTS sessions (
    id TEXT PRIMARY KEY,
    app_id TEXT NOT NULL,
    session TEXT NOT NULL,
    data TEXT NOT NULL DEFAULT '{}'
) WITHOUT ROWID";

const SAVE: &str = "INSERT INTO sessions (id, app_id, session) VALUES (?, ?, ?)
    ON CONFLICT (id) DO UPDATE SET session = excluded.session";

/// A row as one line, whatever wrote it: outside of texts a line break in JSON is a space, inside it is escaped.
const ALL: &str = "SELECT id || '/' || app_id || '/' || replace(session, char(10), ' ') FROM sessions";
const ONE: &str =
    "SELECT id || '/' || app_id || '/' || replace(session, char(10), ' ') FROM sessions WHERE id = ?";

/// The table, and what is known of it.
///
/// What is known is taken out to be used, and put back when nothing went wrong: after an error nothing is.
pub struct Table {
    object: ObjectId,
    sql: JsValue,
    exists: Cell<Option<bool>>,
    known: Cell<Known>,
}

impl Table {
    /// The table in an object's `sql`.
    pub fn new(object: ObjectId, sql: JsValue) -> Self {
        Self { object, sql, exists: Cell::default(), known: Cell::default() }
    }

    /// The rows that a command of `app_id` needs to see.
    pub fn load(&self, app_id: &str, command: &Command) -> Result<Rows> {
        let mut rows = match command.reach() {
            Reach::One(id) => self.one_of(app_id, id)?,
            Reach::All => self.with_all(|known| Rows {
                sessions: known.of_app(app_id),
                unreadable: known.unreadable_of(app_id),
                data: Map::new(),
            })?,
        };
        if let Command::Read { id } = command
            && !rows.sessions.is_empty()
        {
            rows.data = self.read_data(*id)?;
        }
        Ok(rows)
    }

    /// The first end of a session that is stored here.
    pub fn first_end(&self, policy: &Policy) -> Result<Option<Timestamp>> {
        self.with_all(|known| known.first_end(policy))
    }

    /// The apps that have sessions here.
    pub fn apps(&self) -> Result<BTreeSet<String>> {
        self.with_all(Known::apps)
    }

    /// Writes what was decided.
    pub fn apply(&self, app_id: &str, outcome: &Outcome) -> Result<()> {
        let known = self.known.take();
        if !outcome.save.is_empty() && !self.exists()? {
            self.execute(CREATE_TABLE, [None; 3])?;
            self.exists.set(Some(true));
        }
        let delete = |id: &str| self.execute("DELETE FROM sessions WHERE id = ?", [Some(id), None, None]);
        outcome.delete.iter().try_for_each(|id| delete(&id.to_string()))?;
        outcome.discard.iter().try_for_each(|id| delete(id))?;
        for session in &outcome.save {
            self.execute(SAVE, [Some(&session.id.to_string()), Some(app_id), Some(&json(session)?)])?;
        }
        if let Some((id, data)) = &outcome.data {
            let update = "UPDATE sessions SET data = ? WHERE id = ?";
            self.execute(update, [Some(&json(data)?), Some(&id.to_string()), None])?;
        }
        self.known.set(known.with(app_id, outcome));
        Ok(())
    }

    /// Whether nothing will be left once this has been written: then all of the storage can go instead.
    pub fn is_emptied_by(&self, outcome: &Outcome) -> Result<bool> {
        let known = self.known.take();
        let is_emptied = known.is_emptied_by(outcome);
        self.known.set(known);
        if let Some(is_emptied) = is_emptied {
            return Ok(is_emptied);
        }
        // Those that are deleted were read, so they are there: one more is one that is left.
        let limit = outcome.deletes().saturating_add(1).to_string();
        let ids = self.query("SELECT id FROM sessions LIMIT CAST(? AS INTEGER)", Some(&limit))?;
        Ok(ids.lines().count() == outcome.deletes())
    }

    /// The storage was emptied, and the table went with it.
    pub fn dropped(&self) {
        self.exists.set(Some(false));
        self.known.set(Known::all(Vec::new()));
    }

    fn exists(&self) -> Result<bool> {
        if let Some(exists) = self.exists.get() {
            return Ok(exists);
        }
        let query = "SELECT name FROM sqlite_master WHERE type = 'table' AND name = 'sessions'";
        let exists = !self.query(query, None)?.is_empty();
        self.exists.set(Some(exists));
        Ok(exists)
    }

    fn read_data(&self, id: SessionId) -> Result<Map<String, Value>> {
        let data = self.query("SELECT data FROM sessions WHERE id = ?", Some(&id.to_string()))?;
        Ok(Fields::parse(data.trim_end()).map(Fields::into_map).unwrap_or_default())
    }

    fn one_of(&self, app_id: &str, id: SessionId) -> Result<Rows> {
        let mut known = self.known.take();
        if !known.can_tell_of(id) && self.exists()? {
            known.learn(self.parse(&self.query(ONE, Some(&id.to_string()))?));
        }
        let sessions = known.find(app_id, id).into_iter().collect();
        let unreadable = known.unreadable_of(app_id);
        self.known.set(known);
        Ok(Rows { sessions, unreadable, data: Map::new() })
    }

    fn with_all<T>(&self, look: impl Fn(&Known) -> T) -> Result<T> {
        let mut known = self.known.take();
        if !known.is_complete() {
            let lines = if self.exists()? { self.query(ALL, None)? } else { String::new() };
            known = Known::all(self.parse(&lines));
        }
        let seen = look(&known);
        self.known.set(known);
        Ok(seen)
    }

    /// Reads rows, a line each; neither ids nor app ids have a slash. What cannot be read is reported.
    fn parse(&self, lines: &str) -> Vec<(String, Stored)> {
        let row = |line: &str| {
            let (id, rest) = line.split_once('/').unwrap_or((line, ""));
            let (app_id, session) = rest.split_once('/').unwrap_or((rest, ""));
            let row = Stored::read(id, session);
            if let Stored::Unreadable(row) = &row {
                platform::log_error(&unreadable_line(self.object, &row.id, platform::now()));
            }
            (app_id.to_owned(), row)
        };
        lines.lines().map(row).collect()
    }

    /// The first column of every row, a line each.
    fn query(&self, statement: &str, binding: Option<&str>) -> Result<String> {
        platform::query(&self.sql, statement, binding)
    }

    fn execute(&self, statement: &str, [first, second, third]: [Option<&str>; 3]) -> Result<()> {
        platform::execute(&self.sql, statement, first, second, third)
    }
}

fn json(value: &impl serde::Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|error| error.to_string().into())
}
