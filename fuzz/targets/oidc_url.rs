//! An address of a provider: what is read as one is the same one to browsers, and what is put behind it reads back.
#![no_main]

use libfuzzer_sys::fuzz_target;
use oidc::issuer::{Issuer, Issuers, Tenants};
use oidc::url::Endpoint;
use url::Url;

// An address, a value for a parameter, and what metadata says the issuer is.
fuzz_target!(|input: &str| {
    let mut lines = input.splitn(3, '\n');
    let (text, value) = (lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
    let stated = lines.next().unwrap_or_default();
    if let Ok(issuer) = Issuer::parse(text) {
        assert!(Issuers::of(&issuer, text, &Tenants::Any).is_some());
        assert!(stated == text || Issuers::of(&issuer, stated, &Tenants::Any).is_none());
        let listed = Tenants::Listed(vec!["t1".into()]);
        if let Some(issuers) = Issuers::of(&issuer, stated, &listed)
            && stated != text
        {
            let one = stated.replace("{tenantid}", "t1");
            assert!(issuers.may_be(&one) && !issuers.may_be(stated));
            let origin = |text: &str| Url::parse(text).map(|url| url.origin());
            assert_eq!(origin(&one), origin(text), "no tenant is on another host");
        }
    }

    let Ok(endpoint) = Endpoint::parse(text) else { return };
    // A name may look like an address that is none (`1.2.3.999`): then browsers go nowhere.
    let Ok(url) = Url::parse(text) else { return };
    assert!(url.username().is_empty() && url.password().is_none() && url.fragment().is_none());
    let origin = Url::parse(endpoint.origin()).expect("the start of an address is one");
    assert_eq!(origin.origin(), url.origin());
    if url.scheme() == "http" {
        let host = url.host_str().unwrap_or_default();
        let is_here = host == "localhost" || host.ends_with(".localhost") || host == "[::1]" || host.starts_with("127.");
        assert!(is_here, "{text}");
    } else {
        assert_eq!(url.scheme(), "https");
    }
    let with = Url::parse(&endpoint.with([("state", value)])).expect("an address with a parameter is one");
    assert_eq!(with.query_pairs().last().map(|(name, value)| (name.into_owned(), value.into_owned())), Some(("state".into(), value.into())));
    assert_eq!((with.path(), with.origin()), (url.path(), url.origin()));
});
