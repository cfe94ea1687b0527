//! Ed25519 (RFC 8032) by the platform's `crypto.subtle`: a fifth of the time that it takes in Wasm, and
//! no curve in the Worker.
//!
//! Invariant: a private key is handed to the platform once and kept there, by app and id; what comes
//! back of it is its public half. An operation that fails is a signature that is not good.

use std::cell::RefCell;
use std::rc::Rc;

use serde_json::{Value, json};
use worker::js_sys::{Array, ArrayBuffer, Object, Promise, Reflect, Uint8Array};
use worker::wasm_bindgen::{self, JsCast, JsValue, prelude::wasm_bindgen};
use worker::wasm_bindgen_futures::JsFuture;

use crate::base::time::Timestamp;
use crate::gate::{TokenPair, Unsigned};
use crate::memory::VerifiedTokens;
use crate::token::{AccessToken, Draft, Keys, Unverified, Verified, public_jwk};

const ED25519: &str = "Ed25519";

/// How many key pairs an isolate remembers. There are three or four for an app and a secret.
const REMEMBERED_PAIRS: usize = 64;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = ["crypto", "subtle"], js_name = importKey, catch)]
    fn import_key(
        format: &str,
        key: &JsValue,
        algorithm: &str,
        extractable: bool,
        usages: &Array,
    ) -> Result<Promise, JsValue>;

    #[wasm_bindgen(js_namespace = ["crypto", "subtle"], js_name = exportKey, catch)]
    fn export_key(format: &str, key: &JsValue) -> Result<Promise, JsValue>;

    // The platform copies the bytes before the call returns (W3C Web Cryptography §14.3).
    #[wasm_bindgen(js_namespace = ["crypto", "subtle"], catch)]
    fn sign(algorithm: &str, key: &JsValue, message: &[u8]) -> Result<Promise, JsValue>;

    #[wasm_bindgen(js_namespace = ["crypto", "subtle"], catch)]
    fn verify(algorithm: &str, key: &JsValue, signature: &[u8], message: &[u8]) -> Result<Promise, JsValue>;
}

/// The key pairs that the platform holds for this isolate.
#[derive(Default)]
pub struct Signatures(RefCell<Vec<Rc<Pair>>>);

/// A key pair in the platform's hands.
struct Pair {
    app_id: String,
    id: String,
    private: JsValue,
    public: JsValue,
    /// The public key in base64url.
    x: String,
}

impl Signatures {
    /// Who a text signs in, if it is an access token of ours; its signature is verified only the first time.
    pub async fn recognise(
        &self,
        text: &str,
        keys: &Keys,
        tokens: &VerifiedTokens,
        now: Timestamp,
    ) -> Option<Verified> {
        let token = match tokens.recall(text) {
            Some(token) => token,
            None => tokens.remember(text, self.verified(text, keys, now).await?),
        };
        Some(token.at(keys, now))
    }

    /// Signs the access token of a pair.
    pub async fn seal(&self, unsigned: Unsigned, keys: &Keys) -> Option<TokenPair> {
        let signature = self.sign(unsigned.draft(), keys).await?;
        Some(unsigned.seal(&signature))
    }

    /// Signs any other JWT.
    pub async fn seal_jwt(&self, draft: Draft, keys: &Keys) -> Option<String> {
        let signature = self.sign(&draft, keys).await?;
        Some(draft.seal(&signature))
    }

    /// The JWKS (RFC 7517) of an app.
    pub async fn jwks(&self, keys: &Keys, now: Timestamp) -> Option<Value> {
        let mut public = Vec::new();
        for id in keys.published(now) {
            public.push(public_jwk(&id, &self.pair(keys, &id).await?.x));
        }
        Some(json!({ "keys": public }))
    }

    async fn verified(&self, text: &str, keys: &Keys, now: Timestamp) -> Option<AccessToken> {
        let token = Unverified::read(text, keys, now)?;
        let pair = self.pair(keys, token.key_id()).await?;
        let promise = verify(ED25519, &pair.public, token.signature(), token.message()).ok()?;
        let is_good = JsFuture::from(promise).await.is_ok_and(|good| good == JsValue::TRUE);
        token.confirm(is_good)
    }

    async fn sign(&self, draft: &Draft, keys: &Keys) -> Option<Vec<u8>> {
        let pair = self.pair(keys, draft.key_id()).await?;
        let signature = JsFuture::from(sign(ED25519, &pair.private, draft.message()).ok()?).await.ok()?;
        Some(Uint8Array::new(signature.unchecked_ref::<ArrayBuffer>()).to_vec())
    }

    async fn pair(&self, keys: &Keys, id: &str) -> Option<Rc<Pair>> {
        let is_it = |pair: &&Rc<Pair>| pair.id == id && pair.app_id == keys.app_id();
        if let Ok(pairs) = self.0.try_borrow()
            && let Some(pair) = pairs.iter().find(is_it)
        {
            return Some(Rc::clone(pair));
        }
        let pair = Rc::new(Pair::import(keys, id).await.ok()?);
        if let Ok(mut pairs) = self.0.try_borrow_mut() {
            if pairs.len() >= REMEMBERED_PAIRS {
                pairs.clear();
            }
            pairs.push(Rc::clone(&pair));
        }
        Some(pair)
    }
}

impl Pair {
    async fn import(keys: &Keys, id: &str) -> Result<Self, JsValue> {
        let private_key = keys.private_key(id).ok_or(JsValue::UNDEFINED)?;
        let bytes = Uint8Array::from(private_key.as_slice());
        // Extractable for a moment: the platform works out the public key only as part of an export.
        let whole =
            JsFuture::from(import_key("pkcs8", &bytes, ED25519, true, &Array::of1(&"sign".into()))?).await?;
        let jwk = JsFuture::from(export_key("jwk", &whole)?).await?;
        let x = Reflect::get(&jwk, &"x".into())?;
        let private =
            JsFuture::from(import_key("pkcs8", &bytes, ED25519, false, &Array::of1(&"sign".into()))?).await?;
        let public = JsFuture::from(import_key(
            "jwk",
            &public_key(&x)?,
            ED25519,
            false,
            &Array::of1(&"verify".into()),
        )?)
        .await?;
        let x = x.as_string().ok_or(JsValue::UNDEFINED)?;
        Ok(Self { app_id: keys.app_id().to_owned(), id: id.to_owned(), private, public, x })
    }
}

fn public_key(x: &JsValue) -> Result<JsValue, JsValue> {
    let key = Object::new();
    Reflect::set(&key, &"kty".into(), &"OKP".into())?;
    Reflect::set(&key, &"crv".into(), &ED25519.into())?;
    Reflect::set(&key, &"x".into(), x)?;
    Ok(key.into())
}
