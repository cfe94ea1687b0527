//! The way to an identity provider: who is asked for, where, and the attempt that the browser takes along.
//!
//! Invariant: what a stranger can send begins an attempt at most, in the browser that sent it, and costs no row.

use std::rc::Rc;

use oidc::authorize::{AuthorizationRequest, Prompt, Way};
use oidc::metadata::Metadata;
use oidc::url::Endpoint;

use super::Served;
use crate::base::time::Seconds;
use crate::config::Provider;
use crate::edge::exchange::Exchange;
use crate::edge::platform;
use crate::edge::provider::ProviderTrouble;
use crate::edge::provider::documents::metadata;
use crate::edge::provider::sign_in::as_client;
use crate::edge::standing::signed_in;
use crate::gate::Answered;
use crate::pages::{Problem, ProviderPage};
use crate::provider::{Attempt, Demand, left};
use crate::request::{Visit, first_parameter, is_path, visit};
use crate::response::{Answer, Reason};

/// For how many milliseconds a pushed request is waited for.
const PUSH_TIME: u32 = 3000;

/// What an attempt is begun with.
#[derive(Default)]
pub struct Wish<'a> {
    /// Where the person wants to go.
    pub return_to: &'a str,
    /// What is asked beyond a login.
    pub demand: Demand,
    /// Whether the attempt stands for a lost one.
    pub again: bool,
    /// What the provider is to ask the person.
    pub prompt: Option<Prompt>,
    /// Who it probably is.
    pub hint: Option<&'a str>,
}

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
            exchange.pages().choose_provider(&return_to).into()
        });
    };
    let prompt = if another {
        Some(Prompt::SelectAccount)
    } else {
        left::is_held(head, exchange.keys(), exchange.now).then_some(Prompt::Login)
    };
    let hint = parameter("login_hint");
    let wish = Wish { return_to: &return_to, demand, prompt, hint: hint.as_deref(), again: false };
    Ok(begin_attempt(exchange, provider, wish).await)
}

/// The path of a login that a provider starts (Core §4).
fn target_link(exchange: &Exchange) -> Option<String> {
    let target = first_parameter(exchange.head.query(), "target_link_uri")?;
    let path = target.strip_prefix(exchange.head.origin().as_str()).unwrap_or(&target);
    Some(path.to_owned())
}

/// Begins an attempt: a cookie, and the way to the provider.
pub async fn begin_attempt(exchange: &Exchange, provider: &Rc<Provider>, wish: Wish<'_>) -> Answered {
    let Wish { return_to, demand, again, prompt, hint } = wish;
    let trouble = || exchange.pages().provider(&ProviderPage::Trouble, return_to, provider).into();
    let metadata = match metadata(&exchange.client, provider).await {
        Ok(metadata) => metadata,
        Err(ProviderTrouble) => return trouble(),
    };
    let Ok(id) = platform::session_id() else { return exchange.unavailable().into() };
    let keys = exchange.keys();
    let attempt = Attempt::new(*id.as_bytes(), provider, return_to, demand, again, exchange.now);
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
        Way::Push(endpoint) => match pushed(provider, &metadata, &request, endpoint).await {
            Ok(url) => url,
            Err(ProviderTrouble) => return trouble(),
        },
    };
    Answer::see_other(Reason::Provider, url)
        .with("referrer-policy", "no-referrer")
        .with_cookies(attempt.set(&exchange.head, keys))
        .into()
}

/// Where a browser goes with a request that was pushed (RFC 9126).
async fn pushed(
    provider: &Provider,
    metadata: &Metadata,
    request: &AuthorizationRequest<'_>,
    endpoint: &Endpoint,
) -> Result<String, ProviderTrouble> {
    let parameters = request.parameters();
    let fields: Vec<(&str, &str)> =
        parameters.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let answer = as_client(provider, metadata, |client| client.post(endpoint, &fields), PUSH_TIME).await?;
    let uri = oidc::authorize::read_pushed(answer.status, &answer.body)
        .map_err(|fault| ProviderTrouble::because(&provider.key, "pushed request", &format!("{fault:?}")))?;
    Ok(request.pushed(metadata, &uri))
}

/// Where the provider's answer comes back.
pub fn redirect_uri(exchange: &Exchange, provider: &Provider) -> String {
    format!("{}{}/callback/{}", exchange.head.origin(), exchange.config().base_path, provider.key)
}
