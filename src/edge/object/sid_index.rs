//! The Durable Object `SidIndex`, one per session at a provider: from a `sid` alone to the user's object.
//!
//! Only where a provider has `sid_index`. Invariant: synchronous, as in a user's object, and reading makes no table.

use worker::js_sys::Object;
use worker::wasm_bindgen::{self, JsValue, prelude::wasm_bindgen};
use worker::worker_sys;

use super::user_sessions::alarm_time;
use crate::base::time::Timestamp;
use crate::edge::platform;
use crate::object::{SidCommand, SidRow, SidWrite, decide_sid};

const EXISTS: &str = "SELECT 'yes' FROM sqlite_master WHERE type = 'table' AND name = 'sid'";

const CREATE: &str =
    "CREATE TABLE IF NOT EXISTS sid (one INTEGER PRIMARY KEY CHECK (one = 1), row TEXT NOT NULL)";

/// What is known of a `sid`.
#[wasm_bindgen]
pub struct SidIndex {
    storage: worker_sys::DurableObjectStorage,
    sql: JsValue,
}

#[wasm_bindgen]
impl SidIndex {
    /// The object in a runtime's hands.
    #[wasm_bindgen(constructor)]
    pub fn new(state: &worker_sys::DurableObjectState) -> Result<Self, JsValue> {
        let storage = state.storage()?;
        let sql = storage.sql().into();
        Ok(Self { storage, sql })
    }

    /// Carries out a command and returns the reply, both as JSON.
    pub fn run(&self, command: &str) -> Result<String, JsValue> {
        let command = serde_json::from_str(command).ok().and_then(SidCommand::read);
        let now = platform::now();
        let (reply, write) = decide_sid(self.row()?, command.ok_or("an unknown command")?, now);
        match write {
            SidWrite::Nothing => {}
            SidWrite::Save(row) => self.save(&row, now)?,
            SidWrite::Delete => self.forget()?,
        }
        serde_json::to_string(&reply).map_err(|error| error.to_string().into())
    }

    /// Deletes what is over.
    pub fn alarm(&self) -> Result<(), JsValue> {
        let now = platform::now();
        match self.row()?.filter(|row| now <= row.until) {
            Some(row) => self.wake_after(row.until, now),
            None => self.forget(),
        }
    }
}

impl SidIndex {
    fn row(&self) -> Result<Option<SidRow>, JsValue> {
        if platform::query(&self.sql, EXISTS, None)?.is_empty() {
            return Ok(None);
        }
        let text = platform::query(&self.sql, "SELECT row FROM sid", None)?;
        Ok(serde_json::from_str(&text).ok().and_then(SidRow::read))
    }

    fn save(&self, row: &SidRow, now: Timestamp) -> Result<(), JsValue> {
        let text = serde_json::to_string(row).map_err(|error| error.to_string())?;
        platform::execute(&self.sql, CREATE, None, None, None)?;
        let save = "INSERT OR REPLACE INTO sid (one, row) VALUES (1, ?)";
        platform::execute(&self.sql, save, Some(&text), None, None)?;
        self.wake_after(row.until, now)
    }

    fn wake_after(&self, end: Timestamp, now: Timestamp) -> Result<(), JsValue> {
        drop(self.storage.set_alarm(alarm_time(end, now), Object::new())?);
        Ok(())
    }

    fn forget(&self) -> Result<(), JsValue> {
        drop(self.storage.delete_all()?);
        Ok(())
    }
}
