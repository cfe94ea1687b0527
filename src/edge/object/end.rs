//! The end of sessions: by a logout, by the application's word, and again after the answer where an object failed.
//!
//! Invariant: all that are to end are tried, whatever becomes of one.

use std::time::Duration;

use crate::edge::object::client::{self, ObjectClient, Unavailable};
use crate::edge::object::sid::{self, SidLogout};
use crate::edge::platform;
use crate::session::{Command, Handle, Left, Logout, ObjectId, Reply, Scope};

/// The pauses between the tries that go on after the answer.
const PAUSES: [Duration; 3] = [Duration::from_secs(1), Duration::from_secs(3), Duration::from_secs(8)];

/// What logouts came to.
#[derive(Default)]
pub struct Ended {
    /// The sessions that were deleted just now.
    pub handles: Vec<Handle>,
    /// Whether this device's own session was left alone, as `others` asks.
    pub spared: bool,
    /// What a provider's login left with a session that has logged out, and the object it was in.
    pub left: Option<(ObjectId, Left)>,
}

/// What became of sessions that were to end.
#[derive(Default)]
pub struct Removal {
    /// Those that ended just now.
    pub removed: Vec<Handle>,
    /// Those whose object did not answer.
    pub failed: Vec<Handle>,
}

/// Carries out logouts of the gate's own app; the second part of the result are those whose object did not answer.
pub async fn log_out(client: &ObjectClient, logouts: &[Logout]) -> (Ended, Vec<Logout>) {
    let (mut ended, mut failed) = (Ended::default(), Vec::new());
    for logout in logouts {
        let object = logout.handle.object;
        match client::ask(client, client.app_id(), object, logout.command()).await {
            Ok(Reply::Revoked { ids, scope, left }) => {
                ended.handles.extend(ids.into_iter().map(|id| Handle { object, id }));
                ended.spared |= scope == Scope::Others;
                ended.left = ended.left.or_else(|| Some((object, left?)));
            }
            // No such object: nothing to end.
            Ok(_) => {}
            Err(Unavailable) => failed.push(*logout),
        }
    }
    (ended, failed)
}

/// Ends sessions by the application's word, those of one user in one step.
pub async fn remove_handles(client: &ObjectClient, app_id: &str, handles: &[Handle]) -> Removal {
    let mut rest = handles.to_vec();
    let mut removal = Removal::default();
    while let Some(Handle { object, .. }) = rest.first().copied() {
        let (of_object, others) = rest.into_iter().partition::<Vec<_>, _>(|handle| handle.object == object);
        rest = others;
        let ids = of_object.iter().map(|handle| handle.id).collect();
        match remove(client, app_id, object, Command::Remove { ids }).await {
            Ok(removed) => removal.removed.extend(removed),
            Err(Unavailable) => removal.failed.extend(of_object),
        }
    }
    removal
}

/// Ends sessions of one object by the application's word; returns those that it did end.
pub async fn remove(
    client: &ObjectClient,
    app_id: &str,
    object: ObjectId,
    command: Command,
) -> Result<Vec<Handle>, Unavailable> {
    match client::ask(client, app_id, object, command).await? {
        Reply::Revoked { ids, .. } => Ok(ids.into_iter().map(|id| Handle { object, id }).collect()),
        // No such object: nothing to end.
        _ => Ok(Vec::new()),
    }
}

/// Tries again after the answer, as long as the platform allows: what a user or the application has ended is not
/// lost because an object fails once.
pub async fn keep_trying(client: ObjectClient, mut logouts: Vec<Logout>, mut handles: Vec<Handle>) {
    for pause in PAUSES {
        platform::pause(pause).await;
        let client = client.with_new_time();
        // What was done by another request in the meantime is not done twice.
        logouts.retain(|logout| !client.isolate.memory.has_ended(logout.handle));
        (_, logouts) = log_out(&client, &logouts).await;
        handles = remove_handles(&client, client.app_id(), &handles).await.failed;
        if logouts.is_empty() && handles.is_empty() {
            break;
        }
    }
}

/// Tries a command again after the answer, as long as the platform allows.
pub async fn keep_trying_command(client: ObjectClient, object: ObjectId, command: Command) {
    for pause in PAUSES {
        platform::pause(pause).await;
        let client = client.with_new_time();
        if client::ask(&client, client.app_id(), object, command.clone()).await.is_ok() {
            break;
        }
    }
}

/// Tries the logout of a `sid` again after the answer, as long as the platform allows.
pub async fn keep_trying_sid(client: ObjectClient, logout: SidLogout) {
    for pause in PAUSES {
        platform::pause(pause).await;
        if sid::end(&client.with_new_time(), &logout).await.is_ok() {
            break;
        }
    }
}
