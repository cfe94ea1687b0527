//! Who a provider is: the name that the operator typed, and the names that its tokens may carry.
//!
//! 1. A configured issuer is an address without a query (Core §1.2); the metadata is found below it (Discovery §4).
//! 2. The metadata's `issuer` is that very text (Discovery §4.3).
//! 3. Only where tenants are listed, the metadata's `issuer` may be a template instead: the configured one with
//!    `{tenantid}` in the place of one segment of its path.
//! 4. Where tenants are listed, a token's `tid` is one of them, and with it in its place the template is the `iss`.
//!
//! Invariant: issuers are compared as texts, byte for byte.

use crate::check::FailedCheck;
use crate::url::{Endpoint, UrlFault};

/// The issuer that is configured for a provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issuer(Endpoint);

/// Whose tokens are taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tenants {
    /// The provider has no tenants, or all of them may come.
    Any,
    /// Those of these tenants (`tid`).
    Listed(Vec<String>),
}

/// The issuers that a provider's tokens may name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issuers {
    pattern: Pattern,
    tenants: Tenants,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Pattern {
    Exactly(String),
    /// What stands before and behind the tenant.
    Template(String, String),
}

/// What stands for the tenant in a template.
const PLACEHOLDER: &str = "{tenantid}";

impl Issuer {
    /// Reads a configured issuer.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, UrlFault> {
        let endpoint = Endpoint::parse(text)?;
        if text.contains('?') {
            return Err(UrlFault::Malformed);
        }
        Ok(Self(endpoint))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// Scheme, host and port.
    #[must_use]
    pub fn origin(&self) -> &str {
        self.0.origin()
    }

    /// Where the metadata is. A slash at the issuer's end is left out (Discovery §4.1).
    #[must_use]
    pub fn discovery_url(&self) -> String {
        let issuer = self.as_str().strip_suffix('/').unwrap_or(self.as_str());
        format!("{issuer}/.well-known/openid-configuration")
    }
}

impl Issuers {
    /// The issuers of a provider whose metadata says that it is `stated`; `None` if it is another.
    #[must_use]
    pub fn of(configured: &Issuer, stated: &str, tenants: &Tenants) -> Option<Self> {
        let pattern = match tenants {
            _ if stated == configured.as_str() => Pattern::Exactly(stated.to_owned()),
            Tenants::Listed(_) => template(configured.as_str(), stated)?,
            Tenants::Any => return None,
        };
        Some(Self { pattern, tenants: tenants.clone() })
    }

    /// Checks the `iss` and `tid` of a token whose signature is good.
    pub(crate) fn admit(&self, issuer: &str, tenant: Option<&str>) -> Result<(), FailedCheck> {
        if let Tenants::Listed(listed) = &self.tenants {
            tenant.filter(|tenant| listed.iter().any(|it| it == tenant)).ok_or(FailedCheck::Tenant)?;
        }
        let is_it = match &self.pattern {
            Pattern::Exactly(text) => issuer == text,
            Pattern::Template(before, behind) => {
                tenant.is_some_and(|tenant| issuer == format!("{before}{tenant}{behind}"))
            }
        };
        if is_it { Ok(()) } else { Err(FailedCheck::Issuer) }
    }

    /// Whether a parameter `iss` may come from this provider: it names no tenant beside it.
    #[must_use]
    pub fn may_be(&self, issuer: &str) -> bool {
        match (&self.pattern, &self.tenants) {
            (Pattern::Exactly(text), _) => issuer == text,
            (Pattern::Template(before, behind), Tenants::Listed(listed)) => {
                listed.iter().any(|tenant| issuer == format!("{before}{tenant}{behind}"))
            }
            (Pattern::Template(..), Tenants::Any) => false,
        }
    }
}

fn template(configured: &str, stated: &str) -> Option<Pattern> {
    let (before, behind) = stated.split_once(PLACEHOLDER)?;
    let tenant = configured.strip_prefix(before)?.strip_suffix(behind)?;
    let is_segment = before.ends_with('/') && (behind.is_empty() || behind.starts_with('/'));
    // Not in the place of the host: `https://{tenantid}/` would be anybody.
    let is_in_path = Endpoint::parse(before).is_ok();
    let is_one = !tenant.is_empty() && !tenant.contains('/');
    (is_segment && is_in_path && is_one).then(|| Pattern::Template(before.to_owned(), behind.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENTRA: &str = "https://login.example/{tenantid}/v2.0";

    fn issuer(text: &str) -> Issuer {
        Issuer::parse(text).unwrap()
    }

    fn listed(tenants: &[&str]) -> Tenants {
        Tenants::Listed(tenants.iter().map(|&tenant| tenant.to_owned()).collect())
    }

    fn entra() -> Issuers {
        Issuers::of(&issuer("https://login.example/common/v2.0"), ENTRA, &listed(&["t1", "t2"])).unwrap()
    }

    #[test]
    fn rule_1_the_metadata_is_below_the_issuer() {
        assert_eq!(
            issuer("https://idp.example").discovery_url(),
            "https://idp.example/.well-known/openid-configuration"
        );
        for text in ["https://idp.example/a", "https://idp.example/a/"] {
            assert_eq!(
                issuer(text).discovery_url(),
                "https://idp.example/a/.well-known/openid-configuration"
            );
        }
        assert_eq!(Issuer::parse("https://idp.example?x"), Err(UrlFault::Malformed));
        assert_eq!(Issuer::parse("http://idp.example"), Err(UrlFault::Insecure));
    }

    #[test]
    fn rule_2_the_metadata_names_the_configured_issuer() {
        let configured = issuer("https://idp.example/a");
        assert!(Issuers::of(&configured, "https://idp.example/a", &Tenants::Any).is_some());
        for other in [
            "https://idp.example/a/",
            "https://idp.example/A",
            "https://IDP.example/a",
            "https://idp.example",
            "",
        ] {
            assert_eq!(Issuers::of(&configured, other, &Tenants::Any), None, "{other}");
            assert_eq!(Issuers::of(&configured, other, &listed(&["t1"])), None, "{other}");
        }
    }

    #[test]
    fn rule_3_a_template_is_taken_only_where_tenants_are_listed_and_for_one_segment() {
        let configured = issuer("https://login.example/common/v2.0");
        assert_eq!(Issuers::of(&configured, ENTRA, &Tenants::Any), None);
        for other in [
            "https://evil.example/{tenantid}/v2.0",
            "https://login.example/{tenantid}",
            "https://login.example/x{tenantid}/v2.0",
            "https://login.example/{tenantid}x/v2.0",
            "https://{tenantid}/common/v2.0",
            "https://{tenantid}/v2.0",
            "{tenantid}",
            "https://login.example/{tenantid}/{tenantid}",
        ] {
            assert_eq!(Issuers::of(&configured, other, &listed(&["t1"])), None, "{other}");
        }
        for (configured, stated) in [
            ("https://login.example/xcommon/v2.0", "https://login.example/x{tenantid}/v2.0"),
            ("https://login.example/commonx/v2.0", "https://login.example/{tenantid}x/v2.0"),
        ] {
            assert_eq!(Issuers::of(&issuer(configured), stated, &listed(&["t1"])), None, "{stated}");
        }
        let deep = issuer("https://login.example/a/b/v2.0");
        assert_eq!(Issuers::of(&deep, ENTRA, &listed(&["t1"])), None);
        let host = issuer("https://x");
        assert_eq!(Issuers::of(&host, "https://{tenantid}", &listed(&["t1"])), None);
    }

    #[test]
    fn rule_4_a_token_of_a_listed_tenant_names_that_tenants_issuer() {
        let (one, two) = ("https://login.example/t1/v2.0", "https://login.example/t2/v2.0");
        assert_eq!(entra().admit(one, Some("t1")), Ok(()));
        assert_eq!(entra().admit(two, Some("t1")), Err(FailedCheck::Issuer));
        assert_eq!(entra().admit("https://login.example/t3/v2.0", Some("t3")), Err(FailedCheck::Tenant));
        assert_eq!(entra().admit(one, None), Err(FailedCheck::Tenant));
        assert_eq!(entra().admit(ENTRA, Some("{tenantid}")), Err(FailedCheck::Tenant));
        let exact = Issuers::of(&issuer(one), one, &listed(&["t1"])).unwrap();
        assert_eq!(exact.admit(one, Some("t1")), Ok(()));
        assert_eq!(exact.admit(one, None), Err(FailedCheck::Tenant));
        assert_eq!(exact.admit(two, Some("t1")), Err(FailedCheck::Issuer));
        let any = Issuers::of(&issuer(one), one, &Tenants::Any).unwrap();
        assert_eq!(any.admit(one, None), Ok(()));
        assert!(
            entra().may_be(one) && !entra().may_be(ENTRA) && !entra().may_be("https://login.example/t3/v2.0")
        );
        assert!(any.may_be(one) && !any.may_be(two));
    }
}
