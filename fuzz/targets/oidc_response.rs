//! What a browser or a provider brings in a form: the authorization response, front-channel and back-channel logout.
#![no_main]

use libfuzzer_sys::fuzz_target;
use oidc::callback::{Answer, Callback};
use oidc::{front_channel, logout_token};
use session_gate_fuzz::provider::{ISSUER, metadata};

fuzz_target!(|form: &[u8]| {
    // Another reader of forms: the one that browsers follow.
    let values = |wanted: &str| -> Vec<String> {
        let pairs = url::form_urlencoded::parse(form).filter(|(name, _)| name == wanted);
        pairs.map(|(_, value)| value.into_owned()).collect()
    };
    let metadata = metadata();
    if let Ok(callback) = Callback::parse(form) {
        let state = callback.state().to_owned();
        assert_eq!(values("state"), [state.clone()]);
        let carried = Callback::parse(callback.to_query().as_bytes()).map(|again| again.to_query());
        assert_eq!(carried, Ok(callback.to_query()), "what is carried along is what came");
        let Ok(answer) = callback.judge(&state, &metadata) else { return };
        assert_eq!(values("iss"), [ISSUER]);
        match answer {
            Answer::Code(code) => assert_eq!((values("code"), values("error")), (vec![code.as_str().into()], vec![])),
            Answer::Error(_) => assert_eq!((values("code").len(), values("error").len()), (0, 1)),
        }
        let again = Callback::parse(form).expect("it was one");
        assert!(again.judge(&format!("{state}x"), &metadata).is_err());
    }
    if let Ok(token) = logout_token::from_form(form) {
        assert_eq!(values("logout_token"), [token]);
    }
    if let Ok(session) = front_channel::read(form, &metadata.issuers) {
        assert_eq!(values("sid"), [session.as_str()]);
        assert!(session.as_str().len() >= 16 && values("iss").iter().all(|issuer| issuer == ISSUER));
    }
});
