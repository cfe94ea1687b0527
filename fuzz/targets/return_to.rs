//! Where a redirect leads: here or to whom the operator trusts, as a browser follows it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use session_gate::gate::{Absence, Presented, no_session};
use session_gate::logout::{asked, redirect_target};
use session_gate::request::{Form, FormType, Origin, is_path, percent_encode, return_target};
use session_gate_fuzz::{FRIEND, OWN, head, is_trusted, led_to, with_gate};

fuzz_target!(|wish: &str| {
    let (own, friend) = (Origin::parse(OWN).expect("an origin"), Origin::parse(FRIEND).expect("an origin"));
    if let Some(target) = return_target(wish, &own, &[friend]) {
        assert_safe(&target);
        assert_eq!(
            return_target(&target, &own, &[]).is_some(),
            led_to(&target).origin().ascii_serialization() == OWN
        );
    }
    if is_path(wish) {
        assert_eq!(led_to(wish).origin().ascii_serialization(), OWN, "{wish:?}");
    }
    with_gate(|config, keys| {
        // As the query of a link, as its value, and as the page that somebody wanted to see.
        for query in [wish.to_owned(), format!("return_to={}", percent_encode(wish))] {
            let Some(head) = head("GET", &format!("/logout?{query}"), "") else { continue };
            // A body with control bytes is refused.
            let Ok(form) = Form::read(&FormType::UrlEncoded, wish.as_bytes()) else { continue };
            let Ok(request) = asked(false, head.query(), &form) else { continue };
            if let (Some(target), _) = redirect_target(&head, config, &request) {
                assert_safe(&target);
            }
        }
        let Some(head) = head("GET", wish, "sec-fetch-mode,navigate") else { return };
        let credentials = Presented::find(&head, config).with_cookie(None, keys);
        let refusal = no_session(&head, config, &credentials, Absence::None);
        let (_, location) =
            refusal.answer.headers.iter().find(|(name, _)| *name == "location").expect("to the login page");
        let login = led_to(location);
        assert_eq!((login.origin().ascii_serialization().as_str(), login.path()), (OWN, "/login"));
        let (_, back) = login.query_pairs().find(|(name, _)| name == "return_to").expect("and back");
        assert_eq!(led_to(&back).origin().ascii_serialization(), OWN, "{back:?}");
    });
});

fn assert_safe(target: &str) {
    assert!(target.bytes().all(|byte| byte.is_ascii_graphic()), "{target:?}");
    assert!(is_trusted(&led_to(target)), "{target:?}");
}
