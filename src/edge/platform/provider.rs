//! Requests to providers, signatures by keys that are not the gate's, and sealing.
//!
//! Invariant: a request is bounded in size and time and follows no redirect; an operation that fails is an answer, not an
//! error.

use oidc::jws::{Candidate, Verdict};
use worker::js_sys::{Promise, Reflect, Uint8Array};
use worker::wasm_bindgen::{self, JsCast, JsValue, prelude::wasm_bindgen};
use worker::wasm_bindgen_futures::JsFuture;

#[wasm_bindgen(module = "/src/edge/platform/provider.js")]
extern "C" {
    #[wasm_bindgen(js_name = providerRequest)]
    fn provider_request(
        method: &str,
        url: &str,
        authorization: Option<&str>,
        form: Option<&str>,
        limit: u32,
        time: u32,
    ) -> Promise;

    #[wasm_bindgen(js_name = isSignedBy)]
    fn is_signed_by(algorithm: &str, jwk: &str, signature: &[u8], message: &[u8]) -> Promise;

    #[wasm_bindgen(js_name = signedWith)]
    fn signed_with(algorithm: &str, private_key: &str, message: &[u8]) -> Promise;

    fn sealed(key: &[u8], associated: &[u8], content: &[u8]) -> Promise;

    fn opened(key: &[u8], associated: &[u8], whole: &[u8]) -> Promise;
}

/// A request to a provider.
pub struct ProviderRequest<'a> {
    /// The method.
    pub method: &'static str,
    /// Where it goes.
    pub url: &'a str,
    /// The header `Authorization`.
    pub authorization: Option<&'a str>,
    /// The body, urlencoded.
    pub form: Option<&'a str>,
    /// The longest answer, in bytes.
    pub limit: usize,
    /// For how many milliseconds it is waited for.
    pub time: u32,
}

/// An answer of a provider.
pub struct ProviderAnswer {
    /// Its status.
    pub status: u16,
    /// For how many seconds it says that it may be kept.
    pub max_age: Option<u32>,
    /// Its body.
    pub body: Vec<u8>,
}

/// Why there is no answer.
#[derive(Clone, Debug)]
pub struct NoAnswer(pub String);

/// Asks a provider.
pub async fn request(request: ProviderRequest<'_>) -> Result<ProviderAnswer, NoAnswer> {
    let ProviderRequest { method, url, authorization, form, limit, time } = request;
    let limit = u32::try_from(limit).unwrap_or(u32::MAX);
    let promise = provider_request(method, url, authorization, form, limit, time);
    let answer = JsFuture::from(promise).await.map_err(|_| NoAnswer("no answer".to_owned()))?;
    if let Some(why) = answer.as_string() {
        return Err(NoAnswer(why));
    }
    let member = |name: &str| Reflect::get(&answer, &name.into()).unwrap_or_default();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the cast saturates")]
    let status = member("status").as_f64().unwrap_or_default() as u16;
    let max_age = member("maxAge").as_string().and_then(|seconds| seconds.parse().ok());
    Ok(ProviderAnswer { status, max_age, body: member("body").unchecked_into::<Uint8Array>().to_vec() })
}

/// Whether the signature of a token is good.
pub async fn verdict(candidate: &Candidate<'_, '_>) -> Verdict {
    let jwk = candidate.key().to_jwk().to_string();
    let promise =
        is_signed_by(candidate.algorithm().as_str(), &jwk, candidate.signature(), candidate.message());
    match JsFuture::from(promise).await {
        Ok(good) if good == JsValue::TRUE => Verdict::Good,
        _ => Verdict::Bad,
    }
}

/// A signature by a private key of the configuration.
pub async fn sign(algorithm: &str, private_key: &str, message: &[u8]) -> Option<Vec<u8>> {
    bytes_of(signed_with(algorithm, private_key, message)).await
}

/// Seals `content` for one use, which `associated` names.
pub async fn seal(key: &[u8; 32], associated: &[u8], content: &[u8]) -> Option<Vec<u8>> {
    bytes_of(sealed(key, associated, content)).await
}

/// Opens what was sealed with one of `keys`.
pub async fn open(keys: &[[u8; 32]], associated: &[u8], whole: &[u8]) -> Option<Vec<u8>> {
    for key in keys {
        if let Some(content) = bytes_of(opened(key, associated, whole)).await {
            return Some(content);
        }
    }
    None
}

async fn bytes_of(promise: Promise) -> Option<Vec<u8>> {
    let bytes = JsFuture::from(promise).await.ok()?;
    bytes.is_instance_of::<Uint8Array>().then(|| bytes.unchecked_into::<Uint8Array>().to_vec())
}
