//! A login at a provider, between the person's coming back and the session: the code becomes tokens, the ID token is
//! checked, claims are read.
//!
//! Invariant: a [`SomebodyThere`] has passed every check of `oidc`. What fails is named by its check, and never holds a token.

use std::rc::Rc;

use oidc::authorize::Secrets;
use oidc::callback::Code;
use oidc::client::{AssertionDraft, Client, FormPost, Proof};
use oidc::id_token::{Expected, IdToken, Occasion, check};
use oidc::metadata::Metadata;
use oidc::quirks::AssertionAudience;
use oidc::token::{MAX_ANSWER, TokenFault, Tokens, exchange, read_exchange};
use oidc::url::Endpoint;
use oidc::userinfo::{self, MAX_USERINFO};
use oidc::{algorithm::Algorithm, claims};
use serde_json::{Map, Value};

use super::documents::{self, Untaken, signed};
use super::{ProviderTrouble, TIME_LIMIT};
use crate::config::{ClientAuth, Provider};
use crate::edge::object::client::ObjectClient;
use crate::edge::platform::provider::{NoAnswer, ProviderAnswer, ProviderRequest, request, sign};
use crate::edge::platform::{self, Moment};
use crate::provider::Demand;
use crate::session::{Claims, MAX_CLAIMS};

/// For how many milliseconds tokens are waited for.
const TOKEN_TIME: u32 = 8000;

/// For how many milliseconds claims are waited for.
const USERINFO_TIME: u32 = 3000;

/// Somebody who logged in.
pub struct SomebodyThere {
    /// What the ID token says.
    pub id_token: IdToken,
    /// Its text.
    pub id_token_text: String,
    /// What is kept of the person.
    pub claims: Claims,
    /// The same, with what `allow` asks for.
    pub known: Claims,
    /// What asks the provider whether the person may stay.
    pub refresh_token: Option<String>,
}

/// Why nobody is signed in.
pub enum Failed {
    /// A check failed.
    Refused(&'static str),
    /// The provider is in trouble.
    Trouble,
}

impl From<ProviderTrouble> for Failed {
    fn from(ProviderTrouble: ProviderTrouble) -> Self {
        Self::Trouble
    }
}

impl From<Untaken> for Failed {
    fn from(untaken: Untaken) -> Self {
        match untaken {
            Untaken::Failed(check) => Self::Refused(check.as_str()),
            Untaken::Trouble => Self::Trouble,
        }
    }
}

/// A login that is under way: what was asked, and since when.
pub struct UnderWay<'a> {
    /// At which provider.
    pub provider: &'a Rc<Provider>,
    /// What it says of itself.
    pub metadata: &'a Metadata,
    /// Where its answer went.
    pub redirect_uri: &'a str,
    /// The attempt's secrets.
    pub secrets: &'a Secrets,
    /// What was asked beyond a login.
    pub demand: &'a Demand,
    /// When the person came back.
    pub begun: Moment,
}

/// Who has logged in, by the code that the browser brought.
pub async fn person(
    client: &ObjectClient,
    login: &UnderWay<'_>,
    code: &Code,
) -> Result<SomebodyThere, Failed> {
    let UnderWay { provider, metadata, secrets, demand, begun, .. } = *login;
    let left = || TIME_LIMIT.saturating_sub(begun.elapsed());
    // The keys may have to be fetched after them.
    let tokens = tokens(login, code, TOKEN_TIME.min(left().saturating_sub(documents::TIME))).await?;
    let text = tokens.id_token.unwrap_or_default();
    let signed = signed(client, provider, metadata, &text).await?;
    let expected = Expected {
        issuers: &metadata.issuers,
        client_id: &provider.client_id,
        occasion: Occasion::Login(&secrets.nonce),
        access_token: &tokens.access_token,
        max_age: demand.max_age,
        acr: &demand.acr,
    };
    let id_token =
        check(signed, &expected, platform::now()).map_err(|failed| Failed::Refused(failed.as_str()))?;
    let (claims, known) =
        kept_claims(provider, metadata, &id_token, &tokens.access_token, USERINFO_TIME.min(left())).await?;
    Ok(SomebodyThere { id_token, id_token_text: text, claims, known, refresh_token: tokens.refresh_token })
}

async fn tokens(login: &UnderWay<'_>, code: &Code, time: u32) -> Result<Tokens, Failed> {
    let UnderWay { provider, metadata, redirect_uri, secrets, .. } = *login;
    let post = |client: &Client<'_>| exchange(&metadata.token, client, code, redirect_uri, &secrets.verifier);
    let answer = as_client(provider, metadata, post, time).await?;
    read_exchange(answer.status, &answer.body).map_err(|fault| match fault {
        TokenFault::Refused => Failed::Refused("invalid_grant"),
        TokenFault::Trouble(trouble) => {
            ProviderTrouble::because(&provider.key, "tokens", &format!("{trouble:?}")).into()
        }
    })
}

/// Posts a form in the name of the client.
pub async fn as_client(
    provider: &Provider,
    metadata: &Metadata,
    post: impl Fn(&Client<'_>) -> FormPost,
    time: u32,
) -> Result<ProviderAnswer, ProviderTrouble> {
    let assertion = assertion(provider, metadata).await?;
    let proof = match &provider.client_auth {
        ClientAuth::Basic(secret) => Proof::Basic(secret.reveal()),
        ClientAuth::Post(secret) => Proof::Post(secret.reveal()),
        ClientAuth::PrivateKey(_) => Proof::Assertion(&assertion),
        ClientAuth::None => Proof::None,
    };
    let form = post(&Client { id: &provider.client_id, proof });
    let ask = ProviderRequest {
        method: "POST",
        url: &form.url,
        authorization: form.authorization.as_deref(),
        form: Some(&form.body),
        limit: MAX_ANSWER,
        time,
    };
    request(ask).await.map_err(|NoAnswer(why)| ProviderTrouble::because(&provider.key, "request", &why))
}

/// The assertion that proves the client, if it proves itself by one.
async fn assertion(provider: &Provider, metadata: &Metadata) -> Result<String, ProviderTrouble> {
    let ClientAuth::PrivateKey(key) = &provider.client_auth else { return Ok(String::new()) };
    let trouble = |cause: &str| ProviderTrouble::because(&provider.key, "private key", cause);
    let audience = match provider.quirks.assertion_audience {
        AssertionAudience::Issuer => provider.issuer.as_str(),
        AssertionAudience::TokenEndpoint => metadata.token.as_str(),
    };
    let id = platform::session_id().map_err(|_| trouble("no randomness"))?.to_string();
    // The key does not say what it is for: the first algorithm that it can do is taken.
    for algorithm in
        [Algorithm::Rs256, Algorithm::Es256, Algorithm::EdDsa, Algorithm::Es384, Algorithm::Es512]
    {
        let now = platform::now();
        let draft = AssertionDraft::new(&provider.client_id, audience, algorithm, None, &id, now);
        if let Some(signature) = sign(algorithm.as_str(), key.reveal(), draft.message()).await {
            return Ok(draft.seal(&signature));
        }
    }
    Err(trouble("it is no PKCS #8 key and no JWK for RS256, ES256, ES384, ES512 or EdDSA"))
}

/// The claims that are kept, and these with what `allow` asks for: of the ID token, and of `UserInfo` if one is missing
/// there.
async fn kept_claims(
    provider: &Provider,
    metadata: &Metadata,
    id_token: &IdToken,
    access_token: &str,
    time: u32,
) -> Result<(Claims, Claims), Failed> {
    let asked = provider.allow.iter().flat_map(|required| match required.claim.as_str() {
        "email_domain" => vec!["email".to_owned(), "email_verified".to_owned()],
        claim => vec![claim.to_owned()],
    });
    let wanted: Vec<String> = provider.claims.iter().cloned().chain(asked).collect();
    let more = match &metadata.userinfo {
        Some(endpoint) if claims::is_any_missing(&id_token.claims, &wanted) => {
            userinfo_of(provider, endpoint, access_token, id_token, time).await?
        }
        _ => None,
    };
    let fitting = |wanted: &[String]| fitting(id_token, more.as_ref(), wanted);
    Ok((fitting(&provider.claims)?, fitting(&wanted)?))
}

/// The wanted claims, as many as are kept.
pub fn fitting(
    id_token: &IdToken,
    more: Option<&Map<String, Value>>,
    wanted: &[String],
) -> Result<Claims, Failed> {
    let kept = claims::kept(&id_token.claims, more, wanted);
    // In ASCII a text takes up to three times as much.
    let limits = [MAX_CLAIMS, MAX_CLAIMS / 3].into_iter();
    let mut fitting = limits.filter_map(|limit| Claims::try_from(claims::bounded(kept.clone(), limit)?).ok());
    fitting.next().ok_or(Failed::Refused("claims"))
}

/// What `UserInfo` says; nothing if it does not answer, since no claim meets no rule.
pub async fn userinfo_of(
    provider: &Provider,
    endpoint: &Endpoint,
    access_token: &str,
    id_token: &IdToken,
    time: u32,
) -> Result<Option<Map<String, Value>>, Failed> {
    let authorization = userinfo::authorization(access_token);
    let ask = ProviderRequest {
        method: "GET",
        url: endpoint.as_str(),
        authorization: Some(&authorization),
        form: None,
        limit: MAX_USERINFO,
        time,
    };
    let answer = match request(ask).await {
        Ok(answer) => answer,
        Err(NoAnswer(why)) => {
            let ProviderTrouble = ProviderTrouble::because(&provider.key, "userinfo", &why);
            return Ok(None);
        }
    };
    match userinfo::read(answer.status, &answer.body, &id_token.subject) {
        Ok(claims) => Ok(Some(claims)),
        Err(fault @ (userinfo::UserInfoFault::SubjectMissing | userinfo::UserInfoFault::OtherSubject)) => {
            Err(Failed::Refused(fault.as_str()))
        }
        Err(fault) => {
            let ProviderTrouble = ProviderTrouble::because(&provider.key, "userinfo", fault.as_str());
            Ok(None)
        }
    }
}
