//! What one isolate keeps between requests: the parsed configuration, the bindings and the bounded caches.
//!
//! Invariant: nothing of any one request, all derived from the configuration or from the object's answers; losing it
//! costs time and nothing else.

use std::cell::{OnceCell, RefCell};
use std::rc::Rc;

use serde_json::Value;
use worker::js_sys;
use worker::wasm_bindgen::{JsCast, JsValue};
use worker::{Env, worker_sys};

use crate::config::{Config, Invalid};
use crate::edge::platform;
use crate::edge::platform::live::Watcher;
use crate::edge::platform::signatures::Signatures;
use crate::memory::{Documents, Memory, VerifiedTokens};
use crate::session::{Command, Handle, Reply};
use crate::token::Keys;

/// How many apps beside the gate's own have their keys remembered.
const REMEMBERED_APPS: usize = 4;

/// An app: a name space with keys of its own.
pub struct App {
    /// Its keys.
    pub keys: Keys,
    /// Its access tokens whose signature was good.
    pub tokens: VerifiedTokens,
}

/// The isolate's state.
pub struct Isolate {
    /// The configuration.
    pub config: Config,
    /// The app that the gate serves.
    pub app: Rc<App>,
    /// The objects that keep the sessions: the binding `SESSIONS`.
    pub sessions: JsValue,
    /// The objects that find sessions by their `sid`, where a provider has `sid_index`: the binding `SID_INDEX`.
    pub sid_index: Option<JsValue>,
    /// The application, where it is a Worker: the binding `ORIGIN`.
    pub origin: Option<worker_sys::Fetcher>,
    /// The platform's rate limiter, if one is bound: `RATE_LIMITER`.
    pub rate_limiter: Option<JsValue>,
    /// What is known of sessions.
    pub memory: Rc<Memory>,
    /// What ends connections with their sessions.
    pub watcher: Watcher,
    /// The keys that the platform holds.
    pub signatures: Signatures,
    /// What the identity providers say of themselves.
    pub documents: Documents,
    apps: RefCell<Vec<Rc<App>>>,
}

impl App {
    fn new(keys: Keys) -> Self {
        Self { keys, tokens: VerifiedTokens::default() }
    }
}

impl Isolate {
    /// This isolate's state, made at the first request.
    pub fn of(env: &Env) -> Result<Rc<Self>, Invalid> {
        thread_local! {
            static ISOLATE: OnceCell<Rc<Isolate>> = const { OnceCell::new() };
        }
        ISOLATE.with(|cell| {
            if let Some(isolate) = cell.get() {
                return Ok(Rc::clone(isolate));
            }
            let config = Config::parse(|variable| variable_of(env, variable))?;
            // Not remembered where it is wrong: a time that is too far ahead comes.
            config.check_time(platform::now())?;
            let sessions = objects_of(env, "SESSIONS", SESSIONS)?;
            let has_index = config.providers.iter().any(|provider| provider.sid_index);
            let sid_index = has_index.then(|| objects_of(env, "SID_INDEX", SID_INDEX)).transpose()?;
            let app = Rc::new(App::new(config.keys()));
            let memory = Rc::<Memory>::default();
            let watcher = watcher(&sessions, app.keys.app_id(), Rc::clone(&memory));
            let isolate = Rc::new(Self {
                config,
                app,
                sessions,
                sid_index,
                origin: Some(binding(env, "ORIGIN")).filter(JsValue::is_object).map(JsCast::unchecked_into),
                rate_limiter: Some(binding(env, "RATE_LIMITER")).filter(JsValue::is_object),
                memory,
                watcher,
                signatures: Signatures::default(),
                documents: Documents::default(),
                apps: RefCell::default(),
            });
            Ok(Rc::clone(cell.get_or_init(|| isolate)))
        })
    }

    /// Any app.
    pub fn app_of(&self, app_id: &str) -> Rc<App> {
        if app_id == self.app.keys.app_id() {
            return Rc::clone(&self.app);
        }
        let new = || Rc::new(App::new(self.config.keys_of(app_id)));
        let Ok(mut apps) = self.apps.try_borrow_mut() else { return new() };
        if let Some(app) = apps.iter().find(|app| app.keys.app_id() == app_id) {
            return Rc::clone(app);
        }
        if apps.len() >= REMEMBERED_APPS {
            apps.clear();
        }
        let app = new();
        apps.push(Rc::clone(&app));
        app
    }
}

/// What a watch hears of the end of a session, the isolate knows, as if it had asked.
fn watcher(objects: &JsValue, app_id: &str, memory: Rc<Memory>) -> Watcher {
    Watcher::new(objects, app_id, move |handle| {
        let Some(Handle { object, id }) = Handle::parse(&handle) else { return };
        let asked = memory.asked(platform::now());
        memory.learn(object, &Command::Check { id, first_use: None }, &Reply::Gone, asked);
    })
}

const SESSIONS: &str = "bound to the Durable Object class UserSessions, in each environment";
const SID_INDEX: &str =
    "bound to the Durable Object class SidIndex where a provider has `sid_index`, in each environment";

/// Without its objects the gate would call everybody signed out, whose sessions live: bindings are not inherited by the
/// environments of `wrangler.toml`.
fn objects_of(env: &Env, variable: &'static str, must_be: &'static str) -> Result<JsValue, Invalid> {
    let objects = binding(env, variable);
    let finds_objects =
        js_sys::Reflect::get(&objects, &"idFromName".into()).is_ok_and(|find| find.is_function());
    if finds_objects { Ok(objects) } else { Err(Invalid { variable, must_be }) }
}

fn binding(env: &Env, name: &str) -> JsValue {
    js_sys::Reflect::get(env, &JsValue::from_str(name)).unwrap_or_default()
}

/// A variable as JSON: texts as they are, tables and arrays of `wrangler.toml` as what they are.
fn variable_of(env: &Env, variable: &str) -> Option<Value> {
    let value = binding(env, variable);
    if value.is_undefined() {
        return None;
    }
    if let Some(text) = value.as_string() {
        return Some(Value::String(text));
    }
    let json = js_sys::JSON::stringify(&value).ok()?;
    serde_json::from_str(&String::from(json)).ok()
}
