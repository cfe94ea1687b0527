//! The target of a request: whose path it is, which rule is its own, and where it comes from.
#![no_main]

use libfuzzer_sys::fuzz_target;
use percent_encoding::percent_decode_str;
use session_gate::gate::Route;
use session_gate::config::SessionNeed;
use session_gate::request::{LogoutLink, Trust, cross_site, logout_link};
use session_gate_fuzz::{head, with_gate};

// Method, target, then header lines as `name,value`.
fuzz_target!(|input: &str| {
    let mut parts = input.splitn(3, '\n');
    let (Some(method), Some(target)) = (parts.next(), parts.next()) else { return };
    let Some(head) = head(method, target, parts.next().unwrap_or_default()) else { return };
    let path = head.path();
    assert!(path.starts_with('/') && !path.contains(['?', '#']));

    with_gate(|config, _| {
        let is_below =
            |base: &str| path.strip_prefix(base).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        let route = Route::of(path, config);
        assert_eq!(
            route == Route::Application,
            // A slash at the end of the gate's own paths is nothing.
            !is_below("/auth") && !["/logout", "/logout/", "/logout/all", "/logout/all/"].contains(&path),
            "{path}"
        );

        let need = config.rule(&head).session;
        if need != SessionNeed::Required && path != "/login" {
            assert!(path.starts_with("/open/") || path.starts_with("/maybe"), "{path}");
            // However often an origin decodes the slashes, it stays below what is open.
            let decoded = percent_decode_str(path).decode_utf8_lossy();
            assert_eq!(decoded.matches('/').count(), path.matches('/').count(), "{path}");
            assert!(!decoded.contains(|it: char| it == '\\' || it.is_ascii_control()), "{path}");
            assert!(!path.starts_with("/open/private/"), "{path}");
        }
        let nobody = Trust { origins: &[], same_site: false };
        let trusting = Trust { origins: &config.cors_origins, same_site: true };
        assert!(cross_site(&head, nobody) || !cross_site(&head, trusting), "trust refuses nothing");
    });
    if logout_link(&head) == LogoutLink::Followed {
        assert!(head.header("sec-purpose").is_none() && head.header("upgrade").is_none());
        assert!(!matches!(head.header("sec-fetch-site"), Some("cross-site" | "same-site")));
        assert!(head.header("sec-fetch-dest").is_none_or(|dest| dest == "document"));
    }
    for (name, value) in head.headers() {
        assert!(!name.contains(',') && !value.contains('\n'));
    }
});
