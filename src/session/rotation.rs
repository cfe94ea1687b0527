//! The rotation of refresh tokens: one pure function over the record's lineage and `now`.
//!
//! A genuine refresh token with generation `p`, nonce `k` and parent `q` is presented to a record
//! whose current token has generation `g` and nonce `n`:
//!
//! 1. `p == g`, `k == n`: **current**. It gets a child of generation `g + 1` whose parent is `n`:
//!    the last child again if that was issued within the grace (a retry, a second tab), else a new
//!    one, which is remembered. The current token stays valid until a child is first used, so a
//!    lost reply costs nothing.
//! 2. `p == g + 1`, `q == n`: **child of the current**, used for the first time. It is promoted to
//!    be the current one, the idle lifetime starts again; then as 1.
//! 3. `p == g - 1`, `k` is the previous nonce, within the grace since the rotation: **late**,
//!    another tab was faster. It gets the current token again; nothing moves.
//! 4. Anything else: **reuse**, so theft (RFC 9700 §4.14.2); the caller deletes the session.
//!
//! A grace of 0 switches the repetition in 1 and the whole of 3 off.
//!
//! Invariant: at most one token is current, and only a child of the current one can replace it.

use serde::Serialize;

use super::Nonce;
use crate::base::time::{Seconds, Timestamp};

/// Where a session stands in the succession of its refresh tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Lineage {
    /// The current token's generation, 0 for the first.
    pub generation: u32,
    /// The current token's nonce.
    pub nonce: Nonce,
    /// The nonce of the token that the current one replaced.
    pub previous: Nonce,
    /// When the current token became the current one; the idle lifetime counts from here.
    pub rotated_at: Timestamp,
    /// The last child issued for the current token.
    pub child: Option<Child>,
}

/// A successor that was issued and has not been used yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Child {
    /// Its nonce.
    pub nonce: Nonce,
    /// When it was issued first; repeating it does not move this.
    pub issued_at: Timestamp,
}

/// What a refresh token says, apart from whose it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Generation {
    /// Its place in the succession.
    pub generation: u32,
    /// Its own nonce.
    pub nonce: Nonce,
    /// The nonce of the token it was issued for.
    pub parent: Nonce,
}

/// What an access token that was issued with a child says of the lineage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct FirstUse {
    /// The nonce of the refresh token issued with it.
    pub nonce: Nonce,
    /// The nonce of that refresh token's parent.
    pub parent: Nonce,
}

/// The tokens that answer a refresh.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Issued {
    /// The refresh token to hand out.
    pub refresh: Generation,
    /// The parent that the access token beside it names: set while the refresh token is an unused child.
    pub parent: Option<Nonce>,
}

/// The token was genuine and had been replaced: somebody has a copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reuse;

/// The access token belongs to a branch that was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Superseded;

impl Lineage {
    /// The lineage of a new session whose first token has `nonce`.
    #[must_use]
    pub const fn start(nonce: Nonce, now: Timestamp) -> Self {
        Self { generation: 0, nonce, previous: Nonce::NONE, rotated_at: now, child: None }
    }

    /// The current token, as issued at the start or again to a late tab.
    #[must_use]
    pub const fn current(&self) -> Issued {
        let refresh = Generation { generation: self.generation, nonce: self.nonce, parent: self.previous };
        Issued { refresh, parent: None }
    }

    /// Answers a genuine refresh token; `fresh` becomes the nonce of a new child if one is needed.
    ///
    /// # Errors
    /// [`Reuse`] when the token had been replaced.
    pub fn rotate(
        self,
        presented: Generation,
        fresh: Nonce,
        grace: Seconds,
        now: Timestamp,
    ) -> Result<(Self, Issued), Reuse> {
        match self.relation(presented, grace, now) {
            Relation::Current => Ok(self.issue_child(fresh, grace, now)),
            Relation::Child => Ok(self.promote(presented.nonce, now).issue_child(fresh, grace, now)),
            Relation::Late => Ok((self, self.current())),
            Relation::Replaced => Err(Reuse),
        }
    }

    /// Whether the refresh token with this nonce is the last one that was issued: the current one, named without a
    /// parent or promoted since, or the last child.
    #[must_use]
    pub fn ends_in(&self, nonce: Nonce, parent: Option<Nonce>) -> bool {
        let is_last_child =
            parent == Some(self.nonce) && self.child.is_some_and(|child| child.nonce == nonce);
        nonce == self.nonce || is_last_child
    }

    /// Whether the session lives for whoever presents this refresh token.
    #[must_use]
    pub fn knows(&self, presented: Generation, grace: Seconds, now: Timestamp) -> bool {
        self.relation(presented, grace, now) != Relation::Replaced
    }

    /// Answers an access token that names a parent: its first use promotes the child it came with.
    ///
    /// # Errors
    /// [`Superseded`] when another branch was taken; that is not theft.
    pub fn first_use(self, token: FirstUse, now: Timestamp) -> Result<Self, Superseded> {
        if token.nonce == self.nonce {
            Ok(self)
        } else if token.parent == self.nonce {
            Ok(self.promote(token.nonce, now))
        } else {
            Err(Superseded)
        }
    }

    fn relation(&self, presented: Generation, grace: Seconds, now: Timestamp) -> Relation {
        let distance = i64::from(presented.generation).saturating_sub(i64::from(self.generation));
        let in_grace = !grace.is_zero() && self.rotated_at.within(grace, now);
        match distance {
            0 if presented.nonce == self.nonce => Relation::Current,
            1 if presented.parent == self.nonce => Relation::Child,
            -1 if presented.nonce == self.previous && in_grace => Relation::Late,
            _ => Relation::Replaced,
        }
    }

    fn promote(self, nonce: Nonce, now: Timestamp) -> Self {
        Self {
            generation: self.generation.saturating_add(1),
            nonce,
            previous: self.nonce,
            rotated_at: now,
            child: None,
        }
    }

    fn issue_child(self, fresh: Nonce, grace: Seconds, now: Timestamp) -> (Self, Issued) {
        let child = match self.child {
            Some(child) if !grace.is_zero() && child.issued_at.within(grace, now) => child,
            _ => Child { nonce: fresh, issued_at: now },
        };
        let refresh = Generation {
            generation: self.generation.saturating_add(1),
            nonce: child.nonce,
            parent: self.nonce,
        };
        (Self { child: Some(child), ..self }, Issued { refresh, parent: Some(self.nonce) })
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Relation {
    Current,
    Child,
    Late,
    Replaced,
}

#[cfg(test)]
mod tests {
    use super::*;

    const GRACE: Seconds = Seconds::new(30);
    const OFF: Seconds = Seconds::new(0);

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    fn nonce(n: u8) -> Nonce {
        Nonce::from_bytes([n; 16])
    }

    fn start() -> (Lineage, Generation) {
        let lineage = Lineage::start(nonce(1), at(0));
        (lineage, lineage.current().refresh)
    }

    #[test]
    fn a_retry_within_the_grace_gets_the_same_child() {
        let (lineage, first) = start();
        let (lineage, one) = lineage.rotate(first, nonce(2), GRACE, at(10)).unwrap();
        let (_, two) = lineage.rotate(first, nonce(3), GRACE, at(40)).unwrap();
        assert_eq!(one, two);
        assert_eq!(one.parent, Some(nonce(1)));
    }

    #[test]
    fn a_retry_after_the_grace_gets_a_sibling_and_the_first_one_used_wins() {
        let (lineage, first) = start();
        let (lineage, one) = lineage.rotate(first, nonce(2), GRACE, at(10)).unwrap();
        let (lineage, two) = lineage.rotate(first, nonce(3), GRACE, at(41)).unwrap();
        assert_ne!(one.refresh.nonce, two.refresh.nonce);
        let (lineage, _) = lineage.rotate(one.refresh, nonce(4), GRACE, at(42)).unwrap();
        assert_eq!(lineage.nonce, one.refresh.nonce);
        assert_eq!(lineage.rotate(two.refresh, nonce(5), GRACE, at(43)), Err(Reuse));
    }

    #[test]
    fn a_late_tab_gets_the_current_token_and_moves_nothing() {
        let (lineage, first) = start();
        let (lineage, child) = lineage.rotate(first, nonce(2), GRACE, at(10)).unwrap();
        let (lineage, _) = lineage.rotate(child.refresh, nonce(3), GRACE, at(20)).unwrap();
        let (after, late) = lineage.rotate(first, nonce(4), GRACE, at(50)).unwrap();
        assert_eq!(after, lineage);
        assert_eq!(late.refresh, child.refresh);
        assert_eq!(late.parent, None);
        assert_eq!(lineage.rotate(first, nonce(4), GRACE, at(51)), Err(Reuse));
    }

    #[test]
    fn the_grandparent_is_always_reuse() {
        let (lineage, first) = start();
        let (lineage, child) = lineage.rotate(first, nonce(2), GRACE, at(0)).unwrap();
        let (lineage, grandchild) = lineage.rotate(child.refresh, nonce(3), GRACE, at(0)).unwrap();
        let (lineage, _) = lineage.rotate(grandchild.refresh, nonce(4), GRACE, at(0)).unwrap();
        assert_eq!(lineage.rotate(first, nonce(5), GRACE, at(0)), Err(Reuse));
    }

    #[test]
    fn without_grace_every_refresh_makes_a_child_and_the_parent_dies_with_its_first_use() {
        let (lineage, first) = start();
        let (lineage, one) = lineage.rotate(first, nonce(2), OFF, at(0)).unwrap();
        let (lineage, two) = lineage.rotate(first, nonce(3), OFF, at(0)).unwrap();
        assert_ne!(one.refresh.nonce, two.refresh.nonce);
        let (lineage, _) = lineage.rotate(two.refresh, nonce(4), OFF, at(0)).unwrap();
        assert_eq!(lineage.rotate(first, nonce(5), OFF, at(0)), Err(Reuse));
        assert_eq!(lineage.rotate(one.refresh, nonce(5), OFF, at(0)), Err(Reuse));
    }

    #[test]
    fn an_access_token_promotes_the_child_it_came_with_once() {
        let (lineage, first) = start();
        let (lineage, child) = lineage.rotate(first, nonce(2), GRACE, at(5)).unwrap();
        let token = FirstUse { nonce: child.refresh.nonce, parent: nonce(1) };
        let promoted = lineage.first_use(token, at(7)).unwrap();
        assert_eq!((promoted.generation, promoted.nonce, promoted.rotated_at), (1, nonce(2), at(7)));
        assert_eq!(promoted.first_use(token, at(9)), Ok(promoted));
        let stale = FirstUse { nonce: nonce(9), parent: nonce(1) };
        assert_eq!(promoted.first_use(stale, at(9)), Err(Superseded));
    }

    #[test]
    fn a_generation_alone_proves_nothing() {
        let (lineage, first) = start();
        let other = Generation { nonce: nonce(8), ..first };
        assert_eq!(lineage.rotate(other, nonce(2), GRACE, at(0)), Err(Reuse));
        let far = Generation { generation: u32::MAX, ..first };
        assert_eq!(lineage.rotate(far, nonce(2), GRACE, at(0)), Err(Reuse));
    }
}
