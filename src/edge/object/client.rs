//! The client of the users' objects: one command out, one reply back.
//!
//! Invariant: within a time limit, retries included. Every command may be repeated, so a failure
//! that the platform calls temporary is tried again, with a new stub; an overloaded object is left
//! alone. Whatever a reply says about the end of sessions is remembered here, once for all routes.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use worker::js_sys::Reflect;
use worker::wasm_bindgen::JsValue;
use worker::wasm_bindgen_futures::JsFuture;

use crate::edge::isolate::Isolate;
use crate::edge::platform::{self, Moment};
use crate::log::{GateEvent, gate_line};
use crate::object::PlatformError;
use crate::session::{Command, Envelope, Handle, ObjectId, Reply, object_name};

/// For how many milliseconds answers are waited for, those of one request taken together and retries
/// included. What the origin takes does not count.
const TIME_LIMIT: u32 = 4500;

/// The pauses before the second and the third try.
const PAUSES: [Duration; 2] = [Duration::from_millis(60), Duration::from_millis(250)];

/// The pauses between the tries that go on after a logout was answered with 503.
pub const LATER: [Duration; 3] = [Duration::from_secs(1), Duration::from_secs(3), Duration::from_secs(8)];

/// The object did not answer. It says nothing about the session.
#[derive(Clone, Copy, Debug)]
pub struct Unavailable;

/// What it takes to ask. It can outlive the request.
#[derive(Clone)]
pub struct ObjectClient {
    /// What the isolate keeps.
    pub isolate: Rc<Isolate>,
    /// For how many milliseconds more answers are waited for.
    patience: Rc<Cell<u32>>,
}

impl ObjectClient {
    /// Whoever has not asked yet.
    pub fn new(isolate: Rc<Isolate>) -> Self {
        Self { isolate, patience: Rc::new(Cell::new(TIME_LIMIT)) }
    }

    /// The same with all its patience.
    pub fn again(&self) -> Self {
        Self::new(Rc::clone(&self.isolate))
    }

    fn waited_since(&self, then: Moment) {
        self.patience.set(self.patience.get().saturating_sub(then.elapsed()));
    }
}

/// Why a try failed.
struct Failure {
    is_temporary: bool,
}

/// What became of sessions that were to end.
#[derive(Default)]
pub struct Removal {
    /// Those that ended just now.
    pub removed: Vec<Handle>,
    /// Those whose object did not answer.
    pub failed: Vec<Handle>,
}

/// Ends sessions by the application's word, those of one user in one step. All objects are asked, whatever becomes
/// of one.
pub async fn remove_handles(client: &ObjectClient, app_id: &str, handles: &[Handle]) -> Removal {
    let mut rest = handles.to_vec();
    let mut removal = Removal::default();
    while let Some(Handle { object, .. }) = rest.first().copied() {
        let (of_object, others) = rest.into_iter().partition::<Vec<_>, _>(|handle| handle.object == object);
        rest = others;
        let ids = of_object.iter().map(|handle| handle.id).collect();
        match remove(client, app_id, object, Command::Remove { ids }).await {
            Ok(removed) => removal.removed.extend(removed),
            Err(Unavailable) => removal.failed.extend(of_object),
        }
    }
    removal
}

/// Ends sessions of one object by the application's word; gives those that it did end.
pub async fn remove(
    client: &ObjectClient,
    app_id: &str,
    object: ObjectId,
    command: Command,
) -> Result<Vec<Handle>, Unavailable> {
    match ask(client, app_id, object, command).await? {
        Reply::Revoked { ids, .. } => Ok(ids.into_iter().map(|id| Handle { object, id }).collect()),
        // No such object: nothing to end.
        _ => Ok(Vec::new()),
    }
}

/// Asks an object.
pub async fn ask(
    client: &ObjectClient,
    app_id: &str,
    object: ObjectId,
    command: Command,
) -> Result<Reply, Unavailable> {
    let outcome = try_repeatedly(client, app_id, object, command).await;
    if outcome.is_err() {
        platform::log(&gate_line(GateEvent::StoreUnavailable, None, platform::now()));
    }
    outcome
}

/// The id of the object that keeps this user's sessions.
pub fn object_of(client: &ObjectClient, app_id: &str, user_id: &str) -> Result<ObjectId, Unavailable> {
    let name = object_name(app_id, user_id);
    let id = platform::object_id(&client.isolate.sessions, &name).map_err(|error| {
        Failure::of(&error);
        Unavailable
    })?;
    ObjectId::from_hex(&id).ok_or(Unavailable)
}

async fn try_repeatedly(
    client: &ObjectClient,
    app_id: &str,
    object: ObjectId,
    command: Command,
) -> Result<Reply, Unavailable> {
    let changes_sessions = matches!(command, Command::Update { .. });
    let mut envelope = Envelope { app_id: app_id.to_owned(), command };
    let mut pauses = PAUSES.into_iter();
    loop {
        match send(client, object, &envelope).await {
            Ok(reply) => {
                learn(client, object, &reply, changes_sessions);
                return Ok(reply);
            }
            Err(Failure { is_temporary: false }) => return Err(Unavailable),
            Err(Failure { is_temporary: true }) => platform::pause(pauses.next().ok_or(Unavailable)?).await,
        }
        envelope.command = envelope.command.again(platform::random().map_err(|_| Unavailable)?);
    }
}

async fn send(client: &ObjectClient, object: ObjectId, envelope: &Envelope) -> Result<Reply, Failure> {
    let envelope = serde_json::to_string(envelope).map_err(|_| Failure { is_temporary: false })?;
    let then = Moment::now();
    let promise = platform::ask(&client.isolate.sessions, &object.to_hex(), &envelope, client.patience.get());
    let promise = promise.map_err(|error| Failure::of(&error))?;
    let reply = JsFuture::from(promise).await.map_err(|error| Failure::of(&error));
    client.waited_since(then);
    let reply = reply?;
    // The platform refuses an id that it did not make: no object, so no session.
    if reply.is_undefined() {
        return Ok(Reply::Gone);
    }
    let reply = reply.as_string().and_then(|text| serde_json::from_str(&text).ok()).and_then(Reply::read);
    reply.ok_or_else(|| {
        platform::log_error("the session object's reply makes no sense");
        Failure { is_temporary: false }
    })
}

impl Failure {
    fn of(error: &JsValue) -> Self {
        let says = |name: &str| Reflect::get(error, &name.into()).is_ok_and(|value| value.is_truthy());
        if error.is_object() {
            platform::log_error(&format!("session object: {}", platform::message_of(error)));
        }
        let marks = PlatformError {
            retryable: says("retryable"),
            reset: says("durableObjectReset"),
            overloaded: says("overloaded"),
        };
        Self { is_temporary: marks.invite_another_try() }
    }
}

/// Remembers what a reply says about the end of sessions.
fn learn(client: &ObjectClient, object: ObjectId, reply: &Reply, changes_sessions: bool) {
    let memory = &client.isolate.memory;
    match reply {
        Reply::Revoked { ids, .. } => {
            for id in ids {
                memory.ended(Handle { object, id: *id });
            }
        }
        // A new session may have taken the place of another.
        Reply::Created(_) => memory.forget_object(object),
        Reply::Updated(_) | Reply::Gone if changes_sessions => memory.forget_object(object),
        Reply::Live(_)
        | Reply::Renewed { .. }
        | Reply::Gone
        | Reply::Superseded
        | Reply::Reuse { .. }
        | Reply::AntiCsrfMissing
        | Reply::Listed(_)
        | Reply::Read { .. }
        | Reply::Updated(_)
        | Reply::TooLarge => {}
    }
}
