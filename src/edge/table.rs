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

/// The table, and what is known of it.
pub struct Table {
    sql: JsValue,
    exists: Cell<Option<bool>>,
    known: RefCell<Known>,
}

/// Sessions that were read or written, with their apps.
#[derive(Default)]
struct Known {
    rows: Vec<(String, Session)>,
    /// Whether the table has no others.
    is_complete: bool,
}

impl Table {
    /// The table in `sql`.
    pub fn new(sql: JsValue) -> Self {
        Self { sql, exists: Cell::default(), known: RefCell::default() }
    }

    /// The rows that a command of `app_id` needs to see.
    pub fn load(&self, app_id: &str, command: &Command) -> Result<Rows> {
        let sessions = match command.reach() {
            Reach::One(id) => self.one_of(app_id, id)?,
            Reach::All => self.all_of(app_id)?,
        };
        let data = match command {
            Command::Read { id } if !sessions.is_empty() => self.read_data(*id)?,
            _ => Map::new(),
        };
        Ok(Rows { sessions, data })
    }

    /// The apps that have sessions here.
    pub fn apps(&self) -> Result<Vec<String>> {
        self.complete()?;
        let mut apps: Vec<String> = self.known.borrow().rows.iter().map(|(app, _)| app.clone()).collect();
        apps.sort_unstable();
        apps.dedup();
        Ok(apps)
    }

    /// Writes what was decided.
    pub fn apply(&self, app_id: &str, outcome: &Outcome) -> Result<()> {
        // Known again when all of it has been written.
        let Known { mut rows, is_complete } = self.known.take();
        if !outcome.save.is_empty() && !self.exists()? {
            self.execute(CREATE_TABLE, [None; 3])?;
            self.exists.set(Some(true));
        }
        for id in &outcome.delete {
            self.execute("DELETE FROM sessions WHERE id = ?", [Some(&id.to_string()), None, None])?;
            rows.retain(|(_, session)| session.id != *id);
        }
        for session in &outcome.save {
            self.execute(SAVE, [Some(&session.id.to_string()), Some(app_id), Some(&json(session)?)])?;
            rows.retain(|(_, other)| other.id != session.id);
            rows.push((app_id.to_owned(), session.clone()));
        }
        if let Some((id, data)) = &outcome.data {
            let update = "UPDATE sessions SET data = ? WHERE id = ?";
            self.execute(update, [Some(&json(data)?), Some(&id.to_string()), None])?;
        }
        self.known.replace(Known { rows, is_complete });
        Ok(())
    }

    /// Whether nothing will be left once this has been written: then all of the storage can go instead.
    pub fn is_emptied_by(&self, outcome: &Outcome) -> Result<bool> {
        let deleted = outcome.delete.len();
        if deleted == 0 || !outcome.save.is_empty() {
            return Ok(false);
        }
        if self.known.borrow().is_complete {
            return Ok(self.known.borrow().rows.len() == deleted);
        }
        // Those that are deleted were read, so they are there.
        let limit = deleted.saturating_add(1).to_string();
        let ids = self.query("SELECT id FROM sessions LIMIT CAST(? AS INTEGER)", [Some(&limit), None])?;
        Ok(ids.lines().count() == deleted)
    }

    /// The storage was emptied, and the table went with it.
    pub fn dropped(&self) {
        self.exists.set(Some(false));
        self.known.replace(Known { rows: Vec::new(), is_complete: true });
    }

    fn exists(&self) -> Result<bool> {
        if let Some(exists) = self.exists.get() {
            return Ok(exists);
        }
        let query = "SELECT name FROM sqlite_master WHERE type = 'table' AND name = 'sessions'";
        let exists = !self.query(query, [None; 2])?.is_empty();
        self.exists.set(Some(exists));
        Ok(exists)
    }

    fn read_data(&self, id: Random) -> Result<Map<String, Value>> {
        let data = self.query("SELECT data FROM sessions WHERE id = ?", [Some(&id.to_string()), None])?;
        Ok(Fields::parse(data.trim_end()).map(Fields::into_map).unwrap_or_default())
    }

    /// The session of this id, if it is of this app. A check is most of what an object is asked for, so
    /// what was read once is not read again.
    fn one_of(&self, app_id: &str, id: Random) -> Result<Vec<Session>> {
        let mut known = self.known.borrow_mut();
        if let Some((app, session)) = known.rows.iter().find(|(_, session)| session.id == id) {
            return Ok(if app == app_id { vec![session.clone()] } else { Vec::new() });
        }
        if known.is_complete || !self.exists()? {
            return Ok(Vec::new());
        }
        let query = "SELECT session FROM sessions WHERE id = ? AND app_id = ?";
        let sessions = self.query(query, [Some(&id.to_string()), Some(app_id)])?;
        let sessions: Vec<Session> = sessions.lines().map(parse).collect::<Result<_>>()?;
        known.rows.extend(sessions.iter().map(|session| (app_id.to_owned(), session.clone())));
        Ok(sessions)
    }

    fn all_of(&self, app_id: &str) -> Result<Vec<Session>> {
        self.complete()?;
        let known = self.known.borrow();
        Ok(known.rows.iter().filter(|(app, _)| app == app_id).map(|(_, session)| session.clone()).collect())
    }

    /// Makes all rows known.
    fn complete(&self) -> Result<()> {
        if self.known.borrow().is_complete {
            return Ok(());
        }
        let mut rows = Vec::new();
        if self.exists()? {
            // An app id has no slash, so the first one ends it.
            let lines = self.query("SELECT app_id || '/' || session FROM sessions", [None; 2])?;
            for (app_id, session) in lines.lines().filter_map(|line| line.split_once('/')) {
                rows.push((app_id.to_owned(), parse(session)?));
            }
        }
        self.known.replace(Known { rows, is_complete: true });
        Ok(())
    }

    /// The first column of every row, a line each: JSON has its line breaks escaped.
    fn query(&self, statement: &str, [first, second]: [Option<&str>; 2]) -> Result<String> {
        platform::query(&self.sql, statement, first, second)
    }

    fn execute(&self, statement: &str, [first, second, third]: [Option<&str>; 3]) -> Result<()> {
        platform::execute(&self.sql, statement, first, second, third)
    }
}

fn parse(session: &str) -> Result<Session> {
    serde_json::from_str(session).ok().and_then(Session::read).ok_or_else(|| "an unreadable session".into())
}

fn json(value: &impl serde::Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|error| error.to_string().into())
}
