//! The table of sessions in a user's object: all of its SQL.
//!
//! Invariant: synchronous. Nothing here awaits, so a caller that reads, decides and writes does it
//! in one step. Reading makes no table; only the first session does.

use std::cell::Cell;

use serde_json::{Map, Value};
use worker::{Error, Result, SqlStorage, SqlStorageValue};

use crate::bytes::Random;
use crate::json::Fields;
use crate::session::{Command, Outcome, Reach, Rows, Session};

/// A session is one JSON text: one value to fetch from JavaScript, and a shape that `session` pins.
const CREATE_TABLE: &str = "CREATE TABLE IF NOT EXISTS sessions (
    id TEXT PRIMARY KEY,
    app_id TEXT NOT NULL,
    session TEXT NOT NULL,
    data TEXT NOT NULL DEFAULT '{}'
) WITHOUT ROWID";

const SAVE: &str = "INSERT INTO sessions (id, app_id, session) VALUES (?, ?, ?)
    ON CONFLICT (id) DO UPDATE SET session = excluded.session";

/// The table, and whether it is there.
pub struct Table {
    sql: SqlStorage,
    exists: Cell<Option<bool>>,
}

impl Table {
    /// The table in `sql`.
    pub const fn new(sql: SqlStorage) -> Self {
        Self { sql, exists: Cell::new(None) }
    }

    /// The rows that a command of `app_id` needs to see.
    pub fn load(&self, app_id: &str, command: &Command) -> Result<Rows> {
        if !self.exists()? {
            return Ok(Rows::default());
        }
        let sessions = match command.reach() {
            Reach::One(id) => self.texts(
                "SELECT session FROM sessions WHERE id = ? AND app_id = ?",
                vec![text(id), app_id.into()],
            )?,
            Reach::All => self.texts("SELECT session FROM sessions WHERE app_id = ?", vec![app_id.into()])?,
        };
        let data = match command {
            Command::Read { id } => self.read_data(*id)?,
            _ => Map::new(),
        };
        Ok(Rows { sessions: parse_all(&sessions)?, data })
    }

    /// Every session, by app.
    pub fn load_all(&self) -> Result<Vec<(String, Vec<Session>)>> {
        if !self.exists()? {
            return Ok(Vec::new());
        }
        let apps = self.texts("SELECT DISTINCT app_id FROM sessions", Vec::new())?;
        apps.into_iter()
            .map(|app_id| {
                let query = "SELECT session FROM sessions WHERE app_id = ?";
                let sessions = parse_all(&self.texts(query, vec![app_id.as_str().into()])?)?;
                Ok((app_id, sessions))
            })
            .collect()
    }

    /// Writes what was decided.
    pub fn apply(&self, app_id: &str, outcome: &Outcome) -> Result<()> {
        if !outcome.save.is_empty() && !self.exists()? {
            self.sql.exec(CREATE_TABLE, None)?;
            self.exists.set(Some(true));
        }
        for id in &outcome.delete {
            self.sql.exec("DELETE FROM sessions WHERE id = ?", vec![text(*id)])?;
        }
        for session in &outcome.save {
            let json = serde_json::to_string(session)?;
            self.sql.exec(SAVE, vec![text(session.id), app_id.into(), json.into()])?;
        }
        if let Some((id, data)) = &outcome.data {
            let data = serde_json::to_string(data)?;
            self.sql.exec("UPDATE sessions SET data = ? WHERE id = ?", vec![data.into(), text(*id)])?;
        }
        Ok(())
    }

    /// Whether no session is left.
    pub fn is_empty(&self) -> Result<bool> {
        Ok(!self.exists()? || self.first_text("SELECT id FROM sessions LIMIT 1", Vec::new())?.is_none())
    }

    /// The storage was emptied, and the table went with it.
    pub fn dropped(&self) {
        self.exists.set(Some(false));
    }

    fn exists(&self) -> Result<bool> {
        if let Some(exists) = self.exists.get() {
            return Ok(exists);
        }
        let query = "SELECT name FROM sqlite_master WHERE type = 'table' AND name = 'sessions'";
        let exists = self.first_text(query, Vec::new())?.is_some();
        self.exists.set(Some(exists));
        Ok(exists)
    }

    fn read_data(&self, id: Random) -> Result<Map<String, Value>> {
        let data = self.first_text("SELECT data FROM sessions WHERE id = ?", vec![text(id)])?;
        Ok(data.as_deref().and_then(Fields::parse).map(Fields::into_map).unwrap_or_default())
    }

    fn first_text(&self, query: &str, bindings: Vec<SqlStorageValue>) -> Result<Option<String>> {
        Ok(self.texts(query, bindings)?.into_iter().next())
    }

    /// The first column of every row. Not `one()`: it throws past Rust when there is no row.
    fn texts(&self, query: &str, bindings: Vec<SqlStorageValue>) -> Result<Vec<String>> {
        let mut texts = Vec::new();
        for row in self.sql.exec(query, bindings)?.raw() {
            match row?.into_iter().next() {
                Some(SqlStorageValue::String(text)) => texts.push(text),
                _ => return Err(Error::RustError("a text column expected".to_owned())),
            }
        }
        Ok(texts)
    }
}

fn parse_all(texts: &[String]) -> Result<Vec<Session>> {
    let session = |text: &String| serde_json::from_str(text).ok().and_then(Session::read);
    let unreadable = || Error::RustError("an unreadable session".to_owned());
    texts.iter().map(|text| session(text).ok_or_else(unreadable)).collect()
}

fn text(id: Random) -> SqlStorageValue {
    SqlStorageValue::String(id.to_string())
}
