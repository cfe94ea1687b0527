//! One request under way: what it says, who it shows, and what its time goes to.
//!
//! Invariant: the head is read in one call into JavaScript, the clock once, and each credential at most once, when it
//! is first asked for.

use std::cell::{Cell, OnceCell};
use std::future::Future;
use std::rc::Rc;

use worker::wasm_bindgen::JsValue;
use worker::{web_sys, worker_sys};

use crate::base::time::Timestamp;
use crate::config::{AntiCsrfMode, Config};
use crate::cookies::GateCookie;
use crate::edge::isolate::Isolate;
use crate::edge::object::client::{self, ObjectClient, Unavailable};
use crate::edge::object::end::{self, Ended};
use crate::edge::platform::live::Live;
use crate::edge::platform::{self, Moment, NoRandomness, metrics};
use crate::gate::{
    Access, Credentials, IN_TIME_MS, Mint, Presented, Route, TokenPair, Unsigned, problem, unavailable,
};
use crate::log::{GateEvent, gate_line, origin_line};
use crate::memory::Memory;
use crate::pages::{Pages, Problem};
use crate::request::{Head, mark};
use crate::response::{Answer, Reason};
use crate::session::{Command, Handle, Logout, ObjectId, Reply, Scope, Session};
use crate::token::{Keys, RefreshToken, Verified, Version};

/// What the gate spends time on; `Server-Timing` names it.
#[derive(Clone, Copy)]
pub enum Stage {
    /// Verifying tokens.
    Verify,
    /// Asking the object.
    Check,
    /// Waiting for the application.
    Application,
}

/// A request under way.
pub struct Exchange {
    /// The request as the platform handed it over.
    pub request: web_sys::Request,
    /// Its head.
    pub head: Head,
    /// The application, where it is a Worker.
    pub origin: Option<worker_sys::Fetcher>,
    /// Asks objects on its behalf.
    pub client: ObjectClient,
    arrived: Moment,
    /// When it arrived.
    pub now: Timestamp,
    credentials: OnceCell<Credentials>,
    for_logout: OnceCell<Option<Credentials>>,
    /// Whether a logout was completed that had been pending.
    completed_pending: Cell<bool>,
    /// What ends it with its session, if it is to.
    live: OnceCell<Live>,
    /// Milliseconds by stage, of those that there were.
    timing: [Cell<Option<u32>>; 3],
}

const COOKIE_DOMAIN: &str =
    "COOKIE_DOMAIN must be a domain of each host where there are sessions, and does not cover";

/// The head of a request.
pub fn head_of(request: &web_sys::Request) -> Result<Head, JsValue> {
    let head = Head::parse(&platform::head_of(request));
    head.ok_or_else(|| JsValue::from_str("a request without an absolute URL"))
}

impl Exchange {
    /// Takes a request.
    pub fn begin(
        request: web_sys::Request,
        context: worker_sys::Context,
        isolate: Rc<Isolate>,
        origin: Option<worker_sys::Fetcher>,
    ) -> Result<Self, JsValue> {
        let head = head_of(&request)?;
        let arrived = Moment::now();
        Ok(Self {
            request,
            head,
            origin,
            client: ObjectClient::new(isolate, context),
            arrived,
            now: arrived.timestamp(),
            credentials: OnceCell::new(),
            for_logout: OnceCell::new(),
            completed_pending: Cell::new(false),
            live: OnceCell::new(),
            timing: Default::default(),
        })
    }

    /// What ends the request with its session, from now on.
    pub fn live(&self) -> &Live {
        self.live.get_or_init(|| self.client.isolate.watcher.begin(!self.head.is_safe()))
    }

    /// What ends the request with its session, if anything does.
    pub fn live_if_begun(&self) -> Option<&Live> {
        self.live.get()
    }

    /// What the isolate remembers of sessions.
    pub fn memory(&self) -> &Memory {
        &self.client.isolate.memory
    }

    /// The configuration.
    pub fn config(&self) -> &Config {
        &self.client.isolate.config
    }

    /// The keys of the app that the gate serves.
    pub fn keys(&self) -> &Keys {
        &self.client.isolate.app.keys
    }

    /// What it takes to make tokens.
    pub fn mint(&self) -> Mint<'_> {
        // Not the time of arrival: the object may have taken its time, and tokens count from its reply.
        let now = platform::now();
        Mint { keys: self.keys(), policy: &self.config().policy, version: Version::V5, now }
    }

    /// The credentials of the request, read when they are first asked for.
    pub async fn credentials(&self) -> &Credentials {
        if let Some(credentials) = self.credentials.get() {
            return credentials;
        }
        let credentials = self.timed(Stage::Verify, self.read_credentials()).await;
        self.credentials.get_or_init(|| credentials)
    }

    async fn read_credentials(&self) -> Credentials {
        let presented = Presented::find(&self.head, self.config());
        if let Some(bearer) = presented.bearer()
            && let Some(token) = self.recognise(bearer).await
        {
            return presented.with_bearer(token, self.keys());
        }
        let token = match presented.cookie() {
            Some(cookie) => self.recognise(cookie).await,
            None => None,
        };
        presented.with_cookie(token, self.keys())
    }

    /// The credentials of the request, if they have been read.
    pub fn credentials_if_read(&self) -> Option<&Credentials> {
        self.credentials.get()
    }

    /// The credentials of a request that ends its session and no other.
    pub async fn credentials_for_logout(&self) -> &Credentials {
        let enough = || Presented::find(&self.head, self.config()).for_logout(self.keys());
        match self.for_logout.get_or_init(enough) {
            Some(credentials) => credentials,
            None => self.credentials().await,
        }
    }

    /// The logouts of every session that the request shows, whichever of its tokens says so.
    pub async fn logouts(&self, credentials: &Credentials, scope: Scope) -> Vec<Logout> {
        let mut logouts = credentials.logouts(scope);
        if !credentials.header_mode && !credentials.is_doubled {
            return logouts.into_vec();
        }
        let beside = Presented::find(&self.head, self.config()).beside(credentials, self.config());
        if credentials.is_doubled {
            logouts.of_doubled();
        }
        for text in beside.access {
            logouts.access(&Access::of(self.recognise(text).await));
        }
        for token in beside.refresh.into_iter().filter_map(|text| RefreshToken::open(text, self.keys())) {
            logouts.refresh(token);
        }
        logouts.into_vec()
    }

    /// The sessions that the request shows.
    pub async fn shown(&self, credentials: &Credentials) -> Vec<Handle> {
        let logouts = self.logouts(credentials, Scope::Current).await;
        logouts.into_iter().map(|logout| logout.handle).collect()
    }

    /// The sessions that the request shows and that live, as far as is known: a new one takes their place, also another
    /// user's.
    pub async fn replaced(&self, credentials: &Credentials) -> Vec<Handle> {
        let mut replaced = self.shown(credentials).await;
        replaced.retain(|handle| !self.memory().has_ended(*handle));
        replaced
    }

    /// A new session of this browser.
    pub fn new_session(&self, user_id: String) -> Result<Session, NoRandomness> {
        Ok(Session {
            anti_csrf: self.config().anti_csrf == AntiCsrfMode::Token,
            user_agent: self.user_agent(),
            country: platform::country(&self.request),
            ..Session::new(platform::session_id()?, platform::nonce()?, user_id, self.now)
        })
    }

    /// Whether the request shows any credential that this gate signed, dead or alive.
    pub async fn shows_credential(&self, credentials: &Credentials) -> bool {
        credentials.handle().is_some()
            || !credentials.pending.is_empty()
            || !self.shown(credentials).await.is_empty()
    }

    async fn recognise(&self, text: &str) -> Option<Verified> {
        let Isolate { app, signatures, .. } = &*self.client.isolate;
        signatures.recognise(text, &app.keys, &app.tokens, self.now).await
    }

    /// Whether the browser may hold the marker of a logout that could not be done.
    pub fn may_have_marker(&self) -> bool {
        let name = self.config().cookies.name(GateCookie::Pending);
        self.head.header("cookie").is_some_and(|cookies| cookies.contains(name))
    }

    /// Asks an object about its sessions, for the app that the gate serves.
    pub async fn ask(&self, object: ObjectId, command: Command) -> Result<Reply, Unavailable> {
        self.timed(Stage::Check, client::ask(&self.client, self.keys().app_id(), object, command)).await
    }

    /// Asks an object about a session, and watches it if it lives.
    pub async fn ask_live(&self, object: ObjectId, command: Command) -> Result<Reply, Unavailable> {
        let live = self.live_if_begun().map(Live::watched);
        let asked = client::ask_live(&self.client, self.keys().app_id(), object, command, live);
        self.timed(Stage::Check, asked).await
    }

    /// Ends what the logouts name; `Err` are those whose object did not answer. It goes on when the browser does not
    /// wait for the answer: a person who clicks "log out" and closes the tab is logged out.
    pub async fn end(&self, logouts: &[Logout]) -> Result<Ended, Vec<Logout>> {
        self.client.outlive_request();
        let (ended, failed) = self.timed(Stage::Check, end::log_out(&self.client, logouts)).await;
        if failed.is_empty() { Ok(ended) } else { Err(failed) }
    }

    /// Goes on trying to end sessions after the answer.
    pub fn keep_trying(&self, logouts: Vec<Logout>, handles: Vec<Handle>) {
        self.client.afterwards(end::keep_trying(self.client.clone(), logouts, handles));
    }

    /// Completes what earlier logouts could not do.
    pub async fn complete_pending(&self, credentials: &Credentials) -> Result<(), Unavailable> {
        if credentials.pending.is_empty() {
            return Ok(());
        }
        self.end(&credentials.pending).await.map_err(|_| Unavailable)?;
        self.completed_pending.set(true);
        Ok(())
    }

    /// Whether a logout was completed that had been pending.
    pub fn has_completed_pending(&self) -> bool {
        self.completed_pending.get()
    }

    /// Signs tokens of the app that the gate serves.
    pub async fn seal(&self, unsigned: Option<Unsigned>) -> Result<TokenPair, Unavailable> {
        let unsigned = unsigned.ok_or(Unavailable)?;
        self.client.isolate.signatures.seal(unsigned, self.keys()).await.ok_or(Unavailable)
    }

    /// Whether the browser may hold other cookies by now than it sent: a tab beside may have logged out and in.
    pub fn is_late(&self) -> bool {
        self.arrived.elapsed() > IN_TIME_MS
    }

    /// Waits for `work`, and notes how long.
    pub async fn timed<T>(&self, stage: Stage, work: impl Future<Output = T>) -> T {
        let begun = Moment::now();
        let done = work.await;
        if let Some(spent) = self.timing.get(stage as usize) {
            spent.set(Some(spent.get().unwrap_or_default().saturating_add(begun.elapsed())));
        }
        done
    }

    /// `Server-Timing` (W3C Server Timing), if it is switched on. The platform's clock stands still while
    /// the Worker computes, so what needs no waiting takes no time.
    pub fn server_timing(&self) -> Option<String> {
        if !self.config().server_timing {
            return None;
        }
        let stages = ["verify", "check", "origin"].iter().zip(&self.timing);
        let spent = stages.filter_map(|(name, spent)| Some(format!("{name};dur={}", spent.get()?)));
        let spent = spent.collect::<Vec<_>>();
        (!spent.is_empty()).then(|| spent.join(", "))
    }

    /// The browser, as it names itself, as much of it as is kept with a session.
    fn user_agent(&self) -> Option<String> {
        const MAX_USER_AGENT: usize = 512;
        let user_agent = self.head.header("user-agent")?;
        Some(user_agent.chars().take(MAX_USER_AGENT).collect())
    }

    /// Pages for whoever sent the request.
    pub fn pages(&self) -> Pages<'_> {
        Pages::new(&self.head, self.config())
    }

    /// A page or JSON that says what is wrong. The log says it where the application is the cause.
    pub fn problem(&self, what: &Problem) -> Answer {
        if let Some(line) = origin_line(what, self.now) {
            platform::log_error(&line);
        }
        problem(&self.head, self.config(), what)
    }

    /// The refusal of a session at a host that the cookies' domain does not cover: a browser would drop them, and its
    /// user would log in again and again.
    pub fn uncovered_host(&self) -> Option<Answer> {
        let own = self.head.origin();
        if self.config().covers(own) {
            return None;
        }
        platform::log_error(&format!("configuration: {} the host `{}`", COOKIE_DOMAIN, own.host()));
        Some(problem(&self.head, self.config(), &Problem::Misconfigured))
    }

    /// The mark that this gate leaves on what it forwards of this request.
    pub fn mark(&self) -> String {
        mark(self.keys().name(), self.head.method(), self.head.target())
    }

    /// The answer while what is needed cannot be had.
    pub fn unavailable(&self) -> Answer {
        unavailable(&self.head, self.config())
    }

    /// Counts an answer of the gate's own, if anybody wants to know.
    pub fn count(&self, reason: Reason) {
        if self.client.isolate.is_measured {
            let route = Route::of(self.head.path(), self.config());
            let rule = match route {
                Route::Application => self.config().rule_number(&self.head),
                _ => String::new(),
            };
            let waited = self.client.waited();
            metrics::count_answer(&self.request, reason.as_str(), route.kind(), &rule, waited);
        }
    }

    /// Writes an event.
    pub fn report(&self, event: GateEvent, handle: Option<Handle>) {
        metrics::report(&gate_line(event, handle, self.now));
    }
}
