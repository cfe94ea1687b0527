//! The table of sessions in a user's object: all of its SQL.
//!
//! Invariant: synchronous. Nothing here awaits, so a caller that reads, decides and writes does it
//! in one step. Reading makes no table; only the first session does.

use std::cell::Cell;

use serde::Deserialize;
use serde_json::{Map, Value};
use worker::{Error, Result, SqlStorage, SqlStorageValue};

use crate::bytes::Random;
use crate::session::{Child, Command, Lineage, Outcome, Payload, Reach, Rows, Session};
use crate::time::Timestamp;

const CREATE_TABLE: &str = "CREATE TABLE IF NOT EXISTS sessions (
    id TEXT PRIMARY KEY,
    app_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    tenant_id TEXT NOT NULL,
    generation INTEGER NOT NULL,
    nonce TEXT NOT NULL,
    previous_nonce TEXT NOT NULL,
    rotated_at INTEGER NOT NULL,
    child_nonce TEXT,
    child_issued_at INTEGER,
    created_at INTEGER NOT NULL,
    last_seen_at INTEGER NOT NULL,
    payload TEXT NOT NULL,
    data TEXT NOT NULL DEFAULT '{}',
    anti_csrf INTEGER NOT NULL,
    static_key INTEGER NOT NULL,
    user_agent TEXT,
    country TEXT
) WITHOUT ROWID";

const SAVE: &str = "INSERT INTO sessions (id, app_id, user_id, tenant_id, generation, nonce, previous_nonce,
    rotated_at, child_nonce, child_issued_at, created_at, last_seen_at, payload, anti_csrf, static_key,
    user_agent, country) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (id) DO UPDATE SET generation = excluded.generation, nonce = excluded.nonce,
    previous_nonce = excluded.previous_nonce, rotated_at = excluded.rotated_at,
    child_nonce = excluded.child_nonce, child_issued_at = excluded.child_issued_at,
    last_seen_at = excluded.last_seen_at, payload = excluded.payload, anti_csrf = excluded.anti_csrf,
    static_key = excluded.static_key";

/// A row as one JSON text: one value to fetch from JavaScript instead of one for each column.
const ROW: &str = "SELECT json_object('id', id, 'app_id', app_id, 'user_id', user_id, 'tenant_id', tenant_id,
    'generation', generation, 'nonce', nonce, 'previous_nonce', previous_nonce, 'rotated_at', rotated_at,
    'child_nonce', child_nonce, 'child_issued_at', child_issued_at, 'created_at', created_at,
    'last_seen_at', last_seen_at, 'payload', payload, 'anti_csrf', anti_csrf, 'static_key', static_key,
    'user_agent', user_agent, 'country', country) FROM sessions";

/// The table, and whether it is there.
pub struct Table {
    sql: SqlStorage,
    exists: Cell<Option<bool>>,
}

/// A session and the app it belongs to.
pub struct Owned {
    /// The app.
    pub app_id: String,
    /// The session.
    pub session: Session,
}

#[derive(Deserialize)]
struct Row {
    id: Random,
    app_id: String,
    user_id: String,
    tenant_id: String,
    generation: u32,
    nonce: Random,
    previous_nonce: Random,
    rotated_at: Timestamp,
    child_nonce: Option<Random>,
    child_issued_at: Option<Timestamp>,
    created_at: Timestamp,
    last_seen_at: Timestamp,
    payload: String,
    anti_csrf: u8,
    static_key: u8,
    user_agent: Option<String>,
    country: Option<String>,
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
            Reach::One(id) => {
                self.read(&format!("{ROW} WHERE id = ? AND app_id = ?"), vec![text(id), app_id.into()])?
            }
            Reach::All => self.read(&format!("{ROW} WHERE app_id = ?"), vec![app_id.into()])?,
        };
        let data = match command {
            Command::Read { id } => self.read_data(*id)?,
            _ => Map::new(),
        };
        Ok(Rows { sessions: sessions.into_iter().map(|owned| owned.session).collect(), data })
    }

    /// Every row.
    pub fn load_all(&self) -> Result<Vec<Owned>> {
        if self.exists()? { self.read(ROW, Vec::new()) } else { Ok(Vec::new()) }
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
            self.save(app_id, session)?;
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

    fn read(&self, query: &str, bindings: Vec<SqlStorageValue>) -> Result<Vec<Owned>> {
        self.texts(query, bindings)?.iter().map(|json| Row::parse(json)).collect()
    }

    fn read_data(&self, id: Random) -> Result<Map<String, Value>> {
        let data = self.first_text("SELECT data FROM sessions WHERE id = ?", vec![text(id)])?;
        Ok(serde_json::from_str(data.as_deref().unwrap_or("{}"))?)
    }

    fn save(&self, app_id: &str, session: &Session) -> Result<()> {
        let Lineage { generation, nonce, previous, rotated_at, child } = session.lineage;
        let bindings: Vec<SqlStorageValue> = vec![
            text(session.id),
            app_id.into(),
            session.user_id.as_str().into(),
            session.tenant_id.as_str().into(),
            i64::from(generation).into(),
            text(nonce),
            text(previous),
            rotated_at.seconds().into(),
            child.map(|child| text(child.nonce)).into(),
            child.map(|child| child.issued_at.seconds()).into(),
            session.created_at.seconds().into(),
            session.last_seen_at.seconds().into(),
            serde_json::to_string(&session.payload)?.into(),
            i64::from(session.anti_csrf).into(),
            i64::from(session.static_key).into(),
            session.user_agent.as_deref().into(),
            session.country.as_deref().into(),
        ];
        self.sql.exec(SAVE, bindings)?;
        Ok(())
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

impl Row {
    fn parse(json: &str) -> Result<Owned> {
        let row: Self = serde_json::from_str(json)?;
        let payload: Payload = serde_json::from_str(&row.payload)?;
        let child = match (row.child_nonce, row.child_issued_at) {
            (Some(nonce), Some(issued_at)) => Some(Child { nonce, issued_at }),
            _ => None,
        };
        let lineage = Lineage {
            generation: row.generation,
            nonce: row.nonce,
            previous: row.previous_nonce,
            rotated_at: row.rotated_at,
            child,
        };
        let session = Session {
            id: row.id,
            user_id: row.user_id,
            tenant_id: row.tenant_id,
            lineage,
            created_at: row.created_at,
            last_seen_at: row.last_seen_at,
            payload,
            anti_csrf: row.anti_csrf != 0,
            static_key: row.static_key != 0,
            user_agent: row.user_agent,
            country: row.country,
        };
        Ok(Owned { app_id: row.app_id, session })
    }
}

fn text(id: Random) -> SqlStorageValue {
    SqlStorageValue::String(id.to_string())
}
