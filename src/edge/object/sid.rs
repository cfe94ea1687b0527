//! The client of the index objects: what a `sid` alone leads to, kept with a login and used by a logout.
//!
//! Invariant: a row is forgotten only when what it leads to has ended, so a logout that failed can be tried again.

use crate::base::time::Timestamp;
use crate::edge::object::client::{self, ObjectClient, Unavailable};
use crate::object::{SidCommand, SidReply, SidRow};
use crate::session::Command;

/// A provider's word about a `sid` alone.
#[derive(Clone)]
pub struct SidLogout {
    /// The name of its index object.
    pub name: String,
    /// The provider's key.
    pub provider: String,
    /// Which of the user's sessions ends; all of this provider without.
    pub session_id: Option<String>,
    /// Who says so.
    pub word: Word,
}

/// Who says that a session is over.
#[derive(Clone)]
pub enum Word {
    /// The provider, in a logout token.
    Token {
        /// Its `iss`.
        issuer: String,
        /// Its `iat`.
        issued_at: Timestamp,
    },
    /// A browser.
    Browser {
        /// The `iss` that it names.
        issuer: Option<String>,
    },
}

/// What became of a row that a login brought.
pub enum Kept {
    /// It is there.
    Row,
    /// Its provider has ended the login meanwhile.
    EndedAtProvider,
}

/// Keeps where a `sid` leads to.
pub async fn keep(client: &ObjectClient, name: &str, row: SidRow) -> Result<Kept, Unavailable> {
    match client::ask_index(client, name, &SidCommand::Keep(row)).await? {
        SidReply::Done => Ok(Kept::Row),
        SidReply::Ended => Ok(Kept::EndedAtProvider),
        SidReply::Found(_) | SidReply::Unknown => Err(Unavailable),
    }
}

/// Ends what a `sid` leads to, if it leads anywhere.
pub async fn end(client: &ObjectClient, logout: &SidLogout) -> Result<(), Unavailable> {
    let command = match logout.word.clone() {
        Word::Token { issuer, issued_at } => SidCommand::End { issuer, issued_at },
        Word::Browser { issuer } => SidCommand::Find { issuer },
    };
    let SidReply::Found(row) = client::ask_index(client, &logout.name, &command).await? else {
        return Ok(());
    };
    let Some(object) = row.object() else { return Ok(()) };
    let issued_at = match logout.word {
        Word::Token { issued_at, .. } => issued_at,
        // A browser says nothing of time: what is there now is meant, and no later login.
        Word::Browser { .. } => row.issued_at,
    };
    let command = Command::EndAtProvider {
        provider: logout.provider.clone(),
        issuer: row.issuer,
        session_id: logout.session_id.clone(),
        issued_at,
    };
    client::ask(client, client.app_id(), object, command).await?;
    // The session is over: a row that stays leads nowhere, and goes by alarm.
    let _ = client::ask_index(client, &logout.name, &SidCommand::Forget { issued_at }).await;
    Ok(())
}
