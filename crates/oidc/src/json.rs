//! JSON objects from a provider, read by name.
//!
//! 1. What is longer than its bound is not read.
//! 2. The text is one JSON object.
//! 3. No member is there twice, at any depth: two readers may take different ones (RFC 8725 §2.6, RFC 7519 §4).
//! 4. A member has its type or is a fault; it is not taken for missing.
//!
//! Invariant: memory and time are linear in the text, and nesting ends at the parser's limit of 128.

use std::fmt;

use base::time::Timestamp;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// A text that is no JSON object as it has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JsonFault {
    /// It is longer than its bound.
    TooLong,
    /// It is no JSON, or none that is an object.
    NotAnObject,
    /// A member is there twice.
    Repeated,
}

/// A member that has another type than it must have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mistyped(pub &'static str);

/// The members of an object that were not taken yet.
#[derive(Clone, PartialEq)]
pub(crate) struct Members(Map<String, Value>);

/// Points in time beyond these, in seconds, are none that anybody means: the integers that every JSON reader keeps.
const LARGEST_TIME: f64 = 9_007_199_254_740_992.0;

impl Members {
    /// Reads an object of at most `longest` bytes. A member that is `null` is there, and mistyped.
    pub(crate) fn parse(text: &[u8], longest: usize) -> Result<Self, JsonFault> {
        if text.len() > longest {
            return Err(JsonFault::TooLong);
        }
        // Not from bytes: that would be a second parser in the Worker, which reads all else from texts.
        let text = std::str::from_utf8(text).map_err(|_| JsonFault::NotAnObject)?;
        match serde_json::from_str(text) {
            Ok(Strict(Value::Object(members))) => Ok(Self(members)),
            // The only fault of this category that `Strict` reports.
            Err(error) if error.is_data() => Err(JsonFault::Repeated),
            Ok(_) | Err(_) => Err(JsonFault::NotAnObject),
        }
    }

    /// Reads an object in which a member that is `null` is not there: of documents, not of tokens.
    pub(crate) fn parse_document(text: &[u8], longest: usize) -> Result<Self, JsonFault> {
        let mut members = Self::parse(text, longest)?;
        members.0.retain(|_, value| !value.is_null());
        Ok(members)
    }

    /// The members of an object that was read before.
    pub(crate) fn of(value: Value) -> Option<Self> {
        match value {
            Value::Object(members) => Some(Self(members)),
            _ => None,
        }
    }

    /// Whether there is a member of this name, whatever it is.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// A member as it is.
    pub(crate) fn value(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// A text.
    pub(crate) fn text(&self, name: &'static str) -> Result<Option<&str>, Mistyped> {
        self.typed(name, Value::as_str)
    }

    /// A truth value.
    pub(crate) fn flag(&self, name: &'static str) -> Result<Option<bool>, Mistyped> {
        self.typed(name, Value::as_bool)
    }

    /// A point in time, which may have a fraction (RFC 7519 §2, `NumericDate`); the fraction is cut off.
    pub(crate) fn time(&self, name: &'static str) -> Result<Option<Timestamp>, Mistyped> {
        self.typed(name, |value| value.as_number().and_then(time_of))
    }

    /// An array of texts.
    pub(crate) fn texts(&self, name: &'static str) -> Result<Option<Vec<String>>, Mistyped> {
        self.typed(name, texts_of)
    }

    /// All members.
    pub(crate) fn into_map(self) -> Map<String, Value> {
        self.0
    }

    fn typed<'a, T>(
        &'a self,
        name: &'static str,
        read: impl FnOnce(&'a Value) -> Option<T>,
    ) -> Result<Option<T>, Mistyped> {
        let Some(value) = self.0.get(name) else { return Ok(None) };
        read(value).map(Some).ok_or(Mistyped(name))
    }
}

pub(crate) fn texts_of(value: &Value) -> Option<Vec<String>> {
    let texts = value.as_array()?.iter().map(|text| text.as_str().map(str::to_owned));
    texts.collect()
}

fn time_of(number: &Number) -> Option<Timestamp> {
    if let Some(seconds) = number.as_i64() {
        return Some(Timestamp::from_seconds(seconds));
    }
    let seconds = number.as_f64().filter(|seconds| seconds.abs() <= LARGEST_TIME)?;
    #[expect(clippy::cast_possible_truncation, reason = "it was compared with what an `i64` can be")]
    Some(Timestamp::from_seconds(seconds.floor() as i64))
}

/// A value in which no object has a member twice.
struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StrictVisitor).map(Self)
    }
}

struct StrictVisitor;

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Value, A::Error> {
        let mut array = Vec::new();
        while let Some(Strict(element)) = elements.next_element()? {
            array.push(element);
        }
        Ok(array.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some((name, Strict(value))) = members.next_entry::<String, Strict>()? {
            if object.insert(name, value).is_some() {
                return Err(A::Error::custom("a member is there twice"));
            }
        }
        Ok(object.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn parse(text: &str) -> Result<Members, JsonFault> {
        Members::parse(text.as_bytes(), 1000)
    }

    #[test]
    fn rule_1_what_is_too_long_is_not_read() {
        assert!(Members::parse(br#"{"a":1}"#, 7).is_ok());
        assert_eq!(Members::parse(br#"{"a":1}"#, 6).err(), Some(JsonFault::TooLong));
    }

    #[test]
    fn rule_2_only_one_object_is_read() {
        for text in
            ["", "[]", "1", "null", "{", "{}x", "{}{}", "{'a':1}", "{\"a\":1e400}", "{\"a\":\"\\ud800\"}"]
        {
            assert_eq!(parse(text).err(), Some(JsonFault::NotAnObject), "{text}");
        }
        let deep = format!("{}1{}", "{\"a\":".repeat(10_000), "}".repeat(10_000));
        assert_eq!(Members::parse(deep.as_bytes(), deep.len()).err(), Some(JsonFault::NotAnObject));
        assert!(Members::parse(b"{\"a\":\"\xff\"}", 100).is_err(), "not UTF-8");
    }

    #[test]
    fn rule_3_no_member_is_there_twice() {
        for text in [r#"{"a":1,"a":1}"#, r#"{"x":[{"a":1,"\u0061":2}]}"#, r#"{"a":{"b":0,"b":0}}"#] {
            assert_eq!(parse(text).err(), Some(JsonFault::Repeated), "{text}");
        }
        assert!(parse(r#"{"a":{"b":1},"b":{"a":1}}"#).is_ok());
    }

    #[test]
    fn rule_4_a_member_has_its_type_or_is_a_fault() {
        let text = r#"{"t":"x","n":1.9,"m":-1.5,"b":true,"l":["x"],"z":null,"h":1e300,"k":["x",1],"u":18446744073709551615}"#;
        let members = parse(text).unwrap_or_else(|_| panic!("JSON"));
        assert_eq!(members.text("t"), Ok(Some("x")));
        assert_eq!(members.text("none"), Ok(None));
        assert_eq!(members.text("n"), Err(Mistyped("n")));
        assert_eq!(members.text("z"), Err(Mistyped("z")));
        assert_eq!(members.time("n"), Ok(Some(Timestamp::from_seconds(1))));
        assert_eq!(members.time("m"), Ok(Some(Timestamp::from_seconds(-2))));
        for name in ["t", "b", "h", "z", "u"] {
            assert_eq!(members.time(name), Err(Mistyped(name)));
        }
        assert_eq!(members.flag("b"), Ok(Some(true)));
        assert_eq!(members.flag("t"), Err(Mistyped("t")));
        assert_eq!(members.texts("l"), Ok(Some(vec!["x".to_owned()])));
        assert_eq!(members.texts("k"), Err(Mistyped("k")));
        assert!(members.has("z") && !members.has("none"));
        let document = Members::parse_document(text.as_bytes(), 1000);
        assert_eq!(document.unwrap_or_else(|_| panic!("JSON")).text("z"), Ok(None));
    }

    proptest! {
        #[test]
        fn what_is_read_is_what_another_reader_reads(bytes in "[{}\\[\\]\",:a0-9.e\\\\u\\- ]{0,24}") {
            let expected = serde_json::from_str::<Value>(&bytes).ok().filter(Value::is_object);
            match parse(&bytes) {
                Ok(members) => prop_assert_eq!(Some(Value::Object(members.into_map())), expected),
                Err(JsonFault::Repeated) => {}
                Err(_) => prop_assert_eq!(expected, None),
            }
        }

        #[test]
        fn objects_read_back(members in proptest::collection::btree_map("\\PC{0,4}", "\\PC{0,4}", 0..5)) {
            let text = json!(members).to_string();
            let read = Members::parse(text.as_bytes(), text.len()).map(Members::into_map);
            prop_assert_eq!(read.map(Value::Object), Ok(json!(members)));
        }
    }
}
