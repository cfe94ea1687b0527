//! The way to an identity provider and back: login, callback, the page after a provider's logout, and the provider's own
//! word that a session is over.
//!
//! Invariant: a person is signed in only by an attempt that this browser began, and every failure is a page with a way
//! on.

use std::rc::Rc;
use std::time::Duration;

use oidc::authorize::{AuthorizationRequest, Prompt, Way};
use oidc::callback::{Answer as CallbackAnswer, Callback, ErrorKind, MAX_RESPONSE};
use oidc::check::FailedCheck;
use oidc::front_channel;
use oidc::logout_token::{self, Ended, MAX_REQUEST};
use oidc::metadata::Metadata;
use oidc::names::SessionId;

use super::Served;
use crate::base::time::Seconds;
use crate::config::{AntiCsrfMode, LogoutTokenScope, Provider};
use crate::cookies::{SameSite, login_cookie};
use crate::edge::body;
use crate::edge::exchange::{Exchange, Stage};
use crate::edge::object::begin::{Begun, begin};
use crate::edge::object::client::{self, ObjectClient, Unavailable, object_of};
use crate::edge::object::end;
use crate::edge::object::sid::{self, SidLogout, Word};
use crate::edge::platform::{self, Moment};
use crate::edge::provider::ProviderTrouble;
use crate::edge::provider::documents::{Untaken, metadata, signed};
use crate::edge::provider::leave::Entrusted;
use crate::edge::provider::sign_in::{Failed, SomebodyThere, UnderWay, as_client, person};
use crate::edge::standing::signed_in;
use crate::gate::{Answered, Person, SessionChange, is_met};
use crate::log::login_refused_line;
use crate::object::SidRow;
use crate::pages::{self, Problem, ProviderPage};
use crate::provider::{Attempt, Demand, MOST_ATTEMPTS, ReturnedForm, State, left, sid_name, user_id};
use crate::request::{Visit, first_parameter, is_path, visit};
use crate::response::{Answer, Body, Reason};
use crate::session::{AtProvider, Command, Login, ObjectId, Session};

/// How long a form of a provider's waits for the page that goes on, in seconds.
const RETURN_LIFETIME: u32 = 60;

/// The cookie that holds it.
const RETURN: &str = "__Host-sReturn";

/// `GET /auth/login`.
pub async fn login(exchange: &Exchange) -> Served {
    let (head, config) = (&exchange.head, exchange.config());
    match visit(head) {
        Visit::Opened => {}
        Visit::Prefetch => return Ok(exchange.problem(&Problem::Prefetch).into()),
        Visit::Embedded => return Ok(exchange.problem(&Problem::CrossSite).into()),
    }
    let parameter = |name| first_parameter(head.query(), name);
    let return_to = parameter("return_to").or_else(|| target_link(exchange)).unwrap_or_default();
    let return_to = if is_path(&return_to) { return_to } else { "/".to_owned() };
    let demand = Demand {
        max_age: parameter("max_age").and_then(|seconds| seconds.parse().ok()).map(Seconds::new),
        acr: parameter("acr").map(|acr| acr.split(' ').map(str::to_owned).collect()).unwrap_or_default(),
        handle: None,
    };
    let another = parameter("account").as_deref() == Some("other");
    let demand = match signed_in(exchange).await? {
        Ok(signed) if demand.is_nothing() && !another => {
            let answer = Answer::see_other(Reason::Provider, return_to);
            return Ok(signed.answered(answer, exchange.credentials().await));
        }
        // A step up is for the same person.
        Ok(signed) if !demand.is_nothing() => Demand { handle: Some(signed.identity.token.handle), ..demand },
        Ok(_) | Err(_) => demand,
    };
    let named = parameter("provider");
    let issuer = parameter("iss");
    let chosen = config.providers.iter().find(|provider| match (&named, &issuer) {
        (Some(key), _) => provider.key == *key,
        (None, Some(issuer)) => provider.issuer.as_str() == issuer,
        (None, None) => config.providers.len() == 1,
    });
    let Some(provider) = chosen else {
        return Ok(if named.is_some() || issuer.is_some() {
            exchange.problem(&Problem::NotFound).into()
        } else {
            pages::choose_provider(&return_to, config).into()
        });
    };
    let prompt = if another {
        Some(Prompt::SelectAccount)
    } else {
        left::is_held(head, exchange.keys(), exchange.now).then_some(Prompt::Login)
    };
    let hint = parameter("login_hint");
    Ok(attempt(exchange, provider, &return_to, demand, Again::First, prompt, hint.as_deref()).await)
}

/// Whether an attempt stands for a lost one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Again {
    First,
    Second,
}

/// The path of a login that a provider starts (Core §4).
fn target_link(exchange: &Exchange) -> Option<String> {
    let target = first_parameter(exchange.head.query(), "target_link_uri")?;
    let path = target.strip_prefix(exchange.head.origin().as_str()).unwrap_or(&target);
    Some(path.to_owned())
}

/// Begins an attempt: a cookie, and the way to the provider.
async fn attempt(
    exchange: &Exchange,
    provider: &Rc<Provider>,
    return_to: &str,
    demand: Demand,
    again: Again,
    prompt: Option<Prompt>,
    hint: Option<&str>,
) -> Answered {
    let metadata = match metadata(&exchange.client, provider).await {
        Ok(metadata) => metadata,
        Err(ProviderTrouble) => return trouble(exchange, provider, return_to),
    };
    let Ok(id) = platform::session_id() else { return exchange.unavailable().into() };
    let keys = exchange.keys();
    let attempt =
        Attempt::new(*id.as_bytes(), provider, return_to, demand, again == Again::Second, exchange.now);
    let secrets = attempt.secrets(provider, 0, keys);
    let redirect_uri = redirect_uri(exchange, provider);
    let prompt = prompt.map(|prompt| match prompt {
        Prompt::Login => Prompt::again(&metadata, provider.quirks.prompt_again),
        other => other,
    });
    let request = AuthorizationRequest {
        client_id: &provider.client_id,
        redirect_uri: &redirect_uri,
        state: &attempt.state(0, keys),
        secrets: &secrets,
        scopes: &provider.scopes,
        prompt,
        max_age: attempt.demand.max_age,
        acr: &attempt.demand.acr,
        login_hint: hint,
        extra: &provider.params,
    };
    let url = match request.way(&metadata) {
        Way::Browser(url) => url,
        Way::Push(_) => match pushed(provider, &metadata, &request).await {
            Ok(url) => url,
            Err(ProviderTrouble) => return trouble(exchange, provider, return_to),
        },
    };
    let mut answer = Answer::see_other(Reason::Provider, url).with("referrer-policy", "no-referrer");
    let before = Attempt::names_in(&exchange.head, keys);
    let excess = before.len().saturating_add(1).saturating_sub(MOST_ATTEMPTS);
    for name in before.iter().take(excess) {
        answer = answer.with("set-cookie", login_cookie(name, "", 0));
    }
    let lifetime = crate::provider::attempt::LIFETIME.get();
    let cookie = login_cookie(&attempt.cookie_name(), &attempt.cookie_value(keys), lifetime);
    answer.with("set-cookie", cookie).into()
}

/// Where a browser goes with a request that was pushed (RFC 9126).
async fn pushed(
    provider: &Provider,
    metadata: &Metadata,
    request: &AuthorizationRequest<'_>,
) -> Result<String, ProviderTrouble> {
    let trouble = |cause: &str| ProviderTrouble::because(&provider.key, "pushed request", cause);
    let Way::Push(endpoint) = request.way(metadata) else { return Err(trouble("nothing to push")) };
    let parameters = request.parameters();
    let fields: Vec<(&str, &str)> =
        parameters.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let answer = as_client(provider, metadata, |client| client.post(endpoint, &fields), 3000).await?;
    let uri = oidc::authorize::read_pushed(answer.status, &answer.body)
        .map_err(|fault| trouble(&format!("{fault:?}")))?;
    Ok(request.pushed(metadata, &uri))
}

fn redirect_uri(exchange: &Exchange, provider: &Provider) -> String {
    format!("{}{}/callback/{}", exchange.head.origin(), exchange.config().base_path, provider.key)
}

/// `GET` and `POST /auth/callback/<key>`.
pub async fn callback(exchange: &Exchange, key: &str) -> Served {
    let (head, config, keys) = (&exchange.head, exchange.config(), exchange.keys());
    let Some(provider) = config.provider(key) else {
        return Ok(exchange.problem(&Problem::NotFound).into());
    };
    if head.method() == "POST" {
        return Ok(go_on(exchange, provider).await);
    }
    let form = head.query().is_empty().then(|| ReturnedForm::of(head, RETURN, keys, exchange.now)).flatten();
    let text = form.as_ref().map_or(head.query(), |form| form.text.as_str());
    let refused = |check: &str| refused(exchange, provider, check);
    let callback = match Callback::parse(text.as_bytes()) {
        Ok(callback) => callback,
        Err(fault) => return Ok(refused(fault.as_str())),
    };
    let Some(state) = State::open(callback.state(), keys).filter(|state| state.provider == provider.key)
    else {
        return Ok(refused("state"));
    };
    let Some((attempt, rank)) = Attempt::of_browser(head, &state, keys, exchange.now) else {
        return lost(exchange, provider, &state).await;
    };
    let answered = finish(exchange, provider, callback, &attempt, rank).await;
    Ok(answered.unwrap_or_else(|failed| match failed {
        Failed::Refused(check) => refused(check),
        Failed::Trouble => trouble(exchange, provider, &attempt.return_to),
    }))
}

/// A provider's answer as a form: another site's request brings no cookie, so a page of this site goes on with it.
async fn go_on(exchange: &Exchange, provider: &Provider) -> Answered {
    let limit = u32::try_from(MAX_RESPONSE).unwrap_or(u32::MAX);
    let text = match body::bytes(exchange, limit, Duration::from_secs(10)).await {
        Ok(body) => String::from_utf8(body).unwrap_or_default(),
        Err(_) => return exchange.problem(&Problem::BrokenBody).into(),
    };
    // Only an answer to an attempt of ours is carried on.
    let state = Callback::parse(text.as_bytes()).ok();
    let is_ours = state.is_some_and(|callback| State::open(callback.state(), exchange.keys()).is_some());
    if !is_ours {
        return refused(exchange, provider, "state");
    }
    let cookie = ReturnedForm { text }.seal(exchange.keys(), exchange.now);
    pages::go_on(exchange.head.path(), Reason::Provider, exchange.config())
        .with("cache-control", "no-store")
        .with("set-cookie", login_cookie(RETURN, &cookie, RETURN_LIFETIME))
        .into()
}

/// A callback without its attempt: late, repeated, or another browser's.
async fn lost(exchange: &Exchange, provider: &Rc<Provider>, state: &State) -> Served {
    if let Ok(signed) = signed_in(exchange).await? {
        let answer = Answer::see_other(Reason::Provider, state.return_to.clone());
        return Ok(signed.answered(answer, exchange.credentials().await));
    }
    if !state.again && visit(&exchange.head) == Visit::Opened {
        let demand = Demand::default();
        return Ok(attempt(exchange, provider, &state.return_to, demand, Again::Second, None, None).await);
    }
    report(exchange, provider, "attempt");
    let page = ProviderPage::Late { return_to: &state.return_to };
    Ok(pages::provider(&page, provider, exchange.config()).with("cache-control", "no-store").into())
}

/// Finishes an attempt: the provider's answer, the person, the session.
async fn finish(
    exchange: &Exchange,
    provider: &Rc<Provider>,
    callback: Callback,
    attempt: &Attempt,
    rank: usize,
) -> Result<Answered, Failed> {
    let (keys, begun) = (exchange.keys(), Moment::now());
    let metadata = metadata(&exchange.client, provider).await?;
    let answer = callback
        .judge(&attempt.state(rank, keys), &metadata)
        .map_err(|fault| Failed::Refused(fault.as_str()))?;
    let code = match answer {
        CallbackAnswer::Code(code) => code,
        CallbackAnswer::Error(error) => return Ok(denied(exchange, provider, attempt, error.kind)),
    };
    let secrets = attempt.secrets(provider, rank, keys);
    let redirect_uri = redirect_uri(exchange, provider);
    let login = UnderWay {
        provider,
        metadata: &metadata,
        redirect_uri: &redirect_uri,
        secrets: &secrets,
        demand: &attempt.demand,
        begun,
    };
    let person = person(&exchange.client, &login, &code).await?;
    Ok(sign_in(exchange, provider, attempt, person)
        .await?
        .unwrap_or_else(|Unavailable| exchange.unavailable().into()))
}

/// Makes the session of somebody who logged in.
async fn sign_in(
    exchange: &Exchange,
    provider: &Provider,
    attempt: &Attempt,
    person: SomebodyThere,
) -> Result<Result<Answered, Unavailable>, Failed> {
    let SomebodyThere { id_token, id_token_text, claims, known, refresh_token } = person;
    let user_id = user_id(provider, &id_token.issuer, &id_token.subject);
    let app_id = exchange.keys().app_id();
    let Ok(object) = object_of(&exchange.client, app_id, &user_id) else { return Ok(Err(Unavailable)) };
    let session_id = id_token.session_id;
    let entrusted = Entrusted {
        id_token: Some(id_token_text),
        refresh_token,
        subject: provider.recheck.map(|_| id_token.subject.as_str().to_owned()),
        told: provider.recheck.map(|_| claims.clone()),
    };
    let at_provider = AtProvider {
        issuer: id_token.issuer,
        session_id: session_id.as_ref().map(|id| id.as_str().to_owned()),
        issued_at: id_token.issued_at,
        sealed: entrusted.seal(object, exchange.keys()).await,
        checked_at: None,
        lease_until: None,
    };
    let login = Login {
        claims,
        auth_time: id_token.auth_time,
        acr: id_token.acr,
        persistent: provider.persistent,
        idle: provider.idle,
        absolute: provider.absolute,
        provider: Some(provider.key.clone()),
        at_provider: Some(at_provider.into()),
        ..Login::default()
    };
    let shown = Login { claims: known, ..login.clone() };
    let person = Person { user_id: &user_id, handle: None, login: &shown, created_at: None };
    if let Some(missing) = provider.allow.iter().find(|required| !is_met(required, &person)) {
        return Ok(Ok(not_allowed(exchange, provider, attempt, &missing.claim)));
    }
    // A step up is for the same person: the handle names the user's object.
    if attempt.demand.handle.is_some_and(|handle| handle.object != object) {
        return Err(Failed::Refused("another user"));
    }
    new_session(exchange, provider, attempt, Signed { object, user_id, session_id, login })
        .await
        .map_or_else(|error| Ok(Err(error)), |made| made.map(Ok))
}

/// Who is let in, and how that was proved.
struct Signed {
    object: ObjectId,
    user_id: String,
    session_id: Option<SessionId>,
    login: Login,
}

async fn new_session(
    exchange: &Exchange,
    provider: &Provider,
    attempt: &Attempt,
    Signed { object, user_id, session_id, login }: Signed,
) -> Result<Result<Answered, Failed>, Unavailable> {
    let (head, config, keys) = (&exchange.head, exchange.config(), exchange.keys());
    let session = Session {
        anti_csrf: config.anti_csrf == AntiCsrfMode::Token,
        user_agent: exchange.user_agent(),
        country: platform::country(&exchange.request),
        login: Some(login.into()),
        ..Session::new(platform::session_id()?, platform::nonce()?, user_id, exchange.now)
    };
    let credentials = exchange.credentials().await;
    let mut earlier = exchange.shown(credentials).await;
    earlier.retain(|earlier| !exchange.memory().has_ended(*earlier));
    // Before the session: a logout that comes in between finds its way, and the object remembers it.
    if let Some(session_id) = session_id.filter(|_| provider.sid_index) {
        let kept = keep_sid(exchange, provider, &session_id, object, &session);
        if let sid::Kept::EndedAtProvider = exchange.timed(Stage::Check, kept).await? {
            return Ok(Err(Failed::Refused("ended at the provider")));
        }
    }
    let begun = begin(&exchange.client, keys.app_id(), session, serde_json::Map::new(), earlier);
    let (handle, session) = match exchange.timed(Stage::Check, begun).await? {
        Begun::Session(handle, session) => (handle, session),
        Begun::EndedAtProvider => return Ok(Err(Failed::Refused("ended at the provider"))),
        Begun::TooLarge => return Err(Unavailable),
    };
    let tokens = exchange.seal(exchange.mint().first(&session, handle)).await?;
    // A redirect that another site began shows no strict cookie: a page of this site goes on.
    let mut answer = if config.cookies.same_site == SameSite::Strict {
        pages::go_on(&attempt.return_to, Reason::Provider, config).with("cache-control", "no-store")
    } else {
        Answer::see_other(Reason::Provider, attempt.return_to.clone())
    };
    answer = answer.with("referrer-policy", "no-referrer");
    for name in Attempt::names_in(head, keys) {
        answer = answer.with("set-cookie", login_cookie(&name, "", 0));
    }
    if ReturnedForm::is_held(head, RETURN) {
        answer = answer.with("set-cookie", login_cookie(RETURN, "", 0));
    }
    if left::is_held(head, keys, exchange.now) {
        answer = answer.with("set-cookie", login_cookie(left::COOKIE, "", 0));
    }
    Ok(Ok(Answered { answer, change: SessionChange::NewSession(tokens) }))
}

/// By how much a session may begin later in its object than here.
const LATER: Seconds = Seconds::new(60);

/// Keeps where the `sid` of a login leads to, for as long as its session can live.
async fn keep_sid(
    exchange: &Exchange,
    provider: &Provider,
    session_id: &SessionId,
    object: ObjectId,
    session: &Session,
) -> Result<sid::Kept, Unavailable> {
    let Some(login) = session.login().at_provider.as_deref() else { return Ok(sid::Kept::Row) };
    let until = session.absolute_end(&exchange.config().policy).after(LATER);
    let row = SidRow::new(object, login.issuer.clone(), login.issued_at, until);
    let name = sid_name(exchange.keys().app_id(), provider, session_id);
    sid::keep(&exchange.client, &name, row).await
}

/// The page for a person whom `allow` does not let in.
fn not_allowed(exchange: &Exchange, provider: &Provider, attempt: &Attempt, claim: &str) -> Answered {
    report(exchange, provider, "allow");
    let page = ProviderPage::NotAllowed { claim, return_to: &attempt.return_to };
    pages::provider(&page, provider, exchange.config())
        .with("cache-control", "no-store")
        .with("set-cookie", login_cookie(&attempt.cookie_name(), "", 0))
        .into()
}

/// The page for a person whom the provider did not let in.
fn denied(exchange: &Exchange, provider: &Provider, attempt: &Attempt, kind: ErrorKind) -> Answered {
    let page = match kind {
        ErrorKind::ProviderTrouble => {
            let ProviderTrouble = ProviderTrouble::because(&provider.key, "callback", kind.as_str());
            return trouble(exchange, provider, &attempt.return_to);
        }
        ErrorKind::Denied => ProviderPage::Denied { return_to: &attempt.return_to },
        ErrorKind::PromptNeeded
        | ErrorKind::RequirementsUnmet
        | ErrorKind::RequestRefused
        | ErrorKind::Other => ProviderPage::Refused { return_to: &attempt.return_to },
    };
    report(exchange, provider, kind.as_str());
    let answer = pages::provider(&page, provider, exchange.config());
    answer
        .with("cache-control", "no-store")
        .with("set-cookie", login_cookie(&attempt.cookie_name(), "", 0))
        .into()
}

fn refused(exchange: &Exchange, provider: &Provider, check: &str) -> Answered {
    report(exchange, provider, check);
    let page = ProviderPage::Refused { return_to: "/" };
    let mut answer = pages::provider(&page, provider, exchange.config()).with("cache-control", "no-store");
    // The attempt is over, if it is this browser's.
    let state = first_parameter(exchange.head.query(), "state");
    let state = state.and_then(|state| State::open(&state, exchange.keys()));
    if let Some(state) = state
        && let Some((attempt, _)) = Attempt::of_browser(&exchange.head, &state, exchange.keys(), exchange.now)
    {
        answer = answer.with("set-cookie", login_cookie(&attempt.cookie_name(), "", 0));
    }
    answer.into()
}

fn trouble(exchange: &Exchange, provider: &Provider, return_to: &str) -> Answered {
    let page = ProviderPage::Trouble { return_to };
    pages::provider(&page, provider, exchange.config()).with("cache-control", "no-store").into()
}

fn report(exchange: &Exchange, provider: &Provider, check: &str) {
    platform::log(&login_refused_line(&provider.key, check, exchange.now));
}

/// `GET /auth/signed-out`: where a provider leads back to. It changes nothing.
pub fn signed_out(exchange: &Exchange) -> Answer {
    let state = first_parameter(exchange.head.query(), "state");
    let state = state.and_then(|state| State::open(&state, exchange.keys()));
    match state {
        Some(state) if state.return_to != "/" => Answer::see_other(Reason::LoggedOut, state.return_to),
        _ => pages::signed_out(exchange.config()).with("cache-control", "no-store"),
    }
}

/// For how long a provider's servers wait for the answer to a logout token, in milliseconds.
const BACKCHANNEL_TIME: u32 = 2000;

/// `POST /auth/backchannel-logout/<key>`.
pub async fn backchannel_logout(exchange: &Exchange, key: &str) -> Answer {
    let Some(provider) = exchange.config().provider(key) else {
        return exchange.problem(&Problem::NotFound);
    };
    let refuse = |check: &str| {
        report(exchange, provider, check);
        let json = serde_json::json!({ "error": "invalid_request", "error_description": check });
        Answer::json(400, Reason::LoginRefused, &json).with("cache-control", "no-store")
    };
    let limit = u32::try_from(MAX_REQUEST).unwrap_or(u32::MAX);
    let Ok(body) = body::bytes(exchange, limit, Duration::from_millis(BACKCHANNEL_TIME.into())).await else {
        return refuse("body");
    };
    let logout = match provider_logout(exchange, provider, &body).await {
        Ok(logout) => logout,
        Err(check) => return refuse(check),
    };
    let (client, hasty) = (&exchange.client, exchange.client.with_time(BACKCHANNEL_TIME));
    let ended = match logout {
        ProviderLogout::User(object, command) => {
            let ended = client::ask(&hasty, client.app_id(), object, command.clone()).await;
            ended.map(|_| ()).inspect_err(|_| {
                client.afterwards(end::keep_trying_command(client.clone(), object, command));
            })
        }
        ProviderLogout::Sid(logout) => end_by_sid(client, &hasty, logout).await,
    };
    match ended {
        Ok(()) => Answer::new(200, Reason::Ok, Body::Empty).with("cache-control", "no-store"),
        Err(Unavailable) => refuse("not done yet"),
    }
}

/// Ends what a `sid` leads to, after the answer if it cannot be done within the time of `hasty`.
async fn end_by_sid(
    client: &ObjectClient,
    hasty: &ObjectClient,
    logout: SidLogout,
) -> Result<(), Unavailable> {
    let ended = sid::end(hasty, &logout).await;
    ended.inspect_err(|_| client.afterwards(end::keep_trying_sid(client.clone(), logout)))
}

/// What a logout token ends.
enum ProviderLogout {
    /// What the user's object has.
    User(ObjectId, Command),
    /// What the `sid` leads to.
    Sid(SidLogout),
}

/// What a logout token ends, or the check that it failed.
async fn provider_logout(
    exchange: &Exchange,
    provider: &Rc<Provider>,
    body: &[u8],
) -> Result<ProviderLogout, &'static str> {
    let token = logout_token::from_form(body).map_err(|_| "request")?;
    let metadata = metadata(&exchange.client, provider).await.map_err(|_| "metadata")?;
    let signed =
        signed(&exchange.client, provider, &metadata, &token).await.map_err(|untaken| match untaken {
            Untaken::Failed(check) => check.as_str(),
            Untaken::Trouble => "keys",
        })?;
    let checked = logout_token::check(signed, &metadata.issuers, &provider.client_id, platform::now());
    let token = checked.map_err(FailedCheck::as_str)?;
    let within_scope = |session_id: &SessionId| match provider.logout_token_scope {
        LogoutTokenScope::Session => Some(session_id.as_str().to_owned()),
        LogoutTokenScope::User => None,
    };
    let (subject, session_id) = match token.ended {
        Ended::User(subject) => (subject, None),
        Ended::Session(session_id, Some(subject)) => (subject, within_scope(&session_id)),
        Ended::Session(_, None) if !provider.sid_index => return Err("sub missing"),
        Ended::Session(session_id, None) => {
            return Ok(ProviderLogout::Sid(SidLogout {
                name: sid_name(exchange.keys().app_id(), provider, &session_id),
                provider: provider.key.clone(),
                session_id: within_scope(&session_id),
                word: Word::Token { issuer: token.issuer, issued_at: token.issued_at },
            }));
        }
    };
    let user_id = user_id(provider, &token.issuer, &subject);
    let app_id = exchange.keys().app_id();
    let object = object_of(&exchange.client, app_id, &user_id).map_err(|Unavailable| "not done yet")?;
    let command = Command::EndAtProvider {
        provider: provider.key.clone(),
        issuer: token.issuer,
        session_id,
        issued_at: token.issued_at,
    };
    Ok(ProviderLogout::User(object, command))
}

/// `GET /auth/frontchannel-logout/<key>`: the provider's log-out page loads it in a frame, without cookies. Anybody can
/// send it, so it ends what its `sid` leads to, and nothing else.
pub async fn frontchannel_logout(exchange: &Exchange, key: &str) -> Served {
    let Some(provider) = exchange.config().provider(key).filter(|provider| provider.sid_index) else {
        return Ok(exchange.problem(&Problem::NotFound).into());
    };
    let Ok(metadata) = metadata(&exchange.client, provider).await else { return Err(Unavailable) };
    let query = exchange.head.query();
    if let Ok(session_id) = front_channel::read(query.as_bytes(), &metadata.issuers) {
        let logout = SidLogout {
            name: sid_name(exchange.keys().app_id(), provider, &session_id),
            provider: provider.key.clone(),
            session_id: Some(session_id.as_str().to_owned()),
            word: Word::Browser { issuer: first_parameter(query, "iss") },
        };
        // A browser that leaves the page gives the request up.
        exchange.client.outlive_request();
        end_by_sid(&exchange.client, &exchange.client, logout).await?;
    }
    let csp = format!("default-src 'none'; frame-ancestors {}", provider.issuer.origin());
    let answer = Answer::new(200, Reason::Ok, Body::Empty)
        .with("cache-control", "no-store")
        .with("content-security-policy", csp);
    Ok(answer.into())
}
