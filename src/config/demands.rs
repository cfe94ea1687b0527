//! What a rule asks of a person beside a session: claims, and how and how lately they proved who they are.
//!
//! Invariant: nothing in here is empty by accident: a table or a list that asks for nothing is an error, since it may
//! be a restriction that lost its content.

use serde_json::Value;

use super::table::{Table, span};
use super::vars::POSITIVE;
use crate::base::json::{Fields, array, text};
use crate::base::time::Seconds;

/// What `require` must be, and a provider's `allow`.
pub const REQUIRE: &str = "a table of claims, each with an array of values, like { groups = [\"ops\"] }";
const ACR: &str = "an array of words like [\"mfa\"]";

/// One claim, and the values of which it must have one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requirement {
    /// The claim's name.
    pub claim: String,
    /// The values.
    pub values: Vec<Value>,
}

/// What has to be met, all of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Demands {
    /// `require`.
    pub require: Vec<Requirement>,
    /// `max_age`: how long ago the person may have proved who they are.
    pub max_age: Option<Seconds>,
    /// `acr`: in which ways, any of them. Empty where two rules have none in common.
    pub acr: Option<Vec<String>>,
}

/// Reads `require`: a table of claims, each with a list of texts, numbers and truth values.
#[must_use]
pub fn read_requirements(value: Value) -> Option<Vec<Requirement>> {
    let table = Fields::of(value)?.into_map();
    let read = |(claim, values)| {
        let is_plain =
            |value: Value| (value.is_string() || value.is_number() || value.is_boolean()).then_some(value);
        let values = array(values, is_plain).filter(|values| !values.is_empty())?;
        Some(Requirement { claim, values })
    };
    table.into_iter().map(read).collect::<Option<Vec<_>>>().filter(|all| !all.is_empty())
}

impl Demands {
    /// Takes the demands out of a rule's table.
    #[must_use]
    pub fn take(table: &mut Table<'_>) -> Option<Self> {
        let require = table.take("require", REQUIRE, read_requirements);
        let max_age = table.take("max_age", POSITIVE, span);
        let acr = table.take("acr", ACR, |value| array(value, acr_value).filter(|all| !all.is_empty()));
        let is_any = require.is_some() || max_age.is_some() || acr.is_some();
        is_any.then(|| Self { require: require.unwrap_or_default(), max_age, acr })
    }

    /// What both ask for.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        let further = other.require.iter().filter(|required| !self.require.contains(required));
        Self {
            require: self.require.iter().chain(further).cloned().collect(),
            max_age: [self.max_age, other.max_age].into_iter().flatten().min(),
            acr: match (&self.acr, &other.acr) {
                (Some(own), Some(others)) => {
                    Some(own.iter().filter(|acr| others.contains(acr)).cloned().collect())
                }
                (own, others) => own.as_ref().or(others.as_ref()).cloned(),
            },
        }
    }
}

/// A word without what separates or ends one in a URL and in a quoted text of a header (RFC 6749 §3.3).
fn acr_value(value: Value) -> Option<String> {
    let allowed = |byte: u8| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\';
    text(value).filter(|acr| !acr.is_empty() && acr.len() <= 256 && acr.bytes().all(allowed))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::config::fault::{Faults, Invalid};
    use serde_json::json;

    pub(crate) fn demands(value: Value) -> Demands {
        taken(value).ok().flatten().unwrap()
    }

    fn taken(value: Value) -> Result<Option<Demands>, Vec<Invalid>> {
        let mut faults = Faults::default();
        let mut table = Table::of(value, "RULES[0]".to_owned(), "", &mut faults).unwrap();
        let demands = Demands::take(&mut table);
        if faults.are_none() { Ok(demands) } else { Err(faults.into_all()) }
    }

    #[test]
    fn what_is_asked_is_read() {
        let all = demands(json!({
            "require": { "groups": ["ops", "admins"], "level": [1, true] }, "max_age": 600, "acr": ["mfa", "urn:x:y"],
        }));
        assert_eq!((all.require.len(), all.max_age), (2, Some(Seconds::new(600))));
        assert_eq!(all.acr.unwrap(), ["mfa", "urn:x:y"]);
        assert_eq!(taken(json!({ "path": "/" })), Ok(None));
    }

    #[test]
    fn what_asks_for_nothing_or_for_nonsense_is_a_mistake() {
        for wrong in [
            json!({ "require": {} }),
            json!({ "require": { "groups": [] } }),
            json!({ "require": { "groups": "ops" } }),
            json!({ "require": { "groups": [null] } }),
            json!({ "require": { "groups": [["ops"]] } }),
            json!({ "require": [] }),
            json!({ "max_age": 0 }),
            json!({ "max_age": -1 }),
            json!({ "max_age": 1.5 }),
            json!({ "max_age": "soon" }),
            json!({ "acr": [] }),
            json!({ "acr": "mfa" }),
            json!({ "acr": [""] }),
            json!({ "acr": ["a b"] }),
            json!({ "acr": ["a\"b"] }),
            json!({ "acr": [1] }),
        ] {
            let (key, _) = wrong.as_object().unwrap().iter().next().unwrap();
            let at: Vec<_> = taken(wrong.clone()).unwrap_err().into_iter().map(|fault| fault.at).collect();
            assert_eq!(at, [format!("RULES[0].{key}")], "{wrong}");
        }
    }

    #[test]
    fn of_two_rules_all_is_asked() {
        let one = demands(json!({ "require": { "a": [1] }, "max_age": 600, "acr": ["x", "y"] }));
        let other = demands(json!({ "require": { "a": [1], "b": [2] }, "max_age": 60, "acr": ["y", "z"] }));
        let both = demands(json!({ "require": { "a": [1], "b": [2] }, "max_age": 60, "acr": ["y"] }));
        assert_eq!(one.and(&other), both);
        assert_eq!(one.and(&one), one);
        let strange = demands(json!({ "acr": ["z"] }));
        assert_eq!(one.and(&strange).acr, Some(vec![]), "no way meets both");
        assert_eq!(one.and(&demands(json!({ "max_age": 700 }))), one);
    }
}
