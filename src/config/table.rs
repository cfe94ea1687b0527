//! Reading a table of the configuration: an entry of `RULES`, of `PROVIDERS`.
//!
//! Invariant: each fault names the entry by its number and the key. A key that means nothing is a fault: it may be a
//! misspelt restriction.

use serde_json::Value;

use super::fault::Faults;
use crate::base::json::{Fields, text};
use crate::base::time::Seconds;

/// A table whose keys are taken one by one.
pub struct Table<'a> {
    at: String,
    fields: Fields,
    faults: &'a mut Faults,
}

impl<'a> Table<'a> {
    /// The table at this place; `must_be` says of what is none what it must be.
    pub fn of(value: Value, at: String, must_be: &'static str, faults: &'a mut Faults) -> Option<Self> {
        match Fields::of(value) {
            Some(fields) => Some(Self { at, fields, faults }),
            None => {
                faults.add(&at, must_be);
                None
            }
        }
    }

    /// Takes what reads; `None` if there is nothing, and after a fault.
    pub fn take<T>(
        &mut self,
        key: &str,
        must_be: &'static str,
        read: impl FnOnce(Value) -> Option<T>,
    ) -> Option<T> {
        let value = self.fields.take(key);
        if value.is_null() {
            return None;
        }
        let read = read(value);
        if read.is_none() {
            self.fault(key, must_be);
        }
        read
    }

    /// Takes a text that has to be there and to be good; empty after a fault.
    pub fn needed(&mut self, key: &str, must_be: &'static str, is_good: &dyn Fn(&str) -> bool) -> String {
        match text(self.fields.take(key)).filter(|text| is_good(text)) {
            Some(text) => text,
            None => {
                self.fault(key, must_be);
                String::new()
            }
        }
    }

    /// Takes a truth value.
    pub fn flag(&mut self, key: &str, default: bool) -> bool {
        self.take(key, ON_OR_OFF, switch).unwrap_or(default)
    }

    /// Whether there is something under this key that was not taken yet.
    #[must_use]
    pub fn has(&self, key: &str) -> bool {
        self.fields.has(key)
    }

    /// Takes a fault down, of a key or, with an empty one, of the whole table.
    pub fn fault(&mut self, key: &str, must_be: &'static str) {
        let dot = if key.is_empty() { "" } else { "." };
        self.faults.add(&format!("{}{dot}{key}", self.at), must_be);
    }

    /// The faults, for what is not of this table.
    pub fn faults(&mut self) -> &mut Faults {
        self.faults
    }

    /// Nothing may be left; `must_be` names the keys that there are.
    pub fn close(self, must_be: &'static str) {
        for key in self.fields.into_map().keys() {
            self.faults.add(&format!("{}.{key}", self.at), must_be);
        }
    }
}

/// What a switch must be.
pub const ON_OR_OFF: &str = "on or off";

/// A truth value, also as a text: a value from `.dev.vars` or the dashboard is always one.
#[must_use]
pub fn switch(value: Value) -> Option<bool> {
    match value {
        Value::Bool(on) => Some(on),
        Value::String(text) => match text.as_str() {
            "on" | "true" => Some(true),
            "off" | "false" => Some(false),
            _ => None,
        },
        _ => None,
    }
}

/// A whole number, also as a text.
#[must_use]
pub fn whole_number(value: Value) -> Option<u32> {
    match value {
        Value::Number(number) => number.as_u64().and_then(|number| u32::try_from(number).ok()),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// A span of at least a second.
#[must_use]
pub fn span(value: Value) -> Option<Seconds> {
    whole_number(value).filter(|seconds| *seconds > 0).map(Seconds::new)
}
