//! One request under way, and the steps that several routes share.

use std::cell::{Cell, OnceCell};
use std::rc::Rc;
use std::time::Duration;

use worker::js_sys::Promise;
use worker::wasm_bindgen::JsValue;
use worker::wasm_bindgen_futures::{JsFuture, future_to_promise};
use worker::{web_sys, worker_sys};

use crate::base::time::{Seconds, Timestamp};
use crate::config::Config;
use crate::cookies::GateCookie;
use crate::edge::isolate::Isolate;
use crate::edge::object::client::{self, ObjectClient, Unavailable};
use crate::edge::object::end::{self, Ended};
use crate::edge::platform::{self, Moment, Unread};
use crate::edge::reply;
use crate::gate::{
    Access, Admission, Credentials, Delivery, Identity, Mint, Presented, Standing, Strays, TokenPair,
    Unsigned, Verdict, admit, challenged, csrf_refusal, delivered, judge, problem, too_many, unavailable,
};
use crate::log::{GateEvent, gate_line};
use crate::memory::{Asked, Memory};
use crate::pages::Problem;
use crate::request::{Broken, Form, FormType, Head, network};
use crate::response::{Answer, ResponseHeaders};
use crate::session::{Command, Handle, Logout, ObjectId, Reply, Scope};
use crate::supertokens::fdi;
use crate::token::{Keys, RefreshToken, Verified, Version};

/// For how many milliseconds the browser is taken to hold the cookies that it sent, and a session to live of which
/// the object said so.
pub const IN_TIME: u32 = 1000;

/// The largest form, in bytes: a handle, a scope and an address.
const MAX_FORM: u32 = 16 * 1024;

/// For how long the body of a form is waited for.
const FORM_PATIENCE: Duration = Duration::from_secs(10);

/// What the gate spends time on; `Server-Timing` names it.
#[derive(Clone, Copy)]
pub enum Stage {
    /// Verifying tokens.
    Verify,
    /// Asking the object.
    Check,
    /// Waiting for the origin.
    Origin,
}

/// A request under way.
pub struct Exchange {
    /// The request as the platform gave it.
    pub request: web_sys::Request,
    /// Its head.
    pub head: Head,
    /// What it takes to ask an object.
    pub client: ObjectClient,
    /// The event.
    pub context: worker_sys::Context,
    /// The answer to come.
    pub promise: Rc<OnceCell<Promise>>,
    arrived: Moment,
    /// When it arrived.
    pub now: Timestamp,
    credentials: OnceCell<Credentials>,
    leaving: OnceCell<Option<Credentials>>,
    /// When it arrived, by the changes that the isolate knows of.
    asked: Asked,
    /// Whether a logout was completed that had been pending.
    completed_pending: Cell<bool>,
    /// Milliseconds by stage, of those that there were.
    timing: [Cell<Option<u32>>; 3],
}

impl Exchange {
    /// Takes a request.
    pub fn begin(
        request: web_sys::Request,
        context: worker_sys::Context,
        isolate: Rc<Isolate>,
    ) -> Result<Self, JsValue> {
        let head = Head::parse(&platform::head_of(&request))
            .ok_or_else(|| JsValue::from_str("a request without an absolute URL"))?;
        let arrived = Moment::now();
        let now = arrived.timestamp();
        let asked = Asked { at: now, changes: isolate.memory.changes() };
        Ok(Self {
            asked,
            request,
            head,
            client: ObjectClient::new(isolate),
            context,
            promise: Rc::default(),
            arrived,
            now,
            credentials: OnceCell::new(),
            leaving: OnceCell::new(),
            completed_pending: Cell::new(false),
            timing: Default::default(),
        })
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
        // Not the time of arrival: the object may have taken its time, and tokens count from its answer.
        let now = platform::now();
        Mint { keys: self.keys(), policy: &self.config().policy, version: Version::V5, now }
    }

    /// The credentials of the request, read when they are first asked for.
    pub async fn credentials(&self) -> &Credentials {
        if let Some(credentials) = self.credentials.get() {
            return credentials;
        }
        let begun = Moment::now();
        let credentials = self.read_credentials().await;
        self.took(Stage::Verify, begun);
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

    /// The credentials of a request that ends its session and no other.
    pub async fn leaving(&self) -> &Credentials {
        let enough = || Presented::find(&self.head, self.config()).leaving(self.keys());
        match self.leaving.get_or_init(enough) {
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

    /// Whether the request shows any credential that this gate signed, dead or alive.
    pub async fn shows_credential(&self, credentials: &Credentials) -> bool {
        credentials.handle().is_some()
            || !credentials.pending.is_empty()
            || !self.logouts(credentials, Scope::Current).await.is_empty()
    }

    async fn recognise(&self, text: &str) -> Option<Verified> {
        let Isolate { app, signatures, .. } = &*self.client.isolate;
        signatures.recognise(text, &app.keys, &app.tokens, self.now).await
    }

    /// Lets the request be carried out to its end, whether the client waits for the answer or not.
    pub fn outlive_client(&self) {
        if let Some(promise) = self.promise.get() {
            // Only an event that is over refuses to be prolonged.
            let _ = self.context.wait_until(promise);
        }
    }

    /// Whether the browser may hold the marker of a logout that could not be done.
    pub fn may_have_marker(&self) -> bool {
        let name = self.config().cookies.name(GateCookie::Pending);
        self.head.header("cookie").is_some_and(|cookies| cookies.contains(name))
    }

    /// Asks an object about its sessions, for the app that the gate serves.
    pub async fn ask(&self, object: ObjectId, command: Command) -> Result<Reply, Unavailable> {
        let begun = Moment::now();
        let reply = client::ask(&self.client, self.keys().app_id(), object, command).await;
        self.took(Stage::Check, begun);
        reply
    }

    /// Notes that a stage is over which began then.
    pub fn took(&self, stage: Stage, begun: Moment) {
        if let Some(stage) = self.timing.get(stage as usize) {
            stage.set(Some(stage.get().unwrap_or_default().saturating_add(begun.elapsed())));
        }
    }

    /// `Server-Timing` (W3C Server Timing), if it is switched on. The platform's clock stands still while
    /// the Worker computes, so what needs no waiting takes no time.
    pub fn add_timing(&self, additions: &mut ResponseHeaders) {
        if !self.config().server_timing {
            return;
        }
        let stages = ["verify", "check", "origin"].iter().zip(&self.timing);
        let spent = stages.filter_map(|(name, spent)| Some(format!("{name};dur={}", spent.get()?)));
        let spent = spent.collect::<Vec<_>>();
        if !spent.is_empty() {
            additions.add("server-timing", spent.join(", "));
        }
    }

    /// The refusal of a client that asks too often for what costs the most: a call to an object, which is what is
    /// counted. A logout is never refused: with a genuine token it is what its user needs most, and without one it
    /// costs nothing.
    pub async fn rate_refusal(&self, what: &str) -> Option<Answer> {
        let limiter = self.client.isolate.rate_limiter.as_ref()?;
        let client = network(self.head.header("cf-connecting-ip").unwrap_or_default());
        let promise = platform::is_within_limit(limiter, &format!("{what} {client}")).ok()?;
        // A limiter that fails limits nobody: the gate would be down with it.
        if JsFuture::from(promise).await.is_ok_and(|is_within| is_within == JsValue::FALSE) {
            self.report(GateEvent::RateLimited, None);
            return Some(too_many(&self.head, self.config()));
        }
        None
    }

    /// Who the request is from, with the object's answer at most `fresh` seconds old.
    pub async fn standing(&self, credentials: &Credentials, fresh: Seconds) -> Result<Standing, Unavailable> {
        let nonce = || platform::random().ok();
        let admission = admit(credentials, self.config(), self.memory(), fresh, nonce, self.now);
        let (handle, command) = match admission.ok_or(Unavailable)? {
            Admission::Settled(standing) => return Ok(standing),
            Admission::Ask(handle, command) => (handle, command),
        };
        let reply = self.ask(handle.object, *command).await?;
        self.settle(reply, handle, credentials).await
    }

    /// What the object's answer about the session means for the request.
    pub async fn settle(
        &self,
        reply: Reply,
        handle: Handle,
        credentials: &Credentials,
    ) -> Result<Standing, Unavailable> {
        match judge(reply, handle, credentials, self.memory(), self.asked, self.mint()).ok_or(Unavailable)? {
            Verdict::Settled(standing) => Ok(standing),
            Verdict::NewTokens(session, unsigned) => {
                let tokens = self.seal(Some(unsigned)).await?;
                Ok(Standing::signed_in(Identity::with(tokens, *session)))
            }
        }
    }

    /// Signs tokens of the app that the gate serves.
    pub async fn seal(&self, unsigned: Option<Unsigned>) -> Result<TokenPair, Unavailable> {
        let unsigned = unsigned.ok_or(Unavailable)?;
        self.client.isolate.signatures.seal(unsigned, self.keys()).await.ok_or(Unavailable)
    }

    /// Ends what the logouts name; `Err` are those whose object did not answer. It goes on when the client does not
    /// wait for the answer: who clicks "log out" and closes the tab is logged out.
    pub async fn end(&self, logouts: &[Logout]) -> Result<Ended, Vec<Logout>> {
        self.outlive_client();
        let begun = Moment::now();
        let (ended, failed) = end::end_each(&self.client, logouts).await;
        self.took(Stage::Check, begun);
        if failed.is_empty() { Ok(ended) } else { Err(failed) }
    }

    /// Goes on trying to end sessions after the answer, as long as the platform allows.
    pub fn keep_trying(&self, logouts: Vec<Logout>, handles: Vec<Handle>) {
        let work = end::keep_trying(self.client.clone(), logouts, handles);
        let work = future_to_promise(async move {
            work.await;
            Ok(JsValue::UNDEFINED)
        });
        // Only an event that is over refuses to be prolonged.
        let _ = self.context.wait_until(&work);
    }

    /// Completes what earlier logouts could not do, before anything else is done for the request.
    pub async fn complete_pending(&self, credentials: &Credentials) -> Result<(), Unavailable> {
        if credentials.pending.is_empty() {
            return Ok(());
        }
        self.end(&credentials.pending).await.map_err(|_| Unavailable)?;
        self.completed_pending.set(true);
        Ok(())
    }

    /// Whether the browser may hold other cookies by now than it sent: a tab beside may have logged out and in.
    fn is_late(&self) -> bool {
        self.arrived.elapsed() > IN_TIME
    }

    /// The headers that expire the marker of logouts that were completed. A late answer leaves that to the next one:
    /// the marker may be another by now.
    pub fn clear_completed_marker(&self, additions: &mut ResponseHeaders) {
        let cleared = self.config().cookies.clear_pending();
        if self.completed_pending.get()
            && !self.is_late()
            && !additions.iter().any(|(_, value)| value == cleared)
        {
            additions.add("set-cookie", cleared);
            additions.add("cache-control", "no-store");
        }
    }

    /// The headers that hand out tokens. If there may be cookies that would rival theirs, they are expired.
    pub fn tokens(
        &self,
        tokens: &TokenPair,
        delivery: Delivery,
        credentials: &Credentials,
        has_rivals: bool,
    ) -> ResponseHeaders {
        let mut additions = delivered(tokens, delivery, self.config());
        let (cookies, host) = (&self.config().cookies, self.head.origin().host());
        let mut expired = match delivery {
            Delivery::Cookies if has_rivals || credentials.strays.any() => {
                cookies.clear_rivals(host, &self.config().base_path)
            }
            Delivery::Cookies => Vec::new(),
            Delivery::Headers => self.expired_strays(credentials.strays),
        };
        if delivery == Delivery::Cookies
            && credentials.strays.iter().any(|stray| stray == GateCookie::Pending)
        {
            expired.push(cookies.clear_pending());
        }
        for cookie in expired {
            additions.add("set-cookie", cookie);
        }
        additions
    }

    /// The `Set-Cookie` values that expire cookies of the gate's names that prove nothing.
    fn expired_strays(&self, strays: Strays) -> Vec<String> {
        if !strays.any() {
            return Vec::new();
        }
        let config = self.config();
        config.cookies.clear_named(strays.iter(), self.head.origin().host(), &config.base_path)
    }

    /// Expires the cookies of the request that prove nothing, unless the answer says already what becomes of the
    /// gate's cookies. A refusal that changes nothing changes no cookie either, and a late answer leaves them to the
    /// next one.
    fn expire_strays(&self, answer: &mut Answer) {
        if matches!(answer.status, 403 | 503) || answer.headers.iter().any(|(name, _)| name == "set-cookie") {
            return;
        }
        let strays = self.credentials.get().map(|credentials| credentials.strays).unwrap_or_default();
        if strays.any() && self.is_late() {
            return;
        }
        for cookie in self.expired_strays(strays) {
            answer.headers.add("set-cookie", cookie);
        }
    }

    /// The answer to a preflight from an allowed origin.
    pub fn preflight(&self) -> Option<Answer> {
        fdi::preflight(&self.head, self.config())
    }

    /// The refusal of an unsafe request from another site.
    pub fn cross_site_refusal(&self, credentials: &Credentials, needs_cookie: bool) -> Option<Answer> {
        if !csrf_refusal(&self.head, credentials, self.config(), needs_cookie) {
            return None;
        }
        self.report(GateEvent::CsrfRefused, credentials.handle());
        Some(self.problem(&Problem::CrossSite))
    }

    /// The form in the body of the request; `Err` is the answer to one that is not taken. Only for a request that
    /// shows a credential: whoever has none is not waited for, and has nothing kept for it.
    pub async fn form(&self) -> Result<Form, Answer> {
        let form_type = FormType::of(self.head.header("content-type"), self.head.header("content-encoding"));
        // Of a body that is no form only one thing is of interest: whether it is empty.
        let limit = if form_type.is_some() { MAX_FORM } else { 0 };
        let problem = match (self.body(limit, FORM_PATIENCE).await, form_type) {
            (Ok(body), _) if body.is_empty() => return Ok(Form::default()),
            (Ok(body), Some(form_type)) => match Form::read(&form_type, &body) {
                Ok(form) => return Ok(form),
                Err(Broken) => Problem::BrokenBody,
            },
            (Ok(_) | Err(Unread::TooLarge), None) => Problem::UnknownForm,
            (Err(Unread::TooLarge), Some(_)) => Problem::TooLarge,
            (Err(Unread::TooSlow), _) => Problem::TooSlow,
            (Err(Unread::Broken), _) => Problem::BrokenBody,
        };
        Err(self.problem(&problem))
    }

    /// The body of the request.
    pub async fn body(&self, limit: u32, patience: Duration) -> Result<Vec<u8>, Unread> {
        let announced = self.head.header("content-length").and_then(|length| length.parse::<u64>().ok());
        match announced {
            Some(0) => Ok(Vec::new()),
            Some(length) if length > u64::from(limit) => Err(Unread::TooLarge),
            _ => platform::read_body(&self.request, limit, patience).await,
        }
    }

    /// A page or JSON that says what is wrong.
    pub fn problem(&self, what: &Problem) -> Answer {
        problem(&self.head, self.config(), what)
    }

    /// The answer while the object cannot be asked.
    pub fn unavailable(&self) -> Answer {
        unavailable(&self.head, self.config())
    }

    /// The answer where there is nothing.
    pub fn not_found(&self) -> Answer {
        self.problem(&Problem::NotFound)
    }

    /// Writes an event.
    pub fn report(&self, event: GateEvent, handle: Option<Handle>) {
        platform::log(&gate_line(event, handle, self.now));
    }

    /// The response for an answer of the gate's own, readable for allowed origins.
    pub fn respond(&self, mut answer: Answer) -> Result<web_sys::Response, JsValue> {
        self.expire_strays(&mut answer);
        self.clear_completed_marker(&mut answer.headers);
        self.add_timing(&mut answer.headers);
        let cors = fdi::cors(&self.head, self.config());
        let has_cors = answer.headers.iter().any(|(name, _)| name == "access-control-allow-origin");
        self.respond_as_is(if has_cors { answer } else { answer.with_all(cors) })
    }

    /// The response for an answer that browsers do not see.
    pub fn respond_as_is(&self, answer: Answer) -> Result<web_sys::Response, JsValue> {
        reply::to_response(&challenged(answer, &self.head))
    }
}
