//! The Durable Object `UserSessions`, one per user and app: the only place where a session lives or dies.
//!
//! The platform keeps one instance of it world-wide, and holds a reply back until the writes before
//! it are durable. Invariant: a command is one step. Nothing awaits in it, and everything is decided
//! before the first write, because an error after a write does not take it back.

use std::cell::Cell;
use std::rc::Rc;

use worker::js_sys::{Date, Object};
use worker::wasm_bindgen::{self, JsValue, prelude::wasm_bindgen};
use worker::{Env, worker_sys};

use crate::base::time::{Instant, Seconds, Timestamp};
use crate::edge::isolate::Isolate;
use crate::edge::object::table::Table;
use crate::edge::platform::{self, Moment, metrics};
use crate::log::session_line;
use crate::object::SessionEvent;
use crate::object::{Outcome, PROVIDER_END_MEMORY, decide};
use crate::session::{Command, Envelope, ObjectId, Reply};

/// A user's sessions.
#[wasm_bindgen]
pub struct UserSessions {
    state: worker_sys::DurableObjectState,
    storage: worker_sys::DurableObjectStorage,
    id: ObjectId,
    env: Env,
    table: Table,
    /// The alarm that this instance has set. What an earlier one has set is not asked for: that would
    /// be a reason to wait.
    alarm: Cell<Option<Timestamp>>,
}

#[wasm_bindgen]
impl UserSessions {
    /// The object in a runtime's hands.
    #[wasm_bindgen(constructor)]
    pub fn new(state: worker_sys::DurableObjectState, env: Env) -> Result<Self, JsValue> {
        let storage = state.storage()?;
        let id = ObjectId::from_hex(&state.id()?.to_string()?).unwrap_or_default();
        let table = Table::new(id, storage.sql().into());
        Ok(Self { state, storage, id, env, table, alarm: Cell::default() })
    }

    /// Carries out a command and returns the reply, both as JSON.
    pub fn run(&self, command: &str) -> Result<String, JsValue> {
        Ok(self.answer(command)?.1)
    }

    /// Carries out a command about a session that is to be watched: the id of the session, when it ends in milliseconds,
    /// and the reply, a line each; the reply alone where no session lives.
    pub fn watch(&self, command: &str) -> Result<String, JsValue> {
        let (reply, text) = self.answer(command)?;
        let (Reply::Live(session) | Reply::Renewed { session, .. }) = reply else { return Ok(text) };
        let end = session.ends_at(&self.isolate()?.config.policy).after(AFTER_END).millis();
        Ok([session.id.to_string(), end.to_string(), text].join("\n"))
    }

    /// Deletes what has expired, and everything when nothing is left.
    pub fn alarm(&self) -> Result<(), JsValue> {
        let isolate = self.isolate()?;
        let (policy, now) = (&isolate.config.policy, platform::now());
        for app_id in self.table.apps()? {
            // A command that asks for nothing deletes what has expired.
            let list = Command::List { tenant_id: None };
            let (_, outcome) = decide(self.table.load(&app_id, &list)?, list, policy, Instant::from(now));
            self.write(&app_id, &outcome)?;
            for event in &outcome.events {
                self.report(&isolate, &app_id, event, now);
            }
        }
        let memory = i64::from(PROVIDER_END_MEMORY.get());
        let forgotten = Timestamp::from_seconds(now.seconds().saturating_sub(memory));
        let remembered = self.table.forget_provider_ends(forgotten)?;
        let remembered = remembered.map(|at| at.after(PROVIDER_END_MEMORY));
        match self.table.first_end(policy)?.into_iter().chain(remembered).min() {
            Some(first_end) => self.wake_after(first_end, now),
            None => self.forget_everything(),
        }
    }
}

/// How long after the last second of a session it is certain that its alarm is late.
const AFTER_END: Seconds = Seconds::new(2);

/// The beginning of the first second after `end`.
pub(super) fn alarm_time(end: Timestamp, now: Timestamp) -> Date {
    let seconds = i64::from(end.remaining(now)).saturating_add(1);
    #[expect(clippy::cast_precision_loss, reason = "milliseconds since the epoch fit 53 bits")]
    let time = now.millis().saturating_add(seconds.saturating_mul(1000)) as f64;
    Date::new(&time.into())
}

impl UserSessions {
    fn answer(&self, command: &str) -> Result<(Reply, String), JsValue> {
        let envelope = serde_json::from_str(command).ok().and_then(Envelope::read);
        let reply = self.carry_out(envelope.ok_or("an unknown command")?)?;
        let text = serde_json::to_string(&reply).map_err(|error| error.to_string())?;
        Ok((reply, text))
    }

    /// Writes what was decided, and ends the connections of the sessions that it ends. Rows go nowhere else.
    fn write(&self, app_id: &str, outcome: &Outcome) -> Result<(), JsValue> {
        let written = if self.table.is_emptied_by(outcome)? && self.is_given_back() {
            Ok(())
        } else {
            self.table.apply(app_id, outcome)
        };
        if outcome.deletes() > 0 {
            let ended = outcome.delete.iter().map(ToString::to_string).chain(outcome.discard.iter().cloned());
            // After an error nobody knows which rows are left: those whose connections these are ask again.
            platform::end_watches(&self.state, &ended.collect::<Vec<_>>().join("\n"), written.is_ok());
        }
        written
    }

    fn carry_out(&self, Envelope { app_id, command }: Envelope) -> Result<Reply, JsValue> {
        let isolate = self.isolate()?;
        let (policy, instant) = (&isolate.config.policy, Moment::now().instant());
        let rows = self.table.load(&app_id, &command)?;
        let (reply, outcome) = decide(rows, command, policy, instant);
        let now = instant.second;
        self.write(&app_id, &outcome)?;
        for event in &outcome.events {
            self.report(&isolate, &app_id, event, now);
        }
        let first_end = match (&reply, &outcome.provider_end) {
            (Reply::Created(_), _) => self.table.first_end(policy)?,
            (_, Some(end)) => Some(end.at.after(PROVIDER_END_MEMORY)),
            _ => None,
        };
        if let Some(end) = first_end {
            // The session holds without an alarm: an expired row is refused whether it is deleted or not.
            if let Err(error) = self.wake_no_later_than(end, now) {
                platform::log_error(&format!("setting the alarm: {}", platform::message_of(&error)));
            }
        }
        Ok(reply)
    }

    /// Gives the storage back, if the platform takes it. A session is not kept alive by that.
    fn is_given_back(&self) -> bool {
        let given_back = self.forget_everything();
        if let Err(error) = &given_back {
            platform::log_error(&format!("giving the storage back: {}", platform::message_of(error)));
        }
        given_back.is_ok()
    }

    fn isolate(&self) -> Result<Rc<Isolate>, JsValue> {
        Isolate::of_object(&self.env).map_err(|broken| broken.to_string().into())
    }

    /// One alarm at a time, for the earliest end. Renewals let it go off for nothing: it looks again.
    fn wake_no_later_than(&self, end: Timestamp, now: Timestamp) -> Result<(), JsValue> {
        match self.alarm.get() {
            Some(alarm) if alarm <= end => Ok(()),
            _ => self.wake_after(end, now),
        }
    }

    /// Sets the alarm for the first second in which a session that ends at `end` is over. The promise is
    /// not waited for: the reply is held back until what was written is durable.
    fn wake_after(&self, end: Timestamp, now: Timestamp) -> Result<(), JsValue> {
        drop(self.storage.set_alarm(alarm_time(end, now), Object::new())?);
        self.alarm.set(Some(end));
        Ok(())
    }

    /// Gives the storage back; rows, table and alarm go with it, all or none.
    fn forget_everything(&self) -> Result<(), JsValue> {
        drop(self.storage.delete_all()?);
        self.table.dropped();
        self.alarm.set(None);
        Ok(())
    }

    fn report(&self, isolate: &Isolate, app_id: &str, event: &SessionEvent, now: Timestamp) {
        let user = event.user_id.as_ref().map(|user_id| isolate.app_of(app_id).keys.event_user(user_id));
        metrics::report(&session_line(event, self.id, user.as_deref(), now));
    }
}
