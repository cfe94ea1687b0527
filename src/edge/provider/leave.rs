//! The end of a provider's login: what its tokens are kept in, and where the browser goes to end the provider's session.
//!
//! Invariant: the gate's own session has ended before anything here is done, and does not come back because of it.

use std::rc::Rc;

use oidc::end_session::EndSession;
use oidc::revocation;
use serde_json::json;

use super::ProviderTrouble;
use super::documents::metadata;
use super::sign_in::as_client;
use crate::base::bytes;
use crate::base::json::{Fields, object as json_object, optional, text};
use crate::config::Provider;
use crate::edge::exchange::Exchange;
use crate::edge::object::client::ObjectClient;
use crate::edge::platform::provider::{open, seal};
use crate::logout::ProviderLogout;
use crate::provider::State;
use crate::session::{Claims, Left, ObjectId};
use crate::token::Keys;

/// The longest ID token that is kept, in bytes.
const MAX_ID_TOKEN: usize = 16 * 1024;

/// For how many milliseconds a refresh token's revocation is waited for.
const REVOCATION_TIME: u32 = 3000;

/// What a provider entrusts to the gate with a session.
#[derive(Default)]
pub struct Entrusted {
    /// The ID token, which a logout there needs.
    pub id_token: Option<String>,
    /// The refresh token.
    pub refresh_token: Option<String>,
    /// `sub` of the ID token of the login.
    pub subject: Option<String>,
    /// The claims that the provider told last, where it is asked again.
    pub told: Option<Claims>,
}

impl Entrusted {
    /// Seals it for a user's object.
    pub async fn seal(&self, object: ObjectId, keys: &Keys) -> Option<String> {
        let id_token = self.id_token.as_ref().filter(|token| token.len() <= MAX_ID_TOKEN);
        let content = json!({
            "id_token": id_token,
            "refresh_token": self.refresh_token,
            "subject": self.subject,
            "told": self.told,
        });
        let content = content.to_string();
        let key = keys.sealing_keys().into_iter().next()?;
        let sealed = seal(&key, &associated(object), content.as_bytes()).await?;
        Some(bytes::encode(&sealed))
    }

    /// Opens what was sealed; what does not open is nothing.
    pub async fn open(sealed: Option<&str>, object: ObjectId, keys: &Keys) -> Self {
        let opened = async {
            let whole = bytes::decode_any(sealed?)?;
            let content = open(&keys.sealing_keys(), &associated(object), &whole).await?;
            let mut fields = Fields::parse(std::str::from_utf8(&content).ok()?)?;
            Some(Self {
                id_token: optional(fields.take("id_token"), text)?,
                refresh_token: optional(fields.take("refresh_token"), text)?,
                subject: optional(fields.take("subject"), text)?,
                told: optional(fields.take("told"), json_object)?.map(Claims::of_before),
            })
        };
        opened.await.unwrap_or_default()
    }
}

/// What the sealed bytes are bound to: they open for this user alone.
fn associated(object: ObjectId) -> Vec<u8> {
    format!("provider tokens of {}", object.to_hex()).into_bytes()
}

/// How the provider's session is ended, once the gate's has been; `None` if the provider is not configured any more.
pub async fn leave(
    exchange: &Exchange,
    object: ObjectId,
    left: &Left,
    target: Option<&str>,
) -> Option<ProviderLogout> {
    let provider = exchange.config().provider(&left.provider)?;
    let entrusted = Entrusted::open(left.sealed.as_deref(), object, exchange.keys()).await;
    if let Some(token) = entrusted.refresh_token.clone() {
        exchange.client.afterwards(revoke(exchange.client.clone(), Rc::clone(provider), token));
    }
    let url = if provider.logout {
        end_session_url(exchange, provider, entrusted.id_token.as_deref(), target).await
    } else {
        None
    };
    Some(ProviderLogout { key: provider.key.clone(), name: provider.name.clone(), url })
}

async fn end_session_url(
    exchange: &Exchange,
    provider: &Rc<Provider>,
    id_token: Option<&str>,
    target: Option<&str>,
) -> Option<String> {
    let Ok(metadata) = metadata(&exchange.client, provider).await else { return None };
    let return_uri = format!("{}{}/signed-out", exchange.head.origin(), exchange.config().base_path);
    let state = State::to_return(&provider.key, target.unwrap_or_default(), exchange.keys());
    let end = EndSession {
        client_id: &provider.client_id,
        id_token,
        return_uri: &return_uri,
        state: &state,
        language: None,
    };
    end.url(&metadata, provider.quirks.end_session)
}

/// Gives a refresh token back (RFC 7009).
async fn revoke(client: ObjectClient, provider: Rc<Provider>, token: String) {
    let Ok(metadata) = metadata(&client, &provider).await else { return };
    let Some(endpoint) = &metadata.revocation else { return };
    let post = |client: &oidc::client::Client<'_>| revocation::request(endpoint, client, &token);
    match as_client(&provider, &metadata, post, REVOCATION_TIME).await {
        Ok(_) | Err(ProviderTrouble) => {}
    }
}
