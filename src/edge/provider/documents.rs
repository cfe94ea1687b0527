//! A provider's metadata and keys: fetched when they are first needed, then kept by the isolate.
//!
//! 1. A document is fresh for as long as its answer says, at least five minutes and at most a day; an hour if it says
//!    nothing.
//! 2. One that is no longer fresh is used at once and fetched again after the answer; where that fails it is used for
//!    seven days (metadata) or one (keys).
//! 3. A key that is not there is reason to fetch the keys again, once a minute at the most.
//! 4. Requests that need a document which is being fetched wait for that.
//!
//! Invariant: a document that is used was checked when it came (`oidc::metadata`, `oidc::jwks`).

use std::rc::Rc;
use std::time::Duration;

use oidc::check::FailedCheck;
use oidc::jwks::{Jwks, MAX_JWKS, Refetch};
use oidc::jws::{Candidate, Signed, Unverified};
use oidc::metadata::{MAX_METADATA, Metadata};

use super::ProviderTrouble;
use crate::base::time::Seconds;
use crate::config::Provider;
use crate::edge::object::client::ObjectClient;
use crate::edge::platform::provider::{ProviderAnswer, ProviderRequest, request, verdict};
use crate::edge::platform::{self, Moment};
use crate::memory::{Kept, OfProvider};

/// For how many milliseconds a document is waited for.
pub const TIME: u32 = 3000;

const SHORTEST: u32 = 300;
const LONGEST: u32 = 86_400;
const USUAL: u32 = 3600;

/// For how long a document is used that cannot be fetched again.
const STALE_METADATA: Seconds = Seconds::new(7 * 86_400);
const STALE_KEYS: Seconds = Seconds::new(86_400);

/// For how long a request that was given up keeps others from fetching.
const GIVEN_UP: Seconds = Seconds::new(4);

/// How often somebody who waits for another's request looks again.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// Why a token was not taken.
pub enum Untaken {
    /// It failed a check.
    Failed(FailedCheck),
    /// The keys cannot be had.
    Trouble,
}

impl From<FailedCheck> for Untaken {
    fn from(failed: FailedCheck) -> Self {
        Self::Failed(failed)
    }
}

impl From<ProviderTrouble> for Untaken {
    fn from(ProviderTrouble: ProviderTrouble) -> Self {
        Self::Trouble
    }
}

/// The metadata of a provider.
pub async fn metadata(
    client: &ObjectClient,
    provider: &Rc<Provider>,
) -> Result<Rc<Metadata>, ProviderTrouble> {
    get(client, provider, |documents| &mut documents.metadata, STALE_METADATA, fetch_metadata).await
}

/// A token of a provider whose signature is good.
pub async fn signed(
    client: &ObjectClient,
    provider: &Rc<Provider>,
    metadata: &Metadata,
    token: &str,
) -> Result<Signed, Untaken> {
    let candidate = |keys| Unverified::parse(token)?.candidate(keys, &metadata.algorithms);
    let keys = get(client, provider, |documents| &mut documents.keys, STALE_KEYS, fetch_keys).await?;
    let failed = match candidate(&keys) {
        Ok(candidate) => return judged(candidate).await,
        Err(failed) => failed,
    };
    let fetched_at = client.isolate.documents.keys_fetched_at(&provider.key);
    if Refetch::after(failed, fetched_at.unwrap_or_default(), platform::now()) != Refetch::Now {
        return Err(failed.into());
    }
    let keys = fetched(client, provider, |documents| &mut documents.keys, fetch_keys).await?;
    judged(candidate(&keys)?).await
}

async fn judged(candidate: Candidate<'_, '_>) -> Result<Signed, Untaken> {
    let verdict = verdict(&candidate).await;
    Ok(candidate.judge(verdict)?)
}

/// The document that is kept, or one that is fetched.
async fn get<T: 'static, Fetched>(
    client: &ObjectClient,
    provider: &Rc<Provider>,
    place: fn(&mut OfProvider) -> &mut Kept<T>,
    stale: Seconds,
    fetch: fn(ObjectClient, Rc<Provider>) -> Fetched,
) -> Result<Rc<T>, ProviderTrouble>
where
    Fetched: Future<Output = Result<(T, Seconds), ProviderTrouble>> + 'static,
{
    let now = platform::now();
    let documents = &client.isolate.documents;
    let kept = documents.with(&provider.key, |kept| place(kept).value.clone());
    match kept {
        Some((value, at, fresh)) if at.within(fresh, now) => Ok(value),
        Some((value, at, _)) if at.within(stale, now) => {
            let (again, provider) = (client.clone(), Rc::clone(provider));
            client.afterwards(async move {
                // What is kept is used on; the trouble is in the log.
                let _ = fetched(&again, &provider, place, fetch).await;
            });
            Ok(value)
        }
        _ => fetched(client, provider, place, fetch).await,
    }
}

/// The document, fetched now, by this request or another.
async fn fetched<T, Fetched>(
    client: &ObjectClient,
    provider: &Rc<Provider>,
    place: fn(&mut OfProvider) -> &mut Kept<T>,
    fetch: fn(ObjectClient, Rc<Provider>) -> Fetched,
) -> Result<Rc<T>, ProviderTrouble>
where
    Fetched: Future<Output = Result<(T, Seconds), ProviderTrouble>>,
{
    let documents = &client.isolate.documents;
    let (begun, waited) = (platform::now(), Moment::now());
    let is_another_at_it =
        |kept: &mut OfProvider| place(kept).fetching.is_some_and(|at| at.within(GIVEN_UP, platform::now()));
    if documents.with(&provider.key, is_another_at_it) {
        // One request's promise must not be awaited in another.
        while documents.with(&provider.key, is_another_at_it) && waited.elapsed() < TIME {
            platform::pause(LOOK_AGAIN).await;
        }
        // What was there before is what this request could not use.
        let kept = documents.with(&provider.key, |kept| place(kept).value.clone());
        return kept.filter(|(_, at, _)| *at >= begun).map(|(value, ..)| value).ok_or(ProviderTrouble);
    }
    documents.with(&provider.key, |kept| place(kept).fetching = Some(begun));
    let answer = fetch(client.clone(), Rc::clone(provider)).await;
    documents.with(&provider.key, |kept| place(kept).fetching = None);
    let (value, fresh) = answer?;
    let value = Rc::new(value);
    let kept = (Rc::clone(&value), platform::now(), fresh);
    documents.with(&provider.key, |documents| place(documents).value = Some(kept));
    Ok(value)
}

async fn fetch_metadata(
    _: ObjectClient,
    provider: Rc<Provider>,
) -> Result<(Metadata, Seconds), ProviderTrouble> {
    let answer = document(&provider, "metadata", &provider.issuer.discovery_url(), MAX_METADATA).await?;
    let metadata = Metadata::parse(&answer.body, &provider.issuer, &provider.tenants)
        .map_err(|fault| ProviderTrouble::because(&provider.key, "metadata", &format!("{fault:?}")))?;
    Ok((metadata, fresh(answer.max_age)))
}

async fn fetch_keys(
    client: ObjectClient,
    provider: Rc<Provider>,
) -> Result<(Jwks, Seconds), ProviderTrouble> {
    let metadata = metadata(&client, &provider).await?;
    let answer = document(&provider, "keys", metadata.jwks.as_str(), MAX_JWKS).await?;
    let keys = Jwks::parse(&answer.body)
        .map_err(|fault| ProviderTrouble::because(&provider.key, "keys", &format!("{fault:?}")))?;
    Ok((keys, fresh(answer.max_age)))
}

async fn document(
    provider: &Provider,
    what: &'static str,
    url: &str,
    limit: usize,
) -> Result<ProviderAnswer, ProviderTrouble> {
    let ask = ProviderRequest { method: "GET", url, authorization: None, form: None, limit, time: TIME };
    match request(ask).await {
        Ok(answer) if answer.status == 200 => Ok(answer),
        Ok(answer) => {
            Err(ProviderTrouble::because(&provider.key, what, &format!("status {}", answer.status)))
        }
        Err(why) => Err(ProviderTrouble::because(&provider.key, what, &why.0)),
    }
}

fn fresh(max_age: Option<u32>) -> Seconds {
    Seconds::new(max_age.map_or(USUAL, |seconds| seconds.clamp(SHORTEST, LONGEST)))
}
