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

use crate::config::{Broken, Config, Invalid, misspelt};
use crate::edge::platform;
use crate::edge::platform::live::Watcher;
use crate::edge::platform::metrics;
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
    origin: Origin,
    /// Whether the gate's answers are counted: the binding `METRICS`.
    pub is_measured: bool,
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

/// Where the application is.
enum Origin {
    /// At an address.
    Elsewhere,
    /// In another Worker.
    Bound(worker_sys::Fetcher),
    /// In this Worker: it calls the gate with an environment that it shares.
    SameWorker,
}

/// Who asks for the isolate's state.
enum Role {
    Gate,
    Object,
}

thread_local! {
    static GATE: OnceCell<Rc<Isolate>> = const { OnceCell::new() };
    static OBJECT: OnceCell<Rc<Isolate>> = const { OnceCell::new() };
}

fn made(cell: &OnceCell<Rc<Isolate>>, env: &Env, role: Role) -> Result<Rc<Isolate>, Broken> {
    if let Some(isolate) = cell.get() {
        return Ok(Rc::clone(isolate));
    }
    let isolate = Rc::new(Isolate::new(env, role)?);
    Ok(Rc::clone(cell.get_or_init(|| isolate)))
}

impl App {
    fn new(keys: Keys) -> Self {
        Self { keys, tokens: VerifiedTokens::default() }
    }
}

impl Isolate {
    /// This isolate's state, made at the first request. What is wrong with it is said each time.
    pub fn of(env: &Env) -> Result<Rc<Self>, Broken> {
        GATE.with(|gate| made(gate, env, Role::Gate))
    }

    /// The state for an object in this isolate. Its environment may be another one than the gate's.
    pub fn of_object(env: &Env) -> Result<Rc<Self>, Broken> {
        GATE.with(|gate| match gate.get() {
            Some(isolate) => Ok(Rc::clone(isolate)),
            None => OBJECT.with(|object| made(object, env, Role::Object)),
        })
    }

    fn new(env: &Env, role: Role) -> Result<Self, Broken> {
        let config = Config::parse(|variable| variable_of(env, variable));
        let has_index =
            config.as_ref().is_ok_and(|config| config.providers.iter().any(|provider| provider.sid_index));
        let mut faults = Vec::new();
        // Not remembered where it is wrong: a time that is too far ahead comes.
        if let Ok(Err(ahead)) = config.as_ref().map(|config| config.check_time(platform::now())) {
            faults.push(ahead);
        }
        let sessions = objects_of(env, "SESSIONS", SESSIONS, &mut faults);
        let sid_index = has_index.then(|| objects_of(env, "SID_INDEX", SID_INDEX, &mut faults));
        let origin = Origin::of(env);
        if matches!(role, Role::Gate) {
            let misspelt = misspelt_in(env);
            match origin {
                // What looks like a setting may be the application's own.
                Origin::SameWorker => misspelt.iter().for_each(told),
                Origin::Elsewhere | Origin::Bound(_) => faults.extend(misspelt),
            }
            for (name, must_be) in OPTIONAL {
                if is_text(env, name) {
                    faults.push(Invalid::new(name, must_be));
                }
            }
        }
        let config = match config {
            Ok(config) if faults.is_empty() => config,
            Ok(config) => return Err(Broken { faults, base_path: config.base_path }),
            Err(mut broken) => {
                broken.faults.extend(faults);
                return Err(broken);
            }
        };
        if config.origin_url.is_some() && !matches!(origin, Origin::Elsewhere) {
            platform::log_error("configuration: ORIGIN is bound, so ORIGIN_URL has no effect");
        }
        let app = Rc::new(App::new(config.keys()));
        let memory = Rc::<Memory>::default();
        let watcher = watcher(&sessions, app.keys.app_id(), Rc::clone(&memory));
        let dataset = Some(binding(env, METRICS)).filter(JsValue::is_object);
        if let Some(dataset) = &dataset {
            metrics::measure_in(dataset);
        }
        Ok(Self {
            app,
            config,
            sessions,
            sid_index,
            origin,
            is_measured: dataset.is_some(),
            rate_limiter: Some(binding(env, "RATE_LIMITER")).filter(JsValue::is_object),
            memory,
            watcher,
            signatures: Signatures::default(),
            documents: Documents::default(),
            apps: RefCell::default(),
        })
    }

    /// The application, where it is a Worker: the binding `ORIGIN`.
    pub fn origin(&self, env: &Env) -> Option<worker_sys::Fetcher> {
        match &self.origin {
            Origin::Elsewhere => None,
            Origin::Bound(origin) => Some(origin.clone()),
            // It may be made for each request.
            Origin::SameWorker => Some(binding(env, ORIGIN).unchecked_into()),
        }
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

const ORIGIN: &str = "ORIGIN";
const METRICS: &str = "METRICS";

/// Bindings that may be missing, and what they must be if they are not.
const OPTIONAL: [(&str, &str); 3] = [
    (ORIGIN, "bound to a service; the address of an application is ORIGIN_URL"),
    (METRICS, "bound to a dataset of Analytics Engine"),
    ("RATE_LIMITER", "bound to a rate limiter"),
];

/// Without its objects the gate would call everybody signed out, whose sessions live: bindings are not inherited by the
/// environments of `wrangler.toml`.
fn objects_of(env: &Env, variable: &str, must_be: &'static str, faults: &mut Vec<Invalid>) -> JsValue {
    let objects = binding(env, variable);
    let finds_objects =
        js_sys::Reflect::get(&objects, &"idFromName".into()).is_ok_and(|find| find.is_function());
    if !finds_objects {
        faults.push(Invalid::new(variable, must_be));
    }
    objects
}

impl Origin {
    fn of(env: &Env) -> Self {
        let origin = binding(env, ORIGIN);
        if !origin.is_object() && !origin.is_function() {
            Self::Elsewhere
        } else if platform::is_service(&origin) {
            Self::Bound(origin.unchecked_into())
        } else {
            Self::SameWorker
        }
    }
}

fn misspelt_in(env: &Env) -> Vec<Invalid> {
    platform::variables_of(env).lines().filter_map(misspelt).collect()
}

fn told(invalid: &Invalid) {
    platform::log_error(&format!("configuration: {invalid}, unless it is the application's"));
}

fn is_text(env: &Env, name: &str) -> bool {
    binding(env, name).as_string().is_some_and(|text| !text.is_empty())
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
