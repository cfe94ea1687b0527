//! What an isolate remembers of sessions: when the object last said that one lives, and which ended.
//!
//! Invariant: bounded plain data. A positive answer is used only as long as a route's `fresh` allows,
//! and a revocation that passes through the isolate ends it at once. A negative answer stays true:
//! the id of an ended session is never used again.

use std::cell::{Cell, RefCell};
use std::num::NonZeroUsize;

use lru::LruCache;

use crate::base::time::{Seconds, Timestamp};
use crate::session::{Handle, ObjectId};

/// How many sessions are remembered: under 1 MiB.
const SESSIONS: NonZeroUsize = NonZeroUsize::new(8192).unwrap();

/// How many users are remembered whose sessions changed.
const CHANGES: NonZeroUsize = NonZeroUsize::new(1024).unwrap();

/// The sessions that passed lately.
pub struct Memory {
    sessions: RefCell<LruCache<Handle, Known>>,
    /// Which change was the latest in a user's sessions. What was asked before it counts no more, and
    /// may still be on its way.
    changed: RefCell<LruCache<ObjectId, u64>>,
    /// The latest change that is not remembered by user any more: it counts for all.
    forgotten: Cell<u64>,
    /// How many changes there were. Not a time: two things happen in one second.
    changes: Cell<u64>,
}

/// When an object was asked: the time, and how many changes the isolate had seen.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Asked {
    /// The time.
    pub at: Timestamp,
    /// [`Memory::changes`] then.
    pub changes: u64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Known {
    Lived(Asked),
    Ended,
}

impl Default for Memory {
    fn default() -> Self {
        Self {
            sessions: RefCell::new(LruCache::new(SESSIONS)),
            changed: RefCell::new(LruCache::new(CHANGES)),
            forgotten: Cell::default(),
            changes: Cell::default(),
        }
    }
}

impl Memory {
    /// The object said that the session lives.
    pub fn lives(&self, handle: Handle, asked: Asked) {
        self.put(handle, Known::Lived(asked));
    }

    /// How many changes there were.
    #[must_use]
    pub const fn changes(&self) -> u64 {
        self.changes.get()
    }

    /// The object said that the session has ended.
    pub fn ended(&self, handle: Handle) {
        self.put(handle, Known::Ended);
    }

    /// Something changed in the user's sessions: no earlier positive answer counts.
    pub fn forget_object(&self, object: ObjectId) {
        self.changes.set(self.changes.get().saturating_add(1));
        let Ok(mut changed) = self.changed.try_borrow_mut() else { return };
        if let Some((other, change)) = changed.push(object, self.changes.get())
            && other != object
        {
            self.forgotten.set(self.forgotten.get().max(change));
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
            Some(Known::Lived(asked)) => {
                let is_current = asked.changes >= self.latest_change(handle.object);
                !fresh.is_zero() && asked.at.within(fresh, now) && is_current
            }
            Some(Known::Ended) | None => false,
        }
    }

    fn get(&self, handle: Handle) -> Option<Known> {
        self.sessions.try_borrow_mut().ok().and_then(|mut sessions| sessions.get(&handle).copied())
    }

    fn latest_change(&self, object: ObjectId) -> u64 {
        let change = self.changed.try_borrow_mut().ok().and_then(|mut changed| changed.get(&object).copied());
        change.unwrap_or_default().max(self.forgotten.get())
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
    use crate::base::bytes::Random;

    fn handle(n: u8) -> Handle {
        Handle { object: ObjectId::default(), id: Random::from_bytes([n; 16]) }
    }

    fn asked(seconds: i64, memory: &Memory) -> Asked {
        Asked { at: at(seconds), changes: memory.changes() }
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    #[test]
    fn an_answer_is_fresh_for_as_long_as_the_route_allows() {
        let memory = Memory::default();
        memory.lives(handle(1), asked(100, &memory));
        assert!(memory.is_fresh(handle(1), Seconds::new(30), at(130)));
        assert!(!memory.is_fresh(handle(1), Seconds::new(30), at(131)));
        assert!(!memory.is_fresh(handle(1), Seconds::new(0), at(100)));
        assert!(!memory.is_fresh(handle(2), Seconds::new(30), at(100)));
    }

    #[test]
    fn an_ended_session_never_comes_back() {
        let memory = Memory::default();
        memory.ended(handle(1));
        memory.lives(handle(1), asked(100, &memory));
        assert!(memory.has_ended(handle(1)));
        assert!(!memory.is_fresh(handle(1), Seconds::new(30), at(100)));
    }

    #[test]
    fn a_change_of_the_user_s_sessions_ends_freshness() {
        let memory = Memory::default();
        let before = asked(100, &memory);
        memory.lives(handle(1), before);
        memory.forget_object(ObjectId::default());
        assert!(!memory.is_fresh(handle(1), Seconds::new(30), at(102)));
        memory.lives(handle(1), before);
        assert!(!memory.is_fresh(handle(1), Seconds::new(30), at(102)), "an answer from before");
        memory.lives(handle(1), asked(100, &memory));
        assert!(memory.is_fresh(handle(1), Seconds::new(30), at(102)));
        assert!(!memory.has_ended(handle(1)));
    }

    #[test]
    fn a_change_counts_for_all_when_it_is_too_long_ago_to_know_whose_it_was() {
        let memory = Memory::default();
        memory.lives(handle(1), asked(100, &memory));
        memory.forget_object(ObjectId::default());
        for n in 0..1024_u32 {
            let hex = format!("{:064x}", n + 1);
            memory.forget_object(ObjectId::from_hex(&hex).unwrap());
        }
        assert!(!memory.is_fresh(handle(1), Seconds::new(30), at(102)));
    }
}
