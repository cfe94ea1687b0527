//! What is wrong with the configuration, collected: an operator hears of all of it at once.
//!
//! Invariant: a fault says where it is and what has to be there, never what is there: it may be a secret.

use std::borrow::Cow;
use std::fmt;

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invalid {
    /// Where: a variable, with the number of an entry from 0 and a key where it has them, like `RULES[2].session`.
    pub at: String,
    /// What it must be.
    pub must_be: Cow<'static, str>,
}

/// Why there is no configuration.
#[derive(Debug)]
pub struct Broken {
    /// Everything that is wrong; at least one fault.
    pub faults: Vec<Invalid>,
    /// `BASE_PATH`, or its default where that is wrong too: where health is asked for.
    pub base_path: String,
}

/// Everything that is wrong so far.
#[derive(Default)]
pub struct Faults(Vec<Invalid>);

impl Invalid {
    /// A fault.
    #[must_use]
    pub fn new(at: &str, must_be: impl Into<Cow<'static, str>>) -> Self {
        Self { at: at.to_owned(), must_be: must_be.into() }
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.at)?;
        f.write_str(" must be ")?;
        f.write_str(&self.must_be)
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for fault in &self.faults {
            writeln!(f, "configuration: {fault}")?;
        }
        Ok(())
    }
}

impl Faults {
    /// Takes a fault down.
    pub fn add(&mut self, at: &str, must_be: &'static str) {
        self.0.push(Invalid::new(at, must_be));
    }

    /// Takes a fault down whose text is made for it.
    pub fn say(&mut self, at: &str, must_be: String) {
        self.0.push(Invalid::new(at, must_be));
    }

    /// Takes down what was found elsewhere.
    pub fn push(&mut self, fault: Invalid) {
        self.0.push(fault);
    }

    /// Whether there is none.
    #[must_use]
    pub fn are_none(&self) -> bool {
        self.0.is_empty()
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// Whether any is in one of these variables.
    #[must_use]
    pub fn concern(&self, variables: &[&str]) -> bool {
        self.0.iter().any(|fault| variables.iter().any(|variable| fault.at.starts_with(variable)))
    }

    /// All of them, in the order in which they were found.
    #[must_use]
    pub fn into_all(self) -> Vec<Invalid> {
        self.0
    }
}
