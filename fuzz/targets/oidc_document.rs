//! What a provider's servers answer: metadata, keys, tokens, claims. The first byte chooses, the second is a status.
#![no_main]

use libfuzzer_sys::fuzz_target;
use oidc::issuer::{Issuer, Tenants};
use oidc::jwks::Jwks;
use oidc::metadata::Metadata;
use oidc::names::Subject;
use oidc::{authorize, claims, token, userinfo};
use serde_json::{Map, Value};
use session_gate_fuzz::provider::ISSUER;

fuzz_target!(|bytes: &[u8]| {
    let [kind, status, body @ ..] = bytes else { return };
    let status = [200, 201, 302, 400, 401, 429, 500, 503][usize::from(*status % 8)];
    match kind % 5 {
        0 => metadata(body),
        1 => {
            if let Ok(keys) = Jwks::parse(body) {
                assert_eq!(Jwks::parse(body), Ok(keys));
                assert!(object(body).is_some_and(|document| document["keys"].is_array()));
            }
        }
        2 => {
            let Ok(tokens) = token::read_refresh(status, body) else { return };
            let answer = object(body).expect("an object");
            assert!(status == 200 && !answer.contains_key("error") || answer["error"].is_null());
            assert_eq!(answer["access_token"], tokens.access_token);
            assert_eq!(token::read_exchange(status, body).is_ok(), tokens.id_token.is_some());
        }
        3 => drop(authorize::read_pushed(status, body)),
        _ => {
            let subject = Subject::parse("u").expect("a subject");
            let Ok(more) = userinfo::read(status, body, &subject) else { return };
            assert_eq!((status, &more["sub"]), (200, &Value::from("u")));
            let wanted = ["email".to_owned(), "email_verified".to_owned(), "groups".to_owned()];
            let kept = claims::kept(&Map::new(), Some(&more), &wanted);
            assert!(kept.contains_key("email") || !kept.contains_key("email_verified"));
            assert!(kept.contains_key("_claim_names") || !more.contains_key("_claim_names"));
            if let Some(bounded) = claims::bounded(kept.clone(), 100) {
                assert!(serde_json::to_string(&bounded).is_ok_and(|text| text.len() <= 100));
                for name in kept.keys().filter(|name| !bounded.contains_key(*name)) {
                    assert!(bounded["_claim_names"].get(name).is_some(), "{name} was lost silently");
                }
            }
        }
    }
});

fn metadata(body: &[u8]) {
    let issuer = Issuer::parse(ISSUER).expect("an issuer");
    let Ok(metadata) = Metadata::parse(body, &issuer, &Tenants::Any) else { return };
    assert!(metadata.issuers.may_be(ISSUER) && !metadata.algorithms.is_empty());
    let document = object(body).expect("an object");
    assert_eq!(document["issuer"], ISSUER);
    for endpoint in [&metadata.authorization, &metadata.token, &metadata.jwks] {
        assert!(endpoint.as_str().starts_with("http"));
    }
}

fn object(body: &[u8]) -> Option<Map<String, Value>> {
    serde_json::from_slice::<Value>(body).ok()?.as_object().cloned()
}
