//! Whether a person may stay: at a renewal, the provider is asked by its refresh token.
//!
//! Invariant: `invalid_grant` ends the session, and nothing else does. Who asks was chosen by the user's object
//! (`object/recheck.rs`), and is done before its lease is over.

use std::rc::Rc;

use oidc::claims;
use oidc::id_token::{Expected, IdToken, Occasion, check};
use oidc::metadata::Metadata;
use oidc::names::Subject;
use oidc::token::{TokenFault, Tokens, read_refresh, refresh};

use super::ProviderTrouble;
use super::documents::{metadata, signed};
use super::leave::Entrusted;
use super::sign_in::{Failed, as_client, fitting, userinfo_of};
use crate::config::Provider;
use crate::edge::object::client::{self, ObjectClient};
use crate::edge::object::end;
use crate::edge::platform::{self, Moment};
use crate::session::{Claims, Command, Handle, ObjectId, Recheck, Rechecked, Reply};
use crate::token::Keys;

/// For how many milliseconds tokens and claims are waited for in all. With the documents that is less than a lease.
const TIME: u32 = 5000;

/// The object's reply, as it is once the provider has been asked, if that is due.
pub async fn recheck(client: &ObjectClient, keys: &Keys, handle: Handle, reply: Reply) -> Reply {
    let (session, issued, recheck) = match reply {
        Reply::Renewed { session, issued, recheck: Some(recheck) } => (session, issued, recheck),
        reply => return reply,
    };
    // What a provider has said is stored, whether the browser waits for the answer or not.
    client.outlive_request();
    let key = session.login().provider.as_deref().unwrap_or_default();
    let Some(provider) = client.isolate.config.provider(key) else {
        return Reply::Renewed { session, issued, recheck: None };
    };
    let asking = Asking { client, provider, begun: Moment::now() };
    let outcome = asking.outcome(keys, handle.object, &recheck).await;
    let has_ended = outcome == Rechecked::Ended;
    let command = Command::Recheck { id: handle.id, lease_until: recheck.lease_until, outcome };
    match client::ask(client, keys.app_id(), handle.object, command.clone()).await {
        Ok(Reply::Gone) => return Reply::Gone,
        Ok(Reply::Updated(session)) => return Reply::Renewed { session, issued, recheck: None },
        Ok(_) | Err(client::Unavailable) => {}
    }
    client.afterwards(end::keep_trying_command(client.clone(), handle.object, command));
    if has_ended { Reply::Gone } else { Reply::Renewed { session, issued, recheck: None } }
}

/// A question to a provider, under way.
struct Asking<'a> {
    client: &'a ObjectClient,
    provider: &'a Rc<Provider>,
    begun: Moment,
}

impl Asking<'_> {
    async fn outcome(&self, keys: &Keys, object: ObjectId, recheck: &Recheck) -> Rechecked {
        let entrusted = Entrusted::open(Some(&recheck.sealed), object, keys).await;
        let Some(refresh_token) = &entrusted.refresh_token else {
            let ProviderTrouble = self.trouble("there is no refresh token");
            return Rechecked::Trouble;
        };
        let Ok(metadata) = metadata(self.client, self.provider).await else { return Rechecked::Trouble };
        let tokens = match self.tokens(&metadata, refresh_token).await {
            Ok(tokens) => tokens,
            Err(Some(TokenFault::Refused)) => return Rechecked::Ended,
            Err(_) => return Rechecked::Trouble,
        };
        let told = self.told(&metadata, &tokens, &entrusted, &recheck.issuer).await;
        let before = entrusted.told.unwrap_or_default();
        let claims = told.as_ref().map(|told| before.change_to(told)).unwrap_or_default();
        let (id_token, told) = match told {
            Some(told) => (tokens.id_token, told),
            None => (entrusted.id_token, before),
        };
        let entrusted = Entrusted {
            id_token,
            refresh_token: tokens.refresh_token.or(entrusted.refresh_token),
            subject: entrusted.subject,
            told: Some(told),
        };
        Rechecked::Stays { sealed: entrusted.seal(object, keys).await, claims }
    }

    /// New tokens; no fault if there was no answer at all.
    async fn tokens(&self, metadata: &Metadata, refresh_token: &str) -> Result<Tokens, Option<TokenFault>> {
        let post = |client: &oidc::client::Client<'_>| refresh(&metadata.token, client, refresh_token);
        let answer = as_client(self.provider, metadata, post, self.left()).await;
        let answer = answer.map_err(|ProviderTrouble| None)?;
        read_refresh(answer.status, &answer.body).map_err(|fault| {
            if let TokenFault::Trouble(trouble) = fault {
                let ProviderTrouble = self.trouble(&format!("{trouble:?}"));
            }
            Some(fault)
        })
    }

    /// What the provider says of the person now; `None` if that is not known, and all stays as it was.
    async fn told(
        &self,
        metadata: &Metadata,
        tokens: &Tokens,
        entrusted: &Entrusted,
        issuer: &str,
    ) -> Option<Claims> {
        let text = tokens.id_token.as_deref()?;
        let subject = Subject::parse(entrusted.subject.as_deref()?)?;
        let occasion = Occasion::Refresh(issuer, &subject);
        match self.claims(metadata, tokens, text, occasion).await {
            Ok(claims) => claims,
            Err(Failed::Refused(check)) => {
                let ProviderTrouble = self.trouble(check);
                None
            }
            Err(Failed::Trouble) => None,
        }
    }

    async fn claims(
        &self,
        metadata: &Metadata,
        tokens: &Tokens,
        text: &str,
        occasion: Occasion<'_>,
    ) -> Result<Option<Claims>, Failed> {
        let signed = signed(self.client, self.provider, metadata, text).await?;
        let expected = Expected {
            issuers: &metadata.issuers,
            client_id: &self.provider.client_id,
            occasion,
            access_token: &tokens.access_token,
            max_age: None,
            acr: &[],
        };
        let id_token: IdToken =
            check(signed, &expected, platform::now()).map_err(|failed| Failed::Refused(failed.as_str()))?;
        let wanted = &self.provider.claims;
        let more = match &metadata.userinfo {
            Some(endpoint) if claims::is_any_missing(&id_token.claims, wanted) => {
                let access_token = &tokens.access_token;
                let more = userinfo_of(self.provider, endpoint, access_token, &id_token, self.left()).await?;
                // A claim that may have been there is not one that has gone.
                if more.is_none() {
                    return Ok(None);
                }
                more
            }
            _ => None,
        };
        fitting(&id_token, more.as_ref(), wanted).map(Some)
    }

    fn left(&self) -> u32 {
        TIME.saturating_sub(self.begun.elapsed())
    }

    fn trouble(&self, cause: &str) -> ProviderTrouble {
        ProviderTrouble::because(&self.provider.key, "recheck", cause)
    }
}
