//! Which claims of a person are kept, and from which of two documents.
//!
//! 1. A wanted claim comes from the ID token, and from `UserInfo` if it is missing there.
//! 2. Whether an address or a number is verified is said of that address: `email_verified` comes from the document that
//!    `email` comes from, or from one that names the same.
//! 3. What says that a claim was cut off is always kept, of both documents: `_claim_names` (Core §5.6.2) and
//!    `hasgroups`. Nobody may take "too many groups" for "no groups".
//! 4. Claims that are too large together lose the largest first, and each that is lost stands in `_claim_names`.
//!
//! Invariant: a claim that was cut off is never just missing.

use serde_json::{Map, Value, json};

/// Where a provider says which claims are elsewhere.
pub const CLAIM_NAMES: &str = "_claim_names";

/// Where a provider says that there are more groups than fit.
pub const HAS_GROUPS: &str = "hasgroups";

/// What is verified, and what says so.
const VERIFIED: [(&str, &str); 2] = [("email", "email_verified"), ("phone_number", "phone_number_verified")];

/// Whether one of the wanted claims is missing, so that `UserInfo` is worth a request.
#[must_use]
pub fn is_any_missing(claims: &Map<String, Value>, wanted: &[String]) -> bool {
    wanted.iter().any(|name| present(claims, name).is_none())
}

/// The wanted claims of a person.
#[must_use]
pub fn kept(
    id_token: &Map<String, Value>,
    userinfo: Option<&Map<String, Value>>,
    wanted: &[String],
) -> Map<String, Value> {
    let mut kept = Map::new();
    for name in wanted {
        if let Some(value) = value(id_token, userinfo, name) {
            kept.insert(name.clone(), value.clone());
        }
    }
    let documents = [Some(id_token), userinfo];
    for document in documents.into_iter().flatten() {
        if let Some(has_groups) = document.get(HAS_GROUPS) {
            kept.insert(HAS_GROUPS.to_owned(), has_groups.clone());
        }
        if let Some(names) = document.get(CLAIM_NAMES) {
            add_cut_off(&mut kept, names);
        }
    }
    kept
}

/// The claims as JSON of at most `longest` bytes; `None` if not even what says that they were cut off fits.
#[must_use]
pub fn bounded(mut claims: Map<String, Value>, longest: usize) -> Option<Map<String, Value>> {
    while size(&claims) > longest {
        let droppable = claims.iter().filter(|(name, _)| !matches!(name.as_str(), CLAIM_NAMES | HAS_GROUPS));
        let largest =
            droppable.max_by_key(|(_, value)| value.to_string().len()).map(|(name, _)| name.clone())?;
        claims.remove(&largest);
        add_cut_off(&mut claims, &json!({ largest: "too large" }));
    }
    Some(claims)
}

fn size(claims: &Map<String, Value>) -> usize {
    serde_json::to_string(claims).map_or(usize::MAX, |text| text.len())
}

fn value<'a>(
    id_token: &'a Map<String, Value>,
    userinfo: Option<&'a Map<String, Value>>,
    name: &str,
) -> Option<&'a Value> {
    let both = |name| (present(id_token, name), userinfo.and_then(|userinfo| present(userinfo, name)));
    let (own, more) = both(name);
    let Some((address, _)) = VERIFIED.into_iter().find(|(_, flag)| *flag == name) else {
        return own.or(more);
    };
    match both(address) {
        (Some(own_address), Some(same)) if own_address == same => own.or(more),
        (Some(_), _) => own,
        (None, Some(_)) => more,
        (None, None) => None,
    }
}

fn present<'a>(claims: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    claims.get(name).filter(|value| !value.is_null())
}

fn add_cut_off(kept: &mut Map<String, Value>, names: &Value) {
    let before = kept.entry(CLAIM_NAMES).or_insert_with(|| json!({}));
    // What is no object is not as the specification has it, but it was there.
    if let (Value::Object(before), Value::Object(names)) = (before, names) {
        before.extend(names.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn map(value: Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    fn wanted(names: &[&str]) -> Vec<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    fn keep(id_token: Value, userinfo: Value, names: &[&str]) -> Value {
        Value::Object(kept(&map(id_token), Some(&map(userinfo)), &wanted(names)))
    }

    #[test]
    fn rule_1_userinfo_fills_what_is_missing() {
        let (id_token, userinfo) =
            (json!({ "name": "A", "groups": null, "x": 1 }), json!({ "name": "B", "groups": ["g"], "y": 2 }));
        assert_eq!(
            keep(id_token.clone(), userinfo, &["name", "groups", "z"]),
            json!({ "name": "A", "groups": ["g"] })
        );
        assert_eq!(
            Value::Object(kept(&map(id_token.clone()), None, &wanted(&["name", "groups"]))),
            json!({ "name": "A" })
        );
        assert!(is_any_missing(&map(id_token.clone()), &wanted(&["name", "groups"])));
        assert!(!is_any_missing(&map(id_token), &wanted(&["name", "x"])));
    }

    #[test]
    fn rule_2_verified_is_said_of_the_address_that_is_kept() {
        let names = ["email", "email_verified"];
        let mail = |address: &str| json!({ "email": address });
        let verified = |address: &str| json!({ "email": address, "email_verified": true });
        assert_eq!(keep(json!({}), verified("a@x"), &names), verified("a@x"));
        assert_eq!(keep(mail("a@x"), verified("a@x"), &names), verified("a@x"));
        assert_eq!(keep(mail("a@x"), verified("b@x"), &names), mail("a@x"));
        assert_eq!(keep(mail("a@x"), json!({ "email_verified": true }), &names), mail("a@x"));
        let phone = json!({ "phone_number": "1" });
        let other = json!({ "phone_number": "2", "phone_number_verified": true });
        assert_eq!(keep(phone.clone(), other, &["phone_number", "phone_number_verified"]), phone);
    }

    #[test]
    fn rule_2_a_verification_of_the_id_token_is_of_no_other_address() {
        let kept =
            keep(json!({ "email_verified": true }), json!({ "email": "b@x" }), &["email", "email_verified"]);
        assert_eq!(kept, json!({ "email": "b@x" }));
    }

    #[test]
    fn rule_3_what_was_cut_off_is_known_from_both() {
        let id_token = json!({ "_claim_names": { "groups": "s1" }, "_claim_sources": {} });
        let userinfo = json!({ "_claim_names": { "roles": "s2" }, "hasgroups": true, "groups": [] });
        let expected =
            json!({ "_claim_names": { "groups": "s1", "roles": "s2" }, "hasgroups": true, "groups": [] });
        assert_eq!(keep(id_token, userinfo, &["groups"]), expected);
        assert_eq!(keep(json!({ "_claim_names": "odd" }), json!({}), &[]), json!({ "_claim_names": {} }));
    }

    #[test]
    fn rule_4_the_largest_are_lost_and_named() {
        let claims = map(json!({ "groups": ["g".repeat(500)], "name": "n".repeat(50), "x": 1 }));
        assert_eq!(bounded(claims.clone(), 1000), Some(claims.clone()));
        let expected = json!({ "_claim_names": { "groups": "too large" }, "name": "n".repeat(50), "x": 1 });
        assert_eq!(bounded(claims.clone(), 200).map(Value::Object), Some(expected));
        assert_eq!(bounded(claims, 10), None);
    }

    proptest! {
        #[test]
        fn what_is_bounded_fits_and_loses_nothing_silently(sizes in proptest::collection::vec(0_usize..60, 0..6), longest in 40_usize..300) {
            let claims: Map<_, _> = sizes.iter().enumerate().map(|(index, size)| (format!("c{index}"), json!("x".repeat(*size)))).collect();
            if let Some(bounded) = bounded(claims.clone(), longest) {
                prop_assert!(size(&bounded) <= longest);
                for name in claims.keys() {
                    let is_named = bounded.get(CLAIM_NAMES).is_some_and(|names| names.get(name).is_some());
                    prop_assert!(bounded.contains_key(name) != is_named);
                }
            }
        }
    }
}
