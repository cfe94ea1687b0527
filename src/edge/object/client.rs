//! The client of the users' objects: one command out, one reply back.
//!
//! Invariant: a request waits for objects no longer than its time limit, retries included. Every command may be
//! repeated, so a failure that the platform calls temporary is tried again, with a new stub; an overloaded object is
//! left alone. Every reply of the gate's own app is learnt by [`Memory`](crate::memory::Memory) before anybody sees it.

use std::cell::{Cell, OnceCell};
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::time::Duration;

use worker::js_sys::{Promise, Reflect};
use worker::wasm_bindgen::JsValue;
use worker::wasm_bindgen_futures::{JsFuture, future_to_promise};
use worker::worker_sys;

use crate::edge::isolate::Isolate;
use crate::edge::platform::live::Watched;
use crate::edge::platform::{self, Moment, metrics};
use crate::log::store_line;
use crate::object::{PlatformError, SidCommand, SidReply, StoreFailure};
use crate::session::{Command, Envelope, ObjectId, Reply, SessionId, object_name};

/// For how many milliseconds a request waits for objects in all. The time that the application takes does not count.
const TIME_LIMIT: u32 = 4500;

/// The pauses before the second and the third try.
const PAUSES: [Duration; 2] = [Duration::from_millis(60), Duration::from_millis(250)];

/// What a request needs cannot be had now: its object does not answer, or the platform refuses a signature or
/// randomness. It says nothing about any session. The cause was logged where it arose.
#[derive(Clone, Copy, Debug)]
pub struct Unavailable;

impl From<platform::NoRandomness> for Unavailable {
    fn from(platform::NoRandomness: platform::NoRandomness) -> Self {
        platform::log_error("the platform has no randomness");
        Self
    }
}

/// Asks objects on behalf of one event of the platform. It can outlive the answer.
#[derive(Clone)]
pub struct ObjectClient {
    /// What the isolate keeps.
    pub isolate: Rc<Isolate>,
    context: Rc<worker_sys::Context>,
    /// The answer to the event.
    pub promise: Rc<OnceCell<Promise>>,
    /// For how many milliseconds more objects are waited for.
    time_left: Rc<Cell<u32>>,
}

impl ObjectClient {
    /// A client with all of its time left.
    pub fn new(isolate: Rc<Isolate>, context: worker_sys::Context) -> Self {
        Self {
            isolate,
            context: Rc::new(context),
            promise: Rc::default(),
            time_left: Rc::new(Cell::new(TIME_LIMIT)),
        }
    }

    /// The same with all of its time left.
    pub fn with_new_time(&self) -> Self {
        Self { time_left: Rc::new(Cell::new(TIME_LIMIT)), ..self.clone() }
    }

    /// Carries the request out to its end, whether the browser waits for the answer or not.
    pub fn outlive_request(&self) {
        if let Some(promise) = self.promise.get() {
            // Only an event that is over refuses to be prolonged.
            let _ = self.context.wait_until(promise);
        }
    }

    /// Goes on with `work` after the answer, as long as the platform allows.
    pub fn afterwards(&self, work: impl Future<Output = ()> + 'static) {
        let _ = self.carried_out(Box::pin(work));
    }

    /// Carries `work` out to its end; what it comes to, if that is known within so many milliseconds.
    pub async fn within<T: 'static>(&self, time: u32, work: impl Future<Output = T> + 'static) -> Option<T> {
        let outcome = Rc::new(Cell::new(None));
        let known = Rc::clone(&outcome);
        let work = self.carried_out(Box::pin(async move { known.set(Some(work.await)) }));
        // A promise that cannot be awaited is one that has not come to anything.
        let _ = JsFuture::from(platform::is_settled_within(&work, time)).await;
        outcome.take()
    }

    // Boxed, so that there is one kind of promise for all work.
    fn carried_out(&self, work: Pin<Box<dyn Future<Output = ()>>>) -> Promise {
        let work = future_to_promise(async move {
            work.await;
            Ok(JsValue::UNDEFINED)
        });
        // Only an event that is over refuses to be prolonged.
        let _ = self.context.wait_until(&work);
        work
    }

    /// The app that the gate serves.
    pub fn app_id(&self) -> &str {
        self.isolate.app.keys.app_id()
    }

    /// For how many milliseconds objects were waited for.
    pub fn waited(&self) -> u32 {
        TIME_LIMIT.saturating_sub(self.time_left.get())
    }

    fn waited_since(&self, then: Moment) {
        self.time_left.set(self.time_left.get().saturating_sub(then.elapsed()));
    }
}

/// Why a try failed.
struct Failure {
    is_temporary: bool,
    cause: String,
}

/// Asks an object.
pub fn ask(
    client: &ObjectClient,
    app_id: &str,
    object: ObjectId,
    command: Command,
) -> impl Future<Output = Result<Reply, Unavailable>> {
    ask_live(client, app_id, object, command, None)
}

/// Asks an object about a session; what is `live` is watched from then on, if the session lives.
pub async fn ask_live(
    client: &ObjectClient,
    app_id: &str,
    object: ObjectId,
    command: Command,
    live: Option<&Watched>,
) -> Result<Reply, Unavailable> {
    let mut envelope = Envelope { app_id: app_id.to_owned(), command };
    let mut pauses = PAUSES.into_iter();
    let mut tries: u8 = 0;
    loop {
        let asked = client.isolate.memory.asked(platform::now());
        tries = tries.saturating_add(1);
        let failure = match send_envelope(client, object, &envelope, live).await {
            Ok(reply) => {
                // Another app's command says nothing about the sessions of the gate's own.
                if app_id == client.app_id() {
                    client.isolate.memory.learn(object, &envelope.command, &reply, asked);
                }
                return Ok(reply);
            }
            Err(failure) => failure,
        };
        match pauses.next().filter(|_| failure.is_temporary) {
            Some(pause) => platform::pause(pause).await,
            None => {
                let Envelope { command, .. } = &envelope;
                return Err(failed(object, command.session(), command.name(), tries, failure));
            }
        }
        envelope.command = envelope.command.again(platform::session_id()?);
    }
}

/// Asks the index object of this name. A command to it may be repeated as well.
pub async fn ask_index(
    client: &ObjectClient,
    name: &str,
    command: &SidCommand,
) -> Result<SidReply, Unavailable> {
    let index = client.isolate.sid_index.as_ref().ok_or(Unavailable)?;
    let object = id_of(index, name)?;
    let text = serde_json::to_string(command).map_err(|_| Unavailable)?;
    let mut pauses = PAUSES.into_iter();
    let mut tries: u8 = 0;
    loop {
        tries = tries.saturating_add(1);
        let reply = send(client, index, object, &text, None).await.and_then(|reply| {
            let reply = reply.and_then(|text| serde_json::from_str(&text).ok()).and_then(SidReply::read);
            reply.ok_or_else(Failure::unread)
        });
        let failure = match reply {
            Ok(reply) => return Ok(reply),
            Err(failure) => failure,
        };
        match pauses.next().filter(|_| failure.is_temporary) {
            Some(pause) => platform::pause(pause).await,
            None => return Err(failed(object, None, command.name(), tries, failure)),
        }
    }
}

fn failed(
    object: ObjectId,
    session: Option<SessionId>,
    command: &'static str,
    tries: u8,
    failure: Failure,
) -> Unavailable {
    let failure = StoreFailure { object, session, command, tries, cause: failure.cause };
    metrics::report(&store_line(&failure, platform::now()));
    Unavailable
}

/// The id of the object that keeps this user's sessions.
pub fn object_of(client: &ObjectClient, app_id: &str, user_id: &str) -> Result<ObjectId, Unavailable> {
    id_of(&client.isolate.sessions, &object_name(app_id, user_id))
}

fn id_of(objects: &JsValue, name: &str) -> Result<ObjectId, Unavailable> {
    let id = platform::object_id(objects, name).map_err(|error| {
        platform::log_error(&format!("the id of an object: {}", platform::message_of(&error)));
        Unavailable
    })?;
    ObjectId::from_hex(&id).ok_or(Unavailable)
}

async fn send_envelope(
    client: &ObjectClient,
    object: ObjectId,
    envelope: &Envelope,
    live: Option<&Watched>,
) -> Result<Reply, Failure> {
    let envelope = serde_json::to_string(envelope).map_err(|error| Failure::lasting(&error.to_string()))?;
    // No object, so no session.
    let Some(reply) = send(client, &client.isolate.sessions, object, &envelope, live).await? else {
        return Ok(Reply::Gone);
    };
    serde_json::from_str(&reply).ok().and_then(Reply::read).ok_or_else(Failure::unread)
}

/// One try: a text out, and one back; none where the platform refuses an id that it did not make.
async fn send(
    client: &ObjectClient,
    objects: &JsValue,
    object: ObjectId,
    text: &str,
    live: Option<&Watched>,
) -> Result<Option<String>, Failure> {
    let then = Moment::now();
    let promise = platform::ask(objects, &object.to_hex(), text, client.time_left.get(), live);
    let reply = JsFuture::from(promise.map_err(|error| Failure::of(&error))?).await;
    client.waited_since(then);
    let reply = reply.map_err(|error| Failure::of(&error))?;
    if reply.is_undefined() {
        return Ok(None);
    }
    reply.as_string().map(Some).ok_or_else(Failure::unread)
}

impl Failure {
    fn lasting(cause: &str) -> Self {
        Self { is_temporary: false, cause: cause.to_owned() }
    }

    fn unread() -> Self {
        Self::lasting("the reply cannot be read")
    }

    fn of(error: &JsValue) -> Self {
        let says = |name: &str| Reflect::get(error, &name.into()).is_ok_and(|value| value.is_truthy());
        let marks = PlatformError {
            retryable: says("retryable"),
            reset: says("durableObjectReset"),
            overloaded: says("overloaded"),
        };
        Self { is_temporary: marks.invite_another_try(), cause: platform::message_of(error) }
    }
}
