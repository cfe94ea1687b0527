//! What the index object of a provider's session does: from a `sid` alone to the user's object.
//!
//! 1. A login brings the row. The same user's further logins with this `sid` only prolong it; another user's replaces it.
//! 2. A logout token for a `sid` that no login has brought yet is remembered for as long as in a user's object, and refuses a
//!    login whose ID token is not later.
//! 3. A browser's word writes nothing: anybody can say it.
//! 4. What was used is forgotten, unless a later login has brought it again.
//!
//! Invariant: pure, and one row at most. What is over does not count, whether its alarm has gone off or not.

use serde::Serialize;
use serde_json::Value;

use super::decide::PROVIDER_END_MEMORY;
use crate::base::json::{Fields, variant};
use crate::base::time::Timestamp;
use crate::session::ObjectId;

/// What is known of a `sid`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SidRow {
    /// The object of its user, in hex; none where a provider has ended what no login has brought.
    object: Option<String>,
    /// Whose `sid` it is.
    pub issuer: String,
    /// `iat` of the latest ID token with it, or of the logout token.
    pub issued_at: Timestamp,
    /// The last second in which the row counts.
    pub until: Timestamp,
}

/// What the index is asked, as JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SidCommand {
    /// A login has brought the `sid`.
    Keep(SidRow),
    /// A logout token names it: where does it lead?
    End {
        /// The token's issuer.
        issuer: String,
        /// Its `iat`.
        issued_at: Timestamp,
    },
    /// A browser names it: where does it lead?
    Find {
        /// The issuer, if the browser names one.
        issuer: Option<String>,
    },
    /// What was issued until then has ended.
    Forget {
        /// Until when, by the provider's clock.
        issued_at: Timestamp,
    },
}

/// What the index answers, as JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SidReply {
    /// It is done.
    Done,
    /// The provider has ended this login meanwhile.
    Ended,
    /// It leads here.
    Found(SidRow),
    /// It leads nowhere.
    Unknown,
}

/// What becomes of the row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SidWrite {
    /// It stays as it is.
    Nothing,
    /// It is this from now on.
    Save(SidRow),
    /// It goes.
    Delete,
}

impl SidRow {
    /// The row of a login.
    #[must_use]
    pub fn new(object: ObjectId, issuer: String, issued_at: Timestamp, until: Timestamp) -> Self {
        Self { object: Some(object.to_hex()), issuer, issued_at, until }
    }

    /// The object of its user.
    #[must_use]
    pub fn object(&self) -> Option<ObjectId> {
        self.object.as_deref().and_then(ObjectId::from_hex)
    }

    /// Reads a row.
    #[must_use]
    pub fn read(value: Value) -> Option<Self> {
        let mut fields = Fields::of(value)?;
        Some(Self {
            object: fields.text("object"),
            issuer: fields.text("issuer")?,
            issued_at: time(&mut fields, "issued_at")?,
            until: time(&mut fields, "until")?,
        })
    }
}

impl SidCommand {
    /// Reads a command.
    #[must_use]
    pub fn read(value: Value) -> Option<Self> {
        let (name, value) = variant(value)?;
        if name == "keep" {
            return SidRow::read(value).map(Self::Keep);
        }
        let mut fields = Fields::of(value)?;
        Some(match name.as_str() {
            "end" => Self::End { issuer: fields.text("issuer")?, issued_at: time(&mut fields, "issued_at")? },
            "find" => Self::Find { issuer: fields.text("issuer") },
            "forget" => Self::Forget { issued_at: time(&mut fields, "issued_at")? },
            _ => return None,
        })
    }

    /// Its name in the log.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Keep(_) => "sid_keep",
            Self::End { .. } => "sid_end",
            Self::Find { .. } => "sid_find",
            Self::Forget { .. } => "sid_forget",
        }
    }
}

impl SidReply {
    /// Reads a reply.
    #[must_use]
    pub fn read(value: Value) -> Option<Self> {
        let (name, value) = variant(value)?;
        Some(match name.as_str() {
            "done" => Self::Done,
            "ended" => Self::Ended,
            "found" => Self::Found(SidRow::read(value)?),
            "unknown" => Self::Unknown,
            _ => return None,
        })
    }
}

fn time(fields: &mut Fields, name: &str) -> Option<Timestamp> {
    fields.integer(name).map(Timestamp::from_seconds)
}

/// Decides a command.
#[must_use]
pub fn decide_sid(row: Option<SidRow>, command: SidCommand, now: Timestamp) -> (SidReply, SidWrite) {
    let row = row.filter(|row| now <= row.until);
    match command {
        SidCommand::Keep(new) => keep(row, new),
        SidCommand::End { issuer, issued_at } => match row {
            Some(row) if row.object.is_some() => (led_to(row, Some(&issuer)), SidWrite::Nothing),
            row => {
                let earlier = row.filter(|row| row.issuer == issuer).map(|row| row.issued_at);
                let issued_at = earlier.map_or(issued_at, |earlier| earlier.max(issued_at));
                let until = now.after(PROVIDER_END_MEMORY);
                (SidReply::Unknown, SidWrite::Save(SidRow { object: None, issuer, issued_at, until }))
            }
        },
        SidCommand::Find { issuer } => {
            let found = row.filter(|row| row.object.is_some());
            (found.map_or(SidReply::Unknown, |row| led_to(row, issuer.as_deref())), SidWrite::Nothing)
        }
        SidCommand::Forget { issued_at } => match row {
            Some(row) if row.object.is_some() && row.issued_at <= issued_at => {
                (SidReply::Done, SidWrite::Delete)
            }
            _ => (SidReply::Done, SidWrite::Nothing),
        },
    }
}

fn keep(row: Option<SidRow>, new: SidRow) -> (SidReply, SidWrite) {
    let new = match row {
        Some(row) if row.object.is_none() && row.issuer == new.issuer && new.issued_at <= row.issued_at => {
            return (SidReply::Ended, SidWrite::Nothing);
        }
        Some(row) if row.object == new.object => {
            SidRow { issued_at: row.issued_at.max(new.issued_at), until: row.until.max(new.until), ..new }
        }
        _ => new,
    };
    (SidReply::Done, SidWrite::Save(new))
}

fn led_to(row: SidRow, issuer: Option<&str>) -> SidReply {
    match issuer {
        Some(issuer) if issuer != row.issuer => SidReply::Unknown,
        _ => SidReply::Found(row),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const ISSUER: &str = "https://idp.example";

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    fn row(object: &str, issued_at: i64, until: i64) -> SidRow {
        let object = ObjectId::from_hex(&object.repeat(32)).unwrap();
        SidRow::new(object, ISSUER.to_owned(), at(issued_at), at(until))
    }

    fn end(issued_at: i64) -> SidCommand {
        SidCommand::End { issuer: ISSUER.to_owned(), issued_at: at(issued_at) }
    }

    fn saved(write: SidWrite) -> SidRow {
        let SidWrite::Save(row) = write else { panic!("{write:?}") };
        row
    }

    #[test]
    fn rule_1_a_login_brings_the_row_and_a_later_one_prolongs_it() {
        let kept = |before, new| saved(decide_sid(before, SidCommand::Keep(new), at(10)).1);
        assert_eq!(kept(None, row("aa", 5, 90)), row("aa", 5, 90));
        assert_eq!(kept(Some(row("aa", 5, 90)), row("aa", 7, 60)), row("aa", 7, 90));
        assert_eq!(kept(Some(row("aa", 7, 60)), row("aa", 5, 90)), row("aa", 7, 90));
        assert_eq!(kept(Some(row("aa", 7, 90)), row("bb", 5, 60)), row("bb", 5, 60), "another user's");
        assert_eq!(kept(Some(row("aa", 7, 9)), row("aa", 5, 60)), row("aa", 5, 60), "one that is over");
    }

    #[test]
    fn rule_2_a_logout_token_before_the_login_refuses_it_for_ten_minutes() {
        let (reply, write) = decide_sid(None, end(100), at(110));
        assert_eq!(reply, SidReply::Unknown);
        let mark = saved(write);
        let login = |issued_at, now| {
            decide_sid(Some(mark.clone()), SidCommand::Keep(row("aa", issued_at, 9000)), at(now)).0
        };
        assert_eq!(login(100, 710), SidReply::Ended);
        assert_eq!(login(101, 710), SidReply::Done, "a later login");
        assert_eq!(login(100, 711), SidReply::Done, "ten minutes are over");
        let find = SidCommand::Find { issuer: None };
        assert_eq!(decide_sid(Some(mark.clone()), find, at(110)).0, SidReply::Unknown);
        // A replay of an earlier token takes nothing back.
        assert_eq!(saved(decide_sid(Some(mark.clone()), end(90), at(120)).1).issued_at, at(100));
        let other = SidRow { issuer: "https://other.example".to_owned(), ..row("aa", 100, 9000) };
        assert_eq!(decide_sid(Some(mark), SidCommand::Keep(other), at(110)).0, SidReply::Done);
    }

    #[test]
    fn what_a_login_has_brought_is_found_by_its_issuer_alone_and_while_it_lasts() {
        let asked = |command, now| decide_sid(Some(row("aa", 100, 200)), command, at(now));
        let find = |issuer: Option<&str>| SidCommand::Find { issuer: issuer.map(str::to_owned) };
        let found = (SidReply::Found(row("aa", 100, 200)), SidWrite::Nothing);
        assert_eq!(asked(find(None), 200), found);
        assert_eq!(asked(find(Some(ISSUER)), 200), found);
        assert_eq!(asked(end(100), 200), found);
        let unknown = (SidReply::Unknown, SidWrite::Nothing);
        assert_eq!(asked(find(Some("https://other.example")), 200), unknown);
        assert_eq!(asked(find(None), 201), unknown);
        let other = SidCommand::End { issuer: "https://other.example".to_owned(), issued_at: at(100) };
        assert_eq!(asked(other, 200), unknown);
    }

    #[test]
    fn rule_3_a_browser_s_word_writes_nothing() {
        let find = SidCommand::Find { issuer: None };
        for before in [None, Some(row("aa", 1, 90)), Some(row("aa", 1, 9))] {
            assert_eq!(decide_sid(before, find.clone(), at(10)).1, SidWrite::Nothing);
        }
    }

    #[test]
    fn rule_4_what_was_used_is_forgotten_unless_a_later_login_has_brought_it_again() {
        let forgotten = |before, issued_at| {
            decide_sid(before, SidCommand::Forget { issued_at: at(issued_at) }, at(150)).1
        };
        assert_eq!(forgotten(Some(row("aa", 100, 200)), 100), SidWrite::Delete);
        assert_eq!(forgotten(Some(row("aa", 101, 200)), 100), SidWrite::Nothing);
        assert_eq!(forgotten(None, 100), SidWrite::Nothing);
        let mark = saved(decide_sid(None, end(100), at(110)).1);
        assert_eq!(forgotten(Some(mark), 100), SidWrite::Nothing);
    }

    #[test]
    fn the_commands_and_replies_are_pinned() {
        let hex = "aa".repeat(32);
        let kept = json!({ "object": hex, "issuer": ISSUER, "issued_at": 5, "until": 90 });
        let commands = [
            (SidCommand::Keep(row("aa", 5, 90)), json!({ "keep": kept })),
            (end(5), json!({ "end": { "issuer": ISSUER, "issued_at": 5 } })),
            (SidCommand::Find { issuer: None }, json!({ "find": { "issuer": null } })),
            (SidCommand::Forget { issued_at: at(5) }, json!({ "forget": { "issued_at": 5 } })),
        ];
        for (command, pinned) in commands {
            assert_eq!(serde_json::to_value(&command).unwrap(), pinned);
            assert_eq!(SidCommand::read(pinned), Some(command));
        }
        let replies = [
            (SidReply::Done, json!("done")),
            (SidReply::Ended, json!("ended")),
            (SidReply::Found(row("aa", 5, 90)), json!({ "found": kept })),
            (SidReply::Unknown, json!("unknown")),
        ];
        for (reply, pinned) in replies {
            assert_eq!(serde_json::to_value(&reply).unwrap(), pinned);
            assert_eq!(SidReply::read(pinned), Some(reply));
        }
    }
}
