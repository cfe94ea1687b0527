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
use crate::edge::platform::{self, metrics};
use crate::log::unreadable_line;
use crate::object::{Known, Outcome, Rows};
use crate::session::{Command, ObjectId, Policy, ProviderEnd, Reach, SessionId, Stored};

/// What goes wrong is the platform's, so it stays in the platform's own form.
type Result<T> = std::result::Result<T, JsValue>;

/// A session is one JSON text: one value to fetch from JavaScript, and a shape that `session` pins.
const CREATE_TABLE: &str = "CREATE TABLE IF NOT EXISTS sessions (
    id TEXT PRIMARY KEY,
    app_id TEXT NOT NULL,
    session TEXT NOT NULL,
    data TEXT NOT NULL DEFAULT '{}'
) WITHOUT ROWID";

/// What providers have ended lately, as JSON. There is none where there are no providers.
const CREATE_ENDS: &str =
    "CREATE TABLE IF NOT EXISTS provider_ends (at INTEGER NOT NULL, ended TEXT NOT NULL)";

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
    has_ends: Cell<Option<bool>>,
    known: Cell<Known>,
}

impl Table {
    /// The table in an object's `sql`.
    pub fn new(object: ObjectId, sql: JsValue) -> Self {
        Self { object, sql, exists: Cell::default(), has_ends: Cell::default(), known: Cell::default() }
    }

    /// The rows that a command of `app_id` needs to see.
    pub fn load(&self, app_id: &str, command: &Command) -> Result<Rows> {
        let mut rows = match command.reach() {
            Reach::One(id) => self.one_of(app_id, id)?,
            Reach::All => self.with_all(|known| Rows {
                sessions: known.of_app(app_id),
                unreadable: known.unreadable_of(app_id),
                ..Rows::default()
            })?,
        };
        if let Command::Create { session, .. } = command
            && session.login().at_provider.is_some()
        {
            rows.provider_ends = self.provider_ends()?;
        }
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
        if let Some(end) = &outcome.provider_end {
            self.execute(CREATE_ENDS, [None; 3])?;
            let at = end.at.seconds().to_string();
            let insert = "INSERT INTO provider_ends (at, ended) VALUES (CAST(? AS INTEGER), ?)";
            self.execute(insert, [Some(&at), Some(&json(end)?), None])?;
            self.has_ends.set(Some(true));
        }
        self.known.set(known.with(app_id, outcome));
        Ok(())
    }

    /// Forgets what providers have ended before `before`; returns when the latest of the others was heard.
    pub fn forget_provider_ends(&self, before: Timestamp) -> Result<Option<Timestamp>> {
        if !self.has_ends()? {
            return Ok(None);
        }
        let before = before.seconds().to_string();
        let delete = "DELETE FROM provider_ends WHERE at < CAST(? AS INTEGER)";
        self.execute(delete, [Some(&before), None, None])?;
        let latest = self.query("SELECT coalesce(max(at), '') FROM provider_ends", None)?;
        let latest = latest.trim().parse().ok().map(Timestamp::from_seconds);
        if latest.is_none() {
            self.execute("DROP TABLE provider_ends", [None; 3])?;
            self.has_ends.set(Some(false));
        }
        Ok(latest)
    }

    fn provider_ends(&self) -> Result<Vec<ProviderEnd>> {
        if !self.has_ends()? {
            return Ok(Vec::new());
        }
        let lines = self.query("SELECT ended FROM provider_ends", None)?;
        let read = |line: &str| serde_json::from_str(line).ok().and_then(ProviderEnd::read);
        Ok(lines.lines().filter_map(read).collect())
    }

    /// Whether nothing will be left once this has been written: then all of the storage can go instead.
    pub fn is_emptied_by(&self, outcome: &Outcome) -> Result<bool> {
        // What a provider has ended is remembered, though no session is left.
        if outcome.provider_end.is_some() || (outcome.deletes() > 0 && self.has_ends()?) {
            return Ok(false);
        }
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
        self.has_ends.set(Some(false));
        self.known.set(Known::all(Vec::new()));
    }

    fn exists(&self) -> Result<bool> {
        if let Some(exists) = self.exists.get() {
            return Ok(exists);
        }
        self.look_for_tables()?;
        Ok(self.exists.get().unwrap_or_default())
    }

    fn has_ends(&self) -> Result<bool> {
        if self.has_ends.get().is_none() {
            self.look_for_tables()?;
        }
        Ok(self.has_ends.get().unwrap_or_default())
    }

    fn look_for_tables(&self) -> Result<()> {
        let names = self.query("SELECT name FROM sqlite_master WHERE type = 'table'", None)?;
        let has = |table: &str| Some(names.lines().any(|name| name == table));
        self.exists.set(has("sessions"));
        self.has_ends.set(has("provider_ends"));
        Ok(())
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
        Ok(Rows { sessions, unreadable, ..Rows::default() })
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
                metrics::report_fault(&unreadable_line(self.object, &row.id, platform::now()));
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
