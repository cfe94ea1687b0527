//! The client of the users' objects: one command out, one reply back.
//!
//! Invariant: within a time limit, retries included. Every command may be repeated, so a failure
//! that the platform calls temporary is tried again, with a new stub; an overloaded object is left
//! alone. Whatever a reply says about the end of sessions is remembered here, once for all routes.

use std::future::Future;
use std::rc::Rc;
use std::time::Duration;

use futures_util::future::{Either, select};
use worker::js_sys::Reflect;
use worker::wasm_bindgen::{JsCast, JsValue};
use worker::wasm_bindgen_futures::JsFuture;
use worker::{Delay, Env, ObjectNamespace, web_sys, worker_sys};

use super::isolate::Isolate;
use super::platform;
use crate::event::{GateEvent, gate_line};
use crate::session::{Command, Envelope, Handle, ObjectId, Reply, object_name};

/// The name of the binding.
const BINDING: &str = "SESSIONS";

/// How long an answer is waited for, retries included.
const TIME_LIMIT: Duration = Duration::from_millis(4500);

/// The pauses before the second and the third try.
const PAUSES: [Duration; 2] = [Duration::from_millis(60), Duration::from_millis(250)];

/// The pauses between the tries that go on after a logout was answered with 503.
pub const LATER: [Duration; 3] = [Duration::from_secs(1), Duration::from_secs(3), Duration::from_secs(8)];

/// The object did not answer. It says nothing about the session.
#[derive(Clone, Copy, Debug)]
pub struct Unavailable;

/// What it takes to ask. It can outlive the request.
#[derive(Clone)]
pub struct Asker {
    /// The bindings.
    pub env: Env,
    /// What the isolate keeps.
    pub isolate: Rc<Isolate>,
}

/// Why a try failed.
struct Failure {
    is_temporary: bool,
}

/// Ends sessions by the application's word, those of one user in one step; gives those that it did end.
pub async fn remove_handles(
    asker: &Asker,
    app_id: &str,
    handles: &[Handle],
) -> Result<Vec<Handle>, Unavailable> {
    let mut rest = handles.to_vec();
    let mut removed = Vec::new();
    while let Some(Handle { object, .. }) = rest.first().copied() {
        let ids = rest.iter().filter(|handle| handle.object == object).map(|handle| handle.id).collect();
        rest.retain(|handle| handle.object != object);
        removed.extend(remove(asker, app_id, object, Command::Remove { ids }).await?);
    }
    Ok(removed)
}

/// Ends sessions of one object by the application's word; gives those that it did end.
pub async fn remove(
    asker: &Asker,
    app_id: &str,
    object: ObjectId,
    command: Command,
) -> Result<Vec<Handle>, Unavailable> {
    match ask(asker, app_id, object, command).await? {
        Reply::Revoked { ids, .. } => Ok(ids.into_iter().map(|id| Handle { object, id }).collect()),
        // No such object: nothing to end.
        _ => Ok(Vec::new()),
    }
}

/// Asks an object.
pub async fn ask(
    asker: &Asker,
    app_id: &str,
    object: ObjectId,
    command: Command,
) -> Result<Reply, Unavailable> {
    let outcome = within(TIME_LIMIT, try_repeatedly(asker, app_id, object, command)).await;
    if outcome.is_err() {
        platform::log(&gate_line(GateEvent::StoreUnavailable, None, platform::now()));
    }
    outcome
}

/// The id of the object that keeps this user's sessions.
pub fn object_of(asker: &Asker, app_id: &str, user_id: &str) -> Result<ObjectId, Unavailable> {
    let namespace = namespace(asker)?;
    let id = namespace.id_from_name(&object_name(app_id, user_id)).map_err(|_| Unavailable)?;
    ObjectId::from_hex(&id.to_string()).ok_or(Unavailable)
}

fn namespace(asker: &Asker) -> Result<ObjectNamespace, Unavailable> {
    asker.env.durable_object(BINDING).map_err(|error| {
        platform::log_error(&format!("binding {BINDING}: {error}"));
        Unavailable
    })
}

async fn within<T>(
    limit: Duration,
    work: impl Future<Output = Result<T, Unavailable>>,
) -> Result<T, Unavailable> {
    match select(Box::pin(work), Delay::from(limit)).await {
        Either::Left((outcome, _)) => outcome,
        Either::Right(((), _)) => Err(Unavailable),
    }
}

async fn try_repeatedly(
    asker: &Asker,
    app_id: &str,
    object: ObjectId,
    command: Command,
) -> Result<Reply, Unavailable> {
    let namespace = namespace(asker)?;
    // The platform refuses an id that it did not make: no object, so no session.
    let Ok(id) = namespace.id_from_string(&object.to_hex()) else { return Ok(Reply::Gone) };
    let changes_sessions = matches!(command, Command::Update { .. });
    let envelope = Envelope { app_id: app_id.to_owned(), command };
    let body = serde_json::to_string(&envelope).map_err(|_| Unavailable)?;

    let mut pauses = PAUSES.into_iter();
    loop {
        let stub: worker_sys::DurableObject = id.get_stub().map_err(|_| Unavailable)?.into_rpc();
        match send(&stub, &body).await {
            Ok(reply) => {
                learn(asker, object, &reply, changes_sessions);
                return Ok(reply);
            }
            Err(Failure { is_temporary: false }) => return Err(Unavailable),
            Err(Failure { is_temporary: true }) => Delay::from(pauses.next().ok_or(Unavailable)?).await,
        }
    }
}

async fn send(stub: &worker_sys::DurableObject, body: &str) -> Result<Reply, Failure> {
    let request = request(body).map_err(|_| Failure { is_temporary: false })?;
    let promise = stub.fetch_with_request(&request).map_err(|error| Failure::of(&error))?;
    let response: web_sys::Response =
        JsFuture::from(promise).await.map_err(|error| Failure::of(&error))?.unchecked_into();
    let text = platform::text_of(&response).await.map_err(|error| Failure::of(&error))?;
    if !response.ok() {
        platform::log_error("the session object refused a command");
        return Err(Failure { is_temporary: false });
    }
    serde_json::from_str(&text).ok().and_then(Reply::read).ok_or_else(|| {
        platform::log_error("the session object's reply makes no sense");
        Failure { is_temporary: false }
    })
}

fn request(body: &str) -> Result<web_sys::Request, JsValue> {
    let init = web_sys::RequestInit::new();
    init.set_method("POST");
    init.set_body(&JsValue::from_str(body));
    web_sys::Request::new_with_str_and_init("https://user-sessions/", &init)
}

impl Failure {
    fn of(error: &JsValue) -> Self {
        let says = |name: &str| Reflect::get(error, &name.into()).is_ok_and(|value| value.is_truthy());
        if error.is_object() {
            let message = Reflect::get(error, &"message".into()).ok().and_then(|message| message.as_string());
            platform::log_error(&format!("session object: {}", message.unwrap_or_default()));
        }
        let is_temporary = (says("retryable") || says("durableObjectReset")) && !says("overloaded");
        Self { is_temporary }
    }
}

/// Remembers what a reply says about the end of sessions.
fn learn(asker: &Asker, object: ObjectId, reply: &Reply, changes_sessions: bool) {
    let memory = &asker.isolate.memory;
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
