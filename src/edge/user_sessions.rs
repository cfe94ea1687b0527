//! The Durable Object `UserSessions`, one per user and app: the only place where a session lives or dies.
//!
//! The platform keeps one instance of it world-wide, and holds a reply back until the writes before
//! it are durable. Invariant: between reading rows and writing them nothing awaits, and everything is
//! decided before the first write, because an error after a write does not take it back.

use worker::{DurableObject, Env, Error, Request, Response, Result, State, durable_object, wasm_bindgen};

use super::isolate::Isolate;
use super::platform;
use super::table::Table;
use crate::event::{SessionEvent, session_line};
use crate::session::{Command, Envelope, Handle, ObjectId, Reply, Rows, decide};
use crate::time::Timestamp;

/// A user's sessions.
#[durable_object(alarm)]
pub struct UserSessions {
    state: State,
    env: Env,
    table: Table,
}

impl DurableObject for UserSessions {
    fn new(state: State, env: Env) -> Self {
        let table = Table::new(state.storage().sql());
        Self { state, env, table }
    }

    async fn fetch(&self, mut request: Request) -> Result<Response> {
        let envelope = serde_json::from_str(&request.text().await?).ok().and_then(Envelope::read);
        let envelope = envelope.ok_or_else(|| Error::RustError("an unknown command".to_owned()))?;
        let reply = self.run(envelope).await?;
        Response::ok(serde_json::to_string(&reply)?)
    }

    /// Deletes what has expired, and everything when nothing is left.
    async fn alarm(&self) -> Result<Response> {
        let isolate = self.isolate()?;
        let (policy, now) = (&isolate.config.policy, platform::now());
        let mut first_end: Option<Timestamp> = None;
        for (app_id, sessions) in self.table.load_all()? {
            // A command that asks for nothing deletes what has expired.
            let rows = Rows { sessions, ..Rows::default() };
            let (reply, outcome) = decide(rows, Command::List { tenant_id: None }, policy, now);
            self.table.apply(&app_id, &outcome)?;
            for event in &outcome.events {
                self.report(&isolate, &app_id, event, now);
            }
            if let Reply::Listed(sessions) = reply {
                let ends = sessions.iter().map(|session| session.ends_at(policy)).chain(first_end);
                first_end = ends.min();
            }
        }
        match first_end {
            Some(first_end) => self.wake_after(first_end, now).await?,
            None => self.forget_everything().await?,
        }
        Response::empty()
    }
}

impl UserSessions {
    async fn run(&self, Envelope { app_id, command }: Envelope) -> Result<Reply> {
        let isolate = self.isolate()?;
        let (policy, now) = (&isolate.config.policy, platform::now());
        let rows = self.table.load(&app_id, &command)?;
        let (reply, outcome) = decide(rows, command, policy, now);
        self.table.apply(&app_id, &outcome)?;
        // Written. From here on others may come in between.
        for event in &outcome.events {
            self.report(&isolate, &app_id, event, now);
        }
        let tidied = if let Reply::Created(session) = &reply {
            self.wake_no_later_than(session.ends_at(policy), now).await
        } else if !outcome.delete.is_empty() && self.table.is_empty()? {
            self.forget_everything().await
        } else {
            Ok(())
        };
        // What is written holds without it: an expired row is refused whether it is deleted or not.
        if let Err(error) = tidied {
            platform::log_error(&format!("tidying up: {error}"));
        }
        Ok(reply)
    }

    fn isolate(&self) -> Result<std::rc::Rc<Isolate>> {
        Isolate::of(&self.env).map_err(|invalid| Error::RustError(invalid.to_string()))
    }

    /// One alarm at a time, for the earliest end. Renewals let it go off for nothing: it looks again.
    async fn wake_no_later_than(&self, end: Timestamp, now: Timestamp) -> Result<()> {
        let is_set = |alarm: i64| alarm <= end.millis().saturating_add(1000);
        match self.state.storage().get_alarm().await? {
            Some(alarm) if is_set(alarm) => Ok(()),
            _ => self.wake_after(end, now).await,
        }
    }

    /// Sets the alarm for the first second in which a session that ends at `end` is over.
    async fn wake_after(&self, end: Timestamp, now: Timestamp) -> Result<()> {
        let offset = i64::from(end.remaining(now)).saturating_add(1).saturating_mul(1000);
        self.state.storage().set_alarm(offset).await
    }

    /// Gives the storage back; the tables go with it.
    async fn forget_everything(&self) -> Result<()> {
        self.table.dropped();
        self.state.storage().delete_all().await
    }

    fn report(&self, isolate: &Isolate, app_id: &str, event: &SessionEvent, now: Timestamp) {
        let Some(object) = ObjectId::from_hex(&self.state.id().to_string()) else { return };
        let handle = Handle { object, id: event.id };
        let user = isolate.keys_of(app_id).event_user(&event.user_id);
        platform::log(&session_line(event.kind, handle, &user, now));
    }
}
