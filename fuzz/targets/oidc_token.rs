//! A signed token, its signature taken for good: one text, one meaning, and never two kinds of token at once.
#![no_main]

use base::bytes;
use base::time::Timestamp;
use libfuzzer_sys::fuzz_target;
use oidc::algorithm::Algorithm;
use oidc::check::FailedCheck;
use oidc::id_token::{self, Expected, Occasion};
use oidc::jws::{Signed, Unverified, Verdict};
use oidc::{logout_token, security_event};
use serde_json::Value;
use session_gate_fuzz::provider::{ACCESS_TOKEN, ISSUER, NOW, keys, metadata, secrets};

// Header and claims as JSON, one on each line, which makes the token; or a whole token.
fuzz_target!(|input: &str| {
    let text = match input.split_once('\n') {
        Some((header, claims)) => {
            let part = |text: &str| bytes::encode(text.as_bytes());
            format!("{}.{}.{}", part(header), part(claims), bytes::encode(&[1; 64]))
        }
        None => input.to_owned(),
    };
    let keys = keys();
    let read = |verdict| -> Result<Signed, FailedCheck> {
        let candidate = Unverified::parse(&text)?.candidate(&keys, &Algorithm::ALL)?;
        let message = std::str::from_utf8(candidate.message()).expect("it was text");
        assert_eq!(format!("{message}.{}", bytes::encode(candidate.signature())), text);
        assert_eq!(candidate.key().to_jwk().get("d"), None);
        candidate.judge(verdict)
    };
    assert!(read(Verdict::Bad).is_err());
    let Ok(signed) = read(Verdict::Good) else { return };

    let (metadata, secrets, now) = (metadata(), secrets(), Timestamp::from_seconds(NOW));
    let expected = Expected {
        issuers: &metadata.issuers,
        client_id: "gate",
        occasion: Occasion::Login(&secrets.nonce),
        access_token: ACCESS_TOKEN,
        max_age: None,
        acr: &[],
    };
    let person = id_token::check(signed, &expected, now);
    let logout = read(Verdict::Good).and_then(|signed| logout_token::check(signed, &metadata.issuers, "gate", now));
    let event = read(Verdict::Good).and_then(|signed| security_event::check(signed, &metadata.issuers, "gate", now));
    let kinds = [person.is_ok(), logout.is_ok(), event.is_ok()];
    assert!(kinds.iter().filter(|is_it| **is_it).count() <= 1, "{text}");
    if let Ok(person) = person {
        assert_eq!((person.issuer.as_str(), &person.claims["sub"]), (ISSUER, &Value::from(person.subject.as_str())));
        assert_eq!(person.claims["nonce"], secrets.nonce.as_str());
        assert!(person.claims["exp"].as_f64().is_some_and(|exp| exp > (NOW - 61) as f64));
        assert!((NOW - 660..=NOW + 60).contains(&person.issued_at.seconds()));
        assert!(person.auth_time.is_none_or(|time| time <= now && time.seconds() > 0));
    }
    if let Ok(logout) = logout {
        assert_eq!(logout.issuer, ISSUER);
        assert!(logout.issued_at.seconds() <= NOW + 60);
    }
});
