//! Ending sessions: of a logout, of the application's word, and again after the answer where an object failed.
//!
//! Invariant: all that are to end are tried, whatever becomes of one.

use crate::edge::object::client::{self, ObjectClient, Unavailable};
use crate::edge::platform;
use crate::session::{Handle, Logout, Reply, Scope};

/// What logouts came to.
#[derive(Default)]
pub struct Ended {
    /// The sessions that were deleted just now.
    pub handles: Vec<Handle>,
    /// Whether this device's own session was left alone, as `others` asks.
    pub spared: bool,
}

/// All of them are tried, whatever becomes of the others.
pub async fn end_each(client: &ObjectClient, logouts: &[Logout]) -> (Ended, Vec<Logout>) {
    let (mut ended, mut failed) = (Ended::default(), Vec::new());
    for logout in logouts {
        match end_one(client, logout).await {
            Ok(one) => ended.add(one),
            Err(Unavailable) => failed.push(*logout),
        }
    }
    (ended, failed)
}

async fn end_one(client: &ObjectClient, logout: &Logout) -> Result<Ended, Unavailable> {
    let object = logout.handle.object;
    match client::ask(client, client.isolate.app.keys.app_id(), object, logout.command()).await? {
        Reply::Revoked { ids, scope } => {
            if scope != Scope::Others {
                client.isolate.memory.ended(logout.handle);
            }
            let handles = ids.into_iter().map(|id| Handle { object, id }).collect();
            Ok(Ended { handles, spared: scope == Scope::Others })
        }
        // No such object: nothing to end.
        _ => Ok(Ended::default()),
    }
}

/// Tries again after the answer, as long as the platform allows: what a user or the application has ended is not
/// lost because an object fails once.
pub async fn keep_trying(client: ObjectClient, mut logouts: Vec<Logout>, mut handles: Vec<Handle>) {
    for pause in client::LATER {
        platform::pause(pause).await;
        let client = client.again();
        // What was done by another request in the meantime is not done twice.
        logouts.retain(|logout| !client.isolate.memory.has_ended(logout.handle));
        (_, logouts) = end_each(&client, &logouts).await;
        handles = client::remove_handles(&client, client.isolate.app.keys.app_id(), &handles).await.failed;
        if logouts.is_empty() && handles.is_empty() {
            break;
        }
    }
}

impl Ended {
    fn add(&mut self, other: Self) {
        self.handles.extend(other.handles);
        self.spared |= other.spared;
    }
}
