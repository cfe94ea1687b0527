//! Reading variables, each by what it must be.
//!
//! Invariant: a variable that is missing, or an empty text, which is how a shell spells missing, has its default. One
//! that is wrong is a fault, and reading goes on with the default, so that the next fault is found as well.

use serde_json::Value;

use super::fault::Faults;
use super::table::{ON_OR_OFF, switch, whole_number};
use crate::base::time::Seconds;
use crate::request::{Origin, is_path};

/// What a number must be.
pub const POSITIVE: &str = "a positive whole number";
const ORIGIN: &str = "an origin like https://host or http://host:port, without a path";

/// The variables, and what is wrong with them.
pub struct Vars<'a> {
    lookup: &'a dyn Fn(&str) -> Option<Value>,
    /// What was found to be wrong.
    pub faults: Faults,
}

impl<'a> Vars<'a> {
    /// Variables that `lookup` knows.
    pub fn new(lookup: &'a dyn Fn(&str) -> Option<Value>) -> Self {
        Self { lookup, faults: Faults::default() }
    }

    /// What is there, be it an empty text.
    pub fn raw(&self, variable: &str) -> Option<Value> {
        (self.lookup)(variable)
    }

    /// The value.
    pub fn value(&self, variable: &str) -> Option<Value> {
        self.raw(variable).filter(|value| !value.is_null() && value.as_str() != Some(""))
    }

    /// What reads; `None` if there is nothing, and after a fault.
    pub fn read<T>(
        &mut self,
        variable: &str,
        must_be: &'static str,
        read: impl FnOnce(Value) -> Option<T>,
    ) -> Option<T> {
        let read = read(self.value(variable)?);
        if read.is_none() {
            self.faults.add(variable, must_be);
        }
        read
    }

    /// A text that is good.
    pub fn text(
        &mut self,
        variable: &str,
        must_be: &'static str,
        is_good: &dyn Fn(&str) -> bool,
    ) -> Option<String> {
        self.read(variable, must_be, |value| match value {
            Value::String(text) if is_good(&text) => Some(text),
            _ => None,
        })
    }

    /// A number of at least 1.
    pub fn positive(&mut self, variable: &str, default: u32) -> u32 {
        let positive = |value| whole_number(value).filter(|number| *number > 0);
        self.read(variable, POSITIVE, positive).unwrap_or(default)
    }

    /// A span of at least a second.
    pub fn seconds(&mut self, variable: &str, default: u32) -> Seconds {
        Seconds::new(self.positive(variable, default))
    }

    /// A truth value.
    pub fn switch(&mut self, variable: &str, default: bool) -> bool {
        self.read(variable, ON_OR_OFF, switch).unwrap_or(default)
    }

    /// The elements of an array, also of one as a text with JSON in it.
    pub fn list(&mut self, variable: &str, must_be: &'static str) -> Vec<Value> {
        let elements = |value| match decoded(value) {
            Value::Array(elements) => Some(elements),
            _ => None,
        };
        self.read(variable, must_be, elements).unwrap_or_default()
    }

    /// Takes each element of an array; `take` is `None` for one that does not read.
    pub fn each(
        &mut self,
        variable: &str,
        must_be: &'static str,
        element_must_be: &'static str,
        take: &mut dyn FnMut(Value) -> Option<()>,
    ) {
        for (number, element) in self.list(variable, must_be).into_iter().enumerate() {
            if take(element).is_none() {
                self.faults.add(&format!("{variable}[{number}]"), element_must_be);
            }
        }
    }

    /// A path of the gate's own.
    pub fn path(&mut self, variable: &str, default: &str) -> String {
        let must_be = "a path like /name, without query, trailing slash or escapes";
        let plain = |path: &str| {
            is_path(path) && path.len() > 1 && !path.ends_with('/') && !path.contains(['%', '?', '#', '*'])
        };
        self.text(variable, must_be, &plain).unwrap_or_else(|| default.to_owned())
    }

    /// A path or a URL.
    pub fn url(&mut self, variable: &str) -> Option<String> {
        let must_be = "a path like /login or a URL like https://host/login";
        self.text(variable, must_be, &|text| {
            is_path(text)
                || (Origin::of_url(text).is_some() && text.bytes().all(|byte| byte.is_ascii_graphic()))
        })
    }

    /// An origin.
    pub fn origin(&mut self, variable: &str) -> Option<Origin> {
        self.read(variable, ORIGIN, origin)
    }

    /// Several origins.
    pub fn origins(&mut self, variable: &str) -> Vec<Origin> {
        let mut origins = Vec::new();
        let must_be = "an array of origins like [\"https://host\"]";
        self.each(variable, must_be, ORIGIN, &mut |value| {
            origins.push(origin(value)?);
            Some(())
        });
        origins
    }
}

/// A table or an array, also as a text with JSON in it.
#[must_use]
pub fn decoded(value: Value) -> Value {
    match value {
        Value::String(text) => serde_json::from_str(&text).unwrap_or_default(),
        value => value,
    }
}

/// An origin; people copy it from an address bar, with a slash at its end.
fn origin(value: Value) -> Option<Origin> {
    let text = value.as_str()?;
    Origin::parse(text.strip_suffix('/').unwrap_or(text))
}
