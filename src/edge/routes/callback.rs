//! The way back from an identity provider: the attempt is found, the person is proved, and a session begins.
//!
//! Invariant: a person is signed in only by an attempt that this browser began, and every failure is a page with a way
//! on.

use std::rc::Rc;
use std::time::Duration;

use oidc::callback::{Answer as CallbackAnswer, Callback, ErrorKind, MAX_RESPONSE};
use oidc::names::SessionId;

use super::Served;
use super::login::{Wish, begin_attempt, redirect_uri};
use crate::base::time::Seconds;
use crate::config::Provider;
use crate::cookies::SameSite;
use crate::edge::body;
use crate::edge::exchange::{Exchange, Stage};
use crate::edge::object::begin::{Begun, begin};
use crate::edge::object::client::{Unavailable, object_of};
use crate::edge::object::sid;
use crate::edge::platform::{Moment, NoRandomness};
use crate::edge::provider::documents::metadata;
use crate::edge::provider::leave::Entrusted;
use crate::edge::provider::sign_in::{Failed, SomebodyThere, UnderWay, person};
use crate::edge::provider::{ProviderTrouble, report_refusal};
use crate::edge::standing::signed_in;
use crate::gate::{Answered, Person, SessionChange, is_met};
use crate::object::SidRow;
use crate::pages::{Problem, ProviderPage};
use crate::provider::{Attempt, ReturnedForm, State, left, sid_name, user_id};
use crate::request::{Visit, visit};
use crate::response::{Answer, Reason};
use crate::session::{AtProvider, Login, ObjectId, Session};

/// For how long the body of a form is waited for.
const FORM_TIME: Duration = Duration::from_secs(10);

/// Why nobody is signed in.
enum Unfinished {
    /// A check failed.
    Refused(&'static str),
    /// The provider let nobody in.
    Denied(ErrorKind),
    /// `allow` asks for another value of this claim.
    NotAllowed(String),
    /// The provider is in trouble.
    Trouble,
    /// An object is.
    Unavailable,
}

impl From<Failed> for Unfinished {
    fn from(failed: Failed) -> Self {
        match failed {
            Failed::Refused(check) => Self::Refused(check),
            Failed::Trouble => Self::Trouble,
        }
    }
}

impl From<ProviderTrouble> for Unfinished {
    fn from(ProviderTrouble: ProviderTrouble) -> Self {
        Self::Trouble
    }
}

impl From<Unavailable> for Unfinished {
    fn from(Unavailable: Unavailable) -> Self {
        Self::Unavailable
    }
}

impl From<NoRandomness> for Unfinished {
    fn from(none: NoRandomness) -> Self {
        Unavailable::from(none).into()
    }
}

/// `GET` and `POST /auth/callback/<key>`.
pub async fn callback(exchange: &Exchange, key: &str) -> Served {
    let (head, keys) = (&exchange.head, exchange.keys());
    let Some(provider) = exchange.config().provider(key) else {
        return Ok(exchange.problem(&Problem::NotFound).into());
    };
    if head.method() == "POST" {
        return Ok(go_on(exchange, provider).await);
    }
    let form = head.query().is_empty().then(|| ReturnedForm::of(head, keys, exchange.now)).flatten();
    let text = form.as_ref().map_or(head.query(), |form| form.text.as_str());
    let refused = |check| Ok(explained(exchange, provider, None, &Unfinished::Refused(check)));
    let callback = match Callback::parse(text.as_bytes()) {
        Ok(callback) => callback,
        Err(fault) => return refused(fault.as_str()),
    };
    let Some(state) = State::open(callback.state(), keys).filter(|state| state.provider == provider.key)
    else {
        return refused("state");
    };
    let Some((attempt, rank)) = Attempt::of_browser(head, &state, keys, exchange.now) else {
        return lost(exchange, provider, &state).await;
    };
    let finished = finish(exchange, provider, callback, &attempt, rank).await;
    Ok(finished.unwrap_or_else(|why| explained(exchange, provider, Some(&attempt), &why)))
}

/// A provider's answer as a form: another site's request brings no cookie, so a page of this site goes on with it.
async fn go_on(exchange: &Exchange, provider: &Provider) -> Answered {
    let limit = u32::try_from(MAX_RESPONSE).unwrap_or(u32::MAX);
    let text = match body::bytes(exchange, limit, FORM_TIME).await {
        Ok(body) => String::from_utf8(body).unwrap_or_default(),
        Err(_) => return exchange.problem(&Problem::BrokenBody).into(),
    };
    // Only an answer to an attempt of ours is carried on.
    let callback = Callback::parse(text.as_bytes()).ok();
    if callback.and_then(|callback| State::open(callback.state(), exchange.keys())).is_none() {
        return explained(exchange, provider, None, &Unfinished::Refused("state"));
    }
    exchange
        .pages()
        .go_on(exchange.head.path(), Reason::Provider)
        .with("cache-control", "no-store")
        .with("set-cookie", ReturnedForm { text }.set(exchange.keys(), exchange.now))
        .into()
}

/// A callback without its attempt: late, repeated, or another browser's.
async fn lost(exchange: &Exchange, provider: &Rc<Provider>, state: &State) -> Served {
    if let Ok(signed) = signed_in(exchange).await? {
        let answer = Answer::see_other(Reason::Provider, state.return_to.clone());
        return Ok(signed.answered(answer, exchange.credentials().await));
    }
    if !state.again && visit(&exchange.head) == Visit::Opened {
        let wish = Wish { return_to: &state.return_to, again: true, ..Wish::default() };
        return Ok(begin_attempt(exchange, provider, wish).await);
    }
    report_refusal(provider, "attempt", exchange.now);
    Ok(exchange.pages().provider(&ProviderPage::Late, &state.return_to, provider).into())
}

/// Finishes an attempt: the provider's answer, the person, the session.
async fn finish(
    exchange: &Exchange,
    provider: &Rc<Provider>,
    callback: Callback,
    attempt: &Attempt,
    rank: usize,
) -> Result<Answered, Unfinished> {
    let (keys, begun) = (exchange.keys(), Moment::now());
    let metadata = metadata(&exchange.client, provider).await?;
    let answer = callback
        .judge(&attempt.state(rank, keys), &metadata)
        .map_err(|fault| Unfinished::Refused(fault.as_str()))?;
    let code = match answer {
        CallbackAnswer::Code(code) => code,
        CallbackAnswer::Error(error) => return Err(Unfinished::Denied(error.kind)),
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
    let signed = let_in(exchange, provider, attempt, person).await?;
    new_session(exchange, provider, attempt, signed).await
}

/// Who is let in, and how that was proved.
struct Signed {
    object: ObjectId,
    user_id: String,
    session_id: Option<SessionId>,
    login: Login,
}

/// Whether somebody who logged in is let in.
async fn let_in(
    exchange: &Exchange,
    provider: &Provider,
    attempt: &Attempt,
    person: SomebodyThere,
) -> Result<Signed, Unfinished> {
    let SomebodyThere { id_token, id_token_text, claims, known, refresh_token } = person;
    let user_id = user_id(provider, &id_token.issuer, &id_token.subject);
    let object = object_of(&exchange.client, exchange.keys().app_id(), &user_id)?;
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
        return Err(Unfinished::NotAllowed(missing.claim.clone()));
    }
    // A step up is for the same person: the handle names the user's object.
    if attempt.demand.handle.is_some_and(|handle| handle.object != object) {
        return Err(Unfinished::Refused("another user"));
    }
    Ok(Signed { object, user_id, session_id, login })
}

/// Makes the session of somebody who is let in.
async fn new_session(
    exchange: &Exchange,
    provider: &Provider,
    attempt: &Attempt,
    Signed { object, user_id, session_id, login }: Signed,
) -> Result<Answered, Unfinished> {
    let (head, config, keys) = (&exchange.head, exchange.config(), exchange.keys());
    let session = Session { login: Some(login.into()), ..exchange.new_session(user_id)? };
    let earlier = exchange.replaced(exchange.credentials().await).await;
    // Before the session: a logout that comes in between finds its way, and the object remembers it.
    if let Some(session_id) = session_id.filter(|_| provider.sid_index) {
        let kept = keep_sid(exchange, provider, &session_id, object, &session);
        if let sid::Kept::EndedAtProvider = exchange.timed(Stage::Check, kept).await? {
            return Err(Unfinished::Refused("ended at the provider"));
        }
    }
    let begun = begin(&exchange.client, keys.app_id(), session, serde_json::Map::new(), earlier);
    let (handle, session) = match exchange.timed(Stage::Check, begun).await? {
        Begun::Session(handle, session) => (handle, session),
        Begun::EndedAtProvider => return Err(Unfinished::Refused("ended at the provider")),
        Begun::TooLarge => return Err(Unfinished::Unavailable),
    };
    let tokens = exchange.seal(exchange.mint().first(&session, handle)).await?;
    // A redirect that another site began shows no strict cookie: a page of this site goes on.
    let answer = if config.cookies.same_site == SameSite::Strict {
        exchange.pages().go_on(&attempt.return_to, Reason::Provider).with("cache-control", "no-store")
    } else {
        Answer::see_other(Reason::Provider, attempt.return_to.clone())
    };
    let answer = answer
        .with("referrer-policy", "no-referrer")
        .with_cookies(Attempt::all_expired(head, keys))
        .with_cookies(left::expired(head));
    Ok(Answered { answer, change: SessionChange::NewSession(tokens) })
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

/// The page that says why nobody is signed in. The attempt is over, unless the same answer may be brought again.
fn explained(
    exchange: &Exchange,
    provider: &Provider,
    attempt: Option<&Attempt>,
    why: &Unfinished,
) -> Answered {
    let return_to = attempt.map_or("/", |attempt| &attempt.return_to);
    let page = |page| exchange.pages().provider(&page, return_to, provider);
    let (check, page) = match why {
        Unfinished::Unavailable => return exchange.unavailable().into(),
        Unfinished::Denied(kind @ ErrorKind::ProviderTrouble) => {
            let ProviderTrouble = ProviderTrouble::because(&provider.key, "callback", kind.as_str());
            return page(ProviderPage::Trouble).into();
        }
        Unfinished::Trouble => return page(ProviderPage::Trouble).into(),
        Unfinished::Refused(check) => (*check, page(ProviderPage::Refused)),
        Unfinished::NotAllowed(claim) => ("allow", page(ProviderPage::NotAllowed(claim))),
        Unfinished::Denied(kind @ ErrorKind::Denied) => (kind.as_str(), page(ProviderPage::Denied)),
        Unfinished::Denied(kind) => (kind.as_str(), page(ProviderPage::Refused)),
    };
    report_refusal(provider, check, exchange.now);
    let attempt = attempt.map(Attempt::expired);
    page.with_cookies(attempt.into_iter().chain(ReturnedForm::expired(&exchange.head))).into()
}
