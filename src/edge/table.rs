//! The table of sessions in a user's object: all of its SQL, and what was read of it lately.
//!
//! Invariant: synchronous. Nothing here awaits, so a caller that reads, decides and writes does it
//! in one step. Reading makes no table; only the first session does. What is remembered is what is
//! stored: there is one instance of an object, and all that it writes goes through here.

use std::cell::{Cell, RefCell};

use serde_json::{Map, Value};
use worker::wasm_bindgen::JsValue;

use super::platform;
use crate::bytes::Random;
use crate::json::Fields;
use crate::session::{Command, Outcome, Reach, Rows, Session};

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

/// The table, and what is known of it: whether it is there, and how many rows it has at least.
pub struct Table {
    sql: JsValue,
    exists: Cell<Option<bool>>,
    rows: Cell<Option<usize>>,
    /// Sessions that were read or written, with their apps; never more than there are rows.
    known: RefCell<Vec<(String, Session)>>,
}

impl Table {
    /// The table in `sql`.
    pub const fn new(sql: JsValue) -> Self {
        Self { sql, exists: Cell::new(None), rows: Cell::new(None), known: RefCell::new(Vec::new()) }
    }

    /// The rows that a command of `app_id` needs to see.
    pub fn load(&self, app_id: &str, command: &Command) -> Result<Rows> {
        if !self.exists()? {
            return Ok(Rows::default());
        }
        let sessions = match command.reach() {
            Reach::One(id) => self.one_of(app_id, id)?,
            Reach::All => {
                let sessions = self.all_of(app_id)?;
                self.rows.set(Some(sessions.lines().count()));
                parse_all(&sessions)?
            }
        };
        let data = match command {
            Command::Read { id } => self.read_data(*id)?,
            _ => Map::new(),
        };
        Ok(Rows { sessions, data })
    }

    /// Every session, by app.
    pub fn load_all(&self) -> Result<Vec<(String, Vec<Session>)>> {
        if !self.exists()? {
            return Ok(Vec::new());
        }
        let apps = self.query("SELECT DISTINCT app_id FROM sessions", [None; 3])?;
        apps.lines().map(|app_id| Ok((app_id.to_owned(), parse_all(&self.all_of(app_id)?)?))).collect()
    }

    /// Writes what was decided.
    pub fn apply(&self, app_id: &str, outcome: &Outcome) -> Result<()> {
        // Known again when all of it has been written.
        let rows = self.rows.take().and_then(|rows| rows.checked_sub(outcome.delete.len()));
        let mut known = self.known.take();
        if !outcome.save.is_empty() && !self.exists()? {
            self.query(CREATE_TABLE, [None; 3])?;
            self.exists.set(Some(true));
        }
        for id in &outcome.delete {
            self.query("DELETE FROM sessions WHERE id = ?", [Some(&id.to_string()), None, None])?;
            known.retain(|(_, session)| session.id != *id);
        }
        for session in &outcome.save {
            self.query(SAVE, [Some(&session.id.to_string()), Some(app_id), Some(&json(session)?)])?;
            known.retain(|(_, other)| other.id != session.id);
            known.push((app_id.to_owned(), session.clone()));
        }
        if let Some((id, data)) = &outcome.data {
            let query = "UPDATE sessions SET data = ? WHERE id = ?";
            self.query(query, [Some(&json(data)?), Some(&id.to_string()), None])?;
        }
        // A row that is saved may be a new one, so there are at least as many as this.
        self.rows.set(rows);
        self.known.replace(known);
        Ok(())
    }

    /// Whether no session is left.
    pub fn is_empty(&self) -> Result<bool> {
        if self.rows.get().is_some_and(|rows| rows > 0) {
            return Ok(false);
        }
        Ok(!self.exists()? || self.query("SELECT id FROM sessions LIMIT 1", [None; 3])?.is_empty())
    }

    /// The storage was emptied, and the table went with it.
    pub fn dropped(&self) {
        self.exists.set(Some(false));
        self.rows.set(None);
        self.known.take();
    }

    fn exists(&self) -> Result<bool> {
        if let Some(exists) = self.exists.get() {
            return Ok(exists);
        }
        let query = "SELECT name FROM sqlite_master WHERE type = 'table' AND name = 'sessions'";
        let exists = !self.query(query, [None; 3])?.is_empty();
        self.exists.set(Some(exists));
        Ok(exists)
    }

    fn read_data(&self, id: Random) -> Result<Map<String, Value>> {
        let data =
            self.query("SELECT data FROM sessions WHERE id = ?", [Some(&id.to_string()), None, None])?;
        Ok(Fields::parse(data.trim_end()).map(Fields::into_map).unwrap_or_default())
    }

    /// The session of this id, if it is of this app. A check is most of what an object is asked for, so
    /// what was read once is not read again.
    fn one_of(&self, app_id: &str, id: Random) -> Result<Vec<Session>> {
        if let Some((app, session)) = self.known.borrow().iter().find(|(_, session)| session.id == id) {
            return Ok(if app == app_id { vec![session.clone()] } else { Vec::new() });
        }
        let query = "SELECT session FROM sessions WHERE id = ? AND app_id = ?";
        let sessions = parse_all(&self.query(query, [Some(&id.to_string()), Some(app_id), None])?)?;
        for session in &sessions {
            self.known.borrow_mut().push((app_id.to_owned(), session.clone()));
        }
        Ok(sessions)
    }

    fn all_of(&self, app_id: &str) -> Result<String> {
        self.query("SELECT session FROM sessions WHERE app_id = ?", [Some(app_id), None, None])
    }

    /// The first column of every row, a line each: JSON has its line breaks escaped.
    fn query(&self, statement: &str, [first, second, third]: [Option<&str>; 3]) -> Result<String> {
        platform::query(&self.sql, statement, first, second, third)
    }
}

fn parse_all(lines: &str) -> Result<Vec<Session>> {
    let session = |text: &str| serde_json::from_str(text).ok().and_then(Session::read);
    lines.lines().map(|text| session(text).ok_or_else(|| "an unreadable session".into())).collect()
}

fn json(value: &impl serde::Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|error| error.to_string().into())
}
