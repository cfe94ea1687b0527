//! Whether a person meets what a rule asks for beside a session.
//!
//! Rule:
//! 1. Every required claim must have one of its values; of an array any member. `email_domain` is what stands behind
//!    the last `@` of `email`, whatever the case of its letters.
//! 2. A claim that the provider cut off meets nothing, whatever is there of it.
//! 3. Then `acr` must be one of those asked for. Where two rules have none in common, nobody meets both.
//! 4. Then the proof must be at most `max_age` old; one of the future is one of now, and an unknown one is too old.
//!
//! Invariant: what is not known is not met.

use serde_json::Value;

use super::person::Person;
use crate::base::time::Timestamp;
use crate::config::{Demands, Requirement};

/// What a person lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lack {
    /// A claim, or what no login can bring.
    Claim,
    /// A proof in another way.
    Acr,
    /// A later proof.
    Age,
}

/// What the person lacks first; `None` if all is met.
#[must_use]
pub fn lack(demands: &Demands, person: &Person<'_>, now: Timestamp) -> Option<Lack> {
    if demands.require.iter().any(|required| !is_met(required, person)) {
        return Some(Lack::Claim);
    }
    match &demands.acr {
        Some(asked) if asked.is_empty() => return Some(Lack::Claim),
        Some(asked) if !person.login.acr.as_ref().is_some_and(|acr| asked.contains(acr)) => {
            return Some(Lack::Acr);
        }
        _ => {}
    }
    let is_recent = |max_age| person.proved_at().is_some_and(|at| at.within(max_age, now));
    demands.max_age.is_some_and(|max_age| !is_recent(max_age)).then_some(Lack::Age)
}

/// Whether the person has one of the values.
#[must_use]
pub fn is_met(required: &Requirement, person: &Person<'_>) -> bool {
    let Requirement { claim, values } = required;
    if claim == "email_domain" {
        let email = person.claim("email").filter(|_| !person.is_cut_off("email"));
        let domain = email.as_deref().and_then(Value::as_str).and_then(|email| email.rsplit_once('@'));
        return domain.is_some_and(|(_, domain)| {
            let is_same =
                |value: &Value| value.as_str().is_some_and(|text| text.eq_ignore_ascii_case(domain));
            !domain.is_empty() && values.iter().any(is_same)
        });
    }
    let found = person.claim(claim).filter(|_| !person.is_cut_off(claim));
    match found.as_deref() {
        None => false,
        Some(Value::Array(members)) => members.iter().any(|member| values.contains(member)),
        Some(value) => values.contains(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::tests::demands;
    use crate::session::{Claims, Handle, Login, ObjectId, SessionId};
    use serde_json::json;

    const NOW: i64 = 10_000;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    fn login(claims: Value) -> Login {
        Login { claims: Claims::try_from(claims.as_object().unwrap().clone()).unwrap(), ..Login::default() }
    }

    fn person(login: &Login) -> Person<'_> {
        let handle = Some(Handle { object: ObjectId::default(), id: SessionId::from_bytes([0; 16]) });
        Person { user_id: "alice", handle, login, created_at: Some(at(NOW - 1000)) }
    }

    #[track_caller]
    fn meets(require: Value, login: &Login, expected: bool) {
        let lack = lack(&demands(json!({ "require": require })), &person(login), at(NOW));
        assert_eq!(lack, (!expected).then_some(Lack::Claim), "{require} of {login:?}");
    }

    #[test]
    fn a_claim_must_have_one_of_the_values() {
        for (claims, require, expected) in [
            (json!({ "role": "ops" }), json!({ "role": ["ops", "admin"] }), true),
            (json!({ "role": "op" }), json!({ "role": ["ops", "admin"] }), false),
            (json!({ "role": "OPS" }), json!({ "role": ["ops"] }), false),
            (json!({ "role": "ops,admin" }), json!({ "role": ["ops"] }), false),
            (json!({}), json!({ "role": ["ops"] }), false),
            (json!({ "role": ["dev", "ops"] }), json!({ "role": ["ops"] }), true),
            (json!({ "role": [] }), json!({ "role": ["ops"] }), false),
            (json!({ "role": [["ops"]] }), json!({ "role": ["ops"] }), false),
            (json!({ "role": { "ops": true } }), json!({ "role": ["ops"] }), false),
            (json!({ "level": 3 }), json!({ "level": [3] }), true),
            (json!({ "level": "3" }), json!({ "level": [3] }), false),
            (json!({ "staff": true }), json!({ "staff": [true] }), true),
            (json!({ "staff": "true" }), json!({ "staff": [true] }), false),
            (json!({ "a": 1, "b": 2 }), json!({ "a": [1], "b": [2] }), true),
            (json!({ "a": 1, "b": 3 }), json!({ "a": [1], "b": [2] }), false),
        ] {
            meets(require, &login(claims), expected);
        }
    }

    #[test]
    fn who_it_is_is_the_gate_s_word() {
        meets(json!({ "userId": ["alice"] }), &login(json!({})), true);
        meets(json!({ "userId": ["bob"] }), &login(json!({ "userId": "bob" })), false);
        meets(json!({ "provider": ["corp"] }), &login(json!({ "provider": "corp" })), false);
        let corp = Login { provider: Some("corp".into()), ..Login::default() };
        meets(json!({ "provider": ["corp"] }), &corp, true);
    }

    #[test]
    fn a_domain_is_what_stands_behind_the_last_at_sign() {
        for (email, expected) in [
            (json!("a@example.com"), true),
            (json!("a@EXAMPLE.com"), true),
            (json!("\"a@b\"@example.com"), true),
            (json!("a@example.com.evil.org"), false),
            (json!("a@evil.org@sub.example.com"), false),
            (json!("a@notexample.com"), false),
            (json!("example.com"), false),
            (json!("a@"), false),
            (json!(["a@example.com"]), false),
            (json!(1), false),
        ] {
            meets(json!({ "email_domain": ["example.com"] }), &login(json!({ "email": email })), expected);
        }
        meets(json!({ "email_domain": [""] }), &login(json!({ "email": "a@" })), false);
        meets(json!({ "email_domain": ["x"] }), &login(json!({ "email_domain": "x" })), false);
    }

    #[test]
    fn an_address_of_a_provider_counts_only_if_it_is_verified_or_the_application_set_it() {
        for require in [json!({ "email_domain": ["example.com"] }), json!({ "email": ["a@example.com"] })] {
            for (verified, set, expected) in [
                (json!(true), false, true),
                (json!(false), false, false),
                (json!("true"), false, false),
                (json!(null), false, false),
                (json!(false), true, true),
            ] {
                let claims = json!({ "email": "a@example.com", "email_verified": verified });
                let corp = Login { provider: Some("corp".into()), email_set: set, ..login(claims) };
                meets(require.clone(), &corp, expected);
            }
        }
    }

    #[test]
    fn a_claim_that_was_cut_off_meets_nothing_whatever_is_there_of_it() {
        let require = || json!({ "groups": ["ops"] });
        for (marks, expected) in [
            (json!({}), true),
            (json!({ "_claim_names": { "groups": "src1" } }), false),
            (json!({ "_claim_names": { "roles": "src1" } }), true),
            (json!({ "_claim_names": "groups" }), false),
            (json!({ "hasgroups": true }), false),
            (json!({ "hasgroups": "true" }), false),
            (json!({ "hasgroups": false }), true),
        ] {
            let mut claims = json!({ "groups": ["ops"] });
            claims.as_object_mut().unwrap().extend(marks.as_object().unwrap().clone());
            meets(require(), &login(claims), expected);
        }
        let no_email = login(json!({ "email": "a@b.c", "_claim_names": { "email": "x" } }));
        meets(json!({ "email_domain": ["b.c"] }), &no_email, false);
        meets(json!({ "roles": ["x"] }), &login(json!({ "roles": ["x"], "hasgroups": true })), true);
        let own = login(json!({ "_claim_names": { "userId": "x" } }));
        meets(json!({ "userId": ["alice"] }), &own, true);
    }

    #[test]
    fn a_proof_must_be_recent_and_of_the_asked_way() {
        let lacks = |asked: Value, login: &Login| lack(&demands(asked), &person(login), at(NOW));
        let proved = |seconds: i64, acr: Option<&str>| Login {
            auth_time: Some(at(seconds)),
            acr: acr.map(str::to_owned),
            ..Login::default()
        };
        let age = || json!({ "max_age": 600 });
        assert_eq!(lacks(age(), &proved(NOW - 600, None)), None, "the last second");
        assert_eq!(lacks(age(), &proved(NOW - 601, None)), Some(Lack::Age));
        assert_eq!(lacks(age(), &proved(NOW + 5000, None)), None, "ahead of the clock");
        assert_eq!(lacks(age(), &Login::default()), Some(Lack::Age), "the session is older");
        assert_eq!(lacks(json!({ "max_age": 1000 }), &Login::default()), None);
        let unknown = Login { provider: Some("corp".into()), ..Login::default() };
        assert_eq!(lacks(json!({ "max_age": 4_000_000_000_u32 }), &unknown), Some(Lack::Age));
        let acr = || json!({ "acr": ["mfa", "hwk"] });
        assert_eq!(lacks(acr(), &proved(NOW, Some("hwk"))), None);
        assert_eq!(lacks(acr(), &proved(NOW, Some("pwd"))), Some(Lack::Acr));
        assert_eq!(lacks(acr(), &proved(NOW, None)), Some(Lack::Acr));
        let both = json!({ "max_age": 600, "acr": ["mfa"], "require": { "a": [1] } });
        assert_eq!(lacks(both, &proved(NOW, Some("mfa"))), Some(Lack::Claim), "a claim is asked for first");
        let none = demands(json!({ "acr": ["a"] })).and(&demands(json!({ "acr": ["b"] })));
        assert_eq!(lack(&none, &person(&proved(NOW, Some("a"))), at(NOW)), Some(Lack::Claim));
    }
}
