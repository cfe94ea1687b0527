//! What the first release said is understood: `fixtures/protocol-v1.jsonl` has every kind of command and
//! reply as it wrote them (`fixtures/record.mjs` made it from real traffic). A later release adds its
//! own file beside it, and never changes one.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may fail by panicking"
)]

use std::collections::BTreeSet;

use serde_json::{Value, json};
use session_gate::session::{Command, Envelope, Reply};

const FIRST_RELEASE: &str = include_str!("fixtures/protocol-v1.jsonl");

const COMMANDS: [&str; 9] =
    ["check", "create", "list", "read", "remove", "remove_all", "renew", "revoke", "update"];
const REPLIES: [&str; 12] = [
    "anti_csrf_missing",
    "created",
    "gone",
    "listed",
    "live",
    "read",
    "renewed",
    "reuse",
    "revoked",
    "superseded",
    "too_large",
    "updated",
];

/// Each command with its reply.
fn recorded() -> Vec<(Value, Value)> {
    let lines = FIRST_RELEASE.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines.map(|mut line| (line["ask"].take(), line["reply"].take())).collect()
}

#[test]
fn every_kind_of_command_and_reply_is_on_record() {
    let name = |value: &Value| match value {
        Value::String(name) => name.clone(),
        other => other.as_object().unwrap().keys().next().unwrap().clone(),
    };
    let commands: BTreeSet<String> = recorded().iter().map(|(ask, _)| name(&ask["command"])).collect();
    let replies: BTreeSet<String> = recorded().iter().map(|(_, reply)| name(reply)).collect();
    assert_eq!(commands.iter().collect::<Vec<_>>(), COMMANDS);
    assert_eq!(replies.iter().collect::<Vec<_>>(), REPLIES);
}

#[test]
fn what_the_first_release_wrote_is_read_and_nothing_of_it_is_lost() {
    for (ask, reply) in recorded() {
        let read = Envelope::read(ask.clone()).unwrap_or_else(|| panic!("unreadable: {ask}"));
        assert_contains(&serde_json::to_value(read).unwrap(), &ask);
        let read = Reply::read(reply.clone()).unwrap_or_else(|| panic!("unreadable: {reply}"));
        assert_contains(&serde_json::to_value(read).unwrap(), &reply);
    }
}

#[test]
fn fields_that_another_release_adds_are_passed_over() {
    for (ask, reply) in recorded() {
        assert_eq!(Envelope::read(extended(&ask, Place::Fields)), Envelope::read(ask.clone()), "{ask}");
        assert_eq!(Reply::read(extended(&reply, Place::Variant)), Reply::read(reply.clone()), "{reply}");
    }
}

#[test]
fn a_command_or_reply_that_another_release_adds_is_refused() {
    for unknown in [json!({ "split": {} }), json!("split"), json!({ "check": {}, "split": {} })] {
        assert_eq!(Command::read(unknown.clone()), None, "{unknown}");
        assert_eq!(Reply::read(unknown.clone()), None, "{unknown}");
    }
}

/// Everything of `old` is in `new`, which may have more.
#[track_caller]
fn assert_contains(new: &Value, old: &Value) {
    match (new, old) {
        (Value::Object(new), Value::Object(old)) => {
            for (name, value) in old {
                assert_contains(new.get(name).unwrap_or_else(|| panic!("{name} is missing")), value);
            }
        }
        (Value::Array(new), Value::Array(old)) => {
            assert_eq!(new.len(), old.len());
            new.iter().zip(old).for_each(|(new, old)| assert_contains(new, old));
        }
        _ => assert_eq!(new, old),
    }
}

/// What an object stands for.
#[derive(Clone, Copy)]
enum Place {
    /// A choice, by its one name.
    Variant,
    /// Named fields.
    Fields,
    /// The application's own.
    Content,
}

/// The same with one field more wherever there are named fields.
fn extended(value: &Value, place: Place) -> Value {
    match value {
        Value::Array(list) => list.iter().map(|value| extended(value, place)).collect(),
        Value::Object(fields) if !matches!(place, Place::Content) => {
            let mut more: serde_json::Map<String, Value> = fields
                .iter()
                .map(|(name, value)| (name.clone(), extended(value, place_of(name, place))))
                .collect();
            if matches!(place, Place::Fields) {
                more.insert("added_later".to_owned(), json!({ "by": "another release" }));
            }
            Value::Object(more)
        }
        other => other.clone(),
    }
}

fn place_of(name: &str, parent: Place) -> Place {
    match (name, parent) {
        ("command" | "proof", Place::Fields) => Place::Variant,
        // In a session the payload itself, in a command what to do to it, by name.
        ("payload" | "data" | "claims", Place::Fields) => Place::Content,
        _ => Place::Fields,
    }
}
