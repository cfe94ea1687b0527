//! The routes under `CORE_PATH`: a SuperTokens core (CDI) for backend SDKs.

use std::rc::Rc;
use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::base::time::Timestamp;
use crate::edge::body;
use crate::edge::exchange::Exchange;
use crate::edge::isolate::App;
use crate::edge::object::begin::{Begun, begin};
use crate::edge::object::client::{self, Unavailable};
use crate::edge::object::end::{self, Removal};
use crate::edge::platform::signatures::Signatures;
use crate::edge::platform::{self, NoRandomness, Unread};
use crate::edge::provider::recheck::recheck;
use crate::gate::{Mint, TokenPair, Unsigned, is_too_early};
use crate::response::{Answer, Body, Reason};
use crate::session::{Command, DEFAULT_TENANT, Handle, ObjectId, Payload, PayloadChange, Reply, Session};
use crate::supertokens::cdi::{
    self, Call, CdiVersion, CorePath, CreateCall, Endpoint, JwtCall, RefreshCall, Refused, UserCall,
    VerifyCall,
};
use crate::token::{RefreshToken, Verified, Version, draft_jwt};

/// The largest body of a call, in bytes.
const MAX_BODY: u32 = 1024 * 1024;

/// For how long the body of a call is waited for. Its sender has a key.
const BODY_TIME: Duration = Duration::from_secs(30);

/// One call under way.
struct Core<'a> {
    exchange: &'a Exchange,
    app: Rc<App>,
    tenant_id: Option<String>,
    version: Version,
}

/// Why a call has no JSON to answer with.
enum Failed {
    Refused(Refused),
    Unavailable,
}

impl From<Unavailable> for Failed {
    fn from(Unavailable: Unavailable) -> Self {
        Self::Unavailable
    }
}

impl From<NoRandomness> for Failed {
    fn from(error: NoRandomness) -> Self {
        Unavailable::from(error).into()
    }
}

impl From<Refused> for Failed {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}

/// Anything under `CORE_PATH`.
pub async fn serve(exchange: &Exchange, path: &str) -> Answer {
    let path = CorePath::parse(path);
    let is_open = path.as_ref().is_ok_and(|path| path.endpoint.needs_no_key());
    if !is_open && !cdi::is_authorised(&exchange.head, &exchange.config().api_keys) {
        return cdi::invalid_api_key().answer();
    }
    let path = match path {
        Ok(path) => path,
        Err(refused) => return refused.answer(),
    };
    if !path.endpoint.allows(exchange.head.method()) {
        return path.endpoint.method_refusal();
    }
    let app = exchange.client.isolate.app_of(&path.app_id);
    match path.endpoint {
        Endpoint::Hello => return Answer::new(200, Reason::Ok, Body::Text("Hello\n".to_owned())),
        Endpoint::ApiVersion => {
            return Answer::json(200, Reason::Ok, &json!({ "versions": cdi::VERSIONS }));
        }
        Endpoint::Jwks => {
            let max_age = format!("max-age={}, must-revalidate", app.keys.jwks_max_age());
            return match exchange.client.isolate.signatures.jwks(&app.keys, exchange.now).await {
                Some(jwks) => Answer::json(200, Reason::Ok, &jwks).with("cache-control", max_age),
                None => unavailable(),
            };
        }
        _ => {}
    }
    let body = match body::bytes(exchange, MAX_BODY, BODY_TIME).await {
        Ok(body) => String::from_utf8_lossy(&body).into_owned(),
        Err(Unread::TooLarge) => return refused(413, "The body must be at most 1 MiB"),
        Err(Unread::TooSlow) => return refused(408, "The body took too long"),
        Err(Unread::Broken) => return refused(400, "The body cannot be read"),
    };
    match call(exchange, &path, app, &body).await {
        Ok(value) => Answer::json(200, Reason::Ok, &value).with("cache-control", "no-store"),
        Err(Failed::Refused(refused)) => refused.answer(),
        Err(Failed::Unavailable) => unavailable(),
    }
}

fn unavailable() -> Answer {
    refused(503, "The session store does not answer").with("retry-after", "5")
}

fn refused(status: u16, why: &str) -> Answer {
    Refused(status, why.to_owned()).answer()
}

async fn call(exchange: &Exchange, path: &CorePath, app: Rc<App>, body: &str) -> Result<Value, Failed> {
    let version = CdiVersion::of(&exchange.head)?;
    let call = Call::parse(path, &exchange.head, version, body)?;
    let core = Core { exchange, app, tenant_id: path.tenant_id.clone(), version: version.tokens };
    match call {
        Call::LookUpUser => Ok(json!({ "status": "UNKNOWN_USER_ID_ERROR" })),
        Call::Create(create) => core.create(create).await,
        Call::Read(handle) => {
            core.read(&handle, |handle, session, data| {
                let ends_at = session.ends_at(&exchange.config().policy);
                cdi::session_details(handle, session, data, ends_at, core.version)
            })
            .await
        }
        Call::ReadData(handle) => {
            core.read(&handle, |_, _, data| json!({ "status": "OK", "userDataInDatabase": data })).await
        }
        Call::ReadPayload(handle) => {
            core.read(&handle, |_, session, _| json!({ "status": "OK", "userDataInJWT": session.payload }))
                .await
        }
        Call::Verify(verify) => core.verify(&verify).await,
        Call::Refresh(refresh) => core.refresh(&refresh).await,
        Call::RemoveHandles(handles) => core.remove_handles(&handles).await,
        Call::RemoveUser(user) => core.remove_user(user).await,
        Call::ListUser(user) => core.list_user(user).await,
        Call::SetData(handle, data) => core.update(&handle, Some(data), None).await,
        Call::SetPayload(handle, payload) => core.update(&handle, None, Some(payload)).await,
        Call::Regenerate(token, payload) => core.regenerate(&token, payload).await,
        Call::SignJwt(jwt) => core.sign_jwt(jwt).await,
        Call::SignUnknown => Ok(json!({ "status": "UNSUPPORTED_ALGORITHM_ERROR" })),
    }
}

impl Core<'_> {
    async fn create(&self, call: CreateCall) -> Result<Value, Failed> {
        // The caller is the application's server: its user agent and country are not the user's.
        let session = Session {
            tenant_id: self.tenant_id.clone().unwrap_or_else(|| DEFAULT_TENANT.to_owned()),
            payload: call.payload,
            anti_csrf: call.anti_csrf,
            static_key: call.static_key,
            ..Session::new(platform::session_id()?, platform::nonce()?, call.user_id, self.exchange.now)
        };
        let app_id = self.app.keys.app_id();
        match begin(&self.exchange.client, app_id, session, call.data, Vec::new()).await? {
            Begun::Session(handle, session) => self.with_tokens(self.mint().first(&session, handle)).await,
            Begun::TooLarge => Err(cdi::payload_too_large().into()),
            // Only of a provider's logins.
            Begun::EndedAtProvider => Err(Failed::Unavailable),
        }
    }

    async fn read(
        &self,
        handle: &str,
        show: impl Fn(Handle, &Session, &Map<String, Value>) -> Value,
    ) -> Result<Value, Failed> {
        let Some(handle) = Handle::parse(handle) else { return Ok(cdi::no_such_session()) };
        match self.ask(handle.object, Command::Read { id: handle.id }).await? {
            Reply::Read { session, data } => Ok(show(handle, &session, &data)),
            _ => Ok(cdi::no_such_session()),
        }
    }

    async fn verify(&self, call: &VerifyCall) -> Result<Value, Failed> {
        let token = match self.recognise(&call.access_token).await {
            Some(Verified::Good(token)) => token,
            Some(Verified::Expired(_)) => return Ok(cdi::try_refresh("Access token expired")),
            None => return Ok(cdi::try_refresh("Invalid access token")),
        };
        if cdi::fails_anti_csrf(call, &token) {
            return Ok(cdi::try_refresh("anti-csrf check failed"));
        }
        if is_too_early(&token, &self.exchange.config().policy, self.exchange.now) {
            return Ok(cdi::unauthorised(ENDED));
        }
        if !call.check_database && token.parent.is_none() {
            return Ok(cdi::session_answer(&token, None, self.version));
        }
        let handle = token.handle;
        match self.ask(handle.object, Command::Check { id: handle.id, first_use: token.first_use() }).await? {
            Reply::Live(session) => {
                let is_current = token.parent.is_none() && token.payload == session.payload;
                let replacement = if is_current {
                    None
                } else {
                    Some(self.seal(self.mint().replace(&session, &token)).await?)
                };
                let shown = replacement.as_ref().map_or(&*token, |tokens| &*tokens.token);
                Ok(cdi::session_answer(shown, replacement.as_ref(), self.version))
            }
            Reply::Superseded => Ok(cdi::unauthorised("using access token whose refresh token is no more")),
            _ => Ok(cdi::unauthorised(ENDED)),
        }
    }

    async fn refresh(&self, call: &RefreshCall) -> Result<Value, Failed> {
        let Some(token) = RefreshToken::open(&call.refresh_token, &self.app.keys) else {
            return Ok(cdi::unauthorised("Invalid refresh token"));
        };
        let handle = token.handle;
        let command = Command::Renew {
            id: handle.id,
            presented: token.generation,
            nonce: platform::nonce()?,
            anti_csrf: cdi::anti_csrf_of(call, handle, &self.app.keys),
            static_key: call.static_key,
        };
        let reply = self.ask(handle.object, command).await?;
        match recheck(&self.exchange.client, &self.app.keys, handle, reply).await {
            Reply::Renewed { session, issued, .. } => {
                self.with_tokens(self.mint().issue(&session, &issued, handle)).await
            }
            Reply::Reuse { user_id } => Ok(cdi::token_theft(handle, &user_id, self.version)),
            Reply::AntiCsrfMissing => Ok(cdi::unauthorised("Anti CSRF token missing, or not matching")),
            _ => Ok(cdi::unauthorised("Session missing in db or has expired")),
        }
    }

    async fn remove_handles(&self, handles: &[String]) -> Result<Value, Failed> {
        let handles: Vec<Handle> = handles.iter().filter_map(|handle| Handle::parse(handle)).collect();
        let Removal { removed, failed } =
            end::remove_handles(&self.exchange.client, self.app.keys.app_id(), &handles).await;
        if !failed.is_empty() {
            return Err(Failed::Unavailable);
        }
        Ok(json!({ "status": "OK", "sessionHandlesRevoked": removed }))
    }

    async fn remove_user(&self, user: UserCall) -> Result<Value, Failed> {
        let object = client::object_of(&self.exchange.client, self.app.keys.app_id(), &user.user_id)?;
        let command = Command::RemoveAll { tenant_id: user.tenant_id };
        let removed = end::remove(&self.exchange.client, self.app.keys.app_id(), object, command).await?;
        Ok(json!({ "status": "OK", "sessionHandlesRevoked": removed }))
    }

    async fn list_user(&self, user: UserCall) -> Result<Value, Failed> {
        let object = client::object_of(&self.exchange.client, self.app.keys.app_id(), &user.user_id)?;
        let handles: Vec<Handle> = match self.ask(object, Command::List { tenant_id: user.tenant_id }).await?
        {
            Reply::Listed(sessions) => {
                sessions.iter().map(|session| Handle { object, id: session.id }).collect()
            }
            _ => Vec::new(),
        };
        Ok(json!({ "status": "OK", "sessionHandles": handles }))
    }

    async fn update(
        &self,
        handle: &str,
        data: Option<Map<String, Value>>,
        payload: Option<Payload>,
    ) -> Result<Value, Failed> {
        let Some(handle) = Handle::parse(handle) else { return Ok(cdi::no_such_session()) };
        let payload = payload.map(PayloadChange::Replace);
        let command = Command::Update { id: handle.id, data, payload, claims: None };
        match self.ask(handle.object, command).await? {
            Reply::Updated(_) => Ok(json!({ "status": "OK" })),
            Reply::TooLarge => Err(cdi::payload_too_large().into()),
            _ => Ok(cdi::no_such_session()),
        }
    }

    async fn regenerate(&self, text: &str, payload: Option<Payload>) -> Result<Value, Failed> {
        let Some(verified) = self.recognise(text).await else {
            return Ok(cdi::unauthorised("Invalid access token"));
        };
        let is_good = matches!(verified, Verified::Good(_));
        let token = verified.into_token();
        let payload = payload.map(PayloadChange::Replace);
        let command = Command::Update { id: token.handle.id, data: None, payload, claims: None };
        match self.ask(token.handle.object, command).await? {
            Reply::Updated(session) => {
                let tokens = self.seal(self.mint().regenerate(&session, &token)).await?;
                Ok(cdi::session_answer(&tokens.token, is_good.then_some(&tokens), self.version))
            }
            Reply::TooLarge => Err(cdi::payload_too_large().into()),
            _ => Ok(cdi::no_such_session()),
        }
    }

    async fn sign_jwt(&self, call: JwtCall) -> Result<Value, Failed> {
        let now = self.exchange.now;
        let expires_at = Timestamp::from_seconds(now.seconds().saturating_add(call.validity));
        let draft = draft_jwt(call.claims, expires_at, call.static_key, &self.app.keys, now);
        let draft = draft.ok_or(Failed::Unavailable)?;
        let jwt = self.signatures().seal_jwt(draft, &self.app.keys).await.ok_or(Failed::Unavailable)?;
        Ok(json!({ "status": "OK", "jwt": jwt }))
    }

    async fn ask(&self, object: ObjectId, command: Command) -> Result<Reply, Failed> {
        Ok(client::ask(&self.exchange.client, self.app.keys.app_id(), object, command).await?)
    }

    fn mint(&self) -> Mint<'_> {
        Mint { keys: &self.app.keys, version: self.version, ..self.exchange.mint() }
    }

    fn signatures(&self) -> &Signatures {
        &self.exchange.client.isolate.signatures
    }

    async fn recognise(&self, token: &str) -> Option<Verified> {
        self.signatures().recognise(token, &self.app.keys, &self.app.tokens, self.exchange.now).await
    }

    async fn seal(&self, unsigned: Option<Unsigned>) -> Result<TokenPair, Failed> {
        let unsigned = unsigned.ok_or(Failed::Unavailable)?;
        self.signatures().seal(unsigned, &self.app.keys).await.ok_or(Failed::Unavailable)
    }

    async fn with_tokens(&self, unsigned: Option<Unsigned>) -> Result<Value, Failed> {
        Ok(cdi::session_with_tokens(&self.seal(unsigned).await?, self.version))
    }
}

/// What a backend hears of a token whose session is over.
const ENDED: &str = "Either the session has ended or has been blacklisted";
