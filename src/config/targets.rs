//! Where `LOGIN_URL` and `LOGOUT_REDIRECT` may lead.
//!
//! Rule: to no route of the gate's own but `<BASE_PATH>/login`: a login that is the logout would end the session it is
//! to begin, a logout that leads to the logout never ends, and the other routes are pages of nobody. Any spelling that
//! some reader takes for such a path counts. On plain `http:` they lead to this machine alone.
//!
//! At which host the gate is, the configuration does not say: a URL is compared with it when a request has come
//! ([`OwnTargets`]).

use super::readings::Step;
use crate::request::{Origin, is_path};

/// The paths that are the gate's own.
pub struct OwnPaths<'a> {
    /// `BASE_PATH`.
    pub base: &'a str,
    /// `CORE_PATH`.
    pub core: &'a str,
    /// `LOGOUT_PATH`.
    pub logout: &'a str,
}

/// The variables whose URL leads to a route of the gate's own, if the gate is at this origin.
pub type OwnTargets = Vec<(&'static str, Origin)>;

/// What a target is.
pub enum Target {
    /// One that may be led to.
    Fine,
    /// A route of the gate's own.
    Own,
    /// A route of the gate's own, if it is at this origin.
    OwnAt(Origin),
    /// A URL without TLS, of another machine.
    Plain,
}

impl OwnPaths<'_> {
    /// What a path or URL is, as the variable has it.
    #[must_use]
    pub fn target(&self, text: &str) -> Target {
        if is_path(text) {
            return if self.has(text) { Target::Own } else { Target::Fine };
        }
        let Some(origin) = Origin::of_url(text) else { return Target::Fine };
        if origin.scheme() == "http" && !origin.is_loopback() {
            return Target::Plain;
        }
        let path = text.get(origin.as_str().len()..).unwrap_or_default();
        if self.has(path) { Target::OwnAt(origin) } else { Target::Fine }
    }

    fn has(&self, target: &str) -> bool {
        let target = target.split(['?', '#']).next().unwrap_or_default();
        let path = plainest(target);
        let [base, core, logout] = [self.base, self.core, self.logout].map(plainest);
        let below = |of: &str| path.strip_prefix(of).filter(|rest| rest.is_empty() || rest.starts_with('/'));
        let is_logout = below(&logout).is_some_and(|rest| matches!(rest, "" | "/all"));
        is_logout || below(&core).is_some() || below(&base).is_some_and(|rest| rest != "/login")
    }
}

/// The path that all steps lead to, without a slash at its end.
fn plainest(path: &str) -> String {
    let mut path = path.to_owned();
    // Each step shortens what it changes, but for the case; so many rounds are never needed.
    for _ in 0..=path.len() {
        let before = path.clone();
        for step in Step::ALL {
            path = step.apply(&path).unwrap_or(path);
        }
        if path == before {
            break;
        }
    }
    path.trim_end_matches('/').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: OwnPaths<'static> = OwnPaths { base: "/auth", core: "/auth/core", logout: "/Logout" };

    /// Ways to spell a path that lead some reader to the same.
    fn spellings(path: &str) -> Vec<String> {
        let all = [
            path.to_owned(),
            format!("{path}/"),
            format!("{path}//"),
            format!("{path}?x=y"),
            format!("{path}#x"),
            format!("{path};v=1"),
            format!("{path}/."),
            format!("/a/..{path}"),
            format!("/a/%2e%2E{path}"),
            format!("/.{path}"),
            format!("/a/..;{path}"),
            format!("/a/../{path}"),
            format!("{path}/x/.."),
            path.replacen('o', "%6f", 1),
            path.replacen('o', "%256f", 1),
            path.to_uppercase(),
        ];
        all.to_vec()
    }

    #[test]
    fn a_route_of_the_gate_s_own_is_one_in_every_spelling_and_at_the_gate_s_host() {
        for path in [
            "/logout",
            "/logout/all",
            "/auth/session/o",
            "/auth/sessions/revoke",
            "/auth/core/o",
            "/auth/oidc",
        ] {
            for spelling in spellings(path) {
                assert!(matches!(OWN.target(&spelling), Target::Own), "{spelling}");
                for origin in ["https://app.example", "http://localhost:8787"] {
                    let Target::OwnAt(at) = OWN.target(&format!("{origin}{spelling}")) else {
                        panic!("{origin}{spelling}")
                    };
                    assert_eq!(at.as_str(), origin);
                }
            }
        }
        for url in [
            "https://app.example//logout",
            "https://app.example\\logout",
            "https://app.example/a\\..\\logout",
        ] {
            assert!(matches!(OWN.target(url), Target::OwnAt(_)), "{url}");
        }
        assert!(matches!(OWN.target("/auth"), Target::Own));
    }

    #[test]
    fn every_other_page_may_be_led_to() {
        for path in [
            "/",
            "/login",
            "/auth/login",
            "/auth/login?provider=x",
            "/authors",
            "/logout/done",
            "/logouts",
            "/bye?x=/logout",
            "/bye#/logout",
            "/a/logout",
        ] {
            assert!(matches!(OWN.target(path), Target::Fine), "{path}");
            assert!(matches!(OWN.target(&format!("https://id.example{path}")), Target::Fine), "{path}");
        }
        assert!(matches!(OWN.target("https://id.example"), Target::Fine));
    }

    #[test]
    fn without_tls_only_this_machine_is_led_to() {
        for host in
            ["localhost", "localhost:8787", "app.localhost", "127.0.0.1", "127.8.9.1:81", "[::1]:8787"]
        {
            assert!(!matches!(OWN.target(&format!("http://{host}/x")), Target::Plain), "{host}");
        }
        for host in ["id.example", "10.0.0.1", "localhost.example", "notlocalhost", "[::2]", "0.0.0.0"] {
            assert!(matches!(OWN.target(&format!("http://{host}/x")), Target::Plain), "{host}");
            assert!(matches!(OWN.target(&format!("https://{host}/x")), Target::Fine), "{host}");
        }
    }
}
