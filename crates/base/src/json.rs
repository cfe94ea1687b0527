//! Reading JSON objects by name, for everything that comes from outside: commands and replies of the
//! object, stored sessions, control headers, CDI bodies, tables of the configuration.
//!
//! Not by derived `Deserialize`, which writes a parser for each type: together they were 40 kB of the
//! compressed Worker. What is written is still derived, and golden tests pin that both agree.

use serde_json::{Map, Value};

/// The fields of an object that were not taken yet.
pub struct Fields(Map<String, Value>);

impl Fields {
    /// The fields of an object.
    #[must_use]
    pub fn of(value: Value) -> Option<Self> {
        match value {
            Value::Object(map) => Some(Self(map)),
            _ => None,
        }
    }

    /// The fields of the object that a text holds, unless it is nested too deep.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if is_too_deep(text) {
            return None;
        }
        Self::of(serde_json::from_str(text).ok()?)
    }

    /// Takes a field; `null` if there is none of this name.
    pub fn take(&mut self, name: &str) -> Value {
        self.0.remove(name).unwrap_or_default()
    }

    /// Whether there is a field of this name that is not `null`.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.0.get(name).is_some_and(|value| !value.is_null())
    }

    /// Takes a text.
    pub fn text(&mut self, name: &str) -> Option<String> {
        text(self.take(name))
    }

    /// Takes an integer.
    pub fn integer(&mut self, name: &str) -> Option<i64> {
        self.take(name).as_i64()
    }

    /// Takes a truth value.
    pub fn flag(&mut self, name: &str) -> Option<bool> {
        self.take(name).as_bool()
    }

    /// Takes an object.
    pub fn object(&mut self, name: &str) -> Option<Map<String, Value>> {
        object(self.take(name))
    }

    /// All fields that are left.
    #[must_use]
    pub fn into_map(self) -> Map<String, Value> {
        self.0
    }

    /// The name of a field that nobody took.
    #[must_use]
    pub fn left_over(&self) -> Option<&str> {
        self.0.keys().next().map(String::as_str)
    }
}

/// A text.
#[must_use]
pub fn text(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        _ => None,
    }
}

/// An object.
#[must_use]
pub fn object(value: Value) -> Option<Map<String, Value>> {
    Fields::of(value).map(|fields| fields.0)
}

/// An array whose elements all read.
pub fn array<T>(value: Value, read: impl Fn(Value) -> Option<T>) -> Option<Vec<T>> {
    match value {
        Value::Array(elements) => elements.into_iter().map(read).collect(),
        _ => None,
    }
}

/// How deep JSON from outside may be nested. The parser's own limit is 128, and what is taken in here is
/// wrapped a few times more on its way to the object.
const MAX_DEPTH: usize = 100;

fn is_too_deep(text: &str) -> bool {
    let (mut depth, mut in_text, mut escaped) = (0_usize, false, false);
    text.bytes().any(|byte| {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            b'{' | b'[' if !in_text => depth = depth.saturating_add(1),
            b'}' | b']' if !in_text => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth > MAX_DEPTH
    })
}

/// `null`, or something that reads.
pub fn optional<T>(value: Value, read: impl FnOnce(Value) -> Option<T>) -> Option<Option<T>> {
    if value.is_null() { Some(None) } else { read(value).map(Some) }
}

/// A variant of an enum as serde writes it: its name alone, or an object of its name and content.
#[must_use]
pub fn variant(value: Value) -> Option<(String, Value)> {
    match value {
        Value::String(name) => Some((name, Value::Null)),
        Value::Object(map) => map.into_iter().next(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_field_is_what_it_is_or_nothing() {
        let mut fields = Fields::of(json!({ "a": "x", "b": 1, "c": true, "d": null, "e": 1.5 })).unwrap();
        assert_eq!(fields.text("a").as_deref(), Some("x"));
        assert_eq!(fields.integer("b"), Some(1));
        assert_eq!(fields.integer("e"), None);
        assert!(!fields.has("d") && fields.has("c"));
        assert_eq!(fields.flag("c"), Some(true));
        assert_eq!(fields.text("missing"), None);
        assert_eq!(fields.left_over(), Some("d"));
        assert!(Fields::parse("[]").is_none() && Fields::parse("{").is_none());
        let nested = |depth| format!("{}1{}", "{\"a\":".repeat(depth), "}".repeat(depth));
        assert!(Fields::parse(&nested(100)).is_some() && Fields::parse(&nested(101)).is_none());
        assert!(
            Fields::parse(&format!("{{\"a\":\"{}\\\"{}\"}}", "[".repeat(200), "{".repeat(200))).is_some()
        );
    }

    #[test]
    fn variants_have_a_name_and_perhaps_content() {
        assert_eq!(variant(json!("gone")), Some(("gone".to_owned(), Value::Null)));
        assert_eq!(variant(json!({ "live": 1 })), Some(("live".to_owned(), json!(1))));
        assert_eq!(variant(json!({})), None);
    }
}
