//! What an isolate remembers of sessions: when the object last said that one lives, and which ended.
//!
//! Invariant: bounded plain data. A positive answer is used only as long as a route's `fresh` allows,
//! and a revocation that passes through the isolate ends it at once. A negative answer stays true:
//! the id of an ended session is never used again.

use std::cell::{Cell, RefCell};
use std::num::NonZeroUsize;

use lru::LruCache;

use crate::session::{Handle, ObjectId};
use crate::time::{Seconds, Timestamp};

/// How many sessions are remembered: under 1 MiB.
const SESSIONS: NonZeroUsize = NonZeroUsize::new(8192).unwrap();

/// How many users are remembered whose sessions changed.
const CHANGES: NonZeroUsize = NonZeroUsize::new(1024).unwrap();

/// The sessions that passed lately.
pub struct Memory {
    sessions: RefCell<LruCache<Handle, Known>>,
    /// When something changed in a user's sessions. What was asked before that counts no more, and may
    /// still be on its way.
    changes: RefCell<LruCache<ObjectId, Timestamp>>,
    /// The latest change that is not remembered by user any more: it counts for all.
    forgotten: Cell<Timestamp>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Known {
    LivedAt(Timestamp),
    Ended,
}

impl Default for Memory {
    fn default() -> Self {
        Self {
            sessions: RefCell::new(LruCache::new(SESSIONS)),
            changes: RefCell::new(LruCache::new(CHANGES)),
            forgotten: Cell::new(Timestamp::from_seconds(i64::MIN)),
        }
    }
}

impl Memory {
    /// The object said that the session lives; it was asked at `asked_at`.
    pub fn lives(&self, handle: Handle, asked_at: Timestamp) {
        self.put(handle, Known::LivedAt(asked_at));
    }

    /// The object said that the session has ended.
    pub fn ended(&self, handle: Handle) {
        self.put(handle, Known::Ended);
    }

    /// Something changed in the user's sessions: no earlier positive answer counts.
    pub fn forget_object(&self, object: ObjectId, now: Timestamp) {
        let Ok(mut changes) = self.changes.try_borrow_mut() else { return };
        if let Some((other, then)) = changes.push(object, now)
            && other != object
        {
            self.forgotten.set(self.forgotten.get().max(then));
        }
    }

    /// Whether the session is known to have ended.
    #[must_use]
    pub fn has_ended(&self, handle: Handle) -> bool {
        self.get(handle) == Some(Known::Ended)
    }

    /// Whether the object said within `fresh` seconds that the session lives.
    #[must_use]
    pub fn is_fresh(&self, handle: Handle, fresh: Seconds, now: Timestamp) -> bool {
        match self.get(handle) {
            Some(Known::LivedAt(at)) => {
                !fresh.is_zero() && at.within(fresh, now) && at > self.changed_at(handle.object)
            }
            Some(Known::Ended) | None => false,
        }
    }

    fn get(&self, handle: Handle) -> Option<Known> {
        self.sessions.try_borrow_mut().ok().and_then(|mut sessions| sessions.get(&handle).copied())
    }

    fn changed_at(&self, object: ObjectId) -> Timestamp {
        let change = self.changes.try_borrow_mut().ok().and_then(|mut changes| changes.get(&object).copied());
        change.map_or(self.forgotten.get(), |change| change.max(self.forgotten.get()))
    }

    fn put(&self, handle: Handle, known: Known) {
        if let Ok(mut sessions) = self.sessions.try_borrow_mut()
            // An answer that was under way when the session ended must not bring it back.
            && sessions.peek(&handle) != Some(&Known::Ended)
        {
            sessions.put(handle, known);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bytes::Random;

    fn handle(n: u8) -> Handle {
        Handle { object: ObjectId::default(), id: Random::from_bytes([n; 16]) }
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    #[test]
    fn an_answer_is_fresh_for_as_long_as_the_route_allows() {
        let memory = Memory::default();
        memory.lives(handle(1), at(100));
        assert!(memory.is_fresh(handle(1), Seconds::new(30), at(130)));
        assert!(!memory.is_fresh(handle(1), Seconds::new(30), at(131)));
        assert!(!memory.is_fresh(handle(1), Seconds::new(0), at(100)));
        assert!(!memory.is_fresh(handle(2), Seconds::new(30), at(100)));
    }

    #[test]
    fn an_ended_session_never_comes_back() {
        let memory = Memory::default();
        memory.ended(handle(1));
        memory.lives(handle(1), at(100));
        assert!(memory.has_ended(handle(1)));
        assert!(!memory.is_fresh(handle(1), Seconds::new(30), at(100)));
    }

    #[test]
    fn a_change_of_the_user_s_sessions_ends_freshness() {
        let memory = Memory::default();
        memory.lives(handle(1), at(100));
        memory.forget_object(ObjectId::default(), at(101));
        assert!(!memory.is_fresh(handle(1), Seconds::new(30), at(102)));
        memory.lives(handle(1), at(100));
        assert!(!memory.is_fresh(handle(1), Seconds::new(30), at(102)), "an answer from before");
        memory.lives(handle(1), at(102));
        assert!(memory.is_fresh(handle(1), Seconds::new(30), at(102)));
        assert!(!memory.has_ended(handle(1)));
    }

    #[test]
    fn a_change_counts_for_all_when_it_is_too_long_ago_to_know_whose_it_was() {
        let memory = Memory::default();
        memory.lives(handle(1), at(100));
        memory.forget_object(ObjectId::default(), at(101));
        for n in 0..1024_u32 {
            let mut hex = "0".repeat(56);
            hex.push_str(&format!("{:08x}", n + 1));
            memory.forget_object(ObjectId::from_hex(&hex).unwrap(), at(100));
        }
        assert!(!memory.is_fresh(handle(1), Seconds::new(30), at(102)));
    }
}
