//! Giving a refresh token back (RFC 7009), so that it is worth nothing to whoever finds it.
//!
//! 1. The request names the token and its kind, with the client's proof.
//! 2. 200 is done, also of a token that the provider does not know (§2.2); 503 may be tried again (§2.2.1), and so may
//!    429 and what else a server fails with. Anything else is as it is.
//!
//! Invariant: nobody waits for it. A logout is done without.

use crate::client::{Client, FormPost};
use crate::url::Endpoint;

/// What became of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Revocation {
    /// It is worth nothing now.
    Done,
    /// The provider could not say; it may be tried again.
    TryAgain,
    /// The provider did not want to.
    Refused,
}

/// The request.
#[must_use]
pub fn request(endpoint: &Endpoint, client: &Client<'_>, refresh_token: &str) -> FormPost {
    client.post(endpoint, &[("token", refresh_token), ("token_type_hint", "refresh_token")])
}

impl Revocation {
    /// What an answer with this status means.
    #[must_use]
    pub const fn of(status: u16) -> Self {
        match status {
            // 204 is not in the RFC, and cannot mean anything else.
            200 | 204 => Self::Done,
            429 | 500..=599 => Self::TryAgain,
            _ => Self::Refused,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::Proof;
    use base::bytes;

    #[test]
    fn rule_1_a_request_names_the_token_and_its_kind() {
        let endpoint = Endpoint::parse("https://idp.example/revoke").unwrap();
        let post = request(&endpoint, &Client { id: "gate", proof: Proof::Basic("s") }, "r+t");
        assert_eq!(post.body, "token=r%2Bt&token_type_hint=refresh_token");
        assert_eq!(post.authorization, Some(format!("Basic {}", bytes::encode_standard(b"gate:s"))));
    }

    #[test]
    fn rule_2_a_status_says_whether_to_try_again() {
        for (status, expected) in [
            (200, Revocation::Done),
            (204, Revocation::Done),
            (503, Revocation::TryAgain),
            (500, Revocation::TryAgain),
            (429, Revocation::TryAgain),
            (302, Revocation::Refused),
            (400, Revocation::Refused),
            (401, Revocation::Refused),
            (404, Revocation::Refused),
        ] {
            assert_eq!(Revocation::of(status), expected, "{status}");
        }
    }
}
