//! The beginning of sessions: the only place in which one is made.
//!
//! Invariant: a session that nobody hears of is ended again.

use serde_json::{Map, Value};

use crate::edge::object::client::{self, ObjectClient, Unavailable};
use crate::edge::object::end::{self, Removal};
use crate::session::{Command, Handle, Reply, Session};

/// What became of a session that was to begin.
pub enum Begun {
    /// It lives, as its object keeps it.
    Session(Handle, Box<Session>),
    /// Its access token would not fit a cookie. Nothing changed.
    TooLarge,
    /// Its provider has ended the login meanwhile. Nothing changed.
    EndedAtProvider,
}

/// Makes a session in the place of `earlier` ones: those of the same user end in the same step, the others after it.
pub async fn begin(
    client: &ObjectClient,
    app_id: &str,
    session: Session,
    data: Map<String, Value>,
    earlier: Vec<Handle>,
) -> Result<Begun, Unavailable> {
    let object = client::object_of(client, app_id, &session.user_id)?;
    let (same, others): (Vec<_>, Vec<_>) = earlier.into_iter().partition(|earlier| earlier.object == object);
    let replaces = same.iter().map(|earlier| earlier.id).collect();
    let command = Command::Create { session: session.into(), data, replaces };
    let (handle, session) = match client::ask(client, app_id, object, command).await? {
        Reply::Created(session) => (Handle { object, id: session.id }, session),
        Reply::TooLarge => return Ok(Begun::TooLarge),
        Reply::EndedAtProvider => return Ok(Begun::EndedAtProvider),
        _ => return Err(Unavailable),
    };
    if !others.is_empty() {
        client.outlive_request();
    }
    let Removal { mut failed, .. } = end::remove_handles(client, app_id, &others).await;
    if failed.is_empty() {
        return Ok(Begun::Session(handle, session.into()));
    }
    failed.push(handle);
    client.afterwards(end::keep_trying(client.clone(), Vec::new(), failed));
    Err(Unavailable)
}
